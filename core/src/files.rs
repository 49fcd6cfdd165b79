//! The files of the module: `AT+QFUPL` and its relatives.

mod rules;

use std::fmt;
use std::time::{Duration, Instant};

pub(crate) use rules::name as checked_name;

use crate::engine::{FileData, Outcome, Request};
use crate::error::{Error, ErrorKind, Result};
use crate::modem::Modem;
use crate::runtime::{Waited, after};
use crate::wire::CommandLine;

/// Longest time to the final result code of a file command, or to its `CONNECT`. Flash is slow.
const DEADLINE: Duration = Duration::from_secs(20);
/// How much one `AT+QFREAD` asks for.
const READ_BLOCK: u64 = 1024;
/// How often progress is looked at.
const PROGRESS: Duration = Duration::from_millis(20);

/// The user file system (`UFS:`) of the module; see [`Modem::files`].
///
/// Names are 1..=80 bytes, without quotation marks, control bytes, `/`, `\`, `:`, `*` and `?`; the
/// storage `UFS:` in front is optional and means the same file. There are no folders and there is no
/// renaming. Files survive a restart.
///
/// Every call blocks until the module is done, and while a file is on its way no other command can
/// go: publishes wait. Calls that take several commands are not atomic: two threads that write the
/// same name at a time get in each other's way.
///
/// # Errors
///
/// Of every call: [`InvalidArgument`](ErrorKind::InvalidArgument) for a name, before anything is sent;
/// [`CmeError`](ErrorKind::CmeError) with the module's number 400..=426 in [`Error::code`], also where
/// the module says it in words; [`ModuleError`](ErrorKind::ModuleError) where it says only `ERROR`;
/// [`Unconfirmed`](ErrorKind::Unconfirmed) where it falls silent.
#[derive(Debug, Clone)]
pub struct Files {
    modem: Modem,
}

/// A file of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileInfo {
    /// Name, without `UFS:`.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
}

/// Room in the file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// What is left.
    pub free: u64,
    /// What there is.
    pub total: u64,
}

/// How a file is sent.
pub struct UploadOptions<'a> {
    progress: Option<Box<dyn FnMut(usize, usize) + 'a>>,
    timeout: u16,
    ack: bool,
}

impl fmt::Debug for UploadOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadOptions")
            .field("progress", &self.progress.is_some())
            .field("timeout", &self.timeout)
            .field("ack", &self.ack)
            .finish()
    }
}

impl Default for UploadOptions<'_> {
    fn default() -> Self {
        Self {
            progress: None,
            timeout: 10,
            ack: false,
        }
    }
}

impl<'a> UploadOptions<'a> {
    /// No progress, 10 s, no acknowledgement.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `progress(done, total)` in bytes, first with 0, then while the file is on its way, and last
    /// with the total once the module has confirmed it. It runs on the calling thread, with no lock held,
    /// and may make any call of the library but must not wait long: the port waits for nobody.
    ///
    /// Without [`ack`](Self::ack), `done` is what the serial port has taken; with it, what the module
    /// has acknowledged.
    #[must_use]
    pub fn progress(mut self, progress: impl FnMut(usize, usize) + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Seconds 1..=65535 without input after which the module stops waiting for the rest; default 10.
    /// It is also how long the port is of no use after a transfer that went wrong.
    #[must_use]
    pub fn timeout(mut self, seconds: u16) -> Self {
        self.timeout = seconds;
        self
    }

    /// Has the module acknowledge every kilobyte, which waits for that (ACK mode); default off. For a
    /// UART without flow control that loses bytes.
    #[must_use]
    pub fn ack(mut self, ack: bool) -> Self {
        self.ack = ack;
        self
    }

    fn told(&mut self, done: usize, total: usize) {
        if let Some(progress) = &mut self.progress {
            progress(done, total);
        }
    }
}

impl Files {
    pub(crate) fn new(modem: Modem) -> Self {
        Self { modem }
    }

    /// Writes a file, in the place of one of the same name. See [`upload_with`](Self::upload_with).
    ///
    /// ```no_run
    /// # fn main() -> atmqtt::Result<()> {
    /// let modem = atmqtt::Modem::open("/dev/ttyUSB2")?;
    /// modem.files().upload("ca.pem", &std::fs::read("ca.pem").expect("ca.pem"))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.upload_with(name, bytes, UploadOptions::new())
    }

    /// Writes a file, in the place of one of the same name (`AT+QFDEL`, `AT+QFUPL`), and compares size
    /// and checksum that the module reports with what was sent.
    ///
    /// The old file is deleted first, because the module cannot overwrite and cannot rename: for the
    /// time of the upload there is no such file, and when the upload fails there is none at all, for
    /// what arrived of it is deleted. A power failure in between may leave a part of it.
    ///
    /// # Errors
    ///
    /// Besides those of every call: [`InvalidArgument`](ErrorKind::InvalidArgument) for no bytes at all
    /// or a time-out of 0; [`ChecksumMismatch`](ErrorKind::ChecksumMismatch) where the module has other
    /// bytes than were sent; `CmeError` 407 where the old file cannot be deleted, 403 and 420 where there
    /// is no room, 421 with the number of bytes that arrived where some did not;
    /// [`OperationFailed`](ErrorKind::OperationFailed) where it confirms another size or nothing.
    pub fn upload_with(
        &self,
        name: &str,
        bytes: &[u8],
        mut options: UploadOptions<'_>,
    ) -> Result<()> {
        let name = rules::name(name)?;
        let command = || CommandLine::new("AT+QFUPL").text("file name", name, rules::NAME);
        let mut line = command()?
            .ranged("size in bytes", bytes.len() as i64, 1..=i64::from(u32::MAX))?
            .ranged("time-out in seconds", options.timeout, 1..=65_535)?;
        if options.ack {
            line = line.int(1);
        }
        let deleted = match self.delete(name) {
            Err(error) if !is_refusal(&error) => return Err(error),
            Err(error) if rules::number_of(&error) != Some(405) => Some(error),
            _ => None,
        };
        let request = Request::Upload {
            line,
            data: FileData::from(bytes),
            limit: Duration::from_secs(options.timeout.into()),
            ack: options.ack,
            deadline: DEADLINE,
        };
        options.told(0, bytes.len());
        let answer = match self.send(request, bytes.len(), &mut options) {
            Ok(answer) => answer,
            Err(error) => return Err(self.upload_failed(error, name, deleted)),
        };
        if let Err(error) = verify(&answer, name, bytes) {
            self.clean_up(name);
            return Err(error);
        }
        options.told(bytes.len(), bytes.len());
        Ok(())
    }

    fn send(
        &self,
        request: Request,
        total: usize,
        options: &mut UploadOptions<'_>,
    ) -> Result<Vec<Vec<u8>>> {
        let (runtime, timeout) = (self.modem.runtime(), self.modem.timeout());
        let outcome = if options.progress.is_none() {
            runtime.call(request, timeout)?
        } else {
            let limit = timeout.and_then(after);
            let alarm = runtime.alarm();
            let (id, completion) = runtime.submit(request)?;
            let mut told = 0;
            loop {
                let next = Instant::now() + PROGRESS;
                let until = limit.map_or(next, |limit| limit.min(next));
                match runtime.wait_until(&completion, Some(until), &alarm)? {
                    Waited::Done(outcome) => break outcome?,
                    Waited::TimeUp if limit.is_none_or(|limit| limit > until) => {}
                    waited => break runtime.leave(id, &completion, &waited, timeout)?,
                }
                match runtime.uploaded(id) {
                    Some(done) if done > told && done < total => {
                        told = done;
                        options.told(done, total);
                    }
                    _ => {}
                }
            }
        };
        match outcome {
            Outcome::Answer(answer) => Ok(answer),
            _ => Err(Error::new(ErrorKind::Internal, "no answer in the outcome")),
        }
    }

    /// What is to be said and done about an upload that failed.
    fn upload_failed(&self, error: Error, name: &str, deleted: Option<Error>) -> Error {
        let number = rules::number_of(&error);
        if is_refusal(&error) && number != Some(407) {
            self.clean_up(name);
        }
        let mut what = name.to_owned();
        if let (Some(407), Some(deleted)) = (number, deleted) {
            what = format!("{name} (AT+QFDEL before it: {})", deleted.detail());
        }
        if matches!(number, Some(403 | 420)) {
            if let Ok(Space { free, total }) = self.space() {
                what = format!("{name} ({free} of {total} bytes are free)");
            }
        }
        rules::explained(error, &what)
    }

    /// Deletes what a failed upload may have left.
    fn clean_up(&self, name: &str) {
        if let Err(error) = self.delete(name) {
            if rules::number_of(&error) != Some(405) {
                log::warn!("an incomplete file may be left in the module: {error}");
            }
        }
    }

    /// Writes a file unless the module has it already; whether it did.
    ///
    /// A file of the same name counts as the same only where its size (`AT+QFLST`) and then every byte
    /// of it, read back (`AT+QFREAD`), are equal. That costs the transfer of the whole file from the
    /// module where the sizes are equal, no less than an upload: what it saves is the wear of the flash
    /// and the time in which there is no file. A file that cannot be read back is written again.
    ///
    /// # Errors
    ///
    /// As [`upload_with`](Self::upload_with).
    pub fn ensure(&self, name: &str, bytes: &[u8]) -> Result<bool> {
        let name = rules::name(name)?;
        if self.size(name)? == Some(bytes.len() as u64) {
            match self.download(name) {
                Ok(there) if there == bytes => return Ok(false),
                Err(error) if !is_refusal(&error) => return Err(error),
                _ => {}
            }
        }
        self.upload(name, bytes).map(|()| true)
    }

    /// The files whose names fit a pattern with `*` and `?`, as `*` or `*.pem` (`AT+QFLST`). Folders,
    /// which some modules have, are left out.
    pub fn list(&self, pattern: &str) -> Result<Vec<FileInfo>> {
        let pattern = rules::pattern(pattern)?;
        let line = CommandLine::new("AT+QFLST").text("file pattern", pattern, rules::NAME)?;
        match self.modem.ask_line(line, DEADLINE) {
            Ok(answer) => Ok(rules::listed(&answer)
                .into_iter()
                .map(|(name, size)| FileInfo { name, size })
                .collect()),
            Err(error) if rules::number_of(&error) == Some(405) => Ok(Vec::new()),
            Err(error) => Err(rules::explained(error, pattern)),
        }
    }

    /// One file (`AT+QFLST`), if it is there.
    pub fn info(&self, name: &str) -> Result<Option<FileInfo>> {
        let name = rules::name(name)?;
        let found = self.list(name)?;
        Ok(found.into_iter().find(|file| file.name == name))
    }

    /// The size of a file in bytes (`AT+QFLST`), if it is there.
    pub fn size(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.info(name)?.map(|file| file.size))
    }

    /// Deletes a file (`AT+QFDEL`).
    ///
    /// # Errors
    ///
    /// Besides those of every call, `CmeError` 405 where there is none.
    pub fn delete(&self, name: &str) -> Result<()> {
        let name = rules::name(name)?;
        let line = CommandLine::new("AT+QFDEL").text("file name", name, rules::NAME)?;
        match self.modem.ask_line(line, DEADLINE) {
            Ok(_) => Ok(()),
            Err(error) => Err(rules::explained(error, name)),
        }
    }

    /// How much room there is (`AT+QFLDS="UFS"`).
    pub fn space(&self) -> Result<Space> {
        let line = CommandLine::new("AT+QFLDS").word("UFS");
        let answer = self.modem.ask_line(line, DEADLINE)?;
        let (free, total) = rules::space(&answer).ok_or_else(|| unreadable("AT+QFLDS", &answer))?;
        Ok(Space { free, total })
    }

    /// Reads a file (`AT+QFLST`, `AT+QFOPEN`, `AT+QFREAD`, `AT+QFCLOSE`), in counted blocks of 1024
    /// bytes, so that nothing in it can be taken for a line of the module. The module gives no checksum
    /// here; every block must be as long as it was announced and followed by its end, and all of them as
    /// long as the file. A line that was printed into a block goes unnoticed only where the file itself
    /// holds what looks like such an end at exactly the right place.
    ///
    /// # Errors
    ///
    /// Besides those of every call: `CmeError` 405 where there is no such file;
    /// [`OperationFailed`](ErrorKind::OperationFailed) where it ends early, or where other lines were
    /// printed into it. Where the answer to `AT+QFOPEN` or `AT+QFCLOSE` did not arrive, the file stays open
    /// in the module until that restarts, and cannot be replaced until then.
    pub fn download(&self, name: &str) -> Result<Vec<u8>> {
        let name = rules::name(name)?;
        let Some(size) = self.size(name)? else {
            let error = Error::new(ErrorKind::CmeError, "there is no such file (405)");
            return Err(rules::explained(
                error.with_code(405).with_command("AT+QFLST"),
                name,
            ));
        };
        let line = CommandLine::new("AT+QFOPEN")
            .text("file name", name, rules::NAME)?
            .int(2);
        let answer = self
            .modem
            .ask_line(line, DEADLINE)
            .map_err(|error| rules::explained(error, name))?;
        let handle =
            rules::number(&answer, "+QFOPEN").ok_or_else(|| unreadable("AT+QFOPEN", &answer))?;
        let bytes = self.read(handle, name, size);
        let close = CommandLine::new("AT+QFCLOSE").int(handle);
        if let Err(error) = self.modem.ask_line(close, DEADLINE) {
            log::warn!("a file may be left open in the module: {error}");
        }
        bytes
    }

    fn read(&self, handle: i64, name: &str, size: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let wanted = READ_BLOCK.min(size - bytes.len() as u64);
            let request = Request::Download {
                line: CommandLine::new("AT+QFREAD").int(handle).int(wanted as i64),
                deadline: DEADLINE,
            };
            let runtime = self.modem.runtime();
            let block = match runtime.call(request, self.modem.timeout()) {
                Ok(Outcome::Answer(lines)) => lines.into_iter().next().unwrap_or_default(),
                Ok(_) => return Err(Error::new(ErrorKind::Internal, "no block in the outcome")),
                Err(error) if rules::number_of(&error) == Some(402) => Vec::new(),
                Err(error) => return Err(rules::explained(error, name)),
            };
            if block.is_empty() || block.len() as u64 > wanted {
                return Err(Error::new(
                    ErrorKind::OperationFailed,
                    format!(
                        "{name}: the module gave {} bytes at {} of {size}, and was asked for {wanted}; \
                         was the file changed meanwhile?",
                        block.len(),
                        bytes.len()
                    ),
                )
                .with_command("AT+QFREAD"));
            }
            bytes.extend_from_slice(&block);
        }
        Ok(bytes)
    }

    /// The checksum that the module reports for these bytes: XOR of the bytes in pairs, the first of a
    /// pair high, the second of the last pair 0 where there is none. It finds what a serial line
    /// does, not what somebody wants to hide.
    #[must_use]
    pub fn checksum(bytes: &[u8]) -> u16 {
        rules::checksum(bytes)
    }
}

/// Whether the module has refused a command, so that the next one may be tried.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::CmeError | ErrorKind::ModuleError | ErrorKind::OperationFailed
    )
}

fn unreadable(command: &str, answer: &[String]) -> Error {
    Error::new(
        ErrorKind::OperationFailed,
        format!("the answer is not what the command answers: {answer:?}"),
    )
    .with_command(command)
}

/// Whether the module has what was sent.
fn verify(answer: &[Vec<u8>], name: &str, bytes: &[u8]) -> Result<()> {
    let error = |kind, detail| Err(Error::new(kind, detail).with_command("AT+QFUPL"));
    let Some((size, sum)) = rules::uploaded(answer) else {
        return error(
            ErrorKind::OperationFailed,
            format!("{name}: the module answered OK and no +QFUPL line; nothing was confirmed"),
        );
    };
    if size != bytes.len() as u64 {
        return error(
            ErrorKind::OperationFailed,
            format!(
                "{name}: the module has {size} of {} bytes; it was deleted",
                bytes.len()
            ),
        );
    }
    let sent = rules::checksum(bytes);
    if sum != sent {
        return error(
            ErrorKind::ChecksumMismatch,
            format!(
                "{name}: the module has checksum {sum:x}, {sent:x} was sent; it was deleted: upload it \
                 again, with acknowledgement or flow control"
            ),
        );
    }
    Ok(())
}
