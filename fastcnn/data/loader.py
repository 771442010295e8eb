"""Work done ahead by threads, whose results come in the order in which they were asked for."""

import _thread
import atexit
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

__all__ = ["default_workers", "in_order"]


def default_workers(workers: int | None) -> int:
    """As many threads as are asked for; else one for each core that the process may use, but at most 4."""
    if workers is not None:
        return workers
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, cores)


def in_order(work: Callable[[Any], Any], indices: Iterable[Any], workers: int, depth: int) -> Iterator[Any]:
    """``work(i)`` for every ``i``, computed ahead by threads.

    What comes out does not depend on the number of threads, if ``work`` depends on nothing but its argument. An
    exception of ``work(i)`` is raised where its result would have come; what comes after is dropped. The threads end
    when the generator does: at its end, at an exception, or when it is closed or forgotten.

    Args:
        work: called from several threads at a time.
        indices: asked for one by one, by the thread that takes the results.
        workers: how many threads; 0 computes each result when it is asked for.
        depth: how many results may be under way or waiting, at least as many as there are workers.

    Example:
        >>> list(in_order(lambda i: i * i, range(5), workers=2, depth=3))
        [0, 1, 4, 9, 16]
    """
    if workers < 0:
        raise ValueError(f"workers must be 0 or more, got {workers}")
    if workers == 0:
        return (work(i) for i in indices)
    if depth < 1:
        raise ValueError(f"depth must be 1 or more, got {depth}")
    return _ahead(work, iter(indices), workers, max(depth, workers))


def _ahead(work: Callable[[Any], Any], indices: Iterator[Any], workers: int, depth: int) -> Iterator[Any]:
    crew = _Crew(work, workers)
    waiting: deque[SimpleQueue[Any]] = deque()
    try:
        crew.start()
        for i in indices:
            waiting.append(crew.give(i))
            if len(waiting) == depth:
                yield _result(waiting.popleft())
        while waiting:
            yield _result(waiting.popleft())
    finally:
        crew.end()


def _result(answer: SimpleQueue[Any]) -> Any:
    value, error = answer.get()
    if error is not None:
        raise error
    return value


class _Crew:
    """Threads that work on what they are given.

    The exception of a signal (Ctrl-C) may come between any two steps of the main thread; where that has just taken a
    lock of ``threading`` or ``concurrent.futures``, the lock stays taken and a worker waits for it for ever. So the
    thread that gives the work uses queues only, which are C code, and another thread starts the workers.
    """

    def __init__(self, work: Callable[[Any], Any], workers: int) -> None:
        self.tasks: SimpleQueue[Any] = SimpleQueue()
        self.threads = [
            threading.Thread(target=_labour, args=(work, self.tasks), name=f"fastcnn-loader-{i}", daemon=True)
            for i in range(workers)
        ]

    def start(self) -> None:
        started: SimpleQueue[None] = SimpleQueue()

        def start() -> None:
            for thread in self.threads:
                thread.start()
            started.put(None)

        atexit.register(self.end)  # a kernel under way must not meet the end of the interpreter
        _thread.start_new_thread(start, ())
        started.get()

    def give(self, i: Any) -> SimpleQueue[Any]:
        answer: SimpleQueue[Any] = SimpleQueue()
        self.tasks.put((i, answer))
        return answer

    def end(self) -> None:
        # What is under way is waited for: it may be reading from something that the caller is about to close.
        atexit.unregister(self.end)
        with suppress(Empty):
            while True:
                self.tasks.get_nowait()
        for _ in self.threads:
            self.tasks.put(None)
        for thread in self.threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()


def _labour(work: Callable[[Any], Any], tasks: SimpleQueue[Any]) -> None:
    while (task := tasks.get()) is not None:
        i, answer = task
        try:
            answer.put((work(i), None))
        except BaseException as error:
            answer.put((None, error))
        del task, i, answer  # nothing is held while waiting
