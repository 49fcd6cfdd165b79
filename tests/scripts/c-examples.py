"""Runs the examples in C and C++ against emulated modules: what they print, and how they end."""

import contextlib
import signal
import subprocess
import sys

FOLDER, EMULATOR, *RUNNER = sys.argv[1:]
PATIENCE = 60


@contextlib.contextmanager
def module(*options):
    """An emulated module: gives its device."""
    process = subprocess.Popen(
        [EMULATOR, "--exit-with-stdin", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(PATIENCE)


def run(name, *arguments, text=""):
    return subprocess.run(
        [*RUNNER, f"{FOLDER}/{name}", *arguments], input=text, capture_output=True, text=True, timeout=PATIENCE
    )


def expect(what, expected, actual):
    if expected != actual:
        sys.exit(f"{what}: expected {expected!r}, got {actual!r}")


def quickstarts():
    for name in "quickstart", "quickstart_cpp":
        with module() as device:
            ended = run(name, device)
            lines = ended.stdout.splitlines()
            expect(f"{name} ends", (0, ""), (ended.returncode, ended.stderr))
            expect(f"{name} greets", True, lines[0].startswith(f"{device}: Quectel "))
            expect(f"{name} receives", [f"atmqtt/quickstart: {n}" for n in ("one", "two", "three")], lines[1:4])
            expect(f"{name} says goodbye", ["disconnected"], lines[4:])
        ended = run(name, "/dev/there-is-none")
        expect(f"{name} without a port", 1, ended.returncode)
        expect(f"{name} says which", True, "/dev/there-is-none" in ended.stderr)
        expect(f"{name} without arguments", 2, run(name).returncode)


def publishes():
    with module() as device:
        ended = run("publisher", "-t", "t", device, text="".join(f"{n}\n" for n in range(20)))
        expect("publisher ends", (0, ""), (ended.returncode, ended.stderr))
    with module("--fault", "connack:code=4") as device:
        ended = run("publisher", "-t", "t", "-u", "user", "-P", "s3cret", device, text="x\n")
        expect("publisher refused", 1, ended.returncode)
        expect("publisher says why", True, "connection refused" in ended.stderr and "s3cret" not in ended.stderr)
    expect("publisher without a topic", 2, run("publisher", "/dev/x").returncode)


def subscribes():
    # To itself: what it publishes from its input comes back.
    with module() as device:
        ended = run("subscriber_epoll", "-t", "t", "-c", "1", device, text="hello\n")
        expect("subscriber ends", 0, ended.returncode)
        expect("subscriber receives", "t: hello\n", ended.stdout)
    # Lost once, it connects again.
    with module("--fault", "stat:on=after-result,at=QMTSUB") as device:
        process = subprocess.Popen(
            [*RUNNER, f"{FOLDER}/subscriber_epoll", "-t", "t", device], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        seen = [process.stderr.readline().split(":")[0].strip() for _ in range(3)]
        expect("subscriber connects again", ["subscribed", "connection lost", "subscribed"], seen)
        process.send_signal(signal.SIGTERM)
        expect("subscriber ends at SIGTERM", 0, process.wait(PATIENCE))


def stays_up():
    for name in "link", "link_cpp":
        # The connection breaks after a reading, and a broker refuses once on the way back.
        faults = "--fault", "stat:on=after-result,at=QMTPUBEX", "--fault", "open-result:code=4,after=1"
        with module(*faults) as device:
            ended = run(name, "-h", "broker.example", "-n", "0.05", "-c", "5", device)
            lines = ended.stderr.splitlines()
            expect(f"{name} ends", 0, ended.returncode)
            expect(f"{name} comes up again", 2, lines.count("up"))
            expect(f"{name} says what happened", True, any(line.startswith("down: disconnected") for line in lines))
            expect(f"{name} loses nothing", [], [line for line in lines if line.startswith("lost")])
            expect(f"{name} tells", True, "up 2 times" in lines[-1] and "0 waiting" in lines[-1])
        # Down at the start: it waits, and ends when it is told to.
        process = subprocess.Popen(
            [*RUNNER, f"{FOLDER}/{name}", "-h", "broker.example", "/dev/there-is-none"], stderr=subprocess.PIPE, text=True
        )
        expect(f"{name} waits", True, process.stderr.readline().startswith("down: port lost"))
        process.send_signal(signal.SIGUSR1)
        expect(f"{name} tells how it is", True, any("1 waiting" in line for line in iter(process.stderr.readline, "")))
        process.send_signal(signal.SIGTERM)
        expect(f"{name} ends at SIGTERM", 0, process.wait(PATIENCE))
        expect(f"{name} without a broker", 2, run(name, "/dev/x").returncode)


quickstarts()
publishes()
subscribes()
stays_up()
print("quickstart and link (C and C++), publisher, subscriber_epoll: as they should")
