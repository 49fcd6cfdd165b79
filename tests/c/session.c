/* Opening, connecting, subscribing, publishing, and what comes back. */
#include <string.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static void a_whole_session(void)
{
    struct session session;
    struct inbox inbox;
    const atmqtt_subscription topics[] = {{"a/+", 1}, {"b/#", 2}, {"c", 0}};
    uint8_t granted[3] = {9, 9, 9};
    session_begin(&session, NULL);
    inbox_init(&inbox);

    EQUAL(0, atmqtt_client_index(session.client));
    EQUAL(0, atmqtt_client_generation(session.client));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));
    OK(atmqtt_client_open(session.client, "broker.example", 1883, 0));
    EQUAL(ATMQTT_STATE_OPEN, atmqtt_client_state(session.client));
    EQUAL(1, atmqtt_client_generation(session.client));
    OK(atmqtt_client_connect(session.client, "device-1", "user", "secret"));
    EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(session.client));

    OK(atmqtt_client_set_message_callback(session.client, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_client_subscribe(session.client, topics, 3, granted));
    BYTES("\x01\x02\x00", 3, granted, sizeof granted);

    /* Any bytes, at every QoS. */
    static const uint8_t payload[] = "zero \0 quote \" line\r\nOK\r\n+QMTSTAT: 0,1\r\n";
    for (int qos = 0; qos <= 2; qos++) {
        OK(atmqtt_client_publish(session.client, "b/deep/topic", payload, sizeof payload, qos, 0));
        const struct received *message = inbox_take(&inbox, ATMQTT_EVENT_MESSAGE);
        TEXT("b/deep/topic", message->topic);
        EQUAL(strlen("b/deep/topic"), message->event.topic_length);
        BYTES(payload, sizeof payload, message->payload, message->event.payload_length);
        EQUAL(0, message->event.client);
        EQUAL(1, message->event.generation);
        EQUAL(-1, message->event.code);
        EQUAL(0, message->event.operation);
        if (qos > 0)
            CHECK(message->event.msgid > 0);
        else
            EQUAL(0, message->event.msgid);
    }
    OK(atmqtt_client_publish(session.client, "c", NULL, 0, 1, 0));
    EQUAL(0, inbox_take(&inbox, ATMQTT_EVENT_MESSAGE)->event.payload_length);

    const char *gone[] = {"a/+", "b/#"};
    OK(atmqtt_client_unsubscribe(session.client, gone, 2));
    OK(atmqtt_client_publish(session.client, "a/x", "lost", 4, 1, 0));
    OK(atmqtt_client_publish(session.client, "c", "last", 4, 1, 0));
    TEXT("c", inbox_take(&inbox, ATMQTT_EVENT_MESSAGE)->topic);

    OK(atmqtt_client_disconnect(session.client));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));
    OK(atmqtt_client_close(session.client));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_publish(session.client, "c", "x", 1, 1, 0));
    EQUAL(0, atmqtt_last_error_client());

    /* The next connection is another one. */
    session_connect(session.client, "device-1");
    EQUAL(2, atmqtt_client_generation(session.client));
    session_end(&session);
    EQUAL(1, inbox.dropped);
    EQUAL(0, inbox.late);
    inbox_destroy(&inbox);
}

static void six_clients(void)
{
    struct session session;
    atmqtt_client *clients[6];
    struct inbox inboxes[6];
    session_begin(&session, NULL);
    const atmqtt_subscription all = {"all", 1};
    for (int i = 0; i < 6; i++) {
        char id[] = "client-?";
        id[7] = (char)('0' + i);
        inbox_init(&inboxes[i]);
        OK(atmqtt_modem_client(session.modem, i, &clients[i]));
        EQUAL(i, atmqtt_client_index(clients[i]));
        session_connect(clients[i], id);
        OK(atmqtt_client_set_message_callback(clients[i], inbox_put, &inboxes[i], inbox_dropped));
        OK(atmqtt_client_subscribe(clients[i], &all, 1, NULL));
    }
    OK(atmqtt_client_publish(clients[3], "all", "hello", 5, 1, 0));
    for (int i = 0; i < 6; i++) {
        EQUAL(i, inbox_take(&inboxes[i], ATMQTT_EVENT_MESSAGE)->event.client);
        atmqtt_client_free(clients[i]);
    }
    atmqtt_client *none = NULL;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_client(session.modem, 6, &none));
    CONTAINS("6", atmqtt_last_error_message());
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_client(session.modem, -1, &none));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_client(session.modem, 256, &none));
    CHECK(none == NULL);
    session_end(&session);
    for (int i = 0; i < 6; i++) {
        EQUAL(1, inboxes[i].dropped);
        inbox_destroy(&inboxes[i]);
    }
}

static void arguments_out_of_range(void)
{
    struct session session;
    static char long_text[70000];
    memset(long_text, 'x', sizeof long_text - 1);
    session_connected(&session, NULL);
    atmqtt_client *c = session.client;
    struct {
        const char *text;
        int status;
    } cases[] = {
        {"qos", atmqtt_client_publish(c, "t", "x", 1, 3, 0)},
        {"qos", atmqtt_client_publish(c, "t", "x", 1, -1, 0)},
        {"retain", atmqtt_client_publish(c, "t", "x", 1, 0, 2)},
        {"1501", atmqtt_client_publish(c, "t", long_text, 1501, 0, 0)},
        {"topic", atmqtt_client_publish(c, "", "x", 1, 0, 0)},
        {"topic", atmqtt_client_publish(c, "a\"b", "x", 1, 0, 0)},
        {"topic", atmqtt_client_publish(c, "a\r\nAT+CSQ\r\n", "x", 1, 0, 0)},
        {"topic", atmqtt_client_publish(c, long_text, "x", 1, 0, 0)},
        {"UTF-8", atmqtt_client_publish(c, "\xc3(", "x", 1, 0, 0)},
        {"length", atmqtt_client_publish(c, "t", "x", SIZE_MAX, 0, 0)},
        {"topics", atmqtt_client_subscribe(c, &(atmqtt_subscription){"t", 0}, 0, NULL)},
        {"qos", atmqtt_client_subscribe(c, &(atmqtt_subscription){"t", 3}, 1, NULL)},
        {"topic", atmqtt_client_subscribe(c, &(atmqtt_subscription){"", 0}, 1, NULL)},
        {"topics", atmqtt_client_unsubscribe(c, (const char *[]){"t"}, 0)},
        {"topics", atmqtt_client_unsubscribe(c, (const char *[]){"t"}, SIZE_MAX / 2)},
    };
    /* Each left its status; the texts are looked at one by one. */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (cases[i].status != ATMQTT_INVALID_ARGUMENT)
            FAIL("case %zu (%s) answers %d", i, cases[i].text, cases[i].status);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(c, "t", "x", 1, 3, 0));
    CONTAINS("qos is 3; it must be 0..=2", atmqtt_last_error_message());
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(c, "t", long_text, 1501, 0, 0));
    CONTAINS("1501", atmqtt_last_error_message());
    CONTAINS("1500", atmqtt_last_error_message());
    OK(atmqtt_client_publish(c, "t", long_text, 1500, 1, 1));

    atmqtt_client *other;
    OK(atmqtt_modem_client(session.modem, 1, &other));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, "h", 0, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, "h", 65536, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, "h", -1, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, "h", 1883, 2));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, "", 1883, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, "h\",1\r", 1883, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(other, long_text, 1883, 0));
    OK(atmqtt_client_open(other, "h", 1883, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_connect(other, "id", NULL, "password"));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_connect(other, "i\"d", NULL, NULL));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_connect(other, long_text, NULL, NULL));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_open(other, "h", 1883, 0));
    OK(atmqtt_client_open(other, "h", 1883, 1));
    atmqtt_client_free(other);
    session_end(&session);
}

static void a_broker_that_refuses(void)
{
    struct session session;
    session_begin(&session, OPTIONS("--fault", "connack:code=5", "--fault", "open-result:code=4,client=1"));
    OK(atmqtt_client_open(session.client, "broker.example", 1883, 0));
    STATUS(ATMQTT_CONNECTION_REFUSED, atmqtt_client_connect(session.client, "x", "user", "s3cret-word"));
    EQUAL(5, atmqtt_last_error_code());
    EQUAL(0, atmqtt_last_error_client());
    TEXT("AT+QMTCONN", atmqtt_last_error_command());
    CHECK(strstr(atmqtt_last_error_message(), "s3cret-word") == NULL);
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));

    atmqtt_client *other;
    OK(atmqtt_modem_client(session.modem, 1, &other));
    STATUS(ATMQTT_OPERATION_FAILED, atmqtt_client_open(other, "broker.example", 1883, 0));
    EQUAL(4, atmqtt_last_error_code());
    EQUAL(1, atmqtt_last_error_client());
    TEXT("AT+QMTOPEN", atmqtt_last_error_command());
    atmqtt_client_free(other);
    session_end(&session);
}

static void a_message_without_confirmation(void)
{
    struct session session;
    session_connected(&session, OPTIONS("--latency", "300"));
    OK(atmqtt_client_set_timeout(session.client, 50));
    STATUS(ATMQTT_UNCONFIRMED, atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    TEXT("AT+QMTPUBEX", atmqtt_last_error_command());
    OK(atmqtt_client_set_timeout(session.client, -1));
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    session_end(&session);
}

static void a_client_from_an_earlier_program(void)
{
    struct session session;
    char host[256], small[4];
    uint16_t port = 1;
    session_connected(&session, NULL);
    OK(atmqtt_client_found_alive(session.client, host, sizeof host, &port));
    TEXT("", host);
    EQUAL(0, port);
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_adopt(session.client));
    atmqtt_client_free(session.client);
    atmqtt_modem_free(session.modem);

    OK(atmqtt_modem_open(session.emulator.path, NULL, &session.modem));
    OK(atmqtt_modem_client(session.modem, 0, &session.client));
    STATUS(ATMQTT_INVALID_ARGUMENT,
           atmqtt_client_found_alive(session.client, small, sizeof small, &port));
    OK(atmqtt_client_found_alive(session.client, host, sizeof host, &port));
    TEXT("broker.example", host);
    EQUAL(1883, port);
    OK(atmqtt_client_found_alive(session.client, host, sizeof host, NULL));
    OK(atmqtt_client_adopt(session.client));
    EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(session.client));
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_whole_session),
        TEST(six_clients),
        TEST(arguments_out_of_range),
        TEST(a_broker_that_refuses),
        TEST(a_message_without_confirmation),
        TEST(a_client_from_an_earlier_program),
    };
    return RUN(tests);
}
