//! Whole files: `AT+QFLDS`, `AT+QFLST`, `AT+QFDEL`, `AT+QFUPL`, `AT+QFDWL` (supplement 2.9).

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Module;
use super::file_data::{Download, Target, Upload, ask, summary};
use super::file_error as error;
use super::file_name::{self, UFS};
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// `<file_size>` and `<length>` when they are left out.
const SIZE: u32 = 10_240;

/// Fails unless there are `range` many parameters.
pub(crate) fn count(params: &Params, range: RangeInclusive<usize>) -> Result<(), Failure> {
    params.count(range).map_err(|_| error::PARAMETER)
}

/// The number at `index`; `None` if it is left out.
pub(crate) fn number(
    params: &Params,
    index: usize,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, Failure> {
    let any = params.opt_int(index, 0..=u32::MAX);
    let value = any.map_err(|_| error::PARAMETER)?;
    match value {
        Some(value) if !range.contains(&value) => Err(error::VALUE),
        value => Ok(value),
    }
}

fn text(params: &Params, index: usize) -> Result<String, Failure> {
    let text = params.text(index, 0..=usize::MAX);
    text.map_err(|_| error::PARAMETER)
}

/// The file name at `index`, without `UFS:`.
pub(crate) fn name(params: &Params, index: usize) -> Result<String, Failure> {
    let text = text(params, index)?;
    let name = file_name::local(&text).ok_or(error::NAME)?;
    Ok(name.to_owned())
}

impl Module {
    /// The files and their sizes.
    fn files(&self) -> Result<Vec<(String, u64)>, Failure> {
        self.flash.list().map_err(|_| error::LIST_FAILED)
    }

    /// Bytes that are left.
    fn free(&self) -> Result<u64, Failure> {
        let files = self.flash.list().map_err(|_| error::DISK_INFO)?;
        let used: u64 = files.iter().map(|(_, size)| size).sum();
        Ok(self.profile.files.total.saturating_sub(used))
    }

    /// Fails unless `more` bytes fit.
    pub(crate) fn room_for(&self, more: u32) -> Result<(), Failure> {
        let (more, free) = (u64::from(more), self.free()?);
        if more > self.profile.files.total {
            Err(error::TOO_LARGE)
        } else if more <= free {
            Ok(())
        } else if free == 0 {
            Err(error::DRIVE_FULL)
        } else {
            Err(error::NO_SPACE)
        }
    }

    /// The announced number of bytes, and the upload for it, with its time-out at `index` + 1.
    pub(crate) fn announced(
        &self,
        params: &Params,
        index: usize,
        target: Target,
    ) -> Result<(u32, Upload), Failure> {
        let given = number(params, index, 1..=u32::MAX)?;
        let size = given.unwrap_or(SIZE);
        let seconds = number(params, index + 1, 1..=65_535)?.unwrap_or(5);
        let mut upload = Upload::new(target, size as usize);
        upload.announced = given.is_some();
        upload.patience = Duration::from_secs(u64::from(seconds));
        Ok((size, upload))
    }

    /// Bare `AT+QFLDS`: the size of all files, and how many there are.
    pub(crate) fn qflds_files(&mut self) -> Reply {
        let files = self.flash.list().map_err(|_| error::DISK_INFO)?;
        let used: u64 = files.iter().map(|(_, size)| size).sum();
        self.info(format!("+QFLDS: {used},{}", files.len()));
        Ok(Done::Ok)
    }

    /// `AT+QFLDS="UFS"`: free and total size. There is no other storage.
    pub(crate) fn qflds(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let storage = text(params, 0)?;
        if !storage.trim_end_matches(':').eq_ignore_ascii_case("UFS") {
            return Err(error::DISK_INFO);
        }
        let (free, total) = (self.free()?, self.profile.files.total);
        self.info(format!("+QFLDS: {free},{total}"));
        Ok(Done::Ok)
    }

    pub(crate) fn qflst_all(&mut self) -> Reply {
        self.list("*")
    }

    /// `AT+QFLST="pattern"`
    pub(crate) fn qflst(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let text = text(params, 0)?;
        let pattern = file_name::pattern(&text).ok_or(error::LIST_FAILED)?;
        self.list(pattern)
    }

    fn list(&mut self, pattern: &str) -> Reply {
        let prefix = if self.profile.files.list_prefix {
            UFS
        } else {
            ""
        };
        for (name, size) in self.files()? {
            if file_name::matches(pattern.as_bytes(), name.as_bytes()) {
                self.info(format!("+QFLST: \"{prefix}{name}\",{size}"));
            }
        }
        Ok(Done::Ok)
    }

    /// `AT+QFDEL="name"`, or `"*"` for all. An open file stays.
    pub(crate) fn qfdel(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let text = text(params, 0)?;
        let names = if file_name::pattern(&text) == Some("*") {
            let files = self.files()?.into_iter();
            files.map(|(name, _)| name).collect()
        } else {
            vec![name(params, 0)?]
        };
        if names.iter().any(|name| self.open_files.is_open(name)) {
            return Err(error::DELETE_FAILED);
        }
        for name in names {
            match self.flash.remove(&name) {
                Ok(true) => {}
                Ok(false) => return Err(error::NOT_FOUND),
                Err(_) => return Err(error::DELETE_FAILED),
            }
        }
        Ok(Done::Ok)
    }

    /// `AT+QFUPL="name"[,<size>[,<timeout>[,<ackmode>]]]`
    pub(crate) fn qfupl(&mut self, params: &Params) -> Reply {
        count(params, 1..=4)?;
        let name = name(params, 0)?;
        let target = Target::File(name.clone());
        let (size, mut upload) = self.announced(params, 1, target)?;
        upload.ack = number(params, 3, 0..=1)? == Some(1);
        if self.files()?.iter().any(|(other, _)| *other == name) {
            return Err(error::EXISTS);
        }
        self.room_for(size)?;
        ask(upload)
    }

    /// `AT+QFDWL="name"`
    pub(crate) fn qfdwl(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let name = name(params, 0)?;
        let data = self.flash.read(&name).map_err(|_| error::READ_FAILED)?;
        let data = data.ok_or(error::NOT_FOUND)?;
        let line = Some(summary("QFDWL", &data));
        Ok(Done::Download(Download {
            announce: None,
            data,
            line,
        }))
    }
}
