"""From the options to a module, and from there to a broker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from .. import (
    Apn,
    Authentication,
    Client,
    ClientConfig,
    Clock,
    Error,
    FlowControl,
    Modem,
    OnModule,
    PemSource,
    State,
    TlsVersion,
    Version,
    Will,
)
from ..emulator import Emulator
from .exits import Exit, Failure
from .options import EMULATED, Options

__all__ = [
    "apn",
    "client_id",
    "config",
    "connected",
    "flow_control",
    "open_modem",
    "port",
    "set_apn",
    "tls",
]

_TLS_VERSIONS = {
    "tlsv1": TlsVersion.V1_0,
    "tlsv1.0": TlsVersion.V1_0,
    "tlsv1.1": TlsVersion.V1_1,
    "tlsv1.2": TlsVersion.V1_2,
    "any": TlsVersion.ANY,
}

_CLOCKS = {"check": Clock.CHECK, "set": Clock.SET_AND_CHECK, "ignore": Clock.IGNORE}

_GOODBYE = 5.0
"""Longest time that a goodbye may take, in seconds: whoever has pressed Ctrl-C waits for it."""


@contextlib.contextmanager
def port(options: Options) -> Iterator[str]:
    """The serial port that is meant: that of an emulated module where that is meant."""
    if options.modem is None:
        raise Failure("no module: say which with --modem PORT; `atmqtt probe` lists them", Exit.USAGE)
    if options.modem != EMULATED:
        yield options.modem
        return
    # With a broker named it is that one that is meant.
    outside = getattr(options, "host", None) is not None
    with Emulator(broker="network" if outside else "loopback", trace=False) as emulator:
        yield emulator.port


@contextlib.contextmanager
def open_modem(options: Options) -> Iterator[Modem]:
    """The module that the options name, open."""
    with (
        port(options) as path,
        Modem(path, options.baud, flow_control=flow_control(options)) as modem,
    ):
        yield modem


def flow_control(options: Options) -> FlowControl | None:
    """The flow control that is asked for."""
    return FlowControl.RTS_CTS if options.flow_control else None


def apn(options: Options) -> Apn | None:
    """The access point, where the options name one."""
    if options.apn is None:
        return None
    named = bool(options.apn_user or options.apn_password)
    return Apn(
        options.apn,
        username=options.apn_user,
        password=options.apn_password,
        authentication=Authentication.CHAP if named else Authentication.NONE,
    )


def set_apn(modem: Modem, options: Options) -> None:
    """Sets the access point, where the options name one."""
    wanted = apn(options)
    if wanted is not None:
        modem.network().set_apn(options.context, wanted)


@contextlib.contextmanager
def connected(client: Client, options: Options) -> Iterator[None]:
    """Connects the client as the options say, and disconnects it whatever happens."""
    try:
        _connect(client, options)
        yield
    finally:
        _leave(client)


def _connect(client: Client, options: Options) -> None:
    set_apn(client.modem, options)
    if options.tls:
        client.modem.tls(options.tls_context).configure(**tls(options))
    if client.found_alive is not None:
        # Left behind by a program that was killed; nobody else has the port.
        client.close()
    client.configure(config(options), tls=options.tls_context if options.tls else None)
    client.open(options.host or EMULATED, options.port)
    client.connect(client_id(options), options.username, options.pw)


def tls(options: Options) -> dict[str, Any]:
    """How the SSL context is to be set up: the arguments of ``TlsContext.configure``."""
    return {
        "ca": _pem(options.cafile),
        "client_certificate": _pem(options.cert),
        "private_key": _pem(options.key),
        "version": _TLS_VERSIONS[options.tls_version],
        "cipher_suite": options.cipher_suite,
        "clock": _CLOCKS[options.tls_clock],
        "insecure": options.insecure,
    }


def config(options: Options) -> ClientConfig:
    """The settings of the client."""
    return ClientConfig(
        version=Version.V3_1 if options.protocol_version.endswith("31") else Version.V3_1_1,
        pdp_context=options.context,
        keepalive=options.keepalive,
        clean_session=not options.disable_clean_session,
        will=_will(options),
    )


def _pem(name: str | None) -> PemSource | None:
    if name is not None and name.upper().startswith("UFS:"):
        return OnModule(name[len("UFS:") :])
    return name


def _will(options: Options) -> Will | None:
    if options.will_topic is None:
        return None
    return Will(options.will_topic, options.will_payload, options.will_qos, options.will_retain)


def client_id(options: Options) -> str:
    """The client id, one of its own where the options name none."""
    if options.id is not None:
        return str(options.id)
    prefix = "atmqtt-" if options.id_prefix is None else options.id_prefix
    return f"{prefix}{os.getpid()}"


def _leave(client: Client) -> None:
    """Says goodbye to the broker as far as the client has come."""
    # Nothing can be done about a failure: the port is closed next.
    with contextlib.suppress(Error):
        if client.state is State.CONNECTED:
            client.disconnect(timeout=_GOODBYE)
        elif client.state is not State.CLOSED:
            client.close(timeout=_GOODBYE)
