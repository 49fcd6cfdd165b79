//! The clock of the module.

use std::time::{Duration, UNIX_EPOCH};

use atmqtt::DateTime;

use crate::border::{Result, guard, number, place, ranged, required};
use crate::modem::atmqtt_modem;
use crate::network::network;

/// A time of the module's clock, to the second, in the Gregorian calendar. By the standard the fields are local
/// time at the offset; a module that was told to keep UTC in its clock (AT+CTZU=1 on some firmware) prints UTC
/// in front of the offset all the same. At offset 0 both are one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_date_time {
    /// Year, 1970 to 2069; the module has two digits. A clock that was never set is often at 1980.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: i32,
    /// Day, 1 to 31.
    pub day: i32,
    /// Hour, 0 to 23.
    pub hour: i32,
    /// Minute, 0 to 59.
    pub minute: i32,
    /// Second, 0 to 59.
    pub second: i32,
    /// Offset to UTC in quarters of an hour, -96 to 96: 32 is UTC+8.
    pub offset_quarters: i32,
}

/// The last second of 2069: the module has two digits for the year.
const LAST_SECOND: i64 = 3_155_759_999;

impl atmqtt_date_time {
    fn read(&self) -> Result<DateTime> {
        let time = DateTime {
            year: number(self.year, "year", "1970..=2069")?,
            month: number(self.month, "month", "1..=12")?,
            day: number(self.day, "day", "1..=31")?,
            hour: number(self.hour, "hour", "0..=23")?,
            minute: number(self.minute, "minute", "0..=59")?,
            second: number(self.second, "second", "0..=59")?,
            offset_quarters: number(self.offset_quarters, "offset_quarters", "-96..=96")?,
        };
        time.check()?;
        Ok(time)
    }
}

impl From<DateTime> for atmqtt_date_time {
    fn from(time: DateTime) -> Self {
        Self {
            year: time.year.into(),
            month: time.month.into(),
            day: time.day.into(),
            hour: time.hour.into(),
            minute: time.minute.into(),
            second: time.second.into(),
            offset_quarters: time.offset_quarters.into(),
        }
    }
}

/// Asks for the time of the module's clock (AT+CCLK?). Blocks for one command.
///
/// @param time  where it is written.
/// @return ATMQTT_OK; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers; ATMQTT_OPERATION_FAILED where
/// its answer is no time; ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_clock(
    modem: *mut atmqtt_modem,
    time: *mut atmqtt_date_time,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, time) = unsafe { (required(modem, "modem")?, place(time, "time")?) };
        time.put(network(modem).clock()?.into());
        Ok(())
    })
}

/// Sets the module's clock (AT+CCLK). The time of the network may replace it (AT+CTZU). Blocks for one command.
///
/// @param time  the time; not NULL. The program's own clock is
/// atmqtt_network_date_time((int64_t)time(NULL), &now).
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a time that does not exist; ATMQTT_MODULE_ERROR and
/// ATMQTT_CME_ERROR as the module answers; ATMQTT_UNCONFIRMED where no answer comes in time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_set_clock(
    modem: *mut atmqtt_modem,
    time: *const atmqtt_date_time,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (modem, time) = unsafe { (required(modem, "modem")?, required(time, "time")?) };
        Ok(network(modem).set_clock(&time.read()?)?)
    })
}

/// The calendar time of a time in seconds since 1970-01-01 00:00:00 UTC, at offset 0. Nothing is sent.
///
/// @param unix_seconds  0 to 3155759999, which is the end of 2069.
/// @param time  where it is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_date_time(
    unix_seconds: i64,
    time: *mut atmqtt_date_time,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promise about its pointer.
        let time = unsafe { place(time, "time")? };
        let seconds = ranged(unix_seconds, "unix_seconds", 0..=LAST_SECOND)?;
        time.put(DateTime::from(UNIX_EPOCH + Duration::from_secs(seconds)).into());
        Ok(())
    })
}

/// The seconds since 1970-01-01 00:00:00 UTC of a calendar time, its fields taken for local time at its offset.
/// Nothing is sent.
///
/// @param time  the time; not NULL.
/// @param unix_seconds  where they are written; negative for the first hours of 1970 east of Greenwich.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a time that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_network_unix_time(
    time: *const atmqtt_date_time,
    unix_seconds: *mut i64,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (time, place) = unsafe {
            (
                required(time, "time")?,
                place(unix_seconds, "unix_seconds")?,
            )
        };
        let seconds = match time.read()?.system_time().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        };
        place.put(seconds);
        Ok(())
    })
}
