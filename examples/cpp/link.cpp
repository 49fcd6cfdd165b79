/*
 * A logger that is left alone on a mast, in C++17: publishes a reading every few seconds, whatever happens to
 * connection, network, module and port meanwhile, and takes orders from the broker.
 *
 *   link -h HOST [-p PORT] [-t TOPIC] [-i CLIENT_ID] [-a APN] [-C CA_FILE] [-n SECONDS] [-c COUNT] DEVICE|usb
 *
 * DEVICE is a serial device; "usb" is the first module of Quectel under whatever name it has at the moment. -C makes it
 * TLS. A number that is published to TOPIC/interval is the new number of seconds between readings.
 *
 * SIGUSR1 prints how it is; SIGINT and SIGTERM end it, after what waits has had five seconds to leave. Ends by itself
 * after COUNT readings.
 */
#include <atmqtt.hpp>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <iostream>

#include <csignal>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

/* The sensor would be here. */
std::string measure()
{
    double load = 0;
    getloadavg(&load, 1);
    return "{\"time\":" + std::to_string(std::time(nullptr)) + ",\"load\":" + std::to_string(load) + "}";
}

/* In a callback: whatever it throws would end the program, and it throws nothing. */
void tell(const atmqtt::Event &event)
{
    if (event.type() == atmqtt::EventType::Completed && event.status() != atmqtt::Status::Ok)
        std::cerr << "lost: " << event.text() << '\n';
    if (event.type() != atmqtt::EventType::Link)
        return;
    if (event.to() == ATMQTT_LINK_UP)
        std::cerr << "up\n";
    else if (const auto wait = event.retry_in())
        std::cerr << "down: " << event.text() << "; next try in " << static_cast<double>(wait->count()) / 1000 << " s\n";
}

void print_status(const atmqtt::Link &link)
{
    const atmqtt::LinkInfo info = link.status();
    std::cerr << "state " << info.state << ", port " << info.port << ", broker " << info.broker.host << "; up "
              << info.connections << " times; " << info.waiting << " waiting, " << info.delivered << " delivered, "
              << info.failed << " failed";
    if (info.cause)
        std::cerr << "; last trouble: " << info.cause_text;
    std::cerr << '\n';
}

void run(const atmqtt::LinkOptions &options, const std::string &topic, double seconds, long count)
{
    /* Before the library's threads are there, so that the signals come here alone. */
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGUSR1})
        sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    std::atomic<double> interval(seconds);
    atmqtt::Link link(options);
    link.on_event(tell);
    link.on_message([&](const atmqtt::Event &event) {
        /* Whoever may publish there may be anybody. */
        const double wanted = std::strtod(std::string(event.payload()).c_str(), nullptr);
        if (wanted >= 0.01 && wanted <= 86400)
            interval = wanted;
    });

    for (bool ended = false; !ended && count != 0;) {
        /* Accepted is enough: it waits where the link is down. */
        link.publish_start(topic, measure(), 1);
        count -= count > 0;
        const auto pause = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(interval));
        const timespec time = {static_cast<time_t>(pause / 1s), static_cast<long>((pause % 1s).count())};
        const int signal = sigtimedwait(&signals, nullptr, &time);
        if (signal == SIGUSR1)
            print_status(link);
        ended = signal == SIGINT || signal == SIGTERM;
    }
    link.flush(5s);
    print_status(link);
    link.close();
}

} // namespace

int main(int argc, char **argv)
{
    atmqtt::LinkOptions options;
    std::string host, topic = "atmqtt/mast";
    int port = 0;
    double seconds = 60;
    long count = -1;
    options.client_id = "atmqtt-mast";
    for (int option; (option = getopt(argc, argv, "h:p:t:i:a:C:n:c:")) != -1;) {
        switch (option) {
        case 'h': host = optarg; break;
        case 'p': port = std::atoi(optarg); break;
        case 't': topic = optarg; break;
        case 'i': options.client_id = optarg; break;
        case 'a': options.apn.emplace().name = optarg; break;
        case 'C': options.tls.emplace().ca = atmqtt::TlsSource::of_file(optarg); break;
        case 'n': seconds = std::atof(optarg); break;
        case 'c': count = std::atol(optarg); break;
        default: optind = argc; break;
        }
    }
    if (host.empty() || optind != argc - 1 || !(seconds >= 0.01)) {
        std::cerr << "usage: " << argv[0]
                  << " -h HOST [-p PORT] [-t TOPIC] [-i CLIENT_ID] [-a APN] [-C CA_FILE] [-n SECONDS] [-c COUNT] "
                     "DEVICE|usb\n";
        return 2;
    }
    if (std::string_view(argv[optind]) == "usb")
        options.usb.emplace();
    else
        options.port = argv[optind];
    options.broker(host, port != 0 ? port : options.tls ? 8883 : 1883).subscribe(topic + "/interval", 1);
    /* The newest readings are worth most. */
    options.queue_messages = 1000;
    options.when_full = ATMQTT_WHEN_FULL_DROP_OLDEST;
    options.config.clean_session = false;
    options.config.will = atmqtt::ClientConfig::Will{topic + "/gone", "", 1, false};
    try {
        run(options, topic, seconds, count);
    } catch (const atmqtt::Error &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
