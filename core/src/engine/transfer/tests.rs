//! Raw data in both directions, with the module's bytes cut anywhere.

use super::*;
use crate::engine::{Options, Outcome, Output, Request};
use crate::error::Result;

struct Bench {
    engine: Engine,
    now: Instant,
    one_by_one: bool,
}

fn each(run: impl Fn(&mut Bench)) {
    for one_by_one in [false, true] {
        let now = Instant::now();
        let mut bench = Bench {
            engine: Engine::new(now, Options::default()),
            now,
            one_by_one,
        };
        let _discovery = bench.engine.start(now);
        bench.wait(Duration::from_millis(200));
        for (line, answer) in [
            ("ATQ0V1E0\r", "\r\nOK\r\n"),
            ("AT+CMEE?\r", "\r\n+CMEE: 1\r\n\r\nOK\r\n"),
            ("AT+CMEE=1\r", "\r\nOK\r\n"),
            ("AT+QMTOPEN?\r", "\r\nOK\r\n"),
            ("AT+QMTCONN?\r", "\r\nOK\r\n"),
        ] {
            assert_eq!(bench.sent(), line.as_bytes());
            bench.say(answer.as_bytes());
        }
        while bench.engine.poll_output().is_some() {}
        run(&mut bench);
    }
}

impl Bench {
    fn sent(&mut self) -> Vec<u8> {
        let sent = self.engine.transmit().to_vec();
        self.engine.transmitted(sent.len());
        sent
    }

    fn say(&mut self, bytes: &[u8]) {
        let cut = if self.one_by_one {
            1
        } else {
            bytes.len().max(1)
        };
        for piece in bytes.chunks(cut) {
            self.engine.handle_input(self.now, piece);
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.engine.poll_timeout().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
        }
        self.now = end;
    }

    fn upload(&mut self, data: &[u8], ack: bool) -> OpId {
        let request = Request::Upload {
            line: CommandLine::new("AT+QFUPL=\"f\""),
            data: data.into(),
            limit: Duration::from_secs(10),
            ack,
            deadline: Duration::from_secs(20),
        };
        let id = self.engine.submit(self.now, request).unwrap();
        assert_eq!(self.sent(), b"AT+QFUPL=\"f\"\r");
        id
    }

    fn download(&mut self) -> OpId {
        let request = Request::Download {
            line: CommandLine::new("AT+QFREAD").int(1).int(64),
            deadline: Duration::from_secs(20),
        };
        let id = self.engine.submit(self.now, request).unwrap();
        assert_eq!(self.sent(), b"AT+QFREAD=1,64\r");
        id
    }

    /// The outcome of an operation, and the events in front of it.
    fn done(&mut self, id: OpId) -> Option<Result<Outcome>> {
        std::iter::from_fn(|| self.engine.poll_output()).find_map(|output| match output {
            Output::Done(of, outcome) if of == id => Some(outcome),
            _ => None,
        })
    }

    /// The line is in step again and takes commands.
    fn is_usable(&mut self) {
        let request = Request::Command {
            line: CommandLine::new("AT+CSQ"),
            data: None,
            deadline: Duration::from_secs(5),
        };
        let id = self.engine.submit(self.now, request).unwrap();
        if self.sent() == b"AT+CMEE?\r" {
            self.say(b"\r\n+CMEE: 1\r\n\r\nOK\r\n");
            assert_eq!(self.sent(), b"AT+CSQ\r");
        }
        self.say(b"\r\n+CSQ: 1,99\r\n\r\nOK\r\n");
        let lines = vec![b"+CSQ: 1,99".to_vec()];
        assert_eq!(self.done(id), Some(Ok(Outcome::Answer(lines))));
    }
}

const HOSTILE: &[u8] =
    b"\r\n\0OK\r\nERROR\r\nCONNECT 5\r\n+QMTSTAT: 0,1\r\n+QMTRECV: 0,0,\"t\",9,\"x\r\nRDY\r\n>A";

#[test]
fn downloads_are_taken_by_their_count() {
    each(|bench| {
        let id = bench.download();
        bench.say(format!("\r\nCONNECT {}\r\n", HOSTILE.len()).as_bytes());
        bench.say(HOSTILE);
        bench.say(b"\r\nOK\r\n");
        let block = Outcome::Answer(vec![HOSTILE.to_vec()]);
        assert_eq!(bench.done(id), Some(Ok(block)));
        bench.is_usable();
    });
}

#[test]
fn an_empty_block_is_one() {
    each(|bench| {
        let id = bench.download();
        bench.say(b"\r\nCONNECT 0\r\n\r\nOK\r\n");
        assert_eq!(bench.done(id), Some(Ok(Outcome::Answer(vec![vec![]]))));
    });
}

#[test]
fn what_does_not_fit_its_count_is_never_read_as_lines() {
    for announced in [
        "\r\nCONNECT 10\r\n",
        "\r\nCONNECT\r\n",
        "\r\nCONNECT 99999999\r\n",
    ] {
        each(|bench| {
            let id = bench.download();
            bench.say(announced.as_bytes());
            bench.say(b"1234567890surplus\r\nRDY\r\n\r\nOK\r\n");
            let error = bench.done(id).unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OperationFailed, "{error}");
            bench.wait(Duration::from_secs(2));
            bench.is_usable();
        });
    }
}

#[test]
fn a_download_that_stops_is_given_up_and_discarded() {
    each(|bench| {
        let id = bench.download();
        bench.say(b"\r\nCONNECT 100\r\n\r\nRDY\r\n");
        bench.wait(Duration::from_secs(21));
        let error = bench.done(id).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unconfirmed);
        bench.wait(Duration::from_secs(1));
        bench.is_usable();
    });
}

#[test]
fn acknowledged_kilobytes_go_one_at_a_time() {
    each(|bench| {
        let data: Vec<u8> = (0..2500_u32).map(|n| n as u8).collect();
        let id = bench.upload(&data, true);
        assert_eq!(bench.engine.uploaded(id), None);
        bench.say(b"\r\nCONNECT\r\n");
        assert_eq!(bench.sent(), &data[..1024]);
        assert_eq!(bench.engine.uploaded(id), Some(0));
        bench.wait(Duration::from_secs(1));
        assert_eq!(bench.sent(), b"");
        bench.say(b"A");
        assert_eq!(bench.engine.uploaded(id), Some(1024));
        assert_eq!(bench.sent(), &data[1024..2048]);
        bench.say(b"A");
        assert_eq!(bench.sent(), &data[2048..]);
        assert_eq!(bench.engine.uploaded(id), Some(2500));
        bench.say(b"\r\n+QFUPL: 2500,0\r\n\r\nOK\r\n");
        let lines = vec![b"+QFUPL: 2500,0".to_vec()];
        assert_eq!(bench.done(id), Some(Ok(Outcome::Answer(lines))));
    });
}

#[test]
fn a_last_whole_kilobyte_may_be_acknowledged_or_not() {
    for ack in ["A", ""] {
        each(|bench| {
            let id = bench.upload(&[7; 1024], true);
            bench.say(b"\r\nCONNECT\r\n");
            assert_eq!(bench.sent(), [7; 1024]);
            bench.say(ack.as_bytes());
            assert_eq!(bench.sent(), b"");
            bench.say(b"\r\n+QFUPL: 1024,0\r\n\r\nOK\r\n");
            assert!(bench.done(id).unwrap().is_ok());
        });
    }
}

#[test]
fn an_error_in_the_middle_stops_the_data() {
    each(|bench| {
        let id = bench.upload(&[7; 3000], false);
        bench.say(b"\r\nCONNECT\r\n");
        bench.engine.transmitted(1000);
        assert_eq!(bench.engine.uploaded(id), Some(1000));
        bench.say(b"\r\n+QFUPL: 1000,0\r\n+CME ERROR: 421\r\n");
        assert_eq!(bench.sent(), b"", "the rest would be run as commands");
        let error = bench.done(id).unwrap().unwrap_err();
        assert_eq!(error.code(), Some(421));
        assert!(error.to_string().contains("1000 of 3000 bytes"), "{error}");
        bench.wait(Duration::from_secs(2));
        bench.is_usable();
    });
}

#[test]
fn a_module_that_falls_silent_is_left_alone_for_its_own_limit() {
    each(|bench| {
        let id = bench.upload(&[7; 3000], true);
        bench.say(b"\r\nCONNECT\r\n");
        assert_eq!(bench.sent().len(), 1024);
        bench.wait(Duration::from_secs(17));
        let error = bench.done(id).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unconfirmed);
        let request = Request::Command {
            line: CommandLine::new("AT+CSQ"),
            data: None,
            deadline: Duration::from_secs(5),
        };
        bench.engine.submit(bench.now, request).unwrap();
        assert_eq!(bench.sent(), b"");
        bench.wait(Duration::from_secs(12));
        assert_eq!(bench.sent(), b"AT+CMEE?\r");
    });
}

#[test]
fn a_slow_port_is_not_a_silent_module() {
    each(|bench| {
        let id = bench.upload(&[7; 3000], false);
        bench.say(b"\r\nCONNECT\r\n");
        for _ in 0..30 {
            bench.engine.transmitted(100);
            bench.wait(Duration::from_secs(10));
        }
        bench.say(b"\r\n+QFUPL: 3000,0\r\n\r\nOK\r\n");
        assert!(bench.done(id).unwrap().is_ok());
    });
}

#[test]
fn a_late_connect_still_gets_its_file() {
    each(|bench| {
        let id = bench.upload(b"abc", false);
        bench.wait(Duration::from_secs(25));
        assert!(bench.done(id).is_none());
        bench.say(b"\r\nCONNECT\r\n");
        assert_eq!(bench.sent(), b"abc");
        bench.say(b"\r\n+QFUPL: 3,0\r\n\r\nOK\r\n");
        assert!(bench.done(id).unwrap().is_ok());
    });
    each(|bench| {
        let id = bench.upload(b"abc", false);
        bench.wait(Duration::from_secs(40));
        let error = bench.done(id).unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        bench.is_usable();
    });
}

#[test]
fn opens_wait_as_long_as_the_handshake_may_take() {
    each(|bench| {
        assert_eq!(bench.engine.tls_open_deadline(2), Duration::from_secs(455));
        let request = Request::Command {
            line: CommandLine::new("at+qsslcfg=\"negotiatetime\",2,60"),
            data: None,
            deadline: Duration::from_secs(5),
        };
        bench.engine.submit(bench.now, request).unwrap();
        bench.sent();
        assert_eq!(bench.engine.tls_open_deadline(2), Duration::from_secs(455));
        bench.say(b"\r\nOK\r\n");
        assert_eq!(bench.engine.tls_open_deadline(2), Duration::from_secs(215));
        assert_eq!(bench.engine.tls_open_deadline(1), Duration::from_secs(455));
        bench.say(b"\r\nRDY\r\n");
        assert_eq!(bench.engine.tls_open_deadline(2), Duration::from_secs(455));
    });
}

#[test]
fn contents_are_not_shown() {
    each(|bench| {
        bench.upload(b"hunter2", true);
        bench.say(b"\r\nCONNECT\r\n");
        let shown = format!("{:?} {:?}", bench.engine.active, bench.engine.ops);
        assert!(
            !shown.contains("hunter2") && !shown.contains("104, 117"),
            "{shown}"
        );
    });
}
