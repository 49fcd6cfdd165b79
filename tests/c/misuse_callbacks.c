/* What programs do in callbacks, and the ends of what was registered. */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/process.h"
#include "support/session.h"

/* A session whose client 0 is subscribed to "t", and what its callbacks have seen. */
struct bench {
    struct session session;
    struct inbox inbox;
    atmqtt_client *other;
};

static void begin(struct bench *bench)
{
    session_connected(&bench->session, NULL);
    inbox_init(&bench->inbox);
    OK(atmqtt_modem_client(bench->session.modem, 1, &bench->other));
    session_connect(bench->other, "other");
    OK(atmqtt_client_subscribe(bench->session.client, &(atmqtt_subscription){"t", 1}, 1, NULL));
}

static void end(struct bench *bench)
{
    atmqtt_client_free(bench->other);
    session_end(&bench->session);
    inbox_destroy(&bench->inbox);
}

static void send_one(struct bench *bench, const char *payload)
{
    OK(atmqtt_client_publish(bench->other, "t", payload, strlen(payload), 1, 0));
}

static void closes_the_port(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    STATUS(ATMQTT_CALLED_FROM_CALLBACK, atmqtt_modem_close(bench->session.modem));
    EQUAL(1, atmqtt_modem_is_open(bench->session.modem));
    inbox_put(event, &bench->inbox);
}

static void closing_in_a_callback_is_refused(void)
{
    static struct bench bench;
    begin(&bench);
    OK(atmqtt_client_set_message_callback(bench.session.client, closes_the_port, &bench, NULL));
    send_one(&bench, "x");
    inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    end(&bench);
}

static void frees_everything(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    atmqtt_client_free(bench->other);
    atmqtt_client_free(bench->session.client);
    atmqtt_modem_free(bench->session.modem);
    inbox_put(event, &bench->inbox);
}

static void drops_bench(void *user_data)
{
    struct bench *bench = user_data;
    inbox_dropped(&bench->inbox);
}

static void freeing_in_a_callback_is_fine(void)
{
    static struct bench bench;
    begin(&bench);
    atmqtt_client *sender = bench.other;
    OK(atmqtt_client_set_message_callback(bench.session.client, frees_everything, &bench, drops_bench));
    /* The callback frees the sender's handle: start, and do not touch it again. */
    OK(atmqtt_client_publish_start(sender, "t", "x", 1, 1, 0, NULL));
    inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    /* The port goes with its last handle, and lets go of the bench last. */
    pthread_mutex_lock(&bench.inbox.mutex);
    while (bench.inbox.dropped == 0)
        pthread_cond_wait(&bench.inbox.more, &bench.inbox.mutex);
    pthread_mutex_unlock(&bench.inbox.mutex);
    EQUAL(1, bench.inbox.dropped);
    EQUAL(0, bench.inbox.late);
    emulator_stop(&bench.session.emulator);
    inbox_destroy(&bench.inbox);
}

static void calls_everything(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    atmqtt_lines *lines;
    OK(atmqtt_modem_command(bench->session.modem, "AT+CSQ", &lines));
    atmqtt_lines_free(lines);
    if (event->payload_length == 1) {
        OK(atmqtt_client_publish(bench->session.client, "t", "an answer", 9, 2, 0));
        OK(atmqtt_client_disconnect(bench->other));
        session_connect(bench->other, "other");
    }
    inbox_put(event, &bench->inbox);
}

static void commands_in_a_callback(void)
{
    static struct bench bench;
    begin(&bench);
    OK(atmqtt_client_set_message_callback(bench.session.client, calls_everything, &bench, NULL));
    send_one(&bench, "x");
    inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    const struct received *answer = inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    BYTES("an answer", 9, answer->payload, answer->event.payload_length);
    end(&bench);
}

static void second(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    CHECK(bench->inbox.dropped == 1);
    inbox_put(event, &bench->inbox);
    /* And nobody from now on. */
    OK(atmqtt_client_set_message_callback(bench->session.client, NULL, NULL, NULL));
}

static void first(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    inbox_put(event, &bench->inbox);
    OK(atmqtt_client_set_message_callback(bench->session.client, second, bench, drops_bench));
    /* This one is still running: what belongs to it lives. */
    EQUAL(0, bench->inbox.dropped);
}

static void a_callback_that_replaces_itself(void)
{
    static struct bench bench;
    begin(&bench);
    OK(atmqtt_client_set_message_callback(bench.session.client, first, &bench, drops_bench));
    send_one(&bench, "1");
    send_one(&bench, "2");
    send_one(&bench, "3");
    BYTES("1", 1, inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE)->payload, 1);
    BYTES("2", 1, inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE)->payload, 1);
    pthread_mutex_lock(&bench.inbox.mutex);
    while (bench.inbox.dropped < 2)
        pthread_cond_wait(&bench.inbox.more, &bench.inbox.mutex);
    EQUAL(2, bench.inbox.count);
    pthread_mutex_unlock(&bench.inbox.mutex);
    end(&bench);
    EQUAL(2, bench.inbox.dropped);
}

static void takes_its_time(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    /* Real time, because a callback that waits is what is tested. */
    usleep(100000);
    inbox_put(event, &bench->inbox);
}

static void a_slow_callback_delays_nobody(void)
{
    static struct bench bench;
    begin(&bench);
    OK(atmqtt_client_set_message_callback(bench.session.client, takes_its_time, &bench, NULL));
    for (int i = 0; i < 3; i++)
        send_one(&bench, "x");
    OK(atmqtt_modem_command(bench.session.modem, "AT+CSQ", NULL));
    for (int i = 0; i < 3; i++)
        inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    /* Closing waits for the one that runs. */
    send_one(&bench, "x");
    end(&bench);
}

/* Every way in which a registration can end: the user data is let go of once, and last. */
static void dropped_once_and_last(void)
{
    static struct bench bench;
    static struct inbox inboxes[5];
    for (int i = 0; i < 5; i++)
        inbox_init(&inboxes[i]);
    begin(&bench);
    atmqtt_client *client = bench.session.client;

    /* Replaced. */
    OK(atmqtt_client_set_message_callback(client, inbox_put, &inboxes[0], inbox_dropped));
    send_one(&bench, "0");
    inbox_take(&inboxes[0], ATMQTT_EVENT_MESSAGE);
    OK(atmqtt_client_set_message_callback(client, inbox_put, &inboxes[1], inbox_dropped));
    EQUAL(1, inboxes[0].dropped);
    /* Cleared, which takes what is given with it. */
    OK(atmqtt_client_set_message_callback(client, NULL, &inboxes[2], inbox_dropped));
    EQUAL(1, inboxes[1].dropped);
    EQUAL(1, inboxes[2].dropped);
    /* Refused. */
    STATUS(ATMQTT_INVALID_ARGUMENT,
           atmqtt_client_set_message_callback(NULL, inbox_put, &inboxes[3], inbox_dropped));
    EQUAL(1, inboxes[3].dropped);
    /* Closed, with the handle freed before. */
    OK(atmqtt_client_set_message_callback(client, inbox_put, &inboxes[4], inbox_dropped));
    atmqtt_client_free(client);
    OK(atmqtt_modem_client(bench.session.modem, 0, &bench.session.client));
    send_one(&bench, "4");
    inbox_take(&inboxes[4], ATMQTT_EVENT_MESSAGE);
    EQUAL(0, inboxes[4].dropped);
    OK(atmqtt_modem_close(bench.session.modem));
    EQUAL(1, inboxes[4].dropped);
    /* Refused by a closed port. */
    STATUS(ATMQTT_CLOSED, atmqtt_client_set_message_callback(bench.session.client, inbox_put, &inboxes[3],
                                                             inbox_dropped));
    EQUAL(2, inboxes[3].dropped);
    STATUS(ATMQTT_CLOSED,
           atmqtt_modem_set_event_callback(bench.session.modem, inbox_put, &inboxes[3], inbox_dropped));
    EQUAL(3, inboxes[3].dropped);
    end(&bench);
    for (int i = 0; i < 5; i++) {
        EQUAL(i == 3 ? 3 : 1, inboxes[i].dropped);
        EQUAL(0, inboxes[i].late);
        inbox_destroy(&inboxes[i]);
    }
}

static void dropped_when_the_port_is_lost(void)
{
    static struct bench bench;
    static struct inbox events;
    inbox_init(&events);
    begin(&bench);
    OK(atmqtt_client_set_message_callback(bench.session.client, inbox_put, &bench.inbox, inbox_dropped));
    OK(atmqtt_modem_set_event_callback(bench.session.modem, inbox_put, &events, inbox_dropped));
    emulator_stop(&bench.session.emulator);
    EQUAL(ATMQTT_PORT_LOST, inbox_take(&events, ATMQTT_EVENT_PORT_CLOSED)->event.status);
    OK(atmqtt_modem_close(bench.session.modem));
    EQUAL(1, bench.inbox.dropped);
    EQUAL(1, events.dropped);
    EQUAL(0, events.late);
    atmqtt_client_free(bench.other);
    atmqtt_client_free(bench.session.client);
    atmqtt_modem_free(bench.session.modem);
    EQUAL(1, bench.inbox.dropped);
    EQUAL(1, events.dropped);
    inbox_destroy(&bench.inbox);
    inbox_destroy(&events);
}

static void use_after_close(void)
{
    struct session session;
    uint64_t operation = 7;
    session_connected(&session, NULL);
    OK(atmqtt_modem_close(session.modem));
    char name[256];
    atmqtt_lines *lines = NULL;
    atmqtt_event *event = NULL;
    OK(atmqtt_modem_port_name(session.modem, name, sizeof name));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command(session.modem, "AT", &lines));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command_start(session.modem, "AT", &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command_with_data(session.modem, "AT", "x", 1, &lines));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_next_event(session.modem, -1, &event) == ATMQTT_OK
                              ? (atmqtt_event_free(event), atmqtt_modem_next_event(session.modem, -1, &event))
                              : ATMQTT_CLOSED);
    STATUS(ATMQTT_CLOSED, atmqtt_client_open(session.client, "h", 1, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_client_close(session.client));
    STATUS(ATMQTT_CLOSED, atmqtt_client_connect(session.client, "x", NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_client_disconnect(session.client));
    STATUS(ATMQTT_CLOSED, atmqtt_client_publish(session.client, "t", "x", 1, 0, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_client_publish_start(session.client, "t", "x", 1, 0, 0, &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_client_subscribe(session.client, &(atmqtt_subscription){"t", 0}, 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_client_unsubscribe(session.client, (const char *[]){"t"}, 1));
    STATUS(ATMQTT_CLOSED, atmqtt_files_delete(session.modem, "x"));
    STATUS(ATMQTT_CLOSED, atmqtt_files_upload(session.modem, "x", "x", 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_files_download_start(session.modem, "x", &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_network_activate(session.modem, 1));
    STATUS(ATMQTT_CLOSED, atmqtt_network_wait_ready(session.modem, 1, -1, NULL, NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_signal(session.modem, NULL, NULL));
    EQUAL(7, operation);
    CHECK(lines == NULL);
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));
    atmqtt_modem_interrupt(session.modem);
    session_end(&session);
}

static void nothing_is_left_of_a_closed_port(void)
{
    static struct bench bench;
    int threads = count_threads(), descriptors = count_descriptors();
    for (int round = 0; round < 5; round++) {
        begin(&bench);
        OK(atmqtt_client_set_message_callback(bench.session.client, inbox_put, &bench.inbox, NULL));
        send_one(&bench, "x");
        inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
        CHECK(count_threads() > threads);
        end(&bench);
        wait_for_threads(threads);
        EQUAL(descriptors, count_descriptors());

        session_begin(&bench.session, NULL);
        int fd;
        OK(atmqtt_modem_event_fd(bench.session.modem, &fd));
        atmqtt_client_free(bench.session.client);
        atmqtt_modem_free(bench.session.modem);
        wait_for_threads(threads);
        emulator_stop(&bench.session.emulator);
        EQUAL(descriptors, count_descriptors());
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(closing_in_a_callback_is_refused), TEST(freeing_in_a_callback_is_fine),
        TEST(commands_in_a_callback),           TEST(a_callback_that_replaces_itself),
        TEST(a_slow_callback_delays_nobody),    TEST(dropped_once_and_last),
        TEST(dropped_when_the_port_is_lost),    TEST(use_after_close),
        TEST(nothing_is_left_of_a_closed_port),
    };
    return RUN(tests);
}
