"""``python -m fastcnn doctor``: is this installation sound, and does this machine run it as it should?

Each check of the self-test runs one kernel on one instruction set and compares it with the NumPy reference. Tested is
what is listed in ``_CASES``.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fastcnn import _core, kernels, reference
from fastcnn.config import as_text, facts


@dataclass(frozen=True)
class Finding:
    """One result of the self-test; ``detail`` says what went wrong, or how exact it was."""

    name: str
    good: bool
    detail: str


def _integers(seed: int, *shape: int) -> np.ndarray[Any, Any]:
    """Small integers: every sum of their products is exact, so results compare without a tolerance."""
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


# The arguments of each kernel; odd sizes, so that no vector width divides them.
_CASES: dict[str, Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "matmul": lambda: ((_integers(1, 37, 65), _integers(2, 65, 83)), {}),
    "conv2d": lambda: ((_integers(3, 2, 15, 17, 5), _integers(4, 3, 3, 5, 19)), {"padding": "same"}),
    "conv2d_dx": lambda: ((_integers(5, 2, 15, 17, 19), _integers(6, 3, 3, 5, 19), (2, 15, 17, 5), (1, 1), "same"), {}),
    "conv2d_dw": lambda: ((_integers(7, 2, 15, 17, 5), _integers(8, 2, 15, 17, 19), (3, 3, 5, 19), (1, 1), "same"), {}),
    "depthwise_conv2d": lambda: ((_integers(9, 2, 11, 13, 21), _integers(10, 3, 3, 21, 1)), {"padding": "same"}),
    "max_pool2d": lambda: ((_integers(11, 2, 13, 15, 21), (3, 3)), {"strides": (2, 2)}),
    "avg_pool2d": lambda: ((_integers(12, 2, 12, 16, 21), (2, 2)), {}),
    "relu": lambda: ((_integers(13, 1001),), {}),
    "tanh": lambda: ((_integers(14, 1001),), {}),
    "softmax": lambda: ((_integers(15, 17, 23),), {}),
    "add": lambda: ((_integers(16, 9, 1, 31), _integers(17, 5, 31)), {}),
}
_TOLERANCE = 1e-6  # relative L2 against float64


def _compare(name: str) -> str:
    """Runs the kernel and its reference; the words of a difference, or nothing."""
    arguments, options = _CASES[name]()
    got = getattr(kernels, name)(*arguments, **options)
    expected = np.asarray(getattr(reference, name)(*arguments, **options), np.float64)
    if got.shape != expected.shape:
        return f"shape {got.shape}, expected {expected.shape}"
    error = float(np.linalg.norm(got - expected)) / (float(np.linalg.norm(expected)) or 1.0)
    return "" if error <= _TOLERANCE else f"relative error {error:.2g}, expected at most {_TOLERANCE:g}"


def self_test() -> list[Finding]:
    """Every listed kernel on every instruction set of this CPU, with one thread and with all."""
    findings = []
    names = [name for name in _CASES if callable(getattr(kernels, name, None))]
    isa_before, threads_before = _core.get_isa(), _core.get_num_threads()
    try:
        for isa in _core.available_isas():
            _core.set_isa(isa)
            for threads in sorted({1, threads_before}):
                _core.set_num_threads(threads)
                for name in names:
                    try:
                        problem = _compare(name)
                    except Exception as error:  # a doctor reports, whatever happened
                        problem = f"{type(error).__name__}: {error}"
                    label = f"{name} on {isa}, {threads} thread{'s' * (threads > 1)}"
                    findings.append(Finding(label, not problem, problem or "agrees with the reference"))
    finally:
        _core.set_isa(isa_before)
        _core.set_num_threads(threads_before)
    return findings


def warnings(sections: dict[str, Any]) -> list[str]:
    """What is not wrong with fastcnn, but with the surroundings."""
    words = []
    threads, runtimes = sections["threads"], sections["openmp runtimes"]
    if len(runtimes) > 1:
        words.append(f"{len(runtimes)} OpenMP runtimes in this process: their threads compete for the same cores")
    available = min(threads["affinity"], threads["cgroup quota"] or threads["affinity"])
    if threads["in use"] > available:
        words.append(f"{threads['in use']} threads on {available} usable cores: slower than {available} threads")
    if sections["cpu"]["isa"] == "base" and sections["cpu"]["architecture"] in ("x86_64", "AMD64"):
        words.append("no AVX2 in use: several times slower than on a CPU that has it")
    if sections["fastcnn"]["version"] != sections["fastcnn"]["library"]:
        words.append("libfastcnn is of another version than the Python package: install again")
    return words


def main(as_json: bool = False) -> int:
    """Prints the report; 0 when every check passed."""
    sections = facts()
    findings = self_test()
    failed = [finding for finding in findings if not finding.good]
    notes = warnings(sections)
    if as_json:
        report = {**sections, "warnings": notes, "self-test": [asdict(f) for f in findings], "healthy": not failed}
        print(json.dumps(report, indent=2))
    else:
        print(as_text(sections))
        print("".join(f"warning: {note}\n" for note in notes), end="")
        print(f"self-test         {len(findings) - len(failed)} of {len(findings)} passed")
        for finding in failed:
            print(f"  FAILED {finding.name}: {finding.detail}")
    return 1 if failed else 0
