//! Who the module is, and how well it hears the network.

use std::ffi::c_char;

use crate::allocated::{Allocated, Strings};
use crate::border::{Place, Result, guard, maybe_place, place, required};
use crate::modem::atmqtt_modem;

/// What a module says of itself. Strings are never NULL, and "" where the module does not say. They belong
/// to the library until atmqtt_modem_info_free(). Later versions add fields at the end.
#[repr(C)]
pub struct atmqtt_module_info {
    /// Manufacturer, as "Quectel".
    pub manufacturer: *const c_char,
    /// Model, as "EC800M".
    pub model: *const c_char,
    /// Firmware revision.
    pub revision: *const c_char,
    /// IMEI: the serial number of the radio.
    pub imei: *const c_char,
    /// IMSI: the subscriber, where there is a SIM.
    pub imsi: *const c_char,
    /// ICCID: the SIM card, where there is one.
    pub iccid: *const c_char,
}

/// Asks who the module is (ATI, AT+CGSN, AT+CIMI, AT+QCCID). Blocks for four commands, up to 60 s each where the
/// module is slow. A module without a SIM has no IMSI and no ICCID, and that is no error.
///
/// @param info  where the answer is written; free it with atmqtt_modem_info_free().
/// @return ATMQTT_OK; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR where the module refuses ATI.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_info(
    modem: *mut atmqtt_modem,
    info: *mut *mut atmqtt_module_info,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, place) = unsafe { (required(modem, "modem")?, place(info, "info")?) };
        let info = modem.bounded().info()?;
        let mut strings = Strings::default();
        let shown = atmqtt_module_info {
            manufacturer: strings.keep(&info.manufacturer),
            model: strings.keep(&info.model),
            revision: strings.keep(&info.revision),
            imei: strings.keep(&info.imei),
            imsi: strings.keep(&info.imsi),
            iccid: strings.keep(&info.iccid),
        };
        place.put(Allocated::into_raw(shown, strings));
        Ok(())
    })
}

/// Frees what atmqtt_modem_info() gave. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_info_free(info: *mut atmqtt_module_info) {
    // SAFETY: the program gives back what `atmqtt_modem_info` gave, this once.
    unsafe { Allocated::<_, Strings>::free(info) }
}

/// Asks how well the module hears the network (AT+CSQ). Blocks for one command.
///
/// @param rssi_dbm  where the received signal strength is written: -113 to -51 dBm, 0 = the module does not
/// know it; NULL = not wanted.
/// @param bit_error_rate  where the bit error rate class is written: 0 to 7, -1 = the module does not know it;
/// NULL = not wanted.
/// @return ATMQTT_OK, also where nothing is known; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module
/// answers; ATMQTT_OPERATION_FAILED where its answer has another shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_modem_signal(
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

pub(crate) fn signal(
    modem: &atmqtt_modem,
    rssi_dbm: Place<i32>,
    bit_error_rate: Place<i32>,
) -> Result<()> {
    let signal = modem.bounded().signal()?;
    rssi_dbm.put(signal.rssi_dbm.map_or(0, i32::from));
    bit_error_rate.put(signal.bit_error_rate.map_or(-1, i32::from));
    Ok(())
}
