//! `AT+QMTOPEN` and `AT+QMTCLOSE`: the network of a client.

use std::time::Duration;

use crate::error::Result;
use crate::wire::CommandLine;

/// Longest time from `AT+QMTOPEN` to its result: 120 s by the note, and a margin.
pub(crate) const OPEN_DEADLINE: Duration = Duration::from_secs(125);
/// Longest time from `AT+QMTCLOSE` or `AT+QMTDISC` to its result: 30 s by the note, and a margin.
pub(crate) const CLOSE_DEADLINE: Duration = Duration::from_secs(35);
/// How long a close that was answered `OK` waits for its result line, which some modules never
/// print (register A63).
pub(crate) const CLOSE_GRACE: Duration = Duration::from_secs(3);

/// `AT+QMTOPEN=client,"host",port`.
pub(crate) fn open(client: u8, host: &str, port: u16) -> Result<CommandLine> {
    CommandLine::new("AT+QMTOPEN")
        .int(client)
        .text("host", host, 1..=100)?
        .ranged("port", port, 1..=65_535)
}

/// Longest time from `AT+QMTOPEN` to its result with TLS, where the handshake has a limit of its own:
/// 150 s and `negotiatetime`, which is 300 s unless set otherwise, and a margin.
pub(crate) fn tls_deadline(negotiatetime: Option<u16>) -> Duration {
    Duration::from_secs(120.max(150 + u64::from(negotiatetime.unwrap_or(300))) + 5)
}

/// `AT+QMTCLOSE=client`.
pub(crate) fn close(client: u8) -> CommandLine {
    CommandLine::new("AT+QMTCLOSE").int(client)
}

/// What the `<result>` of `+QMTOPEN` means, and what to do.
pub(crate) fn open_result(result: i32) -> &'static str {
    match result {
        -1 => "the network could not be opened (refused, unreachable, or TLS failed)",
        1 => "the module calls a parameter wrong",
        2 => "the client is in use already; close it, or open it with replace",
        3 => "the PDP context could not be activated: check SIM, registration and APN",
        4 => "the host name does not resolve",
        5 => "the network was lost while opening",
        _ => "an undocumented result",
    }
}
