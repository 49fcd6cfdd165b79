"""The marker ``@pytest.mark.atmqtt(...)``: what kind of emulated module a test wants."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

NAME = "atmqtt"
"""Name of the marker."""

_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "profile": (str, "the name of a dialect"),
    "fault": ((str, list, tuple), "a fault or a list of faults"),
    "broker": (str, '"loopback" or "network"'),
    "baud": (int, "a number of bits per second"),
    "latency": ((int, float), "a number of seconds"),
    "chunk": (str, '"whole", "byte" or "random"'),
    "seed": (int, "a number"),
    "files": ((str, os.PathLike), "a folder"),
    "replug_after": ((int, float), "a number of seconds"),
}
"""The arguments, which are those of ``atmqtt.emulator.Emulator``, and what each must be."""

DESCRIPTION = (
    f"{NAME}({', '.join(f'{name}=...' for name in _TYPES)}): the emulated module that the fixtures of "
    "atmqtt give to the test, as the arguments of atmqtt.emulator.Emulator; the test is skipped on a "
    "real module."
)
"""The line about it in ``pytest --markers``."""


def check(items: Iterable[pytest.Item]) -> None:
    """Ends the run with a usage error where a marker has a wrong argument."""
    wrong = [
        f"{item.nodeid}: @pytest.mark.{NAME}: {text}"
        for item in items
        for mark in item.iter_markers(NAME)
        for text in _wrong(mark)
    ]
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def arguments(item: pytest.Item) -> dict[str, Any]:
    """The arguments for a test; of markers on the test, its class and its module the nearest wins."""
    merged: dict[str, Any] = {}
    for mark in item.iter_markers(NAME):
        for name, value in mark.kwargs.items():
            merged.setdefault(name, value)
    return merged


def of_emulator(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same as ``Emulator`` takes them."""
    taken = dict(arguments)
    fault = taken.pop("fault", ())
    taken["faults"] = [fault] if isinstance(fault, str) else list(fault)
    return taken


def _wrong(mark: pytest.Mark) -> Iterable[str]:
    if mark.args:
        yield f"it takes keywords only, as profile={mark.args[0]!r}"
    for name, value in mark.kwargs.items():
        if name not in _TYPES:
            yield f"there is no argument {name!r}; it takes {', '.join(_TYPES)}"
            continue
        types, meaning = _TYPES[name]
        good = isinstance(value, types) and not isinstance(value, bool)
        if isinstance(value, (list, tuple)):
            good = good and all(isinstance(one, str) for one in value)
        if not good:
            yield f"{name} is {value!r}; it must be {meaning}"
