"""The network that a module is in, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from .errors import Error

__all__ = [
    "AccessTechnology",
    "Activating",
    "Apn",
    "Authentication",
    "ContextAddress",
    "IpType",
    "Operator",
    "Readiness",
    "Ready",
    "Registration",
    "RegistrationStatus",
    "ServiceRegistration",
    "SimState",
    "Trouble",
    "UrcPort",
]


class RegistrationStatus(enum.IntEnum):
    """Whether the module is in a network. Numbers without a name are members too."""

    NOT_REGISTERED = 0
    """Not registered and not searching."""
    HOME = 1
    """Registered at home."""
    SEARCHING = 2
    """Searching."""
    DENIED = 3
    """The network refuses: SIM, subscription or APN."""
    UNKNOWN = 4
    """Not known: out of coverage, for one."""
    ROAMING = 5
    """Registered abroad."""

    @classmethod
    def _missing_(cls, value: object) -> RegistrationStatus | None:
        if not isinstance(value, int):
            return None
        # Registered for less than packet data, as for SMS (6, 7) or emergency calls (8).
        other = int.__new__(cls, value)
        other._name_ = f"OTHER_{value}"
        other._value_ = value
        return other

    @property
    def is_registered(self) -> bool:
        """At home or abroad."""
        return self in (RegistrationStatus.HOME, RegistrationStatus.ROAMING)


class AccessTechnology(enum.Enum):
    """How the radio works."""

    GSM = "GSM"
    UMTS = "UMTS"
    LTE = "LTE"
    """LTE, Cat 1 included."""
    LTE_M = "LTE-M"
    NB_IOT = "NB-IoT"
    OTHER = "other"


@dataclass(frozen=True)
class ServiceRegistration:
    """One answer about registration."""

    status: RegistrationStatus
    """Whether it is registered."""
    area: int | None
    """Location or tracking area code, where the module gives it (``AT+CEREG=2`` makes it)."""
    cell: int | None
    """Cell id, the same."""
    technology: AccessTechnology | None
    """Technology, the same."""


@dataclass(frozen=True)
class Registration:
    """Registration by kind of service; ``None`` where the module does not know the command."""

    circuit: ServiceRegistration | None
    """Circuit switched (``AT+CREG?``)."""
    packet: ServiceRegistration | None
    """Packet data over GSM and UMTS (``AT+CGREG?``)."""
    eps: ServiceRegistration | None
    """Packet data over LTE (``AT+CEREG?``)."""
    is_registered: bool
    """Whether there is packet data; circuit switched registration counts only where the module knows
    neither of the others."""


@dataclass(frozen=True)
class Operator:
    """Who runs the network, and where in the spectrum; ``None`` where the module does not say."""

    name: str | None
    """Name, as the module has it."""
    numeric: str | None
    """Country and network code, as ``26201``."""
    technology: AccessTechnology | None
    """Technology (``AT+COPS?``)."""
    access: str | None
    """Technology in the module's words, as ``FDD LTE`` (``AT+QNWINFO``)."""
    band: str | None
    """Band in the module's words, as ``LTE BAND 3`` (``AT+QNWINFO``)."""
    channel: int | None
    """Channel number (``AT+QNWINFO``)."""


@dataclass(frozen=True)
class SimState:
    """What the SIM card is at (``AT+CPIN?``)."""

    state: str
    """``ready``, ``pin required``, ``puk required``, ``absent``, ``busy``, ``failed``, or else the
    module's own words."""
    text: str = field(compare=False)
    """The same in a sentence, with what to do."""

    @property
    def is_ready(self) -> bool:
        """Whether the card is ready."""
        return self.state == "ready"


class IpType(enum.Enum):
    """What addresses a PDP context is to have."""

    V4 = "IPv4"
    V6 = "IPv6"
    V4V6 = "IPv4v6"


class Authentication(enum.Enum):
    """How user name and password are shown to the network."""

    NONE = "none"
    """Not at all, the default."""
    PAP = "PAP"
    """In the clear."""
    CHAP = "CHAP"
    """By challenge."""
    PAP_OR_CHAP = "PAP or CHAP"
    """Either; not on every module."""


@dataclass(frozen=True)
class Apn:
    """Access point of a PDP context (``AT+QICSGP``)."""

    name: str = ""
    """Name of the access point, 0..127 bytes; empty = what the subscription says."""
    ip_type: IpType = IpType.V4
    """Addresses."""
    username: str = ""
    """User name, 0..127 bytes."""
    password: str = field(default="", repr=False)
    """Password, 0..127 bytes; shown nowhere."""
    authentication: Authentication = Authentication.NONE
    """How the two are shown to the network."""


@dataclass(frozen=True)
class ContextAddress:
    """The addresses of an active PDP context."""

    v4: IPv4Address | None
    """IPv4 address, where it has one."""
    v6: IPv6Address | None
    """IPv6 address, where it has one."""


class UrcPort(enum.Enum):
    """Where the module prints what nobody asked for, the results of MQTT commands among it.

    The values are the names on the wire; other names (``emux``) are given and taken as ``str``.
    """

    USB_AT = "usbat"
    """USB AT port, the default of modules."""
    USB_MODEM = "usbmodem"
    """USB modem port."""
    UART1 = "uart1"
    """Main UART."""
    UART2 = "uart2"
    """Second UART, where there is one."""
    ALL = "all"
    """All of them, where the module can."""


@dataclass(frozen=True)
class Activating:
    """:meth:`Network.wait_ready` activates the PDP context."""


@dataclass(frozen=True)
class Ready:
    """:meth:`Network.wait_ready` is done: everything is there."""

    address: ContextAddress
    """The addresses of the PDP context."""


@dataclass(frozen=True)
class Trouble:
    """The module does not answer, or not what it should: it may be starting."""

    error: Error
    """What came instead."""


Readiness: TypeAlias = SimState | Registration | Activating | Ready | Trouble
"""What :meth:`Network.wait_ready` waits for: the SIM, the registration, the PDP context."""
