/* NULL for every pointer that may not be NULL, one at a time, and in every function that takes NULL. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/session.h"

/* A refusal names the parameter and gets no further. */
static void refused(const char *file, int line, const char *parameter, const char *call, int status)
{
    char text[64];
    check_status(file, line, call, ATMQTT_INVALID_ARGUMENT, status);
    snprintf(text, sizeof text, "%s is NULL", parameter);
    check_contains(file, line, call, text, atmqtt_last_error_message());
    atmqtt_clear_last_error();
}

#define REFUSED(parameter, call) refused(__FILE__, __LINE__, parameter, #call, call)

static void null_in_modem_functions(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;
    char buffer[256];

    REFUSED("modem", atmqtt_modem_capabilities(NULL, NULL));
    REFUSED("capabilities", atmqtt_modem_capabilities(modem, NULL));
    REFUSED("modem", atmqtt_modem_client(NULL, 0, NULL));
    REFUSED("client", atmqtt_modem_client(modem, 0, NULL));
    REFUSED("modem", atmqtt_modem_info(NULL, NULL));
    REFUSED("info", atmqtt_modem_info(modem, NULL));
    REFUSED("modem", atmqtt_modem_signal(NULL, NULL, NULL));
    REFUSED("options", atmqtt_modem_options_init(NULL, sizeof buffer));
    REFUSED("path", atmqtt_modem_open(NULL, NULL, NULL));
    REFUSED("modem", atmqtt_modem_open("/dev/null", NULL, NULL));
    REFUSED("modem", atmqtt_modem_close(NULL));
    REFUSED("modem", atmqtt_modem_port_name(NULL, buffer, sizeof buffer));
    REFUSED("buffer", atmqtt_modem_port_name(modem, NULL, sizeof buffer));
    REFUSED("modem", atmqtt_modem_set_timeout(NULL, 0));
    REFUSED("modem", atmqtt_modem_command(NULL, "AT", NULL));
    REFUSED("line", atmqtt_modem_command(modem, NULL, NULL));
    REFUSED("modem", atmqtt_modem_command_with_data(NULL, "AT", "x", 1, NULL));
    REFUSED("line", atmqtt_modem_command_with_data(modem, NULL, "x", 1, NULL));
    REFUSED("data", atmqtt_modem_command_with_data(modem, "AT", NULL, 1, NULL));
    REFUSED("modem", atmqtt_modem_command_start(NULL, "AT", NULL));
    REFUSED("line", atmqtt_modem_command_start(modem, NULL, NULL));
    REFUSED("modem", atmqtt_modem_set_event_callback(NULL, NULL, NULL, NULL));
    REFUSED("modem", atmqtt_modem_event_fd(NULL, NULL));
    REFUSED("fd", atmqtt_modem_event_fd(modem, NULL));
    REFUSED("modem", atmqtt_modem_next_event(NULL, 0, NULL));
    REFUSED("event", atmqtt_modem_next_event(modem, 0, NULL));
    REFUSED("modem", atmqtt_modem_release_events(NULL));

    session_end(&session);
}

static void null_in_capabilities_functions(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_capabilities *capabilities;
    OK(atmqtt_modem_capabilities(session.modem, &capabilities));

    REFUSED("capabilities", atmqtt_capabilities_supports_command(NULL, "QMTOPEN", NULL));
    REFUSED("command", atmqtt_capabilities_supports_command(capabilities, NULL, NULL));
    REFUSED("supported", atmqtt_capabilities_supports_command(capabilities, "QMTOPEN", NULL));
    REFUSED("capabilities", atmqtt_capabilities_supports_setting(NULL, "keepalive", NULL));
    REFUSED("setting", atmqtt_capabilities_supports_setting(capabilities, NULL, NULL));
    REFUSED("supported", atmqtt_capabilities_supports_setting(capabilities, "keepalive", NULL));
    REFUSED("capabilities", atmqtt_capabilities_command_parameter_count(NULL, "QMTOPEN", NULL));
    REFUSED("command", atmqtt_capabilities_command_parameter_count(capabilities, NULL, NULL));
    REFUSED("count", atmqtt_capabilities_command_parameter_count(capabilities, "QMTOPEN", NULL));
    REFUSED("capabilities", atmqtt_capabilities_setting_parameter_count(NULL, "keepalive", NULL));
    REFUSED("setting", atmqtt_capabilities_setting_parameter_count(capabilities, NULL, NULL));
    REFUSED("count", atmqtt_capabilities_setting_parameter_count(capabilities, "keepalive", NULL));
    REFUSED("capabilities", atmqtt_capabilities_command_parameter(NULL, "QMTOPEN", 0, NULL));
    REFUSED("command", atmqtt_capabilities_command_parameter(capabilities, NULL, 0, NULL));
    REFUSED("parameter", atmqtt_capabilities_command_parameter(capabilities, "QMTOPEN", 0, NULL));
    REFUSED("capabilities", atmqtt_capabilities_setting_parameter(NULL, "keepalive", 0, NULL));
    REFUSED("setting", atmqtt_capabilities_setting_parameter(capabilities, NULL, 0, NULL));
    REFUSED("parameter", atmqtt_capabilities_setting_parameter(capabilities, "keepalive", 0, NULL));
    REFUSED("capabilities", atmqtt_capabilities_command_allows(NULL, "QMTOPEN", 0, 0, NULL));
    REFUSED("command", atmqtt_capabilities_command_allows(capabilities, NULL, 0, 0, NULL));
    REFUSED("allowed", atmqtt_capabilities_command_allows(capabilities, "QMTOPEN", 0, 0, NULL));
    REFUSED("capabilities", atmqtt_capabilities_setting_allows(NULL, "keepalive", 0, 0, NULL));
    REFUSED("setting", atmqtt_capabilities_setting_allows(capabilities, NULL, 0, 0, NULL));
    REFUSED("allowed", atmqtt_capabilities_setting_allows(capabilities, "keepalive", 0, 0, NULL));
    REFUSED("capabilities", atmqtt_capabilities_command_names(NULL, NULL));
    REFUSED("names", atmqtt_capabilities_command_names(capabilities, NULL));
    REFUSED("capabilities", atmqtt_capabilities_setting_names(NULL, NULL));
    REFUSED("names", atmqtt_capabilities_setting_names(capabilities, NULL));

    atmqtt_capabilities_free(capabilities);
    session_end(&session);
}

static void null_in_client_functions(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_client *client = session.client;
    char buffer[256];
    const atmqtt_subscription subscription = {"t", 0};
    const char *filter = "t";

    REFUSED("client", atmqtt_client_set_timeout(NULL, 0));
    REFUSED("client", atmqtt_client_found_alive(NULL, buffer, sizeof buffer, NULL));
    REFUSED("host", atmqtt_client_found_alive(client, NULL, sizeof buffer, NULL));
    REFUSED("client", atmqtt_client_adopt(NULL));
    REFUSED("client", atmqtt_client_open(NULL, "broker.example", 1883, 0));
    REFUSED("host", atmqtt_client_open(client, NULL, 1883, 0));
    REFUSED("client", atmqtt_client_open_start(NULL, "broker.example", 1883, 0, NULL));
    REFUSED("host", atmqtt_client_open_start(client, NULL, 1883, 0, NULL));
    REFUSED("client", atmqtt_client_close(NULL));
    REFUSED("client", atmqtt_client_close_start(NULL, NULL));
    REFUSED("client", atmqtt_client_connect(NULL, "id", NULL, NULL));
    REFUSED("client_id", atmqtt_client_connect(client, NULL, NULL, NULL));
    REFUSED("client", atmqtt_client_connect_start(NULL, "id", NULL, NULL, NULL));
    REFUSED("client_id", atmqtt_client_connect_start(client, NULL, NULL, NULL, NULL));
    REFUSED("client", atmqtt_client_disconnect(NULL));
    REFUSED("client", atmqtt_client_disconnect_start(NULL, NULL));
    REFUSED("client", atmqtt_client_subscribe(NULL, &subscription, 1, NULL));
    REFUSED("topics", atmqtt_client_subscribe(client, NULL, 1, NULL));
    REFUSED("client", atmqtt_client_subscribe_start(NULL, &subscription, 1, NULL));
    REFUSED("topics", atmqtt_client_subscribe_start(client, NULL, 1, NULL));
    REFUSED("client", atmqtt_client_unsubscribe(NULL, &filter, 1));
    REFUSED("topics", atmqtt_client_unsubscribe(client, NULL, 1));
    REFUSED("client", atmqtt_client_unsubscribe_start(NULL, &filter, 1, NULL));
    REFUSED("topics", atmqtt_client_unsubscribe_start(client, NULL, 1, NULL));
    REFUSED("client", atmqtt_client_publish(NULL, "t", "x", 1, 0, 0));
    REFUSED("topic", atmqtt_client_publish(client, NULL, "x", 1, 0, 0));
    REFUSED("client", atmqtt_client_publish_start(NULL, "t", "x", 1, 0, 0, NULL));
    REFUSED("topic", atmqtt_client_publish_start(client, NULL, "x", 1, 0, 0, NULL));
    REFUSED("client", atmqtt_client_set_message_callback(NULL, NULL, NULL, NULL));
    REFUSED("config", atmqtt_client_config_init(NULL, sizeof buffer));
    REFUSED("client", atmqtt_client_configure(NULL, NULL));
    REFUSED("config", atmqtt_client_configure(client, NULL));
    REFUSED("client", atmqtt_client_query_config(NULL, NULL));
    REFUSED("config", atmqtt_client_query_config(client, NULL));
    REFUSED("client", atmqtt_client_query_setting(NULL, "a.pem", NULL));
    REFUSED("name", atmqtt_client_query_setting(client, NULL, NULL));
    REFUSED("config", atmqtt_client_query_setting(client, "a.pem", NULL));

    session_end(&session);
}

static void null_in_network_functions(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;
    char buffer[256];
    atmqtt_date_time time;
    memset(&time, 0, sizeof time);

    REFUSED("modem", atmqtt_network_clock(NULL, &time));
    REFUSED("time", atmqtt_network_clock(modem, NULL));
    REFUSED("modem", atmqtt_network_set_clock(NULL, &time));
    REFUSED("time", atmqtt_network_set_clock(modem, NULL));
    REFUSED("time", atmqtt_network_date_time(0, NULL));
    REFUSED("time", atmqtt_network_unix_time(NULL, NULL));
    REFUSED("unix_seconds", atmqtt_network_unix_time(&time, NULL));
    REFUSED("modem", atmqtt_network_sim(NULL, NULL));
    REFUSED("sim", atmqtt_network_sim(modem, NULL));
    REFUSED("modem", atmqtt_network_registration(NULL, NULL));
    REFUSED("registration", atmqtt_network_registration(modem, NULL));
    REFUSED("modem", atmqtt_network_signal(NULL, NULL, NULL));
    REFUSED("modem", atmqtt_network_operator(NULL, NULL));
    REFUSED("info", atmqtt_network_operator(modem, NULL));
    REFUSED("modem", atmqtt_network_operator_start(NULL, NULL));
    REFUSED("modem", atmqtt_network_wait_ready(NULL, 1, 0, NULL, NULL, NULL));
    REFUSED("modem", atmqtt_network_wait_ready_start(NULL, 1, 0, NULL, NULL, NULL, NULL));
    REFUSED("modem", atmqtt_network_urc_port(NULL, buffer, sizeof buffer));
    REFUSED("buffer", atmqtt_network_urc_port(modem, NULL, sizeof buffer));
    REFUSED("modem", atmqtt_network_set_urc_port(NULL, "usbat"));
    REFUSED("port", atmqtt_network_set_urc_port(modem, NULL));
    REFUSED("apn", atmqtt_network_apn_init(NULL, sizeof buffer));
    REFUSED("modem", atmqtt_network_set_apn(NULL, 1, NULL));
    REFUSED("apn", atmqtt_network_set_apn(modem, 1, NULL));
    REFUSED("modem", atmqtt_network_apn(NULL, 1, NULL));
    REFUSED("apn", atmqtt_network_apn(modem, 1, NULL));
    REFUSED("modem", atmqtt_network_activate(NULL, 1));
    REFUSED("modem", atmqtt_network_activate_start(NULL, 1, NULL));
    REFUSED("modem", atmqtt_network_deactivate(NULL, 1));
    REFUSED("modem", atmqtt_network_deactivate_start(NULL, 1, NULL));
    REFUSED("modem", atmqtt_network_address(NULL, 1, NULL));
    REFUSED("address", atmqtt_network_address(modem, 1, NULL));

    session_end(&session);
}

static void null_in_files_functions(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;
    char buffer[256];

    REFUSED("options", atmqtt_files_upload_options_init(NULL, sizeof buffer));
    REFUSED("modem", atmqtt_files_upload(NULL, "a.pem", "x", 1, NULL));
    REFUSED("name", atmqtt_files_upload(modem, NULL, "x", 1, NULL));
    REFUSED("data", atmqtt_files_upload(modem, "a.pem", NULL, 1, NULL));
    REFUSED("modem", atmqtt_files_upload_start(NULL, "a.pem", "x", 1, NULL, NULL));
    REFUSED("name", atmqtt_files_upload_start(modem, NULL, "x", 1, NULL, NULL));
    REFUSED("data", atmqtt_files_upload_start(modem, "a.pem", NULL, 1, NULL, NULL));
    REFUSED("modem", atmqtt_files_ensure(NULL, "a.pem", "x", 1, NULL));
    REFUSED("name", atmqtt_files_ensure(modem, NULL, "x", 1, NULL));
    REFUSED("data", atmqtt_files_ensure(modem, "a.pem", NULL, 1, NULL));
    REFUSED("modem", atmqtt_files_ensure_start(NULL, "a.pem", "x", 1, NULL));
    REFUSED("name", atmqtt_files_ensure_start(modem, NULL, "x", 1, NULL));
    REFUSED("data", atmqtt_files_ensure_start(modem, "a.pem", NULL, 1, NULL));
    REFUSED("modem", atmqtt_files_list(NULL, NULL, NULL));
    REFUSED("list", atmqtt_files_list(modem, NULL, NULL));
    REFUSED("modem", atmqtt_files_size(NULL, "a.pem", NULL));
    REFUSED("name", atmqtt_files_size(modem, NULL, NULL));
    REFUSED("size", atmqtt_files_size(modem, "a.pem", NULL));
    REFUSED("modem", atmqtt_files_delete(NULL, "a.pem"));
    REFUSED("name", atmqtt_files_delete(modem, NULL));
    REFUSED("modem", atmqtt_files_space(NULL, NULL, NULL));
    REFUSED("modem", atmqtt_files_download(NULL, "a.pem", NULL));
    REFUSED("name", atmqtt_files_download(modem, NULL, NULL));
    REFUSED("contents", atmqtt_files_download(modem, "a.pem", NULL));
    REFUSED("modem", atmqtt_files_download_start(NULL, "a.pem", NULL));
    REFUSED("name", atmqtt_files_download_start(modem, NULL, NULL));
    REFUSED("data", atmqtt_files_checksum(NULL, 1, NULL));
    REFUSED("checksum", atmqtt_files_checksum("x", 1, NULL));

    session_end(&session);
}

static void null_in_tls_functions(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_modem *modem = session.modem;
    char buffer[256];

    REFUSED("options", atmqtt_tls_options_init(NULL, sizeof buffer));
    REFUSED("modem", atmqtt_tls_configure(NULL, 1, NULL));
    REFUSED("options", atmqtt_tls_configure(modem, 1, NULL));
    REFUSED("modem", atmqtt_tls_configure_start(NULL, 1, NULL, NULL));
    REFUSED("options", atmqtt_tls_configure_start(modem, 1, NULL, NULL));
    REFUSED("modem", atmqtt_tls_query_config(NULL, 1, NULL));
    REFUSED("settings", atmqtt_tls_query_config(modem, 1, NULL));

    session_end(&session);
}

/* Bytes and items may be NULL where there are none. */
static void null_with_a_length(void)
{
    struct session session;
    session_connected(&session, NULL);
    atmqtt_modem *modem = session.modem;
    atmqtt_client *client = session.client;
    uint16_t checksum;

    REFUSED("payload", atmqtt_client_publish(client, "t", NULL, 1, 0, 0));
    REFUSED("payload", atmqtt_client_publish_start(client, "t", NULL, 1, 0, 0, NULL));
    REFUSED("topics", atmqtt_client_subscribe(client, NULL, 1, NULL));
    REFUSED("topics", atmqtt_client_subscribe_start(client, NULL, 1, NULL));
    REFUSED("topics", atmqtt_client_unsubscribe(client, NULL, 1));
    REFUSED("topics", atmqtt_client_unsubscribe_start(client, NULL, 1, NULL));
    REFUSED("data", atmqtt_modem_command_with_data(modem, "AT+QMTPUBEX=?", NULL, 1, NULL));
    REFUSED("data", atmqtt_files_upload(modem, "a.pem", NULL, 1, NULL));
    REFUSED("data", atmqtt_files_upload_start(modem, "a.pem", NULL, 1, NULL, NULL));
    REFUSED("data", atmqtt_files_ensure(modem, "a.pem", NULL, 1, NULL));
    REFUSED("data", atmqtt_files_ensure_start(modem, "a.pem", NULL, 1, NULL));
    REFUSED("data", atmqtt_files_checksum(NULL, 1, &checksum));
    /* More than there can be. */
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "t", "x", SIZE_MAX, 0, 0));
    const atmqtt_subscription subscription = {"t", 0};
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_subscribe(client, &subscription, SIZE_MAX, NULL));

    OK(atmqtt_client_publish(client, "t", NULL, 0, 0, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_subscribe(client, NULL, 0, NULL));
    session_end(&session);
}

static void null_inside_structs(void)
{
    struct session session;
    session_connected(&session, NULL);
    const atmqtt_subscription subscriptions[] = {{"t", 0}, {NULL, 0}};
    const char *filters[] = {"t", NULL};
    REFUSED("topic", atmqtt_client_subscribe(session.client, subscriptions, 2, NULL));
    REFUSED("topic", atmqtt_client_unsubscribe(session.client, filters, 2));
    session_end(&session);
}

static void null_is_fine_in_these(void)
{
    atmqtt_capabilities_free(NULL);
    atmqtt_client_free(NULL);
    atmqtt_client_config_free(NULL);
    atmqtt_event_free(NULL);
    atmqtt_bytes_free(NULL);
    atmqtt_files_list_free(NULL);
    atmqtt_modem_info_free(NULL);
    atmqtt_lines_free(NULL);
    atmqtt_modem_free(NULL);
    atmqtt_network_sim_free(NULL);
    atmqtt_network_registration_free(NULL);
    atmqtt_network_operator_free(NULL);
    atmqtt_network_apn_free(NULL);
    atmqtt_network_address_free(NULL);
    atmqtt_tls_settings_free(NULL);
    atmqtt_modem_interrupt(NULL);
    EQUAL(-1, atmqtt_client_index(NULL));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(NULL));
    EQUAL(0, atmqtt_client_generation(NULL));
    EQUAL(0, atmqtt_modem_is_open(NULL));
    OK(atmqtt_set_log_callback(ATMQTT_LOG_OFF, NULL, NULL, NULL));
    CHECK(atmqtt_last_error_command() == NULL);
    TEXT("", atmqtt_last_error_message());
    EQUAL(-1, atmqtt_last_error_code());
    EQUAL(-1, atmqtt_last_error_client());
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(null_in_modem_functions),
        TEST(null_in_capabilities_functions),
        TEST(null_in_client_functions),
        TEST(null_in_network_functions),
        TEST(null_in_files_functions),
        TEST(null_in_tls_functions),
        TEST(null_with_a_length),
        TEST(null_inside_structs),
        TEST(null_is_fine_in_these),
    };
    return RUN(tests);
}
