/* The work of peer.rs with this library, from C. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <atmqtt.h>

static atmqtt_modem *modem;
static atmqtt_client *client;

static void check(const char *what, int status)
{
    if (status == ATMQTT_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, atmqtt_last_error_message());
    exit(1);
}

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void command(void)
{
    check("command", atmqtt_modem_command(modem, "AT", NULL));
}

static void publish(void)
{
    static const char payload[64];
    check("publish", atmqtt_client_publish(client, "out", payload, sizeof payload, 0, 0));
}

static void receive(void)
{
    atmqtt_event *event;
    for (;;) {
        check("receive", atmqtt_modem_next_event(modem, -1, &event));
        int type = event->type;
        size_t length = event->payload_length;
        atmqtt_event_free(event);
        if (type != ATMQTT_EVENT_MESSAGE)
            continue;
        if (length != 64)
            exit(1);
        return;
    }
}

/* Tells when it was called with every URC. */
static void heard(const atmqtt_event *event, void *unused)
{
    struct timespec called;
    clock_gettime(CLOCK_MONOTONIC, &called);
    (void)unused;
    if (event->type != ATMQTT_EVENT_URC)
        return;
    printf("%" PRId64 "\n", (int64_t)called.tv_sec * 1000000000 + called.tv_nsec);
    fflush(stdout);
}

static int listen_to_urcs(void)
{
    check("listen", atmqtt_modem_set_event_callback(modem, heard, NULL, NULL));
    puts("ready");
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    check("open the port", atmqtt_modem_open(argv[2], NULL, &modem));
    if (strcmp(argv[1], "urc") == 0)
        return listen_to_urcs();
    void (*work)(void) = command;
    if (strcmp(argv[1], "command") != 0) {
        check("take a client", atmqtt_modem_client(modem, 0, &client));
        check("open", atmqtt_client_open(client, "broker.example", 1883, 0));
        check("connect", atmqtt_client_connect(client, "peer", NULL, NULL));
        work = publish;
    }
    if (strcmp(argv[1], "receive") == 0) {
        const atmqtt_subscription topic = {"in", 0};
        check("subscribe", atmqtt_client_subscribe(client, &topic, 1, NULL));
        work = receive;
    }
    puts("ready");
    fflush(stdout);
    long times;
    while (scanf("%ld", &times) == 1) {
        double begun = now(CLOCK_MONOTONIC), before = now(CLOCK_PROCESS_CPUTIME_ID);
        for (long i = 0; i < times; i++)
            work();
        printf("%.9f %.9f\n", now(CLOCK_MONOTONIC) - begun, now(CLOCK_PROCESS_CPUTIME_ID) - before);
        fflush(stdout);
    }
    return 0;
}
