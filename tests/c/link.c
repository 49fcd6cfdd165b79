/* Links: coming up, publishing while down, and recovery from each trouble. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "support/check.h"
#include "support/linked.h"
#include "support/session.h"

static void publish(atmqtt_link *link, const char *topic, const char *payload)
{
    OK(atmqtt_link_publish(link, topic, payload, strlen(payload), 1, 0));
}

static void comes_up_publishes_and_receives(void)
{
    struct linked linked;
    struct received received;
    const atmqtt_subscription topics[] = {{"in/#", 2}, {"other", 0}};
    linked_begin(&linked, NULL);
    linked.options.subscriptions = topics;
    linked.options.subscription_count = 2;
    OK(atmqtt_link_start(&linked.options, &linked.link));

    /* Every step is told, also those before anybody asked. */
    static const int steps[] = {ATMQTT_LINK_SEARCHING, ATMQTT_LINK_STARTING,   ATMQTT_LINK_ATTACHING,
                                ATMQTT_LINK_OPENING,   ATMQTT_LINK_CONNECTING, ATMQTT_LINK_UP};
    int from = ATMQTT_LINK_SEARCHING;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        next_of_link(linked.link, ATMQTT_EVENT_LINK, &received);
        EQUAL(from, received.event.from);
        EQUAL(steps[i], received.event.to);
        EQUAL(i == 0 ? ATMQTT_CAUSE_ASKED : ATMQTT_CAUSE_PROGRESS, received.event.cause);
        CHECK(received.event.text_length > 0);
        EQUAL(0, received.event.status);
        EQUAL(-1, received.event.code);
        EQUAL(-1, received.event.client);
        EQUAL(-1, received.event.retry_in_ms);
        from = steps[i];
    }
    EQUAL(ATMQTT_LINK_UP, atmqtt_link_state(linked.link));
    OK(atmqtt_link_wait_up(linked.link, 0));
    for (int i = 0; i < 2; i++) {
        next_of_link(linked.link, ATMQTT_EVENT_SUBSCRIBED, &received);
        EQUAL(0, received.event.client);
        TEXT(topics[i].topic, received.topic);
        EQUAL(1, received.event.granted_count);
        EQUAL(topics[i].qos, received.granted[0]);
        EQUAL(-1, received.event.from);
        EQUAL(-1, received.event.cause);
    }

    static const uint8_t payload[] = "zero \0 quote \" line\r\nOK\r\n+QMTSTAT: 0,1\r\n";
    for (int qos = 0; qos <= 2; qos++) {
        OK(atmqtt_link_publish(linked.link, "in/deep", payload, sizeof payload, qos, 0));
        next_of_link(linked.link, ATMQTT_EVENT_MESSAGE, &received);
        TEXT("in/deep", received.topic);
        BYTES(payload, sizeof payload, received.payload, received.event.payload_length);
        EQUAL(-1, received.event.to);
    }
    OK(atmqtt_link_publish(linked.link, "in/none", NULL, 0, 1, 0));
    next_of_link(linked.link, ATMQTT_EVENT_MESSAGE, &received);
    EQUAL(0, received.event.payload_length);

    atmqtt_link_info *info;
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(sizeof *info, info->struct_size);
    EQUAL(ATMQTT_LINK_UP, info->state);
    EQUAL(-1, info->cause);
    TEXT("", info->cause_text);
    EQUAL(0, info->status);
    EQUAL(-1, info->code);
    EQUAL(-1, info->retry_in_ms);
    TEXT(linked.emulator.path, info->port);
    TEXT("broker.example", info->broker_host);
    EQUAL(1883, info->broker_port);
    EQUAL(1, info->connections);
    CHECK(info->since_ms >= 0 && info->uptime_ms >= info->since_ms);
    EQUAL(0, info->waiting);
    EQUAL(0, info->waiting_bytes);
    EQUAL(4, info->accepted);
    EQUAL(4, info->delivered);
    EQUAL(0, info->failed);
    EQUAL(0, info->resent);
    atmqtt_link_info_free(info);

    /* The end is the last event. */
    OK(atmqtt_link_close(linked.link));
    link_goes_to(linked.link, ATMQTT_LINK_CLOSED, &received);
    EQUAL(ATMQTT_CAUSE_ASKED, received.event.cause);
    atmqtt_event *event = NULL;
    STATUS(ATMQTT_CLOSED, atmqtt_link_next_event(linked.link, -1, &event));
    CHECK(event == NULL);
    linked_end(&linked);
}

static void subscriptions_come_and_go(void)
{
    struct linked linked;
    struct received received;
    int32_t was_there = -1;
    linked_begin(&linked, NULL);
    linked_up(&linked);
    OK(atmqtt_link_subscribe(linked.link, "a", 1));
    next_of_link(linked.link, ATMQTT_EVENT_SUBSCRIBED, &received);
    TEXT("a", received.topic);
    publish(linked.link, "a", "1");
    next_of_link(linked.link, ATMQTT_EVENT_MESSAGE, &received);
    OK(atmqtt_link_unsubscribe(linked.link, "a", &was_there));
    EQUAL(1, was_there);
    OK(atmqtt_link_unsubscribe(linked.link, "a", &was_there));
    EQUAL(0, was_there);
    OK(atmqtt_link_subscribe(linked.link, "b", 0));
    next_of_link(linked.link, ATMQTT_EVENT_SUBSCRIBED, &received);
    /* Behind the UNSUBSCRIBE on the line. */
    publish(linked.link, "a", "2");
    publish(linked.link, "b", "3");
    next_of_link(linked.link, ATMQTT_EVENT_MESSAGE, &received);
    TEXT("b", received.topic);
    linked_end(&linked);
}

/* A link that the broker has refused, and that waits until it is told to try again. */
static void refused(struct linked *linked, const char *const *options)
{
    linked_begin(linked, options);
    OK(atmqtt_link_start(&linked->options, &linked->link));
    STATUS(ATMQTT_CONNECTION_REFUSED, atmqtt_link_wait_up(linked->link, -1));
    EQUAL(5, atmqtt_last_error_code());
    TEXT("AT+QMTCONN", atmqtt_last_error_command());
}

static void bad_credentials_are_reported_and_not_hammered(void)
{
    struct linked linked;
    struct received received;
    atmqtt_link_info *info;
    refused(&linked, OPTIONS("--fault", "connack:code=5"));
    EQUAL(ATMQTT_LINK_REFUSED, atmqtt_link_state(linked.link));
    link_goes_to(linked.link, ATMQTT_LINK_REFUSED, &received);
    EQUAL(ATMQTT_LINK_CONNECTING, received.event.from);
    EQUAL(ATMQTT_CAUSE_REFUSED, received.event.cause);
    EQUAL(ATMQTT_CONNECTION_REFUSED, received.event.status);
    EQUAL(5, received.event.code);
    CONTAINS("AT+QMTCONN", received.text);
    CHECK(received.event.retry_in_ms >= 1800000 && received.event.retry_in_ms <= 3600000);
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(ATMQTT_LINK_REFUSED, info->state);
    EQUAL(ATMQTT_CAUSE_REFUSED, info->cause);
    EQUAL(ATMQTT_CONNECTION_REFUSED, info->status);
    EQUAL(5, info->code);
    TEXT(received.text, info->cause_text);
    CHECK(info->retry_in_ms > 1700000);
    EQUAL(0, info->connections);
    atmqtt_link_info_free(info);
    OK(atmqtt_link_retry(linked.link));
    link_goes_to(linked.link, ATMQTT_LINK_UP, &received);
    publish(linked.link, "t", "x");
    linked_end(&linked);
}

static void what_is_published_offline_waits(void)
{
    enum { COUNT = 30 };
    struct linked linked;
    struct received received;
    uint64_t operations[COUNT];
    atmqtt_link_info *info;
    const atmqtt_subscription topic = {"t", 2};
    refused(&linked, OPTIONS("--fault", "connack:code=5"));
    OK(atmqtt_link_subscribe(linked.link, topic.topic, topic.qos));
    for (int i = 0; i < COUNT; i++) {
        char payload[8];
        int length = snprintf(payload, sizeof payload, "%d", i);
        OK(atmqtt_link_publish_start(linked.link, "t", payload, (size_t)length, 1 + i % 2, 0, &operations[i]));
        CHECK(i == 0 || operations[i] > operations[i - 1]);
    }
    STATUS(ATMQTT_DISCONNECTED, atmqtt_link_publish(linked.link, "t", "x", 1, 0, 0));
    STATUS(ATMQTT_DISCONNECTED, atmqtt_link_publish_start(linked.link, "t", "x", 1, 0, 0, NULL));
    OK(atmqtt_link_set_timeout(linked.link, 10));
    STATUS(ATMQTT_UNCONFIRMED, atmqtt_link_publish(linked.link, "t", "late", 4, 1, 0));
    OK(atmqtt_link_set_timeout(linked.link, -1));
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(COUNT + 1, info->waiting);
    EQUAL(COUNT + 1, info->accepted);
    CHECK(info->waiting_bytes > COUNT);
    atmqtt_link_info_free(info);
    int32_t empty = -1;
    OK(atmqtt_link_flush(linked.link, 0, &empty));
    EQUAL(0, empty);

    OK(atmqtt_link_retry(linked.link));
    OK(atmqtt_link_flush(linked.link, -1, &empty));
    EQUAL(1, empty);
    /* In the order of the calls: the messages at the broker, and their ends where they were asked for. */
    int messages = 0, ends = 0, ended[COUNT] = {0};
    while (messages <= COUNT || ends < COUNT) {
        atmqtt_event *event;
        OK(atmqtt_link_next_event(linked.link, -1, &event));
        received_copy(&received, event);
        atmqtt_event_free(event);
        if (received.event.type == ATMQTT_EVENT_MESSAGE) {
            char expected[8];
            snprintf(expected, sizeof expected, "%d", messages);
            if (messages == COUNT)
                strcpy(expected, "late");
            BYTES(expected, strlen(expected), received.payload, received.event.payload_length);
            messages++;
        } else if (received.event.type == ATMQTT_EVENT_COMPLETED) {
            size_t which = 0;
            while (which < COUNT && operations[which] != received.event.operation)
                which++;
            CHECK(which < COUNT && !ended[which]);
            EQUAL(ATMQTT_OK, received.event.status);
            ended[which] = 1;
            ends++;
        }
    }
    linked_end(&linked);
}

static void a_full_queue(void)
{
    struct linked linked;
    uint64_t first = 0, operation;
    struct received received;
    const char *const *fault = OPTIONS("--fault", "connack:code=5");

    linked_begin(&linked, fault);
    linked.options.queue_messages = 2;
    linked.options.when_full = ATMQTT_WHEN_FULL_REFUSE;
    OK(atmqtt_link_start(&linked.options, &linked.link));
    STATUS(ATMQTT_CONNECTION_REFUSED, atmqtt_link_wait_up(linked.link, -1));
    OK(atmqtt_link_publish_start(linked.link, "t", "1", 1, 1, 0, NULL));
    OK(atmqtt_link_publish_start(linked.link, "t", "2", 1, 1, 0, NULL));
    STATUS(ATMQTT_QUEUE_FULL, atmqtt_link_publish_start(linked.link, "t", "3", 1, 1, 0, NULL));
    CONTAINS("queue full: ", atmqtt_last_error_message());
    linked_end(&linked);

    linked_begin(&linked, fault);
    linked.options.queue_messages = 1;
    linked.options.when_full = ATMQTT_WHEN_FULL_DROP_OLDEST;
    OK(atmqtt_link_start(&linked.options, &linked.link));
    STATUS(ATMQTT_CONNECTION_REFUSED, atmqtt_link_wait_up(linked.link, -1));
    OK(atmqtt_link_publish_start(linked.link, "t", "1", 1, 1, 0, &first));
    OK(atmqtt_link_publish_start(linked.link, "t", "2", 1, 1, 0, &operation));
    next_of_link(linked.link, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(first, received.event.operation);
    EQUAL(ATMQTT_QUEUE_FULL, received.event.status);
    linked_end(&linked);

    linked_begin(&linked, fault);
    linked.options.queue_messages = 1;
    OK(atmqtt_link_start(&linked.options, &linked.link));
    STATUS(ATMQTT_CONNECTION_REFUSED, atmqtt_link_wait_up(linked.link, -1));
    OK(atmqtt_link_publish_start(linked.link, "t", "1", 1, 1, 0, &first));
    OK(atmqtt_link_set_timeout(linked.link, 10));
    operation = 7;
    STATUS(ATMQTT_QUEUE_FULL, atmqtt_link_publish_start(linked.link, "t", "2", 1, 1, 0, &operation));
    EQUAL(7, operation);
    /* Closing ends what waits. */
    OK(atmqtt_link_close(linked.link));
    next_of_link(linked.link, ATMQTT_EVENT_COMPLETED, &received);
    EQUAL(first, received.event.operation);
    EQUAL(ATMQTT_CLOSED, received.event.status);
    linked_end(&linked);
}

static void has_the_module_do_it(atmqtt_link *link, const char *command)
{
    atmqtt_modem *modem;
    OK(atmqtt_link_modem(link, &modem));
    /* It may be cut short by what it brings about. */
    atmqtt_modem_command(modem, command, NULL);
    atmqtt_modem_free(modem);
}

static void recovers_from_what_goes_wrong(void)
{
    static const struct {
        const char *command;
        int cause, code;
    } troubles[] = {
        {"AT+CSQ", ATMQTT_CAUSE_DISCONNECTED, 1},
        {"AT+COPS?", ATMQTT_CAUSE_RESTARTED, -1},
        {"AT+CCLK?", ATMQTT_CAUSE_PDP_DEACTIVATED, -1},
        {"AT+QURCCFG=\"urcport\"", ATMQTT_CAUSE_PING_FAILED, -1},
    };
    struct linked linked;
    struct received received;
    linked_begin(&linked, OPTIONS("--fault", "stat:on=final,at=CSQ,client=0,code=1", "--fault",
                                  "reboot:on=final,at=COPS", "--fault", "pdpdeact:on=final,at=CCLK", "--fault",
                                  "ping:on=final,at=QURCCFG,client=0"));
    OK(atmqtt_link_start(&linked.options, &linked.link));
    OK(atmqtt_link_subscribe(linked.link, "t", 1));
    link_goes_to(linked.link, ATMQTT_LINK_UP, &received);
    next_of_link(linked.link, ATMQTT_EVENT_SUBSCRIBED, &received);
    for (size_t i = 0; i < sizeof troubles / sizeof troubles[0]; i++) {
        has_the_module_do_it(linked.link, troubles[i].command);
        next_of_link(linked.link, ATMQTT_EVENT_LINK, &received);
        EQUAL(ATMQTT_LINK_UP, received.event.from);
        EQUAL(ATMQTT_LINK_WAITING, received.event.to);
        EQUAL(troubles[i].cause, received.event.cause);
        EQUAL(troubles[i].code, received.event.code);
        CHECK(received.event.retry_in_ms >= 0);
        link_goes_to(linked.link, ATMQTT_LINK_UP, &received);
        next_of_link(linked.link, ATMQTT_EVENT_SUBSCRIBED, &received);
        publish(linked.link, "t", troubles[i].command);
        next_of_link(linked.link, ATMQTT_EVENT_MESSAGE, &received);
        BYTES(troubles[i].command, strlen(troubles[i].command), received.payload, received.event.payload_length);
    }
    atmqtt_link_info *info;
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(5, info->connections);
    EQUAL(ATMQTT_CAUSE_PING_FAILED, info->cause);
    atmqtt_link_info_free(info);
    linked_end(&linked);
}

/* A message that the module had when the connection broke: how it ends, and how often it arrives. */
static void cut_short(int qos, int when_unconfirmed, int status, int copies)
{
    struct linked linked;
    struct received received;
    atmqtt_modem *modem;
    atmqtt_client *witness;
    uint64_t operation;
    linked_begin(&linked, OPTIONS("--fault", "stat:on=final,at=QMTPUBEX,client=0,code=1"));
    linked.options.when_unconfirmed = when_unconfirmed;
    linked_up(&linked);
    /* Another client of the module, whose messages come to the link as well. */
    OK(atmqtt_link_modem(linked.link, &modem));
    OK(atmqtt_modem_client(modem, 1, &witness));
    session_connect(witness, "witness");
    OK(atmqtt_client_subscribe(witness, &(atmqtt_subscription){"t", 2}, 1, NULL));

    OK(atmqtt_link_publish_start(linked.link, "t", "x", 1, qos, 0, &operation));
    int arrived = 0;
    for (int last = 0; !last;) {
        atmqtt_event *event;
        OK(atmqtt_link_next_event(linked.link, -1, &event));
        received_copy(&received, event);
        atmqtt_event_free(event);
        if (received.event.type == ATMQTT_EVENT_COMPLETED) {
            EQUAL(operation, received.event.operation);
            EQUAL(status, received.event.status);
            OK(atmqtt_link_wait_up(linked.link, -1));
            OK(atmqtt_link_publish_start(linked.link, "t", "last", 4, 1, 0, NULL));
        } else if (received.event.type == ATMQTT_EVENT_MESSAGE) {
            EQUAL(1, received.event.client);
            last = received.event.payload_length == 4;
            arrived += !last;
        }
    }
    EQUAL(copies, arrived);
    OK(atmqtt_link_flush(linked.link, -1, NULL));
    atmqtt_link_info *info;
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(copies - 1, info->resent);
    EQUAL(status != ATMQTT_OK, info->failed);
    atmqtt_link_info_free(info);
    atmqtt_client_free(witness);
    atmqtt_modem_free(modem);
    linked_end(&linked);
}

static void what_was_under_way_is_sent_again_as_its_qos_allows(void)
{
    cut_short(1, ATMQTT_WHEN_UNCONFIRMED_REPORT, ATMQTT_OK, 2);
    cut_short(2, ATMQTT_WHEN_UNCONFIRMED_REPORT, ATMQTT_UNCONFIRMED, 1);
    cut_short(2, ATMQTT_WHEN_UNCONFIRMED_RESEND, ATMQTT_OK, 2);
}

static void brokers_in_turn(void)
{
    struct linked linked;
    const atmqtt_broker brokers[] = {{"first.example", 1883}, {"second.example", 8884}};
    linked_begin(&linked, OPTIONS("--fault", "open-result:code=4"));
    linked.options.brokers = brokers;
    linked.options.broker_count = 2;
    linked_up(&linked);
    atmqtt_link_info *info;
    OK(atmqtt_link_status(linked.link, &info));
    TEXT("second.example", info->broker_host);
    EQUAL(8884, info->broker_port);
    EQUAL(ATMQTT_CAUSE_FAILED, info->cause);
    EQUAL(ATMQTT_OPERATION_FAILED, info->status);
    EQUAL(4, info->code);
    atmqtt_link_info_free(info);
    linked_end(&linked);
}

static void a_client_of_an_earlier_run(void)
{
    static const int choices[] = {ATMQTT_WHEN_ALIVE_ADOPT, ATMQTT_WHEN_ALIVE_REPLACE, -1};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        struct linked linked;
        struct received received;
        int opened = 0;
        linked_begin(&linked, NULL);
        linked_up(&linked);
        /* Without a goodbye. */
        atmqtt_link_free(linked.link);
        linked.options.when_alive = choices[i];
        OK(atmqtt_link_start(&linked.options, &linked.link));
        do {
            next_of_link(linked.link, ATMQTT_EVENT_LINK, &received);
            opened |= received.event.to == ATMQTT_LINK_OPENING;
        } while (received.event.to != ATMQTT_LINK_UP);
        EQUAL(choices[i] == ATMQTT_WHEN_ALIVE_REPLACE, opened);
        publish(linked.link, "t", "x");
        linked_end(&linked);
    }
}

static void every_option_reaches_the_module(void)
{
    struct linked linked;
    atmqtt_client_config config;
    atmqtt_apn apn, *told;
    atmqtt_tls_options tls;
    atmqtt_tls_settings *settings;
    char trace[] = "/tmp/atmqtt-link-XXXXXX", line[512];
    close(mkstemp(trace));
    linked_begin(&linked, NULL);
    OK(atmqtt_client_config_init(&config, sizeof config));
    config.keepalive = 77;
    config.pdp_context = 3;
    config.will = 1;
    config.will_topic = "will";
    OK(atmqtt_network_apn_init(&apn, sizeof apn));
    apn.name = "iot.example";
    apn.authentication = ATMQTT_AUTH_PAP;
    apn.username = "user";
    apn.password = "pass";
    OK(atmqtt_tls_options_init(&tls, sizeof tls));
    tls.insecure = 1;
    linked.modem.trace_path = trace;
    linked.options.client = 4;
    linked.options.config = &config;
    linked.options.apn = &apn;
    linked.options.tls = &tls;
    linked.options.tls_context = 2;
    linked.options.username = "me";
    linked.options.password = "s3cret-word";
    linked_up(&linked);

    atmqtt_modem *modem;
    OK(atmqtt_link_modem(linked.link, &modem));
    OK(atmqtt_network_apn(modem, 3, &told));
    TEXT("iot.example", told->name);
    TEXT("user", told->username);
    atmqtt_network_apn_free(told);
    OK(atmqtt_tls_query_config(modem, 2, &settings));
    EQUAL(ATMQTT_TLS_VERIFY_NOTHING, settings->verification);
    atmqtt_tls_settings_free(settings);
    atmqtt_modem_free(modem);
    linked_end(&linked);

    /* What was sent. */
    static const char *const wanted[] = {
        "AT+QMTCFG=\\\"keepalive\\\",4,77", "AT+QMTCFG=\\\"ssl\\\",4,1,2",        "AT+QMTCFG=\\\"pdpcid\\\",4,3",
        "AT+QMTCFG=\\\"will\\\",4,1,",      "AT+QMTOPEN=4,\\\"broker.example\\\"", "AT+QMTCONN=4,\\\"link\\\",\\\"me\\\"",
    };
    int found[sizeof wanted / sizeof wanted[0]] = {0};
    FILE *file = fopen(trace, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        CHECK(strstr(line, "s3cret-word") == NULL);
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            found[i] |= strstr(line, wanted[i]) != NULL;
    }
    fclose(file);
    unlink(trace);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!found[i])
            FAIL("not sent: %s", wanted[i]);
}

/* The descriptor in a loop, over a loss of the port, which comes back under its link. */
static void by_descriptor_over_a_loss_of_the_port(void)
{
    struct linked linked;
    char link_path[] = "/tmp/atmqtt-port-XXXXXX";
    CHECK(mkdtemp(link_path) != NULL);
    char path[64];
    snprintf(path, sizeof path, "%s/modem", link_path);
    EMULATOR(&linked.emulator, "--link", path);
    linked_options(&linked, path);
    OK(atmqtt_link_start(&linked.options, &linked.link));
    int fd, again;
    OK(atmqtt_link_event_fd(linked.link, &fd));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event ready = {.events = EPOLLIN};
    CHECK(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ready) == 0);
    OK(atmqtt_link_subscribe(linked.link, "t", 1));

    int ups = 0, losses = 0, messages = 0;
    while (messages < 2) {
        atmqtt_event *event;
        EQUAL(1, epoll_wait(epoll, &ready, 1, -1));
        OK(atmqtt_link_next_event(linked.link, 0, &event));
        CHECK(event != NULL);
        if (event->type == ATMQTT_EVENT_LINK) {
            ups += event->to == ATMQTT_LINK_UP;
            if (event->from == ATMQTT_LINK_UP) {
                EQUAL(ATMQTT_CAUSE_PORT_LOST, event->cause);
                EQUAL(ATMQTT_PORT_LOST, event->status);
                losses++;
                EMULATOR(&linked.emulator, "--link", path);
            }
        } else if (event->type == ATMQTT_EVENT_SUBSCRIBED) {
            OK(atmqtt_link_publish_start(linked.link, "t", "x", 1, 1, 0, NULL));
        } else if (event->type == ATMQTT_EVENT_MESSAGE) {
            messages++;
            if (messages == 1)
                emulator_stop(&linked.emulator);
        }
        atmqtt_event_free(event);
    }
    EQUAL(2, ups);
    EQUAL(1, losses);
    OK(atmqtt_link_event_fd(linked.link, &again));
    EQUAL(fd, again);
    /* Exactly while there is something. */
    atmqtt_event *event;
    do {
        OK(atmqtt_link_next_event(linked.link, 0, &event));
        atmqtt_event_free(event);
    } while (event != NULL);
    EQUAL(0, epoll_wait(epoll, &ready, 1, 0));
    OK(atmqtt_link_close(linked.link));
    EQUAL(1, epoll_wait(epoll, &ready, 1, -1));
    close(epoll);
    linked_end(&linked);
    rmdir(link_path);
}

static void a_usb_port_that_is_not_there(void)
{
    struct linked linked;
    struct received received;
    atmqtt_usb_port usb;
    char path[64] = "untouched";
    linked_options(&linked, NULL);
    OK(atmqtt_usb_port_init(&usb, sizeof usb));
    usb.serial = "there is none like this";
    usb.path = "1-1.4";
    usb.product = 0x6005;
    STATUS(ATMQTT_PORT_LOST, atmqtt_usb_port_find(&usb, path, sizeof path));
    CONTAINS("there is none like this", atmqtt_last_error_message());
    TEXT("untouched", path);
    linked.options.usb = &usb;
    OK(atmqtt_link_start(&linked.options, &linked.link));
    link_goes_to(linked.link, ATMQTT_LINK_WAITING, &received);
    EQUAL(ATMQTT_CAUSE_PORT_LOST, received.event.cause);
    EQUAL(ATMQTT_PORT_LOST, received.event.status);
    CONTAINS("there is none like this", received.text);
    STATUS(ATMQTT_TIMEOUT, atmqtt_link_wait_up(linked.link, 1));
    CONTAINS("there is none like this", atmqtt_last_error_message());
    OK(atmqtt_link_close(linked.link));
    atmqtt_link_free(linked.link);
}

static void the_modem_of_the_moment(void)
{
    struct linked linked;
    atmqtt_modem *modem, *none = NULL;
    atmqtt_client *client;
    atmqtt_event *event;
    struct inbox inbox;
    uint64_t operation = 7;
    int fd;
    linked_begin(&linked, NULL);
    linked_up(&linked);
    inbox_init(&inbox);
    OK(atmqtt_link_set_event_callback(linked.link, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_link_set_message_callback(linked.link, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_link_modem(linked.link, &modem));
    OK(atmqtt_modem_client(modem, 0, &client));
    OK(atmqtt_modem_signal(modem, NULL, NULL));
    EQUAL(ATMQTT_STATE_CONNECTED, atmqtt_client_state(client));

    /* What arrives is the link's, and stays so. */
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_event_fd(modem, &fd));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_next_event(modem, 0, &event));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_set_event_callback(modem, NULL, NULL, NULL));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_set_message_callback(client, NULL, NULL, NULL));
    CONTAINS("belongs to a link", atmqtt_last_error_message());
    /* And so are the ends of operations: nothing is started that would never end for the program. */
    STATUS(ATMQTT_INVALID_STATE, atmqtt_modem_command_start(modem, "AT+CSQ", &operation));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_client_publish_start(client, "t", "x", 1, 1, 0, &operation));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_files_download_start(modem, "x", &operation));
    EQUAL(7, operation);
    OK(atmqtt_modem_command_start(modem, "AT+CSQ", NULL));
    EQUAL(0, inbox.dropped);
    OK(atmqtt_link_subscribe(linked.link, "t", 1));
    inbox_take(&inbox, ATMQTT_EVENT_SUBSCRIBED);
    publish(linked.link, "t", "x");
    inbox_take(&inbox, ATMQTT_EVENT_MESSAGE);

    /* Closed, the link opens another. */
    OK(atmqtt_modem_close(modem));
    const struct received *change;
    do
        change = inbox_take(&inbox, ATMQTT_EVENT_LINK);
    while (change->event.from != ATMQTT_LINK_UP);
    EQUAL(ATMQTT_CAUSE_PORT_LOST, change->event.cause);
    STATUS(ATMQTT_CLOSED, atmqtt_modem_command(modem, "AT", NULL));
    inbox_take(&inbox, ATMQTT_EVENT_SUBSCRIBED);
    publish(linked.link, "t", "y");
    OK(atmqtt_link_close(linked.link));
    EQUAL(2, inbox.dropped);
    STATUS(ATMQTT_INVALID_STATE, atmqtt_link_modem(linked.link, &none));
    CHECK(none == NULL);
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
    linked_end(&linked);
    inbox_destroy(&inbox);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(comes_up_publishes_and_receives),
        TEST(subscriptions_come_and_go),
        TEST(bad_credentials_are_reported_and_not_hammered),
        TEST(what_is_published_offline_waits),
        TEST(a_full_queue),
        TEST(recovers_from_what_goes_wrong),
        TEST(what_was_under_way_is_sent_again_as_its_qos_allows),
        TEST(brokers_in_turn),
        TEST(a_client_of_an_earlier_run),
        TEST(every_option_reaches_the_module),
        TEST(by_descriptor_over_a_loss_of_the_port),
        TEST(a_usb_port_that_is_not_there),
        TEST(the_modem_of_the_moment),
    };
    return RUN(tests);
}
