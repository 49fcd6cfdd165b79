/* What belongs to the whole process: descriptors, forks under load, signals. */

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/process.h"
#include "support/session.h"

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
            end_child();
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
        TEST(descriptors_are_not_inherited),
        TEST(the_parent_goes_on_after_forks),
        TEST(an_interrupt_before_the_wait_is_not_missed),
        TEST(signals_are_not_taken_by_the_library),
    };
    return RUN(tests);
}
