//! What `AT+QMTCFG` keeps for each client, with the defaults of the note (supplement 1.4.3).

use super::client::Will;
use crate::profile::Profile;

/// `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout {
    /// Seconds.
    pub(crate) packet: u32,
    pub(crate) retries: u32,
    pub(crate) notice: bool,
}

/// `edit/timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) on: bool,
    pub(crate) seconds: u32,
}

/// The device data of one cloud service: the strings, and Huawei's optional time check (A24).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) strings: Vec<String>,
    pub(crate) time_check: Option<bool>,
}

/// The settings of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// 3 for MQTT 3.1, 4 for 3.1.1.
    pub(crate) version: u8,
    pub(crate) pdpcid: u8,
    /// The SSL context, if TLS is on.
    pub(crate) ssl: Option<u8>,
    /// Seconds.
    pub(crate) keepalive: u16,
    pub(crate) clean_session: bool,
    pub(crate) timeout: Timeout,
    /// One will for `will` and `willex` (A9).
    pub(crate) will: Option<Will>,
    pub(crate) stored: bool,
    pub(crate) length_shown: bool,
    pub(crate) aliauth: Device,
    /// Seconds (A14).
    pub(crate) qmtping: u32,
    /// One variable for `send/mode` and `dataformat` (A18).
    pub(crate) hex_send: bool,
    pub(crate) hex_receive: bool,
    pub(crate) onenet: Device,
    pub(crate) hwauth: Device,
    pub(crate) hwprodid: Device,
    pub(crate) ctwing: Device,
    pub(crate) view: bool,
    pub(crate) edit: Edit,
}

impl Config {
    /// The settings after a start.
    pub(crate) fn new(profile: &Profile) -> Self {
        let (packet, retries) = profile.timeout;
        Self {
            timeout: Timeout {
                packet,
                retries,
                notice: false,
            },
            ..Self::default()
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: 4,
            pdpcid: 1,
            ssl: None,
            keepalive: 120,
            clean_session: true,
            timeout: Timeout {
                packet: 5,
                retries: 3,
                notice: false,
            },
            will: None,
            stored: false,
            length_shown: false,
            aliauth: Device::default(),
            qmtping: 5,
            hex_send: false,
            hex_receive: false,
            onenet: Device::default(),
            hwauth: Device::default(),
            hwprodid: Device::default(),
            ctwing: Device::default(),
            view: false,
            edit: Edit {
                on: false,
                seconds: 1,
            },
        }
    }
}
