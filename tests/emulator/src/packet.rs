//! MQTT control packets as values: what passes between a client in the module and a broker.
//!
//! Both sides of the module's broker connection speak in these, so that the module does not know
//! whether the hub inside the emulator answers or a real broker behind a codec.

/// One MQTT 3.1 or 3.1.1 control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// CONNECT, client to broker.
    Connect(Connect),
    /// CONNACK, broker to client: whether a stored session was found, and the return code 0..=5.
    ConnAck {
        /// The broker kept a session of this client id.
        session_present: bool,
        /// 0 accepted, 1 protocol version, 2 identifier, 3 server, 4 user or password, 5 not authorised.
        code: u8,
    },
    /// PUBLISH, either way.
    Publish(Publish),
    /// PUBACK of a QoS 1 publish, by packet id.
    PubAck(u16),
    /// PUBREC, first answer to a QoS 2 publish.
    PubRec(u16),
    /// PUBREL, second step of QoS 2.
    PubRel(u16),
    /// PUBCOMP, end of QoS 2.
    PubComp(u16),
    /// SUBSCRIBE with (topic filter, requested QoS) pairs.
    Subscribe {
        /// Packet id, 1..=65535.
        id: u16,
        /// Filters with the QoS asked for.
        filters: Vec<(String, u8)>,
    },
    /// SUBACK: one code a filter, the granted QoS or 128.
    SubAck {
        /// Packet id of the SUBSCRIBE.
        id: u16,
        /// Granted QoS 0..=2, or 128 for a refused filter.
        codes: Vec<u8>,
    },
    /// UNSUBSCRIBE.
    Unsubscribe {
        /// Packet id, 1..=65535.
        id: u16,
        /// Filters to remove.
        filters: Vec<String>,
    },
    /// UNSUBACK, by packet id.
    UnsubAck(u16),
    /// PINGREQ.
    PingReq,
    /// PINGRESP.
    PingResp,
    /// DISCONNECT, client to broker.
    Disconnect,
}

/// The fields of CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// Protocol level: 3 = MQTT 3.1, 4 = MQTT 3.1.1.
    pub level: u8,
    /// Client identifier.
    pub client_id: String,
    /// Clean session flag.
    pub clean_session: bool,
    /// Keep-alive in seconds, 0 = off.
    pub keep_alive: u16,
    /// User name, where given.
    pub username: Option<String>,
    /// Password, where given.
    pub password: Option<Vec<u8>>,
    /// Will, where given.
    pub will: Option<Publish>,
}

/// The fields of PUBLISH; also a will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Packet id, 0 for QoS 0 (and for a will).
    pub id: u16,
    /// Topic name.
    pub topic: String,
    /// Payload bytes.
    pub payload: Vec<u8>,
    /// QoS 0..=2.
    pub qos: u8,
    /// Retain flag.
    pub retain: bool,
    /// Duplicate delivery flag.
    pub dup: bool,
}

/// What a client of the module asks of its broker connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToBroker {
    /// Open the connection to `host`:`port`.
    Open {
        /// Host name or address as typed in `AT+QMTOPEN`.
        host: String,
        /// TCP port.
        port: u16,
        /// Use TLS, as the SSL context of the client says.
        tls: Option<Box<Tls>>,
    },
    /// Send a packet.
    Packet(Packet),
    /// Close the connection without a word (a DISCONNECT, if any, has been sent as a packet).
    Close,
}

/// What an SSL context (`AT+QSSLCFG`) amounts to when a connection is opened: files are read already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The context 0..=5 that it came from.
    pub context: u8,
    /// `seclevel`: 0 check nothing, 1 check the server, 2 show a client certificate as well.
    pub security_level: u8,
    /// PEM of `cacert`, where there is one.
    pub ca: Option<Vec<u8>>,
    /// PEM of `clientcert`.
    pub certificate: Option<Vec<u8>>,
    /// PEM of `clientkey`.
    pub key: Option<Vec<u8>>,
    /// The password of `clientkey`, where it has one.
    pub key_password: Option<String>,
    /// `sslversion`: 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all.
    pub version: u8,
    /// `ciphersuite`: `None` = all (`0XFFFF`).
    pub cipher_suite: Option<u16>,
    /// `sni`: name the host in the handshake.
    pub sni: bool,
    /// `ignorelocaltime` 0: check validity against the module's clock, which shows this many seconds
    /// since 1970. `None` = ignore the time.
    pub clock: Option<u64>,
    /// `negotiatetime` in seconds, 10..=300.
    pub negotiate_seconds: u16,
}

impl Tls {
    /// A context with nothing configured: nothing is checked.
    #[must_use]
    pub fn unconfigured(context: u8) -> Self {
        Self {
            context,
            security_level: 0,
            ca: None,
            certificate: None,
            key: None,
            key_password: None,
            version: 4,
            cipher_suite: None,
            sni: false,
            clock: None,
            negotiate_seconds: 300,
        }
    }
}

/// What comes back from the broker connection of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromBroker {
    /// The connection stands.
    Opened,
    /// It could not be opened.
    OpenFailed(OpenFailure),
    /// A packet arrived.
    Packet(Packet),
    /// The other side closed or reset the connection, or would have because of what it was sent.
    Closed,
    /// The CONNECT could not be sent: the connection had broken before, or no CONNECT can hold what
    /// the client has set.
    ConnectFailed,
    /// The connection died on the way: the other side cannot be reached any more, or did not
    /// confirm in time what it was sent.
    LinkDead,
    /// This side closed, because the broker sent what no client can take: no MQTT, a packet that
    /// only clients send, or one that is too large; or because it stopped reading.
    GaveUp,
}

impl FromBroker {
    /// Whether the connection has ended with this.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self {
            Self::Opened | Self::Packet(_) => false,
            Self::OpenFailed(_)
            | Self::Closed
            | Self::ConnectFailed
            | Self::LinkDead
            | Self::GaveUp => true,
        }
    }
}

/// Why a connection could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenFailure {
    /// The name does not resolve.
    NameResolution,
    /// Refused, unreachable, timed out, or TLS failed.
    Connect,
    /// The connection was lost while it was being opened.
    Lost,
}
