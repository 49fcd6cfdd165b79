/* The table of cases that every language runs; see tests/cases/README.md. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/emulator.h"

enum { COLUMNS = 6, LONGEST_LINE = 512, MAX_FAULTS = 4, MAX_EVENTS = 8, EVENT_NAME = 32, LONG_PAYLOAD = 2000 };

static const char PAYLOAD[] = "{\"a\":\"1,2\"}";
static const char BYTES_OF_FILE[] = "0123456789";
/* Far more than any event takes. */
static const int64_t PATIENCE_MS = 60000;

struct seen {
    size_t count;
    char names[MAX_EVENTS][EVENT_NAME];
};

static char *trimmed(char *text)
{
    while (*text == ' ')
        text++;
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\n'))
        text[--length] = '\0';
    return text;
}

static atmqtt_client *closed_client(atmqtt_modem *modem)
{
    atmqtt_client *client;
    atmqtt_client_config config;
    OK(atmqtt_modem_client(modem, 0, &client));
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.packet_timeout = 1;
    config.packet_retries = 0;
    config.keepalive = 0;
    OK(atmqtt_client_configure(client, &config));
    return client;
}

static atmqtt_client *open_client(atmqtt_modem *modem)
{
    atmqtt_client *client = closed_client(modem);
    OK(atmqtt_client_open(client, "broker.example", 1883, 0));
    return client;
}

static int connect_client(atmqtt_client *client)
{
    return atmqtt_client_connect(client, "case", "user", "secret");
}

static atmqtt_client *connected_client(atmqtt_modem *modem)
{
    atmqtt_client *client = open_client(modem);
    OK(connect_client(client));
    return client;
}

/* Operations on the port. */

static int run_command(atmqtt_modem *modem, const char *argument)
{
    return atmqtt_modem_command(modem, argument, NULL);
}

static int run_client(atmqtt_modem *modem, const char *argument)
{
    atmqtt_client *client = NULL;
    int status = atmqtt_modem_client(modem, atoi(argument), &client);
    atmqtt_client_free(client);
    return status;
}

static int run_upload(atmqtt_modem *modem, const char *argument)
{
    return atmqtt_files_upload(modem, argument, BYTES_OF_FILE, strlen(BYTES_OF_FILE), NULL);
}

static int run_download(atmqtt_modem *modem, const char *argument)
{
    atmqtt_bytes *bytes = NULL;
    int status = atmqtt_files_download(modem, argument, &bytes);
    atmqtt_bytes_free(bytes);
    return status;
}

static int run_delete(atmqtt_modem *modem, const char *argument)
{
    return atmqtt_files_delete(modem, argument);
}

static int run_tls(atmqtt_modem *modem, const char *argument)
{
    (void)argument;
    static const char NONE[] = "no certificate";
    atmqtt_tls_options options;
    OK(atmqtt_tls_options_init(&options, sizeof options));
    options.ca.pem = NONE;
    options.ca.pem_length = strlen(NONE);
    return atmqtt_tls_configure(modem, 0, &options);
}

/* Operations on client 0, in the state that they need. */

static int run_keepalive(atmqtt_client *client, const char *argument)
{
    atmqtt_client_config config;
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.keepalive = atoi(argument);
    return atmqtt_client_configure(client, &config);
}

static int run_open(atmqtt_client *client, const char *argument)
{
    return atmqtt_client_open(client, argument, 1883, 0);
}

static int run_connect(atmqtt_client *client, const char *argument)
{
    (void)argument;
    return connect_client(client);
}

static int run_subscribe(atmqtt_client *client, const char *argument)
{
    atmqtt_subscription topic = {argument, 1};
    return atmqtt_client_subscribe(client, &topic, 1, NULL);
}

static int run_unsubscribe(atmqtt_client *client, const char *argument)
{
    return atmqtt_client_unsubscribe(client, &argument, 1);
}

static int publish(atmqtt_client *client, const char *topic, int qos)
{
    return atmqtt_client_publish(client, topic, PAYLOAD, strlen(PAYLOAD), qos, 0);
}

static int run_publish0(atmqtt_client *client, const char *argument)
{
    return publish(client, argument, 0);
}

static int run_publish1(atmqtt_client *client, const char *argument)
{
    return publish(client, argument, 1);
}

static int run_publish2(atmqtt_client *client, const char *argument)
{
    return publish(client, argument, 2);
}

static int run_publish_long(atmqtt_client *client, const char *argument)
{
    char payload[LONG_PAYLOAD];
    size_t length = (size_t)atoi(argument);
    CHECK(length <= sizeof payload);
    memset(payload, 'x', sizeof payload);
    return atmqtt_client_publish(client, "t", payload, length, 1, 0);
}

static int run_disconnect(atmqtt_client *client, const char *argument)
{
    (void)argument;
    return atmqtt_client_disconnect(client);
}

static int run_close(atmqtt_client *client, const char *argument)
{
    (void)argument;
    return atmqtt_client_close(client);
}

typedef atmqtt_client *ready(atmqtt_modem *modem);

static const struct operation {
    const char *name;
    int (*on_port)(atmqtt_modem *modem, const char *argument);
    ready *client;
    int (*on_client)(atmqtt_client *client, const char *argument);
} OPERATIONS[] = {
    {"command", run_command, NULL, NULL},
    {"client", run_client, NULL, NULL},
    {"upload", run_upload, NULL, NULL},
    {"download", run_download, NULL, NULL},
    {"delete", run_delete, NULL, NULL},
    {"tls", run_tls, NULL, NULL},
    {"keepalive", NULL, closed_client, run_keepalive},
    {"open", NULL, closed_client, run_open},
    {"connect", NULL, open_client, run_connect},
    {"subscribe", NULL, connected_client, run_subscribe},
    {"unsubscribe", NULL, connected_client, run_unsubscribe},
    {"publish0", NULL, connected_client, run_publish0},
    {"publish1", NULL, connected_client, run_publish1},
    {"publish2", NULL, connected_client, run_publish2},
    {"publish-long", NULL, connected_client, run_publish_long},
    {"disconnect", NULL, connected_client, run_disconnect},
    {"close", NULL, connected_client, run_close},
};

static int operate(atmqtt_modem *modem, const char *name, const char *argument)
{
    if (strcmp(name, "closed-port") == 0) {
        atmqtt_client *client = connected_client(modem);
        OK(atmqtt_modem_close(modem));
        int status = publish(client, "t", 0);
        atmqtt_client_free(client);
        return status;
    }
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
        const struct operation *operation = &OPERATIONS[i];
        if (strcmp(operation->name, name) != 0)
            continue;
        if (operation->on_port != NULL)
            return operation->on_port(modem, argument);
        atmqtt_client *client = operation->client(modem);
        int status = operation->on_client(client, argument);
        atmqtt_client_free(client);
        return status;
    }
    FAIL("no such operation: %s", name);
}

static void note(struct seen *seen, const atmqtt_event *event)
{
    char *name = seen->names[seen->count];
    switch (event->type) {
    case ATMQTT_EVENT_DISCONNECTED:
        snprintf(name, EVENT_NAME, "disconnected:%d", event->code);
        break;
    case ATMQTT_EVENT_PING_FAILED:
        snprintf(name, EVENT_NAME, "ping-failed");
        break;
    case ATMQTT_EVENT_RESTARTED:
        snprintf(name, EVENT_NAME, "restarted");
        break;
    case ATMQTT_EVENT_PDP_DEACTIVATED:
        snprintf(name, EVENT_NAME, "pdp-deactivated:%d", event->code);
        break;
    case ATMQTT_EVENT_PORT_CLOSED:
        snprintf(name, EVENT_NAME, "port-closed:%d", event->status);
        break;
    default:
        return;
    }
    CHECK(seen->count + 1 < MAX_EVENTS);
    seen->count++;
}

/* Takes one event; whether there was one. */
static int take(atmqtt_modem *modem, int64_t timeout_ms, struct seen *seen)
{
    atmqtt_event *event = NULL;
    int status = atmqtt_modem_next_event(modem, timeout_ms, &event);
    if (status == ATMQTT_CLOSED)
        return 0;
    STATUS(ATMQTT_OK, status);
    if (event == NULL)
        return 0;
    note(seen, event);
    atmqtt_event_free(event);
    return 1;
}

static void run_case(char *line)
{
    char *columns[COLUMNS];
    size_t count = 0;
    for (char *rest = line; rest != NULL && count < COLUMNS;) {
        char *bar = strchr(rest, '|');
        if (bar != NULL)
            *bar++ = '\0';
        columns[count++] = trimmed(rest);
        rest = bar;
    }
    EQUAL(COLUMNS, count);

    const char *options[2 * MAX_FAULTS + 1] = {NULL};
    size_t option = 0;
    for (char *fault = strtok(columns[1], " "); fault != NULL; fault = strtok(NULL, " ")) {
        if (strcmp(fault, "-") == 0)
            break;
        CHECK(option < 2 * MAX_FAULTS);
        options[option++] = "--fault";
        options[option++] = fault;
    }
    size_t expected_count = 0;
    const char *expected[MAX_EVENTS];
    for (char *name = strtok(columns[5], " "); name != NULL; name = strtok(NULL, " ")) {
        if (strcmp(name, "-") == 0)
            break;
        CHECK(expected_count < MAX_EVENTS);
        expected[expected_count++] = name;
    }
    char *argument = strchr(columns[2], ' ');
    if (argument != NULL)
        *argument++ = '\0';

    struct emulator emulator;
    emulator_start(&emulator, options);
    atmqtt_modem *modem;
    OK(atmqtt_modem_open(emulator.path, NULL, &modem));

    atmqtt_clear_last_error();
    int status = operate(modem, columns[2], argument != NULL ? argument : "");
    int code = status == ATMQTT_OK ? -1 : atmqtt_last_error_code();
    if (status != atoi(columns[3]))
        FAIL("%s answers %d, expected %s: %s", columns[0], status, columns[3], atmqtt_last_error_message());
    if (code != (strcmp(columns[4], "-") == 0 ? -1 : atoi(columns[4])))
        FAIL("%s gives code %d, expected %s", columns[0], code, columns[4]);

    struct seen seen = {0};
    while (seen.count < expected_count && take(modem, PATIENCE_MS, &seen)) {
    }
    /* What is there already counts as well. */
    while (take(modem, 0, &seen)) {
    }
    for (size_t i = 0; i < seen.count || i < expected_count; i++)
        TEXT(i < expected_count ? expected[i] : "nothing", i < seen.count ? seen.names[i] : "nothing");

    atmqtt_modem_free(modem);
    emulator_stop(&emulator);
}

static void the_table(void)
{
    FILE *table = fopen(CASES, "r");
    if (table == NULL)
        FAIL("%s cannot be read", CASES);
    char line[LONGEST_LINE];
    size_t cases = 0;
    while (fgets(line, sizeof line, table) != NULL) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        run_case(line);
        cases++;
    }
    fclose(table);
    CHECK(cases > 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(the_table)};
    return RUN(tests);
}
