//! Every dialect that the emulated module speaks.

use atmqtt::{ClientConfig, Connect, Modem, QoS};
use atmqtt_emulator::profile::{Profile, PublishForms};
use atmqtt_emulator::runtime::{Chunk, Emulator};

use crate::common::next;

#[test]
fn a_session_in_every_dialect() {
    for name in Profile::names() {
        let emulator = Emulator::builder()
            .profile(Profile {
                // Also what receives as a sister family does publishes as the library does.
                qmtpubex: PublishForms::COUNTED,
                pubex_answers_as_pub: false,
                ..Profile::by_name(name).unwrap()
            })
            .chunk(Chunk::Random)
            .start()
            .unwrap();
        let modem = Modem::open(emulator.path()).unwrap();
        if name == "note-uart" {
            // Results and messages go to the USB port unless they are told not to.
            modem.command("AT+QURCCFG=\"urcport\",\"uart1\"").unwrap();
        }
        // Some want their context activated first, some have it active and answer ERROR.
        let _ = modem.command("AT+QIACT=1");
        let client = modem.client(0).unwrap();
        client
            .configure(&ClientConfig::new().keepalive(60))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // Some boot with the network still to be found.
        std::iter::repeat_with(|| client.open("broker.example", 1883))
            .find(|opened| !matches!(opened, Err(error) if error.code() == Some(3)))
            .expect("an endless iterator")
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        client
            .connect(&Connect::new("me"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let messages = client.messages().unwrap();
        client
            .subscribe(&[("t/#", QoS::ExactlyOnce)])
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for payload in [
            &b"plain"[..],
            b"{\"a\":[1,\"x,y\"],\"b\":\"\"}",
            b"OK",
            b">",
        ] {
            for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
                client
                    .publish("t/a", payload, qos, false)
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                let message = next(&messages);
                assert_eq!(message.payload(), payload, "{name}");
                assert_eq!(message.topic(), "t/a", "{name}");
            }
        }
        client
            .disconnect()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        client.open("broker.example", 1883).unwrap();
        client.close().unwrap();
    }
}
