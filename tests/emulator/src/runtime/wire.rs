//! The thread: moves bytes between the pseudo-terminal and the machine, each at its time.

use super::chunk::Cutter;
use super::pace::Line;
use super::pty::{Link, Pty};
use super::{Request, Shared, State};
use crate::machine::MachineOutput;
use crate::trace::{Direction, Writer};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How much the paced line takes from the host in advance: what a driver's buffer holds. The host's
/// writes block behind it.
const AHEAD: usize = 4096;

/// Pieces of cut output are this far apart, and further until the host has read the last one, up
/// to [`PATIENCE`].
const APART: Duration = Duration::from_micros(50);

/// A host that does not read gets the next piece all the same.
const PATIENCE: Duration = Duration::from_millis(2);

/// When the host reads after its buffer was full, the system says so; this is for the case that it
/// does not.
const RETRY: Duration = Duration::from_millis(250);

/// How many bytes are kept for a host that does not read; what comes then is lost, whole bursts.
const KEPT: usize = 16 << 20;

/// Everything the thread owns.
#[derive(Debug)]
pub(super) struct Wire {
    shared: Arc<Shared>,
    trace: Option<Writer<File>>,
    pty: Option<Pty>,
    link: Option<Link>,
    link_path: Option<PathBuf>,
    replug_after: Option<Duration>,
    replug_at: Option<Duration>,
    /// From the host to the module.
    incoming: Line,
    /// From the module to the host.
    outgoing: Line,
    /// What has passed the line and was not written yet.
    out: VecDeque<u8>,
    /// The last write found no room.
    full: bool,
    cutter: Cutter,
    /// When the last piece was written.
    cut_at: Duration,
    /// When the next one may be, or it is looked again.
    next_cut: Option<Duration>,
}

impl Wire {
    pub(super) fn new(
        shared: Arc<Shared>,
        baud: u32,
        cutter: Cutter,
        trace: Option<Writer<File>>,
    ) -> Self {
        Self {
            shared,
            trace,
            pty: None,
            link: None,
            link_path: None,
            replug_after: None,
            replug_at: None,
            incoming: Line::new(baud),
            outgoing: Line::new(baud).single(cutter.is_single()),
            out: VecDeque::new(),
            full: false,
            cutter,
            cut_at: Duration::ZERO,
            next_cut: None,
        }
    }

    pub(super) fn device(mut self, pty: Pty, link: Option<Link>, path: Option<PathBuf>) -> Self {
        self.pty = Some(pty);
        self.link = link;
        self.link_path = path;
        self
    }

    pub(super) fn replug_after(mut self, delay: Option<Duration>) -> Self {
        self.replug_after = delay;
        self
    }

    /// Runs until it is told to stop. `alive` is closed with the thread, however it ends.
    pub(super) fn run(mut self, woken: &UnixStream, alive: UnixStream) {
        if self.incoming.is_paced() || self.cutter.cuts() {
            sleep_exactly();
        }
        let shared = Arc::clone(&self.shared);
        let end = End {
            shared,
            _alive: alive,
        };
        let result = self.serve(woken);
        // The device and the link go before anybody is told.
        drop(self);
        if let Err(error) = result {
            end.shared.lock().failure = Some(error);
        }
    }

    fn serve(&mut self, woken: &UnixStream) -> io::Result<()> {
        loop {
            let Some(machine_due) = self.advance()? else {
                return Ok(());
            };
            self.write()?;
            if let Some(trace) = &mut self.trace {
                trace.flush()?;
            }
            self.sleep(woken, machine_due)?;
        }
    }

    /// Does what was asked for and lets happen what is due. Answers when the machine wants to be
    /// called again; nothing when the end has come.
    fn advance(&mut self) -> io::Result<Option<Option<Duration>>> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let now = shared.now();
        match state.request.take() {
            Some(Request::Stop) => return Ok(None),
            Some(Request::Unplug) => self.unplug(&mut state),
            Some(Request::Plug) if !state.plugged => {
                if let Err(error) = self.plug(&mut state, now) {
                    state.failure = Some(error);
                }
            }
            Some(Request::Plug) | None => {}
        }
        if self.replug_at.is_some_and(|at| at <= now) {
            self.plug(&mut state, now)?;
        }
        state.machine.receive(now);
        let mut hung_up = self.drain(&mut state, now);
        while !hung_up {
            let machine = state.machine.poll_timeout();
            let (read, written) = (self.incoming.due(), self.outgoing.due());
            let Some(due) = machine.into_iter().chain(read).chain(written).min() else {
                break;
            };
            if due > now {
                break;
            }
            if written == Some(due) {
                if let Some((_, bytes)) = self.outgoing.pop(due) {
                    self.out.extend(bytes);
                }
                continue;
            }
            if machine == Some(due) {
                state.machine.run_until(due);
            } else if let Some((_, bytes)) = self.incoming.pop(due) {
                state.machine.input(due, &bytes);
            }
            hung_up = self.drain(&mut state, due);
        }
        if hung_up {
            self.unplug(&mut state);
            match self.replug_after {
                Some(delay) => self.replug_at = Some(now + delay),
                None => return Ok(None),
            }
        }
        let due = state.machine.poll_timeout();
        drop(state);
        shared.changed.notify_all();
        Ok(Some(due))
    }

    /// Puts the machine's output on the line. `true`: it hung up.
    fn drain(&mut self, state: &mut State, at: Duration) -> bool {
        while let Some(output) = state.machine.poll_output() {
            match output {
                MachineOutput::Serial(_) if !state.plugged => {}
                MachineOutput::Serial(bytes) if self.outgoing.len() + self.out.len() > KEPT => {
                    state.lost += bytes.len() as u64;
                }
                MachineOutput::Serial(bytes) => self.outgoing.push(at, &bytes),
                MachineOutput::HangUp if state.plugged => return true,
                MachineOutput::HangUp => {}
            }
        }
        false
    }

    fn unplug(&mut self, state: &mut State) {
        self.link = None;
        self.pty = None;
        self.incoming.clear();
        self.outgoing.clear();
        self.out.clear();
        self.full = false;
        self.next_cut = None;
        state.plugged = false;
    }

    fn plug(&mut self, state: &mut State, now: Duration) -> io::Result<()> {
        self.replug_at = None;
        let pty = Pty::open()?;
        self.link = self
            .link_path
            .as_ref()
            .map(|link| Link::new(link, pty.path()))
            .transpose()?;
        state.path = pty.path().to_owned();
        state.plugged = true;
        state.machine.power_cycle(now);
        self.pty = Some(pty);
        Ok(())
    }

    /// Writes what may be written now.
    fn write(&mut self) -> io::Result<()> {
        let Some(pty) = &self.pty else { return Ok(()) };
        while !self.out.is_empty() {
            let now = self.shared.now();
            if let Some(at) = self.next_cut {
                if now < at {
                    return Ok(());
                }
                let waited = now.saturating_sub(self.cut_at);
                if waited < PATIENCE && !pty.is_read() {
                    // Each look twice as late as the one before.
                    self.next_cut = Some(now + waited.max(APART));
                    return Ok(());
                }
                self.next_cut = None;
            }
            let ready = self.out.as_slices().0;
            let piece = &ready[..ready.len().min(self.cutter.piece())];
            let written = pty.write(piece)?;
            self.full = written == 0;
            if self.full {
                return Ok(());
            }
            if let Some(trace) = &mut self.trace {
                trace.note(now, Direction::ToHost, &piece[..written])?;
            }
            self.out.drain(..written);
            self.cutter.done();
            if self.cutter.cuts() {
                self.cut_at = now;
                self.next_cut = Some(now + APART);
            }
        }
        Ok(())
    }

    /// Sleeps until something is due or happens, and takes what the host wrote.
    fn sleep(&mut self, woken: &UnixStream, machine_due: Option<Duration>) -> io::Result<()> {
        let cut = self.next_cut.filter(|_| !self.out.is_empty());
        let retry = self.full.then(|| self.shared.now() + RETRY);
        let due = [
            machine_due,
            self.incoming.due(),
            self.outgoing.due(),
            self.replug_at,
            cut,
            retry,
        ];
        let timeout = due.into_iter().flatten().min().map(|due| {
            let left = due.saturating_sub(self.shared.now());
            Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, self.has_room());
        events.set(PollFlags::OUT, self.full);
        let mut fds = vec![PollFd::new(woken, PollFlags::IN)];
        if let Some(pty) = &self.pty {
            fds.push(PollFd::from_borrowed_fd(pty.fd(), events));
        }
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let heard = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
        let (called, readable) = (heard(fds.first()), heard(fds.get(1)));
        if called {
            // Only a wake-up; how many there were does not matter.
            let mut woken = woken;
            while woken.read(&mut [0; 64]).is_ok_and(|count| count == 64) {}
        }
        if readable && self.has_room() {
            self.read()?;
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        !self.incoming.is_paced() || self.incoming.len() < AHEAD
    }

    fn read(&mut self) -> io::Result<()> {
        let Some(pty) = &self.pty else { return Ok(()) };
        let mut buffer = [0; AHEAD];
        let count = pty.read(&mut buffer)?;
        let now = self.shared.now();
        self.incoming.push(now, &buffer[..count]);
        match &mut self.trace {
            Some(trace) if count > 0 => trace.note(now, Direction::ToModule, &buffer[..count]),
            _ => Ok(()),
        }
    }
}

/// Asks not to be woken 50 µs late, which is usual and as long as five bytes at 921600 baud.
fn sleep_exactly() {
    // Elsewhere, or when it is refused, the average rate is still right.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1000));
}

/// Tells those who wait that the thread is at its end, also when it panics.
struct End {
    shared: Arc<Shared>,
    _alive: UnixStream,
}

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.plugged = false;
        state.ended = true;
        drop(state);
        self.shared.changed.notify_all();
    }
}
