"""Activations, softmax, maxout and prelu against their reference; gradients against float64, which differences check."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2

from fastcnn import kernels as act
from fastcnn import reference as ref

NAMES = ["linear", "step", "relu", "relu6", "leaky_relu", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus"]
NAMES += ["softsign", "silu", "hard_silu", "gelu", "gelu_tanh", "mish", "exp"]
SHAPES = [(1,), (3,), (15,), (16,), (17,), (33,), (5, 7), (2, 3, 4, 5), (1000, 33)]


@pytest.mark.parametrize("name", NAMES)
def test_forward_and_gradient(isa, rng, name):
    for shape in SHAPES:
        x, dy = 3 * normal(rng, shape), normal(rng, shape)
        for alpha in (None, 0.25):
            assert relative_l2(act.activate(x, name, alpha), ref.activate(x, name, alpha)) < 1e-6
            got, expected = act.activate_dx(dy, x, name, alpha), ref.activate_dx(dy, x, name, alpha)
            assert got.dtype == np.float32 and got.shape == shape
            assert (np.abs(got - expected) / np.maximum(1, np.abs(expected))).max() < 2e-6  # exp is large


@pytest.mark.parametrize("name", NAMES)
def test_reference_gradient_is_the_difference_quotient(rng, name):
    x = rng.uniform(-5, 5, 2000)
    for kink in (-3, 0, 3, 6):
        x = x[np.abs(x - kink) > 1e-3]
    h = 1e-5
    quotient = (ref.activate(x + h, name) - ref.activate(x - h, name)) / (2 * h)
    slope = ref.activate_dx(np.ones_like(x), x, name)
    assert np.abs(quotient - slope).max() < 1e-7 * max(1, np.abs(slope).max())


@pytest.mark.parametrize("name", ["step", "relu", "relu6", "leaky_relu"])
def test_exact_on_integers(isa, rng, name):
    for shape in SHAPES:
        x, dy = integers(rng, shape, -8, 8), integers(rng, shape)
        assert_same(act.activate(x, name, 0.25), ref.activate(x, name, 0.25))
        assert_same(act.activate_dx(dy, x, name, 0.25), ref.activate_dx(dy, x, name, 0.25), trust=name != "step")


def test_each_function_is_the_one_of_its_name(rng):
    x = 3 * normal(rng, (40,))
    for name in NAMES[1:]:
        if name != "gelu_tanh":
            assert np.array_equal(getattr(act, name)(x), act.activate(x, name)), name
            assert relative_l2(getattr(act, name)(x), getattr(ref, name)(x)) < 1e-6 or name == "step"
    assert np.array_equal(act.gelu(x, approximate=True), act.activate(x, "gelu_tanh"))
    assert not np.array_equal(act.gelu(x), act.gelu(x, approximate=True))
    assert np.array_equal(act.activate(x, None), x)
    assert np.array_equal(act.leaky_relu(x, 0.5), np.where(x > 0, x, 0.5 * x))
    assert np.array_equal(act.leaky_relu(x), np.where(x > 0, x, np.float32(0.01) * x))
    assert relative_l2(act.elu(x, 2.0), ref.elu(x, 2.0)) < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_and_infinities_give_limits(isa, name):
    x = np.full(37, np.nan, np.float32)
    assert np.isnan(act.activate(x, name, 0.5)).all()
    ones = np.ones(37, np.float32)
    if name != "linear":
        assert np.isnan(act.activate_dx(ones, x, name, 0.5)).all()
    inf = np.repeat(np.float32([np.inf, -np.inf]), 9)
    expected = {"step": (1, 0), "relu6": (6, 0), "elu": (np.inf, -0.5), "sigmoid": (1, 0), "hard_sigmoid": (1, 0)}
    expected |= {"selu": (np.inf, -1.7580993), "tanh": (1, -1), "softsign": (1, -1), "linear": (np.inf, -np.inf)}
    expected |= {"leaky_relu": (np.inf, -np.inf)}
    high, low = expected.get(name, (np.inf, 0))
    got = act.activate(inf, name, 0.5)
    assert (got[:9] == high).all() and np.allclose(got[9:], low, rtol=1e-6)
    slopes = act.activate_dx(np.ones(18, np.float32), inf, name, 0.5)
    flat = name in ("step", "relu6", "sigmoid", "hard_sigmoid", "tanh", "softsign")
    assert (
        slopes[:9] == (0 if flat else np.inf if name == "exp" else np.float32(1.050701) if name == "selu" else 1)
    ).all()
    assert (slopes[9:] == {"linear": 1, "leaky_relu": 0.5}.get(name, 0)).all()


def test_flat_parts_stop_infinite_gradients(isa):
    dy = np.full(40, np.inf, np.float32)
    for name in ("step", "relu", "relu6", "hard_sigmoid", "hard_silu"):
        assert (act.activate_dx(dy, np.full(40, -9, np.float32), name) == 0).all(), name


def test_in_place_and_out(rng):
    x, dy = normal(rng, (3000,)), normal(rng, (3000,))
    for name in NAMES:
        expected, slope = act.activate(x, name), act.activate_dx(dy, x, name)
        y, d = x.copy(), dy.copy()
        assert act.activate(y, name, out=y) is y and np.array_equal(y, expected)
        assert act.activate_dx(d, x, name, out=d) is d and np.array_equal(d, slope)


def test_large_arrays_are_streamed_alike(rng):
    size = (1 << 22) + 5
    x = np.resize(normal(rng, (4099,)), size)
    small = x[:4099].copy()
    for got, expected in (
        (act.tanh(x), act.tanh(small)),
        (act.activate_dx(x, x, "tanh"), act.activate_dx(small, small, "tanh")),
    ):
        assert np.array_equal(got, np.resize(expected, size))


@pytest.mark.parametrize("logarithm", [False, True])
def test_softmax_over_any_axis(isa, rng, logarithm):
    name = "log_softmax" if logarithm else "softmax"
    forward, backward = getattr(act, name), getattr(act, name + "_dx")
    for c in [*range(1, 41), 100, 1000, 2500]:
        shapes = [((3, c), -1), ((c,), 0), ((2, c, 3), 1), ((c, 37), 0), ((2, c, 2, 9), -3)]
        for shape, axis in [*shapes, ((2, c, 2101), 1)] if c in (2, 19) else shapes:  # and several tiles of columns
            x, dy = 3 * normal(rng, shape), normal(rng, shape)
            y = forward(x, axis)
            expected = getattr(ref, name)(x, axis)
            assert relative_l2(y, expected) < 1e-6 or np.abs(expected).max() == 0
            exact = getattr(ref, name + "_dx")(dy, expected, axis)
            scale = np.linalg.norm(dy)
            assert np.linalg.norm(backward(dy, y, axis) - exact) < 2e-6 * scale
            z = x.copy()
            assert np.array_equal(forward(z, axis, out=z), y)


def test_reference_softmax_gradients_are_difference_quotients(rng):
    x, dy, direction = (rng.standard_normal((4, 9, 3)) for _ in range(3))
    for name in ("softmax", "log_softmax"):
        f = getattr(ref, name)
        quotient = (dy * (f(x + 1e-5 * direction, 1) - f(x - 1e-5 * direction, 1))).sum() / 2e-5
        assert abs(quotient - (getattr(ref, name + "_dx")(dy, f(x, 1), 1) * direction).sum()) < 1e-8


def test_softmax_of_extremes(isa):
    for shape, axis in (((2, 20), -1), ((20, 2), 0)):
        x = np.full(shape, -np.inf, np.float32)
        first = (slice(None), 0) if axis == -1 else (0, slice(None))
        x[first] = 1e30
        assert_same(act.softmax(x, axis), (x == np.float32(1e30)).astype(np.float32), trust=False)
        assert (act.log_softmax(x, axis)[first] == 0).all()
        x[first] = np.nan
        assert np.isnan(act.softmax(x, axis)).all()
        x[first] = np.inf
        assert np.isnan(act.softmax(x, axis)[first]).all()
    assert_same(act.softmax(np.zeros((3, 64))), np.full((3, 64), 1 / 64))


def test_maxout(isa, rng):
    for units in (1, 2, 3, 8):
        for pieces in (1, 2, 3, 5):
            for lead, trail in (((), ()), ((3,), ()), ((2,), (5,)), ((2, 3), (4, 9)), ((), (33,))):
                shape, axis = (*lead, units * pieces, *trail), len(lead)
                x = integers(rng, shape)
                y = act.maxout(x, units, axis)
                assert_same(y, ref.maxout(x, units, axis))
                dy = integers(rng, y.shape, 1, 9)
                assert_same(act.maxout_dx(dy, x, units, axis), ref.maxout_dx(dy, x, units, axis))
    x = np.float32([[1, np.nan, 2, 3]])
    assert_same(act.maxout(x, 2), np.float32([[np.nan, 3]]))
    assert_same(act.maxout(x.T.repeat(20, 1), 2, axis=0)[:, 3], np.float32([np.nan, 3]))


def test_prelu(isa, rng):
    for c in [*range(1, 41), 64, 130]:
        for lead in ((1,), (7,), (2, 3, 5), (900,)):
            x, alpha, dy = integers(rng, (*lead, c)), integers(rng, (c,)), integers(rng, (*lead, c))
            assert_same(act.prelu(x, alpha), ref.prelu(x, alpha), trust=False)
            for got, expected in zip(act.prelu_backward(dy, x, alpha), ref.prelu_backward(dy, x, alpha), strict=True):
                assert_same(got, expected, trust=False)
    x, dy, alpha = normal(rng, (20000, 24)), normal(rng, (20000, 24)), normal(rng, (24,))
    assert relative_l2(act.prelu_backward(dy, x, alpha)[1], ref.prelu_backward(dy, x, alpha)[1]) < 1e-6
    x[5, 3] = np.nan
    dx, dalpha = act.prelu_backward(dy, x, alpha)
    assert np.isnan(dalpha[3]) and np.isnan(dalpha).sum() == 1 and np.isnan(dx).sum() == 1


def test_same_bits_everywhere(rng):
    x, dy = 3 * normal(rng, (301, 1003)), normal(rng, (301, 1003))
    for name in NAMES:
        assert_same_bits_everywhere(lambda name=name: (act.activate(x, name), act.activate_dx(dy, x, name)))
    for axis in (0, 1):
        y = act.softmax(x, axis)
        assert_same_bits_everywhere(lambda axis=axis: (act.softmax(x, axis), act.log_softmax(x, axis)))
        assert_same_bits_everywhere(lambda a=axis, y=y: (act.softmax_dx(dy, y, a), act.log_softmax_dx(dy, y, a)))
        assert_same_bits_everywhere(lambda a=axis: act.maxout(x, 17 if a else 7, a) if x.shape[a] % 17 == 0 else x)
    alpha = normal(rng, (1003,))
    assert_same_bits_everywhere(lambda: (act.prelu(x, alpha), *act.prelu_backward(dy, x, alpha)))
    rows = act.softmax(x)
    assert all(np.array_equal(act.softmax(x[i : i + 1])[0], rows[i]) for i in range(0, 301, 50))


def test_empty_arrays_do_nothing():
    empty = np.empty((0, 5), np.float32)
    for name in NAMES:
        assert act.activate(empty, name).shape == (0, 5) and act.activate_dx(empty, empty, name).shape == (0, 5)
    assert act.softmax(empty).shape == act.softmax(empty, 0).shape == act.softmax_dx(empty, empty).shape == (0, 5)
    assert act.maxout(empty, 1).shape == (0, 1) and act.maxout_dx(np.empty((0, 1)), empty, 1).shape == (0, 5)
    dx, dalpha = act.prelu_backward(empty, empty, np.ones(5))
    assert dx.shape == (0, 5) and (dalpha == 0).all() and act.prelu(empty, np.ones(5)).shape == (0, 5)


def test_errors_name_the_argument():
    x = np.zeros((4, 6), np.float32)
    with pytest.raises(ValueError, match="activation must be one of 'linear', .*got 'swoosh'"):
        act.activate(x, "swoosh")
    with pytest.raises(ValueError, match="alpha"):
        act.leaky_relu(x, np.nan)
    with pytest.raises(ValueError, match=r"dy must have shape \(4, 6\), got \(6,\)"):
        act.activate_dx(x[0], x, "relu")
    with pytest.raises(ValueError, match=r"out must have shape \(4, 6\)"):
        act.relu(x, out=np.zeros((4, 5), np.float32))
    with pytest.raises(ValueError, match="out must not share memory with x"):
        act.relu(x[:2], out=x.reshape(-1)[6:18].reshape(2, 6))
    with pytest.raises(TypeError, match="x must hold numbers"):
        act.relu(["a"])
    with pytest.raises(ValueError, match="axis must be between -2 and 1, got 2"):
        act.softmax(x, 2)
    with pytest.raises(TypeError, match="axis must be an integer"):
        act.softmax(x, 1.5)
    with pytest.raises(ValueError, match="x must have at least 1 dimension"):
        act.softmax(1.0)
    with pytest.raises(ValueError, match=r"dy must have shape \(4, 6\)"):
        act.softmax_dx(x[:, :3], x)
    for units in (4, 0, -1, 12):
        with pytest.raises(ValueError, match=f"num_units must divide the axis, which has size 6, got {units}"):
            act.maxout(x, units)
    with pytest.raises(ValueError, match=r"dy must have shape \(4, 3\), got \(4, 2\)"):
        act.maxout_dx(x[:, :2], x, 3)
    with pytest.raises(ValueError, match=r"alpha must have shape \(6,\), got \(4,\)"):
        act.prelu(x, np.zeros(4))
    with pytest.raises(ValueError, match=r"dy must have shape \(4, 6\)"):
        act.prelu_backward(x[0], x, np.zeros(6))
