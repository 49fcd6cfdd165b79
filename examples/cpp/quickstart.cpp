/*
 * Opens a port, connects, subscribes, and sends three messages to itself, in C++17.
 *
 *   quickstart [-h HOST] [-p PORT] DEVICE
 */
#include <atmqtt.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

namespace {

const atmqtt::Modem *to_interrupt = nullptr;

extern "C" void on_signal(int)
{
    to_interrupt->interrupt();
}

void run(const char *device, const std::string &host, int port)
{
    const std::string topic = "atmqtt/quickstart";

    atmqtt::Modem modem(device);
    to_interrupt = &modem;
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    const atmqtt::ModuleInfo info = modem.info();
    std::cout << device << ": " << info.manufacturer << ' ' << info.model << '\n';

    atmqtt::Client client = modem.client(0);
    client.open(host, port);
    client.connect("atmqtt-quickstart");
    client.subscribe(topic, 1);
    for (const char *text : {"one", "two", "three"})
        client.publish(topic, text, 1);
    for (int count = 0; count < 3;) {
        const std::optional<atmqtt::OwnedEvent> event = modem.next_event();
        if (!event)
            break; // A signal.
        if (event->type() == atmqtt::EventType::Message) {
            std::cout << event->topic() << ": " << event->payload() << '\n';
            count++;
        }
    }
    client.disconnect();
    std::cout << "disconnected\n";
    // The handler must not find a modem that is gone.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
}

} // namespace

int main(int argc, char **argv)
{
    std::string host = "broker.example";
    int port = 1883;
    for (int option; (option = getopt(argc, argv, "h:p:")) != -1;) {
        switch (option) {
        case 'h': host = optarg; break;
        case 'p': port = std::atoi(optarg); break;
        default: optind = argc; break;
        }
    }
    if (optind != argc - 1) {
        std::cerr << "usage: " << argv[0] << " [-h HOST] [-p PORT] DEVICE\n";
        return 2;
    }
    try {
        run(argv[optind], host, port);
    } catch (const atmqtt::Error &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
