/* What programs do in the callbacks of a link, and the ends of what was registered. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/linked.h"
#include "support/process.h"

/* A link that is subscribed to "t", and what its callbacks have seen. */
struct bench {
    struct linked linked;
    struct inbox inbox;
};

static void begin(struct bench *bench)
{
    struct received received;
    linked_begin(&bench->linked, NULL);
    inbox_init(&bench->inbox);
    linked_up(&bench->linked);
    OK(atmqtt_link_subscribe(bench->linked.link, "t", 1));
    next_of_link(bench->linked.link, ATMQTT_EVENT_SUBSCRIBED, &received);
    OK(atmqtt_link_release_events(bench->linked.link));
    OK(atmqtt_link_release_events(bench->linked.link));
}

static void end(struct bench *bench)
{
    linked_end(&bench->linked);
    inbox_destroy(&bench->inbox);
}

static void send_one(atmqtt_link *link, const char *payload)
{
    OK(atmqtt_link_publish_start(link, "t", payload, strlen(payload), 1, 0, NULL));
}

static void wait_dropped(struct inbox *inbox, int times)
{
    pthread_mutex_lock(&inbox->mutex);
    while (inbox->dropped < times)
        pthread_cond_wait(&inbox->more, &inbox->mutex);
    pthread_mutex_unlock(&inbox->mutex);
}

static void drops_bench(void *user_data)
{
    struct bench *bench = user_data;
    inbox_dropped(&bench->inbox);
}

static void publishes_and_closes(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    atmqtt_link *link = bench->linked.link;
    if (event->payload_length == 1) {
        OK(atmqtt_link_publish(link, "t", "an answer", 9, 2, 0));
        STATUS(ATMQTT_CALLED_FROM_CALLBACK, atmqtt_link_close(link));
        EQUAL(ATMQTT_LINK_UP, atmqtt_link_state(link));
        OK(atmqtt_link_flush(link, -1, NULL));
    }
    inbox_put(event, &bench->inbox);
}

static void calls_in_a_callback(void)
{
    static struct bench bench;
    begin(&bench);
    OK(atmqtt_link_set_message_callback(bench.linked.link, publishes_and_closes, &bench, NULL));
    send_one(bench.linked.link, "x");
    inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    const struct received *answer = inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
    BYTES("an answer", 9, answer->payload, answer->event.payload_length);
    end(&bench);
}

static void frees_the_link(const atmqtt_event *event, void *user_data)
{
    struct bench *bench = user_data;
    atmqtt_link_free(bench->linked.link);
    inbox_put(event, &bench->inbox);
}

static void freeing_in_a_callback_is_fine(void)
{
    /* Of messages, and of events. */
    for (int events = 0; events < 2; events++) {
        static struct bench bench;
        int threads = count_threads();
        begin(&bench);
        atmqtt_link *link = bench.linked.link;
        if (events) {
            OK(atmqtt_link_set_event_callback(link, frees_the_link, &bench, drops_bench));
            /* The callback frees the handle: start, and do not touch it again. */
            OK(atmqtt_link_subscribe(link, "other", 1));
            inbox_take(&bench.inbox, ATMQTT_EVENT_SUBSCRIBED);
        } else {
            OK(atmqtt_link_set_message_callback(link, frees_the_link, &bench, drops_bench));
            send_one(link, "x");
            inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
        }
        /* The link goes with its last handle, and lets go of the bench last. */
        wait_dropped(&bench.inbox, 1);
        wait_for_threads(threads);
        EQUAL(1, bench.inbox.dropped);
        EQUAL(0, bench.inbox.late);
        emulator_stop(&bench.linked.emulator);
        inbox_destroy(&bench.inbox);
    }
}

/* Every way in which a registration can end: the user data is let go of once, and last. */
static void dropped_once_and_last(void)
{
    enum { COUNT = 6 };
    static struct bench bench;
    static struct inbox inboxes[COUNT];
    for (int i = 0; i < COUNT; i++)
        inbox_init(&inboxes[i]);
    begin(&bench);
    atmqtt_link *link = bench.linked.link;

    /* Replaced. */
    OK(atmqtt_link_set_message_callback(link, inbox_put, &inboxes[0], inbox_dropped));
    send_one(link, "0");
    inbox_take(&inboxes[0], ATMQTT_EVENT_MESSAGE);
    OK(atmqtt_link_set_message_callback(link, inbox_put, &inboxes[1], inbox_dropped));
    EQUAL(1, inboxes[0].dropped);
    /* Cleared, which takes what is given with it. */
    OK(atmqtt_link_set_message_callback(link, NULL, &inboxes[2], inbox_dropped));
    EQUAL(1, inboxes[1].dropped);
    EQUAL(1, inboxes[2].dropped);
    /* Refused. */
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_set_message_callback(NULL, inbox_put, &inboxes[3], inbox_dropped));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_set_event_callback(NULL, inbox_put, &inboxes[3], inbox_dropped));
    EQUAL(2, inboxes[3].dropped);
    /* Refused, because everything is taken in one stream. */
    int fd;
    atmqtt_event *event;
    OK(atmqtt_link_event_fd(link, &fd));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_link_set_message_callback(link, inbox_put, &inboxes[3], inbox_dropped));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_link_set_event_callback(link, inbox_put, &inboxes[3], inbox_dropped));
    EQUAL(4, inboxes[3].dropped);
    OK(atmqtt_link_release_events(link));
    /* Closed. */
    OK(atmqtt_link_set_message_callback(link, inbox_put, &inboxes[4], inbox_dropped));
    OK(atmqtt_link_set_event_callback(link, inbox_put, &inboxes[5], inbox_dropped));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_link_next_event(link, 0, &event));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_link_event_fd(link, &fd));
    send_one(link, "4");
    inbox_take(&inboxes[4], ATMQTT_EVENT_MESSAGE);
    OK(atmqtt_link_close(link));
    EQUAL(1, inboxes[4].dropped);
    EQUAL(1, inboxes[5].dropped);
    /* Refused by a closed link. */
    STATUS(ATMQTT_CLOSED, atmqtt_link_set_message_callback(link, inbox_put, &inboxes[3], inbox_dropped));
    STATUS(ATMQTT_CLOSED, atmqtt_link_set_event_callback(link, inbox_put, &inboxes[3], inbox_dropped));
    EQUAL(6, inboxes[3].dropped);
    end(&bench);
    for (int i = 0; i < COUNT; i++) {
        EQUAL(i == 3 ? 6 : 1, inboxes[i].dropped);
        EQUAL(0, inboxes[i].late);
        inbox_destroy(&inboxes[i]);
    }
}

/* A module that does not answer until its power is switched. */
struct switched {
    struct linked linked;
    char folder[32], path[64];
    atomic_int cycles, dropped;
    int frees;
};

static void switched_begin(struct switched *bench)
{
    strcpy(bench->folder, "/tmp/atmqtt-port-XXXXXX");
    CHECK(mkdtemp(bench->folder) != NULL);
    snprintf(bench->path, sizeof bench->path, "%s/modem", bench->folder);
    atomic_store(&bench->cycles, 0);
    atomic_store(&bench->dropped, 0);
    EMULATOR(&bench->linked.emulator, "--link", bench->path, "--fault", "lose-command:always");
    linked_options(&bench->linked, bench->path);
    bench->linked.modem.patience_ms = 50;
    bench->linked.options.restart_time_ms = 100;
    bench->linked.options.power_user_data = bench;
}

static void switched_end(struct switched *bench)
{
    emulator_stop(&bench->linked.emulator);
    rmdir(bench->folder);
}

static void drops_switched(void *user_data)
{
    struct switched *bench = user_data;
    atomic_fetch_add(&bench->dropped, 1);
}

static int32_t cycle(void *user_data)
{
    struct switched *bench = user_data;
    atomic_fetch_add(&bench->cycles, 1);
    EQUAL(0, atomic_load(&bench->dropped));
    if (bench->frees) {
        atmqtt_link_free(bench->linked.link);
        return ATMQTT_OK;
    }
    STATUS(ATMQTT_CALLED_FROM_CALLBACK, atmqtt_link_close(bench->linked.link));
    EQUAL(ATMQTT_LINK_REPAIRING, atmqtt_link_state(bench->linked.link));
    emulator_stop(&bench->linked.emulator);
    EMULATOR(&bench->linked.emulator, "--link", bench->path);
    /* As if it were not sure. */
    return ATMQTT_OPERATION_FAILED;
}

static void a_deaf_module_is_restarted_and_then_switched(void)
{
    static struct switched bench;
    struct received received;
    int deaf = 0, failed = 0, repairs = 0;
    switched_begin(&bench);
    bench.linked.options.power_hook = cycle;
    bench.linked.options.power_drop = drops_switched;
    OK(atmqtt_link_start(&bench.linked.options, &bench.linked.link));
    do {
        next_of_link(bench.linked.link, ATMQTT_EVENT_LINK, &received);
        deaf += received.event.cause == ATMQTT_CAUSE_DEAF && received.event.to == ATMQTT_LINK_WAITING;
        repairs += received.event.to == ATMQTT_LINK_REPAIRING;
        if (received.event.cause == ATMQTT_CAUSE_FAILED) {
            /* What the hook answered. */
            EQUAL(ATMQTT_OPERATION_FAILED, received.event.status);
            CONTAINS("the power hook answered 7", received.text);
            failed++;
        }
    } while (received.event.to != ATMQTT_LINK_UP);
    EQUAL(1, failed);
    EQUAL(1, atomic_load(&bench.cycles));
    EQUAL(3, deaf);
    EQUAL(2, repairs);
    OK(atmqtt_link_publish(bench.linked.link, "t", "x", 1, 1, 0));
    EQUAL(0, atomic_load(&bench.dropped));
    OK(atmqtt_link_close(bench.linked.link));
    EQUAL(1, atomic_load(&bench.dropped));
    atmqtt_link_free(bench.linked.link);
    EQUAL(1, atomic_load(&bench.dropped));
    switched_end(&bench);
}

static void freeing_in_the_power_hook_is_fine(void)
{
    static struct switched bench;
    int threads = count_threads();
    switched_begin(&bench);
    bench.frees = 1;
    bench.linked.options.power_hook = cycle;
    bench.linked.options.power_drop = drops_switched;
    OK(atmqtt_link_start(&bench.linked.options, &bench.linked.link));
    while (atomic_load(&bench.cycles) == 0)
        usleep(1000); /* Real time: the link takes its own. */
    wait_for_threads(threads);
    EQUAL(1, atomic_load(&bench.cycles));
    EQUAL(1, atomic_load(&bench.dropped));
    switched_end(&bench);
}

static void the_hook_goes_where_the_link_is_refused(void)
{
    static struct switched bench;
    atmqtt_link *link = NULL;
    linked_options(&bench.linked, "/nowhere");
    bench.linked.options.power_user_data = &bench;
    bench.linked.options.power_drop = drops_switched;
    bench.linked.options.client = 6;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_start(&bench.linked.options, &link));
    EQUAL(1, atomic_load(&bench.dropped));
    bench.linked.options.power_hook = cycle;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_start(&bench.linked.options, &link));
    EQUAL(2, atomic_load(&bench.dropped));
    bench.linked.options.client = 0;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_start(&bench.linked.options, NULL));
    EQUAL(3, atomic_load(&bench.dropped));
    /* Where the size is wrong, what lies behind it is unknown. */
    bench.linked.options.struct_size--;
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_start(&bench.linked.options, &link));
    EQUAL(3, atomic_load(&bench.dropped));
    CHECK(link == NULL);
}

static void nothing_is_left_of_a_link(void)
{
    static struct bench bench;
    int threads = count_threads(), descriptors = count_descriptors();
    for (int round = 0; round < 6; round++) {
        begin(&bench);
        OK(atmqtt_link_set_message_callback(bench.linked.link, inbox_put, &bench.inbox, NULL));
        send_one(bench.linked.link, "x");
        inbox_take(&bench.inbox, ATMQTT_EVENT_MESSAGE);
        CHECK(count_threads() > threads);
        if (round % 2)
            OK(atmqtt_link_close(bench.linked.link));
        atmqtt_link_free(bench.linked.link);
        wait_for_threads(threads);
        emulator_stop(&bench.linked.emulator);
        inbox_destroy(&bench.inbox);
        EQUAL(descriptors, count_descriptors());
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(calls_in_a_callback),
        TEST(freeing_in_a_callback_is_fine),
        TEST(dropped_once_and_last),
        TEST(a_deaf_module_is_restarted_and_then_switched),
        TEST(freeing_in_the_power_hook_is_fine),
        TEST(the_hook_goes_where_the_link_is_refused),
        TEST(nothing_is_left_of_a_link),
    };
    return RUN(tests);
}
