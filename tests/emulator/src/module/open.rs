//! `AT+QMTOPEN` and `AT+QMTCLOSE` (note 3.3.2, 3.3.3).

use std::net::Ipv6Addr;
use std::time::Duration;

use super::Module;
use super::client::Phase;
use super::params::{Failure, Params};
use super::run::{Done, Reply};
use crate::packet::{OpenFailure, ToBroker};
use crate::profile::{CloseClosed, OpenOccupied};

/// The longest opening (note 3.3.2).
const OPEN_MAX: Duration = Duration::from_secs(120);

/// Results of `+QMTOPEN` (note 3.3.2).
pub(crate) mod result {
    pub(crate) const FAILED: i32 = -1;
    pub(crate) const OPENED: i32 = 0;
    pub(crate) const PARAMETER: i32 = 1;
    pub(crate) const OCCUPIED: i32 = 2;
    pub(crate) const PDP: i32 = 3;
    pub(crate) const NAME: i32 = 4;
    pub(crate) const NETWORK: i32 = 5;
}

/// In `AT+QIGETERROR` (supplement 2.10).
pub(crate) const INVALID_PARAMETERS: u16 = 552;

/// Whether this can be an address or the name of a host. Underscores are in no name of a host, but
/// in many that resolve; whether it resolves is another question.
fn is_host(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let address = address.split('%').next().unwrap_or(address);
    if address.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    name.split('.').all(|label| {
        let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        !label.is_empty() && label.bytes().all(fits)
    })
}

impl Module {
    pub(crate) fn qmtopen_test(&mut self) -> Reply {
        let line = self.header("QMTOPEN", self.profile.test_forms.open);
        self.info(line);
        Ok(Done::Ok)
    }

    /// One line for each client that is open, in order (A31, A51).
    pub(crate) fn qmtopen_read(&mut self) -> Reply {
        for index in 0..super::CLIENTS {
            let client = &self.clients[index];
            if client.phase.state().is_some() {
                let rest = format!("{index},\"{}\",{}", client.host, client.port);
                let line = self.header("QMTOPEN", &rest);
                self.info(line);
            }
        }
        Ok(Done::Ok)
    }

    /// `AT+QMTOPEN=idx,"host",port`. What is no string of 1 to 100 bytes is an `ERROR`; what is one,
    /// but can be no host, is for the result to say (a reading).
    pub(crate) fn qmtopen(&mut self, params: &Params) -> Reply {
        params.count(3..=3)?;
        let index = params.client(0)?;
        let host = params.text(1, 1..=100)?;
        let port = params.word(2, 1)?;
        if self.clients[index].phase.in_use() {
            if self.profile.open_occupied == OpenOccupied::Error {
                return Err(Failure::Error);
            }
            self.open_result(index, result::OCCUPIED);
            return Ok(Done::Ok);
        }
        if !is_host(&host) {
            self.network.last_error = INVALID_PARAMETERS;
            self.open_result(index, result::PARAMETER);
            return Ok(Done::Ok);
        }
        let context = usize::from(self.clients[index].config.pdpcid) - 1;
        let active = self.network.contexts[context].active;
        let usable = active || (!self.profile.open_needs_context && self.activate(context));
        if !usable {
            self.open_result(index, result::PDP);
            return Ok(Done::Ok);
        }
        let tls = match self.clients[index].config.ssl {
            None => None,
            Some(context) => {
                let Ok(tls) = self.tls(context) else {
                    self.open_failed(index, OpenFailure::Connect);
                    return Ok(Done::Ok);
                };
                Some(Box::new(tls))
            }
        };
        let client = &mut self.clients[index];
        client.host.clone_from(&host);
        client.port = port;
        client.phase = Phase::Opening {
            until: self.now + OPEN_MAX,
        };
        self.link(index, ToBroker::Open { host, port, tls });
        Ok(Done::Ok)
    }

    pub(crate) fn open_result(&mut self, index: usize, code: i32) {
        self.result("QMTOPEN", index, &code.to_string());
    }

    /// An opening came to an end that is none (A44).
    pub(crate) fn open_failed(&mut self, index: usize, failure: OpenFailure) {
        let (code, error) = match failure {
            OpenFailure::NameResolution => (result::NAME, 565),
            OpenFailure::Connect => (result::FAILED, 566),
            OpenFailure::Lost => (result::NETWORK, 567),
        };
        self.network.last_error = error;
        self.clients[index].reset();
        self.open_result(index, code);
    }

    /// `AT+QMTCLOSE=idx`: the connection is cut without a DISCONNECT, an opening is abandoned, and
    /// closing what is closed is no error (A63).
    pub(crate) fn qmtclose(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let index = params.client(0)?;
        if self.clients[index].phase.in_use() {
            self.cut(index);
        } else {
            match self.profile.close_closed {
                CloseClosed::Result => {}
                CloseClosed::OkOnly => return Ok(Done::Ok),
                CloseClosed::Error => return Err(Failure::Error),
            }
        }
        if self.profile.close_resets {
            let config = &mut self.clients[index].config;
            config.ssl = None;
            config.version = 4;
        }
        self.result("QMTCLOSE", index, "0");
        Ok(Done::Ok)
    }

    /// The misprint of note 3.3.3 (A2).
    pub(crate) fn qmtcclose(&mut self, params: &Params) -> Reply {
        if self.profile.accept_qmtcclose {
            self.qmtclose(params)
        } else {
            Err(Failure::Error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn hosts() {
        for host in [
            "h",
            "name.invalid",
            "broker.example.com.",
            "my_broker",
            "xn--bcher-kva.example",
            "192.0.2.1",
            "::1",
            "[::1]",
            "fe80::1%eth0",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "",
            ".",
            "no name",
            " h",
            "a..b",
            ".a",
            "mqtt://h",
            "h:1883",
            "h/path",
            "user@h",
            "[h]",
            "b\u{fc}cher",
            "h\n",
        ] {
            assert!(!is_host(host), "{host:?}");
        }
    }
}
