//! `AT+CCLK`: calendar time, without a calendar library.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};

/// A time of the module's clock, to the second, in the Gregorian calendar.
///
/// `AT+CCLK` holds calendar fields and an offset to UTC. By the standard the fields are local time, offset
/// included, which is what [`system_time`](Self::system_time) goes by; a module that was told to keep UTC in
/// its clock (`AT+CTZU=1` on some firmware) prints UTC in front of the offset all the same. At offset 0,
/// as [`From<SystemTime>`](#impl-From<SystemTime>-for-DateTime) makes it, both are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Year 1970..=2069; the module has two digits. A clock that was never set is often at 1980.
    pub year: u16,
    /// Month 1..=12.
    pub month: u8,
    /// Day 1..=31.
    pub day: u8,
    /// Hour 0..=23.
    pub hour: u8,
    /// Minute 0..=59.
    pub minute: u8,
    /// Second 0..=59.
    pub second: u8,
    /// Offset to UTC in quarters of an hour, -96..=96, as the module has it: 32 is UTC+8.
    pub offset_quarters: i8,
}

impl DateTime {
    /// The same moment, the fields taken for local time at the offset.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        let days = days_from_civil(i64::from(self.year), self.month.into(), self.day.into());
        let seconds = days * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
            - i64::from(self.offset_quarters) * 900;
        match u64::try_from(seconds) {
            Ok(after) => UNIX_EPOCH + Duration::from_secs(after),
            Err(_) => UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()),
        }
    }

    /// Whether there is such a time.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) with the field that is out of its range.
    pub fn check(&self) -> Result<()> {
        match self.wrong() {
            None => Ok(()),
            Some((name, value, range)) => {
                Err(Error::argument(name, value, range).with_command("AT+CCLK"))
            }
        }
    }

    /// The parameter that is wrong, its value and its range.
    fn wrong(&self) -> Option<(&'static str, i64, String)> {
        let days = days_in(self.year, self.month);
        let fields: [(_, i64, i64, i64); 7] = [
            ("year", self.year.into(), 1970, 2069),
            ("month", self.month.into(), 1, 12),
            ("day", self.day.into(), 1, days.into()),
            ("hour", self.hour.into(), 0, 23),
            ("minute", self.minute.into(), 0, 59),
            ("second", self.second.into(), 0, 59),
            (
                "offset in quarters of an hour",
                self.offset_quarters.into(),
                -96,
                96,
            ),
        ];
        fields
            .into_iter()
            .find(|&(_, value, from, to)| !(from..=to).contains(&value))
            .map(|(name, value, from, to)| (name, value, format!("{from}..={to}")))
    }

    /// Reads `yy/MM/dd,hh:mm:ss±zz`; the offset may be missing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let field = |from: usize| text.get(from..from + 2)?.parse::<u8>().ok();
        let separators = [(2, '/'), (5, '/'), (8, ','), (11, ':'), (14, ':')];
        let fits = |&(at, expected): &(usize, char)| text[at..].starts_with(expected);
        if !text.is_ascii() || text.len() < 17 || !separators.iter().all(fits) {
            return None;
        }
        let year = u16::from(field(0)?);
        let time = Self {
            year: year + if year < 70 { 2000 } else { 1900 },
            month: field(3)?,
            day: field(6)?,
            hour: field(9)?,
            minute: field(12)?,
            second: field(15)?,
            offset_quarters: match text[17..].trim() {
                "" => 0,
                offset => offset.parse().ok()?,
            },
        };
        time.wrong().is_none().then_some(time)
    }

    /// As [`read`](Self::read) takes it.
    pub(super) fn wire(&self) -> String {
        format!(
            "{:02}/{:02}/{:02},{:02}:{:02}:{:02}{:+03}",
            self.year % 100,
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.offset_quarters
        )
    }
}

/// At offset 0.
impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_secs() as i64,
            Err(before) => -(before.duration().as_secs() as i64),
        };
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Self {
            year: u16::try_from(year).unwrap_or(0),
            month,
            day,
            hour: (rest / 3600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
            offset_quarters: 0,
        }
    }
}

/// As `2026-03-01 12:00:00 +02:00`.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = i32::from(self.offset_quarters) * 15;
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}{:02}:{:02}",
            self.year,
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
            if minutes < 0 { '-' } else { '+' },
            minutes.abs() / 60,
            minutes.abs() % 60
        )
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date, by eras of 400 years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (
        year + era * 400 + i64::from(month <= 2),
        month as u8,
        day as u8,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for seconds in [
            0,
            951_782_400,
            1_709_164_799,
            1_709_251_199,
            1_767_225_600,
            3_155_759_999,
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            let date = DateTime::from(time);
            assert_eq!(date.system_time(), time, "{date}");
            assert_eq!(DateTime::read(&date.wire()), Some(date));
        }
        let leap = DateTime::from(UNIX_EPOCH + Duration::from_secs(951_782_400));
        assert_eq!(leap.to_string(), "2000-02-29 00:00:00 +00:00");
    }

    #[test]
    fn the_wire_has_two_digits_and_quarters() {
        let time = DateTime::read("22/08/31,08:01:02+32").unwrap();
        assert_eq!((time.year, time.month, time.offset_quarters), (2022, 8, 32));
        assert_eq!(time.to_string(), "2022-08-31 08:01:02 +08:00");
        assert_eq!(time.wire(), "22/08/31,08:01:02+32");
        let west = DateTime::read("22/08/31,08:01:02-14").unwrap();
        assert_eq!(west.to_string(), "2022-08-31 08:01:02 -03:30");
        assert_eq!(west.wire(), "22/08/31,08:01:02-14");
        assert_eq!(DateTime::read("80/01/06,00:00:22+00").unwrap().year, 1980);
        assert_eq!(
            DateTime::read("22/08/31,08:01:02").unwrap().offset_quarters,
            0
        );
        for bad in [
            "",
            "22/13/01,00:00:00+00",
            "22/02/30,00:00:00+00",
            "22-08-31,08:01:02",
            "é2/08/31,08:01:0",
        ] {
            assert_eq!(DateTime::read(bad), None, "{bad}");
        }
    }
}
