//! Who the module is, and how well it hears the network.

use crate::error::{ErrorKind, Result};
use crate::wire::Fields;

/// What a module says of itself (`ATI`, `AT+CGSN`, `AT+CIMI`, `AT+QCCID`). Empty where it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ModuleInfo {
    /// Manufacturer, as `Quectel`.
    pub manufacturer: String,
    /// Model, as `EC800M`.
    pub model: String,
    /// Firmware revision.
    pub revision: String,
    /// IMEI: the serial number of the radio.
    pub imei: String,
    /// IMSI: the subscriber, where there is a SIM.
    pub imsi: String,
    /// ICCID: the SIM card, where there is one.
    pub iccid: String,
}

impl ModuleInfo {
    /// Puts it together from what each of four commands answers. A command that is refused leaves its
    /// field empty: a module without a SIM answers the last two with an error.
    pub(crate) fn ask(mut ask: impl FnMut(&str) -> Result<Vec<String>>) -> Result<Self> {
        let identity = ask("ATI")?;
        let mut lines = identity.into_iter();
        let manufacturer = lines.next().unwrap_or_default();
        let model = lines.next().unwrap_or_default();
        let revision = lines.next().unwrap_or_default();
        let mut first = |command: &str| match ask(command) {
            Ok(lines) => Ok(lines.into_iter().next().unwrap_or_default()),
            Err(error) if matches!(error.kind(), ErrorKind::ModuleError | ErrorKind::CmeError) => {
                Ok(String::new())
            }
            Err(error) => Err(error),
        };
        Ok(Self {
            manufacturer,
            model,
            revision: revision
                .strip_prefix("Revision:")
                .unwrap_or(&revision)
                .trim()
                .to_owned(),
            imei: first("AT+CGSN")?,
            imsi: first("AT+CIMI")?,
            iccid: first("AT+QCCID")?.replace("+QCCID:", "").trim().to_owned(),
        })
    }
}

/// Signal quality (`AT+CSQ`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Signal {
    /// Received signal strength in dBm, -113..=-51; `None` where the module does not know it.
    pub rssi_dbm: Option<i16>,
    /// Bit error rate class 0..=7; `None` where the module does not know it.
    pub bit_error_rate: Option<u8>,
}

impl Signal {
    /// Reads `+CSQ: <rssi>,<ber>`, where 99 means unknown.
    pub(crate) fn read(answer: &[String]) -> Option<Self> {
        answer.iter().find_map(|line| {
            let (name, mut fields) = Fields::of_line(line.as_bytes())?;
            if name != b"+CSQ" {
                return None;
            }
            let rssi: u8 = fields.int()?;
            let ber: u8 = fields.int()?;
            Some(Self {
                rssi_dbm: (rssi <= 31).then(|| -113 + 2 * i16::from(rssi)),
                bit_error_rate: (ber <= 7).then_some(ber),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn signal_in_dbm() {
        let read = |line: &str| Signal::read(&[line.to_owned()]).unwrap();
        assert_eq!(read("+CSQ: 29,99").rssi_dbm, Some(-55));
        assert_eq!(read("+CSQ: 0,0").rssi_dbm, Some(-113));
        assert_eq!(read("+CSQ: 99,99"), Signal::default());
    }

    #[test]
    fn a_module_that_falls_silent_has_no_info() {
        let silent = ModuleInfo::ask(|command| match command {
            "ATI" => Ok(vec!["Quectel".into()]),
            _ => Err(Error::new(ErrorKind::Unconfirmed, "no answer")),
        });
        assert_eq!(silent.unwrap_err().kind(), ErrorKind::Unconfirmed);
    }

    #[test]
    fn a_module_without_a_sim_still_has_a_model() {
        let info = ModuleInfo::ask(|command| match command {
            "ATI" => Ok(vec![
                "Quectel".into(),
                "EC800M".into(),
                "Revision: R1".into(),
            ]),
            "AT+CGSN" => Ok(vec!["860000000000001".into()]),
            _ => Err(Error::new(ErrorKind::CmeError, "no SIM")),
        })
        .unwrap();
        assert_eq!(info.model, "EC800M");
        assert_eq!(info.revision, "R1");
        assert_eq!(info.imei, "860000000000001");
        assert_eq!(info.iccid, "");
    }
}
