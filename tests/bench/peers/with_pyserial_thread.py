"""The same with a thread that reads, and queues between it and the program."""

import queue
import sys
import threading

import rounds
import serial


class Module:
    """A module behind a serial port."""

    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, 115200, timeout=None)
        self.answers: queue.Queue[bytes] = queue.Queue()
        self.messages: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.command(b"ATE0")

    def read(self) -> None:
        """Hands over every line, and every prompt."""
        line = b""
        while True:
            try:
                data = self.port.read(max(1, self.port.in_waiting))
            except serial.SerialException:
                # The module is gone: that was all.
                return
            for byte in data:
                line += bytes([byte])
                if line == b"> " or line.endswith(b"\n"):
                    text = line.strip()
                    if text.startswith(b"+QMTRECV:"):
                        self.messages.put(text)
                    elif text:
                        self.answers.put(text)
                    line = b""

    def until(self, wanted: bytes) -> bytes:
        """The next line that begins so."""
        while True:
            line = self.answers.get()
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
        self.until(b">")
        self.port.write(b"x" * 64)
        self.until(b"+QMTPUBEX: 0,0,0")

    def receive(self) -> None:
        """One comes in."""
        payload = self.messages.get().split(b",")[4].strip(b'"')
        assert len(payload) == 64, payload


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
