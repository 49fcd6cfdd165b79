/* The log of the library. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/session.h"

struct record {
    pthread_mutex_t mutex;
    char text[65536];
    int worst, calls, dropped, wire, refused;
};

static void record(int32_t level, const char *target, const char *message, void *user_data)
{
    struct record *record = user_data;
    /* No function of the library can be called here. */
    char name[8];
    int status = atmqtt_modem_port_name(NULL, name, sizeof name);
    pthread_mutex_lock(&record->mutex);
    record->calls++;
    record->refused += status == ATMQTT_CALLED_FROM_CALLBACK;
    record->wire += strcmp(target, "atmqtt::wire") == 0;
    if (level > record->worst)
        record->worst = level;
    if (strlen(record->text) + strlen(message) + 2 < sizeof record->text)
        strcat(strcat(record->text, message), "\n");
    pthread_mutex_unlock(&record->mutex);
}

static void dropped(void *user_data)
{
    struct record *record = user_data;
    record->dropped++;
}

static void every_line_with_secrets_masked(void)
{
    static struct record all = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    static struct record few = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct session session;
    OK(atmqtt_set_log_callback(ATMQTT_LOG_TRACE, record, &all, dropped));
    session_begin(&session, NULL);
    OK(atmqtt_client_open(session.client, "broker.example", 1883, 0));
    OK(atmqtt_client_connect(session.client, "device", "user-name", "s3cret-word"));

    OK(atmqtt_set_log_callback(ATMQTT_LOG_ERROR, record, &few, dropped));
    EQUAL(1, all.dropped);
    CONTAINS("AT+QMTOPEN=0,", all.text);
    CONTAINS("AT+QMTCONN=0,", all.text);
    CHECK(strstr(all.text, "s3cret-word") == NULL);
    CHECK(all.wire > 5);
    EQUAL(ATMQTT_LOG_TRACE, all.worst);
    EQUAL(all.calls, all.refused);

    OK(atmqtt_modem_command(session.modem, "AT", NULL));
    EQUAL(0, few.calls);
    OK(atmqtt_set_log_callback(ATMQTT_LOG_OFF, NULL, NULL, NULL));
    EQUAL(1, few.dropped);

    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_set_log_callback(6, record, &few, dropped));
    EQUAL(2, few.dropped);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_set_log_callback(-1, record, &few, dropped));
    EQUAL(3, few.dropped);
    OK(atmqtt_set_log_callback(ATMQTT_LOG_TRACE, NULL, &few, dropped));
    EQUAL(4, few.dropped);
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(every_line_with_secrets_masked)};
    return RUN(tests);
}
