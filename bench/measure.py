"""How a benchmark is run: the kernel and its NumPy reference on the same arrays, one group of pytest-benchmark each.

extra_info holds the rate (GFLOP/s or GB/s) and its share of what this machine can do, measured in the same session.
"""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import _core, quickbench

Array = np.ndarray[Any, Any]
SECONDS = 0.3  # for the rounds of one kernel
ONLY_KERNELS = {"algorithm", "precision"}  # options that the references have no use for


@dataclass(frozen=True)
class Case:
    """A function of fastcnn.kernels, which fastcnn.reference has too, and its arguments."""

    name: str
    function: str
    arguments: Callable[[], tuple[Any, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    flops: float = 0.0  # of a direct computation
    bytes: float = 0.0  # that have to be moved: each array once
    others: dict[str, Callable[..., Any]] = field(default_factory=dict)  # more contenders, called with the arguments

    def contenders(self) -> dict[str, Callable[..., Any]]:
        sides = {"fastcnn": getattr(fastcnn.kernels, self.function)}
        if hasattr(fastcnn.reference, self.function):
            sides["reference"] = getattr(fastcnn.reference, self.function)
        return {**sides, **self.others}


def empty(*shape: int) -> Array:
    """Begins at a cache line, as arrays of fastcnn's programs and PyTorch's tensors do and NumPy's do by chance."""
    return _core.aligned_bytes(4 * math.prod(shape)).view(np.float32).reshape(shape)


def normal(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(dtype=np.float32, out=empty(*shape))


def uniform(*shape: int) -> Array:
    """In (0, 1]: for logarithms, divisors, squared gradients."""
    x = np.random.default_rng(0).random(dtype=np.float32, out=empty(*shape))
    return np.subtract(1, x, out=x)


def turn(call: Callable[[], Any], seconds: float = 0.01) -> float:
    """Seconds of a call: the median of those that are made in that time, after one that does not count."""
    call()
    times: list[float] = []
    begin = start = time.perf_counter()
    while start < begin + seconds:
        call()
        end = time.perf_counter()
        times.append(end - start)
        start = end
    return statistics.median(times)


def run(benchmark: Any, case: Case, side: str) -> None:
    """One contender on one case."""
    call, arguments = case.contenders()[side], case.arguments()
    options = {} if side in case.others else dict(case.options)
    if side == "reference":
        options = {name: value for name, value in options.items() if name not in ONLY_KERNELS}
    start = time.perf_counter()
    call(*arguments, **options)  # the first call builds threads and touches pages
    first = time.perf_counter() - start
    rounds = 2 if side == "reference" else int(np.clip(SECONDS / max(first, 1e-9), 5, 300))
    iterations = 1 if first > 1e-4 else 20
    benchmark.group = case.name
    benchmark.pedantic(call, args=arguments, kwargs=options, rounds=rounds, iterations=iterations)
    if benchmark.stats is None:  # --benchmark-disable
        return
    seconds = benchmark.stats.stats.median
    info = benchmark.extra_info
    info.update(function=case.function, side=side, isa=fastcnn.show_config("dicts")["cpu"]["isa"])
    info.update(
        threads=fastcnn.get_num_threads(), peak_gflops=quickbench.machine_peak(), copy_gbs=quickbench.machine_copy()
    )
    if case.flops:
        info["gflops"] = case.flops / seconds * 1e-9
        info["share_of_peak"] = info["gflops"] / info["peak_gflops"]
    if case.bytes:
        info["gbs"] = case.bytes / seconds * 1e-9
        info["share_of_copy"] = info["gbs"] / info["copy_gbs"]


def benchmarks(cases: list[Case]) -> Callable[..., None]:
    """The test function of a file: every case of the list with every contender."""
    parameters = [
        pytest.param(case, side, id=f"{case.name}: {side}")
        for case in cases
        if callable(getattr(fastcnn.kernels, case.function, None))
        for side in case.contenders()
    ]

    @pytest.mark.parametrize(("case", "side"), parameters)
    def test(benchmark: Any, case: Case, side: str) -> None:
        run(benchmark, case, side)

    return test
