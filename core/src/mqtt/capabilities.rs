//! What the module supports: the answers to the test forms `=?`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use super::setting::SettingName;
use crate::wire::{Field, Fields};

/// The values that one parameter may take, as a test form prints them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supported {
    /// Ranges and single numbers, as `(0-5)` or `(0,1)`.
    Numbers(Vec<RangeInclusive<i64>>),
    /// A word that stands for a string or an unspecified number, as `"hostname"` or `<msgid>`.
    Placeholder(String),
}

impl Supported {
    /// Whether the module says that it takes this number; a placeholder takes any.
    #[must_use]
    pub fn allows(&self, value: i64) -> bool {
        match self {
            Self::Numbers(ranges) => ranges.iter().any(|range| range.contains(&value)),
            Self::Placeholder(_) => true,
        }
    }

    fn read(field: Field<'_>) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match field {
            Field::Group(group) => {
                numbers(group).map_or_else(|| Self::Placeholder(text(group)), Self::Numbers)
            }
            Field::Int(value) => Self::Numbers(vec![value..=value]),
            Field::Text(word) | Field::Bare(word) => Self::Placeholder(text(word)),
        }
    }
}

/// As a test form prints it: `(0-5)`, `(0,1)`, `<msgid>`.
impl fmt::Display for Supported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = match self {
            Self::Placeholder(word) => return f.write_str(word),
            Self::Numbers(ranges) => ranges,
        };
        f.write_str("(")?;
        for (index, range) in ranges.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            let (low, high) = (range.start(), range.end());
            if low == high {
                write!(f, "{low}")?;
            } else {
                write!(f, "{low}-{high}")?;
            }
        }
        f.write_str(")")
    }
}

fn numbers(group: &[u8]) -> Option<Vec<RangeInclusive<i64>>> {
    std::str::from_utf8(group)
        .ok()?
        .split(',')
        .map(|part| {
            let part = part.trim();
            // A minus at the start is a sign, behind a number it is a range.
            match part.get(1..).and_then(|tail| tail.find('-')) {
                Some(at) => {
                    let (low, high) = (&part[..at + 1], &part[at + 2..]);
                    Some(low.trim().parse().ok()?..=high.trim().parse().ok()?)
                }
                None => part.parse().ok().map(|value| value..=value),
            }
        })
        .collect()
}

/// What a module says that it can do. Order and completeness differ between models, and the note's
/// ranges are not every module's: ask, do not assume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    settings: BTreeMap<String, Vec<Supported>>,
    commands: BTreeMap<String, Vec<Supported>>,
}

/// The commands whose test forms are asked, besides `AT+QMTCFG`.
pub(crate) const TESTED: [&str; 8] = [
    "QMTOPEN", "QMTCLOSE", "QMTCONN", "QMTDISC", "QMTSUB", "QMTUNS", "QMTPUBEX", "QMTRECV",
];

impl Capabilities {
    /// Takes in the answer to `AT+<command>=?`; a command that answered `OK` is supported, with or
    /// without a line.
    pub(crate) fn add(&mut self, command: &str, lines: &[String]) {
        let mut parameters = Vec::new();
        for line in lines {
            let Some((_, mut fields)) = Fields::of_line(line.as_bytes()) else {
                continue;
            };
            if command == "QMTCFG" {
                let Some(name) = fields.text() else { continue };
                let name = String::from_utf8_lossy(name).to_ascii_lowercase();
                self.settings
                    .insert(name, fields.map(Supported::read).collect());
            } else {
                parameters = fields.map(Supported::read).collect();
            }
        }
        self.commands.insert(command.to_owned(), parameters);
    }

    /// Whether the module knows `AT+<command>`, as `QMTPUBEX`.
    #[must_use]
    pub fn supports_command(&self, command: &str) -> bool {
        self.commands.contains_key(command)
    }

    /// Every command that the module knows of those whose test forms are asked, as `QMTPUBEX`.
    pub fn command_names(&self) -> impl Iterator<Item = &str> {
        self.commands.keys().map(String::as_str)
    }

    /// The parameters of a command as its test form lists them.
    #[must_use]
    pub fn command(&self, command: &str) -> Option<&[Supported]> {
        self.commands.get(command).map(Vec::as_slice)
    }

    /// Whether `AT+QMTCFG` lists the setting.
    #[must_use]
    pub fn supports(&self, setting: SettingName) -> bool {
        self.setting(setting).is_some()
    }

    /// The parameters of a setting; the first is the client index.
    #[must_use]
    pub fn setting(&self, setting: SettingName) -> Option<&[Supported]> {
        self.setting_named(setting.wire_name())
    }

    /// The same for a setting that this library has no name for.
    #[must_use]
    pub fn setting_named(&self, wire_name: &str) -> Option<&[Supported]> {
        self.settings
            .get(&wire_name.to_ascii_lowercase())
            .map(Vec::as_slice)
    }

    /// Every setting that the module lists, in lower case.
    pub fn setting_names(&self) -> impl Iterator<Item = &str> {
        self.settings.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn ranges_lists_and_placeholders() {
        let mut capabilities = Capabilities::default();
        capabilities.add(
            "QMTCFG",
            &lines(
                "+QMTCFG: \"timeout\",(0-5),(1-1200),(1-10),(0,1)\n\
                 +QMTCFG: \"CTWing\",(0-5),\"client_id\",\"feature_string\"\n\
                 +QMTCFG: \"will\",(0-5),(0,1),(0-2),(0,1),<will_topic>,<will_message>",
            ),
        );
        let timeout = capabilities.setting(SettingName::Timeout).unwrap();
        assert!(timeout[1].allows(1200) && !timeout[1].allows(1201));
        assert!(timeout[3].allows(1) && !timeout[3].allows(2));
        assert!(capabilities.setting_named("ctwing").is_some());
        assert!(!capabilities.supports(SettingName::EditTimeout));
        let will = capabilities.setting(SettingName::Will).unwrap();
        assert_eq!(will[4], Supported::Placeholder("<will_topic>".into()));
        let texts: Vec<String> = will.iter().map(Supported::to_string).collect();
        assert_eq!(texts[..3], ["(0-5)", "(0,1)", "(0-2)"]);
        assert_eq!(texts[4], "<will_topic>");
    }

    #[test]
    fn commands_with_and_without_a_line() {
        let mut capabilities = Capabilities::default();
        capabilities.add("QMTRECV", &[]);
        capabilities.add("QMTOPEN", &lines("+QMTOPEN: (0-5),\"hostname\",(1-65535)"));
        assert!(capabilities.supports_command("QMTRECV"));
        assert!(!capabilities.supports_command("QMTSUB"));
        let names: Vec<&str> = capabilities.command_names().collect();
        assert_eq!(names, ["QMTOPEN", "QMTRECV"]);
        let open = capabilities.command("QMTOPEN").unwrap();
        assert!(open[2].allows(65_535) && !open[2].allows(0));
    }

    #[test]
    fn negative_numbers_are_no_ranges() {
        assert_eq!(numbers(b"-1,0-5"), Some(vec![-1..=-1, 0..=5]));
        assert_eq!(numbers(b"-5--1"), Some(vec![-5..=-1]));
        assert_eq!(numbers(b"\"a\",\"b\""), None);
    }
}
