//! Open files: `AT+QFOPEN`, `AT+QFREAD`, `AT+QFWRITE`, `AT+QFSEEK`, `AT+QFPOSITION`, `AT+QFTUCAT`,
//! `AT+QFCLOSE` (supplement 2.9).

use super::Module;
use super::file::{count, name, number};
use super::file_data::{Download, Target, ask};
use super::file_error as error;
use super::file_name::UFS;
use super::params::{Failure, Params};
use super::run::{Done, Reply};

/// Files that can be open at once.
const OPEN_MAX: usize = 10;
/// The first handle.
const FIRST: u32 = 3000;

/// A file in use.
#[derive(Debug)]
struct Open {
    name: String,
    mode: Access,
    position: usize,
}

/// `<mode>` of `AT+QFOPEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// 0: made if it is missing.
    ReadWrite,
    /// 1: emptied, or made.
    Fresh,
    /// 2
    ReadOnly,
}

/// The files in use, by handle.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles([Option<Open>; OPEN_MAX]);

impl OpenFiles {
    /// Whether this file is in use.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.0.iter().flatten().any(|open| open.name == name)
    }

    fn slot(&mut self, handle: u32) -> Result<&mut Option<Open>, Failure> {
        let index = handle.checked_sub(FIRST).ok_or(error::HANDLE)? as usize;
        self.0.get_mut(index).ok_or(error::HANDLE)
    }

    fn get(&mut self, handle: u32) -> Result<&mut Open, Failure> {
        self.slot(handle)?.as_mut().ok_or(error::HANDLE)
    }

    fn handles(&self) -> impl Iterator<Item = (u32, &Open)> {
        let slots = (FIRST..).zip(&self.0);
        slots.filter_map(|(handle, open)| Some((handle, open.as_ref()?)))
    }
}

impl Module {
    /// The open file named by the first parameter.
    fn open_file(&mut self, params: &Params) -> Result<(u32, &mut Open), Failure> {
        let handle = number(params, 0, 0..=u32::MAX)?.ok_or(error::PARAMETER)?;
        Ok((handle, self.open_files.get(handle)?))
    }

    /// Its bytes.
    fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let bytes = self.flash.read(name).map_err(|_| error::READ_FAILED)?;
        bytes.ok_or(error::NOT_FOUND)
    }

    /// One line for each open file.
    pub(crate) fn qfopen_read(&mut self) -> Reply {
        let lines: Vec<String> = self
            .open_files
            .handles()
            .map(|(handle, open)| {
                let mode = open.mode as u8;
                format!("+QFOPEN: \"{UFS}{}\",{handle},{mode}", open.name)
            })
            .collect();
        for line in lines {
            self.info(line);
        }
        Ok(Done::Ok)
    }

    /// `AT+QFOPEN="name"[,<mode>]`
    pub(crate) fn qfopen(&mut self, params: &Params) -> Reply {
        count(params, 1..=2)?;
        let name = name(params, 0)?;
        let mode = match number(params, 1, 0..=2)? {
            Some(1) => Access::Fresh,
            Some(2) => Access::ReadOnly,
            _ => Access::ReadWrite,
        };
        if self.open_files.is_open(&name) {
            return Err(error::ALREADY_OPEN);
        }
        let found = self.flash.read(&name).map_err(|_| error::OPEN_FAILED)?;
        if found.is_none() && mode == Access::ReadOnly {
            return Err(error::NOT_FOUND);
        }
        let mut slots = (FIRST..).zip(&mut self.open_files.0);
        let (handle, slot) = slots
            .find(|(_, slot)| slot.is_none())
            .ok_or(error::TOO_MANY_OPEN)?;
        if found.is_none() || mode == Access::Fresh {
            self.flash
                .write(&name, b"")
                .map_err(|_| error::OPEN_FAILED)?;
        }
        *slot = Some(Open {
            name,
            mode,
            position: 0,
        });
        self.info(format!("+QFOPEN: {handle}"));
        Ok(Done::Ok)
    }

    /// `AT+QFREAD=<handle>[,<length>]`: at most what is left.
    pub(crate) fn qfread(&mut self, params: &Params) -> Reply {
        count(params, 1..=2)?;
        let length = number(params, 1, 1..=u32::MAX)?;
        let (handle, open) = self.open_file(params)?;
        let (name, position) = (open.name.clone(), open.position);
        let mut data = self.bytes(&name)?;
        data.drain(..position.min(data.len()));
        data.truncate(length.map_or(usize::MAX, |length| length as usize));
        if data.is_empty() {
            return Err(error::ZERO_BYTES);
        }
        self.open_files.get(handle)?.position += data.len();
        Ok(Done::Download(Download {
            announce: Some(data.len()),
            data,
            line: None,
        }))
    }

    /// `AT+QFWRITE=<handle>[,<length>[,<timeout>]]`
    pub(crate) fn qfwrite(&mut self, params: &Params) -> Reply {
        count(params, 1..=3)?;
        let (handle, open) = self.open_file(params)?;
        if open.mode == Access::ReadOnly {
            return Err(error::READ_ONLY);
        }
        let (name, position) = (open.name.clone(), open.position);
        let (length, upload) = self.announced(params, 1, Target::Handle(handle))?;
        // What is written over needs no room.
        let over = self.bytes(&name)?.len().saturating_sub(position);
        let over = u32::try_from(over).unwrap_or(u32::MAX);
        self.room_for(length.saturating_sub(over))?;
        ask(upload)
    }

    /// The bytes for an open file have come.
    pub(crate) fn store_write(&mut self, handle: u32, bytes: &[u8]) -> Result<(), Failure> {
        let open = self.open_files.get(handle)?;
        let (name, position) = (open.name.clone(), open.position);
        let mut whole = self.bytes(&name)?;
        let end = position + bytes.len();
        whole.resize(whole.len().max(end), 0);
        whole[position..end].copy_from_slice(bytes);
        self.flash
            .write(&name, &whole)
            .map_err(|_| error::WRITE_FAILED)?;
        self.open_files.get(handle)?.position = end;
        self.info(format!("+QFWRITE: {},{}", bytes.len(), whole.len()));
        Ok(())
    }

    /// `AT+QFSEEK=<handle>,<offset>[,<position>]`: from the start, onwards from the position, or back
    /// from the end.
    pub(crate) fn qfseek(&mut self, params: &Params) -> Reply {
        count(params, 2..=3)?;
        let offset = number(params, 1, 0..=u32::MAX)?.ok_or(error::PARAMETER)? as usize;
        let from = number(params, 2, 0..=2)?.unwrap_or(0);
        let (handle, open) = self.open_file(params)?;
        let (name, position) = (open.name.clone(), open.position);
        let size = self.bytes(&name)?.len();
        let to = match from {
            0 => Some(offset),
            1 => position.checked_add(offset),
            _ => size.checked_sub(offset),
        };
        let to = to.filter(|to| *to <= size).ok_or(error::BEYOND_END)?;
        self.open_files.get(handle)?.position = to;
        Ok(Done::Ok)
    }

    pub(crate) fn qfposition(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let position = self.open_file(params)?.1.position;
        self.info(format!("+QFPOSITION: {position}"));
        Ok(Done::Ok)
    }

    /// `AT+QFTUCAT=<handle>`: cuts the file off at its position.
    pub(crate) fn qftucat(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let open = self.open_file(params)?.1;
        if open.mode == Access::ReadOnly {
            return Err(error::READ_ONLY);
        }
        let (name, position) = (open.name.clone(), open.position);
        let mut whole = self.bytes(&name)?;
        whole.truncate(position);
        self.flash
            .write(&name, &whole)
            .map_err(|_| error::WRITE_FAILED)?;
        Ok(Done::Ok)
    }

    pub(crate) fn qfclose(&mut self, params: &Params) -> Reply {
        count(params, 1..=1)?;
        let (handle, _) = self.open_file(params)?;
        *self.open_files.slot(handle)? = None;
        Ok(Done::Ok)
    }
}
