import numpy as np
import pytest
from oprules import check_all, check_gradient, check_kernel, numbers, precise

from fastcnn import ops
from fastcnn.ops.losses import binary_crossentropy_mean
from fastcnn.tensor import SymbolicTensor

LOGITS = numbers(3, 4)
CHANCES = numbers(3, 4, low=0.1, high=0.9)
TARGET = np.abs(numbers(3, 4, seed=1)) / 4
LABELS = np.array([2, 0, 3])
ONE_HOT = np.eye(4)[LABELS]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(("from_logits", "output"), [(True, LOGITS), (False, CHANCES)], ids=["logits", "chances"])
def test_categorical_crossentropy(from_logits, output, smoothing):
    check_all(lambda o, t: ops.categorical_crossentropy(t, o, from_logits, label_smoothing=smoothing), output, TARGET)


@pytest.mark.parametrize(("from_logits", "output"), [(True, LOGITS), (False, CHANCES)], ids=["logits", "chances"])
def test_sparse_categorical_crossentropy(from_logits, output):
    f = lambda o: ops.sparse_categorical_crossentropy(LABELS, o, from_logits)  # noqa: E731
    check_kernel(f, output)
    check_gradient(f, output, order=2)
    dense = ops.categorical_crossentropy(ONE_HOT, output, from_logits).array
    for labels in (LABELS, LABELS[:, None], LABELS.astype("f"), LABELS.astype(np.uint8)):
        np.testing.assert_allclose(
            ops.sparse_categorical_crossentropy(labels, output, from_logits).array, dense, atol=1e-7
        )


def test_ignored_class():
    losses = ops.sparse_categorical_crossentropy([2, -1, 3], LOGITS, True, ignore_class=-1).array
    plain = ops.sparse_categorical_crossentropy(LABELS, LOGITS, True).array
    np.testing.assert_array_equal(losses, plain * [1, 0, 1])
    check_gradient(lambda o: ops.sparse_categorical_crossentropy([2, -1, 3], o, True, ignore_class=-1), LOGITS)


@pytest.mark.parametrize("axis", [1, -2])
def test_classes_elsewhere(axis):
    output, target = numbers(3, 4, 2), np.abs(numbers(3, 4, 2, seed=1))
    expected = ops.categorical_crossentropy(np.moveaxis(target, 1, -1), np.moveaxis(output, 1, -1), True).array
    np.testing.assert_allclose(ops.categorical_crossentropy(target, output, True, axis).array, expected, rtol=1e-6)
    labels = np.array([[0, 1], [2, 3], [1, 1]])
    expected = ops.sparse_categorical_crossentropy(labels, np.moveaxis(output, 1, -1), True).array
    np.testing.assert_allclose(
        ops.sparse_categorical_crossentropy(labels, output, True, axis).array, expected, rtol=1e-6
    )


@pytest.mark.parametrize(("from_logits", "output"), [(True, LOGITS), (False, CHANCES)], ids=["logits", "chances"])
def test_binary_crossentropy(from_logits, output):
    check_all(lambda o, t: ops.binary_crossentropy(t, o, from_logits), output, TARGET)
    check_all(lambda o, t: binary_crossentropy_mean(t, o, from_logits, 0.2), output, TARGET)
    elements = ops.binary_crossentropy(TARGET, output, from_logits).array
    np.testing.assert_allclose(
        binary_crossentropy_mean(TARGET, output, from_logits).array, elements.mean(-1), rtol=1e-5
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda p, t: ops.mean_squared_error(t, p),
        lambda p, t: ops.mean_absolute_error(t, p),
        lambda p, t: ops.huber(t, p, 0.7),
    ],
    ids=["squared", "absolute", "huber"],
)
def test_regression(f):
    check_all(f, LOGITS, TARGET)
    check_kernel(f, LOGITS[0], TARGET[0])
    check_gradient(f, LOGITS[0], TARGET[0], order=2)
    assert f(LOGITS[0], TARGET[0]).shape == ()


def test_known_values():
    """Keras's numbers: probabilities are scaled to sum 1 and clipped to [1e-7, 1 - 1e-7]."""
    assert float(ops.categorical_crossentropy([0.0, 1.0], [2.0, 2.0])) == pytest.approx(np.log(2))
    assert float(ops.categorical_crossentropy([0.0, 1.0], [1.0, 0.0])) == pytest.approx(16.118095, rel=1e-6)
    assert float(ops.categorical_crossentropy([0.0, 1.0], [400.0, -400.0], True)) == 800
    assert ops.binary_crossentropy([1.0, 1.0], [400.0, -400.0], True).array.tolist() == [0, 400]
    with precise():
        assert float(ops.binary_crossentropy([[1.0]], [[0.0]])[0, 0]) == pytest.approx(-np.log(1e-7))


def test_a_last_axis_that_one_lacks():
    column, row = numbers(3, 1), numbers(3, seed=1)
    assert ops.mean_squared_error(row, column).shape == (3,)
    np.testing.assert_allclose(ops.mean_squared_error(row, column).array, (column[:, 0] - row) ** 2, rtol=1e-5)
    assert ops.mean_squared_error(column, row).shape == ()
    check_kernel(lambda p: ops.mean_absolute_error(numbers(1, 4), p), LOGITS)


def test_integer_targets():
    assert ops.mean_squared_error([[0, 1]], [[1.0, 3.0]]).array.tolist() == [2.5]
    assert ops.binary_crossentropy(np.array([[True]]), [[0.0]], True).array[0, 0] == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ops.categorical_crossentropy(LABELS, LOGITS),
            r"target must have the shape of output, \(3, 4\), got \(3,\); for integer",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy(ONE_HOT, LOGITS),
            r"without its classes, \(3,\), got \(3, 4\); for one-hot",
        ),
        (
            lambda: ops.mean_squared_error(numbers(3, 5), LOGITS),
            r"mean_squared_error: expected a target of shape \(3, 4\), that of the output, got \(3, 5\)",
        ),
        (lambda: ops.huber(TARGET, LOGITS, 0), "delta must be positive, got 0"),
        (
            lambda: ops.sparse_categorical_crossentropy([0, 1, 4], LOGITS, True),
            "labels must be between 0 and 3, got 4 at index 2",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_symbolic_shapes():
    x = SymbolicTensor((None, 10))
    assert ops.categorical_crossentropy(SymbolicTensor((None, 10)), x).shape == (None,)
    assert ops.sparse_categorical_crossentropy(SymbolicTensor((None,), "int32"), x).shape == (None,)
    assert ops.mean_squared_error(SymbolicTensor((None, 10)), x).shape == (None,)
    assert ops.binary_crossentropy(SymbolicTensor((None, 10)), x).shape == (None, 10)
