"""Regularizers: values, gradients, names, messages."""

import json

import numpy as np
import pytest

from fastcnn import regularizers
from fastcnn.autograd import GradientTape
from fastcnn.tensor import Variable

X = np.array([[1.0, -2.0], [0.5, 4.0]], np.float32)


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (regularizers.L1(0.5), 0.5 * 7.5),
        (regularizers.L2(0.5), 0.5 * 21.25),
        (regularizers.L1L2(0.1, 0.5), 0.1 * 7.5 + 0.5 * 21.25),
        (regularizers.L1L2(), 0.0),
        (regularizers.OrthogonalRegularizer(0.5), 0.5 * 7.5 / np.sqrt(5 * 16.25)),
        (regularizers.OrthogonalRegularizer(1.0, "columns"), 0.0),
    ],
)
def test_values(regularizer, expected):
    got = regularizer(Variable(X))
    assert got.shape == ()
    np.testing.assert_allclose(float(got), expected, rtol=1e-6, atol=1e-7)


def test_orthogonal_counts_each_pair_once_in_the_mean():
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert np.isclose(float(regularizers.OrthogonalRegularizer(1.0)(rows)), 1 / 3)


def test_gradient():
    v = Variable(X)
    with GradientTape() as tape:
        penalty = regularizers.L1L2(0.1, 0.5)(v)
    np.testing.assert_allclose(tape.gradient(penalty, v).numpy(), 0.1 * np.sign(X) + X, rtol=1e-6)


@pytest.mark.parametrize("name", ["l1", "l2", "l1_l2", "L1L2", "orthogonal_regularizer"])
def test_names_and_configs(name):
    made = regularizers.get(name)
    again = regularizers.deserialize(json.loads(json.dumps(regularizers.serialize(made))))
    assert type(again) is type(made) and again.get_config() == made.get_config()


def test_defaults():
    assert (regularizers.l1().l1, regularizers.l2().l2, regularizers.l1_l2().get_config()) == (
        0.01,
        0.01,
        {"l1": 0.0, "l2": 0.0},
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regularizers.L2(-1), "l2 must be a number of at least 0, got -1"),
        (lambda: regularizers.L1("0.1"), "l1 must be a number of at least 0, got '0.1'"),
        (lambda: regularizers.OrthogonalRegularizer(mode="row"), "mode must be 'rows' or 'columns', got 'row'"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3)), "two dimensions"),
        (lambda: regularizers.get("l3"), "there is no regularizer 'l3'"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_one_of_ones_own_must_define():
    with pytest.raises(NotImplementedError, match=r"Mine must define __call__\(self, x\)"):
        type("Mine", (regularizers.Regularizer,), {})()([1.0])
