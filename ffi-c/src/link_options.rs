//! How a link is set up.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use atmqtt::{
    Backoff, Error, ErrorKind, Link, LinkBuilder, LinkPort, QueueLimits, WhenAlive, WhenFull,
    WhenUnconfirmed,
};

use crate::border::{
    Failure, Result, guard, init_options, items, maybe_text, number, options, ranged, required,
    text,
};
use crate::callback::{UserData, atmqtt_drop_callback};
use crate::client::{atmqtt_subscription, connect_arguments, subscriptions};
use crate::config::atmqtt_client_config;
use crate::modem::atmqtt_modem_options;
use crate::packet::atmqtt_apn;
use crate::tls::atmqtt_tls_options;
use crate::usb::atmqtt_usb_port;

/// What a link does with a client of the module that is still connected from an earlier run: when_alive in
/// atmqtt_link_options.
#[repr(i32)]
pub enum atmqtt_when_alive {
    /// Closes it and connects anew. The default with an outbox.
    ATMQTT_WHEN_ALIVE_REPLACE = 0,
    /// Takes it over, where it is connected to one of the brokers and its settings allow its messages to be
    /// read safely; else replaces it. The default without an outbox.
    ATMQTT_WHEN_ALIVE_ADOPT = 1,
}

/// What a full queue of a link does with one message more: when_full in atmqtt_link_options.
#[repr(i32)]
pub enum atmqtt_when_full {
    /// The publish waits for room, the _start function too. The default.
    ATMQTT_WHEN_FULL_BLOCK = 0,
    /// The publish fails with ATMQTT_QUEUE_FULL.
    ATMQTT_WHEN_FULL_REFUSE = 1,
    /// The oldest message that has not been sent makes room, and ends with ATMQTT_QUEUE_FULL.
    ATMQTT_WHEN_FULL_DROP_OLDEST = 2,
}

/// What becomes of a QoS 2 message whose sending was cut short after the module had it, for the module cannot go
/// on with the handshake of another connection: when_unconfirmed in atmqtt_link_options.
#[repr(i32)]
pub enum atmqtt_when_unconfirmed {
    /// It ends with ATMQTT_UNCONFIRMED: at most once, and the program knows. The default.
    ATMQTT_WHEN_UNCONFIRMED_REPORT = 0,
    /// It is sent again as a new message: at least once, perhaps twice.
    ATMQTT_WHEN_UNCONFIRMED_RESEND = 1,
}

/// A broker that a link connects to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_broker {
    /// Name or address, 1 to 100 bytes without quotation marks and control bytes; not NULL.
    pub host: *const c_char,
    /// TCP port, 1 to 65535.
    pub port: i32,
}

/// The last resort of a link for a module that does not answer, after a restart by AT+CFUN=1,1: switches its
/// power, or pulls its reset pin.
///
/// It runs on the thread of the link, with all signals blocked, and may block: nothing else happens to the link
/// meanwhile, and closing it waits for that. Every function may be called in it but atmqtt_link_close() of its
/// link, which answers ATMQTT_CALLED_FROM_CALLBACK. It must not throw and must not longjmp.
///
/// Returns ATMQTT_OK where the module starts anew, or another of atmqtt_status, as ATMQTT_OPERATION_FAILED, where
/// it could not be done; the link then says so as its cause, and tries again as after every failure.
pub type atmqtt_power_hook = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// How a link is set up. Call atmqtt_link_options_init() first; then a port, a broker and a client id are what
/// must be given. Everything is copied by the call it is given to, and need not outlive it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct atmqtt_link_options {
    /// Set by atmqtt_link_options_init().
    pub struct_size: usize,
    /// The serial device, as "/dev/ttyUSB2", or a symbolic link to it, as udev makes them in /dev/serial/by-id. It
    /// need not be there yet. NULL = usb is given.
    pub port: *const c_char,
    /// The serial port of a USB module, looked for anew after every loss; NULL = port is given. One of the two.
    pub usb: *const atmqtt_usb_port,
    /// How the port is opened; NULL = the defaults. Its trace_path begins anew whenever the port is opened again.
    pub modem: *const atmqtt_modem_options,
    /// Which of the six clients of the module it uses, 0 to 5; default 0. The others are left alone.
    pub client: i32,
    /// Access point (AT+QICSGP), where the subscription does not bring it; written when it differs from what the
    /// module has, into the PDP context of config. NULL = left as it is, the default.
    pub apn: *const atmqtt_apn,
    /// How long one attempt waits for SIM, registration and PDP context before it counts as failed, in
    /// milliseconds; default 180000. 0 = does not look at them: AT+QMTOPEN activates the context by itself.
    pub attach_timeout_ms: u32,
    /// Connects with TLS, through a context that the link configures and keeps configured as
    /// atmqtt_tls_configure() does. NULL = plain TCP, unless config names a context; the default.
    pub tls: *const atmqtt_tls_options,
    /// The SSL context for that, 0 to 5; default 0.
    pub tls_context: i32,
    /// Settings of the client: keep-alive, will, session. NULL = the defaults. What must not be missed while the
    /// link is down needs clean_session 0.
    pub config: *const atmqtt_client_config,
    /// The brokers, tried in turn; at least one.
    pub brokers: *const atmqtt_broker,
    /// How many.
    pub broker_count: usize,
    /// As for atmqtt_client_connect(); not NULL.
    pub client_id: *const c_char,
    /// User name, or NULL = none, the default.
    pub username: *const c_char,
    /// Password, or NULL = none, the default; only with a user name. It is in no log and no error text.
    pub password: *const c_char,
    /// Topics that it subscribes to after every connect; see also atmqtt_link_subscribe().
    pub subscriptions: *const atmqtt_subscription,
    /// How many; default 0.
    pub subscription_count: usize,
    /// One of atmqtt_when_alive; -1 = the default, which depends on outbox_path.
    pub when_alive: i32,
    /// The first wait after a trouble, in milliseconds; default 1000. Every further one is twice as long. Each is
    /// shortened at random by up to half, so that a thousand devices do not come back in the same second.
    pub backoff_first_ms: u32,
    /// The longest wait, in milliseconds; default 300000.
    pub backoff_most_ms: u32,
    /// How long the link must have been up to begin with the first wait again, in milliseconds; default 30000.
    pub backoff_stable_ms: u32,
    /// The wait after a cause that stays (bad credentials, for one), in milliseconds; default 900000. See
    /// atmqtt_link_retry().
    pub backoff_refused_ms: u32,
    /// How many messages may wait, those under way among them, 1 and up; default 10000.
    pub queue_messages: usize,
    /// How many bytes of topics and payloads they may have, 4096 and up; default 4194304.
    pub queue_bytes: usize,
    /// What happens to one more: one of atmqtt_when_full; default ATMQTT_WHEN_FULL_BLOCK.
    pub when_full: i32,
    /// One of atmqtt_when_unconfirmed; default ATMQTT_WHEN_UNCONFIRMED_REPORT.
    pub when_unconfirmed: i32,
    /// A file that keeps messages of QoS 1 and 2 until they are delivered, so that they survive the end of the
    /// program, SIGKILL and a loss of power. Made where it is missing; it belongs to one link at a time. A publish
    /// then returns when its message is on disk: a write and a sync of the file, shared by the publishes that come
    /// meanwhile. What an earlier run has left ends with ATMQTT_EVENT_COMPLETED. A message that failed stays in the
    /// file until that event was seen to (the next one was asked for, or the callback has returned), so that a program
    /// that is killed before is told by its next run; it may be told twice. Of failures that nobody asks for the file
    /// keeps as many as may wait, the last ones. NULL = none, the default. Only where the library was built with it.
    pub outbox_path: *const c_char,
    /// How often a link that is up asks the module whether it still is (AT+QMTCONN?), for a lost +QMTSTAT tells
    /// nobody, in milliseconds; default 60000. 0 = never.
    pub check_interval_ms: u32,
    /// How long a restart of the module may take until it says RDY, in milliseconds; default 20000. It is then
    /// opened all the same.
    pub restart_time_ms: u32,
    /// Switches the module's power where nothing else helps; NULL = nobody, the default.
    pub power_hook: atmqtt_power_hook,
    /// Passed to power_hook as it is.
    pub power_user_data: *mut c_void,
    /// Called once with power_user_data when power_hook is not called any more, also where the call that was given
    /// the options failed; not where struct_size is wrong. On the thread of the link, or on the caller's. NULL =
    /// nothing to call, the default.
    pub power_drop: atmqtt_drop_callback,
}

/// The size of the options in the first version of the library.
const OPTIONS_SIZE: usize = size_of::<atmqtt_link_options>();

/// `when_alive` is not given.
const NOT_GIVEN: i32 = -1;

const DEFAULTS: atmqtt_link_options = atmqtt_link_options {
    struct_size: OPTIONS_SIZE,
    port: std::ptr::null(),
    usb: std::ptr::null(),
    modem: std::ptr::null(),
    client: 0,
    apn: std::ptr::null(),
    attach_timeout_ms: 180_000,
    tls: std::ptr::null(),
    tls_context: 0,
    config: std::ptr::null(),
    brokers: std::ptr::null(),
    broker_count: 0,
    client_id: std::ptr::null(),
    username: std::ptr::null(),
    password: std::ptr::null(),
    subscriptions: std::ptr::null(),
    subscription_count: 0,
    when_alive: NOT_GIVEN,
    backoff_first_ms: 1_000,
    backoff_most_ms: 300_000,
    backoff_stable_ms: 30_000,
    backoff_refused_ms: 900_000,
    queue_messages: 10_000,
    queue_bytes: 4 * 1024 * 1024,
    when_full: atmqtt_when_full::ATMQTT_WHEN_FULL_BLOCK as i32,
    when_unconfirmed: atmqtt_when_unconfirmed::ATMQTT_WHEN_UNCONFIRMED_REPORT as i32,
    outbox_path: std::ptr::null(),
    check_interval_ms: 60_000,
    restart_time_ms: 20_000,
    power_hook: None,
    power_user_data: std::ptr::null_mut(),
    power_drop: None,
};

/// Sets every option to its default. Call it as atmqtt_link_options_init(&options, sizeof options).
///
/// @param options  where to; not NULL.
/// @param struct_size  sizeof(atmqtt_link_options).
/// @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atmqtt_link_options_init(
    options: *mut atmqtt_link_options,
    struct_size: usize,
) -> i32 {
    // SAFETY: the program's promise about its own struct and size.
    guard(|| unsafe { init_options(options, "options", struct_size, OPTIONS_SIZE, DEFAULTS) })
}

/// What options of a link say.
///
/// # Safety
///
/// The pointer and those in the options are NULL or point to what the header says of them.
pub(crate) unsafe fn read(given: *const atmqtt_link_options) -> Result<LinkBuilder> {
    // SAFETY: as the caller promises.
    let given = unsafe {
        required(given, "options")?;
        options(given, OPTIONS_SIZE, "options", DEFAULTS)?
    };
    // From here on the user data is let go of, whatever follows.
    let power = Power {
        call: given.power_hook,
        user_data: UserData::new(given.power_user_data, given.power_drop),
    };
    // SAFETY: as the caller promises.
    let builder = unsafe { given.what_is_connected()? };
    Ok(power.to(given.how_it_goes_on(builder)?))
}

impl atmqtt_link_options {
    /// Port, network, brokers and client.
    ///
    /// # Safety
    ///
    /// As for [`read`].
    unsafe fn what_is_connected(&self) -> Result<LinkBuilder> {
        // SAFETY: as the caller promises.
        unsafe {
            let connect = connect_arguments(self.client_id, self.username, self.password)?;
            let mut builder = Link::builder(self.link_port()?, connect)
                .modem(crate::modem::read(self.modem)?)
                .client(number(self.client, "client", "0..=5")?);
            if !self.apn.is_null() {
                builder = builder.apn(crate::packet::read(self.apn)?);
            }
            if !self.tls.is_null() {
                let context = crate::tls::index(self.tls_context)?;
                builder = builder.tls(context, crate::tls::read(self.tls)?);
            }
            if !self.config.is_null() {
                builder = builder.client_config(crate::config::read(self.config)?);
            }
            for broker in items(self.brokers, self.broker_count, "brokers")? {
                let port = number(broker.port, "port of a broker", "1..=65535")?;
                builder = builder.broker(text(broker.host, "host of a broker")?, port);
            }
            let topics = (self.subscriptions, self.subscription_count);
            for (topic, qos) in subscriptions(topics.0, topics.1, "subscriptions")? {
                builder = builder.subscribe(topic, qos);
            }
            match maybe_text(self.outbox_path, "outbox_path")? {
                Some(path) => with_outbox(builder, path),
                None => Ok(builder),
            }
        }
    }

    /// # Safety
    ///
    /// As for [`read`].
    unsafe fn link_port(&self) -> Result<LinkPort> {
        // SAFETY: as the caller promises.
        let port = unsafe { maybe_text(self.port, "port")? };
        match (port, self.usb.is_null()) {
            (Some(path), true) => Ok(path.into()),
            // SAFETY: as the caller promises.
            (None, false) => Ok(unsafe { crate::usb::read(self.usb)? }.into()),
            (None, true) => Err(Failure::argument(
                "port is NULL and usb is NULL; one of the two must be given",
            )),
            (Some(_), false) => Err(Failure::argument(
                "port and usb are given; it must be one of the two",
            )),
        }
    }

    /// Waits, queue and looks at the module.
    fn how_it_goes_on(&self, mut builder: LinkBuilder) -> Result<LinkBuilder> {
        let time = |milliseconds: u32| Duration::from_millis(milliseconds.into());
        if self.when_alive != NOT_GIVEN {
            builder = builder.when_alive(one_of(
                self.when_alive,
                "when_alive",
                &[WhenAlive::Replace, WhenAlive::Adopt],
            )?);
        }
        Ok(builder
            .attach((self.attach_timeout_ms != 0).then_some(time(self.attach_timeout_ms)))
            .backoff(Backoff {
                first: time(self.backoff_first_ms),
                most: time(self.backoff_most_ms),
                stable: time(self.backoff_stable_ms),
                refused: time(self.backoff_refused_ms),
            })
            .queue(QueueLimits {
                messages: self.queue_messages,
                bytes: self.queue_bytes,
                when_full: one_of(
                    self.when_full,
                    "when_full",
                    &[WhenFull::Block, WhenFull::Refuse, WhenFull::DropOldest],
                )?,
            })
            .when_unconfirmed(one_of(
                self.when_unconfirmed,
                "when_unconfirmed",
                &[WhenUnconfirmed::Report, WhenUnconfirmed::Resend],
            )?)
            .check_every(time(self.check_interval_ms))
            .restart_time(time(self.restart_time_ms)))
    }
}

/// The value that stands at this place.
fn one_of<T: Copy>(value: i32, name: &str, values: &[T]) -> Result<T> {
    let index: usize = ranged(value, name, 0..=values.len() as i64 - 1)?;
    Ok(values[index])
}

#[cfg(feature = "outbox")]
fn with_outbox(builder: LinkBuilder, path: &str) -> Result<LinkBuilder> {
    Ok(builder.outbox(path))
}

#[cfg(not(feature = "outbox"))]
fn with_outbox(_: LinkBuilder, path: &str) -> Result<LinkBuilder> {
    Err(Failure::argument(format!(
        "outbox_path is {path:?}, and this build has no outbox: build the library with the cargo feature outbox"
    )))
}

/// The power hook with what belongs to it.
struct Power {
    call: atmqtt_power_hook,
    user_data: UserData,
}

impl Power {
    fn to(self, builder: LinkBuilder) -> LinkBuilder {
        match self.call {
            Some(call) => builder.power_hook(move || self.cycle(call)),
            None => builder,
        }
    }

    fn cycle(
        &self,
        call: unsafe extern "C" fn(user_data: *mut c_void) -> i32,
    ) -> atmqtt::Result<()> {
        // SAFETY: the program gave this function for this pointer. That it does not unwind is said where it is
        // given.
        let status = unsafe { call(self.user_data.pointer()) };
        if status == 0 {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::from_number(status).unwrap_or(ErrorKind::OperationFailed),
            format!("the power hook answered {status}"),
        ))
    }
}
