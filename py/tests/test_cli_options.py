"""The command line before it does anything: help, wrong options, exit codes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_bench import ATMQTT, atmqtt, environment, succeeds

from atmqtt import BrokerRefusedError, ErrorKind
from atmqtt.cli import exits
from atmqtt.errors import _CLASSES

COMMANDS = [
    [],
    ["pub"],
    ["sub"],
    ["info"],
    ["network"],
    ["probe"],
    ["doctor"],
    ["at"],
    ["cert"],
    ["cert", "push"],
    ["cert", "ls"],
    ["cert", "rm"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_enough_and_fits_a_terminal(command: list[str]) -> None:
    done = atmqtt(*command, "--help", env={"COLUMNS": "80"})
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    assert exits.TABLE in done.stdout


def test_the_emulator_has_its_own_help() -> None:
    text = succeeds("emulate", "--help")
    assert "--fault <SPEC>" in text
    assert "Usage: atmqtt emulate" in text


def test_help_into_a_pipe_that_closes() -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m atmqtt sub --help | head -1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_error_of_the_library_has_the_exit_code_of_the_table() -> None:
    listed = set(map(int, re.findall(r"\b(\d\d) [A-Za-z+]", exits.TABLE)))
    for kind in ErrorKind:
        error = _CLASSES[kind]("text")
        assert exits.of(error) == 40 + kind
        assert exits.of(error) in listed, kind


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_a_refusal_has_the_return_code_of_the_broker(code: int) -> None:
    assert exits.of(BrokerRefusedError("text", code=code)) == code


def test_an_unknown_refusal_has_its_kind() -> None:
    assert exits.of(BrokerRefusedError("text", code=6)) == 48
    assert exits.of(BrokerRefusedError("text")) == 48


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([], "COMMAND"),
        (["nonsense"], "nonsense"),
        (["pub", "-t", "a"], "-m/--message"),
        (["pub", "-t", "a", "-m", "b", "-n"], "not allowed with"),
        (["pub", "--modem", "emulated", "-m", "a"], "no topic: say which with -t TOPIC"),
        (["pub", "--modem", "/dev/null", "-t", "a", "-n"], "no broker: say which with -h HOST"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "-q", "3"], "'3' is not 0 to 2"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "-p", "x"], "'x' is not 1 to 65535"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "-c"], "-c needs -i"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "-i", "a", "-I", "b"], "exclude"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "-P", "x"], "-P needs -u"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "--will-retain"], "need --will-topic"),
        (["pub", "--modem", "emulated", "-t", "a", "-n", "--cert", "x"], "TLS needs --cafile"),
        (["pub", "--modem", "emulated", "-n", "-L", "http://a/b"], "a URL is mqtt[s]://"),
        (["pub", "--modem", "emulated", "-n", "-L", "mqtt://a:x/b"], "-L:"),
        (["pub", "--modem", "emulated", "-n", "-L", "mqtt://a/b", "-h", "c"], "-L excludes"),
        (["sub", "--modem", "emulated"], "no topic: say which with -t TOPIC"),
        (["sub", "--modem", "emulated", "-t", "a", "-v", "--json"], "exclude each other"),
        (["sub", "--modem", "emulated", "-t", "a", "-W", "0"], "seconds above 0"),
        (["sub", "--modem", "emulated", "-t", "a", "-V", "mqttv5"], "invalid choice"),
        (["sub", "--modem", "emulated", "-t", "a", "-F", "%q"], "does not say with which QoS"),
        (["sub", "--modem", "emulated", "-t", "a", "-F", "%y"], "there is no %y"),
        (["sub", "--modem", "emulated", "-t", "a", "-F", "a\\"], "there is no \\"),
        (["sub", "--modem", "emulated", "-t", "a", "-F", "a@"], "it ends with @"),
        (["network", "--modem", "emulated", "--wait", "--deactivate"], "exclude each other"),
        (["info"], "no module: say which with --modem PORT; `atmqtt probe` lists them"),
        (["info", "--mode", "emulated"], "unrecognized arguments"),
    ],
)
def test_wrong_options(args: list[str], text: str) -> None:
    done = atmqtt(*args)
    assert done.returncode == 64
    assert done.stdout == ""
    assert text in done.stderr


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["-R"], "it does not say which messages were retained ones"),
        (["--retained-only"], "it does not say which messages were retained ones"),
        (["--remove-retained"], "it does not say which messages were retained ones"),
        (["-x", "5"], "it has no MQTT 5"),
        (["-D", "connect", "x", "y"], "it has no MQTT 5"),
        (["--capath", "/etc"], "use --cafile"),
        (["--psk", "00"], "shared key"),
        (["--proxy", "socks5h://a"], "it has no proxy"),
        (["--nodelay"], "it decides when to send"),
    ],
)
def test_what_a_module_cannot_do_is_refused_with_the_reason(args: list[str], why: str) -> None:
    done = atmqtt("sub", "--modem", "emulated", "-t", "a", *args)
    assert done.returncode == 64
    assert f"{args[0]} cannot be had through a module: " in done.stderr
    assert why in done.stderr


def test_the_port_may_come_from_the_environment() -> None:
    done = atmqtt("info", env={"ATMQTT_MODEM": "emulated"})
    assert done.returncode == 0
    assert "Quectel EC200A" in done.stdout


def test_a_port_that_is_not_there() -> None:
    done = atmqtt("info", "--modem", "/dev/ttyNOWHERE")
    assert done.returncode == 49
    assert done.stderr.startswith("atmqtt info: port lost: /dev/ttyNOWHERE cannot be opened: ")
    assert done.stderr.count("\n") == 1


def test_it_needs_nothing_but_the_package() -> None:
    program = """if True:
        import sys
        before = set(sys.modules)
        from atmqtt.cli import main
        code = main(["info", "--modem", "emulated"])
        loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
        print(sorted(loaded - sys.stdlib_module_names - {"atmqtt"}))
        sys.exit(code)
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_table_of_the_readme_is_that_of_the_help() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    section = readme.partition("## The command line")[2].partition("## Wheels")[0]
    codes = re.findall(r"^\| ([\d, -]+) \|", section, re.MULTILINE)
    assert codes == ["0", "1-5", "10", "11", "27", "41-58", "64", "129, 130, 143"]
    for code in ("0", "1-5", "10", "11", "27", "64", "129, 130, 143"):
        assert re.search(rf"^ *{code}  ", exits.TABLE, re.MULTILINE), code
    commands = re.findall(r"^\| `atmqtt (\w+)` \|", section, re.MULTILINE)
    assert sorted(commands) == sorted({*(c[0] for c in COMMANDS if c), "emulate"})


def test_the_program_is_installed() -> None:
    script = Path(sys.executable).with_name("atmqtt")
    if not script.exists():
        pytest.skip("the package is used from its sources")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, succeeds("--version"))


def test_it_runs_as_a_module() -> None:
    assert ATMQTT[1:] == ["-m", "atmqtt"]
    assert re.fullmatch(r"atmqtt \d+\.\d+\.\d+\S*\n", succeeds("--version"))
