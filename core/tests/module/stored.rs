//! Messages that the module stores and the library fetches.

use std::time::Duration;

use atmqtt::{ClientConfig, Delivery, Modem, QoS};
use atmqtt_emulator::runtime::Emulator;

use crate::common::{Bench, PATIENCE, next};

#[test]
fn messages_are_fetched_in_order() {
    let bench = Bench::new();
    let client = bench.connected_with(0, &ClientConfig::new().delivery(Delivery::Stored));
    let messages = client.messages().unwrap();
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    for number in 0..100 {
        let payload = format!("{number}\r\n+QMTRECV: 0,1\r\n");
        client
            .publish("t", &payload, QoS::AtLeastOnce, false)
            .unwrap();
        assert_eq!(next(&messages).payload(), payload.as_bytes());
    }
}

#[test]
fn a_full_queue_leaves_the_messages_in_the_module() {
    let emulator = Emulator::builder().start().unwrap();
    let modem = Modem::builder()
        .message_capacity(2)
        .open(emulator.path())
        .unwrap();
    let bench = Bench { modem, emulator };
    let client = bench.connected_with(0, &ClientConfig::new().delivery(Delivery::Stored));
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    // Two in the queue of the library, five in the slots of the module.
    for number in 0..7 {
        client
            .publish("t", format!("{number}"), QoS::AtLeastOnce, false)
            .unwrap();
    }
    let messages = client.messages().unwrap();
    for number in 0..7 {
        assert_eq!(next(&messages).payload(), format!("{number}").as_bytes());
    }
    assert!(messages.try_recv().is_none());
    // Another client has its own queue, and the first its five slots again.
    let other = bench.connected(1);
    other.publish("t", "last", QoS::AtLeastOnce, false).unwrap();
    assert_eq!(next(&messages).payload(), b"last");
}

#[test]
fn a_lost_notice_is_made_up_for() {
    let bench = Bench::new();
    let client = bench.connected_with(0, &ClientConfig::new().delivery(Delivery::Stored));
    let messages = client.messages().unwrap();
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    bench.fault("lose-notice");
    client.publish("t", "x", QoS::AtLeastOnce, false).unwrap();
    assert!(messages.recv_timeout(Duration::ZERO).is_none());
    assert_eq!(messages.recv_timeout(PATIENCE).unwrap().payload(), b"x");
}
