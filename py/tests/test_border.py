"""Where Rust threads and the interpreter meet, each case in an interpreter of its own."""

from __future__ import annotations

import pytest

from conftest import Run

# A client whose callback publishes what it gets, so that it is called all the time.
BUSY = """
    import atmqtt, atexit, gc, logging, os, signal, sys, threading, time, weakref
    from atmqtt.emulator import Emulator

    emulator = Emulator(trace=False)
    modem = atmqtt.Modem(emulator.port)
    client = modem.client(0)
    client.open("broker")
    client.connect("me")
    client.subscribe("busy")
    called = threading.Event()

    def busy(message):
        called.set()
        time.sleep(0)
        client.publish_start("busy", message.payload)
"""

# Enough to keep the callback busy.
START = """
    client.on_message = busy
    for n in range(20):
        emulator.publish("busy", str(n))
    called.wait()
"""


@pytest.mark.parametrize("attempt", range(10))
def test_exit_while_callbacks_run(run: Run, attempt: int) -> None:
    """Neither the callback thread nor anything else keeps or kills the interpreter at its end."""
    done = run(BUSY + START + "    print('end')")
    assert done.stdout == "end\n"


def test_exit_while_events_are_called_back(run: Run) -> None:
    done = run(
        BUSY
        + """
    modem.on_event = lambda event: (called.set(), time.sleep(0))
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
        + """
    waiting = threading.Barrier(5)

    def wait(what):
        waiting.wait()
        try:
            what()
        except atmqtt.ClosedError:
            pass  # iterations end by themselves

    emulator.inject_fault("lose-result:at=QMTPUBEX,always")
    pending = client.publish_start("t", "p", 1)
    for what in (
        lambda: list(client.messages()),
        lambda: list(modem.events()),
        lambda: pending.wait(),
        lambda: emulator.wait_published(1000, timeout=None),
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
            except atmqtt.ClosedError:
                pass

    for call in (
        lambda: client.publish("t", "x"),
        lambda: modem.command("AT+CSQ"),
        lambda: client.state,
        lambda: modem.signal(),
        lambda: emulator.published(clear=True),
        lambda: [event for event in modem.events(timeout=0)],
    ):
        threading.Thread(target=hammer, args=(call,), daemon=True).start()
    time.sleep(0.05)
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_exit_with_a_done_callback_under_way(run: Run) -> None:
    done = run(
        BUSY
        + """
    emulator.inject_fault("lose-result:at=QMTPUBEX,always")
    for _ in range(5):
        client.publish_start("t", "p", 1).add_done_callback(lambda pending: time.sleep(0.01))
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_exit_handlers_of_the_program_may_use_the_modem(run: Run) -> None:
    """The library's own handler runs after those that were registered since the import."""
    done = run(
        BUSY
        + START
        + """
    atexit.register(lambda: print(modem.info().model, client.state.value))
    """
    )
    assert done.stdout == "EC200A connected\n"


def test_nothing_works_after_the_end(run: Run) -> None:
    """A handler that runs after the library's finds everything closed, and hangs in nothing."""
    done = run(
        """
    import atexit, time

    def late():
        modem.close()
        try:
            modem.command("AT")
        except atmqtt.ClosedError:
            print("closed")
        try:
            atmqtt.Modem(emulator.port)
        except atmqtt.ClosedError:
            print("no more")

    atexit.register(late)
    """
        + BUSY
        + START
    )
    assert done.stdout == "closed\nno more\n"


@pytest.mark.parametrize("attempt", range(5))
def test_forgotten_while_callbacks_run(run: Run, attempt: int) -> None:
    """The last reference may go anywhere: the port closes by itself, and nobody waits for it.

    The callback refers to its own client, which only the garbage collector finds out.
    """
    done = run(
        BUSY
        + """
    def start(modem, client):
        def callback(message):
            called.set()
            client.publish_start("busy", message.payload)

        client.on_message = callback
        emulator.publish("busy", "x")
        called.wait()
        return weakref.ref(modem), modem.port_name

    gone, port = start(modem, client)
    del modem, client
    while gone() is not None:
        gc.collect()
    while True:
        try:
            atmqtt.Modem(port).close()
            break
        except atmqtt.PortBusyError:
            time.sleep(0.01)
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_close_while_callbacks_run(run: Run) -> None:
    done = run(
        BUSY
        + """
    for _ in range(20):
        emulator = Emulator(trace=False)
        modem = atmqtt.Modem(emulator.port)
        client = modem.client(0)
        client.open("broker")
        client.connect("me")
        client.subscribe("busy")
        called.clear()
        client.on_message = busy
        emulator.publish("busy", "again")
        called.wait()
        modem.close()
        emulator.stop()
    print('end')
    """
    )
    assert done.stdout == "end\n"


def test_close_inside_a_callback(run: Run) -> None:
    done = run(
        BUSY
        + """
    tried = threading.Event()

    def close(message):
        try:
            modem.close()
        except atmqtt.CalledFromCallbackError as error:
            print(error.kind.name, isinstance(error, RuntimeError))
        client.publish("from/inside", "still open", 1)
        tried.set()

    client.on_message = close
    emulator.publish("busy", "x")
    tried.wait()
    modem.close()
    """
    )
    assert done.stdout == "CALLED_FROM_CALLBACK True\n"


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

    client.on_message = callback
    for n in range(4):
        emulator.publish("busy", str(n))
    done.wait()
    client.disconnect()
    called = threading.Event()
    modem.on_event = lambda event: called.set() or 1 / 0
    emulator.inject_urc("+X: 1")
    called.wait()
    modem.on_event = None
    client.open("broker")
    client.connect("me")
    client.publish_start("t", "p").add_done_callback(lambda pending: done.clear() or {}["k"])
    while done.is_set():
        time.sleep(0.001)
    modem.close()
    """
    )
    assert done.stdout.splitlines() == [
        "atmqtt ERROR on_message of client 0 raised an exception ValueError",
        "atmqtt ERROR on_message of client 0 raised an exception SystemExit",
        "atmqtt ERROR on_message of client 0 raised an exception KeyboardInterrupt",
        "atmqtt ERROR on_event raised an exception ZeroDivisionError",
        "atmqtt ERROR the callback of a pending operation raised an exception KeyError",
    ]


def test_fork(run: Run) -> None:
    """In the child every call answers closed, and a port that is opened there works."""
    done = run(
        BUSY
        + START
        + """
    import warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    messages_of = modem.client(1)
    events = modem.events()
    pending = client.publish_start("t", "p", 1)
    child = os.fork()
    if child == 0:
        calls = {
            "command": lambda: modem.command("AT"),
            "info": lambda: modem.info(),
            "publish": lambda: client.publish("t", "p"),
            "publish_start": lambda: client.publish_start("t", "p"),
            "open": lambda: client.open("broker"),
            "messages": lambda: messages_of.messages(),
            "close": lambda: modem.close(),
            "files": lambda: modem.files().list(),
            "network": lambda: modem.network().sim(),
            "wait": lambda: pending.wait(),
        }
        for name, call in calls.items():
            try:
                call()
            except atmqtt.ClosedError:
                pass
            else:
                print(name, "did not fail", flush=True)
        assert client.state is atmqtt.State.CLOSED
        assert list(events) == []
        with Emulator() as mine, atmqtt.Modem(mine.port) as own:
            print("child:", own.info().model, flush=True)
        print("child ends", flush=True)
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    pending.wait()
    print("parent:", status, modem.info().model)
    """
    )
    assert done.stdout == "child: EC200A\nchild ends\nparent: 0 EC200A\n"


WAITS = {
    "messages": "list(client.messages())",
    "events": "list(modem.events())",
    "get": "modem.events().get()",
    "command": "emulator.inject_fault('lose-final:at=CSQ'); modem.command('AT+CSQ')",
    "info": "emulator.inject_fault('lose-final:at=CIMI'); modem.info()",
    "publish": "client.publish('t', 'p', 1)",
    "publish with timeout": "client.publish('t', 'p', 1, timeout=50)",
    "pending": "client.publish_start('t', 'p', 1).wait()",
    "subscribe": "emulator.inject_fault('lose-result:at=QMTSUB'); client.subscribe('t')",
    "wait_published": "emulator.wait_published(9, timeout=None)",
    "wait_ready": "emulator.inject_fault('registration:code=2'); modem.network().wait_ready()",
    "upload": "emulator.inject_fault('lose-final:at=QFUPL'); modem.files().upload('f', b'x')",
    "open": "atmqtt.Modem(other, patience=50)",
    "close": "client.on_message = lambda _: (called.set(), time.sleep(50)); "
    "emulator.publish('busy', 'x'); called.wait(); modem.close()",
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS.keys())
def test_ctrl_c_interrupts(run: Run, wait: str) -> None:
    """Long before the wait would end by itself, which the time-out of the test does not leave it."""
    done = run(
        BUSY
        + """
    # A port with nobody behind it.
    master, slave = os.openpty()
    other = os.ttyname(slave)
    emulator.inject_fault("lose-result:at=QMTPUBEX,always")
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        exec(sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    # What was interrupted may go on in the module; nobody waits for it here.
    os._exit(0)
    """,
        wait,
        timeout=20,
    )
    assert done.stdout == "interrupted\n"


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
    assert client.messages().get(timeout=0.5) is None
    stop.set()
    thread.join()
    print(counted > 1000)
    """
    )
    assert done.stdout == "True\n"


def test_a_closed_modem_lets_go_of_its_callbacks(run: Run) -> None:
    done = run(
        BUSY
        + """
    class Callback:
        def __call__(self, message):
            called.set()

    callback = Callback()
    gone = weakref.ref(callback)
    client.on_message = callback
    modem.on_event = callback
    emulator.publish("busy", "x")
    called.wait()
    del callback
    assert gone() is not None
    modem.close()
    assert gone() is None
    """
    )
    assert done.stdout == ""


def test_threads_hammer_one_client(run: Run) -> None:
    """With the log on, whose handler is slow and calls back into the library."""
    done = run(
        BUSY
        + """
    class Handler(logging.Handler):
        def emit(self, record):
            time.sleep(0)
            client.state

    logger = logging.getLogger("atmqtt")
    logger.addHandler(Handler())
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    received = []
    client.on_message = received.append
    client.subscribe("hammer/#", 1)
    failures = []

    def hammer(n):
        try:
            for i in range(25):
                client.publish(f"hammer/{n}", str(i), qos=1)
                client.state, client.generation, client.on_message
                modem.command("AT+CSQ")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while len(received) < 200 and not failures:
        time.sleep(0.001)
    print(failures, len(received))
    """
    )
    assert done.stdout == "[] 200\n"
