"""Losses and gradients against float64, whose gradients are checked by differences."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2

from fastcnn import reference as ref
from fastcnn.kernels import losses

SHAPES = [(1, 1), (3, 1), (128, 10), (2, 3, 5), (7, 40), (5, 1000), (2, 1025), (1, 3000), (2, 2, 2, 33)]
POINTWISE = ["mean_squared_error", "mean_absolute_error", "huber"]


def probabilities(rng, shape):
    p = rng.random(shape) + 0.01
    return (p / p.sum(axis=-1, keepdims=True)).astype(np.float32)


def case(rng, name, shape, from_logits):
    """(y_true, y_pred) as the loss takes them."""
    x = 3 * normal(rng, shape)
    if not from_logits:
        x = probabilities(rng, shape) if "categorical" in name else rng.uniform(0.01, 0.99, shape).astype(np.float32)
    if name == "sparse_categorical_crossentropy":
        return rng.integers(0, shape[-1], shape[:-1]), x
    if name == "categorical_crossentropy":
        return probabilities(rng, shape), x
    return rng.integers(0, 2, shape).astype(np.float32), x


CROSS = ["sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"]


def both(name, *args, **kwargs):
    """The kernel's (loss, dx) and the reference's."""
    return getattr(losses, name + "_dx")(*args, **kwargs), getattr(ref, name + "_dx")(*args, **kwargs)


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("name", CROSS)
def test_crossentropies(isa, rng, name, from_logits):
    shapes = SHAPES + [(4, c) for c in range(2, 40)]
    for shape in shapes:
        for smoothing in (0.0, 0.1):
            y_true, x = case(rng, name, shape, from_logits)
            weight = rng.uniform(0.5, 2, shape[:-1]).astype(np.float32)
            options = {"from_logits": from_logits, "label_smoothing": smoothing}
            for w in (1.0, 0.25, weight):
                (loss, dx), (expected, slope) = both(name, y_true, x, w, **options)
                assert loss.shape == shape[:-1] and dx.shape == shape and loss.dtype == dx.dtype == np.float32
                assert np.abs(loss - expected).max() < 1e-6 * max(1, np.abs(expected).max())
                assert np.linalg.norm(dx - slope) < 1e-6 * (np.linalg.norm(slope) + 0.25 * np.sqrt(dx[..., 0].size))
            assert np.array_equal(getattr(losses, name)(y_true, x, **options), loss)


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise_losses(isa, rng, name):
    for shape in [*SHAPES, (37,), *((3, c) for c in range(1, 40))]:
        t, x = normal(rng, shape), normal(rng, shape)
        rows = shape[:-1] if len(shape) > 1 else shape
        for w in (1.0, rng.uniform(0.5, 2, rows).astype(np.float32)):
            (loss, dx), (expected, slope) = both(name, t, x, w)
            assert loss.shape == rows and dx.shape == shape
            assert relative_l2(loss, expected) < 1e-6 and relative_l2(dx, slope) < 1e-6
        assert np.array_equal(getattr(losses, name)(t, x), loss)


def test_exact_on_integers(isa, rng):
    for c in (1, 2, 4, 16, 32, 64):  # dividing by these is exact
        t, x = integers(rng, (50, c)), integers(rng, (50, c))
        for name in POINTWISE:
            for got, expected in zip(*both(name, t, x), strict=True):
                assert_same(got, expected)
        for got, expected in zip(*both("huber", t, x, delta=3.0), strict=True):
            assert_same(got, expected)


@pytest.mark.parametrize("name", CROSS + POINTWISE)
def test_reference_gradient_is_the_difference_quotient(rng, name):
    for from_logits in (True, False):
        y_true, x = case(rng, name, (6, 9), from_logits)
        x, direction, weight = x.astype(np.float64), rng.standard_normal((6, 9)), rng.uniform(1, 2, 6)
        options = {"from_logits": from_logits, "label_smoothing": 0.1} if name in CROSS else {}
        f, h = getattr(ref, name), 1e-7
        quotient = (
            weight @ (f(y_true, x + h * direction, **options) - f(y_true, x - h * direction, **options)) / (2 * h)
        )
        slope = (getattr(ref, name + "_dx")(y_true, x, weight, **options)[1] * direction).sum()
        assert abs(quotient - slope) < 1e-5 * max(1, abs(slope))


def test_labels_and_their_one_hot_vectors_agree_in_every_bit(isa, rng):
    for c in (1, 2, 10, 16, 17, 1000):
        x, labels = normal(rng, (20, c)), rng.integers(0, c, 20)
        one_hot = np.eye(c, dtype=np.float32)[labels]
        for options in ({"from_logits": True}, {"from_logits": True, "label_smoothing": 0.2}, {}):
            y = x if options else np.abs(x) + 0.1
            sparse = losses.sparse_categorical_crossentropy_dx(labels, y, **options)
            dense = losses.categorical_crossentropy_dx(one_hot, y, **options)
            assert all(np.array_equal(a, b) for a, b in zip(sparse, dense, strict=True))


def test_extreme_logits(isa):
    x = np.array([[1e30, 0, -1e30], [-np.inf, 0, 0], [200, 0, 0]], np.float32)
    loss, dx = losses.sparse_categorical_crossentropy_dx([0, 1, 1], x, from_logits=True)
    assert np.allclose(loss, [0, np.log(2), 200]) and np.allclose(dx, [[0, 0, 0], [0, -0.5, 0.5], [1, -1, 0]])
    assert losses.sparse_categorical_crossentropy([0], x[1:2], from_logits=True)[0] == np.inf
    loss, dx = losses.binary_crossentropy_dx([[1, 0], [1, 0]], [[200, -200], [-200, 200]], from_logits=True)
    assert (loss == [0, 200]).all() and (dx == [[0, 0], [-0.5, 0.5]]).all()


def test_extreme_probabilities_are_clipped(isa):
    top = -np.log(1e-7)
    loss, dx = losses.sparse_categorical_crossentropy_dx([1, 0], [[1.0, 0.0], [1.0, 0.0]])
    assert np.allclose(loss, [top, 0], atol=2e-7) and (dx == 0).all()
    loss, dx = losses.binary_crossentropy_dx([[1], [0]], [[0.0], [0.0]])
    assert np.allclose(loss, [top, 0], atol=2e-7) and (dx == 0).all()
    scaled = losses.sparse_categorical_crossentropy([1], [[3.0, 1.0]])  # scaled to sum 1
    assert np.allclose(scaled, np.log(4))


def test_nan_spoils_its_row_only(isa, rng):
    for name in CROSS + POINTWISE:
        for from_logits in (True, False):
            y_true, x = case(rng, name, (5, 21), from_logits)
            x[2, 20] = np.nan
            options = {"from_logits": from_logits} if name in CROSS else {}
            loss, dx = getattr(losses, name + "_dx")(y_true, x, **options)
            spoilt = np.isnan(loss)
            assert (
                spoilt[2] and spoilt.sum() == 1 and np.isnan(dx[2, 20]) and not np.isnan(np.delete(dx, 2, axis=0)).any()
            )


def test_same_bits_everywhere(rng):
    for name in CROSS + POINTWISE:
        for shape in ((128, 10), (300, 1000), (3, 140_000), (200_000, 1)):
            y_true, x = case(rng, name, shape, True)
            options = {"from_logits": True} if name in CROSS else {}
            f = getattr(losses, name + "_dx")
            assert_same_bits_everywhere(lambda f=f, t=y_true, x=x, o=options: f(t, x, **o))
            loss, dx = f(y_true, x, **options)
            one, one_dx = f(y_true[1:2], x[1:2], **options)
            assert one[0] == loss[1] and np.array_equal(one_dx[0], dx[1])


def test_long_rows_keep_their_accuracy(rng):
    t, x = normal(rng, (2, 1_000_003)), normal(rng, (2, 1_000_003)) + 3
    for name in POINTWISE:
        assert relative_l2(getattr(losses, name)(t, x), getattr(ref, name)(t, x)) < 2e-7


def test_empty_batch():
    x = np.empty((0, 4), np.float32)
    for name in ["categorical_crossentropy", "binary_crossentropy", *POINTWISE]:
        loss, dx = getattr(losses, name + "_dx")(x, x)
        assert loss.shape == (0,) and dx.shape == (0, 4)
    assert losses.sparse_categorical_crossentropy(np.empty(0, np.int64), x).shape == (0,)


def test_errors_name_the_argument():
    x = np.zeros((3, 4), np.float32)
    sparse = losses.sparse_categorical_crossentropy
    with pytest.raises(ValueError, match="labels must be between 0 and 3, got 4 at index 1"):
        sparse([0, 4, -1], x)
    with pytest.raises(ValueError, match="got -1 at index 2"):
        sparse([0, 3, -1], x)
    with pytest.raises(ValueError, match=r"y_true must have shape \(3,\), got \(2,\)"):
        sparse([0, 1], x)
    with pytest.raises(TypeError, match="y_true must hold integers"):
        sparse([0.0, 1.0, 2.0], x)
    with pytest.raises(ValueError, match=r"y_true must have shape \(3, 4\), got \(3, 3\)"):
        losses.mean_squared_error(x[:, :3], x)
    for smoothing in (-0.1, 1.1, np.nan):
        for f, t in ((sparse, [0, 1, 2]), (losses.categorical_crossentropy, x), (losses.binary_crossentropy, x)):
            with pytest.raises(ValueError, match="label_smoothing must be between 0 and 1"):
                f(t, x, label_smoothing=smoothing)
    for delta in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="delta must be positive and finite"):
            losses.huber(x, x, delta=delta)
    with pytest.raises(ValueError, match=r"weight must have shape \(3,\), got \(4,\)"):
        losses.huber_dx(x, x, weight=np.ones(4))
    with pytest.raises(ValueError, match="scale"):
        losses.huber_dx(x, x, weight=np.inf)
    with pytest.raises(ValueError, match="y_pred must have at least 1 dimension"):
        losses.mean_squared_error(1.0, 1.0)
    with pytest.raises(ValueError, match="last axis of at least 1"):
        losses.mean_squared_error(x[:, :0], x[:, :0])
