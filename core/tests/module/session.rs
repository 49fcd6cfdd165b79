//! A whole session, every call once, and what each error says.

use atmqtt::{
    ClientConfig, Connect, DisconnectReason, ErrorKind, Event, Format, Granted, IfInUse, QoS,
    Setting, SettingName, State, Version, Will,
};

use crate::common::{Bench, PATIENCE, kind, next, open_after_restart};

#[test]
fn every_payload_comes_back_as_it_went() {
    let bench = Bench::new();
    let client = bench.connected(0);
    let messages = client.messages().unwrap();
    client.subscribe(&[("echo/#", QoS::ExactlyOnce)]).unwrap();
    let all: Vec<u8> = (0..=255).collect();
    let long: Vec<u8> = (0..1500).map(|n| (n * 7) as u8).collect();
    let payloads: [&[u8]; 8] = [
        b"",
        b"\"",
        b"{\"a\":[1,2,\"x,y\"]}",
        b"\r\nOK\r\n",
        b"\r\n+QMTSTAT: 0,1\r\n",
        "\u{20AC} \u{4E2D}\u{6587}".as_bytes(),
        &all,
        &long,
    ];
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for payload in payloads {
            client.publish("echo/a,b", payload, qos, false).unwrap();
            let message = next(&messages);
            assert_eq!(message.payload(), payload);
            assert_eq!(message.topic(), "echo/a,b");
            assert_eq!(message.client(), 0);
            assert_eq!(message.generation(), 1);
            assert_eq!(message.msgid() == 0, qos == QoS::AtMostOnce);
        }
    }
    client.disconnect().unwrap();
    assert_eq!(client.state(), State::Closed);
}

#[test]
fn hexadecimal_on_the_line_is_bytes_in_the_api() {
    let bench = Bench::new();
    let config = ClientConfig::new().data_format((Format::Hex, Format::Hex));
    let client = bench.connected_with(0, &config);
    let messages = client.messages().unwrap();
    client.subscribe(&[("t", QoS::AtLeastOnce)]).unwrap();
    let payload = b"\r\n+QMTSTAT: 0,1\r\n\x00\xFF";
    client
        .publish("t", payload, QoS::AtLeastOnce, false)
        .unwrap();
    assert_eq!(next(&messages).payload(), payload);
    assert_eq!(bench.emulator.published()[0].payload, payload);
    let error = client
        .publish("t", [0; 751], QoS::AtMostOnce, false)
        .unwrap_err();
    assert!(error.to_string().contains("hexadecimal"), "{error}");
}

#[test]
fn settings_are_written_read_and_written_again_before_each_open() {
    let bench = Bench::new();
    let client = bench.modem.client(3).unwrap();
    let config = ClientConfig::new()
        .version(Version::V3_1)
        .keepalive(600)
        .ping_report(30)
        .will(Will::new("will/topic", "quoted \"and\"\r\nbroken").retain(true));
    client.configure(&config).unwrap();
    let read = client.config().unwrap();
    assert_eq!(read.version, Some(Version::V3_1));
    assert_eq!(read.keepalive, Some(600));
    assert_eq!(read.ping_report, Some(30));
    assert_eq!(
        client.setting(SettingName::KeepAlive).unwrap(),
        Setting::KeepAlive(600)
    );
    assert!(matches!(
        client.setting(SettingName::WillEx).unwrap(),
        Setting::WillExLength { length: 20, .. }
    ));
    for name in SettingName::ALL {
        assert_eq!(client.setting(name).unwrap().name(), name);
    }
    client.open("broker.example", 1883).unwrap();
    assert_eq!(kind(client.configure(&config)), ErrorKind::InvalidState);
    client.close().unwrap();
    bench.fault("reboot");
    let events = bench.modem.events().unwrap();
    let restarted =
        std::iter::from_fn(|| events.recv_timeout(PATIENCE)).any(|event| event == Event::Restarted);
    assert!(restarted);
    open_after_restart(&client);
    assert_eq!(
        client.setting(SettingName::KeepAlive).unwrap(),
        Setting::KeepAlive(600)
    );
    assert!(client.generation() >= 2);
}

#[test]
fn capabilities_are_what_the_module_says() {
    let bench = Bench::new();
    let capabilities = bench.modem.capabilities().unwrap();
    for name in SettingName::ALL {
        assert!(capabilities.supports(name), "{}", name.wire_name());
    }
    let timeout = capabilities.setting(SettingName::Timeout).unwrap();
    assert!(timeout[1].allows(60) && !timeout[1].allows(61));
    assert!(capabilities.supports_command("QMTPUBEX"));
}

#[test]
fn who_and_how_it_is() {
    let bench = Bench::new();
    let info = bench.modem.info().unwrap();
    assert_eq!(info.manufacturer, "Quectel");
    assert_eq!(info.imei.len(), 15);
    assert!(bench.modem.signal().unwrap().rssi_dbm.is_some());
    assert_eq!(
        kind(bench.modem.command("AT+NOSUCH")),
        ErrorKind::ModuleError
    );
    assert_eq!(
        kind(bench.modem.command("ATE1")),
        ErrorKind::InvalidArgument
    );
}

#[test]
fn subscriptions_say_what_was_granted() {
    let bench = Bench::new();
    bench.emulator.with_hub(|hub| {
        hub.set_policy(atmqtt_emulator::hub::Policy {
            max_granted_qos: 1,
            ..Default::default()
        });
    });
    let client = bench.connected(0);
    let granted = client
        .subscribe(&[
            ("a", QoS::ExactlyOnce),
            ("b/#/c", QoS::AtMostOnce),
            ("d", QoS::AtMostOnce),
        ])
        .unwrap();
    assert_eq!(
        granted,
        [
            Granted::QoS(QoS::AtLeastOnce),
            Granted::Refused,
            Granted::QoS(QoS::AtMostOnce)
        ]
    );
    let error = client.subscribe(&[("b/#/c", QoS::AtMostOnce)]).unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::OperationFailed, Some(128))
    );
    client.unsubscribe(&["a", "d"]).unwrap();
}

#[test]
fn a_refused_connection_is_an_error_with_its_code() {
    let bench = Bench::new();
    bench.fault("connack:code=5");
    let client = bench.modem.client(0).unwrap();
    client.open("broker.example", 1883).unwrap();
    let error = client
        .connect(&Connect::new("me").credentials("user", "hunter2"))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::ConnectionRefused, Some(5))
    );
    let text = error.to_string();
    for part in [
        "AT+QMTCONN",
        "client 0",
        "+QMTCONN: 0,0,5",
        "not authorised",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("hunter2"));
    // The way back is an ordinary open.
    client.open("broker.example", 1883).unwrap();
    client.connect(&Connect::new("me")).unwrap();
}

#[test]
fn failures_to_open_keep_their_numbers() {
    let bench = Bench::new();
    for code in [-1, 1, 3, 4, 5] {
        bench.fault(&format!("open-result:code={code}"));
        let error = bench
            .modem
            .client(1)
            .unwrap()
            .open("broker.example", 1883)
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::OperationFailed, Some(code))
        );
    }
}

#[test]
fn calls_in_the_wrong_state_say_what_to_do() {
    let bench = Bench::new();
    let client = bench.modem.client(0).unwrap();
    let publish = || client.publish("t", "x", QoS::AtMostOnce, false);
    assert_eq!(kind(publish()), ErrorKind::InvalidState);
    assert_eq!(
        kind(client.connect(&Connect::new("a"))),
        ErrorKind::InvalidState
    );
    assert_eq!(kind(client.disconnect()), ErrorKind::InvalidState);
    client.open("h", 1).unwrap();
    assert_eq!(kind(client.open("h", 1)), ErrorKind::InvalidState);
    assert_eq!(
        kind(client.subscribe(&[("t", QoS::AtMostOnce)])),
        ErrorKind::InvalidState
    );
    client.open_with("h", 1, IfInUse::Replace).unwrap();
    client.connect(&Connect::new("a")).unwrap();
    publish().unwrap();
    client.close().unwrap();
    client.close().unwrap();
    assert_eq!(kind(publish()), ErrorKind::InvalidState);
    assert_eq!(kind(bench.modem.client(6)), ErrorKind::InvalidArgument);
}

#[test]
fn the_broker_closes_the_connection() {
    let bench = Bench::new();
    let events = bench.modem.events().unwrap();
    let client = bench.connected(2);
    assert!(bench.emulator.close_client("client-2"));
    let event = std::iter::from_fn(|| events.recv_timeout(PATIENCE))
        .find(|event| matches!(event, Event::Disconnected { .. }));
    assert_eq!(
        event,
        Some(Event::Disconnected {
            client: 2,
            generation: 1,
            reason: DisconnectReason::ClosedByServer
        })
    );
    assert_eq!(client.state(), State::Closed);
}

#[test]
fn retained_messages_and_wills_through_two_clients() {
    let bench = Bench::new();
    let one = bench.connected_with(
        0,
        &ClientConfig::new().will(Will::new("state/0", "gone").qos(QoS::AtLeastOnce)),
    );
    let two = bench.connected(1);
    one.publish("state/0", "here", QoS::AtLeastOnce, true)
        .unwrap();
    let messages = two.messages().unwrap();
    two.subscribe(&[("state/+", QoS::AtLeastOnce)]).unwrap();
    assert_eq!(next(&messages).payload(), b"here");
    one.close().unwrap();
    assert_eq!(next(&messages).payload(), b"gone");
}
