"""Files, SSL contexts and the network."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Address
from pathlib import Path

import pytest

import atmqtt
from atmqtt import (
    Apn,
    Authentication,
    IpType,
    Modem,
    PemSource,
    RegistrationStatus,
    TlsConfig,
    UrcPort,
)
from atmqtt.emulator import Emulator

# A certificate only in form: the emulated module looks at real ones when it connects.
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_files_there_and_back(modem: Modem) -> None:
    files = modem.files()
    data = bytes(range(256)) * 10
    files.upload("a.bin", data)
    assert files.download("a.bin") == data
    assert files.size("a.bin") == 2560
    assert files.info("a.bin") == atmqtt.FileInfo("a.bin", 2560)
    assert files.info("none") is None
    assert files.size("none") is None
    files.upload("b.txt", "grün")
    assert files.download("b.txt") == "grün".encode()
    assert [one.name for one in files.list()] == ["a.bin", "b.txt"]
    assert [one.name for one in files.list("*.txt")] == ["b.txt"]
    space = files.space()
    assert 0 < space.free < space.total
    assert not files.ensure("a.bin", data)
    assert files.ensure("a.bin", b"other")
    files.delete("a.bin")
    with pytest.raises(atmqtt.CmeError) as caught:
        files.delete("a.bin")
    assert caught.value.code == 405
    assert files.checksum(b"\x01\x02\x04") == 0x0502


def test_the_progress_of_an_upload(emulator: Emulator) -> None:
    # More than the buffers on the way take at once.
    with Emulator(baud=921600) as slow, Modem(slow.port) as modem:
        told: list[tuple[int, int]] = []
        modem.files().upload("a", bytes(40_000), progress=lambda *args: told.append(args))
        assert told[0] == (0, 40_000)
        assert told[-1] == (40_000, 40_000)
        assert told == sorted(told)
        assert len(told) > 2


def test_an_exception_in_the_progress_ends_the_call(modem: Modem) -> None:
    def progress(done: int, total: int) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        modem.files().upload("a", b"x", progress=progress)
    assert modem.info().model == "EC200A"


@pytest.mark.parametrize(
    ("name", "data", "options", "text"),
    [
        ("a/b", b"x", {}, "file name"),
        ("a", b"", {}, "size in bytes is 0"),
        ("a", b"x", {"idle_timeout": 0}, "idle_timeout is 0; it must be 1..=65535"),
    ],
)
def test_wrong_uploads(modem: Modem, name: str, data: bytes, options: dict[str, int], text: str) -> None:
    with pytest.raises(atmqtt.InvalidArgumentError, match=text):
        modem.files().upload(name, data, **options)  # type: ignore[arg-type]


def test_acknowledged_uploads(modem: Modem) -> None:
    modem.files().upload("a", bytes(3000), ack=True, idle_timeout=5)
    assert modem.files().size("a") == 3000


def test_a_tls_context(modem: Modem, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(CERTIFICATE)
    context = modem.tls(2)
    assert context.index == 2
    settings = context.config()
    sources: list[PemSource] = [path, str(path), CERTIFICATE.encode(), CERTIFICATE]
    for ca in sources:
        context.configure(
            ca,
            version=atmqtt.TlsVersion.ANY,
            cipher_suite=0xC02F,
            sni=False,
            clock=atmqtt.Clock.SET_AND_CHECK,
            negotiate_timeout=100,
        )
        settings = context.config()
        assert settings.version is atmqtt.TlsVersion.ANY
        assert settings.cipher_suite == 0xC02F
        assert settings.verification is atmqtt.TlsVerification.SERVER
        assert settings.sni is False
        assert settings.ignore_clock is False
        assert settings.negotiate_timeout == 100
        assert settings.ca
        assert modem.files().download(settings.ca).decode() == CERTIFICATE
        now = datetime.now(timezone.utc)
        assert abs(modem.network().clock() - now) < timedelta(minutes=5)
    context.configure(atmqtt.OnModule(settings.ca or ""))
    assert context.config().version is atmqtt.TlsVersion.V1_2
    context.configure(insecure=True, clock="ignore")
    assert context.config().verification is atmqtt.TlsVerification.NOTHING


KEY = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("key", [KEY, KEY.encode(), "  \n" + KEY])
def test_a_client_certificate(modem: Modem, key: str | bytes) -> None:
    context = modem.tls(0)
    context.configure(
        CERTIFICATE, client_certificate=CERTIFICATE.encode(), private_key=key, clock="ignore"
    )
    settings = context.config()
    assert settings.verification is atmqtt.TlsVerification.SERVER_AND_CLIENT
    assert settings.private_key
    assert settings.client_certificate


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValueError, "ca is None; it must be the certificate of a CA, or insecure=True given"),
        ({"ca": CERTIFICATE, "insecure": True}, ValueError, "insecure is True; it must be False"),
        ({"ca": 5}, TypeError, r"ca must be a path, PEM text as bytes, or OnModule\(name\)"),
        ({"ca": b"no PEM"}, ValueError, "PEM"),
        ({"ca": "/no/such/file.pem"}, ValueError, "/no/such/file.pem"),
        ({"ca": CERTIFICATE, "private_key": KEY}, TypeError, "go together"),
        ({"ca": CERTIFICATE, "client_certificate": CERTIFICATE}, TypeError, "go together"),
        ({"ca": CERTIFICATE, "key_password": "x"}, ValueError, "key_password"),
        ({"ca": CERTIFICATE, "version": 5}, ValueError, "version is 5; it must be 0..=4"),
        ({"ca": CERTIFICATE, "clock": "no"}, ValueError, "clock is 'no'; it must be one of 'check'"),
        ({"ca": CERTIFICATE, "negotiate_timeout": 9}, ValueError, "negotiate_timeout is 9"),
        ({"ca": CERTIFICATE, "cipher_suite": 0x10000}, ValueError, "cipher_suite is 65536"),
    ],
)
def test_wrong_tls(
    modem: Modem, arguments: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        modem.tls(0).configure(**arguments)  # type: ignore[arg-type]


def test_what_was_uploaded_can_be_deleted(modem: Modem) -> None:
    files = modem.files()
    files.upload("mine.pem", CERTIFICATE)
    context = modem.tls(2)
    own = CERTIFICATE.replace("MIIB", "MIIC")
    config = TlsConfig(CERTIFICATE, client_certificate=own, private_key=KEY)
    context.configure(CERTIFICATE, client_certificate=own, private_key=KEY, clock="ignore")
    settings = context.config()
    assert len(files.list("atmqtt-*")) == 3
    # Without what is on the module by other means, and what another context names.
    assert context.delete_files(TlsConfig(atmqtt.OnModule("mine.pem"))) == []
    assert modem.tls(3).delete_files(config) == []
    assert context.delete_files(config, timeout=30) == [
        settings.private_key,
        settings.client_certificate,
        settings.ca,
    ]
    assert [one.name for one in files.list()] == ["mine.pem"]
    assert context.delete_files(config) == []


def test_a_file_that_cannot_be_deleted(emulator: Emulator, modem: Modem) -> None:
    context = modem.tls(2)
    context.configure(CERTIFICATE, clock="ignore")
    emulator.inject_fault("cme:code=407,at=QFDEL")
    with pytest.raises(atmqtt.CmeError, match="atmqtt-ca-") as caught:
        context.delete_files(TlsConfig(CERTIFICATE))
    assert caught.value.code == 407
    assert len(modem.files().list("atmqtt-*")) == 1


@pytest.mark.parametrize(
    ("config", "error", "text"),
    [
        (TlsConfig(), atmqtt.InvalidArgumentError, "ca is None"),
        (TlsConfig(b"no PEM"), atmqtt.InvalidArgumentError, "PEM"),
        (TlsConfig("/no/such/file.pem"), atmqtt.InvalidArgumentError, "/no/such/file.pem"),
        (TlsConfig(CERTIFICATE, private_key=KEY), TypeError, "go together"),
        (CERTIFICATE, TypeError, "config must be a TlsConfig, not str"),
    ],
)
def test_wrong_configurations_delete_nothing(
    modem: Modem, config: TlsConfig, error: type[Exception], text: str
) -> None:
    context = modem.tls(2)
    context.configure(CERTIFICATE, clock="ignore")
    with pytest.raises(error, match=text):
        context.delete_files(config)
    assert len(modem.files().list("atmqtt-*")) == 1


def test_a_key_is_shown_nowhere(modem: Modem) -> None:
    with pytest.raises(atmqtt.Error) as caught:
        modem.tls(0).configure(
            CERTIFICATE, client_certificate=CERTIFICATE, private_key=KEY.replace("KEY", "DIARY")
        )
    assert "c2VjcmV0" not in str(caught.value)


def test_the_network(modem: Modem) -> None:
    network = modem.network()
    registration = network.registration()
    assert registration.is_registered
    assert registration.eps is not None
    assert registration.eps.status is RegistrationStatus.HOME
    assert registration.eps.status.is_registered
    operator = network.operator()
    assert (operator.name, operator.technology) == ("EMULATED", atmqtt.AccessTechnology.LTE)
    sim = network.sim()
    assert sim.is_ready
    assert sim.text == "the SIM is ready"
    assert network.signal() == modem.signal()
    assert modem.signal().rssi_dbm == -57


def test_packet_data(modem: Modem) -> None:
    network = modem.network()
    apn = Apn("internet", IpType.V4V6, "user", "s3cret", Authentication.CHAP)
    network.set_apn(2, apn)
    assert network.apn(2) == apn
    assert "s3cret" not in repr(network.apn(2))
    network.set_apn(2, "other")
    assert network.apn(2) == Apn("other")
    assert network.address(2) is None
    network.activate(2)
    address = network.address(2)
    assert address is not None
    assert isinstance(address.v4, IPv4Address)
    network.deactivate(2)
    assert network.address(2) is None
    with pytest.raises(TypeError, match="apn must be an Apn or a str"):
        network.set_apn(2, 5)  # type: ignore[arg-type]


def test_waiting_until_ready(emulator: Emulator, modem: Modem) -> None:
    told: list[atmqtt.Readiness] = []
    network = modem.network()
    network.deactivate(1)
    address = network.wait_ready(progress=told.append)
    assert told == [atmqtt.Activating(), atmqtt.Ready(address)]
    emulator.inject_fault("registration:code=2")
    modem.command("AT")
    told.clear()
    with pytest.raises(atmqtt.TimedOutError, match="not registered"):
        network.wait_ready(1, 0, told.append)
    [registration] = told
    assert isinstance(registration, atmqtt.Registration)
    assert registration.eps is not None
    assert registration.eps.status is RegistrationStatus.SEARCHING


def test_the_port_of_the_urcs(modem: Modem) -> None:
    network = modem.network()
    assert network.urc_port() is UrcPort.USB_AT
    network.set_urc_port(UrcPort.ALL)
    assert network.urc_port() is UrcPort.ALL
    network.set_urc_port("usbat")
    assert network.urc_port() is UrcPort.USB_AT


def test_the_clock(modem: Modem) -> None:
    network = modem.network()
    time = datetime(2030, 2, 28, 23, 59, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    network.set_clock(time)
    clock = network.clock()
    assert clock.utcoffset() == timedelta(hours=-3, minutes=-30)
    assert timedelta(0) <= clock - time < timedelta(minutes=1)
    network.set_clock()
    assert abs(network.clock() - datetime.now(timezone.utc)) < timedelta(minutes=5)
    with pytest.raises(atmqtt.InvalidArgumentError, match="with a time zone"):
        network.set_clock(datetime(2030, 1, 1))
    with pytest.raises(atmqtt.InvalidArgumentError, match="quarters of an hour"):
        network.set_clock(datetime(2030, 1, 1, tzinfo=timezone(timedelta(minutes=10))))
    with pytest.raises(atmqtt.InvalidArgumentError, match="year is 1960"):
        network.set_clock(datetime(1960, 1, 1, tzinfo=timezone.utc))
    with pytest.raises(TypeError, match="time must be a datetime"):
        network.set_clock("now")  # type: ignore[arg-type]


def test_other_commands(emulator: Emulator, modem: Modem) -> None:
    assert modem.port_name == emulator.port
    assert repr(modem) == f'<atmqtt.Modem "{emulator.port}">'
    info = modem.info()
    assert (info.manufacturer, info.model) == ("Quectel", "EC200A")
    assert len(info.imei) == 15
    assert modem.command("AT+CSQ") == ["+CSQ: 28,99"]
    assert modem.command_with_data('AT+QFUPL="x",3', b"abc")[0].startswith("+QFUPL: 3")
    with pytest.raises(atmqtt.ModuleError):
        modem.command("AT+NONSENSE")
