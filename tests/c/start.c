/* The functions with _start in their names, and the events that end them. */
#include <string.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static void ends(atmqtt_modem *modem, uint64_t operation, int status, struct received *received)
{
    CHECK(operation != 0);
    next_of_type(modem, ATMQTT_EVENT_COMPLETED, received);
    EQUAL(operation, received->event.operation);
    if (received->event.status != status)
        FAIL("operation ended with %d, expected %d: %s", (int)received->event.status, status, received->text);
}

static void a_whole_session(void)
{
    struct session session;
    struct received received;
    uint64_t operation = 0, last = 0;
    session_begin(&session, OPTIONS("--latency", "5"));
    atmqtt_client *client = session.client;

    OK(atmqtt_client_open_start(client, "broker.example", 1883, 0, &operation));
    ends(session.modem, operation, ATMQTT_OK, &received);
    last = operation;
    OK(atmqtt_client_connect_start(client, "x", NULL, NULL, &operation));
    CHECK(operation != last);
    ends(session.modem, operation, ATMQTT_OK, &received);
    const atmqtt_subscription topics[] = {{"a", 1}, {"b", 2}};
    OK(atmqtt_client_subscribe_start(client, topics, 2, &operation));
    ends(session.modem, operation, ATMQTT_OK, &received);
    EQUAL(2, received.event.granted_count);
    BYTES("\x01\x02", 2, received.granted, 2);

    /* In the order of the calls. */
    uint64_t publishes[8];
    for (int i = 0; i < 8; i++)
        OK(atmqtt_client_publish_start(client, "elsewhere", "x", 1, 1, 0, &publishes[i]));
    for (int i = 0; i < 8; i++)
        ends(session.modem, publishes[i], ATMQTT_OK, &received);

    OK(atmqtt_client_unsubscribe_start(client, (const char *[]){"a"}, 1, &operation));
    ends(session.modem, operation, ATMQTT_OK, &received);
    OK(atmqtt_client_disconnect_start(client, &operation));
    ends(session.modem, operation, ATMQTT_OK, &received);
    OK(atmqtt_client_open_start(client, "broker.example", 1883, 0, &operation));
    ends(session.modem, operation, ATMQTT_OK, &received);
    OK(atmqtt_client_close_start(client, &operation));
    ends(session.modem, operation, ATMQTT_OK, &received);

    OK(atmqtt_client_close_start(client, NULL));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_publish_start(client, "a", "x", 1, 1, 0, &operation));
    session_end(&session);
}

static void failures_say_what_the_blocking_call_says(void)
{
    struct session session;
    struct received received;
    uint64_t operation = 0;
    session_begin(&session, OPTIONS("--fault", "connack:code=4"));
    OK(atmqtt_client_open(session.client, "broker.example", 1883, 0));
    OK(atmqtt_client_connect_start(session.client, "x", NULL, NULL, &operation));
    ends(session.modem, operation, ATMQTT_CONNECTION_REFUSED, &received);
    EQUAL(4, received.event.code);
    EQUAL(0, received.event.client);
    CONTAINS("connection refused", received.text);
    session_end(&session);
}

static void closing_the_port_ends_them(void)
{
    struct session session;
    struct received received;
    uint64_t operation = 0;
    session_connected(&session, OPTIONS("--fault", "drop-ack:ack=puback"));
    OK(atmqtt_client_publish_start(session.client, "a", "x", 1, 1, 0, &operation));
    atmqtt_event *none;
    OK(atmqtt_modem_next_event(session.modem, 0, &none));
    OK(atmqtt_modem_close(session.modem));
    ends(session.modem, operation, ATMQTT_CLOSED, &received);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_whole_session),
        TEST(failures_say_what_the_blocking_call_says),
        TEST(closing_the_port_ends_them),
    };
    return RUN(tests);
}
