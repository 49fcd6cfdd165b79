//! Locks, threads, signals, time and descriptors, as the threads of a port use them.
//!
//! They are those of the system. Under the model checker (`make model`), which decides itself which thread goes
//! on, they are its own, with the same names and meanings.

#[cfg(all(test, shuttle))]
pub(crate) mod model;
#[cfg(not(all(test, shuttle)))]
mod signals;
#[cfg(not(all(test, shuttle)))]
mod system;

#[cfg(all(test, shuttle))]
pub(crate) use model::{
    AtomicBool, Condvar, JoinHandle, Mutex, OnceLock, Signal, SignalGuard, ThreadId, now, poll,
    read, signal, spawn, system_time, this_thread, write,
};
#[cfg(not(all(test, shuttle)))]
pub(crate) use system::{
    AtomicBool, Condvar, JoinHandle, Mutex, OnceLock, Signal, SignalGuard, ThreadId, now, poll,
    read, signal, spawn, system_time, this_thread, write,
};
