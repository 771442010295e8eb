"""Arrays between two pages that may not be touched: reading or writing one byte past either end is a SIGSEGV.

As a program: makes `seeds` valid calls of every function on one instruction set with all arrays at the end of their
pages, then at the beginning, and says which one it is at before each.
"""

import ctypes
import mmap
import sys
from typing import Any

import calls
import numpy as np

from fastcnn import _core

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.mmap.restype = ctypes.c_void_p
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


class Pages:
    """Memory with a forbidden page before and after it."""

    def __init__(self, size: int) -> None:
        self.inside = max(1, -(-size // PAGE)) * PAGE
        private, anonymous = mmap.MAP_PRIVATE, mmap.MAP_ANONYMOUS
        self.base = _libc.mmap(None, self.inside + 2 * PAGE, 0, private | anonymous, -1, 0)
        assert self.base not in (None, ctypes.c_void_p(-1).value)
        self.first = self.base + PAGE
        assert _libc.mprotect(self.first, self.inside, mmap.PROT_READ | mmap.PROT_WRITE) == 0

    def place(self, size: int, at_end: bool) -> int:
        return self.first + (self.inside - size if at_end else 0)

    def close(self) -> None:
        _libc.munmap(self.base, self.inside + 2 * PAGE)


class Guard:
    """Copies arrays between forbidden pages, and lets go of all of them at once."""

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.pages: list[Pages] = []

    def address(self, size: int) -> int:
        self.pages.append(Pages(size))
        return self.pages[-1].place(size, self.at_end)

    def array(self, like: calls.Array) -> calls.Array:
        place = (ctypes.c_char * like.nbytes).from_address(self.address(like.nbytes))
        copy = np.frombuffer(place, like.dtype, like.size).reshape(like.shape) if like.size else like
        if like.size:
            copy[...] = like
        return copy

    def close(self) -> None:
        for pages in self.pages:
            pages.close()
        self.pages.clear()


def out_of(name: str, expected: Any) -> calls.Array | None:
    """An array for `out`, where the function takes one."""
    if "out" not in calls.parameters(name):
        return None
    return np.zeros_like(next(calls.results(expected)))


def guarded_call(name: str, seed: int, at_end: bool) -> None:
    given = calls.arguments(name, seed)
    ordinary = calls.map_arrays(given, lambda _, a: a.copy())
    expected = calls.call(name, ordinary)
    guard = Guard(at_end)
    guarded = calls.map_arrays(given, lambda _, a: guard.array(a))
    out = out_of(name, expected)
    if out is not None:
        guarded["out"] = guard.array(out)
    got = calls.call(name, guarded)
    for a, b in zip(calls.results(got), calls.results(expected), strict=True):
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), (
            f"{name} {seed}: the place of an array changes the result"
        )
    for key in calls.written(name) & given.keys():
        if given[key] is not None:
            assert np.array_equal(guarded[key], ordinary[key], equal_nan=True), f"{name} {seed}: {key}"
    del got, guarded, out
    guard.close()


# Functions whose `out`, or x, may be a slice of the channels of a larger array.
INTO_SLICES = ("conv2d", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d")
FROM_SLICES = ("batch_norm_inference",)


def sliced_call(name: str, seed: int, at_end: bool) -> None:
    """The larger array lies between forbidden pages, and the slice at that end of its channels."""
    given = calls.arguments(name, seed)
    given.pop("residual", None)
    given.pop("return_indices", None)
    expected = next(calls.results(calls.call(name, given)))
    inside = given["x"] if name in FROM_SLICES else expected
    if not inside.size:
        return
    guard = Guard(at_end)
    beside = seed % 5
    larger = guard.array(np.full((*inside.shape[:-1], inside.shape[-1] + beside), 7.5, np.float32))
    part = larger[..., beside:] if at_end else larger[..., : inside.shape[-1]]
    rest = larger[..., :beside] if at_end else larger[..., inside.shape[-1] :]
    if name in FROM_SLICES:
        part[...] = inside
        got = calls.call(name, given | {"x": part})
    else:
        got = calls.call(name, given | {"out": part})
        assert np.shares_memory(got, larger), f"{name} {seed}"
    assert np.array_equal(got, expected, equal_nan=True), f"{name} {seed}: a slice changes the result"
    assert (rest == 7.5).all(), f"{name} {seed}: writes beside its slice"
    del got, part, rest, larger
    guard.close()


def main(isa: str, seeds: int) -> None:
    _core.set_isa(isa)
    for name in calls.CALLS:
        for seed in range(seeds):
            for at_end in (True, False):
                print(name, seed, "arrays at the end" if at_end else "arrays at the start", flush=True)
                with np.errstate(all="ignore"):
                    guarded_call(name, seed, at_end)
                    if name in INTO_SLICES + FROM_SLICES:
                        sliced_call(name, seed, at_end)
    print("done", flush=True)


def overrun(offset: int) -> None:
    """Reads the float at `offset` bytes from the end of an array at the end of its pages."""
    guard = Guard(at_end=True)
    print(ctypes.c_char.from_address(guard.address(100) + 100 + offset).value, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "overrun":
        overrun(int(sys.argv[2]))
    else:
        main(sys.argv[1], int(sys.argv[2]))
