"""What the tests of the command line share: its processes, a real broker, a real terminal."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from typing_extensions import Self

T = TypeVar("T")

PATIENCE = 30.0
"""Longer than anything here takes, also on a machine that is busy with something else."""

ATMQTT = [sys.executable, "-m", "atmqtt"]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a command: that of the tests without what the command heeds."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ATMQTT_") and k != "NO_COLOR"}
    return {**kept, "LC_ALL": "C.UTF-8", **changes}


def atmqtt(
    *args: str, stdin: bytes | str = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    done = subprocess.run(
        [*ATMQTT, *args],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env=environment(**(env or {})),
        timeout=PATIENCE * 2,
        check=False,
    )
    text = [stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr)]
    return subprocess.CompletedProcess(done.args, done.returncode, *text)


def succeeds(*args: str, stdin: bytes | str = b"") -> str:
    """Runs a command that must end well and say nothing on standard error; what it prints."""
    done = atmqtt(*args, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def patiently(look: Callable[[], T | None], what: str) -> T:
    """Looks until there is something to see."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        # Another program is waited for, which tells nobody when it is there.
        time.sleep(0.02)
    raise AssertionError(f"not seen in {PATIENCE:.0f} s: {what}")


class Running:
    """A command that runs."""

    def __init__(self, *args: str, program: list[str] | None = None, **env: str) -> None:
        self.process = subprocess.Popen(
            [*(program or ATMQTT), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**env),
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().removesuffix("\n")

    def write(self, text: str) -> None:
        """Writes to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Sends a signal, closes its standard input and waits.

        Gives its exit code, the rest of its output, and its errors.
        """
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def program(name: str) -> str:
    """A program, also where Debian puts daemons."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found is not None, f"{name} is missing; make deps installs it"
    return found


class Mosquitto:
    """Debian's broker, on a port of its own."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self._log = folder / "log"
        self._process = process

    def wait_log(self, text: str) -> None:
        """Waits until it has logged this."""
        patiently(lambda: text in self._log.read_text(), f"{text!r} in {self._log}")

    def publish(self, topic: str, payload: str, *options: str) -> None:
        """Publishes by ``mosquitto_pub``."""
        command = [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self.port)]
        subprocess.run([*command, "-t", topic, "-m", payload, *options], check=True)

    @contextlib.contextmanager
    def subscriber(self, topic: str) -> Iterator[Running]:
        """``mosquitto_sub``, subscribed; prints topic, QoS, retain flag and payload."""
        name = f"watcher-{uuid.uuid4()}"
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-i", name, "-q", "2", "-t", topic]
        command = [program("mosquitto_sub"), *options, "-F", "%t %q %r %p"]
        with Running(program=command) as running:
            self.wait_log(f"Sending SUBACK to {name}")
            yield running


@contextlib.contextmanager
def mosquitto(folder: Path, *config: str) -> Iterator[Mosquitto]:
    """Starts a broker with these lines of configuration too."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # It would drop to a user of its own, who may not read the files of the test.
        owner = pwd.getpwuid(os.getuid()).pw_name
        lines = [f"user {owner}", f"listener {port} 127.0.0.1", "log_type all", *config]
        if not any(line.startswith("allow_anonymous") for line in config):
            lines.append("allow_anonymous true")
        (folder / "conf").write_text("".join(f"{line}\n" for line in lines))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program("mosquitto"), "-c", str(folder / "conf")],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            # Another program may have been faster to take the port.
            if patiently(partial(_listens, process, port), "mosquitto listens") == "yes":
                yield Mosquitto(folder, port, process)
                return
        finally:
            process.terminate()
            process.wait(PATIENCE)
    raise AssertionError((folder / "log").read_text())


def _listens(process: subprocess.Popen[bytes], port: int) -> str | None:
    if process.poll() is not None:
        return "ended"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return "yes"
    return None


class Terminal:
    """A real terminal of 80 columns: tmux."""

    def __init__(self, folder: Path, *args: str, **env: str) -> None:
        # Of its own, so that nothing of the user's is read or disturbed.
        self._socket = str(folder / f"tmux-{uuid.uuid4().hex[:8]}")
        self._env = environment(HOME=str(folder), TERM="screen-256color")
        # tmux sets variables of its own, TERM among them.
        variables = [f"{name}={value}" for name, value in env.items()]
        command = shlex.join(["env", *variables, *ATMQTT, *args])
        # The screen stays when the command has ended, with its exit code below.
        shell = f"{command}; printf '\\nexit %s.\\n' $?; exec cat"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "40", shell)

    def _tmux(self, *args: str) -> str:
        done = subprocess.run(
            [program("tmux"), "-u", "-S", self._socket, *args],
            capture_output=True,
            text=True,
            env=self._env,
            timeout=PATIENCE,
            check=True,
        )
        return done.stdout

    def screen(self, *, colours: bool = False) -> str:
        """What is on the screen, without empty lines at its end."""
        options = ["-p", "-e"] if colours else ["-p"]
        return self._tmux("capture-pane", *options).rstrip()

    def press(self, *keys: str) -> None:
        """Presses keys: text, or the names of tmux, as ``Enter`` and ``C-c``."""
        self._tmux("send-keys", *keys)

    def wait(self, text: str) -> str:
        """Waits until this is on the screen; the screen."""
        last = [""]

        def look() -> str | None:
            last[0] = self.screen()
            return last[0] if text in last[0] else None

        try:
            return patiently(look, text)
        except AssertionError as error:
            raise AssertionError(f"{error}, but:\n{last[0]}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tmux("kill-server")
