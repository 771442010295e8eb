"""Losses: Keras's values, float64 gradients, reductions and weights, messages, the check of heads."""

import json

import numpy as np
import pytest
from loss_metric_cases import FROZEN, H, I, P, Q, R, S, Z, all_values, loss_values
from loss_metric_cases import losses as loss_cases

from fastcnn import losses, ops
from fastcnn.autograd import GradientTape
from fastcnn.seam import state
from fastcnn.tensor import convert_to_tensor

VALUES = json.loads(FROZEN.read_text())["losses"]


@pytest.mark.parametrize(
    ("case", "expected"), list(zip(loss_cases(), VALUES, strict=True)), ids=[f"{c[0]}-{c[1]}" for c in loss_cases()]
)
def test_keras_values(case, expected):
    for got, want in zip(loss_values(lambda n: getattr(losses, n), case), expected, strict=True):
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_keras_itself_gives_the_frozen_values():
    keras = pytest.importorskip("keras")
    fresh = all_values(keras.losses, keras.metrics)["losses"]
    for got, want in zip(fresh, VALUES, strict=True):
        np.testing.assert_allclose(got[0], want[0], rtol=1e-5, atol=1e-6)


def test_one_hot_and_sparse_crossentropy_agree():
    one_hot = losses.CategoricalCrossentropy(reduction="none")(H, P).numpy()
    sparse = losses.SparseCategoricalCrossentropy(reduction="none")(I, P).numpy()
    np.testing.assert_allclose(one_hot, sparse, atol=1e-7)
    np.testing.assert_allclose(one_hot, -np.log(P[np.arange(4), I]), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "t", "p"),
    [
        ("mse", R, S),
        ("mae", R, S),
        ("mape", R, S),
        ("msle", R, S),
        ("huber", R, S),
        ("logcosh", R, S),
        ("poisson", R, S),
        ("cosine_similarity", R, S),
        ("squared_hinge", H, Z),
        ("categorical_hinge", H, P),
        ("kl_divergence", H, P),
        ("bce", H, P),
        ("cce", H, P),
        ("scce", I, P),
        ("binary_focal_crossentropy", H, P),
        ("categorical_focal_crossentropy", H, P),
        ("dice", H, P),
    ],
)
def test_gradients(name, t, p, monkeypatch):
    """Along one random direction, in float64, against a central difference."""
    monkeypatch.setattr(state, "precise", True)
    direction = np.random.default_rng(1).standard_normal(p.shape)

    def total(x):
        return ops.sum(losses.get(name)(t, x))

    x = convert_to_tensor(p)
    with GradientTape() as tape:
        tape.watch(x)
        y = total(x)
    slope = (tape.gradient(y, x).numpy() * direction).sum()
    h = 1e-6
    difference = (float(total(p + h * direction)) - float(total(p - h * direction))) / (2 * h)
    assert slope == pytest.approx(difference, rel=1e-6, abs=1e-8) and slope != 0


def test_aliases_are_functions_and_class_names_classes():
    for alias, name in {
        "mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy",
        "mape": "mean_absolute_percentage_error", "msle": "mean_squared_logarithmic_error", "kld": "kl_divergence",
        "logcosh": "log_cosh", "huber": "huber", "cosine_similarity": "cosine_similarity", "hinge": "hinge",
    }.items():  # fmt: skip
        assert losses.get(alias) is getattr(losses, name)
    assert isinstance(losses.get("Hinge"), losses.Hinge)
    with pytest.raises(ValueError, match="Did you mean 'categorical_crossentropy'"):
        losses.get("categorical_crosentropy")


@pytest.mark.parametrize(
    "loss",
    [losses.Huber(0.5), losses.SparseCategoricalCrossentropy(ignore_class=2), losses.Dice(axis=1, reduction="sum")],
    ids=repr,
)
def test_config_round_trip(loss):
    config = json.loads(json.dumps(losses.serialize(loss)))
    again = losses.deserialize(config)
    assert type(again) is type(loss) and again.get_config() == loss.get_config()
    assert config["module"] == "keras.losses"


def test_weight_of_a_sample_counts_for_all_its_values():
    t, p = np.zeros((2, 2, 3)), np.arange(12.0).reshape(2, 2, 3)
    got = losses.MeanSquaredError()(
        t, p, sample_weight=[0.0, 2.0]
    )  # as many samples as steps: the weights are samples'
    np.testing.assert_allclose(float(got), 2 * np.square(p[1]).mean(axis=-1).sum() / 4, rtol=1e-6)
    assert losses.MeanSquaredError("none")(t, p).shape == (2, 2)


def test_a_label_that_is_always_ignored_gives_zero():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=0)
    assert float(loss([0, 0], P[:2])) == 0.0
    assert np.isclose(float(loss([0, 1], P[:2])), -np.log(0.6))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.CategoricalCrossentropy()(I, P), "integer labels: use sparse_categorical"),
        (lambda: losses.CategoricalCrossentropy()(H, P[:, :2]), r"got \(4, 3\); the number of classes"),
        (lambda: losses.CategoricalCrossentropy()(I, Q), "use binary_crossentropy and a sigmoid"),
        (lambda: losses.SparseCategoricalCrossentropy()(H, P), "look one-hot: use categorical_crossentropy"),
        (lambda: losses.SparseCategoricalCrossentropy()(I[:3], P), "one integer a sample"),
        (lambda: losses.MeanSquaredError()(R, S[:, :1]), r"same shape, got \(4, 2\) and \(4, 1\)"),
        (lambda: losses.MeanSquaredError("summ"), "reduction must be .* got 'summ'. Did you mean 'sum'"),
        (lambda: losses.MeanSquaredError()(R, S, np.ones(3)), r"sample_weight: expected shape \(4,\).* got \(3,\)"),
        (lambda: losses.SparseCategoricalCrossentropy()([3, 0], P[:2]), "3"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_other_dtypes_are_refused():
    with pytest.raises(NotImplementedError, match="dtype: .*'float16'"):
        losses.MeanSquaredError(dtype="float16")
    with pytest.raises(NotImplementedError, match=r"Mine must define call\(self, y_true, y_pred\)"):
        type("Mine", (losses.Loss,), {})()(H, P)


@pytest.mark.parametrize(
    ("loss", "t", "p", "message"),
    [
        ("categorical_crossentropy", I, P, "integer labels; use sparse_categorical_crossentropy"),
        ("categorical_crossentropy", H, P[:, :2], "number of units"),
        ("categorical_crossentropy", I, Q, "one unit"),
        ("sparse_categorical_crossentropy", H, P, "one-hot; use categorical_crossentropy"),
        ("sparse_categorical_crossentropy", H[:, :2], P, r"must have shape \(4,\) for an output .* got \(4, 2\)"),
        ("sparse_categorical_crossentropy", np.array([1, 2, 3, 1]), P, "in 0..2, got 3; labels start at 0"),
        ("sparse_categorical_crossentropy", np.array([0, -1, 0, 0]), P, "in 0..2, got -1"),
        ("sparse_categorical_crossentropy", np.array([0, 0.5, 0, 0]), P, "integers, got 0.5"),
        ("categorical_crossentropy", H, Z, "2, which is no probability; .*'softmax'.* from_logits=True"),
        ("binary_crossentropy", H, Z, "'sigmoid'.*from_logits=True"),
        ("binary_crossentropy", 2 * H, P, "between 0 and 1, got 2"),
        ("mse", R, S[:, :1], r"\(4, 2\) and the model's output \(4, 1\)"),
    ],
)
def test_check_head_raises(loss, t, p, message):
    with pytest.raises(ValueError, match=message):
        losses.check_head(loss, t, p)


def test_check_head_warns_of_softmax_before_from_logits():
    (warning,) = losses.check_head(losses.CategoricalCrossentropy(from_logits=True), H, P)
    assert "looks like softmax" in warning


@pytest.mark.parametrize(
    ("loss", "t", "p"),
    [
        ("categorical_crossentropy", H.astype(bool), P),
        (losses.CategoricalCrossentropy(from_logits=True), H, Z),
        (losses.SparseCategoricalCrossentropy(ignore_class=255), np.array([0, 1, 255, 2]), P),
        ("mse", R[:, 0], S[:, :1]),
        (lambda a, b: a, I, P),
    ],
)
def test_check_head_accepts(loss, t, p):
    assert losses.check_head(loss, t, p) == []


def test_an_ignored_class_that_the_labels_type_cannot_hold():
    y, p = np.array([0, 1], np.uint8), np.array([[0.5, 0.5], [0.5, 0.5]], np.float32)
    for ignored in (-1, 300):
        found = losses.SparseCategoricalCrossentropy(ignore_class=ignored)(y, p)
        assert float(found) == pytest.approx(np.log(2))
