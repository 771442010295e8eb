"""Layers that change images at random: what they do for given draws, when they do nothing, and that seeds repeat."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import GradientTape, layers, reference
from fastcnn.layers.draws import Draws
from fastcnn.layers.image_layer import ImageLayer

IMAGES = np.random.default_rng(5).uniform(0, 255, (3, 9, 12, 3)).astype(np.float32)
LABELS = np.eye(4, dtype=np.float32)[[0, 2, 3]]

RANDOM: dict[str, dict[str, Any]] = {
    "RandomFlip": {},
    "RandomRotation": {"factor": 0.2},
    "RandomZoom": {"height_factor": 0.3},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.3},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.2},
    "RandomBrightness": {"factor": 0.3},
    "RandomContrast": {"factor": 0.5},
    "RandomErasing": {"factor": (1, 1), "scale": (0.2, 0.5)},
    "MixUp": {"alpha": 1.0},
    "CutMix": {},
    "RandomCrop": {"height": 5, "width": 6},
}


def make(name: str, **more: Any) -> Any:
    return getattr(layers, name)(**{**RANDOM[name], "seed": 3, **more})


def run(layer: Any, x: Any = IMAGES, training: bool = True) -> Any:
    return layer(x, training=training).numpy()


@pytest.mark.parametrize("name", RANDOM)
def test_inactive_at_inference(name: str) -> None:
    layer = make(name)
    y = run(layer, training=False)
    if name != "RandomCrop":  # which cuts from the middle then
        assert np.array_equal(y, IMAGES)
    assert np.array_equal(y, run(layer, training=False))
    assert layer.seed_generator.state.numpy()[1] == 0, "nothing was drawn"


@pytest.mark.parametrize("name", RANDOM)
def test_seeds_repeat_and_calls_differ(name: str) -> None:
    first, second = make(name), make(name)
    one, two = run(first), run(first)
    assert np.array_equal(run(second), one)
    assert np.array_equal(run(second), two)
    assert not np.array_equal(one, IMAGES)
    assert any(not np.array_equal(run(first), one) for _ in range(5))
    fastcnn.utils.set_random_seed(1)
    by_global_seed = run(make(name, seed=None))
    fastcnn.utils.set_random_seed(1)
    assert np.array_equal(run(make(name, seed=None)), by_global_seed)


@pytest.mark.parametrize("name", RANDOM)
def test_kinds_of_input(name: str) -> None:
    pixels = IMAGES.astype(np.uint8)
    expected = run(make(name), pixels.astype(np.float32))
    assert expected.dtype == np.float32
    assert np.array_equal(run(make(name), pixels), expected)
    moved = np.ascontiguousarray(np.moveaxis(pixels, -1, 1))
    if name not in ("RandomBrightness", "RandomContrast"):
        first = run(make(name, data_format="channels_first"), moved)
        assert np.array_equal(np.moveaxis(first, 1, -1), expected)
    one = run(make(name), pixels[0])
    assert one.shape == expected.shape[1:]
    assert np.array_equal(one, run(make(name), pixels[:1])[0])
    images, labels = make(name)((pixels, LABELS), training=True)
    assert np.array_equal(images.numpy(), expected)
    data = make(name)({"images": pixels, "labels": LABELS, "weights": LABELS}, training=True)
    assert np.array_equal(data["images"].numpy(), expected)
    assert np.array_equal(data["labels"].numpy(), labels.numpy())
    assert np.array_equal(data["weights"].numpy(), LABELS)
    assert name in ("MixUp", "CutMix") or np.array_equal(labels.numpy(), LABELS)


@pytest.mark.parametrize("name", RANDOM)
def test_programs_draw_as_eager_layers_do(name: str) -> None:
    """A model with the layer is captured, and each of its steps draws anew."""

    def model() -> Any:
        fastcnn.utils.set_random_seed(2)
        made = fastcnn.Sequential([layers.Input((9, 12, 3)), make(name), layers.Flatten(), layers.Dense(4)])
        made.compile(optimizer=fastcnn.optimizers.SGD(1e-6), loss="mse")
        return made

    captured, eager = model(), model()
    eager.run_eagerly = True
    for _ in range(3):
        losses = [m.train_on_batch(IMAGES, LABELS) for m in (captured, eager)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for a, b in zip(captured.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    counts = [m.layers[0].seed_generator.state.numpy()[1] for m in (captured, eager)]
    assert counts[0] == counts[1] >= 3


def warped(x: Any, matrix: Any, border: str = "reflect") -> Any:
    return np.stack([reference.image_warp(one, matrix, None, "linear", border) for one in x])


def test_rotation_is_about_the_centre_and_counter_clockwise() -> None:
    square = IMAGES[:, :, :9]
    for quarter in (1, 2, 3):
        y = run(layers.RandomRotation((quarter / 4, quarter / 4)), square)
        np.testing.assert_allclose(y, np.rot90(square, quarter, axes=(1, 2)), atol=1e-3)
    cos, sin = np.cos(0.3 * np.pi), np.sin(0.3 * np.pi)
    matrix = [[cos, -sin, 5.5 - cos * 5.5 + sin * 4], [sin, cos, 4 - sin * 5.5 - cos * 4]]
    for fill_mode, border in (("constant", "constant"), ("nearest", "replicate"), ("wrap", "wrap")):
        y = run(layers.RandomRotation((0.15, 0.15), fill_mode=fill_mode))
        np.testing.assert_allclose(y, warped(IMAGES, matrix, border), atol=1e-2)


def test_zoom_translation_shear() -> None:
    zoom = [[0.5, 0, 0.25 * 11], [0, 1.25, -0.125 * 8]]
    np.testing.assert_allclose(run(layers.RandomZoom((0.25, 0.25), (-0.5, -0.5))), warped(IMAGES, zoom), atol=1e-3)
    both = run(layers.RandomZoom((0.5, 0.5)))
    np.testing.assert_allclose(both, warped(IMAGES, [[1.5, 0, -0.25 * 11], [0, 1.5, -0.25 * 8]]), atol=1e-3)
    shift = run(layers.RandomTranslation((1 / 3, 1 / 3), (-0.25, -0.25), fill_mode="constant"))
    assert np.allclose(shift[:, 3:, :9], IMAGES[:, :6, 3:], atol=1e-3) and not shift[:, :3].any()
    slanted = [warped(IMAGES, [[1, s, 0], [s * 0.5, 1, 0]]) for s in (0.2, -0.2)]
    y = run(layers.RandomShear((0.2, 0.2), (0.1, 0.1), seed=1))
    for i in range(3):
        assert min(np.abs(y[i] - s[i]).max() for s in slanted) < 1e-3


def test_flips() -> None:
    many = np.repeat(IMAGES[:1], 200, axis=0)
    for mode, kinds in (("horizontal", 2), ("vertical", 2), ("horizontal_and_vertical", 4)):
        y = run(layers.RandomFlip(mode, seed=1), many)
        allowed = [IMAGES[0][::v, ::h] for v in (1, -1) for h in (1, -1)]
        found = [[np.array_equal(one, way) for way in allowed].index(True) for one in y]
        assert len(set(found)) == kinds
        assert min(found.count(k) for k in set(found)) > 200 / kinds / 2


def test_brightness_and_contrast() -> None:
    y = run(layers.RandomBrightness((0.2, 0.2)))
    np.testing.assert_allclose(y, np.clip(IMAGES + 51, 0, 255), atol=1e-3)
    y = run(layers.RandomBrightness((-0.5, -0.5), value_range=(-1, 1)), IMAGES / 127.5 - 1)
    np.testing.assert_allclose(y, np.clip(IMAGES / 127.5 - 2, -1, 1), atol=1e-5)
    mean = IMAGES.mean(axis=(1, 2), keepdims=True)
    less = run(layers.RandomContrast((0.0, 0.5), seed=1)) - mean
    assert (np.abs(less).sum(axis=(1, 2, 3)) >= np.abs(IMAGES - mean).sum(axis=(1, 2, 3)) * 0.95).all()
    many = run(layers.RandomContrast(0.5, (-1e9, 1e9), seed=1), np.repeat(IMAGES[:1], 300, axis=0)) - mean[0]
    by = many[:, 0, 0, 0] / (IMAGES[0] - mean[0])[0, 0, 0]
    assert 0.5 <= by.min() < 0.55 < 1.45 < by.max() <= 1.5


def test_erasing() -> None:
    y = run(layers.RandomErasing((1, 1), (0.25, 0.25), 7.0, seed=1), np.zeros((50, 12, 16, 3)))
    assert np.isin(y, (0, 7)).all()
    assert np.mean(y == 7) == pytest.approx(0.25, abs=0.02)
    never = run(layers.RandomErasing(0.0, seed=1))
    assert np.array_equal(never, IMAGES)
    colours = run(layers.RandomErasing((1, 1), (1, 1), [1, 2, 3]))
    assert (colours == [1, 2, 3]).all()
    noise = run(layers.RandomErasing((1, 1), (1, 1), value_range=(0, 1)), np.full((2, 40, 40, 3), 9.0))
    assert noise.min() == 0 and noise.max() == 1 and np.mean(noise == 0) == pytest.approx(0.5, abs=0.03)


def test_mixing_keeps_the_proportions() -> None:
    flat = np.arange(1, 9, dtype=np.float32)[:, None, None, None] * np.ones((8, 16, 16, 1), np.float32)
    classes = np.eye(8, dtype=np.float32)
    for layer in (layers.MixUp(2.0, seed=1), layers.CutMix((1, 1), seed=1)):
        for _ in range(5):
            x, y = (t.numpy() for t in layer((flat, classes), training=True))
            np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-5)
            means = x.mean(axis=(1, 2, 3))
            tolerance = 1e-4 if isinstance(layer, layers.MixUp) else 1.0  # boxes end between pixels
            np.testing.assert_allclose(means, y @ np.arange(1, 9), atol=tolerance)
    with pytest.raises(ValueError, match=r"labels must have the shape \(batch, classes\)"):
        layers.MixUp()((flat, np.arange(8)), training=True)


def test_beta_and_orders() -> None:
    for alpha in (1e-6, 0.2, 1.0, 5.0):
        x = Draws([1, 2]).beta(20000, alpha)
        assert ((x >= 0) & (x <= 1)).all()
        assert x.mean() == pytest.approx(0.5, abs=0.02)
        assert x.var() == pytest.approx(0.25 / (2 * alpha + 1), rel=0.05)
    assert sorted(Draws([1, 2]).order(50)) == list(range(50))


def test_crops() -> None:
    places = set()
    layer = layers.RandomCrop(5, 6, seed=1)
    for _ in range(30):
        y = run(layer)
        found = [(t, u) for t in range(5) for u in range(7) if np.array_equal(y, IMAGES[:, t : t + 5, u : u + 6])]
        assert len(found) == 1, "one window for the whole batch"
        places |= set(found)
    assert len(places) > 15
    middle = run(layers.RandomCrop(3, 4), training=False)
    np.testing.assert_allclose(middle, np.stack([reference.image_resize(x, 3, 4) for x in IMAGES]), atol=1e-3)
    assert np.array_equal(run(layers.CenterCrop(4, 7)), IMAGES[:, 2:6, 2:9])
    grown = run(layers.CenterCrop(18, 12))
    np.testing.assert_allclose(grown, np.stack([reference.image_resize(x[:, 3:9], 18, 12) for x in IMAGES]), atol=1e-3)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize(
    ("ours", "theirs"), [("bilinear", "linear"), ("nearest", "nearest"), ("bicubic", "cubic"), ("area", "area")]
)
def test_resizing(ours: str, theirs: str, antialias: bool) -> None:
    for size in ((4, 5), (20, 13)):
        y = run(layers.Resizing(*size, interpolation=ours, antialias=antialias))
        expected = np.stack([reference.image_resize(x, *size, theirs, antialias) for x in IMAGES])
        np.testing.assert_allclose(y, expected, atol=2e-3)


def test_resizing_keeps_proportions() -> None:
    cropped = run(layers.Resizing(6, 6, crop_to_aspect_ratio=True))
    expected = np.stack([reference.image_resize(x[:, 1:10], 6, 6) for x in IMAGES])
    np.testing.assert_allclose(cropped, expected, atol=1e-3)
    padded = run(layers.Resizing(12, 12, pad_to_aspect_ratio=True, fill_value=9.0), IMAGES[:, 1:])
    assert (padded[:, :2] == 9).all() and (padded[:, -2:] == 9).all()
    assert np.array_equal(padded[:, 2:10], IMAGES[:, 1:])


KERAS = os.environ.get("FASTCNN_KERAS_PYTHON")
FIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "rotation": ("RandomRotation", {"factor": (0.15, 0.15)}),
    "nearest": ("RandomRotation", {"factor": (0.11, 0.11), "interpolation": "nearest", "fill_mode": "constant"}),
    "wrap": ("RandomRotation", {"factor": (-0.07, -0.07), "fill_mode": "wrap"}),
    "edge": ("RandomRotation", {"factor": (-0.07, -0.07), "fill_mode": "nearest"}),
    "zoom": ("RandomZoom", {"height_factor": (0.25, 0.25), "width_factor": (-0.4, -0.4)}),
    "translation": ("RandomTranslation", {"height_factor": (0.2, 0.2), "width_factor": (-0.3, -0.3)}),
    "brightness": ("RandomBrightness", {"factor": (0.2, 0.2)}),
    "erasing": ("RandomErasing", {"factor": (1.0, 1.0), "scale": (1.0, 1.0), "fill_value": 300.0}),
    "resize": ("Resizing", {"height": 5, "width": 20}),
    "resize_wide": ("Resizing", {"height": 5, "width": 7, "antialias": True}),
    "bicubic": ("Resizing", {"height": 5, "width": 20, "interpolation": "bicubic"}),
    "bicubic_wide": ("Resizing", {"height": 5, "width": 7, "interpolation": "bicubic", "antialias": True}),
    "cropped": ("Resizing", {"height": 6, "width": 5, "crop_to_aspect_ratio": True}),
    "padded": ("Resizing", {"height": 6, "width": 5, "pad_to_aspect_ratio": True}),
    "centre": ("CenterCrop", {"height": 4, "width": 7}),
    "centre_grown": ("CenterCrop", {"height": 18, "width": 11}),
}
# Keras's results depend on its backend: TensorFlow holds the last pixel up to the seam where ours and PyTorch's wrap by
# whole widths, and its cubics are Keys's with a = -0.5, ours and PyTorch's with -0.75.
OTHERWISE_IN_TENSORFLOW = ("wrap", "bicubic")
PROGRAM = """
import json, sys
import keras
import numpy as np

cases, x = json.loads(sys.argv[1]), np.load(sys.argv[2])
results = {k: getattr(keras.layers, n)(**a)(x, training=True) for k, (n, a) in cases.items()}
np.savez(sys.argv[3], backend=keras.backend.backend(), **{k: keras.ops.convert_to_numpy(y) for k, y in results.items()})
"""


@pytest.mark.skipif(KERAS is None, reason="FASTCNN_KERAS_PYTHON is not set: an interpreter that has Keras 3")
def test_the_same_as_keras_where_nothing_is_left_to_chance(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", IMAGES)
    arguments = [json.dumps(FIXED), str(tmp_path / "x.npy"), str(tmp_path / "y.npz")]
    subprocess.run([str(KERAS), "-c", PROGRAM, *arguments], check=True, timeout=300)
    expected = np.load(tmp_path / "y.npz")
    for case, (name, given) in FIXED.items():
        if expected["backend"] == "tensorflow" and case in OTHERWISE_IN_TENSORFLOW:
            continue
        np.testing.assert_allclose(run(getattr(layers, name)(**given)), expected[case], atol=1e-3, err_msg=case)


def test_shapes_that_are_not_known_yet() -> None:
    for name in RANDOM:
        out = make(name)(layers.Input((None, None, 3)))
        assert out.shape == ((None, 5, 6, 3) if name == "RandomCrop" else (None, None, None, 3))
    assert layers.Resizing(4, 5)(layers.Input((None, None, 3))).shape == (None, 4, 5, 3)
    assert layers.CenterCrop(4, 5).compute_output_shape((None, 8, 9, 3)) == (None, 4, 5, 3)


def test_no_gradient_flows_through_a_warp() -> None:
    x = fastcnn.Variable(IMAGES)
    with GradientTape() as tape:
        y = fastcnn.ops.sum(make("RandomRotation")(x, training=True))
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layers.RandomFlip("sideways"), ValueError, "mode must be 'horizontal', 'vertical' or"),
        (lambda: layers.RandomRotation(1.5), ValueError, "factor must be a number, or two, from -1 to 1, got"),
        (lambda: layers.RandomRotation(0.1, fill_mode="edge"), ValueError, "fill_mode must be 'constant', 'nearest'"),
        (lambda: layers.RandomRotation(0.1, interpolation="cubic"), ValueError, "interpolation must be"),
        (lambda: layers.RandomRotation(0.1, fill_value="x"), ValueError, "fill_value must be a number, got 'x'"),
        (lambda: layers.RandomZoom((-1.0, 0)), ValueError, "height_factor must be above -1"),
        (lambda: layers.RandomTranslation(0.1, "x"), ValueError, "width_factor must be a number, or two"),
        (lambda: layers.RandomShear(-0.1), ValueError, "x_factor must be a number, or two, from 0 to 1, got"),
        (lambda: layers.RandomContrast(2), ValueError, "factor must be a number, or two, from 0 to 1, got"),
        (lambda: layers.RandomBrightness(0.1, (1, 0)), ValueError, "value_range must be two numbers in order"),
        (lambda: layers.RandomErasing(fill_value="x"), ValueError, "fill_value must be None, a number or three"),
        (lambda: layers.MixUp(0), ValueError, "alpha must be a number above 0, got 0"),
        (lambda: layers.RandomCrop(0, 2), ValueError, "height must be an integer of at least 1, got 0"),
        (lambda: layers.Resizing(2, 2, "lanczos3"), NotImplementedError, "interpolation='lanczos3' is not supported"),
        (lambda: layers.Resizing(2, 2, "cubic"), ValueError, "interpolation must be 'bicubic', 'bilinear'"),
        (lambda: layers.Resizing(2, 2, fill_mode="wrap"), ValueError, "fill_mode must be 'constant', got 'wrap'"),
        (lambda: layers.Resizing(2, 2, "area", True, True), ValueError, "one of crop_to_aspect_ratio and pad_to"),
        (lambda: layers.RandomFlip(bounding_box_format="xyxy"), NotImplementedError, "bounding_box_format='xyxy' is"),
        (
            lambda: layers.RandomFlip()({"images": IMAGES, "bounding_boxes": IMAGES}),
            NotImplementedError,
            "bounding_boxes are not supported",
        ),
        (lambda: layers.RandomFlip()({"labels": IMAGES}), ValueError, "data must have the key 'images', got"),
        (lambda: layers.RandomFlip()((IMAGES, LABELS, LABELS)), ValueError, "got 3 things"),
        (lambda: layers.RandomFlip()(IMAGES[0, 0]), ValueError, "expected 3 or 4 dimensions"),
        (lambda: type("Own", (ImageLayer,), {})()(IMAGES), NotImplementedError, "Own has no transform method"),
        (
            lambda: layers.RandomErasing(fill_value=[1, 2, 3])(IMAGES[..., :1], training=True),
            ValueError,
            "fill_value has 3 numbers, the images 1 channels",
        ),
    ],
)
def test_nonsense_is_refused(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
