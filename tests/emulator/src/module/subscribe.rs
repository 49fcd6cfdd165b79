//! `AT+QMTSUB` and `AT+QMTUNS` (note 3.3.6, 3.3.7).

use super::Module;
use super::client::{Phase, Step};
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// No empty topic; the upper end is that of MQTT, the command line ends sooner (A45).
const TOPIC: std::ops::RangeInclusive<usize> = 1..=65535;

impl Module {
    pub(crate) fn qmtsub_test(&mut self) -> Reply {
        let line = self.header("QMTSUB", self.profile.test_forms.sub);
        self.info(line);
        Ok(Done::Ok)
    }

    pub(crate) fn qmtuns_test(&mut self) -> Reply {
        let line = self.header("QMTUNS", self.profile.test_forms.uns);
        self.info(line);
        Ok(Done::Ok)
    }

    /// `AT+QMTSUB=idx,msgid,"topic",qos[,"topic",qos...]`. A msgid may be used again (A27).
    pub(crate) fn qmtsub(&mut self, params: &Params) -> Reply {
        let index = params.client(0)?;
        let msgid = params.word(1, 1)?;
        if params.len() < 4 || params.len() % 2 != 0 {
            return Err(Failure::Error);
        }
        let filters = (2..params.len())
            .step_by(2)
            .map(|at| Ok((params.text(at, TOPIC)?, params.small(at + 1, 2)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        self.require_connected(index)?;
        self.fly(index, "QMTSUB", msgid, Step::SubAck(filters));
        Ok(Done::Ok)
    }

    /// `AT+QMTUNS=idx,msgid,"topic"[,"topic"...]`.
    pub(crate) fn qmtuns(&mut self, params: &Params) -> Reply {
        let index = params.client(0)?;
        let msgid = params.word(1, 1)?;
        if params.len() < 3 {
            return Err(Failure::Error);
        }
        let filters = (2..params.len())
            .map(|at| params.text(at, TOPIC))
            .collect::<Result<Vec<_>, Failure>>()?;
        self.require_connected(index)?;
        self.fly(index, "QMTUNS", msgid, Step::UnsubAck(filters));
        Ok(Done::Ok)
    }

    /// Everything but opening and closing needs a connected client (A55).
    pub(crate) fn require_connected(&self, index: usize) -> Result<(), Failure> {
        if self.clients[index].phase == Phase::Connected {
            Ok(())
        } else {
            Err(Failure::Error)
        }
    }

    /// SUBACK: the granted QoS of every topic, in order; 128 is a refused one (A28).
    pub(crate) fn subscribed(&mut self, index: usize, id: u16, codes: &[u8]) {
        let is_it = |step: &Step| matches!(step, Step::SubAck(_));
        if let Some(flight) = self.land(index, id, is_it) {
            let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
            let rest = format!("{},0,{}", flight.msgid, codes.join(","));
            self.result("QMTSUB", index, &rest);
        }
    }

    /// UNSUBACK carries no QoS, so there is no value, or one that means nothing (A6).
    pub(crate) fn unsubscribed(&mut self, index: usize, id: u16) {
        let is_it = |step: &Step| matches!(step, Step::UnsubAck(_));
        if let Some(flight) = self.land(index, id, is_it) {
            let values = match &flight.step {
                Step::UnsubAck(filters) if self.profile.unsubscribe_value => {
                    ",1".repeat(filters.len())
                }
                _ => String::new(),
            };
            self.result("QMTUNS", index, &format!("{},0{values}", flight.msgid));
        }
    }
}
