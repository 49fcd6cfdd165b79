"""The marker ``@pytest.mark.atmqtt(...)``: what kind of emulated module a test wants."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

NAME = "atmqtt"
"""Name of the marker."""
WRITTEN = f"@pytest.mark.{NAME}"
"""The same as it is written at a test."""

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


def wrong(item: pytest.Item) -> Iterator[str]:
    """What is wrong with the arguments of a test's markers, as far as it shows without atmqtt."""
    for mark in item.iter_markers(NAME):
        if mark.args:
            yield f"{WRITTEN}: it takes keywords only, as profile={mark.args[0]!r}"
        for name, value in mark.kwargs.items():
            if name not in _TYPES:
                yield f"{WRITTEN}: there is no argument {name!r}; it takes {', '.join(_TYPES)}"
            elif not _is_good(name, value):
                yield f"{WRITTEN}: {name} is {value!r}; it must be {_TYPES[name][1]}"


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


def _is_good(name: str, value: object) -> bool:
    if isinstance(value, (list, tuple)) and not all(isinstance(one, str) for one in value):
        return False
    return isinstance(value, _TYPES[name][0]) and not isinstance(value, bool)
