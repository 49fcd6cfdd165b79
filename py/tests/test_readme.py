"""The programs of this README, and of the one of the project, run."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from atmqtt.emulator import Emulator

README = Path(__file__).parent.parent / "README.md"
PROGRAMS = [
    program
    for readme in (README, README.parent.parent / "README.md")
    for program in re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
]


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.usefixtures("logging_restored")
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ca.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    # The messages that nobody sends are not waited for.
    program = program.replace('"/dev/ttyUSB2"', repr(emulator.port)).replace("timeout=60", "timeout=0.1")
    exec(compile(program, str(README), "exec"), {"__name__": "readme"})


def test_the_table_of_errors() -> None:
    """Every class, with its number and built-in base."""
    import pydoc

    import atmqtt

    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (?:`([\w.]+)`)? *\|", README.read_text(), re.MULTILINE)
    for name, number, base in rows:
        cls = getattr(atmqtt, name)
        assert int(cls.kind) == int(number)
        if base:
            built_in = pydoc.locate(base)
            assert isinstance(built_in, type)
            assert issubclass(cls, built_in)
    errors = {name for name in atmqtt.__all__ if name.endswith("Error")} - {"Error"}
    assert {name for name, *_ in rows} == errors
