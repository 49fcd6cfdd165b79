//! Links, on emulated modules that misbehave.

mod common;
mod hostile;
mod offline;
mod recovery;
mod session;
