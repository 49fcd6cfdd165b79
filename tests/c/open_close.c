/* Opening and closing ports. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/session.h"

static void opens_and_closes(void)
{
    struct emulator emulator;
    atmqtt_modem *modem;
    EMULATOR(&emulator, "--profile", "ec200u");

    OK(atmqtt_modem_open(emulator.path, NULL, &modem));
    EQUAL(1, atmqtt_modem_is_open(modem));
    OK(atmqtt_modem_close(modem));
    EQUAL(0, atmqtt_modem_is_open(modem));
    OK(atmqtt_modem_close(modem));
    atmqtt_modem_free(modem);

    /* And once more: nothing is left of the first. */
    OK(atmqtt_modem_open(emulator.path, NULL, &modem));
    EQUAL(1, atmqtt_modem_is_open(modem));
    atmqtt_modem_free(modem);
    emulator_stop(&emulator);
}

static void tells_its_name(void)
{
    struct session session;
    char name[256], small[4] = "abc";
    session_begin(&session, NULL);

    OK(atmqtt_modem_port_name(session.modem, name, sizeof name));
    TEXT(session.emulator.path, name);
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_port_name(session.modem, small, sizeof small));
    TEXT("abc", small);
    CONTAINS("size is 4", atmqtt_last_error_message());
    /* The NUL counts. */
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_port_name(session.modem, name, strlen(name)));
    OK(atmqtt_modem_port_name(session.modem, name, strlen(name) + 1));
    session_end(&session);
}

static void options_have_defaults(void)
{
    atmqtt_modem_options options;
    memset(&options, 0xA5, sizeof options);
    OK(atmqtt_modem_options_init(&options, sizeof options));
    EQUAL(sizeof options, options.struct_size);
    EQUAL(115200, options.baud_rate);
    EQUAL(ATMQTT_FLOW_NONE, options.flow_control);
    EQUAL(1, options.dtr);
    EQUAL(0, options.hang_up_on_close);
    EQUAL(1024, options.message_capacity);
    EQUAL(64, options.urc_capacity);
    EQUAL(65536, options.max_payload);
    EQUAL(11000, options.patience_ms);
    EQUAL(100, options.silence_ms);
    CHECK(options.trace_path == NULL);
}

static void options_are_used(void)
{
    struct emulator emulator;
    atmqtt_modem *modem;
    atmqtt_modem_options options;
    EMULATOR(&emulator, "--baud", "921600");
    OK(atmqtt_modem_options_init(&options, sizeof options));
    options.baud_rate = 921600;
    options.flow_control = ATMQTT_FLOW_RTS_CTS;
    options.dtr = 0;
    options.message_capacity = 1;
    options.urc_capacity = 0;
    options.max_payload = 16;
    options.patience_ms = 20000;
    options.silence_ms = 0;
    char trace[] = "/tmp/atmqtt-trace-XXXXXX", start[256] = "";
    close(mkstemp(trace));
    options.trace_path = trace;
    OK(atmqtt_modem_open(emulator.path, &options, &modem));
    atmqtt_modem_free(modem);
    options.trace_path = NULL;
    /* It is a file of its own: what was there under the name is gone. */
    int file = open(trace, O_RDONLY);
    CHECK(file >= 0);
    CHECK(read(file, start, sizeof start - 1) > 0);
    CONTAINS(" > ATQ0V1E0\\r", start);
    close(file);
    unlink(trace);

    /* What is out of range is refused with its name and value, before the port is touched. */
    struct {
        const char *text;
        atmqtt_modem_options options;
    } wrong[5];
    for (size_t i = 0; i < 5; i++)
        OK(atmqtt_modem_options_init(&wrong[i].options, sizeof options));
    wrong[0].text = "flow_control is 2";
    wrong[0].options.flow_control = 2;
    wrong[1].text = "dtr is -1";
    wrong[1].options.dtr = -1;
    wrong[2].text = "hang_up_on_close is 2";
    wrong[2].options.hang_up_on_close = 2;
    wrong[3].text = "message_capacity is 0";
    wrong[3].options.message_capacity = 0;
    wrong[4].text = "baud";
    wrong[4].options.baud_rate = 0;
    for (size_t i = 0; i < 5; i++) {
        modem = (atmqtt_modem *)&options;
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_open(emulator.path, &wrong[i].options, &modem));
        CONTAINS(wrong[i].text, atmqtt_last_error_message());
        CHECK(modem == (atmqtt_modem *)&options);
    }
    emulator_stop(&emulator);
}

static void a_port_that_is_not_there(void)
{
    atmqtt_modem *modem = NULL;
    STATUS(ATMQTT_PORT_LOST, atmqtt_modem_open("/dev/there-is-no-such-port", NULL, &modem));
    CONTAINS("/dev/there-is-no-such-port", atmqtt_last_error_message());
    CHECK(modem == NULL);
}

static void a_port_that_is_taken(void)
{
    struct session session;
    atmqtt_modem *second = NULL;
    session_begin(&session, NULL);
    STATUS(ATMQTT_PORT_BUSY, atmqtt_modem_open(session.emulator.path, NULL, &second));
    CONTAINS(session.emulator.path, atmqtt_last_error_message());
    CHECK(second == NULL);
    session_end(&session);
}

static void a_device_that_does_not_answer(void)
{
    /* A pseudo-terminal that nobody serves. */
    int device = posix_openpt(O_RDWR | O_NOCTTY);
    char path[64];
    atmqtt_modem *modem;
    atmqtt_modem_options options;
    CHECK(device >= 0 && grantpt(device) == 0 && unlockpt(device) == 0);
    CHECK(ptsname_r(device, path, sizeof path) == 0);
    OK(atmqtt_modem_options_init(&options, sizeof options));
    options.patience_ms = 100;
    STATUS(ATMQTT_TIMEOUT, atmqtt_modem_open(path, &options, &modem));
    CONTAINS("does not answer", atmqtt_last_error_message());
    close(device);
}

static void a_port_that_vanishes(void)
{
    struct session session;
    atmqtt_event *event;
    session_begin(&session, NULL);
    emulator_stop(&session.emulator);

    OK(atmqtt_modem_next_event(session.modem, -1, &event));
    EQUAL(ATMQTT_EVENT_PORT_CLOSED, event->type);
    EQUAL(ATMQTT_PORT_LOST, event->status);
    CHECK(event->text_length > 0);
    EQUAL(event->text_length, strlen(event->text));
    atmqtt_event_free(event);
    STATUS(ATMQTT_CLOSED, atmqtt_modem_next_event(session.modem, -1, &event));

    EQUAL(0, atmqtt_modem_is_open(session.modem));
    STATUS(ATMQTT_PORT_LOST, atmqtt_modem_command(session.modem, "AT", NULL));
    EQUAL(ATMQTT_STATE_CLOSED, atmqtt_client_state(session.client));
    OK(atmqtt_modem_close(session.modem));
    atmqtt_client_free(session.client);
    atmqtt_modem_free(session.modem);
}

static void a_client_keeps_the_port_open(void)
{
    struct session session;
    session_begin(&session, NULL);
    atmqtt_modem_free(session.modem);
    session_connect(session.client, "alone");
    EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(session.client));
    OK(atmqtt_client_disconnect(session.client));
    atmqtt_client_free(session.client);

    /* The last handle was the last: the port can be opened again. */
    OK(atmqtt_modem_open(session.emulator.path, NULL, &session.modem));
    atmqtt_modem_free(session.modem);
    emulator_stop(&session.emulator);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(opens_and_closes),
        TEST(tells_its_name),
        TEST(options_have_defaults),
        TEST(options_are_used),
        TEST(a_port_that_is_not_there),
        TEST(a_port_that_is_taken),
        TEST(a_device_that_does_not_answer),
        TEST(a_port_that_vanishes),
        TEST(a_client_keeps_the_port_open),
    };
    return RUN(tests);
}
