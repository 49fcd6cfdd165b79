/*
 * NULL for every pointer of every function, one at a time, with everything else as it should be.
 *
 * A row: function, parameter, what must come out, and the call. tests/scripts/c-nulls.py fails where a
 * pointer of the header has no row.
 */
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/linked.h"
#include "support/session.h"

#define REFUSED(function, parameter, ...) \
    check_refused(#function, #parameter, function(__VA_ARGS__))
/* NULL means something there. */
#define FINE(function, parameter, ...) STATUS(ATMQTT_OK, function(__VA_ARGS__))
#define GIVES(value, function, parameter, ...) EQUAL(value, function(__VA_ARGS__))
#define NOTHING(function, parameter, ...) function(__VA_ARGS__)

static void check_refused(const char *function, const char *parameter, int status)
{
    if (status != ATMQTT_INVALID_ARGUMENT)
        FAIL("%s with %s = NULL answers %s: %s", function, parameter, atmqtt_status_name(status),
             atmqtt_last_error_message());
    if (strstr(atmqtt_last_error_message(), "NULL") == NULL)
        FAIL("%s with %s = NULL says: %s", function, parameter, atmqtt_last_error_message());
}

static void log_nothing(int32_t level, const char *target, const char *message, void *user_data)
{
    (void)level, (void)target, (void)message, (void)user_data;
}

static void see_nothing(const atmqtt_event *event, void *user_data)
{
    (void)event, (void)user_data;
}

static void ports(void)
{
    struct session session;
    atmqtt_modem *opened;
    atmqtt_lines *lines;
    atmqtt_client *client;
    atmqtt_event *event;
    atmqtt_modem_options options;
    char buffer[256];
    int32_t number;
    int fd;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;

    REFUSED(atmqtt_modem_options_init, options, NULL, sizeof options);
    REFUSED(atmqtt_modem_open, path, NULL, NULL, &opened);
    FINE(atmqtt_modem_close, modem, modem);
    FINE(atmqtt_modem_open, options, session.emulator.path, NULL, &opened);
    atmqtt_modem_free(opened);
    atmqtt_client_free(session.client);
    atmqtt_modem_free(modem);
    REFUSED(atmqtt_modem_open, modem, session.emulator.path, NULL, NULL);
    OK(atmqtt_modem_open(session.emulator.path, NULL, &session.modem));
    OK(atmqtt_modem_client(session.modem, 0, &session.client));
    modem = session.modem;

    REFUSED(atmqtt_modem_close, modem, NULL);
    NOTHING(atmqtt_modem_free, modem, NULL);
    GIVES(0, atmqtt_modem_is_open, modem, NULL);
    REFUSED(atmqtt_modem_port_name, modem, NULL, buffer, sizeof buffer);
    REFUSED(atmqtt_modem_port_name, buffer, modem, NULL, sizeof buffer);
    REFUSED(atmqtt_modem_set_timeout, modem, NULL, 1);
    NOTHING(atmqtt_modem_interrupt, modem, NULL);
    REFUSED(atmqtt_modem_command, modem, NULL, "AT", &lines);
    REFUSED(atmqtt_modem_command, line, modem, NULL, &lines);
    FINE(atmqtt_modem_command, answer, modem, "AT", NULL);
    REFUSED(atmqtt_modem_command_with_data, modem, NULL, "AT", "x", 1, &lines);
    REFUSED(atmqtt_modem_command_with_data, line, modem, NULL, "x", 1, &lines);
    REFUSED(atmqtt_modem_command_with_data, data, modem, "AT", NULL, 1, &lines);
    FINE(atmqtt_modem_command_with_data, answer, modem, "AT", NULL, 0, NULL);
    REFUSED(atmqtt_modem_command_start, modem, NULL, "AT", NULL);
    REFUSED(atmqtt_modem_command_start, line, modem, NULL, NULL);
    FINE(atmqtt_modem_command_start, operation, modem, "AT", NULL);
    REFUSED(atmqtt_modem_set_event_callback, modem, NULL, see_nothing, NULL, NULL);
    FINE(atmqtt_modem_set_event_callback, user_data, modem, see_nothing, NULL, NULL);
    FINE(atmqtt_modem_set_event_callback, callback, modem, NULL, NULL, NULL);
    REFUSED(atmqtt_modem_event_fd, modem, NULL, &fd);
    REFUSED(atmqtt_modem_event_fd, fd, modem, NULL);
    REFUSED(atmqtt_modem_next_event, modem, NULL, 0, &event);
    REFUSED(atmqtt_modem_next_event, event, modem, 0, NULL);
    REFUSED(atmqtt_modem_release_events, modem, NULL);
    REFUSED(atmqtt_modem_client, modem, NULL, 0, &client);
    REFUSED(atmqtt_modem_client, client, modem, 0, NULL);
    atmqtt_module_info *info;
    REFUSED(atmqtt_modem_info, modem, NULL, &info);
    REFUSED(atmqtt_modem_info, info, modem, NULL);
    NOTHING(atmqtt_modem_info_free, info, NULL);
    REFUSED(atmqtt_modem_signal, modem, NULL, &number, &number);
    FINE(atmqtt_modem_signal, rssi_dbm, modem, NULL, &number);
    FINE(atmqtt_modem_signal, bit_error_rate, modem, &number, NULL);
    NOTHING(atmqtt_lines_free, lines, NULL);
    NOTHING(atmqtt_event_free, event, NULL);
    NOTHING(atmqtt_bytes_free, bytes, NULL);
    FINE(atmqtt_set_log_callback, user_data, ATMQTT_LOG_ERROR, log_nothing, NULL, NULL);
    FINE(atmqtt_set_log_callback, callback, ATMQTT_LOG_OFF, NULL, NULL, NULL);
    session_end(&session);
}

static void clients(void)
{
    struct session session;
    atmqtt_client_config config, *answer;
    const atmqtt_subscription topic = {"t", 0}, no_topic = {NULL, 0};
    const char *const filters[] = {"t", NULL};
    char host[256];
    uint16_t port;
    uint8_t granted;
    uint64_t operation;
    session_connected(&session, NULL);
    atmqtt_client *client = session.client;

    NOTHING(atmqtt_client_free, client, NULL);
    GIVES(-1, atmqtt_client_index, client, NULL);
    GIVES(ATMQTT_STATE_CLOSED, atmqtt_client_state, client, NULL);
    GIVES(0, atmqtt_client_generation, client, NULL);
    REFUSED(atmqtt_client_set_timeout, client, NULL, 1);
    REFUSED(atmqtt_client_found_alive, client, NULL, host, sizeof host, &port);
    REFUSED(atmqtt_client_found_alive, host, client, NULL, sizeof host, &port);
    FINE(atmqtt_client_found_alive, port, client, host, sizeof host, NULL);
    REFUSED(atmqtt_client_adopt, client, NULL);
    REFUSED(atmqtt_client_open, client, NULL, "h", 1883, 0);
    REFUSED(atmqtt_client_open, host, client, NULL, 1883, 0);
    REFUSED(atmqtt_client_open_start, client, NULL, "h", 1883, 0, &operation);
    REFUSED(atmqtt_client_open_start, host, client, NULL, 1883, 0, &operation);
    REFUSED(atmqtt_client_close, client, NULL);
    REFUSED(atmqtt_client_close_start, client, NULL, &operation);
    REFUSED(atmqtt_client_connect, client, NULL, "id", NULL, NULL);
    REFUSED(atmqtt_client_connect, client_id, client, NULL, NULL, NULL);
    REFUSED(atmqtt_client_connect, username, client, "id", NULL, "password");
    REFUSED(atmqtt_client_connect_start, client, NULL, "id", NULL, NULL, &operation);
    REFUSED(atmqtt_client_connect_start, client_id, client, NULL, NULL, NULL, &operation);
    REFUSED(atmqtt_client_connect_start, username, client, "id", NULL, "password", &operation);
    REFUSED(atmqtt_client_disconnect, client, NULL);
    REFUSED(atmqtt_client_disconnect_start, client, NULL, &operation);
    REFUSED(atmqtt_client_subscribe, client, NULL, &topic, 1, &granted);
    REFUSED(atmqtt_client_subscribe, topics, client, NULL, 1, &granted);
    REFUSED(atmqtt_client_subscribe, topics, client, &no_topic, 1, &granted);
    FINE(atmqtt_client_subscribe, granted, client, &topic, 1, NULL);
    REFUSED(atmqtt_client_subscribe_start, client, NULL, &topic, 1, &operation);
    REFUSED(atmqtt_client_subscribe_start, topics, client, NULL, 1, &operation);
    REFUSED(atmqtt_client_subscribe_start, topics, client, &no_topic, 1, &operation);
    FINE(atmqtt_client_subscribe_start, operation, client, &topic, 1, NULL);
    REFUSED(atmqtt_client_unsubscribe, client, NULL, filters, 1);
    REFUSED(atmqtt_client_unsubscribe, topics, client, NULL, 1);
    REFUSED(atmqtt_client_unsubscribe, topics, client, filters, 2);
    REFUSED(atmqtt_client_unsubscribe_start, client, NULL, filters, 1, &operation);
    REFUSED(atmqtt_client_unsubscribe_start, topics, client, NULL, 1, &operation);
    REFUSED(atmqtt_client_unsubscribe_start, topics, client, filters, 2, &operation);
    FINE(atmqtt_client_unsubscribe_start, operation, client, filters, 1, NULL);
    REFUSED(atmqtt_client_publish, client, NULL, "t", "x", 1, 0, 0);
    REFUSED(atmqtt_client_publish, topic, client, NULL, "x", 1, 0, 0);
    REFUSED(atmqtt_client_publish, payload, client, "t", NULL, 1, 0, 0);
    FINE(atmqtt_client_publish, payload, client, "t", NULL, 0, 0, 0);
    REFUSED(atmqtt_client_publish_start, client, NULL, "t", "x", 1, 0, 0, &operation);
    REFUSED(atmqtt_client_publish_start, topic, client, NULL, "x", 1, 0, 0, &operation);
    REFUSED(atmqtt_client_publish_start, payload, client, "t", NULL, 1, 0, 0, &operation);
    FINE(atmqtt_client_publish_start, operation, client, "t", "x", 1, 0, 0, NULL);
    REFUSED(atmqtt_client_set_message_callback, client, NULL, see_nothing, NULL, NULL);
    FINE(atmqtt_client_set_message_callback, user_data, client, see_nothing, NULL, NULL);
    FINE(atmqtt_client_set_message_callback, callback, client, NULL, NULL, NULL);
    REFUSED(atmqtt_client_query_config, client, NULL, &answer);
    REFUSED(atmqtt_client_query_config, config, client, NULL);
    REFUSED(atmqtt_client_query_setting, client, NULL, "keepalive", &answer);
    REFUSED(atmqtt_client_query_setting, name, client, NULL, &answer);
    REFUSED(atmqtt_client_query_setting, config, client, "keepalive", NULL);
    NOTHING(atmqtt_client_config_free, config, NULL);

    /* Without waiting, and without an event for it. */
    FINE(atmqtt_client_disconnect_start, operation, client, NULL);
    while (atmqtt_client_state(client) != ATMQTT_STATE_CLOSED)
        OK(atmqtt_modem_command(session.modem, "AT", NULL));
    FINE(atmqtt_client_open_start, operation, client, "h", 1883, 0, NULL);
    atmqtt_event *none;
    OK(atmqtt_modem_next_event(session.modem, 0, &none));
    atmqtt_event_free(none);
    while (atmqtt_client_state(client) != ATMQTT_STATE_OPEN)
        OK(atmqtt_modem_command(session.modem, "AT", NULL));
    FINE(atmqtt_client_connect_start, operation, client, "id", NULL, NULL, NULL);
    FINE(atmqtt_client_close_start, operation, client, NULL);
    while (atmqtt_client_state(client) != ATMQTT_STATE_CLOSED)
        OK(atmqtt_modem_command(session.modem, "AT", NULL));

    REFUSED(atmqtt_client_config_init, config, NULL, sizeof config);
    OK(atmqtt_client_config_init(&config, sizeof config));
    REFUSED(atmqtt_client_configure, client, NULL, &config);
    REFUSED(atmqtt_client_configure, config, client, NULL);
    session_end(&session);
}

static void links(void)
{
    struct linked linked;
    struct received received;
    atmqtt_link *link;
    atmqtt_link_info *info;
    atmqtt_modem *modem;
    atmqtt_event *event;
    atmqtt_usb_port usb;
    char path[64];
    int32_t number;
    uint64_t operation;
    int fd;
    REFUSED(atmqtt_usb_port_init, usb, NULL, sizeof usb);
    OK(atmqtt_usb_port_init(&usb, sizeof usb));
    REFUSED(atmqtt_usb_port_find, usb, NULL, path, sizeof path);
    REFUSED(atmqtt_usb_port_find, buffer, &usb, NULL, sizeof path);

    linked_begin(&linked, NULL);
    REFUSED(atmqtt_link_options_init, options, NULL, sizeof linked.options);
    REFUSED(atmqtt_link_start, options, NULL, &link);
    REFUSED(atmqtt_link_start, link, &linked.options, NULL);
    /* What must be given, and what need not. */
    atmqtt_link_options options = linked.options;
    options.client_id = NULL;
    REFUSED(atmqtt_link_start, options, &options, &link);
    options = linked.options;
    options.port = NULL;
    REFUSED(atmqtt_link_start, options, &options, &link);
    options = linked.options;
    options.brokers = NULL;
    REFUSED(atmqtt_link_start, options, &options, &link);
    options = linked.options;
    options.brokers = &(atmqtt_broker){NULL, 1883};
    REFUSED(atmqtt_link_start, options, &options, &link);
    options = linked.options;
    options.subscription_count = 1;
    REFUSED(atmqtt_link_start, options, &options, &link);
    options.subscriptions = &(atmqtt_subscription){NULL, 0};
    REFUSED(atmqtt_link_start, options, &options, &link);
    linked.options.modem = NULL;
    linked_up(&linked);
    link = linked.link;

    REFUSED(atmqtt_link_close, link, NULL);
    NOTHING(atmqtt_link_free, link, NULL);
    GIVES(ATMQTT_LINK_CLOSED, atmqtt_link_state, link, NULL);
    REFUSED(atmqtt_link_status, link, NULL, &info);
    REFUSED(atmqtt_link_status, info, link, NULL);
    NOTHING(atmqtt_link_info_free, info, NULL);
    REFUSED(atmqtt_link_set_timeout, link, NULL, 1);
    REFUSED(atmqtt_link_wait_up, link, NULL, 1);
    REFUSED(atmqtt_link_retry, link, NULL);
    REFUSED(atmqtt_link_modem, link, NULL, &modem);
    REFUSED(atmqtt_link_modem, modem, link, NULL);
    REFUSED(atmqtt_link_publish, link, NULL, "t", "x", 1, 0, 0);
    REFUSED(atmqtt_link_publish, topic, link, NULL, "x", 1, 0, 0);
    REFUSED(atmqtt_link_publish, payload, link, "t", NULL, 1, 0, 0);
    FINE(atmqtt_link_publish, payload, link, "t", NULL, 0, 0, 0);
    REFUSED(atmqtt_link_publish_start, link, NULL, "t", "x", 1, 1, 0, &operation);
    REFUSED(atmqtt_link_publish_start, topic, link, NULL, "x", 1, 1, 0, &operation);
    REFUSED(atmqtt_link_publish_start, payload, link, "t", NULL, 1, 1, 0, &operation);
    FINE(atmqtt_link_publish_start, operation, link, "t", "x", 1, 1, 0, NULL);
    REFUSED(atmqtt_link_subscribe, link, NULL, "t", 1);
    REFUSED(atmqtt_link_subscribe, topic, link, NULL, 1);
    OK(atmqtt_link_subscribe(link, "t", 1));
    next_of_link(link, ATMQTT_EVENT_SUBSCRIBED, &received);
    OK(atmqtt_link_release_events(link));
    REFUSED(atmqtt_link_unsubscribe, link, NULL, "t", &number);
    REFUSED(atmqtt_link_unsubscribe, topic, link, NULL, &number);
    FINE(atmqtt_link_unsubscribe, was_there, link, "t", NULL);
    REFUSED(atmqtt_link_flush, link, NULL, 0, &number);
    FINE(atmqtt_link_flush, empty, link, -1, NULL);
    REFUSED(atmqtt_link_set_message_callback, link, NULL, see_nothing, NULL, NULL);
    FINE(atmqtt_link_set_message_callback, user_data, link, see_nothing, NULL, NULL);
    FINE(atmqtt_link_set_message_callback, callback, link, NULL, NULL, NULL);
    REFUSED(atmqtt_link_set_event_callback, link, NULL, see_nothing, NULL, NULL);
    FINE(atmqtt_link_set_event_callback, user_data, link, see_nothing, NULL, NULL);
    FINE(atmqtt_link_set_event_callback, callback, link, NULL, NULL, NULL);
    REFUSED(atmqtt_link_event_fd, link, NULL, &fd);
    REFUSED(atmqtt_link_event_fd, fd, link, NULL);
    REFUSED(atmqtt_link_next_event, link, NULL, 0, &event);
    REFUSED(atmqtt_link_next_event, event, link, 0, NULL);
    REFUSED(atmqtt_link_release_events, link, NULL);
    linked_end(&linked);
}

static void files_and_tls(void)
{
    struct session session;
    atmqtt_files_upload_options upload;
    atmqtt_file_list *list;
    atmqtt_bytes *bytes;
    atmqtt_lines *lines;
    atmqtt_tls_options tls;
    atmqtt_tls_settings *settings;
    int64_t size;
    int32_t written;
    uint16_t checksum;
    uint64_t number;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;

    REFUSED(atmqtt_files_upload_options_init, options, NULL, sizeof upload);
    OK(atmqtt_files_upload_options_init(&upload, sizeof upload));
    REFUSED(atmqtt_files_upload, modem, NULL, "n", "x", 1, &upload);
    REFUSED(atmqtt_files_upload, name, modem, NULL, "x", 1, &upload);
    REFUSED(atmqtt_files_upload, data, modem, "n", NULL, 1, &upload);
    FINE(atmqtt_files_upload, options, modem, "n", "x", 1, NULL);
    REFUSED(atmqtt_files_upload_start, modem, NULL, "n", "x", 1, &upload, &number);
    REFUSED(atmqtt_files_upload_start, name, modem, NULL, "x", 1, &upload, &number);
    REFUSED(atmqtt_files_upload_start, data, modem, "n", NULL, 1, &upload, &number);
    FINE(atmqtt_files_upload_start, options, modem, "m", "x", 1, NULL, &number);
    FINE(atmqtt_files_upload_start, operation, modem, "o", "x", 1, &upload, NULL);
    REFUSED(atmqtt_files_ensure, modem, NULL, "n", "x", 1, &written);
    REFUSED(atmqtt_files_ensure, name, modem, NULL, "x", 1, &written);
    REFUSED(atmqtt_files_ensure, data, modem, "n", NULL, 1, &written);
    FINE(atmqtt_files_ensure, written, modem, "n", "x", 1, NULL);
    REFUSED(atmqtt_files_ensure_start, modem, NULL, "n", "x", 1, &number);
    REFUSED(atmqtt_files_ensure_start, name, modem, NULL, "x", 1, &number);
    REFUSED(atmqtt_files_ensure_start, data, modem, "n", NULL, 1, &number);
    FINE(atmqtt_files_ensure_start, operation, modem, "n", "x", 1, NULL);
    REFUSED(atmqtt_files_list, modem, NULL, "*", &list);
    FINE(atmqtt_files_list, pattern, modem, NULL, &list);
    atmqtt_files_list_free(list);
    REFUSED(atmqtt_files_list, list, modem, "*", NULL);
    NOTHING(atmqtt_files_list_free, list, NULL);
    REFUSED(atmqtt_files_size, modem, NULL, "n", &size);
    REFUSED(atmqtt_files_size, name, modem, NULL, &size);
    REFUSED(atmqtt_files_size, size, modem, "n", NULL);
    REFUSED(atmqtt_files_delete, modem, NULL, "n");
    REFUSED(atmqtt_files_delete, name, modem, NULL);
    REFUSED(atmqtt_files_space, modem, NULL, &number, &number);
    FINE(atmqtt_files_space, free_bytes, modem, NULL, &number);
    FINE(atmqtt_files_space, total_bytes, modem, &number, NULL);
    REFUSED(atmqtt_files_download, modem, NULL, "n", &bytes);
    REFUSED(atmqtt_files_download, name, modem, NULL, &bytes);
    REFUSED(atmqtt_files_download, contents, modem, "n", NULL);
    REFUSED(atmqtt_files_download_start, modem, NULL, "n", &number);
    REFUSED(atmqtt_files_download_start, name, modem, NULL, &number);
    FINE(atmqtt_files_download_start, operation, modem, "n", NULL);
    REFUSED(atmqtt_files_checksum, data, NULL, 1, &checksum);
    REFUSED(atmqtt_files_checksum, checksum, "x", 1, NULL);

    REFUSED(atmqtt_tls_options_init, options, NULL, sizeof tls);
    OK(atmqtt_tls_options_init(&tls, sizeof tls));
    tls.insecure = 1;
    REFUSED(atmqtt_tls_configure, modem, NULL, 1, &tls);
    REFUSED(atmqtt_tls_configure, options, modem, 1, NULL);
    REFUSED(atmqtt_tls_configure_start, modem, NULL, 1, &tls, &number);
    REFUSED(atmqtt_tls_configure_start, options, modem, 1, NULL, &number);
    FINE(atmqtt_tls_configure_start, operation, modem, 1, &tls, NULL);
    REFUSED(atmqtt_tls_delete_files, modem, NULL, 1, &tls, &lines);
    REFUSED(atmqtt_tls_delete_files, options, modem, 1, NULL, &lines);
    FINE(atmqtt_tls_delete_files, deleted, modem, 1, &tls, NULL);
    REFUSED(atmqtt_tls_query_config, modem, NULL, 1, &settings);
    REFUSED(atmqtt_tls_query_config, settings, modem, 1, NULL);
    NOTHING(atmqtt_tls_settings_free, settings, NULL);
    session_end(&session);
}

static void network(void)
{
    struct session session;
    atmqtt_sim *sim;
    atmqtt_registration *registration;
    atmqtt_operator *info;
    atmqtt_address *address;
    atmqtt_apn apn, *answer;
    atmqtt_date_time time;
    char name[64];
    int32_t number;
    int64_t seconds;
    uint64_t operation;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;

    REFUSED(atmqtt_network_sim, modem, NULL, &sim);
    REFUSED(atmqtt_network_sim, sim, modem, NULL);
    NOTHING(atmqtt_network_sim_free, sim, NULL);
    REFUSED(atmqtt_network_registration, modem, NULL, &registration);
    REFUSED(atmqtt_network_registration, registration, modem, NULL);
    NOTHING(atmqtt_network_registration_free, registration, NULL);
    REFUSED(atmqtt_network_signal, modem, NULL, &number, &number);
    FINE(atmqtt_network_signal, rssi_dbm, modem, NULL, &number);
    FINE(atmqtt_network_signal, bit_error_rate, modem, &number, NULL);
    REFUSED(atmqtt_network_operator, modem, NULL, &info);
    REFUSED(atmqtt_network_operator, info, modem, NULL);
    NOTHING(atmqtt_network_operator_free, info, NULL);
    REFUSED(atmqtt_network_operator_start, modem, NULL, &operation);
    FINE(atmqtt_network_operator_start, operation, modem, NULL);
    REFUSED(atmqtt_network_wait_ready, modem, NULL, 1, 0, NULL, NULL, &address);
    FINE(atmqtt_network_wait_ready, user_data, modem, 1, 60000, NULL, NULL, &address);
    atmqtt_network_address_free(address);
    FINE(atmqtt_network_wait_ready, address, modem, 1, 60000, NULL, NULL, NULL);
    REFUSED(atmqtt_network_wait_ready_start, modem, NULL, 1, 0, NULL, NULL, NULL, &operation);
    FINE(atmqtt_network_wait_ready_start, user_data, modem, 1, 0, NULL, NULL, NULL, &operation);
    FINE(atmqtt_network_wait_ready_start, operation, modem, 1, 0, NULL, NULL, NULL, NULL);
    REFUSED(atmqtt_network_urc_port, modem, NULL, name, sizeof name);
    REFUSED(atmqtt_network_urc_port, buffer, modem, NULL, sizeof name);
    REFUSED(atmqtt_network_set_urc_port, modem, NULL, "usbat");
    REFUSED(atmqtt_network_set_urc_port, port, modem, NULL);
    REFUSED(atmqtt_network_apn_init, apn, NULL, sizeof apn);
    OK(atmqtt_network_apn_init(&apn, sizeof apn));
    REFUSED(atmqtt_network_set_apn, modem, NULL, 1, &apn);
    REFUSED(atmqtt_network_set_apn, apn, modem, 1, NULL);
    REFUSED(atmqtt_network_apn, modem, NULL, 1, &answer);
    REFUSED(atmqtt_network_apn, apn, modem, 1, NULL);
    NOTHING(atmqtt_network_apn_free, apn, NULL);
    REFUSED(atmqtt_network_activate, modem, NULL, 1);
    REFUSED(atmqtt_network_activate_start, modem, NULL, 1, &operation);
    FINE(atmqtt_network_activate_start, operation, modem, 1, NULL);
    REFUSED(atmqtt_network_deactivate, modem, NULL, 1);
    REFUSED(atmqtt_network_deactivate_start, modem, NULL, 1, &operation);
    FINE(atmqtt_network_deactivate_start, operation, modem, 1, NULL);
    REFUSED(atmqtt_network_address, modem, NULL, 1, &address);
    REFUSED(atmqtt_network_address, address, modem, 1, NULL);
    NOTHING(atmqtt_network_address_free, address, NULL);
    REFUSED(atmqtt_network_clock, modem, NULL, &time);
    REFUSED(atmqtt_network_clock, time, modem, NULL);
    REFUSED(atmqtt_network_set_clock, modem, NULL, &time);
    REFUSED(atmqtt_network_set_clock, time, modem, NULL);
    REFUSED(atmqtt_network_date_time, time, 0, NULL);
    REFUSED(atmqtt_network_unix_time, time, NULL, &seconds);
    OK(atmqtt_network_date_time(1700000000, &time));
    REFUSED(atmqtt_network_unix_time, unix_seconds, &time, NULL);
    session_end(&session);
}

static void capabilities(void)
{
    struct session session;
    atmqtt_capabilities *all;
    const atmqtt_parameter *parameter;
    atmqtt_lines *names;
    int32_t flag;
    size_t count;
    session_begin(&session, NULL);

    REFUSED(atmqtt_modem_capabilities, modem, NULL, &all);
    REFUSED(atmqtt_modem_capabilities, capabilities, session.modem, NULL);
    NOTHING(atmqtt_capabilities_free, capabilities, NULL);
    OK(atmqtt_modem_capabilities(session.modem, &all));
    REFUSED(atmqtt_capabilities_supports_command, capabilities, NULL, "QMTOPEN", &flag);
    REFUSED(atmqtt_capabilities_supports_command, command, all, NULL, &flag);
    REFUSED(atmqtt_capabilities_supports_command, supported, all, "QMTOPEN", NULL);
    REFUSED(atmqtt_capabilities_supports_setting, capabilities, NULL, "ssl", &flag);
    REFUSED(atmqtt_capabilities_supports_setting, setting, all, NULL, &flag);
    REFUSED(atmqtt_capabilities_supports_setting, supported, all, "ssl", NULL);
    REFUSED(atmqtt_capabilities_command_parameter_count, capabilities, NULL, "QMTOPEN", &count);
    REFUSED(atmqtt_capabilities_command_parameter_count, command, all, NULL, &count);
    REFUSED(atmqtt_capabilities_command_parameter_count, count, all, "QMTOPEN", NULL);
    REFUSED(atmqtt_capabilities_setting_parameter_count, capabilities, NULL, "ssl", &count);
    REFUSED(atmqtt_capabilities_setting_parameter_count, setting, all, NULL, &count);
    REFUSED(atmqtt_capabilities_setting_parameter_count, count, all, "ssl", NULL);
    REFUSED(atmqtt_capabilities_command_parameter, capabilities, NULL, "QMTOPEN", 0, &parameter);
    REFUSED(atmqtt_capabilities_command_parameter, command, all, NULL, 0, &parameter);
    REFUSED(atmqtt_capabilities_command_parameter, parameter, all, "QMTOPEN", 0, NULL);
    REFUSED(atmqtt_capabilities_setting_parameter, capabilities, NULL, "ssl", 0, &parameter);
    REFUSED(atmqtt_capabilities_setting_parameter, setting, all, NULL, 0, &parameter);
    REFUSED(atmqtt_capabilities_setting_parameter, parameter, all, "ssl", 0, NULL);
    REFUSED(atmqtt_capabilities_command_allows, capabilities, NULL, "QMTOPEN", 0, 0, &flag);
    REFUSED(atmqtt_capabilities_command_allows, command, all, NULL, 0, 0, &flag);
    REFUSED(atmqtt_capabilities_command_allows, allowed, all, "QMTOPEN", 0, 0, NULL);
    REFUSED(atmqtt_capabilities_setting_allows, capabilities, NULL, "ssl", 0, 0, &flag);
    REFUSED(atmqtt_capabilities_setting_allows, setting, all, NULL, 0, 0, &flag);
    REFUSED(atmqtt_capabilities_setting_allows, allowed, all, "ssl", 0, 0, NULL);
    REFUSED(atmqtt_capabilities_command_names, capabilities, NULL, &names);
    REFUSED(atmqtt_capabilities_command_names, names, all, NULL);
    REFUSED(atmqtt_capabilities_setting_names, capabilities, NULL, &names);
    REFUSED(atmqtt_capabilities_setting_names, names, all, NULL);
    atmqtt_capabilities_free(all);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(ports), TEST(clients), TEST(links), TEST(files_and_tls), TEST(network), TEST(capabilities),
    };
    return RUN(tests);
}
