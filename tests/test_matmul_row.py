"""Products of one row, and what of b they do not read: rows of finite weights that meet a zero."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal
from guard import Guard

from fastcnn import _core, kernels, layers, models, reference, utils
from fastcnn.plan import finite_weights, fused, inference_passes, stepping

YES, NO = np.ones(1, np.float32), np.zeros(1, np.float32)
SHAPES = [(1, 1), (3, 17), (10, 128), (128, 10), (600, 128), (513, 130), (1030, 1001), (2600, 129), (70, 5000)]


def dense(x, w, finite=YES, bias=None, activation=None, residual=None):
    return _core.dense(x, w, bias, activation, 0.0, residual, finite, None)


def with_zeros(x, share, rng):
    x[rng.random(x.shape) < share] = 0
    return x


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_integers_are_exact(isa, share, rng):
    for k, n in SHAPES:
        x, w, bias = with_zeros(integers(rng, (1, k)), share, rng), integers(rng, (k, n)), integers(rng, (n,))
        residual = integers(rng, (1, n))
        expected = np.maximum(reference.dense(x, w, bias) + residual, 0)
        for finite in (None, NO, YES):
            assert_same(dense(x, w, finite, bias, "relu", residual), expected)


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_row_has_the_bits_that_it_has_among_others(isa, share, rng):
    for k, n in SHAPES:
        x, w = with_zeros(normal(rng, (3, k)), share, rng), normal(rng, (k, n))
        together = kernels.dense(x, w)
        for i in range(3):
            assert dense(x[i : i + 1], w).tobytes() == dense(x[i : i + 1], w, None).tobytes() == together[i].tobytes()


@pytest.mark.parametrize(("k", "n"), [(600, 128), (2600, 1001), (9216, 30), (1300, 4500)])
def test_same_bits_everywhere(k, n, rng):
    x, w, bias = with_zeros(normal(rng, (1, k)), 0.5, rng), normal(rng, (k, n)), normal(rng, (n,))
    for finite in (None, YES):
        assert_same_bits_everywhere(lambda finite=finite: dense(x, w, finite, bias, "relu"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [40, 700])
def test_only_what_is_said_to_be_finite_is_skipped(isa, n, bad, rng):
    x, w = with_zeros(integers(rng, (1, 1200), 1, 4), 0.5, rng), integers(rng, (1200, n))
    expected = reference.matmul(x, w)
    w[x[0] == 0, ::2] = bad
    for finite in (None, NO):
        found = dense(x, w, finite)
        assert np.isnan(found[:, ::2]).all() and np.array_equal(found[:, 1::2], expected[:, 1::2])
    assert np.isnan(kernels.matmul(x, w)[:, ::2]).all()
    assert_same(dense(x, w), expected)  # it was said, though not true: nothing of those rows is read
    w[np.flatnonzero(x[0])[-1]] = np.nan
    assert np.isnan(dense(x, w)).all()


@pytest.mark.parametrize("n", [40, 700])
def test_numbers_that_are_not_finite_are_no_zeros(isa, n, rng):
    x, w = with_zeros(normal(rng, (1, 900)), 0.5, rng), normal(rng, (900, n))
    for bad in (np.nan, np.inf, 1e-45):
        x[0, 450] = bad
        assert dense(x, w).tobytes() == dense(x, w, None).tobytes()


@pytest.mark.parametrize("n", [40, 700])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_sums_too_small_for_a_float_keep_their_sign(isa, n, zero):
    """-1e-60 is rounded to -0, to which adding 0 * 1 gives 0, and 0 * -1 gives -0."""
    x, w = np.full((1, 500), zero, np.float32), np.ones((500, n), np.float32)
    w[:, ::3] = -1
    x[0, 3], w[3] = 1e-30, -1e-30
    found, expected = dense(x, w), kernels.matmul(np.repeat(x, 3, 0), w)[:1]
    assert found.tobytes() == dense(x, w, None).tobytes() == expected.tobytes() and not found.any()
    assert isa == "base" or len(set(np.signbit(found[0]))) == 2


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize(("k", "n"), [(37, 10), (100, 129), (530, 131), (1100, 1000), (20, 4100)])
def test_nothing_outside_the_arrays_is_touched(isa, k, n, at_end, rng):
    guard = Guard(at_end)
    x, w, bias = with_zeros(integers(rng, (1, k)), 0.4, rng), integers(rng, (k, n)), integers(rng, (n,))
    for finite in (None, YES):
        given = [guard.array(a) for a in (x, w, bias, np.zeros((1, n), np.float32))]
        _core.dense(*given[:3], "relu", 0.0, None, finite, given[3])
        assert_same(given[3].copy(), np.maximum(reference.dense(x, w, bias), 0))
    del given
    guard.close()


def test_what_is_said_has_one_element():
    with pytest.raises(ValueError, match=r"finite must have shape \(1,\), got \(2,\)"):
        dense(np.ones((1, 2)), np.ones((2, 3)), np.ones(2))


# ---- programs


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(1, 1), (700, 30), (40, 900)])
def test_weights_are_looked_through(bad, shape, rng):
    w = normal(rng, shape)
    w[0, 0] = 3e38  # large, and yet finite
    assert finite_weights.all_finite(w).tolist() == [1]
    w[shape[0] // 2, -1] = bad
    assert finite_weights.all_finite(w).tolist() == [0]


def network():
    utils.set_random_seed(4)
    start = x = layers.Input((6, 6, 24))
    for units in (150, 40):
        x = layers.Dense(units, activation="relu")(layers.Flatten()(x))
    return models.Model(start, layers.Add()([layers.Dense(40)(x), x]))


def outputs(model, x):
    """The program's, and those of layers that are called one by one."""
    eager = x
    for layer in model.layers[1:-2]:
        eager = layer(eager)
    return model.predict(x, verbose=0), (model.layers[-2](eager) + eager).numpy()


def test_programs_skip_what_meets_zeros_until_weights_are_not_finite():
    model = network()
    x = np.maximum(np.random.default_rng(3).standard_normal((1, 6, 6, 24), dtype=np.float32), 0)
    found, eager = outputs(model, x)
    ((program,),) = stepping.plans_of(model).inference.values()
    noted = [step for step in program.program.steps if step.operation is fused.DENSE]
    assert [step.inputs[4].array.tolist() for step in noted] == [[1], [1], [1]]
    np.testing.assert_array_equal(found, eager)
    first = model.get_weights()
    for bad in (np.nan, np.inf):
        weights = [w.copy() for w in first]
        weights[0][np.flatnonzero(x.reshape(-1) == 0)[0], 7] = bad
        model.set_weights(weights)
        broken, eager = outputs(model, x)
        assert np.isnan(broken).all() and np.isnan(eager).all()
        assert [step.inputs[4].array.tolist() for step in noted] == [[0], [1], [1]]
        model.set_weights(first)
        np.testing.assert_array_equal(model.predict(x, verbose=0), found)


def test_noting_changes_no_bit_and_is_for_one_row_only(monkeypatch):
    x = np.maximum(np.random.default_rng(3).standard_normal((2, 6, 6, 24), dtype=np.float32), 0)
    model = network()
    noted = [model.predict(x[i : i + 1], verbose=0) for i in range(2)]
    np.testing.assert_array_equal(model.predict(x, verbose=0), np.concatenate(noted))
    *_, (program,) = stepping.plans_of(model).inference.values()
    dense = [step for step in program.program.steps if step.operation.name.startswith("dense")]
    assert len(dense) == 3 and all(len(step.inputs) < 5 for step in dense)
    monkeypatch.setattr(inference_passes, "note_finite_weights", lambda steps, outputs: steps)
    np.testing.assert_array_equal(network().predict(x[:1], verbose=0), noted[0])


def test_the_reference_of_the_step(rng):
    x, w, bias, residual = (integers(rng, s) for s in ((1, 30), (30, 7), (7,), (1, 7)))
    for activation in (None, "relu"):
        for other in (None, residual):
            given = (x, w, bias, other, YES)
            found = fused.DENSE.kernel(*given, activation=activation)
            assert_same(found, fused.DENSE.reference(*given, activation=activation))
            assert found.shape == fused.DENSE.shape(*(None if t is None else t.shape for t in given))
