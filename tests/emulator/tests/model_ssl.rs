//! `AT+QSSLCFG`, and what a client is opened with.

mod model;

use atmqtt_emulator::module::{Flash, Settings};
use atmqtt_emulator::packet::{Tls, ToBroker};
use atmqtt_emulator::profile::Profile;
use model::{Bench, OK, answer, bench, lines};

/// A module with these files, SSL context 2 for client 0.
fn with_files(files: &[(&str, &[u8])]) -> Bench {
    let flash = Flash::memory();
    for (name, bytes) in files {
        flash.write(name, bytes).unwrap();
    }
    let mut b = Bench::new(Settings {
        flash,
        ..Settings::default()
    });
    b.ok("AT+QMTCFG=\"ssl\",0,1,2");
    b
}

/// Opens client 0; what its connection is to use.
#[track_caller]
fn opened(b: &mut Bench) -> Tls {
    b.ok("AT+QMTOPEN=0,\"h\",8883");
    let tls = match b.sent().pop() {
        Some((0, ToBroker::Open { tls: Some(tls), .. })) => *tls,
        other => panic!("{other:?}"),
    };
    b.at("AT+QMTCLOSE=0");
    b.sent();
    tls
}

/// Opening client 0 fails before anything is sent.
#[track_caller]
fn fails(b: &mut Bench) {
    let out = b.at("AT+QMTOPEN=0,\"h\",8883");
    assert_eq!(out, lines(&["OK", "+QMTOPEN: 0,-1"]));
    assert_eq!(b.sent(), []);
    assert!(b.at("AT+QIGETERROR").contains("566"));
    // It can be opened again at once.
    assert_eq!(b.at("AT+QMTOPEN?"), OK);
}

#[test]
fn test_form() {
    let out = bench().at("AT+QSSLCFG=?");
    let (list, rest) = out.split_at(out.len() - OK.len());
    assert_eq!(rest, OK);
    let mut shown: Vec<&str> = list.trim().split("\r\n").collect();
    let ciphers = shown.remove(1);
    assert!(ciphers.starts_with("+QSSLCFG: \"ciphersuite\",(0-5),(0X0035,0X002F,"));
    assert!(ciphers.ends_with(",0XFFFF)"));
    assert_eq!(
        shown,
        [
            "+QSSLCFG: \"sslversion\",(0-5),(0-4)",
            "+QSSLCFG: \"seclevel\",(0-5),(0-2)",
            "+QSSLCFG: \"cacert\",(0-5),<cacertpath>",
            "+QSSLCFG: \"cacertex\",(0-5),<cacertpath>",
            "+QSSLCFG: \"clientcert\",(0-5),<client_cert_path>",
            "+QSSLCFG: \"clientkey\",(0-5),<client_key_path>[,<client_key_pwd>]",
            "+QSSLCFG: \"ignorelocaltime\",(0-5),(0,1)",
            "+QSSLCFG: \"negotiatetime\",(0-5),(10-300)",
            "+QSSLCFG: \"sni\",(0-5),(0,1)",
            "+QSSLCFG: \"checkhost\",(0-5),(0,1)",
            "+QSSLCFG: \"closetimemode\",(0-5),(0,1)",
            "+QSSLCFG: \"ignoremulticertchainverify\",(0-5),(0,1)",
            "+QSSLCFG: \"ignoreinvalidcertsign\",(0-5),(0,1)",
            "+QSSLCFG: \"session_cache\",(0-5),(0,1)",
            "+QSSLCFG: \"psk\",(0-5),<identity>,<key>",
            "+QSSLCFG: \"alpn\",(0-5),<alpn>",
            "+QSSLCFG: \"renegotiation\",(0-5),(0,1)",
            "+QSSLCFG: \"dtls\",(0-5),(0,1)",
            "+QSSLCFG: \"dtlsversion\",(0-5),(0,1)",
        ]
    );
}

#[test]
fn every_setting_is_set_and_queried() {
    for (name, default, set, shown, bad) in [
        ("sslversion", "4", "0", "0", "5"),
        ("ciphersuite", "0XFFFF", "0xc02f", "0XC02F", "0x1234"),
        ("ciphersuite", "0XFFFF", "0X0035", "0X0035", "\"0x0035\""),
        ("seclevel", "0", "2", "2", "3"),
        ("cacert", "\"\"", "\"UFS:a.pem\"", "\"UFS:a.pem\"", "a.pem"),
        ("cacertex", "\"\"", "\"a.pem\"", "\"a.pem\"", "1"),
        ("clientcert", "\"\"", "\"a.pem\"", "\"a.pem\"", "1"),
        ("clientkey", "\"\"", "\"a\",\"secret\"", "\"a\"", "\"a\",1"),
        ("ignorelocaltime", "1", "0", "0", "2"),
        ("negotiatetime", "300", "10", "10", "9"),
        ("negotiatetime", "300", "60", "60", "301"),
        ("sni", "0", "1", "1", "2"),
        ("checkhost", "0", "1", "1", "2"),
        ("closetimemode", "0", "1", "1", "2"),
        ("ignoremulticertchainverify", "0", "1", "1", "2"),
        ("ignoreinvalidcertsign", "0", "1", "1", "2"),
        ("session_cache", "0", "1", "1", "2"),
        (
            "psk",
            "\"\",\"\"",
            "\"me\",\"00\"",
            "\"me\",\"00\"",
            "\"me\"",
        ),
        ("alpn", "\"\"", "\"mqtt\"", "\"mqtt\"", "mqtt"),
        ("renegotiation", "0", "1", "1", "2"),
        ("dtls", "0", "1", "1", "2"),
        ("dtlsversion", "0", "1", "1", "2"),
    ] {
        let mut b = bench();
        let query = |b: &mut Bench, context: u8| b.at(&format!("AT+QSSLCFG=\"{name}\",{context}"));
        let line = |context: u8, value: &str| {
            answer(&[&format!("+QSSLCFG: \"{name}\",{context},{value}")])
        };
        assert_eq!(query(&mut b, 5), line(5, default));
        b.ok(&format!("AT+QSSLCFG=\"{}\",5,{set}", name.to_uppercase()));
        assert_eq!(query(&mut b, 5), line(5, shown));
        assert_eq!(query(&mut b, 4), line(4, default));
        for wrong in [
            format!("5,{bad}"),
            format!("6,{set}"),
            format!("5,{set},0,0"),
        ] {
            b.error(&format!("AT+QSSLCFG=\"{name}\",{wrong}"));
        }
        assert_eq!(query(&mut b, 5), line(5, shown));
        b.inject("reboot");
        b.wait(60);
        b.at("ATE0");
        assert_eq!(query(&mut b, 5), line(5, default), "lost at a restart");
    }
    let mut b = bench();
    b.error("AT+QSSLCFG=\"nothing\",0");
    b.error("AT+QSSLCFG=\"sni\"");
    b.ok("AT+QSSLSTATE?");
}

/// The bytes a module was seen to print, echo included.
#[test]
fn as_captured() {
    let mut b = bench();
    b.at("ATE1");
    for (sent, seen) in [
        ("AT+QSSLCFG=\"seclevel\",2,0", "\r\r\nOK\r\n"),
        ("AT+QSSLCFG=\"sslversion\",2,4", "\r\r\nOK\r\n"),
        ("AT+QSSLCFG=\"ciphersuite\",2,0xFFFF", "\r\r\nOK\r\n"),
        (
            "AT+QSSLCFG=\"seclevel\",2",
            "\r\r\n+QSSLCFG: \"seclevel\",2,0\r\n\r\nOK\r\n",
        ),
        ("AT+QSSLSTATE?", "\r\r\nOK\r\n"),
        ("AT+QFLST=?", "\r\r\nOK\r\n"),
        ("AT+QFLDS=?", "\r\r\nOK\r\n"),
        (
            "AT+QFUPL=?",
            "\r\r\n+QFUPL: <filename>[,(1-<freesize>)[,(1-65535)[,(0,1)]]]\r\n\r\nOK\r\n",
        ),
    ] {
        assert_eq!(b.at(sent), format!("{sent}{seen}"));
    }
}

#[test]
fn a11_a_misprint_of_the_note() {
    let mut b = bench();
    b.ok("AT+QSSLCFG=\"secllevel\",2,1");
    let shown = answer(&["+QSSLCFG: \"seclevel\",2,1"]);
    assert_eq!(b.at("AT+QSSLCFG=\"seclevel\",2"), shown);
    assert_eq!(b.at("AT+QSSLCFG=\"secllevel\",2"), shown);
    for name in Profile::names().filter(|n| !n.starts_with("note")) {
        let mut b = Bench::new(Settings {
            profile: Profile::by_name(name).unwrap(),
            ..Settings::default()
        });
        b.error("AT+QSSLCFG=\"secllevel\",2,1");
        b.ok("AT+QSSLCFG=\"seclevel\",2,1");
    }
}

#[test]
fn a12_what_a_level_needs() {
    let mut b = with_files(&[("ca", b"CA"), ("crt", b"CRT"), ("key", b"KEY")]);
    assert_eq!(opened(&mut b), Tls::unconfigured(2));

    b.ok("AT+QSSLCFG=\"seclevel\",2,1");
    fails(&mut b);
    b.ok("AT+QSSLCFG=\"cacert\",2,\"missing\"");
    fails(&mut b);
    b.ok("AT+QSSLCFG=\"cacert\",2,\"UFS:ca\"");
    let tls = opened(&mut b);
    assert_eq!((tls.security_level, tls.ca), (1, Some(b"CA".to_vec())));

    // The server may not ask for a certificate; but a certificate without its key is useless.
    b.ok("AT+QSSLCFG=\"seclevel\",2,2");
    assert_eq!(opened(&mut b).certificate, None);
    b.ok("AT+QSSLCFG=\"clientcert\",2,\"crt\"");
    fails(&mut b);
    b.ok("AT+QSSLCFG=\"clientkey\",2,\"UFS:key\"");
    let tls = opened(&mut b);
    assert_eq!(tls.security_level, 2);
    assert_eq!(tls.certificate.as_deref(), Some(b"CRT".as_slice()));
    assert_eq!(tls.key.as_deref(), Some(b"KEY".as_slice()));
    b.ok("AT+QFDEL=\"key\"");
    fails(&mut b);
    b.ok("AT+QSSLCFG=\"seclevel\",2,1");
    assert_eq!(opened(&mut b).key, None, "not needed");
    b.ok("AT+QSSLCFG=\"seclevel\",2,2");
    fails(&mut b);
    // The file is read when the connection is opened.
    assert_eq!(b.at("AT+QFUPL=\"key\",3"), "\r\nCONNECT\r\n");
    b.raw(b"NEW");
    assert_eq!(opened(&mut b).key, Some(b"NEW".to_vec()));
    b.ok("AT+QSSLCFG=\"cacertex\",2,\"crt\"");
    assert_eq!(opened(&mut b).ca, Some(b"CA\nCRT".to_vec()));
}

#[test]
fn a_context_in_full() {
    let mut b = with_files(&[]);
    for setting in [
        "sslversion\",2,3",
        "ciphersuite\",2,0xC02F",
        "sni\",2,1",
        "negotiatetime\",2,60",
        "ignorelocaltime\",2,0",
    ] {
        b.ok(&format!("AT+QSSLCFG=\"{setting}"));
    }
    b.ok("AT+CCLK=\"26/01/01,08:00:00+32\"");
    b.wait(100);
    let tls = opened(&mut b);
    let expected = Tls {
        version: 3,
        cipher_suite: Some(0xC02F),
        sni: true,
        negotiate_seconds: 60,
        clock: Some(1_767_225_700),
        ..Tls::unconfigured(2)
    };
    assert_eq!(tls, expected);
}
