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

static_assert(!std::is_copy_constructible_v<atmqtt::Link> && std::is_nothrow_move_constructible_v<atmqtt::Link>);

static void a_link_with_results()
{
    emulator module;
    emulator_start(&module, nullptr);
    {
        atmqtt::Result<atmqtt::Link> none = atmqtt::Link::start(atmqtt::LinkOptions(module.path, "x"));
        CHECK(!none);
        CONTAINS("brokers", none.error().what());

        atmqtt::LinkOptions options(module.path, "x");
        options.broker("broker.example").subscribe("t", 1);
        atmqtt::Result<atmqtt::Link> link = atmqtt::Link::start(options);
        CHECK(link.has_value());
        CHECK(link->wait_up().has_value());
        CHECK(link->publish_start("t", "x", 1).has_value());
        for (bool got = false; !got;) {
            const std::optional<atmqtt::OwnedEvent> event = link->next_event().value();
            got = event && event->type() == atmqtt::EventType::Message && event->payload() == "x";
        }
        CHECK(*link->flush());
        CHECK(link->status()->state == ATMQTT_LINK_UP);
        CHECK(link->close().has_value());
        CHECK(link->publish("t", "x").error().status() == atmqtt::Status::Closed);
    }
    emulator_stop(&module);
}

int main(int argc, char **argv)
{
    static const test tests[] = {TEST(results_instead_of_exceptions), TEST(a_link_with_results)};
    return RUN(tests);
}
