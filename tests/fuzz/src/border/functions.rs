//! Every function of the header by its name; what it is called with follows from its type.

use atmqtt_border::{
    capabilities, client, clock, config, files, info, link, link_options, link_status, log, modem,
    network, packet, status, tls, usb, version,
};

use super::arguments::{Argument, World};
use crate::input::Input;

/// A call of a function with arguments of an input.
pub(super) type Call = fn(&mut World, &mut Input<'_>);

/// A function that is called with arguments of its types.
trait Function<A> {
    fn call(self, world: &mut World, input: &mut Input<'_>);
}

macro_rules! functions {
    ($(($($argument:ident)*))+) => {
        $(impl<R, $($argument: Argument),*> Function<($($argument,)*)> for unsafe extern "C" fn($($argument),*) -> R {
            #[allow(non_snake_case, unused_variables, reason = "arguments are called like their types")]
            fn call(self, world: &mut World, input: &mut Input<'_>) {
                $(let $argument = $argument::make(world, input);)*
                // SAFETY: the arguments are what a C program may pass, and stay until the call is over.
                unsafe { self($($argument),*) };
            }
        })+
    };
}

functions! {
    ()
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
}

macro_rules! function {
    ($module:ident :: $name:ident, $($argument:tt),*) => {
        |world, input| {
            Function::call(
                $module::$name as unsafe extern "C" fn($(function!(@ $argument)),*) -> _,
                world,
                input,
            )
        }
    };
    (@ $argument:tt) => { _ };
}

/// Opens the port of the module.
pub(super) const OPEN: Call = |world, input| {
    if world.modems.len() >= 2 {
        return;
    }
    let path = world.path.clone();
    let path = world.keep_bytes(path.as_bytes_with_nul());
    let options = Argument::make(world, input);
    let place = Argument::make(world, input);
    // SAFETY: the path has just been kept; the rest is what a C program may pass.
    unsafe { modem::atmqtt_modem_open(path.cast(), options, place) };
};

/// Asks for a client.
pub(super) const CLIENT: Call = |world, input| {
    if world.clients.len() < 6 {
        MODEM_CLIENT(world, input);
    }
};
const MODEM_CLIENT: Call = function!(client::atmqtt_modem_client, _, _, _);

/// Waits for an event.
pub(super) const NEXT_EVENT: Call = function!(modem::atmqtt_modem_next_event, _, _, _);

/// Frees a handle, whose others go on.
const FREE_MODEM: Call = |world, input| {
    let modem = world.taken_modem(input);
    // SAFETY: NULL, or a handle that the program had and now has no more.
    unsafe { modem::atmqtt_modem_free(modem) }
};
const FREE_CLIENT: Call = |world, input| {
    let client = world.taken_client(input);
    // SAFETY: as above.
    unsafe { client::atmqtt_client_free(client) }
};
const FREE_CAPABILITIES: Call = |world, input| {
    let capabilities = world.taken_capabilities(input);
    // SAFETY: as above.
    unsafe { capabilities::atmqtt_capabilities_free(capabilities) }
};
const FREE_LINK: Call = |world, input| {
    let link = world.taken_link(input);
    // SAFETY: as above.
    unsafe { link::atmqtt_link_free(link) }
};

/// Brings a link up, mostly one at a time.
const LINK_START: Call = |world, input| {
    if world.links.len() < 2 {
        let options = Argument::make(world, input);
        let place = Argument::make(world, input);
        // SAFETY: what a C program may pass.
        unsafe { link::atmqtt_link_start(options, place) };
    }
};

/// Without a limit now and then: a module that vanishes ends everything.
const MODEM_TIMEOUT: Call = |world, input| {
    let modem = Argument::make(world, input);
    let limit = *input.choose(&[-1, i64::MIN, 0, 5, i64::MAX]);
    // SAFETY: NULL, or a handle of the program.
    unsafe { modem::atmqtt_modem_set_timeout(modem, limit) };
};
const CLIENT_TIMEOUT: Call = |world, input| {
    let client = Argument::make(world, input);
    let limit = *input.choose(&[-1, i64::MIN, 0, 5, i64::MAX]);
    // SAFETY: as above.
    unsafe { client::atmqtt_client_set_timeout(client, limit) };
};

/// There is room for what is granted for as many topics as there can be.
const SUBSCRIBE: Call = |world, input| {
    let client = Argument::make(world, input);
    let topics = Argument::make(world, input);
    let count = Argument::make(world, input);
    let granted = world.out(input, [0_u8; 8]).cast();
    // SAFETY: what a C program may pass, until the call is over.
    unsafe { client::atmqtt_client_subscribe(client, topics, count, granted) };
};

/// All but those that free what another has just given: that is done after each call.
pub(super) const FUNCTIONS: &[Call] = &[
    FREE_MODEM,
    FREE_CLIENT,
    FREE_CAPABILITIES,
    MODEM_TIMEOUT,
    CLIENT_TIMEOUT,
    function!(modem::atmqtt_modem_options_init, _, _),
    function!(modem::atmqtt_modem_close, _),
    function!(modem::atmqtt_modem_is_open, _),
    function!(modem::atmqtt_modem_port_name, _, _, _),
    function!(modem::atmqtt_modem_interrupt, _),
    function!(modem::atmqtt_modem_command, _, _, _),
    function!(modem::atmqtt_modem_command_with_data, _, _, _, _, _),
    function!(modem::atmqtt_modem_command_start, _, _, _),
    function!(modem::atmqtt_modem_set_event_callback, _, _, _, _),
    function!(modem::atmqtt_modem_event_fd, _, _),
    NEXT_EVENT,
    function!(modem::atmqtt_modem_release_events, _),
    MODEM_CLIENT,
    function!(client::atmqtt_client_index, _),
    function!(client::atmqtt_client_state, _),
    function!(client::atmqtt_client_generation, _),
    function!(client::atmqtt_client_found_alive, _, _, _, _),
    function!(client::atmqtt_client_adopt, _),
    function!(client::atmqtt_client_open, _, _, _, _),
    function!(client::atmqtt_client_open_start, _, _, _, _, _),
    function!(client::atmqtt_client_close, _),
    function!(client::atmqtt_client_close_start, _, _),
    function!(client::atmqtt_client_connect, _, _, _, _),
    function!(client::atmqtt_client_connect_start, _, _, _, _, _),
    function!(client::atmqtt_client_disconnect, _),
    function!(client::atmqtt_client_disconnect_start, _, _),
    SUBSCRIBE,
    function!(client::atmqtt_client_subscribe_start, _, _, _, _),
    function!(client::atmqtt_client_unsubscribe, _, _, _),
    function!(client::atmqtt_client_unsubscribe_start, _, _, _, _),
    function!(client::atmqtt_client_publish, _, _, _, _, _, _),
    function!(client::atmqtt_client_publish_start, _, _, _, _, _, _, _),
    function!(client::atmqtt_client_set_message_callback, _, _, _, _),
    function!(config::atmqtt_client_config_init, _, _),
    function!(config::atmqtt_client_configure, _, _),
    function!(config::atmqtt_client_query_config, _, _),
    function!(config::atmqtt_client_query_setting, _, _, _),
    function!(files::atmqtt_files_upload_options_init, _, _),
    function!(files::atmqtt_files_upload, _, _, _, _, _),
    function!(files::atmqtt_files_upload_start, _, _, _, _, _, _),
    function!(files::atmqtt_files_ensure, _, _, _, _, _),
    function!(files::atmqtt_files_ensure_start, _, _, _, _, _),
    function!(files::atmqtt_files_list, _, _, _),
    function!(files::atmqtt_files_size, _, _, _),
    function!(files::atmqtt_files_delete, _, _),
    function!(files::atmqtt_files_space, _, _, _),
    function!(files::atmqtt_files_download, _, _, _),
    function!(files::atmqtt_files_download_start, _, _, _),
    function!(files::atmqtt_files_checksum, _, _, _),
    function!(info::atmqtt_modem_info, _, _),
    function!(info::atmqtt_modem_signal, _, _, _),
    function!(log::atmqtt_set_log_callback, _, _, _, _),
    function!(network::atmqtt_network_sim, _, _),
    function!(network::atmqtt_network_registration, _, _),
    function!(network::atmqtt_network_signal, _, _, _),
    function!(network::atmqtt_network_operator, _, _),
    function!(network::atmqtt_network_operator_start, _, _),
    function!(network::atmqtt_network_wait_ready, _, _, _, _, _, _),
    function!(
        network::atmqtt_network_wait_ready_start,
        _,
        _,
        _,
        _,
        _,
        _,
        _
    ),
    function!(network::atmqtt_network_urc_port, _, _, _),
    function!(network::atmqtt_network_set_urc_port, _, _),
    function!(packet::atmqtt_network_apn_init, _, _),
    function!(packet::atmqtt_network_set_apn, _, _, _),
    function!(packet::atmqtt_network_apn, _, _, _),
    function!(packet::atmqtt_network_activate, _, _),
    function!(packet::atmqtt_network_activate_start, _, _, _),
    function!(packet::atmqtt_network_deactivate, _, _),
    function!(packet::atmqtt_network_deactivate_start, _, _, _),
    function!(packet::atmqtt_network_address, _, _, _),
    function!(clock::atmqtt_network_clock, _, _),
    function!(clock::atmqtt_network_set_clock, _, _),
    function!(clock::atmqtt_network_date_time, _, _),
    function!(clock::atmqtt_network_unix_time, _, _),
    function!(tls::atmqtt_tls_options_init, _, _),
    function!(tls::atmqtt_tls_configure, _, _, _),
    function!(tls::atmqtt_tls_configure_start, _, _, _, _),
    function!(tls::atmqtt_tls_delete_files, _, _, _, _),
    function!(tls::atmqtt_tls_query_config, _, _, _),
    function!(capabilities::atmqtt_modem_capabilities, _, _),
    function!(capabilities::atmqtt_capabilities_supports_command, _, _, _),
    function!(capabilities::atmqtt_capabilities_supports_setting, _, _, _),
    function!(
        capabilities::atmqtt_capabilities_command_parameter_count,
        _,
        _,
        _
    ),
    function!(
        capabilities::atmqtt_capabilities_setting_parameter_count,
        _,
        _,
        _
    ),
    function!(
        capabilities::atmqtt_capabilities_command_parameter,
        _,
        _,
        _,
        _
    ),
    function!(
        capabilities::atmqtt_capabilities_setting_parameter,
        _,
        _,
        _,
        _
    ),
    function!(
        capabilities::atmqtt_capabilities_command_allows,
        _,
        _,
        _,
        _,
        _
    ),
    function!(
        capabilities::atmqtt_capabilities_setting_allows,
        _,
        _,
        _,
        _,
        _
    ),
    function!(capabilities::atmqtt_capabilities_command_names, _, _),
    function!(capabilities::atmqtt_capabilities_setting_names, _, _),
    FREE_LINK,
    LINK_START,
    function!(link::atmqtt_link_close, _),
    function!(link::atmqtt_link_set_timeout, _, _),
    function!(link::atmqtt_link_wait_up, _, _),
    function!(link::atmqtt_link_retry, _),
    function!(link::atmqtt_link_modem, _, _),
    function!(link::atmqtt_link_publish, _, _, _, _, _, _),
    function!(link::atmqtt_link_publish_start, _, _, _, _, _, _, _),
    function!(link::atmqtt_link_subscribe, _, _, _),
    function!(link::atmqtt_link_unsubscribe, _, _, _),
    function!(link::atmqtt_link_flush, _, _, _),
    function!(link::atmqtt_link_set_message_callback, _, _, _, _),
    function!(link::atmqtt_link_set_event_callback, _, _, _, _),
    function!(link::atmqtt_link_event_fd, _, _),
    function!(link::atmqtt_link_next_event, _, _, _),
    function!(link::atmqtt_link_release_events, _),
    function!(link_options::atmqtt_link_options_init, _, _),
    function!(link_status::atmqtt_link_state, _),
    function!(link_status::atmqtt_link_status, _, _),
    function!(usb::atmqtt_usb_port_init, _, _),
    function!(usb::atmqtt_usb_port_find, _, _, _),
    function!(status::atmqtt_status_name, _),
    function!(status::atmqtt_clear_last_error,),
    function!(status::atmqtt_last_error_message,),
    function!(status::atmqtt_last_error_code,),
    function!(status::atmqtt_last_error_command,),
    function!(status::atmqtt_last_error_client,),
    function!(version::atmqtt_version,),
];
