"""Constraints: values, names, messages."""

import json

import numpy as np
import pytest

from fastcnn import constraints
from fastcnn.tensor import Variable

W = np.array([[3.0, 0.3, -6.0], [4.0, 0.4, 8.0]], np.float32)  # column norms 5, 0.5, 10


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (constraints.MaxNorm(5), W * [1, 1, 0.5]),
        (constraints.UnitNorm(), W / [5, 0.5, 10]),
        (constraints.UnitNorm(axis=[0, 1]), W / np.sqrt(125.25)),
        (constraints.NonNeg(), np.maximum(W, 0)),
        (constraints.MinMaxNorm(1.0, 5.0), W * [1, 2, 0.5]),
        (constraints.MinMaxNorm(1.0, 5.0, rate=0.5), W * [1, 1.5, 0.75]),
        (constraints.ClipValue(3.5), np.clip(W, -3.5, 3.5)),
    ],
    ids=repr,
)
def test_values(constraint, expected):
    v = Variable(W)
    v.assign(constraint(v))
    np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["max_norm", "unit_norm", "non_neg", "min_max_norm", "MaxNorm", "clip_value"])
def test_names_and_configs(name):
    made = constraints.get(name)
    again = constraints.deserialize(json.loads(json.dumps(constraints.serialize(made))))
    assert type(again) is type(made) and again.get_config() == made.get_config()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: constraints.ClipValue(-1.0), "max_value must be at least 0, got -1.0"),
        (lambda: constraints.MinMaxNorm(2.0, 1.0), "min_value must be at most max_value, got 2.0 and 1.0"),
        (lambda: constraints.get("maxnorms"), "there is no constraint 'maxnorms'"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_one_of_ones_own_must_define():
    with pytest.raises(NotImplementedError, match=r"Mine must define __call__\(self, w\)"):
        type("Mine", (constraints.Constraint,), {})()([1.0])
