//! A real serial port.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::termios::{
    self, ControlModes, OptionalActions, QueueSelector, SpecialCodeIndex, ioctl_tiocexcl, tcflush,
    tcgetattr, tcsetattr,
};
use serialport::TTYPort;

use super::Port;
use super::lock::{LockFile, busy};
use super::wake::set_nonblocking;
use crate::error::{Error, ErrorKind, Result};

/// Who may hold the other side up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlowControl {
    /// Nobody. The default; right for USB, and for a UART that is never overrun.
    #[default]
    None,
    /// RTS and CTS. The module is told as well (`AT+IFC=2,2`).
    RtsCts,
}

/// How a serial port is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SerialOptions {
    /// Bits per second; default 115200. Means nothing on USB and pseudo-terminals.
    pub baud_rate: u32,
    /// Default [`FlowControl::None`].
    pub flow_control: FlowControl,
    /// Whether DTR is asserted while the port is open; default `true`. A module that sees it fall may
    /// leave its data mode or hang up (`AT&D`).
    pub dtr: bool,
    /// Whether DTR falls when the port is closed; default `false`.
    pub hang_up_on_close: bool,
}

impl Default for SerialOptions {
    fn default() -> Self {
        Self {
            baud_rate: 115_200,
            flow_control: FlowControl::None,
            dtr: true,
            hang_up_on_close: false,
        }
    }
}

/// An open serial port: locked, raw, non-blocking, close-on-exec.
///
/// Dropping it drops output that has not left yet instead of waiting for it, and lifts the lock.
#[derive(Debug)]
pub struct SerialPort {
    // Dropped before the device is closed: once it is, a pseudo-terminal of the same name may be another's,
    // who would find this lock.
    _lock: Option<LockFile>,
    fd: OwnedFd,
    path: PathBuf,
    /// The process that opened it: the settings of the device are not a forked child's to undo.
    pid: u32,
}

impl SerialPort {
    /// Opens a serial device exclusively, with 8 data bits, no parity, 1 stop bit.
    ///
    /// # Errors
    ///
    /// [`PortBusy`](ErrorKind::PortBusy) where another program has it, and says which where it can;
    /// [`PortLost`](ErrorKind::PortLost) where it is not there, may not be opened, or is no serial
    /// port; [`InvalidArgument`](ErrorKind::InvalidArgument) for a rate of 0.
    pub fn open(path: impl AsRef<Path>, options: &SerialOptions) -> Result<Self> {
        let path = path.as_ref();
        if options.baud_rate == 0 {
            return Err(Error::argument("baud_rate", 0, "1 or more"));
        }
        let lock = LockFile::take(path)?;
        let builder = serialport::new(path.to_string_lossy(), options.baud_rate)
            .dtr_on_open(options.dtr)
            .flow_control(match options.flow_control {
                FlowControl::None => serialport::FlowControl::None,
                FlowControl::RtsCts => serialport::FlowControl::Hardware,
            });
        let port = TTYPort::open(&builder).map_err(|error| open_error(path, &error))?;
        // Not `into_raw_fd`, which leaks the name of the port. The drop lifts the exclusive mode, so it is
        // set again; the lock belongs to both descriptors.
        // SAFETY: the descriptor is open for as long as `port`, which outlives the borrow.
        let borrowed = unsafe { BorrowedFd::borrow_raw(port.as_raw_fd()) };
        let fd = borrowed
            .try_clone_to_owned()
            .map_err(|error| lost(path, &error.to_string()))?;
        drop(port);
        ioctl_tiocexcl(&fd).map_err(|error| lost(path, &error.to_string()))?;
        let port = Self {
            fd,
            path: path.to_owned(),
            pid: std::process::id(),
            _lock: lock,
        };
        port.prepare(options)
            .map_err(|error| lost(path, &error.to_string()))?;
        Ok(port)
    }

    fn prepare(&self, options: &SerialOptions) -> io::Result<()> {
        set_nonblocking(&self.fd)?;
        let mut settings = tcgetattr(&self.fd)?;
        settings
            .control_modes
            .set(ControlModes::HUPCL, options.hang_up_on_close);
        // With VMIN 0 a read of nothing would look like a hang-up.
        settings.special_codes[SpecialCodeIndex::VMIN] = 1;
        settings.special_codes[SpecialCodeIndex::VTIME] = 0;
        Ok(tcsetattr(&self.fd, OptionalActions::Now, &settings)?)
    }
}

impl AsFd for SerialPort {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Port for SerialPort {
    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        if std::process::id() != self.pid {
            return;
        }
        // Else the close may wait for a device that takes no more output.
        let _ = tcflush(&self.fd, QueueSelector::OFlush);
        // The mark outlives this descriptor where somebody else has the device open too.
        let _ = termios::ioctl_tiocnxcl(&self.fd);
    }
}

fn open_error(path: &Path, error: &serialport::Error) -> Error {
    let taken = match error.kind() {
        serialport::ErrorKind::Io(kind) => kind == io::ErrorKind::ResourceBusy,
        serialport::ErrorKind::NoDevice => {
            error.description.contains("lock") || error.description.contains("busy")
        }
        _ => false,
    };
    if taken {
        return busy(path, None, "the device is locked");
    }
    let hint = match error.kind() {
        serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied) => {
            "; join the group of the device (dialout on Debian) and log in again"
        }
        _ if error
            .description
            .to_ascii_lowercase()
            .contains("typewriter") =>
        {
            "; it is no serial device"
        }
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(io::ErrorKind::NotFound) => {
            "; is the module plugged in, and is this its device?"
        }
        _ => "",
    };
    lost(path, &format!("{}{hint}", error.description))
}

fn lost(path: &Path, what: &str) -> Error {
    Error::new(
        ErrorKind::PortLost,
        format!("{} cannot be opened: {what}", path.display()),
    )
}
