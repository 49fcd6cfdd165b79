//! An SSL context as a TLS session.
//!
//! | setting | what it does here |
//! |---|---|
//! | `seclevel` 0 | nothing of the server's certificate is looked at |
//! | `seclevel` 1 | it must lead to a certificate of `cacert`, or be one of them |
//! | `seclevel` 2 | the same, and the client shows its certificate |
//! | `clientkey` | a key of PKCS#8, PKCS#1 or SEC1; encrypted in PKCS#8 only, and then with its password |
//! | `sslversion` | 3 and 4 are TLS 1.2; older protocols cannot be agreed upon |
//! | `ciphersuite` | those of TLS 1.2 with forward secrecy and AEAD: `0XC02B`, `0XC02C`, `0XC02F`, `0XC030`, `0XCCA8`, `0XCCA9`; no others |
//! | `sni` 1 | the host is named in the handshake and must match a subject alternative name |
//! | `sni` 0 | it is not named, and the name in the certificate does not matter |
//! | `ignorelocaltime` 0 | the certificates of the server must be valid now, by the module's clock |
//! | `ignorelocaltime` 1 | their validity does not matter |
//! | `negotiatetime` | how long the handshake may take |
//!
//! A context that asks for what is not there, such as `seclevel` 1 without `cacert`, fails as a
//! failed handshake does. Certificates must be X.509 version 3 above `seclevel` 0. The validity of
//! those in `cacert` is not looked at, unless the server shows one of them as its own.

use super::verify::{Anyone, Known};
use crate::packet::Tls;
use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, IpAddr, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::TLS12;
use rustls::{ClientConfig, ClientConnection};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// A session with this host that has not begun. `None`: the context cannot work.
pub(super) fn session(tls: &Tls, host: &str) -> Option<ClientConnection> {
    let config = config(tls)?;
    let name = match ServerName::try_from(host.to_owned()) {
        Ok(name) => name,
        // Nobody will ask for it.
        Err(_) if !tls.sni => {
            ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
        }
        Err(_) => return None,
    };
    ClientConnection::new(Arc::new(config), name).ok()
}

fn config(tls: &Tls) -> Option<ClientConfig> {
    if !matches!(tls.version, 3 | 4) {
        return None;
    }
    let provider = Arc::new(provider(tls.cipher_suite)?);
    let verifier: Arc<dyn ServerCertVerifier> = if tls.security_level == 0 {
        Arc::new(Anyone)
    } else {
        let algorithms = provider.signature_verification_algorithms;
        let clock = tls.clock.map(Duration::from_secs);
        let ca = certificates(tls.ca.as_deref())?;
        Arc::new(Known::new(&ca, tls.sni, clock, algorithms)?)
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = if tls.security_level >= 2 {
        let chain = certificates(tls.certificate.as_deref())?;
        let key = private_key(tls.key.as_deref()?, tls.key_password.as_deref())?;
        builder.with_client_auth_cert(chain, key).ok()?
    } else {
        builder.with_no_client_auth()
    };
    config.enable_sni = tls.sni;
    config.resumption = Resumption::disabled();
    Some(config)
}

/// All cipher suites, or the one; `None` when it is not there.
fn provider(suite: Option<u16>) -> Option<CryptoProvider> {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|known| {
        known.version() == &TLS12 && suite.is_none_or(|code| u16::from(known.suite()) == code)
    });
    (!provider.cipher_suites.is_empty()).then_some(provider)
}

/// The key of a PEM file. `None` when it is damaged, or its password is not this one.
fn private_key(pem: &[u8], password: Option<&str>) -> Option<PrivateKeyDer<'static>> {
    let text = std::str::from_utf8(pem).ok()?;
    let Some(at) = text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") else {
        return PrivateKeyDer::from_pem_slice(pem).ok();
    };
    let (_, document) = SecretDocument::from_pem(&text[at..]).ok()?;
    let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes()).ok()?;
    let key = encrypted.decrypt(password?).ok()?;
    Some(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

/// The certificates of a PEM file; `None` when there is not at least one, or one is damaged.
fn certificates(pem: Option<&[u8]>) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem?).collect();
    found.ok().filter(|found| !found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Tls, session};

    fn tls() -> Tls {
        Tls::unconfigured(0)
    }

    #[test]
    fn what_cannot_work() {
        assert!(session(&tls(), "host").is_some());
        for version in 0..3 {
            assert!(session(&Tls { version, ..tls() }, "host").is_none());
        }
        for security_level in 1..3 {
            let bare = Tls {
                security_level,
                ..tls()
            };
            assert!(session(&bare, "host").is_none());
            for ca in ["", "no certificate"] {
                let ca = Some(ca.into());
                assert!(session(&Tls { ca, ..bare.clone() }, "host").is_none());
            }
        }
    }

    #[test]
    fn cipher_suites() {
        let with = |code| {
            let cipher_suite = Some(code);
            session(
                &Tls {
                    cipher_suite,
                    ..tls()
                },
                "host",
            )
        };
        for code in [0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9] {
            assert!(with(code).is_some(), "{code:X}");
        }
        for code in [0x0035, 0x002F, 0x000A, 0xC013, 0x1301] {
            assert!(with(code).is_none(), "{code:X}");
        }
    }

    #[test]
    fn a_host_that_is_no_name() {
        assert!(session(&tls(), "not a name").is_some());
        assert!(session(&Tls { sni: true, ..tls() }, "not a name").is_none());
        assert!(session(&Tls { sni: true, ..tls() }, "192.0.2.1").is_some());
    }
}
