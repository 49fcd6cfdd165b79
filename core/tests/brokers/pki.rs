//! Certificates of the tests, made anew in each run, and brokers that show them.

use std::fs;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

use crate::mosquitto::Mosquitto;

/// A certificate and its key, as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// An authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: String,
}

/// The years in which a certificate is valid, from January to January.
type Years = (i32, i32);

/// Longer than a test runs.
pub(crate) const LONG: Years = (2000, 2100);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name, &[], LONG);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self {
            issuer,
            certificate,
        }
    }

    /// A server that goes by this name.
    pub(crate) fn server(&self, name: &str, years: Years) -> Identity {
        let params = params("a server", &[name], years);
        self.identity(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client with this common name.
    pub(crate) fn client(&self, name: &str) -> Identity {
        let params = params(name, &[], LONG);
        self.identity(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn identity(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Identity {
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        Identity {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

fn params(common_name: &str, names: &[&str], (from, to): Years) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

/// A broker with TLS. With an authority it asks its clients for certificates, and calls them by the
/// names in these.
pub(crate) fn broker(server: &Identity, clients: Option<&Authority>) -> Mosquitto {
    Mosquitto::start(|folder| {
        let mut text = "allow_anonymous true\n".to_owned();
        let mut file = |setting: &str, pem: &str| {
            let path = folder.join(setting);
            fs::write(&path, pem).unwrap();
            text.push_str(&format!("{setting} {}\n", path.display()));
        };
        file("certfile", &server.certificate);
        file("keyfile", &server.key);
        if let Some(ca) = clients {
            file("cafile", &ca.certificate);
            text.push_str("require_certificate true\nuse_identity_as_username true\n");
        }
        text
    })
}
