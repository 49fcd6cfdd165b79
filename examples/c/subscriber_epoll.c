/*
 * Prints messages in a loop of its own: epoll over the port, standard input and signals. Lines of standard input are
 * published to the first topic if it is no filter. Connects again when the connection is lost.
 *
 *   subscriber_epoll -t TOPIC [-t TOPIC...] [-q QOS] [-c COUNT] [-h HOST] [-p PORT] [-i CLIENT_ID] DEVICE
 *
 * Nothing in the loop blocks: every step is a function with _start in its name. Ends at SIGINT, SIGTERM, or after COUNT
 * messages.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atmqtt.h>

enum { MAX_TOPICS = 16 };

/* What is under way, so that its end says what comes next. */
enum step { OPENING, CONNECTING, SUBSCRIBING, RUNNING, LEAVING };

struct program {
    atmqtt_modem *modem;
    atmqtt_client *client;
    const char *host, *id;
    int port;
    atmqtt_subscription topics[MAX_TOPICS];
    size_t topic_count;
    long left;
    enum step step;
    uint64_t operation;
    int done, result;
};

static void fail(struct program *program, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    program->done = program->result = 1;
}

static void start(struct program *program, enum step step)
{
    int status = ATMQTT_OK;
    program->step = step;
    switch (step) {
    case OPENING:
        status = atmqtt_client_open_start(program->client, program->host, program->port, 1, &program->operation);
        break;
    case CONNECTING:
        status = atmqtt_client_connect_start(program->client, program->id, NULL, NULL, &program->operation);
        break;
    case SUBSCRIBING:
        status = atmqtt_client_subscribe_start(program->client, program->topics, program->topic_count,
                                               &program->operation);
        break;
    case RUNNING: fprintf(stderr, "subscribed\n"); break;
    case LEAVING:
        if (atmqtt_client_state(program->client) == ATMQTT_STATE_CONNECTED)
            status = atmqtt_client_disconnect_start(program->client, &program->operation);
        else
            program->done = 1;
        break;
    }
    if (status != ATMQTT_OK)
        fail(program, "start", atmqtt_last_error_message());
}

static void completed(struct program *program, const atmqtt_event *event)
{
    if (event->operation != program->operation) {
        if (event->status != ATMQTT_OK)
            fprintf(stderr, "publish: %s\n", event->text);
        return;
    }
    if (program->step == LEAVING)
        program->done = 1;
    else if (event->status != ATMQTT_OK)
        fail(program, "connection", event->text);
    else
        start(program, program->step + 1);
}

static void message(struct program *program, const atmqtt_event *event)
{
    fwrite(event->topic, 1, event->topic_length, stdout);
    fputs(": ", stdout);
    fwrite(event->payload, 1, event->payload_length, stdout);
    fputc('\n', stdout);
    fflush(stdout);
    if (program->left > 0 && --program->left == 0)
        start(program, LEAVING);
}

/* Takes all that there is. */
static void take_events(struct program *program)
{
    atmqtt_event *event;
    while (!program->done) {
        if (atmqtt_modem_next_event(program->modem, 0, &event) != ATMQTT_OK) {
            fail(program, "port", atmqtt_last_error_message());
            return;
        }
        if (event == NULL)
            return;
        switch (event->type) {
        case ATMQTT_EVENT_MESSAGE: message(program, event); break;
        case ATMQTT_EVENT_COMPLETED: completed(program, event); break;
        case ATMQTT_EVENT_DISCONNECTED:
        case ATMQTT_EVENT_PING_FAILED:
        case ATMQTT_EVENT_RESTARTED:
            fprintf(stderr, "connection lost: %s\n", event->text);
            /* While it was being made, its own end says so. */
            if (program->step == RUNNING)
                start(program, OPENING);
            break;
        case ATMQTT_EVENT_PORT_CLOSED: fail(program, "port", event->text); break;
        case ATMQTT_EVENT_LAGGED:
            fprintf(stderr, "%llu messages dropped\n", (unsigned long long)event->count);
            break;
        default: break;
        }
        atmqtt_event_free(event);
    }
}

/* 0 at its end. */
static int take_input(struct program *program)
{
    char line[1500];
    uint64_t operation;
    ssize_t length = read(STDIN_FILENO, line, sizeof line);
    if (length <= 0)
        return 0;
    if (line[length - 1] == '\n')
        length--;
    if (atmqtt_client_publish_start(program->client, program->topics[0].topic, line, (size_t)length, 1, 0,
                                    &operation) != ATMQTT_OK)
        fprintf(stderr, "publish: %s\n", atmqtt_last_error_message());
    return 1;
}

static void watch(int epoll, int fd)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
    /* Standard input from a file cannot be watched, and need not be. */
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
}

static int run(struct program *program)
{
    int events;
    if (atmqtt_modem_client(program->modem, 0, &program->client) != ATMQTT_OK ||
        atmqtt_modem_event_fd(program->modem, &events) != ATMQTT_OK) {
        fprintf(stderr, "port: %s\n", atmqtt_last_error_message());
        return 1;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int ended = signalfd(-1, &signals, SFD_CLOEXEC);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, events);
    watch(epoll, ended);

    int listening = 0;
    start(program, OPENING);
    while (!program->done) {
        struct epoll_event ready[3];
        int count = epoll_wait(epoll, ready, 3, -1);
        for (int i = 0; i < count && !program->done; i++) {
            if (ready[i].data.fd == events)
                take_events(program);
            else if (ready[i].data.fd == STDIN_FILENO) {
                if (!take_input(program))
                    epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
            } else if (program->step == LEAVING)
                program->done = 1; /* A second signal: at once. */
            else {
                struct signalfd_siginfo taken;
                if (read(ended, &taken, sizeof taken) == sizeof taken)
                    start(program, LEAVING);
            }
        }
        if (program->step == RUNNING && !listening) {
            listening = 1;
            watch(epoll, STDIN_FILENO);
        }
    }
    close(epoll);
    close(ended);
    return program->result;
}

static int usage(const char *name)
{
    fprintf(stderr,
            "usage: %s -t TOPIC [-t TOPIC...] [-q QOS] [-c COUNT] [-h HOST] [-p PORT] [-i CLIENT_ID] DEVICE\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    struct program program = {.host = "broker.example", .id = "atmqtt-subscriber", .port = 1883};
    int option, qos = 1;
    while ((option = getopt(argc, argv, "t:q:c:h:p:i:")) != -1) {
        switch (option) {
        case 't':
            if (program.topic_count == MAX_TOPICS)
                return usage(argv[0]);
            program.topics[program.topic_count++].topic = optarg;
            break;
        case 'q': qos = atoi(optarg); break;
        case 'c': program.left = atol(optarg); break;
        case 'h': program.host = optarg; break;
        case 'p': program.port = atoi(optarg); break;
        case 'i': program.id = optarg; break;
        default: return usage(argv[0]);
        }
    }
    if (program.topic_count == 0 || optind != argc - 1)
        return usage(argv[0]);
    for (size_t i = 0; i < program.topic_count; i++)
        program.topics[i].qos = qos;

    if (atmqtt_modem_open(argv[optind], NULL, &program.modem) != ATMQTT_OK) {
        fprintf(stderr, "open the port: %s\n", atmqtt_last_error_message());
        return 1;
    }
    int result = run(&program);
    atmqtt_client_free(program.client);
    atmqtt_modem_free(program.modem);
    return result;
}
