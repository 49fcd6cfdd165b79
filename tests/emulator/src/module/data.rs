//! The state behind the prompt: counted bytes or bytes up to Ctrl+Z, their echo, and the ways out of
//! it.

use std::time::Duration;

use super::Module;
use super::client::Will;
use super::params::Failure;
use super::publish::Head;
use super::run::{Done, Mode, Reply};
use super::speak::{Kind, Say};
use crate::fault::On;
use crate::profile::PayloadEcho;

/// Silence that ends the discarding of input after an expired `edit/timeout` (A21), and an empty
/// payload behind a prompt (A61).
pub(crate) const IDLE: Duration = Duration::from_millis(100);

const CTRL_Z: u8 = 0x1A;
const ESC: u8 = 0x1B;

/// What ends a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// So many bytes.
    Count(usize),
    /// Ctrl+Z, or Esc without sending it. More than `max` bytes before it are an error.
    CtrlZ { max: usize },
}

/// A payload on its way in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataEntry {
    pub(crate) client: usize,
    pub(crate) purpose: Purpose,
    pub(crate) until: Until,
    pub(crate) got: Vec<u8>,
    /// When it ends without the rest.
    pub(crate) deadline: Option<Duration>,
}

/// What the payload is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Publish(Head),
    Will(Will),
}

impl DataEntry {
    pub(crate) fn new(client: usize, purpose: Purpose, until: Until) -> Self {
        Self {
            client,
            purpose,
            until,
            got: Vec::new(),
            deadline: None,
        }
    }

    /// A payload of known length.
    pub(crate) fn counted(client: usize, purpose: Purpose, length: usize) -> Self {
        Self::new(client, purpose, Until::Count(length))
    }

    /// Nothing was announced.
    fn is_empty(&self) -> bool {
        self.until == Until::Count(0)
    }

    /// Takes a byte; what it means.
    fn take(&mut self, byte: u8) -> Taken {
        match self.until {
            Until::Count(want) => {
                self.got.push(byte);
                match self.got.len() {
                    len if len == want => Taken::Last,
                    _ => Taken::More,
                }
            }
            Until::CtrlZ { .. } if byte == CTRL_Z => Taken::End,
            Until::CtrlZ { .. } if byte == ESC => Taken::Cancel,
            Until::CtrlZ { max } => {
                // One too many is enough to know.
                if self.got.len() <= max {
                    self.got.push(byte);
                }
                Taken::More
            }
        }
    }

    /// Whether half of the payload is there; the first byte where its length is not known.
    fn is_half(&self) -> bool {
        match self.until {
            Until::Count(want) => self.got.len() == want.div_ceil(2),
            Until::CtrlZ { .. } => self.got.len() == 1,
        }
    }

    fn is_too_long(&self) -> bool {
        matches!(self.until, Until::CtrlZ { max } if self.got.len() > max)
    }
}

/// What a byte of a payload means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// There is more to come.
    More,
    /// It was the last one.
    Last,
    /// The payload was complete before it.
    End,
    /// The payload is not wanted after all.
    Cancel,
}

impl Module {
    /// Prompts for a payload.
    pub(crate) fn ask(&mut self, entry: DataEntry) {
        let client = entry.client;
        self.mode = Mode::AwaitPrompt(entry);
        let prompt = self.profile.prompt.as_bytes().to_vec();
        self.put(Say {
            kind: Kind::Prompt,
            command: self.running.command.clone(),
            client: Some(client),
            bytes: prompt,
        });
    }

    /// The prompt has left: payload from here on.
    pub(crate) fn prompt_written(&mut self) {
        match self.mode {
            Mode::AwaitConnect(_) => return self.connect_written(),
            Mode::AwaitPrompt(_) => {}
            // It was cut by a restart.
            _ => return,
        }
        let Mode::AwaitPrompt(mut entry) = std::mem::replace(&mut self.mode, Mode::Command) else {
            return;
        };
        let edit = self.clients[entry.client].config.edit;
        if entry.is_empty() {
            entry.deadline = Some(self.now + IDLE);
        } else if edit.on {
            entry.deadline = Some(self.now + Duration::from_secs(u64::from(edit.seconds)));
        } else {
            entry.deadline = self.profile.data_timeout.map(|time| self.now + time);
        }
        self.mode = Mode::Data(entry);
    }

    pub(crate) fn typed_data(&mut self, byte: u8) {
        if self.ends.in_data(byte) {
            return;
        }
        let Mode::Data(entry) = &mut self.mode else {
            return;
        };
        if entry.is_empty() {
            // Nothing was announced, so all of it is surplus; it puts the end off.
            entry.deadline = Some(self.now + IDLE);
            return;
        }
        if let Some(time) = self.profile.data_timeout {
            entry.deadline = Some(self.now + time);
        }
        let taken = entry.take(byte);
        let is_payload = matches!(taken, Taken::More | Taken::Last);
        let (client, half) = (entry.client, is_payload && entry.is_half());
        if is_payload && self.echoes_payload(client) {
            self.echoed.push(byte);
        }
        if half {
            let command = self.running.command.clone();
            self.flush_echo();
            self.events_at(On::Payload, &command, Some(client));
        }
        if !self.mode.is_data() {
            // An event put an end to it.
            return;
        }
        match taken {
            Taken::More => {}
            Taken::Last | Taken::End => self.data_complete(),
            Taken::Cancel => self.data_cancelled(),
        }
    }

    /// Nothing is sent, and the command has done what it was asked for.
    fn data_cancelled(&mut self) {
        self.flush_echo();
        self.mode = Mode::AwaitFinal;
        self.go_on();
    }

    fn echoes_payload(&self, client: usize) -> bool {
        self.clients[client].config.view
            || (self.profile.payload_echo == PayloadEcho::WithEcho && self.preferences.echo)
    }

    fn data_complete(&mut self) {
        let Mode::Data(entry) = std::mem::replace(&mut self.mode, Mode::AwaitFinal) else {
            return;
        };
        self.flush_echo();
        self.running.executing = true;
        let reply = self.take_payload(entry);
        self.running.executing = false;
        match reply {
            Ok(_) => self.go_on(),
            Err(failure) => {
                self.running.stop();
                self.finish(Err(failure));
            }
        }
    }

    fn take_payload(&mut self, entry: DataEntry) -> Reply {
        if entry.is_too_long() {
            return Err(Failure::Error);
        }
        match entry.purpose {
            Purpose::Publish(head) => self.publish(entry.client, head, &entry.got),
            Purpose::Will(mut will) => {
                will.message = entry.got;
                self.clients[entry.client].config.will = Some(will);
                Ok(Done::Ok)
            }
        }
    }

    /// The time for the payload is over, an empty payload has ended, or the line has fallen silent.
    pub(crate) fn data_timeout(&mut self) {
        match &self.mode {
            Mode::Data(entry) if entry.is_empty() => self.data_complete(),
            Mode::Data(_) => {
                self.flush_echo();
                self.mode = Mode::AwaitFinal;
                self.running.stop();
                self.finish(Err(Failure::Error));
                if self.mode != Mode::Off {
                    self.mode = Mode::Discard {
                        until: self.now + IDLE,
                    };
                }
            }
            Mode::Upload(_) => self.upload_timeout(),
            Mode::Discard { .. } => {
                self.mode = Mode::Command;
                self.editor.clear();
            }
            _ => {}
        }
    }
}
