import numpy as np
import pytest
from oprules import check_all, numbers

from fastcnn import activations
from fastcnn.registry import custom_object_scope

X = numbers(4, 6, low=-5, high=9)
NAMES = [
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "step",
    "tanh",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_there_and_back(name):
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function
    assert activations.get(function) is function
    assert (
        activations.get({"class_name": "function", "config": name, "module": "builtins", "registered_name": "function"})
        is function
    )
    assert function(X.astype("f")).shape == X.shape


def test_other_names():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get("heaviside") is activations.step


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"negative_slope": 0.1},
        {"max_value": 6},
        {"max_value": 4.0},
        {"threshold": 1.0},
        {"negative_slope": 0.1, "max_value": 4.0},
        {"negative_slope": 0.1, "max_value": 4.0, "threshold": 1.0},
    ],
    ids=str,
)
def test_relu(arguments):
    slope, top, threshold = (
        arguments.get("negative_slope", 0),
        arguments.get("max_value"),
        arguments.get("threshold", 0),
    )
    expected = np.where(threshold < X, X, slope * (X - threshold))
    expected = expected if top is None else np.minimum(expected, top)
    np.testing.assert_allclose(activations.relu(X, **arguments).array, expected, atol=1e-5)
    check_all(lambda x: activations.relu(x, **arguments), X, order=1)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("celu", lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
        ("log_sigmoid", lambda x: -np.log1p(np.exp(-x))),
        ("hard_tanh", lambda x: np.clip(x, -1, 1)),
        ("tanh_shrink", lambda x: x - np.tanh(x)),
        ("soft_shrink", lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0)),
        ("hard_shrink", lambda x: np.where(abs(x) > 0.5, x, 0)),
        ("squareplus", lambda x: (x + np.sqrt(x * x + 4)) / 2),
    ],
)
def test_formulas(name, formula):
    np.testing.assert_allclose(activations.get(name)(X).array, formula(X), rtol=1e-5, atol=1e-5)
    check_all(activations.get(name), X, order=1)


def test_threshold():
    assert activations.threshold([-2.0, 2.0], 1.0, 9.0).array.tolist() == [9, 2]


def test_defaults_are_keras():
    assert float(activations.leaky_relu(-1.0)) == pytest.approx(-0.2)
    assert float(activations.gelu(-1.0)) == pytest.approx(-0.15865525)
    assert float(activations.gelu(-1.0, approximate=True)) == pytest.approx(-0.15880801)


def test_own_functions():
    with custom_object_scope({"twice": lambda x: x * 2}):
        assert activations.get("twice")(3) == 6


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: activations.get("rellu"), ValueError, "there is no activation function 'rellu'. Did you mean 'relu'?"),
        (lambda: activations.get(3), TypeError, "activation function of 3; give a name"),
        (lambda: activations.relu(1.0, max_value=-1), ValueError, "max_value must not be negative, got -1"),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
