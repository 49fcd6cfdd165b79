//! Dialects: what differs between the application note and real modules, as plain knobs.
//!
//! [`Profile`] has the knobs; each family of modules is a file that turns them.

mod files;
mod gsm;
mod knobs;
mod lpwa;
mod lte;
mod nbiot;
mod note;
mod settings;
mod standard;

use std::time::Duration;

pub use files::Files;
pub use knobs::{
    CloseClosed, ConfigUntil, ConnackLost, HexLength, Limits, OpenOccupied, PayloadEcho, PingLost,
    PublishForms, RetrySpan, SlotsFull, TestForms,
};

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
    /// How many MQTT clients it has, up to [`CLIENTS`](crate::module::CLIENTS).
    pub clients: u8,
    /// Echo (`ATE`) after a start.
    pub echo: bool,
    /// Longest command line, bytes. No document prints one; this is generous.
    pub line_limit: usize,
    /// String parameters may come without quotes (`AT+QMTCONN=0,0`, seen on EC800M).
    pub bare_strings: bool,

    /// How `AT+QMTPUB` takes its payload.
    pub qmtpub: PublishForms,
    /// How `AT+QMTPUBEX` takes its payload (A47).
    pub qmtpubex: PublishForms,
    /// `AT+QMTPUBEX` is answered by `+QMTPUB:` (BG95).
    pub pubex_answers_as_pub: bool,
    /// The prompt, as written (A36).
    pub prompt: &'static str,
    /// When the payload is echoed.
    pub payload_echo: PayloadEcho,
    /// URCs are written also while a payload is awaited; else they wait for its end.
    pub urc_in_data: bool,
    /// A prompt ends with `ERROR` after this long without a byte, whatever `edit/timeout` says
    /// (BC660K).
    pub data_timeout: Option<Duration>,
    /// From the last payload byte to the `OK`.
    pub publish_ok_delay: Duration,
    /// An empty payload has a prompt, and its `OK` comes when the line falls silent (A61).
    pub empty_payload_prompt: bool,

    /// Lines of the nine QMT test forms differ: see the constants of this file.
    pub test_forms: &'static TestForms,
    /// `AT+QMTCFG=?`: the names, in order, with what is printed behind them.
    pub settings: &'static [(&'static str, &'static str)],
    /// The name of the setting stands in the answer to its query (BC660K: no).
    pub setting_name_in_query: bool,
    /// What `version` calls MQTT 3.1 and 3.1.1.
    pub versions: [u8; 2],
    /// `<pkt_timeout>` and `<retry_times>` after a start.
    pub timeout: (u32, u32),
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
    /// `+QMTSTAT` code of clients whose context or registration is lost: 7, the link is dead, by the
    /// words of table 4; 1 was captured.
    pub context_lost_stat: u8,
    /// `+QMTUNS: idx,msgid,0` has a value behind it for every topic, as a driver has seen (A6).
    pub unsubscribe_value: bool,
    /// No CONNACK in time (A65).
    pub connack_lost: ConnackLost,
    /// `+QMTSTAT` after a publish that failed on all retries, with the end of the connection (A67); else
    /// it goes on.
    pub stat_after_failed_publish: Option<u8>,
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

impl Profile {
    /// The dialects whose `AT+QMTPUBEX` is that of the note: with a length and a prompt.
    pub const NAMES: &'static [&'static str] = &[
        "note",
        "note-example",
        "note-uart",
        "ec600s",
        "ec800m",
        "ec200u",
        "eg800k",
    ];

    /// The dialects of the sister families, which publish with `AT+QMTPUB`.
    pub const SISTERS: &'static [&'static str] =
        &["bg96", "bg95", "bg770a", "ec25", "m95", "bc66", "bc95"];

    /// All the names that [`Profile::by_name`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().chain(Self::SISTERS).copied()
    }

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
            "ec25" => Self::ec25(),
            "bc66" => Self::bc66(),
            "m95" => Self::m95(),
            "bc95" => Self::bc95(),
            _ => return None,
        })
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
        for name in Profile::names() {
            assert_eq!(Profile::by_name(name).unwrap().name, name);
        }
        assert!(Profile::by_name("nothing").is_none());
    }

    #[test]
    fn every_command_has_a_test_form_and_every_family_its_publish_command() {
        for name in Profile::names() {
            let profile = Profile::by_name(name).unwrap();
            let forms = profile.test_forms;
            assert_eq!(profile.qmtpub.any(), !forms.publish.is_empty(), "{name}");
            assert_eq!(profile.qmtpubex.any(), !forms.pubex.is_empty(), "{name}");
            assert_eq!(profile.qmtpub.any(), Profile::SISTERS.contains(&name));
            assert!(usize::from(profile.clients) <= crate::module::CLIENTS);
        }
    }
}
