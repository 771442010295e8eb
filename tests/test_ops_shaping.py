"""Reshaping, joining, cutting, padding, repeating: against NumPy, with every error message."""

import numpy as np
import pytest
from oprules import check_all, check_gradient, numbers, precise

from fastcnn import ops
from fastcnn.autograd import GradientTape, grad
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

X = numbers(3, 4, 2)
Y = numbers(3, 1, 2, seed=1)
OPEN = SymbolicTensor((None, 4, 2))
CASES = {
    "reshape": (lambda x: ops.reshape(x, (-1, 2, 4)) ** 2, X),
    "reshape_keeping": (lambda x: ops.reshape(x * x, (None, 8)), X),
    "squeeze": (lambda x, y: x * ops.squeeze(y, 1)[:, None] * y, X, Y),
    "expand_dims": (lambda x: ops.expand_dims(x * x, (1, -1)), X),
    "transpose": (lambda x: ops.transpose(x * x, (0, 2, 1)), X),
    "moveaxis": (lambda x: ops.moveaxis(x * x, 2, 1), X),
    "swapaxes": (lambda x: ops.swapaxes(x * x, -1, 1), X),
    "channels": (lambda x: ops.to_channels_first(x) * ops.to_channels_first(x), X),
    "channels_last": (lambda x: ops.to_channels_last(x * x), X),
    "flip": (lambda x: ops.flip(x * x, 1), X),
    "concatenate": (lambda x: ops.concatenate([x, x * x], 1), X),
    "split": (lambda x: ops.split(x * x, [1, 3], 1)[1], X),
    "split_all": (lambda x: sum(p * p for p in ops.split(x, 2, -1)), X),
    "stack": (lambda x: ops.stack([x, x * x], 2), X),
    "unstack": (lambda x: ops.unstack(x, axis=1)[2] ** 2, X),
    "pad": (lambda x: ops.pad(x * x, ((0, 0), (1, 2), (0, 1)), constant_values=3.0), X),
    "pad_reflect": (lambda x: ops.pad(x * x, ((0, 0), (1, 2), (0, 1)), "reflect"), X),
    "pad_symmetric": (lambda x: ops.pad(x * x, ((0, 0), (1, 2), (0, 1)), "symmetric"), X),
    "pad_edge": (lambda x: ops.pad(x * x, ((0, 0), (1, 2), (0, 1)), "edge"), X),
    "tile": (lambda x: ops.tile(x * x, (1, 2, 3)), X),
    "repeat": (lambda x: ops.repeat(x * x, 3, 1), X),
    "repeat_unevenly": (lambda x: ops.repeat(x * x, [2, 0, 1, 1], 1), X),
    "broadcast_to": (lambda x, y: x * ops.broadcast_to(y, (3, 4, 2)) ** 2, X[:1], Y),
}
NO_BATCH = {"broadcast_to", "squeeze"}


@pytest.mark.parametrize("name", CASES)
def test_rules(name):
    f, *arrays = CASES[name]
    if name in NO_BATCH:
        check_gradient(f, *arrays, order=2)
    else:
        check_all(f, *arrays)


AGAINST_NUMPY = {
    "reshape": [(X, (4, 6)), (X, -1), (X, (2, -1, 1))],
    "ravel": [(X,)],
    "squeeze": [(Y,), (Y, 1), (Y, (-2,))],
    "expand_dims": [(X, 0), (X, -1), (X, (0, 2))],
    "transpose": [(X,), (X, (2, 0, 1)), (X, (-1, 0, 1))],
    "moveaxis": [(X, 0, -1), (X, (0, 1), (-1, 0)), (X, [2], [0])],
    "swapaxes": [(X, 0, 2), (X, -1, 1)],
    "flip": [(X,), (X, 0), (X, (0, 2))],
    "concatenate": [([X, X[:1]],), ([X, Y], 1), ([X], -1)],
    "split": [(X, 2, 1), (X, [1, 3], 1), (X, [0, 1, 9]), (X, 1)],
    "stack": [([X, -X],), ([X, -X], -1), ([X, -X], 1)],
    "tile": [(X, 2), (X, (2, 1)), (X, (2, 1, 1, 3)), (X, (0, 1, 1))],
    "repeat": [(X, 2), (X, 2, 0), (X, [1, 0, 2], 0), (X, [3], -1), (X, np.int64(0), 1)],
    "broadcast_to": [(Y, (3, 4, 2)), (Y, (5, 3, 1, 2))],
    "pad": [(X, 1), (X, (1, 2)), (X, ((0, 1), (2, 0), (1, 1))), (X, 1, "reflect"), (X, 2, "symmetric"), (X, 1, "edge")],
}


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("name", AGAINST_NUMPY)
def test_like_numpy(name, dtype):
    for x, *arguments in AGAINST_NUMPY[name]:
        several = isinstance(x, list)
        arrays = [np.asarray(a * 10).astype(dtype) for a in (x if several else [x])]
        in_numpy = getattr(np, name)(arrays if several else arrays[0], *arguments)
        symbols = [SymbolicTensor(a.shape, dtype) for a in arrays]
        for mode in (False, True):
            with precise() if mode else np.errstate():
                got = getattr(ops, name)([Tensor(a) for a in arrays] if several else Tensor(arrays[0]), *arguments)
        noted = getattr(ops, name)(symbols if several else symbols[0], *arguments)
        if name != "split":
            got, noted, in_numpy = [got], [noted], [in_numpy]
        for one, symbol, expected in zip(got, noted, in_numpy, strict=True):
            assert np.array_equal(one.numpy(), expected)
            assert symbol.shape == expected.shape
            if not (name in ("concatenate", "stack") and dtype == "float32"):
                assert one.dtype == symbol.dtype == dtype


def test_open_sizes():
    assert ops.reshape(OPEN, (-1, 8)).shape == (None, 8)
    assert ops.reshape(OPEN, (None, 8)).shape == (None, 8)
    assert ops.reshape(OPEN, (None, 2, -1)).shape == (None, 2, 4)
    assert ops.reshape(OPEN, (2, -1)).shape == (2, None)
    assert ops.reshape(OPEN, (4, 2)).shape == (4, 2)
    assert ops.ravel(OPEN).shape == (None,)
    assert ops.squeeze(SymbolicTensor((None, 1))).shape == (None,)
    assert ops.concatenate([OPEN, OPEN]).shape == (None, 4, 2)
    assert ops.concatenate([OPEN, SymbolicTensor((3, 4, 2))], 1).shape == (3, 8, 2)
    assert ops.concatenate([SymbolicTensor((3, 4, 2)), OPEN], 1).shape == (3, 8, 2)
    assert ops.broadcast_to(OPEN, (None, 4, 2)).shape == (None, 4, 2)
    assert ops.broadcast_to(SymbolicTensor((None, 1)), (None, 3)).shape == (None, 3)
    assert ops.repeat(OPEN, 2, 0).shape == (None, 4, 2)
    assert [p.shape for p in ops.unstack(OPEN, 4, 1)] == [(None, 2)] * 4
    assert ops.concatenate([SymbolicTensor((2,), "int32"), SymbolicTensor((2,), "int64")]).dtype == "int64"
    assert ops.concatenate([SymbolicTensor((2,), "int32"), SymbolicTensor((2,))]).dtype == "float32"


def test_a_view_of_a_variable_does_not_change_with_it():
    v = Variable(np.zeros((1, 2)))
    views = [ops.reshape(v, (2,)), ops.squeeze(v), ops.expand_dims(v, 0), ops.transpose(v), ops.split(v, 1)[0]]
    v.assign(np.ones((1, 2)))
    assert all((view.numpy() == 0).all() for view in views)


def test_joining_nothing_to_something():
    assert ops.concatenate([np.zeros((0, 2)), np.ones((1, 2))]).shape == (1, 2)
    assert ops.unstack(np.zeros((0, 2))) == []
    assert [p.shape for p in ops.split(np.zeros((0, 2)), 3)] == [(0, 2)] * 3


def test_only_some_pieces_are_used():
    x = Tensor(np.arange(4.0))
    with GradientTape() as tape:
        tape.watch(x)
        _, second, _ = ops.split(x * x, [1, 3])
    assert tape.gradient(second, x).numpy().tolist() == [0.0, 2.0, 4.0, 0.0]


def test_gradients_of_joined_integers_and_constants():
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = ops.concatenate([v, np.array([1, 2]), v * 2.0])
    assert tape.gradient(y, v).numpy().tolist() == [3.0, 3.0]
    assert grad(lambda x: ops.tile(x, (2, 3)))([[1.0]]).numpy().tolist() == [[6.0]]
    assert grad(lambda x: ops.repeat(x, 0))([1.0]).numpy().tolist() == [0.0]


def test_flatten_is_ravel():
    assert ops.flatten is ops.ravel


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.reshape(SymbolicTensor((4,)), (-1, -1)), ValueError, r"newshape may hold one -1, got \(-1, -1\)"),
        (
            lambda: ops.reshape(SymbolicTensor((4,)), (2, 2, None, None)),
            ValueError,
            "None keeps the size at its place, but x has 1 dimensions",
        ),
        (
            lambda: ops.reshape(SymbolicTensor((4,)), (3,)),
            ValueError,
            r"cannot reshape \(4,\) to \(3,\): 4 elements do not fit",
        ),
        (lambda: ops.reshape(SymbolicTensor((4,)), (3, -1)), ValueError, "4 elements do not fit"),
        (lambda: ops.reshape(X, (5, -1)), ValueError, "reshape"),
        (lambda: ops.squeeze(X, 1), ValueError, r"squeeze: axis 1 of shape \(3, 4, 2\) has size 4, expected 1"),
        (lambda: ops.squeeze(X, 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (lambda: ops.expand_dims(X, 4), ValueError, "axis 4 does not exist in 4 dimensions"),
        (lambda: ops.expand_dims(X, (0, 0)), ValueError, "axis must not name one axis twice"),
        (
            lambda: ops.transpose(X, (0, 1)),
            ValueError,
            r"axes must name each of the 3 axes of shape \(3, 4, 2\) once, got \(0, 1\)",
        ),
        (lambda: ops.transpose(X, (0, 1, 3)), ValueError, "axes must name each of the 3 axes"),
        (lambda: ops.moveaxis(X, 3, 0), ValueError, "axis 3 does not exist in 3 dimensions; expected -3 to 2"),
        (lambda: ops.moveaxis(X, 0, -4), ValueError, "axis -4 does not exist in 3 dimensions"),
        (
            lambda: ops.moveaxis(X, (0, 1), 0),
            ValueError,
            "source and destination must name as many axes, got 2 and 1",
        ),
        (lambda: ops.swapaxes(X, 0, 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (lambda: ops.flip(X, 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (lambda: ops.concatenate([]), ValueError, "concatenate needs at least one tensor, got none"),
        (lambda: ops.stack([]), ValueError, "concatenate needs at least one tensor, got none"),
        (lambda: ops.concatenate([X, X], 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (
            lambda: ops.concatenate([OPEN, SymbolicTensor((1, 4))]),
            ValueError,
            r"concatenate: shapes \(None, 4, 2\), \(1, 4\) differ in their number of axes",
        ),
        (
            lambda: ops.concatenate([OPEN, SymbolicTensor((1, 5, 2))]),
            ValueError,
            r"concatenate: shapes \(None, 4, 2\), \(1, 5, 2\) differ beside axis 0",
        ),
        (lambda: ops.concatenate([X, X[:, :1]]), ValueError, "concat"),
        (lambda: ops.split(X, 3, 1), ValueError, "split: 4 elements cannot be cut into 3 equal pieces"),
        (lambda: ops.split(X, 0), ValueError, "split: 3 elements cannot be cut into 0 equal pieces"),
        (lambda: ops.split(OPEN, 2), ValueError, r"split: axis 0 of shape \(None, 4, 2\) is not known yet"),
        (lambda: ops.unstack(X, 4), ValueError, "num must be the size of axis 0, 3, got 4"),
        (lambda: ops.unstack(OPEN), ValueError, r"unstack: axis 0 of shape \(None, 4, 2\) is not known yet"),
        (lambda: ops.unstack(X, axis=3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (
            lambda: ops.pad(X, 1, "wrap"),
            ValueError,
            "mode must be 'constant', 'reflect', 'symmetric' or 'edge', got 'wrap'",
        ),
        (
            lambda: ops.pad(X, 1, "edge", 1.0),
            ValueError,
            "constant_values belongs to mode='constant', got mode='edge'",
        ),
        (
            lambda: ops.pad(X, ((1, 1), (2, 2))),
            ValueError,
            r"pad_width must be a number, a pair or 3 pairs, got \(\(1, 1\), \(2, 2\)\)",
        ),
        (lambda: ops.pad(X, -1), ValueError, "pad_width must not be negative, got -1"),
        (lambda: ops.tile(X, (1, -1)), ValueError, r"repeats must not be negative, got \(1, -1\)"),
        (lambda: ops.repeat(X, -1, 0), ValueError, "repeats must not be negative, got -1"),
        (
            lambda: ops.repeat(X, [1, 2], 0),
            ValueError,
            r"repeats must be one number or 3, one an element of axis 0, got 2",
        ),
        (lambda: ops.repeat(X, 2, 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (
            lambda: ops.broadcast_to(OPEN, (None, 1, 2)),
            ValueError,
            r"shape \(None, 4, 2\) cannot be broadcast to \(None, 1, 2\)",
        ),
        (
            lambda: ops.broadcast_to(OPEN, (2,)),
            ValueError,
            r"shape \(None, 4, 2\) cannot be broadcast to \(2,\)",
        ),
        (lambda: ops.broadcast_to(X, (3, 5, 2)), ValueError, "broadcast"),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
