//! The settings of a client between `atmqtt.settings` and the library.

use atmqtt::{
    AliAuth, ClientConfig, Delivery, Format, Granted, HwAuth, HwProduct, OneNet, PacketTimeout,
    QoS, Setting, SettingName, Transport, Version, Will,
};
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyType};

use crate::convert::{bytes, class, int, member, qos};
use crate::error;

/// A value of Python's for a parameter, which errors name.
#[derive(Clone, Copy)]
struct Given<'a, 'py> {
    parameter: &'a str,
    value: &'a Bound<'py, PyAny>,
}

impl<'py> Given<'_, 'py> {
    fn py(self) -> Python<'py> {
        self.value.py()
    }

    fn int<T: TryFrom<i64>>(self, range: std::ops::RangeInclusive<i64>) -> PyResult<T> {
        let value = self
            .value
            .extract::<i64>()
            .map_err(|_| self.wrong("an int"))?;
        int(self.py(), self.parameter, value, range)
    }

    fn bool(self) -> PyResult<bool> {
        self.value.extract().map_err(|_| self.wrong("a bool"))
    }

    /// An attribute of an object of one of Python's classes.
    fn attr<T: FromPyObjectOwned<'py>>(
        self,
        class: &Bound<'py, PyType>,
        name: &str,
    ) -> PyResult<T> {
        if !self.value.is_instance(class)? {
            return Err(self.wrong(&format!("a {}", class.name()?)));
        }
        let attribute = self.value.getattr(name)?;
        attribute.extract::<T>().map_err(|error| {
            let error: PyErr = error.into();
            let text = format!("{}.{name}: {}", self.parameter, error.value(self.py()));
            PyTypeError::new_err(text)
        })
    }

    fn member(self, class: &Bound<'py, PyType>) -> PyResult<String> {
        member(class, self.parameter, self.value)?.extract()
    }

    fn wrong(self, wanted: &str) -> PyErr {
        let given = self.value.get_type();
        match given.name() {
            Ok(name) => {
                PyTypeError::new_err(format!("{} must be {wanted}, not {name}", self.parameter))
            }
            Err(error) => error,
        }
    }

    fn format(self) -> PyResult<Format> {
        Ok(
            match self
                .member(class!(self.py(), "settings", "Format")?)?
                .as_str()
            {
                "hex" => Format::Hex,
                _ => Format::Text,
            },
        )
    }

    fn formats(self) -> PyResult<(Format, Format)> {
        let (sent, received) = self
            .value
            .extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()
            .map_err(|_| self.wrong("a pair of Format"))?;
        let of = |value| Given { value, ..self };
        Ok((of(&sent).format()?, of(&received).format()?))
    }

    fn transport(self) -> PyResult<Transport> {
        let py = self.py();
        if self.value.is_instance(class!(py, "settings", "Tcp")?)? {
            return Ok(Transport::Tcp);
        }
        let context: i64 = self
            .attr(class!(py, "settings", "Tls")?, "context")
            .map_err(|_| self.wrong("Tcp() or Tls(context)"))?;
        Ok(Transport::Tls(int(py, "tls context", context, 0..=5)?))
    }

    /// `False` is no will.
    fn will(self) -> PyResult<Option<Will>> {
        let py = self.py();
        if self.value.extract::<bool>().is_ok_and(|will| !will) {
            return Ok(None);
        }
        let class = class!(py, "settings", "Will")?;
        let level: i64 = self
            .attr(class, "qos")
            .map_err(|_| self.wrong("a Will or False"))?;
        let payload = self.value.getattr("payload")?;
        let will = Will::new(
            self.attr::<String>(class, "topic")?,
            bytes(&payload, "will.payload")?,
        );
        let retain = self.attr(class, "retain")?;
        Ok(Some(will.qos(qos(py, level)?).retain(retain)))
    }
}

/// Puts one keyword of `Client.configure` into the settings.
fn put(config: &mut ClientConfig, given: Given<'_, '_>) -> PyResult<()> {
    let py = given.py();
    match given.parameter {
        "version" => {
            let version = given.member(class!(py, "settings", "Version")?)?;
            config.version = Some(match version.as_str() {
                "3.1" => Version::V3_1,
                _ => Version::V3_1_1,
            });
        }
        "pdp_context" => config.pdp_context = Some(given.int(1..=16)?),
        "transport" => config.transport = Some(given.transport()?),
        "tls" => config.transport = Some(Transport::Tls(given.int(0..=5)?)),
        "keepalive" => config.keepalive = Some(given.int(0..=3600)?),
        "clean_session" => config.clean_session = Some(given.bool()?),
        "packet_timeout" => {
            let class = class!(py, "settings", "PacketTimeout")?;
            let seconds: i64 = given.attr(class, "seconds")?;
            let retries: i64 = given.attr(class, "retries")?;
            config.timeout = Some(PacketTimeout {
                seconds: int(py, "packet_timeout.seconds", seconds, 1..=1200)?,
                retries: int(py, "packet_timeout.retries", retries, 0..=10)?,
                notice: given.attr(class, "notice")?,
            });
        }
        "will" => config.will = Some(given.will()?),
        "delivery" => {
            let delivery = given.member(class!(py, "settings", "Delivery")?)?;
            config.delivery = Some(match delivery.as_str() {
                "stored" => Delivery::Stored,
                _ => Delivery::Inline,
            });
        }
        "ali_auth" => {
            let class = class!(py, "settings", "AliAuth")?;
            config.ali_auth = Some(AliAuth {
                product_key: given.attr(class, "product_key")?,
                device_name: given.attr(class, "device_name")?,
                device_secret: given.attr::<String>(class, "device_secret")?.into(),
            });
        }
        "ping_report" => config.ping_report = Some(given.int(5..=60)?),
        "send_mode" => config.send_mode = Some(given.format()?),
        "one_net" => {
            let class = class!(py, "settings", "OneNet")?;
            config.one_net = Some(OneNet {
                product_id: given.attr(class, "product_id")?,
                access_key: given.attr::<String>(class, "access_key")?.into(),
            });
        }
        "hw_auth" => {
            let class = class!(py, "settings", "HwAuth")?;
            config.hw_auth = Some(HwAuth {
                product_id: given.attr(class, "product_id")?,
                device_secret: given.attr::<String>(class, "device_secret")?.into(),
                time_check: given.attr(class, "time_check")?,
            });
        }
        "hw_product" => {
            let class = class!(py, "settings", "HwProduct")?;
            config.hw_product = Some(HwProduct {
                product_id: given.attr(class, "product_id")?,
                product_secret: given.attr::<String>(class, "product_secret")?.into(),
                node_id: given.attr(class, "node_id")?,
                time_check: given.attr(class, "time_check")?,
            });
        }
        "data_format" => config.data_format = Some(given.formats()?),
        "view_mode" => config.view_mode = Some(given.bool()?),
        "edit_timeout" => {
            let seconds: u8 = given.int(0..=180)?;
            config.edit_timeout = Some((seconds != 0).then_some(seconds));
        }
        other => return Err(error::internal(py, &format!("no setting {other}"))),
    }
    Ok(())
}

/// The fields of `ClientConfig`.
const FIELDS: [&str; 17] = [
    "version",
    "pdp_context",
    "transport",
    "keepalive",
    "clean_session",
    "packet_timeout",
    "will",
    "delivery",
    "ali_auth",
    "ping_report",
    "send_mode",
    "one_net",
    "hw_auth",
    "hw_product",
    "data_format",
    "view_mode",
    "edit_timeout",
];

/// The settings of a `ClientConfig` and of keywords, which come after it.
pub(crate) fn config_from(
    py: Python<'_>,
    config: Option<&Bound<'_, PyAny>>,
    keywords: &[(&'static str, Option<&Bound<'_, PyAny>>)],
) -> PyResult<ClientConfig> {
    let mut settings = ClientConfig::new();
    if let Some(config) = config {
        let class = class!(py, "settings", "ClientConfig")?;
        let whole = Given {
            parameter: "config",
            value: config,
        };
        for parameter in FIELDS {
            let value: Option<Bound<'_, PyAny>> = whole.attr(class, parameter)?;
            if let Some(value) = &value {
                put(&mut settings, Given { parameter, value })?;
            }
        }
    }
    for &(parameter, value) in keywords {
        if let Some(value) = value {
            put(&mut settings, Given { parameter, value })?;
        }
    }
    Ok(settings)
}

/// The name of a setting.
pub(crate) fn name(given: &Bound<'_, PyAny>) -> PyResult<SettingName> {
    let py = given.py();
    let class = class!(py, "settings", "SettingName")?;
    let name: String = member(class, "name", given)?.extract()?;
    SettingName::from_wire_name(&name)
        .ok_or_else(|| error::internal(py, &format!("no setting {name}")))
}

/// What the broker granted, in a list.
pub(crate) fn granted<'py>(py: Python<'py>, granted: &[Granted]) -> PyResult<Bound<'py, PyList>> {
    let class = class!(py, "settings", "Granted")?;
    let list = PyList::empty(py);
    for granted in granted {
        let number = match granted {
            Granted::QoS(qos) => i32::from(qos.level()),
            Granted::Refused => 128,
            Granted::Unknown => -1,
        };
        list.append(class.call1((number,))?)?;
    }
    Ok(list)
}

type Value<'py> = PyResult<Bound<'py, PyAny>>;

fn version(py: Python<'_>, version: Version) -> Value<'_> {
    class!(py, "settings", "Version")?.call1((match version {
        Version::V3_1 => "3.1",
        Version::V3_1_1 => "3.1.1",
    },))
}

fn transport(py: Python<'_>, transport: Transport) -> Value<'_> {
    match transport {
        Transport::Tcp => class!(py, "settings", "Tcp")?.call0(),
        Transport::Tls(context) => class!(py, "settings", "Tls")?.call1((context,)),
    }
}

fn packet_timeout(py: Python<'_>, timeout: PacketTimeout) -> Value<'_> {
    let values = (timeout.seconds, timeout.retries, timeout.notice);
    class!(py, "settings", "PacketTimeout")?.call1(values)
}

fn level(py: Python<'_>, qos: QoS) -> Value<'_> {
    class!(py, "settings", "QoS")?.call1((qos.level(),))
}

fn will(py: Python<'_>, will: Will) -> Value<'_> {
    let values = (
        will.topic,
        PyBytes::new(py, &will.payload),
        level(py, will.qos)?,
        will.retain,
    );
    class!(py, "settings", "Will")?.call1(values)
}

fn delivery(py: Python<'_>, delivery: Delivery) -> Value<'_> {
    class!(py, "settings", "Delivery")?.call1((match delivery {
        Delivery::Inline => "inline",
        Delivery::Stored => "stored",
    },))
}

fn format(py: Python<'_>, format: Format) -> Value<'_> {
    class!(py, "settings", "Format")?.call1((match format {
        Format::Text => "text",
        Format::Hex => "hex",
    },))
}

fn formats(py: Python<'_>, (sent, received): (Format, Format)) -> Value<'_> {
    let pair = (format(py, sent)?, format(py, received)?);
    Ok(pair.into_pyobject(py)?.into_any())
}

fn ali_auth(py: Python<'_>, auth: AliAuth) -> Value<'_> {
    let secret = auth.device_secret.reveal();
    class!(py, "settings", "AliAuth")?.call1((auth.product_key, auth.device_name, secret))
}

fn one_net(py: Python<'_>, auth: OneNet) -> Value<'_> {
    class!(py, "settings", "OneNet")?.call1((auth.product_id, auth.access_key.reveal()))
}

fn hw_auth(py: Python<'_>, auth: HwAuth) -> Value<'_> {
    let secret = auth.device_secret.reveal();
    class!(py, "settings", "HwAuth")?.call1((auth.product_id, secret, auth.time_check))
}

fn hw_product(py: Python<'_>, product: HwProduct) -> Value<'_> {
    let secret = product.product_secret.reveal();
    let values = (
        product.product_id,
        secret,
        product.node_id,
        product.time_check,
    );
    class!(py, "settings", "HwProduct")?.call1(values)
}

/// The answers to every setting as a `ClientConfig`.
pub(crate) fn config_to(py: Python<'_>, config: ClientConfig) -> Value<'_> {
    fn some<'py, T>(
        py: Python<'py>,
        value: Option<T>,
        make: impl FnOnce(Python<'py>, T) -> Value<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        value.map(|value| make(py, value)).transpose()
    }
    let kwargs = pyo3::types::PyDict::new(py);
    kwargs.set_item("version", some(py, config.version, version)?)?;
    kwargs.set_item("pdp_context", config.pdp_context)?;
    kwargs.set_item("transport", some(py, config.transport, transport)?)?;
    kwargs.set_item("keepalive", config.keepalive)?;
    kwargs.set_item("clean_session", config.clean_session)?;
    kwargs.set_item("packet_timeout", some(py, config.timeout, packet_timeout)?)?;
    match config.will {
        None => {}
        Some(None) => kwargs.set_item("will", false)?,
        Some(Some(given)) => kwargs.set_item("will", will(py, given)?)?,
    }
    kwargs.set_item("delivery", some(py, config.delivery, delivery)?)?;
    kwargs.set_item("ali_auth", some(py, config.ali_auth, ali_auth)?)?;
    kwargs.set_item("ping_report", config.ping_report)?;
    kwargs.set_item("send_mode", some(py, config.send_mode, format)?)?;
    kwargs.set_item("one_net", some(py, config.one_net, one_net)?)?;
    kwargs.set_item("hw_auth", some(py, config.hw_auth, hw_auth)?)?;
    kwargs.set_item("hw_product", some(py, config.hw_product, hw_product)?)?;
    kwargs.set_item("data_format", some(py, config.data_format, formats)?)?;
    kwargs.set_item("view_mode", config.view_mode)?;
    let edit_timeout = config.edit_timeout.map(Option::unwrap_or_default);
    kwargs.set_item("edit_timeout", edit_timeout)?;
    class!(py, "settings", "ClientConfig")?.call((), Some(&kwargs))
}

/// The answer to one setting.
pub(crate) fn setting_to(py: Python<'_>, setting: Setting) -> Value<'_> {
    let none = || Ok(py.None().into_bound(py));
    let number = |number: u16| Ok(number.into_pyobject(py)?.into_any());
    let flag = |flag: bool| Ok(flag.into_pyobject(py)?.to_owned().into_any());
    match setting {
        Setting::Version(value) => version(py, value),
        Setting::PdpContext(value) => number(value.into()),
        Setting::Tls(value) => transport(py, value),
        Setting::KeepAlive(value) => number(value),
        Setting::CleanSession(value) => flag(value),
        Setting::Timeout(value) => packet_timeout(py, value),
        Setting::Will(None) | Setting::WillEx(None) => none(),
        Setting::Will(Some(value)) | Setting::WillEx(Some(value)) => will(py, value),
        Setting::WillExLength {
            topic,
            qos,
            retain,
            length,
        } => class!(py, "settings", "WillSummary")?.call1((topic, level(py, qos)?, retain, length)),
        Setting::Receive(value, shown) => {
            class!(py, "settings", "ReceiveMode")?.call1((delivery(py, value)?, shown))
        }
        Setting::AliAuth(value) => ali_auth(py, value),
        Setting::PingReport(value) => number(value.into()),
        Setting::SendMode(value) => format(py, value),
        Setting::OneNet(value) => one_net(py, value),
        Setting::HwAuth(value) => hw_auth(py, value),
        Setting::HwProduct(value) => hw_product(py, value),
        Setting::DataFormat(sent, received) => formats(py, (sent, received)),
        Setting::ViewMode(value) => flag(value),
        Setting::EditTimeout(value) => number(value.unwrap_or_default().into()),
        other => Err(error::internal(
            py,
            &format!("no class for {:?}", other.name()),
        )),
    }
}
