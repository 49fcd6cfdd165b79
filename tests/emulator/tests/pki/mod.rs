//! Certificates of the tests, made anew in each run.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

/// Seconds since 1970 when every certificate here is valid that is at all: 2025-06-01.
pub(crate) const DURING: u64 = 1_748_736_000;
/// 1999-12-31: none is valid yet.
pub(crate) const BEFORE: u64 = 946_598_400;

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// An authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: String,
    name: String,
}

/// The years in which a certificate is valid, from January to January.
pub(crate) type Years = (i32, i32);

/// Longer than a test runs.
pub(crate) const LONG: Years = (2000, 2100);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name, &[], LONG);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
            name: name.to_owned(),
        }
    }

    /// An authority below this one.
    pub(crate) fn authority(&self, name: &str, years: Years) -> Self {
        let mut params = params(name, &[], years);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
            name: name.to_owned(),
        }
    }

    /// A server that goes by these names.
    pub(crate) fn server(&self, names: &[&str], years: Years) -> Identity {
        self.identity(names, years, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client.
    pub(crate) fn client(&self) -> Identity {
        self.identity(&[], LONG, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn identity(&self, names: &[&str], years: Years, usage: ExtendedKeyUsagePurpose) -> Identity {
        let mut params = params(&format!("somebody below {}", self.name), names, years);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        Identity {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A server whose certificate nobody but itself has signed, with the flag of an authority.
pub(crate) fn self_signed(names: &[&str], years: Years) -> Identity {
    let mut params = params("nobody else", names, years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    Identity {
        certificate: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

fn params(common_name: &str, names: &[&str], (from, to): Years) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}
