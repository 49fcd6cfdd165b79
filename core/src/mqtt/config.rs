//! The settings of a client taken together.

use super::setting::{
    AliAuth, Delivery, Format, HwAuth, HwProduct, OneNet, PacketTimeout, Setting, SettingName,
    Transport, Version, Will,
};

/// How one client is set up: all 18 settings of `AT+QMTCFG`.
///
/// What is `None` is left to the library's default, which it writes before every open, so that a
/// setting that an earlier program left in the module does no harm; the cloud credentials and
/// `qmtping` have no default and are left as they are. Settings can be written only while the
/// client is closed; the module loses them when it restarts, so the library writes them again
/// before each open.
///
/// ```
/// use atmqtt::{ClientConfig, QoS, Will};
///
/// let config = ClientConfig::new()
///     .keepalive(60)
///     .clean_session(false)
///     .will(Will::new("pump/1/state", "gone").qos(QoS::AtLeastOnce).retain(true));
/// assert_eq!(config.keepalive, Some(60));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClientConfig {
    /// MQTT version; default 3.1.1 (`version`).
    pub version: Option<Version>,
    /// PDP context 1..=16; default 1 (`pdpcid`).
    pub pdp_context: Option<u8>,
    /// TCP or TLS; default TCP (`ssl`).
    pub transport: Option<Transport>,
    /// Keep-alive in seconds 0..=3600, 0 = off; default 120 (`keepalive`).
    pub keepalive: Option<u16>,
    /// Clean session; default true (`session`).
    pub clean_session: Option<bool>,
    /// Packet time-out and retries; default 5 s, 3, no notice (`timeout`). Every deadline of a
    /// connect, subscription and publish follows from it.
    pub timeout: Option<PacketTimeout>,
    /// `Some(None)` = no will, the default (`will`, or `willex` where the message needs it).
    pub will: Option<Option<Will>>,
    /// How messages come; default [`Delivery::Inline`] (`recv/mode`, always with lengths).
    pub delivery: Option<Delivery>,
    /// Alibaba Cloud credentials (`aliauth`).
    pub ali_auth: Option<AliAuth>,
    /// Seconds 5..=60 after a failed ping until its loss is reported (`qmtping`).
    pub ping_report: Option<u8>,
    /// Format of published payloads on the serial line; default text (`send/mode`).
    pub send_mode: Option<Format>,
    /// OneNET credentials (`onenet`).
    pub one_net: Option<OneNet>,
    /// Huawei IoT device credentials (`hwauth`).
    pub hw_auth: Option<HwAuth>,
    /// Huawei IoT product credentials (`hwprodid`).
    pub hw_product: Option<HwProduct>,
    /// Formats of published and received payloads; default text both (`dataformat`). With
    /// hexadecimal reception no payload can look like a line, whatever the topic.
    pub data_format: Option<(Format, Format)>,
    /// Echo of data typed after a prompt; default off (`view/mode`).
    pub view_mode: Option<bool>,
    /// Seconds after which the module stops waiting for data, 1..=120 by the note and up to 180 on some
    /// modules; default `Some(Some(10))`.
    /// `Some(None)` = never: a lost prompt then leaves the port stuck (`edit/timeout`).
    pub edit_timeout: Option<Option<u8>>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty => $value:expr;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $value;
                self
            }
        )*
    };
}

impl ClientConfig {
    /// Every setting at its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets [`version`](Self::version).
        version: Version => Some(version);
        /// Sets [`pdp_context`](Self::pdp_context).
        pdp_context: u8 => Some(pdp_context);
        /// Sets [`transport`](Self::transport).
        transport: Transport => Some(transport);
        /// Sets [`keepalive`](Self::keepalive).
        keepalive: u16 => Some(keepalive);
        /// Sets [`clean_session`](Self::clean_session).
        clean_session: bool => Some(clean_session);
        /// Sets [`timeout`](Self::timeout).
        timeout: PacketTimeout => Some(timeout);
        /// Sets a [`will`](Self::will).
        will: Will => Some(Some(will));
        /// Sets [`delivery`](Self::delivery).
        delivery: Delivery => Some(delivery);
        /// Sets [`ali_auth`](Self::ali_auth).
        ali_auth: AliAuth => Some(ali_auth);
        /// Sets [`ping_report`](Self::ping_report).
        ping_report: u8 => Some(ping_report);
        /// Sets [`send_mode`](Self::send_mode).
        send_mode: Format => Some(send_mode);
        /// Sets [`one_net`](Self::one_net).
        one_net: OneNet => Some(one_net);
        /// Sets [`hw_auth`](Self::hw_auth).
        hw_auth: HwAuth => Some(hw_auth);
        /// Sets [`hw_product`](Self::hw_product).
        hw_product: HwProduct => Some(hw_product);
        /// Sets [`data_format`](Self::data_format): published, then received payloads.
        data_format: (Format, Format) => Some(data_format);
        /// Sets [`view_mode`](Self::view_mode).
        view_mode: bool => Some(view_mode);
        /// Sets [`edit_timeout`](Self::edit_timeout).
        edit_timeout: Option<u8> => Some(edit_timeout);
    }

    /// TLS with SSL context 0..=5, which [`Modem::tls`](crate::Modem::tls) configures: the same as
    /// [`transport`](Self::transport) with [`Transport::Tls`].
    #[must_use]
    pub fn tls(self, context: u8) -> Self {
        self.transport(Transport::Tls(context))
    }

    /// Takes the will away.
    #[must_use]
    pub fn no_will(mut self) -> Self {
        self.will = Some(None);
        self
    }

    /// The settings that are given, in the order of the note.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let c = self.clone();
        [
            c.version.map(Setting::Version),
            c.pdp_context.map(Setting::PdpContext),
            c.transport.map(Setting::Tls),
            c.keepalive.map(Setting::KeepAlive),
            c.clean_session.map(Setting::CleanSession),
            c.timeout.map(Setting::Timeout),
            c.will.map(Setting::from),
            c.delivery.map(|delivery| Setting::Receive(delivery, true)),
            c.ali_auth.map(Setting::AliAuth),
            c.ping_report.map(Setting::PingReport),
            c.send_mode.map(Setting::SendMode),
            c.one_net.map(Setting::OneNet),
            c.hw_auth.map(Setting::HwAuth),
            c.hw_product.map(Setting::HwProduct),
            c.data_format.map(|(s, r)| Setting::DataFormat(s, r)),
            c.view_mode.map(Setting::ViewMode),
            c.edit_timeout.map(Setting::EditTimeout),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Takes over one setting, as a query answered it.
    pub fn insert(&mut self, setting: Setting) {
        match setting {
            Setting::Version(v) => self.version = Some(v),
            Setting::PdpContext(v) => self.pdp_context = Some(v),
            Setting::Tls(v) => self.transport = Some(v),
            Setting::KeepAlive(v) => self.keepalive = Some(v),
            Setting::CleanSession(v) => self.clean_session = Some(v),
            Setting::Timeout(v) => self.timeout = Some(v),
            Setting::Will(v) | Setting::WillEx(v) => self.will = Some(v),
            Setting::WillExLength { .. } => {}
            Setting::Receive(v, _) => self.delivery = Some(v),
            Setting::AliAuth(v) => self.ali_auth = Some(v),
            Setting::PingReport(v) => self.ping_report = Some(v),
            Setting::SendMode(v) => self.send_mode = Some(v),
            Setting::OneNet(v) => self.one_net = Some(v),
            Setting::HwAuth(v) => self.hw_auth = Some(v),
            Setting::HwProduct(v) => self.hw_product = Some(v),
            Setting::DataFormat(s, r) => self.data_format = Some((s, r)),
            Setting::ViewMode(v) => self.view_mode = Some(v),
            Setting::EditTimeout(v) => self.edit_timeout = Some(v),
        }
    }

    /// Takes over what `newer` gives.
    pub(crate) fn merge(&mut self, newer: Self) {
        for setting in newer.settings() {
            self.insert(setting);
        }
    }

    /// The same with the library's defaults where nothing is given.
    pub(crate) fn with_defaults(&self) -> Self {
        let mut config = Self {
            version: Some(Version::default()),
            pdp_context: Some(1),
            transport: Some(Transport::default()),
            keepalive: Some(120),
            clean_session: Some(true),
            timeout: Some(PacketTimeout::default()),
            will: Some(None),
            delivery: Some(Delivery::default()),
            // One variable of the module with `send/mode` (A18): the later must not undo the earlier.
            data_format: Some((self.send_mode.unwrap_or_default(), Format::Text)),
            view_mode: Some(false),
            edit_timeout: Some(Some(10)),
            ..Self::default()
        };
        config.merge(self.clone());
        config
    }

    pub(crate) fn gives(&self, name: SettingName) -> bool {
        self.settings().iter().any(|setting| setting.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_do_not_undo_what_is_given() {
        let config = ClientConfig::new().send_mode(Format::Hex).with_defaults();
        assert_eq!(config.data_format, Some((Format::Hex, Format::Text)));
        let names: Vec<_> = config.settings().iter().map(Setting::name).collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted, "in the order of the note");
    }

    #[test]
    fn later_settings_win() {
        let mut config = ClientConfig::new().keepalive(30).clean_session(false);
        config.merge(ClientConfig::new().keepalive(60));
        assert_eq!(config.keepalive, Some(60));
        assert_eq!(config.clean_session, Some(false));
    }
}
