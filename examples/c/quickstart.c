/*
 * Opens a port, connects, subscribes, and sends three messages to itself.
 *
 *   quickstart [-h HOST] [-p PORT] DEVICE
 *
 * Without hardware: cargo run -p atmqtt-emulator, and the device that it prints.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atmqtt.h>

#define TOPIC "atmqtt/quickstart"

static atmqtt_modem *modem;

static void on_signal(int signal)
{
    (void)signal;
    atmqtt_modem_interrupt(modem);
}

/* Ends the program where a call fails. */
static void check(const char *what, int status)
{
    if (status == ATMQTT_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, atmqtt_last_error_message());
    exit(1);
}

/* The next message; NULL after a signal. */
static atmqtt_event *next_message(void)
{
    for (;;) {
        atmqtt_event *event;
        check("receive", atmqtt_modem_next_event(modem, -1, &event));
        if (event == NULL || event->type == ATMQTT_EVENT_MESSAGE)
            return event;
        atmqtt_event_free(event);
    }
}

int main(int argc, char **argv)
{
    const char *host = "broker.example", *usage = "usage: %s [-h HOST] [-p PORT] DEVICE\n";
    int port = 1883, option;
    while ((option = getopt(argc, argv, "h:p:")) != -1) {
        switch (option) {
        case 'h': host = optarg; break;
        case 'p': port = atoi(optarg); break;
        default: fprintf(stderr, usage, argv[0]); return 2;
        }
    }
    if (optind != argc - 1) {
        fprintf(stderr, usage, argv[0]);
        return 2;
    }

    check("open the port", atmqtt_modem_open(argv[optind], NULL, &modem));
    /* Ctrl-C ends whatever is waited for. */
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);

    atmqtt_module_info *info;
    check("ask the module", atmqtt_modem_info(modem, &info));
    printf("%s: %s %s\n", argv[optind], info->manufacturer, info->model);
    atmqtt_modem_info_free(info);

    atmqtt_client *client;
    check("take a client", atmqtt_modem_client(modem, 0, &client));
    check("open", atmqtt_client_open(client, host, port, 0));
    check("connect", atmqtt_client_connect(client, "atmqtt-quickstart", NULL, NULL));
    const atmqtt_subscription topic = {TOPIC, 1};
    check("subscribe", atmqtt_client_subscribe(client, &topic, 1, NULL));
    const char *texts[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++)
        check("publish", atmqtt_client_publish(client, TOPIC, texts[i], strlen(texts[i]), 1, 0));

    for (int i = 0; i < 3; i++) {
        atmqtt_event *message = next_message();
        if (message == NULL)
            break;
        printf("%s: %.*s\n", message->topic, (int)message->payload_length, (const char *)message->payload);
        atmqtt_event_free(message);
    }

    check("disconnect", atmqtt_client_disconnect(client));
    printf("disconnected\n");
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
    return 0;
}
