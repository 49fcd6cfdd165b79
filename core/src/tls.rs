//! The SSL contexts of the module: `AT+QSSLCFG`, and the files that it names.

mod config;
mod pem;

use std::time::Duration;

pub use config::{Certificate, Clock, PrivateKey, TlsConfig, TlsVerification, TlsVersion};

use crate::error::{Error, ErrorKind, Result};
use crate::modem::Modem;
use crate::network::DateTime;
use crate::wire::{CommandLine, Field, Fields};
use pem::{ModuleFile, Role};

/// Longest time to the final result code. The note gives 300 ms.
const DEADLINE: Duration = Duration::from_secs(5);
/// A clock before this year has not been set.
const FIRST_YEAR: u16 = 2024;

/// One of the six SSL contexts of the module; see [`Modem::tls`].
///
/// ```no_run
/// use atmqtt::{Certificate, ClientConfig, Modem, TlsConfig};
///
/// # fn main() -> atmqtt::Result<()> {
/// let modem = Modem::open("/dev/ttyUSB2")?;
/// modem.tls(2)?.configure(&TlsConfig::new(Certificate::file("ca.pem")))?;
/// let client = modem.client(0)?;
/// client.configure(&ClientConfig::new().tls(2))?;
/// client.open("broker.example", 8883)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TlsContext {
    modem: Modem,
    index: u8,
}

/// What the module says of an SSL context. `None` where it does not know the setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TlsSettings {
    /// `sslversion`.
    pub version: Option<TlsVersion>,
    /// `ciphersuite` by its IANA number; 0xFFFF = all.
    pub cipher_suite: Option<u16>,
    /// `seclevel`.
    pub verification: Option<TlsVerification>,
    /// `cacert`: name of the file in the module, without `UFS:`; empty = none.
    pub ca: Option<String>,
    /// `clientcert`, the same.
    pub client_certificate: Option<String>,
    /// `clientkey`, the same. Its password is not kept.
    pub private_key: Option<String>,
    /// `ignorelocaltime`: `false` = dates count.
    pub ignore_clock: Option<bool>,
    /// `negotiatetime` in seconds.
    pub negotiate_timeout: Option<u16>,
    /// `sni`.
    pub sni: Option<bool>,
}

impl TlsContext {
    pub(crate) fn new(modem: Modem, index: u8) -> Result<Self> {
        if index > 5 {
            return Err(Error::argument("tls context", index, "0..=5"));
        }
        Ok(Self { modem, index })
    }

    /// The index 0..=5.
    #[must_use]
    pub fn index(&self) -> u8 {
        self.index
    }

    /// Sets the context up: certificates and key first, then every setting (`AT+QSSLCFG`).
    ///
    /// Files are called after what they are for and their contents, as `atmqtt-ca-1c2d3e4f.pem`, and are
    /// uploaded where the module has no equal one ([`Files::ensure`](crate::Files::ensure): that reads back
    /// what is there, about a second for a few kilobytes at 115200 baud). So another certificate is
    /// another file and a stale one is never used; old ones stay until they are
    /// [deleted](Self::delete_files).
    ///
    /// The module keeps files over a restart and forgets the settings: configure again after
    /// [`Event::Restarted`](crate::Event). A client takes the settings at its next open.
    ///
    /// Blocks for the transfers and about ten commands. Configuring one context from two threads at a
    /// time mixes their settings.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a certificate or key that is none, a file of this
    /// computer that cannot be read, a number out of range, a key without its password, a password without a
    /// key, a client certificate without a CA: nothing has been sent then.
    /// [`InvalidState`](ErrorKind::InvalidState) where dates count and the module's clock is not set.
    /// What [`Files::upload_with`](crate::Files::upload_with) fails with. [`ModuleError`](ErrorKind::ModuleError) and
    /// [`CmeError`](ErrorKind::CmeError) with the name of a setting that the module refuses; those in
    /// front of it have been written, the level of verification among the first.
    pub fn configure(&self, config: &TlsConfig) -> Result<()> {
        // Every line is made, and so checked, before the first byte is sent.
        let (files, lines) = prepare(self.index, config)?;
        self.warn(config);
        if config.verification() != TlsVerification::Nothing {
            self.clock(config.clock)?;
        }
        for file in files.iter().flatten() {
            if let Some(bytes) = &file.bytes {
                if self.modem.files().ensure(&file.name, bytes)? {
                    log::debug!("{} is new in the module", file.name);
                }
            }
        }
        for (name, line) in lines {
            match self.modem.ask_line(line, DEADLINE) {
                Ok(_) => {}
                Err(error) if name == "sni" && !config.sni && is_refusal(&error) => {
                    log::debug!("the module does not know sni, which is off anyway");
                }
                Err(error) => return Err(self.about(name, &error)),
            }
        }
        Ok(())
    }

    /// Deletes the files that [`configure`](Self::configure) has put into the module for this configuration
    /// (`AT+QFDEL`), the private key first, and gives their names.
    ///
    /// Their names follow from their contents, so that it works after a restart of either side, and with any
    /// context. Files that are [on the module](Certificate::on_module) by other means stay, and so does what
    /// one of the other five contexts names (`AT+QSSLCFG`). A file that is not there is none the worse for it.
    ///
    /// The context still names what is gone: an open with it fails until it is configured again. What an
    /// earlier configuration has left is found by [`Files::list`](crate::Files::list) with `atmqtt-*`. A
    /// module's flash is not wiped: whoever takes it apart may still find what was deleted.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) as [`configure`](Self::configure), before anything is
    /// sent; what [`config`](Self::config) and [`Files::delete`](crate::Files::delete) fail with. The files in
    /// front of the one it fails at are deleted then.
    pub fn delete_files(&self, config: &TlsConfig) -> Result<Vec<String>> {
        let identity = config.identity.as_ref();
        let sources = [
            (Role::Key, identity.map(|identity| identity.key.source())),
            (
                Role::Certificate,
                identity.map(|identity| identity.certificate.source()),
            ),
            (Role::Ca, config.ca.as_ref().map(Certificate::source)),
        ];
        let mut names = Vec::new();
        for (role, source) in sources {
            names.extend(load(role, source)?.filter(|file| file.bytes.is_some()));
        }
        let used = self.used_elsewhere()?;
        let mut deleted = Vec::new();
        for ModuleFile { name, .. } in names {
            if used.contains(&name) {
                log::debug!("{name} stays: another SSL context names it");
                continue;
            }
            match self.modem.files().delete(&name) {
                Ok(()) => deleted.push(name),
                // There is no such file.
                Err(error) if error.code() == Some(405) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }

    /// The files that the other contexts name.
    fn used_elsewhere(&self) -> Result<Vec<String>> {
        let mut used = Vec::new();
        for index in (0..6).filter(|&index| index != self.index) {
            let other = Self::new(self.modem.clone(), index)?;
            for name in ["cacert", "clientcert", "clientkey"] {
                used.extend(other.file(name)?);
            }
        }
        Ok(used)
    }

    fn warn(&self, config: &TlsConfig) {
        if config.verification() == TlsVerification::Nothing {
            log::warn!(
                "SSL context {}: the server is NOT checked; whoever is between the module and the broker \
                 can read and change everything, passwords included. Give a CA certificate",
                self.index
            );
        }
        if config.version != TlsVersion::V1_2 {
            log::warn!(
                "SSL context {}: {:?} allows versions of the protocol that are obsolete",
                self.index,
                config.version
            );
        }
        if config.verification() == TlsVerification::Nothing {
            return;
        }
        if config.clock == Clock::Ignore {
            log::warn!(
                "SSL context {}: dates are NOT checked; an expired certificate passes, and so does a stolen key \
                 that was replaced long ago. Set the clock instead (Clock::SetAndCheck)",
                self.index
            );
        }
        if !config.sni {
            log::warn!(
                "SSL context {}: no host name is sent, so a module has none to compare; any server with a \
                 certificate of the CA passes",
                self.index
            );
        }
    }

    /// Makes sure that dates can be checked, where they are to be.
    fn clock(&self, clock: Clock) -> Result<()> {
        let network = self.modem.network();
        match clock {
            Clock::Ignore => return Ok(()),
            Clock::SetAndCheck => {
                let now = DateTime::from(std::time::SystemTime::now());
                if now.year < FIRST_YEAR {
                    return Err(Error::state(format!(
                        "the clock of this computer is at {now}, so the module's cannot be set from it"
                    ))
                    .with_command("AT+CCLK"));
                }
                return network.set_clock(&now);
            }
            Clock::Check => {}
        }
        match network.clock() {
            Ok(now) if now.year < FIRST_YEAR => Err(Error::state(format!(
                "the clock of the module is at {now}, so no certificate would be valid: wait until it is \
                 registered and has the time of the network, or use Clock::SetAndCheck"
            ))
            .with_command("AT+CCLK")),
            Err(error) if is_refusal(&error) => {
                log::warn!("the clock of the module cannot be read: {error}");
                Ok(())
            }
            other => other.map(drop),
        }
    }

    /// Asks the module for every setting (`AT+QSSLCFG="...",context`).
    pub fn config(&self) -> Result<TlsSettings> {
        let version = self.number("sslversion")?.and_then(TlsVersion::from_number);
        let verification = self.number("seclevel")?;
        Ok(TlsSettings {
            version,
            cipher_suite: self.ask("ciphersuite")?.as_deref().and_then(hexadecimal),
            verification: verification.and_then(TlsVerification::from_number),
            ca: self.file("cacert")?,
            client_certificate: self.file("clientcert")?,
            private_key: self.file("clientkey")?,
            ignore_clock: self
                .number::<u8>("ignorelocaltime")?
                .map(|value| value != 0),
            negotiate_timeout: self.number("negotiatetime")?,
            sni: self.number::<u8>("sni")?.map(|value| value != 0),
        })
    }

    fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        Ok(self.ask(name)?.and_then(|value| value.parse().ok()))
    }

    fn file(&self, name: &'static str) -> Result<Option<String>> {
        Ok(self.ask(name)?.map(|value| {
            let bare = value.strip_prefix("UFS:").unwrap_or(&value);
            bare.to_owned()
        }))
    }

    /// The value of one setting; `None` where the module does not know it.
    fn ask(&self, name: &'static str) -> Result<Option<String>> {
        let line = CommandLine::new("AT+QSSLCFG").word(name).int(self.index);
        match self.modem.ask_line(line, DEADLINE) {
            Ok(answer) => Ok(answer.iter().find_map(|line| value(line, name))),
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(self.about(name, &error)),
        }
    }

    fn about(&self, setting: &str, error: &Error) -> Error {
        let detail = format!(
            "{setting} of SSL context {}: {}",
            self.index,
            error.detail()
        );
        let named = Error::new(error.kind(), detail).with_command("AT+QSSLCFG");
        match error.code() {
            Some(code) => named.with_code(code),
            None => named,
        }
    }
}

type Files = [Option<ModuleFile>; 3];
type Lines = Vec<(&'static str, CommandLine)>;

/// Everything about a configuration that can be wrong without a module.
pub(crate) fn check_config(index: u8, config: &TlsConfig) -> Result<()> {
    prepare(index, config).map(drop)
}

/// What has to be uploaded, and then sent.
fn prepare(index: u8, config: &TlsConfig) -> Result<(Files, Lines)> {
    let ca = load(Role::Ca, config.ca.as_ref().map(Certificate::source))?;
    let identity = config.identity.as_ref();
    let certificate = load(
        Role::Certificate,
        identity.map(|identity| identity.certificate.source()),
    )?;
    let key = load(Role::Key, identity.map(|identity| identity.key.source()))?;
    check(config, key.as_ref())?;
    let lines = lines(index, config, [&ca, &certificate, &key].map(Option::as_ref))?;
    Ok(([ca, certificate, key], lines))
}

/// The commands that set a context up, in their order.
fn lines(
    index: u8,
    config: &TlsConfig,
    [ca, certificate, key]: [Option<&ModuleFile>; 3],
) -> Result<Lines> {
    let line = |name: &'static str| CommandLine::new("AT+QSSLCFG").word(name).int(index);
    let path = |name: &'static str, file: &ModuleFile| {
        let file = format!("UFS:{}", file.name);
        line(name).text("file name", &file, 1..=84)
    };
    let mut lines = vec![
        (
            "seclevel",
            line("seclevel").int(config.verification().number()),
        ),
        (
            "sslversion",
            line("sslversion").int(config.version.number()),
        ),
        (
            "ciphersuite",
            line("ciphersuite").bare(&format!("0x{:04X}", config.cipher_suite)),
        ),
    ];
    if let Some(ca) = ca {
        lines.push(("cacert", path("cacert", ca)?));
    }
    if let Some(certificate) = certificate {
        lines.push(("clientcert", path("clientcert", certificate)?));
    }
    if let Some(key) = key {
        let mut line = path("clientkey", key)?;
        if let Some(password) = &config.key_password {
            line = line.secret("key password", password.reveal(), 1..=127)?;
        }
        lines.push(("clientkey", line));
    }
    let ignore = u8::from(config.clock == Clock::Ignore);
    let seconds = config.negotiate_timeout;
    lines.extend([
        ("ignorelocaltime", line("ignorelocaltime").int(ignore)),
        (
            "negotiatetime",
            line("negotiatetime").ranged("negotiate_timeout in seconds", seconds, 10..=300)?,
        ),
        ("sni", line("sni").int(u8::from(config.sni))),
    ]);
    Ok(lines)
}

fn load(role: Role, source: Option<config::Source<'_>>) -> Result<Option<ModuleFile>> {
    source.map(|source| pem::load(role, source)).transpose()
}

/// What does not go together.
fn check(config: &TlsConfig, key: Option<&ModuleFile>) -> Result<()> {
    let refuse = |what: &str| Err(Error::new(ErrorKind::InvalidArgument, what));
    match key {
        Some(key) => pem::check_password(key, config.key_password.is_some())?,
        None if config.key_password.is_some() => {
            return refuse("key_password is given and no client certificate with a key");
        }
        None => {}
    }
    if config.ca.is_none() && config.identity.is_some() {
        return refuse(
            "a client certificate is given and no CA: the module shows it only where the server is \
             checked",
        );
    }
    Ok(())
}

fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ModuleError | ErrorKind::CmeError)
}

/// `+QSSLCFG: "name",context,value`: the value, without quotation marks.
fn value(line: &str, name: &str) -> Option<String> {
    let (command, mut fields) = Fields::of_line(line.as_bytes())?;
    let named = fields.text()?;
    if command != b"+QSSLCFG" || !named.eq_ignore_ascii_case(name.as_bytes()) {
        return None;
    }
    let _context: u8 = fields.int()?;
    Some(match fields.next() {
        None => String::new(),
        Some(Field::Int(number)) => number.to_string(),
        Some(Field::Text(text) | Field::Bare(text) | Field::Group(text)) => {
            String::from_utf8_lossy(text).into_owned()
        }
    })
}

/// `0XFFFF`, in either case, with or without its prefix.
fn hexadecimal(text: &str) -> Option<u16> {
    let upper = text.to_ascii_uppercase();
    u16::from_str_radix(upper.trim_start_matches("0X"), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_captures() {
        let read = |line, name| value(line, name).unwrap();
        assert_eq!(
            read("+QSSLCFG: \"ciphersuite\",1,0XFFFF", "ciphersuite"),
            "0XFFFF"
        );
        assert_eq!(read("+QSSLCFG: \"seclevel\",2,0", "seclevel"), "0");
        assert_eq!(
            read("+QSSLCFG:\"cacert\",2,\"UFS:a,b.pem\"", "cacert"),
            "UFS:a,b.pem"
        );
        assert_eq!(read("+QSSLCFG: \"cacert\",2", "cacert"), "");
        assert_eq!(value("+QSSLCFG: \"sni\",2,0", "seclevel"), None);
        assert_eq!(hexadecimal("0XC02F"), Some(0xC02F));
        assert_eq!(hexadecimal("0xffff"), Some(0xFFFF));
        assert_eq!(hexadecimal("all"), None);
    }

    #[test]
    fn verification_follows_from_certificates() {
        let ca = || Certificate::on_module("ca.pem");
        assert_eq!(TlsConfig::insecure().verification().number(), 0);
        assert_eq!(TlsConfig::new(ca()).verification().number(), 1);
        let key = PrivateKey::on_module("key.pem");
        let config = TlsConfig::new(ca()).client_certificate(ca(), key);
        assert_eq!(config.verification().number(), 2);
    }

    #[test]
    fn keys_and_passwords_are_not_shown() {
        let config = TlsConfig::new(Certificate::pem("hunter2"))
            .client_certificate(Certificate::pem("hunter2"), PrivateKey::pem("hunter2"))
            .key_password("hunter2");
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }
}
