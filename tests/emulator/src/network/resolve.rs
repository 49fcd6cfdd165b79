//! From the host of `AT+QMTOPEN` to a TCP connection. Both steps block.

use crate::packet::OpenFailure;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// The longest attempt at one address. Two of them fit into the 120 s of `AT+QMTOPEN`.
const ATTEMPT: Duration = Duration::from_secs(50);

/// A connection to the first address of the host that accepts one. `wanted` is asked before each
/// attempt.
pub(super) fn connect(
    host: &str,
    port: u16,
    mut wanted: impl FnMut() -> bool,
) -> Result<TcpStream, OpenFailure> {
    let addresses = resolve(host, port);
    if addresses.is_empty() {
        return Err(OpenFailure::NameResolution);
    }
    addresses
        .iter()
        .take_while(|_| wanted())
        .find_map(|address| TcpStream::connect_timeout(address, ATTEMPT).ok())
        .ok_or(OpenFailure::Connect)
}

/// The addresses of a host; none when its name does not resolve.
fn resolve(host: &str, port: u16) -> Vec<SocketAddr> {
    if is_invalid(host) {
        return Vec::new();
    }
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    (host, port)
        .to_socket_addrs()
        .map(Iterator::collect)
        .unwrap_or_default()
}

/// Names that never resolve (RFC 6761, 6.4); asking for them may take long where there is no
/// name server.
fn is_invalid(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    last.eq_ignore_ascii_case("invalid")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn names() {
        assert_eq!(resolve("127.0.0.1", 7), ["127.0.0.1:7".parse().unwrap()]);
        assert_eq!(resolve("[::1]", 7), ["[::1]:7".parse().unwrap()]);
        assert_eq!(resolve("::1", 7), ["[::1]:7".parse().unwrap()]);
        assert!(resolve("localhost", 7).iter().all(|a| a.ip().is_loopback()));
        for host in ["invalid", "name.invalid", "name.INVALID.", "", "a b"] {
            assert_eq!(resolve(host, 7), [], "{host}");
        }
    }
}
