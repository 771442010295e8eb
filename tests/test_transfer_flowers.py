"""SqueezeNet's ImageNet features tell five flowers apart, from 32 photographs of each."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, models, ops, optimizers, transfer

PROGRAM = Path(__file__).parents[1] / "bench" / "fine_tune_flowers.py"
CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]


class Roots(layers.Layer):
    """Square roots: what is in a picture counts, not so much how much of it."""

    def call(self, x):
        return ops.sqrt(x + 1e-4)


@pytest.fixture(scope="module")
def data():
    folder = Path(os.environ.get("FASTCNN_DATA") or "")
    if not os.environ.get("FASTCNN_DATA") or not (folder / "flowers-small").is_dir():
        pytest.skip("FASTCNN_DATA has no folder flowers-small")
    if not (folder / "onnx" / "squeezenet11_torchvision_fp32.onnx").is_file():
        pytest.skip("FASTCNN_DATA has no onnx/squeezenet11_torchvision_fp32.onnx")
    pytest.importorskip("PIL")
    return folder


def squeezenet(folder):
    weights = folder / "onnx" / "squeezenet11_torchvision_fp32.onnx"
    return fastcnn.applications.SqueezeNet(include_top=False, weights=weights, input_shape=(224, 224, 3))


def photographs(folder, whole):
    """The images, the middle or squeezed into a square, as SqueezeNet wants them; and their classes."""
    paths, labels, _ = fastcnn.data.list_folder(folder / "flowers-small", classes=CLASSES)
    read = fastcnn.data.read_image
    arguments = {"target_size": (224, 224), "interpolation": "bilinear", "keep_aspect_ratio": not whole}
    x = np.stack([read(path, **arguments) for path in paths]).astype("float32")
    return fastcnn.applications.squeezenet.preprocess_input(x), np.asarray(labels)


def folds(labels, seed, count=5):
    """The number of the fold of each sample, each with as many of each class."""
    rng = np.random.default_rng(seed)
    found = np.empty(len(labels), int)
    for c in np.unique(labels):
        own = np.flatnonzero(labels == c)
        found[own] = rng.permutation(len(own)) % count
    return found


def head(features, labels, shrinkage=1.0):
    """Roots, unit length, whitening by the training features, and a classifier, trained on features."""
    start = models.Sequential([layers.Input(features.shape[1:]), Roots(), layers.UnitNormalization()])
    z = start.predict(features, verbose=0).astype(float)
    mean = z.mean(0)
    variances, axes = np.linalg.eigh(np.cov(z, rowvar=False, ddof=0))
    white = axes / np.sqrt(variances.clip(0) + shrinkage * variances.sum() / len(z))
    whitening = layers.Dense(white.shape[1], trainable=False, name="whitening")
    classifier = layers.Dense(5, activation="softmax", kernel_initializer="zeros", name="flowers")
    model = models.Sequential([layers.Input(features.shape[1:]), *start.layers, whitening, classifier])
    whitening.set_weights([0.3 * white, -0.3 * mean @ white])
    model.compile(optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(features, labels, epochs=5, batch_size=32, verbose=0)
    return model


def test_squeezenet_features_and_a_new_head_know_flowers(data):
    base, views = squeezenet(data), []
    for whole in (False, True):
        x, y = photographs(data, whole)
        for image in (x, x[:, :, ::-1]):  # as it is, and mirrored
            views.append(transfer.extract_features(base, image, pooling="avg"))
    assert np.bincount(y).tolist() == [40] * 5 and views[0].shape == (200, 512)
    accuracies = []
    for seed in range(3):
        fold = folds(y, seed)
        for k in range(5):
            fastcnn.utils.set_random_seed(k)
            known = fold != k
            model = head(np.concatenate([v[known] for v in views]), np.tile(y[known], len(views)))
            found = sum(model.predict(v[~known], verbose=0) for v in views)
            accuracies.append((found.argmax(1) == y[~known]).mean())
    accuracies = np.reshape(accuracies, (3, 5)).mean(1)
    print(f"accuracy of three partitions into five folds: {accuracies.round(3)}")
    assert accuracies.mean() >= 0.85


def test_fine_tuning_raises_or_keeps_what_the_best_head_knows(data):
    """Two of the fifteen folds that the program measures: all of them take minutes."""
    specification = importlib.util.spec_from_file_location("fine_tune_flowers", PROGRAM)
    program = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(program)
    flowers, found = program.Flowers(data), []
    for k in range(2):
        before, after, history = program.compare(flowers, 0, k, 6, 1e-3, optimizers.SGD(momentum=0.9))
        found.append((before, after))
        best = history.best_epoch
        assert history.monitor == "val_accuracy" and history.mode == transfer.MODES[best is not None]
        assert best is None or history.best == history.history["val_accuracy"][best]
    print(f"accuracy of two folds before and after fine_tune: {found}")
    before, after = np.mean(found, axis=0)
    assert after >= before >= 0.8


def test_advice_for_flowers(data):
    """40 of each, and ImageNet knows daisies: few and similar."""
    x, y = photographs(data, False)
    some = np.arange(200) % 40 < 16
    advice = transfer.advise(squeezenet(data), x[some], y[some])
    assert (advice.quadrant, advice.strategy) == (4, 3)
    assert advice.accuracy > advice.pixel_accuracy + 0.2
