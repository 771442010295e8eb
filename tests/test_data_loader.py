"""Threads that work ahead: the order, the bounds, exceptions, the end."""

import threading
import time

import pytest

from fastcnn.data import in_order


def loaders():
    return [t for t in threading.enumerate() if t.name.startswith("fastcnn-loader")]


@pytest.fixture(autouse=True)
def _threads_end():
    yield
    assert not loaders()


def slower_at_first(i):
    time.sleep(0.002 * (5 - i % 5))
    return i * i


@pytest.mark.parametrize("workers", [0, 1, 2, 8])
@pytest.mark.parametrize("depth", [1, 3, 100])
def test_results_come_in_order(workers, depth):
    assert list(in_order(slower_at_first, range(20), workers, depth)) == [i * i for i in range(20)]
    assert list(in_order(slower_at_first, [], workers, depth)) == []


@pytest.mark.parametrize(("workers", "depth", "ahead"), [(0, 1, 1), (1, 4, 4), (3, 1, 3), (2, 5, 5)])
def test_no_more_is_loaded_than_asked_for(workers, depth, ahead):
    asked = []
    results = in_order(lambda i: i, (asked.append(i) or i for i in range(100)), workers, depth)
    for taken in range(1, 11):
        next(results)
        assert len(asked) == taken + ahead - 1
    results.close()


@pytest.mark.parametrize("workers", [0, 1, 2, 8])
def test_exceptions_come_in_their_place(workers):
    def work(i):
        if i in (5, 7):
            raise ValueError(f"the {i}th")
        return i

    results = in_order(work, range(100), workers, 10)
    found = []
    with pytest.raises(ValueError, match="the 5th"):
        found.extend(results)
    with pytest.raises(ValueError, match="the 5th"):
        for i in in_order(work, range(100), workers, 10):
            found.append(i)
    assert found[-5:] == [0, 1, 2, 3, 4]
    assert not loaders()


def test_threads_end_when_nobody_wants_more():
    for end in ("close", "forget"):
        results = in_order(slower_at_first, range(10**9), 4, 8)
        next(results)
        assert len(loaders()) == 4
        if end == "close":
            results.close()
        del results
        assert not loaders()


def test_endless_indices():
    from itertools import count

    results = in_order(lambda i: -i, count(), 2, 4)
    assert [next(results) for _ in range(5)] == [0, -1, -2, -3, -4]
    results.close()


def test_threads_do_work_at_the_same_time():
    together = threading.Barrier(3, timeout=120)
    assert list(in_order(lambda i: together.wait() >= 0, range(6), 3, 3)) == [True] * 6


@pytest.mark.parametrize(
    ("workers", "depth", "message"),
    [(-1, 1, "workers must be 0 or more, got -1"), (2, 0, "depth must be 1 or more, got 0")],
)
def test_arguments(workers, depth, message):
    with pytest.raises(ValueError, match=message):
        in_order(abs, [1], workers, depth)


def test_default_number_of_threads():
    from fastcnn.data.loader import default_workers

    assert 1 <= default_workers(None) <= 4
    assert (default_workers(0), default_workers(7)) == (0, 7)


PROGRAM = """
import threading, time
from fastcnn.data import in_order

def work(i):
    time.sleep(0.05)
    return i

results = in_order(work, range(10**6), 4, 8)
try:
    for i in results:
        print(i, flush=True)
except KeyboardInterrupt:
    results.close()
    print("left", [t.name for t in threading.enumerate() if t.name.startswith("fastcnn")], flush=True)
    raise
"""


def test_ctrl_c():
    """The signal of the keyboard, while four threads are loading: the program ends, and at once."""
    import signal
    import subprocess
    import sys

    process = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "0\n"
    process.send_signal(signal.SIGINT)
    try:
        out, error = process.communicate(timeout=120)  # all of them take hours
    finally:
        process.kill()
    assert out.endswith("left []\n")
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert process.returncode != 0


INTERRUPTED_ANYWHERE = """
import sys, threading
from fastcnn.data import in_order

def interrupting(at):
    count = 0
    def trace(frame, event, arg):
        nonlocal count
        if frame.f_code.co_filename.endswith(("loader.py", "threading.py", "_base.py", "thread.py")):
            count += 1
            if count == at:
                raise KeyboardInterrupt
        return trace
    return trace

interrupted, at, results = True, 0, None
while interrupted:
    interrupted, at = False, at + 1
    sys.settrace(interrupting(at))
    try:
        results = in_order(abs, range(12), 2, 4)
        for i in results:
            pass
    except KeyboardInterrupt:
        interrupted = True
    sys.settrace(None)
    print(at, flush=True)
    if results is not None:
        results.close()
print("ended")
"""


def test_an_interruption_at_any_step():
    """Wherever the exception of a signal comes, no thread waits for ever."""
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-P", "-c", INTERRUPTED_ANYWHERE], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    *steps, last = done.stdout.split()
    assert last == "ended"
    assert len(steps) > 100


def test_progress_of_what_takes_long(capsys):
    from fastcnn.data.caching import watched

    def slow():
        for i in range(3):
            time.sleep(0.01)
            yield i

    assert list(watched(slow(), 3, "caching", verbose=True)) == [0, 1, 2]
    assert "caching" not in capsys.readouterr().err  # not worth a bar
    bar = watched(slow(), 3, "caching in a.npy", verbose=True)
    bar.delay, bar.start_t, bar.mininterval = 0, 0, 0
    list(bar)
    assert "caching in a.npy" in capsys.readouterr().err
    assert list(watched([1], 1, "", verbose=False)) == [1]
