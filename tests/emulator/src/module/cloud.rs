//! Signing in at a cloud with the device data of `AT+QMTCFG` (register A33).
//!
//! The note says that user name and password may be left out of `AT+QMTCONN` once `aliauth` is set
//! (3.3.1, remark 5), and not what the module sends instead. What a cloud expects in CONNECT it
//! documents itself, and that is built here; [`CloudSignIn`] says how it looks. Which of the
//! module's settings serves as what, and every choice that a cloud leaves to the device, is a
//! reading, marked as one.
//!
//! `<clientid>` is that of `AT+QMTCONN`. The time is the module's clock in UTC: what `AT+CCLK` shows,
//! less its zone. It starts at 2026-01-01, so for a real cloud it has to be set first.
//!
//! Readings for all of them:
//!
//! * A user name in `AT+QMTCONN`, an empty one too, turns the derivation off: everything goes out
//!   as given, the client id too.
//! * A setting counts while none of its strings is empty. Of several, the first in the order of the
//!   note does.
//!
//! # Alibaba Cloud (`aliauth`)
//!
//! From the cloud's document "Establish MQTT connections over TCP": client id and user name as
//! [`CloudSignIn`] says. `securemode` is 2 with TLS and 3 without. The password is keyed with the device secret
//! and covers names and values of the parameters, sorted by name: `clientId`, `deviceName`,
//! `productKey` and, where it is sent, `timestamp`. Readings: HMAC-SHA1 out of the methods on offer, and no time stamp.
//!
//! # China Mobile OneNET (`onenet`)
//!
//! From the documents "Token Algorithm" and "Development Guide" of the MQTTS suite: the client id
//! is the device name, the user name the product id, the password a token. The token names
//! `version`, `res` (the device), `et` (when it expires), `method` and `sign`, each value
//! percent-encoded; `sign` is the base64 of an HMAC, keyed with the access key out of its base64,
//! over `et`, `method`, `res` and `version`, a line feed between them. Readings: `<clientid>` is the
//! device name (the setting has no other place for it), the method is `sha256`, and the token
//! expires at the end of the next day, so that it is the same for all of one day. An access key
//! that is no base64 makes `AT+QMTCONN` an `ERROR`.
//!
//! # Huawei Cloud `IoTDA` (`hwauth`, `hwprodid`)
//!
//! From the document "Device Connection Authentication" (of `IoTDA`'s API reference, and of the
//! `OCSmartCampus` developer guide, which has the example of the test): the client id is the
//! device id, 0, whether the cloud is to check the time (0 or 1), and the UTC hour; the password is
//! keyed with that hour and covers the device secret. A device id that the cloud gives out is
//! product id, `_`, node id. Readings: `<clientid>` is not used. The first string of `hwauth` is the
//! whole device id (the note calls it product id, the test form of EC600S "device id"). `hwprodid`
//! puts product and node id together, and the product secret stands in for the device secret. That
//! is the least certain reading of all: no document of the cloud that was found shows a CONNECT with
//! a product secret. `<hw_time_enable>` is the check of the time, 0 until it is set (A24).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::Module;
use super::clock;
use super::params::Failure;
use super::settings::{Config, Device};

/// What `AT+QMTCONN` without a user name sends for a client with the device data of a cloud
/// (`aliauth`, `onenet`, `hwauth`, `hwprodid`; register A33).
///
/// The application note does not say how the module builds these fields. It does say that user name
/// and password may be left out with `aliauth`, so something must be built: that is the default.
/// What is sent is what each cloud documents:
///
/// * `aliauth`, Alibaba Cloud: client id `<clientid>|securemode=3,signmethod=hmacsha1|` (2 with
///   TLS), user name `<device name>&<product key>`, password the HMAC-SHA1 in hexadecimal, keyed with
///   the device secret, of `clientId<clientid>deviceName<device name>productKey<product key>`.
/// * `onenet`, China Mobile OneNET: client id `<clientid>`, which is the device name, user name
///   `<product id>`, password a token for `products/<product id>/devices/<clientid>`, signed by
///   HMAC-SHA256 with the access key, that expires at the end of the next UTC day.
/// * `hwauth`, Huawei Cloud IoTDA: client id `<device id>_0_<check>_<YYYYMMDDHH>`, user name
///   `<device id>`, password the HMAC-SHA256 in hexadecimal, keyed with the hour, of the secret.
///   The first string of the setting is the device id; `<check>` is `<hw_time_enable>`.
/// * `hwprodid`: the same with the device id `<product id>_<nodeid>` and the product secret.
///
/// The first of these none of whose strings is empty counts. The time is that of `AT+CCLK`, in UTC.
/// An explicit user name in `AT+QMTCONN` wins: then nothing is derived, the client id neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CloudSignIn {
    /// The fields are derived from the device data.
    #[default]
    Derived,
    /// The fields are those of `AT+QMTCONN`; the device data are only stored.
    AsGiven,
}

/// Who a client says it is, in CONNECT.
pub(crate) struct SignIn {
    pub(crate) client_id: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
}

impl SignIn {
    fn new(client_id: String, username: String, password: String) -> Self {
        Self {
            client_id,
            username: Some(username),
            password: Some(password),
        }
    }
}

impl Module {
    /// What goes into CONNECT when this is what the host has given.
    pub(crate) fn sign_in(&self, index: usize, given: SignIn) -> Result<SignIn, Failure> {
        if self.cloud == CloudSignIn::AsGiven || given.username.is_some() {
            return Ok(given);
        }
        let config = &self.clients[index].config;
        Ok(derive(config, &given.client_id, self.utc())?.unwrap_or(given))
    }
}

/// `None` without the device data of a cloud.
fn derive(config: &Config, client_id: &str, utc: i64) -> Result<Option<SignIn>, Failure> {
    if let Some([key, name, secret]) = complete(&config.aliauth) {
        let tls = config.ssl.is_some();
        return Ok(Some(alibaba(client_id, key, name, secret, tls)));
    }
    if let Some([product, key]) = complete(&config.onenet) {
        return onenet(client_id, product, key, utc).map(Some);
    }
    if let Some([id, secret]) = complete(&config.hwauth) {
        let check = config.hwauth.time_check.unwrap_or(false);
        return Ok(Some(huawei(id, secret, check, utc)));
    }
    if let Some([product, secret, node]) = complete(&config.hwprodid) {
        let check = config.hwprodid.time_check.unwrap_or(false);
        let id = format!("{product}_{node}");
        return Ok(Some(huawei(&id, secret, check, utc)));
    }
    Ok(None)
}

/// The strings of a setting, if all are there.
fn complete<const N: usize>(device: &Device) -> Option<[&str; N]> {
    let strings: &[String; N] = device.strings.as_slice().try_into().ok()?;
    let strings = strings.each_ref().map(String::as_str);
    (!strings.contains(&"")).then_some(strings)
}

fn alibaba(client_id: &str, key: &str, name: &str, secret: &str, tls: bool) -> SignIn {
    let mode = if tls { 2 } else { 3 };
    let fields = [
        ("clientId", client_id),
        ("deviceName", name),
        ("productKey", key),
    ];
    SignIn::new(
        format!("{client_id}|securemode={mode},signmethod=hmacsha1|"),
        format!("{name}&{key}"),
        alibaba_password(secret, &fields),
    )
}

/// The fields must be sorted by name.
fn alibaba_password(secret: &str, fields: &[(&str, &str)]) -> String {
    let content: String = fields
        .iter()
        .flat_map(|(name, value)| [*name, *value])
        .collect();
    hex(&hmac::<Hmac<Sha1>>(secret.as_bytes(), &content))
}

fn onenet(device: &str, product: &str, key: &str, utc: i64) -> Result<SignIn, Failure> {
    let key = BASE64.decode(key).map_err(|_| Failure::Error)?;
    let (version, method) = ("2018-10-31", "sha256");
    let res = format!("products/{product}/devices/{device}");
    let expiry = (utc.div_euclid(86_400) + 2) * 86_400;
    let content = format!("{expiry}\n{method}\n{res}\n{version}");
    let sign = percent(&BASE64.encode(hmac::<Hmac<Sha256>>(&key, &content)));
    let res = percent(&res);
    let token = format!("version={version}&res={res}&et={expiry}&method={method}&sign={sign}");
    Ok(SignIn::new(device.to_owned(), product.to_owned(), token))
}

fn huawei(id: &str, secret: &str, check: bool, utc: i64) -> SignIn {
    let hour = clock::hour(utc);
    let password = hex(&hmac::<Hmac<Sha256>>(hour.as_bytes(), secret));
    let check = u8::from(check);
    SignIn::new(format!("{id}_0_{check}_{hour}"), id.to_owned(), password)
}

fn hmac<M: Mac + KeyInit>(key: &[u8], content: &str) -> Vec<u8> {
    let mac = <M as Mac>::new_from_slice(key).expect("an HMAC takes keys of any length");
    mac.chain_update(content).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Percent-encodes everything but the unreserved characters (RFC 3986, 2.3).
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Alibaba Cloud's "Establish MQTT connections over TCP". It prints all but the
    /// last four digits; those are from
    /// `printf %s <content> | openssl dgst -sha1 -hmac secret`.
    #[test]
    fn the_example_of_alibaba() {
        let fields = [
            ("clientId", "12345"),
            ("deviceName", "device"),
            ("productKey", "pk"),
            ("timestamp", "789"),
        ];
        assert_eq!(
            alibaba_password("secret", &fields),
            "fafd82a3d602b37fb0fa8b7892f24a477f851a14"
        );
    }

    /// The example of Huawei Cloud's "Device Connection Authentication".
    #[test]
    fn the_example_of_huawei() {
        let hour = 1_744_592_400; // 2025-04-14 01:00:00 UTC
        let SignIn {
            client_id,
            username,
            password,
        } = huawei("id", "12345678", true, hour);
        assert_eq!(client_id, "id_0_1_2025041401");
        assert_eq!(username.unwrap(), "id");
        assert_eq!(
            password.unwrap(),
            "c75150e6cb841417396819e4d2ee4358a416344a03a083e3a8567074ddec820a"
        );
    }

    #[test]
    fn percent_encodes_what_is_not_unreserved() {
        assert_eq!(percent("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent("a/b+c=&é"), "a%2Fb%2Bc%3D%26%C3%A9");
    }

    #[test]
    fn a_setting_is_complete_with_all_its_strings() {
        let device = |strings: &[&str]| Device {
            strings: strings.iter().map(|text| (*text).to_owned()).collect(),
            time_check: None,
        };
        assert_eq!(complete(&device(&["a", "b"])), Some(["a", "b"]));
        assert_eq!(complete::<2>(&device(&["a", ""])), None);
        assert_eq!(complete::<2>(&device(&[])), None);
    }
}
