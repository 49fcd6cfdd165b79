//! No string that a caller passes in can end its parameter or its line.

use atmqtt::{
    AliAuth, Client, ClientConfig, Connect, ErrorKind, HwAuth, HwProduct, OneNet, QoS, Result, Will,
};

use crate::common::{Peer, setup};

const HOSTILE: [&str; 7] = [
    "a\"b",
    "a\",0\rAT+CFUN=0\r",
    "a\r",
    "a\n",
    "a\0b",
    "a\x1ab",
    "a\x1bb",
];

/// Everything that takes a string, with the parameter that its error must name.
fn calls(client: &Client, bad: &str) -> Vec<(&'static str, Result<()>)> {
    let configure = |config: ClientConfig| client.configure(&config);
    let bad = || bad.to_owned();
    let ali = |key: &str, name: &str, secret: &str| {
        configure(ClientConfig::new().ali_auth(AliAuth {
            product_key: key.into(),
            device_name: name.into(),
            device_secret: secret.into(),
        }))
    };
    let one_net = |id: &str, key: &str| {
        configure(ClientConfig::new().one_net(OneNet {
            product_id: id.into(),
            access_key: key.into(),
        }))
    };
    let hw_auth = |id: &str, secret: &str| {
        configure(ClientConfig::new().hw_auth(HwAuth {
            product_id: id.into(),
            device_secret: secret.into(),
            time_check: None,
        }))
    };
    let hw_product = |id: &str, secret: &str, node: &str| {
        configure(ClientConfig::new().hw_product(HwProduct {
            product_id: id.into(),
            product_secret: secret.into(),
            node_id: node.into(),
            time_check: None,
        }))
    };
    vec![
        ("host", client.open(&bad(), 1883)),
        ("client_id", client.connect(&Connect::new(bad()))),
        (
            "username",
            client.connect(&Connect::new("a").username(bad())),
        ),
        (
            "password",
            client.connect(&Connect::new("a").credentials("u", bad())),
        ),
        (
            "topic",
            client
                .subscribe(&[("ok", QoS::AtMostOnce), (&bad(), QoS::AtMostOnce)])
                .map(drop),
        ),
        ("topic", client.unsubscribe(&[&bad()])),
        ("topic", client.publish(&bad(), "x", QoS::AtMostOnce, false)),
        (
            "topic",
            client
                .publish_start(&bad(), "x", QoS::AtLeastOnce, false)
                .map(drop),
        ),
        (
            "will topic",
            configure(ClientConfig::new().will(Will::new(bad(), "x"))),
        ),
        ("product key", ali(&bad(), "n", "s")),
        ("device name", ali("k", &bad(), "s")),
        ("device secret", ali("k", "n", &bad())),
        ("product id", one_net(&bad(), "k")),
        ("access key", one_net("i", &bad())),
        ("product id", hw_auth(&bad(), "s")),
        ("device secret", hw_auth("i", &bad())),
        ("product id", hw_product(&bad(), "s", "n")),
        ("product secret", hw_product("i", &bad(), "n")),
        ("node id", hw_product("i", "s", &bad())),
    ]
}

#[test]
fn every_string_is_refused_before_a_byte_is_sent() {
    let (modem, peer) =
        Peer::start(|line| setup(line).unwrap_or_else(|| b"\r\nERROR\r\n".to_vec()));
    let client = modem.client(0).unwrap();
    let before = peer.sent();
    for bad in HOSTILE {
        for (parameter, result) in calls(&client, bad) {
            let error = result.expect_err(parameter);
            assert_eq!(
                error.kind(),
                ErrorKind::InvalidArgument,
                "{parameter} {bad:?}: {error}"
            );
            assert!(
                error.to_string().contains(parameter),
                "{parameter}: {error}"
            );
        }
    }
    for bad in ["AT+CSQ\rAT+CFUN=0", "AT+CSQ\nX", "AT\0", "AT+CSQ\x1a"] {
        for error in [
            modem.command(bad).unwrap_err(),
            modem.command_with_data(bad, b"x").unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains("command"), "{error}");
        }
    }
    let too_long = "x".repeat(65_536);
    for (parameter, result) in calls(&client, &too_long) {
        let error = result.expect_err(parameter);
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidArgument,
            "{parameter}: {error}"
        );
    }
    modem.close().unwrap();
    assert_eq!(peer.ended(), before);
}

#[test]
fn numbers_out_of_range_are_named_with_their_range() {
    let (modem, peer) =
        Peer::start(|line| setup(line).unwrap_or_else(|| b"\r\nERROR\r\n".to_vec()));
    let client = modem.client(5).unwrap();
    let before = peer.sent().len();
    for (result, text) in [
        (client.open("h", 0), "port is 0; it must be 1..=65535"),
        (
            client.configure(&ClientConfig::new().keepalive(3601)),
            "keepalive is 3601; it must be 0..=3600",
        ),
        (
            client.configure(&ClientConfig::new().edit_timeout(Some(0))),
            "edit time is 0",
        ),
        (
            client.publish("t", [0; 1501], QoS::AtMostOnce, false),
            "payload is 1501 bytes long; it must be at most 1500 bytes",
        ),
        (client.subscribe(&[]).map(drop), "topics is empty"),
        (
            client.publish("", "x", QoS::AtMostOnce, false),
            "1..=65535 bytes long",
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(text), "{error}");
    }
    modem.close().unwrap();
    assert_eq!(peer.ended().len(), before);
}
