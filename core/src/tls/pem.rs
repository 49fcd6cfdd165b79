//! Certificates and keys as files of the module: what they must look like, and what they are called.

use super::config::Source;
use crate::error::{Error, ErrorKind, Result};
use crate::files::checked_name;
use crate::wire::find;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ca,
    Certificate,
    Key,
}

impl Role {
    /// The parameter in an error text.
    fn parameter(self) -> &'static str {
        match self {
            Self::Ca => "CA certificate",
            Self::Certificate => "client certificate",
            Self::Key => "private key",
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Certificate => "cert",
            Self::Key => "key",
        }
    }
}

/// A file of the module, and what has to be in it where the library puts it there.
pub(super) struct ModuleFile {
    pub(super) name: String,
    pub(super) bytes: Option<Vec<u8>>,
    /// The key is encrypted.
    pub(super) encrypted: bool,
}

/// Reads and checks a certificate or key. Its name follows from its contents, so that a file that an
/// earlier version left is never used for it.
pub(super) fn load(role: Role, source: Source<'_>) -> Result<ModuleFile> {
    let bytes = match source {
        Source::OnModule(name) => {
            return Ok(ModuleFile {
                name: checked_name(name)?.to_owned(),
                bytes: None,
                encrypted: false,
            });
        }
        Source::Pem(text) => text.to_vec(),
        Source::File(path) => std::fs::read(path).map_err(|error| {
            Error::argument(
                role.parameter(),
                path.display(),
                format!("a file that can be read ({error})"),
            )
        })?,
    };
    check(role, &bytes)?;
    Ok(ModuleFile {
        name: format!("atmqtt-{}-{:08x}.pem", role.tag(), crc32(&bytes)),
        encrypted: holds(&bytes, b"ENCRYPTED"),
        bytes: Some(bytes),
    })
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    find(bytes, text).is_some()
}

/// Refuses what is plainly something else, without showing any of it.
fn check(role: Role, bytes: &[u8]) -> Result<()> {
    const LARGEST: usize = 64 * 1024;
    let refuse =
        |value: &str, allowed: &str| Err(Error::argument(role.parameter(), value, allowed));
    let size = format!("{} bytes", bytes.len());
    if bytes.is_empty() || bytes.len() > LARGEST {
        return refuse(&size, "1..=65536 bytes of PEM text");
    }
    let key = holds(bytes, b"PRIVATE KEY-----");
    match role {
        Role::Key if !key => refuse(
            &size,
            "PEM text with a -----BEGIN ... PRIVATE KEY----- in it",
        ),
        Role::Ca | Role::Certificate if key => refuse(
            "text with a private key in it",
            "certificates alone: give the key in its own place",
        ),
        Role::Ca | Role::Certificate if !holds(bytes, b"-----BEGIN ") => {
            refuse(&size, "PEM text with a -----BEGIN CERTIFICATE----- in it")
        }
        _ => Ok(()),
    }
}

/// CRC-32 as in zip: a short name for contents, which are compared in full besides.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Whether the password and the key go together.
pub(super) fn check_password(file: &ModuleFile, given: bool) -> Result<()> {
    if file.encrypted && !given {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "the private key is encrypted and has no password: give key_password, or a key without",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &[u8] = b"-----BEGIN RSA PRIVATE KEY-----\nsecret\n-----END RSA PRIVATE KEY-----\n";

    #[test]
    fn crc_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn names_follow_contents() {
        let name = |bytes| load(Role::Ca, Source::Pem(bytes)).unwrap().name;
        let other = [CERTIFICATE, b"\n"].concat();
        assert_ne!(name(CERTIFICATE), name(&other));
        assert_eq!(name(CERTIFICATE), name(CERTIFICATE));
        assert!(
            name(CERTIFICATE).starts_with("atmqtt-ca-"),
            "{}",
            name(CERTIFICATE)
        );
    }

    #[test]
    fn a_key_is_no_certificate_and_never_shown() {
        for (role, bytes) in [
            (Role::Ca, KEY),
            (Role::Certificate, KEY),
            (Role::Key, CERTIFICATE),
            (Role::Ca, b"hello".as_slice()),
            (Role::Ca, b"".as_slice()),
        ] {
            let Err(error) = load(role, Source::Pem(bytes)) else {
                panic!("{role:?} took {bytes:?}");
            };
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(!error.to_string().contains("secret"), "{error}");
            assert!(error.to_string().contains(role.parameter()), "{error}");
        }
        assert!(load(Role::Key, Source::Pem(KEY)).is_ok());
    }

    #[test]
    fn encrypted_keys_need_a_password() {
        let text =
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let file = load(Role::Key, Source::Pem(text)).unwrap();
        assert!(check_password(&file, false).is_err());
        assert!(check_password(&file, true).is_ok());
    }
}
