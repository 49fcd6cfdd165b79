//! Who the server may be.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::time::Duration;

/// Anyone: `seclevel` 0. Nothing of the certificate is looked at, so that not even a damaged one
/// is an obstacle. The traffic is encrypted, but for whom is not known.
#[derive(Debug)]
pub(super) struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Whoever has a certificate that leads to `cacert`: `seclevel` 1 and 2.
#[derive(Debug)]
pub(super) struct Known {
    roots: RootCertStore,
    /// The same, to find a server that shows one of them as its own.
    pinned: Vec<CertificateDer<'static>>,
    check_name: bool,
    /// The time by the module's clock, when that matters.
    clock: Option<Duration>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Known {
    /// `None`: none of the certificates can be used.
    pub(super) fn new(
        ca: &[CertificateDer<'static>],
        check_name: bool,
        clock: Option<Duration>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(ca.iter().cloned());
        (added > 0).then(|| Self {
            roots,
            pinned: ca.to_vec(),
            check_name,
            clock,
            algorithms,
        })
    }

    /// Whether the certificate leads to one of ours, at this time.
    fn verify_at(
        &self,
        time: Duration,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), Error> {
        let verified = verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(end_entity)?,
            &self.roots,
            intermediates,
            UnixTime::since_unix_epoch(time),
            self.algorithms.all,
        );
        match verified {
            // A self-signed certificate with the flag of an authority, as `openssl req -x509`
            // makes it. It was found valid at this time before.
            Err(error) if is_authority(&error) && self.pinned.contains(end_entity) => Ok(()),
            other => other,
        }
    }

    /// The same, at a time when it is valid. Each certificate that is not names a bound of its
    /// validity; the search goes there, until all are valid or a bound comes up again.
    fn verify_at_any_time(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), Error> {
        let mut tried = vec![Duration::ZERO];
        loop {
            let time = tried.last().copied().unwrap_or_default();
            let error = match self.verify_at(time, end_entity, intermediates) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let bound = match &error {
                Error::InvalidCertificate(CertificateError::ExpiredContext {
                    not_after, ..
                }) => not_after.as_secs(),
                Error::InvalidCertificate(CertificateError::NotValidYetContext {
                    not_before,
                    ..
                }) => not_before.as_secs(),
                _ => return Err(error),
            };
            let bound = Duration::from_secs(bound);
            if tried.contains(&bound) {
                return Err(error);
            }
            tried.push(bound);
        }
    }
}

fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error else {
        return false;
    };
    matches!(other.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.clock {
            Some(time) => self.verify_at(time, end_entity, intermediates)?,
            None => self.verify_at_any_time(end_entity, intermediates)?,
        }
        if self.check_name {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
