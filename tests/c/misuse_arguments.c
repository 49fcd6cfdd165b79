/* Structs of another size than the library's, and numbers out of their ranges. */
#include <stdint.h>
#include <string.h>

#include "support/check.h"
#include "support/session.h"

static const size_t wrong[] = {0, 1, sizeof(size_t), 1 << 20, SIZE_MAX};
enum { COUNT = sizeof wrong / sizeof wrong[0] };

#define EACH(options, init, call) \
    for (size_t i = 0; i < COUNT; i++) { \
        STATUS(ATMQTT_INVALID_ARGUMENT, init(&options, wrong[i])); \
        CONTAINS("struct_size is", atmqtt_last_error_message()); \
        OK(init(&options, sizeof options)); \
        options.struct_size = wrong[i]; \
        STATUS(ATMQTT_INVALID_ARGUMENT, call); \
        CONTAINS("struct_size is", atmqtt_last_error_message()); \
    } \
    STATUS(ATMQTT_INVALID_ARGUMENT, init(&options, sizeof options + 1)); \
    STATUS(ATMQTT_INVALID_ARGUMENT, init(&options, sizeof options - 1))

static void every_struct_that_has_one(void)
{
    struct session session;
    atmqtt_modem *modem;
    atmqtt_modem_options modem_options;
    atmqtt_client_config config;
    atmqtt_files_upload_options upload;
    atmqtt_tls_options tls;
    atmqtt_apn apn;
    atmqtt_usb_port usb;
    char path[64];
    atmqtt_link_options link_options;
    atmqtt_link *link;
    session_begin(&session, NULL);
    EACH(modem_options, atmqtt_modem_options_init,
         atmqtt_modem_open(session.emulator.path, &modem_options, &modem));
    EACH(config, atmqtt_client_config_init, atmqtt_client_configure(session.client, &config));
    EACH(upload, atmqtt_files_upload_options_init,
         atmqtt_files_upload(session.modem, "n", "x", 1, &upload));
    EACH(tls, atmqtt_tls_options_init, atmqtt_tls_configure(session.modem, 1, &tls));
    EACH(tls, atmqtt_tls_options_init, atmqtt_tls_delete_files(session.modem, 1, &tls, NULL));
    EACH(apn, atmqtt_network_apn_init, atmqtt_network_set_apn(session.modem, 1, &apn));
    EACH(usb, atmqtt_usb_port_init, atmqtt_usb_port_find(&usb, path, sizeof path));
    EACH(link_options, atmqtt_link_options_init, atmqtt_link_start(&link_options, &link));
    session_end(&session);
}

static void numbers_out_of_range(void)
{
    struct session session;
    session_connected(&session, NULL);
    atmqtt_client *client = session.client, *none = NULL;
    const int32_t indexes[] = {-1, 6, INT32_MAX, INT32_MIN, 256};
    atmqtt_tls_options tls;
    OK(atmqtt_tls_options_init(&tls, sizeof tls));
    tls.insecure = 1;
    OK(atmqtt_tls_configure(session.modem, 5, &tls));
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_modem_client(session.modem, indexes[i], &none));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_configure(session.modem, indexes[i], &tls));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_tls_delete_files(session.modem, indexes[i], &tls, NULL));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "t", "x", 1, indexes[i], 0));
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "t", "x", 1, 0, indexes[i]));
        const atmqtt_subscription subscription = {"t", indexes[i]};
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_subscribe(client, &subscription, 1, NULL));
    }
    CHECK(none == NULL);
    const int32_t ports[] = {-1, 0, 65536, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(client, "broker.example", ports[i], 0));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_open(client, "broker.example", 1883, 2));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_network_activate(session.modem, 17));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_set_log_callback(6, NULL, NULL, NULL));
    STATUS(ATMQTT_INVALID_ARGUMENT, atmqtt_client_publish(client, "not \xff UTF-8", "x", 1, 0, 0));
    CONTAINS("not UTF-8", atmqtt_last_error_message());
    OK(atmqtt_client_publish(client, "t", "x", 1, 2, 0));
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(every_struct_that_has_one), TEST(numbers_out_of_range)};
    return RUN(tests);
}
