"""A connection to the broker that is made again when it is lost, as the Mosquitto clients do."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator

from .. import (
    Backoff,
    Error,
    ErrorKind,
    Granted,
    InputLost,
    Lagged,
    Link,
    LinkCause,
    LinkCauseKind,
    LinkChange,
    LinkState,
    Subscribed,
    TlsConfig,
    WhenAlive,
)
from . import exits, session
from .exits import Failure
from .options import EMULATED, Options, Parser
from .output import Output

__all__ = ["Connection", "add_options", "connection"]

ATTACH = 60.0
"""Seconds that one attempt waits for SIM, registration and PDP context."""

BACKOFF = Backoff(most=60.0)
"""A person may be waiting."""


def add_options(parser: Parser) -> None:
    """What is to be done about a connection that is lost."""
    group = parser.add_argument_group(
        "connection",
        "One that is lost is made again, whatever it takes: a restart of the module,\n"
        "the port found again. The first one must succeed.",
    )
    exclusive = group.add_mutually_exclusive_group()
    exclusive.add_argument(
        "--keep-trying",
        action="store_true",
        help="try until there is a first connection too, and when the broker refuses one",
    )
    exclusive.add_argument(
        "--no-reconnect",
        action="store_true",
        help="end when the connection is lost, with the exit code for it",
    )


class Connection:
    """A link with somebody who looks after it: tells of troubles, and ends it where they are the end."""

    def __init__(self, link: Link, options: Options, output: Output) -> None:
        self.link = link
        self._options = options
        self._output = output
        self._changed = threading.Condition()
        self._ups = 0
        self._closed = False
        self._failure: Error | Failure | None = None
        self._granted: dict[str, Granted] = {}
        self._told: str | None = None
        self._thread = threading.Thread(target=self._watch, name="events", daemon=True)
        self._thread.start()

    def wait_up(self) -> None:
        """Waits for a first connection."""
        self._wait(lambda: self._ups > 0)

    def wait_subscribed(self, topics: Iterable[str]) -> dict[str, Granted]:
        """Waits until the broker has answered about each topic; what it granted."""
        wanted = set(topics)
        self._wait(lambda: wanted <= set(self._granted))
        return self._granted

    def failure(self) -> Error | Failure:
        """Why the link has ended."""
        self._thread.join()
        return self._failure or Failure("the link was closed", exits.LIBRARY + ErrorKind.CLOSED)

    def _wait(self, done: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: done() or self._closed)
            if done():
                return
        raise self.failure()

    def _watch(self) -> None:
        for event in self.link.events():
            with self._changed:
                match event:
                    case LinkChange(state=LinkState.UP):
                        self._up()
                    case LinkChange(state=LinkState.WAITING | LinkState.REFUSED):
                        self._trouble(event)
                    case Subscribed(topic=topic, granted=granted):
                        self._granted[topic] = granted
                        if granted is Granted.REFUSED:
                            self._output.warn(f"{topic}: the broker refused the subscription")
                    case Lagged(count=count):
                        self._output.warn(f"{count} messages were dropped: printing is too slow")
                    case InputLost(what=what):
                        self._output.warn(f"lost: {what}")
                    case _:
                        pass
                self._changed.notify_all()
            if self._failure is not None:
                break
        self.link.close()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _up(self) -> None:
        self._ups += 1
        if self._told is not None:
            self._output.warn("connected again" if self._ups > 1 else "connected")
            self._told = None

    def _trouble(self, change: LinkChange) -> None:
        failure = _failure(change.cause)
        if self._ups == 0 or change.state is LinkState.REFUSED:
            is_end = not self._options.keep_trying
        else:
            is_end = bool(self._options.no_reconnect)
        if is_end:
            self._failure = failure
        elif str(failure) != self._told:
            self._told = str(failure)
            self._output.warn(f"{failure}; trying again in {change.retry_in or 0.0:.0f} s, and so on")


def _failure(cause: LinkCause) -> Error | Failure:
    """What the cause of a trouble is to a command."""
    if cause.error is not None:
        return cause.error
    disconnected = exits.LIBRARY + ErrorKind.DISCONNECTED
    if cause.reason is not None:
        return Failure(f"disconnected: {cause.reason.text}; {cause.reason.advice}", disconnected)
    texts = {
        LinkCauseKind.PING_FAILED: "disconnected: no answer to a ping",
        LinkCauseKind.RESTARTED: "the module has restarted",
        LinkCauseKind.PDP_DEACTIVATED: "the network has dropped the PDP context",
    }
    return Failure(texts.get(cause.kind, f"disconnected: {cause}"), disconnected)


class _NoLinkStates(logging.Filter):
    """What the library logs of a link, its connection tells in words of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno != logging.WARNING or not record.getMessage().startswith("the link is ")


@contextlib.contextmanager
def connection(
    options: Options, output: Output, subscriptions: Iterable[tuple[str, int]] = ()
) -> Iterator[Connection]:
    """A link to the broker that the options name, closed at the end."""
    logging.getLogger("atmqtt").addFilter(_NoLinkStates())
    with (
        session.port(options) as path,
        Link(
            path,
            session.client_id(options),
            (options.host or EMULATED, options.port),
            username=options.username,
            password=options.pw,
            subscriptions=list(subscriptions),
            apn=session.apn(options),
            tls=TlsConfig(**session.tls(options)) if options.tls else None,
            tls_context=options.tls_context,
            config=session.config(options),
            client=options.client,
            attach_timeout=ATTACH,
            # Left behind by a program that was killed; nobody else has the port.
            when_alive=WhenAlive.REPLACE,
            backoff=BACKOFF,
            baudrate=options.baud,
            flow_control=session.flow_control(options),
        ) as link,
    ):
        yield Connection(link, options, output)
