#include "linked.h"

#include "check.h"

void linked_options(struct linked *linked, const char *port)
{
    OK(atmqtt_modem_options_init(&linked->modem, sizeof linked->modem));
    linked->modem.silence_ms = 0;
    /* A command that was cut off by the close before is asked again so much later. */
    linked->modem.patience_ms = 1000;
    linked->broker = (atmqtt_broker){"broker.example", 1883};
    OK(atmqtt_link_options_init(&linked->options, sizeof linked->options));
    linked->options.port = port;
    linked->options.modem = &linked->modem;
    linked->options.brokers = &linked->broker;
    linked->options.broker_count = 1;
    linked->options.client_id = "link";
    linked->options.backoff_first_ms = 20;
    linked->options.backoff_most_ms = 200;
    linked->options.backoff_stable_ms = 3600000;
    linked->options.backoff_refused_ms = 3600000;
}

void linked_begin(struct linked *linked, const char *const *options)
{
    emulator_start(&linked->emulator, options);
    linked_options(linked, linked->emulator.path);
}

void linked_up(struct linked *linked)
{
    OK(atmqtt_link_start(&linked->options, &linked->link));
    OK(atmqtt_link_wait_up(linked->link, -1));
}

void linked_end(struct linked *linked)
{
    OK(atmqtt_link_close(linked->link));
    atmqtt_link_free(linked->link);
    emulator_stop(&linked->emulator);
}

void next_of_link(atmqtt_link *link, int type, struct received *received)
{
    for (;;) {
        atmqtt_event *event;
        OK(atmqtt_link_next_event(link, -1, &event));
        CHECK(event != NULL);
        int found = event->type == type;
        if (found)
            received_copy(received, event);
        atmqtt_event_free(event);
        if (found)
            return;
    }
}

void link_goes_to(atmqtt_link *link, int stage, struct received *received)
{
    do
        next_of_link(link, ATMQTT_EVENT_LINK, received);
    while (received->event.to != stage);
}
