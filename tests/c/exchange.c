/* Sends a message through a module to its own subscription. One argument: the device. */

#include <atmqtt.h>

#include <stdio.h>
#include <string.h>

#define TRY(call)                                                                              \
    do {                                                                                       \
        if ((call) != ATMQTT_OK) {                                                             \
            fprintf(stderr, "%s: %s\n", #call, atmqtt_last_error_message());                   \
            return 1;                                                                          \
        }                                                                                      \
    } while (0)

int main(int argc, char **argv) {
    /* Every value of a byte. */
    unsigned char sent[256];
    struct atmqtt_subscription topic = {.topic = "exchange/#", .qos = 2};
    struct atmqtt_modem *modem = NULL;
    struct atmqtt_client *client = NULL;
    struct atmqtt_event *event = NULL;
    uint8_t granted = ATMQTT_NOT_SAID;

    if (argc != 2) {
        fprintf(stderr, "usage: exchange DEVICE\n");
        return 64;
    }
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (unsigned char)i;
    }

    TRY(atmqtt_modem_open(argv[1], NULL, &modem));
    TRY(atmqtt_modem_client(modem, 0, &client));
    TRY(atmqtt_client_open(client, "broker.example", 1883, 0));
    TRY(atmqtt_client_connect(client, "exchange", NULL, NULL));
    TRY(atmqtt_client_subscribe(client, &topic, 1, &granted));
    TRY(atmqtt_client_publish(client, "exchange/bytes", sent, sizeof sent, 2, 0));
    for (;;) {
        TRY(atmqtt_modem_next_event(modem, 60000, &event));
        if (event == NULL) {
            fprintf(stderr, "no message came\n");
            return 1;
        }
        if (event->type == ATMQTT_EVENT_MESSAGE) {
            break;
        }
        atmqtt_event_free(event);
    }
    if (granted != 2 || strcmp(event->topic, "exchange/bytes") != 0 ||
        event->payload_length != sizeof sent || memcmp(event->payload, sent, sizeof sent) != 0) {
        fprintf(stderr, "granted QoS %d; %zu bytes came on %s\n", granted,
                (size_t)event->payload_length, event->topic);
        return 1;
    }
    atmqtt_event_free(event);
    TRY(atmqtt_client_disconnect(client));
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
    printf("atmqtt %s, pointers of %zu bits: sent and received every byte\n", atmqtt_version(),
           8 * sizeof(void *));
    return 0;
}
