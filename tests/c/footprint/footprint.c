/* Prints its resident memory in KiB, whole and without what belongs to files; with a device, once a port is
 * open on it and a client connected, by callbacks. Without ATMQTT it does nothing else. */
#include <stdio.h>
#include <string.h>

#ifdef ATMQTT
#include <atmqtt.h>

static void ignore(const atmqtt_event *event, void *user_data)
{
    (void)event, (void)user_data;
}
#endif

static void print_memory(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    long resident = 0, anonymous = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "VmRSS: %ld", &resident);
        sscanf(line, "RssAnon: %ld", &anonymous);
    }
    printf("%ld %ld\n", resident, anonymous);
}

int main(int argc, char **argv)
{
#ifdef ATMQTT
    atmqtt_modem *modem;
    atmqtt_client *client;
    if (argc != 2 || atmqtt_modem_open(argv[1], NULL, &modem) || atmqtt_modem_client(modem, 0, &client) ||
        atmqtt_client_set_message_callback(client, ignore, NULL, NULL) ||
        atmqtt_client_open(client, "broker.example", 1883, 0) || atmqtt_client_connect(client, "x", NULL, NULL) ||
        atmqtt_client_publish(client, "t", "x", 1, 1, 0)) {
        fprintf(stderr, "%s\n", atmqtt_last_error_message());
        return 1;
    }
    print_memory();
    atmqtt_client_free(client);
    atmqtt_modem_free(modem);
#else
    (void)argc, (void)argv;
    print_memory();
#endif
    return 0;
}
