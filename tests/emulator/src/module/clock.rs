//! The settable clock: `AT+CCLK`, `AT+QLTS`.

use super::Module;
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// 2026-01-01 00:00:00 UTC, in seconds since 1970; what the clock shows at the start.
pub(crate) const START: i64 = 1_767_225_600;

/// Days since 1970 of a date (proleptic Gregorian).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a number of days since 1970.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// `yy/MM/dd,hh:mm:ss±zz` for seconds since 1970, already local.
fn print(local: i64, quarters: i64, long: bool) -> String {
    let (year, month, day) = date(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let year = if long {
        format!("{year:04}")
    } else {
        format!("{:02}", year % 100)
    };
    let second = second % 60;
    format!("{year}/{month:02}/{day:02},{hour:02}:{minute:02}:{second:02}{quarters:+03}")
}

/// Reads `yy/MM/dd,hh:mm:ss` and an optional zone in quarters of an hour. The years are 1970..=2069.
fn read(text: &str) -> Option<(i64, Option<i64>)> {
    let (clock, zone) = match text.len() {
        17 => (text, None),
        20 => {
            let (clock, zone) = text.split_at_checked(17)?;
            let quarters: i64 = zone.parse().ok().filter(|zone: &i64| zone.abs() <= 96)?;
            (clock, Some(quarters))
        }
        _ => return None,
    };
    let shape = clock.bytes().enumerate().all(|(index, byte)| match index {
        2 | 5 => byte == b'/',
        8 => byte == b',',
        11 | 14 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !shape {
        return None;
    }
    let part = |at: usize| clock.get(at..at + 2)?.parse::<i64>().ok();
    let (year, month, day) = (part(0)?, part(3)?, part(6)?);
    let year = year + if year < 70 { 2000 } else { 1900 };
    let (hour, minute, second) = (part(9)?, part(12)?, part(15)?);
    let day_number = days(year, month, day);
    let real = (1..=12).contains(&month) && date(day_number) == (year, month, day);
    if !real || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((
        day_number * 86_400 + hour * 3600 + minute * 60 + second,
        zone,
    ))
}

/// The hour as `YYYYMMDDHH`, for seconds since 1970.
pub(crate) fn hour(time: i64) -> String {
    let (year, month, day) = date(time.div_euclid(86_400));
    let hour = time.rem_euclid(86_400) / 3600;
    format!("{year:04}{month:02}{day:02}{hour:02}")
}

impl Module {
    /// Local time, seconds since 1970.
    fn local(&self) -> i64 {
        self.system.clock + i64::try_from(self.now.as_secs()).unwrap_or(0)
    }

    /// The same time in seconds since 1970 in UTC, going by the zone that the clock shows.
    pub(crate) fn utc(&self) -> i64 {
        self.local() - self.system.zone * 900
    }

    pub(crate) fn cclk_read(&mut self) -> Reply {
        let text = print(self.local(), self.system.zone, false);
        self.info(format!("+CCLK: \"{text}\""));
        Ok(Done::Ok)
    }

    pub(crate) fn cclk(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let (local, zone) = read(&params.text(0, 17..=20)?).ok_or(Failure::Cme(50))?;
        self.system.clock = local - i64::try_from(self.now.as_secs()).unwrap_or(0);
        self.system.zone = zone.unwrap_or(self.system.zone);
        Ok(Done::Ok)
    }

    pub(crate) fn qlts_now(&mut self) -> Reply {
        self.network_time(0)
    }

    pub(crate) fn qlts(&mut self, params: &Params) -> Reply {
        params.count(1..=1)?;
        let mode = params.int(0, 0..=2)?;
        self.network_time(mode)
    }

    fn network_time(&mut self, mode: u32) -> Reply {
        let time = if mode == 1 { self.utc() } else { self.local() };
        let text = print(time, self.system.zone, true);
        self.info(format!("+QLTS: \"{text},0\""));
        Ok(Done::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2026, 1, 1) * 86_400, START);
        for day in [0, 59, 60, 11_016, 11_017, 20_000, 30_000] {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn reads_and_prints() {
        let (local, zone) = read("24/02/29,23:59:58+32").unwrap();
        assert_eq!(print(local, zone.unwrap(), false), "24/02/29,23:59:58+32");
        assert_eq!(print(local + 2, -4, true), "2024/03/01,00:00:00-04");
        assert_eq!(
            (hour(local), hour(local + 2)),
            ("2024022923".into(), "2024030100".into())
        );
        // Where a clock that was never set is.
        let (local, _) = read("80/01/06,00:00:22+00").unwrap();
        assert_eq!(print(local, 0, true), "1980/01/06,00:00:22+00");
        for bad in [
            "24/02/30,00:00:00+32",
            "24/13/01,00:00:00+00",
            "24-01-01,00:00:00+00",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
