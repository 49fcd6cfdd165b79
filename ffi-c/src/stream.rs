//! Everything that arrives, taken by the program one after the other.

use std::sync::Arc;
use std::time::Duration;

use atmqtt::{ErrorKind, Incoming};
use parking_lot::Mutex;

use crate::border::{Failure, Place, Result, patience};
use crate::event::{Told, atmqtt_event};

/// What a handle takes events from, once it has been asked to.
pub(crate) struct Stream {
    incoming: Mutex<Option<Arc<Incoming>>>,
    /// A forked child looks at no lock of its parent.
    pid: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            incoming: Mutex::new(None),
            pid: std::process::id(),
        }
    }
}

impl Stream {
    /// What there is, or what `claim` gives.
    pub(crate) fn begin(
        &self,
        claim: impl FnOnce() -> atmqtt::Result<Incoming>,
    ) -> Result<Arc<Incoming>> {
        if std::process::id() != self.pid {
            // It is refused, and the error says why.
            return Ok(Arc::new(claim()?));
        }
        let mut incoming = self.incoming.lock();
        if let Some(incoming) = &*incoming {
            return Ok(Arc::clone(incoming));
        }
        let new = Arc::new(claim()?);
        *incoming = Some(Arc::clone(&new));
        Ok(new)
    }

    /// Leaves what has not been taken to somebody else.
    pub(crate) fn end(&self) {
        if std::process::id() == self.pid {
            let incoming = self.incoming.lock().take();
            drop(incoming);
        }
    }
}

/// Hands the next of everything to the program, or NULL where none comes in time. `ended` names what it comes
/// from once nothing more can come.
pub(crate) fn next(
    incoming: &Incoming,
    timeout_ms: i64,
    event: Place<*mut atmqtt_event>,
    ended: impl FnOnce() -> Option<&'static str>,
) -> Result<()> {
    let received = match patience(timeout_ms) {
        Some(Duration::ZERO) => incoming.try_recv(),
        Some(timeout) => incoming.recv_timeout(timeout),
        None => incoming.recv(),
    };
    // Asked for before the last look: what arrives before the end is not missed.
    let ended = ended();
    match (received.or_else(|| incoming.try_recv()), ended) {
        (Some(received), _) => event.put(Told::new(received).into_raw()),
        (None, None) => event.put(std::ptr::null_mut()),
        (None, Some(what)) => {
            return Err(Failure::new(
                ErrorKind::Closed,
                format!("{what} is closed, and everything that had arrived has been taken"),
            ));
        }
    }
    Ok(())
}
