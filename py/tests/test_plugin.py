"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from atmqtt import Modem
from atmqtt.emulator import Emulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    # pytest needs it there.
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

pytest_plugins = ["pytester"]

PROJECT = Path(__file__).parents[1]
STRICT = """
    [pytest]
    addopts = --strict-markers --strict-config -p no:cacheprovider -p no:asyncio
    filterwarnings = error
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Runs pytest in a process of its own, where the plugin is installed, on this test file."""
    here = []
    if not metadata.entry_points(group="pytest11", name="atmqtt"):
        # As an installation would announce it.
        about = tmp_path_factory.mktemp("site") / "atmqtt-0.dist-info"
        about.mkdir()
        declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["entry-points"]
        about.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: atmqtt\nVersion: 0\n")
        about.joinpath("entry_points.txt").write_text(
            "".join(
                f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in names.items())
                for group, names in declared.items()
            )
        )
        here = [str(PROJECT / "python"), str(about.parent)]
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*here, *([before] if before else [])]))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini(STRICT)

    def run(source: str, *args: str, conftest: str = "") -> pytest.RunResult:
        pytester.makepyfile(test_it=source)
        if conftest:
            pytester.makeconftest(conftest)
        return pytester.runpytest_subprocess(*args, timeout=120)

    return run


def real(emulator: Emulator, *more: str) -> tuple[str, ...]:
    """The options for a run on a module that is not the run's own."""
    return (f"--atmqtt-port={emulator.port}", "--atmqtt-broker=broker.example", *more)


# --- fixtures ---------------------------------------------------------------------------------------


def test_the_fixtures_are_there_without_an_import(run: Run) -> None:
    run(
        """
        def test_emulator(atmqtt_emulator):
            assert atmqtt_emulator.plugged

        def test_modem(atmqtt_modem, atmqtt_emulator):
            assert atmqtt_modem.port_name == atmqtt_emulator.port
            assert atmqtt_modem.info().model == "EC200A"

        def test_client(atmqtt_client, atmqtt_client_id, atmqtt_emulator, atmqtt_modem):
            assert atmqtt_client.state.value == "connected"
            assert atmqtt_client.modem.port_name == atmqtt_modem.port_name
            assert atmqtt_emulator.clients() == [atmqtt_client_id]

        def test_topic(atmqtt_client, atmqtt_topic):
            atmqtt_client.subscribe(f"{atmqtt_topic}/#", 1)
            atmqtt_client.publish(f"{atmqtt_topic}/a", "x", 1)
            assert atmqtt_client.messages().get(10).topic == f"{atmqtt_topic}/a"

        def test_broker(atmqtt_modem, atmqtt_broker):
            client = atmqtt_modem.client(5)
            client.open(atmqtt_broker.host, atmqtt_broker.port)
            assert client.state.value == "open"

        def test_port(atmqtt_port, atmqtt_emulator):
            assert atmqtt_port == atmqtt_emulator.port
        """
    ).assert_outcomes(passed=6)


def test_every_test_has_a_module_of_its_own(run: Run) -> None:
    run(
        """
        import os
        import pytest

        seen = set()

        @pytest.mark.parametrize("n", range(3))
        def test_fresh(atmqtt_emulator, atmqtt_client, atmqtt_topic, atmqtt_client_id, n):
            assert atmqtt_emulator.published() == []
            atmqtt_client.publish("retained", "x", retain=True)
            atmqtt_client.subscribe("retained")
            atmqtt_client.modem.files().upload("file", "x")
            assert len(atmqtt_client.modem.files().list()) == 1
            for name in (atmqtt_topic, atmqtt_client_id):
                assert name not in seen
                assert not set(name) & set("+#")
                seen.add(name)

        def test_gone(request):
            assert not [fd for fd in os.listdir("/proc/self/fd") if "ptmx" in readlink(fd)]

        def readlink(fd):
            try:
                return os.readlink(f"/proc/self/fd/{fd}")
            except FileNotFoundError:
                return ""
        """
    ).assert_outcomes(passed=4)


@pytest.mark.parametrize("profile", [name for name in Emulator.profiles() if name != "note-uart"])
def test_a_client_is_connected_in_every_dialect(run: Run, profile: str) -> None:
    """But in the one whose results go elsewhere, until told."""
    run(
        f"""
        import pytest

        @pytest.mark.atmqtt(profile={profile!r})
        def test_connected(atmqtt_client, atmqtt_emulator, atmqtt_client_id):
            assert atmqtt_emulator.clients() == [atmqtt_client_id]
        """,
        "-W",
        "ignore",
    ).assert_outcomes(passed=1)


def test_a_test_may_do_what_it_likes_to_its_module(run: Run) -> None:
    run(
        """
        import os
        import signal

        def test_unplugged(atmqtt_client, atmqtt_emulator):
            atmqtt_emulator.hang_up()

        def test_stopped(atmqtt_client, atmqtt_emulator):
            atmqtt_emulator.stop()

        def test_closed(atmqtt_client):
            atmqtt_client.modem.close()

        def test_rebooted(atmqtt_client, atmqtt_emulator):
            atmqtt_emulator.inject_fault("reboot")
            next(atmqtt_client.modem.events(10))

        def test_under_way(atmqtt_client, atmqtt_emulator):
            atmqtt_emulator.inject_fault("lose-result:at=QMTPUBEX,always")
            for _ in range(9):
                atmqtt_client.publish_start("t", "p", 1)
        """
    ).assert_outcomes(passed=5)


def test_a_program_of_its_own_on_the_port(run: Run) -> None:
    """With await, and in another process."""
    pytest.importorskip("atmqtt.aio")
    run(
        """
        import asyncio
        import subprocess
        import sys

        def test_await(atmqtt_port, atmqtt_emulator):
            from atmqtt import aio

            async def main():
                async with aio.Modem(atmqtt_port) as modem:
                    client = modem.client(0)
                    await client.open("broker.example")
                    await client.connect("async")
                    await client.publish("t", "p", 1)

            asyncio.run(main())
            assert atmqtt_emulator.published()[0].client_id == "async"

        def test_process(atmqtt_port):
            program = "import sys, atmqtt; print(atmqtt.Modem(sys.argv[1]).info().model)"
            model = subprocess.check_output([sys.executable, "-c", program, atmqtt_port], text=True)
            assert model == "EC200A\\n"
        """
    ).assert_outcomes(passed=2)


# --- the marker -------------------------------------------------------------------------------------


def test_the_marker_says_what_kind_of_module(run: Run) -> None:
    run(
        """
        import time
        import pytest
        import atmqtt

        @pytest.mark.atmqtt(profile="bg96")
        class TestProfile:
            def test_of_class(self, atmqtt_modem):
                assert atmqtt_modem.info().model == "BG96"

            @pytest.mark.atmqtt(profile="ec25")
            def test_nearest(self, atmqtt_modem):
                assert atmqtt_modem.info().model == "EC25"

            @pytest.mark.atmqtt(fault="error:at=CSQ")
            def test_both(self, atmqtt_modem):
                assert atmqtt_modem.info().model == "BG96"
                with pytest.raises(atmqtt.Error):
                    atmqtt_modem.signal()

        @pytest.mark.parametrize("model", [
            pytest.param("EC800M", marks=pytest.mark.atmqtt(profile="ec800m")), "EC200A"
        ])
        def test_parameter(atmqtt_modem, model):
            assert model in atmqtt_modem.info().model

        @pytest.mark.atmqtt(fault=["error:at=CSQ", "cme:at=CIMI,code=10"])
        def test_faults(atmqtt_modem):
            with pytest.raises(atmqtt.ModuleError):
                atmqtt_modem.command("AT+CSQ")
            with pytest.raises(atmqtt.CmeError):
                atmqtt_modem.command("AT+CIMI")
            atmqtt_modem.command("AT+CSQ")

        @pytest.mark.atmqtt(latency=0.2)
        def test_latency(atmqtt_client):
            start = time.monotonic()
            atmqtt_client.publish("t", "p", 1)
            assert time.monotonic() - start >= 0.2

        @pytest.mark.atmqtt(baud=9600)
        def test_baud(atmqtt_client):
            start = time.monotonic()
            atmqtt_client.publish("t", bytes(960))
            assert time.monotonic() - start >= 0.9

        @pytest.mark.atmqtt(chunk="byte", seed=3)
        def test_chunk(atmqtt_client, atmqtt_emulator):
            longest = max(len(line.split("<")[1]) for line in atmqtt_emulator.trace_text().splitlines()
                          if " < " in line)
            assert longest <= len(r" \\x20")

        @pytest.mark.atmqtt(chunk="random", seed=7)
        def test_seed(atmqtt_client, atmqtt_emulator):
            got = [line.split(" < ")[1] for line in atmqtt_emulator.trace_text().splitlines()
                   if " < " in line]
            assert any(not line.endswith(r"\\n") for line in got)

        @pytest.mark.atmqtt(files="flash")
        def test_files(atmqtt_modem):
            atmqtt_modem.files().upload("file", "x")
            with open("flash/file") as file:
                assert file.read() == "x"

        @pytest.mark.atmqtt(replug_after=0)
        def test_replugged(atmqtt_modem, atmqtt_emulator):
            atmqtt_emulator.inject_fault("hang-up")
            assert list(atmqtt_modem.events())[-1].__class__ is atmqtt.PortClosed
            while not atmqtt_emulator.plugged:
                time.sleep(0.001)
        """
    ).assert_outcomes(passed=12)


WRONG = {
    "profil='bg96'": "there is no argument 'profil'; it takes profile, fault, ",
    "'bg96'": "it takes keywords only, as profile='bg96'",
    "profile=3": "profile is 3; it must be the name of a dialect",
    "seed='3'": "seed is '3'; it must be a number",
    "fault=[3]": "fault is [3]; it must be a fault or a list of faults",
    "baud=True": "baud is True; it must be a number of bits per second",
    "latency='1'": "latency is '1'; it must be a number of seconds",
}


@pytest.mark.parametrize("workers", ["no:xdist", "-n2"])
@pytest.mark.parametrize(("given", "text"), WRONG.items(), ids=WRONG)
def test_a_wrong_argument_is_a_usage_error(run: Run, given: str, text: str, workers: str) -> None:
    source = f"""
        import pytest

        @pytest.mark.atmqtt({given})
        def test_wrong():
            pass

        def test_right():
            pass
    """
    if workers == "-n2":
        pytest.importorskip("xdist")
        # There a run cannot be ended from where tests are collected.
        result = run(source, workers)
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(f"@pytest.mark.atmqtt: {text.replace('[', '[[]')}*")
    else:
        result = run(source, "-p", workers)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            f"ERROR: test_it.py::test_wrong: @pytest.mark.atmqtt: {text.replace('[', '[[]')}*"
        )


def test_only_tests_that_run_are_checked(run: Run) -> None:
    run(
        """
        import pytest

        @pytest.mark.atmqtt(profil="bg96")
        def test_wrong():
            pass

        def test_right():
            pass
        """,
        "-k",
        "right",
    ).assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("profile='bg99'", 'profile is "bg99"; it must be one of note, '),
        ("broker='x'", 'broker is "x"; it must be '),
        ("chunk='x'", 'chunk is "x"; it must be '),
        ("fault='lose-socks'", 'fault "lose-socks": '),
        ("baud=-1", "invalid argument: baud is -1; "),
        ("latency=-1", "invalid argument: latency is -1; "),
        ("seed=-1", ""),
    ],
)
def test_a_wrong_value_fails_the_test(run: Run, given: str, text: str) -> None:
    """It takes atmqtt to know."""
    result = run(
        f"""
        import pytest

        @pytest.mark.atmqtt({given})
        def test_wrong(atmqtt_emulator):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(f"@pytest.mark.atmqtt: {text}*")
    result.stdout.no_fnmatch_line("*During handling*")


# --- the transcript ---------------------------------------------------------------------------------

FAILS = """
    import pytest

    def test_fails(atmqtt_modem):
        client = atmqtt_modem.client(0)
        client.open("broker.example")
        client.connect("sensor", "user", "hunter2")
        atmqtt_modem.files().upload("key.pem", "-----hunter2-----\\r\\nOK\\r\\n" * 50)
        atmqtt_modem.files().download("key.pem")
        client.publish("sensors/17", "21.5", 1)
        assert 0, "as it must"
"""
SECTION = "*- atmqtt serial line -*"
SHOWN = [
    SECTION,
    '* > AT+QMTOPEN=0,"broker.example",1883',
    "* < OK",
    "* < +QMTOPEN: 0,0",
    '* > AT+QMTCONN=0,"sensor","user",*[*][*][*]*',
    "* > (1150 bytes of a file)",
    "* < *bytes of a file*",
    '* > AT+QMTPUBEX=0,*,1,0,"sensors/17",4',
    "* > 21.5",
    "* < +QMTPUBEX: 0,*,0",
]


@pytest.mark.parametrize("chunk", ["whole", "byte", "random"])
def test_a_failure_shows_the_serial_line(run: Run, chunk: str) -> None:
    marked = FAILS.replace("def test", f"@pytest.mark.atmqtt(chunk={chunk!r})\n    def test")
    result = run(marked, "--showlocals")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(SHOWN)
    transcript = result.stdout.str().partition(SECTION.strip("*"))[2]
    assert "hunter2" not in transcript


def test_a_failure_on_a_real_module_shows_the_serial_line(run: Run, emulator: Emulator) -> None:
    result = run(FAILS, *real(emulator))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(SHOWN)
    # Only there: nobody else has asked for it.
    result.stdout.no_fnmatch_line("*- Captured log*")
    assert "hunter2" not in result.stdout.str().partition(SECTION.strip("*"))[2]


def test_the_log_still_reaches_who_asked_for_it(run: Run, emulator: Emulator) -> None:
    run(
        """
        import logging

        def test_not_asked(atmqtt_modem, caplog):
            atmqtt_modem.command("AT+CSQ")
            assert "AT+CSQ" not in caplog.text

        def test_asked(atmqtt_modem, caplog):
            with caplog.at_level(logging.DEBUG, "atmqtt"):
                atmqtt_modem.command("AT+CSQ")
            assert "AT+CSQ" in caplog.text

        def test_asked_for_the_line(atmqtt_modem, caplog):
            with caplog.at_level(logging.DEBUG, "atmqtt.wire"):
                atmqtt_modem.command("AT+CSQ")
            assert "AT+CSQ" in caplog.text
            atmqtt_modem.command("AT+CIMI")
            assert "AT+CIMI" not in caplog.text

        def test_as_before():
            assert logging.getLogger("atmqtt.wire").level == logging.NOTSET
            assert not logging.getLogger("atmqtt.wire").filters
        """,
        *real(emulator),
    ).assert_outcomes(passed=4)


def test_the_transcript_is_where_it_helps(run: Run) -> None:
    """With failures of fixtures before and after the test, with workers, and nowhere else."""
    source = """
        import pytest

        def test_passes(atmqtt_modem):
            atmqtt_modem.command("AT+PASSES") if False else None

        @pytest.mark.xfail
        def test_xfails(atmqtt_modem):
            atmqtt_modem.command("AT+CSQ=1")

        @pytest.mark.atmqtt(fault="open-result:code=4")
        def test_setup(atmqtt_client):
            pass

        @pytest.fixture
        def late(atmqtt_modem):
            yield
            atmqtt_modem.command("AT+LATE")

        def test_teardown(late):
            pass

        def test_unrelated():
            assert 0
    """
    for args in ((), ("-n2",)):
        result = run(source, *args)
        result.assert_outcomes(passed=2, xfailed=1, errors=2, failed=1)
        assert result.stdout.str().count("- atmqtt serial line -") == 2
        result.stdout.fnmatch_lines([SECTION, "* < +QMTOPEN: 0,4"])
        result.stdout.fnmatch_lines([SECTION, "* > AT+LATE", "* < ERROR"])


def test_only_the_end_of_a_long_transcript_is_shown(run: Run, emulator: Emulator) -> None:
    source = """
        def test_long(atmqtt_modem):
            for n in range(300):
                atmqtt_modem.command(f"AT+CSQ")
            assert 0
    """
    for args in ((), real(emulator)):
        result = run(source, *args)
        result.stdout.fnmatch_lines([SECTION, "(4?? lines before)", "* > AT+CSQ"])
        assert result.stdout.str().count("+CSQ: ") in range(160, 170)


def test_what_comes_in_between_hides_nothing_and_shows_no_secret() -> None:
    """A line of the module in the middle of one that is typed to it."""
    from pytest_atmqtt import transcript

    trace = (
        '0.100000 > AT+QMTCONN=0,\\"id\\",\\"user\\",\\"hun\n'
        "0.200000 < \\r\\n+QIND: 1\\r\\n\n"
        '0.300000 > ter2\\"\\r\n'
        "0.400000 < AT+QMTCO\n"
        '0.500000 < NN=0,\\"id\\",\\"user\\",\\"hunter2\\"\\r\\r\\nOK\\r\\n\n'
        '0.600000 > AT+QFUPL=\\"k\\",9\\rhunter2\\r\\n\n'
        "0.700000 < \\r\\nCONNECT\\r\\n\n"
        "0.800000 > hunter2\\r\\n\n"
        "0.900000 < \\r\\n+QFUPL: 9,0\\r\\n\\r\\nOK\\r\\n\n"
        "1.000000 > AT\\xff\\x20"
    )
    assert transcript.of_trace(trace).splitlines() == [
        "   0.200000 < +QIND: 1",
        '   0.100000 > AT+QMTCONN=0,"id","user",***',
        '   0.400000 < AT+QMTCONN=0,"id","user",***',
        "   0.500000 < OK",
        '   0.600000 > AT+QFUPL="k",9',
        "   0.600000 > (9 bytes of a file)",
        "   0.700000 < CONNECT",
        "   0.800000 > (9 bytes of a file)",
        "   0.900000 < +QFUPL: 9,0",
        "   0.900000 < OK",
        "   1.000000 > AT\\xff ",
    ]


# --- a real module ----------------------------------------------------------------------------------


def test_the_same_tests_on_a_real_module(run: Run, emulator: Emulator) -> None:
    result = run(
        """
        import pytest

        def test_client(atmqtt_client, atmqtt_topic, atmqtt_broker):
            assert atmqtt_broker.host == "broker.example" and atmqtt_broker.port == 8883
            atmqtt_client.subscribe(atmqtt_topic, 1)
            atmqtt_client.publish(atmqtt_topic, "x", 1)
            assert atmqtt_client.messages().get(10).payload == b"x"

        def test_emulator(atmqtt_modem, atmqtt_emulator):
            assert 0

        @pytest.mark.atmqtt(fault="reboot")
        def test_fault(atmqtt_modem):
            assert 0
        """,
        f"--atmqtt-port={emulator.port}",
        "--atmqtt-broker=broker.example:8883",
        "--atmqtt-apn=iot.example",
        "--atmqtt-baud=9600",
        "-rs",
    )
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        [
            f"atmqtt: {emulator.port} at 9600 baud, broker broker.example:8883",
            f"SKIPPED * needs the emulated module, and the tests run on {emulator.port} (--atmqtt-port)",
            f"SKIPPED * needs an emulated module (fault='reboot'), and the tests run on {emulator.port}",
        ]
    )
    trace = emulator.trace_text()
    assert r"AT+QICSGP=1,1,\"iot.example\"" in trace
    assert r"AT+QMTOPEN=0,\"broker.example\",8883" in trace


def test_the_baud_rate_reaches_the_port(run: Run, emulator: Emulator) -> None:
    run(
        """
        import fcntl
        import os
        import struct

        TCGETS2 = 0x802C542A

        def test_rate(atmqtt_modem):
            for descriptor in map(int, os.listdir("/proc/self/fd")):
                try:
                    if os.readlink(f"/proc/self/fd/{descriptor}") == atmqtt_modem.port_name:
                        settings = fcntl.ioctl(descriptor, TCGETS2, bytes(44))
                        assert struct.unpack("=4I20s2I", settings)[-2:] == (9600, 9600)
                        break
                except FileNotFoundError:
                    pass
            else:
                raise AssertionError("the port is not open")
        """,
        *real(emulator, "--atmqtt-baud=9600"),
    ).assert_outcomes(passed=1)


def test_the_options_may_stand_in_the_configuration(
    run: Run, emulator: Emulator, pytester: pytest.Pytester
) -> None:
    pytester.makeini(
        STRICT
        + f"""
    atmqtt_port = {emulator.port}
    atmqtt_broker = [2001:db8::1]:8883
    atmqtt_apn = iot.example
    atmqtt_baud = 9600
    """
    )
    source = """
        def test_connects(atmqtt_client):
            pass
    """
    result = run(source)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(f"atmqtt: {emulator.port} at 9600 baud, broker 2001:db8::1:8883")
    # The command line has the last word.
    result = run(source, "--atmqtt-port=emulated")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("atmqtt: *")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--atmqtt-baud=fast", "--atmqtt-baud is 'fast'; it must be a number from 1 to 4000000"),
        ("--atmqtt-baud=0", "--atmqtt-baud is '0'; it must be a number from 1 to 4000000"),
        ("--atmqtt-broker=:1883", "--atmqtt-broker is ':1883'; it must be HOST or HOST:PORT"),
        ("--atmqtt-broker=a:", "--atmqtt-broker is 'a:'; it must be HOST or HOST:PORT"),
        ("--atmqtt-broker=[::1]1883", "--atmqtt-broker is '[[]::1]1883'; it must be HOST or HOST:PORT"),
        (
            "--atmqtt-broker=a:65536",
            "the port of --atmqtt-broker is '65536'; it must be a number from 1 to 65535",
        ),
    ],
)
def test_a_wrong_option_is_a_usage_error(run: Run, option: str, text: str) -> None:
    result = run("", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {text}")


def test_a_real_module_without_a_broker_to_connect_to(run: Run, emulator: Emulator) -> None:
    result = run(
        """
        def test_modem(atmqtt_modem):
            pass

        def test_client(atmqtt_client):
            pass
        """,
        f"--atmqtt-port={emulator.port}",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("tests that connect a real module need --atmqtt-broker=HOST")


def test_a_port_that_is_not_there(run: Run) -> None:
    result = run("def test_modem(atmqtt_modem): pass", "--atmqtt-port=/dev/ttyNONE")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("E *PortNotFoundError*/dev/ttyNONE*")


def test_credentials_come_from_a_fixture(run: Run, emulator: Emulator) -> None:
    emulator.set_policy(credentials=("user", "hunter2"))
    result = run(
        """
        def test_connected(atmqtt_client, atmqtt_broker):
            assert atmqtt_client.state.value == "connected"
            assert "hunter2" not in repr(atmqtt_broker)
        """,
        *real(emulator),
        conftest="""
            import dataclasses
            import pytest

            @pytest.fixture(scope="session")
            def atmqtt_broker(atmqtt_broker):
                return dataclasses.replace(atmqtt_broker, username="user", password="hunter2")
        """,
    )
    result.assert_outcomes(passed=1)


LEAVES = """
    import subprocess
    import sys

    def test_subscriptions(atmqtt_client):
        atmqtt_client.subscribe(["left/#", "left/a"], 1)

    def test_other_clients(atmqtt_modem):
        for index in (0, 3, 5):
            client = atmqtt_modem.client(index)
            client.open("broker.example")
            client.connect(f"left-{index}")
            client.subscribe("left/#")

    def test_half_open(atmqtt_modem):
        atmqtt_modem.client(2).open("broker.example")

    def test_closed_port(atmqtt_client):
        atmqtt_client.subscribe("left/#")
        atmqtt_client.modem.close()

    def test_other_program(atmqtt_port):
        program = '''if True:
            import sys, atmqtt
            client = atmqtt.Modem(sys.argv[1]).client(1)
            client.open("broker.example")
            client.connect("left-1")
            client.subscribe("left/#")
        '''
        subprocess.run([sys.executable, "-c", program, atmqtt_port], check=True)

    def test_both(atmqtt_modem, atmqtt_port):
        assert atmqtt_port == atmqtt_modem.port_name
        atmqtt_modem.client(4).open("broker.example")

    def test_failed(atmqtt_client):
        atmqtt_client.subscribe("left/#")
        assert 0
"""


def test_nothing_is_left_after_a_test(run: Run, emulator: Emulator) -> None:
    run(
        LEAVES,
        *real(emulator),
        conftest="""
            import pytest
            import atmqtt

            @pytest.hookimpl(trylast=True)
            def pytest_runtest_teardown(item):
                port = item.config.getoption("--atmqtt-port")
                with atmqtt.Modem(port) as modem:
                    states = {modem.client(index).state.value for index in range(6)}
                assert states == {"closed"}
        """,
    ).assert_outcomes(passed=6, failed=1)
    assert emulator.clients() == []
    assert emulator.publish("left/a", "x") == 0


def test_what_was_connected_before_is_closed(run: Run, emulator: Emulator) -> None:
    with Modem(emulator.port) as modem:
        client = modem.client(0)
        client.open("broker.example")
        client.connect("before")
    assert emulator.clients() == ["before"]
    run(
        """
        def test_connects(atmqtt_client):
            pass
        """,
        *real(emulator),
    ).assert_outcomes(passed=1)
    assert emulator.clients() == []


def test_a_session_that_would_last_is_ended(run: Run, emulator: Emulator) -> None:
    result = run(
        """
        def test_lasting(atmqtt_client, atmqtt_client_id):
            atmqtt_client.disconnect()
            atmqtt_client.configure(clean_session=False)
            atmqtt_client.open("broker.example")
            atmqtt_client.connect(atmqtt_client_id)
            atmqtt_client.subscribe("lasting", 1)
            print(f"[{atmqtt_client_id}]")
        """,
        *real(emulator, "-s"),
    )
    result.assert_outcomes(passed=1)
    found = re.search(r"\[(pytest-\w+)\]", result.stdout.str())
    assert found
    emulator.publish("lasting", "not for anybody", 1)
    with Modem(emulator.port) as modem:
        client = modem.client(0)
        client.configure(clean_session=False)
        client.open("broker.example")
        client.connect(found[1])
        client.subscribe("now", 1)
        client.publish("now", "x", 1)
        message = client.messages().get(10)
        assert message is not None
        assert message.topic == "now"


def test_workers_take_turns_on_a_port(run: Run, emulator: Emulator, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    run(
        """
        import os
        import time
        import pytest

        @pytest.mark.parametrize("n", range(24))
        def test_alone(atmqtt_client, atmqtt_topic, n, worker_id):
            start = time.monotonic()
            atmqtt_client.subscribe(atmqtt_topic, 1)
            atmqtt_client.publish(atmqtt_topic, str(n), 1)
            assert atmqtt_client.messages().get(10).payload == str(n).encode()
            with open("turns", "a") as file:
                file.write(f"{start} {time.monotonic()} {worker_id}\\n")
        """,
        *real(emulator, "-n4"),
    ).assert_outcomes(passed=24)
    turns = sorted(
        (float(start), float(end), worker)
        for start, end, worker in map(str.split, (pytester.path / "turns").read_text().splitlines())
    )
    assert len(turns) == 24
    assert len({worker for _, _, worker in turns}) == 4
    for (_, end, _), (start, _, _) in itertools.pairwise(turns):
        assert end <= start
    assert emulator.clients() == []


def test_a_port_by_another_name_is_the_same_port(
    run: Run, emulator: Emulator, pytester: pytest.Pytester
) -> None:
    """Its lock is on the device, and an other run that has it is waited for."""
    from pytest_atmqtt import hardware

    link = pytester.path / "ttyMQTT"
    link.symlink_to(emulator.port)
    pytester.makepyfile(test_it="def test_modem(atmqtt_modem): print('has it')")
    command = [sys.executable, "-m", "pytest", "-s", f"--atmqtt-port={link}"]
    with hardware.locked(emulator.port):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        # As the kernel tells it: somebody waits for a lock.
        while not re.search(rf"->.* {process.pid} ", Path("/proc/locks").read_text()):
            assert process.poll() is None
            time.sleep(0.01)
    out, _ = process.communicate(timeout=60)
    assert "has it" in out
    assert process.returncode == 0


# --- the end of a run -------------------------------------------------------------------------------

KILLED = """
    import os
    import signal

    def test_killed(atmqtt_client):
        os.kill(os.getpid(), signal.SIGKILL)

    def test_after(atmqtt_client):
        pass
"""


def processes_with(variable: str) -> list[str]:
    """The processes that have this in their environment."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        # It may have ended since, or be somebody else's.
        with contextlib.suppress(OSError):
            if variable.encode() in environment.read_bytes().split(b"\0"):
                found.append(environment.parent.name)
    return found


def test_processes_are_found_by_their_environment(tmp_path: Path) -> None:
    variable = f"ATMQTT_TEST={tmp_path}"
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    name, _, value = variable.partition("=")
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, name: value}) as process:
        assert processes_with(variable) == [str(process.pid)]
        process.communicate()
    assert processes_with(variable) == []


def test_a_killed_run_leaves_no_emulator_behind(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = pytester.mkdir("scratch")
    monkeypatch.setenv("TMPDIR", str(scratch))
    result = run(KILLED, "-k", "killed", "--capture=no")
    assert result.ret == -signal.SIGKILL
    assert processes_with(f"TMPDIR={scratch}") == []
    assert list(scratch.rglob("*")) == []


def test_a_killed_worker_gives_the_port_back(run: Run, emulator: Emulator) -> None:
    pytest.importorskip("xdist")
    result = run(KILLED, *real(emulator, "-n1"))
    # The next worker finds a client that is connected.
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines("*worker 'gw0' crashed while running 'test_it.py::test_killed'")
    assert emulator.clients() == []


# --- projects that do without -----------------------------------------------------------------------


def test_nothing_is_loaded_where_nothing_is_used(run: Run) -> None:
    result = run(
        """
        import sys

        def test_unrelated():
            assert "pytest_atmqtt.plugin" in sys.modules
            assert not [name for name in sys.modules if name.partition(".")[0] == "atmqtt"]
            assert not {"pytest_atmqtt.hardware", "pytest_atmqtt.transcript"} & set(sys.modules)
        """
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("atmqtt: *")


def test_without_the_native_module_only_its_users_fail(run: Run, pytester: pytest.Pytester) -> None:
    package = pytester.mkpydir("atmqtt")
    package.joinpath("__init__.py").write_text("raise ImportError('_native.so: wrong ELF class')")
    source = """
        import pytest

        def test_unrelated():
            pass

        @pytest.mark.atmqtt(profile="bg96")
        def test_marked():
            pass

        def test_modem(atmqtt_modem):
            pass
    """
    for args in ((), ("--atmqtt-port=/dev/ttyUSB2",)):
        result = run(source, *args)
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines("atmqtt cannot be loaded: _native.so: wrong ELF class")


def test_beside_asynchronous_plugins(run: Run) -> None:
    pytest.importorskip("pytest_asyncio")
    run(
        """
        import asyncio
        import pytest

        @pytest.mark.asyncio
        async def test_async(atmqtt_client, atmqtt_emulator):
            await asyncio.to_thread(atmqtt_client.publish, "t", "p", 1)
            assert atmqtt_emulator.published()[0].payload == b"p"

        def test_sync(atmqtt_client):
            pass
        """,
        "-p",
        "asyncio",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        "-W",
        "ignore",
    ).assert_outcomes(passed=2)


# --- a real broker ----------------------------------------------------------------------------------


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[int]:
    """Debian's broker, on the port that this gives."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs the Debian package mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL) as process:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert process.poll() is None
            time.sleep(0.01)
        yield port
        process.terminate()


NETWORK = """
    import pytest

    @pytest.mark.atmqtt(broker="network")
    @pytest.mark.parametrize("n", range(8))
    def test_shared(atmqtt_client, atmqtt_topic, n):
        atmqtt_client.subscribe(f"{atmqtt_topic}/#", 1)
        for _ in range(5):
            atmqtt_client.publish(f"{atmqtt_topic}/a", str(n), 1)
        with atmqtt_client.messages(timeout=10) as messages:
            for _ in range(5):
                assert next(messages).payload == str(n).encode()
"""


def test_tests_share_a_real_broker(run: Run, mosquitto: int) -> None:
    pytest.importorskip("xdist")
    args = (f"--atmqtt-broker=127.0.0.1:{mosquitto}", "-n2")
    run(NETWORK, *args).assert_outcomes(passed=8)


def test_a_real_broker_must_be_named(run: Run) -> None:
    result = run(NETWORK)
    result.assert_outcomes(errors=8)
    result.stdout.fnmatch_lines('tests with broker="network" need --atmqtt-broker=HOST')


# --- what it costs ----------------------------------------------------------------------------------


def test_thousands_of_tests(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """How long each takes is shown with ``-s``; how long is too long depends on the machine."""
    count = 1000
    costs = {}
    for fixture in ("n", "atmqtt_emulator", "atmqtt_modem", "atmqtt_client"):
        arguments = fixture if fixture == "n" else f"n, {fixture}"
        result = run(
            f"""
            import pytest

            @pytest.mark.parametrize("n", range({count}))
            def test_one({arguments}):
                pass
            """,
            "-q",
            "-p",
            "no:xdist",
        )
        result.assert_outcomes(passed=count)
        costs[fixture] = result.duration / count
    with capsys.disabled():
        print()
        for fixture, cost in costs.items():
            name = "an empty test" if fixture == "n" else fixture
            print(f"  {name:16} {1000 * cost:7.2f} ms a test")
