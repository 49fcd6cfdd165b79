//! Files, TLS and the network of the emulated module.

use std::time::Duration;

use atmqtt::{
    Apn, Certificate, ErrorKind, Modem, PrivateKey, QoS, Readiness, TlsConfig, TlsVerification,
    TlsVersion, UploadOptions, UrcPort,
};

use atmqtt_emulator::runtime::Emulator;

use crate::common::{Bench, kind, next};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nS0VZ\n-----END PRIVATE KEY-----\n";

#[test]
fn files_there_and_back() {
    let bench = Bench::new();
    let files = bench.modem.files();
    let mut data = b"\r\nOK\r\n+QMTSTAT: 0,1\r\nCONNECT 9\r\n\0".to_vec();
    data.extend((0..5000_u32).map(|n| (n % 251) as u8));
    for ack in [false, true] {
        let options = UploadOptions::new().ack(ack);
        files.upload_with("data.bin", &data, options).unwrap();
        assert_eq!(files.size("UFS:data.bin").unwrap(), Some(data.len() as u64));
        assert_eq!(files.download("data.bin").unwrap(), data);
    }
    assert!(!files.ensure("data.bin", &data).unwrap());
    data.push(0);
    assert!(files.ensure("data.bin", &data).unwrap());
    assert_eq!(files.list("*").unwrap().len(), 1);
    let space = files.space().unwrap();
    assert!(space.free < space.total);
    files.delete("data.bin").unwrap();
    assert_eq!(files.delete("data.bin").unwrap_err().code(), Some(405));
    assert_eq!(files.list("*").unwrap(), []);
    let too_large = vec![0; usize::try_from(space.total).unwrap() + 1];
    assert_eq!(kind(files.upload("big", &too_large)), ErrorKind::CmeError);
    assert_eq!(files.size("big").unwrap(), None);
}

#[test]
fn a_context_is_as_it_was_configured() {
    let bench = Bench::new();
    let network = bench.modem.network();
    network
        .set_clock(&std::time::SystemTime::now().into())
        .unwrap();
    let tls = bench.modem.tls(2).unwrap();
    let config = TlsConfig::new(Certificate::pem(CERTIFICATE))
        .client_certificate(Certificate::pem(CERTIFICATE), PrivateKey::pem(KEY))
        .cipher_suite(0xC02F)
        .negotiate_timeout(30);
    tls.configure(&config).unwrap();
    let settings = tls.config().unwrap();
    assert_eq!(settings.version, Some(TlsVersion::V1_2));
    assert_eq!(settings.cipher_suite, Some(0xC02F));
    assert_eq!(
        settings.verification,
        Some(TlsVerification::ServerAndClient)
    );
    assert_eq!(settings.ignore_clock, Some(false));
    assert_eq!(settings.negotiate_timeout, Some(30));
    assert_eq!(settings.sni, Some(true));
    let files = bench.modem.files();
    for (name, text) in [
        (settings.ca, CERTIFICATE),
        (settings.client_certificate, CERTIFICATE),
        (settings.private_key, KEY),
    ] {
        assert_eq!(files.download(&name.unwrap()).unwrap(), text.as_bytes());
    }
}

#[test]
fn a_key_is_deleted_again_and_a_certificate_that_another_context_needs_is_not() {
    let bench = Bench::new();
    let network = bench.modem.network();
    network
        .set_clock(&std::time::SystemTime::now().into())
        .unwrap();
    let ca = || Certificate::pem(CERTIFICATE);
    let mutual = TlsConfig::new(ca()).client_certificate(ca(), PrivateKey::pem(KEY));
    let tls = bench.modem.tls(2).unwrap();
    tls.configure(&mutual).unwrap();
    bench
        .modem
        .tls(3)
        .unwrap()
        .configure(&TlsConfig::new(ca()))
        .unwrap();
    let settings = tls.config().unwrap();
    let deleted = tls.delete_files(&mutual).unwrap();
    assert_eq!(
        deleted,
        [
            settings.private_key.unwrap(),
            settings.client_certificate.unwrap()
        ]
    );
    let left = bench.modem.files().list("*").unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(Some(&left[0].name), settings.ca.as_ref());
    // What is missing is put there again.
    tls.configure(&mutual).unwrap();
    assert_eq!(bench.modem.files().list("atmqtt-*").unwrap().len(), 3);
}

#[test]
fn ready_for_mqtt() {
    let bench = Bench::new();
    let network = bench.modem.network();
    network.set_apn(1, &Apn::new("internet")).unwrap();
    assert_eq!(network.apn(1).unwrap().name, "internet");
    let mut last = None;
    let address = network
        .wait_ready(1, Duration::from_secs(30), |state| {
            last = Some(state.clone())
        })
        .unwrap();
    assert_eq!(last, Some(Readiness::Ready(address)));
    assert!(address.v4.is_some());
    network.activate(1).unwrap();
    assert!(network.registration().unwrap().is_registered());
    assert!(network.operator().unwrap().name.is_some());
    network.deactivate(1).unwrap();
    assert_eq!(network.address(1).unwrap(), None);
    let port = network.urc_port().unwrap();
    network.set_urc_port(&port).unwrap();
    assert_ne!(port, UrcPort::Other(String::new()));
}

#[test]
fn a_message_let_through_a_transfer_is_read_all_the_same() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let messages = client.messages().unwrap();
    client.subscribe(&[("t", QoS::AtMostOnce)]).unwrap();
    bench.fault("urc-in-file:at=QMTRECV");
    let data: Vec<u8> = (0..8000_u32).map(|n| (n % 253) as u8).collect();
    let mut told = false;
    let publish = |done, _| {
        if done > 0 && !std::mem::replace(&mut told, true) {
            bench
                .emulator
                .publish("t", b"\r\nOK\r\n", 0, false)
                .unwrap();
        }
    };
    let options = UploadOptions::new().ack(true).progress(publish);
    bench
        .modem
        .files()
        .upload_with("data.bin", &data, options)
        .unwrap();
    assert_eq!(next(&messages).payload(), b"\r\nOK\r\n");
    assert_eq!(bench.modem.files().download("data.bin").unwrap(), data);
}

#[test]
fn a_caller_that_leaves_an_upload_is_told_after_how_long() {
    let emulator = Emulator::builder().baud(9600).start().unwrap();
    let modem = Modem::open(emulator.path()).unwrap();
    let hasty = modem.with_timeout(Duration::from_millis(200));
    let options = UploadOptions::new().progress(|_, _| ());
    let error = hasty
        .files()
        .upload_with("a.bin", &[b'x'; 4000], options)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unconfirmed);
    assert!(error.to_string().contains("200ms"), "{error}");
}
