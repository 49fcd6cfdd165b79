//! Files, TLS and the network, against a scripted module on a socket: the bytes themselves are the point.

mod files;
mod network;
mod peer;
mod tls;
