/* What most cases begin with: an emulated module, its port, a client that is connected. */
#ifndef SESSION_H
#define SESSION_H

#include <atmqtt.h>

#include "emulator.h"

struct session {
    struct emulator emulator;
    atmqtt_modem *modem;
    atmqtt_client *client;
};

/* The module and its port alone; the client is a handle on client 0. Options of the module as of
 * emulator_start(), NULL = none. */
void session_begin(struct session *session, const char *const *options);

/* The same with client 0 connected, as "tester". */
void session_connected(struct session *session, const char *const *options);

/* Opens and connects a client of an open port. */
void session_connect(atmqtt_client *client, const char *client_id);

/* Closes the port and ends the module. */
void session_end(struct session *session);

#endif
