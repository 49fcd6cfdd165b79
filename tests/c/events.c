/* What arrives by itself: by callback, and by descriptor in an epoll loop. */
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static void by_callback(void)
{
    struct session session;
    struct inbox inbox;
    session_connected(&session, OPTIONS("--fault", "stat:on=after-result,at=QMTPUBEX,code=1"));
    inbox_init(&inbox);
    OK(atmqtt_modem_set_event_callback(session.modem, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    const struct received *event = inbox_take(&inbox, ATMQTT_EVENT_DISCONNECTED);
    EQUAL(0, event->event.client);
    EQUAL(1, event->event.generation);
    EQUAL(1, event->event.code);
    CHECK(strlen(event->text) > 10);
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));

    /* One consumer at a time. */
    int fd = -1;
    atmqtt_event *next = NULL;
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_event_fd(session.modem, &fd));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_next_event(session.modem, 0, &next));
    EQUAL(-1, fd);
    OK(atmqtt_modem_set_event_callback(session.modem, NULL, NULL, NULL));
    EQUAL(1, inbox.dropped);
    OK(atmqtt_modem_event_fd(session.modem, &fd));
    STATUS(ATMQTT_INVALID_STATE,
           atmqtt_modem_set_event_callback(session.modem, inbox_put, &inbox, inbox_dropped));
    EQUAL(2, inbox.dropped);
    STATUS(ATMQTT_INVALID_STATE,
           atmqtt_client_set_message_callback(session.client, inbox_put, &inbox, inbox_dropped));
    EQUAL(3, inbox.dropped);
    OK(atmqtt_modem_release_events(session.modem));
    OK(atmqtt_modem_release_events(session.modem));
    OK(atmqtt_modem_set_event_callback(session.modem, inbox_put, &inbox, inbox_dropped));
    session_end(&session);
    EQUAL(4, inbox.dropped);
    inbox_destroy(&inbox);
}

static int is_readable(int epoll)
{
    struct epoll_event ready;
    int count = epoll_wait(epoll, &ready, 1, 0);
    CHECK(count >= 0);
    return count;
}

static void by_descriptor(void)
{
    struct session session;
    int fd;
    atmqtt_event *event;
    session_connected(&session, NULL);
    OK(atmqtt_modem_event_fd(session.modem, &fd));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event wanted = {.events = EPOLLIN};
    CHECK(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted) == 0);
    EQUAL(0, is_readable(epoll));
    OK(atmqtt_modem_next_event(session.modem, 0, &event));
    CHECK(event == NULL);

    const atmqtt_subscription topic = {"t", 1};
    OK(atmqtt_client_subscribe(session.client, &topic, 1, NULL));
    for (char i = '0'; i < '9'; i++)
        OK(atmqtt_client_publish(session.client, "t", &i, 1, 1, 0));
    for (char i = '0'; i < '9'; i++) {
        struct epoll_event ready;
        EQUAL(1, epoll_wait(epoll, &ready, 1, -1));
        OK(atmqtt_modem_next_event(session.modem, 0, &event));
        CHECK(event != NULL);
        EQUAL(ATMQTT_EVENT_MESSAGE, event->type);
        BYTES(&i, 1, event->payload, event->payload_length);
        EQUAL('\0', event->payload[1]);
        TEXT("t", event->topic);
        TEXT("", event->text);
        CHECK(event->granted == NULL);
        atmqtt_event_free(event);
    }
    /* Exactly while there is something. */
    EQUAL(0, is_readable(epoll));
    OK(atmqtt_client_publish(session.client, "t", "+", 1, 1, 0));
    EQUAL(1, epoll_wait(epoll, &wanted, 1, -1));
    EQUAL(1, is_readable(epoll));
    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    atmqtt_event_free(event);
    EQUAL(0, is_readable(epoll));

    /* The end of the port shows too. */
    OK(atmqtt_modem_close(session.modem));
    EQUAL(1, is_readable(epoll));
    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    EQUAL(ATMQTT_EVENT_PORT_CLOSED, event->type);
    EQUAL(ATMQTT_CLOSED, event->status);
    atmqtt_event_free(event);
    event = NULL;
    STATUS(ATMQTT_CLOSED, atmqtt_modem_next_event(session.modem, -1, &event));
    CHECK(event == NULL);
    close(epoll);
    session_end(&session);
}

static void what_the_module_does_by_itself(void)
{
    struct session session;
    struct received received;
    session_begin(&session, OPTIONS("--fault", "line:on=final,at=CSQ,line=+SOMETHING: new", "--fault",
                                    "pdpdeact:on=final,at=CREG,code=3", "--fault", "reboot:on=final,at=CGREG"));
    atmqtt_event *none;
    OK(atmqtt_modem_next_event(session.modem, 0, &none));
    OK(atmqtt_modem_command(session.modem, "AT+CSQ", NULL));
    next_of_type(session.modem, ATMQTT_EVENT_URC, &received);
    TEXT("+SOMETHING: new", received.text);
    EQUAL(-1, received.event.client);
    session_connect(session.client, "x");
    OK(atmqtt_modem_command(session.modem, "AT+CREG?", NULL));
    next_of_type(session.modem, ATMQTT_EVENT_PDP_DEACTIVATED, &received);
    EQUAL(1, received.event.code);
    atmqtt_modem_command(session.modem, "AT+CGREG?", NULL);
    next_of_type(session.modem, ATMQTT_EVENT_RESTARTED, &received);
    EQUAL(-1, received.event.client);
    session_end(&session);
}

static void a_slow_reader(void)
{
    struct emulator emulator;
    atmqtt_modem *modem;
    atmqtt_client *client;
    atmqtt_modem_options options;
    struct received received;
    EMULATOR(&emulator, NULL);
    OK(atmqtt_modem_options_init(&options, sizeof options));
    options.message_capacity = 2;
    options.max_payload = 10;
    OK(atmqtt_modem_open(emulator.path, &options, &modem));
    OK(atmqtt_modem_client(modem, 0, &client));
    session_connect(client, "slow");
    atmqtt_event *none;
    OK(atmqtt_modem_next_event(modem, 0, &none));
    OK(atmqtt_client_subscribe(client, &(atmqtt_subscription){"t", 0}, 1, NULL));
    for (char i = '0'; i < '5'; i++)
        OK(atmqtt_client_publish(client, "t", &i, 1, 1, 0));
    /* Behind all of them on the line. */
    OK(atmqtt_modem_command(modem, "AT", NULL));
    next_of_type(modem, ATMQTT_EVENT_LAGGED, &received);
    EQUAL(0, received.event.client);
    EQUAL(3, received.event.count);
    next_of_type(modem, ATMQTT_EVENT_MESSAGE, &received);
    BYTES("3", 1, received.payload, received.event.payload_length);
    next_of_type(modem, ATMQTT_EVENT_MESSAGE, &received);
    BYTES("4", 1, received.payload, received.event.payload_length);

    OK(atmqtt_client_publish(client, "t", "eleven byte", 11, 1, 0));
    next_of_type(modem, ATMQTT_EVENT_INPUT_LOST, &received);
    CHECK(received.event.text_length > 0);
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
    emulator_stop(&emulator);
}

static void an_interrupted_wait(void)
{
    struct session session;
    atmqtt_event *event = (atmqtt_event *)&session;
    session_begin(&session, NULL);
    OK(atmqtt_modem_next_event(session.modem, 0, &event));
    /* Nobody waits at the moment: the next that would wait does not. */
    atmqtt_modem_interrupt(session.modem);
    event = (atmqtt_event *)&session;
    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    CHECK(event == NULL);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(by_callback),   TEST(by_descriptor),       TEST(what_the_module_does_by_itself),
        TEST(a_slow_reader), TEST(an_interrupted_wait),
    };
    return RUN(tests);
}
