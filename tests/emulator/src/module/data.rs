//! The state behind the prompt: counted bytes, their echo, and the ways out of it.

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

/// A payload on its way in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataEntry {
    pub(crate) client: usize,
    pub(crate) purpose: Purpose,
    /// Bytes to type.
    pub(crate) want: usize,
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
    pub(crate) fn new(client: usize, purpose: Purpose, want: usize) -> Self {
        Self {
            client,
            purpose,
            want,
            got: Vec::with_capacity(want),
            deadline: None,
        }
    }
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
        if matches!(self.mode, Mode::AwaitConnect(_)) {
            return self.connect_written();
        }
        let Mode::AwaitPrompt(mut entry) = std::mem::replace(&mut self.mode, Mode::Command) else {
            return;
        };
        let edit = self.clients[entry.client].config.edit;
        if entry.want == 0 {
            entry.deadline = Some(self.now + IDLE);
        } else if edit.on {
            entry.deadline = Some(self.now + Duration::from_secs(u64::from(edit.seconds)));
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
        if entry.want == 0 {
            // Nothing was announced, so all of it is surplus; it puts the end off.
            entry.deadline = Some(self.now + IDLE);
            return;
        }
        entry.got.push(byte);
        let (client, half, full) = (
            entry.client,
            entry.got.len() == entry.want.div_ceil(2),
            entry.got.len() == entry.want,
        );
        if self.echoes_payload(client) {
            self.echoed.push(byte);
        }
        if half {
            let command = self.running.command.clone();
            self.flush_echo();
            self.events_at(On::Payload, &command, Some(client));
        }
        if full && self.mode.is_data() {
            self.data_complete();
        }
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
        match entry.purpose {
            Purpose::Publish(head) => self.publish(entry.client, head, &entry.got),
            Purpose::Will(mut will) => {
                will.message = entry.got;
                self.clients[entry.client].config.will = Some(will);
                Ok(Done::Ok)
            }
        }
    }

    /// `edit/timeout` has expired, an empty payload has ended, or the line has fallen silent.
    pub(crate) fn data_timeout(&mut self) {
        match &self.mode {
            Mode::Data(entry) if entry.want == 0 => self.data_complete(),
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
