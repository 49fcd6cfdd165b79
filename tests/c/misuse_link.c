/* Hostile payloads and strings through a link, calls on a closed one, and forks. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"
#include "support/linked.h"
#include "support/process.h"

/* What a publisher somewhere may send to forge a line of the module. */
static const char *const forged[] = {
    "\r\n+QMTSTAT: 0,1\r\n",
    "\r\nOK\r\n",
    "\r\nERROR\r\n",
    "\r\n+CME ERROR: 3\r\n",
    "\r\n> ",
    "\r\nRDY\r\n",
    "\r\nCONNECT\r\n",
    "\r\n+QMTPING: 0,1\r\n",
    "\r\n+QIURC: \"pdpdeact\",1\r\n",
    "\"\r\n\r\n+QMTRECV: 0,0,\"x\",3,\"abc\"\r\n",
    "\r\n+QMTRECV: 0,1\r\n",
    "\r\n+QMTPUBEX: 0,1,0\r\n\r\n+QMTPUBEX: 0,0,0\r\n",
    "\r\n+QMTSUB: 0,1,0,1\r\n\r\n+QMTUNS: 0,1,0\r\n",
    "\r\n+QMTDISC: 0,0\r\n\r\n+QMTCLOSE: 0,0\r\n",
    "\r\n+QMTOPEN: 1,0\r\n\r\n+QMTCONN: 1,0,0\r\n",
    "\"\r\n\r\n+QMTSTAT: 0,1\r\n\r\nOK\r\n",
    "\r\n+QMTRECV: 0,1,1,1,1,1\r\n",
    "\r\n+QMTCONN: 0,1\r\n\r\nOK\r\n",
};
enum { FORGED = sizeof forged / sizeof forged[0] };

static atomic_int stop_publishing;

/* So that results, prompts and final codes are due while the payloads arrive. */
static void *publishes_beside(void *user_data)
{
    atmqtt_link *link = user_data;
    for (int i = 0; !atomic_load(&stop_publishing); i++)
        OK(atmqtt_link_publish(link, "elsewhere", "x", 1, i % 3, 0));
    return NULL;
}

/* Every payload at each QoS. */
static void forge(atmqtt_link *link, int number)
{
    const char *payload = forged[number / 3];
    OK(atmqtt_link_publish_start(link, "t", payload, strlen(payload), number % 3, 0, NULL));
}

/* The link asks its module all the time whether it is connected, and its callers publish; hostile payloads come in
 * between. Nothing moves but the messages. */
static void payloads_forge_nothing(void)
{
    static const char *const deliveries[] = {"inline", "stored", "hexadecimal"};
    for (int delivery = 0; delivery < 3; delivery++) {
        struct linked linked;
        atmqtt_client_config config;
        pthread_t beside;
        int taken = 0, subscribed = 0;
        linked_begin(&linked, NULL);
        OK(atmqtt_client_config_init(&config, sizeof config));
        if (delivery == 1)
            config.delivery = 1;
        if (delivery == 2)
            config.data_format_receive = 1;
        linked.options.config = &config;
        linked.options.check_interval_ms = 1;
        linked_up(&linked);
        OK(atmqtt_link_subscribe(linked.link, "t", 2));
        while (taken < 3 * FORGED) {
            atmqtt_event *event;
            OK(atmqtt_link_next_event(linked.link, -1, &event));
            switch (event->type) {
            case ATMQTT_EVENT_SUBSCRIBED:
                EQUAL(0, subscribed++);
                atomic_store(&stop_publishing, 0);
                CHECK(pthread_create(&beside, NULL, publishes_beside, linked.link) == 0);
                forge(linked.link, 0);
                break;
            case ATMQTT_EVENT_MESSAGE:
                TEXT("t", event->topic);
                BYTES(forged[taken / 3], strlen(forged[taken / 3]), event->payload, event->payload_length);
                /* The next, for a module stores few at a time. */
                if (++taken < 3 * FORGED)
                    forge(linked.link, taken);
                break;
            case ATMQTT_EVENT_LINK:
                /* On the way up alone. */
                EQUAL(0, taken);
                EQUAL(0, subscribed);
                break;
            default: FAIL("%s: event %d: %s", deliveries[delivery], (int)event->type, event->text);
            }
            atmqtt_event_free(event);
        }
        atomic_store(&stop_publishing, 1);
        CHECK(pthread_join(beside, NULL) == 0);
        OK(atmqtt_link_flush(linked.link, -1, NULL));
        atmqtt_link_info *info;
        OK(atmqtt_link_status(linked.link, &info));
        EQUAL(ATMQTT_LINK_UP, info->state);
        EQUAL(1, info->connections);
        EQUAL(-1, info->cause);
        EQUAL(0, info->failed);
        EQUAL(0, info->resent);
        atmqtt_link_info_free(info);
        linked_end(&linked);
    }
}

static const char *const hostile[] = {
    "a\"b", "a\",0\rAT+CFUN=0\r", "a\r", "a\n", "a\x1a" "b", "a\x1b" "b", "\xff",
};
enum { HOSTILE = sizeof hostile / sizeof hostile[0] };

static void refused(struct linked *linked, const char *name, const char *bad)
{
    atmqtt_link *link = NULL;
    int status = atmqtt_link_start(&linked->options, &link);
    if (status != ATMQTT_INVALID_ARGUMENT)
        FAIL("%s: \"%s\" answers %s: %s", name, bad, atmqtt_status_name(status), atmqtt_last_error_message());
    CONTAINS(name, atmqtt_last_error_message());
    CHECK(link == NULL);
}

/* Every string of the options: refused before anything is opened, by the name of the parameter. */
static void strings_of_the_options(void)
{
    static char long_text[70000];
    memset(long_text, 'x', sizeof long_text - 1);
    for (size_t i = 0; i <= HOSTILE; i++) {
        const char *bad = i < HOSTILE ? hostile[i] : long_text;
        struct linked linked;
        atmqtt_client_config config;
        atmqtt_apn apn;
#define WITH(name, field, value) \
    do { \
        linked_options(&linked, "/nowhere"); \
        OK(atmqtt_client_config_init(&config, sizeof config)); \
        OK(atmqtt_network_apn_init(&apn, sizeof apn)); \
        linked.options.config = &config; \
        linked.options.apn = &apn; \
        apn.username = "user"; \
        linked.options.username = "user"; \
        config.will = 1; \
        config.will_topic = "will"; \
        field = value; \
        refused(&linked, name, bad); \
    } while (0)
        const atmqtt_subscription topics[] = {{"ok", 0}, {bad, 0}};
        WITH("host", linked.broker.host, bad);
        WITH("client_id", linked.options.client_id, bad);
        WITH("username", linked.options.username, bad);
        WITH("password", linked.options.password, bad);
        WITH("topic", linked.options.subscription_count = 2; linked.options.subscriptions, topics);
        WITH("apn", apn.name, bad);
        WITH("username", apn.username, bad);
        WITH("password", apn.password, bad);
        WITH("will", config.will_topic, bad);
        WITH("device", config.ali_product_key = "k"; config.ali_device_secret = "s"; config.ali_device_name, bad);
        WITH("access", config.onenet_product_id = "i"; config.onenet_access_key, bad);
        WITH("node", config.hw_product_product_id = "i"; config.hw_product_product_secret = "s";
             config.hw_product_node_id, bad);
#undef WITH
    }
}

/* Strings and numbers of the calls, on a link that is up: nothing of them is sent. */
static void strings_of_the_calls(void)
{
    struct linked linked;
    char trace[] = "/tmp/atmqtt-link-XXXXXX";
    int32_t was_there = 7;
    uint64_t operation = 7;
    close(mkstemp(trace));
    linked_begin(&linked, NULL);
    linked.modem.trace_path = trace;
    linked_up(&linked);
    for (size_t i = 0; i < HOSTILE; i++) {
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish(linked.link, hostile[i], "x", 1, 1, 0));
        CONTAINS("topic", atmqtt_last_error_message());
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish_start(linked.link, hostile[i], "x", 1, 1, 0, &operation));
        CONTAINS("topic", atmqtt_last_error_message());
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_subscribe(linked.link, hostile[i], 1));
        CONTAINS("topic", atmqtt_last_error_message());
        /* It cannot have been subscribed to. */
        if (atmqtt_link_unsubscribe(linked.link, hostile[i], &was_there) == ATMQTT_OK)
            EQUAL(0, was_there);
    }
    const int32_t numbers[] = {-1, 3, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish(linked.link, "t", "x", 1, numbers[i], 0));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish(linked.link, "t", "x", 1, 1, numbers[i]));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish_start(linked.link, "t", "x", 1, numbers[i], 0, NULL));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_subscribe(linked.link, "t", numbers[i]));
    }
    static char long_payload[1501];
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish(linked.link, "t", long_payload, sizeof long_payload, 1, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish(linked.link, "t", "x", SIZE_MAX, 1, 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_link_publish(linked.link, "", "x", 1, 1, 0));
    EQUAL(7, operation);
    atmqtt_link_info *info;
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(0, info->accepted);
    atmqtt_link_info_free(info);
    linked_end(&linked);

    char line[512];
    FILE *file = fopen(trace, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        CHECK(strstr(line, "AT+QMTPUBEX") == NULL);
        CHECK(strstr(line, "AT+QMTSUB") == NULL);
        CHECK(strstr(line, "AT+QMTUNS") == NULL);
        CHECK(strstr(line, "CFUN") == NULL);
    }
    fclose(file);
    unlink(trace);
}

static void numbers_of_the_options(void)
{
    struct linked linked;
    atmqtt_usb_port usb;
#define WITH(name, field, value) \
    do { \
        linked_options(&linked, "/nowhere"); \
        OK(atmqtt_usb_port_init(&usb, sizeof usb)); \
        field = value; \
        refused(&linked, name, #value); \
    } while (0)
    WITH("client", linked.options.client, -1);
    WITH("client", linked.options.client, 6);
    WITH("port", linked.broker.port, 0);
    WITH("port", linked.broker.port, 65536);
    WITH("port", linked.broker.port, -1);
    WITH("brokers", linked.options.broker_count, 0);
    WITH("brokers", linked.options.broker_count, SIZE_MAX);
    WITH("when_alive is 2", linked.options.when_alive, 2);
    WITH("when_alive is -2", linked.options.when_alive, -2);
    WITH("when_full is 3", linked.options.when_full, 3);
    WITH("when_full is -1", linked.options.when_full, -1);
    WITH("when_unconfirmed is 2", linked.options.when_unconfirmed, 2);
    WITH("queue.messages is 0", linked.options.queue_messages, 0);
    WITH("queue.bytes is 4095", linked.options.queue_bytes, 4095);
    WITH("message_capacity", linked.modem.message_capacity, 0);
    WITH("flow_control", linked.modem.flow_control, 2);
    WITH("client_id is NULL", linked.options.client_id, NULL);
    WITH("host of a broker is NULL", linked.broker.host, NULL);
    WITH("brokers is NULL", linked.options.brokers, NULL);
    WITH("username is NULL", linked.options.password, "secret");
    WITH("subscriptions", linked.options.subscription_count, 1);
    WITH("port is NULL and usb is NULL", linked.options.port, NULL);
    WITH("port and usb are given", linked.options.usb, &usb);
    WITH("usb->vendor is 65536", linked.options.port = NULL; linked.options.usb = &usb; usb.vendor, 65536);
    WITH("usb->product is -2", linked.options.port = NULL; linked.options.usb = &usb; usb.product, -2);
    WITH("usb->interface is 256", linked.options.port = NULL; linked.options.usb = &usb; usb.interface, 256);
    WITH("usb->serial is not UTF-8", linked.options.port = NULL; linked.options.usb = &usb; usb.serial, "\xff");
    WITH("this build has no outbox", linked.options.outbox_path, "/tmp/outbox");
    atmqtt_tls_options tls;
    OK(atmqtt_tls_options_init(&tls, sizeof tls));
    WITH("no CA is given", linked.options.tls, &tls);
    tls.insecure = 1;
    WITH("tls context is 6", linked.options.tls = &tls; linked.options.tls_context, 6);
#undef WITH
}

static void use_after_close(void)
{
    struct linked linked;
    uint64_t operation = 7;
    int32_t flag = 7;
    atmqtt_modem *modem = NULL;
    atmqtt_link_info *info;
    linked_begin(&linked, NULL);
    linked_up(&linked);
    OK(atmqtt_link_close(linked.link));
    OK(atmqtt_link_close(linked.link));
    EQUAL(ATMQTT_LINK_CLOSED, atmqtt_link_state(linked.link));
    STATUS(ATMQTT_CLOSED, atmqtt_link_wait_up(linked.link, -1));
    STATUS(ATMQTT_CLOSED, atmqtt_link_publish(linked.link, "t", "x", 1, 1, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_link_publish_start(linked.link, "t", "x", 1, 1, 0, &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_link_subscribe(linked.link, "t", 1));
    STATUS(ATMQTT_CLOSED, atmqtt_link_unsubscribe(linked.link, "t", &flag));
    STATUS(ATMQTT_CLOSED, atmqtt_link_flush(linked.link, -1, &flag));
    STATUS(ATMQTT_INVALID_STATE, atmqtt_link_modem(linked.link, &modem));
    OK(atmqtt_link_retry(linked.link));
    OK(atmqtt_link_set_timeout(linked.link, 5));
    OK(atmqtt_link_set_event_callback(linked.link, NULL, NULL, NULL));
    OK(atmqtt_link_status(linked.link, &info));
    EQUAL(ATMQTT_LINK_CLOSED, info->state);
    EQUAL(1, info->connections);
    atmqtt_link_info_free(info);
    EQUAL(7, operation);
    EQUAL(7, flag);
    CHECK(modem == NULL);
    linked_end(&linked);
}

static void *waits_for_ever(void *user_data)
{
    atmqtt_link *link = user_data;
    STATUS(ATMQTT_CLOSED, atmqtt_link_publish(link, "t", "x", 1, 1, 0));
    return NULL;
}

static void *waits_until_up(void *user_data)
{
    STATUS(ATMQTT_CLOSED, atmqtt_link_wait_up(user_data, -1));
    return NULL;
}

static void closing_ends_the_waits_of_other_threads(void)
{
    pthread_t threads[9];
    struct linked linked;
    atmqtt_link_info *info;
    linked_options(&linked, "/nowhere");
    OK(atmqtt_link_start(&linked.options, &linked.link));
    for (int i = 0; i < 9; i++)
        CHECK(pthread_create(&threads[i], NULL, i < 8 ? waits_for_ever : waits_until_up, linked.link) == 0);
    for (uint64_t waiting = 0; waiting < 8;) {
        OK(atmqtt_link_status(linked.link, &info));
        waiting = info->waiting;
        atmqtt_link_info_free(info);
    }
    OK(atmqtt_link_close(linked.link));
    for (int i = 0; i < 9; i++)
        pthread_join(threads[i], NULL);
    atmqtt_link_free(linked.link);
}

static void in_the_child(struct linked *linked)
{
    atmqtt_link *link = linked->link;
    atmqtt_link_info *info = NULL;
    atmqtt_modem *modem = NULL;
    atmqtt_event *event = NULL;
    int32_t flag = 7;
    int fd = 7;
    uint64_t operation = 7;
    EQUAL(ATMQTT_LINK_CLOSED, atmqtt_link_state(link));
    STATUS(ATMQTT_CLOSED, atmqtt_link_status(link, &info));
    CONTAINS("forked", atmqtt_last_error_message());
    STATUS(ATMQTT_CLOSED, atmqtt_link_set_timeout(link, 1));
    STATUS(ATMQTT_CLOSED, atmqtt_link_wait_up(link, -1));
    STATUS(ATMQTT_CLOSED, atmqtt_link_retry(link));
    STATUS(ATMQTT_CLOSED, atmqtt_link_modem(link, &modem));
    STATUS(ATMQTT_CLOSED, atmqtt_link_publish(link, "t", "x", 1, 1, 0));
    STATUS(ATMQTT_CLOSED, atmqtt_link_publish_start(link, "t", "x", 1, 1, 0, &operation));
    STATUS(ATMQTT_CLOSED, atmqtt_link_subscribe(link, "t", 1));
    STATUS(ATMQTT_CLOSED, atmqtt_link_unsubscribe(link, "t", &flag));
    STATUS(ATMQTT_CLOSED, atmqtt_link_flush(link, -1, &flag));
    STATUS(ATMQTT_CLOSED, atmqtt_link_set_message_callback(link, NULL, NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_link_set_event_callback(link, NULL, NULL, NULL));
    STATUS(ATMQTT_CLOSED, atmqtt_link_event_fd(link, &fd));
    STATUS(ATMQTT_CLOSED, atmqtt_link_next_event(link, -1, &event));
    STATUS(ATMQTT_CLOSED, atmqtt_link_release_events(link));
    STATUS(ATMQTT_CLOSED, atmqtt_link_close(link));
    CHECK(info == NULL && modem == NULL && event == NULL && flag == 7 && fd == 7 && operation == 7);
    atmqtt_link_free(link);
}

static atomic_int stop_forking;

static void *publish_all_the_time(void *user_data)
{
    atmqtt_link *link = user_data;
    while (!atomic_load(&stop_forking))
        OK(atmqtt_link_publish(link, "t", "x", 1, 1, 0));
    return NULL;
}

static void the_parent_goes_on_after_forks(void)
{
    static struct inbox inbox;
    struct linked linked;
    pthread_t thread;
    linked_begin(&linked, NULL);
    linked_up(&linked);
    inbox_init(&inbox);
    OK(atmqtt_link_set_message_callback(linked.link, inbox_put, &inbox, inbox_dropped));
    OK(atmqtt_link_subscribe(linked.link, "mine", 1));
    atomic_store(&stop_forking, 0);
    /* So that locks of the library are held at some of the forks. */
    CHECK(pthread_create(&thread, NULL, publish_all_the_time, linked.link) == 0);
    for (int i = 0; i < 50; i++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            /* What hangs is ended. */
            alarm(60);
            in_the_child(&linked);
            end_child();
        }
        CHECK(waitpid(child, &status, 0) == child);
        EQUAL(0, status);
    }
    atomic_store(&stop_forking, 1);
    CHECK(pthread_join(thread, NULL) == 0);
    /* With nothing under way, the child lets go of the device. */
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(60);
        CHECK(holds_file(linked.emulator.path));
        atmqtt_link_free(linked.link);
        CHECK(!holds_file(linked.emulator.path));
        end_child();
    }
    CHECK(waitpid(child, &status, 0) == child);
    EQUAL(0, status);
    OK(atmqtt_link_publish(linked.link, "mine", "x", 1, 2, 0));
    inbox_take(&inbox, ATMQTT_EVENT_MESSAGE);
    EQUAL(ATMQTT_LINK_UP, atmqtt_link_state(linked.link));
    linked_end(&linked);
    EQUAL(1, inbox.dropped);
    inbox_destroy(&inbox);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(payloads_forge_nothing),
        TEST(strings_of_the_options),
        TEST(strings_of_the_calls),
        TEST(numbers_of_the_options),
        TEST(use_after_close),
        TEST(closing_ends_the_waits_of_other_threads),
        TEST(the_parent_goes_on_after_forks),
    };
    return RUN(tests);
}
