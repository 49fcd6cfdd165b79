/* Statuses, and the last error of a thread. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/session.h"

static void every_status_has_a_name(void)
{
    TEXT("ok", atmqtt_status_name(ATMQTT_OK));
    for (int status = ATMQTT_INVALID_ARGUMENT; status <= ATMQTT_QUEUE_FULL; status++) {
        CHECK(strlen(atmqtt_status_name(status)) > 3);
        CHECK(strcmp(atmqtt_status_name(status), "unknown status") != 0);
        for (int other = 0; other < status; other++)
            CHECK(strcmp(atmqtt_status_name(status), atmqtt_status_name(other)) != 0);
    }
    TEXT("unknown status", atmqtt_status_name(-1));
    TEXT("unknown status", atmqtt_status_name(ATMQTT_QUEUE_FULL + 1));
}

static void the_version_is_the_header_s(void)
{
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", ATMQTT_VERSION_MAJOR, ATMQTT_VERSION_MINOR,
             ATMQTT_VERSION_PATCH);
    TEXT(version, atmqtt_version());
#ifdef EXPECTED_VERSION
    TEXT(EXPECTED_VERSION, version);
#endif
}

static void *nothing_has_failed_here(void *unused)
{
    (void)unused;
    TEXT("", atmqtt_last_error_message());
    EQUAL(-1, atmqtt_last_error_code());
    EQUAL(-1, atmqtt_last_error_client());
    CHECK(atmqtt_last_error_command() == NULL);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_options_init(NULL, 0));
    CHECK(strlen(atmqtt_last_error_message()) > 0);
    return NULL;
}

static void each_thread_has_its_own(void)
{
    struct session session;
    pthread_t thread;
    session_begin(&session, OPTIONS("--fault", "cme:code=30,at=COPS"));
    STATUS(ATMQTT_CME_ERROR, atmqtt_modem_command(session.modem, "AT+COPS?", NULL));
    CHECK(pthread_create(&thread, NULL, nothing_has_failed_here, NULL) == 0);
    pthread_join(thread, NULL);
    EQUAL(30, atmqtt_last_error_code());
    /* A call that succeeds leaves it. */
    OK(atmqtt_modem_command(session.modem, "AT", NULL));
    EQUAL(30, atmqtt_last_error_code());
    atmqtt_clear_last_error();
    TEXT("", atmqtt_last_error_message());
    EQUAL(-1, atmqtt_last_error_code());
    CHECK(atmqtt_last_error_command() == NULL);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(every_status_has_a_name),
        TEST(the_version_is_the_header_s),
        TEST(each_thread_has_its_own),
    };
    return RUN(tests);
}
