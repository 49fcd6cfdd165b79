/* The C++ header without exceptions: calls give results. */
#define ATMQTT_NO_EXCEPTIONS
#include <atmqtt.hpp>

#include <type_traits>

#include "support/check.h"
#include "support/emulator.h"

static_assert(!std::is_copy_constructible_v<atmqtt::Modem> && std::is_nothrow_move_constructible_v<atmqtt::Modem>);
static_assert(!std::is_copy_constructible_v<atmqtt::Client> && std::is_nothrow_move_assignable_v<atmqtt::Client>);

static void results_instead_of_exceptions()
{
    emulator module;
    emulator_start(&module, nullptr);
    {
        atmqtt::Result<atmqtt::Modem> none = atmqtt::Modem::open("/dev/there-is-none");
        CHECK(!none);
        CHECK(none.error().status() == atmqtt::Status::PortLost);

        atmqtt::Result<atmqtt::Modem> modem = atmqtt::Modem::open(module.path);
        CHECK(modem.has_value());
        atmqtt::Client client = modem->client(0).value();
        const atmqtt::Result<void> early = client.publish("t", "x");
        CHECK(!early && early.error().status() == atmqtt::Status::InvalidState);
        CHECK(early.error().client() == 0);
        CHECK(client.open("broker.example", 1883).has_value());
        CHECK(client.connect("x").has_value());
        CHECK(*client.subscribe("t", 2) == 2);
        CHECK(client.publish("t", "x", 1).has_value());
        std::optional<atmqtt::OwnedEvent> event = modem->next_event().value();
        CHECK(event && event->payload() == "x");
        CHECK(client.disconnect().has_value());
        CHECK(modem->close().has_value());
    }
    emulator_stop(&module);
}

int main(int argc, char **argv)
{
    static const test tests[] = {TEST(results_instead_of_exceptions)};
    return RUN(tests);
}
