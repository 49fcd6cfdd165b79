/* Threads, signals and fork: what belongs to the whole process. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/process.h"
#include "support/session.h"

enum { THREADS = 8, ROUNDS = 25 };

static void *works(void *user_data)
{
    struct session *session = user_data;
    for (int i = 0; i < ROUNDS; i++) {
        atmqtt_lines *lines;
        OK(atmqtt_client_publish(session->client, "t", "x", 1, i % 3, 0));
        OK(atmqtt_modem_command(session->modem, "AT+CSQ", &lines));
        CONTAINS("+CSQ: ", lines->lines[0]);
        atmqtt_lines_free(lines);
        EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(session->client));
        STATUS(ATMQTT_MODULE_ERROR, atmqtt_modem_command(session->modem, "AT+NOSUCHTHING", NULL));
        TEXT("AT+NOSUCHTHING", atmqtt_last_error_command());
    }
    return NULL;
}

static void counts(const atmqtt_event *event, void *user_data)
{
    EQUAL(ATMQTT_EVENT_MESSAGE, event->type);
    atomic_fetch_add((atomic_int *)user_data, 1);
}

static void eight_threads_on_one_handle(void)
{
    struct session session;
    pthread_t threads[THREADS];
    atomic_int count = 0;
    session_connected(&session, NULL);
    OK(atmqtt_client_set_message_callback(session.client, counts, &count, NULL));
    OK(atmqtt_client_subscribe(session.client, &(atmqtt_subscription){"t", 2}, 1, NULL));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, works, &session) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    while (atomic_load(&count) < THREADS * ROUNDS)
        OK(atmqtt_modem_command(session.modem, "AT", NULL));
    session_end(&session);
    EQUAL(THREADS * ROUNDS, atomic_load(&count));
}

static void *waits_for_ever(void *user_data)
{
    struct session *session = user_data;
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command(session->modem, "AT+CSQ", NULL));
    return NULL;
}

static void closing_ends_the_waits_of_other_threads(void)
{
    struct session session;
    pthread_t threads[THREADS];
    session_begin(&session, OPTIONS("--fault", "lose-final:at=CSQ"));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, waits_for_ever, &session) == 0);
    OK(atmqtt_modem_close(session.modem));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    session_end(&session);
}

static void descriptors_are_not_inherited(void)
{
    struct session session;
    int fd;
    session_begin(&session, NULL);
    OK(atmqtt_modem_event_fd(session.modem, &fd));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        /* Neither the port nor any pipe but those of the test. */
        execl("/bin/sh", "sh", "-c", "! readlink /proc/$$/fd/* | grep -x -e \"$0\"", session.emulator.path,
              (char *)NULL);
        _exit(127);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    EQUAL(0, status);
    session_end(&session);
}

static void in_the_child(struct session *session)
{
    atmqtt_event *event;
    int fd;
    const atmqtt_subscription subscription = {"t", 0};
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command(session->modem, "AT", NULL));
    CONTAINS("forked", atmqtt_last_error_message());
    STATUS(ATMQTT_CLOSED, atmqtt_client_publish(session->client, "t", "x", 1, 1, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_client_subscribe(session->client, &subscription, 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_client_close(session->client));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_next_event(session->modem, -1, &event));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_set_event_callback(session->modem, NULL, NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_client_set_message_callback(session->client, NULL, NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_event_fd(session->modem, &fd));
    STATUS(ATMQTT_CLOSED, atmqtt_files_upload(session->modem, "a.pem", "x", 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_files_delete(session->modem, "x"));
    STATUS(ATMQTT_CLOSED, atmqtt_network_activate_start(session->modem, 1, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_modem_close(session->modem));
    EQUAL(0, atmqtt_modem_is_open(session->modem));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session->client));
    atmqtt_modem_interrupt(session->modem);
    atmqtt_client_free(session->client);
    atmqtt_modem_free(session->modem);
}

static atomic_int stop_forking;

static void *publish_all_the_time(void *user_data)
{
    struct session *session = user_data;
    while (!atomic_load(&stop_forking))
        OK(atmqtt_client_publish(session->client, "t", "x", 1, 1, 0));
    return NULL;
}

static void the_parent_goes_on_after_forks(void)
{
    static struct inbox inbox;
    struct session session;
    pthread_t thread;
    session_connected(&session, NULL);
    inbox_init(&inbox);
    OK(atmqtt_client_set_message_callback(session.client, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_client_subscribe(session.client, &(atmqtt_subscription){"mine", 1}, 1, NULL));
    atomic_store(&stop_forking, 0);
    /* So that locks of the library are held at some of the forks. */
    CHECK(pthread_create(&thread, NULL, publish_all_the_time, &session) == 0);
    for (int i = 0; i < 50; i++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            /* What hangs is ended. */
            alarm(60);
            in_the_child(&session);
            end_child();
        }
        CHECK(waitpid(child, &status, 0) == child);
        EQUAL(0, status);
    }
    atomic_store(&stop_forking, 1);
    CHECK(pthread_join(thread, NULL) == 0);
    OK(atmqtt_client_publish(session.client, "mine", "x", 1, 2, 0));
    inbox_take(&inbox, ATMQTT_EVENT_MESSAGE);
    EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(session.client));
    session_end(&session);
    EQUAL(1, inbox.dropped);
    inbox_destroy(&inbox);
}

static void a_freed_port_is_not_held_by_the_child(void)
{
    struct session session;
    int status;
    session_connected(&session, NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        CHECK(holds_file(session.emulator.path));
        atmqtt_client_free(session.client);
        atmqtt_modem_free(session.modem);
        CHECK(!holds_file(session.emulator.path));
        end_child();
    }
    CHECK(waitpid(child, &status, 0) == child);
    EQUAL(0, status);
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    session_end(&session);
}

static atomic_int handled;
static atmqtt_modem *to_interrupt;

static void counts_signals(int signal)
{
    (void)signal;
    atomic_fetch_add(&handled, 1);
}

static void interrupts(int signal)
{
    (void)signal;
    atmqtt_modem_interrupt(to_interrupt);
}

static void handle(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
}

struct sender {
    pthread_t to;
    atomic_int stop;
};

static void *sends_signals(void *user_data)
{
    struct sender *sender = user_data;
    while (!atomic_load(&sender->stop)) {
        pthread_kill(sender->to, SIGUSR1);
        /* Real time: signals at a pace, so that the waits are where they land. */
        usleep(500);
    }
    return NULL;
}

static void signals_during_waits(void)
{
    const int flags[] = {0, SA_RESTART};
    for (int i = 0; i < 2; i++) {
        struct session session;
        struct sender sender = {.to = pthread_self()};
        pthread_t thread;
        atomic_store(&handled, 0);
        handle(counts_signals, flags[i]);
        session_connected(&session, OPTIONS("--latency", "30"));
        CHECK(pthread_create(&thread, NULL, sends_signals, &sender) == 0);
        for (int round = 0; round < 10; round++) {
            OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
            atmqtt_event *event;
            OK(atmqtt_modem_next_event(session.modem, 10, &event));
            CHECK(event == NULL);
        }
        while (atomic_load(&handled) == 0)
            OK(atmqtt_modem_command(session.modem, "AT", NULL));
        atomic_store(&sender.stop, 1);
        pthread_join(thread, NULL);
        session_end(&session);
    }
    handle(SIG_DFL, 0);
}

static void interrupted_by_a_signal(void)
{
    struct session session;
    atmqtt_event *event = NULL;
    const int flags[] = {0, SA_RESTART};
    session_connected(&session, OPTIONS("--fault", "drop-ack:ack=puback,times=always"));
    OK(atmqtt_modem_next_event(session.modem, 0, &event));
    to_interrupt = session.modem;
    for (int i = 0; i < 2; i++) {
        struct sender sender = {.to = pthread_self()};
        pthread_t thread;
        handle(interrupts, flags[i]);
        CHECK(pthread_create(&thread, NULL, sends_signals, &sender) == 0);
        event = (atmqtt_event *)&session;
        OK(atmqtt_modem_next_event(session.modem, -1, &event));
        CHECK(event == NULL);
        STATUS(ATMQTT_UNCONFIRMED, atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
        CONTAINS("interrupted", atmqtt_last_error_message());
        atomic_store(&sender.stop, 1);
        pthread_join(thread, NULL);
    }
    handle(SIG_DFL, 0);
    /* What was interrupted last may still be to be taken. */
    OK(atmqtt_modem_next_event(session.modem, 0, &event));
    /* The reader may be about to carry out the last one. */
    while (atmqtt_modem_command(session.modem, "AT", NULL) != ATMQTT_OK)
        CONTAINS("interrupted", atmqtt_last_error_message());
    session_end(&session);
}

static void an_interrupt_before_the_wait_is_not_missed(void)
{
    struct session session;
    atmqtt_event *event = (atmqtt_event *)&session;
    session_begin(&session, NULL);
    to_interrupt = session.modem;
    handle(interrupts, 0);
    CHECK(raise(SIGUSR1) == 0);
    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    CHECK(event == NULL);
    handle(SIG_DFL, 0);
    session_end(&session);
}

static void signals_are_not_taken_by_the_library(void)
{
    struct session session;
    sigset_t signal_set, pending;
    session_connected(&session, NULL);
    atomic_store(&handled, 0);
    handle(counts_signals, 0);
    CHECK(sigemptyset(&signal_set) == 0 && sigaddset(&signal_set, SIGUSR1) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &signal_set, NULL) == 0);
    /* To the process: every thread of the library has it blocked, so it stays pending. */
    CHECK(kill(getpid(), SIGUSR1) == 0);
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 2, 0));
    CHECK(sigpending(&pending) == 0);
    EQUAL(1, sigismember(&pending, SIGUSR1));
    EQUAL(0, atomic_load(&handled));
    CHECK(pthread_sigmask(SIG_UNBLOCK, &signal_set, NULL) == 0);
    EQUAL(1, atomic_load(&handled));
    handle(SIG_DFL, 0);
    session_end(&session);
}

static void dispositions_stay(void)
{
    static const int signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGSEGV, SIGBUS, SIGUSR1, SIGIO};
    struct sigaction before[sizeof signals / sizeof signals[0]], after;
    sigset_t mask_before, mask_after;
    struct session session;
    memset(&mask_before, 0, sizeof mask_before);
    memset(&mask_after, 0, sizeof mask_after);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], NULL, &before[i]);
    CHECK(before[0].sa_handler == SIG_DFL);

    session_connected(&session, NULL);
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sigaction(signals[i], NULL, &after);
        CHECK(after.sa_handler == before[i].sa_handler);
        EQUAL(before[i].sa_flags, after.sa_flags);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    CHECK(memcmp(&mask_before, &mask_after, sizeof mask_before) == 0);

    /* A port that vanishes is an error and no SIGPIPE or SIGHUP. */
    emulator_stop(&session.emulator);
    STATUS(ATMQTT_PORT_LOST, atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    atmqtt_client_free(session.client);
    atmqtt_modem_free(session.modem);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(eight_threads_on_one_handle),
        TEST(closing_ends_the_waits_of_other_threads),
        TEST(descriptors_are_not_inherited),
        TEST(the_parent_goes_on_after_forks),
        TEST(a_freed_port_is_not_held_by_the_child),
        TEST(signals_during_waits),
        TEST(interrupted_by_a_signal),
        TEST(an_interrupt_before_the_wait_is_not_missed),
        TEST(signals_are_not_taken_by_the_library),
        TEST(dispositions_stay),
    };
    return RUN(tests);
}
