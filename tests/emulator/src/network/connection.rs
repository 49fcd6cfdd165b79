//! The thread of one connection, from its open to its end.

use super::stream::Stream;
use super::{Event, codec, resolve, tls, wake};
use crate::packet::{FromBroker, OpenFailure, Packet, Tls};
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::{self, Read as _};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, TrySendError};
use std::time::{Duration, Instant};

/// How much is kept for a broker that does not read; beyond, the connection is given up.
const UNSENT: usize = 4 << 20;

/// How long a connection that was closed tries to send what is left, and then waits for the other
/// side to close as well.
const LINGER: Duration = Duration::from_secs(5);

/// Where a connection goes.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Box<Tls>>,
}

/// Where a connection's news go.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) client: usize,
    pub(super) connection: u64,
    pub(super) events: SyncSender<Event>,
    pub(super) waker: Arc<UnixStream>,
}

impl Outlet {
    /// Puts it where it will be found after [`wake`](Self::wake). When there is no room, waits for
    /// the caller to take something, or to go.
    fn put(&self, caller: &mut Caller, from: FromBroker) {
        let mut event = Event {
            client: self.client,
            connection: self.connection,
            from,
        };
        while !caller.gone {
            match self.events.try_send(event) {
                Err(TrySendError::Full(back)) => event = back,
                // Or nobody will ever ask again.
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
            }
            self.wake();
            if caller.wait(None, None).is_err() {
                return;
            }
        }
    }

    fn wake(&self) {
        wake(&self.waker);
    }
}

/// The client's side of the connection, as the thread sees it.
#[derive(Debug)]
struct Caller {
    woken: UnixStream,
    /// It has closed the connection.
    gone: bool,
}

impl Caller {
    /// Waits for the socket, the caller, or the deadline. `true`: the socket is ready, or broken.
    fn wait(
        &mut self,
        socket: Option<(BorrowedFd<'_>, PollFlags)>,
        deadline: Option<Instant>,
    ) -> io::Result<bool> {
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        let mut fds = Vec::with_capacity(2);
        if let Some((socket, events)) = socket {
            fds.push(PollFd::from_borrowed_fd(socket, events));
        }
        if !self.gone {
            fds.push(PollFd::new(&self.woken, PollFlags::IN));
        }
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = socket.is_some() && fds.first().is_some_and(|fd| !fd.revents().is_empty());
        self.listen();
        Ok(ready)
    }

    /// Takes the calls there are; how many does not matter.
    fn listen(&mut self) {
        let mut woken = &self.woken;
        loop {
            match woken.read(&mut [0; 64]) {
                Ok(0) => {
                    self.gone = true;
                    return;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

/// Why the opening ended without a connection.
#[derive(Debug)]
enum NotOpen {
    Failed(OpenFailure),
    /// The client does not want it any more.
    Abandoned,
}

impl From<OpenFailure> for NotOpen {
    fn from(failure: OpenFailure) -> Self {
        Self::Failed(failure)
    }
}

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Connection {
    orders: Receiver<Packet>,
    caller: Caller,
    outlet: Outlet,
    busy: Option<Sender<()>>,
}

impl Connection {
    pub(super) fn new(
        orders: Receiver<Packet>,
        woken: UnixStream,
        outlet: Outlet,
        busy: Sender<()>,
    ) -> Self {
        let caller = Caller { woken, gone: false };
        let busy = Some(busy);
        Self {
            orders,
            caller,
            outlet,
            busy,
        }
    }

    pub(super) fn run(mut self, target: Target) {
        match self.open(&target) {
            Ok(stream) => {
                self.tell(FromBroker::Opened);
                self.serve(stream);
            }
            Err(NotOpen::Failed(failure)) => self.tell(FromBroker::OpenFailed(failure)),
            Err(NotOpen::Abandoned) => {}
        }
    }

    fn tell(&mut self, from: FromBroker) {
        self.outlet.put(&mut self.caller, from);
        self.outlet.wake();
    }

    fn open(&mut self, target: &Target) -> Result<Stream, NotOpen> {
        // Before anything is sent: a context that cannot work does not need a connection.
        let session = match &target.tls {
            Some(tls) => Some(tls::session(tls, &target.host).ok_or(OpenFailure::Connect)?),
            None => None,
        };
        let wanted = || {
            self.caller.listen();
            !self.caller.gone
        };
        let socket = resolve::connect(&target.host, target.port, wanted)?;
        let prepared = socket
            .set_nonblocking(true)
            .and_then(|()| socket.set_nodelay(true));
        prepared.map_err(|_| OpenFailure::Lost)?;
        let Some(session) = session else {
            return Ok(Stream::Plain(socket));
        };
        let seconds = target.tls.as_ref().map_or(0, |tls| tls.negotiate_seconds);
        let deadline = Instant::now() + Duration::from_secs(seconds.into());
        let mut stream = Stream::Tls(socket, Box::new(session));
        self.negotiate(&mut stream, deadline)?;
        Ok(stream)
    }

    /// The TLS handshake.
    fn negotiate(&mut self, stream: &mut Stream, deadline: Instant) -> Result<(), NotOpen> {
        let mut nothing = Vec::new();
        loop {
            stream.write(&mut nothing).map_err(lost_or_refused)?;
            if matches!(stream, Stream::Tls(_, session) if !session.is_handshaking()) {
                return Ok(());
            }
            let events = events(stream, &nothing) | PollFlags::IN;
            let ready = self
                .caller
                .wait(Some((stream.fd(), events)), Some(deadline));
            if self.caller.gone {
                return Err(NotOpen::Abandoned);
            }
            if ready.map_err(lost_or_refused)? {
                // A client speaks first: what comes with the handshake is no MQTT, and ignored.
                if !stream.read(&mut Vec::new()).map_err(lost_or_refused)? {
                    return Err(OpenFailure::Lost.into());
                }
            } else if Instant::now() >= deadline {
                return Err(OpenFailure::Connect.into());
            }
        }
    }

    /// Passes packets both ways, until either side closes.
    fn serve(mut self, mut stream: Stream) {
        let (mut unsent, mut received) = (Vec::new(), Vec::new());
        // What the broker said before it closed can be read when writing fails already.
        let mut deaf = false;
        loop {
            match self.take_orders(&mut unsent) {
                Ok(true) => {}
                Ok(false) => return self.leave(stream, unsent),
                Err(codec::Malformed) => {
                    self.tell(FromBroker::Closed);
                    return self.leave(stream, unsent);
                }
            }
            if deaf || stream.write(&mut unsent).is_err() {
                deaf = true;
                unsent.clear();
            }
            let mut interest = PollFlags::IN;
            if !deaf {
                interest |= events(&stream, &unsent);
            }
            let open = unsent.len() <= UNSENT
                && match self.caller.wait(Some((stream.fd(), interest)), None) {
                    Ok(true) => self.receive(&mut stream, &mut received),
                    Ok(false) => true,
                    Err(_) => false,
                };
            if !open {
                // The socket first, so that whoever hears of it finds it closed.
                drop(stream);
                return self.tell(FromBroker::Closed);
            }
        }
    }

    /// Encodes what the client wants sent. `false`: it has closed the connection.
    fn take_orders(&mut self, unsent: &mut Vec<u8>) -> Result<bool, codec::Malformed> {
        loop {
            match self.orders.try_recv() {
                Ok(packet) => codec::encode(packet, unsent)?,
                Err(TryRecvError::Empty) => return Ok(true),
                Err(TryRecvError::Disconnected) => return Ok(false),
            }
        }
    }

    /// Passes on what has arrived. `false`: the connection is over.
    fn receive(&mut self, stream: &mut Stream, received: &mut Vec<u8>) -> bool {
        let read = stream.read(received);
        let decoded = loop {
            match codec::decode(received) {
                Ok(Some(packet)) => {
                    self.outlet
                        .put(&mut self.caller, FromBroker::Packet(packet));
                }
                Ok(None) => break true,
                Err(codec::Malformed) => break false,
            }
        };
        self.outlet.wake();
        decoded && read.is_ok_and(|open| open)
    }

    /// The client has closed: sends what is left, such as a DISCONNECT, and lets the broker read
    /// it. Closing with something unread would take it back.
    fn leave(mut self, mut stream: Stream, mut unsent: Vec<u8>) {
        let deadline = Instant::now() + LINGER;
        self.caller.gone = true;
        while stream.write(&mut unsent).is_ok() && stream.wants_write(&unsent) {
            let ready = self
                .caller
                .wait(Some((stream.fd(), PollFlags::OUT)), Some(deadline));
            if !ready.is_ok_and(|ready| ready) {
                break;
            }
        }
        stream.finish();
        self.busy = None;
        let mut ignored = Vec::new();
        while self
            .caller
            .wait(Some((stream.fd(), PollFlags::IN)), Some(deadline))
            .is_ok_and(|ready| ready)
            && Instant::now() < deadline
            && stream.read(&mut ignored).is_ok_and(|open| open)
        {
            ignored.clear();
        }
    }
}

fn events(stream: &Stream, unsent: &[u8]) -> PollFlags {
    if stream.wants_write(unsent) {
        PollFlags::OUT
    } else {
        PollFlags::empty()
    }
}

/// The other side said no in the handshake, or it has gone.
fn lost_or_refused(error: io::Error) -> NotOpen {
    NotOpen::Failed(match error.kind() {
        io::ErrorKind::InvalidData => OpenFailure::Connect,
        _ => OpenFailure::Lost,
    })
}
