//! `modem.tls(ctx)`.

use atmqtt::{
    AliAuth, Apn, Authentication, Certificate, ClientConfig, Clock, ErrorKind, HwAuth, HwProduct,
    OneNet, PrivateKey, TlsConfig, TlsVerification, TlsVersion,
};

use crate::peer::{Peer, answer, capture, captured, cme, kind, say};

const CA: &str = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n";
const OWN: &str = "-----BEGIN CERTIFICATE-----\nT1dO\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nhunter2-key\n-----END PRIVATE KEY-----\n";

fn mutual() -> TlsConfig {
    TlsConfig::new(Certificate::pem(CA))
        .client_certificate(Certificate::pem(OWN), PrivateKey::pem(KEY))
}

fn named(peer: &Peer, tag: &str) -> String {
    let flash = peer.flash.lock().unwrap();
    let start = format!("atmqtt-{tag}-");
    flash
        .keys()
        .find(|name| name.starts_with(&start))
        .unwrap()
        .clone()
}

#[test]
fn files_first_then_every_setting() {
    let peer = Peer::plain();
    let config = mutual()
        .key_password("hunter2-password")
        .negotiate_timeout(45);
    peer.modem.tls(2).unwrap().configure(&config).unwrap();
    let (ca, own, key) = (
        named(&peer, "ca"),
        named(&peer, "cert"),
        named(&peer, "key"),
    );
    let lines = peer.lines();
    assert_eq!(lines[0], "AT+CCLK?");
    let settings: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("AT+QSSLCFG"))
        .collect();
    assert_eq!(
        &lines[lines.len() - settings.len()..]
            .iter()
            .collect::<Vec<_>>(),
        &settings
    );
    assert_eq!(
        settings,
        [
            "AT+QSSLCFG=\"seclevel\",2,2",
            "AT+QSSLCFG=\"sslversion\",2,3",
            "AT+QSSLCFG=\"ciphersuite\",2,0xFFFF",
            &format!("AT+QSSLCFG=\"cacert\",2,\"UFS:{ca}\""),
            &format!("AT+QSSLCFG=\"clientcert\",2,\"UFS:{own}\""),
            &format!("AT+QSSLCFG=\"clientkey\",2,\"UFS:{key}\",\"hunter2-password\""),
            "AT+QSSLCFG=\"ignorelocaltime\",2,0",
            "AT+QSSLCFG=\"negotiatetime\",2,45",
            "AT+QSSLCFG=\"sni\",2,1",
        ]
    );
    assert_eq!(peer.has(&ca).unwrap(), CA.as_bytes());
    assert_eq!(peer.has(&key).unwrap(), KEY.as_bytes());
    peer.modem.tls(2).unwrap().configure(&config).unwrap();
    assert!(
        !peer.lines().iter().any(|line| line.starts_with("AT+QFUPL")),
        "nothing is new"
    );
}

#[test]
fn another_certificate_is_another_file() {
    let peer = Peer::plain();
    let tls = peer.modem.tls(0).unwrap();
    tls.configure(&TlsConfig::new(Certificate::pem(CA)))
        .unwrap();
    let first = named(&peer, "ca");
    peer.put(&first, b"a part of it");
    tls.configure(&TlsConfig::new(Certificate::pem(CA)))
        .unwrap();
    assert_eq!(
        peer.has(&first).unwrap(),
        CA.as_bytes(),
        "what differs is written again"
    );
    tls.configure(&TlsConfig::new(Certificate::pem(OWN)))
        .unwrap();
    assert_eq!(peer.flash.lock().unwrap().len(), 2);
    peer.lines();
    tls.configure(&TlsConfig::new(Certificate::on_module("UFS:mine.pem")))
        .unwrap();
    let lines = peer.lines();
    assert!(
        lines.contains(&"AT+QSSLCFG=\"cacert\",0,\"UFS:mine.pem\"".to_owned()),
        "{lines:?}"
    );
    assert!(
        !lines.iter().any(|line| line.starts_with("AT+QF")),
        "{lines:?}"
    );
}

#[test]
fn what_was_uploaded_can_be_deleted() {
    let peer = Peer::plain();
    let tls = peer.modem.tls(2).unwrap();
    tls.configure(&mutual()).unwrap();
    let (ca, own, key) = (
        named(&peer, "ca"),
        named(&peer, "cert"),
        named(&peer, "key"),
    );
    peer.put("mine.pem", b"not the library's");
    // Without what is on the module by other means.
    let other = TlsConfig::new(Certificate::on_module("mine.pem"));
    assert_eq!(tls.delete_files(&other).unwrap(), [""; 0]);
    assert_eq!(tls.delete_files(&mutual()).unwrap(), [key, own, ca]);
    let left: Vec<_> = peer.flash.lock().unwrap().keys().cloned().collect();
    assert_eq!(left, ["mine.pem"]);
    // Again: there is nothing any more.
    assert_eq!(tls.delete_files(&mutual()).unwrap(), [""; 0]);
    peer.sent();
    let wrong = TlsConfig::new(Certificate::pem("hello"));
    assert_eq!(kind(tls.delete_files(&wrong)), ErrorKind::InvalidArgument);
    assert_eq!(peer.sent(), b"");
}

#[test]
fn a_file_that_cannot_be_deleted_is_an_error() {
    let peer = Peer::start(|line| {
        line.starts_with("AT+QFDEL=\"atmqtt-key-")
            .then(|| cme("407"))
            .flatten()
    });
    let tls = peer.modem.tls(0).unwrap();
    tls.configure(&mutual()).unwrap();
    let error = tls.delete_files(&mutual()).unwrap_err();
    assert_eq!(error.code(), Some(407), "{error}");
    assert!(error.to_string().contains("atmqtt-key-"), "{error}");
    assert_eq!(peer.flash.lock().unwrap().len(), 3);
}

#[test]
fn certificates_from_files_of_this_computer() {
    let peer = Peer::plain();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, CA).unwrap();
    let tls = peer.modem.tls(1).unwrap();
    tls.configure(&TlsConfig::new(Certificate::file(&path)))
        .unwrap();
    assert_eq!(peer.has(&named(&peer, "ca")).unwrap(), CA.as_bytes());
    peer.sent();
    let missing = folder.path().join("none.pem");
    let error = tls
        .configure(&TlsConfig::new(Certificate::file(missing)))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("none.pem"), "{error}");
    assert_eq!(peer.sent(), b"");
}

#[test]
fn a_refused_setting_is_named() {
    let peer = Peer::start(|line| {
        line.starts_with("AT+QSSLCFG=\"cacert\"")
            .then(|| cme("3"))
            .flatten()
    });
    let error = peer.modem.tls(4).unwrap().configure(&mutual()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::CmeError, Some(3)));
    assert!(
        error
            .to_string()
            .contains("AT+QSSLCFG: cacert of SSL context 4"),
        "{error}"
    );
    let without_sni = || {
        Peer::start(|line| {
            line.starts_with("AT+QSSLCFG=\"sni\"")
                .then(|| say("\r\nERROR\r\n"))
                .flatten()
        })
    };
    let error = without_sni()
        .modem
        .tls(0)
        .unwrap()
        .configure(&mutual())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ModuleError);
    assert!(
        error.to_string().contains("sni of SSL context 0"),
        "{error}"
    );
    without_sni()
        .modem
        .tls(0)
        .unwrap()
        .configure(&mutual().sni(false))
        .unwrap();
}

#[test]
fn clocks_that_were_never_set() {
    let stopped = || {
        Peer::start(|line| {
            (line == "AT+CCLK?")
                .then(|| answer("+CCLK: \"80/01/06,00:00:22+00\""))
                .flatten()
        })
    };
    let peer = stopped();
    let error = peer.modem.tls(0).unwrap().configure(&mutual()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert!(error.to_string().contains("1980-01-06 00:00:22"), "{error}");
    assert_eq!(peer.lines(), ["AT+CCLK?"]);
    let peer = stopped();
    peer.modem
        .tls(0)
        .unwrap()
        .configure(&mutual().clock(Clock::SetAndCheck))
        .unwrap();
    assert!(peer.lines()[0].starts_with("AT+CCLK=\"2"));
    let peer = stopped();
    peer.modem
        .tls(0)
        .unwrap()
        .configure(&mutual().clock(Clock::Ignore))
        .unwrap();
    let lines = peer.lines();
    assert!(!lines.iter().any(|line| line.contains("CCLK")));
    assert!(lines.contains(&"AT+QSSLCFG=\"ignorelocaltime\",0,1".to_owned()));
}

#[test]
fn what_does_not_go_together_sends_nothing() {
    let peer = Peer::plain();
    let tls = peer.modem.tls(0).unwrap();
    let own = || Certificate::pem(OWN);
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for config in [
        TlsConfig::new(Certificate::pem(KEY)),
        TlsConfig::new(Certificate::pem("hello")),
        TlsConfig::new(Certificate::on_module("a\"b")),
        TlsConfig::new(own()).key_password("x"),
        TlsConfig::new(own()).client_certificate(own(), PrivateKey::pem(encrypted)),
        TlsConfig::insecure().client_certificate(own(), PrivateKey::pem(KEY)),
        mutual().key_password("hunter2\",0\r"),
        mutual().key_password("hunter2".repeat(20)),
        mutual().negotiate_timeout(9),
        mutual().negotiate_timeout(301),
    ] {
        let error = tls.configure(&config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert_eq!(kind(peer.modem.tls(6)), ErrorKind::InvalidArgument);
    assert_eq!(peer.sent(), b"");
}

#[test]
fn whatever_is_less_safe_than_the_defaults_is_warned_of() {
    capture();
    let peer = Peer::plain();
    let tls = peer.modem.tls(5).unwrap();
    let warned = || {
        let log = captured();
        let warnings = log
            .lines()
            .filter(|line| line.starts_with("WARN atmqtt::tls SSL context 5:"));
        warnings.map(str::to_owned).collect::<Vec<_>>()
    };
    tls.configure(&mutual()).unwrap();
    assert_eq!(warned(), [""; 0]);
    for (number, (config, about)) in [
        (TlsConfig::insecure(), "the server is NOT checked"),
        (mutual().version(TlsVersion::Any), "obsolete"),
        (mutual().clock(Clock::Ignore), "dates are NOT checked"),
        (mutual().sni(false), "no host name is sent"),
    ]
    .into_iter()
    .enumerate()
    {
        tls.configure(&config).unwrap();
        let warnings = warned();
        assert_eq!(warnings.len(), number + 1, "{warnings:?}");
        assert!(warnings[number].contains(about), "{warnings:?}");
    }
}

#[test]
fn what_the_module_says() {
    let peer = Peer::start(|line| {
        let name = line.strip_prefix("AT+QSSLCFG=\"")?.strip_suffix("\",3")?;
        let value = match name {
            "sslversion" => "3",
            "ciphersuite" => "0XC02F",
            "seclevel" => "2",
            "cacert" => "\"UFS:ca.pem\"",
            "clientcert" => "\"\"",
            "clientkey" => "\"UFS:key.pem\",\"hunter2-read\"",
            "ignorelocaltime" => "1",
            "negotiatetime" => "300",
            _ => return say("\r\nERROR\r\n"),
        };
        answer(&format!("+QSSLCFG: \"{name}\",3,{value}"))
    });
    capture();
    let settings = peer.modem.tls(3).unwrap().config().unwrap();
    assert_eq!(settings.version, Some(TlsVersion::V1_2));
    assert_eq!(settings.cipher_suite, Some(0xC02F));
    assert_eq!(
        settings.verification,
        Some(TlsVerification::ServerAndClient)
    );
    assert_eq!(settings.ca.as_deref(), Some("ca.pem"));
    assert_eq!(settings.client_certificate.as_deref(), Some(""));
    assert_eq!(settings.private_key.as_deref(), Some("key.pem"));
    assert_eq!(settings.ignore_clock, Some(true));
    assert_eq!(settings.negotiate_timeout, Some(300));
    assert_eq!(settings.sni, None);
}

#[test]
fn no_secret_is_ever_logged() {
    capture();
    let peer = Peer::start(|line| {
        if let Some(name) = line
            .strip_prefix("AT+QMTCFG=\"")
            .and_then(|rest| rest.strip_suffix("\",0"))
        {
            return match name {
                "aliauth" => answer("+QMTCFG: \"aliauth\",\"k\",\"n\",\"hunter2-ali\""),
                "onenet" => answer("+QMTCFG: \"onenet\",\"id\",\"hunter2-onenet\""),
                "hwauth" => answer("+QMTCFG: \"hwauth\",\"id\",\"hunter2-hw\",0"),
                "hwprodid" => answer("+QMTCFG: \"hwprodid\",\"id\",\"hunter2-prod\",\"node\""),
                _ => say("\r\nERROR\r\n"),
            };
        }
        match line {
            "AT+QICSGP=1" => answer("+QICSGP: 1,\"apn\",\"me\",\"hunter2-apn\",1"),
            line if line.starts_with("AT+QMTCFG=") || line.starts_with("AT+QICSGP=") => {
                say("\r\nOK\r\n")
            }
            _ => None,
        }
    });
    let config = mutual().key_password("hunter2-password");
    peer.modem.tls(0).unwrap().configure(&config).unwrap();
    // Read back, so in both directions.
    peer.modem.tls(0).unwrap().configure(&config).unwrap();
    let upload = format!("AT+QFUPL=\"x\",{}", KEY.len());
    peer.modem
        .command_with_data(&upload, KEY.as_bytes())
        .unwrap();
    let client = peer.modem.client(0).unwrap();
    let cloud = ClientConfig::new()
        .ali_auth(AliAuth {
            product_key: "k".into(),
            device_name: "n".into(),
            device_secret: "hunter2-ali".into(),
        })
        .one_net(OneNet {
            product_id: "id".into(),
            access_key: "hunter2-onenet".into(),
        })
        .hw_auth(HwAuth {
            product_id: "id".into(),
            device_secret: "hunter2-hw".into(),
            time_check: None,
        })
        .hw_product(HwProduct {
            product_id: "id".into(),
            product_secret: "hunter2-prod".into(),
            node_id: "node".into(),
            time_check: None,
        })
        .tls(0);
    client.configure(&cloud).unwrap();
    let read = client.config().unwrap();
    assert_eq!(
        read.one_net.as_ref().unwrap().access_key.reveal(),
        "hunter2-onenet"
    );
    let apn = Apn::new("apn").credentials("me", "hunter2-apn", Authentication::Pap);
    let network = peer.modem.network();
    network.set_apn(1, &apn).unwrap();
    assert_eq!(network.apn(1).unwrap(), apn);
    peer.modem
        .tls(1)
        .unwrap()
        .configure(&TlsConfig::insecure())
        .unwrap();

    let log = captured();
    for shown in [
        "AT+QSSLCFG=\"clientkey\",0,\"UFS:atmqtt-key-",
        "\"***\"",
        &format!("> ({} bytes of a file)", KEY.len()),
        &format!("< ({} bytes of a file)", KEY.len()),
        "WARN atmqtt::tls SSL context 1: the server is NOT checked",
        r#"< +QMTCFG: \"onenet\",\"id\",***"#,
    ] {
        assert!(log.contains(shown), "{shown} is not in\n{log}");
    }
    for text in [log, format!("{config:?} {cloud:?} {read:?} {apn:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
