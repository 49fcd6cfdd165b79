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

/// How far CONNECT is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeting {
    None,
    Unsent,
    Sent,
}

/// Why a connection that stood ended.
#[derive(Debug)]
enum End {
    /// The other side closed, or would have.
    Closed,
    /// CONNECT cannot be.
    NotSent,
    /// The other side is not one to talk to.
    GaveUp,
    Broke(io::Error),
}

impl From<End> for FromBroker {
    fn from(end: End) -> Self {
        match end {
            End::Closed => Self::Closed,
            End::NotSent => Self::ConnectFailed,
            End::GaveUp => Self::GaveUp,
            End::Broke(error) => cause(&error),
        }
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
        let mut connect = Greeting::None;
        // What the broker said before it closed can be read when writing fails already.
        let mut deaf = false;
        // It broke before CONNECT, which is when that is noticed.
        let mut broken = false;
        loop {
            match self.take_orders(&mut unsent, &mut connect) {
                Ok(true) => {}
                Ok(false) => return self.leave(stream, unsent),
                Err(end) => {
                    self.tell(end.into());
                    return self.leave(stream, unsent);
                }
            }
            if broken {
                if connect != Greeting::None {
                    drop(stream);
                    return self.tell(FromBroker::ConnectFailed);
                }
                if self.caller.wait(None, None).is_err() {
                    return self.tell(FromBroker::Closed);
                }
                continue;
            }
            if deaf || stream.write(&mut unsent).is_err() {
                if connect == Greeting::Unsent {
                    drop(stream);
                    return self.tell(FromBroker::ConnectFailed);
                }
                deaf = true;
                unsent.clear();
            }
            if connect == Greeting::Unsent && !stream.wants_write(&unsent) {
                connect = Greeting::Sent;
            }
            let mut interest = PollFlags::IN;
            if !deaf {
                interest |= events(&stream, &unsent);
            }
            let received = if unsent.len() > UNSENT {
                Err(End::GaveUp)
            } else {
                match self.caller.wait(Some((stream.fd(), interest)), None) {
                    Ok(true) => self.receive(&mut stream, &mut received),
                    Ok(false) => Ok(()),
                    Err(error) => Err(End::Broke(error)),
                }
            };
            let end = match received {
                Ok(()) => continue,
                Err(End::Broke(error)) if connect == Greeting::None && is_broken(&error) => {
                    broken = true;
                    continue;
                }
                Err(end) => end,
            };
            // The socket first, so that whoever hears of it finds it closed.
            drop(stream);
            return self.tell(end.into());
        }
    }

    /// Encodes what the client wants sent. `false`: it has closed the connection. An error is how
    /// the connection ends because of a packet that MQTT does not allow.
    fn take_orders(&mut self, unsent: &mut Vec<u8>, connect: &mut Greeting) -> Result<bool, End> {
        loop {
            match self.orders.try_recv() {
                Ok(packet) => {
                    let end = if matches!(packet, Packet::Connect(_)) {
                        *connect = Greeting::Unsent;
                        End::NotSent
                    } else {
                        End::Closed
                    };
                    codec::encode(packet, unsent).map_err(|codec::Malformed| end)?;
                }
                Err(TryRecvError::Empty) => return Ok(true),
                Err(TryRecvError::Disconnected) => return Ok(false),
            }
        }
    }

    /// Passes on what has arrived.
    fn receive(&mut self, stream: &mut Stream, received: &mut Vec<u8>) -> Result<(), End> {
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
        match read {
            _ if !decoded => Err(End::GaveUp),
            Ok(true) => Ok(()),
            Ok(false) => Err(End::Closed),
            Err(error) => Err(End::Broke(error)),
        }
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

/// The other side cannot be reached any more.
fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut};
    matches!(
        error.kind(),
        HostUnreachable | NetworkDown | NetworkUnreachable | TimedOut
    ) || error.raw_os_error() == Some(rustix::io::Errno::HOSTDOWN.raw_os_error())
}

/// The connection is gone without a proper end.
fn is_broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset
    ) || is_unreachable(error)
}

/// What such an end of a connection that was in use is for the client.
fn cause(error: &io::Error) -> FromBroker {
    let by_alert = || {
        let inside = error.get_ref().and_then(|error| error.downcast_ref());
        matches!(inside, Some(rustls::Error::AlertReceived(_)))
    };
    if is_unreachable(error) {
        FromBroker::LinkDead
    } else if error.kind() == io::ErrorKind::InvalidData && !by_alert() {
        // What came was no TLS.
        FromBroker::GaveUp
    } else {
        FromBroker::Closed
    }
}

/// The other side said no in the handshake, or it has gone.
fn lost_or_refused(error: io::Error) -> NotOpen {
    NotOpen::Failed(match error.kind() {
        io::ErrorKind::InvalidData => OpenFailure::Connect,
        _ => OpenFailure::Lost,
    })
}

#[cfg(test)]
mod tests {
    use super::{cause, is_broken};
    use crate::packet::FromBroker;
    use rustix::io::Errno;
    use std::io;

    #[test]
    fn causes() {
        for (errno, broken, end) in [
            (Errno::TIMEDOUT, true, FromBroker::LinkDead),
            (Errno::HOSTUNREACH, true, FromBroker::LinkDead),
            (Errno::HOSTDOWN, true, FromBroker::LinkDead),
            (Errno::NETUNREACH, true, FromBroker::LinkDead),
            (Errno::NETDOWN, true, FromBroker::LinkDead),
            (Errno::CONNRESET, true, FromBroker::Closed),
            (Errno::PIPE, true, FromBroker::Closed),
            (Errno::INVAL, false, FromBroker::Closed),
        ] {
            let error = io::Error::from(errno);
            assert_eq!((is_broken(&error), cause(&error)), (broken, end), "{errno}");
        }
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::InternalError);
        let garbage = rustls::Error::DecryptError;
        for (error, end) in [(alert, FromBroker::Closed), (garbage, FromBroker::GaveUp)] {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            assert_eq!((is_broken(&error), cause(&error)), (false, end));
        }
    }
}
