"""A process that has used every thread may fork, and both sides go on computing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys, time
import numpy as np
from fastcnn import kernels, set_num_threads

set_num_threads(4)
x = np.linspace(-1, 1, 400_000, dtype=np.float32)
expected = kernels.relu(x)

def correct():
    return np.array_equal(kernels.relu(x), expected)

def fork_once():
    child = os.fork()
    if child == 0:
        os._exit(0 if correct() else 1)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False
"""
PLAIN = "print(sum(fork_once() and correct() for _ in range(100)))"
FROM_A_THREAD = """
import threading
counts = []
def work():
    assert correct()
    counts.append(sum(fork_once() and correct() for _ in range(50)))
thread = threading.Thread(target=work); thread.start(); thread.join()
counts.append(sum(fork_once() and correct() for _ in range(50)))
print(sum(counts))
"""
WHILE_BUSY = """
import threading
stop = threading.Event()
broken = []
def busy():
    while not stop.is_set():
        if not correct():
            broken.append(1)
thread = threading.Thread(target=busy); thread.start()
count = sum(fork_once() for _ in range(100))
stop.set(); thread.join()
print(count - 1000 * len(broken))
"""
MULTIPROCESSING = """
import multiprocessing, threading
context = multiprocessing.get_context("fork")
def answer(queue): queue.put(correct())
def once():
    queue = context.SimpleQueue()
    process = context.Process(target=answer, args=(queue,))
    process.start()
    process.join(60)
    alive = process.is_alive()
    if alive:
        process.kill()
        process.join()
    return not alive and process.exitcode == 0 and queue.get()
counts = [sum(once() and correct() for _ in range(50))]
def work(): counts.append(sum(once() and correct() for _ in range(50)))
thread = threading.Thread(target=work); thread.start(); thread.join()
print(sum(counts))
"""
GRANDCHILD = """
child = os.fork()
if child == 0:
    good = correct() and fork_once() and correct()
    os._exit(0 if good else 1)
print(100 * (os.waitpid(child, 0)[1] == 0))
"""
WHILE_FREEING = """
import ctypes, threading
with open("/proc/self/maps") as maps:
    library = ctypes.CDLL(next(line.split()[-1] for line in maps if "libfastcnn" in line))
library.fastcnn_alloc.restype, library.fastcnn_free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
library.fastcnn_set_cache_limit(ctypes.c_size_t(8 << 20))
stop = threading.Event()
def busy():
    while not stop.is_set():
        for block in [library.fastcnn_alloc(size << 20) for size in (5, 6)]:
            library.fastcnn_free(block)
thread = threading.Thread(target=busy); thread.start()
count = sum(fork_once() for _ in range(100))
stop.set(); thread.join()
print(count)
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PLAIN, id="os.fork"),
        pytest.param(FROM_A_THREAD, id="from-a-second-thread"),
        pytest.param(WHILE_BUSY, id="while-another-thread-computes"),
        pytest.param(WHILE_FREEING, id="while-another-thread-frees"),
        pytest.param(MULTIPROCESSING, id="multiprocessing"),
        pytest.param(GRANDCHILD, id="grandchild"),
    ],
)
def test_fork_after_use(body: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore::DeprecationWarning", "-c", SCRIPT + body],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ),
    )
    assert done.stdout == "100\n", done.stdout + done.stderr


def llvm_openmp() -> str | None:
    """Where LLVM's OpenMP lies, if it is installed."""
    patterns = ("lib*/libomp.so.5", "lib/llvm-*/lib/libomp.so.5", "lib/*-linux-gnu/libomp.so.5")
    return next((str(path) for pattern in patterns for path in Path("/usr").glob(pattern)), None)


@pytest.mark.skipif(llvm_openmp() is None, reason="needs LLVM's OpenMP")
@pytest.mark.parametrize("body", [pytest.param(PLAIN, id="os.fork"), pytest.param(FROM_A_THREAD, id="from-a-thread")])
def test_fork_where_another_openmp_serves(body: str) -> None:
    """As in programs that clang compiled, or with LD_PRELOAD; it keeps its locks while it lets others prepare.

    The child ends at once: what that library's threads do in it is its own affair.
    """
    script = SCRIPT.replace("os._exit(0 if correct() else 1)", "os._exit(0)")
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore::DeprecationWarning", "-c", script + body],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "LD_PRELOAD": llvm_openmp() or "", "KMP_BLOCKTIME": "0"},
    )
    assert done.stdout == "100\n", done.stdout + done.stderr
