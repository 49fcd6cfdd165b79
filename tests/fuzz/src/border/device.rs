//! A module on a pseudo-terminal.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::input::Input;

/// What the module does next.
#[derive(Debug)]
enum Piece {
    /// Answers as it should.
    Obey,
    Print(Vec<u8>),
    HangUp,
}

/// How long the module does nothing when it has nothing more to do, before it vanishes: a call that waits for
/// it then ends.
const IDLE_MS: u32 = 40;

#[derive(Debug)]
pub(super) struct Device {
    path: CString,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Device {
    /// `None` where the system has no pseudo-terminal left.
    pub(super) fn start(input: &mut Input<'_>) -> Option<Self> {
        let mut script = Input::new(input.bytes());
        let mut pieces = Vec::new();
        while !script.is_empty() {
            pieces.push(match script.below(8) {
                1..=4 => Piece::Print(script.bytes().to_vec()),
                5 if script.flag() => Piece::HangUp,
                5 => Piece::Print(b"\r\n> ".to_vec()),
                _ => Piece::Obey,
            });
        }
        pieces.reverse();
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).ok()?;
        grantpt(&master).ok()?;
        unlockpt(&master).ok()?;
        let path = ptsname(&master, Vec::new()).ok()?;
        // Kept open, so that the master is not hung up before the library opens it.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&path, flags, Mode::empty()).ok()?;
        raw(&slave)?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let stop = Arc::clone(&stop);
            let module = Module {
                master: File::from(master),
                pieces,
                line: Vec::new(),
                data: 0,
            };
            std::thread::spawn(move || {
                let _slave = slave;
                module.serve(&stop);
            })
        };
        Some(Self { path, stop, thread })
    }

    pub(super) fn path(&self) -> CString {
        self.path.clone()
    }

    /// The module vanishes.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.join().expect("the module");
    }
}

/// No echo and no line discipline before the library sets its own.
fn raw(slave: &std::os::fd::OwnedFd) -> Option<()> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let mut attributes = tcgetattr(slave).ok()?;
    attributes.make_raw();
    tcsetattr(slave, OptionalActions::Now, &attributes).ok()
}

struct Module {
    master: File,
    pieces: Vec<Piece>,
    line: Vec<u8>,
    /// Bytes of data that it waits for.
    data: usize,
}

impl Module {
    fn serve(mut self, stop: &AtomicBool) {
        let mut idle = 0;
        let mut bytes = [0; 4096];
        while !stop.load(Ordering::Acquire) && idle < IDLE_MS / 2 {
            let mut fds = [PollFd::from_borrowed_fd(self.master.as_fd(), PollFlags::IN)];
            let time = Timespec::try_from(Duration::from_millis(2)).ok();
            let ready = poll(&mut fds, time.as_ref()).unwrap_or(0) > 0;
            let going = if ready {
                match self.master.read(&mut bytes) {
                    Ok(count) if count > 0 => self.typed(&bytes[..count]),
                    _ => false,
                }
            } else {
                match self.pieces.pop() {
                    None | Some(Piece::Obey) => true,
                    Some(piece) => self.does(piece, ""),
                }
            };
            if !going {
                return;
            }
            idle = if ready { 0 } else { idle + 1 };
        }
    }

    /// Bytes come; whether it goes on.
    fn typed(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            if self.data > 0 {
                self.data -= 1;
                if self.data == 0 && !self.print(b"\r\nOK\r\n") {
                    return false;
                }
            } else if byte == b'\r' {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                // The opening is answered, or nothing would ever begin.
                let opening = ["ATQ0V1E0", "AT+CMEE?", "AT+CMEE=1", "AT+QMTOPEN?"];
                let piece = match opening.contains(&line.as_str()) {
                    true => Piece::Obey,
                    false => self.pieces.pop().unwrap_or(Piece::Obey),
                };
                if !self.does(piece, &line) {
                    return false;
                }
            } else {
                self.line.push(byte);
            }
        }
        true
    }

    fn print(&mut self, bytes: &[u8]) -> bool {
        self.master.write_all(bytes).is_ok()
    }

    fn does(&mut self, piece: Piece, line: &str) -> bool {
        match piece {
            Piece::HangUp => false,
            Piece::Print(bytes) => self.print(&bytes),
            Piece::Obey => {
                let answer = self.answer(line);
                self.print(answer.as_bytes())
            }
        }
    }

    fn answer(&mut self, line: &str) -> String {
        let (name, parameters) = line.split_once('=').unwrap_or((line, ""));
        let mut parameters = parameters.split(',');
        let client = parameters.next().unwrap_or("0");
        let second = parameters.next().unwrap_or("0");
        let last = parameters.next_back().and_then(|last| last.parse().ok());
        let result = match name {
            "AT+QMTPUBEX" | "AT+QISEND" => {
                self.data = last.unwrap_or(0);
                return if self.data > 0 {
                    "\r\n> "
                } else {
                    "\r\nOK\r\n"
                }
                .to_owned();
            }
            "AT+QFUPL" => {
                self.data = second.parse().unwrap_or(0);
                return "\r\nCONNECT\r\n".to_owned();
            }
            "AT+CMEE?" => return "\r\n+CMEE: 1\r\n\r\nOK\r\n".to_owned(),
            "AT+CSQ" => return "\r\n+CSQ: 20,99\r\n\r\nOK\r\n".to_owned(),
            "AT+CPIN?" => return "\r\n+CPIN: READY\r\n\r\nOK\r\n".to_owned(),
            "AT+QMTOPEN" => format!("+QMTOPEN: {client},0"),
            "AT+QMTCONN" => format!("+QMTCONN: {client},0,0"),
            "AT+QMTDISC" => format!("+QMTDISC: {client},0"),
            "AT+QMTCLOSE" => format!("+QMTCLOSE: {client},0"),
            "AT+QMTSUB" => format!("+QMTSUB: {client},{second},0,1"),
            "AT+QMTUNS" => format!("+QMTUNS: {client},{second},0"),
            _ => return "\r\nOK\r\n".to_owned(),
        };
        format!("\r\nOK\r\n\r\n{result}\r\n")
    }
}
