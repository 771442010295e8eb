"""Random valid calls of every function on every instruction set, for a build with sanitizers: each array in a block of
memory of its own that ends where the array ends, at every alignment. "overrun" reads one float past an array: the
sanitizer must say so."""

import ctypes
import sys
from functools import partial
from typing import Any

import calls
import numpy as np

from fastcnn import _core


def exact(offset: int, _: str, a: calls.Array) -> Any:
    """A copy in the last bytes of a block of its own, `offset` bytes from its start."""
    if not a.size or (a.itemsize > 4 and offset % a.itemsize):
        return a.copy()
    return block(a, offset)


def block(a: calls.Array, offset: int) -> Any:
    memory = np.empty(offset + a.nbytes, np.uint8)
    copy = memory[offset:].view(a.dtype).reshape(a.shape)
    copy[...] = a
    return copy


def main(rounds: int) -> None:
    print(_core.__file__, flush=True)
    made = 0
    for isa in _core.available_isas():
        _core.set_isa(isa)
        for name in calls.CALLS:
            for seed in range(rounds):
                _core.set_num_threads(1 + seed % 2)
                print(isa, name, seed, flush=True)
                given = calls.map_arrays(calls.arguments(name, seed), partial(exact, 4 * (seed % 16)))
                with np.errstate(all="ignore"):
                    calls.call(name, given)
                made += 1
    print(f"{made} calls done", flush=True)


def overrun() -> None:
    """The C API is told of one float more than there is."""
    x = np.ones(25, np.float32)
    y = np.ones(26, np.float32)
    lib = ctypes.CDLL(sys.argv[2])
    lib.fastcnn_set_isa(b"base")  # whose tail is plain C: a masked load is not instrumented
    lib.fastcnn_activate(
        2, ctypes.c_float(0), ctypes.c_int64(26), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data)
    )
    print("done", flush=True)


if __name__ == "__main__":
    overrun() if sys.argv[1] == "overrun" else main(int(sys.argv[1]))
