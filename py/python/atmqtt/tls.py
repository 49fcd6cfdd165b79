"""What an SSL context of the module can be told, and what it says."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "Clock",
    "OnModule",
    "PemSource",
    "TlsConfig",
    "TlsSettings",
    "TlsVerification",
    "TlsVersion",
]


class TlsVersion(enum.IntEnum):
    """Protocol versions of a handshake (``sslversion``)."""

    SSL3 = 0
    """SSL 3.0. Broken; only for what a module reports."""
    V1_0 = 1
    """TLS 1.0. Obsolete."""
    V1_1 = 2
    """TLS 1.1. Obsolete."""
    V1_2 = 3
    """TLS 1.2, the library's default."""
    ANY = 4
    """Whatever the module and the server agree on, the module's own default. A server, or who stands
    between, may bring that down to a version that is broken."""


class TlsVerification(enum.IntEnum):
    """How far the other side is checked (``seclevel``)."""

    NOTHING = 0
    """Nobody is checked: whoever answers is the server. The module's own default."""
    SERVER = 1
    """The server shows a certificate of the given CA."""
    SERVER_AND_CLIENT = 2
    """The same, and the module shows its own certificate if the server asks for one."""


class Clock(enum.Enum):
    """What the module's clock has to do with certificates (``ignorelocaltime``)."""

    CHECK = "check"
    """A certificate must be valid at the time of the module's clock, the library's default. A clock
    that was never set is an :class:`~atmqtt.InvalidStateError`."""
    SET_AND_CHECK = "set and check"
    """The same, and the clock is set from this computer first (``AT+CCLK``)."""
    IGNORE = "ignore"
    """Dates are ignored: an expired certificate passes. The module's own default."""


@dataclass(frozen=True)
class OnModule:
    """A certificate or key that is in the module already. What is in it is not looked at."""

    name: str
    """Name of the file in the module."""


PemSource: TypeAlias = str | os.PathLike[str] | bytes | OnModule
"""A certificate or key: the path of a PEM file of this computer, PEM text as ``bytes`` (or as a
``str`` that begins with ``-----BEGIN``), or a file that is in the module already."""


@dataclass(frozen=True)
class TlsConfig:
    """How an SSL context is set up, for a :class:`~atmqtt.Link` and :meth:`TlsContext.delete_files`.

    The same as the arguments of :meth:`TlsContext.configure`.
    """

    ca: PemSource | None = None
    """Certificate of the CA that must have signed the server's (``seclevel`` 1)."""
    client_certificate: PemSource | None = None
    """What the module shows where the server asks for one (``seclevel`` 2)."""
    private_key: PemSource | None = field(default=None, repr=False)
    """Its key."""
    key_password: str | None = field(default=None, repr=False)
    """The password of an encrypted key, 1..127 bytes; shown nowhere."""
    version: TlsVersion | int | None = None
    """``None`` = TLS 1.2."""
    cipher_suite: int = 0xFFFF
    """IANA number, as 0xC02F; 0xFFFF = all that the module has."""
    sni: bool = True
    """Whether the host name is sent in the clear in front of the handshake."""
    clock: Clock | Literal["check", "set and check", "ignore"] | None = None
    """Whether dates of certificates count; ``None`` = they do."""
    negotiate_timeout: int = 60
    """Longest time of a handshake in seconds, 10..300."""
    insecure: bool = False
    """Encrypts and checks nobody (``seclevel`` 0), without ``ca``: whoever is between the module and the
    broker can read and change everything. For trials only; a warning is logged."""


@dataclass(frozen=True)
class TlsSettings:
    """What the module says of an SSL context; ``None`` where it does not know the setting."""

    version: TlsVersion | None
    """``sslversion``."""
    cipher_suite: int | None
    """``ciphersuite`` by its IANA number; 0xFFFF = all."""
    verification: TlsVerification | None
    """``seclevel``."""
    ca: str | None
    """``cacert``: name of the file in the module, without ``UFS:``; empty = none."""
    client_certificate: str | None
    """``clientcert``, the same."""
    private_key: str | None
    """``clientkey``, the same. Its password is not kept."""
    ignore_clock: bool | None
    """``ignorelocaltime``: ``False`` = dates count."""
    negotiate_timeout: int | None
    """``negotiatetime`` in seconds."""
    sni: bool | None
    """``sni``."""
