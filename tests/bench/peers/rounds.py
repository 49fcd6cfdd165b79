"""What every peer says and hears: see peer.rs."""

import sys
import time
from collections.abc import Callable


def run(work: Callable[[], object]) -> None:
    """Does the work as often as is asked for, again and again."""
    print("ready", flush=True)
    for line in sys.stdin:
        begun, before = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            work()
        print(time.perf_counter() - begun, time.process_time() - before, flush=True)
