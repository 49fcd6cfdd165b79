"""A small driver class that collects bytes until an expected text is among them.

CR alone, a length, and a Ctrl+Z behind the payload all the same, to be sure.
"""

import sys
import time

import serial


class Modem:
    CTRL_Z = b"\x1a"

    def __init__(self, device):
        self.port = serial.Serial(device, 115200, timeout=0.05, write_timeout=2)
        self.seen = b""

    def expect(self, text, timeout=5):
        """Everything up to and with the text; what follows is kept."""
        end = time.monotonic() + timeout
        while text not in self.seen:
            if time.monotonic() > end:
                raise TimeoutError("%r is not in %r" % (text, self.seen))
            self.seen += self.port.read(256)
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def at(self, text, expected=b"OK\r\n"):
        self.port.write(b"AT" + text.encode() + b"\r")
        return self.expect(expected)

    def publish(self, topic, payload, qos=0):
        """Publishes, and waits until the message has come back, before or after the result."""
        msgid = 1 if qos else 0
        head = '+QMTPUBEX=0,%d,%d,0,"%s",%d' % (msgid, qos, topic, len(payload))
        self.at(head, b">")
        self.port.write(payload + self.CTRL_Z)
        message = b'"%s",%d,"%s"\r\n' % (topic.encode(), len(payload), payload)
        seen = self.expect(b"+QMTPUBEX: 0,%d,0\r\n" % msgid)
        if message not in seen:
            seen += self.expect(message)
        return seen


modem = Modem(sys.argv[1])
modem.at("")
modem.at("E0")
modem.at("+CMEE=1")
modem.at('+QMTCFG="recv/mode",0,0,1')
modem.at('+QMTOPEN=0,"broker.example.com",1883', b"+QMTOPEN: 0,0\r\n")
modem.at('+QMTCONN=0,"driver"', b"+QMTCONN: 0,0,0\r\n")
modem.at('+QMTSUB=0,1,"a/#",2', b"+QMTSUB: 0,1,0,2\r\n")

payloads = [b"plain", b'{"a":"b","n":[1,2]}', b"two\r\nlines", bytes(range(256))]
try:
    for qos, payload in enumerate(payloads):
        if b"\r\nOK\r\n" not in modem.publish("a/b", payload, qos % 3):
            sys.exit("no OK for %r" % payload)
    modem.at("+NOSUCHCOMMAND", b"ERROR\r\n")
    modem.at("+QMTDISC=0", b"+QMTDISC: 0,0\r\n")
except TimeoutError as error:
    sys.exit(str(error))
