/* What belongs to the whole process: signals, forks, threads, descriptors. */

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

/* How many entries a folder has. */
static int entries(const char *folder)
{
    DIR *directory = opendir(folder);
    int count = 0;
    CHECK(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void one_session(void)
{
    struct session session;
    struct inbox inbox;
    int fd;
    const atmqtt_subscription subscription = {"t", 1};
    session_connected(&session, NULL);
    inbox_init(&inbox);
    OK(atmqtt_client_set_message_callback(session.client, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_client_subscribe(session.client, &subscription, 1, NULL));
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 1, 0));
    inbox_take(&inbox, ATMQTT_EVENT_MESSAGE);
    OK(atmqtt_client_set_message_callback(session.client, NULL, NULL, NULL));
    OK(atmqtt_modem_event_fd(session.modem, &fd));
    uint64_t operation;
    OK(atmqtt_files_upload_start(session.modem, "a.pem", "x", 1, NULL, &operation));
    session_end(&session);
    inbox_destroy(&inbox);
}

static void nothing_is_left_of_a_closed_port(void)
{
    /* Whatever a first use sets up for good. */
    one_session();
    int threads = entries("/proc/self/task"), descriptors = entries("/proc/self/fd");
    for (int i = 0; i < 5; i++)
        one_session();
    EQUAL(descriptors, entries("/proc/self/fd"));
    /* A thread that has been joined may be listed a moment longer. */
    while (entries("/proc/self/task") > threads)
        sched_yield();
    EQUAL(threads, entries("/proc/self/task"));
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
    STATUS(ATMQTT_CLOSED, atmqtt_modem_close(session->modem));
    EQUAL(0, atmqtt_modem_is_open(session->modem));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session->client));
    atmqtt_modem_interrupt(session->modem);
    atmqtt_client_free(session->client);
    atmqtt_modem_free(session->modem);
}

static volatile int stop_forking;

static void *publish_all_the_time(void *user_data)
{
    struct session *session = user_data;
    while (!stop_forking)
        OK(atmqtt_client_publish(session->client, "t", "x", 1, 1, 0));
    return NULL;
}

static void the_parent_goes_on_after_forks(void)
{
    struct session session;
    pthread_t thread;
    session_connected(&session, NULL);
    stop_forking = 0;
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
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        EQUAL(0, status);
    }
    stop_forking = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 2, 0));
    EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(session.client));
    session_end(&session);
}

static atmqtt_modem *modem_to_interrupt;
static volatile sig_atomic_t signals;

static void interrupt(int number)
{
    (void)number;
    signals++;
    atmqtt_modem_interrupt(modem_to_interrupt);
}

static void only_count(int number)
{
    (void)number;
    signals++;
}

static void handle(void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    signals = 0;
}

/* Sends this thread signals until it is told to stop. */
struct sender {
    pthread_t target, thread;
    volatile int stop;
};

static void *send_signals(void *user_data)
{
    struct sender *sender = user_data;
    while (!sender->stop) {
        pthread_kill(sender->target, SIGUSR1);
        usleep(2000);
    }
    return NULL;
}

static void send_to_me(struct sender *sender)
{
    sender->target = pthread_self();
    sender->stop = 0;
    CHECK(pthread_create(&sender->thread, NULL, send_signals, sender) == 0);
}

static void stop_sending(struct sender *sender)
{
    sender->stop = 1;
    CHECK(pthread_join(sender->thread, NULL) == 0);
}

static void a_wait_survives_signals(void)
{
    const int flags[] = {0, SA_RESTART};
    for (int i = 0; i < 2; i++) {
        struct session session;
        struct sender sender;
        atmqtt_event *event;
        session_connected(&session, OPTIONS("--latency", "300"));
        handle(only_count, flags[i]);
        send_to_me(&sender);
        /* Takes a while, and ends well. */
        OK(atmqtt_client_publish(session.client, "t", "x", 1, 2, 0));
        OK(atmqtt_modem_next_event(session.modem, 200, &event));
        CHECK(event == NULL);
        stop_sending(&sender);
        CHECK(signals > 0);
        session_end(&session);
    }
}

static void a_handler_ends_every_wait(void)
{
    struct session session;
    struct sender sender;
    atmqtt_event *event = (atmqtt_event *)&session;
    session_connected(&session, OPTIONS("--fault", "delay-result:at=QMTPUBEX,ms=60000,always"));
    modem_to_interrupt = session.modem;
    handle(interrupt, 0);
    send_to_me(&sender);

    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    CHECK(event == NULL);
    int status = atmqtt_client_publish(session.client, "t", "x", 1, 1, 0);
    CHECK(status == ATMQTT_UNCONFIRMED || status == ATMQTT_TIMEOUT);
    CONTAINS("interrupted", atmqtt_last_error_message());
    stop_sending(&sender);
    CHECK(signals > 0);
    session_end(&session);
}

static void an_interrupt_before_the_wait_is_not_missed(void)
{
    struct session session;
    atmqtt_event *event = (atmqtt_event *)&session;
    session_begin(&session, NULL);
    modem_to_interrupt = session.modem;
    handle(interrupt, 0);
    CHECK(raise(SIGUSR1) == 0);
    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    CHECK(event == NULL);
    session_end(&session);
}

static void dispositions_are_the_programs(void)
{
    struct sigaction before[NSIG], after;
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &before[number]) != 0)
            before[number].sa_handler = SIG_ERR;
    one_session();
    for (int number = 1; number < NSIG; number++) {
        if (before[number].sa_handler == SIG_ERR)
            continue;
        CHECK(sigaction(number, NULL, &after) == 0);
        if (after.sa_handler != before[number].sa_handler)
            FAIL("the disposition of signal %d has changed", number);
    }
    /* SIGPIPE above all, which a runtime may ignore. */
    CHECK(before[SIGPIPE].sa_handler == SIG_DFL);
}

static void signals_are_not_taken_by_the_library(void)
{
    struct session session;
    sigset_t signal_set, pending;
    session_connected(&session, NULL);
    handle(only_count, 0);
    CHECK(sigemptyset(&signal_set) == 0 && sigaddset(&signal_set, SIGUSR1) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &signal_set, NULL) == 0);
    /* To the process: every thread of the library has it blocked, so it stays pending. */
    CHECK(kill(getpid(), SIGUSR1) == 0);
    OK(atmqtt_client_publish(session.client, "t", "x", 1, 2, 0));
    CHECK(sigpending(&pending) == 0);
    EQUAL(1, sigismember(&pending, SIGUSR1));
    EQUAL(0, signals);
    CHECK(pthread_sigmask(SIG_UNBLOCK, &signal_set, NULL) == 0);
    EQUAL(1, signals);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(nothing_is_left_of_a_closed_port),
        TEST(descriptors_are_not_inherited),
        TEST(the_parent_goes_on_after_forks),
        TEST(a_wait_survives_signals),
        TEST(a_handler_ends_every_wait),
        TEST(an_interrupt_before_the_wait_is_not_missed),
        TEST(dispositions_are_the_programs),
        TEST(signals_are_not_taken_by_the_library),
    };
    return RUN(tests);
}
