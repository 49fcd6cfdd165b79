//! The network side of the emulator without a module, and a broker that does what a test says.

#![allow(dead_code, reason = "each test program uses a part of it")]

use atmqtt_emulator::network::Network;
use atmqtt_emulator::packet::{Connect, FromBroker, Packet, Tls, ToBroker};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Longer than anything here takes, also on a machine that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A network, and what it calls.
pub(crate) struct Net {
    pub(crate) network: Network,
    woken: UnixStream,
}

impl Net {
    pub(crate) fn new() -> Self {
        let (waker, woken) = UnixStream::pair().unwrap();
        Self {
            network: Network::new(waker).unwrap(),
            woken,
        }
    }

    pub(crate) fn open(&mut self, client: usize, host: &str, port: u16, tls: Option<Tls>) {
        let (host, tls) = (host.to_owned(), tls.map(Box::new));
        self.network
            .handle(client, ToBroker::Open { host, port, tls });
    }

    /// Opens and answers what came of it.
    pub(crate) fn opened(&mut self, host: &str, port: u16, tls: Option<Tls>) -> FromBroker {
        self.open(0, host, port, tls);
        let (client, from) = self.next();
        assert_eq!(client, 0);
        from
    }

    pub(crate) fn send(&mut self, client: usize, packet: Packet) {
        self.network.handle(client, ToBroker::Packet(packet));
    }

    pub(crate) fn close(&mut self, client: usize) {
        self.network.handle(client, ToBroker::Close);
    }

    /// What arrives next, waiting for it.
    pub(crate) fn next(&mut self) -> (usize, FromBroker) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.network.receive();
            if let Some(news) = self.network.poll() {
                return news;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "nothing comes");
            self.woken.set_read_timeout(Some(left)).unwrap();
            match self.woken.read(&mut [0; 64]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A CONNECT of a client that keeps nothing.
pub(crate) fn connect(client_id: &str) -> Packet {
    Packet::Connect(Connect {
        level: 4,
        client_id: client_id.to_owned(),
        clean_session: true,
        keep_alive: 60,
        username: None,
        password: None,
        will: None,
    })
}

/// A connection was accepted.
pub(crate) const ACCEPTED: FromBroker = FromBroker::Packet(Packet::ConnAck {
    session_present: false,
    code: 0,
});

/// A server that does nothing by itself.
pub(crate) struct Server(TcpListener);

impl Server {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// The next connection. Somebody must be connecting.
    pub(crate) fn accept(&self) -> Peer {
        let deadline = Instant::now() + PATIENCE;
        self.0.set_nonblocking(true).unwrap();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    return Peer(stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(Instant::now() < deadline, "nobody connects");
                    // An accept has no time-out of its own.
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// The other end of a connection.
pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// So many bytes.
    pub(crate) fn read(&mut self, bytes: &mut [u8]) {
        self.0.read_exact(bytes).unwrap();
    }

    /// The next packet as it came; lengths below 128 only.
    pub(crate) fn packet(&mut self) -> Vec<u8> {
        let mut packet = vec![0; 2];
        self.0.read_exact(&mut packet).unwrap();
        assert!(packet[1] < 128);
        packet.resize(2 + usize::from(packet[1]), 0);
        self.0.read_exact(&mut packet[2..]).unwrap();
        packet
    }

    /// Everything up to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{error}"),
        }
        rest
    }

    /// Ends the connection by a reset.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(&self.0, Some(Duration::ZERO)).unwrap();
    }

    /// Waits for CONNECT and accepts it.
    pub(crate) fn accept_client(&mut self) {
        assert_eq!(self.packet()[0], 0x10);
        self.write(b"\x20\x02\0\0");
    }
}
