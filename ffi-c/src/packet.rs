//! PDP contexts: their access points, activation, addresses.

use std::ffi::c_char;

use atmqtt::{Apn, Authentication, ContextAddress, IpType, Outcome};

use crate::allocated::{Allocated, Strings};
use crate::border::{
    Failure, Result, guard, init_options, maybe_place, maybe_text, options, place, ranged, required,
};
use crate::modem::atmqtt_modem;
use crate::network::network;

/// What addresses a PDP context is to have: ip_type in atmqtt_apn.
#[repr(i32)]
pub enum atmqtt_ip_type {
    /// IPv4, the default.
    ATMQTT_IP_V4 = 1,
    /// IPv6.
    ATMQTT_IP_V6 = 2,
    /// Both.
    ATMQTT_IP_V4V6 = 3,
}

/// How user name and password are shown to the network: authentication in atmqtt_apn.
#[repr(i32)]
pub enum atmqtt_authentication {
    /// Not at all, the default.
    ATMQTT_AUTH_NONE = 0,
    /// PAP: in the clear.
    ATMQTT_AUTH_PAP = 1,
    /// CHAP.
    ATMQTT_AUTH_CHAP = 2,
    /// Either; not on every module.
    ATMQTT_AUTH_PAP_OR_CHAP = 3,
}

/// Access point of a PDP context (AT+QICSGP): atmqtt_network_set_apn() writes it, atmqtt_network_apn() asks for
/// it. Call atmqtt_network_apn_init() first, which leaves everything to the subscription. Strings are UTF-8
/// without quotation marks and control bytes, at most 127 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_apn {
    /// Set by atmqtt_network_apn_init().
    pub struct_size: usize,
    /// Name of the access point; NULL or "" = what the subscription says, the default.
    pub name: *const c_char,
    /// One of atmqtt_ip_type; default ATMQTT_IP_V4.
    pub ip_type: i32,
    /// One of atmqtt_authentication; default ATMQTT_AUTH_NONE.
    pub authentication: i32,
    /// User name; NULL or "" = none, the default.
    pub username: *const c_char,
    /// Password; NULL or "" = none, the default. It is in no log and no error text.
    pub password: *const c_char,
}

/// The size of the struct in the first version of the library.
const APN_SIZE: usize = size_of::<atmqtt_apn>();

const DEFAULTS: atmqtt_apn = atmqtt_apn {
    struct_size: APN_SIZE,
    name: std::ptr::null(),
    ip_type: atmqtt_ip_type::ATMQTT_IP_V4 as i32,
    authentication: atmqtt_authentication::ATMQTT_AUTH_NONE as i32,
    username: std::ptr::null(),
    password: std::ptr::null(),
};

/// The addresses of an active PDP context. They belong to the library until atmqtt_network_address_free().
/// Later versions add fields at the end.
#[repr(C)]
pub struct atmqtt_address {
    /// IPv4 address, as "10.7.157.1"; "" = the context has none. Never NULL.
    pub v4: *const c_char,
    /// IPv6 address, as "2001:db8::1"; "" = the context has none. Never NULL.
    pub v6: *const c_char,
}

/// Leaves everything to the subscription. Call it as atmqtt_network_apn_init(&apn, sizeof apn).
///
/// @param apn  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_apn).
/// @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_apn_init(apn: *mut atmqtt_apn, struct_size: usize) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(apn, "apn", struct_size, APN_SIZE, DEFAULTS) })
}

/// Sets the access point of a PDP context (AT+QICSGP). The module takes it up at the next activation and forgets
/// it when it restarts. Every value is written, empty ones too, so that nothing of an earlier program stays.
/// Blocks for one command.
///
/// @param context  PDP context, 1 to 16; not every module has them all.
/// @param apn  the access point; not NULL.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT before anything is sent; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as
/// the module answers; ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_set_apn(
    modem: *mut atmqtt_modem,
    context: i32,
    apn: *const atmqtt_apn,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, apn) = unsafe { (required(modem, "modem")?, read(apn)?) };
        Ok(network(modem).set_apn(context_index(context)?, &apn)?)
    })
}

/// Asks for the access point of a PDP context (AT+QICSGP=context). Blocks for one command.
///
/// @param context  PDP context, 1 to 16.
/// @param apn  where the answer is written, with "" for strings that are empty; free it with
/// atmqtt_network_apn_free(). It holds the password in the clear, where the module tells it.
/// @return as atmqtt_network_set_apn(); ATMQTT_OPERATION_FAILED where the answer has another shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_apn(
    modem: *mut atmqtt_modem,
    context: i32,
    apn: *mut *mut atmqtt_apn,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe { (required(modem, "modem")?, place(apn, "apn")?) };
        let apn = network(modem).apn(context_index(context)?)?;
        let mut strings = Strings::default();
        let shown = atmqtt_apn {
            struct_size: APN_SIZE,
            name: strings.keep(&apn.name),
            ip_type: apn.ip_type.number().into(),
            authentication: apn.authentication.number().into(),
            username: strings.keep(&apn.username),
            password: strings.keep(apn.password.reveal()),
        };
        place.put(Allocated::into_raw(shown, strings));
        Ok(())
    })
}

/// Frees what atmqtt_network_apn() gave, and nothing else: not a struct of the program's own. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_apn_free(apn: *mut atmqtt_apn) {
    // SAFETY: the program gives back what `atmqtt_network_apn` gave, this once.
    unsafe { Allocated::<_, Strings>::free(apn) }
}

/// # Safety
///
/// The pointer and those in the struct are NULL or point to what the header says of them.
pub(crate) unsafe fn read(given: *const atmqtt_apn) -> Result<Apn> {
    // SAFETY: as the caller promises.
    unsafe {
        required(given, "apn")?;
        options(given, APN_SIZE, "apn", DEFAULTS)?.read()
    }
}

impl atmqtt_apn {
    /// # Safety
    ///
    /// Its pointers are NULL or point to what the header says of them.
    unsafe fn read(&self) -> Result<Apn> {
        // SAFETY: as the caller promises.
        let (name, username, password) = unsafe {
            (
                maybe_text(self.name, "apn->name")?.unwrap_or_default(),
                maybe_text(self.username, "username")?.unwrap_or_default(),
                maybe_text(self.password, "password")?.unwrap_or_default(),
            )
        };
        let ip_type: u8 = ranged(self.ip_type, "ip_type", 1..=3)?;
        let ip_type = IpType::from_number(ip_type).ok_or_else(|| unknown("ip_type", ip_type))?;
        let authentication: u8 = ranged(self.authentication, "authentication", 0..=3)?;
        let authentication = Authentication::from_number(authentication)
            .ok_or_else(|| unknown("authentication", authentication))?;
        Ok(Apn::new(name)
            .ip_type(ip_type)
            .credentials(username, password, authentication))
    }
}

fn unknown(name: &str, value: u8) -> Failure {
    Failure::argument(format!("{name} {value} is not known"))
}

/// Activates a PDP context (AT+QIACT). Blocks for up to 150 s. A context that is active already is none the
/// worse for it: some modules refuse that, and are then asked (AT+QIACT?). MQTT does not need it:
/// atmqtt_client_open() activates its context by itself.
///
/// @param context  PDP context, 1 to 16.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR with what AT+QIGETERROR gives
/// as the reason; ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_activate(modem: *mut atmqtt_modem, context: i32) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        Ok(network(modem).activate(context_index(context)?)?)
    })
}

/// atmqtt_network_activate() without waiting, on a thread of the library: its end comes as
/// ATMQTT_EVENT_COMPLETED. The handle's time-out does not count. The port stays open until it has ended;
/// atmqtt_modem_close() ends it.
///
/// @param context  PDP context, 1 to 16.
/// @param operation  where the number of the operation is written, which the event carries; NULL = not
/// wanted, and the event comes all the same. The event may come before this returns.
/// @return ATMQTT_OK once it is under way; ATMQTT_INVALID_ARGUMENT; ATMQTT_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_activate_start(
    modem: *mut atmqtt_modem,
    context: i32,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, operation) = unsafe { (required(modem, "modem")?, maybe_place(operation)) };
        let context = context_index(context)?;
        modem.start(operation, move |modem| {
            modem.network().activate(context).map(|()| Outcome::Done)
        })
    })
}

/// Deactivates a PDP context (AT+QIDEACT), which ends every connection on it. Blocks for up to 40 s. A context that
/// is not active is none the worse for it.
///
/// @param context  PDP context, 1 to 16.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers;
/// ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_deactivate(modem: *mut atmqtt_modem, context: i32) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        Ok(network(modem).deactivate(context_index(context)?)?)
    })
}

/// atmqtt_network_deactivate() without waiting. Everything else is as for atmqtt_network_activate_start().
///
/// @param context  PDP context, 1 to 16.
/// @param operation  as for atmqtt_network_activate_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_deactivate_start(
    modem: *mut atmqtt_modem,
    context: i32,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, operation) = unsafe { (required(modem, "modem")?, maybe_place(operation)) };
        let context = context_index(context)?;
        modem.start(operation, move |modem| {
            modem.network().deactivate(context).map(|()| Outcome::Done)
        })
    })
}

/// Asks for the addresses of a PDP context (AT+QIACT?). Blocks for one command.
///
/// @param context  PDP context, 1 to 16.
/// @param address  where they are written; free them with atmqtt_network_address_free(). NULL is written where
/// the context is not active, which is no error.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers;
/// ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_address(
    modem: *mut atmqtt_modem,
    context: i32,
    address: *mut *mut atmqtt_address,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe { (required(modem, "modem")?, place(address, "address")?) };
        let address = network(modem).address(context_index(context)?)?;
        place.put(address.as_ref().map_or(std::ptr::null_mut(), owned_address));
        Ok(())
    })
}

/// Frees addresses of atmqtt_network_address() and atmqtt_network_wait_ready(). NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_address_free(address: *mut atmqtt_address) {
    // SAFETY: the program gives back what the two functions gave, this once.
    unsafe { Allocated::<_, Strings>::free(address) }
}

pub(crate) fn owned_address(address: &ContextAddress) -> *mut atmqtt_address {
    let mut strings = Strings::default();
    let v4 = address.v4.map(|address| address.to_string());
    let v6 = address.v6.map(|address| address.to_string());
    let shown = atmqtt_address {
        v4: strings.keep_or_empty(v4.as_deref()),
        v6: strings.keep_or_empty(v6.as_deref()),
    };
    Allocated::into_raw(shown, strings)
}

pub(crate) fn context_index(context: i32) -> Result<u8> {
    ranged(context, "PDP context", 1..=16)
}
