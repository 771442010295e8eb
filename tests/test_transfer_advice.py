"""Advice: what is measured, and the rule that follows."""

import numpy as np
import pytest
from transfer_networks import resnet

import fastcnn
from fastcnn import layers, models, transfer
from fastcnn.transfer.advice import _chosen
from fastcnn.transfer.freezing import trained_layers
from fastcnn.transfer.probes import balanced_accuracy, linear_probe, nearest_probe, standardized, thumbnails

SIZE = 16


def stripes(angles, per_class, seed):
    """Noisy stripes; the class is their direction, their place and width are chance."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(angles)), per_class)
    u, v = np.mgrid[:SIZE, :SIZE]
    angle = np.radians(np.asarray(angles))[y][:, None, None]
    wave = rng.uniform(0.9, 1.3, (len(y), 1, 1))
    x = np.sin(wave * (u * np.cos(angle) + v * np.sin(angle)) + rng.uniform(0, 6.3, (len(y), 1, 1)))
    return (x + rng.normal(0, 0.3, x.shape))[..., None].astype("float32"), y


def corners(per_class, seed):
    """Stripes in any direction; the class is the corner that is a little brighter."""
    rng = np.random.default_rng(seed)
    x, _ = stripes(rng.uniform(0, 180, 3 * per_class), 1, seed)
    y = np.repeat(np.arange(3), per_class)
    half = SIZE // 2
    for image, label in zip(x, y, strict=True):
        top, left = [(0, 0), (0, half), (half, 0)][label]
        image[top : top + half, left : left + half] += 0.5
    return x, y


@pytest.fixture(scope="module")
def base():
    """Learned to tell four directions."""
    fastcnn.utils.set_random_seed(0)
    body = [
        layers.Input((SIZE, SIZE, 1)),
        layers.Conv2D(8, 5, activation="relu", name="low"),
        layers.Conv2D(16, 3, activation="relu", name="middle"),
        layers.Conv2D(16, 3, activation="relu", name="high"),
    ]
    model = models.Sequential(
        [*body, layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax")], name="stripes"
    )
    model.compile(fastcnn.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(*stripes((0, 45, 90, 135), 60, 1), batch_size=20, epochs=6, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    return model


# data, quadrant, strategy, part, freeze_until, learning_rate
PAIRS = {
    "similar, many": (lambda: stripes((20, 70, 110), 120, 2), 1, 2, 0.3, "high", 1e-4),
    "dissimilar, many": (lambda: corners(120, 3), 2, 1, 1.0, 0, 1e-4),
    "dissimilar, few": (lambda: corners(40, 4), 3, 2, 0.5, "middle", 1e-5),
    "similar, few": (lambda: stripes((20, 70, 110), 20, 5), 4, 3, 0.0, 1.0, 1e-3),
}


@pytest.mark.parametrize("probe", ["linear", "nearest"])
@pytest.mark.parametrize("pair", PAIRS)
def test_29_the_four_quadrants(base, pair, probe):
    made, quadrant, strategy, part, until, rate = PAIRS[pair]
    x, y = made()
    advice = transfer.advise(base, x, y, probe=probe)
    found = (advice.quadrant, advice.strategy, advice.part, advice.freeze_until, advice.learning_rate)
    assert found == (quadrant, strategy, part, until, rate)
    assert advice.samples_per_class == len(y) / 3
    lines = str(advice).splitlines()
    assert lines[0].startswith(f"Quadrant {quadrant} ({pair}): strategy {strategy}, ")
    assert len(advice.reasons) == 4 and lines[-4:] == [f"  - {reason}" for reason in advice.reasons]


def test_the_measurements_are_told(base):
    x, y = PAIRS["dissimilar, many"][0]()
    advice = transfer.advise(base, x, y)
    assert advice.pixel_accuracy > 0.9 > advice.accuracy
    assert "the pixels themselves do better" in str(advice)
    assert advice.similarity == pytest.approx(max((advice.accuracy - 1 / 3) / (2 / 3), 0))
    features = transfer.extract_features(base, x, pooling="avg")
    assert advice.accuracy == linear_probe(features, y)


def test_advice_can_be_applied(base):
    x, y = PAIRS["dissimilar, few"][0]()
    model = transfer.replace_head(base, 3)
    assert transfer.advise(base, x, y).apply(model) is model
    assert [layer.name for layer in trained_layers(model) if layer.trainable] == ["middle", "high", "head"]
    same = transfer.replace_head(base, 3)
    transfer.freeze(transfer.unfreeze(same), transfer.advise(base, x, y).freeze_until)
    assert [layer.name for layer in trained_layers(same) if layer.trainable] == ["middle", "high", "head"]
    transfer.unfreeze(base)


def test_what_is_many_and_what_is_similar_can_be_said(base):
    x, y = PAIRS["similar, few"][0]()
    assert transfer.advise(base, x, y, many=20).quadrant == 1
    assert transfer.advise(base, x, y, many=20, similar=1.01).quadrant == 2


def test_labels_may_be_words_or_one_hot(base):
    x, y = PAIRS["similar, few"][0]()
    plain = transfer.advise(base, x, y)
    assert transfer.advise(base, x, np.array(["ash", "elm", "oak"])[y]) == plain
    assert transfer.advise(base, x, np.eye(3)[y]) == plain


def test_at_most_so_many_are_measured_and_all_are_counted(base, monkeypatch):
    x, y = PAIRS["similar, many"][0]()
    seen = []
    monkeypatch.setattr(
        "fastcnn.transfer.advice.thumbnails", lambda images: seen.append(len(images)) or thumbnails(images)
    )
    advice = transfer.advise(base, x, y, most=60)
    assert seen == [60] and advice.samples_per_class == 120 and advice.quadrant == 1
    assert transfer.advise(base, x, y, most=60) == advice


def test_the_choice_is_even():
    labels = np.repeat([0, 1, 2], [100, 10, 3])
    chosen = _chosen(labels, 30, 0)
    assert np.bincount(labels[chosen]).tolist() == [17, 10, 3]
    assert (np.diff(chosen) > 0).all()


def test_classes_of_unlike_size_are_named(base):
    x, y = PAIRS["similar, few"][0]()
    kept = np.r_[0:20, 20:40, 40:45]
    advice = transfer.advise(base, x[kept], y[kept])
    assert "from 5 of 2 to 20 of 0" in str(advice)


def test_features_are_cached(base, tmp_path):
    x, y = PAIRS["similar, few"][0]()
    first = transfer.advise(base, x, y, cache=tmp_path / "f.npy")
    assert transfer.advise(base, x, y, cache=tmp_path / "f.npy") == first
    assert np.load(tmp_path / "f.npy").shape == (60, 16)


# ---- probes


def test_the_linear_probe_is_ridge_regression_without_the_sample_itself(monkeypatch):
    """Against leaving each sample out and solving anew."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [9, 7, 6])
    features = rng.normal(size=(22, 5)) + 0.8 * np.eye(5)[y]
    monkeypatch.setattr("fastcnn.transfer.probes.PENALTIES", (0.1,))
    x = np.hstack([standardized(features), np.ones((22, 1))])
    weights = 22 / (3 * np.bincount(y)[y])
    penalty = 0.1 * (weights * (x**2).sum(1)).mean()
    predicted = []
    for i in range(22):
        rest = np.arange(22) != i
        a, w = x[rest], weights[rest, None]
        targets = np.where(y[rest, None] == np.arange(3), 1.0, -1.0)
        solved = np.linalg.solve(a.T @ (w * a) + penalty * np.eye(6), a.T @ (w * targets))
        predicted.append((x[i] @ solved).argmax())
    expected = balanced_accuracy(y, np.array(predicted))
    assert 0.4 < expected < 1
    assert linear_probe(features, y) == pytest.approx(expected)


def test_the_nearest_neighbours_by_hand():
    angles = np.radians([0, 5, 10, 90, 95, 100, 8])
    features = np.stack([np.cos(angles), np.sin(angles)], 1)
    features = np.vstack([features, -features])  # so that the mean is 0 and nothing is moved
    y = np.array([0, 0, 0, 1, 1, 1, 1] * 2)
    # The sample at 8 degrees, of class 1, lies among those of class 0, and is outvoted.
    assert nearest_probe(features, y, neighbours=3) == pytest.approx((1 + 3 / 4) / 2)


@pytest.mark.parametrize("probe", [linear_probe, nearest_probe])
def test_noise_is_worth_nothing(probe):
    rng = np.random.default_rng(1)
    assert probe(rng.normal(size=(300, 20)), np.arange(300) % 3) == pytest.approx(1 / 3, abs=0.1)
    assert probe(np.zeros((30, 4)), np.arange(30) % 3) <= 0.5  # constant features


def test_thumbnails():
    images = np.random.default_rng(0).random((2, 48, 32, 3))
    small = thumbnails(images)
    assert small.shape == (2, 16, 16, 3)
    np.testing.assert_allclose(small, images.reshape(2, 16, 3, 16, 2, 3).mean((2, 4)))
    assert thumbnails(images[:, :20, :7], 16).shape == (2, 16, 7, 3)
    np.testing.assert_array_equal(thumbnails(np.ones((2, 5))), np.ones((2, 5)))


@pytest.mark.parametrize(
    ("y", "arguments", "message"),
    [
        ([0, 1, 0], {}, "x has 4 samples, but y has 3"),
        ([1, 1, 1, 1], {}, r"y must have two classes or more, got only \[1\]"),
        ([0, 0, 0, 1], {}, "each class needs two samples or more; class 1 has one"),
        ([0, 1, 0, 1], {"probe": "liner"}, "probe must be 'linear' or 'nearest', got 'liner'. Did you mean 'linear'"),
        ([0, 1, 0, 1], {"most": 3}, "most must allow two samples of each of the 2 classes, got 3"),
    ],
)
def test_errors(y, arguments, message):
    with pytest.raises(ValueError, match=message):
        transfer.advise(resnet(), np.zeros((4, 12, 12, 3)), y, **arguments)
