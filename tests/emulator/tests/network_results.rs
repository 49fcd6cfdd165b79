//! Every result code about a connection to a real broker, reached by what really causes it.

mod common;
mod mosquitto;
mod sockets;

use atmqtt_emulator::runtime::{Broker, Emulator};
use common::Host;
use mosquitto::{Mosquitto, free_port, password_file};
use sockets::{Peer, Server};
use std::time::Duration;

fn start() -> (Emulator, Host) {
    let emulator = Emulator::builder().broker(Broker::Network).start().unwrap();
    let mut host = Host::open(&emulator.path());
    host.echo_off();
    (emulator, host)
}

/// The line that follows the `OK` of a command.
fn result(host: &mut Host, command: &str) -> String {
    assert_eq!(host.ask(command), ["OK"], "{command}");
    host.line()
}

fn open(host: &mut Host, address: &str, port: u16) -> String {
    result(host, &format!("AT+QMTOPEN=0,\"{address}\",{port}"))
}

/// Opens a connection to a server of the test.
fn opened(host: &mut Host, server: &Server) -> Peer {
    assert_eq!(open(host, "127.0.0.1", server.port()), "+QMTOPEN: 0,0");
    server.accept()
}

fn connected(host: &mut Host, server: &Server) -> Peer {
    let mut peer = opened(host, server);
    assert_eq!(host.ask("AT+QMTCONN=0,\"me\""), ["OK"]);
    peer.accept_client();
    assert_eq!(host.line(), "+QMTCONN: 0,0,0");
    peer
}

#[test]
fn not_opened() {
    let (_emulator, mut host) = start();
    assert_eq!(open(&mut host, "no name", 1883), "+QMTOPEN: 0,1");
    assert_eq!(open(&mut host, "name.invalid", 1883), "+QMTOPEN: 0,4");
    let refused = open(&mut host, "127.0.0.1", free_port());
    assert_eq!(refused, "+QMTOPEN: 0,-1");
    // Nothing is ever routed there.
    assert_eq!(open(&mut host, "255.255.255.255", 1883), "+QMTOPEN: 0,-1");
    assert_eq!(host.ask("AT+QMTOPEN?"), ["OK"]);
}

#[test]
fn tls_is_not_spoken_there() {
    let (_emulator, mut host) = start();
    assert_eq!(host.ask("AT+QMTCFG=\"ssl\",0,1,0"), ["OK"]);
    let server = Server::new();
    let command = format!("AT+QMTOPEN=0,\"127.0.0.1\",{}", server.port());
    assert_eq!(host.ask(&command), ["OK"]);
    let mut peer = server.accept();
    peer.write(b"220 this is something else\r\n");
    assert_eq!(host.line(), "+QMTOPEN: 0,-1");
}

#[test]
fn lost_while_opening() {
    let (_emulator, mut host) = start();
    assert_eq!(host.ask("AT+QMTCFG=\"ssl\",0,1,0"), ["OK"]);
    let server = Server::new();
    let command = format!("AT+QMTOPEN=0,\"127.0.0.1\",{}", server.port());
    assert_eq!(host.ask(&command), ["OK"]);
    drop(server.accept());
    assert_eq!(host.line(), "+QMTOPEN: 0,5");
}

#[test]
fn an_opening_that_is_abandoned() {
    let (_emulator, mut host) = start();
    assert_eq!(host.ask("AT+QMTCFG=\"ssl\",0,1,0"), ["OK"]);
    let server = Server::new();
    let command = format!("AT+QMTOPEN=0,\"127.0.0.1\",{}", server.port());
    assert_eq!(host.ask(&command), ["OK"]);
    let mut peer = server.accept();
    assert_eq!(result(&mut host, "AT+QMTCLOSE=0"), "+QMTCLOSE: 0,0");
    // It ends although the server has not answered the handshake.
    assert!(peer.rest().starts_with(&[22, 3]));
    assert_eq!(host.ask("AT"), ["OK"]);
    assert_eq!(host.left(), 0);
}

#[test]
fn the_server_closes() {
    let (_emulator, mut host) = start();
    let server = Server::new();
    drop(opened(&mut host, &server));
    assert_eq!(host.line(), "+QMTSTAT: 0,1");
    drop(connected(&mut host, &server));
    assert_eq!(host.line(), "+QMTSTAT: 0,1");
    let mut peer = connected(&mut host, &server);
    assert_eq!(host.ask("AT+QMTSUB=0,1,\"a\",0"), ["OK"]);
    assert_eq!(peer.packet(), b"\x82\x06\0\x01\0\x01a\0");
    drop(peer);
    assert_eq!(host.line(), "+QMTSTAT: 0,1");
    // Instead of the CONNACK.
    let mut peer = opened(&mut host, &server);
    assert_eq!(host.ask("AT+QMTCONN=0,\"me\""), ["OK"]);
    peer.packet();
    drop(peer);
    assert_eq!(host.line(), "+QMTSTAT: 0,1");
}

#[test]
fn the_server_sends_nonsense() {
    let (_emulator, mut host) = start();
    let server = Server::new();
    for nonsense in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\xC0\0",
        b"\x30\x80\x80\x80\x01",
    ] {
        let mut peer = connected(&mut host, &server);
        peer.write(nonsense);
        assert_eq!(host.line(), "+QMTSTAT: 0,8");
        assert_eq!(peer.rest(), b"");
    }
}

#[test]
fn no_answers() {
    let (_emulator, mut host) = start();
    assert_eq!(host.ask("AT+QMTCFG=\"timeout\",0,1,1,0"), ["OK"]);
    assert_eq!(host.ask("AT+QMTCFG=\"keepalive\",0,1"), ["OK"]);
    let server = Server::new();
    let _peer = opened(&mut host, &server);
    let result = result(&mut host, "AT+QMTCONN=0,\"me\"");
    assert_eq!(result, "+QMTCONN: 0,2");
    assert_eq!(host.line(), "+QMTSTAT: 0,4");

    let mut peer = connected(&mut host, &server);
    assert_eq!(host.line(), "+QMTPING: 0,1");
    assert_eq!(peer.rest(), b"\xC0\0");
}

#[test]
fn passwords() {
    let broker = Mosquitto::start(|folder| {
        let file = folder.join("passwords");
        password_file(&file, "user", "secret");
        let file = file.display();
        format!("allow_anonymous false\npassword_file {file}\n")
    });
    let (_emulator, mut host) = start();
    for (credentials, refused) in [
        (",\"user\",\"secret\"", false),
        (",\"user\",\"wrong\"", true),
        (",\"nobody\",\"secret\"", true),
        ("", true),
    ] {
        let opened = open(&mut host, "127.0.0.1", broker.port());
        assert_eq!(opened, "+QMTOPEN: 0,0");
        let result = result(&mut host, &format!("AT+QMTCONN=0,\"me\"{credentials}"));
        if refused {
            // Which of the two is up to the broker.
            let codes = ["+QMTCONN: 0,0,4", "+QMTCONN: 0,0,5"];
            assert!(codes.contains(&result.as_str()), "{credentials} {result}");
            assert_eq!(host.line(), "+QMTSTAT: 0,4");
        } else {
            assert_eq!(result, "+QMTCONN: 0,0,0");
            assert_eq!(host.ask("AT+QMTDISC=0"), ["OK"]);
            assert_eq!(host.line(), "+QMTDISC: 0,0");
        }
    }
}

#[test]
fn filters_the_broker_would_not_take() {
    let broker = Mosquitto::open();
    let (_emulator, mut host) = start();
    let opened = open(&mut host, "127.0.0.1", broker.port());
    assert_eq!(opened, "+QMTOPEN: 0,0");
    let connected = result(&mut host, "AT+QMTCONN=0,\"me\"");
    assert_eq!(connected, "+QMTCONN: 0,0,0");
    let closed = result(&mut host, "AT+QMTSUB=0,1,\"a#b\",0");
    assert_eq!(closed, "+QMTSTAT: 0,1");
}

#[test]
fn nobody_is_at_the_hub() {
    let (emulator, mut host) = start();
    let server = Server::new();
    let _peer = connected(&mut host, &server);
    assert_eq!(emulator.publish("topic", b"payload", 1, false), Ok(0));
    assert!(!emulator.close_client("me"));
    assert!(emulator.published().is_empty());
    assert!(!emulator.wait_published(1, Duration::ZERO));
    assert_eq!(emulator.with_hub(|hub| hub.clients().count()), 0);
}

#[test]
fn latency_is_for_the_loopback() {
    let builder = Emulator::builder().broker(Broker::Network);
    let error = builder.latency(Duration::from_millis(1)).start();
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}
