"""What a module says of itself: its identity, its signal, its files, what it supports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .settings import SettingName

__all__ = [
    "Capabilities",
    "FileInfo",
    "ModuleInfo",
    "Numbers",
    "Placeholder",
    "Signal",
    "Space",
    "Supported",
]


@dataclass(frozen=True)
class ModuleInfo:
    """Who a module is (``ATI``, ``AT+CGSN``, ``AT+CIMI``, ``AT+QCCID``); empty where it does not say."""

    manufacturer: str
    """Manufacturer, as ``Quectel``."""
    model: str
    """Model, as ``EC800M``."""
    revision: str
    """Firmware revision."""
    imei: str
    """IMEI: the serial number of the radio."""
    imsi: str
    """IMSI: the subscriber, where there is a SIM."""
    iccid: str
    """ICCID: the SIM card, where there is one."""


@dataclass(frozen=True)
class Signal:
    """Signal quality (``AT+CSQ``)."""

    rssi_dbm: int | None
    """Received signal strength in dBm, -113..-51; ``None`` where the module does not know it."""
    bit_error_rate: int | None
    """Bit error rate class 0..7; ``None`` where the module does not know it."""


@dataclass(frozen=True)
class FileInfo:
    """A file of the module."""

    name: str
    """Name, without ``UFS:``."""
    size: int
    """Size in bytes."""


@dataclass(frozen=True)
class Space:
    """Room in the file system of the module, in bytes."""

    free: int
    """What is left."""
    total: int
    """What there is."""


@dataclass(frozen=True)
class Numbers:
    """A parameter that takes numbers, as ``(0-5)`` or ``(0,1)``."""

    ranges: tuple[range, ...]
    """The numbers."""

    def allows(self, value: int) -> bool:
        """Whether the module says that it takes this number."""
        return any(value in numbers for numbers in self.ranges)


@dataclass(frozen=True)
class Placeholder:
    """A parameter that stands for a string or an unspecified number, as ``"hostname"``."""

    word: str
    """The word that stands for it."""

    def allows(self, value: int) -> bool:
        """Any number."""
        return True


Supported: TypeAlias = Numbers | Placeholder
"""The values that one parameter may take, as a test form prints them."""


@dataclass(frozen=True)
class Capabilities:
    """What a module says that it supports: the answers to the test forms ``=?``.

    Order and completeness differ between models, and the note's ranges are not every module's.
    """

    commands: Mapping[str, tuple[Supported, ...]]
    """The parameters of each command that the module knows, as ``QMTPUBEX``."""
    settings: Mapping[str, tuple[Supported, ...]]
    """The parameters of each setting that ``AT+QMTCFG`` lists, by its name on the wire in lower case;
    the first is the client index."""

    def supports(self, name: SettingName | str) -> bool:
        """Whether the module knows the setting (``recv/mode``) or command (``AT+QMTPUBEX``)."""
        if isinstance(name, SettingName):
            return name.value in self.settings
        command = name.upper().removeprefix("AT").removeprefix("+")
        return name.lower() in self.settings or command in self.commands
