"""Hostile calls: valid arguments of which one or several are broken. As a program: makes calls [first, last) of one
instruction set, and writes the number of each before it is made, so that its reader knows which one was the last."""

import re
import resource
import sys
import time
from typing import Any

import calls
import numpy as np

from fastcnn import _core

MEMORY = 6 << 30
SECONDS = 1.0
HUGE = (2**31, 2**40, 2**62, 2**63 - 1, 2**63, 2**70, -1, -(2**31), -(2**63), 0)
FLOATS = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, -1.0, 0.0, 1e-320)
OTHERS = (
    None,
    "same",
    "",
    "x" * 1000,
    "\ud800",
    "a\0b",
    b"relu",
    1j,
    [],
    (),
    {},
    object(),
    True,
    10**400,
    [None],
    [[1], [1, 2]],
)
# What an error may call an argument besides its own name: the names of its parts, in Python's words and the C API's.
PARTS = {
    "strides": ("stride", "stride_h", "stride_w"),
    "padding": ("pad", "pad_top", "pad_bottom", "pad_left", "pad_right"),
    "dilation": ("dilation_h", "dilation_w"),
    "pool_size": ("pool", "window"),
    "x": ("h", "w", "c", "h * w", "y", "mean", "the result"),
    "x_shape": ("x", "h", "w", "c", "the result"),
    "w_shape": ("w", "kh", "kw", "filter"),
    "w": ("filter", "kh", "kw", "kernel", "multiplier"),
    "dy": ("y", "h", "w", "output height", "output width"),
    "size": ("oh", "ow"),
    "output_size": ("oh", "ow"),
    "paddings": ("padding",),
    # the words of the C API
    "images": ("image",),
    "matrices": ("matrix",),
    "x1": ("a", "b"),
    "y_true": ("labels",),
    "weight": ("scale",),
    "negative_slope": ("alpha",),
    "label_smoothing": ("parameter",),
    "delta": ("parameter",),
    "shape": ("dx",),
    "num_classes": ("depth", "labels"),
    "pointwise_kernel": ("k",),
}


def broken_array(rng: np.random.Generator, a: calls.Array) -> Any:
    """One array in one of the ways in which it can be wrong, or merely unusual."""
    if not isinstance(a, np.ndarray) or a.size >= 2**20 or a.dtype.kind not in "biuf":  # broken before
        return a
    shapes = list(a.shape)
    grown = tuple(d + (i == int(rng.integers(max(1, a.ndim)))) for i, d in enumerate(a.shape))
    emptied = tuple(0 if rng.integers(2) else d for d in a.shape)
    long_empty = tuple(
        0 if i == int(rng.integers(max(1, a.ndim))) else 2**40 if rng.integers(2) else d for i, d in enumerate(shapes)
    )
    ways = [
        lambda: a[None],
        lambda: a.ravel(),
        lambda: np.zeros(a.shape[1:], a.dtype),
        lambda: np.ones(grown, a.dtype),
        lambda: np.ones(emptied, a.dtype),
        lambda: np.empty(long_empty if 0 in long_empty else 0, a.dtype),
        lambda: np.broadcast_to(a.dtype.type(1), (2**20,) * max(a.ndim, 2)) if a.ndim < 4 else a[:, :0],
        lambda: np.broadcast_to(a.dtype.type(1), (2**40, *a.shape[1:])),
        lambda: a.astype(np.complex64),
        lambda: a.astype("U3"),
        lambda: a.astype(object),
        lambda: np.zeros(a.shape, "M8[s]"),
        lambda: np.ma.masked_array(a),
        lambda: np.full(a.shape, rng.choice(np.array(FLOATS))),
        lambda: np.full(a.shape, 2**62),
        lambda: np.full(a.shape, -1),
        lambda: a.astype(np.float64) * 1e300,
        lambda: a.tolist(),
        lambda: float("nan"),
        lambda: np.float32(1),
        lambda: 7,
        lambda: OTHERS[int(rng.integers(len(OTHERS)))],
    ]  # fmt: skip
    try:
        return ways[int(rng.integers(len(ways)))]()
    except (ValueError, MemoryError):  # NumPy cannot make such an array
        return a


def broken(rng: np.random.Generator, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return broken_array(rng, value)
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        i = int(rng.integers(len(value)))
        return calls.pick(
            rng, [*value[:i], broken_array(rng, value[i]), *value[i + 1 :]], [], value[0], None, value * 300
        )
    if rng.integers(4) == 0:
        return OTHERS[int(rng.integers(len(OTHERS)))]
    if isinstance(value, tuple) and value and rng.integers(4):
        i = int(rng.integers(len(value)))
        ways = [
            lambda: value[:-1],
            lambda: (*value, 1),
            lambda: list(value),
            lambda: (*value[:i], broken(rng, value[i]), *value[i + 1 :]),
        ]
        return ways[int(rng.integers(4)) if rng.integers(2) else 3]()
    if isinstance(value, float) or rng.integers(4) == 0:
        return FLOATS[int(rng.integers(len(FLOATS)))]
    if rng.integers(6) == 0:
        return tuple(HUGE[int(rng.integers(len(HUGE)))] for _ in range(int(rng.integers(1, 5))))
    return HUGE[int(rng.integers(len(HUGE)))]


def hostile(number: int) -> tuple[str, calls.Arguments]:
    """The call of this number: its function and its arguments."""
    rng = np.random.default_rng([7, number])
    names = sorted(calls.CALLS)
    name = names[number % len(names)]
    given = calls.arguments(name, number)
    left_out = [p for p in calls.parameters(name) if p not in given]  # these too may be given something silly
    for _ in range(calls.pick(rng, 1, 1, 1, 2, 3)):
        key = calls.pick(rng, *given, *given, *left_out)
        given[key] = broken(rng, given.get(key, 1))
    return name, given


def names_argument(name: str, message: str) -> bool:
    words = [word for p in calls.parameters(name) for word in (p, *PARTS.get(p, ()))]
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", message) for word in words)


def complaint(name: str, given: calls.Arguments) -> str:
    """What is wrong with how the call ended, or ''."""
    wall, cpu = time.perf_counter(), time.process_time()
    wrong = ""
    try:
        calls.call(name, given)
    except (ValueError, TypeError, MemoryError) as error:
        if isinstance(error, UnicodeError):
            wrong = f"{type(error).__name__}: {error}"
        elif not (isinstance(error, MemoryError) and "shape" in str(error)) and not names_argument(name, str(error)):
            wrong = f"the message names no argument: {type(error).__name__}: {error}"
    except BaseException as error:
        wrong = f"{type(error).__name__}: {error}"
    seconds = min(time.perf_counter() - wall, time.process_time() - cpu)
    return wrong or (f"took {seconds:.1f} s" if seconds > SECONDS else "")


def described(name: str, given: calls.Arguments) -> str:
    def short(value: Any) -> str:
        if isinstance(value, np.ndarray):
            return f"{value.dtype}{list(value.shape)}" + (f" of {value.flat[0]!r}" if value.size else "")
        if isinstance(value, list):
            return "[" + ", ".join(short(v) for v in value[:3]) + (", ..." if len(value) > 3 else "") + "]"
        return repr(value)[:80]

    return f"{name}({', '.join(f'{key}={short(value)}' for key, value in given.items())})"


def main(isa: str, first: int, last: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _core.set_isa(isa)
    for number in range(first, last):
        print(number, flush=True)
        name, given = hostile(number)
        with np.errstate(all="ignore"):
            wrong = complaint(name, given)
        if wrong:
            print(f"! call {number}: {described(name, given)}: {wrong}", flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
