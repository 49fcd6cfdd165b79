//! The choices that a dialect makes.

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

/// What says that no CONNACK came (register A65). The connection is closed in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnackLost {
    /// `+QMTCONN: idx,2`, then `+QMTSTAT: idx,4`.
    Both,
    /// `+QMTCONN: idx,2`.
    Result,
    /// `+QMTSTAT: idx,4`.
    Stat,
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

/// How a publish command takes its payload. With nothing allowed the command does not exist, and
/// every form of it answers `ERROR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishForms {
    /// Nothing behind the topic: a prompt, then data until Ctrl+Z sends it or Esc cancels.
    pub variable: bool,
    /// A length behind the topic: a prompt, then exactly that many bytes.
    pub counted: bool,
    /// The payload itself behind the topic, in quotes; it reaches to the last quote of the line.
    pub inline: bool,
}

impl PublishForms {
    /// The command does not exist.
    pub const NONE: Self = Self {
        variable: false,
        counted: false,
        inline: false,
    };
    /// Only with a length.
    pub const COUNTED: Self = Self {
        counted: true,
        ..Self::NONE
    };
    /// Only in one line.
    pub const INLINE: Self = Self {
        inline: true,
        ..Self::NONE
    };
    /// With a length or until Ctrl+Z.
    pub const PROMPTED: Self = Self {
        variable: true,
        ..Self::COUNTED
    };
    /// Every way.
    pub const ALL: Self = Self {
        inline: true,
        ..Self::PROMPTED
    };

    /// Whether the command exists.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::NONE
    }
}

/// The limits of parameters, as far as they differ.
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
    /// Smallest length of a payload.
    pub payload_min: u32,
    /// Largest payload, as typed: with hexadecimal format on, in characters.
    pub payload_max: u32,
    /// Longest topic of a will.
    pub will_topic: usize,
    /// Shortest and longest message of a will.
    pub will_message: (usize, usize),
    /// Longest client id, user name and password.
    pub credentials: [usize; 3],
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
    /// `AT+QMTPUB=?`
    pub publish: &'static str,
    /// `AT+QMTPUBEX=?`
    pub pubex: &'static str,
}
