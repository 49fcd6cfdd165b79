//! The model with the hub behind it: two clients of one module talk to each other.

use atmqtt_emulator::machine::Machine;
use atmqtt_emulator::module::Settings;
use std::time::Duration;

struct Host {
    machine: Machine,
    now: Duration,
}

impl Host {
    fn type_in(&mut self, text: &str) -> String {
        self.machine.input(self.now, text.as_bytes());
        self.wait(0)
    }

    fn wait(&mut self, ms: u64) -> String {
        self.now += Duration::from_millis(ms);
        self.machine.run_until(self.now);
        String::from_utf8(self.machine.take_serial()).unwrap()
    }
}

#[test]
fn two_clients_exchange_messages() {
    let mut host = Host {
        machine: Machine::new(Settings::default(), Duration::from_millis(100)),
        now: Duration::from_secs(60),
    };
    host.wait(0);
    host.type_in("ATE0\r");
    for client in 0..2 {
        assert_eq!(
            host.type_in(&format!("AT+QMTCFG=\"recv/mode\",{client},0,1\r")),
            "\r\nOK\r\n"
        );
        let open = host.type_in(&format!("AT+QMTOPEN={client},\"broker\",1883\r"));
        assert_eq!(open, "\r\nOK\r\n");
        assert_eq!(host.wait(100), format!("\r\n+QMTOPEN: {client},0\r\n"));
        host.type_in(&format!("AT+QMTCONN={client},\"client-{client}\"\r"));
        assert_eq!(host.wait(100), format!("\r\n+QMTCONN: {client},0,0\r\n"));
    }
    host.type_in("AT+QMTSUB=1,1,\"a/#\",2,\"b\",1\r");
    assert_eq!(host.wait(100), "\r\n+QMTSUB: 1,1,0,2,1\r\n");
    for (qos, id) in [(0, 0), (1, 7), (2, 8)] {
        assert_eq!(
            host.type_in(&format!("AT+QMTPUBEX=0,{id},{qos},0,\"a/b\",5\r")),
            "\r\n> "
        );
        let mut seen = host.type_in("hello");
        assert!(seen.starts_with("\r\nOK\r\n"));
        seen += &host.wait(1000);
        assert!(
            seen.contains(&format!("\r\n+QMTPUBEX: 0,{id},0\r\n")),
            "{seen}"
        );
        assert_eq!(
            seen.matches(",\"a/b\",5,\"hello\"\r\n").count(),
            1,
            "{seen}"
        );
    }
    assert_eq!(
        host.type_in("AT+QMTDISC=0\r"),
        "\r\nOK\r\n\r\n+QMTDISC: 0,0\r\n"
    );
    host.wait(200);
    assert_eq!(host.machine.hub().clients().count(), 1);
    host.type_in("AT+QMTUNS=1,2,\"b\"\r");
    assert_eq!(host.wait(100), "\r\n+QMTUNS: 1,2,0\r\n");
}
