"""Publishes in one line, as programs for NB-IoT modules do, and splits answers at their commas."""

import json
import sys
import time

import serial

modem = serial.Serial(sys.argv[1], 9600, timeout=0.2)


def ask(line, seconds=3):
    """The lines up to OK or ERROR, and what comes in the moment after it."""
    modem.write(line.encode("utf-8") + b"\r\n")
    lines = []
    end = time.time() + seconds
    while time.time() < end:
        for text in modem.readlines():
            text = text.decode("utf-8").strip()
            if text:
                lines.append(text)
        if "OK" in lines or "ERROR" in lines:
            return lines
    sys.exit("no answer to %s: %s" % (line, lines))


def result(lines, name):
    for line in lines:
        if line.startswith(name):
            return [int(part) for part in line.split(":")[1].split(",")]
    sys.exit("no %s in %s" % (name, lines))


ask("ATE0")
ask("AT+CGPADDR")
ask('AT+QMTCFG="version",0,1')
if result(ask('AT+QMTOPEN=0,"broker.example.com",1883'), "+QMTOPEN") != [0, 0]:
    sys.exit("not open")
if result(ask('AT+QMTCONN=0,"meter-1"'), "+QMTCONN") != [0, 0, 0]:
    sys.exit("not connected")
if result(ask('AT+QMTSUB=0,1,"meter/1",0'), "+QMTSUB") != [0, 1, 0, 0]:
    sys.exit("not subscribed")

reading = {"id": "1", "params": {"volume": 12.5, "unit": "m\u00b3; total"}}
text = json.dumps(reading, ensure_ascii=False)
lines = ask('AT+QMTPUB=0,0,0,0,"meter/1","%s"' % text)
if result(lines, "+QMTPUB") != [0, 0, 0]:
    sys.exit("not published")
received = [line for line in lines if line.startswith("+QMTRECV")]
if len(received) != 1:
    sys.exit("no message: %s" % lines)
payload = received[0].split(",", 3)[3]
if json.loads(payload) != reading:
    sys.exit("another message: " + payload)
if "ERROR" not in ask('AT+QMTPUB=5,0,0,0,"meter/1","five clients, 0 to 4"'):
    sys.exit("a sixth client")
if result(ask("AT+QMTCLOSE=0"), "+QMTCLOSE") != [0, 0]:
    sys.exit("not closed")
