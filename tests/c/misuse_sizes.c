/* Structs of another size than the library's: too small, too large, not initialised. */
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
    session_begin(&session, NULL);
    EACH(modem_options, atmqtt_modem_options_init,
         atmqtt_modem_open(session.emulator.path, &modem_options, &modem));
    EACH(config, atmqtt_client_config_init, atmqtt_client_configure(session.client, &config));
    EACH(upload, atmqtt_files_upload_options_init,
         atmqtt_files_upload(session.modem, "n", "x", 1, &upload));
    EACH(tls, atmqtt_tls_options_init, atmqtt_tls_configure(session.modem, 1, &tls));
    EACH(apn, atmqtt_network_apn_init, atmqtt_network_set_apn(session.modem, 1, &apn));
    session_end(&session);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(every_struct_that_has_one)};
    return RUN(tests);
}
