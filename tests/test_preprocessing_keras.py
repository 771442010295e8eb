"""Keras's own ImageDataGenerator draws, changes and standardizes the same: FASTCNN_KERAS_PYTHON, with SciPy and Pillow."""

import inspect
import json
import os
import subprocess

import numpy as np
import picture_folders
import pytest

from fastcnn.preprocessing import image
from fastcnn.preprocessing.image import ImageDataGenerator

KERAS = os.environ.get("FASTCNN_KERAS_PYTHON")
pytestmark = pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")

THEIRS = """
import inspect, json, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from keras.src.legacy.preprocessing import image
from keras.src.legacy.preprocessing.image import ImageDataGenerator

folder, jobs = sys.argv[1], json.load(open(sys.argv[1] + "/jobs.json"))
x = np.load(folder + "/x.npy")
results = {}
for number, job in enumerate(jobs):
    generator = ImageDataGenerator(**job["settings"])
    if job["do"] == "transform":
        drawn = generator.get_random_transform(x[0].shape, seed=job["seed"])
        drawn = {name: None if v is None else float(v) for name, v in drawn.items()}
        results[f"{number}_drawn"] = json.dumps(drawn)
        results[str(number)] = generator.apply_transform(x[0], drawn)
    elif job["do"] == "standardize":
        noise = np.load(folder + "/noise.npy")
        generator.fit(noise)
        results[str(number)] = generator.standardize(noise.copy())
    else:
        batches = generator.flow_from_directory(folder + "/pictures", shuffle=False, **job["flow"])
        results[str(number)] = np.concatenate([batches[i][0] for i in range(len(batches))])
        results[f"{number}_y"] = np.concatenate([batches[i][1] for i in range(len(batches))])
        results[f"{number}_names"] = json.dumps([batches.filenames, batches.class_indices, batches.classes.tolist()])
signatures = {}
for name in sys.argv[2].split():
    thing = image
    for part in name.split("."):
        thing = getattr(thing, part)
    signatures[name] = [[p.name, repr(p.default)] for p in inspect.signature(thing).parameters.values()]
results["signatures"] = json.dumps(signatures)
np.savez(folder + "/theirs.npz", **results)
"""

NAMES = """
ImageDataGenerator ImageDataGenerator.flow ImageDataGenerator.flow_from_directory ImageDataGenerator.flow_from_dataframe
ImageDataGenerator.fit ImageDataGenerator.standardize ImageDataGenerator.get_random_transform
ImageDataGenerator.apply_transform ImageDataGenerator.random_transform NumpyArrayIterator DirectoryIterator
DataFrameIterator random_rotation random_shift random_shear random_zoom random_channel_shift random_brightness
apply_affine_transform apply_channel_shift apply_brightness_shift
"""
GEOMETRY = [
    {"rotation_range": 40},
    {"width_shift_range": 0.2, "height_shift_range": 0.1},
    {"width_shift_range": 3, "height_shift_range": [1, 2]},
    {"shear_range": 20, "zoom_range": 0.3},
    {"rotation_range": 90, "zoom_range": (0.6, 0.9), "fill_mode": "reflect", "horizontal_flip": True},
    {"rotation_range": 20, "fill_mode": "constant", "cval": 50.0, "vertical_flip": True, "interpolation_order": 0},
    {"brightness_range": (0.5, 1.5), "channel_shift_range": 40.0},
    {"rotation_range": 30, "width_shift_range": 0.1, "shear_range": 9, "zoom_range": 0.2, "brightness_range": (0.8, 1)},
]
RANGES = [
    {"rescale": 1 / 255},
    {"samplewise_center": True, "samplewise_std_normalization": True},
    {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 0.5},
    {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 1e-2},
]
FLOWS = [
    {"target_size": [24, 24], "class_mode": "categorical", "batch_size": 5},
    {"target_size": [17, 30], "class_mode": "sparse", "interpolation": "bilinear"},
    {"target_size": [20, 20], "class_mode": "binary", "classes": ["red", "blue"], "color_mode": "grayscale"},
    {"target_size": [8, 16], "class_mode": "input", "keep_aspect_ratio": True, "interpolation": "bicubic"},
]
JOBS = [
    *({"do": "transform", "settings": settings, "seed": seed} for settings in GEOMETRY for seed in (0, 7)),
    *({"do": "standardize", "settings": settings} for settings in RANGES),
    *({"do": "flow", "settings": {"validation_split": 0.25}, "flow": {**flow, "subset": "training"}} for flow in FLOWS),
    *({"do": "flow", "settings": {}, "flow": flow} for flow in FLOWS),
]


def smooth_pictures():
    """Square, and smooth enough for a rounded coordinate not to matter."""
    rows, columns = np.mgrid[:20, :20] / 20
    phases = np.arange(40)[:, None, None, None] * 0.7 + np.arange(3)
    waves = np.sin(3 * rows[None, ..., None] + phases) + np.cos(4 * columns[None, ..., None] * phases.std() - phases)
    return (127 + 60 * waves).astype(np.float32)


def pictures_of_noise():
    """What whitening can be compared on: no direction without variance."""
    return np.random.default_rng(0).integers(0, 256, (80, 5, 5, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    pytest.importorskip("PIL")
    folder = tmp_path_factory.mktemp("keras")
    np.save(folder / "x.npy", smooth_pictures())
    np.save(folder / "noise.npy", pictures_of_noise())
    picture_folders.fill(folder / "pictures")
    (folder / "jobs.json").write_text(json.dumps(JOBS))
    done = subprocess.run([KERAS, "-c", THEIRS, str(folder), NAMES], capture_output=True, text=True, timeout=300)
    if "No module named 'scipy'" in done.stderr or "No module named 'PIL'" in done.stderr:
        pytest.skip("the interpreter with Keras has no SciPy or no Pillow")
    assert done.returncode == 0, done.stderr
    with np.load(folder / "theirs.npz") as file:
        return folder, dict(file)


@pytest.mark.parametrize("name", NAMES.split())
def test_signatures(theirs, name):
    thing = image
    for part in name.split("."):
        thing = getattr(thing, part)
    ours = [[p.name, repr(p.default)] for p in inspect.signature(thing).parameters.values()]
    expected = [row for row in json.loads(str(theirs[1]["signatures"]))[name] if row[0] != "kwargs"]
    differing = {"dtype": "'float32'", "data_format": "'channels_last'"} if name == "DataFrameIterator" else {}
    expected = [[word, "None" if differing.get(word) == default else default] for word, default in expected]
    assert ours[: len(expected)] == expected  # ours alone come after: seed, workers, keep_aspect_ratio


@pytest.mark.parametrize("number", [i for i, job in enumerate(JOBS) if job["do"] == "transform"])
def test_drawn_and_applied(theirs, number):
    job, x = JOBS[number], smooth_pictures()
    generator = ImageDataGenerator(**job["settings"])
    drawn = json.loads(str(theirs[1][f"{number}_drawn"]))
    ours = generator.get_random_transform(x[0].shape, seed=job["seed"])
    exchanged = {**drawn, "tx": drawn["ty"], "ty": drawn["tx"]}  # Keras shifts the height's share to the side
    assert {name: None if v is None else float(v) for name, v in ours.items()} == pytest.approx(exchanged)
    y, expected = generator.apply_transform(x[0], drawn), theirs[1][str(number)]
    # Keras cuts fractions off before it multiplies by the brightness, and after.
    close = np.abs(y - expected) <= 1.0 + (drawn["brightness"] or 0)
    if job["settings"].get("fill_mode") == "constant":
        close |= (expected == 50) | (y == 50)  # where a pixel is half outside, Keras takes cval for all of it
        assert close.mean() > 0.9
    assert close.all() or job["settings"].get("interpolation_order") == 0
    assert close.mean() > 0.98


@pytest.mark.parametrize("number", [i for i, job in enumerate(JOBS) if job["do"] == "standardize"])
def test_standardized(theirs, number):
    generator = ImageDataGenerator(**JOBS[number]["settings"])
    generator.fit(pictures_of_noise())
    y, expected = generator.standardize(pictures_of_noise()), theirs[1][str(number)]
    np.testing.assert_allclose(y, expected, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("number", [i for i, job in enumerate(JOBS) if job["do"] == "flow"])
def test_flow_from_directory(theirs, number):
    folder, results = theirs
    job = JOBS[number]
    batches = ImageDataGenerator(**job["settings"]).flow_from_directory(
        folder / "pictures", shuffle=False, **job["flow"]
    )
    names, indices, classes = json.loads(str(results[f"{number}_names"]))
    assert (batches.filenames, batches.class_indices, batches.classes.tolist()) == (names, indices, classes)
    x, y = (np.concatenate([batches[i][part] for i in range(len(batches))]) for part in (0, 1))
    np.testing.assert_allclose(x, results[str(number)], atol=1.0)
    assert np.mean(x != results[str(number)]) < 0.02
    if job["flow"]["class_mode"] != "input":
        np.testing.assert_array_equal(y, results[f"{number}_y"])
        assert y.dtype == results[f"{number}_y"].dtype
