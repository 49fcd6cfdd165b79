/* What a program should not do, and does: the library answers with an error and goes on. */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static void wrong_struct_sizes(void)
{
    struct session session;
    session_begin(&session, NULL);

    /* Sizes that no version has had, and those around the right one. */
    const size_t no_size[] = {0, 1, sizeof(size_t), SIZE_MAX};
    for (size_t i = 0; i < sizeof no_size / sizeof no_size[0]; i++) {
        atmqtt_modem_options modem;
        atmqtt_client_config config;
        atmqtt_files_upload_options upload;
        atmqtt_tls_options tls;
        atmqtt_apn apn;
        atmqtt_modem *second = NULL;
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_options_init(&modem, no_size[i]));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_config_init(&config, no_size[i]));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_files_upload_options_init(&upload, no_size[i]));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_options_init(&tls, no_size[i]));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_apn_init(&apn, no_size[i]));

        OK(atmqtt_modem_options_init(&modem, sizeof modem));
        modem.struct_size = no_size[i];
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_open(session.emulator.path, &modem, &second));
        CONTAINS("options->struct_size", atmqtt_last_error_message());
        OK(atmqtt_client_config_init(&config, sizeof config));
        config.struct_size = no_size[i];
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_configure(session.client, &config));
        OK(atmqtt_files_upload_options_init(&upload, sizeof upload));
        upload.struct_size = no_size[i];
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_files_upload(session.modem, "a.pem", "x", 1, &upload));
        OK(atmqtt_tls_options_init(&tls, sizeof tls));
        tls.struct_size = no_size[i];
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, 0, &tls));
        OK(atmqtt_network_apn_init(&apn, sizeof apn));
        apn.struct_size = no_size[i];
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_set_apn(session.modem, 1, &apn));
    }
    session_end(&session);
}

static void numbers_out_of_range(void)
{
    struct session session;
    session_connected(&session, NULL);
    atmqtt_client *client = session.client, *none = NULL;
    const int32_t indexes[] = {-1, 6, INT32_MAX, INT32_MIN, 256};
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_client(session.modem, indexes[i], &none));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, indexes[i], NULL));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "t", "x", 1, indexes[i], 0));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "t", "x", 1, 0, indexes[i]));
        const atmqtt_subscription subscription = {"t", indexes[i]};
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_subscribe(client, &subscription, 1, NULL));
    }
    CHECK(none == NULL);
    const int32_t ports[] = {-1, 0, 65536, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(client, "broker.example", ports[i], 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(client, "broker.example", 1883, 2));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_activate(session.modem, 17));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_set_log_callback(6, NULL, NULL, NULL));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "not \xff UTF-8", "x", 1, 0, 0));
    CONTAINS("not UTF-8", atmqtt_last_error_message());
    OK(atmqtt_client_publish(client, "t", "x", 1, 2, 0));
    session_end(&session);
}

static void use_after_close(void)
{
    struct session session;
    session_connected(&session, NULL);
    atmqtt_modem *modem = session.modem;
    atmqtt_client *client = session.client, *another = NULL;
    atmqtt_event *event;
    uint64_t operation = 7;
    int fd = -7;
    const atmqtt_subscription subscription = {"t", 0};
    const char *filter = "t";
    OK(atmqtt_modem_close(modem));

    STATUS(ATMQTT_CLOSED, atmqtt_modem_command(modem, "AT", NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command_start(modem, "AT", &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_client_open(client, "broker.example", 1883, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_client_connect(client, "id", NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_client_subscribe(client, &subscription, 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_client_unsubscribe(client, &filter, 1));
    STATUS(ATMQTT_CLOSED, atmqtt_client_publish(client, "t", "x", 1, 0, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_client_publish_start(client, "t", "x", 1, 0, 0, &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_client_disconnect(client));
    STATUS(ATMQTT_CLOSED, atmqtt_files_upload(modem, "a.pem", "x", 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_files_upload_start(modem, "a.pem", "x", 1, NULL, &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_network_activate(modem, 1));
    EQUAL(7, operation);
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(client));

    /* What had arrived can still be taken; then that is closed, too. */
    OK(atmqtt_modem_event_fd(modem, &fd));
    CHECK(fd >= 0);
    do {
        OK(atmqtt_modem_next_event(modem, -1, &event));
        CHECK(event != NULL);
        int type = event->type;
        atmqtt_event_free(event);
        if (type == ATMQTT_EVENT_PORT_CLOSED)
            break;
    } while (1);
    STATUS(ATMQTT_CLOSED, atmqtt_modem_next_event(modem, -1, &event));
    OK(atmqtt_modem_close(modem));
    OK(atmqtt_modem_client(modem, 1, &another));
    atmqtt_client_free(another);
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
    emulator_stop(&session.emulator);
}

/* One test for all that a callback does: what it is to do, and what came of it. */
struct in_callback {
    struct session *session;
    void (*act)(struct in_callback *state);
    pthread_mutex_t mutex;
    pthread_cond_t more;
    int calls, dropped, done, finished_after_drop;
    int status[4];
};

static void prepare(struct in_callback *state, struct session *session, void (*act)(struct in_callback *))
{
    memset(state, 0, sizeof *state);
    state->session = session;
    state->act = act;
    CHECK(pthread_mutex_init(&state->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&state->more, NULL) == 0);
}

static void call(const atmqtt_event *event, void *user_data)
{
    struct in_callback *state = user_data;
    CHECK(state->dropped == 0);
    CHECK(event->type != 0);
    state->calls++;
    if (state->calls == 1)
        state->act(state);
    pthread_mutex_lock(&state->mutex);
    CHECK(state->dropped == 0);
    state->done = 1;
    pthread_cond_broadcast(&state->more);
    pthread_mutex_unlock(&state->mutex);
}

static void dropped(void *user_data)
{
    struct in_callback *state = user_data;
    pthread_mutex_lock(&state->mutex);
    state->dropped++;
    pthread_cond_broadcast(&state->more);
    pthread_mutex_unlock(&state->mutex);
}

static void wait_for(struct in_callback *state, const int *what)
{
    pthread_mutex_lock(&state->mutex);
    while (*what == 0)
        pthread_cond_wait(&state->more, &state->mutex);
    pthread_mutex_unlock(&state->mutex);
}

static void subscribe(struct session *session)
{
    const atmqtt_subscription subscription = {"t", 1};
    OK(atmqtt_client_subscribe(session->client, &subscription, 1, NULL));
}

/* A session with a message on its way into the callback that is to act. */
static void act_in_callback(struct session *session, struct in_callback *state,
                            void (*act)(struct in_callback *))
{
    session_connected(session, NULL);
    subscribe(session);
    prepare(state, session, act);
    OK(atmqtt_client_set_message_callback(session->client, call, state, dropped));
    OK(atmqtt_client_publish(session->client, "t", "x", 1, 1, 0));
}

static void close_port(struct in_callback *state)
{
    state->status[0] = atmqtt_modem_close(state->session->modem);
}

static void closing_in_a_callback(void)
{
    struct session session;
    struct in_callback state;
    act_in_callback(&session, &state, close_port);
    wait_for(&state, &state.done);
    EQUAL(ATMQTT_CALLED_FROM_CALLBACK, state.status[0]);
    EQUAL(1, atmqtt_modem_is_open(session.modem));
    session_end(&session);
    EQUAL(1, state.dropped);
}

static void free_handles(struct in_callback *state)
{
    atmqtt_client_free(state->session->client);
    atmqtt_modem_free(state->session->modem);
}

static void freeing_the_last_handle_in_a_callback(void)
{
    struct session session;
    struct in_callback state;
    act_in_callback(&session, &state, free_handles);
    wait_for(&state, &state.done);
    /* After the callback has returned, and once. */
    wait_for(&state, &state.dropped);
    EQUAL(1, state.calls);
    EQUAL(1, state.dropped);
    /* The port is free again. */
    OK(atmqtt_modem_open(session.emulator.path, NULL, &session.modem));
    atmqtt_modem_free(session.modem);
    emulator_stop(&session.emulator);
}

static void clear_callback(struct in_callback *state)
{
    atmqtt_client *client = state->session->client;
    state->status[0] = atmqtt_client_set_message_callback(client, NULL, NULL, NULL);
    /* It runs until it returns, and its user data live as long. */
    state->status[1] = state->dropped;
}

static void clearing_the_callback_in_itself(void)
{
    struct session session;
    struct in_callback state;
    act_in_callback(&session, &state, clear_callback);
    wait_for(&state, &state.dropped);
    EQUAL(ATMQTT_OK, state.status[0]);
    EQUAL(0, state.status[1]);
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    session_end(&session);
    EQUAL(1, state.calls);
    EQUAL(1, state.dropped);
}

static struct in_callback second;

static void nothing(struct in_callback *state)
{
    (void)state;
}

static void replace_callback(struct in_callback *state)
{
    atmqtt_client *client = state->session->client;
    prepare(&second, state->session, nothing);
    state->status[0] = atmqtt_client_set_message_callback(client, call, &second, dropped);
}

static void replacing_the_callback_in_itself(void)
{
    struct session session;
    struct in_callback state;
    act_in_callback(&session, &state, replace_callback);
    wait_for(&state, &state.dropped);
    EQUAL(ATMQTT_OK, state.status[0]);
    OK(atmqtt_client_publish(session.client, "t", "y", 1, 1, 0));
    wait_for(&second, &second.done);
    session_end(&session);
    EQUAL(1, state.calls);
    EQUAL(1, second.calls);
    EQUAL(1, state.dropped);
    EQUAL(1, second.dropped);
}

static void use_library(struct in_callback *state)
{
    atmqtt_client *client = state->session->client;
    atmqtt_event *event;
    const atmqtt_subscription subscription = {"u", 2};
    state->status[0] = atmqtt_modem_command(state->session->modem, "AT+CSQ", NULL);
    state->status[1] = atmqtt_client_subscribe(client, &subscription, 1, NULL);
    state->status[2] = atmqtt_client_publish(client, "v", "x", 1, 2, 0);
    state->status[3] = atmqtt_modem_next_event(state->session->modem, -1, &event);
}

static void calling_the_library_in_a_callback(void)
{
    struct session session;
    struct in_callback state;
    act_in_callback(&session, &state, use_library);
    wait_for(&state, &state.done);
    EQUAL(ATMQTT_OK, state.status[0]);
    EQUAL(ATMQTT_OK, state.status[1]);
    EQUAL(ATMQTT_OK, state.status[2]);
    /* The messages have this callback: they cannot be taken from it. */
    EQUAL(ATMQTT_INVALID_STATE, state.status[3]);
    session_end(&session);
}

static void sleep_a_little(struct in_callback *state)
{
    (void)state;
    /* Real time must pass: the callback is to be slow. */
    usleep(300 * 1000);
}

static void a_slow_callback_holds_nobody_up(void)
{
    struct session session;
    struct in_callback state;
    act_in_callback(&session, &state, sleep_a_little);
    for (int i = 0; i < 20; i++) {
        OK(atmqtt_client_publish(session.client, "other", "x", 1, 1, 0));
        OK(atmqtt_modem_command(session.modem, "AT", NULL));
    }
    /* When this returns, it does not run any more. */
    OK(atmqtt_client_set_message_callback(session.client, NULL, NULL, NULL));
    CHECK(state.calls == 0 || state.done == 1);
    EQUAL(1, state.dropped);
    session_end(&session);
}

/* Every way in which a registration can end, or not begin. */
static void user_data_are_dropped_once(void)
{
    struct session session;
    struct in_callback state;
    atmqtt_event *event;
    session_begin(&session, NULL);

    prepare(&state, &session, nothing);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_set_event_callback(NULL, call, &state, dropped));
    EQUAL(1, state.dropped);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_set_message_callback(NULL, call, &state, dropped));
    EQUAL(2, state.dropped);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_set_log_callback(9, NULL, &state, dropped));
    EQUAL(3, state.dropped);
    /* No callback: nothing to keep them for. */
    OK(atmqtt_modem_set_event_callback(session.modem, NULL, &state, dropped));
    EQUAL(4, state.dropped);
    /* Refused: another consumer has the events. */
    OK(atmqtt_modem_next_event(session.modem, 0, &event));
    CHECK(event == NULL);
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_set_event_callback(session.modem, call, &state, dropped));
    EQUAL(5, state.dropped);
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_set_message_callback(session.client, call, &state, dropped));
    EQUAL(6, state.dropped);
    OK(atmqtt_modem_release_events(session.modem));

    /* Replaced. */
    prepare(&state, &session, nothing);
    prepare(&second, &session, nothing);
    OK(atmqtt_modem_set_event_callback(session.modem, call, &state, dropped));
    EQUAL(0, state.dropped);
    OK(atmqtt_modem_set_event_callback(session.modem, call, &second, dropped));
    EQUAL(1, state.dropped);
    /* Closed. */
    EQUAL(0, second.dropped);
    OK(atmqtt_modem_close(session.modem));
    EQUAL(1, second.dropped);

    atmqtt_client_free(session.client);
    atmqtt_modem_free(session.modem);
    EQUAL(1, state.dropped);
    EQUAL(1, second.dropped);
    emulator_stop(&session.emulator);
}

enum { THREADS = 8, PUBLISHES = 40 };

static void *publish_many(void *user_data)
{
    struct session *session = user_data;
    for (int i = 0; i < PUBLISHES; i++) {
        OK(atmqtt_client_publish(session->client, "t", "x", 1, i % 3, 0));
        if (i % 8 == 0)
            OK(atmqtt_modem_command(session->modem, "AT+CSQ", NULL));
        /* The last error is each thread's own. */
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(session->client, "t", "x", 1, 3 + i, 0));
        char expected[32];
        snprintf(expected, sizeof expected, "qos is %d", 3 + i);
        CONTAINS(expected, atmqtt_last_error_message());
    }
    return NULL;
}

static void eight_threads_on_one_handle(void)
{
    struct session session;
    pthread_t threads[THREADS];
    struct inbox inbox;
    session_connected(&session, NULL);
    subscribe(&session);
    inbox_init(&inbox);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, publish_many, &session) == 0);
    for (int received = 0; received < THREADS * PUBLISHES; received++) {
        struct received message;
        next_of_type(session.modem, ATMQTT_EVENT_MESSAGE, &message);
        EQUAL(1, message.event.payload_length);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    inbox_destroy(&inbox);
    session_end(&session);
}

static void *wait_for_events(void *user_data)
{
    struct session *session = user_data;
    atmqtt_event *event;
    for (;;) {
        int status = atmqtt_modem_next_event(session->modem, -1, &event);
        if (status == ATMQTT_CLOSED)
            return NULL;
        STATUS(ATMQTT_OK, status);
        atmqtt_event_free(event);
    }
}

static void closing_under_threads_that_wait(void)
{
    struct session session;
    pthread_t threads[THREADS];
    session_connected(&session, OPTIONS("--fault", "delay-result:at=QMTPUBEX,ms=60000,always"));
    uint64_t operation;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, wait_for_events, &session) == 0);
    for (int i = 0; i < 10; i++)
        OK(atmqtt_client_publish_start(session.client, "t", "x", 1, 1, 0, &operation));
    OK(atmqtt_modem_close(session.modem));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    session_end(&session);
}

static void log_and_call(int32_t level, const char *target, const char *message, void *user_data)
{
    int *statuses = user_data;
    (void)level;
    CHECK(target != NULL && message != NULL);
    __atomic_store_n(&statuses[0], atmqtt_set_log_callback(0, NULL, NULL, NULL), __ATOMIC_RELAXED);
    __atomic_add_fetch(&statuses[1], 1, __ATOMIC_RELAXED);
}

static void calling_the_library_in_a_log_callback(void)
{
    struct session session;
    int statuses[2] = {-1, 0};
    OK(atmqtt_set_log_callback(ATMQTT_LOG_TRACE, log_and_call, statuses, NULL));
    session_connected(&session, NULL);
    session_end(&session);
    OK(atmqtt_set_log_callback(ATMQTT_LOG_OFF, NULL, NULL, NULL));
    EQUAL(ATMQTT_CALLED_FROM_CALLBACK, statuses[0]);
    CHECK(statuses[1] > 10);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(wrong_struct_sizes),
        TEST(numbers_out_of_range),
        TEST(use_after_close),
        TEST(closing_in_a_callback),
        TEST(freeing_the_last_handle_in_a_callback),
        TEST(clearing_the_callback_in_itself),
        TEST(replacing_the_callback_in_itself),
        TEST(calling_the_library_in_a_callback),
        TEST(a_slow_callback_holds_nobody_up),
        TEST(user_data_are_dropped_once),
        TEST(eight_threads_on_one_handle),
        TEST(closing_under_threads_that_wait),
        TEST(calling_the_library_in_a_log_callback),
    };
    return RUN(tests);
}
