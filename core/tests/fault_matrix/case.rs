//! One variant of a fault at an operation, and what must come of it.

use std::time::Duration;

use atmqtt::ErrorKind;

use crate::knobs::Turn;
use crate::operation::Operation;

/// What an operation ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// Success, with what it brings back.
    Done,
    /// An error of this kind.
    Fails(ErrorKind),
    /// An error of this kind with this number.
    Code(ErrorKind, i32),
    /// The message does not come.
    Lost,
    /// Bytes were damaged: any typed end.
    Any,
}

/// Whom a fault may touch beside the operation itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nobody.
    One,
    /// The module is deaf for so long that the command of another client is given up.
    Deaf,
    /// The whole module, or the port.
    All,
    /// The same for a while: what comes behind it is too late, and a message that stops half way is
    /// given up, so that its rest may be read as lines.
    Stalled,
    /// Bytes of the client: where a message is cut short, what comes before the next silence goes with
    /// it, and is reported.
    Bytes,
    /// The same, and a digit may become another: what is about this client may seem about another.
    Digits,
}

/// How the module comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// It never was away for longer than this, counted from the fault.
    After(Duration),
    /// It is switched off and on.
    Power,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) faults: Vec<String>,
    pub(crate) want: Want,
    /// Latest end.
    pub(crate) within: Duration,
    pub(crate) reach: Reach,
    pub(crate) back: Back,
    /// How the module differs from the application note.
    pub(crate) knob: Option<Turn>,
}

impl Case {
    /// A fault that touches this operation only, which ends within its documented bound.
    pub(crate) fn new(operation: Operation, fault: impl Into<String>, want: Want) -> Self {
        Self {
            faults: vec![fault.into()],
            want,
            within: operation.bound(),
            reach: Reach::One,
            back: Back::After(Duration::ZERO),
            knob: None,
        }
    }

    pub(crate) fn and(mut self, fault: impl Into<String>) -> Self {
        self.faults.push(fault.into());
        self
    }

    pub(crate) fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    pub(crate) fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    pub(crate) fn back(mut self, back: Back) -> Self {
        self.back = back;
        self
    }

    pub(crate) fn has(&self, fault: &str) -> bool {
        self.faults.iter().any(|spec| spec.starts_with(fault))
    }

    /// A line without a name comes.
    pub(crate) fn has_unknown_line(&self) -> bool {
        let unknown = |spec: &String| spec.ends_with("no known kind");
        self.faults.iter().any(unknown)
    }

    /// The module restarts in the course of it.
    pub(crate) fn restarts(&self) -> bool {
        self.back == Back::Power || self.has("reboot")
    }
}
