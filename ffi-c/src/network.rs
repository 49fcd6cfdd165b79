//! The network that the module is in: SIM, registration, operator, the wait for all of it, the port of the
//! URCs.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use atmqtt::{
    AccessTechnology, ContextAddress, Network, Operator, Outcome, Readiness, Registration,
    ServiceRegistration, SimState, UrcPort,
};

use crate::allocated::{Allocated, Strings};
use crate::border::{
    Failure, c_string, guard, maybe_place, patience, place, required, text, write_text,
};
use crate::callback::{UserData, atmqtt_drop_callback};
use crate::info::signal;
use crate::modem::atmqtt_modem;
use crate::packet::{atmqtt_address, context_index, owned_address};

/// The SIM card (AT+CPIN?): state in atmqtt_sim.
#[repr(i32)]
pub enum atmqtt_sim_state {
    /// Ready.
    ATMQTT_SIM_READY = 0,
    /// It wants its PIN: AT+CPIN="1234", three tries.
    ATMQTT_SIM_PIN_REQUIRED = 1,
    /// It is blocked and wants its PUK.
    ATMQTT_SIM_PUK_REQUIRED = 2,
    /// There is none, or it is not seen yet.
    ATMQTT_SIM_ABSENT = 3,
    /// It is not done yet.
    ATMQTT_SIM_BUSY = 4,
    /// It is broken, or wrong for this module.
    ATMQTT_SIM_FAILED = 5,
    /// Anything else: the text has the module's words.
    ATMQTT_SIM_OTHER = 6,
}

/// Whether the module is in a network: status in atmqtt_service_registration. Other numbers mean registered
/// for less than packet data, as 6 and 7 for SMS or 8 for emergency calls.
#[repr(i32)]
pub enum atmqtt_registration_status {
    /// Not registered and not searching.
    ATMQTT_NOT_REGISTERED = 0,
    /// Registered at home.
    ATMQTT_REGISTERED_HOME = 1,
    /// Searching.
    ATMQTT_REGISTRATION_SEARCHING = 2,
    /// The network refuses: SIM, subscription or APN.
    ATMQTT_REGISTRATION_DENIED = 3,
    /// Not known: out of coverage, for one.
    ATMQTT_REGISTRATION_UNKNOWN = 4,
    /// Registered abroad.
    ATMQTT_REGISTERED_ROAMING = 5,
}

/// How the radio works: technology in atmqtt_service_registration and atmqtt_operator. Other numbers are as
/// the module gives them.
#[repr(i32)]
pub enum atmqtt_technology {
    /// GSM (0, 1 and 3 of the module).
    ATMQTT_TECHNOLOGY_GSM = 0,
    /// UMTS (2 and 4 to 6 of the module).
    ATMQTT_TECHNOLOGY_UMTS = 2,
    /// LTE, LTE Cat 1 included.
    ATMQTT_TECHNOLOGY_LTE = 7,
    /// LTE Cat M1.
    ATMQTT_TECHNOLOGY_LTE_M = 8,
    /// NB-IoT.
    ATMQTT_TECHNOLOGY_NB_IOT = 9,
}

/// What atmqtt_network_wait_ready() waits for: the stage of atmqtt_ready_progress.
#[repr(i32)]
pub enum atmqtt_ready_stage {
    /// The SIM card.
    ATMQTT_STAGE_SIM = 1,
    /// The registration.
    ATMQTT_STAGE_REGISTRATION = 2,
    /// The PDP context: it is being activated.
    ATMQTT_STAGE_ACTIVATING = 3,
    /// Nothing: everything is there.
    ATMQTT_STAGE_READY = 4,
    /// The module, which does not answer, or not what it should: it may be starting.
    ATMQTT_STAGE_TROUBLE = 5,
}

/// The SIM card. It belongs to the library until atmqtt_network_sim_free(). Later versions add fields at the
/// end.
#[repr(C)]
pub struct atmqtt_sim {
    /// One of atmqtt_sim_state.
    pub state: i32,
    /// The same in words, with what to do; never NULL.
    pub text: *const c_char,
}

/// Registration for one kind of service.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_service_registration {
    /// One of atmqtt_registration_status, or another number of the module.
    pub status: i32,
    /// One of atmqtt_technology, or another number of the module; -1 = the module does not give it.
    pub technology: i32,
    /// Location or tracking area code; -1 = the module does not give it (AT+CEREG=2 makes it).
    pub area: i64,
    /// Cell id, the same.
    pub cell: i64,
}

/// Registration by kind of service. It belongs to the library until atmqtt_network_registration_free(), with
/// all that it points to. Later versions add fields at the end.
#[repr(C)]
pub struct atmqtt_registration {
    /// 1 = there is packet data: over LTE or what came before it; circuit switched registration counts only
    /// where the module knows neither. 0 = not.
    pub registered: i32,
    /// Circuit switched (AT+CREG?); NULL = the module does not know the command.
    pub circuit: *const atmqtt_service_registration,
    /// Packet data over GSM and UMTS (AT+CGREG?), the same.
    pub packet: *const atmqtt_service_registration,
    /// Packet data over LTE (AT+CEREG?), the same.
    pub eps: *const atmqtt_service_registration,
}

/// Who runs the network, and where in the spectrum. Strings are never NULL, and "" where the module does not
/// say. It belongs to the library until atmqtt_network_operator_free(). Later versions add fields at the end.
#[repr(C)]
pub struct atmqtt_operator {
    /// Name, as the module has it.
    pub name: *const c_char,
    /// Country and network code, as "26201".
    pub numeric: *const c_char,
    /// One of atmqtt_technology, or another number of the module; -1 = the module does not say.
    pub technology: i32,
    /// Technology in the module's words, as "FDD LTE".
    pub access: *const c_char,
    /// Band in the module's words, as "LTE BAND 3".
    pub band: *const c_char,
    /// Channel number; -1 = the module does not say.
    pub channel: i64,
}

/// Told what each answer of the module says while atmqtt_network_wait_ready() waits: a stage, one of
/// atmqtt_ready_stage, and the same in words, with what to do. The text lives until it returns.
///
/// It is called with no lock held and may make any call of the library but atmqtt_modem_close() in
/// atmqtt_network_wait_ready_start(). It must not throw and must not longjmp.
pub type atmqtt_ready_progress =
    Option<unsafe extern "C" fn(stage: i32, text: *const c_char, user_data: *mut c_void)>;

type AllocatedRegistration =
    Allocated<atmqtt_registration, [Option<Box<atmqtt_service_registration>>; 3]>;

/// Asks what the SIM card is at (AT+CPIN?). Blocks for one command, up to 20 s while the module starts. A card
/// that is missing, blocked or busy is an answer here and no error.
///
/// @param sim  where the answer is written; free it with atmqtt_network_sim_free().
/// @return ATMQTT_OK; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR for what is not about the card;
/// ATMQTT_OPERATION_FAILED where the answer has another shape; ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_sim(
    modem: *mut atmqtt_modem,
    sim: *mut *mut atmqtt_sim,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe { (required(modem, "modem")?, place(sim, "sim")?) };
        let sim = network(modem).sim()?;
        let mut strings = Strings::default();
        let shown = atmqtt_sim {
            state: sim_number(&sim),
            text: strings.keep(&sim.to_string()),
        };
        place.put(Allocated::into_raw(shown, strings));
        Ok(())
    })
}

fn sim_number(sim: &SimState) -> i32 {
    use atmqtt_sim_state::*;
    let state = match sim {
        SimState::Ready => ATMQTT_SIM_READY,
        SimState::PinRequired => ATMQTT_SIM_PIN_REQUIRED,
        SimState::PukRequired => ATMQTT_SIM_PUK_REQUIRED,
        SimState::Absent => ATMQTT_SIM_ABSENT,
        SimState::Busy => ATMQTT_SIM_BUSY,
        SimState::Failed => ATMQTT_SIM_FAILED,
        _ => ATMQTT_SIM_OTHER,
    };
    state as i32
}

/// Frees what atmqtt_network_sim() gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_sim_free(sim: *mut atmqtt_sim) {
    // SAFETY: the program gives back what `atmqtt_network_sim` gave, this once.
    unsafe { Allocated::<_, Strings>::free(sim) }
}

/// Asks for the module's registration for each kind of service (AT+CREG?, AT+CGREG?, AT+CEREG?). Blocks for three
/// commands, up to 20 s each while the module starts.
///
/// @param registration  where the answer is written; free it with atmqtt_network_registration_free().
/// @return ATMQTT_OK, also where the module is not registered or knows none of the three;
/// ATMQTT_OPERATION_FAILED where an answer has another shape; ATMQTT_UNCONFIRMED where none comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_registration(
    modem: *mut atmqtt_modem,
    registration: *mut *mut atmqtt_registration,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe {
            (
                required(modem, "modem")?,
                place(registration, "registration")?,
            )
        };
        place.put(owned_registration(&network(modem).registration()?));
        Ok(())
    })
}

fn owned_registration(registration: &Registration) -> *mut atmqtt_registration {
    let services = [registration.circuit, registration.packet, registration.eps]
        .map(|service| service.map(|service| Box::new(shown_service(&service))));
    let [circuit, packet, eps] = services.each_ref().map(|service| {
        service
            .as_deref()
            .map_or(std::ptr::null(), std::ptr::from_ref)
    });
    let shown = atmqtt_registration {
        registered: registration.is_registered().into(),
        circuit,
        packet,
        eps,
    };
    AllocatedRegistration::into_raw(shown, services)
}

fn shown_service(service: &ServiceRegistration) -> atmqtt_service_registration {
    atmqtt_service_registration {
        status: service.status.number().into(),
        technology: technology(service.technology),
        area: service.area.map_or(-1, i64::from),
        cell: service.cell.map_or(-1, i64::from),
    }
}

fn technology(technology: Option<AccessTechnology>) -> i32 {
    technology.map_or(-1, |technology| technology.number().into())
}

/// Frees what atmqtt_network_registration() gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_registration_free(registration: *mut atmqtt_registration) {
    // SAFETY: the program gives back what `atmqtt_network_registration` gave, this once.
    unsafe { AllocatedRegistration::free(registration) }
}

/// The same as atmqtt_modem_signal() (AT+CSQ).
///
/// @param rssi_dbm  as there: -113 to -51 dBm, 0 = not known; NULL = not wanted.
/// @param bit_error_rate  as there: 0 to 7, -1 = not known; NULL = not wanted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_signal(
    modem: *mut atmqtt_modem,
    rssi_dbm: *mut i32,
    bit_error_rate: *mut i32,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, rssi_dbm, bit_error_rate) = unsafe {
            (
                required(modem, "modem")?,
                maybe_place(rssi_dbm),
                maybe_place(bit_error_rate),
            )
        };
        signal(modem, rssi_dbm, bit_error_rate)
    })
}

/// Asks who runs the network, and where in the spectrum (AT+COPS?, AT+QNWINFO). Blocks for two commands, up to
/// 180 s while the module searches.
///
/// @param info  where the answer is written; free it with atmqtt_network_operator_free().
/// @return ATMQTT_OK, also where nothing is known; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers;
/// ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_operator(
    modem: *mut atmqtt_modem,
    info: *mut *mut atmqtt_operator,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe { (required(modem, "modem")?, place(info, "info")?) };
        let operator = network(modem).operator()?;
        let mut strings = Strings::default();
        let shown = atmqtt_operator {
            name: strings.keep_or_empty(operator.name.as_deref()),
            numeric: strings.keep_or_empty(operator.numeric.as_deref()),
            technology: technology(operator.technology),
            access: strings.keep_or_empty(operator.access.as_deref()),
            band: strings.keep_or_empty(operator.band.as_deref()),
            channel: operator.channel.map_or(-1, i64::from),
        };
        place.put(Allocated::into_raw(shown, strings));
        Ok(())
    })
}

/// Frees what atmqtt_network_operator() gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_operator_free(info: *mut atmqtt_operator) {
    // SAFETY: the program gives back what `atmqtt_network_operator` gave, this once.
    unsafe { Allocated::<_, Strings>::free(info) }
}

/// atmqtt_network_operator() without waiting, on a thread of the library: its end comes as
/// ATMQTT_EVENT_COMPLETED, with six lines as text, in the order of the fields of atmqtt_operator: name, code,
/// technology, access, band, channel; an empty line for what the module does not say. Everything else is as for
/// atmqtt_network_activate_start().
///
/// @param operation  as for atmqtt_network_activate_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_operator_start(
    modem: *mut atmqtt_modem,
    operation: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, operation) = unsafe { (required(modem, "modem")?, maybe_place(operation)) };
        modem.start(operation, |modem| {
            Ok(Outcome::Answer(operator_lines(
                &modem.network().operator()?,
            )))
        })
    })
}

fn operator_lines(operator: &Operator) -> Vec<Vec<u8>> {
    [
        operator.name.clone(),
        operator.numeric.clone(),
        operator
            .technology
            .map(|technology| technology.number().to_string()),
        operator.access.clone(),
        operator.band.clone(),
        operator.channel.map(|channel| channel.to_string()),
    ]
    .map(|field| field.unwrap_or_default().into_bytes())
    .into()
}

/// Waits until MQTT can begin: the SIM is ready, the module is registered, and a PDP context is active;
/// activates it when its turn comes (AT+CPIN?, AT+CREG?, AT+CGREG?, AT+CEREG?, AT+QIACT?, AT+QIACT).
///
/// Asks about once a second, on the calling thread. A module that is starting or out of coverage is waited
/// for. The handle's time-out limits each command, and not the whole.
///
/// @param context  PDP context, 1 to 16.
/// @param timeout_ms  how long to wait in milliseconds; 0 = look once, negative = no limit. It may take the one
/// second and the command that is under way then longer.
/// @param progress  told what each answer says, on the calling thread; NULL = nobody.
/// @param user_data  passed to progress as it is.
/// @param address  where the addresses of the context are written; free them with
/// atmqtt_network_address_free(). NULL = not wanted.
/// @return ATMQTT_OK; ATMQTT_TIMEOUT with what was missing last, also where atmqtt_modem_interrupt() ended the
/// wait; ATMQTT_INVALID_STATE at once where the SIM wants a PIN or PUK, for waiting does not help; what the port
/// is lost or stuck with, at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_wait_ready(
    modem: *mut atmqtt_modem,
    context: i32,
    timeout_ms: i64,
    progress: atmqtt_ready_progress,
    user_data: *mut c_void,
    address: *mut *mut atmqtt_address,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, address) = unsafe { (required(modem, "modem")?, maybe_place(address)) };
        let context = context_index(context)?;
        let progress = Progress {
            call: progress,
            user_data: UserData::new(user_data, None),
        };
        let found = network(modem).wait_ready(context, limit(timeout_ms), |readiness| {
            progress.tell(readiness);
        })?;
        if address.is_wanted() {
            address.put(owned_address(&found));
        }
        Ok(())
    })
}

/// atmqtt_network_wait_ready() without waiting, on a thread of the library: its end comes as
/// ATMQTT_EVENT_COMPLETED, with two lines as text: the IPv4 and the IPv6 address of the context, an empty line
/// for one that it does not have. Everything else is as for atmqtt_network_activate_start().
///
/// @param context  as for atmqtt_network_wait_ready().
/// @param timeout_ms  as there.
/// @param progress  told what each answer says, on a thread of the library with all signals blocked; NULL =
/// nobody.
/// @param user_data  passed to progress as it is.
/// @param drop  called once with user_data when progress is not called any more, also where this fails; NULL =
/// nothing to call. On the thread of progress, or on the caller's.
/// @param operation  as for atmqtt_network_activate_start().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_wait_ready_start(
    modem: *mut atmqtt_modem,
    context: i32,
    timeout_ms: i64,
    progress: atmqtt_ready_progress,
    user_data: *mut c_void,
    drop: atmqtt_drop_callback,
    operation: *mut u64,
) -> i32 {
    let progress = Progress {
        call: progress,
        user_data: UserData::new(user_data, drop),
    };
    guard(move || {
        // SAFETY: the program's promises about its pointers.
        let (modem, operation) = unsafe { (required(modem, "modem")?, maybe_place(operation)) };
        let context = context_index(context)?;
        let limit = limit(timeout_ms);
        modem.start(operation, move |modem| {
            let network = modem.network();
            let address =
                network.wait_ready(context, limit, |readiness| progress.tell(readiness))?;
            Ok(Outcome::Answer(address_lines(&address)))
        })
    })
}

fn address_lines(address: &ContextAddress) -> Vec<Vec<u8>> {
    [
        address.v4.map(|address| address.to_string()),
        address.v6.map(|address| address.to_string()),
    ]
    .map(|address| address.unwrap_or_default().into_bytes())
    .into()
}

/// A progress callback with what belongs to it.
struct Progress {
    call: atmqtt_ready_progress,
    user_data: UserData,
}

impl Progress {
    fn tell(&self, readiness: &Readiness) {
        use atmqtt_ready_stage::*;
        let Some(call) = self.call else { return };
        let stage = match readiness {
            Readiness::Sim(_) => ATMQTT_STAGE_SIM,
            Readiness::Registration(_) => ATMQTT_STAGE_REGISTRATION,
            Readiness::Activating => ATMQTT_STAGE_ACTIVATING,
            Readiness::Ready(_) => ATMQTT_STAGE_READY,
            _ => ATMQTT_STAGE_TROUBLE,
        };
        let text = c_string(readiness.to_string());
        // SAFETY: the program gave this function for this pointer; the text lives until it returns. That it
        // does not unwind is said where it is given.
        unsafe { call(stage as i32, text.as_ptr(), self.user_data.pointer()) }
    }
}

/// A wait that may be without a limit; longer than any program runs is as good as one.
fn limit(timeout_ms: i64) -> Duration {
    const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);
    patience(timeout_ms).map_or(FOREVER, |timeout| timeout.min(FOREVER))
}

/// Asks where the module prints what nobody asked for (AT+QURCCFG="urcport"). The results of MQTT commands are
/// among it: on any other port than this, every open, connect, subscription and publish ends without its
/// result. Blocks for one command.
///
/// @param buffer  where the name is written as a NUL-terminated string: "usbat", "usbmodem", "uart1", "uart2",
/// "all", or a name of another family. Not written where it is too small; 64 bytes hold every name known.
/// @param size  the size of the buffer in bytes, the NUL included.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT where the buffer is too small; ATMQTT_MODULE_ERROR and
/// ATMQTT_CME_ERROR as the module answers; ATMQTT_OPERATION_FAILED where its answer has another shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_urc_port(
    modem: *mut atmqtt_modem,
    buffer: *mut c_char,
    size: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its handle.
        let modem = unsafe { required(modem, "modem")? };
        if buffer.is_null() {
            return Err(Failure::argument("buffer is NULL"));
        }
        let port = network(modem).urc_port()?;
        // SAFETY: the program promises `size` bytes.
        unsafe { write_text(port.wire_name(), buffer, size, "buffer") }
    })
}

/// Sets where the module prints what nobody asked for (AT+QURCCFG="urcport",...). At once, and the module keeps it
/// over a restart; not every module knows every port. Blocks for one command.
///
/// @param port  a name as atmqtt_network_urc_port() gives it, 1 to 32 bytes.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a name that cannot be sent; ATMQTT_MODULE_ERROR and
/// ATMQTT_CME_ERROR where the module does not know the port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_set_urc_port(
    modem: *mut atmqtt_modem,
    port: *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, port) = unsafe { (required(modem, "modem")?, text(port, "port")?) };
        Ok(network(modem).set_urc_port(&UrcPort::from_wire_name(port))?)
    })
}

pub(crate) fn network(modem: &atmqtt_modem) -> Network {
    modem.bounded().network()
}
