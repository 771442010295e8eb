"""Work done ahead by threads, whose results come in the order in which they were asked for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
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
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(workers, thread_name_prefix="fastcnn-loader")
    waiting: deque[Any] = deque()
    try:
        for i in indices:
            waiting.append(pool.submit(work, i))
            if len(waiting) == depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # What is under way is waited for: it may be reading from something that the caller is about to close.
        pool.shutdown(wait=True, cancel_futures=True)
