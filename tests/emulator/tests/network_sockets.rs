//! The network side without a module: what passes, what does not, and the end of a connection.

mod sockets;

use atmqtt_emulator::packet::{FromBroker, Packet, Publish};
use sockets::{ACCEPTED, Net, Server, connect};

fn publish(topic: &str, payload: Vec<u8>) -> Packet {
    Packet::Publish(Publish {
        id: 0,
        topic: topic.to_owned(),
        payload,
        qos: 0,
        retain: false,
        dup: false,
    })
}

/// `PUBLISH` of nothing to `t`, so many times.
fn flood(count: usize) -> Vec<u8> {
    b"\x30\x03\0\x01t".repeat(count)
}

#[test]
fn nothing_comes_after_close() {
    let (old, new) = (Server::new(), Server::new());
    let mut net = Net::new();
    for _ in 0..20 {
        assert_eq!(
            net.opened("127.0.0.1", old.port(), None),
            FromBroker::Opened
        );
        let mut peer = old.accept();
        peer.write(&flood(500));
        // Some has arrived, and some is still on its way.
        assert_eq!(
            net.next(),
            (0, FromBroker::Packet(publish("t", Vec::new())))
        );
        net.close(0);
        net.network.receive();
        assert_eq!(net.network.poll(), None);
        assert_eq!(
            net.opened("127.0.0.1", new.port(), None),
            FromBroker::Opened
        );
        let mut peer = new.accept();
        net.send(0, connect("me"));
        peer.accept_client();
        assert_eq!(net.next(), (0, ACCEPTED));
        net.close(0);
    }
}

#[test]
fn opening_again_ends_the_old_connection() {
    let server = Server::new();
    let mut net = Net::new();
    assert_eq!(
        net.opened("127.0.0.1", server.port(), None),
        FromBroker::Opened
    );
    let mut old = server.accept();
    assert_eq!(
        net.opened("127.0.0.1", server.port(), None),
        FromBroker::Opened
    );
    let mut new = server.accept();
    assert_eq!(old.rest(), b"");
    net.send(0, Packet::PingReq);
    assert_eq!(new.packet(), b"\xC0\0");
    net.network.close_all();
    assert_eq!(new.rest(), b"");
}

#[test]
fn what_was_sent_before_the_end_arrives() {
    let server = Server::new();
    for drop_it in [false, true] {
        let mut net = Net::new();
        assert_eq!(
            net.opened("127.0.0.1", server.port(), None),
            FromBroker::Opened
        );
        let mut peer = server.accept();
        // Something unread would make the system take back what was sent.
        peer.write(&flood(100));
        for _ in 0..100 {
            net.send(0, publish("t", vec![7; 1000]));
        }
        net.send(0, Packet::Disconnect);
        if drop_it {
            drop(net);
        } else {
            net.close(0);
        }
        let rest = peer.rest();
        assert_eq!(rest.len(), 100 * 1006 + 2);
        assert!(rest.ends_with(b"\xE0\0"));
    }
}

#[test]
fn what_the_broker_said_before_its_end_arrives() {
    let server = Server::new();
    let mut net = Net::new();
    assert_eq!(
        net.opened("127.0.0.1", server.port(), None),
        FromBroker::Opened
    );
    let mut peer = server.accept();
    peer.write(b"\x20\x02\0\x05");
    drop(peer);
    let refused = Packet::ConnAck {
        session_present: false,
        code: 5,
    };
    assert_eq!(net.next(), (0, FromBroker::Packet(refused)));
    assert_eq!(net.next(), (0, FromBroker::Closed));
    // And nothing more is sent.
    net.send(0, Packet::PingReq);
    net.network.receive();
    assert_eq!(net.network.poll(), None);
}

#[test]
fn large_packets() {
    let server = Server::new();
    let mut net = Net::new();
    assert_eq!(
        net.opened("127.0.0.1", server.port(), None),
        FromBroker::Opened
    );
    let mut peer = server.accept();
    let length: usize = (256 << 10) - 4 - 3;
    let mut packet = b"\x30\xFC\xFF\x0F\0\x01t".to_vec();
    packet.resize(256 << 10, 9);
    peer.write(&packet);
    assert_eq!(
        net.next(),
        (0, FromBroker::Packet(publish("t", vec![9; length])))
    );
    peer.write(b"\x30\xFD\xFF\x0F\0\x01t");
    assert_eq!(net.next(), (0, FromBroker::GaveUp));
}

#[test]
fn a_flood_is_taken_in_parts_and_in_order() {
    let server = Server::new();
    let mut net = Net::new();
    assert_eq!(
        net.opened("127.0.0.1", server.port(), None),
        FromBroker::Opened
    );
    let mut peer = server.accept();
    let count = 20_000_u16;
    let writer = std::thread::spawn(move || {
        let ack = |id: u16| {
            let [high, low] = id.to_be_bytes();
            [0x40, 2, high, low]
        };
        peer.write(&(1..=count).flat_map(ack).collect::<Vec<u8>>());
        peer
    });
    for id in 1..=count {
        assert_eq!(net.next(), (0, FromBroker::Packet(Packet::PubAck(id))));
    }
    let mut peer = writer.join().unwrap();
    net.send(0, Packet::PingReq);
    assert_eq!(peer.packet(), b"\xC0\0");
}

#[test]
fn six_clients_at_once() {
    let server = Server::new();
    let mut net = Net::new();
    let mut peers = Vec::new();
    for client in 0..6 {
        net.open(client, "localhost", server.port(), None);
        assert_eq!(net.next(), (client, FromBroker::Opened));
        peers.push(server.accept());
    }
    for (client, peer) in peers.iter_mut().enumerate().rev() {
        net.send(client, connect(&format!("c{client}")));
        peer.accept_client();
        assert_eq!(net.next(), (client, ACCEPTED));
    }
}
