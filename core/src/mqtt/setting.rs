//! `AT+QMTCFG`: the 18 settings of a client, one by one, as commands and as answers.
//!
//! Rules common to all (note, 3.3.1): a setting can be written only while the client is closed, takes
//! effect at once, is lost when the module restarts, and is queried by its form without a value. The
//! answer does not repeat the client.

use super::{QoS, Secret};
use crate::error::Result;
use crate::wire::{CommandLine, Fields};

/// The names of the settings, in the order of the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum SettingName {
    /// `version`: MQTT protocol version.
    Version,
    /// `pdpcid`: PDP context of the TCP connection.
    PdpContext,
    /// `ssl`: TLS and its SSL context.
    Tls,
    /// `keepalive`.
    KeepAlive,
    /// `session`: clean or stored session.
    Session,
    /// `timeout`: packet time-out, retries, notices.
    Timeout,
    /// `will`: will with its message in the command line.
    Will,
    /// `willex`: will with its message after a prompt.
    WillEx,
    /// `recv/mode`: delivery and length display.
    Receive,
    /// `aliauth`: Alibaba Cloud device.
    AliAuth,
    /// `qmtping`: how long after a failed ping its loss is reported (register A14).
    PingReport,
    /// `send/mode`: format of published payloads.
    SendMode,
    /// `onenet`: China Mobile OneNET device.
    OneNet,
    /// `hwauth`: Huawei IoT device.
    HwAuth,
    /// `hwprodid`: Huawei IoT product.
    HwProduct,
    /// `dataformat`: format of published and received payloads.
    DataFormat,
    /// `view/mode`: echo of data typed after a prompt.
    ViewMode,
    /// `edit/timeout`: limit on data entry after a prompt.
    EditTimeout,
}

impl SettingName {
    /// All 18.
    pub const ALL: [Self; 18] = [
        Self::Version,
        Self::PdpContext,
        Self::Tls,
        Self::KeepAlive,
        Self::Session,
        Self::Timeout,
        Self::Will,
        Self::WillEx,
        Self::Receive,
        Self::AliAuth,
        Self::PingReport,
        Self::SendMode,
        Self::OneNet,
        Self::HwAuth,
        Self::HwProduct,
        Self::DataFormat,
        Self::ViewMode,
        Self::EditTimeout,
    ];

    /// The name on the wire, as `recv/mode`.
    #[must_use]
    pub const fn wire_name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::PdpContext => "pdpcid",
            Self::Tls => "ssl",
            Self::KeepAlive => "keepalive",
            Self::Session => "session",
            Self::Timeout => "timeout",
            Self::Will => "will",
            Self::WillEx => "willex",
            Self::Receive => "recv/mode",
            Self::AliAuth => "aliauth",
            Self::PingReport => "qmtping",
            Self::SendMode => "send/mode",
            Self::OneNet => "onenet",
            Self::HwAuth => "hwauth",
            Self::HwProduct => "hwprodid",
            Self::DataFormat => "dataformat",
            Self::ViewMode => "view/mode",
            Self::EditTimeout => "edit/timeout",
        }
    }

    /// The setting with this name on the wire, in either case (register A37).
    #[must_use]
    pub fn from_wire_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|setting| setting.wire_name().eq_ignore_ascii_case(name))
    }

    /// `AT+QMTCFG="name",client`.
    pub(crate) fn query(self, client: u8) -> CommandLine {
        CommandLine::new("AT+QMTCFG")
            .word(self.wire_name())
            .int(client)
    }

    pub(crate) const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// MQTT protocol version of CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Version {
    /// MQTT 3.1 (protocol level 3).
    V3_1,
    /// MQTT 3.1.1 (protocol level 4), the library's default.
    #[default]
    V3_1_1,
}

/// Plain TCP or TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Transport {
    /// Plain TCP, the library's default.
    #[default]
    Tcp,
    /// TLS with the SSL context 0..=5 that `AT+QSSLCFG` configures.
    Tls(u8),
}

/// How long the module tries to get a packet through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketTimeout {
    /// Time-out of one transmission in seconds, 1..=60; default 5. Some modules take more.
    pub seconds: u16,
    /// Retransmissions after the first, 0..=10; default 3.
    pub retries: u8,
    /// Whether each time-out is reported ([`Event::Retransmission`](crate::Event)); default no.
    pub notice: bool,
}

impl Default for PacketTimeout {
    fn default() -> Self {
        Self {
            seconds: 5,
            retries: 3,
            notice: false,
        }
    }
}

/// How received messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Delivery {
    /// Every message is printed at once (`recv/mode` 0), the library's default. Nothing holds the
    /// broker back: what the program does not take in time waits in the library's queue, and when
    /// that is full the oldest message is dropped and counted.
    #[default]
    Inline,
    /// The module keeps up to five messages and the library fetches them as its queue has room
    /// (`recv/mode` 1). What comes while all five are taken may be lost in the module (register
    /// A40), and a crash between fetch and delivery loses the message at any QoS.
    Stored,
}

/// A string or hexadecimal text on the serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// The bytes themselves.
    #[default]
    Text,
    /// Two hexadecimal digits a byte. The library converts; payloads are bytes all the same.
    Hex,
}

/// The message that the broker publishes when the client vanishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Topic, 1..=256 bytes.
    pub topic: String,
    /// Message, 0..=256 bytes of any kind.
    pub payload: Vec<u8>,
    /// QoS of the will.
    pub qos: QoS,
    /// Whether the broker retains it.
    pub retain: bool,
}

impl Will {
    /// A will at QoS 0, not retained.
    pub fn new(topic: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            qos: QoS::AtMostOnce,
            retain: false,
        }
    }

    /// Sets the QoS.
    #[must_use]
    pub fn qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// Sets the retain flag.
    #[must_use]
    pub fn retain(mut self, retain: bool) -> Self {
        self.retain = retain;
        self
    }

    /// The message as a string parameter, where it can be one.
    fn as_text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.payload).ok()?;
        (!text.bytes().any(|b| b == b'"' || b.is_ascii_control())).then_some(text)
    }
}

/// Credentials that the module turns into CONNECT fields for one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliAuth {
    /// Product key.
    pub product_key: String,
    /// Device name.
    pub device_name: String,
    /// Device secret.
    pub device_secret: Secret,
}

/// Credentials for China Mobile OneNET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneNet {
    /// Product id.
    pub product_id: String,
    /// Access key.
    pub access_key: Secret,
}

/// Device credentials for Huawei IoT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HwAuth {
    /// Product id.
    pub product_id: String,
    /// Device secret.
    pub device_secret: Secret,
    /// Time stamp check, which the note prints in the query and gives no setter for (register A24):
    /// written as an optional last parameter where it is `Some`.
    pub time_check: Option<bool>,
}

/// Product credentials for Huawei IoT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HwProduct {
    /// Product id.
    pub product_id: String,
    /// Product secret.
    pub product_secret: Secret,
    /// Node id: what identifies the device.
    pub node_id: String,
    /// As in [`HwAuth::time_check`].
    pub time_check: Option<bool>,
}

/// One setting with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// `version`.
    Version(Version),
    /// `pdpcid`: PDP context 1..=15 (1..=16 on sister families); default 1.
    PdpContext(u8),
    /// `ssl`.
    Tls(Transport),
    /// `keepalive`: seconds 0..=3600, 0 = the broker never drops a silent client; default 120.
    KeepAlive(u16),
    /// `session`: `true` = clean session.
    CleanSession(bool),
    /// `timeout`.
    Timeout(PacketTimeout),
    /// `will`, with a message of text without quotation marks and control bytes; `None` = no will.
    Will(Option<Will>),
    /// `willex`, with a message of any bytes; `None` = no will.
    WillEx(Option<Will>),
    /// `willex` as its query answers it: everything but the message, and that message's length.
    WillExLength {
        /// Topic of the will.
        topic: String,
        /// QoS of the will.
        qos: QoS,
        /// Retain flag of the will.
        retain: bool,
        /// Length of the message in bytes.
        length: u16,
    },
    /// `recv/mode`: delivery, and whether lengths are shown. The library writes only `true`.
    Receive(Delivery, bool),
    /// `aliauth`.
    AliAuth(AliAuth),
    /// `qmtping`: seconds 5..=60; default 5.
    PingReport(u8),
    /// `send/mode`; the same variable of the module as the first of `dataformat` (register A18).
    SendMode(Format),
    /// `onenet`.
    OneNet(OneNet),
    /// `hwauth`.
    HwAuth(HwAuth),
    /// `hwprodid`.
    HwProduct(HwProduct),
    /// `dataformat`: format of published, then of received payloads.
    DataFormat(Format, Format),
    /// `view/mode`: whether data typed after a prompt is echoed.
    ViewMode(bool),
    /// `edit/timeout`: seconds that the module waits for data after a prompt, 1..=120 by the note and up to
    /// 180 on some modules; or no limit.
    EditTimeout(Option<u8>),
}

/// How a setting is written: the line, and what follows its prompt where it has one.
pub(crate) struct Written {
    pub(crate) line: CommandLine,
    pub(crate) data: Option<Vec<u8>>,
}

/// Longest value of a cloud credential. The note gives none; this is what keeps a line short enough
/// for every module seen.
const CREDENTIAL: std::ops::RangeInclusive<usize> = 0..=256;

impl Setting {
    /// Which of the 18 it is.
    #[must_use]
    pub const fn name(&self) -> SettingName {
        match self {
            Self::Version(_) => SettingName::Version,
            Self::PdpContext(_) => SettingName::PdpContext,
            Self::Tls(_) => SettingName::Tls,
            Self::KeepAlive(_) => SettingName::KeepAlive,
            Self::CleanSession(_) => SettingName::Session,
            Self::Timeout(_) => SettingName::Timeout,
            Self::Will(_) => SettingName::Will,
            Self::WillEx(_) | Self::WillExLength { .. } => SettingName::WillEx,
            Self::Receive(..) => SettingName::Receive,
            Self::AliAuth(_) => SettingName::AliAuth,
            Self::PingReport(_) => SettingName::PingReport,
            Self::SendMode(_) => SettingName::SendMode,
            Self::OneNet(_) => SettingName::OneNet,
            Self::HwAuth(_) => SettingName::HwAuth,
            Self::HwProduct(_) => SettingName::HwProduct,
            Self::DataFormat(..) => SettingName::DataFormat,
            Self::ViewMode(_) => SettingName::ViewMode,
            Self::EditTimeout(_) => SettingName::EditTimeout,
        }
    }

    /// The command that writes it. Ranges are checked here; where real modules are known to take
    /// more than the note allows (packet time-out, edit time), the wider range is let through.
    pub(crate) fn write(&self, client: u8) -> Result<Written> {
        let line = self.name().query(client);
        let mut data = None;
        let line = match self {
            Self::Version(version) => line.int(match version {
                Version::V3_1 => 3,
                Version::V3_1_1 => 4,
            }),
            Self::PdpContext(context) => line.ranged("pdp_context", *context, 1..=16)?,
            Self::Tls(Transport::Tcp) => line.int(0),
            Self::Tls(Transport::Tls(context)) => {
                line.int(1).ranged("tls context", *context, 0..=5)?
            }
            Self::KeepAlive(seconds) => line.ranged("keepalive", *seconds, 0..=3600)?,
            Self::CleanSession(clean) => line.int(u8::from(*clean)),
            Self::Timeout(timeout) => line
                .ranged("packet timeout in seconds", timeout.seconds, 1..=1200)?
                .ranged("retries", timeout.retries, 0..=10)?
                .int(u8::from(timeout.notice)),
            Self::Will(None) | Self::WillEx(None) => line.int(0),
            Self::Will(Some(will)) => {
                let message = String::from_utf8_lossy(&will.payload);
                will_head(line, will)?.text("will message", &message, 0..=256)?
            }
            Self::WillEx(Some(will)) => {
                data = Some(will.payload.clone());
                will_head(line, will)?.ranged(
                    "will message length",
                    will.payload.len() as i64,
                    0..=256,
                )?
            }
            Self::WillExLength { length, .. } => {
                return Err(crate::Error::argument(
                    "willex",
                    format!("a length of {length} without its message"),
                    "WillEx with a message: this value is only what a query answers",
                ));
            }
            Self::Receive(delivery, length) => line
                .int(match delivery {
                    Delivery::Inline => 0,
                    Delivery::Stored => 1,
                })
                .int(u8::from(*length)),
            Self::AliAuth(ali) => line
                .text("product key", &ali.product_key, CREDENTIAL)?
                .text("device name", &ali.device_name, CREDENTIAL)?
                .secret("device secret", ali.device_secret.reveal(), CREDENTIAL)?,
            Self::PingReport(seconds) => line.ranged("qmtping", *seconds, 5..=60)?,
            Self::SendMode(format) => line.int(*format as u8),
            Self::OneNet(onenet) => line
                .text("product id", &onenet.product_id, CREDENTIAL)?
                .secret("access key", onenet.access_key.reveal(), CREDENTIAL)?,
            Self::HwAuth(auth) => optional_flag(
                line.text("product id", &auth.product_id, CREDENTIAL)?
                    .secret("device secret", auth.device_secret.reveal(), CREDENTIAL)?,
                auth.time_check,
            ),
            Self::HwProduct(product) => optional_flag(
                line.text("product id", &product.product_id, CREDENTIAL)?
                    .secret(
                        "product secret",
                        product.product_secret.reveal(),
                        CREDENTIAL,
                    )?
                    .text("node id", &product.node_id, CREDENTIAL)?,
                product.time_check,
            ),
            Self::DataFormat(send, receive) => line.int(*send as u8).int(*receive as u8),
            Self::ViewMode(echo) => line.int(u8::from(*echo)),
            Self::EditTimeout(None) => line.int(0).int(1),
            Self::EditTimeout(Some(seconds)) => {
                line.int(1).ranged("edit time", *seconds, 1..=180)?
            }
        };
        Ok(Written { line, data })
    }

    /// Reads the values of an answer to `AT+QMTCFG="name",client`; `parameters` begin behind the
    /// name.
    pub(crate) fn read(name: SettingName, mut p: Fields<'_>) -> Option<Self> {
        let flag = |value: i64| value != 0;
        let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let setting = match name {
            SettingName::Version => Self::Version(match p.int::<u8>()? {
                3 => Version::V3_1,
                4 => Version::V3_1_1,
                _ => return None,
            }),
            SettingName::PdpContext => Self::PdpContext(p.int()?),
            SettingName::Tls => Self::Tls(match p.int::<i64>()? {
                0 => Transport::Tcp,
                _ => Transport::Tls(p.int()?),
            }),
            SettingName::KeepAlive => Self::KeepAlive(p.int()?),
            SettingName::Session => Self::CleanSession(flag(p.int()?)),
            SettingName::Timeout => Self::Timeout(PacketTimeout {
                seconds: p.int()?,
                retries: p.int()?,
                notice: flag(p.int()?),
            }),
            SettingName::Will => match p.int::<i64>()? {
                0 => Self::Will(None),
                _ => Self::Will(Some(Will {
                    qos: QoS::try_from(p.int::<u8>()?).ok()?,
                    retain: flag(p.int()?),
                    topic: string(p.text()?),
                    payload: p.text()?.to_vec(),
                })),
            },
            SettingName::WillEx => match p.int::<i64>()? {
                0 => Self::WillEx(None),
                _ => Self::WillExLength {
                    qos: QoS::try_from(p.int::<u8>()?).ok()?,
                    retain: flag(p.int()?),
                    topic: string(p.text()?),
                    length: p.int()?,
                },
            },
            SettingName::Receive => Self::Receive(
                match p.int::<i64>()? {
                    0 => Delivery::Inline,
                    _ => Delivery::Stored,
                },
                flag(p.int()?),
            ),
            SettingName::AliAuth => Self::AliAuth(AliAuth {
                product_key: string(p.text()?),
                device_name: string(p.text()?),
                device_secret: string(p.text()?).into(),
            }),
            SettingName::PingReport => Self::PingReport(p.int()?),
            SettingName::SendMode => Self::SendMode(format(p.int()?)),
            SettingName::OneNet => Self::OneNet(OneNet {
                product_id: string(p.text()?),
                access_key: string(p.text()?).into(),
            }),
            SettingName::HwAuth => Self::HwAuth(HwAuth {
                product_id: string(p.text()?),
                device_secret: string(p.text()?).into(),
                time_check: p.int().map(flag),
            }),
            SettingName::HwProduct => Self::HwProduct(HwProduct {
                product_id: string(p.text()?),
                product_secret: string(p.text()?).into(),
                node_id: string(p.text()?),
                time_check: p.int().map(flag),
            }),
            SettingName::DataFormat => Self::DataFormat(format(p.int()?), format(p.int()?)),
            SettingName::ViewMode => Self::ViewMode(flag(p.int()?)),
            // The time is printed with mode 1, and by some modules with mode 0 too (register A54).
            SettingName::EditTimeout => Self::EditTimeout(match p.int::<i64>()? {
                0 => None,
                _ => Some(p.int()?),
            }),
        };
        Some(setting)
    }
}

/// A will as `will` where its message can be a string parameter, else as `willex`.
impl From<Option<Will>> for Setting {
    fn from(will: Option<Will>) -> Self {
        match will {
            Some(will) if will.as_text().is_none() => Self::WillEx(Some(will)),
            will => Self::Will(will),
        }
    }
}

fn format(value: i64) -> Format {
    if value == 0 {
        Format::Text
    } else {
        Format::Hex
    }
}

fn will_head(line: CommandLine, will: &Will) -> Result<CommandLine> {
    line.int(1)
        .int(will.qos.level())
        .int(u8::from(will.retain))
        .text("will topic", &will.topic, 1..=256)
}

fn optional_flag(line: CommandLine, flag: Option<bool>) -> CommandLine {
    match flag {
        Some(flag) => line.int(u8::from(flag)),
        None => line,
    }
}

#[cfg(test)]
mod tests;
