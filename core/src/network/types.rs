//! What the network commands say, as types.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{Error, ErrorKind};
use crate::mqtt::Secret;
use crate::wire::{Field, Fields};

/// Whether the module is in a network, for one kind of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistrationStatus {
    /// Not registered and not searching (0).
    NotRegistered,
    /// Registered at home (1).
    Home,
    /// Searching (2).
    Searching,
    /// The network refuses (3): SIM, subscription or APN.
    Denied,
    /// Not known (4): out of coverage, for one.
    Unknown,
    /// Registered abroad (5).
    Roaming,
    /// Any other number: registered for less than packet data, as for SMS (6, 7) or emergency calls (8).
    Other(u8),
}

impl RegistrationStatus {
    pub(super) fn from_number(number: u8) -> Self {
        match number {
            0 => Self::NotRegistered,
            1 => Self::Home,
            2 => Self::Searching,
            3 => Self::Denied,
            4 => Self::Unknown,
            5 => Self::Roaming,
            other => Self::Other(other),
        }
    }

    /// The number on the wire (`<stat>`).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::NotRegistered => 0,
            Self::Home => 1,
            Self::Searching => 2,
            Self::Denied => 3,
            Self::Unknown => 4,
            Self::Roaming => 5,
            Self::Other(number) => number,
        }
    }

    /// At home or abroad.
    #[must_use]
    pub fn is_registered(self) -> bool {
        matches!(self, Self::Home | Self::Roaming)
    }
}

/// How the radio works (`<AcT>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessTechnology {
    /// GSM (0, 1, 3).
    Gsm,
    /// UMTS (2, 4..=6).
    Umts,
    /// LTE (7), LTE Cat 1 included.
    Lte,
    /// LTE Cat M1 (8).
    LteM,
    /// NB-IoT (9).
    NbIot,
    /// Any other number.
    Other(u8),
}

impl AccessTechnology {
    fn from_number(number: u8) -> Self {
        match number {
            0 | 1 | 3 => Self::Gsm,
            2 | 4..=6 => Self::Umts,
            7 => Self::Lte,
            8 => Self::LteM,
            9 => Self::NbIot,
            other => Self::Other(other),
        }
    }

    /// The number on the wire (`<AcT>`), of several the first: 0, 2, 7, 8, 9, or any other.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Gsm => 0,
            Self::Umts => 2,
            Self::Lte => 7,
            Self::LteM => 8,
            Self::NbIot => 9,
            Self::Other(number) => number,
        }
    }
}

/// One answer about registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceRegistration {
    /// Whether it is registered.
    pub status: RegistrationStatus,
    /// Location or tracking area code, where the module gives it (`AT+CEREG=2` makes it).
    pub area: Option<u32>,
    /// Cell id, the same.
    pub cell: Option<u32>,
    /// Technology, the same.
    pub technology: Option<AccessTechnology>,
}

impl ServiceRegistration {
    /// Reads `+CEREG: <n>,<stat>[,"<area>","<cell>"[,<AcT>]]`, and the same as a URC, without `<n>`.
    pub(super) fn read(line: &str, name: &str) -> Option<(Self, bool)> {
        let (found, fields) = Fields::of_line(line.as_bytes())?;
        if found != name.as_bytes() {
            return None;
        }
        let fields: Vec<Field<'_>> = fields.collect();
        let answered = matches!(fields.get(1), Some(Field::Int(_)));
        let mut fields = fields.into_iter().skip(usize::from(answered));
        let status = u8::try_from(fields.next()?.int()?).ok()?;
        let mut hex = || {
            let (Field::Text(digits) | Field::Bare(digits)) = fields.next()? else {
                return None;
            };
            u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        let (area, cell) = (hex(), hex());
        let technology = fields.next().and_then(Field::int);
        Some((
            Self {
                status: RegistrationStatus::from_number(status),
                area,
                cell,
                technology: technology
                    .and_then(|number| u8::try_from(number).ok())
                    .map(AccessTechnology::from_number),
            },
            answered,
        ))
    }
}

/// Registration by kind of service. `None` where the module does not know the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Registration {
    /// Circuit switched (`AT+CREG?`).
    pub circuit: Option<ServiceRegistration>,
    /// Packet data over GSM and UMTS (`AT+CGREG?`).
    pub packet: Option<ServiceRegistration>,
    /// Packet data over LTE (`AT+CEREG?`).
    pub eps: Option<ServiceRegistration>,
}

impl Registration {
    /// Whether there is packet data: over LTE or what came before it; circuit switched registration counts
    /// only where the module knows neither.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        let is = |service: Option<ServiceRegistration>| {
            service.is_some_and(|service| service.status.is_registered())
        };
        match (self.eps, self.packet) {
            (None, None) => is(self.circuit),
            (eps, packet) => is(eps) || is(packet),
        }
    }
}

/// Who runs the network, and where in the spectrum (`AT+COPS?`, `AT+QNWINFO`). `None` where the module does
/// not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Operator {
    /// Name, as the module has it.
    pub name: Option<String>,
    /// Country and network code, as `26201`.
    pub numeric: Option<String>,
    /// Technology (`AT+COPS?`).
    pub technology: Option<AccessTechnology>,
    /// Technology in the module's words, as `FDD LTE` (`AT+QNWINFO`).
    pub access: Option<String>,
    /// Band in the module's words, as `LTE BAND 3` (`AT+QNWINFO`).
    pub band: Option<String>,
    /// Channel number (`AT+QNWINFO`).
    pub channel: Option<u32>,
}

impl Operator {
    /// Takes a line of either command in.
    pub(super) fn read(&mut self, line: &str) {
        let Some((name, mut fields)) = Fields::of_line(line.as_bytes()) else {
            return;
        };
        let owned =
            |text: &[u8]| (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned());
        if name == b"+COPS" {
            let _mode = fields.next();
            let format = fields.int::<u8>();
            let operator = fields.text().and_then(owned);
            if format == Some(2) {
                self.numeric = operator;
            } else {
                self.name = operator;
            }
            self.technology = fields.int().map(AccessTechnology::from_number);
        } else if name == b"+QNWINFO" {
            let Some(access) = fields.text() else { return };
            self.access = owned(access);
            self.numeric = fields
                .text()
                .and_then(owned)
                .or_else(|| self.numeric.take());
            self.band = fields.text().and_then(owned);
            self.channel = fields.int();
        }
    }
}

/// The SIM card (`AT+CPIN?`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimState {
    /// Ready.
    Ready,
    /// It wants its PIN: `AT+CPIN="1234"`, three tries.
    PinRequired,
    /// It is blocked and wants its PUK.
    PukRequired,
    /// There is none, or it is not seen yet.
    Absent,
    /// It is not done yet.
    Busy,
    /// It is broken, or wrong for this module.
    Failed,
    /// Anything else, in the module's words.
    Other(String),
}

impl SimState {
    /// Reads what follows `+CPIN:`.
    pub(super) fn read(text: &str) -> Self {
        match text.trim() {
            "READY" => Self::Ready,
            "SIM PIN" => Self::PinRequired,
            "SIM PUK" => Self::PukRequired,
            "NOT INSERTED" => Self::Absent,
            other => Self::Other(other.to_owned()),
        }
    }

    /// What an error of `AT+CPIN?` says of the card; `None` where it is about something else.
    pub(super) fn of_error(error: &Error) -> Option<Self> {
        if error.kind() != ErrorKind::CmeError {
            return None;
        }
        let said = error.detail().to_ascii_lowercase();
        Some(match error.code() {
            Some(10) => Self::Absent,
            Some(11) => Self::PinRequired,
            Some(12) => Self::PukRequired,
            Some(13 | 15) => Self::Failed,
            Some(14) => Self::Busy,
            _ if said.contains("sim not inserted") => Self::Absent,
            _ if said.contains("sim pin required") => Self::PinRequired,
            _ if said.contains("sim puk required") => Self::PukRequired,
            _ if said.contains("sim busy") => Self::Busy,
            _ if said.contains("sim failure") || said.contains("sim wrong") => Self::Failed,
            _ => return None,
        })
    }
}

impl fmt::Display for SimState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "the SIM is ready",
            Self::PinRequired => "the SIM wants its PIN (AT+CPIN)",
            Self::PukRequired => "the SIM is blocked and wants its PUK (AT+CPIN)",
            Self::Absent => "no SIM is inserted, or it is not seen yet",
            Self::Busy => "the SIM is busy",
            Self::Failed => "the SIM does not work in this module",
            Self::Other(words) => return write!(f, "the SIM is at {words:?}"),
        })
    }
}

/// What addresses a PDP context is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum IpType {
    /// IPv4 (1), the default.
    #[default]
    V4,
    /// IPv6 (2).
    V6,
    /// Both (3).
    V4V6,
}

impl IpType {
    const ALL: [Self; 3] = [Self::V4, Self::V6, Self::V4V6];

    /// The number on the wire, 1..=3.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The type with this number on the wire.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|ip_type| ip_type.number() == number)
    }
}

/// How user name and password are shown to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Authentication {
    /// Not at all (0), the default.
    #[default]
    None,
    /// PAP (1): in the clear.
    Pap,
    /// CHAP (2).
    Chap,
    /// Either (3); not on every module.
    PapOrChap,
}

impl Authentication {
    const ALL: [Self; 4] = [Self::None, Self::Pap, Self::Chap, Self::PapOrChap];

    /// The number on the wire, 0..=3.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The way with this number on the wire.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.number() == number)
    }
}

/// Access point of a PDP context (`AT+QICSGP`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Apn {
    /// Name of the access point, 0..=127 bytes; empty = what the subscription says.
    pub name: String,
    /// Addresses; default IPv4.
    pub ip_type: IpType,
    /// User name, 0..=127 bytes.
    pub username: String,
    /// Password, 0..=127 bytes.
    pub password: Secret,
    /// How the two are shown; default not at all.
    pub authentication: Authentication,
}

impl Apn {
    /// An access point without user name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets the addresses.
    #[must_use]
    pub fn ip_type(mut self, ip_type: IpType) -> Self {
        self.ip_type = ip_type;
        self
    }

    /// Sets user name and password, and how they are shown.
    #[must_use]
    pub fn credentials(
        mut self,
        username: impl Into<String>,
        password: impl Into<Secret>,
        authentication: Authentication,
    ) -> Self {
        self.username = username.into();
        self.password = password.into();
        self.authentication = authentication;
        self
    }

    /// Reads `+QICSGP: <type>,"<apn>","<user>","<password>",<auth>`.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (name, mut fields) = Fields::of_line(line.as_bytes())?;
        if name != b"+QICSGP" {
            return None;
        }
        let ip_type = IpType::from_number(fields.int()?).unwrap_or_default();
        let mut text = || {
            let text = fields.text().unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        };
        let (name, username, password) = (text(), text(), text());
        Some(Self {
            name,
            ip_type,
            username,
            password: password.into(),
            authentication: fields
                .int()
                .and_then(Authentication::from_number)
                .unwrap_or_default(),
        })
    }
}

/// The addresses of an active PDP context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ContextAddress {
    /// IPv4 address, where it has one.
    pub v4: Option<Ipv4Addr>,
    /// IPv6 address, where it has one.
    pub v6: Option<Ipv6Addr>,
}

impl ContextAddress {
    /// Reads `+QIACT: <context>,<state>,<type>,"<address>"[,"<address>"]`: the context, and its
    /// addresses where it is active.
    pub(super) fn read(line: &str) -> Option<(u8, Option<Self>)> {
        let (name, mut fields) = Fields::of_line(line.as_bytes())?;
        if name != b"+QIACT" {
            return None;
        }
        let (context, state) = (fields.int()?, fields.int::<u8>()?);
        let _type = fields.next();
        let mut address = Self::default();
        for text in fields.filter_map(Field::text) {
            let text = String::from_utf8_lossy(text);
            address.v4 = address.v4.or_else(|| text.parse().ok());
            address.v6 = address.v6.or_else(|| v6(&text));
        }
        Some((context, (state == 1).then_some(address)))
    }
}

/// An IPv6 address in its own form, or as sixteen numbers with dots, as the standard for modules has it.
fn v6(text: &str) -> Option<Ipv6Addr> {
    text.parse().ok().or_else(|| {
        let bytes: Option<Vec<u8>> = text.split('.').map(|part| part.parse().ok()).collect();
        Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes?).ok()?))
    })
}

/// Where the module prints what nobody asked for, the results of MQTT commands among it (`AT+QURCCFG`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrcPort {
    /// USB AT port (`usbat`), the default of modules.
    UsbAt,
    /// USB modem port (`usbmodem`).
    UsbModem,
    /// Main UART (`uart1`).
    Uart1,
    /// Second UART (`uart2`), where there is one.
    Uart2,
    /// All of them (`all`), where the module can.
    All,
    /// A name of another family, as `emux`.
    Other(String),
}

impl UrcPort {
    /// The name on the wire.
    #[must_use]
    pub fn wire_name(&self) -> &str {
        match self {
            Self::UsbAt => "usbat",
            Self::UsbModem => "usbmodem",
            Self::Uart1 => "uart1",
            Self::Uart2 => "uart2",
            Self::All => "all",
            Self::Other(name) => name,
        }
    }

    /// The port of a name on the wire, in either case.
    #[must_use]
    pub fn from_wire_name(name: &str) -> Self {
        [
            Self::UsbAt,
            Self::UsbModem,
            Self::Uart1,
            Self::Uart2,
            Self::All,
        ]
        .into_iter()
        .find(|port| port.wire_name().eq_ignore_ascii_case(name))
        .unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_as_answer_and_as_urc() {
        let read = |line| ServiceRegistration::read(line, "+CEREG").unwrap();
        let (plain, answered) = read("+CEREG: 0,1");
        assert!(answered && plain.status.is_registered() && plain.cell.is_none());
        let (full, answered) = read("+CEREG: 2,5,\"1A2B\",\"01C3D4E5\",7");
        assert!(answered);
        assert_eq!(full.status, RegistrationStatus::Roaming);
        assert_eq!((full.area, full.cell), (Some(0x1A2B), Some(0x1C3_D4E5)));
        assert_eq!(full.technology, Some(AccessTechnology::Lte));
        let (urc, answered) = read("+CEREG: 1,\"1A2B\",\"01C3D4E5\",9");
        assert!(!answered);
        assert_eq!(
            (urc.status, urc.area),
            (RegistrationStatus::Home, Some(0x1A2B))
        );
        assert_eq!(urc.technology, Some(AccessTechnology::NbIot));
        assert!(!read("+CEREG: 2").1);
        assert_eq!(ServiceRegistration::read("+CREG: 0,1", "+CEREG"), None);
        assert_eq!(ServiceRegistration::read("+CEREG: x", "+CEREG"), None);
    }

    #[test]
    fn packet_data_counts() {
        let service = |status| {
            Some(ServiceRegistration {
                status: RegistrationStatus::from_number(status),
                area: None,
                cell: None,
                technology: None,
            })
        };
        let registration = |circuit, packet, eps| Registration {
            circuit,
            packet,
            eps,
        };
        assert!(registration(None, service(0), service(5)).is_registered());
        assert!(!registration(service(1), service(0), service(2)).is_registered());
        assert!(registration(service(1), None, None).is_registered());
        assert!(!registration(service(1), None, service(3)).is_registered());
        assert!(!registration(None, None, service(6)).is_registered());
    }

    #[test]
    fn operators() {
        let mut operator = Operator::default();
        operator.read("+COPS: 0,0,\"Telekom.de\",7");
        operator.read("+QNWINFO: \"FDD LTE\",\"26201\",\"LTE BAND 3\",1300");
        assert_eq!(operator.name.as_deref(), Some("Telekom.de"));
        assert_eq!(operator.numeric.as_deref(), Some("26201"));
        assert_eq!(operator.band.as_deref(), Some("LTE BAND 3"));
        assert_eq!(operator.channel, Some(1300));
        let mut none = Operator::default();
        none.read("+COPS: 0");
        none.read("+QNWINFO: No Service");
        assert_eq!(none, Operator::default());
    }

    #[test]
    fn addresses() {
        let read = |line| ContextAddress::read(line).unwrap();
        let (context, address) = read("+QIACT: 1,1,1,\"10.7.157.1\"");
        assert_eq!(context, 1);
        assert_eq!(address.unwrap().v4, Some(Ipv4Addr::new(10, 7, 157, 1)));
        let (_, both) = read("+QIACT: 3,1,3,\"10.0.0.1\",\"2001:B400::1\"");
        let both = both.unwrap();
        assert!(both.v4.is_some() && both.v6.is_some());
        let (_, dotted) = read("+QIACT: 2,1,2,\"32.1.180.0.0.0.0.0.0.0.0.0.0.0.0.1\"");
        assert_eq!(dotted.unwrap().v6, "2001:b400::1".parse().ok());
        assert_eq!(read("+QIACT: 2,0,1"), (2, None));
    }

    #[test]
    fn access_points() {
        let apn = Apn::read("+QICSGP: 3,\"internet\",\"me\",\"hunter2\",2").unwrap();
        assert_eq!((apn.name.as_str(), apn.ip_type), ("internet", IpType::V4V6));
        assert_eq!(apn.password.reveal(), "hunter2");
        assert_eq!(apn.authentication, Authentication::Chap);
        assert!(!format!("{apn:?}").contains("hunter2"));
        assert_eq!(
            Apn::read("+QICSGP: 1,\"\",\"\",\"\",0"),
            Some(Apn::default())
        );
    }

    #[test]
    fn sim_errors_in_numbers_and_words() {
        let error = |text: &str| Error::new(ErrorKind::CmeError, format!("+CME ERROR: {text}"));
        assert_eq!(
            SimState::of_error(&error("10").with_code(10)),
            Some(SimState::Absent)
        );
        let words = error("SIM not inserted");
        assert_eq!(SimState::of_error(&words), Some(SimState::Absent));
        assert_eq!(SimState::of_error(&error("4").with_code(4)), None);
    }
}
