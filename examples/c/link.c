/*
 * A logger that is left alone on a mast: publishes a reading every few seconds, whatever happens to connection,
 * network, module and port meanwhile, and takes orders from the broker.
 *
 *   link -h HOST[:PORT] [-h HOST[:PORT]...] [-t TOPIC] [-i CLIENT_ID] [-u USER] [-P PASSWORD] [-a APN] [-C CA_FILE]
 *        [-n SECONDS] [-c COUNT] [-o OUTBOX] [-S USB_SERIAL] DEVICE|usb
 *
 * DEVICE is a serial device, or a symbolic link to one; "usb" is the first module of Quectel, or the one with the serial
 * number of -S, under whatever name it has at the moment. -C makes it TLS. -o keeps readings on disk over a loss of
 * power, where the library was built with it.
 *
 * A number that is published to TOPIC/interval is the new number of seconds between readings.
 *
 * SIGUSR1 prints how it is; SIGHUP makes it try at once; SIGINT and SIGTERM end it, after what waits has had five
 * seconds to leave. Ends by itself after COUNT readings that have arrived.
 *
 * Exit status: 0 ended as asked; 1 it could not be started; 2 wrong options.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <atmqtt.h>

enum { MAX_BROKERS = 4, TOPIC_SIZE = 256, GOODBYE_MS = 5000 };

struct logger {
    atmqtt_link *link;
    char topic[TOPIC_SIZE], orders[TOPIC_SIZE + 16], will[TOPIC_SIZE + 16];
    double interval;
    int timer;
    long left;
    int done;
};

/* The sensor would be here. */
static int measure(char *reading, size_t size)
{
    double load = 0;
    return getloadavg(&load, 1) == 1 ? snprintf(reading, size, "{\"time\":%lld,\"load\":%.2f}", (long long)time(NULL), load)
                                     : snprintf(reading, size, "{\"time\":%lld}", (long long)time(NULL));
}

static void set_interval(struct logger *logger, double seconds)
{
    struct itimerspec times = {.it_value.tv_nsec = 1};
    times.it_interval.tv_sec = (time_t)seconds;
    times.it_interval.tv_nsec = (long)((seconds - (double)times.it_interval.tv_sec) * 1e9);
    logger->interval = seconds;
    timerfd_settime(logger->timer, 0, &times, NULL);
}

static void publish_reading(struct logger *logger)
{
    char reading[128];
    uint64_t missed, operation;
    if (read(logger->timer, &missed, sizeof missed) != sizeof missed)
        return;
    int length = measure(reading, sizeof reading);
    /* Accepted is enough: it waits where the link is down. A full queue drops its oldest. */
    if (atmqtt_link_publish_start(logger->link, logger->topic, reading, (size_t)length, 1, 0, &operation) != ATMQTT_OK)
        fprintf(stderr, "publish: %s\n", atmqtt_last_error_message());
}

static void order(struct logger *logger, const atmqtt_event *event)
{
    char *end;
    double seconds = strtod((const char *)event->payload, &end);
    /* Whoever may publish there may be anybody. */
    if (end == (const char *)event->payload || !(seconds >= 0.01 && seconds <= 86400)) {
        fprintf(stderr, "an interval that is none was ignored\n");
        return;
    }
    fprintf(stderr, "every %g s\n", seconds);
    set_interval(logger, seconds);
}

static void print_status(const struct logger *logger)
{
    atmqtt_link_info *info;
    if (atmqtt_link_status(logger->link, &info) != ATMQTT_OK) {
        fprintf(stderr, "status: %s\n", atmqtt_last_error_message());
        return;
    }
    fprintf(stderr,
            "state %d for %lld s, port %s, broker %s:%d; up %llu times, %lld s; %llu waiting, %llu delivered, %llu failed, "
            "%llu sent again%s%s\n",
            (int)info->state, (long long)info->since_ms / 1000, info->port, info->broker_host, (int)info->broker_port,
            (unsigned long long)info->connections, (long long)info->uptime_ms / 1000, (unsigned long long)info->waiting,
            (unsigned long long)info->delivered, (unsigned long long)info->failed, (unsigned long long)info->resent,
            info->cause >= 0 ? "; last trouble: " : "", info->cause_text);
    atmqtt_link_info_free(info);
}

/* Takes all that there is. */
static void take_events(struct logger *logger)
{
    atmqtt_event *event;
    while (!logger->done) {
        if (atmqtt_link_next_event(logger->link, 0, &event) != ATMQTT_OK || event == NULL)
            return;
        switch (event->type) {
        case ATMQTT_EVENT_LINK:
            if (event->to == ATMQTT_LINK_UP)
                fprintf(stderr, "up\n");
            else if (event->retry_in_ms >= 0)
                fprintf(stderr, "down: %s; next try in %.1f s\n", event->text, (double)event->retry_in_ms / 1000);
            break;
        case ATMQTT_EVENT_SUBSCRIBED:
            if (event->granted[0] == ATMQTT_REFUSED)
                fprintf(stderr, "the broker refuses %s\n", event->topic);
            break;
        case ATMQTT_EVENT_COMPLETED:
            if (event->status != ATMQTT_OK)
                fprintf(stderr, "lost: %s\n", event->text);
            else if (logger->left > 0 && --logger->left == 0)
                logger->done = 1;
            break;
        case ATMQTT_EVENT_MESSAGE: order(logger, event); break;
        case ATMQTT_EVENT_OUTBOX_DAMAGED:
            fprintf(stderr, "the outbox was damaged: %llu readings are lost\n", (unsigned long long)event->count);
            break;
        default: break;
        }
        atmqtt_event_free(event);
    }
}

static void take_signal(struct logger *logger, int signals)
{
    struct signalfd_siginfo taken;
    if (read(signals, &taken, sizeof taken) != sizeof taken)
        return;
    if (taken.ssi_signo == SIGUSR1)
        print_status(logger);
    else if (taken.ssi_signo == SIGHUP)
        atmqtt_link_retry(logger->link);
    else
        logger->done = 1;
}

static void watch(int epoll, int fd)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
}

static void run(struct logger *logger, int signals)
{
    int events;
    if (atmqtt_link_event_fd(logger->link, &events) != ATMQTT_OK) {
        fprintf(stderr, "link: %s\n", atmqtt_last_error_message());
        return;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, events);
    watch(epoll, signals);
    watch(epoll, logger->timer);
    while (!logger->done) {
        struct epoll_event ready[3];
        int count = epoll_wait(epoll, ready, 3, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.fd == events)
                take_events(logger);
            else if (ready[i].data.fd == signals)
                take_signal(logger, signals);
            else
                publish_reading(logger);
        }
    }
    close(epoll);
}

static int usage(const char *name)
{
    fprintf(stderr,
            "usage: %s -h HOST[:PORT] [-h HOST[:PORT]...] [-t TOPIC] [-i CLIENT_ID] [-u USER] [-P PASSWORD] [-a APN]\n"
            "       [-C CA_FILE] [-n SECONDS] [-c COUNT] [-o OUTBOX] [-S USB_SERIAL] DEVICE|usb\n",
            name);
    return 2;
}

int main(int argc, char **argv)
{
    struct logger logger = {.topic = "atmqtt/mast", .interval = 60};
    atmqtt_link_options options;
    atmqtt_modem_options modem;
    atmqtt_client_config config;
    atmqtt_tls_options tls;
    atmqtt_apn apn;
    atmqtt_usb_port usb;
    atmqtt_broker brokers[MAX_BROKERS];
    if (atmqtt_link_options_init(&options, sizeof options) || atmqtt_modem_options_init(&modem, sizeof modem) ||
        atmqtt_client_config_init(&config, sizeof config) || atmqtt_tls_options_init(&tls, sizeof tls) ||
        atmqtt_network_apn_init(&apn, sizeof apn) || atmqtt_usb_port_init(&usb, sizeof usb)) {
        fprintf(stderr, "%s\n", atmqtt_last_error_message());
        return 1;
    }
    options.client_id = "atmqtt-mast";
    options.brokers = brokers;
    options.modem = &modem;
    options.config = &config;
    /* The newest readings are worth most. */
    options.queue_messages = 1000;
    options.when_full = ATMQTT_WHEN_FULL_DROP_OLDEST;

    int option;
    while ((option = getopt(argc, argv, "h:t:i:u:P:a:C:n:c:o:S:")) != -1) {
        switch (option) {
        case 'h': {
            if (options.broker_count == MAX_BROKERS)
                return usage(argv[0]);
            atmqtt_broker *broker = &brokers[options.broker_count++];
            char *colon = strrchr(optarg, ':');
            broker->host = optarg;
            broker->port = 0;
            if (colon != NULL) {
                *colon = '\0';
                broker->port = atoi(colon + 1);
            }
            break;
        }
        case 't':
            if (strlen(optarg) >= sizeof logger.topic)
                return usage(argv[0]);
            strcpy(logger.topic, optarg);
            break;
        case 'i': options.client_id = optarg; break;
        case 'u': options.username = optarg; break;
        case 'P': options.password = optarg; break;
        case 'a':
            apn.name = optarg;
            options.apn = &apn;
            break;
        case 'C':
            tls.ca.path = optarg;
            options.tls = &tls;
            break;
        case 'n': logger.interval = atof(optarg); break;
        case 'c': logger.left = atol(optarg); break;
        case 'o': options.outbox_path = optarg; break;
        case 'S': usb.serial = optarg; break;
        default: return usage(argv[0]);
        }
    }
    if (options.broker_count == 0 || optind != argc - 1 || !(logger.interval >= 0.01))
        return usage(argv[0]);
    for (size_t i = 0; i < options.broker_count; i++)
        if (brokers[i].port == 0)
            brokers[i].port = options.tls != NULL ? 8883 : 1883;
    if (strcmp(argv[optind], "usb") == 0)
        options.usb = &usb;
    else
        options.port = argv[optind];

    /* Orders that come while it is down wait at the broker; and the broker tells when it is gone. */
    snprintf(logger.orders, sizeof logger.orders, "%s/interval", logger.topic);
    snprintf(logger.will, sizeof logger.will, "%s/gone", logger.topic);
    const atmqtt_subscription orders = {logger.orders, 1};
    options.subscriptions = &orders;
    options.subscription_count = 1;
    config.clean_session = 0;
    config.will = 1;
    config.will_topic = logger.will;
    config.will_qos = 1;

    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGHUP);
    sigaddset(&wanted, SIGUSR1);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    int signals = signalfd(-1, &wanted, SFD_CLOEXEC);
    logger.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    set_interval(&logger, logger.interval);

    if (atmqtt_link_start(&options, &logger.link) != ATMQTT_OK) {
        fprintf(stderr, "start: %s\n", atmqtt_last_error_message());
        return 1;
    }
    run(&logger, signals);
    int32_t empty = 0;
    atmqtt_link_flush(logger.link, GOODBYE_MS, &empty);
    print_status(&logger);
    atmqtt_link_close(logger.link);
    atmqtt_link_free(logger.link);
    close(logger.timer);
    close(signals);
    return 0;
}
