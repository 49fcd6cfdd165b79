//! What the MQTT commands of the module say: one file an AT command family, request in, typed answer
//! out.
//!
//! | file | command |
//! |---|---|
//! | [`config`], [`setting`] | `AT+QMTCFG` and its 18 settings |
//! | [`open`] | `AT+QMTOPEN`, `AT+QMTCLOSE` |
//! | [`connect`] | `AT+QMTCONN`, `AT+QMTDISC` |
//! | [`subscribe`] | `AT+QMTSUB`, `AT+QMTUNS` |
//! | [`publish`] | `AT+QMTPUBEX` |
//! | [`receive`] | `AT+QMTRECV`, `+QMTRECV` |
//! | [`mod@line`] | every answer and URC line, `+QMTSTAT` and `+QMTPING` among them |
//! | [`capabilities`] | the answers to the test forms `=?` |

pub mod capabilities;
pub mod config;
pub mod connect;
pub mod line;
pub mod open;
pub mod publish;
pub mod receive;
pub mod setting;
pub mod subscribe;

use std::fmt;

use crate::error::{Error, Result};

/// How many MQTT clients a module has: indexes 0..=5.
pub const CLIENTS: u8 = 6;

/// Longest payload of one publish, in bytes (note, `AT+QMTPUBEX`).
pub const MAX_PAYLOAD: usize = 1500;

/// QoS 1 and 2 publishes of one client that may wait for their result at a time (note,
/// `AT+QMTPUBEX`; register A30).
pub const WINDOW: usize = 5;

/// Messages that the module stores for one client in stored delivery.
pub const SLOTS: usize = 5;

/// Longest topic of a publish or subscription, in bytes (MQTT's own limit).
pub const MAX_TOPIC: usize = 65_535;

/// How surely a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: sent once, never acknowledged.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: acknowledged, may arrive twice.
    AtLeastOnce = 1,
    /// QoS 2: acknowledged, arrives once.
    ExactlyOnce = 2,
}

impl QoS {
    /// 0, 1 or 2.
    #[must_use]
    pub const fn level(self) -> u8 {
        self as u8
    }
}

impl TryFrom<u8> for QoS {
    type Error = Error;

    fn try_from(level: u8) -> Result<Self> {
        match level {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err(Error::argument("qos", level, "0..=2")),
        }
    }
}

impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.level())
    }
}

/// A string that no `Debug` output, log or error text shows.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` out of sight.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The string itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}
