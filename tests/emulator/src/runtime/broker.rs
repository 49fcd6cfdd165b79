//! Where the connections of the module lead.

use std::fmt;
use std::str::FromStr;

/// What `AT+QMTOPEN` reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Broker {
    /// The hub inside, whatever host and port are named.
    #[default]
    Loopback,
    /// The host and port that are named, over TCP or TLS.
    Network,
}

impl Broker {
    /// What can be parsed.
    pub const NAMES: [&str; 2] = ["loopback", "network"];
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Network => "network",
        })
    }
}

impl FromStr for Broker {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "loopback" => Ok(Self::Loopback),
            "network" => Ok(Self::Network),
            _ => Err(format!("one of {}", Self::NAMES.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Broker;

    #[test]
    fn names() {
        for name in Broker::NAMES {
            assert_eq!(name.parse::<Broker>().unwrap().to_string(), name);
        }
        assert!("real".parse::<Broker>().is_err());
    }
}
