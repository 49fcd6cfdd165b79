//! Files on the line: data behind `CONNECT`, in either direction.
//!
//! What others want to say meanwhile waits until the transfer has ended (A73).

use std::time::Duration;

use super::Module;
use super::file_error as error;
use super::file_escape::Escape;
use super::file_sum::checksum;
use super::params::Failure;
use super::run::{Mode, Reply};
use super::speak::{Kind, Say};
use crate::fault::On;

/// How much is acknowledged at once in ACK mode.
const ACK_EVERY: usize = 1024;

/// Data that is typed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) target: Target,
    /// Bytes to take.
    pub(crate) want: usize,
    /// The host has named the size, so that fewer are an error.
    pub(crate) announced: bool,
    /// Silence that ends it.
    pub(crate) patience: Duration,
    /// Every kilobyte is acknowledged.
    pub(crate) ack: bool,
    got: Vec<u8>,
    escape: Escape,
}

/// Where typed data goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A new file.
    File(String),
    /// An open file, by its handle.
    Handle(u32),
}

/// How an upload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Full,
    Silence,
    /// `+++`
    Escape,
}

/// Data that the module sends.
#[derive(Debug)]
pub(crate) struct Download {
    /// The length to announce.
    pub(crate) announce: Option<usize>,
    pub(crate) data: Vec<u8>,
    /// The line behind it.
    pub(crate) line: Option<String>,
}

impl Upload {
    pub(crate) fn new(target: Target, want: usize) -> Self {
        Self {
            target,
            want,
            announced: true,
            patience: Duration::from_secs(5),
            ack: false,
            got: Vec::new(),
            escape: Escape::new(Duration::ZERO),
        }
    }

    /// When silence has lasted too long, or it is clear whether `+++` was typed.
    pub(crate) fn due(&self) -> Duration {
        let silence = self.escape.last_input() + self.patience;
        self.escape.due().map_or(silence, |due| due.min(silence))
    }
}

impl Module {
    /// `CONNECT` and a line end, or what stands for it with `ATV0` and `ATQ1`.
    fn connect_line(&self, announce: Option<usize>) -> Vec<u8> {
        match (announce, self.preferences.verbose) {
            (Some(length), true) => format!("\r\nCONNECT {length}\r\n").into_bytes(),
            (Some(length), false) => format!("CONNECT {length}\r\n").into_bytes(),
            (None, _) if self.preferences.quiet => Vec::new(),
            (None, true) => b"\r\nCONNECT\r\n".to_vec(),
            (None, false) => b"1\r".to_vec(),
        }
    }

    /// Asks for data.
    pub(crate) fn ask_file(&mut self, upload: Upload) {
        self.mode = Mode::AwaitConnect(upload);
        let bytes = self.connect_line(None);
        self.put_file(Kind::Prompt, bytes);
    }

    fn put_file(&mut self, kind: Kind, bytes: Vec<u8>) {
        self.put(Say {
            kind,
            command: self.running.command.clone(),
            client: None,
            bytes,
        });
    }

    /// `CONNECT` has left: data from here on.
    pub(crate) fn connect_written(&mut self) {
        if let Mode::AwaitConnect(mut upload) = std::mem::replace(&mut self.mode, Mode::Command) {
            upload.escape = Escape::new(self.now);
            self.mode = Mode::Upload(upload);
        }
    }

    /// A byte typed behind `CONNECT`.
    pub(crate) fn typed_file(&mut self, byte: u8) {
        if self.ends.in_data(byte) {
            return;
        }
        let now = self.now;
        let Mode::Upload(upload) = &mut self.mode else {
            return;
        };
        let (mut pluses, byte) = upload.escape.feed(byte, now);
        if upload.got.len() + upload.escape.kept() >= upload.want {
            // The size counts more: what completes the file is no escape.
            pluses += upload.escape.release();
        }
        for byte in std::iter::repeat_n(b'+', pluses).chain(byte) {
            self.take_file_byte(byte);
        }
    }

    fn take_file_byte(&mut self, byte: u8) {
        let Mode::Upload(upload) = &mut self.mode else {
            return;
        };
        upload.got.push(byte);
        let got = upload.got.len();
        let (half, full) = (got == upload.want.div_ceil(2), got == upload.want);
        let ack = upload.ack && got % ACK_EVERY == 0;
        if ack {
            self.raw(b"A".to_vec());
        }
        if half {
            let command = self.running.command.clone();
            self.events_at(On::Payload, &command, None);
        }
        if full {
            self.upload_ends(End::Full);
        }
    }

    /// Silence: it ends the upload, completes `+++`, or tells that it was none.
    pub(crate) fn upload_timeout(&mut self) {
        let now = self.now;
        let Mode::Upload(upload) = &mut self.mode else {
            return;
        };
        if upload.escape.complete(now) {
            upload.escape.release();
            return self.upload_ends(End::Escape);
        }
        let silent = upload.escape.last_input() + upload.patience <= now;
        for _ in 0..upload.escape.release() {
            self.take_file_byte(b'+');
        }
        if silent {
            self.upload_ends(End::Silence);
        }
    }

    fn upload_ends(&mut self, end: End) {
        let mode = std::mem::replace(&mut self.mode, Mode::AwaitFinal);
        let Mode::Upload(upload) = mode else {
            // A reboot struck.
            self.mode = mode;
            return;
        };
        self.running.executing = true;
        let stored = match &upload.target {
            Target::File(name) => self.store_upload(name, &upload.got),
            Target::Handle(handle) => self.store_write(*handle, &upload.got),
        };
        self.running.executing = false;
        self.flush_info();
        let outcome = match (stored, end) {
            (Err(failure), _) => Err(failure),
            (Ok(()), End::Silence) if upload.announced => Err(error::TIME_OUT),
            (Ok(()), _) => Ok(()),
        };
        if self.mode == Mode::Off {
            return;
        }
        match outcome {
            Ok(()) => self.go_on(),
            Err(failure) => {
                self.running.stop();
                self.finish(Err(failure));
            }
        }
    }

    fn store_upload(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.flash
            .write(name, bytes)
            .map_err(|_| error::WRITE_FAILED)?;
        let line = summary("QFUPL", bytes);
        self.info(line);
        Ok(())
    }

    /// Sends a file. `false`: a reboot struck.
    pub(crate) fn send_file(&mut self, download: Download) -> bool {
        let before = std::mem::replace(&mut self.mode, Mode::Download);
        let header = self.connect_line(download.announce);
        self.put_file(Kind::Info, header);
        let mut first = download.data;
        let second = first.split_off(first.len().div_ceil(2));
        self.put_file(Kind::Info, first);
        let command = self.running.command.clone();
        self.events_at(On::Payload, &command, None);
        self.put_file(Kind::Info, second);
        if self.mode == Mode::Off {
            return false;
        }
        self.mode = before;
        if let Some(line) = download.line {
            self.info(line);
            self.flush_info();
        }
        self.mode != Mode::Off
    }
}

/// `+QFUPL: <size>,<checksum>`
pub(crate) fn summary(command: &str, bytes: &[u8]) -> String {
    format!("+{command}: {},{:x}", bytes.len(), checksum(bytes))
}

/// A reply that asks for data.
pub(crate) fn ask(upload: Upload) -> Reply {
    Ok(super::run::Done::Upload(upload))
}
