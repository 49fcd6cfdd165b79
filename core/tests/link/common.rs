//! An emulated module, and what a link on it goes through.

use std::time::{Duration, Instant};

use atmqtt::{
    Backoff, Connect, Event, Events, Link, LinkBuilder, LinkCause, LinkChange, LinkState, Modem,
};
use atmqtt_emulator::runtime::{Builder, Emulator};

/// Far more than anything takes here: only a test that has failed waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Emulator::builder())
    }

    pub(crate) fn with(builder: Builder) -> Self {
        let emulator = builder.start().expect("emulator");
        Self { emulator }
    }

    pub(crate) fn fault(&self, spec: &str) {
        let fault = spec
            .parse()
            .unwrap_or_else(|error| panic!("{spec}: {error}"));
        self.emulator.inject_fault(fault);
    }

    /// A link that does not wait long.
    pub(crate) fn builder(&self) -> LinkBuilder {
        quick(Link::builder(self.emulator.path(), Connect::new("link")))
    }

    /// A link that is up, with its events from then on.
    pub(crate) fn up(&self, builder: LinkBuilder) -> (Link, Events) {
        let link = builder.start().expect("link");
        link.wait_up(PATIENCE).expect("up");
        let events = link.events().expect("events");
        until_up(&events);
        (link, events)
    }
}

/// Waits of milliseconds in place of seconds, and a broker.
pub(crate) fn quick(builder: LinkBuilder) -> LinkBuilder {
    builder
        .modem(Modem::builder().silence(Duration::ZERO))
        .backoff(Backoff {
            first: Duration::from_millis(20),
            most: Duration::from_millis(200),
            stable: Duration::from_secs(3600),
            refused: Duration::from_secs(3600),
        })
        .broker("broker.example", 1883)
        .seed(7)
}

/// The changes of state up to and with the next time that the link is up.
pub(crate) fn until_up(events: &Events) -> Vec<LinkChange> {
    until(events, |change| change.to == LinkState::Up)
}

/// The changes of state up to and with the first that is wanted.
pub(crate) fn until(events: &Events, wanted: impl Fn(&LinkChange) -> bool) -> Vec<LinkChange> {
    let limit = Instant::now() + PATIENCE;
    let mut changes = Vec::new();
    while let Some(event) = events.recv_timeout(limit.saturating_duration_since(Instant::now())) {
        if let Event::Link(change) = event {
            let found = wanted(&change);
            changes.push(*change);
            if found {
                return changes;
            }
        }
    }
    panic!("not in time: {changes:#?}");
}

/// Why the link went down, and the states in which it came up again.
pub(crate) fn way(changes: &[LinkChange]) -> (&LinkCause, Vec<LinkState>) {
    let states = changes.iter().map(|change| change.to).collect();
    (&changes[0].cause, states)
}
