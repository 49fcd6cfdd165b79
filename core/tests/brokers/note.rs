//! Chapter 5.2 of the application note, with certificates that are real: typed line for line, and
//! through the library.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use atmqtt::{
    Certificate, ClientConfig, Clock, Connect, Delivery, Files, Granted, PrivateKey, QoS,
    TlsConfig, TlsVersion,
};
use atmqtt_emulator::runtime::{Broker, Emulator};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};

use crate::bench::{Bench, next, sent};
use crate::mosquitto::{Mosquitto, PATIENCE};
use crate::pki::{Authority, LONG, broker};

const TOPIC: &str = "$aws/things/M26_0206/shadow/update/accepted";
const PAYLOAD: &[u8] = b"This is publish data from client";

/// As printed, `secllevel` included (register A11), but for the host, its port, and the sizes and
/// checksums of the files. `#` stands for the CR of a typed line.
const CHAPTER_5_2: &str = r##"AT+QMTCFG="recv/mode",0,0,1#
OK
AT+QMTCFG="SSL",0,1,2#
OK
AT+QFUPL="UFS:cacert.pem",SIZE,100#
CONNECT

+QFUPL: SIZE,SUM

OK
AT+QFUPL="UFS:client.pem",SIZE,100#
CONNECT

+QFUPL: SIZE,SUM

OK
AT+QFUPL="UFS:user_key.pem",SIZE,100#
CONNECT

+QFUPL: SIZE,SUM

OK
AT+QSSLCFG="cacert",2,"UFS:cacert.pem"#
OK
AT+QSSLCFG="clientcert",2,"UFS:client.pem"#
OK
AT+QSSLCFG="clientkey",2,"UFS:user_key.pem"#
OK
AT+QSSLCFG="secllevel",2,2#
OK
AT+QSSLCFG="sslversion",2,4#
OK
AT+QSSLCFG="ciphersuite",2,0xFFFF#
OK
AT+QSSLCFG="ignorelocaltime",2,1#
OK
AT+QMTOPEN=0,"HOST",PORT#
OK

+QMTOPEN: 0,0
AT+QMTCONN=0,"M26_0206"#
OK

+QMTCONN: 0,0,0
AT+QMTSUB=0,1,"$aws/things/M26_0206/shadow/update/accepted",1#
OK

+QMTSUB: 0,1,0,1
AT+QMTPUBEX=0,1,1,0,"$aws/things/M26_0206/shadow/update/accepted",32#
> 
OK

+QMTPUBEX: 0,1,0

+QMTRECV: 0,1,"$aws/things/M26_0206/shadow/update/accepted",32,"This is publish data from client"
AT+QMTDISC=0#
OK

+QMTDISC: 0,0
"##;

/// A broker that asks for certificates, and the three files for it under the note's names.
struct Case {
    broker: Mosquitto,
    files: [(&'static str, String); 3],
}

impl Case {
    fn new() -> Self {
        let ca = Authority::new("ca");
        let own = ca.client("the module");
        Self {
            broker: broker(&ca.server("localhost", LONG), Some(&ca)),
            files: [
                ("cacert.pem", ca.certificate),
                ("client.pem", own.certificate),
                ("user_key.pem", own.key),
            ],
        }
    }

    /// The chapter with the sizes, checksums, host and port of this case.
    fn chapter(&self) -> String {
        let mut text = CHAPTER_5_2
            .replace("HOST", "localhost")
            .replace("PORT", &self.broker.port().to_string());
        for (_, file) in &self.files {
            let sum = format!("{:x}", Files::checksum(file.as_bytes()));
            text = text
                .replacen("SIZE", &file.len().to_string(), 2)
                .replacen("SUM", &sum, 1);
        }
        text
    }

    /// What the broker has seen of it.
    fn logged(&self) {
        let length = PAYLOAD.len();
        self.broker
            .wait_log("as M26_0206 (p2, c1, k120, u'the module')");
        let published = format!("'{TOPIC}', ... ({length} bytes))");
        self.broker.wait_log(&published);
        self.broker.wait_log("Received DISCONNECT from M26_0206");
    }
}

/// The serial device, typed at by hand.
struct Terminal(File);

impl Terminal {
    fn open(path: &Path) -> Self {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let device = rustix::fs::open(path, flags, Mode::empty()).unwrap();
        let mut termios = rustix::termios::tcgetattr(&device).unwrap();
        termios.make_raw();
        rustix::termios::tcsetattr(&device, rustix::termios::OptionalActions::Now, &termios)
            .unwrap();
        Self(File::from(device))
    }

    /// Types less than the device takes at once.
    fn types(&mut self, bytes: &[u8]) {
        assert_eq!(self.0.write(bytes).unwrap(), bytes.len());
    }

    /// The next so many bytes.
    fn shown(&mut self, length: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = vec![0; length];
        let mut got = 0;
        while got < length {
            match self.0.read(&mut bytes[got..]) {
                Ok(count) => got += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let shown = bytes[..got].escape_ascii();
                    assert!(!left.is_zero(), "nothing comes after {shown}");
                    let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
                    poll(&mut fds, Some(&left.try_into().unwrap())).unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[track_caller]
    fn shows(&mut self, expected: &str) {
        assert_eq!(self.shown(expected.len()), expected);
    }
}

/// Commands, each with everything that comes after it up to the next, echo included.
fn steps(chapter: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in chapter.lines() {
        if let Some(command) = line.strip_suffix('#') {
            steps.push((format!("{command}\r"), format!("{command}\r\r\n")));
        } else {
            let (_, after) = steps.last_mut().unwrap();
            after.push_str(line);
            after.push_str("\r\n");
        }
    }
    steps
}

#[test]
fn typed() {
    let case = Case::new();
    let emulator = Emulator::builder().broker(Broker::Network).start().unwrap();
    let mut terminal = Terminal::open(&emulator.path());
    let mut files = case.files.iter();
    for (command, after) in steps(&case.chapter()) {
        terminal.types(command.as_bytes());
        if command.starts_with("AT+QFUPL=") {
            let (echo, result) = after.split_once("CONNECT\r\n").unwrap();
            terminal.shows(&format!("{echo}CONNECT\r\n"));
            terminal.types(files.next().unwrap().1.as_bytes());
            terminal.shows(result);
        } else if command.starts_with("AT+QMTPUBEX=") {
            let (echo, result) = after.split_once("> ").unwrap();
            terminal.shows(&format!("{echo}> "));
            terminal.types(PAYLOAD);
            // The broker may send the message before it acknowledges it.
            let at = result.find("\r\n+QMTRECV").unwrap();
            let (first, second) = result.split_at(at);
            let (ok, first) = first.split_at("\r\nOK\r\n".len());
            terminal.shows(ok);
            let shown = terminal.shown(first.len() + second.len());
            let either = [format!("{first}{second}"), format!("{second}{first}")];
            assert!(either.contains(&shown), "{shown:?} is none of {either:?}");
        } else {
            terminal.shows(&after);
        }
    }
    // Nothing is left over.
    terminal.types(b"AT\r");
    terminal.shows("AT\r\r\nOK\r\n");
    case.logged();
}

/// What of the chapter the library has to send: the setting of the module in lower case and spelt right,
/// files without their prefix and time-out, `N` for message ids.
fn essential(line: &str) -> String {
    let line = line
        .replace("\"SSL\"", "\"ssl\"")
        .replace("secllevel", "seclevel");
    if let Some(upload) = line.strip_prefix("AT+QFUPL=") {
        let upload = upload.replace("UFS:", "");
        let (file, _seconds) = upload.rsplit_once(',').unwrap();
        return format!("AT+QFUPL={file}");
    }
    let parts: Vec<&str> = line.splitn(3, ',').collect();
    match parts[..] {
        [command @ ("AT+QMTSUB=0" | "AT+QMTPUBEX=0"), _id, rest] => format!("{command},N,{rest}"),
        _ => line,
    }
}

/// Everything that was sent as lines, the files and the payload taken out.
fn lines(sent: &[u8], case: &Case) -> Vec<String> {
    let mut text = String::from_utf8(sent.to_vec()).unwrap();
    let payload = String::from_utf8(PAYLOAD.to_vec()).unwrap();
    for data in case.files.iter().map(|(_, file)| file).chain([&payload]) {
        assert_eq!(text.matches(data.as_str()).count(), 1, "sent once: {data}");
        text = text.replace(data.as_str(), "");
    }
    text.split_terminator('\r').map(essential).collect()
}

#[test]
fn through_the_library() {
    let case = Case::new();
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let bench = Bench::with(|builder| builder.trace(&trace));
    let client = bench.client(0, &ClientConfig::new().delivery(Delivery::Inline));
    client.configure(&ClientConfig::new().tls(2)).unwrap();
    for (name, file) in &case.files {
        bench.modem.files().upload(name, file.as_bytes()).unwrap();
    }
    let [ca, own, key] = case.files.each_ref().map(|(name, _)| *name);
    let config = TlsConfig::new(Certificate::on_module(ca))
        .client_certificate(Certificate::on_module(own), PrivateKey::on_module(key))
        .version(TlsVersion::Any)
        .clock(Clock::Ignore);
    bench.modem.tls(2).unwrap().configure(&config).unwrap();
    client.open("localhost", case.broker.port()).unwrap();
    client.connect(&Connect::new("M26_0206")).unwrap();
    let messages = client.messages().unwrap();
    let granted = client.subscribe(&[(TOPIC, QoS::AtLeastOnce)]).unwrap();
    assert_eq!(granted, [Granted::QoS(QoS::AtLeastOnce)]);
    client
        .publish(TOPIC, PAYLOAD, QoS::AtLeastOnce, false)
        .unwrap();
    let message = next(&messages);
    assert_eq!(message.topic(), TOPIC);
    assert_eq!(message.payload(), PAYLOAD);
    client.disconnect().unwrap();
    bench.end();
    case.logged();

    let chapter = case.chapter();
    let note: Vec<String> = chapter
        .lines()
        .filter_map(|line| line.strip_suffix('#'))
        .map(essential)
        .collect();
    // What is left are the settings that the library relies on and the note does not touch.
    let mut of_the_note: Vec<String> = lines(&sent(&trace), &case)
        .into_iter()
        .filter(|line| note.contains(line))
        .collect();
    // The open writes every setting of the client that it has not written yet, so none comes twice. The
    // settings of a context are in another order: first who is checked, and how.
    let is_context = |line: &String| line.starts_with("AT+QSSLCFG=");
    let from = note.iter().position(is_context).unwrap();
    let until = note.iter().rposition(is_context).unwrap() + 1;
    assert!(of_the_note[from..until].iter().all(is_context));
    let rank = |line: &String| note.iter().position(|other| other == line);
    of_the_note[from..until].sort_by_key(rank);
    assert_eq!(of_the_note, note);
}
