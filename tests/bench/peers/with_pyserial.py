"""The work of peer.rs with pyserial, as tutorials write it: readline until the answer is there."""

import sys

import rounds
import serial


class Module:
    """A module behind a serial port."""

    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, 115200, timeout=10)
        self.port.write(b"ATE0\r")
        self.until(b"OK")

    def until(self, wanted: bytes) -> bytes:
        """Reads lines up to the one that begins so."""
        while True:
            line = self.port.readline().strip()
            if line.startswith(wanted):
                return line

    def command(self, line: bytes) -> None:
        """A command up to its OK."""
        self.port.write(line + b"\r")
        self.until(b"OK")

    def connect(self) -> None:
        """Client 0 is connected."""
        self.command(b'AT+QMTCFG="recv/mode",0,0,1')
        self.command(b'AT+QMTOPEN=0,"broker.example",1883')
        self.until(b"+QMTOPEN: 0,0")
        self.command(b'AT+QMTCONN=0,"peer"')
        self.until(b"+QMTCONN: 0,0,0")

    def publish(self) -> None:
        """A message of 64 bytes."""
        self.port.write(b'AT+QMTPUBEX=0,0,0,0,"out",64\r')
        while self.port.read(1) != b">":
            pass
        self.port.write(b"x" * 64)
        self.until(b"+QMTPUBEX: 0,0,0")

    def receive(self) -> None:
        """One comes in. Whose payload has no comma and no quotation mark."""
        line = self.until(b"+QMTRECV:")
        payload = line.split(b",")[4].strip(b'"')
        assert len(payload) == 64, line


def main() -> None:
    """Does the work that it is told."""
    work, port = sys.argv[1:]
    module = Module(port)
    if work != "command":
        module.connect()
    if work == "receive":
        module.command(b'AT+QMTSUB=0,1,"in",0')
        module.until(b"+QMTSUB: 0,1,0")
    works = {
        "command": lambda: module.command(b"AT"),
        "publish": module.publish,
        "receive": module.receive,
    }
    rounds.run(works[work])


if __name__ == "__main__":
    main()
