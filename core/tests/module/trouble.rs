//! A module that misbehaves, on a real pseudo-terminal.

use std::time::Duration;

use atmqtt::{ClientConfig, Connect, ErrorKind, Event, QoS, State};

use crate::common::{Bench, PATIENCE, kind, next, open_after_restart};

#[test]
fn a_late_prompt_gets_its_payload_after_the_caller_has_left() {
    let bench = Bench::new();
    let client = bench.connected(0);
    bench.fault("delay-prompt:ms=500");
    let hasty = client.with_timeout(Duration::from_millis(50));
    let error = hasty
        .publish("t", "the whole payload", QoS::AtLeastOnce, false)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unconfirmed);
    // The next call waits its turn behind the payload.
    client
        .publish("t", "second", QoS::AtLeastOnce, false)
        .unwrap();
    let published = bench.emulator.published();
    assert_eq!(published[0].payload, b"the whole payload");
    assert_eq!(published[1].payload, b"second");
}

#[test]
fn a_lost_prompt_is_waited_out_and_the_port_is_in_step_again() {
    let bench = Bench::new();
    let config = ClientConfig::new().edit_timeout(Some(1));
    let client = bench.connected_with(0, &config);
    bench.fault("lose-prompt");
    let error = client
        .publish("t", "never", QoS::AtLeastOnce, false)
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Timeout | ErrorKind::ModuleError),
        "{error}"
    );
    client
        .publish("t", "after", QoS::AtLeastOnce, false)
        .unwrap();
    assert_eq!(bench.emulator.published().len(), 1);
}

#[test]
fn a_lost_final_result_code_is_got_over() {
    let bench = Bench::new();
    let client = bench.connected(0);
    bench.fault("lose-final:at=QMTSUB");
    // Its result says enough.
    client.subscribe(&[("t", QoS::AtMostOnce)]).unwrap();
    let messages = client.messages().unwrap();
    client.publish("t", "x", QoS::AtMostOnce, false).unwrap();
    assert_eq!(next(&messages).payload(), b"x");
}

#[test]
fn a_restart_in_mid_command_ends_everything_at_once() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let events = bench.modem.events().unwrap();
    bench.fault("reboot:on=command,at=QMTSUB");
    let error = client.subscribe(&[("t", QoS::AtMostOnce)]).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Unconfirmed | ErrorKind::Disconnected
        ),
        "{error}"
    );
    assert!(
        std::iter::from_fn(|| events.recv_timeout(PATIENCE)).any(|event| event == Event::Restarted)
    );
    assert_eq!(client.state(), State::Closed);
    open_after_restart(&client);
    client.connect(&Connect::new("again")).unwrap();
}

#[test]
fn a_lost_context_closes_its_clients() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let events = bench.modem.events().unwrap();
    bench.fault("pdpdeact:context=1");
    assert_eq!(
        events.recv_timeout(PATIENCE),
        Some(Event::PdpDeactivated { context: 1 })
    );
    assert_eq!(client.state(), State::Closed);
    assert_eq!(
        kind(client.publish("t", "x", QoS::AtMostOnce, false)),
        ErrorKind::InvalidState
    );
}

#[test]
fn a_full_window_is_kept_by_the_library() {
    let bench = Bench::new();
    let client = bench.connected(0);
    bench.fault("drop-ack:ack=puback,times=5");
    let publications: Vec<_> = (0..30)
        .map(|number| {
            client
                .publish_start("t", format!("{number}"), QoS::AtLeastOnce, false)
                .unwrap()
        })
        .collect();
    for publication in &publications {
        publication.wait().unwrap();
    }
    // The five whose acknowledgement was lost were sent again by the module.
    let payloads: std::collections::BTreeSet<_> = bench
        .emulator
        .published()
        .into_iter()
        .map(|published| published.payload)
        .collect();
    assert_eq!(payloads.len(), 30);
}

#[test]
fn retransmissions_are_progress() {
    let bench = Bench::new();
    let config = ClientConfig::new().timeout(atmqtt::PacketTimeout {
        seconds: 1,
        retries: 3,
        notice: true,
    });
    let client = bench.connected_with(0, &config);
    let events = bench.modem.events().unwrap();
    bench.fault("drop-ack:ack=puback");
    client.publish("t", "x", QoS::AtLeastOnce, false).unwrap();
    assert!(matches!(
        events.recv_timeout(PATIENCE),
        Some(Event::Retransmission {
            client: 0,
            command: "AT+QMTPUBEX",
            count: Some(1),
            ..
        })
    ));
}

#[test]
fn other_lines_are_events() {
    let bench = Bench::new();
    let events = bench.modem.events().unwrap();
    bench.emulator.inject_urc("+CREG: 5");
    assert_eq!(
        events.recv_timeout(PATIENCE),
        Some(Event::Urc(b"+CREG: 5".to_vec()))
    );
}
