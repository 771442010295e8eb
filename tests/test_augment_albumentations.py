"""The same calls as the real albumentations 2: FASTCNN_ALBUMENTATIONS_PYTHON names an interpreter that has it.

Ranges are (a, a), so that both do the same; what remains random is compared by its distribution.
"""

import inspect
import json
import os
import subprocess

import numpy as np
import pytest

import fastcnn.augment as A

PEER = os.environ.get("FASTCNN_ALBUMENTATIONS_PYTHON")
pytestmark = pytest.mark.skipif(
    not PEER, reason="FASTCNN_ALBUMENTATIONS_PYTHON names no interpreter with albumentations 2"
)

# call, greatest difference in grey levels, and what part of the pixels may differ by more: in CLAHE of colours, whose
# Lab they round to bytes.
CASES = [
    ("A.HorizontalFlip(p=1)", 0, 0),
    ("A.VerticalFlip(p=1)", 0, 0),
    ("A.Transpose(p=1)", 0, 0),
    ("A.ShiftScaleRotate((0.1, 0.1), (0.2, 0.2), (30, 30), p=1)", 1, 0),
    ("A.ShiftScaleRotate((-0.05, -0.05), (-0.1, -0.1), (-45, -45), border_mode=4, p=1)", 1, 0),
    ("A.ShiftScaleRotate((0.1, 0.1), (0.2, 0.2), (30, 30), border_mode=1, shift_limit_x=(-0.2, -0.2), p=1)", 1, 0),
    ("A.ShiftScaleRotate((0, 0), (0, 0), (10, 10), border_mode=2, interpolation=2, p=1)", 1, 0),
    ("A.ShiftScaleRotate((0, 0), (0, 0), (10, 10), border_mode=3, p=1)", 1, 0),
    ("A.Rotate((33, 33), fill=(10, 20, 30), fill_mask=1, p=1)", 1, 0),
    ("A.Rotate((33, 33), crop_border=True, p=1)", 1, 0),
    ("A.Rotate((-80, -80), crop_border=True, p=1)", 1, 0),
    (
        "A.Affine(scale=1.3, rotate=20, shear={'x': 10, 'y': -5}, translate_px={'x': 3, 'y': -4}, border_mode=4, p=1)",
        1,
        0,
    ),
    ("A.Affine(scale={'x': 0.8, 'y': 1.1}, translate_percent=0.1, border_mode=2, p=1)", 1, 0),
    ("A.Affine(rotate=40, fit_output=True, p=1)", 1, 0),
    ("A.Affine(scale=0.5, shear=20, fit_output=True, p=1)", 1, 0),
    ("A.CenterCrop(20, 30)", 0, 0),
    ("A.CenterCrop(90, 30, pad_if_needed=True, border_mode=4)", 0, 0),
    ("A.RandomCrop(60, 80)", 0, 0),
    ("A.RandomCrop(90, 80, pad_if_needed=True, pad_position='top_right', fill=7)", 0, 0),
    ("A.PadIfNeeded(75, 99)", 0, 0),
    ("A.PadIfNeeded(None, None, 32, 48, 'bottom_right', border_mode=2)", 0, 0),
    ("A.PadIfNeeded(70, 99, position='top_left', border_mode=1)", 0, 0),
    ("A.RandomResizedCrop((30, 44), (1.0, 1.0), (80 / 60, 80 / 60))", 1, 0),
    ("A.Resize(31, 47)", 1, 0),
    ("A.Resize(120, 100)", 1, 0),
    ("A.Resize(31, 47, area_for_downscale='image')", 1, 0),
    ("A.Resize(120, 100, interpolation=2)", 1, 0),
    ("A.Resize(33, 100, interpolation=0)", 0, 0),
    ("A.SmallestMaxSize(40)", 1, 0),
    ("A.LongestMaxSize(40, interpolation=3)", 1, 0),
    ("A.LongestMaxSize(max_size_hw=(50, 100))", 1, 0),
    ("A.RandomBrightnessContrast((0.1, 0.1), (0.2, 0.2), p=1)", 1, 0),
    ("A.RandomBrightnessContrast((-0.3, -0.3), (-0.4, -0.4), brightness_by_max=False, p=1)", 1, 0),
    ("A.RandomBrightnessContrast((0.3, 0.3), (0.4, 0.4), ensure_safe_range=True, p=1)", 1, 0),
    ("A.ColorJitter((1.3, 1.3), (1, 1), (1, 1), (0, 0), p=1)", 1, 0),
    ("A.ColorJitter((1, 1), (0.6, 0.6), (1, 1), (0, 0), p=1)", 1, 0),
    ("A.ColorJitter((1, 1), (1, 1), (1.7, 1.7), (0, 0), p=1)", 1, 0),
    ("A.ColorJitter((1, 1), (1, 1), (1, 1), (0.2, 0.2), p=1)", 4, 0),  # their hue is in steps of 2 degrees
    ("A.HueSaturationValue((10, 10), (20, 20), (-15, -15), p=1)", 1, 0),
    ("A.HueSaturationValue((-50.5, -50.5), (-40, -40), (30, 30), p=1)", 1, 0),
    ("A.RandomGamma((70, 70), p=1)", 1, 0),
    ("A.CLAHE((3, 3), p=1)", 1, 0.6),
    ("A.CLAHE((2, 2), tile_grid_size=(4, 5), p=1)", 1, 0.5),
    ("A.Blur((5, 5), p=1)", 1, 0),
    ("A.GaussianBlur((0, 0), (1.2, 1.2), p=1)", 1, 0),
    ("A.GaussianBlur((5, 5), (0.8, 0.8), p=1)", 1, 0),
    ("A.ToGray(p=1)", 1, 0),
    ("A.ToGray(method='desaturation', p=1)", 1, 0),
    ("A.ToGray(method='average', p=1)", 1, 0),
    ("A.ToGray(method='max', p=1)", 1, 0),
    ("A.ToFloat()", 1e-4, 0),
    ("A.Normalize()", 1e-3, 0),
    ("A.Normalize(normalization='image')", 1e-3, 0),
    ("A.Normalize(normalization='image_per_channel')", 2e-3, 0),
    ("A.Normalize(normalization='min_max')", 1e-3, 0),
    ("A.Normalize(normalization='min_max_per_channel')", 1e-3, 0),
    ("A.Compose([A.HorizontalFlip(p=1), A.OneOf([A.Blur((3, 3))], p=1), A.Normalize()])", 0.02, 0),
]

FOR_GREY = ["Flip", "(30, 30)", "crop_border", "Pad", "Resize", "Brightness", "Hue", "Gamma", "CLAHE", "Blur("]

SCRIPT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import albumentations as A, cv2, inspect, numpy as np
folder, work = sys.argv[1], json.loads(sys.argv[2])
results = {}
if "cases" in work:
    data = np.load(folder + "/in.npz")
    for i, case in enumerate(work["cases"]):
        for kind in ("bytes", "floats", "grey"):
            if kind == "grey" and ("Compose" in case or not any(word in case for word in work["for_grey"])):
                continue
            result = eval(case)(image=data[kind], mask=data["mask"])
            results[f"{kind}{i}"], results[f"{kind}_mask{i}"] = result["image"], result["mask"]
    np.savez(folder + "/out.npz", **results)
if "signatures" in work:
    for name in work["signatures"]:
        found = inspect.signature(getattr(A, name).__init__).parameters.values()
        results[name] = [[p.name, "required" if p.default is p.empty else p.default] for p in list(found)[1:]]
    print(json.dumps(results))
if "draws" in work:
    image = np.zeros((60, 80, 3), np.uint8)
    for case in work["draws"]:
        transform = eval(case)
        transform.set_random_seed(3)
        rows = []
        for _ in range(work["count"]):
            p = transform.get_params() | transform.get_params_dependent_on_data({"shape": image.shape}, {"image": image})
            rows.append(sum((np.ravel(np.asarray(p[k]).tolist() if not isinstance(p[k], dict) else list(p[k].values())).tolist()
                             for k in work["draws"][case]), []))
        results[case] = rows
    print(json.dumps(results))
if "dicts" in work:
    print(json.dumps([A.to_dict(eval(case)) for case in work["dicts"]], default=list))
"""


def albumentations(folder, **work):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"NO_ALBUMENTATIONS_UPDATE": "1"}
    arguments = [PEER, "-c", SCRIPT, str(folder), json.dumps(work)]
    run = subprocess.run(arguments, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout) if run.stdout else None


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("albumentations")
    y, x = np.mgrid[:60, :80]
    waves = [np.sin(x / 9 + c) * np.cos(y / 7 - c) + 0.5 * np.sin((x + y) / (5 + c)) for c in range(3)]
    image = np.stack(waves, axis=-1)
    image = (image - image.min()) / np.ptp(image)
    data = {"bytes": np.rint(image * 255).astype(np.uint8), "floats": image.astype(np.float32)}
    data["grey"] = np.ascontiguousarray(data["bytes"][:, :, 0])
    data["mask"] = ((x // 11 + y // 13) % 5).astype(np.uint8)
    np.savez(folder / "in.npz", **data)
    albumentations(folder, cases=[case for case, *_ in CASES], for_grey=FOR_GREY)
    with np.load(folder / "out.npz") as results:
        return data, dict(results)


@pytest.mark.parametrize("kind", ["bytes", "floats", "grey"])
@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[case[0] for case in CASES])
def test_same_image(theirs, number, case, kind):
    call, most, part = case
    data, results = theirs
    if f"{kind}{number}" not in results:
        pytest.skip("of colours")
    ours = eval(call)(image=data[kind], mask=data["mask"])
    image, mask = results[f"{kind}{number}"], results[f"{kind}_mask{number}"]
    assert ours["image"].shape == image.shape
    assert ours["image"].dtype == (image.dtype if image.dtype != np.float64 else np.float32)
    difference = np.abs(ours["image"].astype(np.float64) - image) * (255 if kind == "floats" and most >= 1 else 1)
    assert float((difference > most * 1.001).mean()) <= (0 if kind == "grey" else part)
    np.testing.assert_array_equal(ours["mask"], mask)


NAMES = [
    "Affine", "Blur", "CLAHE", "CenterCrop", "CoarseDropout", "ColorJitter", "Compose", "D4", "GaussNoise", "GaussianBlur",
    "HorizontalFlip", "HueSaturationValue", "Lambda", "LongestMaxSize", "NoOp", "Normalize", "OneOf", "OneOrOther",
    "PadIfNeeded", "RandomBrightnessContrast", "RandomCrop", "RandomGamma", "RandomOrder", "RandomResizedCrop",
    "RandomRotate90", "ReplayCompose", "Resize", "Rotate", "Sequential", "ShiftScaleRotate", "SmallestMaxSize", "SomeOf",
    "ToFloat", "ToGray", "Transpose", "VerticalFlip",
]  # fmt: skip


def test_same_signatures(tmp_path):
    theirs = albumentations(tmp_path, signatures=NAMES)
    assert sorted(
        set(NAMES)
        | {"Horizontal", "Vertical", "ShiftScaleRotation", "Transform", "ImageOnlyTransform", "DualTransform", "Draws"}
    ) == sorted(name for name in A.__all__ if name[0].isupper() and "_" not in name)
    numbers = {"nearest": 0, "linear": 1, "constant": 0}
    for name in NAMES:
        ours = list(inspect.signature(getattr(A, name).__init__).parameters.values())[1:]
        found = [[p.name, "required" if p.default is p.empty else p.default] for p in ours]
        for argument in found:
            if "interpolation" in argument[0] or argument[0] == "border_mode":
                argument[1] = numbers.get(argument[1], argument[1])
        assert json.loads(json.dumps(found)) == theirs[name], name


DRAWS = {  # what is drawn: their names, ours
    "A.ShiftScaleRotate(0.2, 0.3, 40)": ("scale rotate matrix", "scale angle matrix"),
    "A.Affine(scale=(0.5, 2.0), balanced_scale=True, rotate=(-10, 50), translate_px=(-5, 9))": ("scale rotate matrix", "scale angle matrix"),
    "A.Affine(scale=(0.5, 0.9), keep_ratio=True, rotate=(-10, 50))": ("scale matrix", "scale matrix"),
    "A.Affine(scale={'x': (0.5, 0.9)}, shear=(-20, 10))": ("scale matrix", "scale matrix"),
    "A.RandomResizedCrop((8, 8))": ("crop_coords", "part"),
    "A.RandomCrop(20, 30)": ("crop_coords", "top left"),
    "A.PadIfNeeded(90, 100, position='random')": ("pad_top pad_left", "top left"),
    "A.RandomBrightnessContrast(0.3, (0.1, 0.5))": ("alpha beta", "alpha beta"),
    "A.ColorJitter(0.3, (0.5, 0.9), 1.5, 0.2)": ("brightness contrast saturation hue order", "brightness contrast saturation hue order"),
    "A.HueSaturationValue()": ("hue_shift sat_shift val_shift", "hue saturation value"),
    "A.RandomGamma(130)": ("gamma", "gamma"),
    "A.CLAHE()": ("clip_limit", "clip_limit"),
    "A.Blur(9)": ("kernel", "kernel"),
    "A.RandomRotate90()": ("factor", "factor"),
    "A.CoarseDropout((3, 3), (0.1, 0.5), (0.2, 0.3))": ("holes", "holes"),
    "A.CoarseDropout((2, 2), (4, 20), (10, 10))": ("holes", "holes"),
}  # fmt: skip


def drawn(call, names, count):
    transform, image = eval(call), np.zeros((60, 80, 3), np.uint8)
    rows = []
    for i in range(count):
        p = transform.parameters(A.Draws((5, i)), image)
        if "part" in p:
            top, left, height, width = p["part"]
            p["part"] = (left, top, left + width, top + height)
        if names == "top left" and "Crop" in call:
            p = {"top": (p["left"], p["top"]), "left": (p["left"] + 30, p["top"] + 20)}
        elif names == "top left":
            p = {"top": -p["top"], "left": -p["left"]}
        if "holes" in p:
            p["holes"] = [(left, top, right, bottom) for top, left, bottom, right in p["holes"]]
        rows.append(np.concatenate([np.ravel(p[name]) for name in names.split()]))
    return np.asarray(rows, np.float64)


def test_same_distributions(tmp_path):
    count = 1000
    theirs = albumentations(tmp_path, draws={call: names[0].split() for call, names in DRAWS.items()}, count=count)
    for call, (_, names) in DRAWS.items():
        ours, other = drawn(call, names, count), np.asarray(theirs[call])
        assert ours.shape == other.shape, call
        for column in range(ours.shape[1]):
            at = np.unique(np.concatenate([ours[:, column], other[:, column]]).round(6))
            a, b = (np.searchsorted(np.sort(x[:, column].round(6)), at, "right") / count for x in (ours, other))
            assert np.abs(a - b).max() < 0.1, (call, column)  # Kolmogorov and Smirnov: 0.0001 at 0.1


def test_their_dicts_are_read(tmp_path):
    calls = [
        "A.Compose([A.HorizontalFlip(p=0.3), A.OneOf([A.Blur(5), A.GaussNoise()], p=0.2), A.Normalize()])",
        "A.ShiftScaleRotate(0.1, 0.2, 30, border_mode=4)",
        "A.CoarseDropout(fill='random')",
        "A.RandomResizedCrop((3, 4))",
    ]
    for call, description in zip(calls, albumentations(tmp_path, dicts=calls), strict=True):
        ours, read = eval(call).to_dict(), A.from_dict(description).to_dict()
        if "ShiftScale" in call:  # they keep limits of both axes
            assert read["config"]["shift_limit_x"] == (-0.1, 0.1)
            assert read["config"]["scale_limit"] == pytest.approx((-0.2, 0.2))
            continue
        assert json.loads(json.dumps(read)) == json.loads(json.dumps(ours)), call
