import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import GenericAlias, TracebackType
from typing import Any, Final, Generic, Literal, TypeAlias, final

from typing_extensions import Buffer, Self, TypeVar

from .emulator import Published
from .events import Event
from .info import Capabilities, FileInfo, ModuleInfo, Signal, Space
from .link import (
    Backoff,
    LinkState,
    LinkStatus,
    UsbPort,
    WhenAlive,
    WhenFull,
    WhenUnconfirmed,
)
from .network import (
    Apn,
    ContextAddress,
    Operator,
    Readiness,
    Registration,
    SimState,
    UrcPort,
)
from .settings import (
    AliAuth,
    ClientConfig,
    Delivery,
    FlowControl,
    Format,
    Granted,
    HwAuth,
    HwProduct,
    OneNet,
    PacketTimeout,
    QoS,
    SettingName,
    SettingValue,
    State,
    Tcp,
    Tls,
    Version,
    Will,
)
from .tls import Clock, PemSource, TlsConfig, TlsSettings, TlsVersion

__all__ = [
    "Client",
    "Delivering",
    "Emulator",
    "Events",
    "Files",
    "Link",
    "Message",
    "Messages",
    "Modem",
    "Network",
    "Pending",
    "TlsContext",
    "__version__",
    "_at_exit",
    "_disconnect_reason",
    "_emulator_main",
    "_find_usb_port",
    "_shown",
]

_T_co = TypeVar("_T_co", covariant=True)
_Payload: TypeAlias = Buffer | str
_Topic: TypeAlias = str | Iterable[str | tuple[str, QoS | int]]
_Formats: TypeAlias = Literal["text", "hex"]
_Broker: TypeAlias = str | tuple[str, int]

__version__: Final[str]

@final
class Modem:
    """A module on a serial port, which is opened with it.

    Opening brings the line into a known state (ATQ0V1E0, AT+CMEE=1) and asks which of the six clients
    live since before (AT+QMTOPEN?, AT+QMTCONN?). The port is locked for other programs.

    A context manager: leaving it closes the port. Usable from any thread. After a fork every call in
    the child raises ClosedError: open the port there.

    Args:
        port: Path of the serial device, as /dev/ttyUSB2.
        baudrate: Bits per second.
        timeout: Longest time in seconds that each call may keep its caller; None = as long as the
            module may take. Every call takes one of its own as well. Past it, what has not begun is
            withdrawn (TimedOutError) and what has goes on without the caller (UnconfirmedError).
        flow_control: FlowControl.RTS_CTS or "rtscts", here and in the module (AT+IFC=2,2); None = none.
        dtr: Whether DTR is asserted while the port is open.
        hang_up_on_close: Whether DTR falls when the port is closed.
        message_capacity: How many received messages wait for each client's consumer, 1 and up. A full
            queue drops its oldest and reports Lagged.
        urc_capacity: How many other lines of the module are kept for events(); 0 = none. The oldest
            goes first.
        max_payload: Longest received payload in bytes that is delivered. A longer one is skipped and
            reported as InputLost.
        patience: Seconds for which a module that does not answer the first command is left alone
            before it is asked once more: it may still wait for a payload of an earlier program, which
            it ends by its edit/timeout of 10 s.
        trace: File for everything that passes the port in both directions, secrets masked, which
            python -m atmqtt.emulator --replay plays to an emulated module; a file that is there is replaced; None = none.
        silence: Seconds for which the line must be silent before the first command is sent: what comes
            until then may be the middle of a message. 0 where nothing can be on its way, as from an
            emulated module that has just been made.

    Raises:
        PortBusyError: Another program has the port; the text says which where it can.
        PortNotFoundError, PortPermissionError, PortLostError: It is not there, may not be opened, or
            is no serial port.
        TimedOutError: No module answers.
        InvalidArgumentError: An argument is out of range.
    """

    def __new__(
        cls,
        port: str | os.PathLike[str],
        baudrate: int = 115200,
        *,
        timeout: float | None = None,
        flow_control: FlowControl | Literal["none", "rtscts"] | None = None,
        dtr: bool = True,
        hang_up_on_close: bool = False,
        message_capacity: int = 1024,
        urc_capacity: int = 64,
        max_payload: int = 65536,
        patience: float = 11.0,
        silence: float = 0.1,
        trace: str | os.PathLike[str] | None = None,
    ) -> Self: ...
    @property
    def is_open(self) -> bool:
        """Whether the port is open: not after close(), nor once it is lost, nor in a forked child."""
    @property
    def port_name(self) -> str:
        """The device, as it was opened."""
    @property
    def timeout(self) -> float | None:
        """Longest time in seconds that each call may keep its caller; None = as long as it may take."""
    def client(self, index: int) -> Client:
        """One of the six MQTT clients of the module.

        Args:
            index: 0..5.

        Raises:
            InvalidArgumentError: Any other index.
        """
    def command(self, line: str, *, timeout: float | None = None) -> list[str]:
        """Sends any other AT command and gives the lines of its answer, without the final OK.

        Refused are what the library itself does (AT+QMT...= with values), what would change how lines
        are read (ATE1, ATV0, ATQ1, AT&F, ATZ, AT+IPR=, A/), and what leaves command mode (ATD, ATO,
        AT+CMUX, AT+QFUPL, ...).

        Args:
            line: The command, as AT+CSQ.
            timeout: Longest time in seconds; None = that of the modem.

        Raises:
            InvalidArgumentError: One of the above; nothing was sent.
            ModuleError, CmeError: As the module answers.
            UnconfirmedError: No final result code came in time.
        """
    def command_with_data(self, line: str, data: _Payload, *, timeout: float | None = None) -> list[str]:
        """Sends a command that prompts for data (> or CONNECT), then the data, byte for byte.

        Args:
            line: The command.
            data: What follows its prompt; a str is sent as UTF-8.
            timeout: Longest time in seconds; None = that of the modem.

        Raises:
            PortStuckError: The module never prompted, and may still wait for data.
            Error: As command() does.
        """
    def info(self, *, timeout: float | None = None) -> ModuleInfo:
        """Who the module is (ATI, AT+CGSN, AT+CIMI, AT+QCCID)."""
    def signal(self, *, timeout: float | None = None) -> Signal:
        """How well the module hears the network (AT+CSQ)."""
    def files(self) -> Files:
        """The files of the module: certificates, for one."""
    def tls(self, context: int) -> TlsContext:
        """One of the six SSL contexts of the module: what Tls(context) in Client.configure() refers to.

        Args:
            context: 0..5.

        Raises:
            InvalidArgumentError: Any other number.
        """
    def network(self) -> Network:
        """The network that the module is in: SIM, registration, packet data, clock."""
    def capabilities(self, *, timeout: float | None = None) -> Capabilities:
        """What the module says that it supports: the answers to the nine test forms =?.

        A command that it refuses is not supported.
        """
    def events(self, timeout: float | None = None) -> Events:
        """The events of the port, oldest first; they have one consumer. Messages are not among them.

        Args:
            timeout: The iteration ends when no event has come for this many seconds; None = it ends
                with the port.

        Raises:
            InvalidStateError: Another iterator or the callback has them.
        """
    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """What is called with every event, on a thread of the library, one at a time; None = nothing.

        Every call of the library may be made in it but close(). Exceptions in it are logged. When
        setting it to None returns, it does not run any more, except where it is itself the caller.

        Raises:
            InvalidStateError: When set, while an iterator has the events.
        """
    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None: ...
    def close(self) -> None:
        """Closes the port: every call and wait on it ends at once with ClosedError, and the iterators end
        after what has arrived. A callback that runs is waited for, and what it has not had is dropped.
        Again: nothing. The clients in the module stay as they are: disconnect them first.

        Raises:
            CalledFromCallbackError: In a callback of this port: tell another thread to.
        """
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Client:
    """One of the six MQTT clients of a module; Modem.client() gives it.

    A client goes from closed to open (open(): a TCP or TLS connection) to connected (connect(): an MQTT
    connection); then it can subscribe, publish and receive. Usable from any thread; publishes and
    subscriptions of several threads run side by side, while open, connect, disconnect, close and
    configure exclude each other.

    Each call waits for its outcome, at most its timeout= in seconds, or else that of the modem; its
    sibling with _start does not wait and gives a Pending.
    """

    @property
    def index(self) -> int:
        """The index 0..5."""
    @property
    def modem(self) -> Modem:
        """The modem that it belongs to."""
    @property
    def state(self) -> State:
        """Where the client stands, as far as the module has said: a State."""
    @property
    def generation(self) -> int:
        """Counts the opens of this client: events and messages carry the number of their connection."""
    @property
    def found_alive(self) -> tuple[str, int] | None:
        """Host and port that the client is connected to since before this port was opened, if it is: it
        can be adopted (adopt()) or replaced (open() with replace=True).
        """
    def configure(
        self,
        config: ClientConfig | None = None,
        *,
        version: Version | Literal["3.1", "3.1.1"] | None = None,
        pdp_context: int | None = None,
        transport: Tcp | Tls | None = None,
        tls: int | None = None,
        keepalive: int | None = None,
        clean_session: bool | None = None,
        packet_timeout: PacketTimeout | None = None,
        will: Will | Literal[False] | None = None,
        delivery: Delivery | Literal["inline", "stored"] | None = None,
        ali_auth: AliAuth | None = None,
        ping_report: int | None = None,
        send_mode: Format | _Formats | None = None,
        one_net: OneNet | None = None,
        hw_auth: HwAuth | None = None,
        hw_product: HwProduct | None = None,
        data_format: tuple[Format | _Formats, Format | _Formats] | None = None,
        view_mode: bool | None = None,
        edit_timeout: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """Writes the given settings (AT+QMTCFG), at once, and keeps them for every later open.

        What is None is left to the library's default, which it writes before every open, so that a
        setting that an earlier program left in the module does no harm; the devices of clouds and
        ping_report have no default and are left as they are.

        Args:
            config: A ClientConfig to begin with; what is given besides replaces its fields.
            version: Version or "3.1", "3.1.1"; default MQTT 3.1.1 (version).
            pdp_context: PDP context 1..16; default 1 (pdpcid).
            transport: Tcp() or Tls(context); default Tcp() (ssl).
            tls: SSL context 0..5, which Modem.tls() configures: the same as transport=Tls(context).
            keepalive: Keep-alive in seconds 0..3600, 0 = off; default 120 (keepalive).
            clean_session: Whether the broker forgets the session; default True (session).
            packet_timeout: PacketTimeout; default 5 s, 3 retries, no notice (timeout).
            will: Will, or False = none, the default (will, or willex where the message needs it).
            delivery: Delivery or "inline", "stored"; default inline (recv/mode, with lengths).
            ali_auth: AliAuth (aliauth).
            ping_report: Seconds 5..60 after a failed ping until its loss is reported (qmtping).
            send_mode: Format of published payloads on the line; default text (send/mode).
            one_net: OneNet (onenet).
            hw_auth: HwAuth (hwauth).
            hw_product: HwProduct (hwprodid).
            data_format: Formats of published and received payloads; default text (dataformat).
            view_mode: Echo of data typed after a prompt; default off (view/mode).
            edit_timeout: Seconds 1..120 (180 on some modules) after which the module stops waiting for
                data; default 10; 0 = never (edit/timeout).
            timeout: Longest time in seconds for the call; None = that of the modem.

        Raises:
            InvalidArgumentError: With the parameter, its value and its range; nothing was sent.
            InvalidStateError: The client is not closed.
            ModuleError: The module refuses a setting; the text names it.
        """
    def config(self, *, timeout: float | None = None) -> ClientConfig:
        """Asks the module for every setting (AT+QMTCFG="...",client). What it does not know is None."""
    def setting(self, name: SettingName | str, *, timeout: float | None = None) -> SettingValue:
        """Asks the module for one setting.

        Args:
            name: SettingName, or its name on the wire, as "recv/mode".
            timeout: Longest time in seconds; None = that of the modem.

        Returns:
            Its value in the class that ClientConfig has for it; will and willex give None where there
            is no will, willex a WillSummary, recv/mode a ReceiveMode, edit/timeout 0 where there is no
            limit.

        Raises:
            ModuleError, CmeError: The module does not know it.
            OperationFailedError: Its answer has another shape.
        """
    def open(
        self, host: str, port: int = 1883, *, replace: bool = False, timeout: float | None = None
    ) -> None:
        """Opens the network (AT+QMTOPEN): resolves the host and opens TCP or TLS to the port.

        Writes first every setting that the module does not have from us. Takes up to 125 s, with TLS up
        to 455 s.

        Args:
            host: Name or address of the broker, at most 100 bytes.
            port: TCP port 1..65535; 8883 is usual with TLS.
            replace: Whether a client that is in use already is closed and opened again.
            timeout: Longest time in seconds; None = that of the modem.

        Raises:
            OperationFailedError: With the code of +QMTOPEN: -1 refused, unreachable or TLS failed, 2 in
                use, 3 PDP context, 4 the name does not resolve, 5 the network was lost.
            InvalidStateError: The client is in use and replace is False.
            InvalidArgumentError: Nothing was sent.
        """
    def open_start(self, host: str, port: int = 1883, *, replace: bool = False) -> Pending[None]:
        """open() without waiting."""
    def adopt(self, *, timeout: float | None = None) -> None:
        """Takes over a client that lives since before this port was opened, with its subscriptions.

        Raises:
            InvalidStateError: None was found, or its settings do not allow its messages to be read
                safely (lengths off, hexadecimal on): open() it with replace=True then.
        """
    def close(self, *, timeout: float | None = None) -> None:
        """Closes the network (AT+QMTCLOSE) without a DISCONNECT, so that a will is published.

        Ends an open or connect that is under way. Closing a closed client succeeds.
        """
    def close_start(self) -> Pending[None]:
        """close() without waiting."""
    def connect(
        self,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Connects to the broker (AT+QMTCONN). Takes up to packet time-out x (retries + 1) + 5 s.

        Keep-alive, clean session, will and protocol version are settings: see configure().

        Args:
            client_id: At most 256 bytes. A broker drops the older of two connections with one id.
            username: At most 256 bytes.
            password: At most 256 bytes; never logged.
            timeout: Longest time in seconds; None = that of the modem.

        Raises:
            BrokerRefusedError: With the CONNACK return code.
            DisconnectedError: The connection ended instead of an answer. After either the client is
                closed: open it again.
        """
    def connect_start(
        self, client_id: str, username: str | None = None, password: str | None = None
    ) -> Pending[None]:
        """connect() without waiting."""
    def disconnect(self, *, timeout: float | None = None) -> None:
        """Says goodbye to the broker (AT+QMTDISC), which closes the network as well. Takes up to 30 s."""
    def disconnect_start(self) -> Pending[None]:
        """disconnect() without waiting."""
    def subscribe(
        self, topic: _Topic, qos: QoS | int = 0, *, timeout: float | None = None
    ) -> list[Granted]:
        """Subscribes to topics (AT+QMTSUB) and gives what the broker granted for each, in a list.

        It may be less than was asked for. A retained message may arrive before this returns.

        Args:
            topic: A topic filter, or a list of (topic filter, qos).
            qos: QoS of a topic that brings none of its own.
            timeout: Longest time in seconds; None = that of the modem.

        Raises:
            OperationFailedError: With code 128 where the broker refused every topic, with code 2 where
                no SUBACK came.
        """
    def subscribe_start(self, topic: _Topic, qos: QoS | int = 0) -> Pending[list[Granted]]:
        """subscribe() without waiting."""
    def unsubscribe(self, topic: str | Iterable[str], *, timeout: float | None = None) -> None:
        """Ends subscriptions (AT+QMTUNS).

        Args:
            topic: A topic filter, or a list of them.
            timeout: Longest time in seconds; None = that of the modem.
        """
    def unsubscribe_start(self, topic: str | Iterable[str]) -> Pending[None]:
        """unsubscribe() without waiting."""
    def publish(
        self,
        topic: str,
        payload: _Payload,
        qos: QoS | int = 0,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Publishes a message and waits for its outcome; publish_start() does not wait.

        The outcome is at QoS 1 and 2 that the broker has it, at QoS 0 that the module has sent it
        (AT+QMTPUBEX). Up to five messages of QoS 1 and 2 are under way at a time, and one of QoS 0; more
        wait in the library, in order.

        Args:
            topic: Without quotation marks and control bytes.
            payload: At most 1500 bytes, of any kind; a str is sent as UTF-8.
            qos: 0, 1 or 2.
            retain: Whether the broker keeps it for later subscribers.
            timeout: Longest time in seconds; None = that of the modem.

        Raises:
            InvalidArgumentError: Nothing was sent.
            DisconnectedError: The connection ended before the module had it.
            UnconfirmedError: The module had it, and the outcome is unknown.
            OperationFailedError: With code 2 where no acknowledgement came.
        """
    def publish_start(
        self, topic: str, payload: _Payload, qos: QoS | int = 0, retain: bool = False
    ) -> Pending[None]:
        """publish() without waiting: the message goes its way in the order of these calls."""
    def messages(self, timeout: float | None = None) -> Messages:
        """The messages that this client receives, oldest first. They have one consumer; messages that come
        while there is none wait for it.

        The iteration goes on over disconnections and ends with the port.

        Args:
            timeout: The iteration also ends when no message has come for this many seconds.

        Raises:
            InvalidStateError: Another iterator or the callback has them.
        """
    @property
    def on_message(self) -> Callable[[Message], object] | None:
        """What is called with every message, on a thread of the library, one at a time and in order; None =
        nothing.

        Every call of the library may be made in it, publishing included, but Modem.close(). Exceptions
        in it are logged. When setting it to None returns, it does not run any more, except where it is
        itself the caller.

        Raises:
            InvalidStateError: When set, while an iterator has the messages.
        """
    @on_message.setter
    def on_message(self, callback: Callable[[Message], object] | None) -> None: ...

@final
class Pending(Generic[_T_co]):
    """An operation under way, as the _start calls of Client give it.

    Dropping it leaves the operation alone: it goes on, and nobody hears of its outcome.
    """

    def wait(self, timeout: float | None = None) -> _T_co:
        """Waits for the outcome, any number of times and from any thread; it is always the same.

        Args:
            timeout: Longest time in seconds; None = that of the modem, or else as long as the module
                may take.

        Returns:
            For subscribe_start() what the broker granted for each topic, else None.

        Raises:
            UnconfirmedError: Not done within the timeout; the operation goes on, so wait again.
            Error: What the operation ended with.
        """
    @property
    def done(self) -> bool:
        """Whether the outcome is there, so that wait() returns at once."""
    def add_done_callback(self, callback: Callable[[Pending[_T_co]], object]) -> None:
        """Calls callback(pending) once the outcome is there, on a thread of the library.

        It is called once for each time that it was added, also where the operation is done already or
        the port is closed, but not while the interpreter exits. Exceptions in it are logged. Every call
        of the library may be made in it.
        """
    @classmethod
    def __class_getitem__(cls, item: Any) -> GenericAlias: ...

@final
class Link:
    """A connection to a broker that brings itself up and keeps itself up: it finds the port, attaches to the
    network, configures TLS, opens, connects and subscribes, and does it again from where it has to,
    whatever is lost on the way: connection, PDP context, module, port.

    It is started with it, and comes up by itself: see wait_up(). What is published at QoS 1 and 2 while
    it is down waits, and is sent in the order of the publishes; messages at QoS 0 do not wait. A message
    that was accepted is sent until its outcome is known. Where a connection ends between the sending and
    the outcome, QoS 1 is sent again, and may then arrive twice, as QoS 1 allows; when_unconfirmed says
    what becomes of QoS 2. A message that the module refuses five times ends with that error. Without an
    outbox, what waits is lost with the program.

    A context manager: leaving it closes the link, with a goodbye to the broker. Forgetting it, or the end
    of the program, ends it without, so that a will is published. Usable from any thread. After a fork
    every call in the child raises ClosedError: start one there.

    Args:
        port: Path of the serial device, as /dev/ttyUSB2 or /dev/serial/by-id/...; or a UsbPort, by what
            stays when it comes back under another name.
        client_id: At most 256 bytes. A broker drops the older of two connections with one id.
        broker: "host", "host:port", "[address]:port", or (host, port); the port is 1883 by default, with
            TLS 8883.
        brokers: A list of them, which are tried in turn.
        username: At most 256 bytes.
        password: At most 256 bytes; never logged.
        subscriptions: Topic filters, made after every connect: {"topic": qos}, or what subscribe() takes.
        apn: Apn, or its name alone, where the subscription does not bring it. Written when it differs
            from what the module has.
        tls: TlsConfig; None = plain TCP.
        tls_context: SSL context 0..5 of the module for it.
        config: A ClientConfig with other settings; the four below replace its fields.
        pdp_context: PDP context 1..16; default 1.
        keepalive: Keep-alive in seconds 0..3600, 0 = off; default 120.
        clean_session: Whether the broker forgets the session, default True. What must not be missed
            while the link is down needs False.
        will: Will, or False = none, the default.
        client: Which of the six clients of the module it uses, 0..5. The others are left alone.
        attach_timeout: How long in seconds one attempt waits for SIM, registration and PDP context
            before it counts as failed. None = does not look at them.
        when_alive: WhenAlive or "replace", "adopt": what to do with a client that is still connected from
            an earlier run. Default: adopt, with an outbox replace.
        backoff: Backoff: how long it waits between attempts.
        queue_messages: How many messages may wait, 1 and up, those under way among them.
        queue_bytes: How many bytes of their topics and payloads, 4096 and up.
        when_full: WhenFull or "block", "refuse", "drop oldest": what happens to one more.
        when_unconfirmed: WhenUnconfirmed or "report", "resend": what becomes of a QoS 2 message whose
            sending was cut short.
        outbox: A file in which messages of QoS 1 and 2 are kept until they are delivered, so that they
            survive the end of the program and a loss of power. It belongs to one link at a time.
            What an earlier run has left ends with a Completed event. A message that failed stays in the
            file until the program knows of it, so that one that is killed before is told by its next run:
            until the event after its own was asked for, or its Delivering is gone. It may be told twice.
            Of failures that nobody asks for the file keeps as many as may wait, the last ones.
        check_every: Seconds after which a link that is up asks the module whether it still is
            (AT+QMTCONN?); 0 or None = never.
        restart_time: How long in seconds a restart of the module may take until it says RDY.
        power_hook: The last resort for a module that does not answer, after a restart by AT+CFUN=1,1:
            a function without arguments that switches its power, or pulls its reset pin. It is called on
            a thread of the library and may block, but not wait for the link. Exceptions in it are logged.
        baudrate, flow_control, dtr, hang_up_on_close, message_capacity, urc_capacity, max_payload,
            patience, silence, trace: As of Modem.

    Raises:
        InvalidArgumentError: What can be known without a module.
        StorageError: The outbox cannot be opened.
        InvalidStateError: Another link has the outbox.
    """

    def __new__(
        cls,
        port: str | os.PathLike[str] | UsbPort,
        client_id: str,
        broker: _Broker | None = None,
        *,
        brokers: Iterable[_Broker] | None = None,
        username: str | None = None,
        password: str | None = None,
        subscriptions: Mapping[str, QoS | int] | _Topic | None = None,
        apn: Apn | str | None = None,
        tls: TlsConfig | None = None,
        tls_context: int = 2,
        config: ClientConfig | None = None,
        pdp_context: int | None = None,
        keepalive: int | None = None,
        clean_session: bool | None = None,
        will: Will | Literal[False] | None = None,
        client: int = 0,
        attach_timeout: float | None = 180.0,
        when_alive: WhenAlive | Literal["replace", "adopt"] | None = None,
        backoff: Backoff | None = None,
        queue_messages: int = 10_000,
        queue_bytes: int = 4_194_304,
        when_full: WhenFull | Literal["block", "refuse", "drop oldest"] | None = None,
        when_unconfirmed: WhenUnconfirmed | Literal["report", "resend"] | None = None,
        outbox: str | os.PathLike[str] | None = None,
        check_every: float | None = 60.0,
        restart_time: float = 20.0,
        power_hook: Callable[[], object] | None = None,
        baudrate: int = 115_200,
        flow_control: FlowControl | Literal["none", "rtscts"] | None = None,
        dtr: bool = True,
        hang_up_on_close: bool = False,
        message_capacity: int = 1024,
        urc_capacity: int = 64,
        max_payload: int = 65_536,
        patience: float = 11.0,
        silence: float = 0.1,
        trace: str | os.PathLike[str] | None = None,
    ) -> Self: ...
    @property
    def state(self) -> LinkState:
        """Where the link stands: a LinkState."""
    def status(self) -> LinkStatus:
        """How the link is and has been: a LinkStatus."""
    def wait_up(self, timeout: float | None = None) -> None:
        """Waits until the link is up.

        Args:
            timeout: Longest time in seconds; None = as long as it takes.

        Raises:
            TimedOutError: With where it stands and what the last trouble was.
            Error: The one behind LinkState.REFUSED, as soon as it stands there: BrokerRefusedError for bad
                credentials.
            ClosedError: It is closed.
        """
    def retry(self) -> None:
        """Ends a wait for the next attempt, as after the cause of a refusal was removed; the next wait is the
        shortest again.
        """
    def modem(self) -> Modem:
        """The modem of the moment, for other commands: AT+CSQ, files, the network.

        It is closed when the link loses its port, and the link then has another. Its messages and events
        are those of the link, and callbacks cannot be set on it.

        Raises:
            InvalidStateError: The link has no port open.
        """
    def publish(
        self,
        topic: str,
        payload: _Payload,
        qos: QoS | int = 1,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> None:
        """Publishes a message and waits for its outcome; publish_start() does not wait.

        At QoS 1 and 2 that may take as long as the link is down.

        Args:
            topic: Without quotation marks and control bytes.
            payload: At most 1500 bytes, of any kind; a str is sent as UTF-8.
            qos: 0, 1 or 2.
            retain: Whether the broker keeps it for later subscribers.
            timeout: Longest time in seconds; None = as long as it takes. Past it the message goes on without
                its caller.

        Raises:
            InvalidArgumentError, DisconnectedError, QueueFullError, StorageError, ClosedError: As of
                publish_start(): it was not accepted. Also QueueFullError where it had to make room for
                another (WhenFull.DROP_OLDEST), and ClosedError where the link is closed meanwhile.
            UnconfirmedError: A message of QoS 2 that was cut short (WhenUnconfirmed.REPORT), one of QoS 0
                whose outcome is unknown, or the timeout is over.
            ModuleError, CmeError: The module keeps refusing it.
        """
    def publish_start(
        self,
        topic: str,
        payload: _Payload,
        qos: QoS | int = 1,
        retain: bool = False,
        *,
        timeout: float | None = None,
    ) -> Delivering:
        """Publishes a message without waiting for its outcome: a Delivering.

        When this returns the message is accepted: it is sent until its outcome is known, and with an outbox
        it is on disk.

        Args:
            topic: Without quotation marks and control bytes.
            payload: At most 1500 bytes, of any kind; a str is sent as UTF-8.
            qos: 0, 1 or 2.
            retain: Whether the broker keeps it for later subscribers.
            timeout: Longest time in seconds to wait for room in the queue (WhenFull.BLOCK); None = as long
                as it takes.

        Raises:
            InvalidArgumentError: The topic or payload cannot be sent.
            DisconnectedError: QoS 0, and the link is not up.
            QueueFullError: There is no room.
            StorageError: The outbox cannot be written.
            ClosedError: The link is closed.
        """
    def subscribe(self, topic: _Topic, qos: QoS | int = 1) -> None:
        """Subscribes to topic filters, now where the link is up, and after every connect. What the broker
        makes of each is told each time by an event, Subscribed.

        Args:
            topic: A topic filter, or a list of (topic filter, qos).
            qos: QoS of a topic that brings none of its own.

        Raises:
            InvalidArgumentError: A topic that is empty or too long, or has quotation marks or control bytes.
        """
    def unsubscribe(self, topic: str) -> bool:
        """Ends a subscription; whether there was one. Messages that are on their way may still come."""
    def flush(self, timeout: float | None = None) -> bool:
        """Waits until nothing waits to be sent; whether that is so.

        Args:
            timeout: Longest time in seconds; None = as long as it takes.
        """
    def messages(self, timeout: float | None = None) -> Messages:
        """The messages that the link receives, oldest first, over all its connections. They have one consumer;
        messages that come while there is none wait for it.

        Args:
            timeout: The iteration ends when no message has come for this many seconds; None = it ends with
                the link.

        Raises:
            InvalidStateError: Another iterator or the callback has them.
        """
    def events(self, timeout: float | None = None) -> Events:
        """The events of the link, oldest first; they have one consumer: LinkChange for every change of its
        state, Subscribed, and those of its ports but PortClosed. Messages are not among them.

        Args:
            timeout: The iteration ends when no event has come for this many seconds; None = it ends with
                the link.

        Raises:
            InvalidStateError: Another iterator or the callback has them.
        """
    @property
    def on_message(self) -> Callable[[Message], object] | None:
        """What is called with every message, on a thread of the library, one at a time and in order; None =
        nothing.

        Every call of the library may be made in it, publishing included, but close(). Exceptions in it are
        logged. When setting it to None returns, it does not run any more, except where it is itself the
        caller.

        Raises:
            InvalidStateError: When set, while an iterator has the messages.
        """
    @on_message.setter
    def on_message(self, callback: Callable[[Message], object] | None) -> None: ...
    @property
    def on_event(self) -> Callable[[Event], object] | None:
        """What is called with every event, on a thread of the library, one at a time; None = nothing.

        Every call of the library may be made in it but close(). Exceptions in it are logged. When setting
        it to None returns, it does not run any more, except where it is itself the caller.

        Raises:
            InvalidStateError: When set, while an iterator has the events.
        """
    @on_event.setter
    def on_event(self, callback: Callable[[Event], object] | None) -> None: ...
    def close(self) -> None:
        """Ends the link: says goodbye to the broker where it is up, which takes up to 10 s, and closes the
        port. Messages that wait end with ClosedError, but stay in the outbox where there is one: see flush().
        A callback that runs is waited for, and what it has not had is dropped. Again: nothing.

        Raises:
            CalledFromCallbackError: In a callback of this link, power_hook included: tell another thread to.
        """
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Delivering:
    """A message that a link has accepted; Link.publish_start() gives it.

    Dropping it leaves the message alone.
    """

    @property
    def number(self) -> int:
        """The number of the message: counts up with every message of a link, and with an outbox over all its
        runs.
        """
    def wait(self, timeout: float | None = None) -> None:
        """Waits for the outcome, any number of times and from any thread; it is always the same.

        Args:
            timeout: Longest time in seconds; None = as long as it takes, the time that the link is down
                included.

        Raises:
            UnconfirmedError: Not done within the timeout, and the message goes on, so wait again; or it
                ended so, see Link.publish().
            Error: What it ended with.
        """
    @property
    def done(self) -> bool:
        """Whether the outcome is there, so that wait() returns at once."""
    def add_done_callback(self, callback: Callable[[Delivering], object]) -> None:
        """Calls callback(delivering) once the outcome is there, on a thread of the library, one at a time and
        in the order of the outcomes.

        It is called once for each time that it was added, also where the outcome is there already or the
        link is closed, but not while the interpreter exits. Exceptions in it are logged. Every call of the
        library may be made in it.
        """

@final
class Message:
    """A message from the broker."""

    __match_args__: Final[tuple[Literal["topic"], Literal["payload"]]]
    @property
    def client(self) -> int:
        """The client 0..5 that received it."""
    @property
    def msgid(self) -> int:
        """The broker's packet id; 0 for QoS 0."""
    @property
    def generation(self) -> int:
        """The connection it came over: counts up with every open of the client."""
    @property
    def topic(self) -> str:
        """The topic. Should it not be UTF-8, its bad bytes read as U+FFFD, and are whole in topic_bytes."""
    @property
    def topic_bytes(self) -> bytes:
        """The topic as it came."""
    @property
    def payload(self) -> bytes:
        """The payload: any bytes."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Messages:
    """The messages of a client or link, one after the other; Client.messages() and Link.messages() give them.

    An iterator, and a context manager that gives the messages back for another consumer.
    """

    def get(self, timeout: float | None = None) -> Message | None:
        """The next message, or None when there is none within the time.

        Also None, at once, where the port is closed or lost, or the link closed, and everything has been
        read.

        Args:
            timeout: Longest time in seconds; 0 = only look; None = as long as the port or link is open.
        """
    def close(self) -> None:
        """Gives the messages back; what has not been read waits for the next consumer."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> Message: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Events:
    """The events of a port or link, one after the other; Modem.events() and Link.events() give them.

    An iterator, and a context manager that gives the events back for another consumer.
    """

    def get(self, timeout: float | None = None) -> Event | None:
        """The next event, or None when there is none within the time.

        Also None, at once, where the port is closed or lost, or the link closed, and everything has been
        read.

        Args:
            timeout: Longest time in seconds; 0 = only look; None = as long as the port or link is open.
        """
    def close(self) -> None:
        """Gives the events back; what has not been read waits for the next consumer."""
    def __iter__(self) -> Self: ...
    def __next__(self) -> Event: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class Files:
    """The user file system (UFS:) of the module; Modem.files() gives it.

    Names are 1..80 bytes, without quotation marks, control bytes and / \\ : * ?; the storage UFS: in
    front is optional and means the same file. There are no folders and there is no renaming. Files
    survive a restart.

    While a file is on its way no other command can go: publishes wait. Calls that take several commands
    are not atomic. Every call takes its timeout= in seconds for each of its commands, or else that of
    the modem.

    Raises (of every call):
        InvalidArgumentError: For a name, before anything is sent.
        CmeError: With the module's number 400..426 in code, also where it says it in words.
        ModuleError: The module says only ERROR.
        UnconfirmedError: It falls silent.
    """

    def upload(
        self,
        name: str,
        data: _Payload,
        *,
        progress: Callable[[int, int], object] | None = None,
        idle_timeout: int = 10,
        ack: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Writes a file, in the place of one of the same name (AT+QFDEL, AT+QFUPL), and compares size and
        checksum that the module reports with what was sent.

        The old file is deleted first, because the module cannot overwrite and cannot rename: when the
        upload fails there is none at all.

        Args:
            name: Name in the module.
            data: What is to be in it, one byte and up; a str is sent as UTF-8.
            progress: Called as progress(done, total) in bytes, on this thread: first with 0, then while
                the file is on its way, and last with the total once the module has confirmed it. An
                exception in it ends the call; the transfer goes on.
            idle_timeout: Seconds 1..65535 without input after which the module stops waiting for the
                rest.
            ack: Whether the module acknowledges every kilobyte, for a UART without flow control.
            timeout: Longest time in seconds of each command; None = that of the modem.

        Raises:
            ChecksumMismatchError: The module has other bytes than were sent.
            CmeError: 407 the old file cannot be deleted, 403 or 420 no room, 421 not all arrived.
            OperationFailedError: The module confirms another size or nothing.
        """
    def ensure(self, name: str, data: _Payload, *, timeout: float | None = None) -> bool:
        """Writes a file unless the module has it already; whether it did.

        A file of the same name counts as the same only where its size (AT+QFLST) and then every byte of
        it, read back (AT+QFREAD), are equal.
        """
    def list(self, pattern: str = "*", *, timeout: float | None = None) -> list[FileInfo]:
        """The files whose names fit a pattern with * and ?, as "*.pem" (AT+QFLST): a list of FileInfo."""
    def info(self, name: str, *, timeout: float | None = None) -> FileInfo | None:
        """One file (AT+QFLST): a FileInfo, or None where there is none."""
    def size(self, name: str, *, timeout: float | None = None) -> int | None:
        """The size of a file in bytes (AT+QFLST), or None where there is none."""
    def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Deletes a file (AT+QFDEL).

        Raises:
            CmeError: 405 where there is none.
        """
    def space(self, *, timeout: float | None = None) -> Space:
        """How much room there is (AT+QFLDS="UFS"): a Space."""
    def download(self, name: str, *, timeout: float | None = None) -> bytes:
        """Reads a file (AT+QFLST, AT+QFOPEN, AT+QFREAD, AT+QFCLOSE), in counted blocks.

        Raises:
            CmeError: 405 where there is no such file.
            OperationFailedError: It ends early, or other lines were printed into it.
        """
    @staticmethod
    def checksum(data: _Payload) -> int:
        """The checksum that the module reports for these bytes: XOR of the bytes in pairs."""

@final
class TlsContext:
    """One of the six SSL contexts of the module; Modem.tls() gives it.

    A client takes the settings at its next open: Client.configure(tls=context).
    """

    @property
    def index(self) -> int:
        """The number of the context, 0..5."""
    def configure(
        self,
        ca: PemSource | None = None,
        *,
        client_certificate: PemSource | None = None,
        private_key: PemSource | None = None,
        key_password: str | None = None,
        version: TlsVersion | int | None = None,
        cipher_suite: int = 0xFFFF,
        sni: bool = True,
        clock: Clock | Literal["check", "set and check", "ignore"] | None = None,
        negotiate_timeout: int = 60,
        insecure: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Sets the context up (AT+QSSLCFG), every setting of it, and uploads the certificates that the
        module does not have.

        A certificate or key is the path of a PEM file of this computer, PEM text as bytes, or
        OnModule(name). Blocks for the transfers and about ten commands.

        Args:
            ca: Certificate of the CA that must have signed the server's (seclevel 1).
            client_certificate: What the module shows where the server asks for one (seclevel 2).
            private_key: Its key.
            key_password: The password of an encrypted key, 1..127 bytes; never logged.
            version: TlsVersion; None = TLS 1.2.
            cipher_suite: IANA number, as 0xC02F; 0xFFFF = all that the module has.
            sni: Whether the host name is sent in the clear in front of the handshake.
            clock: Clock or "check", "set and check", "ignore": whether dates of certificates count; None
                = they do.
            negotiate_timeout: Longest time of a handshake in seconds, 10..300.
            insecure: Encrypts and checks nobody (seclevel 0), without ca: whoever is between the module
                and the broker can read and change everything. For trials only; a warning is logged.
            timeout: Longest time in seconds of each command; None = that of the modem.

        Raises:
            InvalidArgumentError: A certificate or key that is none, a file that cannot be read, a number
                out of range, a key without its password, neither ca nor insecure: nothing was sent.
            InvalidStateError: Dates count and the module's clock is not set.
            ModuleError, CmeError: The module refuses a setting; the text names it.
        """
    def delete_files(self, config: TlsConfig, *, timeout: float | None = None) -> list[str]:
        """Deletes the files that configure() has put into the module for this configuration (AT+QFDEL), the
        private key first.

        Their names follow from their contents, so that it works after a restart of either side, and with
        any context. Files that are OnModule stay, and so does what one of the other five contexts names. A
        file that is not there is none the worse for it.

        The context still names what is gone: an open with it fails until it is configured again. What an
        earlier configuration has left is found by Files.list("atmqtt-*"). A module's flash is not wiped:
        whoever takes it apart may still find what was deleted.

        Args:
            config: As configure() was given it; of it the certificates and the key count alone.
            timeout: Longest time in seconds of each command; None = that of the modem.

        Returns:
            The names of the files that are gone now.

        Raises:
            InvalidArgumentError: As configure(): nothing was sent.
            ModuleError, CmeError: The module refuses to delete a file; those in front of it are deleted.
        """
    def config(self, *, timeout: float | None = None) -> TlsSettings:
        """Asks the module for every setting (AT+QSSLCFG="...",context): a TlsSettings."""

@final
class Network:
    """The network that the module is in; Modem.network() gives it.

    MQTT needs none of this where the SIM has no PIN and the subscription brings its access point:
    AT+QMTOPEN activates its context by itself. Every call takes its timeout= in seconds for each of its
    commands, or else that of the modem.

    Raises (of every call):
        InvalidArgumentError: Nothing was sent.
        ModuleError, CmeError: As the module answers.
        OperationFailedError: The answer has another shape.
        UnconfirmedError: No final result code came in time.
    """

    def registration(self, *, timeout: float | None = None) -> Registration:
        """The module's registration for each kind of service (AT+CREG?, AT+CGREG?, AT+CEREG?)."""
    def signal(self, *, timeout: float | None = None) -> Signal:
        """How well the module hears the network (AT+CSQ); the same as Modem.signal()."""
    def operator(self, *, timeout: float | None = None) -> Operator:
        """Who runs the network, and where in the spectrum (AT+COPS?, AT+QNWINFO): an Operator.

        Takes up to 180 s while the module searches.
        """
    def sim(self, *, timeout: float | None = None) -> SimState:
        """What the SIM card is at (AT+CPIN?): a SimState. A card that is missing, blocked or busy is an
        answer here and no error.
        """
    def set_apn(self, context: int, apn: Apn | str, *, timeout: float | None = None) -> None:
        """Sets the access point of a PDP context (AT+QICSGP).

        The module takes it up at the next activation and forgets it when it restarts. Every value is
        written, empty ones too, so that nothing of an earlier program stays.

        Args:
            context: 1..16.
            apn: Apn, or its name alone.
            timeout: Longest time in seconds; None = that of the modem.
        """
    def apn(self, context: int, *, timeout: float | None = None) -> Apn:
        """The access point of PDP context 1..16 (AT+QICSGP=context): an Apn."""
    def activate(self, context: int, *, timeout: float | None = None) -> None:
        """Activates PDP context 1..16 (AT+QIACT). Takes up to 150 s.

        A context that is active already is none the worse for it.

        Raises:
            ModuleError, CmeError: With what AT+QIGETERROR gives as the reason.
        """
    def deactivate(self, context: int, *, timeout: float | None = None) -> None:
        """Deactivates PDP context 1..16 (AT+QIDEACT), which ends every connection on it. Takes up to 40 s.

        A context that is not active is none the worse for it.
        """
    def address(self, context: int, *, timeout: float | None = None) -> ContextAddress | None:
        """The addresses of PDP context 1..16 (AT+QIACT?): a ContextAddress, or None: it is not active."""
    def wait_ready(
        self,
        context: int = 1,
        timeout: float = 120.0,
        progress: Callable[[Readiness], object] | None = None,
    ) -> ContextAddress:
        """Waits until MQTT can begin: the SIM is ready, the module is registered, and the PDP context is
        active; activates it when its turn comes. Gives the context's addresses.

        Asks about once a second. A module that is starting or out of coverage is waited for.

        Args:
            context: PDP context 1..16.
            timeout: Longest time in seconds, and at most the one second and the command that is under
                way then.
            progress: Called with what each answer says (SimState, Registration, Activating, Ready,
                Trouble), on this thread. An exception in it ends the call.

        Raises:
            TimedOutError: With what was missing last.
            InvalidStateError: At once where the SIM wants a PIN or PUK.
            PortLostError, PortStuckError: At once.
        """
    def urc_port(self, *, timeout: float | None = None) -> UrcPort | str:
        """Where the module prints what nobody asked for (AT+QURCCFG="urcport"): a UrcPort, or a str where it
        is a port of another family.

        The results of MQTT commands are among it: on any other port than this, every open, connect,
        subscription and publish ends without its result.
        """
    def set_urc_port(self, port: UrcPort | str, *, timeout: float | None = None) -> None:
        """Sets where the module prints what nobody asked for (AT+QURCCFG="urcport",...).

        At once, and the module keeps it over a restart; not every module knows every port.

        Args:
            port: UrcPort, or the name on the wire.
            timeout: Longest time in seconds; None = that of the modem.
        """
    def clock(self, *, timeout: float | None = None) -> datetime:
        """The module's clock (AT+CCLK?): a datetime with the offset that the module has.

        By the standard its fields are local time, which this goes by; a module that was told to keep UTC
        (AT+CTZU=1 on some firmware) prints UTC in front of the offset all the same.
        """
    def set_clock(self, time: datetime | None = None, *, timeout: float | None = None) -> None:
        """Sets the module's clock (AT+CCLK). The time of the network may replace it (AT+CTZU).

        Args:
            time: A datetime with a time zone whose offset is whole quarters of an hour, 1970..2069;
                None = now, in UTC.
            timeout: Longest time in seconds; None = that of the modem.
        """

@final
class Emulator:
    """An emulated Quectel module: a pseudo-terminal that opens like any serial device, with an MQTT broker
    inside that every AT+QMTOPEN reaches.

    A context manager: leaving it stops the module. With broker="network" the connections lead to real
    brokers instead; then nobody is at the broker inside, and nothing is on its record.

    Args:
        profile: The dialect; Emulator.profiles() lists them.
        broker: "loopback", the broker inside, or "network", real TCP and TLS connections.
        baud: Paces both directions at this many bits a second, ten bits a byte; 0 = unpaced.
        latency: Seconds that every round trip to the broker inside takes.
        chunk: How output is cut: "whole", "byte" or "random".
        seed: For everything random.
        faults: What goes wrong, when and how often, as "lose-result:at=QMTSUB"; Emulator.faults()
            lists them.
        files: Folder for the files of the module, made if missing; None = in memory.
        trace: File for a trace of the line; None = kept for trace_text() only; False = none.
        link: A symbolic link to the device as well.
        replug_after: Seconds after which a module that hung up by itself comes back, on a new device
            behind the same link; None = it does not.

    Raises:
        ValueError: An option is wrong.
        OSError: There is no pseudo-terminal to be had, or a file cannot be made.
    """

    def __new__(
        cls,
        *,
        profile: str = "note",
        broker: Literal["loopback", "network"] = "loopback",
        baud: int = 0,
        latency: float = 0.0,
        chunk: Literal["whole", "byte", "random"] = "whole",
        seed: int = 0,
        faults: Sequence[str] = (),
        files: str | os.PathLike[str] | None = None,
        trace: str | os.PathLike[str] | Literal[False] | None = None,
        link: str | os.PathLike[str] | None = None,
        replug_after: float | None = None,
    ) -> Self: ...
    @property
    def port(self) -> str:
        """The device that the host opens. After a hang-up: the last one, until the module is plugged in
        again.
        """
    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
    @property
    def lost(self) -> int:
        """How many bytes were lost because the host did not read for very long: 16 MiB are kept."""
    def publish(self, topic: str, payload: _Payload, qos: QoS | int = 0, retain: bool = False) -> int:
        """Publishes at the broker inside, as another client would.

        Args:
            topic: Without wildcards.
            payload: Any bytes; a str is sent as UTF-8.
            qos: 0, 1 or 2.
            retain: Whether it is kept for later subscribers.

        Returns:
            How many clients it is for.

        Raises:
            ValueError: The topic is not one that can be published to.
        """
    def published(self, *, clear: bool = False) -> list[Published]:
        """What clients published so far, oldest first: a list of Published, at most the last 10 000."""
    def wait_published(self, count: int = 1, timeout: float | None = 10.0) -> list[Published]:
        """Waits until at least count publishes are on record, and gives the record.

        Args:
            count: How many.
            timeout: Longest time in seconds; None = no limit.

        Raises:
            TimeoutError: There are fewer; the text says how many.
        """
    def clients(self) -> list[str]:
        """The ids of the clients that are connected to the broker inside, in order."""
    def retained(self, topic: str) -> bytes | None:
        """The payload of the retained message of a topic at the broker inside, or None."""
    def close_client(self, client_id: str) -> bool:
        """The broker closes a client's connection; its will is published. False: no such client is
        connected.
        """
    def set_policy(
        self,
        *,
        levels: Sequence[int] = (3, 4),
        unavailable: bool = False,
        credentials: tuple[str, _Payload] | None = None,
        connack: Mapping[str, int] | None = None,
        max_granted_qos: QoS | int = 2,
    ) -> None:
        """Whom the broker inside lets in from now on; those who are in stay. Without arguments: everybody.

        Args:
            levels: Protocol levels that are taken, of 3 (MQTT 3.1) and 4 (MQTT 3.1.1); CONNACK 1 for
                others.
            unavailable: CONNACK 3 for everyone.
            credentials: User name and password that every client must give, or gets CONNACK 4.
            connack: CONNACK code for a client id, before its credentials are looked at.
            max_granted_qos: The highest QoS that a subscription is granted.
        """
    def inject_fault(self, spec: str) -> None:
        """Something goes wrong from now on, as inject_fault("reboot") or
        inject_fault("lose-result:at=QMTSUB"); Emulator.faults() lists what can.

        Raises:
            ValueError: It cannot be read; the text says what is wrong.
        """
    def inject_urc(self, line: str) -> None:
        """The module prints a line nobody asked for."""
    def hang_up(self) -> None:
        """Unplugs the module: the host gets a hang-up, and the device is gone when this returns."""
    def plug(self) -> None:
        """Plugs the module in again, freshly switched on and without its faults, on a new device behind the
        same link.

        Raises:
            OSError: There is no pseudo-terminal to be had, or the emulator has ended.
        """
    def trace_text(self) -> str:
        """What has passed the line so far, in both directions: one entry a line, with the seconds since
        the start, > to the module or < to the host, and the bytes with escapes. Empty with trace=False.
        """
    def stop(self) -> None:
        """Stops the module: the device and the link are gone when this returns. Again: nothing.

        Raises:
            OSError: What made it end before, if something failed.
        """
    @staticmethod
    def profiles() -> list[str]:
        """The names of the dialects."""
    @staticmethod
    def faults() -> list[tuple[str, str]]:
        """What can go wrong: the name of each fault, and what it does."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

def _at_exit() -> None:
    """Ends everything that could want the interpreter after it is gone: closes every port and link, which joins
    its callback thread and ends every wait, and lets those who waited come back. Registered with
    `atexit` by the module itself, for a thread that comes back later kills the process.
    """

def _disconnect_reason(code: int) -> tuple[str, str]:
    """The reason behind a +QMTSTAT code in words, and what the note advises."""

def _emulator_main(args: Sequence[str]) -> int:
    """The program atmqtt-emulator with these arguments, the first of which is its name; its exit status.

    Sets handlers for SIGINT and SIGTERM: for a process that does nothing else.
    """

def _shown(line: bytes) -> str:
    """A line of the serial port as the log shows it: escaped, secrets masked, at most 120 bytes."""

def _find_usb_port(port: UsbPort) -> str:
    """The device of a `UsbPort` at the moment."""
