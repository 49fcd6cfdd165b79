//! What arrived by itself and waits to be taken: a bounded queue of messages per client, a lane for
//! state events, a ring for other lines.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, Result};
use crate::event::Event;
use crate::mqtt::CLIENTS;
use crate::mqtt::receive::Message;

/// Who takes out of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Consumer {
    #[default]
    Nobody,
    Iterator,
    Callback,
}

pub(crate) type MessageCallback = Arc<Mutex<dyn FnMut(Message) + Send>>;
pub(crate) type EventCallback = Arc<Mutex<dyn FnMut(Event) + Send>>;

/// One thing for the dispatcher to hand out.
pub(super) enum Delivery {
    Message(MessageCallback, Message),
    Event(EventCallback, Event),
}

/// What becomes of mail that a callback has not had when the port ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undelivered {
    /// The port was lost: the callbacks get it all.
    Delivered,
    /// The program closes the port, and waits for no more than the call that runs.
    Dropped,
}

/// Unread state events beyond this many mean that nobody ever reads: the oldest goes.
const LANE: usize = 4096;

#[derive(Default)]
struct Queue {
    messages: VecDeque<Message>,
    consumer: Consumer,
    callback: Option<MessageCallback>,
    /// Messages dropped since the last `Lagged` was read; one is in the lane while this is not 0.
    lagged: u64,
    /// The engine waits for room.
    hungry: bool,
}

#[derive(Default)]
struct Mail {
    queues: [Queue; CLIENTS as usize],
    /// State events with their place in the order of all events.
    lane: VecDeque<(u64, Event)>,
    ring: VecDeque<(u64, Event)>,
    order: u64,
    event_consumer: Consumer,
    event_callback: Option<EventCallback>,
    /// A callback runs.
    running: bool,
    next_client: usize,
    closed: bool,
    /// Callbacks are called no more.
    silenced: bool,
}

/// The mail of one port.
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    message_came: [Condvar; CLIENTS as usize],
    event_came: Condvar,
    /// For the dispatcher: something came that a callback wants.
    work_came: Condvar,
    callback_done: Condvar,
    message_capacity: usize,
    urc_capacity: usize,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

impl Mailbox {
    pub(super) fn new(message_capacity: usize, urc_capacity: usize) -> Self {
        Self {
            mail: Mutex::default(),
            message_came: Default::default(),
            event_came: Condvar::new(),
            work_came: Condvar::new(),
            callback_done: Condvar::new(),
            message_capacity,
            urc_capacity,
        }
    }

    pub(super) fn put_message(&self, message: Message) {
        let index = usize::from(message.client());
        let client = message.client();
        let mut mail = self.mail.lock();
        let queue = &mut mail.queues[index];
        let full = queue.messages.len() >= self.message_capacity;
        if full {
            queue.messages.pop_front();
            queue.lagged += 1;
        }
        queue.messages.push_back(message);
        let first_lag = queue.lagged == 1;
        match queue.consumer {
            Consumer::Callback => _ = self.work_came.notify_one(),
            Consumer::Iterator => _ = self.message_came[index].notify_one(),
            Consumer::Nobody => {}
        }
        if full && first_lag {
            // Its count is filled in when it is read.
            self.put(&mut mail, Event::Lagged { client, count: 0 });
        }
    }

    pub(super) fn put_event(&self, event: Event) {
        self.put(&mut self.mail.lock(), event);
    }

    fn put(&self, mail: &mut Mail, event: Event) {
        let place = mail.order;
        mail.order += 1;
        if event.is_state() {
            // A module that says the same thing over and over fills no memory with it.
            if mail.lane.back().is_some_and(|(_, last)| *last == event) {
                return;
            }
            if mail.lane.len() >= LANE {
                mail.lane.pop_front();
            }
            mail.lane.push_back((place, event));
        } else {
            if self.urc_capacity == 0 {
                return;
            }
            if mail.ring.len() >= self.urc_capacity {
                mail.ring.pop_front();
            }
            mail.ring.push_back((place, event));
        }
        match mail.event_consumer {
            Consumer::Callback => _ = self.work_came.notify_one(),
            Consumer::Iterator => _ = self.event_came.notify_one(),
            Consumer::Nobody => {}
        }
    }

    /// Room in a client's queue; where there is none, the next take tells the engine.
    pub(super) fn room_or_hunger(&self, client: u8) -> usize {
        let mut mail = self.mail.lock();
        let queue = &mut mail.queues[usize::from(client)];
        let room = self.message_capacity.saturating_sub(queue.messages.len());
        queue.hungry = room == 0;
        room
    }

    /// Takes a client's queue for a consumer; there can be one.
    pub(crate) fn claim_messages(
        &self,
        client: u8,
        consumer: Consumer,
        callback: Option<MessageCallback>,
    ) -> Result<()> {
        let mut mail = self.mail.lock();
        let queue = &mut mail.queues[usize::from(client)];
        if queue.consumer != Consumer::Nobody {
            return Err(Error::state(
                "the messages of this client have a consumer already, a callback or an iterator",
            )
            .with_client(client));
        }
        queue.consumer = consumer;
        queue.callback = callback;
        self.work_came.notify_one();
        Ok(())
    }

    /// Gives a client's queue back; what is in it stays. The callback is for the caller to drop, out
    /// of the lock.
    pub(crate) fn release_messages(
        &self,
        client: u8,
        consumer: Consumer,
    ) -> Option<MessageCallback> {
        let mut mail = self.mail.lock();
        let queue = &mut mail.queues[usize::from(client)];
        if queue.consumer != consumer {
            return None;
        }
        queue.consumer = Consumer::Nobody;
        queue.callback.take()
    }

    pub(crate) fn claim_events(
        &self,
        consumer: Consumer,
        callback: Option<EventCallback>,
    ) -> Result<()> {
        let mut mail = self.mail.lock();
        if mail.event_consumer != Consumer::Nobody {
            return Err(Error::state(
                "the events of this port have a consumer already, a callback or an iterator",
            ));
        }
        mail.event_consumer = consumer;
        mail.event_callback = callback;
        self.work_came.notify_one();
        Ok(())
    }

    pub(crate) fn release_events(&self, consumer: Consumer) -> Option<EventCallback> {
        let mut mail = self.mail.lock();
        if mail.event_consumer != consumer {
            return None;
        }
        mail.event_consumer = Consumer::Nobody;
        mail.event_callback.take()
    }

    /// The oldest message of a client, waiting for one at most until then (`None` = until the port is
    /// closed). With it: whether the engine wants to hear of it.
    pub(crate) fn take_message(
        &self,
        client: u8,
        until: Option<Instant>,
    ) -> Option<(Message, bool)> {
        let index = usize::from(client);
        let mut mail = self.mail.lock();
        loop {
            let queue = &mut mail.queues[index];
            if let Some(message) = queue.messages.pop_front() {
                return Some((message, std::mem::take(&mut queue.hungry)));
            }
            if mail.closed || wait(&self.message_came[index], &mut mail, until) {
                return None;
            }
        }
    }

    pub(crate) fn take_event(&self, until: Option<Instant>) -> Option<Event> {
        let mut mail = self.mail.lock();
        loop {
            if let Some(event) = mail.next_event() {
                return Some(event);
            }
            if mail.closed || wait(&self.event_came, &mut mail, until) {
                return None;
            }
        }
    }

    /// The next thing for a callback, or `None` when the port is closed and nothing is left. With it:
    /// whether the engine waits for room.
    pub(super) fn take_work(&self) -> Option<(Delivery, bool)> {
        let mut mail = self.mail.lock();
        mail.running = false;
        self.callback_done.notify_all();
        loop {
            if let Some(work) = mail.next_work() {
                mail.running = true;
                return Some(work);
            }
            if mail.closed {
                return None;
            }
            self.work_came.wait(&mut mail);
        }
    }

    /// Waits until no callback runs.
    pub(super) fn callback_ended(&self) {
        let mut mail = self.mail.lock();
        while mail.running {
            self.callback_done.wait(&mut mail);
        }
    }

    /// Nothing more will come; iterators can still take what is there.
    pub(super) fn close(&self, undelivered: Undelivered) {
        let mut mail = self.mail.lock();
        mail.closed = true;
        mail.silenced |= undelivered == Undelivered::Dropped;
        drop(mail);
        for came in &self.message_came {
            came.notify_all();
        }
        self.event_came.notify_all();
        self.work_came.notify_all();
    }

    /// Lets go of every callback and with it of whatever it holds.
    pub(super) fn drop_callbacks(&self) {
        let mut held = Vec::new();
        let mut mail = self.mail.lock();
        for queue in &mut mail.queues {
            held.extend(queue.callback.take());
        }
        let event = mail.event_callback.take();
        drop(mail);
        drop((held, event));
    }
}

impl Mail {
    /// The oldest event of lane and ring.
    fn next_event(&mut self) -> Option<Event> {
        let ring_first = match (self.lane.front(), self.ring.front()) {
            (Some((lane, _)), Some((ring, _))) => ring < lane,
            (None, _) => true,
            (_, None) => false,
        };
        let source = if ring_first {
            &mut self.ring
        } else {
            &mut self.lane
        };
        let (_, mut event) = source.pop_front()?;
        if let Event::Lagged { client, count } = &mut event {
            *count = std::mem::take(&mut self.queues[usize::from(*client)].lagged);
        }
        Some(event)
    }

    fn next_work(&mut self) -> Option<(Delivery, bool)> {
        if self.silenced {
            return None;
        }
        if let Some(callback) = self.event_callback.clone() {
            if let Some(event) = self.next_event() {
                return Some((Delivery::Event(callback, event), false));
            }
        }
        // In turn, so that a busy client does not starve the others.
        for step in 0..self.queues.len() {
            let index = (self.next_client + step) % self.queues.len();
            let queue = &mut self.queues[index];
            let Some(callback) = queue.callback.clone() else {
                continue;
            };
            if let Some(message) = queue.messages.pop_front() {
                let hungry = std::mem::take(&mut queue.hungry);
                self.next_client = index + 1;
                return Some((Delivery::Message(callback, message), hungry));
            }
        }
        None
    }
}

/// Whether the time was up.
fn wait(
    came: &Condvar,
    mail: &mut parking_lot::MutexGuard<'_, Mail>,
    until: Option<Instant>,
) -> bool {
    match until {
        None => {
            came.wait(mail);
            false
        }
        Some(until) => came.wait_until(mail, until).timed_out(),
    }
}
