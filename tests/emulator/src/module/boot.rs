//! Starting, restarting, switching off.

use std::time::Duration;

use super::client::Client;
use super::events::Event;
use super::file_open::OpenFiles;
use super::network::Network;
use super::run::{Mode, Running};
use super::{Module, Timed};
use crate::packet::ToBroker;

impl Module {
    /// Restarts: what is not stored is lost, the module is deaf for a while, then the boot lines
    /// come.
    pub(crate) fn reboot(&mut self) {
        self.forget();
        for (ms, line) in self.profile.boot {
            let delay = Duration::from_millis(*ms);
            let bytes = format!("\r\n{line}\r\n").into_bytes();
            self.schedule(delay, Timed::Event(Event::Raw(bytes), None));
        }
        let first = self.profile.boot.first().map_or(0, |(ms, _)| *ms);
        self.schedule(
            Duration::from_millis(first),
            Timed::Event(Event::Awake, None),
        );
        let registered = Duration::from_millis(self.profile.registration_ms);
        self.schedule(registered, Timed::Network(1));
        self.network.status = 2;
    }

    /// Says goodbye and stays deaf.
    pub(crate) fn power_down(&mut self) {
        self.forget();
        self.raw(b"\r\nPOWERED DOWN\r\n".to_vec());
    }

    fn forget(&mut self) {
        for index in 0..super::CLIENTS {
            if self.clients[index].phase.in_use() {
                self.link(index, ToBroker::Close);
            }
            self.clients[index] = Client::new(&self.profile);
        }
        // Faults set for a time keep it; what was about to happen inside is lost.
        self.timed
            .retain(|(_, _, timed)| matches!(timed, Timed::Again(..)));
        self.editor.clear();
        self.echoed.clear();
        self.held.clear();
        self.typed_ahead.clear();
        self.running = Running::default();
        self.mode = Mode::Off;
        self.preferences = self.saved.clone();
        self.system.restart();
        self.network = Network::new(&self.profile);
        self.open_files = OpenFiles::default();
        self.contexts = Default::default();
    }
}
