//! MQTT through the AT commands of Quectel cellular modules.
//!
//! The module keeps the TCP, TLS and MQTT connections; the program talks AT commands to it over a serial
//! port. This library does that talking, for the LTE Standard(A) families (EC200, EC600, EC800, EG912,
//! EG915).
//!
//! ```no_run
//! use atmqtt::{Connect, Modem, QoS};
//!
//! # fn main() -> atmqtt::Result<()> {
//! let modem = Modem::open("/dev/ttyUSB2")?;
//! let client = modem.client(0)?;
//! client.open("broker.example", 1883)?;
//! client.connect(&Connect::new("sensor-17"))?;
//! client.subscribe(&[("sensors/17/set", QoS::AtLeastOnce)])?;
//! client.publish("sensors/17", r#"{"t":21.5}"#, QoS::AtLeastOnce, false)?;
//! for message in client.messages()? {
//!     println!("{}: {}", message.topic(), message.payload().escape_ascii());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The types, in the order in which one meets them
//!
//! - [`Modem`]: a serial port with a module behind it. It answers for the port as a whole:
//!   [`command`](Modem::command) sends any other AT command, [`events`](Modem::events) tells what the
//!   module does by itself.
//! - [`Client`]: one of the six MQTT clients of the module. [`open`](Client::open) it (network), then
//!   [`connect`](Client::connect) it (MQTT); then it can [`subscribe`](Client::subscribe),
//!   [`publish`](Client::publish) and receive.
//! - [`ClientConfig`]: its 18 settings, among them keep-alive, will, TLS and [`Delivery`].
//! - [`Messages`] and [`Message`]: what it receives. [`Client::on_message`] takes a callback instead.
//! - [`Pending`]: an operation that was started and not waited for, as by
//!   [`publish_start`](Client::publish_start).
//! - [`Link`]: a connection that keeps itself up, for programs that are left alone; it has a port and a client of its
//!   own, and most of what these have.
//! - [`Event`]: a lost connection, a restart, a dropped message. Messages are not among the events.
//! - [`Error`] and [`ErrorKind`]: one type, and kinds with numbers that never change.
//!
//! # Threads
//!
//! [`Modem`] and [`Client`] are cheap to clone and can be used from any thread. Every port has one thread
//! of the library that reads, and a second one where callbacks are set; callbacks run there, one at a
//! time. Everything but [`Modem::close`] may be called in a callback. After a fork, open the port in the
//! child: there, every call on the parent's answers [`ErrorKind::Closed`].
//!
//! # How long a call takes
//!
//! As long as the module may take: two minutes for an open, more with TLS; for a connect, subscription
//! or publish the seconds of [`PacketTimeout`] x (retries + 1) + 5 s. [`Client::with_timeout`] and
//! [`Modem::with_timeout`] limit how long a call keeps its caller. That ends the waiting only: what has
//! begun goes on, and the error then is [`Unconfirmed`](ErrorKind::Unconfirmed).
//!
//! # What can be lost
//!
//! The module acknowledges messages to the broker by itself, before the program has them. A message may
//! then be lost on the way to the program at any QoS; [`Delivery`] says when, and
//! [`Event::Lagged`] and [`Event::InputLost`] tell where it can be known.
//!
//! A payload is taken by its length and cannot pass for anything else. A topic is not counted on the
//! wire: whoever may choose topic names freely under a wildcard subscription can make one that reads as
//! another topic and length. Subscribe to exact topics, or set
//! [`data_format`](ClientConfig::data_format) to receive in hexadecimal, where that matters.
//!
//! What a [`Link`] was given to publish is another matter: it says at its type what becomes of that.
//!
//! # Logging
//!
//! Through the crate `log`: `atmqtt::wire` at level trace shows every line of the serial port, with
//! secrets masked. [`ModemBuilder::trace`] writes every byte to a file, which the emulated module replays.
//!
//! # Without hardware
//!
//! The crate `atmqtt-emulator` is a module on a pseudo-terminal, with a broker inside; its path opens like
//! any serial device. [`ModemBuilder::open_port`] takes any other byte stream.
//!
//! # Beneath
//!
//! [`engine`] is the protocol without I/O, [`mqtt`] the commands, [`wire`] the bytes, [`port`] the serial
//! port, [`mask`] what logs leave out. They are public to be read and tested, and change more often than the rest.

#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

mod client;
pub mod engine;
mod error;
mod event;
mod files;
mod incoming;
mod info;
mod link;
pub mod mask;
mod modem;
pub mod mqtt;
mod network;
#[cfg(feature = "outbox")]
mod outbox;
mod pending;
pub mod port;
mod raw;
mod receiving;
mod runtime;
mod sync;
mod tls;
mod trace;
pub mod wire;

pub use client::{Client, IfInUse};
pub use engine::{Outcome, State};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, Received};
pub use files::{FileInfo, Files, Space, UploadOptions};
pub use incoming::Incoming;
pub use info::{ModuleInfo, Signal};
pub use link::{
    Backoff, Delivering, Link, LinkBuilder, LinkCause, LinkChange, LinkPort, LinkState, LinkStatus,
    OtherPort, QueueLimits, UsbPort, WhenAlive, WhenFull, WhenUnconfirmed,
};
pub use modem::{Modem, ModemBuilder};
pub use mqtt::capabilities::{Capabilities, Supported};
pub use mqtt::config::ClientConfig;
pub use mqtt::connect::{Connect, DisconnectReason};
pub use mqtt::receive::Message;
pub use mqtt::setting::{
    AliAuth, Delivery, Format, HwAuth, HwProduct, OneNet, PacketTimeout, Setting, SettingName,
    Transport, Version, Will,
};
pub use mqtt::subscribe::Granted;
pub use mqtt::{QoS, Secret};
pub use network::{
    AccessTechnology, Apn, Authentication, ContextAddress, DateTime, IpType, Network, Operator,
    Readiness, Registration, RegistrationStatus, ServiceRegistration, SimState, UrcPort,
};
pub use pending::{FromOutcome, Pending, Publication};
pub use port::FlowControl;
pub use receiving::{Events, Messages};
#[doc(hidden)]
pub use runtime::Driver;
pub use tls::{
    Certificate, Clock, PrivateKey, TlsConfig, TlsContext, TlsSettings, TlsVerification, TlsVersion,
};
