/* The 18 settings of a client. */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/session.h"

static void nothing_is_given_at_first(void)
{
    atmqtt_client_config config;
    memset(&config, 0xA5, sizeof config);
    OK(atmqtt_client_config_init(&config, sizeof config));
    EQUAL(sizeof config, config.struct_size);
    const int32_t numbers[] = {
        config.version,        config.pdp_context,      config.tls_context,         config.keepalive,
        config.clean_session,  config.packet_timeout,   config.packet_retries,      config.packet_notice,
        config.will,           config.will_qos,         config.will_retain,         config.delivery,
        config.ping_report,    config.send_mode,        config.data_format_send,    config.data_format_receive,
        config.view_mode,      config.edit_timeout,     config.hw_auth_time_check,  config.hw_product_time_check,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        EQUAL(-1, numbers[i]);
    const char *const strings[] = {
        config.will_topic,          (const char *)config.will_payload, config.ali_product_key,
        config.ali_device_name,     config.ali_device_secret,          config.onenet_product_id,
        config.onenet_access_key,   config.hw_auth_product_id,         config.hw_auth_device_secret,
        config.hw_product_product_id, config.hw_product_product_secret, config.hw_product_node_id,
    };
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        CHECK(strings[i] == NULL);
}

static void every_setting_comes_back(void)
{
    struct session session;
    atmqtt_client_config config, *answer;
    session_begin(&session, NULL);
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.version = 3;
    config.pdp_context = 2;
    config.tls_context = 3;
    config.keepalive = 77;
    config.clean_session = 0;
    config.packet_timeout = 9;
    config.packet_retries = 4;
    config.packet_notice = 1;
    config.will = 1;
    config.will_qos = 2;
    config.will_retain = 1;
    config.will_topic = "last/will";
    config.will_payload = (const uint8_t *)"gone";
    config.will_payload_length = 4;
    config.delivery = 1;
    config.data_format_send = 0;
    config.data_format_receive = 1;
    config.view_mode = 1;
    config.edit_timeout = 44;
    OK(atmqtt_client_configure(session.client, &config));
    OK(atmqtt_client_query_config(session.client, &answer));
    EQUAL(sizeof config, answer->struct_size);
    EQUAL(3, answer->version);
    EQUAL(2, answer->pdp_context);
    EQUAL(3, answer->tls_context);
    EQUAL(77, answer->keepalive);
    EQUAL(0, answer->clean_session);
    EQUAL(9, answer->packet_timeout);
    EQUAL(4, answer->packet_retries);
    EQUAL(1, answer->packet_notice);
    EQUAL(1, answer->will);
    EQUAL(2, answer->will_qos);
    EQUAL(1, answer->will_retain);
    TEXT("last/will", answer->will_topic);
    EQUAL(1, answer->delivery);
    EQUAL(1, answer->data_format_receive);
    EQUAL(1, answer->view_mode);
    EQUAL(44, answer->edit_timeout);
    atmqtt_client_config_free(answer);

    OK(atmqtt_client_query_setting(session.client, "KEEPALIVE", &answer));
    EQUAL(77, answer->keepalive);
    EQUAL(-1, answer->version);
    CHECK(answer->will_topic == NULL);
    atmqtt_client_config_free(answer);
    answer = NULL;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_query_setting(session.client, "no such", &answer));
    CONTAINS("no such", atmqtt_last_error_message());
    CHECK(answer == NULL);
    session_end(&session);
}

static void what_is_out_of_range(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_client_config config;
    OK(atmqtt_client_config_init(&config, sizeof config));
    struct {
        int32_t *field;
        int32_t wrong;
        const char *name;
    } cases[] = {
        {&config.version, 5, "version"},
        {&config.version, -2, "version"},
        {&config.pdp_context, 0, "pdp"},
        {&config.pdp_context, 17, "pdp"},
        {&config.tls_context, 6, "tls"},
        {&config.tls_context, -3, "tls"},
        {&config.keepalive, 3601, "keepalive"},
        {&config.clean_session, 2, "clean_session"},
        {&config.packet_timeout, 0, "timeout"},
        {&config.packet_timeout, 1201, "timeout"},
        {&config.packet_retries, 11, "retries"},
        {&config.packet_notice, 2, "notice"},
        {&config.delivery, 2, "delivery"},
        {&config.ping_report, 4, "ping"},
        {&config.ping_report, 61, "ping"},
        {&config.send_mode, 2, "send_mode"},
        {&config.data_format_send, 2, "data_format"},
        {&config.data_format_receive, 2, "data_format"},
        {&config.view_mode, 2, "view_mode"},
        {&config.edit_timeout, 0, "edit"},
        {&config.edit_timeout, 181, "edit"},
        {&config.will, 2, "will"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OK(atmqtt_client_config_init(&config, sizeof config));
        *cases[i].field = cases[i].wrong;
        if (atmqtt_client_configure(session.client, &config) != ATMQTT_INVALID_ARGUMENT)
            FAIL("%s = %d is not refused", cases[i].name, (int)cases[i].wrong);
        CONTAINS(cases[i].name, atmqtt_last_error_message());
    }
    /* A will needs a topic, and has none of the line's own characters. */
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.will = 1;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_configure(session.client, &config));
    config.will_topic = "a\"b";
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_configure(session.client, &config));
    /* Two of three. */
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.ali_product_key = "key";
    config.ali_device_name = "name";
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_configure(session.client, &config));
    session_end(&session);
}

static void not_while_it_is_open(void)
{
    struct session session;
    session_connected(&session, NULL);
    atmqtt_client_config config;
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.keepalive = 60;
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_configure(session.client, &config));
    OK(atmqtt_client_disconnect(session.client));
    OK(atmqtt_client_configure(session.client, &config));
    session_end(&session);
}

static void clouds(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_client_config config, *answer;
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.ali_product_key = "product";
    config.ali_device_name = "device";
    config.ali_device_secret = "hidden-ali";
    config.onenet_product_id = "product";
    config.onenet_access_key = "aGlkZGVu";
    config.hw_auth_product_id = "product";
    config.hw_auth_device_secret = "hidden-hw";
    config.hw_auth_time_check = 1;
    config.hw_product_product_id = "product";
    config.hw_product_product_secret = "hidden-hwp";
    config.hw_product_node_id = "node";
    OK(atmqtt_client_configure(session.client, &config));
    OK(atmqtt_client_query_setting(session.client, "aliauth", &answer));
    TEXT("product", answer->ali_product_key);
    TEXT("device", answer->ali_device_name);
    atmqtt_client_config_free(answer);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(nothing_is_given_at_first), TEST(every_setting_comes_back), TEST(what_is_out_of_range),
        TEST(not_while_it_is_open),      TEST(clouds),
    };
    return RUN(tests);
}
