/* Events kept for a look at them: filled by a callback or by the test, waited for by the test. */
#ifndef INBOX_H
#define INBOX_H

#include <pthread.h>

#include <atmqtt.h>

/* A copy of what was in an event. Texts are cut where they do not fit. */
struct received {
    atmqtt_event event;
    char topic[256];
    uint8_t payload[2048];
    char text[512];
    uint8_t granted[16];
};

void received_copy(struct received *to, const atmqtt_event *event);

enum { INBOX_SIZE = 64 };

struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    size_t count;
    size_t taken;
    /* How often inbox_dropped() was called, and whether an event came after that. */
    int dropped;
    int late;
    struct received received[INBOX_SIZE];
};

void inbox_init(struct inbox *inbox);
void inbox_destroy(struct inbox *inbox);

/* For callbacks of the library, with the inbox as user_data. */
void inbox_put(const atmqtt_event *event, void *inbox);
void inbox_dropped(void *inbox);

/* The next event of this type, oldest first; others before it are passed over. Waits; what never comes is
 * ended by the alarm of the case. The copy lives as long as the inbox. */
const struct received *inbox_take(struct inbox *inbox, int type);

/* The next of everything from atmqtt_modem_next_event() of this type, copied; others are passed over. */
void next_of_type(atmqtt_modem *modem, int type, struct received *received);

#endif
