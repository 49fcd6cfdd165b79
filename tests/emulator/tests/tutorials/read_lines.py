"""A loop around readline() that waits for one line or another.

The payload has a length and is written like any other line, with CR LF behind it; the echo stays on.
"""

import sys
import time

import serial

PUBLISH = sys.argv[2] if len(sys.argv) > 2 else "AT+QMTPUB"


def wait_for(wanted, seconds=5.0):
    end = time.time() + seconds
    while time.time() < end:
        line = modem.readline().decode(errors="replace").strip()
        if line:
            print("<", line)
        if line.startswith(wanted):
            return line
        if line == "ERROR" or line.startswith("+CME ERROR"):
            sys.exit("the module refused, waiting for " + wanted)
    sys.exit("time is up, waiting for " + wanted)


def command(text, wanted="OK"):
    print(">", text)
    modem.write(text.encode() + b"\r\n")
    return wait_for(wanted)


with serial.Serial(sys.argv[1], baudrate=115200, timeout=0.3) as modem:
    modem.reset_input_buffer()
    command("AT")
    command("ATI", "Revision:")
    wait_for("OK")
    modem.write(b"AT+QIACT?\r\n")
    if not wait_for(("+QIACT:", "OK")).startswith("+QIACT"):
        command("AT+QIACT=1")
    else:
        wait_for("OK")
    command('AT+QMTCFG="keepalive",0,60')
    command('AT+QMTOPEN=0,"broker.example.com",1883', "+QMTOPEN: 0,0")
    command('AT+QMTCONN=0,"reader","user","secret"', "+QMTCONN: 0,0,0")
    command('AT+QMTSUB=0,1,"garden/soil",1', "+QMTSUB: 0,1,0,1")
    for moisture in ("41.5", "39", "7"):
        message = '{"moisture": %s}' % moisture
        # The prompt has no line end; readline() gives it back when its time is up.
        command('%s=0,2,1,0,"garden/soil",%d' % (PUBLISH, len(message)), ">")
        modem.write(message.encode() + b"\r\n")
        seen = {"result": False, "message": False}
        while not all(seen.values()):
            line = wait_for(("+QMTPUB", "+QMTRECV"))
            if line.startswith("+QMTPUB"):
                seen["result"] = line.endswith(": 0,2,0")
            else:
                seen["message"] = line.endswith('"garden/soil","%s"' % message)
            if not any(seen.values()):
                sys.exit("not what was asked for: " + line)
    command('AT+QMTUNS=0,3,"garden/soil"', "+QMTUNS: 0,3,0")
    command("AT+QMTDISC=0", "+QMTDISC: 0,0")
