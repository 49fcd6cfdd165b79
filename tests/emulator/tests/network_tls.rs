//! TLS to a real broker, with every setting of an SSL context.

mod mosquitto;
mod pki;
mod sockets;

use atmqtt_emulator::packet::{FromBroker, OpenFailure, Packet, Tls};
use mosquitto::Mosquitto;
use pki::{Authority, BEFORE, DURING, Identity, LONG, self_signed};
use sockets::{ACCEPTED, Net, Server, connect};
use std::fs;

const FAILED: FromBroker = FromBroker::OpenFailed(OpenFailure::Connect);

/// A broker with TLS; with an authority it asks its clients for certificates.
fn broker(server: &Identity, clients: Option<&str>) -> Mosquitto {
    Mosquitto::start(|folder| {
        let mut text = "allow_anonymous true\n".to_owned();
        let mut file = |setting: &str, pem: &str| {
            let path = folder.join(setting);
            fs::write(&path, pem).unwrap();
            text.push_str(&format!("{setting} {}\n", path.display()));
        };
        file("certfile", &server.certificate);
        file("keyfile", &server.key);
        if let Some(ca) = clients {
            file("cafile", ca);
            text.push_str("require_certificate true\nuse_identity_as_username true\n");
        }
        text
    })
}

/// A context that checks the server against this authority.
fn checks(ca: &str) -> Tls {
    Tls {
        security_level: 1,
        ca: Some(ca.into()),
        ..Tls::unconfigured(2)
    }
}

/// What comes of an opening. When it succeeds, MQTT is spoken too.
fn opened(host: &str, broker: &Mosquitto, tls: &Tls) -> FromBroker {
    let mut net = Net::new();
    let opened = net.opened(host, broker.port(), Some(tls.clone()));
    if opened == FromBroker::Opened {
        net.send(0, connect("me"));
        assert_eq!(net.next(), (0, ACCEPTED));
        net.send(0, Packet::PingReq);
        assert_eq!(net.next(), (0, FromBroker::Packet(Packet::PingResp)));
    }
    opened
}

fn succeeds(host: &str, broker: &Mosquitto, tls: &Tls) {
    assert_eq!(opened(host, broker, tls), FromBroker::Opened, "{tls:?}");
}

fn fails(host: &str, broker: &Mosquitto, tls: &Tls) {
    assert_eq!(opened(host, broker, tls), FAILED, "{tls:?}");
}

#[test]
fn authorities() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let broker = broker(&ours.server(&["localhost"], LONG), None);
    succeeds("127.0.0.1", &broker, &Tls::unconfigured(0));
    succeeds("localhost", &broker, &checks(&ours.certificate));
    fails("localhost", &broker, &checks(&other.certificate));
    // Several in one file.
    let both = format!("{}{}", other.certificate, ours.certificate);
    succeeds("localhost", &broker, &checks(&both));
    let nothing = Tls {
        ca: None,
        ..checks("")
    };
    fails("localhost", &broker, &nothing);
    fails("localhost", &broker, &checks("no certificate at all"));
}

#[test]
fn an_intermediate_authority() {
    let root = Authority::new("root");
    let middle = root.authority("middle", LONG);
    let mut server = middle.server(&["localhost"], LONG);
    server.certificate.push_str(&middle.certificate);
    let broker = broker(&server, None);
    succeeds("localhost", &broker, &checks(&root.certificate));
    succeeds("localhost", &broker, &checks(&middle.certificate));
}

#[test]
fn names() {
    let ca = Authority::new("ca");
    let other = broker(&ca.server(&["broker.test"], LONG), None);
    let checks = checks(&ca.certificate);
    let named = Tls {
        sni: true,
        ..checks.clone()
    };
    // Without SNI the name does not matter.
    succeeds("localhost", &other, &checks);
    succeeds("127.0.0.1", &other, &checks);
    fails("localhost", &other, &named);
    fails("127.0.0.1", &other, &named);
    drop(other);
    let broker = broker(&ca.server(&["localhost", "127.0.0.1"], LONG), None);
    succeeds("localhost", &broker, &named);
    succeeds("LOCALHOST", &broker, &named);
    succeeds("127.0.0.1", &broker, &named);
}

#[test]
fn the_host_is_named_when_told_so() {
    let server = Server::new();
    for sni in [false, true] {
        let mut net = Net::new();
        let tls = Tls {
            sni,
            ..Tls::unconfigured(0)
        };
        net.open(0, "localhost", server.port(), Some(tls));
        let mut peer = server.accept();
        let mut header = [0; 5];
        peer.read(&mut header);
        let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        peer.read(&mut hello);
        let named = hello.windows(9).any(|window| window == b"localhost");
        assert_eq!(named, sni);
    }
}

#[test]
fn validity() {
    let ca = Authority::new("ca");
    let at = |clock| Tls {
        clock,
        ..checks(&ca.certificate)
    };
    let current = broker(&ca.server(&["localhost"], LONG), None);
    succeeds("localhost", &current, &at(Some(DURING)));
    succeeds("localhost", &current, &at(None));
    fails("localhost", &current, &at(Some(BEFORE)));
    drop(current);
    for years in [(2010, 2012), (2090, 2095)] {
        let server = broker(&ca.server(&["localhost"], years), None);
        fails("localhost", &server, &at(Some(DURING)));
        succeeds("localhost", &server, &at(None));
        // Whose it is still matters.
        let other = Authority::new("other");
        fails("localhost", &server, &checks(&other.certificate));
        succeeds("localhost", &server, &Tls::unconfigured(0));
    }
}

#[test]
fn validity_of_an_intermediate_authority() {
    let root = Authority::new("root");
    // Each is valid at one end of the other's time.
    let middle = root.authority("middle", (2008, 2012));
    let mut server = middle.server(&["localhost"], (2011, 2040));
    server.certificate.push_str(&middle.certificate);
    let broker = broker(&server, None);
    let at = |clock| Tls {
        clock,
        ..checks(&root.certificate)
    };
    succeeds("localhost", &broker, &at(None));
    fails("localhost", &broker, &at(Some(DURING)));
}

#[test]
fn a_server_that_signed_for_itself() {
    let (server, other) = (
        self_signed(&["localhost"], LONG),
        self_signed(&["localhost"], LONG),
    );
    let current = broker(&server, None);
    let named = Tls {
        sni: true,
        clock: Some(DURING),
        ..checks(&server.certificate)
    };
    succeeds("localhost", &current, &named);
    fails("127.0.0.1", &current, &named);
    fails("localhost", &current, &checks(&other.certificate));
    drop(current);
    let server = self_signed(&["localhost"], (2010, 2012));
    let old = broker(&server, None);
    let at = |clock| Tls {
        clock,
        ..checks(&server.certificate)
    };
    succeeds("localhost", &old, &at(None));
    fails("localhost", &old, &at(Some(DURING)));
}

#[test]
fn client_certificates() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let broker = broker(&ca.server(&["localhost"], LONG), Some(&ca.certificate));
    let with = |level: u8, client: &Identity| Tls {
        security_level: level,
        certificate: Some(client.certificate.clone().into()),
        key: Some(client.key.clone().into()),
        ..checks(&ca.certificate)
    };
    let client = ca.client();
    succeeds("localhost", &broker, &with(2, &client));
    fails("localhost", &broker, &checks(&ca.certificate));
    // Shown at level 2 only.
    fails("localhost", &broker, &with(1, &client));
    fails("localhost", &broker, &with(2, &other.client()));
    let mixed = Identity {
        key: ca.client().key,
        ..client.clone()
    };
    fails("localhost", &broker, &with(2, &mixed));
    let keyless = Tls {
        key: None,
        ..with(2, &client)
    };
    fails("localhost", &broker, &keyless);
    let bare = Tls {
        certificate: None,
        ..with(2, &client)
    };
    fails("localhost", &broker, &bare);
}

#[test]
fn versions_and_cipher_suites() {
    let ca = Authority::new("ca");
    let broker = broker(&ca.server(&["localhost"], LONG), None);
    for version in 0..5 {
        let tls = Tls {
            version,
            ..checks(&ca.certificate)
        };
        if version < 3 {
            fails("localhost", &broker, &tls);
        } else {
            succeeds("localhost", &broker, &tls);
        }
    }
    // The server's key is of an elliptic curve.
    for (suite, works) in [
        (0xC02B, true),
        (0xC02C, true),
        (0xCCA9, true),
        (0xC02F, false),
        (0x0035, false),
    ] {
        let tls = Tls {
            cipher_suite: Some(suite),
            ..checks(&ca.certificate)
        };
        if works {
            succeeds("localhost", &broker, &tls);
        } else {
            fails("localhost", &broker, &tls);
        }
    }
}

#[test]
fn large_payloads() {
    let broker = broker(&Authority::new("ca").server(&["localhost"], LONG), None);
    let mut net = Net::new();
    let tls = Some(Tls::unconfigured(0));
    assert_eq!(
        net.opened("localhost", broker.port(), tls),
        FromBroker::Opened
    );
    net.send(0, connect("me"));
    assert_eq!(net.next(), (0, ACCEPTED));
    net.send(
        0,
        Packet::Subscribe {
            id: 1,
            filters: vec![("t".into(), 0)],
        },
    );
    let granted = Packet::SubAck {
        id: 1,
        codes: vec![0],
    };
    assert_eq!(net.next(), (0, FromBroker::Packet(granted)));
    for length in [0, 1, 16_383, 16_384, 16_385, 200_000] {
        let payload = (0..length).map(|n| u8::try_from(n % 251).unwrap());
        let publish = Packet::Publish(atmqtt_emulator::packet::Publish {
            id: 0,
            topic: "t".into(),
            payload: payload.collect(),
            qos: 0,
            retain: false,
            dup: false,
        });
        net.send(0, publish.clone());
        assert_eq!(net.next(), (0, FromBroker::Packet(publish)));
    }
    net.send(0, Packet::Disconnect);
    net.close(0);
    broker.wait_log("Received DISCONNECT from me");
}

#[test]
fn a_server_that_does_not_answer() {
    let server = Server::new();
    let mut net = Net::new();
    let tls = Tls {
        negotiate_seconds: 1,
        ..Tls::unconfigured(0)
    };
    net.open(0, "localhost", server.port(), Some(tls));
    let _silent = server.accept();
    assert_eq!(net.next(), (0, FAILED));
}

#[test]
fn a_server_without_tls() {
    // It hangs up on what is no MQTT.
    let broker = Mosquitto::open();
    let lost = FromBroker::OpenFailed(OpenFailure::Lost);
    let opened = opened("localhost", &broker, &Tls::unconfigured(0));
    assert_eq!(opened, lost);
}
