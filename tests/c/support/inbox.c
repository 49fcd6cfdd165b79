#include "inbox.h"

#include <string.h>

#include "check.h"

static size_t at_most(size_t length, size_t size)
{
    return length < size ? length : size;
}

void received_copy(struct received *to, const atmqtt_event *event)
{
    memset(to, 0, sizeof *to);
    to->event = *event;
    memcpy(to->topic, event->topic, at_most(event->topic_length, sizeof to->topic - 1));
    memcpy(to->payload, event->payload, at_most(event->payload_length, sizeof to->payload));
    memcpy(to->text, event->text, at_most(event->text_length, sizeof to->text - 1));
    if (event->granted != NULL)
        memcpy(to->granted, event->granted, at_most(event->granted_count, sizeof to->granted));
    /* What the library owned is gone when the copy is looked at. */
    to->event.topic = to->topic;
    to->event.payload = to->payload;
    to->event.text = to->text;
    to->event.granted = event->granted != NULL ? to->granted : NULL;
}

void inbox_init(struct inbox *inbox)
{
    memset(inbox, 0, sizeof *inbox);
    CHECK(pthread_mutex_init(&inbox->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&inbox->more, NULL) == 0);
}

void inbox_destroy(struct inbox *inbox)
{
    pthread_cond_destroy(&inbox->more);
    pthread_mutex_destroy(&inbox->mutex);
}

void inbox_put(const atmqtt_event *event, void *user_data)
{
    struct inbox *inbox = user_data;
    pthread_mutex_lock(&inbox->mutex);
    CHECK(inbox->count < INBOX_SIZE);
    inbox->late |= inbox->dropped;
    received_copy(&inbox->received[inbox->count++], event);
    pthread_cond_broadcast(&inbox->more);
    pthread_mutex_unlock(&inbox->mutex);
}

void inbox_dropped(void *user_data)
{
    struct inbox *inbox = user_data;
    pthread_mutex_lock(&inbox->mutex);
    inbox->dropped++;
    pthread_cond_broadcast(&inbox->more);
    pthread_mutex_unlock(&inbox->mutex);
}

const struct received *inbox_take(struct inbox *inbox, int type)
{
    const struct received *found = NULL;
    pthread_mutex_lock(&inbox->mutex);
    while (found == NULL) {
        while (inbox->taken == inbox->count)
            pthread_cond_wait(&inbox->more, &inbox->mutex);
        const struct received *next = &inbox->received[inbox->taken++];
        if (next->event.type == type)
            found = next;
    }
    pthread_mutex_unlock(&inbox->mutex);
    return found;
}

void next_of_type(atmqtt_modem *modem, int type, struct received *received)
{
    for (;;) {
        atmqtt_event *event;
        OK(atmqtt_modem_next_event(modem, -1, &event));
        if (event == NULL)
            continue;
        int found = event->type == type;
        if (found)
            received_copy(received, event);
        atmqtt_event_free(event);
        if (found)
            return;
    }
}
