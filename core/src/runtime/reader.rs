//! The one thread that reads a port.

use std::io::ErrorKind::{Interrupted, WouldBlock};
use std::sync::atomic::Ordering;

use super::mailbox::Undelivered;
use super::{Leave, Shared};
use crate::port::{Port, wait};
use crate::sync::now;

/// More than a module sends between two looks; a serial port gives at most 4 KiB at a time.
const READ_SIZE: usize = 16 * 1024;

/// Reads until the port is lost or [`Shared::stop`] is set. Sleeps in `poll` with the engine's next
/// deadline as its time-out: an idle port causes no wake-up at all.
pub(super) fn run(shared: &Shared, port: &dyn Port) {
    let mut buf = vec![0; READ_SIZE];
    loop {
        let (due, writes) = {
            let mut core = shared.core.lock();
            core.reader_due = core.engine.poll_timeout();
            core.reader_writes = !core.engine.transmit().is_empty();
            (core.reader_due, core.reader_writes)
        };
        let timeout = due.map(|due| due.saturating_duration_since(now()));
        let ready = wait(port, &shared.waker, writes, timeout);
        if shared.stop.load(Ordering::Acquire) {
            return;
        }
        let lost = match ready {
            Err(error) => Some(error.to_string()),
            Ok(ready) => {
                if ready.woken {
                    shared.waker.hush();
                    shared.interrupt_waits();
                }
                if ready.readable {
                    read(shared, port, &mut buf)
                } else {
                    None
                }
            }
        };
        let mut core = shared.core.lock();
        match lost {
            Some(why) => core.lost(port, &why),
            None => core.engine.handle_timeout(now()),
        }
        shared.settle(&mut core, Leave::Reader);
        if core.engine.is_lost() {
            core.port = None;
            drop(core);
            return shared.end_of_mail(Undelivered::Delivered);
        }
    }
}

/// Reads all that is there. The reason, where the port is gone.
fn read(shared: &Shared, port: &dyn Port, buf: &mut [u8]) -> Option<String> {
    loop {
        match port.read(buf) {
            Ok(0) => return Some("hung up".to_owned()),
            Ok(bytes) => {
                let mut core = shared.core.lock();
                core.engine.handle_input(now(), &buf[..bytes]);
                shared.settle(&mut core, Leave::Reader);
                if bytes < buf.len() {
                    return None;
                }
            }
            Err(error) => match error.kind() {
                WouldBlock => return None,
                Interrupted => {}
                _ => return Some(error.to_string()),
            },
        }
    }
}
