/* What MQTT needs around it: information, files, TLS contexts, the network. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static void who_the_module_is(void)
{
    struct session session;
    atmqtt_module_info *info;
    int32_t rssi = 1, rate = 9;
    session_begin(&session, OPTIONS("--profile", "ec800m"));
    OK(atmqtt_modem_info(session.modem, &info));
    TEXT("Quectel", info->manufacturer);
    CONTAINS("EC800M", info->model);
    EQUAL(15, strlen(info->imei));
    EQUAL(15, strlen(info->imsi));
    CHECK(strlen(info->iccid) >= 19);
    CHECK(strlen(info->revision) > 4);
    atmqtt_modem_info_free(info);
    OK(atmqtt_modem_signal(session.modem, &rssi, &rate));
    CHECK(rssi == 0 || (rssi >= -113 && rssi <= -51));
    CHECK(rate >= -1 && rate <= 7);
    session_end(&session);
}

struct progress {
    size_t last, total, calls, dropped;
};

static void progress(size_t done, size_t total, void *user_data)
{
    struct progress *progress = user_data;
    CHECK(progress->calls > 0 || done == 0);
    CHECK(done >= progress->last && done <= total);
    CHECK(progress->dropped == 0);
    progress->last = done;
    progress->total = total;
    progress->calls++;
}

static void progress_dropped(void *user_data)
{
    ((struct progress *)user_data)->dropped++;
}

static void files(void)
{
    struct session session;
    static uint8_t data[5000];
    struct progress seen = {0, 0, 0, 0};
    atmqtt_files_upload_options options;
    atmqtt_bytes *bytes;
    atmqtt_file_list *list;
    struct received received;
    int64_t size;
    int32_t written;
    uint64_t operation, before, after, total;
    uint16_t checksum;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    memcpy(data + 100, "\r\nOK\r\n\r\n+QMTSTAT: 0,1\r\n", 24);
    session_begin(&session, NULL);
    OK(atmqtt_files_space(session.modem, &before, &total));
    CHECK(before <= total);

    OK(atmqtt_files_upload_options_init(&options, sizeof options));
    EQUAL(10, options.timeout);
    EQUAL(0, options.ack);
    options.progress = progress;
    options.user_data = &seen;
    options.drop = progress_dropped;
    for (int ack = 0; ack <= 1; ack++) {
        memset(&seen, 0, sizeof seen);
        options.ack = ack;
        OK(atmqtt_files_upload(session.modem, "data.bin", data, sizeof data, &options));
        EQUAL(sizeof data, seen.last);
        EQUAL(sizeof data, seen.total);
        EQUAL(1, seen.dropped);
        CHECK(seen.calls >= 2);
    }
    /* Let go of where the call fails too. */
    memset(&seen, 0, sizeof seen);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_files_upload(session.modem, "a/b", data, 1, &options));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_files_upload(session.modem, "a\"b", data, 1, &options));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_files_upload(session.modem, "empty", data, 0, &options));
    EQUAL(3, seen.dropped);
    EQUAL(0, seen.calls);

    OK(atmqtt_files_download(session.modem, "data.bin", &bytes));
    BYTES(data, sizeof data, bytes->data, bytes->length);
    EQUAL(0, bytes->data[bytes->length]);
    atmqtt_bytes_free(bytes);
    OK(atmqtt_files_size(session.modem, "data.bin", &size));
    EQUAL(sizeof data, size);
    OK(atmqtt_files_ensure(session.modem, "data.bin", data, sizeof data, &written));
    EQUAL(0, written);
    OK(atmqtt_files_ensure(session.modem, "data.bin", data, sizeof data - 1, &written));
    EQUAL(1, written);
    OK(atmqtt_files_list(session.modem, "*.bin", &list));
    EQUAL(1, list->count);
    TEXT("data.bin", list->files[0].name);
    EQUAL(sizeof data - 1, list->files[0].size);
    atmqtt_files_list_free(list);
    OK(atmqtt_files_list(session.modem, "*.none", &list));
    EQUAL(0, list->count);
    atmqtt_files_list_free(list);
    OK(atmqtt_files_space(session.modem, &after, NULL));
    CHECK(after < before);

    OK(atmqtt_files_download_start(session.modem, "data.bin", &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(operation, received.event.operation);
    EQUAL(sizeof data - 1, received.event.payload_length);
    BYTES(data, sizeof received.payload, received.payload, sizeof received.payload);
    OK(atmqtt_files_ensure_start(session.modem, "data.bin", data, sizeof data - 1, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    TEXT("0", received.text);
    OK(atmqtt_files_upload_start(session.modem, "other", data, 1, NULL, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(ATMQTT_OK, received.event.status);

    OK(atmqtt_files_delete(session.modem, "data.bin"));
    OK(atmqtt_files_size(session.modem, "data.bin", &size));
    EQUAL(-1, size);
    STATUS(ATMQTT_CME_ERROR, atmqtt_files_delete(session.modem, "data.bin"));
    EQUAL(405, atmqtt_last_error_code());
    OK(atmqtt_files_checksum("abc", 3, &checksum));
    EQUAL((('a' ^ 'c') << 8) | 'b', checksum);
    OK(atmqtt_files_checksum(NULL, 0, &checksum));
    EQUAL(0, checksum);
    session_end(&session);
}

static void tls_contexts(void)
{
    struct session session;
    struct received received;
    atmqtt_tls_options options;
    atmqtt_tls_settings *settings;
    uint64_t operation;
    session_begin(&session, NULL);
    OK(atmqtt_tls_options_init(&options, sizeof options));
    EQUAL(ATMQTT_TLS_1_2, options.version);
    EQUAL(0xFFFF, options.cipher_suite);
    EQUAL(1, options.sni);
    EQUAL(ATMQTT_TLS_CLOCK_CHECK, options.clock);
    EQUAL(60, options.negotiate_timeout);
    /* Nobody is checked by accident. */
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, 1, &options));
    options.ca.path = "/there/is/no/such.pem";
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, 1, &options));
    CONTAINS("/there/is/no/such.pem", atmqtt_last_error_message());
    options.ca.path = NULL;
    options.ca.pem = "no certificate";
    options.ca.pem_length = 14;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, 1, &options));
    options.ca.pem = NULL;
    options.ca.pem_length = 0;
    options.insecure = 1;
    options.sni = 0;
    options.negotiate_timeout = 33;
    options.version = ATMQTT_TLS_ANY;
    OK(atmqtt_tls_configure(session.modem, 1, &options));
    OK(atmqtt_tls_query_config(session.modem, 1, &settings));
    EQUAL(ATMQTT_TLS_ANY, settings->version);
    EQUAL(ATMQTT_TLS_VERIFY_NOTHING, settings->verification);
    EQUAL(0, settings->sni);
    EQUAL(33, settings->negotiate_timeout);
    atmqtt_tls_settings_free(settings);
    OK(atmqtt_tls_configure_start(session.modem, 2, &options, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(operation, received.event.operation);
    EQUAL(ATMQTT_OK, received.event.status);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, 6, &options));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, -1, &options));
    session_end(&session);
}

/* Certificates and a key only in form: the emulated module looks at real ones when it connects. */
#define PEM(kind, text) "-----BEGIN " kind "-----\n" text "\n-----END " kind "-----\n"

static atmqtt_tls_source pem(const char *text)
{
    atmqtt_tls_source source = {text, strlen(text), NULL, NULL};
    return source;
}

static void files_of_a_tls_context_are_deleted(void)
{
    struct session session;
    atmqtt_tls_options options;
    atmqtt_tls_settings *settings;
    atmqtt_lines *deleted, *none = (atmqtt_lines *)&session;
    atmqtt_file_list *list;
    session_begin(&session, NULL);
    OK(atmqtt_files_upload(session.modem, "mine.pem", "not the library's", 17, NULL));
    OK(atmqtt_tls_options_init(&options, sizeof options));
    /* It needs what to look for. */
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_delete_files(session.modem, 1, &options, &none));
    options.clock = ATMQTT_TLS_CLOCK_IGNORE;
    options.ca = pem(PEM("CERTIFICATE", "Q0E="));
    options.client_certificate = pem(PEM("CERTIFICATE", "T1dO"));
    options.private_key = pem(PEM("PRIVATE KEY", "S0VZ"));
    OK(atmqtt_tls_configure(session.modem, 1, &options));
    OK(atmqtt_tls_query_config(session.modem, 1, &settings));
    OK(atmqtt_files_list(session.modem, "atmqtt-*", &list));
    EQUAL(3, list->count);
    atmqtt_files_list_free(list);

    /* Nothing is deleted for what is wrong. */
    options.private_key = pem("no key");
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_delete_files(session.modem, 1, &options, &none));
    options.private_key = pem(PEM("PRIVATE KEY", "S0VZ"));
    options.client_certificate.pem = NULL;
    options.client_certificate.pem_length = 0;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_delete_files(session.modem, 1, &options, &none));
    options.client_certificate = pem(PEM("CERTIFICATE", "T1dO"));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_delete_files(session.modem, 6, &options, &none));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_delete_files(session.modem, -1, &options, &none));
    CHECK(none == (atmqtt_lines *)&session);

    /* Context 1 still names them. */
    OK(atmqtt_tls_delete_files(session.modem, 2, &options, &deleted));
    EQUAL(0, deleted->count);
    CHECK(deleted->lines[0] == NULL);
    atmqtt_lines_free(deleted);

    OK(atmqtt_tls_delete_files(session.modem, 1, &options, &deleted));
    EQUAL(3, deleted->count);
    TEXT(settings->private_key, deleted->lines[0]);
    TEXT(settings->client_certificate, deleted->lines[1]);
    TEXT(settings->ca, deleted->lines[2]);
    CHECK(deleted->lines[3] == NULL);
    atmqtt_lines_free(deleted);
    OK(atmqtt_files_list(session.modem, NULL, &list));
    EQUAL(1, list->count);
    TEXT("mine.pem", list->files[0].name);
    atmqtt_files_list_free(list);
    OK(atmqtt_tls_delete_files(session.modem, 1, &options, &deleted));
    EQUAL(0, deleted->count);
    atmqtt_lines_free(deleted);

    /* The names are not wanted. */
    OK(atmqtt_tls_configure(session.modem, 1, &options));
    OK(atmqtt_tls_delete_files(session.modem, 1, &options, NULL));
    OK(atmqtt_files_list(session.modem, "atmqtt-*", &list));
    EQUAL(0, list->count);
    atmqtt_files_list_free(list);
    atmqtt_tls_settings_free(settings);
    session_end(&session);
}

static void a_file_that_cannot_be_deleted(void)
{
    struct session session;
    atmqtt_tls_options options;
    atmqtt_lines *deleted = (atmqtt_lines *)&session;
    atmqtt_file_list *list;
    /* An upload deletes first. */
    session_begin(&session, OPTIONS("--fault", "cme:code=407,at=QFDEL,after=1"));
    OK(atmqtt_tls_options_init(&options, sizeof options));
    options.clock = ATMQTT_TLS_CLOCK_IGNORE;
    options.ca = pem(PEM("CERTIFICATE", "Q0E="));
    OK(atmqtt_tls_configure(session.modem, 1, &options));
    STATUS(ATMQTT_CME_ERROR, atmqtt_tls_delete_files(session.modem, 1, &options, &deleted));
    EQUAL(407, atmqtt_last_error_code());
    CONTAINS("atmqtt-ca-", atmqtt_last_error_message());
    CHECK(deleted == (atmqtt_lines *)&session);
    OK(atmqtt_files_list(session.modem, "atmqtt-*", &list));
    EQUAL(1, list->count);
    atmqtt_files_list_free(list);
    session_end(&session);
}

static void stage(int32_t stage, const char *text, void *user_data)
{
    int *last = user_data;
    CHECK(strlen(text) > 2);
    CHECK(*last != ATMQTT_STAGE_READY);
    *last = stage;
}

static void network(void)
{
    struct session session;
    struct received received;
    atmqtt_sim *sim;
    atmqtt_registration *registration;
    atmqtt_operator *info;
    atmqtt_address *address;
    atmqtt_apn apn, *answer;
    atmqtt_date_time time;
    int64_t seconds;
    uint64_t operation;
    char name[64];
    int last = 0;
    session_begin(&session, NULL);
    OK(atmqtt_network_sim(session.modem, &sim));
    EQUAL(ATMQTT_SIM_READY, sim->state);
    atmqtt_network_sim_free(sim);
    OK(atmqtt_network_registration(session.modem, &registration));
    EQUAL(1, registration->registered);
    EQUAL(ATMQTT_REGISTERED_HOME, registration->eps->status);
    atmqtt_network_registration_free(registration);
    OK(atmqtt_network_operator(session.modem, &info));
    CHECK(strlen(info->name) > 0);
    atmqtt_network_operator_free(info);
    OK(atmqtt_network_operator_start(session.modem, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(ATMQTT_OK, received.event.status);

    OK(atmqtt_network_apn_init(&apn, sizeof apn));
    apn.name = "internet";
    apn.ip_type = ATMQTT_IP_V4V6;
    apn.authentication = ATMQTT_AUTH_CHAP;
    apn.username = "user";
    apn.password = "pass";
    OK(atmqtt_network_set_apn(session.modem, 1, &apn));
    OK(atmqtt_network_apn(session.modem, 1, &answer));
    TEXT("internet", answer->name);
    EQUAL(ATMQTT_IP_V4V6, answer->ip_type);
    TEXT("user", answer->username);
    atmqtt_network_apn_free(answer);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_set_apn(session.modem, 0, &apn));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_set_apn(session.modem, 17, &apn));
    apn.name = "inter\"net";
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_set_apn(session.modem, 1, &apn));

    OK(atmqtt_network_wait_ready(session.modem, 1, 60000, stage, &last, &address));
    EQUAL(ATMQTT_STAGE_READY, last);
    CHECK(strlen(address->v4) >= 7);
    atmqtt_network_address_free(address);
    OK(atmqtt_network_deactivate_start(session.modem, 1, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    OK(atmqtt_network_address(session.modem, 1, &address));
    CHECK(address == NULL);
    last = 0;
    OK(atmqtt_network_wait_ready_start(session.modem, 1, 60000, stage, &last, NULL, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(ATMQTT_OK, received.event.status);
    CHECK(strchr(received.text, '.') != NULL);
    OK(atmqtt_network_deactivate(session.modem, 1));
    OK(atmqtt_network_activate(session.modem, 1));
    OK(atmqtt_network_activate_start(session.modem, 1, &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);

    OK(atmqtt_network_date_time(1700000000, &time));
    EQUAL(2023, time.year);
    EQUAL(11, time.month);
    OK(atmqtt_network_unix_time(&time, &seconds));
    EQUAL(1700000000, seconds);
    OK(atmqtt_network_set_clock(session.modem, &time));
    OK(atmqtt_network_clock(session.modem, &time));
    OK(atmqtt_network_unix_time(&time, &seconds));
    CHECK(seconds >= 1700000000 && seconds < 1700000000 + 600);
    time.month = 13;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_set_clock(session.modem, &time));
    OK(atmqtt_network_set_urc_port(session.modem, "uart1"));
    OK(atmqtt_network_urc_port(session.modem, name, sizeof name));
    TEXT("uart1", name);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_urc_port(session.modem, name, 3));
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
    OK(atmqtt_modem_capabilities(session.modem, &all));
    /* It does not need the port. */
    session_end(&session);
    OK(atmqtt_capabilities_supports_command(all, "QMTOPEN", &flag));
    EQUAL(1, flag);
    OK(atmqtt_capabilities_supports_setting(all, "keepalive", &flag));
    EQUAL(1, flag);
    OK(atmqtt_capabilities_supports_setting(all, "no-such", &flag));
    EQUAL(0, flag);
    OK(atmqtt_capabilities_command_parameter_count(all, "QMTOPEN", &count));
    CHECK(count >= 3);
    OK(atmqtt_capabilities_command_parameter(all, "QMTOPEN", 0, &parameter));
    EQUAL(1, parameter->range_count);
    EQUAL(0, parameter->ranges[0].low);
    EQUAL(5, parameter->ranges[0].high);
    OK(atmqtt_capabilities_command_allows(all, "QMTOPEN", 0, 5, &flag));
    EQUAL(1, flag);
    OK(atmqtt_capabilities_command_allows(all, "QMTOPEN", 0, 6, &flag));
    EQUAL(0, flag);
    OK(atmqtt_capabilities_setting_parameter_count(all, "keepalive", &count));
    CHECK(count >= 2);
    OK(atmqtt_capabilities_setting_parameter(all, "keepalive", 1, &parameter));
    EQUAL(3600, parameter->ranges[0].high);
    OK(atmqtt_capabilities_setting_allows(all, "keepalive", 1, 3601, &flag));
    EQUAL(0, flag);
    OK(atmqtt_capabilities_command_names(all, &names));
    CHECK(names->count >= 8);
    atmqtt_lines_free(names);
    OK(atmqtt_capabilities_setting_names(all, &names));
    CHECK(names->count >= 10);
    atmqtt_lines_free(names);
    atmqtt_capabilities_free(all);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(who_the_module_is),
        TEST(files),
        TEST(tls_contexts),
        TEST(files_of_a_tls_context_are_deleted),
        TEST(a_file_that_cannot_be_deleted),
        TEST(network),
        TEST(capabilities),
    };
    return RUN(tests);
}
