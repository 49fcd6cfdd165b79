//! Packet data contexts (supplement 2.7), and what their loss does to the MQTT clients.

use super::Module;
use super::open::INVALID_PARAMETERS;
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// Contexts that can be active at once.
const ACTIVE_AT_ONCE: usize = 3;
/// Operation not allowed, in `AT+QIGETERROR` (supplement 2.10).
const OPEN_PDP_FAILED: u16 = 561;

/// One context.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    /// `AT+CGDCONT` or `AT+QICSGP` named it.
    pub(crate) defined: bool,
    /// 1 IPv4, 2 IPv6, 3 both; 0 means 1.
    kind: u32,
    apn: String,
    user: String,
    password: String,
    auth: u32,
    pub(crate) active: bool,
}

impl Context {
    fn kind(&self) -> u32 {
        self.kind.max(1)
    }

    fn type_name(&self) -> &'static str {
        match self.kind() {
            1 => "IP",
            2 => "IPV6",
            _ => "IPV4V6",
        }
    }
}

const DONE: Reply = Ok(Done::Ok);

impl Module {
    fn context_index(&self, params: &Params, index: usize) -> Result<usize, Failure> {
        Ok(params.int(index, 1..=15)? as usize - 1)
    }

    fn address(index: usize) -> String {
        format!("10.64.0.{}", index + 2)
    }

    /// Activates a context; false if that is not possible.
    pub(crate) fn activate(&mut self, index: usize) -> bool {
        let active = self
            .network
            .contexts
            .iter()
            .filter(|context| context.active);
        let possible = self.network.contexts[index].active
            || (self.network.registered()
                && self.network.attached
                && active.count() < ACTIVE_AT_ONCE);
        if possible {
            self.network.contexts[index].active = true;
        } else {
            self.network.last_error = OPEN_PDP_FAILED;
        }
        possible
    }

    /// The network drops a context.
    pub(crate) fn pdp_dropped(&mut self, context: u8, code: u8) {
        let line = format!("+QIURC: \"pdpdeact\",{context}");
        self.urc("QIURC", None, line.into_bytes());
        self.context_lost(context, code);
    }

    /// A context is gone, and with it the clients that use it.
    pub(crate) fn context_lost(&mut self, context: u8, code: u8) {
        if let Some(lost) = self
            .network
            .contexts
            .get_mut(usize::from(context).wrapping_sub(1))
        {
            lost.active = false;
        }
        for index in 0..super::CLIENTS {
            let client = &self.clients[index];
            if client.phase.in_use() && client.config.pdpcid == context {
                self.down(index, code);
            }
        }
    }

    pub(crate) fn cgdcont_test(&mut self) -> Reply {
        for kind in ["IP", "IPV6", "IPV4V6"] {
            self.info(format!("+CGDCONT: (1-15),\"{kind}\",,,(0-2),(0-4)"));
        }
        DONE
    }

    pub(crate) fn cgdcont_read(&mut self) -> Reply {
        for index in 0..self.network.contexts.len() {
            let context = &self.network.contexts[index];
            if context.defined {
                let (kind, apn) = (context.type_name(), &context.apn);
                let address = if context.active {
                    Self::address(index)
                } else {
                    "0.0.0.0".to_owned()
                };
                let line = format!(
                    "+CGDCONT: {},\"{kind}\",\"{apn}\",\"{address}\",0,0",
                    index + 1
                );
                self.info(line);
            }
        }
        DONE
    }

    pub(crate) fn cgdcont(&mut self, params: &Params) -> Reply {
        params.count(1..=6)?;
        let index = self.context_index(params, 0)?;
        if params.len() == 1 {
            self.network.contexts[index] = Context::default();
            return DONE;
        }
        let kind = match params.text(1, 1..=6)?.to_ascii_uppercase().as_str() {
            "IP" => 1,
            "IPV6" => 2,
            "IPV4V6" => 3,
            _ => return Err(Failure::Error),
        };
        let apn = params.opt_text(2, 99)?;
        let context = &mut self.network.contexts[index];
        context.defined = true;
        context.kind = kind;
        context.apn = apn.unwrap_or_default();
        DONE
    }

    pub(crate) fn cgact_read(&mut self) -> Reply {
        for index in 0..self.network.contexts.len() {
            let context = &self.network.contexts[index];
            if context.defined {
                let line = format!("+CGACT: {},{}", index + 1, u8::from(context.active));
                self.info(line);
            }
        }
        DONE
    }

    pub(crate) fn cgact(&mut self, params: &Params) -> Reply {
        params.count(1..=2)?;
        let on = params.flag(0)?;
        let index = match params.len() {
            2 => self.context_index(params, 1)?,
            _ => 0,
        };
        if on {
            return if self.activate(index) {
                DONE
            } else {
                Err(Failure::Cme(30))
            };
        }
        self.deactivate(index);
        DONE
    }

    pub(crate) fn cgpaddr_test(&mut self) -> Reply {
        let defined = self.network.contexts.iter().enumerate();
        let list: Vec<String> = defined
            .filter(|(_, context)| context.defined)
            .map(|(index, _)| (index + 1).to_string())
            .collect();
        self.info(format!("+CGPADDR: ({})", list.join(",")));
        DONE
    }

    pub(crate) fn cgpaddr_all(&mut self) -> Reply {
        for index in 0..self.network.contexts.len() {
            if self.network.contexts[index].defined {
                self.show_address(index);
            }
        }
        DONE
    }

    pub(crate) fn cgpaddr(&mut self, params: &Params) -> Reply {
        for position in 0..params.len() {
            let index = self.context_index(params, position)?;
            self.show_address(index);
        }
        DONE
    }

    fn show_address(&mut self, index: usize) {
        let line = if self.network.contexts[index].active {
            format!("+CGPADDR: {},\"{}\"", index + 1, Self::address(index))
        } else {
            format!("+CGPADDR: {}", index + 1)
        };
        self.info(line);
    }

    /// `AT+QICSGP=<ctx>[,<type>,"<apn>"[,"<user>","<pw>"[,<auth>]]]`.
    pub(crate) fn qicsgp(&mut self, params: &Params) -> Reply {
        params.count(1..=6)?;
        let index = self.context_index(params, 0)?;
        if params.len() == 1 {
            let c = &self.network.contexts[index];
            let (kind, auth) = (c.kind(), c.auth);
            let line = format!(
                "+QICSGP: {kind},\"{}\",\"{}\",\"{}\",{auth}",
                c.apn, c.user, c.password
            );
            self.info(line);
            return DONE;
        }
        if matches!(params.len(), 2 | 4) {
            return Err(Failure::Error);
        }
        let kind = params.int(1, 1..=3)?;
        let apn = params.text(2, 0..=99)?;
        let user = params.opt_text(3, 127)?.unwrap_or_default();
        let password = params.opt_text(4, 127)?.unwrap_or_default();
        let auth = params.opt_int(5, 0..=3)?.unwrap_or(0);
        let context = &mut self.network.contexts[index];
        *context = Context {
            defined: true,
            kind,
            apn,
            user,
            password,
            auth,
            active: context.active,
        };
        DONE
    }

    pub(crate) fn qiact_read(&mut self) -> Reply {
        for index in 0..self.network.contexts.len() {
            let context = &self.network.contexts[index];
            if context.active {
                let (number, kind) = (index + 1, context.kind());
                let address = Self::address(index);
                self.info(format!("+QIACT: {number},1,{kind},\"{address}\""));
            }
        }
        DONE
    }

    pub(crate) fn qiact(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let index = self.context_index(params, 0)?;
        if self.network.contexts[index].active && self.profile.qiact_twice_error {
            self.network.last_error = OPEN_PDP_FAILED;
            return Err(Failure::Error);
        }
        if self.activate(index) {
            DONE
        } else {
            Err(Failure::Error)
        }
    }

    pub(crate) fn qideact(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let index = self.context_index(params, 0)?;
        self.deactivate(index);
        DONE
    }

    fn deactivate(&mut self, index: usize) {
        let number = u8::try_from(index + 1).unwrap_or(1);
        self.context_lost(number, self.profile.context_lost_stat);
    }

    pub(crate) fn qigeterror(&mut self) -> Reply {
        let text = match self.network.last_error {
            0 => "operate successfully",
            INVALID_PARAMETERS => "invalid parameters",
            OPEN_PDP_FAILED => "open PDP context failed",
            565 => "DNS parse failed",
            566 => "socket connect failed",
            567 => "socket has been closed",
            _ => "unknown error",
        };
        self.info(format!("+QIGETERROR: {},{text}", self.network.last_error));
        DONE
    }
}
