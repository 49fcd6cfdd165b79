/* What the cases of links begin with: an emulated module, and a link on it that does not wait long. */
#ifndef LINKED_H
#define LINKED_H

#include <atmqtt.h>

#include "emulator.h"
#include "inbox.h"

struct linked {
    struct emulator emulator;
    atmqtt_broker broker;
    atmqtt_modem_options modem;
    atmqtt_link_options options;
    atmqtt_link *link;
};

/* Options of a link on this device: waits of milliseconds in place of seconds, one broker, client id "link". */
void linked_options(struct linked *linked, const char *port);

/* The module, and such options; the link is not started yet. Options of the module as of emulator_start(). */
void linked_begin(struct linked *linked, const char *const *options);

/* Starts the link, and waits until it is up. */
void linked_up(struct linked *linked);

/* Closes and frees the link, and ends the module. */
void linked_end(struct linked *linked);

/* The next of everything from atmqtt_link_next_event() of this type, copied; others are passed over. */
void next_of_link(atmqtt_link *link, int type, struct received *received);

/* The same until the link goes to this state. */
void link_goes_to(atmqtt_link *link, int stage, struct received *received);

#endif
