//! A module found alive from an earlier run.

use atmqtt::{ClientConfig, Connect, Delivery, ErrorKind, Format, IfInUse, Modem, QoS, State};

use crate::common::{Bench, kind, next};

/// A module that an earlier program has left connected, with a subscription to `t`.
fn left_alive(config: &ClientConfig) -> Bench {
    let Bench { modem, emulator } = Bench::new();
    let client = modem.client(0).unwrap();
    client.configure(config).unwrap();
    client.open("broker.example", 1883).unwrap();
    client.connect(&Connect::new("earlier")).unwrap();
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    modem.close().unwrap();
    let modem = Modem::open(emulator.path()).unwrap();
    Bench { modem, emulator }
}

#[test]
fn it_is_adopted_with_its_subscriptions() {
    for delivery in [Delivery::Inline, Delivery::Stored] {
        let bench = left_alive(&ClientConfig::new().delivery(delivery));
        let client = bench.modem.client(0).unwrap();
        assert_eq!(
            client.found_alive(),
            Some(("broker.example".to_owned(), 1883))
        );
        assert_eq!(client.state(), State::Connected);
        assert_eq!(
            kind(client.publish("t", "x", QoS::AtMostOnce, false)),
            ErrorKind::InvalidState
        );
        client.adopt().unwrap();
        assert_eq!(client.found_alive(), None);
        let messages = client.messages().unwrap();
        client
            .publish("t", "\r\nOK\r\n", QoS::ExactlyOnce, false)
            .unwrap();
        assert_eq!(next(&messages).payload(), b"\r\nOK\r\n", "{delivery:?}");
        assert_eq!(kind(client.adopt()), ErrorKind::InvalidState);
        client.disconnect().unwrap();
    }
}

#[test]
fn what_cannot_be_read_safely_is_not_adopted_but_replaced() {
    let bench = left_alive(&ClientConfig::new().data_format((Format::Text, Format::Hex)));
    let client = bench.modem.client(0).unwrap();
    let error = client.adopt().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert!(error.to_string().contains("replace"), "{error}");
    let error = client.open("broker.example", 1883).unwrap_err();
    assert!(error.to_string().contains("broker.example:1883"), "{error}");
    client
        .open_with("broker.example", 1883, IfInUse::Replace)
        .unwrap();
    client.connect(&Connect::new("later")).unwrap();
    let messages = client.messages().unwrap();
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    client
        .publish("t", "text again", QoS::AtLeastOnce, false)
        .unwrap();
    assert_eq!(next(&messages).payload(), b"text again");
}

#[test]
fn a_client_that_was_only_open_can_go_on() {
    let Bench { modem, emulator } = Bench::new();
    modem
        .client(4)
        .unwrap()
        .open("broker.example", 1883)
        .unwrap();
    modem.close().unwrap();
    let modem = Modem::open(emulator.path()).unwrap();
    let client = modem.client(4).unwrap();
    assert_eq!(client.state(), State::Open);
    client.adopt().unwrap();
    client.connect(&Connect::new("a")).unwrap();
}
