/*
 * atmqtt: MQTT through the AT commands of Quectel cellular modules.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Made by cbindgen from ffi-c/src; do not edit.
 *
 * IN GENERAL
 *
 * - Functions that can fail return a status: ATMQTT_OK or one of atmqtt_status. What went wrong in words is
 *   atmqtt_last_error_message(), on the same thread. Results go to out-parameters, which are written only
 *   where ATMQTT_OK is returned.
 * - Handles (atmqtt_modem, atmqtt_client) may be used by any number of threads at a time. Free each once,
 *   when no thread uses it any more. Free functions take NULL and return nothing.
 * - Pointers that are passed in are used during the call only, unless it is said otherwise. They must be
 *   valid for what they point to; NULL, where it is not allowed, is ATMQTT_INVALID_ARGUMENT.
 * - Strings are UTF-8 and NUL-terminated. Payloads and files are bytes and have a length.
 * - A call returns when the module has told its outcome. Functions with _start in their name return at once,
 *   and their end comes as ATMQTT_EVENT_COMPLETED; atmqtt_modem_interrupt() ends every wait.
 * - Options are structs that begin with their size; initialise them with their _init function.
 * - What arrives by itself comes either by callbacks, on one thread of the library per port, or by
 *   atmqtt_modem_next_event(), with a descriptor for poll and epoll.
 * - Callbacks are called on threads on which all signals are blocked. They must not throw C++ exceptions and
 *   must not longjmp: either ends the process.
 * - After a fork every call on a handle of the parent answers ATMQTT_CLOSED in the child, and free functions
 *   only close the child's descriptors. Open the port in the child.
 * - The library touches no signal disposition, no locale and no standard stream.
 */


#ifndef ATMQTT_H
#define ATMQTT_H

#include <stddef.h>
#include <stdint.h>

#define ATMQTT_VERSION_MAJOR 0
#define ATMQTT_VERSION_MINOR 1
#define ATMQTT_VERSION_PATCH 0


/**
 * The broker refused a topic of a subscription (SUBACK code 128).
 */
#define ATMQTT_REFUSED 128

/**
 * The module did not say what the broker granted for a topic.
 */
#define ATMQTT_NOT_SAID 255

/**
 * What every fallible function returns. The numbers never change and are never used again for another
 * meaning.
 */
enum atmqtt_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Done. Results have been written to where they were wanted.
     */
    ATMQTT_OK = 0,
    /**
     * An argument is NULL, out of range, too long, or holds a byte that cannot be sent. Nothing was sent.
     */
    ATMQTT_INVALID_ARGUMENT = 1,
    /**
     * The client or the port is not in a state that allows the call. Nothing was sent.
     */
    ATMQTT_INVALID_STATE = 2,
    /**
     * No answer in time, and the module has accepted nothing: doing it again cannot duplicate.
     */
    ATMQTT_TIMEOUT = 3,
    /**
     * The module has accepted the command or message, but its outcome is unknown: doing it again may
     * duplicate.
     */
    ATMQTT_UNCONFIRMED = 4,
    /**
     * The module answered ERROR.
     */
    ATMQTT_MODULE_ERROR = 5,
    /**
     * The module answered +CME ERROR or +CMS ERROR; atmqtt_last_error_code() is its number.
     */
    ATMQTT_CME_ERROR = 6,
    /**
     * The result line carried a failure; atmqtt_last_error_code() is its result.
     */
    ATMQTT_OPERATION_FAILED = 7,
    /**
     * The broker refused the connection; atmqtt_last_error_code() is the CONNACK return code, 1 to 5.
     */
    ATMQTT_CONNECTION_REFUSED = 8,
    /**
     * The serial port is gone (unplugged, hung up, or broken), or cannot be opened.
     */
    ATMQTT_PORT_LOST = 9,
    /**
     * Another program holds the serial port; the text says which, where that can be known.
     */
    ATMQTT_PORT_BUSY = 10,
    /**
     * A file arrived in the module with another checksum than it was sent with.
     */
    ATMQTT_CHECKSUM_MISMATCH = 11,
    /**
     * Called from a callback, where it could only wait for itself.
     */
    ATMQTT_CALLED_FROM_CALLBACK = 12,
    /**
     * The port or the client was closed by this program, or the process was forked after the opening.
     */
    ATMQTT_CLOSED = 13,
    /**
     * A fault of this library; please report it.
     */
    ATMQTT_INTERNAL = 14,
    /**
     * The connection ended before the module had accepted anything; atmqtt_last_error_code() is the
     * +QMTSTAT code, where there was one.
     */
    ATMQTT_DISCONNECTED = 15,
    /**
     * A prompt was lost, and the module may still wait for data: nothing may be sent to it.
     */
    ATMQTT_PORT_STUCK = 16,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_status atmqtt_status;
#else
typedef int32_t atmqtt_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Kinds of events: the type of an atmqtt_event. More may come; ignore those that you do not know.
 */
enum atmqtt_event_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A message (+QMTRECV): client, generation, msgid, topic, payload. Only from atmqtt_modem_next_event()
     * and message callbacks.
     */
    ATMQTT_EVENT_MESSAGE = 1,
    /**
     * The connection of a client ended and nobody had asked for it (+QMTSTAT): client, generation, code;
     * text says what the code means and what to do. Open and connect the client again.
     */
    ATMQTT_EVENT_DISCONNECTED = 2,
    /**
     * A keep-alive ping failed and the client is closed (+QMTPING): client, generation.
     */
    ATMQTT_EVENT_PING_FAILED = 3,
    /**
     * A packet was sent again, where packet_notice asks for these: client, generation, msgid; code is how
     * many times, -1 where the module did not say; text is the command whose packet it was. No end of anything.
     */
    ATMQTT_EVENT_RETRANSMISSION = 4,
    /**
     * The module has restarted (RDY): every client is closed and its settings are at their defaults.
     */
    ATMQTT_EVENT_RESTARTED = 5,
    /**
     * The network dropped a PDP context (+QIURC: "pdpdeact"), and every client on it is closed: code is the
     * context, 1 to 16.
     */
    ATMQTT_EVENT_PDP_DEACTIVATED = 6,
    /**
     * The message queue of a client was full and its oldest messages were dropped: client; count is how
     * many since the last such event.
     */
    ATMQTT_EVENT_LAGGED = 7,
    /**
     * Input was thrown away because it did not fit the bounds or could not be read: text.
     */
    ATMQTT_EVENT_INPUT_LOST = 8,
    /**
     * The port is gone or was closed: status is ATMQTT_PORT_LOST or ATMQTT_CLOSED, text says why. The last
     * event of all, but for the ends of operations of several commands.
     */
    ATMQTT_EVENT_PORT_CLOSED = 9,
    /**
     * Any other line that the module printed unasked: text.
     */
    ATMQTT_EVENT_URC = 10,
    /**
     * An operation ended that was begun by a function with _start in its name: operation, status; and where
     * it failed client (or -1), code (or -1) and text, as atmqtt_last_error_message() has them. Where it
     * succeeded: granted for a subscription, text for the answer of a command, payload for a download.
     */
    ATMQTT_EVENT_COMPLETED = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_event_type atmqtt_event_type;
#else
typedef int32_t atmqtt_event_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Values of flow_control in atmqtt_modem_options.
 */
enum atmqtt_flow_control
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * None.
     */
    ATMQTT_FLOW_NONE = 0,
    /**
     * RTS/CTS, here and in the module (AT+IFC=2,2).
     */
    ATMQTT_FLOW_RTS_CTS = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_flow_control atmqtt_flow_control;
#else
typedef int32_t atmqtt_flow_control;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much is logged: each level with all above it.
 */
enum atmqtt_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing.
     */
    ATMQTT_LOG_OFF = 0,
    /**
     * What went wrong and nobody else hears of.
     */
    ATMQTT_LOG_ERROR = 1,
    /**
     * What is likely not wanted, as TLS without a check of the server.
     */
    ATMQTT_LOG_WARN = 2,
    /**
     * What is worth knowing.
     */
    ATMQTT_LOG_INFO = 3,
    /**
     * What helps to find a fault.
     */
    ATMQTT_LOG_DEBUG = 4,
    /**
     * Every line of the serial port, with secrets masked (target "atmqtt::wire").
     */
    ATMQTT_LOG_TRACE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_log_level atmqtt_log_level;
#else
typedef int32_t atmqtt_log_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where a client stands: atmqtt_client_state().
 */
enum atmqtt_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * No network connection; also once the port is closed or lost.
     */
    ATMQTT_STATE_CLOSED = 0,
    /**
     * AT+QMTOPEN is under way.
     */
    ATMQTT_STATE_OPENING = 1,
    /**
     * The network connection is there, the MQTT connection is not.
     */
    ATMQTT_STATE_OPEN = 2,
    /**
     * AT+QMTCONN is under way.
     */
    ATMQTT_STATE_CONNECTING = 3,
    /**
     * Connected to the broker.
     */
    ATMQTT_STATE_CONNECTED = 4,
    /**
     * AT+QMTDISC is under way.
     */
    ATMQTT_STATE_DISCONNECTING = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_state atmqtt_state;
#else
typedef int32_t atmqtt_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * One of the six MQTT clients of a module. Any number of threads may use one handle at a time. It keeps its
 * port open after atmqtt_modem_free().
 */
typedef struct atmqtt_client atmqtt_client;

/**
 * An open port with a module behind it. Any number of threads may use one handle at a time.
 */
typedef struct atmqtt_modem atmqtt_modem;

/**
 * One topic of a subscription.
 */
typedef struct atmqtt_subscription {
    /**
     * Topic filter, 1 to 65535 bytes of UTF-8 without quotation marks and control bytes; not NULL.
     */
    const char *topic;
    /**
     * QoS asked for, 0 to 2.
     */
    int32_t qos;
} atmqtt_subscription;

/**
 * What an atmqtt_event holds is said at each atmqtt_event_type. Everything else is 0, -1, "" or NULL as said
 * here. The event and all that it points to belong to the library: in a callback until that returns, from
 * atmqtt_modem_next_event() until atmqtt_event_free(). Later versions add fields at the end.
 */
typedef struct atmqtt_event {
    /**
     * One of atmqtt_event_type.
     */
    int32_t type;
    /**
     * MQTT client 0 to 5; -1 = none.
     */
    int32_t client;
    /**
     * Which connection of the client: counts up with every open; 0 = none.
     */
    uint32_t generation;
    /**
     * Packet id of the broker, 0 for QoS 0 and where there is none.
     */
    int32_t msgid;
    /**
     * A number of the module, as the type says; -1 = none.
     */
    int32_t code;
    /**
     * One of atmqtt_status: how an operation ended, or why a port closed.
     */
    int32_t status;
    /**
     * Which operation, as its _start function gave it; 0 = none.
     */
    uint64_t operation;
    /**
     * How many.
     */
    uint64_t count;
    /**
     * Topic: UTF-8 unless a publisher was hostile, with a NUL behind it; a NUL inside it is possible, so
     * mind the length.
     */
    const char *topic;
    /**
     * Length of the topic in bytes, without the NUL behind it.
     */
    size_t topic_length;
    /**
     * Payload: any bytes. With a NUL behind it for the convenience of text, which is not counted.
     */
    const uint8_t *payload;
    /**
     * Length of the payload in bytes.
     */
    size_t payload_length;
    /**
     * A text of one line, for URCs as the module printed it; the answer of a command: its lines, with LF
     * between them. With a NUL behind it.
     */
    const char *text;
    /**
     * Length of the text in bytes, without the NUL behind it.
     */
    size_t text_length;
    /**
     * What the broker granted for each topic of a subscription: a QoS 0 to 2, ATMQTT_REFUSED or
     * ATMQTT_NOT_SAID; NULL = none.
     */
    const uint8_t *granted;
    /**
     * How many topics.
     */
    size_t granted_count;
} atmqtt_event;

/**
 * Called with a message or an event, on the dispatcher thread of the port: one call at a time and in
 * order, with no lock of the library held. Every function may be called in it but atmqtt_modem_close(),
 * which answers ATMQTT_CALLED_FROM_CALLBACK; freeing handles in it is fine. The event lives until it
 * returns. It must not throw and must not longjmp. All signals are blocked on that thread.
 */
typedef void (*atmqtt_event_callback)(const struct atmqtt_event *event, void *user_data);

/**
 * Called with the `user_data` of a callback once the library has let go of it: once, whatever the call
 * that registered it returned, and after the last call of the callback. From the thread that clears or
 * replaces the callback, that of the callback, or the one that closes the port. NULL = nothing to do.
 */
typedef void (*atmqtt_drop_callback)(void *user_data);

/**
 * The settings of a client, all 18 of AT+QMTCFG: atmqtt_client_configure() writes them,
 * atmqtt_client_config() asks for them. Call atmqtt_client_config_init() first, which leaves every setting
 * ungiven: -1 for numbers, NULL for strings.
 *
 * What is not given is left to the library's default, which it writes before every open; the settings of
 * clouds and ping_report have no default and are left as they are in the module. Strings are UTF-8 without
 * quotation marks and control bytes, at most 256 bytes.
 */
typedef struct atmqtt_client_config {
    /**
     * Set by atmqtt_client_config_init().
     */
    size_t struct_size;
    /**
     * MQTT version: 3 = 3.1, 4 = 3.1.1; default 4 ("version").
     */
    int32_t version;
    /**
     * PDP context 1 to 16; default 1 ("pdpcid").
     */
    int32_t pdp_context;
    /**
     * SSL context 0 to 5 for TLS, see atmqtt_tls_configure(); -2 = plain TCP, the default ("ssl").
     */
    int32_t tls_context;
    /**
     * Keep-alive in seconds, 0 to 3600, 0 = off; default 120 ("keepalive").
     */
    int32_t keepalive;
    /**
     * 1 = clean session, the default; 0 = stored session ("session").
     */
    int32_t clean_session;
    /**
     * Time-out of one transmission of a packet in seconds, 1 to 1200, by the note up to 60; default 5
     * ("timeout", as the next two: giving one of the three gives the defaults of the others).
     */
    int32_t packet_timeout;
    /**
     * Retransmissions after the first, 0 to 10; default 3.
     */
    int32_t packet_retries;
    /**
     * 1 = each retransmission is reported as ATMQTT_EVENT_RETRANSMISSION; 0 = not, the default.
     */
    int32_t packet_notice;
    /**
     * 1 = with a will, of the next fields; 0 = without one, the default ("will", or "willex" where the
     * message needs it).
     */
    int32_t will;
    /**
     * QoS of the will, 0 to 2; not given = 0.
     */
    int32_t will_qos;
    /**
     * 1 = the broker retains the will; 0 or not given = not.
     */
    int32_t will_retain;
    /**
     * Topic of the will, 1 to 256 bytes.
     */
    const char *will_topic;
    /**
     * Message of the will, any bytes. NULL in an answer that gives the length alone.
     */
    const uint8_t *will_payload;
    /**
     * Length of that in bytes, 0 to 256.
     */
    size_t will_payload_length;
    /**
     * 0 = every message is printed at once, the default; 1 = stored in the module and fetched
     * ("recv/mode", always with lengths).
     */
    int32_t delivery;
    /**
     * Seconds 5 to 60 after a failed ping until its loss is reported ("qmtping").
     */
    int32_t ping_report;
    /**
     * Published payloads on the serial line: 0 = bytes, the default; 1 = hexadecimal ("send/mode").
     */
    int32_t send_mode;
    /**
     * The same with the next one: 0 = bytes, the default; 1 = hexadecimal ("dataformat").
     */
    int32_t data_format_send;
    /**
     * Received payloads on the serial line: 0 = bytes, the default; 1 = hexadecimal, so that no payload can
     * look like a line, whatever the topic. Payloads are bytes in the program all the same.
     */
    int32_t data_format_receive;
    /**
     * 1 = data typed after a prompt is echoed; 0 = not, the default ("view/mode").
     */
    int32_t view_mode;
    /**
     * Seconds after which the module stops waiting for data, 1 to 180; default 10. -2 = never: a lost
     * prompt then leaves the port stuck ("edit/timeout").
     */
    int32_t edit_timeout;
    /**
     * Alibaba Cloud: product key ("aliauth", with the next two).
     */
    const char *ali_product_key;
    /**
     * Device name.
     */
    const char *ali_device_name;
    /**
     * Device secret. Secrets are in no log and no error text.
     */
    const char *ali_device_secret;
    /**
     * China Mobile OneNET: product id ("onenet", with the next one).
     */
    const char *onenet_product_id;
    /**
     * Access key.
     */
    const char *onenet_access_key;
    /**
     * Huawei IoT device: product id ("hwauth", with the next two).
     */
    const char *hw_auth_product_id;
    /**
     * Device secret.
     */
    const char *hw_auth_device_secret;
    /**
     * Time stamp check, 0 or 1; not given = not written.
     */
    int32_t hw_auth_time_check;
    /**
     * Huawei IoT product: product id ("hwprodid", with the next three).
     */
    const char *hw_product_product_id;
    /**
     * Product secret.
     */
    const char *hw_product_product_secret;
    /**
     * Node id: what identifies the device.
     */
    const char *hw_product_node_id;
    /**
     * Time stamp check, 0 or 1; not given = not written.
     */
    int32_t hw_product_time_check;
} atmqtt_client_config;

/**
 * Lines of text, as the answer of a command. Free them with atmqtt_lines_free().
 */
typedef struct atmqtt_lines {
    /**
     * How many.
     */
    size_t count;
    /**
     * The lines: UTF-8, NUL-terminated, without their line ends. Behind the last one is a NULL.
     */
    const char *const *lines;
} atmqtt_lines;

/**
 * Called with a record of the log, in any thread, several at a time, and while locks of the library are held:
 * it must not wait, and any function of the library called in it answers ATMQTT_CALLED_FROM_CALLBACK. It must
 * not throw and must not longjmp. The texts are NUL-terminated and live until it returns.
 */
typedef void (*atmqtt_log_callback)(int32_t level,
                                    const char *target,
                                    const char *message,
                                    void *user_data);

/**
 * How a port is opened. Call atmqtt_modem_options_init() first, which sets every field to its default.
 */
typedef struct atmqtt_modem_options {
    /**
     * Set by atmqtt_modem_options_init().
     */
    size_t struct_size;
    /**
     * Bits per second; default 115200.
     */
    uint32_t baud_rate;
    /**
     * One of atmqtt_flow_control; default none.
     */
    int32_t flow_control;
    /**
     * 1 = DTR is asserted while the port is open, the default; 0 = not.
     */
    int32_t dtr;
    /**
     * 1 = DTR falls when the port is closed; 0 = not, the default.
     */
    int32_t hang_up_on_close;
    /**
     * How many received messages wait for each client's consumer, 1 and up; default 1024. A full queue drops
     * its oldest and reports ATMQTT_EVENT_LAGGED.
     */
    size_t message_capacity;
    /**
     * How many other lines of the module are kept as ATMQTT_EVENT_URC; default 64, 0 = none. The oldest goes
     * first.
     */
    size_t urc_capacity;
    /**
     * Longest received payload in bytes that is delivered; default 65536. A longer one is skipped and
     * reported as ATMQTT_EVENT_INPUT_LOST.
     */
    size_t max_payload;
    /**
     * How long a module that does not answer the first command is left alone before it is asked once more,
     * in milliseconds; default 11000. An earlier program may have left it waiting for a payload.
     */
    uint32_t patience_ms;
} atmqtt_modem_options;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Gives a handle on one of the six MQTT clients of the module. Several handles on one client are fine.
 *
 * @param index  0 to 5.
 * @param client  where the handle is written; free it with atmqtt_client_free().
 */
int32_t atmqtt_modem_client(struct atmqtt_modem *modem,
                            int32_t index,
                            struct atmqtt_client **client);

/**
 * Frees the handle; the client in the module stays as it is, and so does its message callback. NULL is fine,
 * and so is a callback of this port. No other thread may be using the handle.
 */
void atmqtt_client_free(struct atmqtt_client *client);

/**
 * The index 0 to 5 of the client; -1 for NULL.
 */
int32_t atmqtt_client_index(const struct atmqtt_client *client);

/**
 * Where the client stands, as far as the module has said: one of atmqtt_state. Closed for NULL.
 */
int32_t atmqtt_client_state(const struct atmqtt_client *client);

/**
 * Counts the opens of this client: events and messages carry the number of their connection. 0 for NULL.
 */
uint32_t atmqtt_client_generation(const struct atmqtt_client *client);

/**
 * Limits how long each later call on this handle may keep its caller, in milliseconds; negative = as long as
 * the module may take, the default. Past it, what has not begun is withdrawn (ATMQTT_TIMEOUT) and what has
 * goes on without the caller (ATMQTT_UNCONFIRMED): a message may still be published.
 */
int32_t atmqtt_client_set_timeout(struct atmqtt_client *client,
                                  int64_t timeout_ms);

/**
 * Where the client is connected to since before the port was opened: it can be adopted
 * (atmqtt_client_adopt()) or replaced (atmqtt_client_open()).
 *
 * @param host  where the host is written as a NUL-terminated string: "" = the client was not found alive.
 * Not written where the buffer is too small; 256 bytes hold every host.
 * @param size  the size of the buffer in bytes, the NUL included.
 * @param port  where the TCP port is written, 0 = not found alive; NULL = not wanted.
 */
int32_t atmqtt_client_found_alive(const struct atmqtt_client *client,
                                  char *host,
                                  size_t size,
                                  uint16_t *port);

/**
 * Takes over a client that lives since before the port was opened, with its subscriptions.
 *
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE where none was found, or where its settings do not allow its
 * messages to be read safely (lengths off, hexadecimal on): replace it then.
 */
int32_t atmqtt_client_adopt(struct atmqtt_client *client);

/**
 * Opens the network (AT+QMTOPEN): resolves the host and opens TCP or TLS to the port. Writes first every
 * setting that the module does not have from us. Takes up to 125 s, with TLS up to 455 s. Connect soon after:
 * brokers drop a connection that says nothing.
 *
 * @param host  name or address, 1 to 100 bytes without quotation marks and control bytes.
 * @param port  1 to 65535.
 * @param replace  1 = close the client first if it is in use; 0 = fail then.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_INVALID_STATE where the client is in use;
 * ATMQTT_OPERATION_FAILED with the result of +QMTOPEN.
 */
int32_t atmqtt_client_open(struct atmqtt_client *client,
                           const char *host,
                           int32_t port,
                           int32_t replace);

/**
 * atmqtt_client_open() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
 *
 * @param operation  where the number of the operation is written, which the event carries; NULL = no event
 * is wanted.
 */
int32_t atmqtt_client_open_start(struct atmqtt_client *client,
                                 const char *host,
                                 int32_t port,
                                 int32_t replace,
                                 uint64_t *operation);

/**
 * Closes the network (AT+QMTCLOSE) without a DISCONNECT, so that a will is published; ends an open or
 * connect that is under way. Closing a closed client succeeds.
 */
int32_t atmqtt_client_close(struct atmqtt_client *client);

/**
 * atmqtt_client_close() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
 *
 * @param operation  as for atmqtt_client_open_start().
 */
int32_t atmqtt_client_close_start(struct atmqtt_client *client, uint64_t *operation);

/**
 * Connects to the broker (AT+QMTCONN). Takes up to packet time-out x (retries + 1) + 5 s.
 *
 * @param client_id  0 to 256 bytes without quotation marks and control bytes; not NULL. A broker drops the
 * older of two connections with one id.
 * @param username  the same, or NULL = none.
 * @param password  the same, or NULL = none; only with a user name. It is in no log and no error text.
 * @return ATMQTT_OK; ATMQTT_CONNECTION_REFUSED with the CONNACK return code; ATMQTT_DISCONNECTED where the
 * connection ended instead. After either of the two the client is closed: open it again.
 */
int32_t atmqtt_client_connect(struct atmqtt_client *client,
                              const char *client_id,
                              const char *username,
                              const char *password);

/**
 * atmqtt_client_connect() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
 *
 * @param operation  as for atmqtt_client_open_start().
 */
int32_t atmqtt_client_connect_start(struct atmqtt_client *client,
                                    const char *client_id,
                                    const char *username,
                                    const char *password,
                                    uint64_t *operation);

/**
 * Says goodbye to the broker (AT+QMTDISC), which closes the network as well. Takes up to 30 s.
 */
int32_t atmqtt_client_disconnect(struct atmqtt_client *client);

/**
 * atmqtt_client_disconnect() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
 *
 * @param operation  as for atmqtt_client_open_start().
 */
int32_t atmqtt_client_disconnect_start(struct atmqtt_client *client, uint64_t *operation);

/**
 * Subscribes to topics (AT+QMTSUB). Takes up to packet time-out x (retries + 1) + 5 s. A retained message may
 * arrive before this returns.
 *
 * @param topics  the topics; at least one.
 * @param count  how many.
 * @param granted  where what the broker granted for each topic is written, `count` bytes: a QoS 0 to 2, maybe
 * less than was asked for, ATMQTT_REFUSED or ATMQTT_NOT_SAID. NULL = not wanted.
 * @return ATMQTT_OK, also where the broker refused some topics; ATMQTT_OPERATION_FAILED with code 128 where
 * it refused them all, with code 2 where no SUBACK came.
 */
int32_t atmqtt_client_subscribe(struct atmqtt_client *client,
                                const struct atmqtt_subscription *topics,
                                size_t count,
                                uint8_t *granted);

/**
 * atmqtt_client_subscribe() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with what was granted.
 *
 * @param operation  as for atmqtt_client_open_start().
 */
int32_t atmqtt_client_subscribe_start(struct atmqtt_client *client,
                                      const struct atmqtt_subscription *topics,
                                      size_t count,
                                      uint64_t *operation);

/**
 * Ends subscriptions (AT+QMTUNS). Takes up to packet time-out x (retries + 1) + 5 s.
 *
 * @param topics  the topic filters as they were subscribed to; at least one.
 * @param count  how many.
 */
int32_t atmqtt_client_unsubscribe(struct atmqtt_client *client,
                                  const char *const *topics,
                                  size_t count);

/**
 * atmqtt_client_unsubscribe() without waiting: its end comes as ATMQTT_EVENT_COMPLETED.
 *
 * @param operation  as for atmqtt_client_open_start().
 */
int32_t atmqtt_client_unsubscribe_start(struct atmqtt_client *client,
                                        const char *const *topics,
                                        size_t count,
                                        uint64_t *operation);

/**
 * Publishes a message (AT+QMTPUBEX) and waits for its outcome: at QoS 1 and 2 that the broker has it, at QoS 0
 * that the module has sent it. atmqtt_client_publish_start() does not wait.
 *
 * Up to five messages of QoS 1 and 2 are under way at a time, and one of QoS 0; more wait in the library, in
 * order.
 *
 * @param topic  1 to 65535 bytes of UTF-8 without quotation marks and control bytes.
 * @param payload  any bytes, copied by the call; NULL with length 0 is none.
 * @param length  0 to 1500.
 * @param qos  0 to 2.
 * @param retain  1 = the broker keeps it for later subscribers; 0 = not.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_INVALID_STATE where the client is not connected;
 * ATMQTT_DISCONNECTED where the connection ended before the module had it; ATMQTT_UNCONFIRMED where it had it
 * and the outcome is unknown; ATMQTT_OPERATION_FAILED with code 2 where no acknowledgement came.
 */
int32_t atmqtt_client_publish(struct atmqtt_client *client,
                              const char *topic,
                              const void *payload,
                              size_t length,
                              int32_t qos,
                              int32_t retain);

/**
 * atmqtt_client_publish() without waiting: the message goes its way in the order of these calls, and its end
 * comes as ATMQTT_EVENT_COMPLETED.
 *
 * @param operation  as for atmqtt_client_open_start().
 */
int32_t atmqtt_client_publish_start(struct atmqtt_client *client,
                                    const char *topic,
                                    const void *payload,
                                    size_t length,
                                    int32_t qos,
                                    int32_t retain,
                                    uint64_t *operation);

/**
 * Has the messages of this client handed to a callback, on the dispatcher thread of the port, one at a time
 * and in order. It takes the place of an earlier one. Messages that come while there is none wait for it.
 *
 * The callback belongs to the client in the module, not to this handle: it stays when the handle is freed,
 * until it is taken away or the port is closed.
 *
 * @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any
 * more, except where it is itself the caller.
 * @param user_data  passed to the callback as it is.
 * @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while messages are taken with atmqtt_modem_next_event().
 */
int32_t atmqtt_client_set_message_callback(struct atmqtt_client *client,
                                           atmqtt_event_callback callback,
                                           void *user_data,
                                           atmqtt_drop_callback drop);

/**
 * Leaves every setting ungiven. Call it as atmqtt_client_config_init(&config, sizeof config).
 *
 * @param config  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_client_config).
 */
int32_t atmqtt_client_config_init(struct atmqtt_client_config *config, size_t struct_size);

/**
 * Writes the given settings (AT+QMTCFG), at once, and keeps them for every later open of the client.
 *
 * @param config  the settings; not NULL.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT before anything is sent; ATMQTT_INVALID_STATE unless the client is
 * closed; ATMQTT_MODULE_ERROR with the name of a setting that the module refuses.
 */
int32_t atmqtt_client_configure(struct atmqtt_client *client,
                                const struct atmqtt_client_config *config);

/**
 * Asks the module for every setting (AT+QMTCFG="...",client). What it does not know is not given.
 *
 * @param config  where the answer is written; free it with atmqtt_client_config_free(). It holds the secrets of
 * the clouds in the clear, where the module tells them.
 */
int32_t atmqtt_client_query_config(struct atmqtt_client *client,
                                   struct atmqtt_client_config **config);

/**
 * Asks the module for one setting.
 *
 * @param name  the name on the wire, as "keepalive" or "recv/mode", in either case.
 * @param config  where the answer is written, with nothing else given; free it with
 * atmqtt_client_config_free().
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a name that is none; ATMQTT_MODULE_ERROR where the module does
 * not know the setting; ATMQTT_OPERATION_FAILED where its answer has another shape.
 */
int32_t atmqtt_client_query_setting(struct atmqtt_client *client,
                                    const char *name,
                                    struct atmqtt_client_config **config);

/**
 * Frees settings of atmqtt_client_query_config() and atmqtt_client_query_setting(), and nothing else: not a
 * struct of the program's own. NULL is fine.
 */
void atmqtt_client_config_free(struct atmqtt_client_config *config);

/**
 * Frees an event of atmqtt_modem_next_event(), with all that it points to. NULL is fine.
 */
void atmqtt_event_free(struct atmqtt_event *event);

/**
 * Frees lines. NULL is fine.
 */
void atmqtt_lines_free(struct atmqtt_lines *lines);

/**
 * Has what the library logs handed to a callback. One for the whole process; it takes the place of an earlier
 * one, whose last calls may still run in other threads when this returns.
 *
 * @param level  how much: one of atmqtt_log_level.
 * @param callback  NULL = nothing is logged any more.
 * @param user_data  passed to the callback as it is.
 * @param drop  called once with user_data after the last call of the callback; NULL = nothing to call.
 */
int32_t atmqtt_set_log_callback(int32_t level,
                                atmqtt_log_callback callback,
                                void *user_data,
                                atmqtt_drop_callback drop);

/**
 * Sets every option to its default. Call it as
 * atmqtt_modem_options_init(&options, sizeof options).
 *
 * @param options  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_modem_options).
 * @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
 */
int32_t atmqtt_modem_options_init(struct atmqtt_modem_options *options, size_t struct_size);

/**
 * Opens a serial port, exclusively, and brings the line into a known state (ATQ0V1E0, AT+CMEE=1,
 * AT+QMTOPEN?, AT+QMTCONN?). Starts the one thread that reads it.
 *
 * Blocks until the module has answered; with a module that is silent up to twice patience_ms and a few
 * seconds.
 *
 * @param path  the device, as "/dev/ttyUSB2"; not NULL.
 * @param options  NULL = the defaults.
 * @param modem  where the handle is written; free it with atmqtt_modem_free().
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_PORT_BUSY; ATMQTT_PORT_LOST where the device cannot be
 * opened; ATMQTT_TIMEOUT where no module answers.
 */
int32_t atmqtt_modem_open(const char *path,
                          const struct atmqtt_modem_options *options,
                          struct atmqtt_modem **modem);

/**
 * Closes the port: every call and wait on it ends at once with ATMQTT_CLOSED, in whatever thread. Waits for
 * a callback that runs; what callbacks have not had is dropped. The clients in the module stay as they are:
 * disconnect them first. The handle stays valid, and every call on it and its clients then answers
 * ATMQTT_CLOSED. Again: nothing, and ATMQTT_OK.
 *
 * @return ATMQTT_OK; ATMQTT_CALLED_FROM_CALLBACK in a callback of this port; ATMQTT_INVALID_ARGUMENT for NULL.
 */
int32_t atmqtt_modem_close(struct atmqtt_modem *modem);

/**
 * Frees the handle. The port is closed when no client handle is left either; atmqtt_modem_close() closes it
 * at once. NULL is fine, a closed port too, and so is a callback of this port: what the callback still
 * needs goes when it has returned. In a forked child it only closes the descriptor.
 *
 * No other thread may be using the handle.
 */
void atmqtt_modem_free(struct atmqtt_modem *modem);

/**
 * 1 while the port is open; 0 once it is closed or lost, and for NULL.
 */
int32_t atmqtt_modem_is_open(const struct atmqtt_modem *modem);

/**
 * The device as it was opened, as a NUL-terminated string in the caller's buffer.
 *
 * @param buffer  where to.
 * @param size  the size of the buffer in bytes, the NUL included. The buffer is not written where it is
 * too small.
 */
int32_t atmqtt_modem_port_name(const struct atmqtt_modem *modem,
                               char *buffer,
                               size_t size);

/**
 * Limits how long each later call on this handle may keep its caller, in milliseconds; negative = as long as
 * the module may take, the default. Past it, what has not begun is withdrawn (ATMQTT_TIMEOUT) and what has
 * goes on without the caller (ATMQTT_UNCONFIRMED). Client handles have limits of their own.
 */
int32_t atmqtt_modem_set_timeout(struct atmqtt_modem *modem,
                                 int64_t timeout_ms);

/**
 * Ends every wait on this port, in whatever thread. Async-signal-safe, and the only function that is: call
 * it in a signal handler, on a handle that nobody frees meanwhile. NULL is fine.
 *
 * A call then ends as if the time that its caller had given it were up: what has not begun is withdrawn
 * (ATMQTT_TIMEOUT), what has goes on without the caller (ATMQTT_UNCONFIRMED). atmqtt_modem_next_event() ends
 * with no event; and if nobody waits in it at the moment, the next call that would wait does not, so that
 * a signal between the look at a flag and the wait is not missed.
 */
void atmqtt_modem_interrupt(const struct atmqtt_modem *modem);

/**
 * Sends any other AT command and waits for its answer.
 *
 * Refused are what the library itself does (AT+QMT...= with values), what would change how lines are read
 * (ATE1, ATV0, ATQ1, AT&F, ATZ, ATS3, ATS4, AT+IPR=, A/), and what leaves command mode (ATD, ATO, AT+CMUX,
 * AT+QFUPL, ...). Takes up to 60 s, some commands of the network up to 185 s.
 *
 * @param line  the command without its CR, as "AT+CSQ".
 * @param answer  where the lines of the answer are written, without the final OK; free them with
 * atmqtt_lines_free(). NULL = not wanted.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for the above; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the
 * module answers; ATMQTT_UNCONFIRMED where no final result code comes in time.
 */
int32_t atmqtt_modem_command(struct atmqtt_modem *modem,
                             const char *line,
                             struct atmqtt_lines **answer);

/**
 * Sends a command that prompts for data (> or CONNECT), then the data, byte for byte.
 *
 * @param data  the data; NULL with length 0 is no data.
 * @param length  its length in bytes.
 * @param answer  as for atmqtt_modem_command().
 * @return as atmqtt_modem_command(). A module that never prompts leaves the port stuck
 * (ATMQTT_PORT_STUCK), because it may still wait for data.
 */
int32_t atmqtt_modem_command_with_data(struct atmqtt_modem *modem,
                                       const char *line,
                                       const void *data,
                                       size_t length,
                                       struct atmqtt_lines **answer);

/**
 * atmqtt_modem_command() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with the answer as text.
 *
 * @param operation  where the number of the operation is written, which the event carries; NULL = no event
 * is wanted.
 */
int32_t atmqtt_modem_command_start(struct atmqtt_modem *modem,
                                   const char *line,
                                   uint64_t *operation);

/**
 * Has events handed to a callback, on the dispatcher thread of the port: all but messages, which have
 * callbacks of their own (atmqtt_client_set_message_callback()). It takes the place of an earlier one.
 *
 * @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any
 * more, except where it is itself the caller.
 * @param user_data  passed to the callback as it is.
 * @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while events are taken with atmqtt_modem_next_event().
 */
int32_t atmqtt_modem_set_event_callback(struct atmqtt_modem *modem,
                                        atmqtt_event_callback callback,
                                        void *user_data,
                                        atmqtt_drop_callback drop);

/**
 * A descriptor for poll or epoll that can be read exactly while atmqtt_modem_next_event() would give an
 * event: level-triggered. It belongs to the library: do not read, write or close it. It lives until
 * atmqtt_modem_free() or atmqtt_modem_release_events().
 *
 * From the first call of this or atmqtt_modem_next_event() on, everything that arrives comes this way: the
 * events, and the messages of all six clients.
 *
 * @param fd  where the descriptor is written.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while a callback has the events, or the messages of any client.
 */
int32_t atmqtt_modem_event_fd(struct atmqtt_modem *modem,
                              int *fd);

/**
 * The next of everything that arrived: an event, or a message of any client, oldest first.
 *
 * @param timeout_ms  how long to wait for one, in milliseconds: 0 = not at all, negative = as long as the
 * port is open.
 * @param event  where it is written: free it with atmqtt_event_free(). NULL is written where none came in
 * time, or the wait was interrupted.
 * @return ATMQTT_OK, also with no event; ATMQTT_CLOSED once the port is closed or lost and everything has
 * been taken; ATMQTT_INVALID_STATE while a callback has the events, or the messages of any client.
 */
int32_t atmqtt_modem_next_event(struct atmqtt_modem *modem,
                                int64_t timeout_ms,
                                struct atmqtt_event **event);

/**
 * Ends taking events with atmqtt_modem_next_event(), so that callbacks can have them. What has not been
 * taken stays for them. Nothing where it had not begun.
 */
int32_t atmqtt_modem_release_events(struct atmqtt_modem *modem);

/**
 * A short name of a status, as "connection refused"; "ok" for ATMQTT_OK and "unknown status" for a
 * number that is none. Never NULL; the text is static. May be called from anywhere.
 */
const char *atmqtt_status_name(int32_t status);

/**
 * The text of the last failure on this thread: which command, which client, what came back, what to do.
 * One line of UTF-8, without secrets. "" where nothing has failed yet; never NULL.
 *
 * A call that succeeds leaves it as it is: look at it only after one that failed. The text is the
 * library's and lives until the next failure on this thread, or atmqtt_clear_last_error().
 */
const char *atmqtt_last_error_message(void);

/**
 * The number that the module gave with the last failure on this thread: the result of a result line, a
 * CONNACK return code, a CME error number or a +QMTSTAT code, as the status says; -1 where it gave none.
 */
int32_t atmqtt_last_error_code(void);

/**
 * The AT command that the last failure on this thread concerns, as "AT+QMTOPEN"; NULL where it concerns
 * none. It lives as long as atmqtt_last_error_message().
 */
const char *atmqtt_last_error_command(void);

/**
 * The MQTT client 0 to 5 that the last failure on this thread concerns; -1 where it concerns none.
 */
int32_t atmqtt_last_error_client(void);

/**
 * Forgets the last failure of this thread.
 */
void atmqtt_clear_last_error(void);

/**
 * The version of the library, as "0.1.0". Static text; may be called from anywhere. The macros
 * ATMQTT_VERSION_MAJOR, _MINOR and _PATCH are those of the header.
 */
const char *atmqtt_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ATMQTT_H */
