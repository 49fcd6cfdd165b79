//! Runs typed lines: one command after the other, one final code, what was said meanwhile after it.

use std::collections::VecDeque;
use std::time::Duration;

use super::data::DataEntry;
use super::file_data::{Download, Upload};
use super::line::{self, Command, Form, Typed};
use super::params::{Failure, Params};
use super::speak::{Kind, Say};
use super::{Module, table};
use crate::fault::{Action, On, Point};

/// What typed bytes mean at the moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A command line.
    Command,
    /// Nothing: the prompt has not been written yet (A70).
    AwaitPrompt(DataEntry),
    /// Payload.
    Data(DataEntry),
    /// Nothing: `CONNECT` has not been written yet.
    AwaitConnect(Upload),
    /// Bytes of a file.
    Upload(Upload),
    /// Nothing: a file is on its way out.
    Download,
    /// Nothing: surplus of a payload, until its final code has been written (A56).
    AwaitFinal,
    /// Nothing, until the line has been idle (A21).
    Discard {
        /// When it has been.
        until: Duration,
    },
    /// Nothing: the module is off or starting.
    Off,
}

impl Mode {
    pub(crate) fn is_data(&self) -> bool {
        matches!(self, Self::Data(_))
    }

    /// Whether a file is transferred.
    pub(crate) fn is_transfer(&self) -> bool {
        matches!(
            self,
            Self::AwaitConnect(_) | Self::Upload(_) | Self::Download
        )
    }

    pub(crate) fn due(&self) -> Option<Duration> {
        match self {
            Self::Data(entry) => entry.deadline,
            Self::Upload(upload) => Some(upload.due()),
            Self::Discard { until } => Some(*until),
            _ => None,
        }
    }
}

/// What follows a final code.
#[derive(Debug)]
pub(crate) enum Deferred {
    Say(Say),
    Reboot,
    PowerDown,
    Registration(u8),
}

/// A final code that does not come at once.
#[derive(Debug)]
struct LateFinal {
    at: Duration,
    bytes: Vec<u8>,
    result_first: bool,
}

/// The line that runs.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// A command is running just now.
    pub(crate) executing: bool,
    /// Name of the last command of the line, without `+`.
    pub(crate) command: String,
    /// The client it names.
    pub(crate) client: Option<usize>,
    /// Answer lines.
    pub(crate) info: Vec<Vec<u8>>,
    /// What comes after the final code.
    pub(crate) deferred: Vec<Deferred>,
    /// The next final code has no empty line before it.
    pub(crate) compact: bool,
    /// The next final code does not come at all.
    pub(crate) silent: bool,
    rest: VecDeque<Option<Command>>,
    late: Option<LateFinal>,
}

impl Running {
    pub(crate) fn due(&self) -> Option<Duration> {
        self.late.as_ref().map(|late| late.at)
    }

    /// Drops the commands of the line that have not run.
    pub(crate) fn stop(&mut self) {
        self.rest.clear();
    }

    /// Whether a result of this command has to be ordered against a late final code.
    pub(crate) fn holds_back(&self, command: &str) -> bool {
        self.late.is_some() && self.command == command
    }
}

/// How a command that did not fail goes on.
pub(crate) enum Done {
    /// It has ended well.
    Ok,
    /// It wants its payload.
    Data(DataEntry),
    /// It wants the bytes of a file.
    Upload(Upload),
    /// It sends the bytes of a file.
    Download(Download),
    /// It never came to the module, and nothing of its line behind it.
    Lost,
}

/// What a handler answers.
pub(crate) type Reply = Result<Done, Failure>;

impl Module {
    /// One byte from the host.
    pub(crate) fn typed(&mut self, byte: u8) {
        if self.deaf_for_now {
            self.ends.dropped(byte);
            return;
        }
        match self.mode {
            Mode::Command if self.running.late.is_some() => self.typed_ahead.push_back(byte),
            Mode::Command => self.typed_command(byte),
            Mode::Data(_) => self.typed_data(byte),
            Mode::Upload(_) => self.typed_file(byte),
            Mode::AwaitPrompt(_)
            | Mode::AwaitConnect(_)
            | Mode::Download
            | Mode::AwaitFinal
            | Mode::Off => self.ends.dropped(byte),
            Mode::Discard { .. } => {
                self.mode = Mode::Discard {
                    until: self.now + super::data::IDLE,
                };
            }
        }
    }

    fn typed_command(&mut self, byte: u8) {
        if self.ends.in_command(byte) {
            return;
        }
        let (end, rubout) = (self.preferences.s3, self.preferences.s5);
        let limit = self.profile.line_limit;
        let mut echo = Vec::new();
        let typed = self.editor.feed(byte, end, rubout, limit, &mut echo);
        if self.preferences.echo {
            self.echoed.append(&mut echo);
        }
        let Some(typed) = typed else { return };
        self.flush_echo();
        match typed {
            Typed::Line(line) => self.run_line(&line),
            Typed::Repeat => {
                let line = self.editor.last();
                self.run_line(&line);
            }
            Typed::TooLong => self.finish(Err(Failure::Error)),
        }
    }

    fn run_line(&mut self, line: &[u8]) {
        // What has no AT in it is noise to a module.
        let Some(text) = line::after_prefix(line) else {
            return;
        };
        self.running.rest = line::split(text, &self.with_message());
        self.running.command.clear();
        self.running.client = None;
        self.running.compact = false;
        self.go_on();
    }

    /// The commands that may carry a message in their line.
    fn with_message(&self) -> Vec<&'static str> {
        let (publish, pubex) = (self.profile.qmtpub, self.profile.qmtpubex);
        let inline = [("+QMTPUB", publish.inline), ("+QMTPUBEX", pubex.inline)];
        let names = inline.into_iter().filter(|(_, inline)| *inline);
        names.map(|(name, _)| name).collect()
    }

    /// Runs the commands of the line that are left.
    pub(crate) fn go_on(&mut self) {
        let mut outcome = Ok(());
        while let Some(command) = self.running.rest.pop_front() {
            let reply = match command {
                Some(command) => self.run_command(&command),
                None => Err(Failure::Error),
            };
            if self.mode == Mode::Off {
                // A reboot struck; there is no one left to answer.
                self.running = Running::default();
                return;
            }
            self.flush_info();
            match reply {
                Ok(Done::Ok) => {}
                Ok(Done::Data(entry)) => return self.ask(entry),
                Ok(Done::Upload(upload)) => return self.ask_file(upload),
                Ok(Done::Download(download)) => {
                    if !self.send_file(download) {
                        return;
                    }
                }
                Ok(Done::Lost) => {
                    self.running.stop();
                    self.running.silent = true;
                }
                Err(failure) => {
                    self.running.stop();
                    outcome = Err(failure);
                }
            }
        }
        self.finish(outcome);
    }

    fn run_command(&mut self, command: &Command) -> Reply {
        command
            .name
            .trim_start_matches('+')
            .clone_into(&mut self.running.command);
        self.running.compact = false;
        let params = match &command.form {
            Form::Write(text) if self.with_message().contains(&command.name.as_str()) => {
                Params::parse_message(text, self.profile.bare_strings)
            }
            Form::Write(text) => Params::parse(text, self.profile.bare_strings),
            _ => Params::parse(b"", false),
        }
        .map(|params| params.of_clients(self.profile.clients));
        self.running.client = named_client(&command.name, params.as_ref().ok());
        let (name, client) = (self.running.command.clone(), self.running.client);
        self.events_at(On::Command, &name, client);
        if self.mode == Mode::Off {
            return Ok(Done::Ok);
        }
        let mut forced = None;
        for fault in self.strikes(Point::Command, &name, client) {
            forced = Some(match fault.action() {
                Action::Lose => Ok(Done::Lost),
                Action::Cme => Err(Failure::ForcedCme(fault.code.unwrap_or(0))),
                _ => Err(Failure::Error),
            });
        }
        if let Some(reply) = forced {
            return reply;
        }
        let entry = table::find(&command.name).ok_or(Failure::Error)?;
        self.running.executing = true;
        let reply = table::run(self, entry, &command.form, params);
        self.running.executing = false;
        if reply.is_err() {
            self.running.info.clear();
        }
        reply
    }

    /// Ends the line with its final code.
    pub(crate) fn finish(&mut self, outcome: Result<(), Failure>) {
        let publishing =
            self.mode == Mode::AwaitFinal && self.running.command.starts_with("QMTPUB");
        let compact = self.running.compact && outcome.is_ok();
        let (command, client) = (self.running.command.clone(), self.running.client);
        self.events_at(On::Answer, &command, client);
        if self.mode == Mode::Off {
            return;
        }
        let bytes = self.final_code(outcome, compact);
        let mut delay = Duration::ZERO;
        let mut lost = std::mem::take(&mut self.running.silent);
        let mut result_first = false;
        if publishing && outcome.is_ok() {
            delay = self.profile.publish_ok_delay;
        }
        for fault in self.strikes(Point::Final, &command, client) {
            let ms = Duration::from_millis(fault.ms.unwrap_or(10_000));
            match fault.action() {
                Action::Delay => delay += ms,
                Action::Lose => lost = true,
                Action::ResultFirst => {
                    result_first = true;
                    delay = delay.max(ms);
                }
                _ => {}
            }
        }
        if lost {
            self.lost(Some(super::speak::Mark::Final));
            self.after_final();
        } else if delay.is_zero() {
            self.put_final(bytes);
            self.after_final();
        } else {
            self.running.late = Some(LateFinal {
                at: self.now + delay,
                bytes,
                result_first,
            });
            for deferred in std::mem::take(&mut self.running.deferred) {
                match deferred {
                    Deferred::Say(say) => self.say(say),
                    other => self.running.deferred.push(other),
                }
            }
        }
    }

    fn put_final(&mut self, bytes: Vec<u8>) {
        self.put(Say {
            kind: Kind::Final,
            command: self.running.command.clone(),
            client: self.running.client,
            bytes,
        });
    }

    /// A result came while its command still has no final code.
    pub(crate) fn result_meets_final(&mut self, say: Say) {
        if self
            .running
            .late
            .as_ref()
            .is_some_and(|late| late.result_first)
        {
            self.put(say);
            self.release_final();
        } else {
            self.running.deferred.push(Deferred::Say(say));
        }
    }

    /// Writes a late final code, then runs what was typed meanwhile.
    pub(crate) fn release_final(&mut self) {
        let Some(late) = self.running.late.take() else {
            return;
        };
        self.put_final(late.bytes);
        self.after_final();
        while self.running.late.is_none() && self.mode == Mode::Command {
            let Some(byte) = self.typed_ahead.pop_front() else {
                break;
            };
            self.typed_command(byte);
        }
        self.flush_echo();
    }

    fn after_final(&mut self) {
        let (command, client) = (self.running.command.clone(), self.running.client);
        for say in std::mem::take(&mut self.held) {
            self.put(say);
        }
        for deferred in std::mem::take(&mut self.running.deferred) {
            match deferred {
                Deferred::Say(say) => self.say(say),
                Deferred::Reboot => return self.reboot(),
                Deferred::PowerDown => return self.power_down(),
                Deferred::Registration(status) => self.register(status),
            }
        }
        self.events_at(On::Final, &command, client);
    }

    /// The final code has left: surplus of a payload ends here.
    pub(crate) fn final_written(&mut self) {
        if self.mode == Mode::AwaitFinal {
            self.mode = Mode::Command;
            self.editor.clear();
        }
    }
}

/// The client that a QMT command names, for faults that mean one client.
fn named_client(name: &str, params: Option<&Params>) -> Option<usize> {
    let params = params?;
    match name {
        "+QMTCFG" => params.client(1).ok(),
        _ if name.starts_with("+QMT") => params.client(0).ok(),
        _ => None,
    }
}
