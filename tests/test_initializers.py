"""Initializers: formulas, seeds, configs, the activation statistics of deep nets, policies, messages."""

import json
import math

import numpy as np
import pytest

from fastcnn import initializers, ops, random
from fastcnn.autograd import GradientTape
from fastcnn.losses import CategoricalCrossentropy
from fastcnn.tensor import Variable

SHAPE = (3, 3, 32, 64)  # fan_in 288, fan_out 576


@pytest.fixture
def policy():
    yield initializers.set_init_policy
    initializers.set_init_policy("keras")


@pytest.mark.parametrize(
    ("make", "stddev", "limit"),
    [
        (initializers.GlorotUniform, math.sqrt(2 / 864), math.sqrt(6 / 864)),
        (initializers.GlorotNormal, math.sqrt(2 / 864), 2 * math.sqrt(2 / 864) / 0.87962566103423978),
        (initializers.HeUniform, math.sqrt(2 / 288), math.sqrt(6 / 288)),
        (initializers.HeNormal, math.sqrt(2 / 288), 2 * math.sqrt(2 / 288) / 0.87962566103423978),
        (initializers.LecunUniform, math.sqrt(1 / 288), math.sqrt(3 / 288)),
        (initializers.LecunNormal, math.sqrt(1 / 288), 2 * math.sqrt(1 / 288) / 0.87962566103423978),
        (initializers.XavierFanIn, math.sqrt(1 / 288), math.inf),
        (
            lambda seed: initializers.VarianceScaling(1, "fan_out", "uniform", seed),
            math.sqrt(1 / 576),
            math.sqrt(3 / 576),
        ),
        (lambda seed: initializers.RandomNormal(0.0, 0.01, seed), 0.01, math.inf),
        (lambda seed: initializers.RandomUniform(-1, 1, seed), math.sqrt(1 / 3), 1.0),
        (lambda seed: initializers.TruncatedNormal(0.0, 1.0, seed), 0.87962566103423978, 2.0),
        (lambda seed: initializers.FanInUniform(100, seed), 0.1 / math.sqrt(3), 0.1),
    ],
)
def test_spread(make, stddev, limit):
    w = make(seed=1)(SHAPE).numpy()
    assert w.shape == SHAPE and w.dtype == np.float32
    assert abs(w.std() / stddev - 1) < 0.02 and abs(w.mean()) < 0.02 * stddev
    assert np.abs(w).max() <= limit * (1 + 1e-6)
    assert limit == math.inf or np.abs(w).max() > 0.99 * limit


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 3, 4, 8)])
def test_orthogonal(shape):
    w = initializers.Orthogonal(2.0, seed=3)(shape).numpy().reshape(-1, shape[-1]).astype(np.float64)
    gram = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(min(w.shape)), atol=1e-5)


def test_fixed_values():
    assert initializers.Zeros()((2, 3), "int32").numpy().tolist() == [[0, 0, 0]] * 2
    assert initializers.Ones()((2,), "float64").dtype == "float64"
    assert initializers.Constant([1.0, 2.0])((2, 2)).numpy().tolist() == [[1, 2], [1, 2]]
    assert initializers.Identity(3.0)((2, 3)).numpy().tolist() == [[3, 0, 0], [0, 3, 0]]


def test_seeds():
    once = initializers.HeNormal()
    assert (once((4, 4)).numpy() == once((4, 4)).numpy()).all()
    assert (initializers.HeNormal()((4, 4)).numpy() != once((4, 4)).numpy()).any()
    assert (initializers.HeNormal(7)((4, 4)).numpy() == initializers.HeNormal(7)((4, 4)).numpy()).all()
    assert initializers.HeNormal(-1)((2, 2)).shape == (2, 2)
    generator = initializers.HeNormal(random.SeedGenerator(7))
    assert (generator((4, 4)).numpy() != generator((4, 4)).numpy()).any()


def test_the_global_seed_decides():
    def draw():
        random.set_global_seed(5)
        return initializers.GlorotUniform()((4, 4)).numpy()

    assert (draw() == draw()).all()


@pytest.mark.parametrize(
    "name",
    [
        "zeros",
        "ones",
        "constant",
        "identity",
        "random_normal",
        "random_uniform",
        "truncated_normal",
        "variance_scaling",
        "glorot_uniform",
        "glorot_normal",
        "he_normal",
        "he_uniform",
        "lecun_normal",
        "lecun_uniform",
        "orthogonal",
        "xavier_fan_in",
        "HeNormal",
    ],
)
def test_names_and_configs(name):
    made = initializers.get(name)
    config = json.loads(json.dumps(initializers.serialize(made)))
    again = initializers.deserialize(config)
    assert type(again) is type(made) and again.get_config() == made.get_config() == made.clone().get_config()
    own = isinstance(made, initializers.XavierFanIn)
    assert config["module"] == ("fastcnn.initializers" if own else "keras.initializers")


def test_config_with_a_seed_generator():
    made = initializers.RandomNormal(seed=random.SeedGenerator(3))
    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(made))))
    assert (again((3,)).numpy() == made((3,)).numpy()).all()


def _activations(initializer, activation, layers=10, units=256, runs=12):
    """(spread, share beyond 0.99) of the first and the last layer: means over networks, which differ a good deal."""
    found = []
    for run in range(runs):
        x = np.random.default_rng(run).standard_normal((100, units))
        deviations = []
        for layer in range(layers):
            x = activation(x @ initializer(layers * run + layer)((units, units)).numpy())
            deviations.append((x.std(), (np.abs(x) > 0.99).mean()))
        found.append((deviations[0], deviations[-1]))
    return np.mean(found, axis=0)


def test_activations_through_ten_layers():
    def relu(x):
        return np.maximum(x, 0)

    def small(seed):
        return initializers.RandomNormal(0.0, 0.01, seed)

    def large(seed):
        return initializers.RandomNormal(0.0, 1.0, seed)

    first, last = _activations(small, np.tanh)
    assert first[0] == pytest.approx(0.156, rel=0.2) and last[0] == pytest.approx(1.0e-8, rel=0.2)
    first, last = _activations(large, np.tanh)
    assert first[1] == pytest.approx(0.866, rel=0.2) and last[1] == pytest.approx(0.864, rel=0.2)
    first, last = _activations(initializers.HeNormal, relu)
    assert first[0] == pytest.approx(0.81, rel=0.2) and last[0] == pytest.approx(0.89, rel=0.2)
    first, last = _activations(initializers.XavierFanIn, relu)
    assert first[0] == pytest.approx(0.58, rel=0.2) and last[0] == pytest.approx(0.024, rel=0.2)


@pytest.mark.parametrize("first", [initializers.Zeros(), initializers.Constant(0.5)], ids=repr)
def test_units_that_begin_alike_stay_alike(rng, first):
    x, y = rng.standard_normal((16, 5)).astype(np.float32), np.eye(3, dtype=np.float32)[rng.integers(0, 3, 16)]
    w1, w2 = Variable(first, (5, 8)), Variable(first, (8, 3))
    for _ in range(5):
        with GradientTape() as tape:
            loss = CategoricalCrossentropy(from_logits=True)(y, ops.matmul(ops.sigmoid(ops.matmul(x, w1)), w2))
        for v, g in zip((w1, w2), tape.gradient(loss, [w1, w2]), strict=True):
            v.assign_sub(0.5 * g.numpy())
    assert (w1.numpy() == w1.numpy()[:, :1]).all() and (w2.numpy() == w2.numpy()[:1]).all()
    assert (w2.numpy() != first((8, 3)).numpy()).any()


def test_policies(policy):
    def chosen(initializer, activation=None, role="kernel"):
        return type(initializers.by_policy(initializer, activation, role)).__name__

    assert chosen("glorot_uniform", "relu") == "GlorotUniform" and chosen("zeros", role="bias") == "Zeros"
    policy("notes")
    assert initializers.get_init_policy() == "notes"
    assert [chosen("glorot_uniform", a) for a in ("relu", "softmax", None)] == [
        "HeNormal",
        "GlorotUniform",
        "GlorotUniform",
    ]
    assert (
        chosen(initializers.GlorotUniform(), "relu") == "GlorotUniform" and chosen("zeros", "relu", "bias") == "Zeros"
    )
    policy("torch")
    kernel = initializers.by_policy("glorot_uniform", "relu")((600, 50)).numpy()
    assert 0.99 / math.sqrt(600) < np.abs(kernel).max() <= 1 / math.sqrt(600)
    bias = initializers.with_fan_in(initializers.by_policy("zeros", None, "bias"), (600, 50))((50,)).numpy()
    assert 0.8 / math.sqrt(600) < np.abs(bias).max() <= 1 / math.sqrt(600)
    assert chosen("ones", role="bias") == "Ones"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), "Did you mean 'glorot_uniform'"),
        (lambda: initializers.HeNormal("1"), "seed must be an int, a SeedGenerator or None, got '1'"),
        (lambda: initializers.HeNormal(1)((2, 2), "int32"), "floating-point numbers, got dtype 'int32'"),
        (lambda: initializers.VarianceScaling(0.0), "scale must be positive"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode must be .* got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="gauss"), "distribution must be .* got 'gauss'"),
        (lambda: initializers.Identity()((2,)), "two dimensions; got shape"),
        (lambda: initializers.Orthogonal(1.0, 1)((2,)), "at least two dimensions"),
        (lambda: initializers.Constant([1.0, 2.0])((3,)), r"shape \(2,\) does not broadcast .* \(3,\)"),
        (lambda: initializers.FanInUniform(seed=1)((3,)), "needs fan_in"),
        (lambda: initializers.set_init_policy("note"), "Did you mean 'notes'"),
        (lambda: initializers.by_policy("zeros", role="gain"), "role must be"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_one_of_ones_own_must_define():
    with pytest.raises(NotImplementedError, match=r"Mine must define __call__\(self, shape, dtype=None\)"):
        type("Mine", (initializers.Initializer,), {})()((2,))
