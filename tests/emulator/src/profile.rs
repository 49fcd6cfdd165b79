//! Dialects: what differs between the application note and real modules, as plain knobs.

mod files;

pub use files::Files;

use std::time::Duration;

/// When the settings of `AT+QMTCFG` can no longer be changed (register A26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigUntil {
    /// From the moment `AT+QMTOPEN` is accepted.
    Open,
    /// From the moment `AT+QMTCONN` is accepted.
    Connect,
}

/// What happens when no PINGRESP comes (register A15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingLost {
    /// `+QMTPING: idx,1`.
    Ping,
    /// `+QMTSTAT: idx,2`.
    Stat,
    /// `+QMTPING: idx,1`, and a second later `+QMTSTAT: idx,2`.
    PingThenStat,
}

/// What happens to a message that finds all five slots taken (register A40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotsFull {
    /// It is lost.
    Lose,
    /// It waits, with up to 31 others, until a slot is free.
    Queue,
    /// It takes the slot of the oldest one.
    ReplaceOldest,
}

/// What a length counts while hexadecimal format is on (register A19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HexLength {
    /// The characters on the line.
    Characters,
    /// The bytes they stand for.
    Bytes,
}

/// When the payload typed after a prompt is echoed (registers A17, A72).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadEcho {
    /// With `view/mode` 1.
    ViewMode,
    /// With `view/mode` 1, and while `ATE1` is on.
    WithEcho,
}

/// How long retransmission goes on (register A23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetrySpan {
    /// `pkt_timeout` x `retry_times`, at least one `pkt_timeout`: the note's maximum.
    Note,
    /// `pkt_timeout` x (`retry_times` + 1): the first transmission is counted too.
    PlusOne,
}

/// What `AT+QMTCLOSE` answers for a client that is closed (register A63).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseClosed {
    /// `OK` and `+QMTCLOSE: idx,0`.
    Result,
    /// `OK`, nothing after it.
    OkOnly,
    /// `ERROR`.
    Error,
}

/// What `AT+QMTOPEN` answers for a client in use (register A55).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenOccupied {
    /// `OK` and `+QMTOPEN: idx,2`.
    Result,
    /// `ERROR`.
    Error,
}

/// The limits of `AT+QMTCFG`, as far as they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest `<pkt_timeout>`, seconds.
    pub pkt_timeout: u32,
    /// Smallest `<retry_times>`.
    pub retry_min: u32,
    /// Largest `<edit_time>`, seconds.
    pub edit_time: u32,
    /// Largest `<cid>`.
    pub cid: u32,
}

/// One dialect. Every field is a knob; the comment names the register entry of the protocol
/// supplement that it settles, or where the difference was seen.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name for `--profile`.
    pub name: &'static str,
    /// First line of `ATI`.
    pub manufacturer: &'static str,
    /// Second line of `ATI`.
    pub model: &'static str,
    /// Third line of `ATI`, behind `Revision: `.
    pub revision: &'static str,
    /// Lines of a start, with the milliseconds after the reset at which they come.
    pub boot: &'static [(u64, &'static str)],
    /// Milliseconds from reset to registration.
    pub registration_ms: u64,
    /// The port of the module that the host is connected to, in the words of `AT+QURCCFG`: result
    /// lines and URCs are seen there only if they are routed to it (or to all).
    pub port: &'static str,
    /// Context 1 is active after a start.
    pub context_at_boot: bool,
    /// Echo (`ATE`) after a start.
    pub echo: bool,
    /// Longest command line, bytes. No document prints one; this is generous.
    pub line_limit: usize,
    /// String parameters may come without quotes (`AT+QMTCONN=0,0`, seen on EC800M).
    pub bare_strings: bool,

    /// The prompt, as written (A36).
    pub prompt: &'static str,
    /// When the payload is echoed.
    pub payload_echo: PayloadEcho,
    /// URCs are written also while a payload is awaited; else they wait for its end.
    pub urc_in_data: bool,
    /// From the last payload byte to the `OK`.
    pub publish_ok_delay: Duration,
    /// An empty payload has a prompt, and its `OK` comes when the line falls silent (A61).
    pub empty_payload_prompt: bool,

    /// Lines of the nine QMT test forms differ: see the constants of this file.
    pub test_forms: &'static TestForms,
    /// `AT+QMTCFG=?`: the names, in order, with what is printed behind them.
    pub settings: &'static [(&'static str, &'static str)],
    /// Ranges that are checked.
    pub limits: Limits,
    /// No empty line before the `OK` of a QMT test form (BG770A).
    pub compact_test: bool,
    /// No empty line before the `OK` of a QMT read form (BG95 class).
    pub compact_read: bool,
    /// A space behind the colon of a result line or URC.
    pub colon_space: bool,
    /// The topic of a received message is quoted (M95: no).
    pub quote_topic: bool,
    /// The payload of a received message is quoted (A3).
    pub quote_payload: bool,
    /// Header with length, line end, payload (EC200U).
    pub payload_on_next_line: bool,
    /// An extra empty line before and after `+QMTRECV` (BG96).
    pub blank_lines_around_recv: bool,
    /// Hexadecimal: what lengths count (A19).
    pub hex_length: HexLength,
    /// `+QMTCONN: idx,0,0` carries the return code (older firmware: no).
    pub connack_code: bool,
    /// `OK` after the query of `qmtping` (A14).
    pub qmtping_query_ok: bool,

    /// Settings can be changed until when (A26).
    pub config_until: ConfigUntil,
    /// `AT+QMTCLOSE` sets `ssl` and `version` back (EC200U).
    pub close_resets: bool,
    /// Closing a closed client (A63).
    pub close_closed: CloseClosed,
    /// `AT+QMTCCLOSE`, the misprint of the note, is understood too (A2).
    pub accept_qmtcclose: bool,
    /// `AT+QSSLCFG="secllevel"`, the misprint of its example, means `seclevel` (A11).
    pub accept_secllevel: bool,
    /// The flash file system.
    pub files: Files,
    /// Opening a client in use (A55).
    pub open_occupied: OpenOccupied,
    /// An inactive context makes `AT+QMTOPEN` fail with 3 (A60); else it is activated.
    pub open_needs_context: bool,
    /// `AT+QIACT` on an active context is an error (seen on several modules).
    pub qiact_twice_error: bool,
    /// `+QMTSTAT` code of clients whose context is lost; 1 was captured.
    pub context_lost_stat: u8,
    /// `+QMTSTAT` after a refused CONNACK (A34).
    pub stat_after_refusal: Option<u8>,
    /// `+QMTSTAT` after `+QMTDISC: idx,0` (A32).
    pub stat_after_disconnect: Option<u8>,
    /// From the DISCONNECT to `+QMTDISC`.
    pub disconnect_time: Duration,
    /// A missing PINGRESP (A15).
    pub ping_lost: PingLost,
    /// Time span of retransmission (A23).
    pub retry_span: RetrySpan,
    /// All slots taken (A40).
    pub slots_full: SlotsFull,
    /// Stored mode announces messages (A57).
    pub stored_notice: bool,
}

/// What the QMT test forms print behind `+CMD: ` (note 3.3; A38).
#[derive(Debug, PartialEq, Eq)]
pub struct TestForms {
    /// `AT+QMTOPEN=?`
    pub open: &'static str,
    /// `AT+QMTCONN=?`
    pub conn: &'static str,
    /// `AT+QMTSUB=?`
    pub sub: &'static str,
    /// `AT+QMTUNS=?`
    pub uns: &'static str,
    /// `AT+QMTPUBEX=?`
    pub pubex: &'static str,
}

const NOTE_FORMS: TestForms = TestForms {
    open: "(0-5),\"hostname\",(1-65535)",
    conn: "(0-5),\"clientid\",\"username\",\"password\"",
    sub: "(0-5),<msgid>,list of [\"topic\",qos]",
    uns: "(0-5),<msgid>,list of [\"topic\"]",
    pubex: "(0-5),<msgid>,(0-2),(0,1),\"topic\",\"length\"",
};

const EC800M_FORMS: TestForms = TestForms {
    pubex: "(0-5), <msgid>,(0-2),(0,1),\"topic\",\"length\"",
    ..NOTE_FORMS
};

const BG770A_FORMS: TestForms = TestForms {
    open: "(0-5),<host_name>,(0-65535)",
    conn: "(0-5),<clientID>,<username>,<password>",
    ..NOTE_FORMS
};

const NOTE_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-15)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"willtopic\",\"willmessage\"",
    ),
    ("willex", "(0-5),(0,1),(0-2),(0,1),\"willtopic\",(0-256)"),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    (
        "aliauth",
        "(0-5),\"product key\",\"device name\",\"device secret\"",
    ),
    ("qmtping", "(0-5),(5-60)"),
    ("send/mode", "(0-5),(0,1)"),
    ("onenet", "(0-5),\"product id\",\"access key\""),
    ("hwauth", "(0-5),\"product id\",\"device secret\""),
    (
        "hwprodid",
        "(0-5),\"product id\",\"product secret\",\"nodeid\"",
    ),
    ("dataformat", "(0-5),(0,1),(0,1)"),
    ("view/mode", "(0-5),(0,1)"),
    ("edit/timeout", "(0-5),(0,1),(1-120)"),
];

const EC600S_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-15)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-1200),(1-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"willtopic\",\"willmessage\"",
    ),
    ("willex", "(0-5),(0,1),(0-2),(0,1),\"willtopic\",(0-256)"),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    ("send/mode", "(0-5),(0,1)"),
    ("onenet", "(0-5),\"product id\",\"access key\""),
    (
        "aliauth",
        "(0-5),\"product key\",\"device name\",\"device secret\"",
    ),
    ("hwauth", "(0-5),\"device id\",\"device secret\""),
    (
        "hwprodid",
        "(0-5),\"product id\",\"product secret\",\"nodeid\"",
    ),
    ("qmtping", "(0-5),(5-60)"),
    ("dataformat", "(0-5),(0,1),(0,1)"),
    ("view/mode", "(0-5),(0,1)"),
    ("CTWing", "(0-5),\"client_id\",\"feature_string\""),
    ("edit/timeout", "(0-5),(0,1),(1-180)"),
];

const BG770A_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("pdpcid", "(0-5),(1-5)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),<will_topic>,<will_message>",
    ),
    ("recv/mode", "(0-5),(0,1),(0,1)"),
    (
        "aliauth",
        "(0-5),<product_key>,<device_name>,<device_secret>",
    ),
];

/// The settings that the GSM modules had; no way to ask for the length of a message.
const M95_SETTINGS: &[(&str, &str)] = &[
    ("version", "(0-5),(3,4)"),
    ("ssl", "(0-5),(0,1),(0-5)"),
    ("keepalive", "(0-5),(0-3600)"),
    ("session", "(0-5),(0,1)"),
    ("timeout", "(0-5),(1-60),(0-10),(0,1)"),
    (
        "will",
        "(0-5),(0,1),(0-2),(0,1),\"willtopic\",\"willmessage\"",
    ),
    (
        "aliauth",
        "(0-5),\"product key\",\"device name\",\"device secret\"",
    ),
];

const BOOT: &[(u64, &str)] = &[
    (1500, "RDY"),
    (1900, "+CFUN: 1"),
    (2100, "+CPIN: READY"),
    (2200, "+QUSIM: 1"),
    (3200, "+QIND: SMS DONE"),
    (3800, "+QIND: PB DONE"),
];

const BG96_BOOT: &[(u64, &str)] = &[
    (1500, "RDY"),
    (2000, "APP RDY"),
    (2100, "+CPIN: READY"),
    (2200, "+QUSIM: 1"),
    (2600, "+QIND: SMS DONE"),
];

impl Profile {
    /// The names that [`Profile::by_name`] knows.
    pub const NAMES: &'static [&'static str] = &[
        "note",
        "note-example",
        "note-uart",
        "ec600s",
        "ec800m",
        "ec200u",
        "eg800k",
        "bg96",
        "bg95",
        "bg770a",
        "m95",
        "bc95",
    ];

    /// The dialect of this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "note" => Self::note(),
            "note-example" => Self::note_example(),
            "note-uart" => Self::note_uart(),
            "ec600s" => Self::ec600s(),
            "ec800m" => Self::ec800m(),
            "ec200u" => Self::ec200u(),
            "eg800k" => Self::eg800k(),
            "bg96" => Self::bg96(),
            "bg95" => Self::bg95(),
            "bg770a" => Self::bg770a(),
            "m95" => Self::m95(),
            "bc95" => Self::bc95(),
            _ => return None,
        })
    }

    /// The application note to the letter, with the readings of its register.
    #[must_use]
    pub fn note() -> Self {
        Self {
            name: "note",
            manufacturer: "Quectel",
            model: "EC200A",
            revision: "EC200AEMULATED",
            boot: BOOT,
            registration_ms: 3000,
            port: "usbat",
            context_at_boot: false,
            echo: true,
            line_limit: 4096,
            bare_strings: false,
            prompt: "\r\n> ",
            payload_echo: PayloadEcho::ViewMode,
            urc_in_data: false,
            publish_ok_delay: Duration::ZERO,
            empty_payload_prompt: false,
            test_forms: &NOTE_FORMS,
            settings: NOTE_SETTINGS,
            limits: Limits {
                pkt_timeout: 60,
                retry_min: 0,
                edit_time: 120,
                cid: 15,
            },
            compact_test: false,
            compact_read: false,
            colon_space: true,
            quote_topic: true,
            quote_payload: true,
            payload_on_next_line: false,
            blank_lines_around_recv: false,
            hex_length: HexLength::Characters,
            connack_code: true,
            qmtping_query_ok: true,
            config_until: ConfigUntil::Open,
            close_resets: false,
            close_closed: CloseClosed::Result,
            accept_qmtcclose: false,
            accept_secllevel: true,
            files: Files::NOTE,
            open_occupied: OpenOccupied::Result,
            open_needs_context: false,
            qiact_twice_error: true,
            context_lost_stat: 1,
            stat_after_refusal: Some(4),
            stat_after_disconnect: None,
            disconnect_time: Duration::ZERO,
            ping_lost: PingLost::Ping,
            retry_span: RetrySpan::Note,
            slots_full: SlotsFull::Lose,
            stored_notice: true,
        }
    }

    /// As `note`, with the unquoted payload that chapter 5.1 prints once (A3).
    #[must_use]
    pub fn note_example() -> Self {
        Self {
            name: "note-example",
            quote_payload: false,
            ..Self::note()
        }
    }

    /// As `note`, seen from the main UART: no result line comes until `AT+QURCCFG` routes the URCs
    /// there (measured on EG800K).
    #[must_use]
    pub fn note_uart() -> Self {
        Self {
            name: "note-uart",
            port: "uart1",
            ..Self::note()
        }
    }

    /// EC600S: its nineteen settings with wider time limits; the network attaches by itself.
    #[must_use]
    pub fn ec600s() -> Self {
        Self {
            name: "ec600s",
            model: "EC600S",
            revision: "EC600SCNLAR01A01M08",
            context_at_boot: true,
            settings: EC600S_SETTINGS,
            limits: Limits {
                pkt_timeout: 1200,
                retry_min: 1,
                edit_time: 180,
                cid: 15,
            },
            accept_secllevel: false,
            ..Self::note()
        }
    }

    /// EC800M: echoes the payload while echo is on, takes a while for the `OK`, and takes strings
    /// without quotes.
    #[must_use]
    pub fn ec800m() -> Self {
        Self {
            name: "ec800m",
            model: "EC800M",
            revision: "EC800MCNGAR06A05M08",
            test_forms: &EC800M_FORMS,
            payload_echo: PayloadEcho::WithEcho,
            publish_ok_delay: Duration::from_millis(97),
            bare_strings: true,
            ..Self::ec600s()
        }
    }

    /// EC200U: unquoted payload on a line of its own; closing resets `ssl` and `version`.
    #[must_use]
    pub fn ec200u() -> Self {
        Self {
            name: "ec200u",
            model: "EC200U",
            revision: "EC200UCNAAR02A13M08",
            quote_payload: false,
            payload_on_next_line: true,
            close_resets: true,
            context_at_boot: true,
            accept_secllevel: false,
            ..Self::note()
        }
    }

    /// EG800K: file errors are texts and numbers mixed.
    #[must_use]
    pub fn eg800k() -> Self {
        Self {
            name: "eg800k",
            model: "EG800K",
            revision: "EG800KCNGCR07A06M04",
            accept_secllevel: false,
            files: Files::MIXED,
            ..Self::note()
        }
    }

    /// How a BG96 prints what it receives: empty lines around `+QMTRECV`. Its publish commands are
    /// not part of this family.
    #[must_use]
    pub fn bg96() -> Self {
        Self {
            name: "bg96",
            model: "BG96",
            revision: "BG96MAR02A07M1G",
            boot: BG96_BOOT,
            blank_lines_around_recv: true,
            config_until: ConfigUntil::Connect,
            open_needs_context: true,
            accept_secllevel: false,
            files: Files::BARE_LIST,
            ..Self::note()
        }
    }

    /// BG770A: nine settings, no empty line before the `OK` of QMT test forms.
    #[must_use]
    pub fn bg770a() -> Self {
        Self {
            name: "bg770a",
            model: "BG770A-GL",
            revision: "BG770AGLAAR01A05",
            test_forms: &BG770A_FORMS,
            settings: BG770A_SETTINGS,
            limits: Limits {
                cid: 5,
                ..Self::note().limits
            },
            compact_test: true,
            open_needs_context: true,
            accept_secllevel: false,
            ..Self::note()
        }
    }

    /// BG95 class: no empty line before the `OK` of QMT read forms.
    #[must_use]
    pub fn bg95() -> Self {
        Self {
            name: "bg95",
            model: "BG95-M3",
            revision: "BG95M3LAR02A03",
            boot: BG96_BOOT,
            compact_read: true,
            open_needs_context: true,
            accept_secllevel: false,
            files: Files::BARE_LIST,
            ..Self::note()
        }
    }

    /// How an M95 prints what it receives: nothing quoted.
    #[must_use]
    pub fn m95() -> Self {
        Self {
            name: "m95",
            model: "M95",
            revision: "M95FAR03A04",
            settings: M95_SETTINGS,
            quote_topic: false,
            quote_payload: false,
            accept_secllevel: false,
            ..Self::note()
        }
    }

    /// How a BC95 prints: no space behind the colon of a result line.
    #[must_use]
    pub fn bc95() -> Self {
        Self {
            name: "bc95",
            model: "BC95",
            revision: "BC95GJBR01A01",
            colon_space: false,
            accept_secllevel: false,
            ..Self::note()
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::note()
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;

    #[test]
    fn every_name_is_a_profile_of_that_name() {
        for name in Profile::NAMES {
            assert_eq!(Profile::by_name(name).unwrap().name, *name);
        }
        assert!(Profile::by_name("nothing").is_none());
    }
}
