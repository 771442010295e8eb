"""How results are compared: exactly on integers, by relative L2 error against float64 on real numbers, by bits between runs."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core

Array = np.ndarray[Any, Any]


def integers(rng: np.random.Generator, shape: tuple[int, ...], low: int = -4, high: int = 4) -> Array:
    """Small integers as float32: sums of their products are exact, so results compare with ==."""
    return rng.integers(low, high + 1, shape).astype(np.float32)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape).astype(np.float32)


def assert_same(got: Array, expected: Array, trust: bool = True) -> None:
    """Equality without tolerance. A result that is nearly all zeros proves nothing, so it is not believed."""
    expected = np.asarray(expected)
    assert got.shape == expected.shape, f"shape {got.shape}, expected {expected.shape}"
    if not np.array_equal(got, expected, equal_nan=True):
        wrong = np.argwhere(~((got == expected) | (np.isnan(got) & np.isnan(expected))))
        where = tuple(wrong[0])
        raise AssertionError(
            f"{len(wrong)} of {expected.size} differ, first at {where}: {got[where]} instead of {expected[where]}"
        )
    if trust and expected.size >= 64:
        assert np.count_nonzero(expected) >= expected.size // 20, "nearly all zeros: this case tests nothing"


def relative_l2(got: Array, expected: Array) -> float:
    """||got - expected|| / ||expected||, in float64."""
    difference = got.astype(np.float64) - np.asarray(expected, dtype=np.float64)
    scale = float(np.linalg.norm(np.asarray(expected, dtype=np.float64).ravel()))
    return float(np.linalg.norm(difference.ravel())) / (scale or 1.0)


def dot(a: Array, b: Array) -> float:
    return float(np.vdot(np.asarray(a, np.float64), np.asarray(b, np.float64)))


def digest(result: Any) -> str:
    """A hash of the bits of an array or of a tuple of arrays."""
    parts = result if isinstance(result, tuple) else (result,)
    sha = hashlib.sha256()
    for part in parts:
        sha.update(np.ascontiguousarray(part).tobytes())
    return sha.hexdigest()


def assert_same_bits_everywhere(run: Callable[[], Any]) -> None:
    """One hash over threads and every instruction set with fused multiply-add; one over threads where that is missing."""
    before_isa, before_threads = _core.get_isa(), _core.get_num_threads()
    hashes = {}
    try:
        for isa in _core.available_isas():
            _core.set_isa(isa)
            for threads in (1, 3) if isa == "base" else (1, 2, 3, 4):
                _core.set_num_threads(threads)
                hashes[isa, threads] = digest(run())
    finally:
        _core.set_isa(before_isa)
        _core.set_num_threads(before_threads)
    base = {bits for (isa, _), bits in hashes.items() if isa == "base"}
    fused = {bits for (isa, _), bits in hashes.items() if isa != "base"}
    assert max(len(base), len(fused)) == 1, f"bits differ: {hashes}"


def assert_threads_predict_alike(model: Any, batches: list[Array], turns: int = 100) -> None:
    """Threads that each ask one model for a batch of their own get what one thread got before."""
    expected = [model.predict_on_batch(x) for x in batches]
    wrong = []

    def work(i: int) -> None:
        for _ in range(turns):
            if not np.array_equal(model.predict_on_batch(batches[i]), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(batches))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
