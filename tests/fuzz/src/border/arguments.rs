//! Arguments by their type: what a C program may pass, `NULL` included.

use std::any::Any;
use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use atmqtt_border::callback::atmqtt_drop_callback;
use atmqtt_border::capabilities::{
    atmqtt_capabilities, atmqtt_capabilities_free, atmqtt_parameter,
};
use atmqtt_border::client::{atmqtt_client, atmqtt_client_free, atmqtt_subscription};
use atmqtt_border::clock::atmqtt_date_time;
use atmqtt_border::config::{
    atmqtt_client_config, atmqtt_client_config_free, atmqtt_client_config_init,
};
use atmqtt_border::event::{atmqtt_event, atmqtt_event_callback, atmqtt_event_free};
use atmqtt_border::files::{
    atmqtt_bytes, atmqtt_bytes_free, atmqtt_file_list, atmqtt_files_list_free,
    atmqtt_files_upload_options, atmqtt_files_upload_options_init, atmqtt_upload_progress,
};
use atmqtt_border::info::{atmqtt_modem_info_free, atmqtt_module_info};
use atmqtt_border::lines::{atmqtt_lines, atmqtt_lines_free};
use atmqtt_border::link::{atmqtt_link, atmqtt_link_free, atmqtt_link_set_timeout};
use atmqtt_border::link_options::{
    atmqtt_broker, atmqtt_link_options, atmqtt_link_options_init, atmqtt_power_hook,
};
use atmqtt_border::link_status::{atmqtt_link_info, atmqtt_link_info_free};
use atmqtt_border::log::{atmqtt_log_callback, atmqtt_set_log_callback};
use atmqtt_border::modem::{
    atmqtt_modem, atmqtt_modem_free, atmqtt_modem_options, atmqtt_modem_options_init,
};
use atmqtt_border::network::{
    atmqtt_network_operator_free, atmqtt_network_registration_free, atmqtt_network_sim_free,
    atmqtt_operator, atmqtt_ready_progress, atmqtt_registration, atmqtt_sim,
};
use atmqtt_border::packet::{
    atmqtt_address, atmqtt_apn, atmqtt_network_address_free, atmqtt_network_apn_free,
    atmqtt_network_apn_init,
};
use atmqtt_border::tls::{
    atmqtt_tls_options, atmqtt_tls_options_init, atmqtt_tls_settings, atmqtt_tls_settings_free,
    atmqtt_tls_source,
};

use atmqtt_border::usb::{atmqtt_usb_port, atmqtt_usb_port_init};

use crate::input::Input;

/// No more handles of a kind at a time.
const HANDLES: usize = 4;

/// Whatever goes on when the module has vanished ends sooner.
const LONGEST: Duration = Duration::from_secs(20);

/// What belongs to a callback: how often it was let go of.
#[derive(Debug, Default)]
struct Token {
    dropped: AtomicUsize,
}

/// What is done with what a call has written.
type After = Box<dyn FnOnce(&mut World)>;

/// What the program has.
pub(super) struct World {
    pub(super) path: CString,
    pub(super) modems: Vec<*mut atmqtt_modem>,
    pub(super) clients: Vec<*mut atmqtt_client>,
    pub(super) capabilities: Vec<*mut atmqtt_capabilities>,
    pub(super) links: Vec<*mut atmqtt_link>,
    /// What arguments point to, each in an allocation of its own; freed after the call.
    kept: Vec<Box<dyn Any>>,
    /// What to do with what a call has written.
    results: Vec<After>,
    /// The length of the last argument that has one; the next argument is it.
    length: Option<usize>,
    /// What belongs to callbacks, and whether it must have been let go of in the end.
    tokens: Vec<(Box<Token>, bool)>,
    /// The last of them is of this call.
    has_token: bool,
}

impl World {
    pub(super) fn new(path: CString) -> Self {
        Self {
            path,
            modems: Vec::new(),
            clients: Vec::new(),
            capabilities: Vec::new(),
            links: Vec::new(),
            kept: Vec::new(),
            results: Vec::new(),
            length: None,
            tokens: Vec::new(),
            has_token: false,
        }
    }

    /// Keeps something for the time of a call and gives where it is.
    pub(super) fn keep<T: 'static>(&mut self, value: T) -> *mut T {
        let mut kept = Box::new(value);
        let pointer: *mut T = &raw mut *kept;
        self.kept.push(kept);
        pointer
    }

    /// The same for items, as many as there are.
    fn keep_all<T: 'static>(&mut self, items: Vec<T>) -> *mut T {
        let mut kept = items.into_boxed_slice();
        let pointer = kept.as_mut_ptr();
        self.kept.push(Box::new(kept));
        pointer
    }

    pub(super) fn keep_bytes(&mut self, bytes: &[u8]) -> *mut u8 {
        self.keep_all(bytes.to_vec())
    }

    /// A text that ends with NUL, or NULL.
    pub(super) fn text(&mut self, input: &mut Input<'_>) -> *const c_char {
        const TEXTS: [&[u8]; 14] = [
            b"t",
            b"broker",
            b"AT+CSQ",
            b"AT+QISEND=0,3",
            b"QMTOPEN",
            b"will",
            b"usbat",
            b"*",
            b"ca.pem",
            b"a\"b",
            b"a\r\nAT",
            b"\xff\xfe",
            b"",
            b"AT+QMTCONN=?",
        ];
        let bytes = match input.below(17) {
            0 => return null(),
            1 => input.bytes().to_vec(),
            2 => vec![b'x'; usize::from(input.byte()) * 10],
            text => TEXTS[text - 3].to_vec(),
        };
        let text: Vec<u8> = bytes
            .into_iter()
            .take_while(|&byte| byte != 0)
            .chain([0])
            .collect();
        self.keep_bytes(&text).cast()
    }

    /// A handle of the library, or NULL.
    fn handle<T>(handles: &[*mut T], input: &mut Input<'_>) -> *mut T {
        match input.below(HANDLES + 1) {
            0 => null_mut(),
            n => handles
                .get((n - 1) % handles.len().max(1))
                .copied()
                .unwrap_or(null_mut()),
        }
    }

    /// Takes a handle out of a pool, or NULL.
    fn take_handle<T>(handles: &mut Vec<*mut T>, input: &mut Input<'_>) -> *mut T {
        let handle = Self::handle(handles, input);
        handles.retain(|&kept| kept != handle);
        handle
    }

    pub(super) fn taken_modem(&mut self, input: &mut Input<'_>) -> *mut atmqtt_modem {
        Self::take_handle(&mut self.modems, input)
    }

    pub(super) fn taken_client(&mut self, input: &mut Input<'_>) -> *mut atmqtt_client {
        Self::take_handle(&mut self.clients, input)
    }

    pub(super) fn taken_capabilities(&mut self, input: &mut Input<'_>) -> *mut atmqtt_capabilities {
        Self::take_handle(&mut self.capabilities, input)
    }

    pub(super) fn taken_link(&mut self, input: &mut Input<'_>) -> *mut atmqtt_link {
        Self::take_handle(&mut self.links, input)
    }

    /// What a call has written is taken over or freed, and what it was given is freed.
    pub(super) fn after_call(&mut self) {
        for result in std::mem::take(&mut self.results) {
            result(self);
        }
        self.kept.clear();
        self.length = None;
        self.has_token = false;
    }

    /// The program frees all it has; nothing of its own is still with the library.
    pub(super) fn finish(mut self) {
        for link in std::mem::take(&mut self.links) {
            // SAFETY: a handle of the library, given back once.
            unsafe { atmqtt_link_free(link) }
        }
        for client in std::mem::take(&mut self.clients) {
            // SAFETY: a handle of the library, given back once.
            unsafe { atmqtt_client_free(client) }
        }
        for modem in std::mem::take(&mut self.modems) {
            // SAFETY: as above.
            unsafe { atmqtt_modem_free(modem) }
        }
        for capabilities in std::mem::take(&mut self.capabilities) {
            // SAFETY: as above.
            unsafe { atmqtt_capabilities_free(capabilities) }
        }
        // SAFETY: no callback, and nothing that belongs to one.
        unsafe { atmqtt_set_log_callback(0, None, null_mut(), None) };
        self.after_call();
        // What was started in the background goes on without a handle, until it finds that the module is gone.
        let begun = Instant::now();
        for (token, expected) in &self.tokens {
            let dropped = || token.dropped.load(Ordering::Acquire);
            while *expected && dropped() == 0 && begun.elapsed() < LONGEST {
                std::thread::sleep(Duration::from_millis(1));
            }
            let dropped = dropped();
            assert_eq!(
                dropped,
                usize::from(*expected),
                "how often it was let go of"
            );
        }
    }

    pub(super) fn out<T: 'static>(&mut self, input: &mut Input<'_>, value: T) -> *mut T {
        match input.below(8) {
            0 => null_mut(),
            _ => self.keep(value),
        }
    }

    /// A place for something that is freed after the call.
    fn freed<T: 'static>(
        &mut self,
        input: &mut Input<'_>,
        free: unsafe extern "C" fn(*mut T),
    ) -> *mut *mut T {
        self.owned(input, move |_, pointer| {
            // SAFETY: the library has written it for this, and it is given back once; or it is NULL.
            unsafe { free(pointer) }
        })
    }

    /// A place for something that is taken over after the call.
    fn owned<T: 'static>(
        &mut self,
        input: &mut Input<'_>,
        take: impl FnOnce(&mut Self, *mut T) + 'static,
    ) -> *mut *mut T {
        let place = self.out(input, null_mut::<T>());
        if !place.is_null() {
            self.results.push(Box::new(move |world| {
                // SAFETY: it is among what is kept until all results have been looked at.
                take(world, unsafe { *place });
            }));
        }
        place
    }
}

unsafe extern "C" fn on_drop(user_data: *mut c_void) {
    if !user_data.is_null() {
        // SAFETY: the pointer of a token, which lives until the program has freed everything.
        let token = unsafe { &*user_data.cast::<Token>() };
        let before = token.dropped.fetch_add(1, Ordering::AcqRel);
        assert_eq!(before, 0, "let go of twice");
    }
}

/// A callback is called: what belongs to it is still there.
fn called(user_data: *mut c_void) {
    if !user_data.is_null() {
        // SAFETY: as above.
        let token = unsafe { &*user_data.cast::<Token>() };
        assert_eq!(
            token.dropped.load(Ordering::Acquire),
            0,
            "called after the drop"
        );
    }
}

unsafe extern "C" fn on_event(event: *const atmqtt_event, user_data: *mut c_void) {
    called(user_data);
    // SAFETY: the library gives an event that lives for the call.
    look_at(unsafe { &*event });
}

unsafe extern "C" fn on_log(_: i32, target: *const c_char, message: *const c_char, _: *mut c_void) {
    for text in [target, message] {
        // SAFETY: the library gives texts that end with NUL.
        let _ = unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes().len();
    }
}

unsafe extern "C" fn on_progress(_: usize, _: usize, user_data: *mut c_void) {
    called(user_data);
}

unsafe extern "C" fn on_ready(_: i32, text: *const c_char, _: *mut c_void) {
    // SAFETY: the library gives a text that ends with NUL.
    let _ = unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes().len();
}

/// Reads everything that an event points to.
fn look_at(event: &atmqtt_event) {
    let counted = [
        (event.topic.cast::<u8>(), event.topic_length, true),
        (event.payload, event.payload_length, true),
        (event.text.cast(), event.text_length, true),
        (event.granted, event.granted_count, false),
    ];
    for (pointer, length, ended) in counted {
        if !pointer.is_null() {
            // SAFETY: the header promises so many bytes, and where it says so a NUL behind them.
            let bytes = unsafe { std::slice::from_raw_parts(pointer, length + usize::from(ended)) };
            assert!(!ended || bytes.last() == Some(&0));
        }
    }
}

unsafe extern "C" fn free_event(event: *mut atmqtt_event) {
    // SAFETY: NULL, or an event that the library has just given.
    if let Some(event) = unsafe { event.as_ref() } {
        look_at(event);
    }
    // SAFETY: the same, given back once.
    unsafe { atmqtt_event_free(event) }
}

/// An argument of a function.
pub(super) trait Argument: Sized {
    /// One of those that may be passed.
    fn make(world: &mut World, input: &mut Input<'_>) -> Self;
}

macro_rules! arguments {
    ($($type:ty: |$world:ident, $input:ident| $make:expr;)+) => {
        $(impl Argument for $type {
            fn make($world: &mut World, $input: &mut Input<'_>) -> Self {
                $make
            }
        })+
    };
}

arguments! {
    i32: |_world, input| match input.below(20) {
        n @ 0..=9 => i32::try_from(n).unwrap_or(0) - 2,
        10 => i32::MAX,
        11 => i32::MIN,
        12 => 1883,
        13 => 65_536,
        14 => 0xFFFF,
        _ => input.byte().into(),
    };
    // How long a call may wait, in most cases.
    i64: |_world, input| *input.choose(&[0, 1, 3, 10]);
    u64: |_world, input| input.byte().into();
    usize: |world, input| world.length.take().unwrap_or_else(|| input.byte().into());
    *mut atmqtt_modem: |world, input| World::handle(&world.modems, input);
    *const atmqtt_modem: |world, input| World::handle(&world.modems, input);
    *mut atmqtt_client: |world, input| World::handle(&world.clients, input);
    *const atmqtt_client: |world, input| World::handle(&world.clients, input);
    *const atmqtt_capabilities: |world, input| World::handle(&world.capabilities, input);
    *const c_char: |world, input| world.text(input);
    *mut i32: |world, input| world.out(input, 0);
    *mut i64: |world, input| world.out(input, 0);
    *mut u64: |world, input| world.out(input, 0);
    *mut u16: |world, input| world.out(input, 0);
    *mut usize: |world, input| world.out(input, 0);
    *const c_void: |world, input| {
        let bytes = input.bytes();
        world.length = Some(bytes.len());
        match input.below(8) {
            0 => null(),
            _ => world.keep_bytes(bytes).cast(),
        }
    };
    *mut c_char: |world, input| {
        let size = input.small(64);
        world.length = Some(size.into());
        match input.below(8) {
            0 => null_mut(),
            _ => world.keep_bytes(&vec![0; size.into()]).cast(),
        }
    };
    *const atmqtt_subscription: |world, input| {
        let count = input.small(4);
        let topics: Vec<_> = (0..count)
            .map(|_| atmqtt_subscription {
                topic: world.text(input),
                qos: i32::make(world, input),
            })
            .collect();
        world.length = Some(count.into());
        world.keep_all(topics)
    };
    *const *const c_char: |world, input| {
        let count = input.small(4);
        let topics: Vec<_> = (0..count).map(|_| world.text(input)).collect();
        world.length = Some(count.into());
        world.keep_all(topics)
    };
    *mut c_void: |world, input| {
        if input.flag() {
            return null_mut();
        }
        let token = Box::new(Token::default());
        let pointer = std::ptr::from_ref(&*token).cast_mut().cast();
        world.tokens.push((token, false));
        world.has_token = true;
        pointer
    };
    // It stands behind the pointer that it is for.
    atmqtt_drop_callback: |world, _input| {
        if let (Some((_, expected)), true) = (world.tokens.last_mut(), world.has_token) {
            *expected = true;
        }
        Some(on_drop)
    };
    atmqtt_event_callback: |_world, input| input.flag().then_some(on_event as _);
    atmqtt_log_callback: |_world, input| input.flag().then_some(on_log as _);
    atmqtt_ready_progress: |_world, input| input.flag().then_some(on_ready as _);
    *mut *const atmqtt_parameter: |world, input| world.out(input, null());
    *mut *mut atmqtt_capabilities: |world, input| world.owned(input, |world, made: *mut atmqtt_capabilities| {
        if !made.is_null() {
            world.capabilities.push(made);
        }
    });
    *mut *mut atmqtt_client: |world, input| world.owned(input, |world, made: *mut atmqtt_client| {
        if !made.is_null() {
            world.clients.push(made);
        }
    });
    *mut *mut atmqtt_modem: |world, input| world.owned(input, |world, made: *mut atmqtt_modem| {
        if !made.is_null() {
            world.modems.push(made);
        }
    });
    *mut atmqtt_link: |world, input| World::handle(&world.links, input);
    *const atmqtt_link: |world, input| World::handle(&world.links, input);
    *mut *mut atmqtt_link: |world, input| world.owned(input, |world, made: *mut atmqtt_link| {
        if !made.is_null() {
            // What is published while it is down waits without a limit else.
            // SAFETY: the library has just given it.
            unsafe { atmqtt_link_set_timeout(made, 5) };
            world.links.push(made);
        }
    });
    *mut *mut atmqtt_link_info: |world, input| world.freed(input, atmqtt_link_info_free);
    *mut atmqtt_link_options: |world, input| world.room_for(input);
    *mut atmqtt_usb_port: |world, input| world.room_for(input);
    *const atmqtt_usb_port: |world, input| {
        let mut usb = made(atmqtt_usb_port_init);
        if input.flag() {
            usb.vendor = i32::make(world, input);
            usb.interface = i32::make(world, input);
            usb.serial = world.text(input);
            usb.path = world.text(input);
        }
        usb.struct_size = size(input, usb.struct_size);
        world.out(input, usb)
    };
    *const atmqtt_link_options: |world, input| link_options(world, input);
    *mut *mut atmqtt_lines: |world, input| world.freed(input, atmqtt_lines_free);
    *mut *mut atmqtt_event: |world, input| world.freed(input, free_event);
    *mut *mut atmqtt_bytes: |world, input| world.freed(input, atmqtt_bytes_free);
    *mut *mut atmqtt_file_list: |world, input| world.freed(input, atmqtt_files_list_free);
    *mut *mut atmqtt_module_info: |world, input| world.freed(input, atmqtt_modem_info_free);
    *mut *mut atmqtt_sim: |world, input| world.freed(input, atmqtt_network_sim_free);
    *mut *mut atmqtt_registration: |world, input| world.freed(input, atmqtt_network_registration_free);
    *mut *mut atmqtt_operator: |world, input| world.freed(input, atmqtt_network_operator_free);
    *mut *mut atmqtt_address: |world, input| world.freed(input, atmqtt_network_address_free);
    *mut *mut atmqtt_apn: |world, input| world.freed(input, atmqtt_network_apn_free);
    *mut *mut atmqtt_client_config: |world, input| world.freed(input, atmqtt_client_config_free);
    *mut *mut atmqtt_tls_settings: |world, input| world.freed(input, atmqtt_tls_settings_free);
    *mut atmqtt_date_time: |world, input| world.out(input, date_time());
    *const atmqtt_date_time: |world, input| {
        let mut time = date_time();
        for field in [&mut time.year, &mut time.month, &mut time.day, &mut time.hour, &mut time.offset_quarters] {
            if input.flag() {
                *field = i32::make(world, input);
            }
        }
        world.out(input, time)
    };
    *mut atmqtt_modem_options: |world, input| world.room_for(input);
    *mut atmqtt_client_config: |world, input| world.room_for(input);
    *mut atmqtt_tls_options: |world, input| world.room_for(input);
    *mut atmqtt_apn: |world, input| world.room_for(input);
    *mut atmqtt_files_upload_options: |world, input| world.room_for(input);
    *const atmqtt_modem_options: |world, input| {
        let mut options = made(atmqtt_modem_options_init);
        // As fast as it goes, and with bounds that are reached.
        options.silence_ms = 0;
        options.patience_ms = 1;
        options.message_capacity = usize::from(input.small(4));
        options.urc_capacity = usize::from(input.small(4));
        if input.flag() {
            options.max_payload = input.byte().into();
            options.dtr = i32::make(world, input);
            options.flow_control = i32::make(world, input);
        }
        options.struct_size = size(input, options.struct_size);
        world.out(input, options)
    };
    *const atmqtt_client_config: |world, input| {
        let mut config = made(atmqtt_client_config_init);
        for _ in 0..input.small(5) {
            let value = i32::make(world, input);
            match input.small(16) {
                0 => config.version = value,
                1 => config.pdp_context = value,
                2 => config.tls_context = value,
                3 => config.keepalive = value,
                4 => config.packet_timeout = value,
                5 => config.will = 1,
                6 => config.will_topic = world.text(input),
                7 => {
                    config.will_payload = <*const c_void>::make(world, input).cast();
                    config.will_payload_length = world.length.take().unwrap_or(0);
                }
                8 => config.delivery = value,
                9 => config.data_format_receive = value,
                10 => config.edit_timeout = value,
                11 => config.ali_product_key = world.text(input),
                12 => config.ali_device_secret = world.text(input),
                13 => config.hw_product_node_id = world.text(input),
                14 => config.view_mode = value,
                _ => config.struct_size = size(input, config.struct_size),
            }
        }
        world.out(input, config)
    };
    *const atmqtt_tls_options: |world, input| {
        let mut options = made(atmqtt_tls_options_init);
        for _ in 0..input.small(6) {
            let value = i32::make(world, input);
            match input.small(10) {
                0 => options.ca = source(world, input),
                1 => options.client_certificate = source(world, input),
                2 => options.private_key = source(world, input),
                3 => options.key_password = world.text(input),
                4 => options.version = value,
                5 => options.cipher_suite = value,
                6 => options.clock = value,
                7 => options.negotiate_timeout = value,
                8 => options.insecure = value,
                _ => options.struct_size = size(input, options.struct_size),
            }
        }
        world.out(input, options)
    };
    *const atmqtt_apn: |world, input| {
        let mut apn = made(atmqtt_network_apn_init);
        apn.name = world.text(input);
        if input.flag() {
            apn.username = world.text(input);
            apn.password = world.text(input);
            apn.ip_type = i32::make(world, input);
            apn.authentication = i32::make(world, input);
        }
        apn.struct_size = size(input, apn.struct_size);
        world.out(input, apn)
    };
    *const atmqtt_files_upload_options: |world, input| {
        if input.small(4) == 0 {
            return null();
        }
        let mut options = made(atmqtt_files_upload_options_init);
        options.timeout = i32::make(world, input);
        options.ack = input.small(3).into();
        let progress: atmqtt_upload_progress = input.flag().then_some(on_progress as _);
        options.progress = progress;
        // Where the size is wrong nobody lets go of anything.
        if input.small(8) == 0 {
            options.struct_size = 3;
        } else {
            options.user_data = <*mut c_void>::make(world, input);
            options.drop = atmqtt_drop_callback::make(world, input);
        }
        world.keep(options)
    };
}

impl World {
    /// Room for a struct of which the program says how large it is.
    fn room_for<T: 'static>(&mut self, input: &mut Input<'_>) -> *mut T {
        let size = size(input, size_of::<T>());
        self.length = Some(size);
        match input.below(8) {
            0 => null_mut(),
            _ => self.keep_all(vec![0_u64; size.div_ceil(8)]).cast(),
        }
    }
}

unsafe extern "C" fn on_power(user_data: *mut c_void) -> i32 {
    called(user_data);
    0
}

/// Those of a link that does not wait long, with whatever else a program may say.
fn link_options(world: &mut World, input: &mut Input<'_>) -> *const atmqtt_link_options {
    if input.small(16) == 0 {
        return null();
    }
    let mut options = made(atmqtt_link_options_init);
    let path = world.path.clone();
    options.port = world.keep_bytes(path.as_bytes_with_nul()).cast();
    options.modem = <*const atmqtt_modem_options>::make(world, input);
    let host = world.keep_bytes(b"broker\0").cast();
    options.brokers = world.keep(atmqtt_broker { host, port: 1883 });
    options.broker_count = 1;
    options.client_id = world.keep_bytes(b"id\0").cast();
    options.backoff_first_ms = 1;
    options.backoff_most_ms = 5;
    options.backoff_refused_ms = 5;
    options.restart_time_ms = 5;
    options.attach_timeout_ms = input.byte().into();
    for _ in 0..input.small(5) {
        let value = i32::make(world, input);
        match input.small(16) {
            0 => options.port = world.text(input),
            1 => options.usb = <*const atmqtt_usb_port>::make(world, input),
            2 => options.client = value,
            3 => options.apn = <*const atmqtt_apn>::make(world, input),
            4 => options.tls = <*const atmqtt_tls_options>::make(world, input),
            5 => options.tls_context = value,
            6 => options.config = <*const atmqtt_client_config>::make(world, input),
            7 => options.client_id = world.text(input),
            8 => options.password = world.text(input),
            9 => {
                options.subscriptions = <*const atmqtt_subscription>::make(world, input);
                options.subscription_count = world.length.take().unwrap_or(0);
            }
            10 => options.when_alive = value,
            11 => options.queue_messages = input.small(4).into(),
            12 => options.when_full = value,
            13 => options.when_unconfirmed = value,
            14 => options.check_interval_ms = input.byte().into(),
            _ => {
                let host = world.text(input);
                options.brokers = world.keep(atmqtt_broker { host, port: value });
            }
        }
    }
    // Where the size is wrong nobody lets go of anything.
    if input.small(16) == 0 {
        options.struct_size = 3;
    } else {
        let hook: atmqtt_power_hook = input.flag().then_some(on_power as _);
        options.power_hook = hook;
        options.power_user_data = <*mut c_void>::make(world, input);
        options.power_drop = atmqtt_drop_callback::make(world, input);
    }
    world.keep(options)
}

fn source(world: &mut World, input: &mut Input<'_>) -> atmqtt_tls_source {
    const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n";
    let mut source = atmqtt_tls_source {
        pem: null(),
        pem_length: 0,
        path: null(),
        on_module: null(),
    };
    match input.small(4) {
        0 => {
            source.pem = world.keep_bytes(PEM).cast();
            source.pem_length = PEM.len();
        }
        1 => {
            source.pem = <*const c_void>::make(world, input);
            source.pem_length = world.length.take().unwrap_or(0);
        }
        2 => source.path = world.keep_bytes(b"/dev/null\0").cast(),
        _ => source.on_module = world.text(input),
    }
    source
}

/// The size of a struct as a program says it: right, mostly.
fn size(input: &mut Input<'_>, right: usize) -> usize {
    match input.byte() {
        0..224 => right,
        size => usize::from(size - 224) * 8,
    }
}

/// An options struct with its defaults.
fn made<T>(init: unsafe extern "C" fn(*mut T, usize) -> i32) -> T {
    let mut made = std::mem::MaybeUninit::<T>::zeroed();
    // SAFETY: room for all of it; numbers and pointers may be zero, and what the function fills in are its
    // defaults.
    unsafe {
        assert_eq!(init(made.as_mut_ptr(), size_of::<T>()), 0);
        made.assume_init()
    }
}

fn date_time() -> atmqtt_date_time {
    atmqtt_date_time {
        year: 2026,
        month: 3,
        day: 1,
        hour: 12,
        minute: 0,
        second: 0,
        offset_quarters: 4,
    }
}
