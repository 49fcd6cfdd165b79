//! The SSL contexts of the module.

use std::ffi::{c_char, c_void};

use atmqtt::{Certificate, Clock, Outcome, PrivateKey, TlsConfig, TlsSettings, TlsVersion};

use crate::allocated::{Allocated, Strings};
use crate::border::{
    Failure, Result, bytes, flag, guard, init_options, maybe_place, maybe_text, options, place,
    ranged, required,
};
use crate::lines::atmqtt_lines;
use crate::modem::atmqtt_modem;

/// Protocol versions of a handshake ("sslversion"): version in atmqtt_tls_options and atmqtt_tls_settings.
#[repr(i32)]
pub enum atmqtt_tls_version {
    /// SSL 3.0. Broken; only for what a module reports.
    ATMQTT_TLS_SSL_3 = 0,
    /// TLS 1.0. Obsolete.
    ATMQTT_TLS_1_0 = 1,
    /// TLS 1.1. Obsolete.
    ATMQTT_TLS_1_1 = 2,
    /// TLS 1.2, the library's default.
    ATMQTT_TLS_1_2 = 3,
    /// Whatever the module and the server agree on, the module's own default. A server, or who stands
    /// between, may bring that down to a version that is broken: choose it only where 1.2 alone fails.
    ATMQTT_TLS_ANY = 4,
}

/// How far the other side is checked ("seclevel"): verification in atmqtt_tls_settings.
#[repr(i32)]
pub enum atmqtt_tls_verification {
    /// Nobody is checked: whoever answers is the server. The module's own default.
    ATMQTT_TLS_VERIFY_NOTHING = 0,
    /// The server shows a certificate of the given CA.
    ATMQTT_TLS_VERIFY_SERVER = 1,
    /// The same, and the module shows its own certificate if the server asks for one.
    ATMQTT_TLS_VERIFY_SERVER_AND_CLIENT = 2,
}

/// What the module's clock has to do with certificates: clock in atmqtt_tls_options.
#[repr(i32)]
pub enum atmqtt_tls_clock {
    /// A certificate must be valid at the time of the module's clock, the default. A clock that is before
    /// 2024, as it is after power-up without a network that tells the time, is ATMQTT_INVALID_STATE.
    ATMQTT_TLS_CLOCK_CHECK = 0,
    /// The same, and the clock is set from this computer first (AT+CCLK).
    ATMQTT_TLS_CLOCK_SET_AND_CHECK = 1,
    /// Dates are ignored: an expired certificate passes. The module's own default.
    ATMQTT_TLS_CLOCK_IGNORE = 2,
}

/// Where a certificate or private key is: one of the three is given, or none of them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_tls_source {
    /// PEM text of pem_length bytes, copied by the call it is given to; NULL = not given. A certificate may be
    /// a chain.
    pub pem: *const c_void,
    /// Its length in bytes, without a NUL behind it, 1 to 65536.
    pub pem_length: usize,
    /// Path of a PEM file of this computer, read when the context is configured; NULL = not given.
    pub path: *const c_char,
    /// Name of a file that is in the module already, as for atmqtt_files_upload(). What is in it is not looked
    /// at. NULL = not given.
    pub on_module: *const c_char,
}

/// How an SSL context is set up. Call atmqtt_tls_options_init() first: then a CA is the one thing that must be
/// given. Every setting is written, so that nothing an earlier program left in the module counts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_tls_options {
    /// Set by atmqtt_tls_options_init().
    pub struct_size: usize,
    /// CA certificate: the server must show a certificate that it has signed ("seclevel" 1, "cacert").
    pub ca: atmqtt_tls_source,
    /// The client's own certificate, shown where the server asks for one ("seclevel" 2, "clientcert"); only with
    /// a CA, and together with its private key.
    pub client_certificate: atmqtt_tls_source,
    /// The key of the client's certificate ("clientkey"). It is in no log and no error text.
    pub private_key: atmqtt_tls_source,
    /// Password of an encrypted key, 1 to 127 bytes without quotation marks and control bytes; NULL = none. It is
    /// in no log and no error text.
    pub key_password: *const c_char,
    /// One of atmqtt_tls_version; default TLS 1.2 ("sslversion").
    pub version: i32,
    /// Cipher suite by its IANA number, as 0xC02F; 0xFFFF = all that the module has, the default
    /// ("ciphersuite").
    pub cipher_suite: i32,
    /// 1 = the host name is sent in the clear in front of the handshake, so that one address can serve several
    /// names, the default; 0 = not ("sni"). Firmware that does not know the setting takes 0.
    pub sni: i32,
    /// One of atmqtt_tls_clock; default ATMQTT_TLS_CLOCK_CHECK ("ignorelocaltime").
    pub clock: i32,
    /// Longest time of a handshake in seconds, 10 to 300; default 60 ("negotiatetime"). An open with this
    /// context gives up after 155 s more than that at the latest.
    pub negotiate_timeout: i32,
    /// 1 = without a CA: encrypts, and checks nobody ("seclevel" 0), so that whoever is between the module and
    /// the broker can read and change everything, passwords included; for trials only, and a warning is logged.
    /// 0 = not, the default: a CA must be given.
    pub insecure: i32,
}

/// The size of the options in the first version of the library.
const OPTIONS_SIZE: usize = size_of::<atmqtt_tls_options>();

const NOWHERE: atmqtt_tls_source = atmqtt_tls_source {
    pem: std::ptr::null(),
    pem_length: 0,
    path: std::ptr::null(),
    on_module: std::ptr::null(),
};

const DEFAULTS: atmqtt_tls_options = atmqtt_tls_options {
    struct_size: OPTIONS_SIZE,
    ca: NOWHERE,
    client_certificate: NOWHERE,
    private_key: NOWHERE,
    key_password: std::ptr::null(),
    version: atmqtt_tls_version::ATMQTT_TLS_1_2 as i32,
    cipher_suite: 0xFFFF,
    sni: 1,
    clock: atmqtt_tls_clock::ATMQTT_TLS_CLOCK_CHECK as i32,
    negotiate_timeout: 60,
    insecure: 0,
};

/// What a module says of an SSL context. It belongs to the library until atmqtt_tls_settings_free(). Later
/// versions add fields at the end.
#[repr(C)]
pub struct atmqtt_tls_settings {
    /// One of atmqtt_tls_version; -1 = the module does not know the setting.
    pub version: i32,
    /// Cipher suite by its IANA number, 0xFFFF = all; -1 = not known.
    pub cipher_suite: i32,
    /// One of atmqtt_tls_verification; -1 = not known.
    pub verification: i32,
    /// Name of the CA's file in the module, without "UFS:"; "" = none, NULL = not known.
    pub ca: *const c_char,
    /// The same of the client's certificate.
    pub client_certificate: *const c_char,
    /// The same of its private key. The key's password is not kept.
    pub private_key: *const c_char,
    /// 1 = dates are ignored, 0 = they count; -1 = not known.
    pub ignore_clock: i32,
    /// Longest time of a handshake in seconds; -1 = not known.
    pub negotiate_timeout: i32,
    /// 1 = with SNI, 0 = without; -1 = not known.
    pub sni: i32,
}

/// Sets every option to its default. Call it as atmqtt_tls_options_init(&options, sizeof options).
///
/// @param options  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_tls_options).
/// @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_tls_options_init(
    options: *mut atmqtt_tls_options,
    struct_size: usize,
) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(options, "options", struct_size, OPTIONS_SIZE, DEFAULTS) })
}

/// Sets an SSL context up: certificates and key first, then every setting (AT+QSSLCFG). A client uses it with
/// tls_context in atmqtt_client_config, from its next open on.
///
/// Files are called after what they are for and their contents, as "atmqtt-ca-1c2d3e4f.pem", and are uploaded
/// where the module has no equal one, as atmqtt_files_ensure() does: about a second for a few kilobytes at 115200
/// baud. So another certificate is another file and a stale one is never used; old ones stay until they are
/// deleted: atmqtt_tls_delete_files().
///
/// The module keeps files over a restart and forgets the settings: configure again after
/// ATMQTT_EVENT_RESTARTED. Blocks for the transfers and about ten commands. Configuring one context from two
/// threads at a time mixes their settings.
///
/// @param context  0 to 5.
/// @param options  how; not NULL.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT, before anything is sent, for neither a CA nor insecure, a
/// certificate or key that is none, a file of this computer that cannot be read, a number out of range, a key
/// without its password, a password without a key, a client certificate without a key or a CA;
/// ATMQTT_INVALID_STATE where dates count and the module's clock is not set; what atmqtt_files_upload() fails with;
/// ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR with the name of a setting that the module refuses: those in front of
/// it have been written, the level of verification among the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_tls_configure(
    modem: *mut atmqtt_modem,
    context: i32,
    options: *const atmqtt_tls_options,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, config) = unsafe { (required(modem, "modem")?, read(options)?) };
        Ok(modem.bounded().tls(index(context)?)?.configure(&config)?)
    })
}

/// atmqtt_tls_configure() without waiting, on a thread of the library: its end comes as
/// ATMQTT_EVENT_COMPLETED. Everything in the options is copied; files of this computer are read on that thread.
/// The handle's time-out does not count. The port stays open until it has ended; atmqtt_modem_close() ends it.
///
/// @param operation  where the number of the operation is written, which the event carries; NULL = not
/// wanted, and the event comes all the same. The event may come before this returns.
/// @return ATMQTT_OK once it is under way; ATMQTT_INVALID_ARGUMENT for what can be told from the options alone, the
/// rest comes with the event; ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_tls_configure_start(
    modem: *mut atmqtt_modem,
    context: i32,
    options: *const atmqtt_tls_options,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, config, operation) = unsafe {
            (
                required(modem, "modem")?,
                read(options)?,
                maybe_place(operation),
            )
        };
        let context = index(context)?;
        modem.start(operation, move |modem| {
            modem
                .tls(context)?
                .configure(&config)
                .map(|()| Outcome::Done)
        })
    })
}

/// Deletes the files that atmqtt_tls_configure() has put into the module for these options (AT+QFDEL), the private
/// key first.
///
/// Their names follow from their contents, so that it works after a restart of either side, and with any context.
/// Files that are given by on_module stay, and so does what one of the other five contexts names (AT+QSSLCFG). A
/// file that is not there is none the worse for it.
///
/// The context still names what is gone: an open with it fails until it is configured again. What earlier options
/// have left is found by atmqtt_files_list() with "atmqtt-*". A module's flash is not wiped: whoever takes it apart
/// may still find what was deleted. Blocks for fifteen questions, up to 5 s each, and up to three deletions, up to
/// 20 s each.
///
/// @param context  0 to 5.
/// @param options  as for atmqtt_tls_configure(); of them the certificates and the key count alone.
/// @param deleted  where the names of the files that are gone now are written; free them with
/// atmqtt_lines_free(). NULL = not wanted.
/// @return ATMQTT_OK, also where there was nothing to delete; ATMQTT_INVALID_ARGUMENT, before anything is sent, as
/// atmqtt_tls_configure(); what atmqtt_files_delete() fails with, and ATMQTT_UNCONFIRMED where the module falls
/// silent: the files in front of the one it fails at are deleted then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_tls_delete_files(
    modem: *mut atmqtt_modem,
    context: i32,
    options: *const atmqtt_tls_options,
    deleted: *mut *mut atmqtt_lines,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, config, deleted) = unsafe {
            (
                required(modem, "modem")?,
                read(options)?,
                maybe_place(deleted),
            )
        };
        let names = modem
            .bounded()
            .tls(index(context)?)?
            .delete_files(&config)?;
        if deleted.is_wanted() {
            deleted.put(atmqtt_lines::into_raw(&names));
        }
        Ok(())
    })
}

/// Asks the module for every setting of an SSL context (AT+QSSLCFG="...",context). Blocks for nine commands, up to
/// 5 s each.
///
/// @param context  0 to 5.
/// @param settings  where the answer is written; free it with atmqtt_tls_settings_free().
/// @return ATMQTT_OK, also where the module does not know some of them; ATMQTT_UNCONFIRMED where it falls silent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_tls_query_config(
    modem: *mut atmqtt_modem,
    context: i32,
    settings: *mut *mut atmqtt_tls_settings,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, settings) =
            unsafe { (required(modem, "modem")?, place(settings, "settings")?) };
        let answer = modem.bounded().tls(index(context)?)?.config()?;
        settings.put(owned(&answer));
        Ok(())
    })
}

/// Frees what atmqtt_tls_query_config() gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_tls_settings_free(settings: *mut atmqtt_tls_settings) {
    // SAFETY: the program gives back what `atmqtt_tls_query_config` gave, this once.
    unsafe { Allocated::<_, Strings>::free(settings) }
}

fn owned(settings: &TlsSettings) -> *mut atmqtt_tls_settings {
    let mut strings = Strings::default();
    let shown = atmqtt_tls_settings {
        version: known(settings.version.map(TlsVersion::number)),
        cipher_suite: known(settings.cipher_suite),
        verification: known(settings.verification.map(|level| level.number())),
        ca: strings.keep_or_null(settings.ca.as_deref()),
        client_certificate: strings.keep_or_null(settings.client_certificate.as_deref()),
        private_key: strings.keep_or_null(settings.private_key.as_deref()),
        ignore_clock: known(settings.ignore_clock),
        negotiate_timeout: known(settings.negotiate_timeout),
        sni: known(settings.sni),
    };
    Allocated::into_raw(shown, strings)
}

/// A number, or -1 where there is none.
fn known(value: Option<impl Into<i32>>) -> i32 {
    value.map_or(-1, Into::into)
}

pub(crate) fn index(context: i32) -> Result<u8> {
    ranged(context, "tls context", 0..=5)
}

/// # Safety
///
/// The pointer and those in the options are NULL or point to what the header says of them.
pub(crate) unsafe fn read(given: *const atmqtt_tls_options) -> Result<TlsConfig> {
    // SAFETY: as the caller promises.
    let (given, ca, certificate, key, password) = unsafe {
        required(given, "options")?;
        let given = options(given, OPTIONS_SIZE, "options", DEFAULTS)?;
        (
            given,
            given.ca.read("ca")?,
            given.client_certificate.read("client_certificate")?,
            given.private_key.read("private_key")?,
            maybe_text(given.key_password, "key_password")?,
        )
    };
    let mut config = match (ca, flag(given.insecure, "insecure")?) {
        (Some(ca), false) => TlsConfig::new(ca.certificate()),
        (None, true) => TlsConfig::insecure(),
        (Some(_), true) => {
            return Err(Failure::argument(
                "insecure is 1 and a CA is given; it must be 0 for the server to be checked",
            ));
        }
        (None, false) => {
            return Err(Failure::argument(
                "no CA is given, so that nobody could check the server: give one in ca, or set insecure to 1",
            ));
        }
    };
    config = match (certificate, key) {
        (None, None) => config,
        (Some(certificate), Some(key)) => {
            config.client_certificate(certificate.certificate(), key.key())
        }
        (Some(_), None) => {
            return Err(Failure::argument(
                "client_certificate is given and private_key is not; they are given together",
            ));
        }
        (None, Some(_)) => {
            return Err(Failure::argument(
                "private_key is given and client_certificate is not; they are given together",
            ));
        }
    };
    if let Some(password) = password {
        config = config.key_password(password);
    }
    let version: u8 = ranged(given.version, "version", 0..=4)?;
    let version = TlsVersion::from_number(version)
        .ok_or_else(|| Failure::argument(format!("version {version} is not known")))?;
    Ok(config
        .version(version)
        .cipher_suite(ranged(given.cipher_suite, "cipher_suite", 0..=0xFFFF)?)
        .sni(flag(given.sni, "sni")?)
        .clock(match given.clock {
            0 => Clock::Check,
            1 => Clock::SetAndCheck,
            2 => Clock::Ignore,
            other => {
                return Err(Failure::argument(format!(
                    "clock is {other}; it must be one of atmqtt_tls_clock"
                )));
            }
        })
        .negotiate_timeout(ranged(
            given.negotiate_timeout,
            "negotiate_timeout in seconds",
            10..=300,
        )?))
}

/// What a source says, copied.
enum Source {
    Pem(Vec<u8>),
    Path(String),
    OnModule(String),
}

impl Source {
    fn certificate(self) -> Certificate {
        match self {
            Self::Pem(text) => Certificate::pem(text),
            Self::Path(path) => Certificate::file(path),
            Self::OnModule(name) => Certificate::on_module(name),
        }
    }

    fn key(self) -> PrivateKey {
        match self {
            Self::Pem(text) => PrivateKey::pem(text),
            Self::Path(path) => PrivateKey::file(path),
            Self::OnModule(name) => PrivateKey::on_module(name),
        }
    }
}

impl atmqtt_tls_source {
    /// # Safety
    ///
    /// Its pointers are NULL or point to what the header says of them.
    unsafe fn read(&self, name: &str) -> Result<Option<Source>> {
        // SAFETY: as the caller promises.
        let (pem, path, on_module) = unsafe {
            (
                bytes(self.pem, self.pem_length, &format!("{name}.pem"))?,
                maybe_text(self.path, &format!("{name}.path"))?,
                maybe_text(self.on_module, &format!("{name}.on_module"))?,
            )
        };
        // A pointer with length 0 is a text that is empty, and refused as one.
        let pem = (!self.pem.is_null()).then_some(pem);
        match (pem, path, on_module) {
            (None, None, None) => Ok(None),
            (Some(pem), None, None) => Ok(Some(Source::Pem(pem.to_vec()))),
            (None, Some(path), None) => Ok(Some(Source::Path(path.to_owned()))),
            (None, None, Some(file)) => Ok(Some(Source::OnModule(file.to_owned()))),
            _ => Err(Failure::argument(format!(
                "more than one of pem, path and on_module is given in {name}; it must be one"
            ))),
        }
    }
}
