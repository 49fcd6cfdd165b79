//! A publisher forges nothing through a payload, and no string of the caller's ends its line.

use atmqtt::{
    Apn, Certificate, ClientConfig, Connect, ErrorKind, Link, LinkBuilder, LinkState, PrivateKey,
    QoS, TlsConfig, Will,
};

use crate::common::{Bench, PATIENCE};

const FORGED: [&str; 12] = [
    "\r\n+QMTSTAT: 0,1\r\n",
    "\r\nOK\r\n",
    "\r\nERROR\r\n",
    "\r\n> ",
    "\r\nRDY\r\n",
    "\r\n+QMTPING: 0,1\r\n",
    "\r\n+QIURC: \"pdpdeact\",1\r\n",
    "\"\r\n\r\n+QMTRECV: 0,0,\"x\",3,\"abc\"\r\n",
    "\r\n+QMTPUBEX: 0,1,0\r\n\r\n+QMTPUBEX: 0,0,2\r\n",
    "\r\n+QMTSUB: 0,1,0,1\r\n\r\n+QMTUNS: 0,1,0\r\n",
    "\r\n+QMTDISC: 0,0\r\n\r\n+QMTCLOSE: 0,0\r\n",
    "\"\r\n\r\n+QMTCONN: 0,1\r\n\r\nOK\r\n",
];

const HOSTILE: [&str; 7] = [
    "a\"b",
    "a\",0\rAT+CFUN=0\r",
    "a\r",
    "a\n",
    "a\0b",
    "a\x1ab",
    "a\x1bb",
];

#[test]
fn payloads_forge_nothing() {
    let bench = Bench::new();
    let (link, events) = bench.up(bench
        .builder()
        .check_every(std::time::Duration::from_millis(1))
        .subscribe("in", QoS::AtLeastOnce));
    let messages = link.messages().unwrap();
    assert!(events.recv_timeout(PATIENCE).is_some(), "subscribed");
    for _ in 0..20 {
        for payload in FORGED {
            // While publishes and questions of its own are under way.
            let ours = link
                .publish_start("out", payload, QoS::ExactlyOnce, false)
                .unwrap();
            bench
                .emulator
                .publish("in", payload.as_bytes(), 1, false)
                .unwrap();
            let message = messages.recv_timeout(PATIENCE).expect("a message");
            assert_eq!(message.payload(), payload.as_bytes());
            ours.wait().unwrap();
        }
    }
    assert_eq!(link.state(), LinkState::Up);
    assert_eq!(events.try_recv(), None);
    let status = link.status().unwrap();
    assert_eq!((status.connections, status.resent), (1, 0));
}

#[test]
fn strings_end_nothing() {
    for bad in HOSTILE {
        let builder = || Link::builder("/nowhere", Connect::new("id")).broker("host", 1);
        let as_whom = |connect| Link::builder("/nowhere", connect).broker("host", 1);
        let tls = |config| builder().tls(1, config);
        let builders: [(&str, LinkBuilder); 9] = [
            ("client_id", as_whom(Connect::new(bad))),
            ("username", as_whom(Connect::new("id").username(bad))),
            (
                "password",
                as_whom(Connect::new("id").credentials("u", bad)),
            ),
            ("host", builder().broker(bad, 1)),
            ("apn", builder().apn(Apn::new(bad))),
            (
                "topic",
                builder()
                    .subscribe("ok", QoS::AtMostOnce)
                    .subscribe(bad, QoS::AtMostOnce),
            ),
            (
                "will topic",
                builder().client_config(ClientConfig::new().will(Will::new(bad, "x"))),
            ),
            (
                "file name",
                tls(TlsConfig::new(Certificate::on_module(bad))),
            ),
            (
                "key password",
                tls(TlsConfig::new(Certificate::on_module("a"))
                    .client_certificate(Certificate::on_module("b"), PrivateKey::on_module("c"))
                    .key_password(bad)),
            ),
        ];
        for (parameter, builder) in builders {
            let error = builder.start().expect_err(parameter);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(
                error.to_string().contains(parameter),
                "{parameter}: {error}"
            );
            if parameter.contains("password") {
                assert!(!error.to_string().contains(bad), "{error}");
            }
        }
    }
    let bench = Bench::new();
    let (link, _) = bench.up(bench.builder());
    for bad in HOSTILE {
        for result in [
            link.subscribe(bad, QoS::AtMostOnce),
            link.publish(bad, "", QoS::AtLeastOnce, false),
            link.publish_start(bad, "", QoS::AtMostOnce, false)
                .map(drop),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        assert!(!link.unsubscribe(bad).unwrap());
    }
    assert_eq!(link.status().unwrap().accepted, 0);
}
