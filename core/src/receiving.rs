//! Taking what arrived: iterators over messages and events, and callbacks for them.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::event::Event;
use crate::mqtt::receive::Message;
use crate::runtime::{Addressee, Consumer, Patience};
use crate::sync::Mutex;

/// Hands every message of a client to `callback`.
pub(crate) fn on_message(
    to: &dyn Addressee,
    client: u8,
    callback: impl FnMut(Message) + Send + 'static,
) -> Result<()> {
    to.check()?;
    to.start_dispatcher()?;
    let callback = Arc::new(Mutex::new(callback));
    let mail = to.post().mail();
    mail.claim_messages(client, Consumer::Callback, Some(callback))
}

/// Takes the callback away, and waits for its end.
pub(crate) fn clear_on_message(to: &dyn Addressee, client: u8) -> Result<()> {
    to.check()?;
    let mail = to.post().mail();
    let callback = mail.release_messages(client, Consumer::Callback);
    to.callback_ended();
    drop(callback);
    Ok(())
}

/// Hands every event to `callback`.
pub(crate) fn on_event(
    to: &dyn Addressee,
    callback: impl FnMut(Event) + Send + 'static,
) -> Result<()> {
    to.check()?;
    to.start_dispatcher()?;
    let callback = Arc::new(Mutex::new(callback));
    let mail = to.post().mail();
    mail.claim_events(Consumer::Callback, Some(callback))
}

/// Takes the callback away, and waits for its end.
pub(crate) fn clear_on_event(to: &dyn Addressee) -> Result<()> {
    to.check()?;
    let callback = to.post().mail().release_events(Consumer::Callback);
    to.callback_ended();
    drop(callback);
    Ok(())
}

/// The messages of a client, one after the other. As an iterator it ends when the port is closed or
/// lost and everything has been read, and when [`Modem::interrupt`](crate::Modem::interrupt) ends its wait.
#[derive(Debug)]
pub struct Messages {
    to: Arc<dyn Addressee>,
    client: u8,
}

impl Messages {
    pub(crate) fn claim(to: Arc<dyn Addressee>, client: u8) -> Result<Self> {
        to.check()?;
        let mail = to.post().mail();
        mail.claim_messages(client, Consumer::Iterator, None)?;
        Ok(Self { to, client })
    }

    /// The next message if one is there.
    #[must_use]
    pub fn try_recv(&self) -> Option<Message> {
        self.take(Patience::None)
    }

    /// The next message, waiting for it at most this long.
    #[must_use]
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Message> {
        self.take(Patience::for_time(timeout))
    }

    /// The next message, waiting for it as long as the port is open.
    #[must_use]
    pub fn recv(&self) -> Option<Message> {
        self.take(Patience::Forever)
    }

    fn take(&self, patience: Patience) -> Option<Message> {
        self.to.check().ok()?;
        let post = self.to.post();
        let (message, hungry) = post.mail().take_message(self.client, patience)?;
        if hungry {
            post.fed();
        }
        Some(message)
    }
}

impl Iterator for Messages {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        self.recv()
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        if self.to.check().is_ok() {
            let mail = self.to.post().mail();
            mail.release_messages(self.client, Consumer::Iterator);
        }
    }
}

/// The events of a port, one after the other. As an iterator it ends when the port is closed or lost
/// and everything has been read, and when [`Modem::interrupt`](crate::Modem::interrupt) ends its wait.
#[derive(Debug)]
pub struct Events {
    to: Arc<dyn Addressee>,
}

impl Events {
    pub(crate) fn claim(to: Arc<dyn Addressee>) -> Result<Self> {
        to.check()?;
        to.post().mail().claim_events(Consumer::Iterator, None)?;
        Ok(Self { to })
    }

    /// The next event if one is there.
    #[must_use]
    pub fn try_recv(&self) -> Option<Event> {
        self.take(Patience::None)
    }

    /// The next event, waiting for it at most this long.
    #[must_use]
    pub fn recv_timeout(&self, timeout: Duration) -> Option<Event> {
        self.take(Patience::for_time(timeout))
    }

    /// The next event, waiting for it as long as the port is open.
    #[must_use]
    pub fn recv(&self) -> Option<Event> {
        self.take(Patience::Forever)
    }

    fn take(&self, patience: Patience) -> Option<Event> {
        self.to.check().ok()?;
        self.to.post().mail().take_event(patience)
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.recv()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if self.to.check().is_ok() {
            self.to.post().mail().release_events(Consumer::Iterator);
        }
    }
}
