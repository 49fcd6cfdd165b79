/* What a program should not do, and does: the library answers with an error and goes on. */

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "support/check.h"
#include "support/session.h"

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

/* One test for all that a callback does: what it is to do, and what came of it. */
struct in_callback {
    struct session *session;
    void (*act)(struct in_callback *state);
    pthread_mutex_t mutex;
    pthread_cond_t more;
    int calls, dropped, done;
    int status[2];
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
        TEST(numbers_out_of_range),
        TEST(clearing_the_callback_in_itself),
        TEST(replacing_the_callback_in_itself),
        TEST(calling_the_library_in_a_log_callback),
    };
    return RUN(tests);
}
