//! The 18 settings of a client (`AT+QMTCFG`).

use std::ffi::c_char;

use atmqtt::{
    AliAuth, ClientConfig, Delivery, Format, HwAuth, HwProduct, OneNet, PacketTimeout, QoS,
    Setting, SettingName, Transport, Version, Will,
};

use crate::allocated::{Allocated, Strings};
use crate::border::{
    Failure, Result, bytes, flag, guard, init_options, maybe_text, number, options, place,
    required, text,
};
use crate::client::atmqtt_client;

/// The settings of a client, all 18 of AT+QMTCFG: atmqtt_client_configure() writes them,
/// atmqtt_client_query_config() asks for them. Call atmqtt_client_config_init() first, which leaves every setting
/// ungiven: -1 for numbers, NULL for strings.
///
/// What is not given is left to the library's default, which it writes before every open; the settings of
/// clouds and ping_report have no default and are left as they are in the module. Strings are UTF-8 without
/// quotation marks and control bytes, at most 256 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_client_config {
    /// Set by atmqtt_client_config_init().
    pub struct_size: usize,
    /// MQTT version: 3 = 3.1, 4 = 3.1.1; default 4 ("version").
    pub version: i32,
    /// PDP context 1 to 16; default 1 ("pdpcid").
    pub pdp_context: i32,
    /// SSL context 0 to 5 for TLS, see atmqtt_tls_configure(); -2 = plain TCP, the default ("ssl").
    pub tls_context: i32,
    /// Keep-alive in seconds, 0 to 3600, 0 = off; default 120 ("keepalive").
    pub keepalive: i32,
    /// 1 = clean session, the default; 0 = stored session ("session").
    pub clean_session: i32,
    /// Time-out of one transmission of a packet in seconds, 1 to 1200, by the note up to 60; default 5
    /// ("timeout", as the next two: giving one of the three gives the defaults of the others).
    pub packet_timeout: i32,
    /// Retransmissions after the first, 0 to 10; default 3.
    pub packet_retries: i32,
    /// 1 = each retransmission is reported as ATMQTT_EVENT_RETRANSMISSION; 0 = not, the default.
    pub packet_notice: i32,
    /// 1 = with a will, of the next fields; 0 = without one, the default ("will", or "willex" where the
    /// message needs it).
    pub will: i32,
    /// QoS of the will, 0 to 2; not given = 0.
    pub will_qos: i32,
    /// 1 = the broker retains the will; 0 or not given = not.
    pub will_retain: i32,
    /// Topic of the will, 1 to 256 bytes.
    pub will_topic: *const c_char,
    /// Message of the will, any bytes. NULL in an answer that gives the length alone.
    pub will_payload: *const u8,
    /// Length of that in bytes, 0 to 256.
    pub will_payload_length: usize,
    /// 0 = every message is printed at once, the default; 1 = stored in the module and fetched
    /// ("recv/mode", always with lengths).
    pub delivery: i32,
    /// Seconds 5 to 60 after a failed ping until its loss is reported ("qmtping").
    pub ping_report: i32,
    /// Published payloads on the serial line: 0 = bytes, the default; 1 = hexadecimal ("send/mode").
    pub send_mode: i32,
    /// The same with the next one: 0 = bytes, the default; 1 = hexadecimal ("dataformat").
    pub data_format_send: i32,
    /// Received payloads on the serial line: 0 = bytes, the default; 1 = hexadecimal, so that no payload can
    /// look like a line, whatever the topic. Payloads are bytes in the program all the same.
    pub data_format_receive: i32,
    /// 1 = data typed after a prompt is echoed; 0 = not, the default ("view/mode").
    pub view_mode: i32,
    /// Seconds after which the module stops waiting for data, 1 to 180; default 10. -2 = never: a lost
    /// prompt then leaves the port stuck ("edit/timeout").
    pub edit_timeout: i32,
    /// Alibaba Cloud: product key ("aliauth", with the next two).
    pub ali_product_key: *const c_char,
    /// Device name.
    pub ali_device_name: *const c_char,
    /// Device secret. Secrets are in no log and no error text.
    pub ali_device_secret: *const c_char,
    /// China Mobile OneNET: product id ("onenet", with the next one).
    pub onenet_product_id: *const c_char,
    /// Access key.
    pub onenet_access_key: *const c_char,
    /// Huawei IoT device: product id ("hwauth", with the next two).
    pub hw_auth_product_id: *const c_char,
    /// Device secret.
    pub hw_auth_device_secret: *const c_char,
    /// Time stamp check, 0 or 1; not given = not written.
    pub hw_auth_time_check: i32,
    /// Huawei IoT product: product id ("hwprodid", with the next three).
    pub hw_product_product_id: *const c_char,
    /// Product secret.
    pub hw_product_product_secret: *const c_char,
    /// Node id: what identifies the device.
    pub hw_product_node_id: *const c_char,
    /// Time stamp check, 0 or 1; not given = not written.
    pub hw_product_time_check: i32,
}

/// The size of the struct in the first version of the library.
const CONFIG_SIZE: usize = size_of::<atmqtt_client_config>();
const NOT_GIVEN: i32 = -1;
/// A value that is none: plain TCP, no limit.
const NONE: i32 = -2;

const NOTHING: atmqtt_client_config = atmqtt_client_config {
    struct_size: CONFIG_SIZE,
    version: NOT_GIVEN,
    pdp_context: NOT_GIVEN,
    tls_context: NOT_GIVEN,
    keepalive: NOT_GIVEN,
    clean_session: NOT_GIVEN,
    packet_timeout: NOT_GIVEN,
    packet_retries: NOT_GIVEN,
    packet_notice: NOT_GIVEN,
    will: NOT_GIVEN,
    will_qos: NOT_GIVEN,
    will_retain: NOT_GIVEN,
    will_topic: std::ptr::null(),
    will_payload: std::ptr::null(),
    will_payload_length: 0,
    delivery: NOT_GIVEN,
    ping_report: NOT_GIVEN,
    send_mode: NOT_GIVEN,
    data_format_send: NOT_GIVEN,
    data_format_receive: NOT_GIVEN,
    view_mode: NOT_GIVEN,
    edit_timeout: NOT_GIVEN,
    ali_product_key: std::ptr::null(),
    ali_device_name: std::ptr::null(),
    ali_device_secret: std::ptr::null(),
    onenet_product_id: std::ptr::null(),
    onenet_access_key: std::ptr::null(),
    hw_auth_product_id: std::ptr::null(),
    hw_auth_device_secret: std::ptr::null(),
    hw_auth_time_check: NOT_GIVEN,
    hw_product_product_id: std::ptr::null(),
    hw_product_product_secret: std::ptr::null(),
    hw_product_node_id: std::ptr::null(),
    hw_product_time_check: NOT_GIVEN,
};

/// Leaves every setting ungiven. Call it as atmqtt_client_config_init(&config, sizeof config).
///
/// @param config  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_client_config).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_config_init(
    config: *mut atmqtt_client_config,
    struct_size: usize,
) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(config, "config", struct_size, CONFIG_SIZE, NOTHING) })
}

/// Writes the given settings (AT+QMTCFG), at once, and keeps them for every later open of the client.
///
/// @param config  the settings; not NULL.
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT before anything is sent; ATMQTT_INVALID_STATE unless the client is
/// closed; ATMQTT_MODULE_ERROR with the name of a setting that the module refuses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_configure(
    client: *mut atmqtt_client,
    config: *const atmqtt_client_config,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, config) = unsafe { (required(client, "client")?, read(config)?) };
        Ok(client.bounded().configure(&config)?)
    })
}

/// Asks the module for every setting (AT+QMTCFG="...",client). What it does not know is not given.
///
/// @param config  where the answer is written; free it with atmqtt_client_config_free(). It holds the secrets of
/// the clouds in the clear, where the module tells them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_query_config(
    client: *mut atmqtt_client,
    config: *mut *mut atmqtt_client_config,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, config) = unsafe { (required(client, "client")?, place(config, "config")?) };
        let mut told = Told::new();
        for setting in client.bounded().config()?.settings() {
            told.put(setting);
        }
        config.put(told.into_raw());
        Ok(())
    })
}

/// Asks the module for one setting.
///
/// @param name  the name on the wire, as "keepalive" or "recv/mode", in either case.
/// @param config  where the answer is written, with nothing else given; free it with
/// atmqtt_client_config_free().
/// @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a name that is none; ATMQTT_MODULE_ERROR where the module does
/// not know the setting; ATMQTT_OPERATION_FAILED where its answer has another shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_query_setting(
    client: *mut atmqtt_client,
    name: *const c_char,
    config: *mut *mut atmqtt_client_config,
) -> i32 {
    guard(|| {
        // SAFETY: the program's promises about its pointers.
        let (client, name, config) = unsafe {
            (
                required(client, "client")?,
                text(name, "name")?,
                place(config, "config")?,
            )
        };
        let name = SettingName::from_wire_name(name).ok_or_else(|| {
            let names = SettingName::ALL.map(SettingName::wire_name).join(", ");
            Failure::argument(format!("name is {name:?}; it must be one of {names}"))
        })?;
        let mut told = Told::new();
        told.put(client.bounded().setting(name)?);
        config.put(told.into_raw());
        Ok(())
    })
}

/// Frees settings of atmqtt_client_query_config() and atmqtt_client_query_setting(), and nothing else: not a
/// struct of the program's own. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_client_config_free(config: *mut atmqtt_client_config) {
    // SAFETY: the program gives back what a query gave, this once.
    unsafe { AllocatedConfig::free(config) }
}

/// # Safety
///
/// The pointer and those in the settings are NULL or point to what the header says of them.
pub(crate) unsafe fn read(given: *const atmqtt_client_config) -> Result<ClientConfig> {
    // SAFETY: as the caller promises.
    unsafe {
        required(given, "config")?;
        options(given, CONFIG_SIZE, "config", NOTHING)?.read()
    }
}

impl atmqtt_client_config {
    /// The settings that are given.
    ///
    /// # Safety
    ///
    /// Its pointers are NULL or point to what the header says.
    unsafe fn read(&self) -> Result<ClientConfig> {
        let mut config = ClientConfig::new();
        if given(self.version) {
            config.version = Some(match self.version {
                3 => Version::V3_1,
                4 => Version::V3_1_1,
                other => return Err(wrong("version", other, "3 or 4")),
            });
        }
        if given(self.pdp_context) {
            config.pdp_context = Some(number(self.pdp_context, "pdp_context", "1..=16")?);
        }
        config.transport = match self.tls_context {
            NOT_GIVEN => None,
            NONE => Some(Transport::Tcp),
            context => Some(Transport::Tls(number(
                context,
                "tls_context",
                "0..=5, or -2 for plain TCP",
            )?)),
        };
        if given(self.keepalive) {
            config.keepalive = Some(number(self.keepalive, "keepalive", "0..=3600 seconds")?);
        }
        config.clean_session = maybe_flag(self.clean_session, "clean_session")?;
        config.timeout = self.packet_timeout()?;
        // SAFETY: as the caller promises.
        config.will = unsafe { self.will()? };
        if given(self.delivery) {
            config.delivery = Some(match self.delivery {
                0 => Delivery::Inline,
                1 => Delivery::Stored,
                other => return Err(wrong("delivery", other, "0 or 1")),
            });
        }
        if given(self.ping_report) {
            config.ping_report = Some(number(self.ping_report, "ping_report", "5..=60 seconds")?);
        }
        config.send_mode = format(self.send_mode, "send_mode")?;
        let data_format = (
            format(self.data_format_send, "data_format_send")?,
            format(self.data_format_receive, "data_format_receive")?,
        );
        if data_format != (None, None) {
            config.data_format = Some((
                data_format.0.unwrap_or_default(),
                data_format.1.unwrap_or_default(),
            ));
        }
        config.view_mode = maybe_flag(self.view_mode, "view_mode")?;
        config.edit_timeout = match self.edit_timeout {
            NOT_GIVEN => None,
            NONE => Some(None),
            seconds => Some(Some(number(
                seconds,
                "edit_timeout",
                "1..=180 seconds, or -2 for never",
            )?)),
        };
        // SAFETY: as the caller promises.
        unsafe { self.clouds(&mut config)? };
        Ok(config)
    }

    fn packet_timeout(&self) -> Result<Option<PacketTimeout>> {
        let mut timeout = PacketTimeout::default();
        if given(self.packet_timeout) {
            timeout.seconds = number(self.packet_timeout, "packet_timeout", "1..=1200 seconds")?;
        }
        if given(self.packet_retries) {
            timeout.retries = number(self.packet_retries, "packet_retries", "0..=10")?;
        }
        let notice = maybe_flag(self.packet_notice, "packet_notice")?;
        timeout.notice = notice.unwrap_or(timeout.notice);
        let any = given(self.packet_timeout) || given(self.packet_retries) || notice.is_some();
        Ok(any.then_some(timeout))
    }

    /// # Safety
    ///
    /// As for [`read`](Self::read).
    unsafe fn will(&self) -> Result<Option<Option<Will>>> {
        match maybe_flag(self.will, "will")? {
            None if !self.will_topic.is_null() => Err(Failure::argument(
                "will_topic is given and will is not; it must be 1 for a will",
            )),
            None => Ok(None),
            Some(false) => Ok(Some(None)),
            Some(true) => {
                // SAFETY: as the caller promises.
                let (topic, payload) = unsafe {
                    (
                        text(self.will_topic, "will_topic")?,
                        bytes(
                            self.will_payload.cast(),
                            self.will_payload_length,
                            "will_payload",
                        )?,
                    )
                };
                let qos = if given(self.will_qos) {
                    QoS::try_from(number::<u8>(self.will_qos, "will_qos", "0..=2")?)?
                } else {
                    QoS::AtMostOnce
                };
                let retain = maybe_flag(self.will_retain, "will_retain")?.unwrap_or_default();
                Ok(Some(Some(
                    Will::new(topic, payload).qos(qos).retain(retain),
                )))
            }
        }
    }

    /// # Safety
    ///
    /// As for [`read`](Self::read).
    unsafe fn clouds(&self, config: &mut ClientConfig) -> Result<()> {
        // SAFETY: as the caller promises.
        let strings = |names: &[(&str, *const c_char)]| unsafe { together(names) };
        if let Some([product_key, device_name, secret]) = strings(&[
            ("ali_product_key", self.ali_product_key),
            ("ali_device_name", self.ali_device_name),
            ("ali_device_secret", self.ali_device_secret),
        ])?
        .map(exactly)
        {
            config.ali_auth = Some(AliAuth {
                product_key,
                device_name,
                device_secret: secret.into(),
            });
        }
        if let Some([product_id, key]) = strings(&[
            ("onenet_product_id", self.onenet_product_id),
            ("onenet_access_key", self.onenet_access_key),
        ])?
        .map(exactly)
        {
            config.one_net = Some(OneNet {
                product_id,
                access_key: key.into(),
            });
        }
        if let Some([product_id, secret]) = strings(&[
            ("hw_auth_product_id", self.hw_auth_product_id),
            ("hw_auth_device_secret", self.hw_auth_device_secret),
        ])?
        .map(exactly)
        {
            config.hw_auth = Some(HwAuth {
                product_id,
                device_secret: secret.into(),
                time_check: maybe_flag(self.hw_auth_time_check, "hw_auth_time_check")?,
            });
        }
        if let Some([product_id, secret, node_id]) = strings(&[
            ("hw_product_product_id", self.hw_product_product_id),
            ("hw_product_product_secret", self.hw_product_product_secret),
            ("hw_product_node_id", self.hw_product_node_id),
        ])?
        .map(exactly)
        {
            config.hw_product = Some(HwProduct {
                product_id,
                product_secret: secret.into(),
                node_id,
                time_check: maybe_flag(self.hw_product_time_check, "hw_product_time_check")?,
            });
        }
        Ok(())
    }
}

fn given(value: i32) -> bool {
    value != NOT_GIVEN
}

fn wrong(name: &str, value: i32, allowed: &str) -> Failure {
    Failure::argument(format!("{name} is {value}; it must be {allowed}"))
}

fn maybe_flag(value: i32, name: &str) -> Result<Option<bool>> {
    given(value).then(|| flag(value, name)).transpose()
}

fn format(value: i32, name: &str) -> Result<Option<Format>> {
    Ok(match value {
        NOT_GIVEN => None,
        0 => Some(Format::Text),
        1 => Some(Format::Hex),
        other => return Err(wrong(name, other, "0 or 1")),
    })
}

/// Strings that are given together or not at all.
///
/// # Safety
///
/// As for [`text`].
unsafe fn together(strings: &[(&str, *const c_char)]) -> Result<Option<Vec<String>>> {
    if strings.iter().all(|(_, pointer)| pointer.is_null()) {
        return Ok(None);
    }
    strings
        .iter()
        .map(|&(name, pointer)| {
            // SAFETY: as the caller promises.
            let given = unsafe { maybe_text(pointer, name)? };
            given.map(str::to_owned).ok_or_else(|| {
                let names: Vec<&str> = strings.iter().map(|(name, _)| *name).collect();
                Failure::argument(format!(
                    "{name} is NULL; {} are given together",
                    names.join(", ")
                ))
            })
        })
        .collect::<Result<_>>()
        .map(Some)
}

fn exactly<const N: usize>(strings: Vec<String>) -> [String; N] {
    let mut strings = strings.into_iter();
    std::array::from_fn(|_| strings.next().unwrap_or_default())
}

/// Settings that are being told, with what they point to.
struct Told {
    config: atmqtt_client_config,
    strings: Strings,
    payload: Vec<u8>,
}

type AllocatedConfig = Allocated<atmqtt_client_config, (Strings, Vec<u8>)>;

impl Told {
    fn new() -> Self {
        Self {
            config: NOTHING,
            strings: Strings::default(),
            payload: Vec::new(),
        }
    }

    fn put(&mut self, setting: Setting) {
        match setting {
            Setting::Version(version) => {
                self.config.version = match version {
                    Version::V3_1 => 3,
                    Version::V3_1_1 => 4,
                };
            }
            Setting::PdpContext(context) => self.config.pdp_context = context.into(),
            Setting::Tls(Transport::Tcp) => self.config.tls_context = NONE,
            Setting::Tls(Transport::Tls(context)) => self.config.tls_context = context.into(),
            Setting::KeepAlive(seconds) => self.config.keepalive = seconds.into(),
            Setting::CleanSession(clean) => self.config.clean_session = clean.into(),
            Setting::Timeout(timeout) => {
                self.config.packet_timeout = timeout.seconds.into();
                self.config.packet_retries = timeout.retries.into();
                self.config.packet_notice = timeout.notice.into();
            }
            Setting::Will(None) | Setting::WillEx(None) => self.config.will = 0,
            Setting::Will(Some(will)) | Setting::WillEx(Some(will)) => {
                self.will(&will.topic, will.qos, will.retain);
                self.payload = will.payload;
                self.config.will_payload = self.payload.as_ptr();
                self.config.will_payload_length = self.payload.len();
            }
            Setting::WillExLength {
                topic,
                qos,
                retain,
                length,
            } => {
                self.will(&topic, qos, retain);
                self.config.will_payload_length = length.into();
            }
            Setting::Receive(delivery, _) => {
                self.config.delivery = match delivery {
                    Delivery::Inline => 0,
                    Delivery::Stored => 1,
                };
            }
            Setting::PingReport(seconds) => self.config.ping_report = seconds.into(),
            Setting::SendMode(format) => self.config.send_mode = format as i32,
            Setting::DataFormat(send, receive) => {
                self.config.data_format_send = send as i32;
                self.config.data_format_receive = receive as i32;
            }
            Setting::ViewMode(echo) => self.config.view_mode = echo.into(),
            Setting::EditTimeout(seconds) => {
                self.config.edit_timeout = seconds.map_or(NONE, i32::from);
            }
            cloud => self.cloud(&cloud),
        }
    }

    fn cloud(&mut self, setting: &Setting) {
        let check = |check: Option<bool>| check.map_or(NOT_GIVEN, i32::from);
        match setting {
            Setting::AliAuth(ali) => {
                self.config.ali_product_key = self.strings.keep(&ali.product_key);
                self.config.ali_device_name = self.strings.keep(&ali.device_name);
                self.config.ali_device_secret = self.strings.keep(ali.device_secret.reveal());
            }
            Setting::OneNet(onenet) => {
                self.config.onenet_product_id = self.strings.keep(&onenet.product_id);
                self.config.onenet_access_key = self.strings.keep(onenet.access_key.reveal());
            }
            Setting::HwAuth(auth) => {
                self.config.hw_auth_product_id = self.strings.keep(&auth.product_id);
                self.config.hw_auth_device_secret = self.strings.keep(auth.device_secret.reveal());
                self.config.hw_auth_time_check = check(auth.time_check);
            }
            Setting::HwProduct(product) => {
                self.config.hw_product_product_id = self.strings.keep(&product.product_id);
                self.config.hw_product_product_secret =
                    self.strings.keep(product.product_secret.reveal());
                self.config.hw_product_node_id = self.strings.keep(&product.node_id);
                self.config.hw_product_time_check = check(product.time_check);
            }
            _ => {}
        }
    }

    fn will(&mut self, topic: &str, qos: QoS, retain: bool) {
        self.config.will = 1;
        self.config.will_topic = self.strings.keep(topic);
        self.config.will_qos = qos.level().into();
        self.config.will_retain = retain.into();
    }

    fn into_raw(self) -> *mut atmqtt_client_config {
        AllocatedConfig::into_raw(self.config, (self.strings, self.payload))
    }
}
