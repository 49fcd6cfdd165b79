"""The example suite ``examples/python/pytest_suite``, as somebody would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_plugin import Run, real, run

from atmqtt.emulator import Emulator

__all__ = ["run"]

pytest_plugins = ["pytester"]

SUITE = Path(__file__).parents[2] / "examples/python/pytest_suite"
ARGS = (str(SUITE), f"-c{SUITE / 'pyproject.toml'}", "-pno:cacheprovider", "-pno:asyncio")


def test_on_emulated_modules(run: Run) -> None:
    run("", *ARGS).assert_outcomes(passed=23)


def test_on_a_real_module(run: Run, emulator: Emulator) -> None:
    run("", *ARGS, *real(emulator)).assert_outcomes(passed=1, skipped=22)
    assert emulator.clients() == []


@pytest.mark.parametrize(
    "command", [["mypy", "--strict", "."], ["ruff", "check"], ["ruff", "format", "--check"]]
)
def test_checks(command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip(command[0])
    monkeypatch.setenv("MYPYPATH", str(Path(__file__).parents[1] / "python"))
    caches = ["--cache-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", *command, *caches],
        cwd=SUITE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
