//! The library, through the emulated module, at Debian's `mosquitto`, with `mosquitto_pub` and
//! `mosquitto_sub` as its other clients.

mod bench;
mod mosquitto;
mod note;
mod pki;
mod plain;
mod tls;
