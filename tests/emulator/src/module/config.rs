//! `AT+QMTCFG` (note 3.3.1): one row of [`SETTINGS`] for each name.

use super::Module;
use super::client::{Phase, Will};
use super::data::{DataEntry, Purpose};
use super::params::{Failure, Params};
use super::run::{Done, Reply};
use super::settings::{Config, Device, Edit, Timeout};
use crate::profile::{ConfigUntil, Limits, Profile};

/// Everything a setter may look at: the client, and the parameters (the name is number 0, the
/// client 1).
type Set = fn(&mut Module, usize, &Params) -> Reply;

/// Prints the values.
type Get = fn(&Config, &Profile) -> Vec<u8>;

/// One setting.
struct Setting {
    name: &'static str,
    /// Its values, as the query prints them.
    get: Get,
    set: Set,
}

const fn setting(name: &'static str, get: Get, set: Set) -> Setting {
    Setting { name, get, set }
}

static SETTINGS: &[Setting] = &[
    setting("version", get_version, set_version),
    setting("pdpcid", |c, _| c.pdpcid.to_string().into(), set_pdpcid),
    setting("ssl", get_ssl, set_ssl),
    setting(
        "keepalive",
        |c, _| c.keepalive.to_string().into(),
        set_keepalive,
    ),
    setting("session", |c, _| flag(c.clean_session).into(), set_session),
    setting("timeout", get_timeout, set_timeout),
    setting("will", get_will, set_will),
    setting("willex", get_willex, set_willex),
    setting(
        "recv/mode",
        |c, _| flags(c.stored, c.length_shown),
        set_recv_mode,
    ),
    setting(
        "aliauth",
        |c, _| device(&c.aliauth, 3),
        |m, i, p| {
            m.clients[i].config.aliauth = read_device(p, 3, false)?;
            Ok(Done::Ok)
        },
    ),
    setting(
        "qmtping",
        |c, _| c.qmtping.to_string().into(),
        |m, i, p| {
            p.count(3..=3)?;
            m.clients[i].config.qmtping = p.int(2, 5..=60)?;
            Ok(Done::Ok)
        },
    ),
    setting(
        "send/mode",
        |c, _| flag(c.hex_send).into(),
        |m, i, p| {
            p.count(3..=3)?;
            m.clients[i].config.hex_send = p.flag(2)?;
            Ok(Done::Ok)
        },
    ),
    setting(
        "onenet",
        |c, _| device(&c.onenet, 2),
        |m, i, p| {
            m.clients[i].config.onenet = read_device(p, 2, false)?;
            Ok(Done::Ok)
        },
    ),
    setting(
        "hwauth",
        |c, _| device(&c.hwauth, 2),
        |m, i, p| {
            m.clients[i].config.hwauth = read_device(p, 2, true)?;
            Ok(Done::Ok)
        },
    ),
    setting(
        "hwprodid",
        |c, _| device(&c.hwprodid, 3),
        |m, i, p| {
            m.clients[i].config.hwprodid = read_device(p, 3, true)?;
            Ok(Done::Ok)
        },
    ),
    setting(
        "dataformat",
        |c, _| flags(c.hex_send, c.hex_receive),
        |m, i, p| {
            p.count(4..=4)?;
            let (send, receive) = (p.flag(2)?, p.flag(3)?);
            let config = &mut m.clients[i].config;
            (config.hex_send, config.hex_receive) = (send, receive);
            Ok(Done::Ok)
        },
    ),
    setting(
        "showrecvlen",
        |c, _| flag(c.length_shown).into(),
        |m, i, p| {
            p.count(3..=3)?;
            m.clients[i].config.length_shown = p.flag(2)?;
            Ok(Done::Ok)
        },
    ),
    setting("echo_mode", |c, _| flag(c.view).into(), set_view),
    setting("view/mode", |c, _| flag(c.view).into(), set_view),
    setting(
        "CTWing",
        |c, _| device(&c.ctwing, 2),
        |m, i, p| {
            m.clients[i].config.ctwing = read_device(p, 2, false)?;
            Ok(Done::Ok)
        },
    ),
    setting("edit/timeout", get_edit, set_edit),
];

impl Module {
    /// A test form whose only parameter is the client.
    pub(crate) fn clients_test(&mut self, command: &str) -> Reply {
        let last = self.profile.clients.saturating_sub(1);
        let line = self.header(command, &format!("(0-{last})"));
        self.info(line);
        Ok(Done::Ok)
    }

    /// `AT+QMTCFG=?`
    pub(crate) fn qmtcfg_test(&mut self) -> Reply {
        for (name, ranges) in self.profile.settings {
            let line = self.header("QMTCFG", &format!("\"{name}\",{ranges}"));
            self.info(line);
        }
        // The one test form that even compact dialects end with an empty line.
        self.running.compact = false;
        Ok(Done::Ok)
    }

    /// `AT+QMTCFG="name",idx[,...]`: with the client alone a query.
    pub(crate) fn qmtcfg(&mut self, params: &Params) -> Reply {
        let name = params.text(0, 1..=20)?;
        let known = |other: &str| other.eq_ignore_ascii_case(&name);
        if !self.profile.settings.iter().any(|(name, _)| known(name)) {
            return Err(Failure::Error);
        }
        let setting = SETTINGS
            .iter()
            .find(|setting| known(setting.name))
            .ok_or(Failure::Error)?;
        let client = params.client(1)?;
        if params.len() > 2 {
            let closed = match (self.profile.config_until, self.clients[client].phase) {
                (_, Phase::Closed) => true,
                (ConfigUntil::Open, _) => false,
                (ConfigUntil::Connect, phase) => {
                    matches!(phase, Phase::Opening { .. } | Phase::Open)
                }
            };
            if !closed {
                return Err(Failure::Error);
            }
            return (setting.set)(self, client, params);
        }
        let name = match self.profile.setting_name_in_query {
            true => format!("\"{}\",", setting.name),
            false => String::new(),
        };
        let mut line = self.header("QMTCFG", &name).into_bytes();
        line.extend((setting.get)(&self.clients[client].config, &self.profile));
        self.info(line);
        if setting.name == "qmtping" && !self.profile.qmtping_query_ok {
            self.running.silent = true;
        }
        Ok(Done::Ok)
    }
}

fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

fn flags(first: bool, second: bool) -> Vec<u8> {
    format!("{},{}", flag(first), flag(second)).into()
}

fn get_version(config: &Config, profile: &Profile) -> Vec<u8> {
    let value = profile.versions[usize::from(config.version == 4)];
    value.to_string().into()
}

fn set_version(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=3)?;
    let value = params.small(2, u8::MAX)?;
    let [old, new] = module.profile.versions;
    module.clients[client].config.version = match value {
        _ if value == old => 3,
        _ if value == new => 4,
        _ => return Err(Failure::Error),
    };
    Ok(Done::Ok)
}

fn set_pdpcid(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=3)?;
    let cid = params.int(2, 1..=module.profile.limits.cid)?;
    module.clients[client].config.pdpcid = u8::try_from(cid).map_err(|_| Failure::Error)?;
    Ok(Done::Ok)
}

fn get_ssl(config: &Config, _: &Profile) -> Vec<u8> {
    match config.ssl {
        None => b"0".to_vec(),
        Some(context) => format!("1,{context}").into(),
    }
}

fn set_ssl(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=4)?;
    let on = params.flag(2)?;
    let context = match params.len() {
        4 => Some(params.small(3, 5)?),
        _ if on => return Err(Failure::Error),
        _ => None,
    };
    module.clients[client].config.ssl = context.filter(|_| on);
    Ok(Done::Ok)
}

fn set_keepalive(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=3)?;
    let seconds = params.int(2, 0..=3600)?;
    module.clients[client].config.keepalive = u16::try_from(seconds).map_err(|_| Failure::Error)?;
    Ok(Done::Ok)
}

fn set_session(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=3)?;
    module.clients[client].config.clean_session = params.flag(2)?;
    Ok(Done::Ok)
}

fn get_timeout(config: &Config, _: &Profile) -> Vec<u8> {
    let Timeout {
        packet,
        retries,
        notice,
    } = config.timeout;
    format!("{packet},{retries},{}", flag(notice)).into()
}

/// All three values or none (A53).
fn set_timeout(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(5..=5)?;
    let limits = module.profile.limits;
    module.clients[client].config.timeout = Timeout {
        packet: params.int(2, 1..=limits.pkt_timeout)?,
        retries: params.int(3, limits.retry_min..=10)?,
        notice: params.flag(4)?,
    };
    Ok(Done::Ok)
}

fn get_will(config: &Config, _: &Profile) -> Vec<u8> {
    let Some(will) = &config.will else {
        return b"0".to_vec();
    };
    let head = format!("1,{},{},\"{}\",\"", will.qos, flag(will.retain), will.topic);
    let mut values = head.into_bytes();
    values.extend_from_slice(&will.message);
    values.push(b'"');
    values
}

fn get_willex(config: &Config, _: &Profile) -> Vec<u8> {
    let Some(will) = &config.will else {
        return b"0".to_vec();
    };
    let (retain, length) = (flag(will.retain), will.message.len());
    format!("1,{},{retain},\"{}\",{length}", will.qos, will.topic).into()
}

/// The part that `will` and `willex` share; `None` means no will. With a will all values are
/// needed, without one none may follow (A69).
fn will_head(params: &Params, limits: &Limits) -> Result<Option<Will>, Failure> {
    if !params.flag(2)? {
        params.count(3..=3)?;
        return Ok(None);
    }
    params.count(7..=7)?;
    Ok(Some(Will {
        qos: params.small(3, 2)?,
        retain: params.flag(4)?,
        topic: params.text(5, 1..=limits.will_topic)?,
        message: Vec::new(),
    }))
}

fn set_will(module: &mut Module, client: usize, params: &Params) -> Reply {
    let limits = module.profile.limits;
    let mut will = will_head(params, &limits)?;
    let (min, max) = limits.will_message;
    if let Some(will) = &mut will {
        will.message = params.text(6, min..=max)?.into_bytes();
    }
    module.clients[client].config.will = will;
    Ok(Done::Ok)
}

/// Prompts for the message, unless it is empty (A8).
fn set_willex(module: &mut Module, client: usize, params: &Params) -> Reply {
    let will = match will_head(params, &module.profile.limits)? {
        Some(will) => {
            let length = params.int(6, 0..=256)? as usize;
            if length > 0 || module.profile.empty_payload_prompt {
                let entry = DataEntry::counted(client, Purpose::Will(will), length);
                return Ok(Done::Data(entry));
            }
            Some(will)
        }
        None => None,
    };
    module.clients[client].config.will = will;
    Ok(Done::Ok)
}

/// A value left out keeps what it was (A69).
fn set_recv_mode(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=4)?;
    let stored = params.flag(2)?;
    let shown = match params.len() {
        4 => Some(params.flag(3)?),
        _ => None,
    };
    let config = &mut module.clients[client].config;
    config.stored = stored;
    config.length_shown = shown.unwrap_or(config.length_shown);
    Ok(Done::Ok)
}

fn set_view(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(3..=3)?;
    module.clients[client].config.view = params.flag(2)?;
    Ok(Done::Ok)
}

fn device(device: &Device, count: usize) -> Vec<u8> {
    let strings = device.strings.iter().map(String::as_str);
    let quoted: Vec<String> = strings
        .chain(std::iter::repeat(""))
        .take(count)
        .map(|text| format!("\"{text}\""))
        .collect();
    let mut values = quoted.join(",");
    if let Some(check) = device.time_check {
        values.push(',');
        values.push_str(flag(check));
    }
    values.into()
}

fn read_device(params: &Params, count: usize, may_check: bool) -> Result<Device, Failure> {
    params.count(2 + count..=2 + count + usize::from(may_check))?;
    let strings = (2..2 + count).map(|index| params.text(index, 0..=256));
    Ok(Device {
        strings: strings.collect::<Result<_, _>>()?,
        time_check: match params.len() - 2 - count {
            0 => None,
            _ => Some(params.flag(2 + count)?),
        },
    })
}

/// The time is printed only while it counts (A54).
fn get_edit(config: &Config, _: &Profile) -> Vec<u8> {
    match config.edit {
        Edit { on: false, .. } => b"0".to_vec(),
        Edit { seconds, .. } => format!("1,{seconds}").into(),
    }
}

fn set_edit(module: &mut Module, client: usize, params: &Params) -> Reply {
    params.count(4..=4)?;
    module.clients[client].config.edit = Edit {
        on: params.flag(2)?,
        seconds: params.int(3, 1..=module.profile.limits.edit_time)?,
    };
    Ok(Done::Ok)
}
