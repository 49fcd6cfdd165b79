//! MQTT through the AT commands of Quectel cellular modules.

mod client;
pub mod engine;
mod error;
mod event;
mod info;
mod mask;
mod modem;
pub mod mqtt;
mod pending;
pub mod port;
mod raw;
mod runtime;
pub mod wire;

pub use client::{Client, IfInUse, Messages};
pub use engine::State;
pub use error::{Error, ErrorKind, Result};
pub use event::Event;
pub use info::{ModuleInfo, Signal};
pub use modem::{Events, Modem, ModemBuilder};
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
pub use pending::{FromOutcome, Pending, Publication};
pub use port::FlowControl;
