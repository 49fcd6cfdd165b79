//! The same under the model checker.
//!
//! Every operation is a point at which the checker may let another thread go on; between two of them nothing
//! else runs, because all of its threads share one of the system. Memory is sequentially consistent.
//!
//! Descriptors are real ones and never block: who polls sleeps here until anything has been read,
//! written or closed, and looks again. Time is no clock's: it goes on to the next time-out that somebody
//! sleeps for, by a thread of its own, [`clock`], when the scheduler lets it.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::AsFd;
use std::sync::atomic::{self, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, Timespec};
use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
pub(crate) use shuttle::sync::atomic::AtomicBool;
use shuttle::thread;
pub(crate) use shuttle::thread::ThreadId;

/// Lets another thread go on.
pub(crate) fn switch() {
    thread::sleep(Duration::ZERO);
}

// ---- sleep and time

/// What one execution has besides its threads.
struct World {
    now: Instant,
    /// Until then the time may pass though somebody could do something.
    hurry: Duration,
    timed: Vec<Weak<Sleeper>>,
    polling: Vec<Weak<Sleeper>>,
}

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// As long as no execution takes: a clock that gets here serves nobody but keep-alive timers.
const HORIZON: Duration = Duration::from_secs(3600);

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

impl World {
    fn new() -> Self {
        Self {
            now: *BEGAN,
            hurry: Duration::ZERO,
            timed: Vec::new(),
            polling: Vec::new(),
        }
    }
}

/// One sleep of one thread.
struct Sleeper {
    end: atomic::AtomicU8,
    until: Option<Instant>,
    wake: BatchSemaphore,
}

const ASLEEP: u8 = 0;
const WOKEN: u8 = 1;
const TIME_UP: u8 = 2;

impl Sleeper {
    /// One that is about to sleep. Whoever may wake it is told before anybody else runs.
    fn new(until: Option<Instant>) -> Arc<Self> {
        let sleeper = Arc::new(Self {
            end: atomic::AtomicU8::new(ASLEEP),
            until,
            wake: BatchSemaphore::new(0, Fairness::Unfair),
        });
        if until.is_some() {
            WORLD.with_borrow_mut(|world| world.timed.push(Arc::downgrade(&sleeper)));
        }
        sleeper
    }

    fn end(&self, end: u8) -> bool {
        let first = self
            .end
            .compare_exchange(ASLEEP, end, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if first {
            self.wake.release_no_scheduling_point(1);
        }
        first
    }

    /// Sleeps; whether it was woken, and not by the time.
    fn sleep(&self) -> bool {
        let _ = self.wake.acquire_blocking(1);
        self.end.load(Ordering::SeqCst) == WOKEN
    }
}

pub(crate) fn now() -> Instant {
    WORLD.with_borrow(|world| world.now)
}

pub(crate) fn system_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + elapsed()
}

/// How long the execution has taken so far.
pub(crate) fn elapsed() -> Duration {
    now() - *BEGAN
}

/// Begins an execution.
pub(crate) fn begin() {
    WORLD.replace(World::new());
}

/// From here on the time may pass for this long though somebody could do something meanwhile, so that what
/// takes so long races with everything else.
pub(crate) fn hurry(time: Duration) {
    WORLD.with_borrow_mut(|world| world.hurry = world.now - *BEGAN + time);
}

/// Whether it may now.
pub(crate) fn may_hurry() -> bool {
    let until = WORLD.with_borrow(|world| world.hurry);
    !until.is_zero() && next_time_out().is_some_and(|next| next <= until)
}

/// The next time-out that somebody sleeps for, from the beginning of the execution.
fn next_time_out() -> Option<Duration> {
    WORLD.with_borrow_mut(|world| {
        world.timed.retain(|sleeper| {
            sleeper
                .upgrade()
                .is_some_and(|sleeper| sleeper.end.load(Ordering::SeqCst) == ASLEEP)
        });
        let next = world
            .timed
            .iter()
            .filter_map(|sleeper| sleeper.upgrade()?.until)
            .min()?;
        Some(next.max(world.now) - *BEGAN)
    })
}

/// The thread that lets the time go on, until nobody sleeps for a time any more.
pub(crate) fn clock() {
    loop {
        switch();
        let Some(next) = next_time_out().filter(|next| *next < HORIZON) else {
            return;
        };
        let due: Vec<_> = WORLD.with_borrow_mut(|world| {
            world.now = *BEGAN + next;
            let timed = world.timed.iter().filter_map(Weak::upgrade);
            timed
                .filter(|sleeper| sleeper.until.is_some_and(|until| until <= world.now))
                .collect()
        });
        for sleeper in due {
            sleeper.end(TIME_UP);
        }
    }
}

// ---- locks

pub(crate) struct Mutex<T: ?Sized>(shuttle::sync::Mutex<T>);

pub(crate) struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// Absent while it is given up for a [`Condvar`].
    held: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard {
            mutex: self,
            held: Some(held),
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("held")
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held")
    }
}

/// Like `parking_lot`'s: wakes the one that has waited longest, and nobody without reason.
#[derive(Default)]
pub(crate) struct Condvar {
    waiting: Waiting,
}

pub(crate) struct WaitTimeoutResult {
    timed_out: bool,
}

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        self.timed_out
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_for(guard, None);
    }

    pub(crate) fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        until: Instant,
    ) -> WaitTimeoutResult {
        let timed_out = !self.wait_for(guard, Some(until));
        WaitTimeoutResult { timed_out }
    }

    fn wait_for<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, until: Option<Instant>) -> bool {
        let sleeper = Sleeper::new(until);
        self.waiting.add(&sleeper);
        guard.held = None;
        let woken = sleeper.sleep();
        guard.held = guard.mutex.lock().held.take();
        woken
    }

    pub(crate) fn notify_one(&self) -> bool {
        switch();
        self.waiting.wake_one()
    }

    pub(crate) fn notify_all(&self) {
        switch();
        self.waiting.wake_all();
    }
}

/// Those who sleep for one thing.
#[derive(Default)]
struct Waiting(std::sync::Mutex<Vec<Weak<Sleeper>>>);

impl Waiting {
    fn add(&self, sleeper: &Arc<Sleeper>) {
        self.0
            .lock()
            .expect("one thread")
            .push(Arc::downgrade(sleeper));
    }

    fn wake_one(&self) -> bool {
        loop {
            let mut waiting = self.0.lock().expect("one thread");
            if waiting.is_empty() {
                return false;
            }
            let first = waiting.remove(0);
            drop(waiting);
            if first.upgrade().is_some_and(|sleeper| sleeper.end(WOKEN)) {
                return true;
            }
        }
    }

    fn wake_all(&self) {
        while self.wake_one() {}
    }
}

#[derive(Debug)]
pub(crate) struct OnceLock<T>(std::sync::OnceLock<T>);

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self(std::sync::OnceLock::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        switch();
        self.0.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        switch();
        self.0.set(value)
    }
}

// ---- threads

#[derive(Debug)]
pub(crate) struct JoinHandle<T> {
    thread: thread::JoinHandle<T>,
    finished: Arc<atomic::AtomicBool>,
}

pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let finished = Arc::new(atomic::AtomicBool::new(false));
    let told = Arc::clone(&finished);
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            run();
            told.store(true, Ordering::SeqCst);
        })?;
    Ok(JoinHandle { thread, finished })
}

pub(crate) fn this_thread() -> ThreadId {
    thread::current().id()
}

impl<T> JoinHandle<T> {
    pub(crate) fn thread(&self) -> &thread::Thread {
        self.thread.thread()
    }

    pub(crate) fn is_finished(&self) -> bool {
        switch();
        self.finished.load(Ordering::SeqCst)
    }

    pub(crate) fn join(self) -> thread::Result<T> {
        self.thread.join()
    }
}

// ---- signals

#[derive(Clone)]
pub(crate) struct Signal(Arc<SignalState>);

pub(crate) struct SignalGuard(Arc<SignalState>);

#[derive(Default)]
struct SignalState {
    given: atomic::AtomicBool,
    waiting: Waiting,
}

pub(crate) fn signal() -> (SignalGuard, Signal) {
    let state = Arc::new(SignalState::default());
    (SignalGuard(Arc::clone(&state)), Signal(state))
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        switch();
        self.0.given.store(true, Ordering::SeqCst);
        self.0.waiting.wake_all();
    }
}

impl Signal {
    pub(crate) fn is_given(&self) -> bool {
        switch();
        self.0.given.load(Ordering::SeqCst)
    }

    pub(crate) fn wait_until(&self, until: Instant) -> bool {
        wait_for(&[self], Some(until))
    }

    pub(crate) fn wait_beside(&self, other: &Self, until: Option<Instant>) {
        wait_for(&[self, other], until);
    }
}

fn wait_for(signals: &[&Signal], until: Option<Instant>) -> bool {
    switch();
    if signals
        .iter()
        .any(|signal| signal.0.given.load(Ordering::SeqCst))
    {
        return true;
    }
    let sleeper = Sleeper::new(until);
    for signal in signals {
        signal.0.waiting.add(&sleeper);
    }
    sleeper.sleep()
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").finish_non_exhaustive()
    }
}

impl fmt::Debug for SignalGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalGuard").finish_non_exhaustive()
    }
}

// ---- descriptors

pub(crate) fn read(fd: impl AsFd, buf: &mut [u8]) -> rustix::io::Result<usize> {
    switch();
    let read = rustix::io::read(fd, buf);
    descriptors_changed();
    read
}

pub(crate) fn write(fd: impl AsFd, bytes: &[u8]) -> rustix::io::Result<usize> {
    switch();
    let written = rustix::io::write(fd, bytes);
    descriptors_changed();
    written
}

/// To be told after one has been closed.
pub(crate) fn descriptors_changed() {
    let polling = WORLD.with_borrow_mut(|world| std::mem::take(&mut world.polling));
    for sleeper in polling.iter().filter_map(Weak::upgrade) {
        sleeper.end(WOKEN);
    }
}

pub(crate) fn poll(
    fds: &mut [PollFd<'_>],
    timeout: Option<&Timespec>,
) -> rustix::io::Result<usize> {
    let until = timeout.and_then(|&timeout| {
        let timeout = Duration::try_from(timeout).unwrap_or_default();
        now().checked_add(timeout)
    });
    loop {
        switch();
        let ready = rustix::event::poll(fds, Some(&Timespec::default()))?;
        if ready > 0 || until.is_some_and(|until| until <= now()) {
            return Ok(ready);
        }
        let sleeper = Sleeper::new(until);
        WORLD.with_borrow_mut(|world| world.polling.push(Arc::downgrade(&sleeper)));
        sleeper.sleep();
    }
}
