"""``python -m fastcnn bench``: a dozen kernels on shapes of real networks, in a few seconds.

Each beside the same function in NumPy (fastcnn.reference) and beside what this machine can do at all, measured here.
For serious measurements there is bench/ in the source tree.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from fastcnn import _core, kernels, reference
from fastcnn.config import cpu_model

Call = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """``call`` takes a module, kernels or reference, and runs one function of it."""

    name: str
    call: Call
    flops: float = 0.0
    bytes: float = 0.0


@dataclass(frozen=True)
class Row:
    name: str
    milliseconds: float
    numpy_milliseconds: float
    rate: float  # GFLOP/s or GB/s
    unit: str
    share: float  # of the machine's peak or copy bandwidth


def machine_peak(seconds: float = 0.15) -> float:
    """Multiply-adds on registers, GFLOP/s with the threads in use; measured once for each number of them."""
    return _peak(_core.get_num_threads(), seconds)


def machine_copy(seconds: float = 0.15) -> float:
    """The faster of plain and streaming copies of 128 MiB, GB/s with the threads in use; measured likewise."""
    return _copy(_core.get_num_threads(), seconds)


@cache
def _peak(threads: int, seconds: float) -> float:
    return float(_core.probe_peak(threads, seconds))


@cache
def _copy(threads: int, seconds: float) -> float:
    return max(float(_core.probe_copy(threads, 1 << 27, streaming, seconds)) for streaming in (False, True))


def cases() -> list[Case]:
    """Those of the kernels' cases that this build has."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray[Any, Any]:
        return rng.standard_normal(shape, dtype=np.float32)

    a, b = normal(1024, 1024), normal(1024, 1024)
    image, first = normal(1, 224, 224, 3), normal(3, 3, 3, 64)
    middle, square = normal(1, 56, 56, 128), normal(3, 3, 128, 128)
    dy, small = normal(1, 56, 56, 128), normal(1, 1, 128, 256)
    large, logits = normal(8, 56, 56, 128), normal(1024, 1000)
    conv = 2.0 * 56 * 56 * 9 * 128 * 128
    size = 4.0 * large.size
    listed = [
        ("matmul", "matmul 1024", lambda m: m.matmul(a, b), 2.0 * 1024**3, 0.0),
        ("conv2d", "conv2d 3x3, 3 to 64, 224x224", lambda m: m.conv2d(image, first, padding="same"),
         2.0 * 224 * 224 * 27 * 64, 0.0),
        ("conv2d", "conv2d 3x3, 128, 56x56", lambda m: m.conv2d(middle, square, padding="same"), conv, 0.0),
        ("conv2d_dx", "  its input gradient",
         lambda m: m.conv2d_dx(dy, square, middle.shape, (1, 1), "same", (1, 1), 1), conv, 0.0),
        ("conv2d_dw", "  its weight gradient",
         lambda m: m.conv2d_dw(middle, dy, square.shape, (1, 1), "same", (1, 1), 1), conv, 0.0),
        ("conv2d", "conv2d 1x1, 128 to 256, 56x56", lambda m: m.conv2d(middle, small), 2.0 * 56 * 56 * 128 * 256, 0.0),
        ("max_pool2d", "max_pool2d 2x2", lambda m: m.max_pool2d(large, 2), 0.0, 1.25 * size),
        ("avg_pool2d", "avg_pool2d 2x2", lambda m: m.avg_pool2d(large, 2), 0.0, 1.25 * size),
        ("relu", "relu", lambda m: m.relu(large), 0.0, 2 * size),
        ("gelu", "gelu", lambda m: m.gelu(large), 0.0, 2 * size),
        ("softmax", "softmax", lambda m: m.softmax(logits), 0.0, 8.0 * logits.size),
        ("add", "add", lambda m: m.add(large, large), 0.0, 2 * size),
    ]  # fmt: skip
    return [
        Case(name, call, flops, bytes)
        for function, name, call, flops, bytes in listed
        if callable(getattr(kernels, function, None))
    ]


def best_time(run: Callable[[], Any], seconds: float) -> float:
    """The shortest of as many runs as fit into the time, at least two."""
    best, end, runs = float("inf"), time.perf_counter() + seconds, 0
    while runs < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        runs += 1
    return best


def measure(case: Case, seconds: float) -> Row:
    case.call(kernels)  # pages, threads
    ours = best_time(lambda: case.call(kernels), seconds)
    numpy = best_time(lambda: case.call(reference), 0.0)
    work, unit, limit = (case.flops, "GFLOP/s", machine_peak()) if case.flops else (case.bytes, "GB/s", machine_copy())
    rate = work / ours * 1e-9
    return Row(case.name, ours * 1e3, numpy * 1e3, rate, unit, rate / limit)


def as_table(rows: list[Row]) -> str:
    threads = _core.get_num_threads()
    lines = [
        f"{cpu_model()}, {_core.get_isa()}, {threads} thread{'s' * (threads > 1)}: "
        f"peak {machine_peak():.0f} GFLOP/s, copy {machine_copy():.0f} GB/s",
        "",
        f"{'kernel':<32}{'ms':>9}{'NumPy ms':>11}{'times faster':>14}{'rate':>9} {'':<8}{'of the limit':>12}",
    ]
    for row in rows:
        lines.append(
            f"{row.name:<32}{row.milliseconds:>9.3f}{row.numpy_milliseconds:>11.2f}"
            f"{row.numpy_milliseconds / row.milliseconds:>14.1f}{row.rate:>9.1f} {row.unit:<8}{row.share:>12.0%}"
        )
    if any(row.share > 1 and row.unit == "GFLOP/s" for row in rows):
        lines += [
            "",
            "Above 100 %: Winograd's algorithm does the work of a direct convolution with fewer multiplications.",
        ]
    return "\n".join(lines)


def main(seconds: float = 0.3, as_json: bool = False) -> int:
    rows = [measure(case, seconds) for case in cases()]
    if as_json:
        report = {
            "cpu": cpu_model(),
            "isa": _core.get_isa(),
            "threads": _core.get_num_threads(),
            "peak GFLOP/s": machine_peak(),
            "copy GB/s": machine_copy(),
            "kernels": [asdict(row) for row in rows],
        }
        print(json.dumps(report, indent=2))
    else:
        print(as_table(rows))
    return 0
