/*
 * Through the emulated module to mosquitto, with TLS. tests/c/broker.sh makes the certificates, starts the
 * broker, and says where both are: TLS_PORT, TLS_CA, TLS_OTHER_CA.
 */
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        FAIL("%s is not set: run this by tests/c/broker.sh", name);
    return value;
}

static void configure(struct session *session, const char *ca)
{
    atmqtt_tls_options tls;
    atmqtt_client_config config;
    OK(atmqtt_tls_options_init(&tls, sizeof tls));
    tls.ca.path = ca;
    tls.clock = ATMQTT_TLS_CLOCK_SET_AND_CHECK;
    OK(atmqtt_tls_configure(session->modem, 2, &tls));
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.tls_context = 2;
    OK(atmqtt_client_configure(session->client, &config));
}

static void messages_over_tls(void)
{
    struct session session;
    struct inbox inbox;
    uint8_t payload[1500];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)i;
    session_begin(&session, OPTIONS("--broker", "network"));
    inbox_init(&inbox);
    configure(&session, setting("TLS_CA"));
    OK(atmqtt_client_open(session.client, "localhost", atoi(setting("TLS_PORT")), 0));
    OK(atmqtt_client_connect(session.client, "c-test", NULL, NULL));
    OK(atmqtt_client_set_message_callback(session.client, inbox_put, &inbox, inbox_dropped));
    uint8_t granted = 9;
    OK(atmqtt_client_subscribe(session.client, &(atmqtt_subscription){"c/+", 2}, 1, &granted));
    EQUAL(2, granted);
    for (int qos = 0; qos <= 2; qos++) {
        OK(atmqtt_client_publish(session.client, "c/test", payload, sizeof payload, qos, 0));
        const struct received *message = inbox_take(&inbox, ATMQTT_EVENT_MESSAGE);
        TEXT("c/test", message->topic);
        BYTES(payload, sizeof payload, message->payload, message->event.payload_length);
    }
    OK(atmqtt_client_disconnect(session.client));
    session_end(&session);
    EQUAL(1, inbox.dropped);
    inbox_destroy(&inbox);
}

static void a_server_of_another_ca_is_refused(void)
{
    struct session session;
    session_begin(&session, OPTIONS("--broker", "network"));
    configure(&session, setting("TLS_OTHER_CA"));
    STATUS(ATMQTT_OPERATION_FAILED, atmqtt_client_open(session.client, "localhost", atoi(setting("TLS_PORT")), 0));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(messages_over_tls), TEST(a_server_of_another_ca_is_refused)};
    return RUN(tests);
}
