//! Settings of the module that are neither network nor MQTT: power, serial line, URC routing.

use super::Module;
use super::clock;
use super::params::{Failure, Params};
use super::run::{Deferred, Done, Reply};

/// What these commands keep.
#[derive(Debug)]
pub(crate) struct System {
    /// `AT+CFUN`: 0 off, 1 on, 4 flight mode.
    pub(crate) functionality: u32,
    /// Local time at the module's time zero, seconds since 1970.
    pub(crate) clock: i64,
    /// Quarters of an hour.
    pub(crate) zone: i64,
    pub(crate) rate: u32,
    pub(crate) saved_rate: u32,
    flow: (u32, u32),
    format: (u32, u32),
    pub(crate) charset: &'static str,
    /// `AT+QURCCFG="urcport"`: kept over restarts.
    pub(crate) urc_port: &'static str,
    indications: Vec<(&'static str, u32)>,
    settings: Vec<(String, String)>,
    zone_update: u32,
    zone_report: u32,
    sleep: u32,
}

impl Default for System {
    fn default() -> Self {
        Self {
            functionality: 1,
            clock: clock::START,
            zone: 0,
            rate: 115_200,
            saved_rate: 115_200,
            flow: (0, 0),
            format: (3, 3),
            charset: "GSM",
            urc_port: "usbat",
            indications: INDICATIONS.to_vec(),
            settings: vec![("urc/cache".to_owned(), "0".to_owned())],
            zone_update: 0,
            zone_report: 0,
            sleep: 0,
        }
    }
}

impl System {
    /// Sets back what a restart does not keep.
    pub(crate) fn restart(&mut self) {
        *self = Self {
            rate: self.saved_rate,
            saved_rate: self.saved_rate,
            urc_port: self.urc_port,
            clock: self.clock,
            zone: self.zone,
            ..Self::default()
        };
    }
}

const URC_PORTS: &[&str] = &["usbat", "usbmodem", "uart1", "uart2", "all"];
const INDICATIONS: &[(&str, u32)] = &[
    ("all", 1),
    ("csq", 0),
    ("smsfull", 0),
    ("ring", 1),
    ("smsincoming", 1),
    ("act", 0),
];
const RATES: &[u32] = &[
    4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_000_000, 2_000_000,
    3_000_000, 4_000_000,
];
const CHARSETS: &[&str] = &["GSM", "IRA", "UCS2"];
const DONE: Reply = Ok(Done::Ok);

impl Module {
    pub(crate) fn cmee_read(&mut self) -> Reply {
        self.info(format!("+CMEE: {}", self.preferences.cmee));
        DONE
    }

    pub(crate) fn cmee(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        self.preferences.cmee = params.opt_int(0, 0..=2)?.unwrap_or(0);
        DONE
    }

    pub(crate) fn cfun_read(&mut self) -> Reply {
        self.info(format!("+CFUN: {}", self.system.functionality));
        DONE
    }

    /// `AT+CFUN=<fun>[,<rst>]`: with `<rst>` 1 the module restarts after the `OK`.
    pub(crate) fn cfun(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        let level = params.int(0, 0..=4)?;
        if !matches!(level, 0 | 1 | 4) {
            return Err(Failure::Error);
        }
        if params.opt_int(1, 0..=1)? == Some(1) {
            self.running.deferred.push(Deferred::Reboot);
            return DONE;
        }
        let before = std::mem::replace(&mut self.system.functionality, level);
        if level == 1 && before != 1 {
            self.radio_on();
        } else if level != 1 && before == 1 {
            self.radio_off();
        }
        DONE
    }

    pub(crate) fn qpowd(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        params.int(0, 0..=1)?;
        self.qpowd_default()
    }

    pub(crate) fn qpowd_default(&mut self) -> Reply {
        self.running.deferred.push(Deferred::PowerDown);
        DONE
    }

    pub(crate) fn ipr_test(&mut self) -> Reply {
        let rates: Vec<String> = RATES.iter().map(u32::to_string).collect();
        self.info(format!("+IPR: ({})", rates.join(",")));
        DONE
    }

    pub(crate) fn ipr_read(&mut self) -> Reply {
        self.info(format!("+IPR: {}", self.system.rate));
        DONE
    }

    pub(crate) fn ipr(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let rate = params.int(0, 0..=4_000_000)?;
        if !RATES.contains(&rate) {
            return Err(Failure::Error);
        }
        self.system.rate = rate;
        DONE
    }

    pub(crate) fn ifc_read(&mut self) -> Reply {
        let (receive, send) = self.system.flow;
        self.info(format!("+IFC: {receive},{send}"));
        DONE
    }

    pub(crate) fn ifc(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        let receive = params.int(0, 0..=2)?;
        let send = params.opt_int(1, 0..=2)?.unwrap_or(receive);
        if receive == 1 || send == 1 {
            return Err(Failure::Error);
        }
        self.system.flow = (receive, send);
        DONE
    }

    pub(crate) fn icf_read(&mut self) -> Reply {
        let (format, parity) = self.system.format;
        self.info(format!("+ICF: {format},{parity}"));
        DONE
    }

    pub(crate) fn icf(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        let format = params.int(0, 3..=3)?;
        let parity = params.opt_int(1, 0..=3)?.unwrap_or(self.system.format.1);
        self.system.format = (format, parity);
        DONE
    }

    pub(crate) fn cscs_read(&mut self) -> Reply {
        self.info(format!("+CSCS: \"{}\"", self.system.charset));
        DONE
    }

    pub(crate) fn cscs(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        self.system.charset = one_of(CHARSETS, &params.text(0, 1..=8)?)?;
        DONE
    }

    pub(crate) fn qurccfg_test(&mut self) -> Reply {
        let ports: Vec<String> = URC_PORTS.iter().map(|port| format!("\"{port}\"")).collect();
        self.info(format!("+QURCCFG: \"urcport\",({})", ports.join(",")));
        DONE
    }

    /// Kept and answered; the emulated port is always the one in use.
    pub(crate) fn qurccfg(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        one_of(&["urcport"], &params.text(0, 1..=20)?)?;
        if params.len() == 1 {
            self.info(format!(
                "+QURCCFG: \"urcport\",\"{}\"",
                self.system.urc_port
            ));
        } else {
            self.system.urc_port = one_of(URC_PORTS, &params.text(1, 1..=20)?)?;
        }
        DONE
    }

    pub(crate) fn qindcfg_test(&mut self) -> Reply {
        for (name, _) in INDICATIONS {
            self.info(format!("+QINDCFG: \"{name}\",(0,1),(0,1)"));
        }
        DONE
    }

    pub(crate) fn qindcfg(&mut self, params: &Params) -> Reply {
        params.count(1..=3)?;
        let name = params.text(0, 1..=20)?;
        params.opt_int(2, 0..=1)?;
        let value = params.opt_int(1, 0..=1)?;
        let indications = &mut self.system.indications;
        let (name, current) = indications
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name))
            .ok_or(Failure::Error)?;
        if let Some(value) = value {
            *current = value;
        } else {
            let line = format!("+QINDCFG: \"{name}\",{current}");
            self.info(line);
        }
        DONE
    }

    pub(crate) fn qcfg_test(&mut self) -> Reply {
        self.info("+QCFG: \"urc/cache\",(0,1)");
        DONE
    }

    /// Any setting can be set and is then known; unknown ones cannot be queried.
    pub(crate) fn qcfg(&mut self, params: &Params) -> Reply {
        let name = params.text(0, 1..=40)?.to_ascii_lowercase();
        let values: Vec<&str> = (1..params.len()).filter_map(|i| params.any(i)).collect();
        let settings = &mut self.system.settings;
        let known = settings.iter().position(|(known, _)| *known == name);
        match (known, values.is_empty()) {
            (Some(index), true) => {
                let line = format!("+QCFG: \"{name}\",{}", settings[index].1);
                self.info(line);
            }
            (None, true) => return Err(Failure::Error),
            (Some(index), false) => settings[index].1 = values.join(","),
            (None, false) => settings.push((name, values.join(","))),
        }
        DONE
    }

    pub(crate) fn ctzu_read(&mut self) -> Reply {
        self.info(format!("+CTZU: {}", self.system.zone_update));
        DONE
    }

    pub(crate) fn ctzu(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        self.system.zone_update = params.int(0, 0..=3)?;
        DONE
    }

    pub(crate) fn ctzr_read(&mut self) -> Reply {
        self.info(format!("+CTZR: {}", self.system.zone_report));
        DONE
    }

    pub(crate) fn ctzr(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        self.system.zone_report = params.int(0, 0..=2)?;
        DONE
    }

    pub(crate) fn qsclk_read(&mut self) -> Reply {
        self.info(format!("+QSCLK: {}", self.system.sleep));
        DONE
    }

    pub(crate) fn qsclk(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        self.system.sleep = params.int(0, 0..=2)?;
        DONE
    }

    pub(crate) fn cpas(&mut self) -> Reply {
        self.info("+CPAS: 0");
        DONE
    }

    pub(crate) fn cbc(&mut self) -> Reply {
        self.info("+CBC: 0,100,3800");
        DONE
    }
}

fn one_of(names: &[&'static str], text: &str) -> Result<&'static str, Failure> {
    let found = names.iter().find(|name| name.eq_ignore_ascii_case(text));
    found.copied().ok_or(Failure::Error)
}
