"""What must hold for every operation: its shape, its two implementations, its gradient and its second gradient."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.autograd import GradientTape
from fastcnn.seam import state
from fastcnn.tensor import SymbolicTensor, Tensor

Function = Callable[..., Any]


@contextmanager
def precise() -> Iterator[None]:
    state.precise = True
    try:
        yield
    finally:
        state.precise = False


def numbers(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> np.ndarray[Any, Any]:
    """Distinct numbers, apart from each other and from 0, so that no kink is near."""
    count = int(np.prod(shape))
    places = np.random.default_rng(seed).permutation(count)
    return ((places + 0.37) / count * (high - low) + low).reshape(shape)


def _weights(y: Any) -> Any:
    return np.random.default_rng(1).uniform(0.5, 1.5, y.shape)


def gradients(f: Function, arrays: tuple[Any, ...]) -> list[Any]:
    """Of a weighted sum of f, with respect to each array."""
    tensors = [Tensor(a) for a in arrays]
    with GradientTape() as tape:
        tape.watch(tensors)
        y = f(*tensors)
    return tape.gradient(y, tensors, Tensor(_weights(y).astype(y.dtype)), unconnected_gradients="zero")


def _differences(f: Function, arrays: tuple[Any, ...], step: float = 1e-5) -> list[Any]:
    def total() -> float:
        y = f(*[Tensor(a.copy()) for a in arrays])
        return float((y.array * _weights(y)).sum())

    found = []
    for array in arrays:
        slope = np.zeros(array.size)
        for i in range(array.size):
            at, before = array.reshape(-1), array.reshape(-1)[i]
            at[i] = before + step
            above = total()
            at[i] = before - step
            slope[i] = (above - total()) / (2 * step)
            at[i] = before
        found.append(slope.reshape(array.shape))
    return found


def check_gradient(f: Function, *arrays: Any, order: int = 1) -> None:
    """Against central differences in float64; order 2 checks the gradient of the gradient too."""
    with precise():
        doubles = tuple(np.array(a, np.float64) for a in arrays)
        for got, expected in zip(gradients(f, doubles), _differences(f, doubles), strict=True):
            np.testing.assert_allclose(got.array, expected, rtol=1e-5, atol=1e-6)
        if order > 1:
            for i in range(len(doubles)):
                check_gradient(lambda *tensors, i=i: _gradient_tensor(f, tensors, i), *doubles)


def _gradient_tensor(f: Function, tensors: tuple[Any, ...], i: int) -> Any:
    with GradientTape() as tape:
        tape.watch(tensors[i])
        y = f(*tensors)
    return tape.gradient(y, tensors[i], Tensor(_weights(y)))


def check_kernel(f: Function, *arrays: Any, tolerance: float = 1e-4) -> None:
    """The kernel against the reference, in value and gradient."""
    singles = tuple(np.array(a, np.float32) for a in arrays)
    y, slopes = f(*[Tensor(a) for a in singles]), gradients(f, singles)
    with precise():
        doubles = tuple(a.astype(np.float64) for a in singles)
        expected, expected_slopes = f(*[Tensor(a) for a in doubles]), gradients(f, doubles)
    assert y.dtype == "float32"
    assert expected.dtype == "float64"
    for got, wanted in zip([y, *slopes], [expected, *expected_slopes], strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got.array, wanted.array, rtol=tolerance, atol=tolerance)


def check_shape(f: Function, *arrays: Any) -> None:
    """The symbolic shape, with the batch known and with it not known."""
    y = f(*[Tensor(np.array(a, np.float32)) for a in arrays])
    x = SymbolicTensor(np.shape(arrays[0]))
    rest = [Tensor(np.array(a, np.float32)) for a in arrays[1:]]
    assert tuple(f(x, *rest).shape) == y.shape
    assert f(x, *rest).dtype == y.dtype
    assert tuple(f(SymbolicTensor((None, *x.shape[1:])), *rest).shape) == (None, *y.shape[1:])


def check_channels_first(f: Function, x: Any) -> None:
    """f(x, data_format) of a transposed x against the transposed f(x)."""
    x = np.array(x, np.float32)
    last = f(x, "channels_last")
    first = f(np.moveaxis(x, -1, 1), "channels_first")
    expected = np.moveaxis(last.array, -1, 1) if last.ndim == x.ndim else last.array
    np.testing.assert_array_equal(first.array, expected)


def check_all(f: Function, *arrays: Any, order: int = 2) -> None:
    check_shape(f, *arrays)
    check_kernel(f, *arrays)
    check_gradient(f, *arrays, order=order)


__all__ = ["check_all", "check_channels_first", "check_gradient", "check_kernel", "check_shape", "numbers", "ops"]
