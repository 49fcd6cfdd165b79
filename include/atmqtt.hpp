/**
 * @file atmqtt.hpp
 * atmqtt for C++17: the C interface (atmqtt.h) with owners instead of frees and exceptions instead of
 * statuses. Header only; link what a C program links.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * IN GENERAL
 *
 * - What a call does, how long it takes and how it fails is said in atmqtt.h at the function of the same name.
 * - A call that fails throws atmqtt::Error. With ATMQTT_NO_EXCEPTIONS defined before this header is included,
 *   or where the compiler has exceptions off, it returns a Result instead: the value, or the Error. Result<T>
 *   is T itself where exceptions are on.
 * - Modem, Client and Link own a handle: they can be moved and not copied. A moved-from one may only be destroyed or
 *   assigned to; every call on it fails with Status::InvalidArgument.
 * - Any number of threads may use one object at a time; none may destroy, move or assign it meanwhile.
 * - Texts go in as std::string_view and may hold no NUL. Payloads and files are std::string_view too: any bytes.
 * - Callbacks are std::functions. They run on a thread of the library, where all signals are blocked, and may
 *   make every call but Modem::close() and Link::close(). An exception that leaves one goes to the handler that
 *   set_exception_handler() has set; without one the program ends by std::terminate(). It never reaches the
 *   library.
 */
#ifndef ATMQTT_HPP
#define ATMQTT_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "atmqtt.h"

#if !defined(ATMQTT_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
/** Calls return a Result and nothing throws: defined by the program, or because exceptions are off. */
#define ATMQTT_NO_EXCEPTIONS
#endif

/** Everything of atmqtt. */
namespace atmqtt {

// The two forms of a call are different functions: a program that links both must not mix them up.
#ifdef ATMQTT_NO_EXCEPTIONS
inline namespace results {
#else
inline namespace exceptions {
#endif

/** What can go wrong; the numbers of atmqtt_status. */
enum class Status : std::int32_t {
    Ok = ATMQTT_OK,                                  ///< ATMQTT_OK
    InvalidArgument = ATMQTT_INVALID_ARGUMENT,       ///< ATMQTT_INVALID_ARGUMENT
    InvalidState = ATMQTT_INVALID_STATE,             ///< ATMQTT_INVALID_STATE
    Timeout = ATMQTT_TIMEOUT,                        ///< ATMQTT_TIMEOUT
    Unconfirmed = ATMQTT_UNCONFIRMED,                ///< ATMQTT_UNCONFIRMED
    ModuleError = ATMQTT_MODULE_ERROR,               ///< ATMQTT_MODULE_ERROR
    CmeError = ATMQTT_CME_ERROR,                     ///< ATMQTT_CME_ERROR
    OperationFailed = ATMQTT_OPERATION_FAILED,       ///< ATMQTT_OPERATION_FAILED
    ConnectionRefused = ATMQTT_CONNECTION_REFUSED,   ///< ATMQTT_CONNECTION_REFUSED
    PortLost = ATMQTT_PORT_LOST,                     ///< ATMQTT_PORT_LOST
    PortBusy = ATMQTT_PORT_BUSY,                     ///< ATMQTT_PORT_BUSY
    ChecksumMismatch = ATMQTT_CHECKSUM_MISMATCH,     ///< ATMQTT_CHECKSUM_MISMATCH
    CalledFromCallback = ATMQTT_CALLED_FROM_CALLBACK, ///< ATMQTT_CALLED_FROM_CALLBACK
    Closed = ATMQTT_CLOSED,                          ///< ATMQTT_CLOSED
    Internal = ATMQTT_INTERNAL,                      ///< ATMQTT_INTERNAL
    Disconnected = ATMQTT_DISCONNECTED,              ///< ATMQTT_DISCONNECTED
    PortStuck = ATMQTT_PORT_STUCK,                   ///< ATMQTT_PORT_STUCK
    Storage = ATMQTT_STORAGE,                        ///< ATMQTT_STORAGE
    QueueFull = ATMQTT_QUEUE_FULL,                   ///< ATMQTT_QUEUE_FULL
};

/** A short name of a status, as "connection refused". */
inline const char *name(Status status) noexcept
{
    return atmqtt_status_name(static_cast<std::int32_t>(status));
}

/** The version of the library, as "0.1.0". */
inline const char *version() noexcept
{
    return atmqtt_version();
}

/** Why a call failed: its kind for the program, what() for people. */
class Error : public std::runtime_error {
public:
    /** The last failure of this thread, which had this status. */
    static Error last(std::int32_t status)
    {
        Error error(static_cast<Status>(status), atmqtt_last_error_message());
        error.code_ = given(atmqtt_last_error_code());
        error.client_ = given(atmqtt_last_error_client());
        if (const char *command = atmqtt_last_error_command())
            error.command_ = command;
        return error;
    }

    /** A failure of this status, in words. */
    Error(Status status, const std::string &what) : std::runtime_error(what), status_(status) {}

    /** A failure that an event told. */
    Error(const atmqtt_event &event)
        : std::runtime_error(std::string(event.text, event.text_length)),
          status_(static_cast<Status>(event.status)), code_(given(event.code)), client_(given(event.client))
    {
    }

    /** What kind of failure it is. */
    Status status() const noexcept { return status_; }
    /** The number that the module gave: atmqtt_last_error_code(). */
    std::optional<int> code() const noexcept { return code_; }
    /** The AT command that it concerns, as "AT+QMTOPEN"; "" = none. */
    const std::string &command() const noexcept { return command_; }
    /** The MQTT client 0 to 5 that it concerns. */
    std::optional<int> client() const noexcept { return client_; }

private:
    static std::optional<int> given(std::int32_t number)
    {
        return number < 0 ? std::nullopt : std::optional<int>(number);
    }

    Status status_;
    std::optional<int> code_;
    std::optional<int> client_;
    std::string command_;
};

/** A value, or why there is none. Looking for the one that is not there ends the program. */
template <typename T> class [[nodiscard]] Expected {
public:
    /** With a value. */
    Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    /** With an error. */
    Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    /** Whether there is a value. */
    bool has_value() const noexcept { return state_.index() == 0; }
    /** Whether there is a value. */
    explicit operator bool() const noexcept { return has_value(); }
    /** The value. */
    T &value() & noexcept { return *checked(std::get_if<0>(&state_)); }
    /** The value. */
    const T &value() const & noexcept { return *checked(std::get_if<0>(&state_)); }
    /** The value, moved out. */
    T value() && noexcept { return std::move(*checked(std::get_if<0>(&state_))); }
    /** The value. */
    T &operator*() & noexcept { return value(); }
    /** The value. */
    const T &operator*() const & noexcept { return value(); }
    /** The value, moved out. */
    T operator*() && noexcept { return std::move(*this).value(); }
    /** The value. */
    T *operator->() noexcept { return checked(std::get_if<0>(&state_)); }
    /** The error. */
    const Error &error() const noexcept { return *checked(std::get_if<1>(&state_)); }

private:
    template <typename U> static U *checked(U *there) noexcept
    {
        if (there == nullptr)
            std::terminate();
        return there;
    }

    std::variant<T, Error> state_;
};

/** Success, or why not. */
template <> class [[nodiscard]] Expected<void> {
public:
    /** Success. */
    Expected() = default;
    /** Failure. */
    Expected(Error error) : error_(std::move(error)) {}

    /** Whether it went well. */
    bool has_value() const noexcept { return !error_; }
    /** Whether it went well. */
    explicit operator bool() const noexcept { return has_value(); }
    /** The error; without one the program ends. */
    const Error &error() const noexcept
    {
        if (!error_)
            std::terminate();
        return *error_;
    }

private:
    std::optional<Error> error_;
};

/** What a call that can fail returns: T, where exceptions are on; else an Expected<T>. */
#ifdef ATMQTT_NO_EXCEPTIONS
template <typename T> using Result = Expected<T>;
#else
template <typename T> using Result = T;
#endif

/** What an exception that leaves a callback is given to; it must not throw. */
using ExceptionHandler = void (*)(std::exception_ptr) noexcept;

/** What is the business of this header. */
namespace detail {

inline ExceptionHandler &exception_handler() noexcept
{
    static ExceptionHandler handler = nullptr;
    return handler;
}

/** Runs a program's function where no exception may leave. */
template <typename F> void contained(F &&body) noexcept
{
#ifdef __cpp_exceptions
    try {
        body();
    } catch (...) {
        if (ExceptionHandler handler = exception_handler())
            handler(std::current_exception());
        else
            std::terminate();
    }
#else
    body();
#endif
}

/** A failure, as this translation unit wants it. */
template <typename T> Result<T> failed(Error error)
{
#ifdef ATMQTT_NO_EXCEPTIONS
    return error;
#else
    throw error;
#endif
}

/** The end of a call: its value if it went well. */
template <typename F> auto finish(std::int32_t status, F &&value) -> Result<std::decay_t<decltype(value())>>
{
    if (status != ATMQTT_OK)
        return failed<std::decay_t<decltype(value())>>(Error::last(status));
    return value();
}

/** The end of a call without a value. */
inline Result<void> finish(std::int32_t status)
{
    if (status != ATMQTT_OK)
        return failed<void>(Error::last(status));
    return Result<void>();
}

/** A text for C: NUL-terminated, and refused where a NUL in it would cut it off. */
class Text {
public:
    Text(std::string_view text) : text_(text), whole_(text.find('\0') == std::string_view::npos) {}
    /** Not UTF-8 where it is not whole, so that the library refuses it and names the parameter. */
    const char *c_str() const noexcept { return whole_ ? text_.c_str() : "\xff (a NUL)"; }

private:
    std::string text_;
    bool whole_;
};

/** The same for a text that may be left out. */
class MaybeText {
public:
    MaybeText(const std::optional<std::string> &text)
    {
        if (text)
            text_.emplace(*text);
    }
    const char *c_str() const noexcept { return text_ ? text_->c_str() : nullptr; }

private:
    std::optional<Text> text_;
};

template <typename T, void (*Free)(T *)> struct Free_ {
    void operator()(T *pointer) const noexcept { Free(pointer); }
};

/** Whatever the library allocates, with its free function. */
template <typename T, void (*Free)(T *)> using Owned = std::unique_ptr<T, Free_<T, Free>>;

/** Milliseconds for the library; none = no limit. */
inline std::int64_t milliseconds(std::optional<std::chrono::milliseconds> timeout) noexcept
{
    return timeout ? (timeout->count() < 0 ? 0 : static_cast<std::int64_t>(timeout->count())) : -1;
}

inline std::string string(const char *text)
{
    return text == nullptr ? std::string() : std::string(text);
}

inline std::optional<std::string> maybe(const char *text)
{
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

/** -1 is none. */
template <typename T> std::optional<T> known(T number)
{
    return number < 0 ? std::nullopt : std::optional<T>(number);
}

/** -1 is none. */
inline std::optional<std::chrono::milliseconds> duration(std::int64_t milliseconds) noexcept
{
    return milliseconds < 0 ? std::nullopt
                            : std::optional<std::chrono::milliseconds>(std::chrono::milliseconds(milliseconds));
}

/** Milliseconds of an option, within what its field holds. */
inline std::uint32_t option_ms(std::chrono::milliseconds time) noexcept
{
    return time.count() < 0            ? 0
           : time.count() > UINT32_MAX ? UINT32_MAX
                                       : static_cast<std::uint32_t>(time.count());
}

inline std::vector<std::string> strings(const atmqtt_lines &lines)
{
    return std::vector<std::string>(lines.lines, lines.lines + lines.count);
}

/** Gives a function to the library, which deletes it when it has let go of it. */
template <typename F> void *keep(F &&function)
{
    return function ? new std::decay_t<F>(std::forward<F>(function)) : nullptr;
}

template <typename F> void let_go(void *function) noexcept
{
    contained([&] { delete static_cast<F *>(function); });
}

} // namespace detail

/**
 * Sets what is done with exceptions that leave callbacks, in the whole process: nullptr = std::terminate(), the
 * default. Set it before callbacks are.
 */
inline void set_exception_handler(ExceptionHandler handler) noexcept
{
    detail::exception_handler() = handler;
}

/** Kinds of events; the numbers of atmqtt_event_type. */
enum class EventType : std::int32_t {
    Message = ATMQTT_EVENT_MESSAGE,                  ///< ATMQTT_EVENT_MESSAGE
    Disconnected = ATMQTT_EVENT_DISCONNECTED,        ///< ATMQTT_EVENT_DISCONNECTED
    PingFailed = ATMQTT_EVENT_PING_FAILED,           ///< ATMQTT_EVENT_PING_FAILED
    Retransmission = ATMQTT_EVENT_RETRANSMISSION,    ///< ATMQTT_EVENT_RETRANSMISSION
    Restarted = ATMQTT_EVENT_RESTARTED,              ///< ATMQTT_EVENT_RESTARTED
    PdpDeactivated = ATMQTT_EVENT_PDP_DEACTIVATED,   ///< ATMQTT_EVENT_PDP_DEACTIVATED
    Lagged = ATMQTT_EVENT_LAGGED,                    ///< ATMQTT_EVENT_LAGGED
    InputLost = ATMQTT_EVENT_INPUT_LOST,             ///< ATMQTT_EVENT_INPUT_LOST
    PortClosed = ATMQTT_EVENT_PORT_CLOSED,           ///< ATMQTT_EVENT_PORT_CLOSED
    Urc = ATMQTT_EVENT_URC,                          ///< ATMQTT_EVENT_URC
    Completed = ATMQTT_EVENT_COMPLETED,              ///< ATMQTT_EVENT_COMPLETED
    Link = ATMQTT_EVENT_LINK,                        ///< ATMQTT_EVENT_LINK
    Subscribed = ATMQTT_EVENT_SUBSCRIBED,            ///< ATMQTT_EVENT_SUBSCRIBED
    OutboxDamaged = ATMQTT_EVENT_OUTBOX_DAMAGED,     ///< ATMQTT_EVENT_OUTBOX_DAMAGED
};

/** A look at an event: as long as the callback that it was given to runs, or the OwnedEvent lives. */
class Event {
public:
    /** A look at an event of C. */
    explicit Event(const atmqtt_event &event) noexcept : event_(&event) {}

    /** What happened; more kinds may come. */
    EventType type() const noexcept { return static_cast<EventType>(event_->type); }
    /** MQTT client 0 to 5. */
    std::optional<int> client() const noexcept { return detail::known<int>(event_->client); }
    /** Which connection of the client; 0 = none. */
    std::uint32_t generation() const noexcept { return event_->generation; }
    /** Packet id; 0 for QoS 0 and where there is none. */
    int msgid() const noexcept { return event_->msgid; }
    /** A number of the module, as the type says. */
    std::optional<int> code() const noexcept { return detail::known<int>(event_->code); }
    /** How an operation ended, why a port closed, or what a link had trouble with. */
    Status status() const noexcept { return static_cast<Status>(event_->status); }
    /** The failure of an operation or port as an Error; without its command. */
    Error error() const { return Error(*event_); }
    /** Which operation ended; 0 = none. */
    std::uint64_t operation() const noexcept { return event_->operation; }
    /** How many messages were dropped, or could not be read. */
    std::uint64_t count() const noexcept { return event_->count; }
    /** Topic of a message. */
    std::string_view topic() const noexcept { return {event_->topic, event_->topic_length}; }
    /** Payload of a message or download: any bytes. */
    std::string_view payload() const noexcept
    {
        return {reinterpret_cast<const char *>(event_->payload), event_->payload_length};
    }
    /** A text of one line, or the answer of a command. */
    std::string_view text() const noexcept { return {event_->text, event_->text_length}; }
    /** What was granted for each topic: 0 to 2, ATMQTT_REFUSED or ATMQTT_NOT_SAID. */
    std::vector<std::uint8_t> granted() const
    {
        return std::vector<std::uint8_t>(event_->granted, event_->granted + event_->granted_count);
    }
    /** Where a link was. */
    std::optional<atmqtt_link_stage> from() const noexcept { return stage(event_->from); }
    /** Where it is now. */
    std::optional<atmqtt_link_stage> to() const noexcept { return stage(event_->to); }
    /** Why it went there; in words it is text(). */
    std::optional<atmqtt_link_cause> cause() const noexcept
    {
        return event_->cause < 0 ? std::nullopt
                                 : std::optional<atmqtt_link_cause>(static_cast<atmqtt_link_cause>(event_->cause));
    }
    /** How long the link will wait before it tries again. */
    std::optional<std::chrono::milliseconds> retry_in() const noexcept
    {
        return detail::duration(event_->retry_in_ms);
    }
    /** The event of C. */
    const atmqtt_event &get() const noexcept { return *event_; }

private:
    static std::optional<atmqtt_link_stage> stage(std::int32_t number) noexcept
    {
        return number < 0 ? std::nullopt
                          : std::optional<atmqtt_link_stage>(static_cast<atmqtt_link_stage>(number));
    }

protected:
    const atmqtt_event *event_; ///< Never NULL while the event is there.
};

/** An event of Modem::next_event() or Link::next_event(), which may be kept. */
class OwnedEvent : public Event {
public:
    /** Takes an event of C over. */
    explicit OwnedEvent(atmqtt_event *event) noexcept : Event(*event), owned_(event) {}

private:
    detail::Owned<atmqtt_event, atmqtt_event_free> owned_;
};

/** Called with a message or an event. */
using EventCallback = std::function<void(const Event &)>;
/** Called with a record of the log: a level of atmqtt_log_level, target, text. */
using LogCallback = std::function<void(int, std::string_view, std::string_view)>;
/** Called with how many bytes of how many have been sent. */
using UploadProgress = std::function<void(std::size_t, std::size_t)>;
/** Switches the power of a module: atmqtt_power_hook. Status::Ok where it starts anew. */
using PowerHook = std::function<Status()>;
/** Called with what is waited for: a stage of atmqtt_ready_stage, and the same in words. */
using ReadyProgress = std::function<void(int, std::string_view)>;

namespace detail {

inline void atmqtt_hpp_event(const atmqtt_event *event, void *function) noexcept
{
    contained([&] { (*static_cast<EventCallback *>(function))(Event(*event)); });
}

inline void atmqtt_hpp_log(std::int32_t level, const char *target, const char *message,
                                      void *function) noexcept
{
    contained([&] { (*static_cast<LogCallback *>(function))(level, target, message); });
}

inline void atmqtt_hpp_upload(std::size_t done, std::size_t total, void *function) noexcept
{
    contained([&] { (*static_cast<UploadProgress *>(function))(done, total); });
}

inline std::int32_t atmqtt_hpp_power(void *function) noexcept
{
    Status status = Status::Internal;
    contained([&] { status = (*static_cast<PowerHook *>(function))(); });
    return static_cast<std::int32_t>(status);
}

inline void atmqtt_hpp_ready(std::int32_t stage, const char *text, void *function) noexcept
{
    contained([&] { (*static_cast<ReadyProgress *>(function))(stage, text); });
}

} // namespace detail

/**
 * Has what the library logs handed to a callback; an empty one = nothing is logged any more. See
 * atmqtt_set_log_callback(): it may run in several threads at a time, and call nothing of the library.
 */
inline Result<void> set_log_callback(atmqtt_log_level level, LogCallback callback)
{
    const bool given = static_cast<bool>(callback);
    return detail::finish(atmqtt_set_log_callback(level, given ? detail::atmqtt_hpp_log : nullptr,
                                                  detail::keep(std::move(callback)),
                                                  detail::let_go<LogCallback>));
}

/** The settings of a client: what is not given is left to the library. See atmqtt_client_config. */
struct ClientConfig {
    /** The last will of a client. */
    struct Will {
        std::string topic;   ///< 1 to 256 bytes.
        std::string payload; ///< 0 to 256 bytes; empty in an answer that gives the length alone.
        int qos = 0;         ///< 0 to 2.
        bool retain = false; ///< Whether the broker keeps it.
    };
    /** Names of a device at Alibaba Cloud. */
    struct AliAuth {
        std::string product_key, device_name, device_secret;
    };
    /** Names of a device at China Mobile OneNET. */
    struct OneNet {
        std::string product_id, access_key;
    };
    /** Names of a device at Huawei IoT. */
    struct HwAuth {
        std::string product_id, device_secret;
        std::optional<int> time_check;
    };
    /** Names of a product at Huawei IoT. */
    struct HwProduct {
        std::string product_id, product_secret, node_id;
        std::optional<int> time_check;
    };

    std::optional<int> version;                       ///< 3 or 4 = 3.1.1.
    std::optional<int> pdp_context;                   ///< 1 to 16.
    std::optional<int> tls_context;                   ///< 0 to 5; -2 = plain TCP.
    std::optional<std::chrono::seconds> keepalive;    ///< 0 to 3600 s.
    std::optional<bool> clean_session;                ///< Default true.
    std::optional<std::chrono::seconds> packet_timeout; ///< 1 to 1200 s.
    std::optional<int> packet_retries;                ///< 0 to 10.
    std::optional<bool> packet_notice;                ///< Report retransmissions.
    std::optional<Will> will;                         ///< Last will.
    std::optional<bool> no_will;                      ///< true = write that there is none.
    std::optional<bool> stored_delivery;              ///< Messages wait in the module.
    std::optional<std::chrono::seconds> ping_report;  ///< 5 to 60 s.
    std::optional<bool> send_mode_hex;                ///< "send/mode".
    std::optional<bool> send_hex;                     ///< "dataformat", sent.
    std::optional<bool> receive_hex;                  ///< "dataformat", received.
    std::optional<bool> echo_data;                    ///< "view/mode".
    std::optional<int> edit_timeout;                  ///< 1 to 180 s; -2 = never.
    std::optional<AliAuth> ali_auth;                  ///< "aliauth".
    std::optional<OneNet> one_net;                    ///< "onenet".
    std::optional<HwAuth> hw_auth;                    ///< "hwauth".
    std::optional<HwProduct> hw_product;              ///< "hwprodid".

    /** What C says of a client's settings. */
    static ClientConfig from(const atmqtt_client_config &c)
    {
        ClientConfig config;
        config.version = detail::known<int>(c.version);
        config.pdp_context = detail::known<int>(c.pdp_context);
        if (c.tls_context != -1)
            config.tls_context = c.tls_context;
        config.keepalive = seconds(c.keepalive);
        config.clean_session = flag(c.clean_session);
        config.packet_timeout = seconds(c.packet_timeout);
        config.packet_retries = detail::known<int>(c.packet_retries);
        config.packet_notice = flag(c.packet_notice);
        if (c.will == 1)
            config.will = Will{detail::string(c.will_topic),
                               c.will_payload == nullptr
                                   ? std::string()
                                   : std::string(reinterpret_cast<const char *>(c.will_payload),
                                                 c.will_payload_length),
                               c.will_qos < 0 ? 0 : c.will_qos, c.will_retain == 1};
        if (c.will == 0)
            config.no_will = true;
        config.stored_delivery = flag(c.delivery);
        config.ping_report = seconds(c.ping_report);
        config.send_mode_hex = flag(c.send_mode);
        config.send_hex = flag(c.data_format_send);
        config.receive_hex = flag(c.data_format_receive);
        config.echo_data = flag(c.view_mode);
        if (c.edit_timeout != -1)
            config.edit_timeout = c.edit_timeout;
        if (c.ali_product_key != nullptr)
            config.ali_auth = AliAuth{c.ali_product_key, detail::string(c.ali_device_name),
                                      detail::string(c.ali_device_secret)};
        if (c.onenet_product_id != nullptr)
            config.one_net = OneNet{c.onenet_product_id, detail::string(c.onenet_access_key)};
        if (c.hw_auth_product_id != nullptr)
            config.hw_auth = HwAuth{c.hw_auth_product_id, detail::string(c.hw_auth_device_secret),
                                    detail::known<int>(c.hw_auth_time_check)};
        if (c.hw_product_product_id != nullptr)
            config.hw_product =
                HwProduct{c.hw_product_product_id, detail::string(c.hw_product_product_secret),
                          detail::string(c.hw_product_node_id), detail::known<int>(c.hw_product_time_check)};
        return config;
    }

private:
    static std::optional<bool> flag(std::int32_t number)
    {
        return number < 0 ? std::nullopt : std::optional<bool>(number == 1);
    }
    static std::optional<std::chrono::seconds> seconds(std::int32_t number)
    {
        return number < 0 ? std::nullopt : std::optional<std::chrono::seconds>(number);
    }
};

namespace detail {

/** Settings of a client for C, which last as long as what they are made from. */
class Config {
public:
    explicit Config(const ClientConfig &config)
    {
        texts_.reserve(12);
        if (atmqtt_client_config_init(&c_, sizeof c_) != ATMQTT_OK)
            return;
        const auto seconds = [](std::optional<std::chrono::seconds> value, std::int32_t &to) {
            if (value)
                to = value->count() < 0 || value->count() > INT32_MAX ? INT32_MAX
                                                                      : static_cast<std::int32_t>(value->count());
        };
        const auto number = [](auto value, std::int32_t &to) {
            if (value)
                to = static_cast<std::int32_t>(*value);
        };
        const auto text = [&](const std::string &value) {
            texts_.emplace_back(value);
            return texts_.back().c_str();
        };
        number(config.version, c_.version);
        number(config.pdp_context, c_.pdp_context);
        number(config.tls_context, c_.tls_context);
        seconds(config.keepalive, c_.keepalive);
        number(config.clean_session, c_.clean_session);
        seconds(config.packet_timeout, c_.packet_timeout);
        number(config.packet_retries, c_.packet_retries);
        number(config.packet_notice, c_.packet_notice);
        if (config.no_will == true)
            c_.will = 0;
        if (config.will) {
            c_.will = 1;
            c_.will_topic = text(config.will->topic);
            c_.will_payload = reinterpret_cast<const std::uint8_t *>(config.will->payload.data());
            c_.will_payload_length = config.will->payload.size();
            c_.will_qos = config.will->qos;
            c_.will_retain = config.will->retain;
        }
        number(config.stored_delivery, c_.delivery);
        seconds(config.ping_report, c_.ping_report);
        number(config.send_mode_hex, c_.send_mode);
        number(config.send_hex, c_.data_format_send);
        number(config.receive_hex, c_.data_format_receive);
        number(config.echo_data, c_.view_mode);
        number(config.edit_timeout, c_.edit_timeout);
        if (config.ali_auth) {
            c_.ali_product_key = text(config.ali_auth->product_key);
            c_.ali_device_name = text(config.ali_auth->device_name);
            c_.ali_device_secret = text(config.ali_auth->device_secret);
        }
        if (config.one_net) {
            c_.onenet_product_id = text(config.one_net->product_id);
            c_.onenet_access_key = text(config.one_net->access_key);
        }
        if (config.hw_auth) {
            c_.hw_auth_product_id = text(config.hw_auth->product_id);
            c_.hw_auth_device_secret = text(config.hw_auth->device_secret);
            number(config.hw_auth->time_check, c_.hw_auth_time_check);
        }
        if (config.hw_product) {
            c_.hw_product_product_id = text(config.hw_product->product_id);
            c_.hw_product_product_secret = text(config.hw_product->product_secret);
            c_.hw_product_node_id = text(config.hw_product->node_id);
            number(config.hw_product->time_check, c_.hw_product_time_check);
        }
    }
    const atmqtt_client_config *get() const noexcept { return &c_; }

private:
    std::vector<Text> texts_;
    atmqtt_client_config c_{};
};

} // namespace detail

/** A topic of a subscription. */
struct Subscription {
    std::string topic; ///< Topic filter.
    int qos = 0;       ///< QoS asked for, 0 to 2.
};

namespace detail {

/** Topics for C. */
class Topics {
public:
    explicit Topics(const std::vector<Subscription> &topics)
    {
        texts_.reserve(topics.size());
        for (const Subscription &topic : topics) {
            texts_.emplace_back(topic.topic);
            topics_.push_back({texts_.back().c_str(), topic.qos});
        }
    }
    const atmqtt_subscription *data() const noexcept { return topics_.data(); }
    std::size_t size() const noexcept { return topics_.size(); }

private:
    std::vector<Text> texts_;
    std::vector<atmqtt_subscription> topics_;
};

} // namespace detail

/** Where a client is connected to since before the port was opened. */
struct FoundAlive {
    std::string host;       ///< Host.
    std::uint16_t port = 0; ///< TCP port.
};

/**
 * One of the six MQTT clients of a module; Modem::client() gives it. It keeps its port open. Its destructor frees the
 * handle alone: the connection in the module stays.
 */
class Client {
public:
    /** Takes a handle over. */
    explicit Client(atmqtt_client *handle) noexcept : handle_(handle) {}

    /** The handle of C, for what is not here. */
    atmqtt_client *get() const noexcept { return handle_.get(); }
    /** 0 to 5. */
    int index() const noexcept { return atmqtt_client_index(get()); }
    /** Where it stands. */
    atmqtt_state state() const noexcept { return static_cast<atmqtt_state>(atmqtt_client_state(get())); }
    /** Counts its opens. */
    std::uint32_t generation() const noexcept { return atmqtt_client_generation(get()); }

    /** atmqtt_client_set_timeout(); none = no limit. */
    Result<void> set_timeout(std::optional<std::chrono::milliseconds> timeout)
    {
        return detail::finish(atmqtt_client_set_timeout(get(), detail::milliseconds(timeout)));
    }

    /** atmqtt_client_found_alive(); none = it was not. */
    Result<std::optional<FoundAlive>> found_alive() const
    {
        char host[256] = "";
        std::uint16_t port = 0;
        return detail::finish(atmqtt_client_found_alive(get(), host, sizeof host, &port), [&] {
            return port == 0 ? std::nullopt : std::optional<FoundAlive>(FoundAlive{host, port});
        });
    }

    /** atmqtt_client_adopt() */
    Result<void> adopt() { return detail::finish(atmqtt_client_adopt(get())); }

    /** atmqtt_client_configure() */
    Result<void> configure(const ClientConfig &config)
    {
        return detail::finish(atmqtt_client_configure(get(), detail::Config(config).get()));
    }
    /** atmqtt_client_query_config() */
    Result<ClientConfig> config() const
    {
        atmqtt_client_config *config = nullptr;
        const std::int32_t status = atmqtt_client_query_config(get(), &config);
        return settings(status, config);
    }
    /** atmqtt_client_query_setting() */
    Result<ClientConfig> setting(std::string_view name) const
    {
        atmqtt_client_config *config = nullptr;
        const std::int32_t status = atmqtt_client_query_setting(get(), detail::Text(name).c_str(), &config);
        return settings(status, config);
    }

    /** atmqtt_client_open() */
    Result<void> open(std::string_view host, int port, bool replace = false)
    {
        return detail::finish(atmqtt_client_open(get(), detail::Text(host).c_str(), port, replace));
    }
    /** atmqtt_client_open_start(); gives the number of the operation. */
    Result<std::uint64_t> open_start(std::string_view host, int port, bool replace = false)
    {
        return started([&](std::uint64_t *operation) {
            return atmqtt_client_open_start(get(), detail::Text(host).c_str(), port, replace, operation);
        });
    }
    /** atmqtt_client_close() */
    Result<void> close() { return detail::finish(atmqtt_client_close(get())); }
    /** atmqtt_client_close_start() */
    Result<std::uint64_t> close_start()
    {
        return started([&](std::uint64_t *operation) { return atmqtt_client_close_start(get(), operation); });
    }

    /** atmqtt_client_connect() */
    Result<void> connect(std::string_view client_id, const std::optional<std::string> &username = std::nullopt,
                         const std::optional<std::string> &password = std::nullopt)
    {
        return detail::finish(atmqtt_client_connect(get(), detail::Text(client_id).c_str(),
                                                    detail::MaybeText(username).c_str(),
                                                    detail::MaybeText(password).c_str()));
    }
    /** atmqtt_client_connect_start() */
    Result<std::uint64_t> connect_start(std::string_view client_id,
                                        const std::optional<std::string> &username = std::nullopt,
                                        const std::optional<std::string> &password = std::nullopt)
    {
        return started([&](std::uint64_t *operation) {
            return atmqtt_client_connect_start(get(), detail::Text(client_id).c_str(),
                                               detail::MaybeText(username).c_str(),
                                               detail::MaybeText(password).c_str(), operation);
        });
    }
    /** atmqtt_client_disconnect() */
    Result<void> disconnect() { return detail::finish(atmqtt_client_disconnect(get())); }
    /** atmqtt_client_disconnect_start() */
    Result<std::uint64_t> disconnect_start()
    {
        return started([&](std::uint64_t *operation) { return atmqtt_client_disconnect_start(get(), operation); });
    }

    /** atmqtt_client_subscribe(); gives what was granted for each: 0 to 2, ATMQTT_REFUSED or ATMQTT_NOT_SAID. */
    Result<std::vector<std::uint8_t>> subscribe(const std::vector<Subscription> &topics)
    {
        std::vector<std::uint8_t> granted(topics.size());
        const detail::Topics list(topics);
        return detail::finish(atmqtt_client_subscribe(get(), list.data(), list.size(), granted.data()),
                              [&] { return std::move(granted); });
    }
    /** The same for one topic. */
    Result<std::uint8_t> subscribe(std::string_view topic, int qos = 0)
    {
        std::uint8_t granted = 0;
        const detail::Text text(topic);
        const atmqtt_subscription one = {text.c_str(), qos};
        return detail::finish(atmqtt_client_subscribe(get(), &one, 1, &granted), [&] { return granted; });
    }
    /** atmqtt_client_subscribe_start() */
    Result<std::uint64_t> subscribe_start(const std::vector<Subscription> &topics)
    {
        const detail::Topics list(topics);
        return started([&](std::uint64_t *operation) {
            return atmqtt_client_subscribe_start(get(), list.data(), list.size(), operation);
        });
    }
    /** atmqtt_client_unsubscribe() */
    Result<void> unsubscribe(const std::vector<std::string> &topics)
    {
        const Filters list(topics);
        return detail::finish(atmqtt_client_unsubscribe(get(), list.data(), list.size()));
    }
    /** atmqtt_client_unsubscribe_start() */
    Result<std::uint64_t> unsubscribe_start(const std::vector<std::string> &topics)
    {
        const Filters list(topics);
        return started([&](std::uint64_t *operation) {
            return atmqtt_client_unsubscribe_start(get(), list.data(), list.size(), operation);
        });
    }

    /** atmqtt_client_publish() */
    Result<void> publish(std::string_view topic, std::string_view payload, int qos = 0, bool retain = false)
    {
        return detail::finish(atmqtt_client_publish(get(), detail::Text(topic).c_str(), payload.data(),
                                                    payload.size(), qos, retain));
    }
    /** atmqtt_client_publish_start() */
    Result<std::uint64_t> publish_start(std::string_view topic, std::string_view payload, int qos = 0,
                                        bool retain = false)
    {
        return started([&](std::uint64_t *operation) {
            return atmqtt_client_publish_start(get(), detail::Text(topic).c_str(), payload.data(),
                                               payload.size(), qos, retain, operation);
        });
    }

    /** atmqtt_client_set_message_callback(); an empty one = none any more. It stays when this object goes. */
    Result<void> on_message(EventCallback callback)
    {
        const bool given = static_cast<bool>(callback);
        return detail::finish(atmqtt_client_set_message_callback(
            get(), given ? detail::atmqtt_hpp_event : nullptr, detail::keep(std::move(callback)),
            detail::let_go<EventCallback>));
    }

private:
    class Filters {
    public:
        explicit Filters(const std::vector<std::string> &topics)
        {
            texts_.reserve(topics.size());
            for (const std::string &topic : topics) {
                texts_.emplace_back(topic);
                topics_.push_back(texts_.back().c_str());
            }
        }
        const char *const *data() const noexcept { return topics_.data(); }
        std::size_t size() const noexcept { return topics_.size(); }

    private:
        std::vector<detail::Text> texts_;
        std::vector<const char *> topics_;
    };

    template <typename F> static Result<std::uint64_t> started(F &&start)
    {
        std::uint64_t operation = 0;
        return detail::finish(start(&operation), [&] { return operation; });
    }

    static Result<ClientConfig> settings(std::int32_t status, atmqtt_client_config *config)
    {
        const detail::Owned<atmqtt_client_config, atmqtt_client_config_free> owned(config);
        return detail::finish(status, [&] { return ClientConfig::from(*config); });
    }

    detail::Owned<atmqtt_client, atmqtt_client_free> handle_;
};

/** How a port is opened: the fields and defaults of atmqtt_modem_options. */
struct ModemOptions {
    std::uint32_t baud_rate = 115200;      ///< Bits per second.
    bool rts_cts = false;                  ///< RTS/CTS flow control, here and in the module.
    bool dtr = true;                       ///< DTR while the port is open.
    bool hang_up_on_close = false;         ///< DTR falls when the port is closed.
    std::size_t message_capacity = 1024;   ///< Messages that wait for each client's consumer.
    std::size_t urc_capacity = 64;         ///< Other lines that are kept.
    std::size_t max_payload = 65536;       ///< Longest payload that is delivered.
    std::chrono::milliseconds patience{11000}; ///< See patience_ms.
    std::chrono::milliseconds silence{100};    ///< See silence_ms.
    std::string trace;                         ///< See trace_path; "" = none.
};

/** Who a module is; "" where it does not say. */
struct ModuleInfo {
    std::string manufacturer, model, revision, imei, imsi, iccid;
};

/** How well the module hears the network. */
struct Signal {
    std::optional<int> rssi_dbm;       ///< -113 to -51 dBm.
    std::optional<int> bit_error_rate; ///< Class 0 to 7.
};

/** A file of the module. */
struct File {
    std::string name;       ///< Name, without "UFS:".
    std::uint64_t size = 0; ///< Size in bytes.
};

/** Room for files, in bytes. */
struct Space {
    std::uint64_t free = 0;  ///< What is left.
    std::uint64_t total = 0; ///< What there is altogether.
};

/** How a file is sent. */
struct UploadOptions {
    std::chrono::seconds timeout{10}; ///< 1 to 65535 s.
    bool ack = false;                 ///< The module acknowledges every kilobyte.
    UploadProgress progress;          ///< Told how far it is; empty = nobody.
};

/** The SIM card. */
struct Sim {
    atmqtt_sim_state state = ATMQTT_SIM_OTHER; ///< Its state.
    std::string text;                          ///< The same in words.
};

/** Registration for one kind of service. */
struct ServiceRegistration {
    int status = 0;                     ///< One of atmqtt_registration_status, or another number.
    std::optional<int> technology;      ///< One of atmqtt_technology, or another number.
    std::optional<std::int64_t> area;   ///< Location or tracking area code.
    std::optional<std::int64_t> cell;   ///< Cell id.
};

/** Registration by kind of service. */
struct Registration {
    bool registered = false;                    ///< There is packet data.
    std::optional<ServiceRegistration> circuit; ///< AT+CREG?
    std::optional<ServiceRegistration> packet;  ///< AT+CGREG?
    std::optional<ServiceRegistration> eps;     ///< AT+CEREG?
};

/** Who runs the network; "" where the module does not say. */
struct Operator {
    std::string name, numeric;           ///< Name; country and network code.
    std::optional<int> technology;       ///< One of atmqtt_technology, or another number.
    std::string access, band;            ///< In the module's words.
    std::optional<std::int64_t> channel; ///< Channel number.
};

/** The addresses of a PDP context; "" = it has none. */
struct Address {
    std::string v4, v6;
};

/** Access point of a PDP context. */
struct Apn {
    std::string name;                                       ///< "" = what the subscription says.
    atmqtt_ip_type ip_type = ATMQTT_IP_V4;                  ///< What addresses.
    atmqtt_authentication authentication = ATMQTT_AUTH_NONE; ///< How the next two are shown.
    std::string username, password;                         ///< "" = none.
};

/** Where a certificate or key is: one of these is given, or none. */
struct TlsSource {
    std::string pem;       ///< PEM text.
    std::string path;      ///< A PEM file of this computer.
    std::string on_module; ///< A file that is in the module already.

    /** PEM text. */
    static TlsSource of_pem(std::string_view text) { return {std::string(text), "", ""}; }
    /** A PEM file of this computer. */
    static TlsSource of_file(std::string_view path) { return {"", std::string(path), ""}; }
    /** A file of the module. */
    static TlsSource of_module(std::string_view name) { return {"", "", std::string(name)}; }
};

/** How an SSL context is set up: see atmqtt_tls_options. A CA must be given, or insecure set. */
struct TlsOptions {
    TlsSource ca;                                       ///< CA certificate.
    TlsSource client_certificate;                       ///< The client's own.
    TlsSource private_key;                              ///< Its key.
    std::optional<std::string> key_password;            ///< Of an encrypted key.
    atmqtt_tls_version version = ATMQTT_TLS_1_2;        ///< Protocol version.
    int cipher_suite = 0xFFFF;                          ///< IANA number; 0xFFFF = all.
    bool sni = true;                                    ///< Send the host name.
    atmqtt_tls_clock clock = ATMQTT_TLS_CLOCK_CHECK;    ///< Dates.
    std::chrono::seconds negotiate_timeout{60};         ///< 10 to 300 s.
    bool insecure = false;                              ///< Check nobody.
};

/** What a module says of an SSL context; what it does not know is not given. */
struct TlsSettings {
    std::optional<int> version, cipher_suite, verification, negotiate_timeout; ///< As in C.
    std::optional<std::string> ca, client_certificate, private_key;            ///< File names.
    std::optional<bool> ignore_clock, sni;                                     ///< As in C.
};

namespace detail {

/** Options of a port for C. */
class PortOptions {
public:
    explicit PortOptions(const ModemOptions &options) : trace_(options.trace)
    {
        if (atmqtt_modem_options_init(&c_, sizeof c_) != ATMQTT_OK)
            return;
        c_.baud_rate = options.baud_rate;
        c_.flow_control = options.rts_cts ? ATMQTT_FLOW_RTS_CTS : ATMQTT_FLOW_NONE;
        c_.dtr = options.dtr;
        c_.hang_up_on_close = options.hang_up_on_close;
        c_.message_capacity = options.message_capacity;
        c_.urc_capacity = options.urc_capacity;
        c_.max_payload = options.max_payload;
        c_.patience_ms = option_ms(options.patience);
        c_.silence_ms = option_ms(options.silence);
        if (!options.trace.empty())
            c_.trace_path = trace_.c_str();
    }
    const atmqtt_modem_options *get() const noexcept { return &c_; }

private:
    Text trace_;
    atmqtt_modem_options c_{};
};

/** An access point for C. */
class AccessPoint {
public:
    explicit AccessPoint(const Apn &apn) : name_(apn.name), username_(apn.username), password_(apn.password)
    {
        if (atmqtt_network_apn_init(&c_, sizeof c_) != ATMQTT_OK)
            return;
        c_.name = name_.c_str();
        c_.ip_type = apn.ip_type;
        c_.authentication = apn.authentication;
        c_.username = username_.c_str();
        c_.password = password_.c_str();
    }
    const atmqtt_apn *get() const noexcept { return &c_; }

private:
    Text name_, username_, password_;
    atmqtt_apn c_{};
};

/** Options of an SSL context for C, which last as long as what they are made from. */
class Tls {
public:
    explicit Tls(const TlsOptions &options) : password_(options.key_password)
    {
        texts_.reserve(6);
        if (atmqtt_tls_options_init(&c_, sizeof c_) != ATMQTT_OK)
            return;
        c_.ca = source(options.ca);
        c_.client_certificate = source(options.client_certificate);
        c_.private_key = source(options.private_key);
        c_.key_password = password_.c_str();
        c_.version = options.version;
        c_.cipher_suite = options.cipher_suite;
        c_.sni = options.sni;
        c_.clock = options.clock;
        c_.negotiate_timeout = static_cast<std::int32_t>(options.negotiate_timeout.count());
        c_.insecure = options.insecure;
    }
    const atmqtt_tls_options *get() const noexcept { return &c_; }

private:
    atmqtt_tls_source source(const TlsSource &source)
    {
        atmqtt_tls_source c{};
        if (!source.pem.empty()) {
            c.pem = source.pem.data();
            c.pem_length = source.pem.size();
        }
        if (!source.path.empty())
            c.path = texts_.emplace_back(source.path).c_str();
        if (!source.on_module.empty())
            c.on_module = texts_.emplace_back(source.on_module).c_str();
        return c;
    }

    std::vector<Text> texts_;
    MaybeText password_;
    atmqtt_tls_options c_{};
};

} // namespace detail

/** One parameter of a command or setting. */
struct Parameter {
    std::string text;                                      ///< As the module prints it.
    std::vector<std::pair<std::int64_t, std::int64_t>> ranges; ///< Numbers it may take, ends included.
};

/** What a module says that it can do; it does not need the port. */
class Capabilities {
public:
    /** Takes a handle over. */
    explicit Capabilities(atmqtt_capabilities *handle) noexcept : handle_(handle) {}

    /** The handle of C. */
    const atmqtt_capabilities *get() const noexcept { return handle_.get(); }
    /** atmqtt_capabilities_supports_command() */
    Result<bool> supports_command(std::string_view command) const
    {
        return flag(atmqtt_capabilities_supports_command, command);
    }
    /** atmqtt_capabilities_supports_setting() */
    Result<bool> supports_setting(std::string_view setting) const
    {
        return flag(atmqtt_capabilities_supports_setting, setting);
    }
    /** The parameters of a command; none where it has none. */
    Result<std::vector<Parameter>> command_parameters(std::string_view command) const
    {
        return parameters(atmqtt_capabilities_command_parameter_count, atmqtt_capabilities_command_parameter,
                          command);
    }
    /** The same of a setting. */
    Result<std::vector<Parameter>> setting_parameters(std::string_view setting) const
    {
        return parameters(atmqtt_capabilities_setting_parameter_count, atmqtt_capabilities_setting_parameter,
                          setting);
    }
    /** atmqtt_capabilities_command_allows() */
    Result<bool> command_allows(std::string_view command, std::size_t index, std::int64_t value) const
    {
        std::int32_t allowed = 0;
        const std::int32_t status = atmqtt_capabilities_command_allows(get(), detail::Text(command).c_str(), index,
                                                                       value, &allowed);
        return detail::finish(status, [&] { return allowed == 1; });
    }
    /** atmqtt_capabilities_setting_allows() */
    Result<bool> setting_allows(std::string_view setting, std::size_t index, std::int64_t value) const
    {
        std::int32_t allowed = 0;
        const std::int32_t status = atmqtt_capabilities_setting_allows(get(), detail::Text(setting).c_str(), index,
                                                                       value, &allowed);
        return detail::finish(status, [&] { return allowed == 1; });
    }
    /** The commands that the module knows. */
    Result<std::vector<std::string>> command_names() const { return names(atmqtt_capabilities_command_names); }
    /** The settings that the module knows. */
    Result<std::vector<std::string>> setting_names() const { return names(atmqtt_capabilities_setting_names); }

private:
    template <typename F> Result<bool> flag(F ask, std::string_view name) const
    {
        std::int32_t supported = 0;
        return detail::finish(ask(get(), detail::Text(name).c_str(), &supported), [&] { return supported == 1; });
    }
    template <typename F> Result<std::vector<std::string>> names(F ask) const
    {
        atmqtt_lines *lines = nullptr;
        const std::int32_t status = ask(get(), &lines);
        const detail::Owned<atmqtt_lines, atmqtt_lines_free> owned(lines);
        return detail::finish(status, [&] { return detail::strings(*lines); });
    }
    template <typename Count, typename Ask>
    Result<std::vector<Parameter>> parameters(Count count_of, Ask ask, std::string_view name) const
    {
        const detail::Text text(name);
        std::size_t count = 0;
        std::vector<Parameter> all;
        std::int32_t status = count_of(get(), text.c_str(), &count);
        for (std::size_t index = 0; status == ATMQTT_OK && index < count; index++) {
            const atmqtt_parameter *parameter = nullptr;
            status = ask(get(), text.c_str(), index, &parameter);
            if (status != ATMQTT_OK || parameter == nullptr)
                break;
            Parameter &added = all.emplace_back();
            added.text = parameter->text;
            for (std::size_t range = 0; range < parameter->range_count; range++)
                added.ranges.emplace_back(parameter->ranges[range].low, parameter->ranges[range].high);
        }
        return detail::finish(status, [&] { return std::move(all); });
    }

    detail::Owned<atmqtt_capabilities, atmqtt_capabilities_free> handle_;
};

/**
 * An open port with a module behind it. Its destructor frees the handle, which closes the port when no Client of it is
 * left.
 */
class Modem {
public:
    /** atmqtt_modem_open() */
    static Result<Modem> open(std::string_view path, const ModemOptions &options = ModemOptions())
    {
        atmqtt_modem *modem = nullptr;
        return detail::finish(
            atmqtt_modem_open(detail::Text(path).c_str(), detail::PortOptions(options).get(), &modem),
            [&] { return Modem(modem); });
    }

#ifndef ATMQTT_NO_EXCEPTIONS
    /** The same. */
    explicit Modem(std::string_view path, const ModemOptions &options = ModemOptions())
        : Modem(open(path, options))
    {
    }
#endif
    /** Takes a handle over. */
    explicit Modem(atmqtt_modem *handle) noexcept : handle_(handle) {}

    /** The handle of C, for what is not here. */
    atmqtt_modem *get() const noexcept { return handle_.get(); }
    /** atmqtt_modem_close() */
    Result<void> close() { return detail::finish(atmqtt_modem_close(get())); }
    /** Whether the port is open. */
    bool is_open() const noexcept { return atmqtt_modem_is_open(get()) == 1; }
    /** The device as it was opened. */
    Result<std::string> port_name() const
    {
        char name[4096] = "";
        return detail::finish(atmqtt_modem_port_name(get(), name, sizeof name), [&] { return std::string(name); });
    }
    /** atmqtt_modem_set_timeout(); none = no limit. */
    Result<void> set_timeout(std::optional<std::chrono::milliseconds> timeout)
    {
        return detail::finish(atmqtt_modem_set_timeout(get(), detail::milliseconds(timeout)));
    }
    /** atmqtt_modem_interrupt(): may be called in a signal handler. */
    void interrupt() const noexcept { atmqtt_modem_interrupt(get()); }

    /** atmqtt_modem_client() */
    Result<Client> client(int index)
    {
        atmqtt_client *client = nullptr;
        return detail::finish(atmqtt_modem_client(get(), index, &client), [&] { return Client(client); });
    }

    /** atmqtt_modem_command(); gives the lines of the answer. */
    Result<std::vector<std::string>> command(std::string_view line)
    {
        atmqtt_lines *lines = nullptr;
        const std::int32_t status = atmqtt_modem_command(get(), detail::Text(line).c_str(), &lines);
        return answer(status, lines);
    }
    /** atmqtt_modem_command_with_data() */
    Result<std::vector<std::string>> command_with_data(std::string_view line, std::string_view data)
    {
        atmqtt_lines *lines = nullptr;
        const std::int32_t status = atmqtt_modem_command_with_data(get(), detail::Text(line).c_str(), data.data(),
                                                                   data.size(), &lines);
        return answer(status, lines);
    }
    /** atmqtt_modem_command_start() */
    Result<std::uint64_t> command_start(std::string_view line)
    {
        return started([&](std::uint64_t *operation) {
            return atmqtt_modem_command_start(get(), detail::Text(line).c_str(), operation);
        });
    }

    /** atmqtt_modem_set_event_callback(); an empty one = none any more. */
    Result<void> on_event(EventCallback callback)
    {
        const bool given = static_cast<bool>(callback);
        return detail::finish(atmqtt_modem_set_event_callback(
            get(), given ? detail::atmqtt_hpp_event : nullptr, detail::keep(std::move(callback)),
            detail::let_go<EventCallback>));
    }
    /** atmqtt_modem_event_fd() */
    Result<int> event_fd()
    {
        int fd = -1;
        return detail::finish(atmqtt_modem_event_fd(get(), &fd), [&] { return fd; });
    }
    /** atmqtt_modem_next_event(): none where nothing came in time; no limit = as long as the port is open. */
    Result<std::optional<OwnedEvent>> next_event(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
    {
        atmqtt_event *event = nullptr;
        return detail::finish(atmqtt_modem_next_event(get(), detail::milliseconds(timeout), &event), [&] {
            return event == nullptr ? std::optional<OwnedEvent>() : std::optional<OwnedEvent>(OwnedEvent(event));
        });
    }
    /** atmqtt_modem_release_events() */
    Result<void> release_events() { return detail::finish(atmqtt_modem_release_events(get())); }

    /** atmqtt_modem_info() */
    Result<ModuleInfo> info()
    {
        atmqtt_module_info *info = nullptr;
        const std::int32_t status = atmqtt_modem_info(get(), &info);
        const detail::Owned<atmqtt_module_info, atmqtt_modem_info_free> owned(info);
        return detail::finish(status, [&] {
            return ModuleInfo{info->manufacturer, info->model, info->revision,
                              info->imei,         info->imsi,  info->iccid};
        });
    }
    /** atmqtt_modem_signal() */
    Result<Signal> signal()
    {
        std::int32_t rssi = 0, rate = -1;
        return detail::finish(atmqtt_modem_signal(get(), &rssi, &rate), [&] {
            return Signal{rssi == 0 ? std::nullopt : std::optional<int>(rssi), detail::known<int>(rate)};
        });
    }
    /** atmqtt_modem_capabilities() */
    Result<Capabilities> capabilities()
    {
        atmqtt_capabilities *all = nullptr;
        return detail::finish(atmqtt_modem_capabilities(get(), &all), [&] { return Capabilities(all); });
    }

    /** atmqtt_files_upload() */
    Result<void> upload(std::string_view name, std::string_view data, UploadOptions options = UploadOptions())
    {
        Upload upload(std::move(options));
        return detail::finish(atmqtt_files_upload(get(), detail::Text(name).c_str(), data.data(), data.size(),
                                                  upload.get()));
    }
    /** atmqtt_files_upload_start() */
    Result<std::uint64_t> upload_start(std::string_view name, std::string_view data,
                                       UploadOptions options = UploadOptions())
    {
        Upload upload(std::move(options));
        return started([&](std::uint64_t *operation) {
            return atmqtt_files_upload_start(get(), detail::Text(name).c_str(), data.data(), data.size(),
                                             upload.get(), operation);
        });
    }
    /** atmqtt_files_ensure(); gives whether the file was sent. */
    Result<bool> ensure(std::string_view name, std::string_view data)
    {
        std::int32_t written = 0;
        const std::int32_t status =
            atmqtt_files_ensure(get(), detail::Text(name).c_str(), data.data(), data.size(), &written);
        return detail::finish(status, [&] { return written == 1; });
    }
    /** atmqtt_files_ensure_start() */
    Result<std::uint64_t> ensure_start(std::string_view name, std::string_view data)
    {
        return started([&](std::uint64_t *operation) {
            return atmqtt_files_ensure_start(get(), detail::Text(name).c_str(), data.data(), data.size(), operation);
        });
    }
    /** atmqtt_files_list() */
    Result<std::vector<File>> files(std::string_view pattern = "*")
    {
        atmqtt_file_list *list = nullptr;
        const std::int32_t status = atmqtt_files_list(get(), detail::Text(pattern).c_str(), &list);
        const detail::Owned<atmqtt_file_list, atmqtt_files_list_free> owned(list);
        return detail::finish(status, [&] {
            std::vector<File> files;
            for (std::size_t index = 0; index < list->count; index++)
                files.push_back({list->files[index].name, list->files[index].size});
            return files;
        });
    }
    /** atmqtt_files_size(); none = there is no such file. */
    Result<std::optional<std::uint64_t>> file_size(std::string_view name)
    {
        std::int64_t size = -1;
        return detail::finish(atmqtt_files_size(get(), detail::Text(name).c_str(), &size), [&] {
            return size < 0 ? std::nullopt
                            : std::optional<std::uint64_t>(static_cast<std::uint64_t>(size));
        });
    }
    /** atmqtt_files_delete() */
    Result<void> delete_file(std::string_view name)
    {
        return detail::finish(atmqtt_files_delete(get(), detail::Text(name).c_str()));
    }
    /** atmqtt_files_space() */
    Result<Space> space()
    {
        Space space;
        return detail::finish(atmqtt_files_space(get(), &space.free, &space.total), [&] { return space; });
    }
    /** atmqtt_files_download() */
    Result<std::string> download(std::string_view name)
    {
        atmqtt_bytes *bytes = nullptr;
        const std::int32_t status = atmqtt_files_download(get(), detail::Text(name).c_str(), &bytes);
        const detail::Owned<atmqtt_bytes, atmqtt_bytes_free> owned(bytes);
        return detail::finish(
            status, [&] { return std::string(reinterpret_cast<const char *>(bytes->data), bytes->length); });
    }
    /** atmqtt_files_download_start() */
    Result<std::uint64_t> download_start(std::string_view name)
    {
        return started([&](std::uint64_t *operation) {
            return atmqtt_files_download_start(get(), detail::Text(name).c_str(), operation);
        });
    }

    /** atmqtt_tls_configure() */
    Result<void> configure_tls(int context, const TlsOptions &options)
    {
        const detail::Tls tls(options);
        return detail::finish(atmqtt_tls_configure(get(), context, tls.get()));
    }
    /** atmqtt_tls_configure_start() */
    Result<std::uint64_t> configure_tls_start(int context, const TlsOptions &options)
    {
        const detail::Tls tls(options);
        return started([&](std::uint64_t *operation) {
            return atmqtt_tls_configure_start(get(), context, tls.get(), operation);
        });
    }
    /** atmqtt_tls_delete_files(); gives the names of the files that are gone now. */
    Result<std::vector<std::string>> delete_tls_files(int context, const TlsOptions &options)
    {
        const detail::Tls tls(options);
        atmqtt_lines *lines = nullptr;
        const std::int32_t status = atmqtt_tls_delete_files(get(), context, tls.get(), &lines);
        return answer(status, lines);
    }
    /** atmqtt_tls_query_config() */
    Result<TlsSettings> tls_config(int context)
    {
        atmqtt_tls_settings *c = nullptr;
        const std::int32_t status = atmqtt_tls_query_config(get(), context, &c);
        const detail::Owned<atmqtt_tls_settings, atmqtt_tls_settings_free> owned(c);
        return detail::finish(status, [&] {
            TlsSettings settings;
            settings.version = detail::known<int>(c->version);
            settings.cipher_suite = detail::known<int>(c->cipher_suite);
            settings.verification = detail::known<int>(c->verification);
            settings.negotiate_timeout = detail::known<int>(c->negotiate_timeout);
            settings.ca = detail::maybe(c->ca);
            settings.client_certificate = detail::maybe(c->client_certificate);
            settings.private_key = detail::maybe(c->private_key);
            if (c->ignore_clock >= 0)
                settings.ignore_clock = c->ignore_clock == 1;
            if (c->sni >= 0)
                settings.sni = c->sni == 1;
            return settings;
        });
    }

    /** atmqtt_network_sim() */
    Result<Sim> sim()
    {
        atmqtt_sim *sim = nullptr;
        const std::int32_t status = atmqtt_network_sim(get(), &sim);
        const detail::Owned<atmqtt_sim, atmqtt_network_sim_free> owned(sim);
        return detail::finish(status,
                              [&] { return Sim{static_cast<atmqtt_sim_state>(sim->state), sim->text}; });
    }
    /** atmqtt_network_registration() */
    Result<Registration> registration()
    {
        atmqtt_registration *c = nullptr;
        const std::int32_t status = atmqtt_network_registration(get(), &c);
        const detail::Owned<atmqtt_registration, atmqtt_network_registration_free> owned(c);
        return detail::finish(status, [&] {
            return Registration{c->registered == 1, service(c->circuit), service(c->packet), service(c->eps)};
        });
    }
    /** atmqtt_network_operator() */
    Result<Operator> network_operator()
    {
        atmqtt_operator *c = nullptr;
        const std::int32_t status = atmqtt_network_operator(get(), &c);
        const detail::Owned<atmqtt_operator, atmqtt_network_operator_free> owned(c);
        return detail::finish(status, [&] {
            return Operator{c->name, c->numeric, detail::known<int>(c->technology),
                            c->access, c->band, detail::known<std::int64_t>(c->channel)};
        });
    }
    /** atmqtt_network_operator_start() */
    Result<std::uint64_t> network_operator_start()
    {
        return started(
            [&](std::uint64_t *operation) { return atmqtt_network_operator_start(get(), operation); });
    }
    /** atmqtt_network_wait_ready(); no time-out = no limit. */
    Result<Address> wait_ready(int context, std::optional<std::chrono::milliseconds> timeout,
                               ReadyProgress progress = ReadyProgress())
    {
        atmqtt_address *address = nullptr;
        const std::int32_t status =
            atmqtt_network_wait_ready(get(), context, detail::milliseconds(timeout),
                                      progress ? detail::atmqtt_hpp_ready : nullptr, &progress, &address);
        const detail::Owned<atmqtt_address, atmqtt_network_address_free> owned(address);
        return detail::finish(status, [&] { return Address{address->v4, address->v6}; });
    }
    /** atmqtt_network_wait_ready_start() */
    Result<std::uint64_t> wait_ready_start(int context, std::optional<std::chrono::milliseconds> timeout,
                                           ReadyProgress progress = ReadyProgress())
    {
        return started([&](std::uint64_t *operation) {
            const bool given = static_cast<bool>(progress);
            return atmqtt_network_wait_ready_start(
                get(), context, detail::milliseconds(timeout), given ? detail::atmqtt_hpp_ready : nullptr,
                detail::keep(std::move(progress)), detail::let_go<ReadyProgress>, operation);
        });
    }
    /** atmqtt_network_urc_port() */
    Result<std::string> urc_port()
    {
        char name[256] = "";
        return detail::finish(atmqtt_network_urc_port(get(), name, sizeof name), [&] { return std::string(name); });
    }
    /** atmqtt_network_set_urc_port() */
    Result<void> set_urc_port(std::string_view port)
    {
        return detail::finish(atmqtt_network_set_urc_port(get(), detail::Text(port).c_str()));
    }
    /** atmqtt_network_set_apn() */
    Result<void> set_apn(int context, const Apn &apn)
    {
        return detail::finish(atmqtt_network_set_apn(get(), context, detail::AccessPoint(apn).get()));
    }
    /** atmqtt_network_apn() */
    Result<Apn> apn(int context)
    {
        atmqtt_apn *c = nullptr;
        const std::int32_t status = atmqtt_network_apn(get(), context, &c);
        const detail::Owned<atmqtt_apn, atmqtt_network_apn_free> owned(c);
        return detail::finish(status, [&] {
            return Apn{detail::string(c->name), static_cast<atmqtt_ip_type>(c->ip_type),
                       static_cast<atmqtt_authentication>(c->authentication), detail::string(c->username),
                       detail::string(c->password)};
        });
    }
    /** atmqtt_network_activate() */
    Result<void> activate(int context) { return detail::finish(atmqtt_network_activate(get(), context)); }
    /** atmqtt_network_activate_start() */
    Result<std::uint64_t> activate_start(int context)
    {
        return started(
            [&](std::uint64_t *operation) { return atmqtt_network_activate_start(get(), context, operation); });
    }
    /** atmqtt_network_deactivate() */
    Result<void> deactivate(int context) { return detail::finish(atmqtt_network_deactivate(get(), context)); }
    /** atmqtt_network_deactivate_start() */
    Result<std::uint64_t> deactivate_start(int context)
    {
        return started(
            [&](std::uint64_t *operation) { return atmqtt_network_deactivate_start(get(), context, operation); });
    }
    /** atmqtt_network_address(); none = the context is not active. */
    Result<std::optional<Address>> address(int context)
    {
        atmqtt_address *address = nullptr;
        const std::int32_t status = atmqtt_network_address(get(), context, &address);
        const detail::Owned<atmqtt_address, atmqtt_network_address_free> owned(address);
        return detail::finish(status, [&] {
            return address == nullptr ? std::nullopt
                                      : std::optional<Address>(Address{address->v4, address->v6});
        });
    }
    /** atmqtt_network_clock() */
    Result<atmqtt_date_time> clock()
    {
        atmqtt_date_time time{};
        return detail::finish(atmqtt_network_clock(get(), &time), [&] { return time; });
    }
    /** atmqtt_network_set_clock() */
    Result<void> set_clock(const atmqtt_date_time &time)
    {
        return detail::finish(atmqtt_network_set_clock(get(), &time));
    }
    /** The same from a time of this computer, in UTC. */
    Result<void> set_clock(std::chrono::system_clock::time_point now)
    {
        atmqtt_date_time time{};
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
        if (const std::int32_t status = atmqtt_network_date_time(seconds, &time))
            return detail::failed<void>(Error::last(status));
        return set_clock(time);
    }

private:
    /** Options of an upload; from the call that they are given to, their function is the library's. */
    class Upload {
    public:
        explicit Upload(UploadOptions options)
        {
            if (atmqtt_files_upload_options_init(&c_, sizeof c_) != ATMQTT_OK)
                return;
            c_.timeout = static_cast<std::int32_t>(options.timeout.count());
            c_.ack = options.ack;
            if (options.progress) {
                c_.progress = detail::atmqtt_hpp_upload;
                c_.user_data = detail::keep(std::move(options.progress));
                c_.drop = detail::let_go<UploadProgress>;
            }
        }
        const atmqtt_files_upload_options *get() const noexcept { return &c_; }

    private:
        atmqtt_files_upload_options c_{};
    };

    static std::optional<ServiceRegistration> service(const atmqtt_service_registration *c)
    {
        if (c == nullptr)
            return std::nullopt;
        return ServiceRegistration{c->status, detail::known<int>(c->technology),
                                   detail::known<std::int64_t>(c->area), detail::known<std::int64_t>(c->cell)};
    }

    template <typename F> static Result<std::uint64_t> started(F &&start)
    {
        std::uint64_t operation = 0;
        return detail::finish(start(&operation), [&] { return operation; });
    }

    static Result<std::vector<std::string>> answer(std::int32_t status, atmqtt_lines *lines)
    {
        const detail::Owned<atmqtt_lines, atmqtt_lines_free> owned(lines);
        return detail::finish(status, [&] { return detail::strings(*lines); });
    }

    detail::Owned<atmqtt_modem, atmqtt_modem_free> handle_;
};

/** A serial port of a USB module by what identifies it: the fields and defaults of atmqtt_usb_port. */
struct UsbPort {
    int vendor = 0x2C7C;               ///< Vendor id; Quectel.
    std::optional<int> product;        ///< Product id; none = any.
    int interface_number = 2;          ///< Number of the interface.
    std::optional<std::string> serial; ///< Serial number; none = any.
    std::optional<std::string> path;   ///< Where it is plugged in, as "1-1.4"; none = anywhere.

    /** atmqtt_usb_port_find() */
    Result<std::string> find() const;
};

/** A broker that a link connects to. */
struct Broker {
    std::string host; ///< Name or address.
    int port = 1883;  ///< TCP port.
};

/** How long a link waits between attempts: see atmqtt_link_options. */
struct Backoff {
    std::chrono::milliseconds first{1000};     ///< The first wait.
    std::chrono::milliseconds most{300000};    ///< The longest.
    std::chrono::milliseconds stable{30000};   ///< Up for so long, the first wait is the next again.
    std::chrono::milliseconds refused{900000}; ///< After a cause that stays.
};

/**
 * How a link is set up: the fields and defaults of atmqtt_link_options. A port, a broker and a client id must be given:
 *
 *     LinkOptions("/dev/ttyUSB2", "pump-17").broker("broker.example", 8883).subscribe("pump/17/set", 1)
 */
struct LinkOptions {
    /** Nothing is given yet. */
    LinkOptions() = default;
    /** A link on a serial device. */
    LinkOptions(std::string_view device, std::string_view id) : port(device), client_id(id) {}
    /** A link on a serial port of a USB module. */
    LinkOptions(UsbPort device, std::string_view id) : usb(std::move(device)), client_id(id) {}

    /** Adds a broker. */
    LinkOptions &broker(std::string_view host, int tcp_port = 1883)
    {
        brokers.push_back({std::string(host), tcp_port});
        return *this;
    }
    /** Adds a topic that it subscribes to after every connect. */
    LinkOptions &subscribe(std::string_view topic, int qos = 0)
    {
        subscriptions.push_back({std::string(topic), qos});
        return *this;
    }

    std::string port;                                   ///< Serial device; "" = usb is given.
    std::optional<UsbPort> usb;                         ///< Serial port of a USB module.
    ModemOptions modem;                                 ///< How the port is opened.
    int client = 0;                                     ///< Client of the module, 0 to 5.
    std::optional<Apn> apn;                             ///< Access point.
    std::chrono::milliseconds attach_timeout{180000};   ///< For SIM, registration, context; 0 = not looked at.
    std::optional<TlsOptions> tls;                      ///< TLS.
    int tls_context = 0;                                ///< The SSL context for that, 0 to 5.
    ClientConfig config;                                ///< Settings of the client.
    std::vector<Broker> brokers;                        ///< Tried in turn.
    std::string client_id;                              ///< Client id.
    std::optional<std::string> username, password;      ///< Credentials.
    std::vector<Subscription> subscriptions;            ///< Subscribed to after every connect.
    std::optional<atmqtt_when_alive> when_alive;        ///< Clients of an earlier run.
    Backoff backoff;                                    ///< Waits.
    std::size_t queue_messages = 10000;                 ///< How many messages may wait.
    std::size_t queue_bytes = 4194304;                  ///< How many bytes they may have.
    atmqtt_when_full when_full = ATMQTT_WHEN_FULL_BLOCK; ///< What happens to one more.
    atmqtt_when_unconfirmed when_unconfirmed = ATMQTT_WHEN_UNCONFIRMED_REPORT; ///< QoS 2 that was cut short.
    std::string outbox;                                 ///< File that keeps messages; "" = none.
    std::chrono::milliseconds check_interval{60000};    ///< Between looks at the module; 0 = never.
    std::chrono::milliseconds restart_time{20000};      ///< For a restart of the module.
    PowerHook power_hook;                               ///< Switches its power; empty = nobody.
};

/** How a link is and has been. */
struct LinkInfo {
    atmqtt_link_stage state = ATMQTT_LINK_CLOSED;       ///< Where it stands.
    std::chrono::milliseconds since{0};                 ///< For how long.
    std::optional<atmqtt_link_cause> cause;             ///< The last trouble; none = never.
    std::string cause_text;                             ///< The same in words.
    Status status = Status::Ok;                         ///< The error behind it; Ok = none.
    std::optional<int> code;                            ///< A number of the module behind it.
    std::optional<std::chrono::milliseconds> retry_in;  ///< Until it tries again by itself.
    std::string port;                                   ///< Serial port; "" = none has been found.
    Broker broker;                                      ///< Connected to, or tried next.
    std::uint64_t connections = 0;                      ///< How many times it has been up.
    std::chrono::milliseconds uptime{0};                ///< For how long, all together.
    std::uint64_t waiting = 0;                          ///< Messages that wait.
    std::uint64_t waiting_bytes = 0;                    ///< Their bytes.
    std::uint64_t accepted = 0;                         ///< Messages that were accepted.
    std::uint64_t delivered = 0;                        ///< Messages whose delivery was confirmed.
    std::uint64_t failed = 0;                           ///< Messages that ended otherwise.
    std::uint64_t resent = 0;                           ///< Messages that were sent again.
};

namespace detail {

/** A USB port for C. */
class Usb {
public:
    explicit Usb(const UsbPort &usb) : serial_(usb.serial), path_(usb.path)
    {
        if (atmqtt_usb_port_init(&c_, sizeof c_) != ATMQTT_OK)
            return;
        c_.vendor = usb.vendor;
        if (usb.product)
            c_.product = *usb.product;
        c_.interface = usb.interface_number;
        c_.serial = serial_.c_str();
        c_.path = path_.c_str();
    }
    const atmqtt_usb_port *get() const noexcept { return &c_; }

private:
    MaybeText serial_, path_;
    atmqtt_usb_port c_{};
};

} // namespace detail

inline Result<std::string> UsbPort::find() const
{
    char device[4096] = "";
    return detail::finish(atmqtt_usb_port_find(detail::Usb(*this).get(), device, sizeof device),
                          [&] { return std::string(device); });
}

/**
 * A connection to a broker that brings itself up and keeps itself up; see atmqtt_link. Its destructor frees the handle,
 * which ends it without a goodbye to the broker where close() has not ended it.
 */
class Link {
public:
    /** atmqtt_link_start(): returns at once. */
    static Result<Link> start(const LinkOptions &options)
    {
        atmqtt_link *link = nullptr;
        Options c(options);
        return detail::finish(atmqtt_link_start(c.give(), &link), [&] { return Link(link); });
    }

#ifndef ATMQTT_NO_EXCEPTIONS
    /** The same. */
    explicit Link(const LinkOptions &options) : Link(start(options)) {}
#endif
    /** Takes a handle over. */
    explicit Link(atmqtt_link *handle) noexcept : handle_(handle) {}

    /** The handle of C. */
    atmqtt_link *get() const noexcept { return handle_.get(); }
    /** atmqtt_link_close(): with a goodbye to the broker. */
    Result<void> close() { return detail::finish(atmqtt_link_close(get())); }
    /** Where it stands. */
    atmqtt_link_stage state() const noexcept { return static_cast<atmqtt_link_stage>(atmqtt_link_state(get())); }
    /** atmqtt_link_status() */
    Result<LinkInfo> status() const
    {
        atmqtt_link_info *c = nullptr;
        const std::int32_t status = atmqtt_link_status(get(), &c);
        const detail::Owned<atmqtt_link_info, atmqtt_link_info_free> owned(c);
        return detail::finish(status, [&] {
            LinkInfo info;
            info.state = static_cast<atmqtt_link_stage>(c->state);
            info.since = std::chrono::milliseconds(c->since_ms);
            if (c->cause >= 0)
                info.cause = static_cast<atmqtt_link_cause>(c->cause);
            info.cause_text = c->cause_text;
            info.status = static_cast<Status>(c->status);
            info.code = detail::known<int>(c->code);
            info.retry_in = detail::duration(c->retry_in_ms);
            info.port = c->port;
            info.broker = {c->broker_host, c->broker_port};
            info.connections = c->connections;
            info.uptime = std::chrono::milliseconds(c->uptime_ms);
            info.waiting = c->waiting;
            info.waiting_bytes = c->waiting_bytes;
            info.accepted = c->accepted;
            info.delivered = c->delivered;
            info.failed = c->failed;
            info.resent = c->resent;
            return info;
        });
    }
    /** atmqtt_link_set_timeout(); none = no limit. */
    Result<void> set_timeout(std::optional<std::chrono::milliseconds> timeout)
    {
        return detail::finish(atmqtt_link_set_timeout(get(), detail::milliseconds(timeout)));
    }
    /** atmqtt_link_wait_up(); no limit = as long as it takes. */
    Result<void> wait_up(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
    {
        return detail::finish(atmqtt_link_wait_up(get(), detail::milliseconds(timeout)));
    }
    /** atmqtt_link_retry() */
    Result<void> retry() { return detail::finish(atmqtt_link_retry(get())); }
    /** atmqtt_link_modem() */
    Result<Modem> modem()
    {
        atmqtt_modem *modem = nullptr;
        return detail::finish(atmqtt_link_modem(get(), &modem), [&] { return Modem(modem); });
    }

    /** atmqtt_link_publish() */
    Result<void> publish(std::string_view topic, std::string_view payload, int qos = 0, bool retain = false)
    {
        return detail::finish(atmqtt_link_publish(get(), detail::Text(topic).c_str(), payload.data(), payload.size(),
                                                  qos, retain));
    }
    /** atmqtt_link_publish_start(); gives the number of the message. */
    Result<std::uint64_t> publish_start(std::string_view topic, std::string_view payload, int qos = 0,
                                        bool retain = false)
    {
        std::uint64_t operation = 0;
        return detail::finish(atmqtt_link_publish_start(get(), detail::Text(topic).c_str(), payload.data(),
                                                        payload.size(), qos, retain, &operation),
                              [&] { return operation; });
    }
    /** atmqtt_link_subscribe() */
    Result<void> subscribe(std::string_view topic, int qos = 0)
    {
        return detail::finish(atmqtt_link_subscribe(get(), detail::Text(topic).c_str(), qos));
    }
    /** atmqtt_link_unsubscribe(); gives whether there was such a subscription. */
    Result<bool> unsubscribe(std::string_view topic)
    {
        std::int32_t was_there = 0;
        return detail::finish(atmqtt_link_unsubscribe(get(), detail::Text(topic).c_str(), &was_there),
                              [&] { return was_there == 1; });
    }
    /** atmqtt_link_flush(); gives whether nothing waits any more. */
    Result<bool> flush(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
    {
        std::int32_t empty = 0;
        return detail::finish(atmqtt_link_flush(get(), detail::milliseconds(timeout), &empty),
                              [&] { return empty == 1; });
    }

    /** atmqtt_link_set_message_callback(); an empty one = none any more. */
    Result<void> on_message(EventCallback callback)
    {
        const bool given = static_cast<bool>(callback);
        return detail::finish(atmqtt_link_set_message_callback(get(), given ? detail::atmqtt_hpp_event : nullptr,
                                                               detail::keep(std::move(callback)),
                                                               detail::let_go<EventCallback>));
    }
    /** atmqtt_link_set_event_callback(); an empty one = none any more. */
    Result<void> on_event(EventCallback callback)
    {
        const bool given = static_cast<bool>(callback);
        return detail::finish(atmqtt_link_set_event_callback(get(), given ? detail::atmqtt_hpp_event : nullptr,
                                                             detail::keep(std::move(callback)),
                                                             detail::let_go<EventCallback>));
    }
    /** atmqtt_link_event_fd() */
    Result<int> event_fd()
    {
        int fd = -1;
        return detail::finish(atmqtt_link_event_fd(get(), &fd), [&] { return fd; });
    }
    /** atmqtt_link_next_event(): none where nothing came in time; no limit = as long as the link is there. */
    Result<std::optional<OwnedEvent>> next_event(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
    {
        atmqtt_event *event = nullptr;
        return detail::finish(atmqtt_link_next_event(get(), detail::milliseconds(timeout), &event), [&] {
            return event == nullptr ? std::optional<OwnedEvent>() : std::optional<OwnedEvent>(OwnedEvent(event));
        });
    }
    /** atmqtt_link_release_events() */
    Result<void> release_events() { return detail::finish(atmqtt_link_release_events(get())); }

private:
    /** Options for C, which last as long as what they are made from. */
    class Options {
    public:
        explicit Options(const LinkOptions &options)
            : port_(options.port), client_id_(options.client_id), outbox_(options.outbox),
              username_(options.username), password_(options.password), modem_(options.modem),
              config_(options.config), topics_(options.subscriptions), hook_(options.power_hook)
        {
            if (atmqtt_link_options_init(&c_, sizeof c_) != ATMQTT_OK)
                return;
            if (!options.port.empty())
                c_.port = port_.c_str();
            if (options.usb)
                c_.usb = usb_.emplace(*options.usb).get();
            c_.modem = modem_.get();
            c_.client = options.client;
            if (options.apn)
                c_.apn = apn_.emplace(*options.apn).get();
            c_.attach_timeout_ms = detail::option_ms(options.attach_timeout);
            if (options.tls)
                c_.tls = tls_.emplace(*options.tls).get();
            c_.tls_context = options.tls_context;
            c_.config = config_.get();
            hosts_.reserve(options.brokers.size());
            for (const Broker &broker : options.brokers) {
                hosts_.emplace_back(broker.host);
                brokers_.push_back({hosts_.back().c_str(), broker.port});
            }
            c_.brokers = brokers_.data();
            c_.broker_count = brokers_.size();
            c_.client_id = client_id_.c_str();
            c_.username = username_.c_str();
            c_.password = password_.c_str();
            c_.subscriptions = topics_.data();
            c_.subscription_count = topics_.size();
            if (options.when_alive)
                c_.when_alive = *options.when_alive;
            c_.backoff_first_ms = detail::option_ms(options.backoff.first);
            c_.backoff_most_ms = detail::option_ms(options.backoff.most);
            c_.backoff_stable_ms = detail::option_ms(options.backoff.stable);
            c_.backoff_refused_ms = detail::option_ms(options.backoff.refused);
            c_.queue_messages = options.queue_messages;
            c_.queue_bytes = options.queue_bytes;
            c_.when_full = options.when_full;
            c_.when_unconfirmed = options.when_unconfirmed;
            if (!options.outbox.empty())
                c_.outbox_path = outbox_.c_str();
            c_.check_interval_ms = detail::option_ms(options.check_interval);
            c_.restart_time_ms = detail::option_ms(options.restart_time);
        }
        /** From here on the hook is the library's. */
        const atmqtt_link_options *give()
        {
            if (hook_) {
                c_.power_hook = detail::atmqtt_hpp_power;
                c_.power_user_data = detail::keep(std::move(hook_));
                c_.power_drop = detail::let_go<PowerHook>;
            }
            return &c_;
        }
        Options(const Options &) = delete;
        Options &operator=(const Options &) = delete;

    private:
        detail::Text port_, client_id_, outbox_;
        detail::MaybeText username_, password_;
        detail::PortOptions modem_;
        detail::Config config_;
        detail::Topics topics_;
        std::optional<detail::Usb> usb_;
        std::optional<detail::AccessPoint> apn_;
        std::optional<detail::Tls> tls_;
        std::vector<detail::Text> hosts_;
        std::vector<atmqtt_broker> brokers_;
        PowerHook hook_;
        atmqtt_link_options c_{};
    };

    detail::Owned<atmqtt_link, atmqtt_link_free> handle_;
};

/** The checksum that the module reports for a file: atmqtt_files_checksum(). */
inline Result<std::uint16_t> checksum(std::string_view data)
{
    std::uint16_t checksum = 0;
    return detail::finish(atmqtt_files_checksum(data.data(), data.size(), &checksum), [&] { return checksum; });
}

} // inline namespace
} // namespace atmqtt

#endif
