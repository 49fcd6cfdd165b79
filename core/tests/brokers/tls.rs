//! TLS: who is let in, who is not, and what is said about it.

use std::fs;
use std::time::SystemTime;

use atmqtt::{
    Certificate, Client, ClientConfig, Clock, Connect, DateTime, Error, ErrorKind, FileInfo,
    PrivateKey, QoS, State, TlsConfig, TlsVersion, Transport,
};

use crate::bench::{Bench, failed, next, sent};
use crate::mosquitto::Mosquitto;
use crate::pki::{Authority, Identity, LONG, broker, openssl};

/// A server of this authority is checked, by the clock of this computer.
fn checks(ca: &Authority) -> TlsConfig {
    TlsConfig::new(Certificate::pem(ca.certificate.as_str())).clock(Clock::SetAndCheck)
}

fn shows(config: TlsConfig, own: &Identity) -> TlsConfig {
    config.client_certificate(
        Certificate::pem(own.certificate.as_str()),
        PrivateKey::pem(own.key.as_str()),
    )
}

/// A client that is opened with SSL context 2 of this configuration.
fn open(bench: &Bench, config: &TlsConfig, broker: &Mosquitto) -> (Client, Result<(), Error>) {
    bench.modem.tls(2).unwrap().configure(config).unwrap();
    let client = bench.client(0, &ClientConfig::new().tls(2));
    let opened = client.open("localhost", broker.port());
    (client, opened)
}

/// A message goes there and back.
fn speaks(client: &Client) {
    client.connect(&Connect::new("module")).unwrap();
    let messages = client.messages().unwrap();
    client.subscribe(&[("echo", QoS::ExactlyOnce)]).unwrap();
    let payload: Vec<u8> = (0..1500).map(|n| (n % 251) as u8).collect();
    client
        .publish("echo", &payload, QoS::ExactlyOnce, false)
        .unwrap();
    assert_eq!(next(&messages).payload(), payload);
    client.disconnect().unwrap();
}

#[track_caller]
fn accepted(bench: &Bench, config: &TlsConfig, broker: &Mosquitto) {
    let (client, opened) = open(bench, config, broker);
    opened.unwrap();
    speaks(&client);
}

#[track_caller]
fn refused(bench: &Bench, config: &TlsConfig, broker: &Mosquitto) {
    let (client, opened) = open(bench, config, broker);
    let error = failed(opened, ErrorKind::OperationFailed, &[-1], &client);
    assert_eq!(error.command(), Some("AT+QMTOPEN"));
    assert!(error.detail().contains("TLS"), "{error}");
}

#[test]
fn a_server_that_is_checked() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let broker = broker(&ca.server("localhost", LONG), None);
    let bench = Bench::new();
    refused(&bench, &checks(&other), &broker);
    accepted(&bench, &checks(&ca), &broker);
    accepted(&bench, &checks(&ca).version(TlsVersion::Any), &broker);
    // The key of the server is of an elliptic curve.
    accepted(&bench, &checks(&ca).cipher_suite(0xC02B), &broker);
    refused(&bench, &checks(&ca).cipher_suite(0xC02F), &broker);
    let both = Certificate::pem(other.certificate + &ca.certificate);
    let config = TlsConfig::new(both).clock(Clock::SetAndCheck);
    accepted(&bench, &config, &broker);
}

#[test]
fn a_server_that_is_not_checked() {
    let broker = broker(&Authority::new("any").server("any", (2010, 2012)), None);
    accepted(&Bench::new(), &TlsConfig::insecure(), &broker);
}

#[test]
fn a_server_without_tls() {
    let broker = Mosquitto::open();
    let bench = Bench::new();
    let (client, opened) = open(&bench, &TlsConfig::insecure(), &broker);
    // It hangs up on what is no MQTT.
    failed(opened, ErrorKind::OperationFailed, &[5], &client);
    client
        .configure(&ClientConfig::new().transport(Transport::Tcp))
        .unwrap();
    client.open("localhost", broker.port()).unwrap();
    speaks(&client);
}

#[test]
fn a_client_without_tls() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", LONG), None);
    let bench = Bench::new();
    let client = bench.client(0, &ClientConfig::new());
    client.open("localhost", broker.port()).unwrap();
    let result = client.connect(&Connect::new("module"));
    let error = result.expect_err("an error");
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    assert_eq!(client.state(), State::Closed);
}

#[test]
fn certificates_of_both() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let broker = broker(&ca.server("localhost", LONG), Some(&ca));
    let bench = Bench::new();
    refused(&bench, &checks(&ca), &broker);
    refused(&bench, &TlsConfig::insecure(), &broker);
    refused(&bench, &shows(checks(&ca), &other.client("x")), &broker);
    let mixed = Identity {
        key: ca.client("another").key,
        ..ca.client("module")
    };
    refused(&bench, &shows(checks(&ca), &mixed), &broker);
    let own = ca.client("the pump");
    refused(&bench, &shows(checks(&other), &own), &broker);
    accepted(&bench, &shows(checks(&ca), &own), &broker);
    broker.wait_log("u'the pump'");
}

#[test]
fn keys_of_every_form() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", LONG), Some(&ca));
    let bench = Bench::new();
    for own in [ca.client("elliptic"), ca.rsa_client("rsa")] {
        accepted(&bench, &shows(checks(&ca), &own), &broker);
        // PKCS#1 and SEC1.
        let traditional = openssl(&["pkey", "-traditional"], &own.key);
        assert_ne!(traditional, own.key);
        let own = Identity {
            key: traditional,
            ..own
        };
        accepted(&bench, &shows(checks(&ca), &own), &broker);
    }
}

#[test]
fn keys_with_passwords() {
    const PASSWORD: &str = "hunter2, of the key";
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", LONG), Some(&ca));
    let bench = Bench::new();
    let encrypt = |arguments: &[&str], own: &Identity| Identity {
        certificate: own.certificate.clone(),
        key: openssl(
            &[arguments, &["-passout", &format!("pass:{PASSWORD}")]].concat(),
            &own.key,
        ),
    };
    for own in [ca.client("elliptic"), ca.rsa_client("rsa")] {
        for cipher in ["aes-256-cbc", "aes-128-cbc"] {
            let own = encrypt(&["pkcs8", "-topk8", "-v2", cipher], &own);
            assert!(own.key.contains("BEGIN ENCRYPTED PRIVATE KEY"));
            let config = shows(checks(&ca), &own);
            accepted(&bench, &config.clone().key_password(PASSWORD), &broker);
            refused(&bench, &config.clone().key_password("hunter3"), &broker);
            let error = bench.modem.tls(2).unwrap().configure(&config).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        // A password for a key that has none is one too many, and no harm.
        let config = shows(checks(&ca), &own).key_password(PASSWORD);
        accepted(&bench, &config, &broker);
        // Encrypted in the old way: the library sends it, the emulated module does not read it.
        let old = encrypt(&["pkey", "-traditional", "-aes-128-cbc"], &own);
        assert!(old.key.contains("Proc-Type: 4,ENCRYPTED"));
        let config = shows(checks(&ca), &old);
        refused(&bench, &config.clone().key_password(PASSWORD), &broker);
        let error = bench.modem.tls(2).unwrap().configure(&config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
}

#[test]
fn servers_with_rsa() {
    for ca in [Authority::new("elliptic"), Authority::rsa("rsa")] {
        let broker = broker(&ca.rsa_server("localhost"), None);
        let bench = Bench::new();
        accepted(&bench, &checks(&ca), &broker);
        accepted(&bench, &checks(&ca).cipher_suite(0xC02F), &broker);
        refused(&bench, &checks(&ca).cipher_suite(0xC02B), &broker);
        refused(&bench, &checks(&Authority::rsa("other")), &broker);
    }
}

/// The module knows the root alone; both sides show their certificates with those in between.
#[test]
fn chains() {
    let root = Authority::rsa("root");
    let (servers, clients) = (root.intermediate("servers"), root.intermediate("clients"));
    let deeper = servers.intermediate("deeper");
    let own = clients.client("the pump");
    let broker = broker(&servers.server("localhost", LONG), Some(&root));
    let bench = Bench::new();
    accepted(&bench, &shows(checks(&root), &own), &broker);
    broker.wait_log("u'the pump'");
    // Any link of the chain will do, but not another branch.
    accepted(&bench, &shows(checks(&servers), &own), &broker);
    refused(&bench, &shows(checks(&clients), &own), &broker);
    // Without what is between, neither finds the other.
    let (leaf, _) = own.certificate.split_once("-----END").unwrap();
    let alone = Identity {
        certificate: format!("{leaf}-----END CERTIFICATE-----\n"),
        key: own.key.clone(),
    };
    refused(&bench, &shows(checks(&root), &alone), &broker);
    // One without its own issuer in what it shows.
    let broker = crate::pki::broker(&deeper.server("localhost", LONG), None);
    refused(&bench, &checks(&root), &broker);
    accepted(&bench, &checks(&deeper), &broker);
}

#[test]
fn names() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("broker.test", LONG), None);
    let bench = Bench::new();
    refused(&bench, &checks(&ca), &broker);
    // A module that names nobody compares no name.
    accepted(&bench, &checks(&ca).sni(false), &broker);
}

fn new_year(year: u16) -> DateTime {
    let mut time = DateTime::from(SystemTime::UNIX_EPOCH);
    time.year = year;
    time
}

#[test]
fn an_expired_certificate() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", (2010, 2012)), None);
    let bench = Bench::new();
    let network = bench.modem.network();
    network.set_clock(&new_year(2025)).unwrap();
    refused(&bench, &checks(&ca).clock(Clock::Check), &broker);
    assert_eq!(network.clock().unwrap().year, 2025);
    refused(&bench, &checks(&ca).clock(Clock::SetAndCheck), &broker);
    accepted(&bench, &checks(&ca).clock(Clock::Ignore), &broker);
    // Whose it is still matters.
    let other = Authority::new("other");
    refused(&bench, &checks(&other).clock(Clock::Ignore), &broker);
}

/// It is the clock of the module that counts, not that of this computer.
#[test]
fn the_clock_of_the_module() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", (2060, 2065)), None);
    let bench = Bench::new();
    let network = bench.modem.network();
    let config = checks(&ca).clock(Clock::Check);
    network.set_clock(&new_year(2062)).unwrap();
    accepted(&bench, &config, &broker);
    network.set_clock(&new_year(2059)).unwrap();
    refused(&bench, &config, &broker);
    network.set_clock(&new_year(1980)).unwrap();
    let error = bench.modem.tls(2).unwrap().configure(&config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState, "{error}");
    refused(&bench, &config.clone().clock(Clock::SetAndCheck), &broker);
    accepted(&bench, &config.clock(Clock::Ignore), &broker);
}

#[test]
fn a_clock_that_was_never_set() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", LONG), None);
    let bench = Bench::new();
    bench.modem.network().set_clock(&new_year(1980)).unwrap();
    accepted(&bench, &checks(&ca), &broker);
}

#[test]
fn certificates_from_everywhere() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", LONG), Some(&ca));
    let own = ca.client("module");
    let with = |ca, own, key| {
        let config = TlsConfig::new(ca).client_certificate(own, key);
        config.clock(Clock::SetAndCheck)
    };
    accepted(&Bench::new(), &shows(checks(&ca), &own), &broker);

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let of_this_computer = with(
        Certificate::file(file("ca.pem", &ca.certificate)),
        Certificate::file(file("own.pem", &own.certificate)),
        PrivateKey::file(file("own.key", &own.key)),
    );
    accepted(&Bench::new(), &of_this_computer, &broker);

    let bench = Bench::new();
    let files = bench.modem.files();
    for (name, text) in [
        ("ca.pem", &ca.certificate),
        ("own.pem", &own.certificate),
        ("own.key", &own.key),
    ] {
        files.upload(name, text.as_bytes()).unwrap();
    }
    let on_module = with(
        Certificate::on_module("ca.pem"),
        Certificate::on_module("UFS:own.pem"),
        PrivateKey::on_module("own.key"),
    );
    accepted(&bench, &on_module, &broker);
    assert_eq!(files.list("*").unwrap().len(), 3);
    files.delete("own.key").unwrap();
    refused(&bench, &on_module, &broker);
}

/// How often the module was told to take a file.
fn uploads(sent: &[u8]) -> usize {
    let command = b"AT+QFUPL=";
    let windows = sent.windows(command.len());
    windows.filter(|window| window == command).count()
}

#[test]
fn nothing_is_uploaded_twice() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server("localhost", LONG), Some(&ca));
    let config = shows(checks(&ca), &ca.client("module"));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let listed = |bench: &Bench| -> Vec<FileInfo> {
        let mut files = bench.modem.files().list("*").unwrap();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    };

    let bench = Bench::with(|builder| builder.files(path("files")).trace(path("first")));
    accepted(&bench, &config, &broker);
    let files = listed(&bench);
    assert_eq!(files.len(), 3);
    accepted(&bench, &config, &broker);
    assert_eq!(listed(&bench), files);
    // Another context, the same files.
    bench.modem.tls(5).unwrap().configure(&config).unwrap();
    bench.end();
    assert_eq!(uploads(&sent(&path("first"))), 3);

    // The module has been switched off and on: it has its files and no settings.
    let bench = Bench::with(|builder| builder.files(path("files")).trace(path("second")));
    assert_eq!(
        bench.modem.tls(2).unwrap().config().unwrap().ca,
        Some(String::new())
    );
    accepted(&bench, &config, &broker);
    assert_eq!(listed(&bench), files);
    bench.end();
    assert_eq!(uploads(&sent(&path("second"))), 0);
}

#[test]
fn contexts_of_their_own() {
    let authorities = [Authority::new("one"), Authority::new("two")];
    let brokers = authorities
        .each_ref()
        .map(|ca| broker(&ca.server("localhost", LONG), None));
    let bench = Bench::new();
    for (context, ca) in (0..).zip(&authorities) {
        bench
            .modem
            .tls(context)
            .unwrap()
            .configure(&checks(ca))
            .unwrap();
    }
    let clients = [0, 1].map(|n| bench.client(n, &ClientConfig::new().tls(n)));
    for (client, wrong) in clients.iter().zip(brokers.iter().rev()) {
        let opened = client.open("localhost", wrong.port());
        failed(opened, ErrorKind::OperationFailed, &[-1], client);
    }
    for (client, right) in clients.iter().zip(&brokers) {
        client.open("localhost", right.port()).unwrap();
    }
    clients.iter().for_each(speaks);
}
