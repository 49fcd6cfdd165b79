"""Where the threads of links and the interpreter meet, each case in an interpreter of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Run

# A link whose callback publishes what it gets, so that it is called all the time.
BUSY = """
    import atmqtt, atexit, gc, logging, os, signal, sys, threading, time, weakref
    from atmqtt.emulator import Emulator

    logging.getLogger("atmqtt").addHandler(logging.NullHandler())
    emulator = Emulator(trace=False)
    QUICK = atmqtt.Backoff(first=0.02, most=0.2, refused=3600)

    def start(port=emulator.port, **options):
        options = {"subscriptions": "busy", "silence": 0, "backoff": QUICK, **options}
        return atmqtt.Link(port, "me", "broker", **options)

    link = start()
    link.wait_up(30)
    called = threading.Event()

    def busy(message):
        called.set()
        time.sleep(0)
        link.publish_start("busy", message.payload, 0)
"""

# Enough to keep the callback busy.
START = """
    def keep_busy():
        while not emulator.publish("busy", "first"):
            time.sleep(0.001)  # until it is subscribed
        for n in range(19):
            emulator.publish("busy", str(n))

    link.on_message = busy
    keep_busy()
    called.wait()
"""

# A link that is down, and stays so.
DOWN = """
    emulator.inject_fault("connack:code=5,always")
    emulator.close_client("me")
    while link.state is not atmqtt.LinkState.REFUSED:
        time.sleep(0.001)
"""


@pytest.mark.parametrize("attempt", range(10))
def test_exit_while_callbacks_run(run: Run, attempt: int) -> None:
    """None of the threads keeps or kills the interpreter at its end."""
    done = run(BUSY + START + "    print('end')")
    assert done.stdout == "end\n"


def test_exit_while_events_are_called_back(run: Run) -> None:
    done = run(
        BUSY
        + """
    link.on_event = lambda event: (called.set(), time.sleep(0))
    stop = time.monotonic() + 0.2
    while time.monotonic() < stop:
        emulator.inject_urc("+QIND: 1")
    called.wait()
    print('end')
    """
    )
    assert done.stdout == "end\n"


@pytest.mark.parametrize("attempt", range(5))
def test_exit_while_daemon_threads_wait(run: Run, attempt: int) -> None:
    """A thread that waits in a call of the library comes back before the interpreter goes."""
    done = run(
        BUSY
        + DOWN
        + """
    link.close()
    link = start(queue_messages=1)
    try:
        link.wait_up()
    except atmqtt.BrokerRefusedError:
        pass
    waiting = threading.Barrier(7)

    def wait(what):
        waiting.wait()
        try:
            what()
        except atmqtt.ClosedError:
            pass  # iterations end by themselves

    delivering = link.publish_start("t", "p")
    nobody = atmqtt.Link("/nowhere", "me", "broker")
    for what in (
        lambda: list(link.messages()),
        lambda: list(link.events()),
        lambda: delivering.wait(),
        lambda: link.publish("t", "no room"),
        lambda: link.flush(),
        lambda: nobody.wait_up(),
    ):
        threading.Thread(target=wait, args=(what,), daemon=True).start()
    waiting.wait()
    print('end')
    """
    )
    assert done.stdout == "end\n"


@pytest.mark.parametrize("attempt", range(5))
def test_exit_while_daemon_threads_are_busy(run: Run, attempt: int) -> None:
    """Threads that call all the time come out of the library before the interpreter goes."""
    done = run(
        BUSY
        + START
        + """
    def hammer(call):
        while True:
            try:
                call()
            except atmqtt.InvalidStateError:
                pass
            except atmqtt.ClosedError:
                return  # CPython 3.10 may crash by itself where threads are busy when it ends

    for call in (
        lambda: link.publish("t", "x"),
        lambda: link.status(),
        lambda: link.state,
        lambda: link.modem().signal(),
        lambda: link.subscribe("more"),
        lambda: link.unsubscribe("more"),
        lambda: [event for event in link.events(timeout=0)],
        lambda: link.publish_start("t", "y").add_done_callback(lambda _: None),
        lambda: link.retry(),
    ):
        threading.Thread(target=hammer, args=(call,), daemon=True).start()
    time.sleep(0.05)
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_exit_with_outcomes_to_come(run: Run) -> None:
    done = run(
        BUSY
        + DOWN
        + """
    for _ in range(50):
        link.publish_start("t", "p").add_done_callback(lambda _: time.sleep(0.01))
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_exit_while_the_power_hook_runs(run: Run) -> None:
    """It is waited for, as a callback is."""
    done = run(
        BUSY
        + """
    def hook():
        called.set()
        time.sleep(0.2)
        print('switched', flush=True)

    master, slave = os.openpty()
    deaf = start(os.ttyname(slave), patience=0.05, restart_time=0.1, power_hook=hook)
    called.wait()
    print('end', flush=True)
    """
    )
    assert done.stdout == "end\nswitched\n"


def test_exit_says_no_goodbye(run: Run, tmp_path: Path) -> None:
    """A program that ends without closing its link has its will published."""
    done = run(
        BUSY
        + """
    link.close()
    watched = Emulator(trace=sys.argv[1])
    link = start(watched.port)
    link.wait_up(30)
    print('end')
    """,
        str(tmp_path / "trace"),
    )
    assert done.stdout == "end\n"
    sent = (tmp_path / "trace").read_text()
    assert "AT+QMTCONN=0" in sent
    assert "AT+QMTDISC" not in sent


def test_exit_handlers_of_the_program_may_use_the_link(run: Run) -> None:
    """The library's own handler runs after those that were registered since the import."""
    done = run(
        BUSY
        + START
        + """
    atexit.register(lambda: print(link.modem().info().model, link.state.value, link.close()))
    """
    )
    assert done.stdout == "EC200A up None\n"


def test_nothing_works_after_the_end(run: Run) -> None:
    """A handler that runs after the library's finds everything closed, and hangs in nothing."""
    done = run(
        """
    import atexit

    def late():
        link.close()
        for name, call in {
            "publish": lambda: link.publish("t", "p"),
            "wait_up": lambda: link.wait_up(),
            "start": lambda: start(),
        }.items():
            try:
                call()
            except atmqtt.ClosedError:
                print(name, "closed")

    atexit.register(late)
    """
        + BUSY
        + START
    )
    assert done.stdout == "publish closed\nwait_up closed\nstart closed\n"


@pytest.mark.parametrize("attempt", range(5))
def test_forgotten_while_callbacks_run(run: Run, attempt: int) -> None:
    """The last reference may go anywhere: the link ends by itself, and nobody waits for it.

    The callbacks refer to their own link, which only the garbage collector finds out.
    """
    done = run(
        BUSY
        + """
    def begin(link):
        def callback(message):
            called.set()
            link.publish_start("busy", message.payload, 0)

        link.on_message = callback
        link.on_event = lambda event: link.state
        while not emulator.publish("busy", "x"):
            time.sleep(0.001)
        called.wait()
        return weakref.ref(link)

    gone = begin(link)
    del link
    while gone() is not None:
        gc.collect()
    while True:
        try:
            atmqtt.Modem(emulator.port, silence=0).close()
            break
        except atmqtt.PortBusyError:
            time.sleep(0.01)
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_forgotten_inside_its_own_callback(run: Run) -> None:
    """The last reference goes on a thread of the link itself."""
    done = run(
        BUSY
        + """
    held = [link]
    del link

    def callback(message):
        held.clear()
        called.set()

    held[0].on_message = callback
    while not emulator.publish("busy", "x"):
        time.sleep(0.001)
    called.wait()
    while True:
        try:
            atmqtt.Modem(emulator.port, silence=0).close()
            break
        except atmqtt.PortBusyError:
            time.sleep(0.01)
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_a_link_lives_as_long_as_who_waits_on_it(run: Run) -> None:
    done = run(
        BUSY
        + """
    gone = weakref.ref(link)
    messages = link.messages(timeout=30)
    delivering = link.publish_start("busy", "x")
    del link
    gc.collect()
    delivering.wait(30)
    while not emulator.publish("busy", "y"):
        time.sleep(0.001)
    print({next(messages).payload for _ in range(1)} <= {b"x", b"y"}, gone() is not None)
    del messages, delivering
    gc.collect()
    print(gone())
    """
    )
    assert done.stdout == "True True\nNone\n"


def test_close_while_callbacks_run(run: Run) -> None:
    done = run(
        BUSY
        + """
    link.close()
    for _ in range(10):
        link = start()
        link.wait_up(30)
        called.clear()
        link.on_message = busy
        while not emulator.publish("busy", "again"):
            time.sleep(0.001)
        called.wait()
        link.close()
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_close_inside_callbacks(run: Run) -> None:
    done = run(
        BUSY
        + """
    tried = []

    def close(what):
        def callback(*_):
            try:
                link.close()
            except atmqtt.CalledFromCallbackError as error:
                tried.append(error.kind.name)
            link.publish(what, "still open")
            called.set()
        return callback

    link.on_message = close("from/message")
    while not emulator.publish("busy", "x"):
        time.sleep(0.001)
    called.wait()
    called.clear()
    link.on_event = close("from/event")
    emulator.inject_urc("+X: 1")
    called.wait()
    link.close()
    print(set(tried))
    """
    )
    assert done.stdout == "{'CALLED_FROM_CALLBACK'}\n"


def test_close_where_an_outcome_is_told(run: Run) -> None:
    """That is no callback of the link: it may be closed there."""
    done = run(
        BUSY
        + """
    link.publish_start("t", "x").add_done_callback(lambda _: (link.close(), called.set()))
    called.wait()
    print(link.state.value)
    """
    )
    assert done.stdout == "closed\n"


def test_exceptions_in_callbacks_go_to_the_log(run: Run) -> None:
    """Whatever is raised, the next message is delivered."""
    done = run(
        BUSY
        + """
    class Handler(logging.Handler):
        def emit(self, record):
            print(record.name, record.levelname, record.getMessage(), record.exc_info[0].__name__)

    logger = logging.getLogger("atmqtt")
    logger.addHandler(Handler())
    logger.propagate = False
    raised = [ValueError("v"), SystemExit(3), KeyboardInterrupt(), None]
    done = threading.Event()

    def callback(message):
        error = raised.pop(0)
        if error is None:
            done.set()
        else:
            raise error

    link.on_message = callback
    while not emulator.publish("busy", "0"):
        time.sleep(0.001)
    for n in range(3):
        emulator.publish("busy", str(n))
    done.wait()
    called = threading.Event()
    link.on_event = lambda event: called.set() or 1 / 0
    emulator.inject_urc("+X: 1")
    called.wait()
    link.on_event = None
    told = threading.Event()
    delivering = link.publish_start("t", "p")
    delivering.add_done_callback(lambda _: {}["k"])
    delivering.add_done_callback(lambda _: told.set())
    told.wait()
    link.close()
    """
    )
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "atmqtt ERROR on_message of a link raised an exception ValueError",
        "atmqtt ERROR on_message of a link raised an exception SystemExit",
        "atmqtt ERROR on_message of a link raised an exception KeyboardInterrupt",
    ]
    # What had waited is called back as well.
    assert set(lines[3:-1]) == {"atmqtt ERROR on_event of a link raised an exception ZeroDivisionError"}
    assert lines[-1] == "atmqtt ERROR the callback of a message raised an exception KeyError"


def test_fork(run: Run) -> None:
    """In the child every call answers closed, and a link that is started there works."""
    done = run(
        BUSY
        + START
        + """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    events = link.events()
    delivering = link.publish_start("t", "p")
    modem = link.modem()
    child = os.fork()
    if child == 0:
        calls = {
            "status": lambda: link.status(),
            "wait_up": lambda: link.wait_up(),
            "publish": lambda: link.publish("t", "p"),
            "publish_start": lambda: link.publish_start("t", "p"),
            "subscribe": lambda: link.subscribe("t"),
            "unsubscribe": lambda: link.unsubscribe("t"),
            "flush": lambda: link.flush(),
            "modem": lambda: link.modem(),
            "command": lambda: modem.command("AT"),
            "close": lambda: link.close(),
            "wait": lambda: delivering.wait(),
        }
        for name, call in calls.items():
            try:
                call()
            except atmqtt.ClosedError:
                pass
            else:
                print(name, "did not fail", flush=True)
        link.retry()
        assert link.state is atmqtt.LinkState.CLOSED
        assert list(events) == []
        with Emulator() as mine, start(mine.port) as own:
            own.wait_up(30)
            print("child:", own.modem().info().model, flush=True)
        print("child ends", flush=True)
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    delivering.wait()
    print("parent:", status, link.modem().info().model, link.state.value)
    """
    )
    assert done.stdout == "child: EC200A\nchild ends\nparent: 0 EC200A up\n"


WAITS = {
    "messages": "list(link.messages())",
    "events": "[event for event in link.events()]",
    "get": "link.messages().get()",
    "wait_up": "atmqtt.Link('/nowhere', 'me', 'broker').wait_up()",
    "publish": "link.publish('t', 'p')",
    "publish with timeout": "link.publish('t', 'p', timeout=50)",
    "publish that waits for room": "full.publish('t', 'p')",
    "publish_start that waits for room": "full.publish_start('t', 'p')",
    "delivering": "link.publish_start('t', 'p').wait()",
    "flush": "link.publish_start('t', 'p'); link.flush()",
    "command": "emulator.inject_fault('lose-final:at=CSQ'); link.modem().command('AT+CSQ')",
    "close": "link.on_event = lambda _: (called.set(), time.sleep(50)); called.wait(); link.close()",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_ctrl_c_interrupts(run: Run, wait: str) -> None:
    """Long before the wait would end by itself, which the time-out of the test does not leave it."""
    done = run(
        BUSY
        + DOWN
        + """
    full = atmqtt.Link("/nowhere", "me", "broker", queue_messages=1)
    full.publish_start("t", "p")
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        exec(sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    # What was interrupted may go on; nobody waits for it here.
    os._exit(0)
    """,
        wait,
        timeout=20,
    )
    assert done.stdout == "interrupted\n"


def test_a_publish_that_was_interrupted_is_not_made(run: Run) -> None:
    """It waited for room, so that it was not accepted."""
    done = run(
        BUSY
        + """
    full = atmqtt.Link("/nowhere", "me", "broker", queue_messages=1)
    full.publish_start("t", "p")
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        full.publish("t", "interrupted")
    except KeyboardInterrupt:
        print(full.status().accepted)
    """
    )
    assert done.stdout == "1\n"


def test_other_threads_run_during_a_wait(run: Run) -> None:
    done = run(
        BUSY
        + """
    counted = 0

    def count():
        global counted
        while not stop.is_set():
            counted += 1

    stop = threading.Event()
    thread = threading.Thread(target=count)
    thread.start()
    try:
        atmqtt.Link("/nowhere", "me", "broker").wait_up(0.5)
    except atmqtt.TimedOutError:
        pass
    stop.set()
    thread.join()
    print(counted > 1000)
    """
    )
    assert done.stdout == "True\n"


def test_a_closed_link_lets_go_of_its_callbacks(run: Run) -> None:
    done = run(
        BUSY
        + """
    class Callback:
        def __call__(self, *_):
            called.set()

    link.close()
    callback = Callback()
    gone = weakref.ref(callback)
    link = start(power_hook=callback)
    link.on_message = callback
    link.on_event = callback
    called.wait()
    del callback
    assert gone() is not None
    link.close()
    assert gone() is None
    """
    )
    assert done.stdout == ""


def test_threads_hammer_one_link(run: Run) -> None:
    """While its connection ends, and with the log on, whose handler is slow and calls the library."""
    done = run(
        BUSY
        + """
    class Handler(logging.Handler):
        def emit(self, record):
            time.sleep(0)
            link.state

    logger = logging.getLogger("atmqtt")
    logger.addHandler(Handler())
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    received = []
    link.on_message = received.append
    link.subscribe("hammer/#", 1)
    failures = []

    def hammer(n):
        try:
            for i in range(25):
                link.publish(f"hammer/{n}", str(i))
                link.state, link.status(), link.on_message
                if n == i == 3:
                    emulator.close_client("me")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [message.payload for message in emulator.published() if message.topic == "hammer/5"]
    # In order, and none is missing; some may have come twice.
    seen = list(dict.fromkeys(sent))
    print(failures, seen == [str(i).encode() for i in range(25)], link.status().connections)
    link.close()
    """
    )
    assert done.stdout == "[] True 2\n"
