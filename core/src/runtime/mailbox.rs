//! What arrived by itself and waits to be taken: a bounded queue of messages per client, a lane for
//! state events, one for the ends of operations, a ring for other lines.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Received};
use crate::mqtt::CLIENTS;
use crate::mqtt::receive::Message;
use crate::port::Waker;
use crate::sync::{Condvar, Mutex};

/// Who takes out of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Consumer {
    #[default]
    Nobody,
    Iterator,
    Callback,
    /// Has the messages of every client and the events, all in one order.
    Incoming,
}

/// How long a take waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    None,
    Until(Instant),
    Forever,
}

impl Patience {
    /// For this long from now.
    pub(crate) fn for_time(timeout: std::time::Duration) -> Self {
        super::after(timeout).map_or(Self::Forever, Self::Until)
    }
}

/// A descriptor that can be read while something waits to be taken.
pub(crate) type Bell = Arc<Waker>;

pub(crate) type MessageCallback = Arc<Mutex<dyn FnMut(Message) + Send>>;
pub(crate) type EventCallback = Arc<Mutex<dyn FnMut(Event) + Send>>;

/// One thing for the dispatcher to hand out.
pub(super) enum Delivery {
    Message(MessageCallback, Message),
    Event(EventCallback, Event),
}

/// What becomes of mail that a callback has not had when the port ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// The port was lost: the callbacks get it all.
    Delivered,
    /// The program closes the port, and waits for no more than the call that runs.
    Dropped,
}

/// One consumer each, or they would take them from each other.
const MESSAGES_TAKEN: &str =
    "the messages of this client have a consumer already, a callback or an iterator";
const EVENTS_TAKEN: &str =
    "the events of this port have a consumer already, a callback or an iterator";

/// Unread state events beyond this many mean that nobody ever reads: the oldest goes.
const LANE: usize = 4096;

#[derive(Default)]
struct Queue {
    /// With their places in the order of all that arrives.
    messages: VecDeque<(u64, Message)>,
    consumer: Consumer,
    callback: Option<MessageCallback>,
    /// Messages dropped since the last `Lagged` was read; one is in the lane while this is not 0.
    lagged: u64,
    /// The engine waits for room.
    hungry: bool,
}

/// Where events are kept.
#[derive(Clone, Copy)]
enum Events {
    Lane,
    Ends,
    Ring,
}

#[derive(Default)]
struct Mail {
    queues: [Queue; CLIENTS as usize],
    /// State events, with their places in the same order.
    lane: VecDeque<(u64, Event)>,
    /// Ends of operations: no more than were started, so none is ever dropped.
    ends: VecDeque<(u64, Event)>,
    ring: VecDeque<(u64, Event)>,
    order: u64,
    /// The place of the event that was taken last.
    event_taken: u64,
    /// The same, where its consumer has come back for the next since.
    event_seen: u64,
    event_consumer: Consumer,
    event_callback: Option<EventCallback>,
    bell: Option<Bell>,
    bell_rings: bool,
    /// Counts interrupts: a take that sees it change ends.
    interrupts: u32,
    /// Takes that wait.
    waiting: usize,
    /// Nobody waited at the last interrupt: it ends the next take that is about to.
    interrupt_kept: bool,
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
    /// For the one consumer of everything.
    anything_came: Condvar,
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
    pub(crate) fn new(message_capacity: usize, urc_capacity: usize) -> Self {
        Self {
            mail: Mutex::default(),
            message_came: Default::default(),
            event_came: Condvar::new(),
            anything_came: Condvar::new(),
            work_came: Condvar::new(),
            callback_done: Condvar::new(),
            message_capacity,
            urc_capacity,
        }
    }

    pub(super) fn put_message(&self, message: Message) {
        let client = message.client();
        let index = usize::from(client);
        let mut mail = self.mail.lock();
        let place = mail.next_place();
        let queue = &mut mail.queues[index];
        let full = queue.messages.len() >= self.message_capacity;
        if full {
            queue.messages.pop_front();
            queue.lagged += 1;
        }
        queue.messages.push_back((place, message));
        let first_lag = queue.lagged == 1;
        match queue.consumer {
            Consumer::Callback => _ = self.work_came.notify_one(),
            Consumer::Iterator => _ = self.message_came[index].notify_one(),
            Consumer::Incoming => _ = self.anything_came.notify_one(),
            Consumer::Nobody => {}
        }
        if full && first_lag {
            // Its count is filled in when it is read.
            self.put(&mut mail, Event::Lagged { client, count: 0 });
        }
        mail.set_bell();
    }

    /// Gives its place in the order of all that arrives.
    pub(crate) fn put_event(&self, event: Event) -> u64 {
        let mut mail = self.mail.lock();
        self.put(&mut mail, event);
        mail.set_bell();
        mail.order
    }

    /// The place up to which the program has seen to the events: it has come back for the next since, or its
    /// callback has returned.
    pub(crate) fn events_seen(&self) -> u64 {
        self.mail.lock().event_seen
    }

    fn put(&self, mail: &mut Mail, event: Event) {
        if matches!(event, Event::Completed { .. }) {
            let place = mail.next_place();
            mail.ends.push_back((place, event));
        } else if event.is_state() {
            // A module that says the same thing over and over fills no memory with it.
            if mail.lane.back().is_some_and(|(_, last)| *last == event) {
                return;
            }
            while mail.lane.len() >= LANE {
                if let Some((_, lagged @ Event::Lagged { .. })) = mail.lane.pop_front() {
                    // One of each client, and nothing else tells of what it counts.
                    let place = mail.next_place();
                    mail.lane.push_back((place, lagged));
                }
            }
            let place = mail.next_place();
            mail.lane.push_back((place, event));
        } else {
            if self.urc_capacity == 0 {
                return;
            }
            if mail.ring.len() >= self.urc_capacity {
                mail.ring.pop_front();
            }
            let place = mail.next_place();
            mail.ring.push_back((place, event));
        }
        match mail.event_consumer {
            Consumer::Callback => _ = self.work_came.notify_one(),
            Consumer::Iterator => _ = self.event_came.notify_one(),
            Consumer::Incoming => _ = self.anything_came.notify_one(),
            Consumer::Nobody => {}
        }
    }

    /// Room in a client's queue; where there is none, the next take tells the engine.
    pub(crate) fn room_or_hunger(&self, client: u8) -> usize {
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
        mail.takes(consumer)?;
        let queue = &mut mail.queues[usize::from(client)];
        if queue.consumer != Consumer::Nobody {
            return Err(Error::state(MESSAGES_TAKEN).with_client(client));
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
        mail.takes(consumer)?;
        if mail.event_consumer != Consumer::Nobody {
            return Err(Error::state(EVENTS_TAKEN));
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

    /// Takes everything for one consumer, with the descriptor that tells when there is something.
    pub(crate) fn claim_all(&self) -> Result<Bell> {
        let bell = Waker::new()
            .map_err(|error| Error::new(ErrorKind::Internal, format!("no pipe: {error}")))?;
        let bell = Arc::new(bell);
        let mut mail = self.mail.lock();
        let taken = mail
            .queues
            .iter()
            .position(|queue| queue.consumer != Consumer::Nobody);
        if let Some(client) = taken {
            return Err(Error::state(MESSAGES_TAKEN).with_client(client as u8));
        }
        if mail.event_consumer != Consumer::Nobody {
            return Err(Error::state(EVENTS_TAKEN));
        }
        for queue in &mut mail.queues {
            queue.consumer = Consumer::Incoming;
        }
        mail.event_consumer = Consumer::Incoming;
        mail.bell = Some(Arc::clone(&bell));
        mail.bell_rings = false;
        mail.set_bell();
        Ok(bell)
    }

    /// Gives it all back; what is there stays.
    pub(crate) fn release_all(&self) {
        let mut mail = self.mail.lock();
        for queue in &mut mail.queues {
            queue.consumer = Consumer::Nobody;
        }
        mail.event_consumer = Consumer::Nobody;
        mail.bell = None;
    }

    /// The oldest message of a client. With it: whether the engine wants to hear of it.
    pub(crate) fn take_message(&self, client: u8, patience: Patience) -> Option<(Message, bool)> {
        let index = usize::from(client);
        self.take(&self.message_came[index], patience, |mail| {
            mail.next_message(index)
        })
    }

    pub(crate) fn take_event(&self, patience: Patience) -> Option<Event> {
        self.take(&self.event_came, patience, Mail::next_event)
    }

    /// The oldest of everything. With it: whether the engine wants to hear of it.
    pub(crate) fn take_any(&self, patience: Patience) -> Option<(Received, bool)> {
        self.take(&self.anything_came, patience, |mail| {
            let next = mail.next_of_all();
            mail.set_bell();
            next
        })
    }

    /// What `next` gives, waiting for it. `None` also where the port is closed or the wait interrupted.
    fn take<T>(
        &self,
        came: &Condvar,
        patience: Patience,
        mut next: impl FnMut(&mut Mail) -> Option<T>,
    ) -> Option<T> {
        let mut mail = self.mail.lock();
        let interrupts = mail.interrupts;
        loop {
            if let Some(taken) = next(&mut mail) {
                return Some(taken);
            }
            if mail.closed || patience == Patience::None {
                return None;
            }
            if std::mem::take(&mut mail.interrupt_kept) {
                return None;
            }
            mail.waiting += 1;
            let in_time = match patience {
                Patience::Until(until) => !came.wait_until(&mut mail, until).timed_out(),
                _ => {
                    came.wait(&mut mail);
                    true
                }
            };
            mail.waiting -= 1;
            if mail.interrupts != interrupts {
                // It counted on this wait. What came beside it is there for the next take.
                return None;
            }
            if !in_time {
                return next(&mut mail);
            }
        }
    }

    /// Ends every take that waits; where none does, the next one that would.
    pub(super) fn interrupt(&self) {
        let mut mail = self.mail.lock();
        mail.interrupts = mail.interrupts.wrapping_add(1);
        mail.interrupt_kept = mail.waiting == 0;
        drop(mail);
        self.wake_takes();
    }

    fn wake_takes(&self) {
        for came in &self.message_came {
            came.notify_all();
        }
        self.event_came.notify_all();
        self.anything_came.notify_all();
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
    pub(crate) fn callback_ended(&self) {
        let mut mail = self.mail.lock();
        while mail.running {
            self.callback_done.wait(&mut mail);
        }
    }

    /// Nothing more will come; iterators can still take what is there.
    pub(crate) fn close(&self, undelivered: Undelivered) {
        let mut mail = self.mail.lock();
        mail.closed = true;
        mail.silenced |= undelivered == Undelivered::Dropped;
        drop(mail);
        self.wake_takes();
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
    /// No callback once the port has ended: the dispatcher has or will, and nobody would let go of it.
    fn takes(&self, consumer: Consumer) -> Result<()> {
        if self.closed && consumer == Consumer::Callback {
            return Err(Error::new(
                ErrorKind::Closed,
                "the port is closed or lost: nothing more will come for a callback",
            ));
        }
        Ok(())
    }

    fn next_place(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// Makes the descriptor tell whether there is something.
    fn set_bell(&mut self) {
        if self.bell.is_none() {
            return;
        }
        let something = self.first_event().is_some()
            || self.queues.iter().any(|queue| !queue.messages.is_empty());
        if let (Some(bell), true) = (&self.bell, something != self.bell_rings) {
            self.bell_rings = something;
            if something {
                bell.ring();
            } else {
                bell.hush();
            }
        }
    }

    /// Which of the events is the oldest, by its place.
    fn first_event(&self) -> Option<(u64, Events)> {
        [
            (Events::Lane, &self.lane),
            (Events::Ends, &self.ends),
            (Events::Ring, &self.ring),
        ]
        .into_iter()
        .filter_map(|(which, queue)| Some((queue.front()?.0, which)))
        .min_by_key(|&(place, _)| place)
    }

    fn next_event(&mut self) -> Option<Event> {
        self.event_seen = self.event_taken;
        let source = match self.first_event()?.1 {
            Events::Lane => &mut self.lane,
            Events::Ends => &mut self.ends,
            Events::Ring => &mut self.ring,
        };
        let (place, mut event) = source.pop_front()?;
        self.event_taken = place;
        if let Event::Lagged { client, count } = &mut event {
            *count = std::mem::take(&mut self.queues[usize::from(*client)].lagged);
        }
        Some(event)
    }

    /// The oldest message of a client, and whether the engine waits for room in its queue.
    fn next_message(&mut self, index: usize) -> Option<(Message, bool)> {
        let queue = &mut self.queues[index];
        let (_, message) = queue.messages.pop_front()?;
        Some((message, std::mem::take(&mut queue.hungry)))
    }

    fn next_of_all(&mut self) -> Option<(Received, bool)> {
        self.event_seen = self.event_taken;
        let first_message = (0..self.queues.len())
            .filter_map(|index| Some((self.queues[index].messages.front()?.0, index)))
            .min();
        match (first_message, self.first_event()) {
            (Some((message, index)), event) if event.is_none_or(|(event, _)| message < event) => {
                let (message, hungry) = self.next_message(index)?;
                Some((Received::Message(message), hungry))
            }
            _ => Some((Received::Event(self.next_event()?), false)),
        }
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
            let Some(callback) = self.queues[index].callback.clone() else {
                continue;
            };
            if let Some((message, hungry)) = self.next_message(index) {
                self.next_client = index + 1;
                return Some((Delivery::Message(callback, message), hungry));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::connect::DisconnectReason;
    use crate::wire::RawMessage;

    fn message(client: u8) -> Message {
        let raw = RawMessage {
            client,
            msgid: 0,
            topic: b"t",
            payload: b"",
            length: None,
        };
        Message::new(raw, 1, false)
    }

    #[test]
    fn what_was_dropped_is_told_however_many_events_come_before_it_is_read() {
        let mailbox = Mailbox::new(1, 0);
        for client in [0, 3] {
            for _ in 0..3 {
                mailbox.put_message(message(client));
            }
        }
        for n in 0..2 * LANE {
            mailbox.put_event(Event::Disconnected {
                client: (n % 2) as u8,
                generation: 1,
                reason: DisconnectReason::from_code(1),
            });
        }
        mailbox.put_message(message(3));
        let mut lagged = Vec::new();
        let mut count = 0;
        while let Some(event) = mailbox.take_event(Patience::None) {
            count += 1;
            if let Event::Lagged { client, count } = event {
                lagged.push((client, count));
            }
        }
        assert_eq!(count, LANE);
        assert_eq!(lagged, [(0, 2), (3, 3)]);
        mailbox.put_message(message(0));
        let event = mailbox.take_event(Patience::None);
        assert_eq!(
            event,
            Some(Event::Lagged {
                client: 0,
                count: 1
            })
        );
    }

    fn urc(line: &str) -> Event {
        Event::Urc(line.as_bytes().to_vec())
    }

    #[test]
    fn an_event_is_seen_to_when_its_consumer_comes_back() {
        let mailbox = Mailbox::new(1, 8);
        let places = ["0", "1"].map(|line| mailbox.put_event(urc(line)));
        assert!(mailbox.take_event(Patience::None).is_some());
        assert!(mailbox.events_seen() < places[0]);
        assert!(mailbox.take_event(Patience::None).is_some());
        assert_eq!(mailbox.events_seen(), places[0]);
        assert!(mailbox.take_event(Patience::None).is_none());
        assert_eq!(mailbox.events_seen(), places[1]);

        // Whatever it takes next, where it takes both.
        let place = mailbox.put_event(urc("2"));
        mailbox.put_message(message(0));
        assert!(mailbox.take_any(Patience::None).is_some());
        assert!(mailbox.events_seen() < place);
        assert!(mailbox.take_any(Patience::None).is_some());
        assert_eq!(mailbox.events_seen(), place);

        // A callback has returned.
        let place = mailbox.put_event(urc("3"));
        let callback = Arc::new(Mutex::new(|_: Event| ()));
        mailbox
            .claim_events(Consumer::Callback, Some(callback))
            .unwrap();
        assert!(mailbox.take_work().is_some());
        assert!(mailbox.events_seen() < place);
        mailbox.close(Undelivered::Delivered);
        assert!(mailbox.take_work().is_none());
        assert_eq!(mailbox.events_seen(), place);
    }
}
