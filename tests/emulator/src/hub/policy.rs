//! Whom the hub lets in.

use crate::packet::Connect;
use std::collections::BTreeMap;

/// What the hub answers to CONNECT and SUBSCRIBE; the default accepts everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Protocol levels that are taken, of 3 (MQTT 3.1) and 4 (MQTT 3.1.1); CONNACK 1 for others.
    pub levels: Vec<u8>,
    /// CONNACK 3 for everyone: the server is there and does not work.
    pub unavailable: bool,
    /// When set, every client must name this user and password, or gets CONNACK 4.
    pub credentials: Option<(String, Vec<u8>)>,
    /// CONNACK code for a client id, before its credentials are looked at. A code other than 0 is a
    /// refusal, and the connection is closed after it.
    pub connack: BTreeMap<String, u8>,
    /// The highest QoS that a subscription is granted.
    pub max_granted_qos: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            levels: vec![3, 4],
            unavailable: false,
            credentials: None,
            connack: BTreeMap::new(),
            max_granted_qos: 2,
        }
    }
}

impl Policy {
    /// The CONNACK code for this protocol level, before more of CONNECT is looked at.
    pub(super) fn greeting(&self, level: u8) -> u8 {
        if !matches!(level, 3 | 4) || !self.levels.contains(&level) {
            1
        } else if self.unavailable {
            3
        } else {
            0
        }
    }

    /// The CONNACK code for a well-formed CONNECT of a known protocol level.
    pub(super) fn code(&self, connect: &Connect) -> u8 {
        if let Some(code) = self.connack.get(&connect.client_id) {
            return *code;
        }
        match &self.credentials {
            Some((user, password))
                if connect.username.as_ref() != Some(user)
                    || connect.password.as_ref() != Some(password) =>
            {
                4
            }
            _ => 0,
        }
    }
}
