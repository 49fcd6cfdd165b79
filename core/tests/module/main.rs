//! The library on real serial devices: an emulated module on a pseudo-terminal, or a scripted peer on a
//! socket where the bytes themselves are the point.

mod adoption;
mod callbacks;
mod common;
mod dialects;
mod idle;
mod incoming;
mod injection;
mod load;
mod note;
mod port;
mod provisioning;
mod session;
mod stored;
mod trace;
mod trouble;
mod unplug;
