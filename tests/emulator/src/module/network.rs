//! SIM, signal and registration, as far as programs ask before they open a connection.

use super::params::{Failure, Params};
use super::pdp::Context;
use super::run::{Deferred, Done, Reply};
use super::{Module, Timed};
use crate::profile::Profile;
use std::time::Duration;

/// What is known of the network.
#[derive(Debug)]
pub(crate) struct Network {
    /// `<stat>` of `AT+CREG?`: 0 off, 1 home, 2 searching, ...
    pub(crate) status: u8,
    /// `<n>` of `AT+CGATT`.
    pub(crate) attached: bool,
    /// Contexts 1 to 15.
    pub(crate) contexts: Vec<Context>,
    /// `AT+QIGETERROR`.
    pub(crate) last_error: u16,
    /// `<mode>` of `AT+COPS`.
    operator_mode: u32,
}

impl Network {
    pub(crate) fn new(profile: &Profile) -> Self {
        let mut contexts = vec![Context::default(); profile.limits.cid.max(15) as usize];
        contexts[0].defined = true;
        contexts[0].active = profile.context_at_boot;
        Self {
            status: 1,
            attached: true,
            contexts,
            last_error: 0,
            operator_mode: 0,
        }
    }

    pub(crate) fn registered(&self) -> bool {
        matches!(self.status, 1 | 5)
    }
}

const OPERATOR: &str = "EMULATED";
const REPORTS: [&str; 3] = ["CREG", "CGREG", "CEREG"];
const DONE: Reply = Ok(Done::Ok);

impl Module {
    /// The registration status changes; programs that asked for it are told. Without registration
    /// there are no contexts, and no connections of clients.
    pub(crate) fn register(&mut self, status: u8) {
        if self.network.status == status || (status == 1 && self.system.functionality != 1) {
            return;
        }
        self.network.status = status;
        for (index, name) in REPORTS.into_iter().enumerate() {
            let detail = self.preferences.report[index];
            if detail > 0 {
                let place = self.place(index, detail);
                let line = format!("+{name}: {status}{place}");
                self.urc(name, None, line.into_bytes());
            }
        }
        if !self.network.registered() {
            self.all_contexts_lost();
        }
    }

    fn all_contexts_lost(&mut self) {
        let last = u8::try_from(self.network.contexts.len()).unwrap_or(u8::MAX);
        for context in 1..=last {
            self.context_lost(context, self.profile.context_lost_stat);
        }
    }

    /// Area, cell and technology, shown with `<n>` 2 while registered.
    fn place(&self, index: usize, detail: u32) -> &'static str {
        match (detail, self.network.registered(), index) {
            (2, true, 1) => ",\"1A2B\",\"01A2D003\",7,\"01\"",
            (2, true, _) => ",\"1A2B\",\"01A2D003\",7",
            _ => "",
        }
    }

    fn registration_read(&mut self, index: usize) -> Reply {
        let detail = self.preferences.report[index];
        let place = self.place(index, detail);
        let line = format!(
            "+{}: {detail},{}{place}",
            REPORTS[index], self.network.status
        );
        self.info(line);
        DONE
    }

    fn registration_report(&mut self, index: usize, params: &Params) -> Reply {
        params.count(1..=1)?;
        self.preferences.report[index] = params.int(0, 0..=2)?;
        DONE
    }

    pub(crate) fn creg_read(&mut self) -> Reply {
        self.registration_read(0)
    }

    pub(crate) fn creg(&mut self, params: &Params) -> Reply {
        self.registration_report(0, params)
    }

    pub(crate) fn cgreg_read(&mut self) -> Reply {
        self.registration_read(1)
    }

    pub(crate) fn cgreg(&mut self, params: &Params) -> Reply {
        self.registration_report(1, params)
    }

    pub(crate) fn cereg_read(&mut self) -> Reply {
        self.registration_read(2)
    }

    pub(crate) fn cereg(&mut self, params: &Params) -> Reply {
        self.registration_report(2, params)
    }

    /// `AT+CFUN=1`: registered again after a while.
    pub(crate) fn radio_on(&mut self) {
        self.running.deferred.push(Deferred::Registration(2));
        self.schedule(Duration::from_secs(1), Timed::Network(1));
        self.network.attached = true;
    }

    /// `AT+CFUN=0` or `4`: no network, no contexts, no connections.
    pub(crate) fn radio_off(&mut self) {
        self.running.deferred.push(Deferred::Registration(0));
        self.network.attached = false;
        self.all_contexts_lost();
    }

    pub(crate) fn cpin_read(&mut self) -> Reply {
        if self.system.functionality == 0 {
            return Err(Failure::Cme(13));
        }
        self.info("+CPIN: READY");
        DONE
    }

    /// The SIM asks for no PIN.
    pub(crate) fn cpin(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        Err(Failure::Cme(3))
    }

    pub(crate) fn qinistat(&mut self) -> Reply {
        self.info("+QINISTAT: 7");
        DONE
    }

    pub(crate) fn csq(&mut self) -> Reply {
        let level = if self.system.functionality == 1 {
            28
        } else {
            99
        };
        self.info(format!("+CSQ: {level},99"));
        DONE
    }

    pub(crate) fn cesq(&mut self) -> Reply {
        self.info("+CESQ: 99,99,255,255,22,52");
        DONE
    }

    pub(crate) fn qcsq(&mut self) -> Reply {
        if self.network.registered() {
            self.info("+QCSQ: \"LTE\",-58,-88,180,-9");
        } else {
            self.info("+QCSQ: \"NOSERVICE\"");
        }
        DONE
    }

    pub(crate) fn cgatt_read(&mut self) -> Reply {
        let attached = u8::from(self.network.attached && self.network.registered());
        self.info(format!("+CGATT: {attached}"));
        DONE
    }

    pub(crate) fn cgatt(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let attach = params.flag(0)?;
        if attach && self.system.functionality != 1 {
            return Err(Failure::Cme(30));
        }
        self.network.attached = attach;
        if !attach {
            self.all_contexts_lost();
        }
        DONE
    }

    pub(crate) fn cops_test(&mut self) -> Reply {
        self.info(format!(
            "+COPS: (2,\"{OPERATOR}\",\"EMU\",\"00101\",7),,(0-4),(0-2)"
        ));
        DONE
    }

    pub(crate) fn cops_read(&mut self) -> Reply {
        let mode = self.network.operator_mode;
        if self.network.registered() {
            self.info(format!("+COPS: {mode},0,\"{OPERATOR}\",7"));
        } else {
            self.info(format!("+COPS: {mode}"));
        }
        DONE
    }

    pub(crate) fn cops(&mut self, params: &Params) -> Reply {
        params.count(1..=4)?;
        let mode = params.int(0, 0..=4)?;
        params.opt_int(1, 0..=2)?;
        if mode != 3 {
            self.network.operator_mode = mode;
        }
        DONE
    }

    pub(crate) fn qnwinfo(&mut self) -> Reply {
        if self.network.registered() {
            self.info("+QNWINFO: \"FDD LTE\",\"00101\",\"LTE BAND 3\",1300");
        } else {
            self.info("+QNWINFO: No Service");
        }
        DONE
    }

    pub(crate) fn qspn(&mut self) -> Reply {
        self.info(format!("+QSPN: \"{OPERATOR}\",\"EMU\",\"\",0,\"00101\""));
        DONE
    }
}
