//! The native half of the Python package `atmqtt`: the module `atmqtt._native`.
//!
//! One file for each Python noun (`modem`, `client`, `pending`, `link`, `delivering`, `message`, `event`,
//! `files`, `tls`, `network`, `emulator`). Beside them is what they share:
//!
//! - `wait`: waiting without the interpreter, in slices, so that Ctrl-C is heard;
//! - `process`: threads for calls that block, the open ports and links, the end of the interpreter;
//! - `port`: a port or link that is never joined where the interpreter is held, and its callbacks;
//! - `logging`, `error`, `convert`, `settings`, `info`, `link_values`: values on their way to Python and back.
//!
//! Values, enumerations and exceptions are classes of the Python half, where they are easier to say.
//!
//! # The rules
//!
//! The interpreter is a lock like any other, and the one that Python takes and gives as it likes. So:
//!
//! 1. Nothing waits while it holds the interpreter: not for a lock, not for a thread, not for the module.
//! 2. No thread of the library takes the interpreter under a lock of the library's.
//! 3. No thread takes the interpreter once it may be finalised: `process::at_exit` ends them before.

mod client;
mod convert;
mod delivering;
mod emulator;
mod error;
mod event;
mod files;
mod info;
mod link;
mod link_values;
mod logging;
mod message;
mod modem;
mod network;
mod pending;
mod port;
mod process;
mod settings;
mod tls;
mod wait;

use pyo3::prelude::*;

/// The native half of atmqtt. Use the names of the package `atmqtt`.
#[pymodule]
#[pyo3(name = "_native")]
mod native {
    use super::*;

    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::delivering::Delivering;
    #[pymodule_export]
    use super::emulator::Emulator;
    #[pymodule_export]
    use super::emulator::emulator_main;
    #[pymodule_export]
    use super::event::{Events, disconnect_reason};
    #[pymodule_export]
    use super::files::Files;
    #[pymodule_export]
    use super::link::Link;
    #[pymodule_export]
    use super::link_values::find_usb_port;
    #[pymodule_export]
    use super::message::{Message, Messages};
    #[pymodule_export]
    use super::modem::Modem;
    #[pymodule_export]
    use super::network::Network;
    #[pymodule_export]
    use super::pending::Pending;
    #[pymodule_export]
    use super::process::at_exit;
    #[pymodule_export]
    use super::tls::TlsContext;

    /// A line of the serial port as the log shows it: escaped, secrets masked, at most 120 bytes.
    #[pyfunction]
    #[pyo3(name = "_shown")]
    fn shown(line: &[u8]) -> String {
        atmqtt::mask::shown(line)
    }

    /// Registered first, so that it runs after the exit handlers of the program itself.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        logging::init();
        let atexit = module.py().import("atexit")?;
        atexit.call_method1("register", (module.getattr("_at_exit")?,))?;
        Ok(())
    }
}
