//! Which command lines of a caller's own are let through to the module.

use crate::error::{Error, Result};
use crate::wire::CommandLine;

/// Basic commands (`AT<letter>...`) that change how lines are read, or leave command mode.
const BASIC: [(&str, &str); 9] = [
    ("E1", "turns echo on"),
    ("V0", "turns result codes into numbers"),
    ("Q1", "turns result codes off"),
    ("S3", "changes the end of lines"),
    ("S4", "changes the end of lines"),
    ("&F", "turns echo on"),
    ("Z", "may turn echo on"),
    ("D", "leaves command mode"),
    ("O", "leaves command mode"),
];

/// Extended commands whose set form is refused.
const EXTENDED: [(&str, &str); 3] = [
    ("+IPR", "changes the baud rate"),
    ("+CMUX", "leaves command mode"),
    (
        "+QICFG=\"VIEWMODE\"",
        "changes how received data is printed",
    ),
];

/// Set forms that answer with `CONNECT` or `>` and then take or give data.
const DATA: [&str; 9] = [
    "+QFUPL",
    "+QFDWL",
    "+QFREAD",
    "+QFWRITE",
    "+QISEND",
    "+QSSLSEND",
    "+QIRD",
    "+QSSLRECV",
    "+CMGS",
];

/// Data that these announce and print is not counted by the library.
const COUNTED_OUTPUT: [&str; 4] = ["+QFDWL", "+QFREAD", "+QIRD", "+QSSLRECV"];

/// Takes a caller's command line, or says why not.
pub(crate) fn checked(line: &str, with_data: bool) -> Result<CommandLine> {
    let line = line.trim();
    let command = CommandLine::verbatim(line)?;
    let refuse = |why: String| {
        Err(Error::argument(
            "command",
            format!("\"{command}\""),
            format!("another one: {why}"),
        ))
    };
    let upper = line.to_ascii_uppercase();
    if upper == "A/" {
        return refuse("it repeats a command that is not known here".to_owned());
    }
    let Some(body) = upper.strip_prefix("AT") else {
        return refuse("an AT command begins with AT".to_owned());
    };
    for part in split(body) {
        let (basic, extended) = basics(part.trim());
        for (text, why) in BASIC {
            if basic.iter().any(|command| matches_basic(command, text)) {
                return refuse(format!("{text} {why}"));
            }
        }
        let test = extended.ends_with("=?");
        if extended.starts_with("+QMT") && extended.contains('=') && !test {
            return refuse("the library does this itself; see the methods of Client".to_owned());
        }
        if let Some((text, why)) = EXTENDED
            .iter()
            .find(|(text, _)| extended.starts_with(text) && extended.contains('=') && !test)
        {
            return refuse(format!("AT{text} {why}"));
        }
        if !test && COUNTED_OUTPUT.iter().any(|data| is_set(extended, data)) {
            return refuse("the module answers it with bytes that are no lines".to_owned());
        }
        if !test && !with_data && DATA.iter().any(|data| is_set(extended, data)) {
            return refuse("it asks for data: use command_with_data".to_owned());
        }
    }
    Ok(command)
}

fn is_set(command: &str, name: &str) -> bool {
    command
        .strip_prefix(name)
        .is_some_and(|rest| rest.starts_with('='))
}

/// `E` alone means `E0`, so only the exact digit counts; `S3`, `D`, `Z` and the like count whatever follows.
fn matches_basic(command: &str, text: &str) -> bool {
    match text {
        "D" | "O" | "Z" | "&F" => command.starts_with(text),
        "S3" | "S4" => command.starts_with(text) && command.contains('='),
        _ => command == text,
    }
}

/// The commands of a line, split at semicolons outside quotation marks.
fn split(body: &str) -> Vec<&str> {
    let mut quoted = false;
    body.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    })
    .collect()
}

/// The basic commands at the front of a part, and the extended one behind them.
fn basics(part: &str) -> (Vec<&str>, &str) {
    let mut found = Vec::new();
    let mut rest = part;
    loop {
        let mut chars = rest.char_indices();
        let letter = match chars.next() {
            Some((_, '&')) => chars.next().is_some().then_some(2),
            Some((_, c)) if c.is_ascii_alphabetic() => Some(1),
            _ => None,
        };
        let Some(start) = letter.filter(|&at| rest.is_char_boundary(at)) else {
            return (found, rest);
        };
        // A dial string is the rest of the line; an S register has a number and a value.
        let end = if rest.starts_with('D') {
            rest.len()
        } else {
            rest[start..]
                .find(|c: char| !(c.is_ascii_digit() || matches!(c, '=' | '?')))
                .map_or(rest.len(), |at| start + at)
        };
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn ordinary_commands_pass() {
        for line in [
            "AT",
            "ati",
            "AT+CSQ",
            "AT+QMTOPEN=?",
            "AT+QMTCONN?",
            "AT+QMTCFG=?",
            "ATE0",
            "AT&V",
            "AT+CSQ;+CREG?",
            "AT+QICSGP=1,1,\"a;E1\"",
            "AT+IPR?",
            "AT+IPR=?",
            "AT+QFUPL=?",
            "ATS3?",
            "ATE0V1",
            "AT+CGDCONT=1,\"IP\",\"cmnet\"",
            "AT+QIACT=1",
            "AT+CFUN=1,1",
            "AT%STATUS",
        ] {
            checked(line, false).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        checked("AT+QFUPL=\"a\",3,10", true).unwrap();
    }

    #[test]
    fn what_would_confuse_the_line_is_refused() {
        for line in [
            "",
            "hello",
            "A/",
            "a/",
            "ATE1",
            "ate1",
            "ATV0",
            "ATQ1",
            "ATE0V0",
            "ATZ",
            "AT&F",
            "AT&F0",
            "ATD*99#",
            "ATO",
            "AT+IPR=9600",
            "AT+CMUX=0",
            "ATS3=10",
            "AT+CSQ;E1",
            "AT+QMTPUBEX=0,0,0,0,\"t\",5",
            "at+qmtcfg=\"keepalive\",0",
            "AT+CSQ;+QMTCLOSE=0",
            "AT+QFUPL=\"a\",3",
            "AT+QFDWL=\"a\"",
            "AT+CSQ\rAT+CFUN=0",
            "AT\n",
            "AT\0",
        ] {
            // A line end at the end is only a habit.
            if line == "AT\n" {
                continue;
            }
            let error = checked(line, false).expect_err(line);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{line}");
        }
        assert!(checked("AT+QFREAD=1,10", true).is_err());
        assert!(checked("AT+QMTPUBEX=0,0,0,0,\"t\",5", true).is_err());
    }

    #[test]
    fn secrets_in_a_refused_line_are_masked() {
        let error = checked("AT+QMTCONN=0,\"id\",\"user\",\"hunter2\"", false).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
