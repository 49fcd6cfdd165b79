/* The C++ header, with exceptions. */
#include <atmqtt.hpp>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include "support/check.h"
#include "support/emulator.h"
#include "support/process.h"

using namespace std::chrono_literals;

namespace {

/* An emulated module for as long as the object lives. */
struct Module {
    explicit Module(const char *fault = nullptr)
    {
        const char *options[] = {"--fault", fault, nullptr};
        emulator_start(&process, fault != nullptr ? options : nullptr);
    }
    ~Module() { emulator_stop(&process); }
    const char *path() const { return process.path; }
    emulator process;
};

/* What a callback has been given, for the test to wait for. */
struct Box {
    void put(std::string text)
    {
        const std::lock_guard<std::mutex> lock(mutex);
        texts.push_back(std::move(text));
        more.notify_all();
    }
    std::string take(std::size_t number)
    {
        std::unique_lock<std::mutex> lock(mutex);
        more.wait(lock, [&] { return texts.size() > number; });
        return texts[number];
    }
    std::mutex mutex;
    std::condition_variable more;
    std::vector<std::string> texts;
};

template <typename F> atmqtt::Error thrown(F &&call)
{
    try {
        call();
    } catch (const atmqtt::Error &error) {
        return error;
    }
    FAIL("nothing was thrown");
}

void a_whole_session()
{
    Module module;
    Box box;
    auto kept = std::make_shared<int>(1);
    {
        atmqtt::Modem modem(module.path());
        TEXT(module.path(), modem.port_name().c_str());
        CHECK(modem.is_open());
        TEXT("Quectel", modem.info().manufacturer.c_str());
        CHECK(modem.signal().rssi_dbm.has_value());
        EQUAL(1, modem.command("AT+CSQ").size());

        atmqtt::Client client = modem.client(0);
        CHECK(!client.found_alive());
        atmqtt::ClientConfig config;
        config.keepalive = 77s;
        config.will = atmqtt::ClientConfig::Will{"will", std::string("go\0ne", 5), 1, true};
        client.configure(config);
        CHECK(client.config().keepalive == 77s);
        CHECK(client.setting("keepalive").keepalive == 77s);
        TEXT("will", client.config().will->topic.c_str());

        client.open("broker.example", 1883);
        client.connect("tester", "user", "password");
        EQUAL(ATMQTT_STATE_CONNECTED, client.state());
        client.on_message([&box, kept](const atmqtt::Event &event) {
            CHECK(event.type() == atmqtt::EventType::Message);
            box.put(std::string(event.topic()) + "=" + std::string(event.payload()));
        });
        EQUAL(2, kept.use_count());
        EQUAL(1, client.subscribe("a/#", 1));
        CHECK((client.subscribe({{"b", 2}, {"c", 0}}) == std::vector<std::uint8_t>{2, 0}));
        client.publish("a/x", std::string("1\0" "2", 3), 1);
        CHECK(box.take(0) == std::string("a/x=1\0" "2", 7));
        client.publish("b", "", 2);
        CHECK(box.take(1) == "b=");
        client.unsubscribe({"a/#", "b"});

        /* Moved handles are the same handles. */
        atmqtt::Client moved = std::move(client);
        CHECK(thrown([&] { client.close(); }).status() == atmqtt::Status::InvalidArgument);
        moved.publish("c", "moved", 1);
        CHECK(box.take(2) == "c=moved");
        moved.disconnect();
        atmqtt::Modem other = std::move(modem);
        other.close();
        EQUAL(1, kept.use_count());
        CHECK(thrown([&] { other.command("AT"); }).status() == atmqtt::Status::Closed);
    }
}

void errors_have_everything()
{
    Module module("connack:code=5");
    atmqtt::Modem modem = atmqtt::Modem::open(module.path());
    atmqtt::Client client = modem.client(3);
    client.open("broker.example", 1883);
    const atmqtt::Error error = thrown([&] { client.connect("x"); });
    CHECK(error.status() == atmqtt::Status::ConnectionRefused);
    TEXT("connection refused", atmqtt::name(error.status()));
    CHECK(error.code() == 5);
    CHECK(error.client() == 3);
    CHECK(error.command() == "AT+QMTCONN");
    CONTAINS("AT+QMTCONN (client 3)", error.what());

    /* A NUL would cut a text off: refused, and not sent. */
    CHECK(thrown([&] { client.open(std::string_view("a\0b", 3), 1883); }).status() ==
          atmqtt::Status::InvalidArgument);
    CHECK(thrown([&] { modem.command(std::string_view("AT\0+CSQ", 7)); }).status() ==
          atmqtt::Status::InvalidArgument);
    CHECK(thrown([&] { modem.client(6); }).status() == atmqtt::Status::InvalidArgument);
    CHECK(thrown([] { atmqtt::Modem("/dev/there-is-none"); }).status() == atmqtt::Status::PortLost);
}

void events_in_a_loop()
{
    Module module;
    atmqtt::Modem modem(module.path());
    atmqtt::Client client = modem.client(0);
    CHECK(modem.event_fd() >= 0);
    CHECK(!modem.next_event(0ms));
    const auto ended = [&](std::uint64_t operation) {
        for (;;) {
            std::optional<atmqtt::OwnedEvent> event = modem.next_event();
            if (event && event->type() == atmqtt::EventType::Completed) {
                EQUAL(operation, event->operation());
                return std::move(*event);
            }
        }
    };
    EQUAL(ATMQTT_OK, static_cast<int>(ended(client.open_start("broker.example", 1883)).status()));
    ended(client.connect_start("x"));
    CHECK((ended(client.subscribe_start({{"t", 2}})).granted() == std::vector<std::uint8_t>{2}));
    ended(client.publish_start("other", "x", 1));
    ended(client.unsubscribe_start({"t"}));
    CHECK(ended(modem.command_start("AT+CSQ")).text().substr(0, 5) == "+CSQ:");
    const atmqtt::OwnedEvent failed = ended(modem.command_start("AT+NOSUCHTHING"));
    CHECK(failed.error().status() == atmqtt::Status::ModuleError);
    ended(client.disconnect_start());
    ended(client.close_start());
    modem.interrupt();
    CHECK(!modem.next_event());
    modem.release_events();
    modem.on_event([](const atmqtt::Event &) {});
    modem.on_event(nullptr);
}

Box *escaped;

void note(std::exception_ptr exception) noexcept
{
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception &error) {
        escaped->put(error.what());
    }
}

void an_exception_in_a_callback_goes_to_the_handler()
{
    Module module;
    Box box;
    escaped = &box;
    atmqtt::set_exception_handler(note);
    atmqtt::Modem modem(module.path());
    atmqtt::Client client = modem.client(0);
    client.open("broker.example", 1883);
    client.connect("x");
    client.on_message([](const atmqtt::Event &event) { throw std::runtime_error(std::string(event.payload())); });
    client.subscribe("t");
    client.publish("t", "first", 1);
    client.publish("t", "second", 1);
    CHECK(box.take(0) == "first");
    CHECK(box.take(1) == "second");
    modem.upload("x", "contents", {10s, false, [](std::size_t, std::size_t) { throw std::logic_error("upload"); }});
    CHECK(box.take(2) == "upload");
    modem.close();
    atmqtt::set_exception_handler(nullptr);
}

void files_tls_and_network()
{
    Module module;
    atmqtt::Modem modem(module.path());
    std::size_t told = 0;
    const std::string data("OK\r\n\0+QFUPL", 11);
    atmqtt::UploadOptions options;
    options.progress = [&](std::size_t done, std::size_t total) {
        EQUAL(data.size(), total);
        told = done;
    };
    modem.upload("one.bin", data, options);
    EQUAL(data.size(), told);
    CHECK(!modem.ensure("one.bin", data));
    CHECK(modem.ensure("two.bin", data));
    CHECK(modem.download("one.bin") == data);
    EQUAL(2, modem.files("*.bin").size());
    CHECK(modem.file_size("one.bin") == data.size());
    modem.delete_file("one.bin");
    CHECK(!modem.file_size("one.bin"));
    CHECK(thrown([&] { modem.delete_file("one.bin"); }).code() == 405);
    CHECK(modem.space().free < modem.space().total);
    EQUAL(0x4142, atmqtt::checksum("AB"));

    atmqtt::TlsOptions tls;
    CHECK(thrown([&] { modem.configure_tls(2, tls); }).status() == atmqtt::Status::InvalidArgument);
    tls.ca = atmqtt::TlsSource::of_module("two.bin");
    tls.clock = ATMQTT_TLS_CLOCK_IGNORE;
    modem.configure_tls(2, tls);
    CHECK(modem.tls_config(2).ca == std::string("two.bin"));
    CHECK(modem.tls_config(2).sni == true);
    // It was there before.
    CHECK(modem.delete_tls_files(2, tls).empty());
    CHECK(modem.file_size("two.bin").has_value());
    const auto pem = [](const std::string &kind, const std::string &text) {
        return atmqtt::TlsSource::of_pem("-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    };
    tls.ca = pem("CERTIFICATE", "Q0E=");
    tls.client_certificate = pem("CERTIFICATE", "T1dO");
    tls.private_key = pem("PRIVATE KEY", "S0VZ");
    modem.configure_tls(2, tls);
    EQUAL(3, modem.files("atmqtt-*").size());
    const atmqtt::TlsSettings named = modem.tls_config(2);
    const std::vector<std::string> deleted = modem.delete_tls_files(2, tls);
    CHECK((deleted == std::vector<std::string>{*named.private_key, *named.client_certificate, *named.ca}));
    CHECK(modem.files("atmqtt-*").empty());
    CHECK(modem.delete_tls_files(2, tls).empty());
    tls.private_key = {};
    CHECK(thrown([&] { modem.delete_tls_files(2, tls); }).status() == atmqtt::Status::InvalidArgument);

    EQUAL(ATMQTT_SIM_READY, modem.sim().state);
    CHECK(modem.registration().registered);
    CHECK(!modem.network_operator().name.empty());
    modem.set_apn(1, {"internet", ATMQTT_IP_V4V6, ATMQTT_AUTH_PAP, "user", "pass"});
    CHECK(modem.apn(1).name == "internet");
    int stages = 0;
    CHECK(!modem.wait_ready(1, 60s, [&](int, std::string_view) { stages++; }).v4.empty());
    CHECK(stages > 0);
    CHECK(modem.address(1).has_value());
    modem.deactivate(1);
    CHECK(!modem.address(1));
    modem.activate(1);
    modem.set_clock(std::chrono::system_clock::from_time_t(1700000000));
    EQUAL(2023, modem.clock().year);
    modem.set_urc_port("usbmodem");
    TEXT("usbmodem", modem.urc_port().c_str());

    const atmqtt::Capabilities all = modem.capabilities();
    CHECK(all.supports_command("QMTOPEN"));
    CHECK(!all.supports_setting("no-such-thing"));
    CHECK(!all.command_parameters("QMTOPEN").empty());
    CHECK(!all.command_names().empty());
    CHECK(!all.setting_names().empty());
}

void a_whole_link()
{
    Module module("connack:code=4");
    Box box;
    auto kept = std::make_shared<int>(1);
    atmqtt::LinkOptions options(module.path(), "link");
    options.broker("broker.example").subscribe("in/#", 1).subscribe("other");
    options.modem.silence = 0ms;
    options.backoff.first = 20ms;
    options.config.keepalive = 77s;
    options.config.will = atmqtt::ClientConfig::Will{"will", "gone", 1, true};
    options.apn = atmqtt::Apn{"internet", ATMQTT_IP_V4, ATMQTT_AUTH_PAP, "user", "pass"};
    options.username = "me";
    options.password = "secret";
    options.when_full = ATMQTT_WHEN_FULL_REFUSE;
    options.power_hook = [kept] { return atmqtt::Status::Ok; };
    EQUAL(2, kept.use_count());
    {
        atmqtt::Link link(options);
        EQUAL(3, kept.use_count());
        const atmqtt::Error refused = thrown([&] { link.wait_up(); });
        CHECK(refused.status() == atmqtt::Status::ConnectionRefused);
        EQUAL(ATMQTT_LINK_REFUSED, link.state());
        atmqtt::LinkInfo info = link.status();
        CHECK(info.cause == ATMQTT_CAUSE_REFUSED);
        CHECK(info.status == atmqtt::Status::ConnectionRefused);
        CHECK(info.code == 4);
        CHECK(info.retry_in > 60s);
        CONTAINS("AT+QMTCONN", info.cause_text.c_str());
        CHECK(thrown([&] { link.publish("t", "x", 0); }).status() == atmqtt::Status::Disconnected);
        const std::uint64_t first = link.publish_start("t", "early", 1);
        CHECK(!link.flush(0ms));
        link.retry();
        link.wait_up(60s);

        /* Everything that has happened, in order. */
        CHECK(link.event_fd() >= 0);
        std::vector<int> went;
        bool ended = false;
        for (int subscribed = 0; subscribed < 2 || !ended;) {
            const std::optional<atmqtt::OwnedEvent> event = link.next_event();
            CHECK(event.has_value());
            if (event->type() == atmqtt::EventType::Link) {
                CHECK(event->from() && event->cause() && !event->text().empty());
                if (*event->to() == ATMQTT_LINK_REFUSED)
                    CHECK(event->retry_in() > 60s && event->code() == 4);
                went.push_back(*event->to());
            }
            if (event->type() == atmqtt::EventType::Subscribed) {
                EQUAL(1, event->granted().size());
                CHECK(!event->to());
                subscribed++;
            }
            if (event->type() == atmqtt::EventType::Completed) {
                EQUAL(first, event->operation());
                ended = true;
            }
        }
        EQUAL(ATMQTT_LINK_SEARCHING, went.front());
        EQUAL(ATMQTT_LINK_UP, went.back());
        link.release_events();

        link.on_message([&box, kept](const atmqtt::Event &event) {
            box.put(std::string(event.topic()) + "=" + std::string(event.payload()));
        });
        link.on_event([&box](const atmqtt::Event &event) {
            if (event.type() == atmqtt::EventType::Subscribed)
                box.put("subscribed to " + std::string(event.topic()));
        });
        EQUAL(4, kept.use_count());
        link.publish("in/x", std::string("1\0" "2", 3), 2);
        CHECK(box.take(0) == std::string("in/x=1\0" "2", 8));
        link.subscribe("late", 1);
        CHECK(box.take(1) == "subscribed to late");
        CHECK(link.unsubscribe("late"));
        CHECK(!link.unsubscribe("late"));
        CHECK(link.flush());
        CHECK(thrown([&] { link.publish(std::string_view("a\0b", 3), "x"); }).status() ==
              atmqtt::Status::InvalidArgument);

        atmqtt::Modem modem = link.modem();
        CHECK(modem.apn(1).name == "internet");
        CHECK(modem.client(0).setting("keepalive").keepalive == 77s);
        CHECK(thrown([&] { modem.next_event(0ms); }).status() == atmqtt::Status::InvalidState);

        /* Moved handles are the same handles. */
        atmqtt::Link moved = std::move(link);
        CHECK(thrown([&] { link.close(); }).status() == atmqtt::Status::InvalidArgument);
        info = moved.status();
        EQUAL(1, info.connections);
        EQUAL(2, info.accepted);
        EQUAL(2, info.delivered);
        TEXT(module.path(), info.port.c_str());
        TEXT("broker.example", info.broker.host.c_str());
        moved.close();
        EQUAL(ATMQTT_LINK_CLOSED, moved.state());
        EQUAL(2, kept.use_count());
        CHECK(thrown([&] { moved.publish("t", "x", 1); }).status() == atmqtt::Status::Closed);
    }
    atmqtt::LinkOptions none(atmqtt::UsbPort(), "x");
    CHECK(thrown([&] { atmqtt::Link{none}; }).status() == atmqtt::Status::InvalidArgument);
    atmqtt::UsbPort usb;
    usb.serial = "there is none like this";
    CHECK(thrown([&] { usb.find(); }).status() == atmqtt::Status::PortLost);
}

void nothing_is_left()
{
    const int threads = count_threads(), descriptors = count_descriptors();
    for (int round = 0; round < 3; round++) {
        Module module;
        atmqtt::Modem modem(module.path());
        atmqtt::Client client = modem.client(0);
        client.on_message([](const atmqtt::Event &) {});
    }
    wait_for_threads(threads);
    EQUAL(descriptors, count_descriptors());
}

void options_reach_the_port()
{
    Module module;
    char trace[] = "/tmp/atmqtt-trace-XXXXXX";
    close(mkstemp(trace));
    atmqtt::ModemOptions options;
    options.silence = 0ms;
    options.trace = trace;
    options.message_capacity = 0;
    EQUAL(ATMQTT_INVALID_ARGUMENT, thrown([&] { atmqtt::Modem(module.path(), options); }).status());
    options.message_capacity = 1;
    atmqtt::Modem(module.path(), options).close();
    std::ifstream file(trace);
    const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    CONTAINS(" > ATQ0V1E0\\r", all.c_str());
    unlink(trace);
}

} // namespace

int main(int argc, char **argv)
{
    static const test tests[] = {
        TEST(a_whole_session),
        TEST(errors_have_everything),
        TEST(events_in_a_loop),
        TEST(an_exception_in_a_callback_goes_to_the_handler),
        TEST(files_tls_and_network),
        TEST(a_whole_link),
        TEST(nothing_is_left),
        TEST(options_reach_the_port),
    };
    return RUN(tests);
}
