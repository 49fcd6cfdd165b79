//! `AT+QMTCONN` and `AT+QMTDISC` (note 3.3.4, 3.3.5).

use std::time::Duration;

use super::Module;
use super::client::{Phase, Will};
use super::cloud::SignIn;
use super::params::{Failure, Params};
use super::run::{Done, Reply};
use crate::packet::{Connect, Packet, Publish, ToBroker};
use crate::profile::{ConnackLost, RetrySpan};

impl Module {
    pub(crate) fn qmtconn_test(&mut self) -> Reply {
        let line = self.header("QMTCONN", self.profile.test_forms.conn);
        self.info(line);
        Ok(Done::Ok)
    }

    /// One line for each client that is open, in order (A31, A51).
    pub(crate) fn qmtconn_read(&mut self) -> Reply {
        for index in 0..super::CLIENTS {
            if let Some(state) = self.clients[index].phase.state() {
                let line = self.header("QMTCONN", &format!("{index},{state}"));
                self.info(line);
            }
        }
        Ok(Done::Ok)
    }

    /// `AT+QMTCONN=idx,"clientid"[,"username"[,"password"]]` (A69: a user name may stand alone).
    /// Without a user name the module may sign in with what it knows of a cloud (A33).
    pub(crate) fn qmtconn(&mut self, params: &Params) -> Reply {
        params.count(2..=4)?;
        let index = params.client(0)?;
        let [id_max, user_max, password_max] = self.profile.limits.credentials;
        let given = SignIn {
            client_id: params.text(1, 0..=id_max)?,
            username: params.opt_text(2, user_max)?,
            password: params.opt_text(3, password_max)?,
        };
        if given.username.is_none() && given.password.is_some() {
            return Err(Failure::Error);
        }
        if self.clients[index].phase != Phase::Open {
            return Err(Failure::Error);
        }
        let sign_in = self.sign_in(index, given)?;
        let client = &mut self.clients[index];
        let config = &client.config;
        let connect = Connect {
            level: config.version,
            client_id: sign_in.client_id,
            clean_session: config.clean_session,
            keep_alive: config.keepalive,
            username: sign_in.username,
            password: sign_in.password.map(String::into_bytes),
            will: config.will.clone().map(will_packet),
        };
        let patience = Duration::from_secs(u64::from(config.timeout.packet));
        let patience = match self.profile.retry_span {
            RetrySpan::Note => patience,
            // There the longest time of AT+QMTCONN is that of the other commands.
            RetrySpan::PlusOne => patience * (config.timeout.retries + 1),
        };
        client.phase = Phase::Connecting {
            until: self.now + patience,
        };
        self.send(index, Packet::Connect(connect));
        Ok(Done::Ok)
    }

    /// The CONNACK (A34).
    pub(crate) fn connected(&mut self, index: usize, session_present: bool, code: u8) {
        if !matches!(self.clients[index].phase, Phase::Connecting { .. }) {
            return;
        }
        let client = &mut self.clients[index];
        if code == 0 {
            client.phase = Phase::Connected;
            if !session_present || client.config.clean_session {
                client.unreleased.clear();
            }
        } else {
            self.cut(index);
        }
        let rest = match code {
            0 if !self.profile.connack_code => "0".to_owned(),
            code => format!("0,{code}"),
        };
        self.result("QMTCONN", index, &rest);
        if let Some(stat) = self.profile.stat_after_refusal.filter(|_| code != 0) {
            self.client_urc("QMTSTAT", index, &stat.to_string());
        }
    }

    /// No CONNACK in time. CONNECT is never sent twice (A1); the failure comes first, then the
    /// connection is closed (A65).
    pub(crate) fn connect_timeout(&mut self, index: usize) {
        let told = self.profile.connack_lost;
        if told != ConnackLost::Stat {
            self.result("QMTCONN", index, "2");
        }
        if told == ConnackLost::Result {
            self.cut(index);
        } else {
            self.down(index, 4);
        }
    }

    /// `AT+QMTDISC=idx`: DISCONNECT, and the connection is closed too (A32).
    pub(crate) fn qmtdisc(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let index = params.client(0)?;
        if self.clients[index].phase != Phase::Connected {
            return Err(Failure::Error);
        }
        self.send(index, Packet::Disconnect);
        let client = &mut self.clients[index];
        client.reset();
        client.phase = Phase::Disconnecting {
            until: self.now + self.profile.disconnect_time,
        };
        if self.profile.disconnect_time.is_zero() {
            self.disconnected(index);
        }
        Ok(Done::Ok)
    }

    pub(crate) fn disconnected(&mut self, index: usize) {
        self.link(index, ToBroker::Close);
        self.clients[index].reset();
        self.result("QMTDISC", index, "0");
        if let Some(stat) = self.profile.stat_after_disconnect {
            self.client_urc("QMTSTAT", index, &stat.to_string());
        }
    }
}

fn will_packet(will: Will) -> Publish {
    Publish {
        id: 0,
        topic: will.topic,
        payload: will.message,
        qos: will.qos,
        retain: will.retain,
        dup: false,
    }
}
