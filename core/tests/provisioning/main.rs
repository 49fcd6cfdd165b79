//! Files, against a scripted module on a socket: the bytes themselves are the point.

mod files;
mod peer;
