//! What arrived: echo, final result code, answer, result line, or something that nobody asked for.

use std::time::Instant;

use super::Engine;
use super::line::{Active, Final, LineState, Owner, Stage};
use super::op::Role;
use super::sync::Sync;
use crate::event::Event;
use crate::mask::{self, BARE_URCS, Private};
use crate::mqtt::CLIENTS;
use crate::mqtt::line::Line;
use crate::wire::{Fields, Loss, RawMessage, Token};

impl Engine {
    /// Takes one token in. Gives the bytes whose echo comes next, after a prompt.
    pub(super) fn token(&mut self, now: Instant, token: Token<'_>) -> Option<Vec<u8>> {
        match token {
            Token::Line(line) => {
                if self.shows(line) {
                    log::trace!(target: "atmqtt::wire", "< {}", mask::shown(line));
                } else {
                    log::trace!(target: "atmqtt::wire", "< ({} bytes that may be secret)", line.len());
                }
                self.text(now, line);
            }
            Token::Prompt => {
                log::trace!(target: "atmqtt::wire", "< >");
                return self.prompted(now);
            }
            Token::Message(raw) => {
                log::trace!(
                    target: "atmqtt::wire",
                    "< +QMTRECV: {},{},\"{}\",{}",
                    raw.client,
                    raw.msgid,
                    raw.topic.escape_ascii(),
                    mask::shortened(raw.payload)
                );
                self.message(raw);
            }
            Token::Raw(bytes) => {
                log::trace!(target: "atmqtt::wire", "< ({} bytes of a file)", bytes.len());
                self.downloaded(bytes);
            }
            Token::Ack => {
                log::trace!(target: "atmqtt::wire", "< A");
                self.acknowledged(now);
            }
            Token::Lost(loss) => {
                self.lost_input(loss);
                self.transfer_lost(now);
            }
        }
        None
    }

    fn message(&mut self, raw: RawMessage<'_>) {
        if !self.in_step {
            let what = format!(
                "a message for client {} that came before the port was in step",
                raw.client
            );
            self.event(Event::InputLost { what });
        } else if raw.client < CLIENTS {
            self.received(raw);
        } else {
            let what = format!("a message for client {}, which does not exist", raw.client);
            self.event(Event::InputLost { what });
        }
    }

    fn lost_input(&mut self, loss: Loss) {
        let what = match loss {
            Loss::LongLine => "a line longer than any the module prints".to_owned(),
            Loss::LargePayload { client, length } => format!(
                "a message of {length} bytes for client {client}, more than the limit for payloads"
            ),
            Loss::Unframed => {
                "a message whose end is not where its length says; everything up to the next silence \
                 of the line is discarded with it"
                    .to_owned()
            }
        };
        log::warn!("input lost: {what}");
        self.event(Event::InputLost { what });
    }

    fn text(&mut self, now: Instant, line: &[u8]) {
        if !self.in_step {
            return self.text_before_sync(now, line);
        }
        if self.is_echo(line) {
            return;
        }
        if self.transfer_line(now, line) {
            return;
        }
        if let Some(active) = &self.active {
            if let Some(code) = Final::parse(line) {
                return self.finalised(now, code);
            }
            if active.data.is_some() && active.role == Role::Collect {
                // Commands with data that the library has no words for.
                match line {
                    b"SEND OK" => return self.finalised(now, Final::Ok),
                    b"SEND FAIL" => return self.finalised(now, Final::Error),
                    _ if active.stage == Stage::Prompt
                        && line.starts_with(b"CONNECT")
                        && !self.is_stale(now) =>
                    {
                        self.prompted(now);
                        return;
                    }
                    _ => {}
                }
            }
        }
        match Line::parse(line) {
            Some(parsed) if !self.answers_query(&parsed) => self.result(now, parsed, line),
            _ if self.is_answer(line) => {
                if let Some(active) = &mut self.active {
                    active.answer.push(line.to_vec());
                }
            }
            _ => self.unasked(line),
        }
    }

    /// A line that is nobody's. An event shows it whole.
    fn unasked(&mut self, line: &[u8]) {
        let secret = !mask::secrets_in(line).is_empty();
        if self.shows(line) && !secret {
            return self.event(Event::Urc(line.to_vec()));
        }
        let place = match self.private {
            Private::File => "in the midst of a file",
            Private::Secret => "where one with a secret may come",
            Private::Nothing => "with a secret that nobody has asked for",
        };
        let what = format!("a line of {} bytes {place}", line.len());
        self.event(Event::InputLost { what });
    }

    /// Whether a line may be shown, but for the secrets that are found in it.
    fn shows(&self, line: &[u8]) -> bool {
        let echo = |active: &Active| line == active.line.as_bytes();
        self.private.shows(line) || self.active.as_ref().is_some_and(echo)
    }

    /// Before the first command has been answered nothing changes any state: it may be the middle of a
    /// payload. Only what answers the first commands counts.
    fn text_before_sync(&mut self, now: Instant, line: &[u8]) {
        if line == b"RDY" {
            return self.line_restarted(now);
        }
        let Some(active) = &mut self.active else {
            return;
        };
        let Owner::Sync(sync) = active.owner else {
            return;
        };
        if line.starts_with(b"+CMEE:") {
            active.answer.push(line.to_vec());
        } else if let Some(code) = Final::parse(line) {
            self.finalised(now, code);
        } else if matches!(sync, Sync::Normalise(_)) && matches!(line, b"0" | b"4") {
            // The result code of a module that was left with numeric ones.
            self.finalised(now, Final::Ok);
        }
    }

    fn is_echo(&mut self, line: &[u8]) -> bool {
        match &mut self.active {
            Some(active)
                if !active.echoed
                    && active.answer.is_empty()
                    && !matches!(active.stage, Stage::Data(_))
                    && line == active.line.as_bytes() =>
            {
                active.echoed = true;
                true
            }
            _ => false,
        }
    }

    /// Whether a line that could be a result or URC is part of the answer to a read form.
    fn answers_query(&self, line: &Line<'_>) -> bool {
        let Some(active) = &self.active else {
            return false;
        };
        let asks = |query: &[u8]| active.line.as_bytes().to_ascii_uppercase().ends_with(query);
        match line {
            Line::Connect { code: None, .. } => {
                active.role == Role::ConnectQuery || asks(b"+QMTCONN?")
            }
            Line::Slots { .. } => active.role == Role::SlotQuery || asks(b"+QMTRECV?"),
            _ => false,
        }
    }

    /// Whether a line belongs to the answer of the active command.
    fn is_answer(&self, line: &[u8]) -> bool {
        let Some(active) = &self.active else {
            return false;
        };
        match Fields::of_line(line) {
            Some((name, _)) => {
                names(active.line.as_bytes()).any(|command| command.eq_ignore_ascii_case(name))
            }
            None => {
                !matches!(self.line, LineState::Quiet { .. } | LineState::Stuck)
                    && !BARE_URCS.contains(&line)
                    && active.role == Role::Collect
                    && !matches!(active.owner, Owner::Sync(_))
            }
        }
    }
}

/// The names of the commands in a line, as `+CSQ` and `+CREG` in `AT+CSQ;+CREG?`.
fn names(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = match line.get(..2) {
        Some(at) if at.eq_ignore_ascii_case(b"AT") => &line[2..],
        _ => line,
    };
    line.split(|&b| b == b';').map(|command| {
        let command = command.trim_ascii();
        let end = command
            .iter()
            .position(|b| matches!(b, b'=' | b'?'))
            .unwrap_or(command.len());
        &command[..end]
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_of_a_line() {
        let all: Vec<_> = names(b"at+csq;+CREG?;+QIACT=1").collect();
        assert_eq!(all, [&b"+csq"[..], b"+CREG", b"+QIACT"]);
    }
}
