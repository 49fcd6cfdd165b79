//! Who the module and its SIM say they are.

use super::Module;
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// Invented, with a correct check digit.
const IMEI: &str = "867000000000009";
const IMSI: &str = "001010123456789";
const ICCID: &str = "89860000000000000000";

impl Module {
    fn identity(&mut self, line: &'static str) -> Reply {
        self.info(line);
        Ok(Done::Ok)
    }

    pub(crate) fn ati(&mut self) -> Reply {
        let (manufacturer, model) = (self.profile.manufacturer, self.profile.model);
        self.info(manufacturer);
        self.info(model);
        self.info(format!("Revision: {}", self.profile.revision));
        Ok(Done::Ok)
    }

    pub(crate) fn ati_number(&mut self, params: &Params) -> Reply {
        params.int(0, 0..=0)?;
        self.ati()
    }

    pub(crate) fn manufacturer(&mut self) -> Reply {
        self.identity(self.profile.manufacturer)
    }

    pub(crate) fn model(&mut self) -> Reply {
        self.identity(self.profile.model)
    }

    pub(crate) fn revision(&mut self) -> Reply {
        self.identity(self.profile.revision)
    }

    pub(crate) fn serial_number(&mut self) -> Reply {
        self.identity(IMEI)
    }

    /// Fails while there is no SIM or the radio is off.
    fn sim(&mut self, line: String) -> Reply {
        if self.system.functionality == 0 {
            return Err(Failure::Cme(13));
        }
        self.info(line);
        Ok(Done::Ok)
    }

    pub(crate) fn cimi(&mut self) -> Reply {
        self.sim(IMSI.to_owned())
    }

    pub(crate) fn qccid(&mut self) -> Reply {
        self.sim(format!("+QCCID: {ICCID}"))
    }

    pub(crate) fn iccid(&mut self) -> Reply {
        self.sim(format!("+ICCID: {ICCID}"))
    }

    pub(crate) fn ccid(&mut self) -> Reply {
        self.sim(format!("+CCID: {ICCID}"))
    }

    pub(crate) fn gcap(&mut self) -> Reply {
        self.identity("+GCAP: +CGSM")
    }
}
