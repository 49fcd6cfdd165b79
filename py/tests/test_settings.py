"""The 18 settings, there and back."""

from __future__ import annotations

from typing import Any

import pytest

import atmqtt
from atmqtt import Client, ClientConfig, Delivery, Format, Modem, SettingName, Version
from atmqtt.emulator import Emulator

# Every keyword of configure() with a value that is not the default, what config() gives for it, the
# name of the setting, and what setting() gives.
SETTINGS: list[tuple[str, Any, Any, str, Any]] = [
    ("version", "3.1", Version.V3_1, "version", Version.V3_1),
    ("pdp_context", 2, 2, "pdpcid", 2),
    ("transport", atmqtt.Tls(3), atmqtt.Tls(3), "ssl", atmqtt.Tls(3)),
    ("keepalive", 0, 0, "keepalive", 0),
    ("clean_session", False, False, "session", False),
    (
        "packet_timeout",
        atmqtt.PacketTimeout(9, 1, notice=True),
        atmqtt.PacketTimeout(9, 1, True),
        "timeout",
        atmqtt.PacketTimeout(9, 1, True),
    ),
    (
        "will",
        atmqtt.Will("gone/grün", "weg", qos=2, retain=True),
        atmqtt.Will("gone/grün", b"weg", atmqtt.QoS.EXACTLY_ONCE, True),
        "will",
        atmqtt.Will("gone/grün", b"weg", atmqtt.QoS.EXACTLY_ONCE, True),
    ),
    (
        "delivery",
        "stored",
        Delivery.STORED,
        "recv/mode",
        atmqtt.ReceiveMode(Delivery.STORED, length_shown=True),
    ),
    (
        "ali_auth",
        atmqtt.AliAuth("key", "name", "s3cret"),
        atmqtt.AliAuth("key", "name", "s3cret"),
        "aliauth",
        atmqtt.AliAuth("key", "name", "s3cret"),
    ),
    ("ping_report", 30, 30, "qmtping", 30),
    ("send_mode", Format.HEX, Format.HEX, "send/mode", Format.HEX),
    (
        "one_net",
        atmqtt.OneNet("id", "s3cret"),
        atmqtt.OneNet("id", "s3cret"),
        "onenet",
        atmqtt.OneNet("id", "s3cret"),
    ),
    (
        "hw_auth",
        atmqtt.HwAuth("id", "s3cret"),
        atmqtt.HwAuth("id", "s3cret"),
        "hwauth",
        atmqtt.HwAuth("id", "s3cret"),
    ),
    (
        "hw_product",
        atmqtt.HwProduct("id", "s3cret", "node"),
        atmqtt.HwProduct("id", "s3cret", "node"),
        "hwprodid",
        atmqtt.HwProduct("id", "s3cret", "node"),
    ),
    (
        "data_format",
        ("text", Format.HEX),
        (Format.TEXT, Format.HEX),
        "dataformat",
        (Format.TEXT, Format.HEX),
    ),
    ("view_mode", True, True, "view/mode", True),
    ("edit_timeout", 77, 77, "edit/timeout", 77),
]


@pytest.mark.parametrize(
    ("keyword", "given", "read", "name", "value"), SETTINGS, ids=[s[0] for s in SETTINGS]
)
def test_every_setting_there_and_back(
    modem: Modem, keyword: str, given: Any, read: Any, name: str, value: Any
) -> None:
    client = modem.client(1)
    client.configure(**{keyword: given})
    config = client.config()
    assert getattr(config, keyword) == read
    assert client.setting(name) == value
    assert client.setting(SettingName(name)) == value
    # What was read can be written.
    client.configure(config)
    assert client.config() == config
    assert "s3cret" not in repr(config)
    assert "s3cret" not in repr(value)


def test_the_table_has_every_setting() -> None:
    fields = set(ClientConfig.__dataclass_fields__)
    assert {keyword for keyword, *_ in SETTINGS} == fields
    # willex is the other form of will.
    assert {name for *_, name, _ in SETTINGS} | {"willex"} == {one.value for one in SettingName}


def test_a_will_of_bytes(emulator: Emulator, modem: Modem) -> None:
    client = modem.client(0)
    client.configure(will=atmqtt.Will("t", b'\x00"', 1))
    assert client.setting("willex") == atmqtt.WillSummary("t", atmqtt.QoS.AT_LEAST_ONCE, False, 2)
    client.open("broker")
    client.connect("me")
    client.close()
    [will] = emulator.wait_published()
    assert (will.payload, will.will) == (b'\x00"', True)
    client.configure(will=False)
    assert client.config().will is False
    assert client.setting("will") is None
    assert client.setting("willex") is None


def test_tls_is_a_transport(modem: Modem) -> None:
    client = modem.client(0)
    client.configure(tls=0)
    assert client.config().transport == atmqtt.Tls(0)
    client.configure(transport=atmqtt.Tcp())
    assert client.setting("ssl") == atmqtt.Tcp()


def test_no_limit_on_data_entry(modem: Modem) -> None:
    client = modem.client(0)
    client.configure(edit_timeout=0)
    assert client.setting("edit/timeout") == 0


def test_keywords_come_after_the_config(modem: Modem) -> None:
    client = modem.client(0)
    client.configure(ClientConfig(keepalive=10, pdp_context=2), keepalive=20)
    config = client.config()
    assert (config.keepalive, config.pdp_context) == (20, 2)


def test_only_a_closed_client_is_configured(client: Client) -> None:
    with pytest.raises(atmqtt.InvalidStateError):
        client.configure(keepalive=10)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"keepalive": 3601}, ValueError, "keepalive is 3601; it must be 0..=3600"),
        ({"keepalive": "60"}, TypeError, "keepalive must be an int, not str"),
        ({"pdp_context": 0}, ValueError, "pdp_context is 0; it must be 1..=16"),
        ({"tls": 6}, ValueError, "tls is 6; it must be 0..=5"),
        ({"transport": atmqtt.Tls(6)}, ValueError, "tls context is 6; it must be 0..=5"),
        ({"transport": "tls"}, TypeError, r"transport must be Tcp\(\) or Tls\(context\), not str"),
        ({"version": "5"}, ValueError, "version is '5'; it must be one of '3.1', '3.1.1'"),
        ({"clean_session": 1.5}, TypeError, "clean_session must be a bool, not float"),
        ({"packet_timeout": 5}, TypeError, "packet_timeout must be a PacketTimeout, not int"),
        ({"packet_timeout": atmqtt.PacketTimeout(0)}, ValueError, "packet_timeout.seconds is 0"),
        ({"will": "gone"}, TypeError, "will must be a Will or False, not str"),
        ({"will": True}, TypeError, "will must be a Will or False, not bool"),
        ({"will": atmqtt.Will("t", b"x" * 257)}, ValueError, "257"),
        ({"will": atmqtt.Will("t", "", 3)}, ValueError, "qos is 3"),
        ({"delivery": "later"}, ValueError, "delivery is 'later'; it must be one of 'inline', 'stored'"),
        ({"ali_auth": ("a", "b", "c")}, TypeError, "ali_auth must be a AliAuth, not tuple"),
        ({"one_net": atmqtt.OneNet("a", 5)}, TypeError, "one_net.access_key"),  # type: ignore[arg-type]
        ({"data_format": "hex"}, TypeError, "data_format must be a pair of Format, not str"),
        ({"edit_timeout": 181}, ValueError, "edit_timeout is 181; it must be 0..=180"),
        ({"ping_report": 4}, ValueError, "ping_report is 4; it must be 5..=60"),
        ({"no_such": 1}, TypeError, "no_such"),
    ],
)
def test_wrong_settings(
    modem: Modem, settings: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        modem.client(0).configure(**settings)


def test_names_of_settings(modem: Modem) -> None:
    with pytest.raises(
        atmqtt.InvalidArgumentError, match="name is 'nonsense'; it must be one of 'version'"
    ):
        modem.client(0).setting("nonsense")


def test_a_setting_that_the_module_does_not_know() -> None:
    with Emulator(profile="m95") as emulator, Modem(emulator.port) as modem:
        client = modem.client(0)
        with pytest.raises(atmqtt.ModuleError, match="AT\\+QMTCFG"):
            client.setting("edit/timeout")
        assert client.config().edit_timeout is None


def test_capabilities(modem: Modem) -> None:
    capabilities = modem.capabilities()
    assert capabilities.supports("recv/mode")
    assert capabilities.supports(SettingName.EDIT_TIMEOUT)
    assert capabilities.supports("AT+QMTPUBEX")
    assert capabilities.supports("qmtsub")
    assert not capabilities.supports("QMTPUB")
    keepalive = capabilities.settings["keepalive"][1]
    assert keepalive.allows(3600)
    assert not keepalive.allows(3601)
    host = capabilities.commands["QMTOPEN"][1]
    assert host == atmqtt.Placeholder("hostname")
    assert host.allows(5)
    assert set(capabilities.settings) == {one.value for one in SettingName}
