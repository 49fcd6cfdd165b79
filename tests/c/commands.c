/* Other AT commands, through the port. */
#include <string.h>

#include "support/check.h"
#include "support/inbox.h"
#include "support/session.h"

static void answers_are_lines(void)
{
    struct session session;
    atmqtt_lines *answer = NULL;
    session_begin(&session, NULL);

    OK(atmqtt_modem_command(session.modem, "AT+CSQ", &answer));
    EQUAL(1, answer->count);
    CONTAINS("+CSQ: ", answer->lines[0]);
    CHECK(answer->lines[1] == NULL);
    atmqtt_lines_free(answer);

    OK(atmqtt_modem_command(session.modem, "AT", &answer));
    EQUAL(0, answer->count);
    CHECK(answer->lines[0] == NULL);
    atmqtt_lines_free(answer);

    OK(atmqtt_modem_command(session.modem, "ATI", NULL));
    session_end(&session);
}

static void refusals_of_the_module_are_told(void)
{
    struct session session;
    atmqtt_lines *answer = (atmqtt_lines *)&session;
    session_begin(&session, OPTIONS("--fault", "cme:code=14,at=CSQ"));

    STATUS(ATMQTT_CME_ERROR, atmqtt_modem_command(session.modem, "AT+CSQ", &answer));
    EQUAL(14, atmqtt_last_error_code());
    TEXT("AT+CSQ", atmqtt_last_error_command());
    EQUAL(-1, atmqtt_last_error_client());
    STATUS(ATMQTT_MODULE_ERROR, atmqtt_modem_command(session.modem, "AT+NOSUCHTHING", &answer));
    TEXT("AT+NOSUCHTHING", atmqtt_last_error_command());
    CHECK(answer == (atmqtt_lines *)&session);
    session_end(&session);
}

static void what_would_break_the_line_is_refused(void)
{
    static const char *const lines[] = {
        "AT+QMTOPEN=0,\"a\",1", "ATE1",        "ATV0", "ATQ1",       "AT&F", "ATZ",  "A/", "AT+IPR=9600",
        "ATD123",               "AT\rAT+CSQ", "",     "CSQ",        "AT\nAT", "ATO", "AT\x01",
    };
    struct session session;
    session_begin(&session, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_command(session.modem, lines[i], NULL));
        CHECK(strlen(atmqtt_last_error_message()) > 20);
    }
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_command(session.modem, "AT\xff", NULL));
    CONTAINS("UTF-8", atmqtt_last_error_message());
    /* Nothing of it has reached the module. */
    OK(atmqtt_modem_command(session.modem, "AT", NULL));
    session_end(&session);
}

static void without_waiting(void)
{
    struct session session;
    struct received received;
    uint64_t operation = 0;
    session_begin(&session, NULL);
    OK(atmqtt_modem_command_start(session.modem, "AT+CSQ", &operation));
    CHECK(operation != 0);
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(operation, received.event.operation);
    EQUAL(ATMQTT_OK, received.event.status);
    CONTAINS("+CSQ: ", received.text);

    OK(atmqtt_modem_command_start(session.modem, "AT+NOSUCHTHING", &operation));
    next_of_type(session.modem, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(operation, received.event.operation);
    EQUAL(ATMQTT_MODULE_ERROR, received.event.status);
    CONTAINS("AT+NOSUCHTHING", received.text);

    /* Nobody wants to know. */
    OK(atmqtt_modem_command_start(session.modem, "AT", NULL));
    OK(atmqtt_modem_command(session.modem, "AT", NULL));
    atmqtt_event *event;
    OK(atmqtt_modem_next_event(session.modem, 0, &event));
    CHECK(event == NULL);
    session_end(&session);
}

static void data_after_a_prompt(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_lines *answer;
    /* A file by hand: CONNECT asks for its bytes. */
    OK(atmqtt_modem_command(session.modem, "AT+QFOPEN=\"UFS:by-hand\",0", &answer));
    EQUAL(1, answer->count);
    char line[64] = "AT+QFWRITE=";
    strcat(line, strchr(answer->lines[0], ' ') + 1);
    strcat(line, ",5");
    atmqtt_lines_free(answer);
    OK(atmqtt_modem_command_with_data(session.modem, line, "a\r\nOK", 5, &answer));
    CONTAINS("+QFWRITE: 5", answer->lines[0]);
    atmqtt_lines_free(answer);
    session_end(&session);
}

static void a_limit_of_time(void)
{
    struct session session;
    session_begin(&session, OPTIONS("--fault", "delay-final:at=CSQ,ms=400"));
    OK(atmqtt_modem_set_timeout(session.modem, 20));
    STATUS(ATMQTT_UNCONFIRMED, atmqtt_modem_command(session.modem, "AT+CSQ", NULL));
    TEXT("AT+CSQ", atmqtt_last_error_command());
    OK(atmqtt_modem_set_timeout(session.modem, -1));
    OK(atmqtt_modem_command(session.modem, "AT", NULL));
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(answers_are_lines),
        TEST(refusals_of_the_module_are_told),
        TEST(what_would_break_the_line_is_refused),
        TEST(without_waiting),
        TEST(data_after_a_prompt),
        TEST(a_limit_of_time),
    };
    return RUN(tests);
}
