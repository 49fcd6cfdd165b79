#include "session.h"

#include "check.h"

void session_begin(struct session *session, const char *const *options)
{
    emulator_start(&session->emulator, options);
    OK(atmqtt_modem_open(session->emulator.path, NULL, &session->modem));
    OK(atmqtt_modem_client(session->modem, 0, &session->client));
}

void session_connected(struct session *session, const char *const *options)
{
    session_begin(session, options);
    session_connect(session->client, "tester");
}

void session_connect(atmqtt_client *client, const char *client_id)
{
    OK(atmqtt_client_open(client, "broker.example", 1883, 0));
    OK(atmqtt_client_connect(client, client_id, NULL, NULL));
}

void session_end(struct session *session)
{
    OK(atmqtt_modem_close(session->modem));
    atmqtt_client_free(session->client);
    atmqtt_modem_free(session->modem);
    emulator_stop(&session->emulator);
}
