//! Certificates of the tests, made anew in each run, and brokers that show them.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

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
    /// Somebody else vouches for it.
    chained: bool,
}

/// The years in which a certificate is valid, from January to January.
type Years = (i32, i32);

/// Longer than a test runs.
pub(crate) const LONG: Years = (2000, 2100);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap(), None)
    }

    /// One with an RSA key.
    pub(crate) fn rsa(name: &str) -> Self {
        Self::with_key(name, KeyPair::from_pem(&rsa_key()).unwrap(), None)
    }

    /// An authority that this one vouches for. Whoever it certifies shows its certificate as well.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        Self::with_key(name, KeyPair::generate().unwrap(), Some(self))
    }

    fn with_key(name: &str, key: KeyPair, by: Option<&Self>) -> Self {
        let mut params = params(name, &[], LONG);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = match by {
            Some(by) => params.signed_by(&key, &by.issuer),
            None => params.self_signed(&key),
        };
        Self {
            certificate: certificate.unwrap().pem(),
            issuer: Issuer::new(params, key),
            chained: by.is_some(),
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

    /// The same with an RSA key.
    pub(crate) fn rsa_server(&self, name: &str) -> Identity {
        let params = params("a server", &[name], LONG);
        self.signed(params, ExtendedKeyUsagePurpose::ServerAuth, rsa_key())
    }

    /// The same with an RSA key.
    pub(crate) fn rsa_client(&self, name: &str) -> Identity {
        let params = params(name, &[], LONG);
        self.signed(params, ExtendedKeyUsagePurpose::ClientAuth, rsa_key())
    }

    fn identity(&self, params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Identity {
        let key = KeyPair::generate().unwrap().serialize_pem();
        self.signed(params, usage, key)
    }

    fn signed(
        &self,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
        key: String,
    ) -> Identity {
        params.extended_key_usages = vec![usage];
        let pair = KeyPair::from_pem(&key).unwrap();
        let mut certificate = params.signed_by(&pair, &self.issuer).unwrap().pem();
        if self.chained {
            certificate += &self.certificate;
        }
        Identity { certificate, key }
    }
}

/// An RSA key in PKCS#8, which the library behind the others does not make.
fn rsa_key() -> String {
    openssl(
        &[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
        ],
        "",
    )
}

/// What this program makes of a key.
pub(crate) fn openssl(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
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
