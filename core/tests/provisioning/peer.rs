//! A module with a flash file system and a table of answers, on the other end of a socket.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, Once};
use std::thread::JoinHandle;

use atmqtt::{Error, ErrorKind, Files, Modem};
use log::{LevelFilter, Log, Metadata, Record};

/// What the module prints once it has the data.
type Confirm = Box<dyn FnOnce(&[u8]) -> Vec<u8> + Send>;
/// What the module answers to a line, where the script says.
type Script = Box<dyn FnMut(&str) -> Option<Reply> + Send>;

/// What the module does about a line.
pub(crate) enum Reply {
    /// Prints these bytes.
    Say(Vec<u8>),
    /// Prints `CONNECT`, takes this many bytes, acknowledging kilobytes or not, and prints what the
    /// function makes of them.
    Take(usize, bool, Confirm),
}

pub(crate) fn say(text: &str) -> Option<Reply> {
    Some(Reply::Say(text.as_bytes().to_vec()))
}

pub(crate) fn ok() -> Option<Reply> {
    say("\r\nOK\r\n")
}

pub(crate) fn cme(what: &str) -> Option<Reply> {
    say(&format!("\r\n+CME ERROR: {what}\r\n"))
}

/// The answer line and its `OK`.
pub(crate) fn answer(line: &str) -> Option<Reply> {
    say(&format!("\r\n{line}\r\n\r\nOK\r\n"))
}

type Flash = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A scripted module. A line that the script has no answer for goes to the file system, and from there to
/// what every module knows.
pub(crate) struct Peer {
    pub(crate) modem: Modem,
    pub(crate) flash: Flash,
    sent: Arc<Mutex<Vec<u8>>>,
    lines: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    pub(crate) fn start(script: impl FnMut(&str) -> Option<Reply> + Send + 'static) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let flash = Flash::default();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let thread = {
            let mut module = Module {
                stream: theirs,
                script: Box::new(script),
                flash: Arc::clone(&flash),
                sent: Arc::clone(&sent),
                lines: Arc::clone(&lines),
                open: None,
            };
            std::thread::spawn(move || while module.serve().is_some() {})
        };
        let modem = Modem::builder().open_port(ours).unwrap();
        sent.lock().unwrap().clear();
        lines.lock().unwrap().clear();
        Self {
            modem,
            flash,
            sent,
            lines,
            thread: Some(thread),
        }
    }

    /// A module without a script.
    pub(crate) fn plain() -> Self {
        Self::start(|_| None)
    }

    pub(crate) fn files(&self) -> Files {
        self.modem.files()
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        self.flash
            .lock()
            .unwrap()
            .insert(name.to_owned(), bytes.to_vec());
    }

    pub(crate) fn has(&self, name: &str) -> Option<Vec<u8>> {
        self.flash.lock().unwrap().get(name).cloned()
    }

    /// Every byte since the port was opened, or since the last call.
    pub(crate) fn sent(&self) -> Vec<u8> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// Every line, the same.
    pub(crate) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let closed = self.modem.close();
        if let (Some(thread), false) = (self.thread.take(), std::thread::panicking()) {
            closed.unwrap();
            thread.join().unwrap();
        }
    }
}

struct Module {
    stream: UnixStream,
    script: Script,
    flash: Flash,
    sent: Arc<Mutex<Vec<u8>>>,
    lines: Arc<Mutex<Vec<String>>>,
    open: Option<(String, usize)>,
}

impl Module {
    fn read(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).ok()?;
        self.sent.lock().unwrap().push(byte[0]);
        Some(byte[0])
    }

    fn serve(&mut self) -> Option<()> {
        let mut line = Vec::new();
        loop {
            match self.read()? {
                b'\r' => break,
                byte => line.push(byte),
            }
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        self.lines.lock().unwrap().push(line.clone());
        let reply = match (self.script)(&line) {
            Some(reply) => reply,
            None => self.answer(&line),
        };
        match reply {
            Reply::Say(bytes) => self.stream.write_all(&bytes).ok()?,
            Reply::Take(size, ack, then) => {
                self.stream.write_all(b"\r\nCONNECT\r\n").ok()?;
                let mut data = Vec::new();
                while data.len() < size {
                    data.push(self.read()?);
                    if ack && data.len() % 1024 == 0 {
                        // A host that does not wait would have sent more by now.
                        std::thread::sleep(std::time::Duration::from_millis(60));
                        self.stream.set_nonblocking(true).unwrap();
                        let early = self.stream.read(&mut [0]).is_ok();
                        self.stream.set_nonblocking(false).unwrap();
                        assert!(!early, "data came before its acknowledgement");
                        self.stream.write_all(b"A").ok()?;
                    }
                }
                self.stream.write_all(&then(&data)).ok()?;
            }
        }
        Some(())
    }

    fn answer(&mut self, line: &str) -> Reply {
        let (command, parameters) = line.split_once('=').unwrap_or((line, ""));
        let mut values = parameters.split(',').map(|value| value.trim_matches('"'));
        let name = values.next().unwrap_or_default();
        let name = name.strip_prefix("UFS:").unwrap_or(name).to_owned();
        let number = |value: Option<&str>| value.and_then(|value| value.parse().ok());
        let mut flash = self.flash.lock().unwrap();
        let reply = match command {
            "AT+CMEE?" => answer("+CMEE: 1"),
            "AT+QFDEL" => match flash.remove(&name) {
                Some(_) => ok(),
                None => cme("405"),
            },
            "AT+QFUPL" if flash.contains_key(&name) => cme("407"),
            "AT+QFUPL" => {
                let size = number(values.next()).unwrap_or(10_240);
                let ack = values.nth(1) == Some("1");
                let flash = Arc::clone(&self.flash);
                Some(Reply::Take(
                    size,
                    ack,
                    Box::new(move |data| {
                        flash.lock().unwrap().insert(name, data.to_vec());
                        let sum = Files::checksum(data);
                        format!("\r\n+QFUPL: {},{sum:x}\r\n\r\nOK\r\n", data.len()).into_bytes()
                    }),
                ))
            }
            "AT+QFLST" => {
                let lines: String = flash
                    .iter()
                    .filter(|(file, _)| name.contains('*') || **file == name)
                    .map(|(file, bytes)| format!("\r\n+QFLST: \"UFS:{file}\",{}", bytes.len()))
                    .collect();
                say(&format!("{lines}\r\n\r\nOK\r\n"))
            }
            "AT+QFOPEN" => {
                self.open = Some((name, 0));
                answer("+QFOPEN: 3000")
            }
            "AT+QFREAD" => {
                let (file, at) = self.open.as_mut().expect("an open file");
                let end = flash[file]
                    .len()
                    .min(*at + number(values.next()).unwrap_or(0));
                let block = &flash[file][*at..end];
                let mut bytes = format!("\r\nCONNECT {}\r\n", block.len()).into_bytes();
                bytes.extend_from_slice(block);
                bytes.extend_from_slice(b"\r\nOK\r\n");
                *at = end;
                Some(Reply::Say(bytes))
            }
            "AT+QFLDS" => answer("+QFLDS: 180224,286720"),
            "AT+CCLK?" => answer("+CCLK: \"26/03/01,12:00:00+00\""),
            "ATQ0V1E0" | "AT+CMEE" | "AT+QMTOPEN?" | "AT+QMTCONN?" | "AT+QFCLOSE"
            | "AT+QSSLCFG" | "AT+CCLK" => ok(),
            _ => say("\r\nERROR\r\n"),
        };
        reply.unwrap()
    }
}

pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.expect_err("an error").kind()
}

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// Captures the log of every test of this program from here on.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&LINES).unwrap();
        log::set_max_level(LevelFilter::Trace);
    });
}

/// Everything that has been captured.
pub(crate) fn captured() -> String {
    LINES.0.lock().unwrap().join("\n")
}
