//! An open connection, plain or TLS, that does not block.

use rustls::ClientConnection;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

/// What one read takes at most.
const CHUNK: usize = 16 << 10;

/// Bytes in both directions.
#[derive(Debug)]
pub(super) enum Stream {
    /// As they are.
    Plain(TcpStream),
    /// Encrypted.
    Tls(TcpStream, Box<ClientConnection>),
}

impl Stream {
    /// The socket, to wait on.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }

    /// Whether something is left to send when `unsent` was given to [`write`](Self::write).
    pub(super) fn wants_write(&self, unsent: &[u8]) -> bool {
        match self {
            Self::Plain(_) => !unsent.is_empty(),
            Self::Tls(_, session) => session.wants_write() || !unsent.is_empty(),
        }
    }

    /// Sends what can be sent now, and removes it.
    pub(super) fn write(&mut self, unsent: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Plain(socket) => {
                while !unsent.is_empty() {
                    match now(socket.write(unsent))? {
                        Some(count) => drop(unsent.drain(..count)),
                        None => break,
                    }
                }
            }
            Self::Tls(socket, session) => loop {
                if !unsent.is_empty() {
                    let count = session.writer().write(unsent)?;
                    unsent.drain(..count);
                }
                if !session.wants_write() || now(session.write_tls(socket))?.is_none() {
                    break;
                }
            },
        }
        Ok(())
    }

    /// Takes what has arrived. `false`: it was the last, the other side has closed.
    pub(super) fn read(&mut self, received: &mut Vec<u8>) -> io::Result<bool> {
        let mut buffer = [0; CHUNK];
        match self {
            Self::Plain(socket) => Ok(match now(socket.read(&mut buffer))? {
                Some(count) => {
                    received.extend_from_slice(&buffer[..count]);
                    count > 0
                }
                None => true,
            }),
            Self::Tls(socket, session) => {
                let Some(count) = now(session.read_tls(socket))? else {
                    return Ok(true);
                };
                if let Err(error) = session.process_new_packets() {
                    // The alert that says why.
                    let _ = session.write_tls(socket);
                    return Err(io::Error::new(ErrorKind::InvalidData, error));
                }
                loop {
                    match now(session.reader().read(&mut buffer))? {
                        Some(0) => return Ok(false),
                        Some(count) => received.extend_from_slice(&buffer[..count]),
                        None => return Ok(count > 0),
                    }
                }
            }
        }
    }

    /// Nothing more will be sent; with TLS, says so.
    pub(super) fn finish(&mut self) {
        if let Self::Tls(socket, session) = self {
            session.send_close_notify();
            // What does not fit now is not needed.
            let _ = session.write_tls(socket);
        }
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) | Self::Tls(socket, _) => socket,
        }
    }
}

/// `None`: not now.
fn now(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
