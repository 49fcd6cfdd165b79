"""The shortest kind of tutorial: write, sleep, print whatever has come.

Lower case, CR LF, no length: the payload ends with Ctrl+Z.
"""

import sys
import time

import serial

port = serial.Serial(sys.argv[1], 115200, timeout=1)
log = ""


def send(text, pause=0.4):
    global log
    port.write((text + "\r\n").encode())
    time.sleep(pause)
    answer = port.read(port.in_waiting).decode()
    print(answer)
    log += answer
    return answer


send("at")
send("ate0")
send("at+cpin?")
send("at+csq")
send("at+qiact=1")
send('at+qmtopen=0,"broker.example.com",1883', 0.5)
send('at+qmtconn=0,"tutorial"', 0.5)
send('at+qmtsub=0,1,"room/lamp",0', 0.5)

for number in range(3):
    send('at+qmtpub=0,0,0,0,"room/lamp"')
    port.write(b"switch ")
    port.write(str(number).encode())
    port.write(bytes([26]))
    time.sleep(0.5)
    log += port.read(port.in_waiting).decode()

send("at+qmtdisc=0", 0.5)
print(log)

for wanted in (
    "+CPIN: READY",
    "+QMTOPEN: 0,0",
    "+QMTCONN: 0,0,0",
    "+QMTSUB: 0,1,0,0",
    '+QMTRECV: 0,0,"room/lamp","switch 0"',
    '+QMTRECV: 0,0,"room/lamp","switch 2"',
    "+QMTDISC: 0,0",
):
    if wanted not in log:
        sys.exit("never saw " + wanted)
if log.count("+QMTPUB: 0,0,0") != 3:
    sys.exit("not three results")
