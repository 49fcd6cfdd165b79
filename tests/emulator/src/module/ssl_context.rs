//! What `AT+QSSLCFG` keeps for each SSL context: one row of [`SETTINGS`] for each name (supplement
//! 2.8).

use super::params::{Failure, Params};

/// SSL contexts of a module.
pub(crate) const CONTEXTS: usize = 6;

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// What the test form prints behind name and contexts.
    pub(crate) test: &'static str,
    kind: Kind,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A number from, to, at first.
    Number(u32, u32, u32),
    /// A cipher suite.
    Cipher,
    /// So many strings at least and at most, each no longer than this; the last number says how
    /// many of them a query shows.
    Texts(usize, usize, usize, usize),
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(u32),
    Cipher(u16),
    Texts(Vec<String>),
}

const fn setting(name: &'static str, test: &'static str, kind: Kind) -> Setting {
    Setting { name, test, kind }
}

/// Off at first.
const FLAG: Kind = Kind::Number(0, 1, 0);
/// Longest path: `UFS:` and a name.
const PATH: Kind = Kind::Texts(1, 1, 84, 1);

/// In the order of the test form.
pub(crate) static SETTINGS: &[Setting] = &[
    setting("sslversion", "(0-4)", Kind::Number(0, 4, 4)),
    setting("ciphersuite", CIPHERS_SHOWN, Kind::Cipher),
    setting("seclevel", "(0-2)", Kind::Number(0, 2, 0)),
    setting("cacert", "<cacertpath>", PATH),
    setting("cacertex", "<cacertpath>", PATH),
    setting("clientcert", "<client_cert_path>", PATH),
    // The password of the key is not shown.
    setting(
        "clientkey",
        "<client_key_path>[,<client_key_pwd>]",
        Kind::Texts(1, 2, 84, 1),
    ),
    setting("ignorelocaltime", "(0,1)", Kind::Number(0, 1, 1)),
    setting("negotiatetime", "(10-300)", Kind::Number(10, 300, 300)),
    setting("sni", "(0,1)", FLAG),
    setting("checkhost", "(0,1)", FLAG),
    setting("closetimemode", "(0,1)", FLAG),
    setting("ignoremulticertchainverify", "(0,1)", FLAG),
    setting("ignoreinvalidcertsign", "(0,1)", FLAG),
    setting("session_cache", "(0,1)", FLAG),
    setting("psk", "<identity>,<key>", Kind::Texts(2, 2, 255, 2)),
    setting("alpn", "<alpn>", Kind::Texts(1, 1, 255, 1)),
    setting("renegotiation", "(0,1)", FLAG),
    setting("dtls", "(0,1)", FLAG),
    setting("dtlsversion", "(0,1)", FLAG),
];

/// All of them.
const ANY_CIPHER: u16 = 0xFFFF;

const CIPHERS: &[u16] = &[
    0x0035, 0x002F, 0x0005, 0x0004, 0x000A, 0x003D, 0xC002, 0xC003, 0xC004, 0xC005, 0xC007, 0xC008,
    0xC009, 0xC00A, 0xC00C, 0xC00D, 0xC00E, 0xC00F, 0xC011, 0xC012, 0xC013, 0xC014, 0xC023, 0xC024,
    0xC025, 0xC026, 0xC027, 0xC028, 0xC029, 0xC02A, 0xC02B, 0xC02F, 0xC030, ANY_CIPHER,
];

const CIPHERS_SHOWN: &str = "(0X0035,0X002F,0X0005,0X0004,0X000A,0X003D,0XC002,0XC003,0XC004,\
    0XC005,0XC007,0XC008,0XC009,0XC00A,0XC00C,0XC00D,0XC00E,0XC00F,0XC011,0XC012,0XC013,0XC014,\
    0XC023,0XC024,0XC025,0XC026,0XC027,0XC028,0XC029,0XC02A,0XC02B,0XC02F,0XC030,0XFFFF)";

/// `0x` or `0X` and four hexadecimal digits, without quotes.
fn cipher(text: &str) -> Option<u16> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let hex = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u16::from_str_radix(digits, 16).ok().filter(|_| hex)?;
    CIPHERS.contains(&code).then_some(code)
}

impl Kind {
    fn default(self) -> Value {
        match self {
            Self::Number(_, _, first) => Value::Number(first),
            Self::Cipher => Value::Cipher(ANY_CIPHER),
            Self::Texts(least, ..) => Value::Texts(vec![String::new(); least]),
        }
    }

    /// Reads the value behind name and context.
    fn read(self, params: &Params) -> Result<Value, Failure> {
        match self {
            Self::Number(from, to, _) => {
                params.count(3..=3)?;
                params.int(2, from..=to).map(Value::Number)
            }
            Self::Cipher => {
                params.count(3..=3)?;
                let code = params.bare(2).and_then(cipher);
                code.map(Value::Cipher).ok_or(Failure::Error)
            }
            Self::Texts(least, most, length, _) => {
                params.count(2 + least..=2 + most)?;
                let texts = (2..params.len()).map(|index| params.text(index, 0..=length));
                texts.collect::<Result<_, _>>().map(Value::Texts)
            }
        }
    }

    fn show(self, value: &Value) -> String {
        match (self, value) {
            (_, Value::Number(number)) => number.to_string(),
            (_, Value::Cipher(code)) => format!("0X{code:04X}"),
            (kind, Value::Texts(texts)) => {
                let shown = match kind {
                    Self::Texts(.., shown) => shown,
                    _ => texts.len(),
                };
                let quoted = texts.iter().take(shown).map(|text| format!("\"{text}\""));
                quoted.collect::<Vec<_>>().join(",")
            }
        }
    }
}

/// One SSL context.
#[derive(Debug, Clone)]
pub(crate) struct Context(Vec<Value>);

impl Default for Context {
    fn default() -> Self {
        Self(SETTINGS.iter().map(|row| row.kind.default()).collect())
    }
}

/// The row of this name, in any case.
pub(crate) fn find(name: &str) -> Option<usize> {
    SETTINGS
        .iter()
        .position(|row| row.name.eq_ignore_ascii_case(name))
}

impl Context {
    /// Sets what row `index` says.
    pub(crate) fn set(&mut self, index: usize, params: &Params) -> Result<(), Failure> {
        self.0[index] = SETTINGS[index].kind.read(params)?;
        Ok(())
    }

    /// The value of row `index`, as a query prints it.
    pub(crate) fn show(&self, index: usize) -> String {
        SETTINGS[index].kind.show(&self.0[index])
    }

    fn value(&self, name: &str) -> Option<&Value> {
        find(name).map(|index| &self.0[index])
    }

    /// A number or flag.
    pub(crate) fn number(&self, name: &str) -> u16 {
        match self.value(name) {
            Some(Value::Number(number)) => u16::try_from(*number).unwrap_or(u16::MAX),
            _ => 0,
        }
    }

    /// A number of one digit.
    pub(crate) fn small(&self, name: &str) -> u8 {
        u8::try_from(self.number(name)).unwrap_or(u8::MAX)
    }

    /// The first string; `None` if it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Texts(texts)) => texts.first().map(String::as_str),
            _ => None,
        }
        .filter(|text| !text.is_empty())
    }

    /// The second value of `clientkey`.
    pub(crate) fn key_password(&self) -> Option<&str> {
        match self.value("clientkey") {
            Some(Value::Texts(texts)) => texts.get(1).map(String::as_str),
            _ => None,
        }
    }

    /// The cipher suite; `None`: any.
    pub(crate) fn cipher(&self) -> Option<u16> {
        match self.value("ciphersuite") {
            Some(Value::Cipher(code)) if *code != ANY_CIPHER => Some(*code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers() {
        for (text, code) in [("0xFFFF", 0xFFFF), ("0XC02f", 0xC02F), ("0x0035", 0x35)] {
            assert_eq!(cipher(text), Some(code));
        }
        for bad in ["FFFF", "0x35", "0x1234", "0xFFFFF", "0x+035", "65535", ""] {
            assert_eq!(cipher(bad), None, "{bad}");
        }
        let shown: Vec<String> = CIPHERS.iter().map(|code| format!("0X{code:04X}")).collect();
        assert_eq!(CIPHERS_SHOWN, format!("({})", shown.join(",")));
    }
}
