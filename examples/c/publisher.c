/*
 * Publishes each line of standard input, up to five at a time under way.
 *
 *   publisher -t TOPIC [-q QOS] [-r] [-h HOST] [-p PORT] [-i CLIENT_ID] [-u USER] [-P PASSWORD] DEVICE
 *
 * Exit status: 0 everything was published; 1 something was not; 2 wrong options; 130 interrupted.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atmqtt.h>

static atmqtt_modem *modem;
static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
    atmqtt_modem_interrupt(modem);
}

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, atmqtt_last_error_message());
    return 1;
}

/* Waits for the end of one message; 0 if it was published. */
static int await_one(void)
{
    for (;;) {
        atmqtt_event *event;
        if (atmqtt_modem_next_event(modem, -1, &event) != ATMQTT_OK)
            return failed("wait");
        if (event == NULL) {
            if (interrupted)
                return 1;
            continue;
        }
        int type = event->type, status = event->status;
        if (type == ATMQTT_EVENT_COMPLETED && status != ATMQTT_OK)
            fprintf(stderr, "publish: %s\n", event->text);
        else if (type == ATMQTT_EVENT_DISCONNECTED)
            fprintf(stderr, "disconnected: %s\n", event->text);
        atmqtt_event_free(event);
        if (type == ATMQTT_EVENT_COMPLETED)
            return status != ATMQTT_OK;
    }
}

static int publish_lines(atmqtt_client *client, const char *topic, int qos, int retain)
{
    enum { WINDOW = 5 };
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int under_way = 0, lost = 0;
    while (!interrupted && (length = getline(&line, &size, stdin)) >= 0) {
        uint64_t operation;
        if (length > 0 && line[length - 1] == '\n')
            length--;
        if (under_way == WINDOW) {
            lost += await_one();
            under_way--;
        }
        if (atmqtt_client_publish_start(client, topic, line, (size_t)length, qos, retain, &operation) != ATMQTT_OK)
            lost += failed("publish");
        else
            under_way++;
    }
    for (; under_way > 0 && !interrupted; under_way--)
        lost += await_one();
    free(line);
    return lost != 0;
}

static int usage(const char *name)
{
    fprintf(stderr,
            "usage: %s -t TOPIC [-q QOS] [-r] [-h HOST] [-p PORT] [-i CLIENT_ID] [-u USER] [-P PASSWORD] DEVICE\n",
            name);
    return 2;
}

int main(int argc, char **argv)
{
    const char *topic = NULL, *host = "broker.example", *id = "atmqtt-publisher", *user = NULL, *password = NULL;
    int port = 1883, qos = 1, retain = 0, option, result;
    while ((option = getopt(argc, argv, "t:q:rh:p:i:u:P:")) != -1) {
        switch (option) {
        case 't': topic = optarg; break;
        case 'q': qos = atoi(optarg); break;
        case 'r': retain = 1; break;
        case 'h': host = optarg; break;
        case 'p': port = atoi(optarg); break;
        case 'i': id = optarg; break;
        case 'u': user = optarg; break;
        case 'P': password = optarg; break;
        default: return usage(argv[0]);
        }
    }
    if (topic == NULL || optind != argc - 1)
        return usage(argv[0]);

    if (atmqtt_modem_open(argv[optind], NULL, &modem) != ATMQTT_OK)
        return failed("open the port");
    /* Without SA_RESTART, so that Ctrl-C also ends the wait for a line of input. */
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    atmqtt_client *client = NULL;
    atmqtt_event *none = NULL;
    if (atmqtt_modem_client(modem, 0, &client) != ATMQTT_OK ||
        atmqtt_client_open(client, host, port, 1) != ATMQTT_OK ||
        atmqtt_client_connect(client, id, user, password) != ATMQTT_OK ||
        /* From here on what happens is kept for await_one(). */
        atmqtt_modem_next_event(modem, 0, &none) != ATMQTT_OK) {
        result = failed("connect");
    } else {
        atmqtt_event_free(none);
        result = publish_lines(client, topic, qos, retain);
        if (atmqtt_client_state(client) == ATMQTT_STATE_CONNECTED && atmqtt_client_disconnect(client) != ATMQTT_OK)
            result = failed("disconnect");
    }
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
    return interrupted ? 130 : result;
}
