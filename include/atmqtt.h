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
 * - Handles (atmqtt_modem, atmqtt_client, atmqtt_link) may be used by any number of threads at a time. Free each once,
 *   when no thread uses it any more. Free functions take NULL and return nothing.
 * - Pointers that are passed in are used during the call only, unless it is said otherwise. They must be
 *   valid for what they point to; NULL, where it is not allowed, is ATMQTT_INVALID_ARGUMENT.
 * - Strings are UTF-8 and NUL-terminated. Payloads and files are bytes and have a length.
 * - A call returns when the module has told its outcome. Functions with _start in their name return at once,
 *   and their end comes as ATMQTT_EVENT_COMPLETED; atmqtt_modem_interrupt() ends every wait on a port.
 * - Options are structs that begin with their size; initialise them with their _init function.
 * - A port is opened either by the program (atmqtt_modem_open()), which then does everything itself, or by a
 *   link (atmqtt_link_start()), which keeps a connection up and does it again whatever is lost.
 * - What arrives by itself comes either by callbacks, on one thread of the library per port or link, or by
 *   atmqtt_modem_next_event() and atmqtt_link_next_event(), with a descriptor for poll and epoll.
 * - Callbacks are called on threads on which all signals are blocked. They must not throw C++ exceptions and
 *   must not longjmp: either ends the process.
 * - After a fork every call on a handle of the parent answers ATMQTT_CLOSED in the child, and free functions
 *   only close the child's descriptors. Open the port, or start the link, in the child.
 * - The library touches no signal disposition, no locale and no standard stream.
 */


#ifndef ATMQTT_H
#define ATMQTT_H

#include <stddef.h>
#include <stdint.h>

/** Major version of this header; atmqtt_version() is that of the library. */
#define ATMQTT_VERSION_MAJOR 0

/** Minor version of this header. */
#define ATMQTT_VERSION_MINOR 1

/** Patch version of this header. */
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
    /**
     * The outbox, where messages wait on disk, cannot be read or written; the text says why, as that the
     * disk is full.
     */
    ATMQTT_STORAGE = 17,
    /**
     * Too much waits to be sent already.
     */
    ATMQTT_QUEUE_FULL = 18,
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
     * A message (+QMTRECV): client, generation, msgid, topic, payload. Only from atmqtt_modem_next_event(),
     * atmqtt_link_next_event() and message callbacks.
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
     * succeeded: granted for a subscription, payload for a download, text for the answer of a command and
     * for what else its _start function says.
     */
    ATMQTT_EVENT_COMPLETED = 11,
    /**
     * A link went from one state to another: from, to, cause; text is the cause in words. Where an error is
     * behind it: status and code. For ATMQTT_CAUSE_DISCONNECTED code is that of +QMTSTAT. While it waits:
     * retry_in_ms.
     */
    ATMQTT_EVENT_LINK = 12,
    /**
     * A subscription of a link was made, after every connect anew, or refused: client, topic, and one granted.
     */
    ATMQTT_EVENT_SUBSCRIBED = 13,
    /**
     * The outbox of a link was found damaged; what could be read of it is sent: count is how many messages
     * could not be read; text is what the damaged file was renamed to, "" where it could be kept.
     */
    ATMQTT_EVENT_OUTBOX_DAMAGED = 14,
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
 * Protocol versions of a handshake ("sslversion"): version in atmqtt_tls_options and atmqtt_tls_settings.
 */
enum atmqtt_tls_version
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * SSL 3.0. Broken; only for what a module reports.
     */
    ATMQTT_TLS_SSL_3 = 0,
    /**
     * TLS 1.0. Obsolete.
     */
    ATMQTT_TLS_1_0 = 1,
    /**
     * TLS 1.1. Obsolete.
     */
    ATMQTT_TLS_1_1 = 2,
    /**
     * TLS 1.2, the library's default.
     */
    ATMQTT_TLS_1_2 = 3,
    /**
     * Whatever the module and the server agree on, the module's own default. A server, or who stands
     * between, may bring that down to a version that is broken: choose it only where 1.2 alone fails.
     */
    ATMQTT_TLS_ANY = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_tls_version atmqtt_tls_version;
#else
typedef int32_t atmqtt_tls_version;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How far the other side is checked ("seclevel"): verification in atmqtt_tls_settings.
 */
enum atmqtt_tls_verification
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nobody is checked: whoever answers is the server. The module's own default.
     */
    ATMQTT_TLS_VERIFY_NOTHING = 0,
    /**
     * The server shows a certificate of the given CA.
     */
    ATMQTT_TLS_VERIFY_SERVER = 1,
    /**
     * The same, and the module shows its own certificate if the server asks for one.
     */
    ATMQTT_TLS_VERIFY_SERVER_AND_CLIENT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_tls_verification atmqtt_tls_verification;
#else
typedef int32_t atmqtt_tls_verification;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the module's clock has to do with certificates: clock in atmqtt_tls_options.
 */
enum atmqtt_tls_clock
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * A certificate must be valid at the time of the module's clock, the default. A clock that is before
     * 2024, as it is after power-up without a network that tells the time, is ATMQTT_INVALID_STATE.
     */
    ATMQTT_TLS_CLOCK_CHECK = 0,
    /**
     * The same, and the clock is set from this computer first (AT+CCLK).
     */
    ATMQTT_TLS_CLOCK_SET_AND_CHECK = 1,
    /**
     * Dates are ignored: an expired certificate passes. The module's own default.
     */
    ATMQTT_TLS_CLOCK_IGNORE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_tls_clock atmqtt_tls_clock;
#else
typedef int32_t atmqtt_tls_clock;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The SIM card (AT+CPIN?): state in atmqtt_sim.
 */
enum atmqtt_sim_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Ready.
     */
    ATMQTT_SIM_READY = 0,
    /**
     * It wants its PIN: AT+CPIN="1234", three tries.
     */
    ATMQTT_SIM_PIN_REQUIRED = 1,
    /**
     * It is blocked and wants its PUK.
     */
    ATMQTT_SIM_PUK_REQUIRED = 2,
    /**
     * There is none, or it is not seen yet.
     */
    ATMQTT_SIM_ABSENT = 3,
    /**
     * It is not done yet.
     */
    ATMQTT_SIM_BUSY = 4,
    /**
     * It is broken, or wrong for this module.
     */
    ATMQTT_SIM_FAILED = 5,
    /**
     * Anything else: the text has the module's words.
     */
    ATMQTT_SIM_OTHER = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_sim_state atmqtt_sim_state;
#else
typedef int32_t atmqtt_sim_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Whether the module is in a network: status in atmqtt_service_registration. Other numbers mean registered
 * for less than packet data, as 6 and 7 for SMS or 8 for emergency calls.
 */
enum atmqtt_registration_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not registered and not searching.
     */
    ATMQTT_NOT_REGISTERED = 0,
    /**
     * Registered at home.
     */
    ATMQTT_REGISTERED_HOME = 1,
    /**
     * Searching.
     */
    ATMQTT_REGISTRATION_SEARCHING = 2,
    /**
     * The network refuses: SIM, subscription or APN.
     */
    ATMQTT_REGISTRATION_DENIED = 3,
    /**
     * Not known: out of coverage, for one.
     */
    ATMQTT_REGISTRATION_UNKNOWN = 4,
    /**
     * Registered abroad.
     */
    ATMQTT_REGISTERED_ROAMING = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_registration_status atmqtt_registration_status;
#else
typedef int32_t atmqtt_registration_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the radio works: technology in atmqtt_service_registration and atmqtt_operator. Other numbers are as
 * the module gives them.
 */
enum atmqtt_technology
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * GSM (0, 1 and 3 of the module).
     */
    ATMQTT_TECHNOLOGY_GSM = 0,
    /**
     * UMTS (2 and 4 to 6 of the module).
     */
    ATMQTT_TECHNOLOGY_UMTS = 2,
    /**
     * LTE, LTE Cat 1 included.
     */
    ATMQTT_TECHNOLOGY_LTE = 7,
    /**
     * LTE Cat M1.
     */
    ATMQTT_TECHNOLOGY_LTE_M = 8,
    /**
     * NB-IoT.
     */
    ATMQTT_TECHNOLOGY_NB_IOT = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_technology atmqtt_technology;
#else
typedef int32_t atmqtt_technology;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What atmqtt_network_wait_ready() waits for: the stage of atmqtt_ready_progress.
 */
enum atmqtt_ready_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The SIM card.
     */
    ATMQTT_STAGE_SIM = 1,
    /**
     * The registration.
     */
    ATMQTT_STAGE_REGISTRATION = 2,
    /**
     * The PDP context: it is being activated.
     */
    ATMQTT_STAGE_ACTIVATING = 3,
    /**
     * Nothing: everything is there.
     */
    ATMQTT_STAGE_READY = 4,
    /**
     * The module, which does not answer, or not what it should: it may be starting.
     */
    ATMQTT_STAGE_TROUBLE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_ready_stage atmqtt_ready_stage;
#else
typedef int32_t atmqtt_ready_stage;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What addresses a PDP context is to have: ip_type in atmqtt_apn.
 */
enum atmqtt_ip_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * IPv4, the default.
     */
    ATMQTT_IP_V4 = 1,
    /**
     * IPv6.
     */
    ATMQTT_IP_V6 = 2,
    /**
     * Both.
     */
    ATMQTT_IP_V4V6 = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_ip_type atmqtt_ip_type;
#else
typedef int32_t atmqtt_ip_type;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How user name and password are shown to the network: authentication in atmqtt_apn.
 */
enum atmqtt_authentication
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Not at all, the default.
     */
    ATMQTT_AUTH_NONE = 0,
    /**
     * PAP: in the clear.
     */
    ATMQTT_AUTH_PAP = 1,
    /**
     * CHAP.
     */
    ATMQTT_AUTH_CHAP = 2,
    /**
     * Either; not on every module.
     */
    ATMQTT_AUTH_PAP_OR_CHAP = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_authentication atmqtt_authentication;
#else
typedef int32_t atmqtt_authentication;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where a link stands, in the order in which it comes up: atmqtt_link_state(), from and to in atmqtt_event. The
 * numbers never change; more may come.
 */
enum atmqtt_link_stage
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Looks for the serial port.
     */
    ATMQTT_LINK_SEARCHING = 0,
    /**
     * Opens it and brings the module's line into a known state.
     */
    ATMQTT_LINK_STARTING = 1,
    /**
     * Waits for SIM, registration and the PDP context.
     */
    ATMQTT_LINK_ATTACHING = 2,
    /**
     * Uploads certificates and configures TLS.
     */
    ATMQTT_LINK_SECURING = 3,
    /**
     * Opens the network connection to the broker (AT+QMTOPEN).
     */
    ATMQTT_LINK_OPENING = 4,
    /**
     * Connects to the broker (AT+QMTCONN).
     */
    ATMQTT_LINK_CONNECTING = 5,
    /**
     * Connected: messages flow, and subscriptions are being made.
     */
    ATMQTT_LINK_UP = 6,
    /**
     * Waits before it tries again.
     */
    ATMQTT_LINK_WAITING = 7,
    /**
     * Waits for long, because trying again does not help by itself: see the cause.
     */
    ATMQTT_LINK_REFUSED = 8,
    /**
     * Repairs what is below the connection: the PDP context, or the module.
     */
    ATMQTT_LINK_REPAIRING = 9,
    /**
     * The end.
     */
    ATMQTT_LINK_CLOSED = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_link_stage atmqtt_link_stage;
#else
typedef int32_t atmqtt_link_stage;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a link went from one state to another: cause in atmqtt_event and atmqtt_link_info. The numbers never
 * change; more may come.
 */
enum atmqtt_link_cause
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The step before is done.
     */
    ATMQTT_CAUSE_PROGRESS = 0,
    /**
     * The connection ended (+QMTSTAT); code is why.
     */
    ATMQTT_CAUSE_DISCONNECTED = 1,
    /**
     * A keep-alive ping failed (+QMTPING).
     */
    ATMQTT_CAUSE_PING_FAILED = 2,
    /**
     * The network dropped the PDP context (+QIURC: "pdpdeact").
     */
    ATMQTT_CAUSE_PDP_DEACTIVATED = 3,
    /**
     * The module restarted (RDY).
     */
    ATMQTT_CAUSE_RESTARTED = 4,
    /**
     * The module says that the client is not connected, and had not said so before (AT+QMTCONN?).
     */
    ATMQTT_CAUSE_FOUND_DISCONNECTED = 5,
    /**
     * The serial port is gone, or was never there; status and code say more, as for the next three.
     */
    ATMQTT_CAUSE_PORT_LOST = 6,
    /**
     * The module does not answer.
     */
    ATMQTT_CAUSE_DEAF = 7,
    /**
     * A step failed, and may succeed another time.
     */
    ATMQTT_CAUSE_FAILED = 8,
    /**
     * A step failed for a reason that stays: bad credentials, a SIM that wants its PIN, a setting that is out of
     * range. It is not tried again for long.
     */
    ATMQTT_CAUSE_REFUSED = 9,
    /**
     * The program said so: atmqtt_link_retry(), atmqtt_link_close(), or the start.
     */
    ATMQTT_CAUSE_ASKED = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_link_cause atmqtt_link_cause;
#else
typedef int32_t atmqtt_link_cause;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a link does with a client of the module that is still connected from an earlier run: when_alive in
 * atmqtt_link_options.
 */
enum atmqtt_when_alive
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Closes it and connects anew. The default with an outbox.
     */
    ATMQTT_WHEN_ALIVE_REPLACE = 0,
    /**
     * Takes it over, where it is connected to one of the brokers and its settings allow its messages to be
     * read safely; else replaces it. The default without an outbox.
     */
    ATMQTT_WHEN_ALIVE_ADOPT = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_when_alive atmqtt_when_alive;
#else
typedef int32_t atmqtt_when_alive;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a full queue of a link does with one message more: when_full in atmqtt_link_options.
 */
enum atmqtt_when_full
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The publish waits for room, the _start function too. The default.
     */
    ATMQTT_WHEN_FULL_BLOCK = 0,
    /**
     * The publish fails with ATMQTT_QUEUE_FULL.
     */
    ATMQTT_WHEN_FULL_REFUSE = 1,
    /**
     * The oldest message that has not been sent makes room, and ends with ATMQTT_QUEUE_FULL.
     */
    ATMQTT_WHEN_FULL_DROP_OLDEST = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_when_full atmqtt_when_full;
#else
typedef int32_t atmqtt_when_full;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What becomes of a QoS 2 message whose sending was cut short after the module had it, for the module cannot go
 * on with the handshake of another connection: when_unconfirmed in atmqtt_link_options.
 */
enum atmqtt_when_unconfirmed
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It ends with ATMQTT_UNCONFIRMED: at most once, and the program knows. The default.
     */
    ATMQTT_WHEN_UNCONFIRMED_REPORT = 0,
    /**
     * It is sent again as a new message: at least once, perhaps twice.
     */
    ATMQTT_WHEN_UNCONFIRMED_RESEND = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum atmqtt_when_unconfirmed atmqtt_when_unconfirmed;
#else
typedef int32_t atmqtt_when_unconfirmed;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a module says that it can do: its answers to the test forms "=?", as they were when it was asked.
 * Nothing of it changes any more, and any number of threads may read it. It does not need the port.
 */
typedef struct atmqtt_capabilities atmqtt_capabilities;

/**
 * One of the six MQTT clients of a module. Any number of threads may use one handle at a time. It keeps its
 * port open after atmqtt_modem_free().
 */
typedef struct atmqtt_client atmqtt_client;

/**
 * A connection to a broker that brings itself up and keeps itself up: it finds the port, attaches to the network,
 * configures TLS, opens, connects and subscribes, and does it again from where it has to, whatever is lost on the
 * way: connection, PDP context, module, port.
 *
 * What is published at QoS 1 and 2 while it is down waits, and is sent in the order of the publishes. A message
 * that was accepted is sent until its outcome is known: where a connection ends in between, QoS 1 is sent again, and
 * may arrive twice; for QoS 2 see atmqtt_when_unconfirmed. A message that the module refuses with ERROR five times
 * ends with that, so that one bad topic does not hold up all others. Without an outbox, what waits is lost with the
 * program.
 *
 * Any number of threads may use one handle at a time. It has a thread of its own beside those of its port.
 */
typedef struct atmqtt_link atmqtt_link;

/**
 * An open port with a module behind it. Any number of threads may use one handle at a time.
 */
typedef struct atmqtt_modem atmqtt_modem;

/**
 * Numbers that a parameter may take, both ends included.
 */
typedef struct atmqtt_range {
    /**
     * The lowest.
     */
    int64_t low;
    /**
     * The highest; the same for a single number.
     */
    int64_t high;
} atmqtt_range;

/**
 * One parameter of a command or setting, as a test form lists it. It belongs to its atmqtt_capabilities, and
 * so does all that it points to. Later versions add fields at the end.
 */
typedef struct atmqtt_parameter {
    /**
     * As the module prints it: "(0-5)", "(0,1)", "hostname", "<msgid>". Never NULL.
     */
    const char *text;
    /**
     * The numbers that it may take; NULL where the text is a word that stands for a string or for an
     * unspecified number.
     */
    const struct atmqtt_range *ranges;
    /**
     * How many ranges; 0 for a word.
     */
    size_t range_count;
} atmqtt_parameter;

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
 * atmqtt_modem_next_event() and atmqtt_link_next_event() until atmqtt_event_free(). Later versions add fields
 * at the end.
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
     * One of atmqtt_status: how an operation ended, why a port closed, or what a link had trouble with.
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
    /**
     * Where a link was: one of atmqtt_link_stage; -1 = none.
     */
    int32_t from;
    /**
     * Where it is now, the same.
     */
    int32_t to;
    /**
     * Why it went there: one of atmqtt_link_cause; -1 = none.
     */
    int32_t cause;
    /**
     * How many milliseconds it will wait before it tries again; -1 = it does not wait.
     */
    int64_t retry_in_ms;
} atmqtt_event;

/**
 * Called with a message or an event, on the dispatcher thread of the port or link: one call at a time and in
 * order, with no lock of the library held. Every function may be called in it but atmqtt_modem_close() of its
 * port and atmqtt_link_close() of its link, which answer ATMQTT_CALLED_FROM_CALLBACK; freeing handles in it is
 * fine. The event lives until it returns. It must not throw and must not longjmp. All signals are blocked on
 * that thread.
 */
typedef void (*atmqtt_event_callback)(const struct atmqtt_event *event, void *user_data);

/**
 * Called with the `user_data` of a callback once the library has let go of it: once, whatever the call
 * that registered it returned, and after the last call of the callback. From the thread that clears or
 * replaces the callback, that of the callback, or the one that closes the port or link. NULL = nothing to do.
 */
typedef void (*atmqtt_drop_callback)(void *user_data);

/**
 * A time of the module's clock, to the second, in the Gregorian calendar. By the standard the fields are local
 * time at the offset; a module that was told to keep UTC in its clock (AT+CTZU=1 on some firmware) prints UTC
 * in front of the offset all the same. At offset 0 both are one.
 */
typedef struct atmqtt_date_time {
    /**
     * Year, 1970 to 2069; the module has two digits. A clock that was never set is often at 1980.
     */
    int32_t year;
    /**
     * Month, 1 to 12.
     */
    int32_t month;
    /**
     * Day, 1 to 31.
     */
    int32_t day;
    /**
     * Hour, 0 to 23.
     */
    int32_t hour;
    /**
     * Minute, 0 to 59.
     */
    int32_t minute;
    /**
     * Second, 0 to 59.
     */
    int32_t second;
    /**
     * Offset to UTC in quarters of an hour, -96 to 96: 32 is UTC+8.
     */
    int32_t offset_quarters;
} atmqtt_date_time;

/**
 * The settings of a client, all 18 of AT+QMTCFG: atmqtt_client_configure() writes them,
 * atmqtt_client_query_config() asks for them. Call atmqtt_client_config_init() first, which leaves every setting
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
 * Bytes of the library. Free them with atmqtt_bytes_free().
 */
typedef struct atmqtt_bytes {
    /**
     * The bytes, with a NUL behind them for the convenience of text, which is not counted; never NULL.
     */
    const uint8_t *data;
    /**
     * How many.
     */
    size_t length;
} atmqtt_bytes;

/**
 * Told how far an upload is, in bytes: first with 0, then while the file is on its way, and last with the
 * total once the module has confirmed it. Without ack, done is what the serial port has taken; with it,
 * what the module has acknowledged.
 *
 * It is called with no lock held and may make any call of the library but atmqtt_modem_close() in
 * atmqtt_files_upload_start(); it must not wait long: the port waits for nobody. It must not throw and must
 * not longjmp.
 */
typedef void (*atmqtt_upload_progress)(size_t done, size_t total, void *user_data);

/**
 * How a file is sent. Call atmqtt_files_upload_options_init() first, which sets every field to its default.
 */
typedef struct atmqtt_files_upload_options {
    /**
     * Set by atmqtt_files_upload_options_init().
     */
    size_t struct_size;
    /**
     * Seconds 1 to 65535 without input after which the module stops waiting for the rest; default 10. It is
     * also how long the port is of no use after a transfer that went wrong.
     */
    int32_t timeout;
    /**
     * 1 = the module acknowledges every kilobyte, which waits for that; 0 = not, the default. For a UART
     * without flow control that loses bytes.
     */
    int32_t ack;
    /**
     * Called with how far the upload is, on the thread that calls atmqtt_files_upload(), or on a thread of
     * the library, with all signals blocked, for atmqtt_files_upload_start(); NULL = nobody, the default.
     */
    atmqtt_upload_progress progress;
    /**
     * Passed to progress as it is.
     */
    void *user_data;
    /**
     * Called once with user_data when progress is not called any more, whatever the upload came to, and also
     * where the call that was given the options failed; not where struct_size is wrong. On the thread of
     * progress, or on the caller's. NULL = nothing to call, the default.
     */
    atmqtt_drop_callback drop;
} atmqtt_files_upload_options;

/**
 * A file of the module.
 */
typedef struct atmqtt_file {
    /**
     * Name, without "UFS:"; never NULL.
     */
    const char *name;
    /**
     * Size in bytes.
     */
    uint64_t size;
} atmqtt_file;

/**
 * Files of the module. They belong to the library until atmqtt_files_list_free().
 */
typedef struct atmqtt_file_list {
    /**
     * How many.
     */
    size_t count;
    /**
     * The files; NULL where there are none.
     */
    const struct atmqtt_file *files;
} atmqtt_file_list;

/**
 * What a module says of itself. Strings are never NULL, and "" where the module does not say. They belong
 * to the library until atmqtt_modem_info_free(). Later versions add fields at the end.
 */
typedef struct atmqtt_module_info {
    /**
     * Manufacturer, as "Quectel".
     */
    const char *manufacturer;
    /**
     * Model, as "EC800M".
     */
    const char *model;
    /**
     * Firmware revision.
     */
    const char *revision;
    /**
     * IMEI: the serial number of the radio.
     */
    const char *imei;
    /**
     * IMSI: the subscriber, where there is a SIM.
     */
    const char *imsi;
    /**
     * ICCID: the SIM card, where there is one.
     */
    const char *iccid;
} atmqtt_module_info;

/**
 * A serial port of a USB module by what identifies it, all of which has to fit; what stays when it comes back
 * under another name. Read from /sys/class/tty. Call atmqtt_usb_port_init() first, which stands for the AT port
 * of the first module of Quectel.
 */
typedef struct atmqtt_usb_port {
    /**
     * Set by atmqtt_usb_port_init().
     */
    size_t struct_size;
    /**
     * Vendor id, 0 to 65535; default 0x2C7C, Quectel.
     */
    int32_t vendor;
    /**
     * Product id, 0 to 65535; -1 = any, the default.
     */
    int32_t product;
    /**
     * Number of the interface, 0 to 255; default 2, where most of these modules have the AT port that prints
     * URCs.
     */
    int32_t interface;
    /**
     * Serial number of the device; NULL = any, the default. Many modules have none, or all the same.
     */
    const char *serial;
    /**
     * Where it is plugged in, as the kernel names it: "1-1.4" is bus 1, port 1 of the computer, port 4 of the
     * hub. NULL = anywhere, the default.
     */
    const char *path;
} atmqtt_usb_port;

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
    /**
     * How long the line of the freshly opened port must be silent before the first command is sent, in
     * milliseconds; default 100, and no more than 3 s are waited. What comes until then may be the middle of a
     * message. 0 where nothing can be on its way, as from an emulated module that has just been made.
     */
    uint32_t silence_ms;
    /**
     * A file that everything on the line is written to, both ways and with times, for a bug report or a test:
     * created with mode 0600, in the place of one that is there. Secrets and what files hold are left out.
     * The emulated module plays it (atmqtt-emulator --replay). NULL = none, the default.
     */
    const char *trace_path;
} atmqtt_modem_options;

/**
 * Access point of a PDP context (AT+QICSGP): atmqtt_network_set_apn() writes it, atmqtt_network_apn() asks for
 * it. Call atmqtt_network_apn_init() first, which leaves everything to the subscription. Strings are UTF-8
 * without quotation marks and control bytes, at most 127 bytes.
 */
typedef struct atmqtt_apn {
    /**
     * Set by atmqtt_network_apn_init().
     */
    size_t struct_size;
    /**
     * Name of the access point; NULL or "" = what the subscription says, the default.
     */
    const char *name;
    /**
     * One of atmqtt_ip_type; default ATMQTT_IP_V4.
     */
    int32_t ip_type;
    /**
     * One of atmqtt_authentication; default ATMQTT_AUTH_NONE.
     */
    int32_t authentication;
    /**
     * User name; NULL or "" = none, the default.
     */
    const char *username;
    /**
     * Password; NULL or "" = none, the default. It is in no log and no error text.
     */
    const char *password;
} atmqtt_apn;

/**
 * Where a certificate or private key is: one of the three is given, or none of them.
 */
typedef struct atmqtt_tls_source {
    /**
     * PEM text of pem_length bytes, copied by the call it is given to; NULL = not given. A certificate may be
     * a chain.
     */
    const void *pem;
    /**
     * Its length in bytes, without a NUL behind it, 1 to 65536.
     */
    size_t pem_length;
    /**
     * Path of a PEM file of this computer, read when the context is configured; NULL = not given.
     */
    const char *path;
    /**
     * Name of a file that is in the module already, as for atmqtt_files_upload(). What is in it is not looked
     * at. NULL = not given.
     */
    const char *on_module;
} atmqtt_tls_source;

/**
 * How an SSL context is set up. Call atmqtt_tls_options_init() first: then a CA is the one thing that must be
 * given. Every setting is written, so that nothing an earlier program left in the module counts.
 */
typedef struct atmqtt_tls_options {
    /**
     * Set by atmqtt_tls_options_init().
     */
    size_t struct_size;
    /**
     * CA certificate: the server must show a certificate that it has signed ("seclevel" 1, "cacert").
     */
    struct atmqtt_tls_source ca;
    /**
     * The client's own certificate, shown where the server asks for one ("seclevel" 2, "clientcert"); only with
     * a CA, and together with its private key.
     */
    struct atmqtt_tls_source client_certificate;
    /**
     * The key of the client's certificate ("clientkey"). It is in no log and no error text.
     */
    struct atmqtt_tls_source private_key;
    /**
     * Password of an encrypted key, 1 to 127 bytes without quotation marks and control bytes; NULL = none. It is
     * in no log and no error text.
     */
    const char *key_password;
    /**
     * One of atmqtt_tls_version; default TLS 1.2 ("sslversion").
     */
    int32_t version;
    /**
     * Cipher suite by its IANA number, as 0xC02F; 0xFFFF = all that the module has, the default
     * ("ciphersuite").
     */
    int32_t cipher_suite;
    /**
     * 1 = the host name is sent in the clear in front of the handshake, so that one address can serve several
     * names, the default; 0 = not ("sni"). Firmware that does not know the setting takes 0.
     */
    int32_t sni;
    /**
     * One of atmqtt_tls_clock; default ATMQTT_TLS_CLOCK_CHECK ("ignorelocaltime").
     */
    int32_t clock;
    /**
     * Longest time of a handshake in seconds, 10 to 300; default 60 ("negotiatetime"). An open with this
     * context gives up after 155 s more than that at the latest.
     */
    int32_t negotiate_timeout;
    /**
     * 1 = without a CA: encrypts, and checks nobody ("seclevel" 0), so that whoever is between the module and
     * the broker can read and change everything, passwords included; for trials only, and a warning is logged.
     * 0 = not, the default: a CA must be given.
     */
    int32_t insecure;
} atmqtt_tls_options;

/**
 * A broker that a link connects to.
 */
typedef struct atmqtt_broker {
    /**
     * Name or address, 1 to 100 bytes without quotation marks and control bytes; not NULL.
     */
    const char *host;
    /**
     * TCP port, 1 to 65535.
     */
    int32_t port;
} atmqtt_broker;

/**
 * The last resort of a link for a module that does not answer, after a restart by AT+CFUN=1,1: switches its
 * power, or pulls its reset pin.
 *
 * It runs on the thread of the link, with all signals blocked, and may block: nothing else happens to the link
 * meanwhile, and closing it waits for that. Every function may be called in it but atmqtt_link_close() of its
 * link, which answers ATMQTT_CALLED_FROM_CALLBACK. It must not throw and must not longjmp.
 *
 * Returns ATMQTT_OK where the module starts anew, or another of atmqtt_status, as ATMQTT_OPERATION_FAILED, where
 * it could not be done; the link then says so as its cause, and tries again as after every failure.
 */
typedef int32_t (*atmqtt_power_hook)(void *user_data);

/**
 * How a link is set up. Call atmqtt_link_options_init() first; then a port, a broker and a client id are what
 * must be given. Everything is copied by the call it is given to, and need not outlive it.
 */
typedef struct atmqtt_link_options {
    /**
     * Set by atmqtt_link_options_init().
     */
    size_t struct_size;
    /**
     * The serial device, as "/dev/ttyUSB2", or a symbolic link to it, as udev makes them in /dev/serial/by-id. It
     * need not be there yet. NULL = usb is given.
     */
    const char *port;
    /**
     * The serial port of a USB module, looked for anew after every loss; NULL = port is given. One of the two.
     */
    const struct atmqtt_usb_port *usb;
    /**
     * How the port is opened; NULL = the defaults. Its trace_path begins anew whenever the port is opened again.
     */
    const struct atmqtt_modem_options *modem;
    /**
     * Which of the six clients of the module it uses, 0 to 5; default 0. The others are left alone.
     */
    int32_t client;
    /**
     * Access point (AT+QICSGP), where the subscription does not bring it; written when it differs from what the
     * module has, into the PDP context of config. NULL = left as it is, the default.
     */
    const struct atmqtt_apn *apn;
    /**
     * How long one attempt waits for SIM, registration and PDP context before it counts as failed, in
     * milliseconds; default 180000. 0 = does not look at them: AT+QMTOPEN activates the context by itself.
     */
    uint32_t attach_timeout_ms;
    /**
     * Connects with TLS, through a context that the link configures and keeps configured as
     * atmqtt_tls_configure() does. NULL = plain TCP, unless config names a context; the default.
     */
    const struct atmqtt_tls_options *tls;
    /**
     * The SSL context for that, 0 to 5; default 0.
     */
    int32_t tls_context;
    /**
     * Settings of the client: keep-alive, will, session. NULL = the defaults. What must not be missed while the
     * link is down needs clean_session 0.
     */
    const struct atmqtt_client_config *config;
    /**
     * The brokers, tried in turn; at least one.
     */
    const struct atmqtt_broker *brokers;
    /**
     * How many.
     */
    size_t broker_count;
    /**
     * As for atmqtt_client_connect(); not NULL.
     */
    const char *client_id;
    /**
     * User name, or NULL = none, the default.
     */
    const char *username;
    /**
     * Password, or NULL = none, the default; only with a user name. It is in no log and no error text.
     */
    const char *password;
    /**
     * Topics that it subscribes to after every connect; see also atmqtt_link_subscribe().
     */
    const struct atmqtt_subscription *subscriptions;
    /**
     * How many; default 0.
     */
    size_t subscription_count;
    /**
     * One of atmqtt_when_alive; -1 = the default, which depends on outbox_path.
     */
    int32_t when_alive;
    /**
     * The first wait after a trouble, in milliseconds; default 1000. Every further one is twice as long. Each is
     * shortened at random by up to half, so that a thousand devices do not come back in the same second.
     */
    uint32_t backoff_first_ms;
    /**
     * The longest wait, in milliseconds; default 300000.
     */
    uint32_t backoff_most_ms;
    /**
     * How long the link must have been up to begin with the first wait again, in milliseconds; default 30000.
     */
    uint32_t backoff_stable_ms;
    /**
     * The wait after a cause that stays (bad credentials, for one), in milliseconds; default 900000. See
     * atmqtt_link_retry().
     */
    uint32_t backoff_refused_ms;
    /**
     * How many messages may wait, those under way among them, 1 and up; default 10000.
     */
    size_t queue_messages;
    /**
     * How many bytes of topics and payloads they may have, 4096 and up; default 4194304.
     */
    size_t queue_bytes;
    /**
     * What happens to one more: one of atmqtt_when_full; default ATMQTT_WHEN_FULL_BLOCK.
     */
    int32_t when_full;
    /**
     * One of atmqtt_when_unconfirmed; default ATMQTT_WHEN_UNCONFIRMED_REPORT.
     */
    int32_t when_unconfirmed;
    /**
     * A file that keeps messages of QoS 1 and 2 until they are delivered, so that they survive the end of the
     * program, SIGKILL and a loss of power. Made where it is missing; it belongs to one link at a time. A publish
     * then returns when its message is on disk: a write and a sync of the file, shared by the publishes that come
     * meanwhile. What an earlier run has left ends with ATMQTT_EVENT_COMPLETED. A message that failed stays in the
     * file until that event was seen to (the next one was asked for, or the callback has returned), so that a program
     * that is killed before is told by its next run; it may be told twice. Of failures that nobody asks for the file
     * keeps as many as may wait, the last ones. NULL = none, the default. Only where the library was built with it.
     */
    const char *outbox_path;
    /**
     * How often a link that is up asks the module whether it still is (AT+QMTCONN?), for a lost +QMTSTAT tells
     * nobody, in milliseconds; default 60000. 0 = never.
     */
    uint32_t check_interval_ms;
    /**
     * How long a restart of the module may take until it says RDY, in milliseconds; default 20000. It is then
     * opened all the same.
     */
    uint32_t restart_time_ms;
    /**
     * Switches the module's power where nothing else helps; NULL = nobody, the default.
     */
    atmqtt_power_hook power_hook;
    /**
     * Passed to power_hook as it is.
     */
    void *power_user_data;
    /**
     * Called once with power_user_data when power_hook is not called any more, also where the call that was given
     * the options failed; not where struct_size is wrong. On the thread of the link, or on the caller's. NULL =
     * nothing to call, the default.
     */
    atmqtt_drop_callback power_drop;
} atmqtt_link_options;

/**
 * How a link is and has been. It belongs to the library until atmqtt_link_info_free(). Later versions add fields
 * at the end.
 */
typedef struct atmqtt_link_info {
    /**
     * How large the struct is in this library: fields of a newer header that lie behind are not there.
     */
    size_t struct_size;
    /**
     * Where it stands: one of atmqtt_link_stage.
     */
    int32_t state;
    /**
     * Why it went there from ATMQTT_LINK_UP, or failed to get there, the last time: one of atmqtt_link_cause;
     * -1 = never.
     */
    int32_t cause;
    /**
     * One of atmqtt_status, the error behind the cause; 0 = none.
     */
    int32_t status;
    /**
     * A number of the module behind the cause: that of +QMTSTAT for ATMQTT_CAUSE_DISCONNECTED, else that of the
     * error; -1 = none.
     */
    int32_t code;
    /**
     * The cause in words; "" = none. Never NULL.
     */
    const char *cause_text;
    /**
     * How long it has stood there, in milliseconds.
     */
    int64_t since_ms;
    /**
     * How long until it tries again by itself, in milliseconds; -1 = it does not wait.
     */
    int64_t retry_in_ms;
    /**
     * The serial port, as "/dev/ttyUSB2"; "" = none has been found. Never NULL.
     */
    const char *port;
    /**
     * The broker that it is connected to, or tries next; never NULL.
     */
    const char *broker_host;
    /**
     * The TCP port of that.
     */
    int32_t broker_port;
    /**
     * How many times it has been up.
     */
    uint64_t connections;
    /**
     * How long it has been up, all times together, in milliseconds.
     */
    int64_t uptime_ms;
    /**
     * Messages that wait to be sent, or for their outcome.
     */
    uint64_t waiting;
    /**
     * The bytes of these, topics included.
     */
    uint64_t waiting_bytes;
    /**
     * Messages that were accepted: every publish that gave no error, and those found in the outbox.
     */
    uint64_t accepted;
    /**
     * Messages whose delivery was confirmed.
     */
    uint64_t delivered;
    /**
     * Messages that ended otherwise: refused by the module, dropped, unconfirmed.
     */
    uint64_t failed;
    /**
     * How many times a message was sent again although an earlier sending may have arrived.
     */
    uint64_t resent;
} atmqtt_link_info;

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
 * The SIM card. It belongs to the library until atmqtt_network_sim_free(). Later versions add fields at the
 * end.
 */
typedef struct atmqtt_sim {
    /**
     * One of atmqtt_sim_state.
     */
    int32_t state;
    /**
     * The same in words, with what to do; never NULL.
     */
    const char *text;
} atmqtt_sim;

/**
 * Registration for one kind of service.
 */
typedef struct atmqtt_service_registration {
    /**
     * One of atmqtt_registration_status, or another number of the module.
     */
    int32_t status;
    /**
     * One of atmqtt_technology, or another number of the module; -1 = the module does not give it.
     */
    int32_t technology;
    /**
     * Location or tracking area code; -1 = the module does not give it (AT+CEREG=2 makes it).
     */
    int64_t area;
    /**
     * Cell id, the same.
     */
    int64_t cell;
} atmqtt_service_registration;

/**
 * Registration by kind of service. It belongs to the library until atmqtt_network_registration_free(), with
 * all that it points to. Later versions add fields at the end.
 */
typedef struct atmqtt_registration {
    /**
     * 1 = there is packet data: over LTE or what came before it; circuit switched registration counts only
     * where the module knows neither. 0 = not.
     */
    int32_t registered;
    /**
     * Circuit switched (AT+CREG?); NULL = the module does not know the command.
     */
    const struct atmqtt_service_registration *circuit;
    /**
     * Packet data over GSM and UMTS (AT+CGREG?), the same.
     */
    const struct atmqtt_service_registration *packet;
    /**
     * Packet data over LTE (AT+CEREG?), the same.
     */
    const struct atmqtt_service_registration *eps;
} atmqtt_registration;

/**
 * Who runs the network, and where in the spectrum. Strings are never NULL, and "" where the module does not
 * say. It belongs to the library until atmqtt_network_operator_free(). Later versions add fields at the end.
 */
typedef struct atmqtt_operator {
    /**
     * Name, as the module has it.
     */
    const char *name;
    /**
     * Country and network code, as "26201".
     */
    const char *numeric;
    /**
     * One of atmqtt_technology, or another number of the module; -1 = the module does not say.
     */
    int32_t technology;
    /**
     * Technology in the module's words, as "FDD LTE".
     */
    const char *access;
    /**
     * Band in the module's words, as "LTE BAND 3".
     */
    const char *band;
    /**
     * Channel number; -1 = the module does not say.
     */
    int64_t channel;
} atmqtt_operator;

/**
 * Told what each answer of the module says while atmqtt_network_wait_ready() waits: a stage, one of
 * atmqtt_ready_stage, and the same in words, with what to do. The text lives until it returns.
 *
 * It is called with no lock held and may make any call of the library but atmqtt_modem_close() in
 * atmqtt_network_wait_ready_start(). It must not throw and must not longjmp.
 */
typedef void (*atmqtt_ready_progress)(int32_t stage, const char *text, void *user_data);

/**
 * The addresses of an active PDP context. They belong to the library until atmqtt_network_address_free().
 * Later versions add fields at the end.
 */
typedef struct atmqtt_address {
    /**
     * IPv4 address, as "10.7.157.1"; "" = the context has none. Never NULL.
     */
    const char *v4;
    /**
     * IPv6 address, as "2001:db8::1"; "" = the context has none. Never NULL.
     */
    const char *v6;
} atmqtt_address;

/**
 * What a module says of an SSL context. It belongs to the library until atmqtt_tls_settings_free(). Later
 * versions add fields at the end.
 */
typedef struct atmqtt_tls_settings {
    /**
     * One of atmqtt_tls_version; -1 = the module does not know the setting.
     */
    int32_t version;
    /**
     * Cipher suite by its IANA number, 0xFFFF = all; -1 = not known.
     */
    int32_t cipher_suite;
    /**
     * One of atmqtt_tls_verification; -1 = not known.
     */
    int32_t verification;
    /**
     * Name of the CA's file in the module, without "UFS:"; "" = none, NULL = not known.
     */
    const char *ca;
    /**
     * The same of the client's certificate.
     */
    const char *client_certificate;
    /**
     * The same of its private key. The key's password is not kept.
     */
    const char *private_key;
    /**
     * 1 = dates are ignored, 0 = they count; -1 = not known.
     */
    int32_t ignore_clock;
    /**
     * Longest time of a handshake in seconds; -1 = not known.
     */
    int32_t negotiate_timeout;
    /**
     * 1 = with SNI, 0 = without; -1 = not known.
     */
    int32_t sni;
} atmqtt_tls_settings;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Asks the module what it supports (AT+QMTCFG=?, AT+QMTOPEN=? and seven more). Blocks for nine commands. A
 * command that the module refuses is not supported, and that is no error.
 *
 * @param capabilities  where the handle is written; free it with atmqtt_capabilities_free().
 * @return ATMQTT_OK; ATMQTT_UNCONFIRMED where the module falls silent.
 */
int32_t atmqtt_modem_capabilities(struct atmqtt_modem *modem,
                                  struct atmqtt_capabilities **capabilities);

/**
 * Frees the handle, with every atmqtt_parameter of it. NULL is fine. No other thread may be using it.
 */
void atmqtt_capabilities_free(struct atmqtt_capabilities *capabilities);

/**
 * Whether the module knows a command.
 *
 * @param command  as "QMTPUBEX": QMTCFG, QMTOPEN, QMTCLOSE, QMTCONN, QMTDISC, QMTSUB, QMTUNS, QMTPUBEX and
 * QMTRECV have been asked for.
 * @param supported  where 1 or 0 is written; 0 also for a command that has not been asked for.
 */
int32_t atmqtt_capabilities_supports_command(const struct atmqtt_capabilities *capabilities,
                                             const char *command,
                                             int32_t *supported);

/**
 * Whether the module lists a setting of AT+QMTCFG.
 *
 * @param setting  the name on the wire, as "recv/mode", in either case; also one that this library has no
 * field for.
 * @param supported  where 1 or 0 is written.
 */
int32_t atmqtt_capabilities_supports_setting(const struct atmqtt_capabilities *capabilities,
                                             const char *setting,
                                             int32_t *supported);

/**
 * How many parameters the module lists for a command.
 *
 * @param command  as for atmqtt_capabilities_supports_command().
 * @param count  where the number is written; 0 also where the command is not supported, or is without a list.
 */
int32_t atmqtt_capabilities_command_parameter_count(const struct atmqtt_capabilities *capabilities,
                                                    const char *command,
                                                    size_t *count);

/**
 * How many parameters the module lists for a setting, the client index included.
 *
 * @param setting  as for atmqtt_capabilities_supports_setting().
 * @param count  where the number is written; 0 also where the setting is not supported.
 */
int32_t atmqtt_capabilities_setting_parameter_count(const struct atmqtt_capabilities *capabilities,
                                                    const char *setting,
                                                    size_t *count);

/**
 * One parameter of a command, as the module lists it.
 *
 * @param command  as for atmqtt_capabilities_supports_command().
 * @param index  which, from 0.
 * @param parameter  where a pointer is written that lives until atmqtt_capabilities_free(); NULL where the
 * module lists no such parameter.
 */
int32_t atmqtt_capabilities_command_parameter(const struct atmqtt_capabilities *capabilities,
                                              const char *command,
                                              size_t index,
                                              const struct atmqtt_parameter **parameter);

/**
 * One parameter of a setting, as the module lists it.
 *
 * @param setting  as for atmqtt_capabilities_supports_setting().
 * @param index  which, from 0, which is the client index.
 * @param parameter  as for atmqtt_capabilities_command_parameter().
 */
int32_t atmqtt_capabilities_setting_parameter(const struct atmqtt_capabilities *capabilities,
                                              const char *setting,
                                              size_t index,
                                              const struct atmqtt_parameter **parameter);

/**
 * Whether the module says that a parameter of a command takes a number.
 *
 * @param command  as for atmqtt_capabilities_supports_command().
 * @param index  which parameter, from 0.
 * @param value  the number.
 * @param allowed  where 1 or 0 is written: 1 also for any number where the list has a word, 0 also where the
 * module lists no such parameter.
 */
int32_t atmqtt_capabilities_command_allows(const struct atmqtt_capabilities *capabilities,
                                           const char *command,
                                           size_t index,
                                           int64_t value,
                                           int32_t *allowed);

/**
 * Whether the module says that a parameter of a setting takes a number.
 *
 * @param setting  as for atmqtt_capabilities_supports_setting().
 * @param index  which parameter, from 0, which is the client index.
 * @param value  the number.
 * @param allowed  as for atmqtt_capabilities_command_allows().
 */
int32_t atmqtt_capabilities_setting_allows(const struct atmqtt_capabilities *capabilities,
                                           const char *setting,
                                           size_t index,
                                           int64_t value,
                                           int32_t *allowed);

/**
 * The names of the commands that the module knows, as "QMTPUBEX", of those that have been asked for.
 *
 * @param names  where they are written; free them with atmqtt_lines_free().
 */
int32_t atmqtt_capabilities_command_names(const struct atmqtt_capabilities *capabilities,
                                          struct atmqtt_lines **names);

/**
 * The names of the settings that the module lists (AT+QMTCFG=?), in lower case, sorted.
 *
 * @param names  where they are written; free them with atmqtt_lines_free().
 */
int32_t atmqtt_capabilities_setting_names(const struct atmqtt_capabilities *capabilities,
                                          struct atmqtt_lines **names);

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
 * is wanted. The event may come before this returns.
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
 * Asks for the time of the module's clock (AT+CCLK?). Blocks for one command.
 *
 * @param time  where it is written.
 * @return ATMQTT_OK; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers; ATMQTT_OPERATION_FAILED where
 * its answer is no time; ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_clock(struct atmqtt_modem *modem,
                             struct atmqtt_date_time *time);

/**
 * Sets the module's clock (AT+CCLK). The time of the network may replace it (AT+CTZU). Blocks for one command.
 *
 * @param time  the time; not NULL. The program's own clock is
 * atmqtt_network_date_time((int64_t)time(NULL), &now).
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a time that does not exist; ATMQTT_MODULE_ERROR and
 * ATMQTT_CME_ERROR as the module answers; ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_set_clock(struct atmqtt_modem *modem,
                                 const struct atmqtt_date_time *time);

/**
 * The calendar time of a time in seconds since 1970-01-01 00:00:00 UTC, at offset 0. Nothing is sent.
 *
 * @param unix_seconds  0 to 3155759999, which is the end of 2069.
 * @param time  where it is written.
 */
int32_t atmqtt_network_date_time(int64_t unix_seconds,
                                 struct atmqtt_date_time *time);

/**
 * The seconds since 1970-01-01 00:00:00 UTC of a calendar time, its fields taken for local time at its offset.
 * Nothing is sent.
 *
 * @param time  the time; not NULL.
 * @param unix_seconds  where they are written; negative for the first hours of 1970 east of Greenwich.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a time that does not exist.
 */
int32_t atmqtt_network_unix_time(const struct atmqtt_date_time *time,
                                 int64_t *unix_seconds);

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
 * Frees an event of atmqtt_modem_next_event() or atmqtt_link_next_event(), with all that it points to. NULL is
 * fine.
 */
void atmqtt_event_free(struct atmqtt_event *event);

/**
 * Frees bytes. NULL is fine.
 */
void atmqtt_bytes_free(struct atmqtt_bytes *bytes);

/**
 * Sets every option to its default. Call it as
 * atmqtt_files_upload_options_init(&options, sizeof options).
 *
 * @param options  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_files_upload_options).
 * @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
 */
int32_t atmqtt_files_upload_options_init(struct atmqtt_files_upload_options *options,
                                         size_t struct_size);

/**
 * Writes a file, in the place of one of the same name (AT+QFDEL, AT+QFUPL), and compares size and checksum
 * that the module reports with what was sent.
 *
 * The old file is deleted first, because the module cannot overwrite and cannot rename: for the time of the
 * upload there is no such file, and when the upload fails there is none at all, for what arrived of it is
 * deleted. A power failure in between may leave a part of it. Files survive a restart.
 *
 * Blocks until the module has confirmed the file, and while the file is on its way no other command can go:
 * publishes wait. Two threads that write the same name at a time get in each other's way.
 *
 * @param name  1 to 80 bytes, without quotation marks, control bytes and / \ : * ?; the storage "UFS:" in
 * front is optional and means the same file. There are no folders.
 * @param data  the file; not NULL.
 * @param length  its length in bytes, 1 to 4294967295.
 * @param options  how; NULL = the defaults.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT before anything is sent; ATMQTT_CHECKSUM_MISMATCH where the module
 * has other bytes than were sent; ATMQTT_CME_ERROR with the module's number: 407 where the old file cannot be
 * deleted, 403 and 420 where there is no room, 421 where bytes did not arrive; ATMQTT_OPERATION_FAILED where it
 * confirms another size or nothing; ATMQTT_UNCONFIRMED where it falls silent.
 */
int32_t atmqtt_files_upload(struct atmqtt_modem *modem,
                            const char *name,
                            const void *data,
                            size_t length,
                            const struct atmqtt_files_upload_options *options);

/**
 * atmqtt_files_upload() without waiting, on a thread of the library: its end comes as
 * ATMQTT_EVENT_COMPLETED. The data are copied. The handle's time-out does not count. The port stays open until
 * it has ended; atmqtt_modem_close() ends it.
 *
 * @param operation  where the number of the operation is written, which the event carries; NULL = not
 * wanted, and the event comes all the same. The event may come before this returns.
 * @return ATMQTT_OK once it is under way: a name or length that is out of its range is ATMQTT_INVALID_ARGUMENT
 * in the event; ATMQTT_CLOSED.
 */
int32_t atmqtt_files_upload_start(struct atmqtt_modem *modem,
                                  const char *name,
                                  const void *data,
                                  size_t length,
                                  const struct atmqtt_files_upload_options *options,
                                  uint64_t *operation);

/**
 * Writes a file unless the module has it already, as atmqtt_files_upload() with the default options does.
 *
 * A file of the same name counts as the same only where its size (AT+QFLST) and then every byte of it, read
 * back (AT+QFREAD), are equal. That costs the transfer of the whole file where the sizes are equal, no less
 * than an upload: what it saves is the wear of the flash and the time in which there is no file.
 *
 * @param name  as for atmqtt_files_upload().
 * @param data  the file; not NULL.
 * @param length  its length in bytes, 1 to 4294967295.
 * @param written  where 1 is written if the file was sent, 0 if the module had it; NULL = not wanted.
 * @return as atmqtt_files_upload().
 */
int32_t atmqtt_files_ensure(struct atmqtt_modem *modem,
                            const char *name,
                            const void *data,
                            size_t length,
                            int32_t *written);

/**
 * atmqtt_files_ensure() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with the text "1" where the
 * file was sent and "0" where the module had it. Everything else is as for atmqtt_files_upload_start().
 *
 * @param operation  as for atmqtt_files_upload_start().
 */
int32_t atmqtt_files_ensure_start(struct atmqtt_modem *modem,
                                  const char *name,
                                  const void *data,
                                  size_t length,
                                  uint64_t *operation);

/**
 * Lists the files whose names fit a pattern (AT+QFLST). Folders, which some modules have, are left out. Blocks
 * for one command, up to 20 s.
 *
 * @param pattern  a name that may hold * and ?, as "*.pem"; NULL = all files.
 * @param list  where they are written, also if there are none; free them with atmqtt_files_list_free().
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a pattern that cannot be sent; ATMQTT_MODULE_ERROR and
 * ATMQTT_CME_ERROR as the module answers; ATMQTT_UNCONFIRMED where it falls silent.
 */
int32_t atmqtt_files_list(struct atmqtt_modem *modem,
                          const char *pattern,
                          struct atmqtt_file_list **list);

/**
 * Frees a list of files. NULL is fine.
 */
void atmqtt_files_list_free(struct atmqtt_file_list *list);

/**
 * Asks for the size of a file (AT+QFLST). Blocks for one command, up to 20 s.
 *
 * @param name  as for atmqtt_files_upload().
 * @param size  where the size in bytes is written; -1 = there is no such file, which is no error.
 * @return as atmqtt_files_list().
 */
int32_t atmqtt_files_size(struct atmqtt_modem *modem, const char *name, int64_t *size);

/**
 * Deletes a file (AT+QFDEL). Blocks for one command, up to 20 s.
 *
 * @param name  as for atmqtt_files_upload(); no pattern.
 * @return as atmqtt_files_list(); ATMQTT_CME_ERROR with atmqtt_last_error_code() 405 where there is no such file.
 */
int32_t atmqtt_files_delete(struct atmqtt_modem *modem,
                            const char *name);

/**
 * Asks how much room there is for files (AT+QFLDS="UFS"). Blocks for one command, up to 20 s.
 *
 * @param free_bytes  where what is left is written; NULL = not wanted.
 * @param total_bytes  where what there is altogether is written; NULL = not wanted.
 * @return as atmqtt_files_list(); ATMQTT_OPERATION_FAILED where the answer has another shape.
 */
int32_t atmqtt_files_space(struct atmqtt_modem *modem, uint64_t *free_bytes, uint64_t *total_bytes);

/**
 * Reads a file (AT+QFLST, AT+QFOPEN, AT+QFREAD, AT+QFCLOSE), in counted blocks of 1024 bytes, so that nothing
 * in it can be taken for a line of the module. The module gives no checksum here; every block must be as long
 * as it was announced, and all of them as long as the file. Blocks until all of it is there.
 *
 * @param name  as for atmqtt_files_upload().
 * @param contents  where the bytes are written; free them with atmqtt_bytes_free().
 * @return as atmqtt_files_list(); ATMQTT_CME_ERROR with atmqtt_last_error_code() 405 where there is no such file;
 * ATMQTT_OPERATION_FAILED where it ends early, or where other lines were printed into it.
 */
int32_t atmqtt_files_download(struct atmqtt_modem *modem,
                              const char *name,
                              struct atmqtt_bytes **contents);

/**
 * atmqtt_files_download() without waiting: its end comes as ATMQTT_EVENT_COMPLETED, with the bytes as payload.
 * Everything else is as for atmqtt_files_upload_start().
 *
 * @param operation  as for atmqtt_files_upload_start().
 */
int32_t atmqtt_files_download_start(struct atmqtt_modem *modem,
                                    const char *name,
                                    uint64_t *operation);

/**
 * The checksum that the module reports for a file after its upload: XOR of the bytes in pairs, the first of a
 * pair high, the second of the last pair 0 where there is none. It finds what a serial line does, not what
 * somebody wants to hide. Nothing is sent.
 *
 * @param data  the bytes; NULL with length 0 is none.
 * @param length  how many.
 * @param checksum  where the checksum is written.
 */
int32_t atmqtt_files_checksum(const void *data,
                              size_t length,
                              uint16_t *checksum);

/**
 * Asks who the module is (ATI, AT+CGSN, AT+CIMI, AT+QCCID). Blocks for four commands, up to 60 s each where the
 * module is slow. A module without a SIM has no IMSI and no ICCID, and that is no error.
 *
 * @param info  where the answer is written; free it with atmqtt_modem_info_free().
 * @return ATMQTT_OK; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR where the module refuses ATI.
 */
int32_t atmqtt_modem_info(struct atmqtt_modem *modem,
                          struct atmqtt_module_info **info);

/**
 * Frees what atmqtt_modem_info() gave. NULL is fine.
 */
void atmqtt_modem_info_free(struct atmqtt_module_info *info);

/**
 * Asks how well the module hears the network (AT+CSQ). Blocks for one command.
 *
 * @param rssi_dbm  where the received signal strength is written: -113 to -51 dBm, 0 = the module does not
 * know it; NULL = not wanted.
 * @param bit_error_rate  where the bit error rate class is written: 0 to 7, -1 = the module does not know it;
 * NULL = not wanted.
 * @return ATMQTT_OK, also where nothing is known; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module
 * answers; ATMQTT_OPERATION_FAILED where its answer has another shape.
 */
int32_t atmqtt_modem_signal(struct atmqtt_modem *modem,
                            int32_t *rssi_dbm,
                            int32_t *bit_error_rate);

/**
 * Frees lines. NULL is fine.
 */
void atmqtt_lines_free(struct atmqtt_lines *lines);

/**
 * Starts a link, which brings itself up on a thread of its own. Returns at once, whether there is a port or not:
 * see atmqtt_link_wait_up() and ATMQTT_EVENT_LINK.
 *
 * @param options  how; not NULL.
 * @param link  where the handle is written; free it with atmqtt_link_free().
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for what can be known without a module, the strings and numbers of
 * every setting among it; ATMQTT_STORAGE and ATMQTT_INVALID_STATE where the outbox cannot be opened, or another
 * link has it.
 */
int32_t atmqtt_link_start(const struct atmqtt_link_options *options,
                          struct atmqtt_link **link);

/**
 * Ends the link: says goodbye to the broker where it is up (AT+QMTDISC), which takes up to 10 s, and closes the
 * port. Waits for a callback and a power hook that run; what callbacks have not had is dropped. Messages that wait
 * end with ATMQTT_CLOSED, but stay in the outbox where there is one: see atmqtt_link_flush(). The handle stays
 * valid, and its calls then answer ATMQTT_CLOSED. Again: nothing, and ATMQTT_OK.
 *
 * @return ATMQTT_OK; ATMQTT_CALLED_FROM_CALLBACK in a callback of this link, its power hook included; ATMQTT_CLOSED
 * in a forked child.
 */
int32_t atmqtt_link_close(struct atmqtt_link *link);

/**
 * Frees the handle, and ends the link without a goodbye to the broker where it is not closed, so that a will is
 * published; waits for its thread then. NULL is fine, a closed link too, and so is a callback of this link: what the
 * callback still needs goes when it has returned. In a forked child it only closes the descriptor.
 *
 * No other thread may be using the handle.
 */
void atmqtt_link_free(struct atmqtt_link *link);

/**
 * Limits how long each later publish on this handle may keep its caller, in milliseconds; negative = as long as the
 * link is down, the default. Past it, a message goes on without its caller (ATMQTT_UNCONFIRMED), or, where there was
 * no room for it, was not accepted (ATMQTT_QUEUE_FULL).
 */
int32_t atmqtt_link_set_timeout(struct atmqtt_link *link,
                                int64_t timeout_ms);

/**
 * Waits until the link is up.
 *
 * @param timeout_ms  how long at most, in milliseconds: 0 = not at all, negative = no limit.
 * @return ATMQTT_OK; ATMQTT_TIMEOUT with where it stands and what the last trouble was; what is behind
 * ATMQTT_LINK_REFUSED as soon as it stands there; ATMQTT_CLOSED.
 */
int32_t atmqtt_link_wait_up(struct atmqtt_link *link,
                            int64_t timeout_ms);

/**
 * Ends a wait for the next attempt, as after the cause of a refusal was removed; the next wait is the shortest
 * again. Nothing where it does not wait. Returns at once.
 */
int32_t atmqtt_link_retry(struct atmqtt_link *link);

/**
 * The modem of the moment, for other commands: AT+CSQ, files, the network. Its port is closed when the link loses
 * it, and the link then has another: ask anew after ATMQTT_CLOSED and ATMQTT_PORT_LOST.
 *
 * Messages and events of that port are the link's: callbacks, atmqtt_modem_event_fd() and atmqtt_modem_next_event()
 * are refused on this handle and its clients with ATMQTT_INVALID_STATE, and so are functions with _start in their
 * name that are to give an operation. Leave the link's own client alone.
 *
 * @param modem  where the handle is written; free it with atmqtt_modem_free(), also before the link.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while the link has no port open.
 */
int32_t atmqtt_link_modem(struct atmqtt_link *link,
                          struct atmqtt_modem **modem);

/**
 * Publishes a message (AT+QMTPUBEX) and waits for its outcome, which at QoS 1 and 2 may take as long as the link is
 * down: see atmqtt_link_set_timeout() and atmqtt_link_publish_start(). A message of QoS 0 does not wait for a link
 * that is down.
 *
 * @param topic  1 to 65535 bytes of UTF-8 without quotation marks and control bytes.
 * @param payload  any bytes, copied by the call; NULL with length 0 is none.
 * @param length  0 to 1500.
 * @param qos  0 to 2.
 * @param retain  1 = the broker keeps it for later subscribers; 0 = not.
 * @return what atmqtt_link_publish_start() answers; ATMQTT_UNCONFIRMED for a message of QoS 2 under
 * ATMQTT_WHEN_UNCONFIRMED_REPORT, of QoS 0 whose outcome is unknown, and past the time-out; ATMQTT_MODULE_ERROR and
 * ATMQTT_CME_ERROR where the module keeps refusing it; ATMQTT_QUEUE_FULL where it had to make room
 * (ATMQTT_WHEN_FULL_DROP_OLDEST); ATMQTT_CLOSED where the link is closed meanwhile.
 */
int32_t atmqtt_link_publish(struct atmqtt_link *link,
                            const char *topic,
                            const void *payload,
                            size_t length,
                            int32_t qos,
                            int32_t retain);

/**
 * atmqtt_link_publish() without waiting for the outcome: when this returns ATMQTT_OK the message is accepted, and is
 * sent until its outcome is known; with an outbox it is on disk. It waits for room under ATMQTT_WHEN_FULL_BLOCK.
 *
 * @param operation  where the number of the message is written, which ATMQTT_EVENT_COMPLETED then carries; NULL = no
 * event is wanted. The event may come before this returns. Numbers count up with every message of a link, and with an
 * outbox over all its runs; messages that an earlier run left there end with an event too.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_DISCONNECTED at QoS 0 while the link is not up;
 * ATMQTT_QUEUE_FULL where there is no room (atmqtt_when_full); ATMQTT_STORAGE where the outbox cannot be written;
 * ATMQTT_CLOSED.
 */
int32_t atmqtt_link_publish_start(struct atmqtt_link *link,
                                  const char *topic,
                                  const void *payload,
                                  size_t length,
                                  int32_t qos,
                                  int32_t retain,
                                  uint64_t *operation);

/**
 * Subscribes to a topic filter (AT+QMTSUB), now where the link is up, and after every connect. What the broker makes
 * of it is told each time by ATMQTT_EVENT_SUBSCRIBED. A topic that is there already is subscribed to again, with this
 * QoS. Returns at once.
 *
 * @param topic  1 to 65535 bytes of UTF-8 without quotation marks and control bytes.
 * @param qos  QoS asked for, 0 to 2.
 */
int32_t atmqtt_link_subscribe(struct atmqtt_link *link,
                              const char *topic,
                              int32_t qos);

/**
 * Ends a subscription (AT+QMTUNS). Returns at once; messages that are on their way may still come.
 *
 * @param topic  the topic filter as it was subscribed to.
 * @param was_there  where 1 is written if there was such a subscription, else 0; NULL = not wanted.
 */
int32_t atmqtt_link_unsubscribe(struct atmqtt_link *link, const char *topic, int32_t *was_there);

/**
 * Waits until no message waits to be sent, or for its outcome.
 *
 * @param timeout_ms  how long at most, in milliseconds: 0 = not at all, negative = no limit.
 * @param empty  where 1 is written if that is so, 0 if messages still wait; NULL = not wanted.
 * @return ATMQTT_OK, either way; ATMQTT_CLOSED.
 */
int32_t atmqtt_link_flush(struct atmqtt_link *link, int64_t timeout_ms, int32_t *empty);

/**
 * Has the messages of the link, over all its connections, handed to a callback, on the dispatcher thread of the link,
 * one at a time and in order. It takes the place of an earlier one. Messages that come while there is none wait for
 * it.
 *
 * @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any more, except
 * where it is itself the caller.
 * @param user_data  passed to the callback as it is.
 * @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while messages are taken with atmqtt_link_next_event(); ATMQTT_CLOSED.
 */
int32_t atmqtt_link_set_message_callback(struct atmqtt_link *link,
                                         atmqtt_event_callback callback,
                                         void *user_data,
                                         atmqtt_drop_callback drop);

/**
 * Has events handed to a callback, on the dispatcher thread of the link: ATMQTT_EVENT_LINK for every change of its
 * state, and all of its port but messages, which have a callback of their own, and ATMQTT_EVENT_PORT_CLOSED. It takes
 * the place of an earlier one. Events that come while there is none wait for it, those of the start too.
 *
 * @param callback  NULL = no callback any more. When this returns, the earlier callback does not run any more, except
 * where it is itself the caller.
 * @param user_data  passed to the callback as it is.
 * @param drop  called once with user_data when the library has let go of it; NULL = nothing to call.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while events are taken with atmqtt_link_next_event(); ATMQTT_CLOSED.
 */
int32_t atmqtt_link_set_event_callback(struct atmqtt_link *link,
                                       atmqtt_event_callback callback,
                                       void *user_data,
                                       atmqtt_drop_callback drop);

/**
 * A descriptor for poll or epoll that can be read exactly while atmqtt_link_next_event() would give an event:
 * level-triggered. It stays the same over every loss of the port. It belongs to the library: do not read, write or
 * close it. It lives until atmqtt_link_free() or atmqtt_link_release_events().
 *
 * From the first call of this or atmqtt_link_next_event() on, everything that arrives comes this way: the events, and
 * the messages of all clients of the module.
 *
 * @param fd  where the descriptor is written.
 * @return ATMQTT_OK; ATMQTT_INVALID_STATE while a callback has the events or the messages.
 */
int32_t atmqtt_link_event_fd(struct atmqtt_link *link,
                             int *fd);

/**
 * The next of everything that arrived: an event, or a message, oldest first. The last is ATMQTT_EVENT_LINK with to =
 * ATMQTT_LINK_CLOSED, after atmqtt_link_close().
 *
 * A signal does not end the wait: a program that has to hear of signals waits in ppoll or epoll for
 * atmqtt_link_event_fd().
 *
 * @param timeout_ms  how long to wait for one, in milliseconds: 0 = not at all, negative = as long as the link
 * is there.
 * @param event  where it is written: free it with atmqtt_event_free(). NULL is written where none came in time.
 * @return ATMQTT_OK, also with no event; ATMQTT_CLOSED once the link is closed and everything has been taken;
 * ATMQTT_INVALID_STATE while a callback has the events or the messages.
 */
int32_t atmqtt_link_next_event(struct atmqtt_link *link,
                               int64_t timeout_ms,
                               struct atmqtt_event **event);

/**
 * Ends taking events with atmqtt_link_next_event(), so that callbacks can have them. What has not been taken stays
 * for them. Nothing where it had not begun.
 */
int32_t atmqtt_link_release_events(struct atmqtt_link *link);

/**
 * Sets every option to its default. Call it as atmqtt_link_options_init(&options, sizeof options).
 *
 * @param options  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_link_options).
 * @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
 */
int32_t atmqtt_link_options_init(struct atmqtt_link_options *options, size_t struct_size);

/**
 * Where the link stands: one of atmqtt_link_stage. ATMQTT_LINK_CLOSED for NULL, and in a forked child. Returns at
 * once.
 */
int32_t atmqtt_link_state(const struct atmqtt_link *link);

/**
 * How the link is and has been. Returns at once, also after atmqtt_link_close().
 *
 * @param info  where the answer is written; free it with atmqtt_link_info_free().
 * @return ATMQTT_OK; ATMQTT_CLOSED in a forked child.
 */
int32_t atmqtt_link_status(struct atmqtt_link *link, struct atmqtt_link_info **info);

/**
 * Frees what atmqtt_link_status() gave. NULL is fine.
 */
void atmqtt_link_info_free(struct atmqtt_link_info *info);

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
 * is wanted. The event may come before this returns.
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
 * Asks what the SIM card is at (AT+CPIN?). Blocks for one command, up to 20 s while the module starts. A card
 * that is missing, blocked or busy is an answer here and no error.
 *
 * @param sim  where the answer is written; free it with atmqtt_network_sim_free().
 * @return ATMQTT_OK; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR for what is not about the card;
 * ATMQTT_OPERATION_FAILED where the answer has another shape; ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_sim(struct atmqtt_modem *modem,
                           struct atmqtt_sim **sim);

/**
 * Frees what atmqtt_network_sim() gave. NULL is fine.
 */
void atmqtt_network_sim_free(struct atmqtt_sim *sim);

/**
 * Asks for the module's registration for each kind of service (AT+CREG?, AT+CGREG?, AT+CEREG?). Blocks for three
 * commands, up to 20 s each while the module starts.
 *
 * @param registration  where the answer is written; free it with atmqtt_network_registration_free().
 * @return ATMQTT_OK, also where the module is not registered or knows none of the three;
 * ATMQTT_OPERATION_FAILED where an answer has another shape; ATMQTT_UNCONFIRMED where none comes in time.
 */
int32_t atmqtt_network_registration(struct atmqtt_modem *modem,
                                    struct atmqtt_registration **registration);

/**
 * Frees what atmqtt_network_registration() gave. NULL is fine.
 */
void atmqtt_network_registration_free(struct atmqtt_registration *registration);

/**
 * The same as atmqtt_modem_signal() (AT+CSQ).
 *
 * @param rssi_dbm  as there: -113 to -51 dBm, 0 = not known; NULL = not wanted.
 * @param bit_error_rate  as there: 0 to 7, -1 = not known; NULL = not wanted.
 */
int32_t atmqtt_network_signal(struct atmqtt_modem *modem,
                              int32_t *rssi_dbm,
                              int32_t *bit_error_rate);

/**
 * Asks who runs the network, and where in the spectrum (AT+COPS?, AT+QNWINFO). Blocks for two commands, up to
 * 180 s while the module searches.
 *
 * @param info  where the answer is written; free it with atmqtt_network_operator_free().
 * @return ATMQTT_OK, also where nothing is known; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers;
 * ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_operator(struct atmqtt_modem *modem,
                                struct atmqtt_operator **info);

/**
 * Frees what atmqtt_network_operator() gave. NULL is fine.
 */
void atmqtt_network_operator_free(struct atmqtt_operator *info);

/**
 * atmqtt_network_operator() without waiting, on a thread of the library: its end comes as
 * ATMQTT_EVENT_COMPLETED, with six lines as text, in the order of the fields of atmqtt_operator: name, code,
 * technology, access, band, channel; an empty line for what the module does not say. Everything else is as for
 * atmqtt_network_activate_start().
 *
 * @param operation  as for atmqtt_network_activate_start().
 */
int32_t atmqtt_network_operator_start(struct atmqtt_modem *modem,
                                      uint64_t *operation);

/**
 * Waits until MQTT can begin: the SIM is ready, the module is registered, and a PDP context is active;
 * activates it when its turn comes (AT+CPIN?, AT+CREG?, AT+CGREG?, AT+CEREG?, AT+QIACT?, AT+QIACT).
 *
 * Asks about once a second, on the calling thread. A module that is starting or out of coverage is waited
 * for. The handle's time-out limits each command, and not the whole.
 *
 * @param context  PDP context, 1 to 16.
 * @param timeout_ms  how long to wait in milliseconds; 0 = look once, negative = no limit. It may take the one
 * second and the command that is under way then longer.
 * @param progress  told what each answer says, on the calling thread; NULL = nobody.
 * @param user_data  passed to progress as it is.
 * @param address  where the addresses of the context are written; free them with
 * atmqtt_network_address_free(). NULL = not wanted.
 * @return ATMQTT_OK; ATMQTT_TIMEOUT with what was missing last, also where atmqtt_modem_interrupt() ended the
 * wait; ATMQTT_INVALID_STATE at once where the SIM wants a PIN or PUK, for waiting does not help; what the port
 * is lost or stuck with, at once.
 */
int32_t atmqtt_network_wait_ready(struct atmqtt_modem *modem,
                                  int32_t context,
                                  int64_t timeout_ms,
                                  atmqtt_ready_progress progress,
                                  void *user_data,
                                  struct atmqtt_address **address);

/**
 * atmqtt_network_wait_ready() without waiting, on a thread of the library: its end comes as
 * ATMQTT_EVENT_COMPLETED, with two lines as text: the IPv4 and the IPv6 address of the context, an empty line
 * for one that it does not have. Everything else is as for atmqtt_network_activate_start().
 *
 * @param context  as for atmqtt_network_wait_ready().
 * @param timeout_ms  as there.
 * @param progress  told what each answer says, on a thread of the library with all signals blocked; NULL =
 * nobody.
 * @param user_data  passed to progress as it is.
 * @param drop  called once with user_data when progress is not called any more, also where this fails; NULL =
 * nothing to call. On the thread of progress, or on the caller's.
 * @param operation  as for atmqtt_network_activate_start().
 */
int32_t atmqtt_network_wait_ready_start(struct atmqtt_modem *modem,
                                        int32_t context,
                                        int64_t timeout_ms,
                                        atmqtt_ready_progress progress,
                                        void *user_data,
                                        atmqtt_drop_callback drop,
                                        uint64_t *operation);

/**
 * Asks where the module prints what nobody asked for (AT+QURCCFG="urcport"). The results of MQTT commands are
 * among it: on any other port than this, every open, connect, subscription and publish ends without its
 * result. Blocks for one command.
 *
 * @param buffer  where the name is written as a NUL-terminated string: "usbat", "usbmodem", "uart1", "uart2",
 * "all", or a name of another family. Not written where it is too small; 64 bytes hold every name known.
 * @param size  the size of the buffer in bytes, the NUL included.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT where the buffer is too small; ATMQTT_MODULE_ERROR and
 * ATMQTT_CME_ERROR as the module answers; ATMQTT_OPERATION_FAILED where its answer has another shape.
 */
int32_t atmqtt_network_urc_port(struct atmqtt_modem *modem,
                                char *buffer,
                                size_t size);

/**
 * Sets where the module prints what nobody asked for (AT+QURCCFG="urcport",...). At once, and the module keeps it
 * over a restart; not every module knows every port. Blocks for one command.
 *
 * @param port  a name as atmqtt_network_urc_port() gives it, 1 to 32 bytes.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT for a name that cannot be sent; ATMQTT_MODULE_ERROR and
 * ATMQTT_CME_ERROR where the module does not know the port.
 */
int32_t atmqtt_network_set_urc_port(struct atmqtt_modem *modem,
                                    const char *port);

/**
 * Leaves everything to the subscription. Call it as atmqtt_network_apn_init(&apn, sizeof apn).
 *
 * @param apn  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_apn).
 * @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
 */
int32_t atmqtt_network_apn_init(struct atmqtt_apn *apn, size_t struct_size);

/**
 * Sets the access point of a PDP context (AT+QICSGP). The module takes it up at the next activation and forgets
 * it when it restarts. Every value is written, empty ones too, so that nothing of an earlier program stays.
 * Blocks for one command.
 *
 * @param context  PDP context, 1 to 16; not every module has them all.
 * @param apn  the access point; not NULL.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT before anything is sent; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as
 * the module answers; ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_set_apn(struct atmqtt_modem *modem,
                               int32_t context,
                               const struct atmqtt_apn *apn);

/**
 * Asks for the access point of a PDP context (AT+QICSGP=context). Blocks for one command.
 *
 * @param context  PDP context, 1 to 16.
 * @param apn  where the answer is written, with "" for strings that are empty; free it with
 * atmqtt_network_apn_free(). It holds the password in the clear, where the module tells it.
 * @return as atmqtt_network_set_apn(); ATMQTT_OPERATION_FAILED where the answer has another shape.
 */
int32_t atmqtt_network_apn(struct atmqtt_modem *modem, int32_t context, struct atmqtt_apn **apn);

/**
 * Frees what atmqtt_network_apn() gave, and nothing else: not a struct of the program's own. NULL is fine.
 */
void atmqtt_network_apn_free(struct atmqtt_apn *apn);

/**
 * Activates a PDP context (AT+QIACT). Blocks for up to 150 s. A context that is active already is none the
 * worse for it: some modules refuse that, and are then asked (AT+QIACT?). MQTT does not need it:
 * atmqtt_client_open() activates its context by itself.
 *
 * @param context  PDP context, 1 to 16.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR with what AT+QIGETERROR gives
 * as the reason; ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_activate(struct atmqtt_modem *modem,
                                int32_t context);

/**
 * atmqtt_network_activate() without waiting, on a thread of the library: its end comes as
 * ATMQTT_EVENT_COMPLETED. The handle's time-out does not count. The port stays open until it has ended;
 * atmqtt_modem_close() ends it.
 *
 * @param context  PDP context, 1 to 16.
 * @param operation  where the number of the operation is written, which the event carries; NULL = not
 * wanted, and the event comes all the same. The event may come before this returns.
 * @return ATMQTT_OK once it is under way; ATMQTT_INVALID_ARGUMENT; ATMQTT_CLOSED.
 */
int32_t atmqtt_network_activate_start(struct atmqtt_modem *modem,
                                      int32_t context,
                                      uint64_t *operation);

/**
 * Deactivates a PDP context (AT+QIDEACT), which ends every connection on it. Blocks for up to 40 s. A context that
 * is not active is none the worse for it.
 *
 * @param context  PDP context, 1 to 16.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers;
 * ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_deactivate(struct atmqtt_modem *modem,
                                  int32_t context);

/**
 * atmqtt_network_deactivate() without waiting. Everything else is as for atmqtt_network_activate_start().
 *
 * @param context  PDP context, 1 to 16.
 * @param operation  as for atmqtt_network_activate_start().
 */
int32_t atmqtt_network_deactivate_start(struct atmqtt_modem *modem,
                                        int32_t context,
                                        uint64_t *operation);

/**
 * Asks for the addresses of a PDP context (AT+QIACT?). Blocks for one command.
 *
 * @param context  PDP context, 1 to 16.
 * @param address  where they are written; free them with atmqtt_network_address_free(). NULL is written where
 * the context is not active, which is no error.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR as the module answers;
 * ATMQTT_UNCONFIRMED where no answer comes in time.
 */
int32_t atmqtt_network_address(struct atmqtt_modem *modem,
                               int32_t context,
                               struct atmqtt_address **address);

/**
 * Frees addresses of atmqtt_network_address() and atmqtt_network_wait_ready(). NULL is fine.
 */
void atmqtt_network_address_free(struct atmqtt_address *address);

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
 * Sets every option to its default. Call it as atmqtt_tls_options_init(&options, sizeof options).
 *
 * @param options  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_tls_options).
 * @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
 */
int32_t atmqtt_tls_options_init(struct atmqtt_tls_options *options, size_t struct_size);

/**
 * Sets an SSL context up: certificates and key first, then every setting (AT+QSSLCFG). A client uses it with
 * tls_context in atmqtt_client_config, from its next open on.
 *
 * Files are called after what they are for and their contents, as "atmqtt-ca-1c2d3e4f.pem", and are uploaded
 * where the module has no equal one, as atmqtt_files_ensure() does: about a second for a few kilobytes at 115200
 * baud. So another certificate is another file and a stale one is never used; old ones stay until they are
 * deleted: atmqtt_tls_delete_files().
 *
 * The module keeps files over a restart and forgets the settings: configure again after
 * ATMQTT_EVENT_RESTARTED. Blocks for the transfers and about ten commands. Configuring one context from two
 * threads at a time mixes their settings.
 *
 * @param context  0 to 5.
 * @param options  how; not NULL.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT, before anything is sent, for neither a CA nor insecure, a
 * certificate or key that is none, a file of this computer that cannot be read, a number out of range, a key
 * without its password, a password without a key, a client certificate without a key or a CA;
 * ATMQTT_INVALID_STATE where dates count and the module's clock is not set; what atmqtt_files_upload() fails with;
 * ATMQTT_MODULE_ERROR and ATMQTT_CME_ERROR with the name of a setting that the module refuses: those in front of
 * it have been written, the level of verification among the first.
 */
int32_t atmqtt_tls_configure(struct atmqtt_modem *modem,
                             int32_t context,
                             const struct atmqtt_tls_options *options);

/**
 * atmqtt_tls_configure() without waiting, on a thread of the library: its end comes as
 * ATMQTT_EVENT_COMPLETED. Everything in the options is copied; files of this computer are read on that thread.
 * The handle's time-out does not count. The port stays open until it has ended; atmqtt_modem_close() ends it.
 *
 * @param operation  where the number of the operation is written, which the event carries; NULL = not
 * wanted, and the event comes all the same. The event may come before this returns.
 * @return ATMQTT_OK once it is under way; ATMQTT_INVALID_ARGUMENT for what can be told from the options alone, the
 * rest comes with the event; ATMQTT_CLOSED.
 */
int32_t atmqtt_tls_configure_start(struct atmqtt_modem *modem,
                                   int32_t context,
                                   const struct atmqtt_tls_options *options,
                                   uint64_t *operation);

/**
 * Deletes the files that atmqtt_tls_configure() has put into the module for these options (AT+QFDEL), the private
 * key first.
 *
 * Their names follow from their contents, so that it works after a restart of either side, and with any context.
 * Files that are given by on_module stay, and so does what one of the other five contexts names (AT+QSSLCFG). A
 * file that is not there is none the worse for it.
 *
 * The context still names what is gone: an open with it fails until it is configured again. What earlier options
 * have left is found by atmqtt_files_list() with "atmqtt-*". A module's flash is not wiped: whoever takes it apart
 * may still find what was deleted. Blocks for fifteen questions, up to 5 s each, and up to three deletions, up to
 * 20 s each.
 *
 * @param context  0 to 5.
 * @param options  as for atmqtt_tls_configure(); of them the certificates and the key count alone.
 * @param deleted  where the names of the files that are gone now are written; free them with
 * atmqtt_lines_free(). NULL = not wanted.
 * @return ATMQTT_OK, also where there was nothing to delete; ATMQTT_INVALID_ARGUMENT, before anything is sent, as
 * atmqtt_tls_configure(); what atmqtt_files_delete() fails with, and ATMQTT_UNCONFIRMED where the module falls
 * silent: the files in front of the one it fails at are deleted then.
 */
int32_t atmqtt_tls_delete_files(struct atmqtt_modem *modem,
                                int32_t context,
                                const struct atmqtt_tls_options *options,
                                struct atmqtt_lines **deleted);

/**
 * Asks the module for every setting of an SSL context (AT+QSSLCFG="...",context). Blocks for nine commands, up to
 * 5 s each.
 *
 * @param context  0 to 5.
 * @param settings  where the answer is written; free it with atmqtt_tls_settings_free().
 * @return ATMQTT_OK, also where the module does not know some of them; ATMQTT_UNCONFIRMED where it falls silent.
 */
int32_t atmqtt_tls_query_config(struct atmqtt_modem *modem,
                                int32_t context,
                                struct atmqtt_tls_settings **settings);

/**
 * Frees what atmqtt_tls_query_config() gave. NULL is fine.
 */
void atmqtt_tls_settings_free(struct atmqtt_tls_settings *settings);

/**
 * Leaves everything but vendor and interface open. Call it as atmqtt_usb_port_init(&usb, sizeof usb).
 *
 * @param usb  where to; not NULL.
 * @param struct_size  sizeof(atmqtt_usb_port).
 * @return ATMQTT_OK, or ATMQTT_INVALID_ARGUMENT for NULL or a size that this library does not know.
 */
int32_t atmqtt_usb_port_init(struct atmqtt_usb_port *usb,
                             size_t struct_size);

/**
 * The device that it is at the moment, for atmqtt_modem_open(); a link looks for it by itself. Reads a few files
 * of the kernel, and sends nothing.
 *
 * @param usb  what identifies it; not NULL.
 * @param buffer  where the path is written as a NUL-terminated string, as "/dev/ttyUSB2". Not written where it
 * is too small; 64 bytes hold every name that the kernel gives.
 * @param size  the size of the buffer in bytes, the NUL included.
 * @return ATMQTT_OK; ATMQTT_INVALID_ARGUMENT; ATMQTT_PORT_LOST where none fits, with those that were seen.
 */
int32_t atmqtt_usb_port_find(const struct atmqtt_usb_port *usb,
                             char *buffer,
                             size_t size);

/**
 * The version of the library, as "0.1.0". Static text; may be called from anywhere. The macros
 * ATMQTT_VERSION_MAJOR, _MINOR and _PATCH are those of the header.
 */
const char *atmqtt_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ATMQTT_H */
