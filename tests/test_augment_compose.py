"""Pipelines and choices, how they are written, and how they become dictionaries."""

import json

import numpy as np
import pytest

import fastcnn.augment as A
from fastcnn.registry import custom_object_scope

IMAGE = np.zeros((1, 1), np.uint8)


def add(n, p=1.0):
    """A transform that appends a digit: results say what was applied, in which order."""
    return A.Lambda(image=lambda x: x.astype(np.float32) * 10 + n, p=p)


def counts(aug, calls=3000):
    results = [int(A.apply(aug, IMAGE, (8, i))[0, 0]) for i in range(calls)]
    return {value: results.count(value) / calls for value in set(results)}


def test_in_order():
    assert counts(A.Compose([add(1), add(2), add(3)]), 10) == {123: 1}
    assert counts(A.Sequential([add(1), add(2)], p=1), 10) == {12: 1}
    assert counts(A.Compose([]), 10) == {0: 1}


@pytest.mark.parametrize(
    ("aug", "expected"),
    [
        (A.Compose([add(1), add(2)], p=0.3), {0: 0.7, 12: 0.3}),
        (A.Compose([add(1, 0.5), add(2, 0.5)]), {0: 0.25, 1: 0.25, 2: 0.25, 12: 0.25}),
        (A.Sequential([add(1)], p=0.5), {0: 0.5, 1: 0.5}),
        (A.OneOf([add(1), add(2), add(3, p=2 / 3)], p=0.8), {0: 0.2, 1: 0.3, 2: 0.3, 3: 0.2}),
        (A.OneOf([add(1, p=0.1), add(2, p=0.3)], p=1), {1: 0.25, 2: 0.75}),
        (A.OneOf([add(1), add(2, p=0)], p=1), {1: 1}),
        (A.OneOf([], p=1), {0: 1}),
        (A.SomeOf([add(1), add(2), add(3)], n=2), {12: 1 / 3, 13: 1 / 3, 23: 1 / 3}),
        (A.SomeOf([add(1), add(2, p=0.5)], n=2), {1: 0.5, 12: 0.5}),
        (A.SomeOf([add(1), add(2)], n=2, replace=True, p=0.5), {0: 0.5, 11: 0.125, 12: 0.25, 22: 0.125}),
        (A.RandomOrder([add(1), add(2)], n=2), {12: 0.5, 21: 0.5}),
        (A.RandomOrder([add(1), add(2), add(3)]), {1: 1 / 3, 2: 1 / 3, 3: 1 / 3}),
        (A.OneOrOther(add(1, p=0.1), add(2, p=0), p=0.6), {1: 0.6, 2: 0.4}),
        (A.OneOf([A.Sequential([add(1), add(2)]), A.Compose([add(3)], p=0.5)], p=1), {12: 0.5, 3: 0.5}),
    ],
)
def test_likelihoods(aug, expected):
    found = counts(aug)
    assert found.keys() == expected.keys()
    for value, part in expected.items():
        assert found[value] == pytest.approx(part, abs=0.04)


def test_containers():
    aug = A.Compose([A.HorizontalFlip(), A.Blur()])
    assert len(aug) == 2
    assert isinstance(aug[1], A.Blur)
    assert [type(t) for t in aug] == [A.HorizontalFlip, A.Blur]


def test_what_was_applied_is_told():
    aug = A.Compose(
        [A.HorizontalFlip(p=0), A.OneOf([A.RandomGamma((50, 50))], p=1), A.Rotate((20, 20), p=1)],
        save_applied_params=True,
    )
    told = aug(image=np.zeros((4, 4, 3), np.uint8))["applied_transforms"]
    assert [name for name, _ in told] == ["RandomGamma", "Rotate"]
    assert told[0][1] == {"gamma": 0.5}
    assert told[1][1]["angle"] == 20


def test_replay(rng):
    first, second = rng.integers(0, 256, (2, 12, 12, 3), np.uint8)
    aug = A.ReplayCompose([A.HorizontalFlip(), A.ShiftScaleRotate(p=1), A.RandomBrightnessContrast()], p=0.9)
    for _ in range(5):
        y = aug(image=first, mask=first[:, :, 0])
        again = A.ReplayCompose.replay(json.loads(json.dumps(y["replay"])), image=first, mask=first[:, :, 0])
        np.testing.assert_array_equal(again["image"], y["image"])
        np.testing.assert_array_equal(again["mask"], y["mask"])
        assert A.ReplayCompose.replay(y["replay"], image=second)["image"].shape == second.shape


PIPELINES = [
    A.Compose(
        [
            A.Affine(scale=(0.9, 1.1), shear=5, border_mode=2),
            A.OneOf([A.Blur(5), A.Sequential([A.GaussNoise(), A.CLAHE(3, (4, 4))])], p=0.2),
            A.SomeOf([A.ToGray(), A.ColorJitter(0.3, 0.2, 0.1, 0.05), A.HueSaturationValue(3, 4, 5)], n=2, replace=True),
            A.OneOrOther(A.RandomResizedCrop((8, 8)), A.Resize(8, 8), p=0.3),
            A.CoarseDropout(fill="random"),
            A.PadIfNeeded(9, None, pad_width_divisor=4, border_mode="wrap"),
            A.Normalize(max_pixel_value=1.0),
        ],
        p=0.75,
        seed=3,
        additional_targets={"second": "image"},
    ),
    A.ReplayCompose([A.RandomGamma(90)]),
    *[A.preset(name) for name in ("natural", "medical", "digits", "satellite")],
    A.ShiftScaleRotate(0.1, 0.2, 30, fill=(1, 2, 3)),
    A.LongestMaxSize(max_size_hw=(30, None)),
]  # fmt: skip


@pytest.mark.parametrize("aug", PIPELINES, ids=[type(a).__name__ for a in PIPELINES])
def test_through_json_and_through_python(aug, rng):
    image = rng.integers(0, 256, (40, 30, 3), np.uint8)
    read = A.from_dict(json.loads(json.dumps(aug.to_dict())))
    written = eval(repr(aug), vars(A))
    config = type(aug).from_config(aug.get_config())
    for other in (read, written, config):
        assert other.to_dict() == aug.to_dict()
        assert repr(other) == repr(aug)
        for key in range(4):
            np.testing.assert_array_equal(A.apply(other, image, key), A.apply(aug, image, key))


def test_written_as_one_would():
    assert repr(A.HorizontalFlip()) == "HorizontalFlip(p=0.5)"
    assert repr(A.CLAHE()) == "CLAHE(p=0.5)"
    assert repr(A.Affine(rotate=3)) == "Affine(rotate=(3, 3), p=0.5)"
    assert repr(A.ShiftScaleRotate(0.1, 0, interpolation=2, border_mode=4)) == (
        "ShiftScaleRotate(shift_limit=(-0.1, 0.1), scale_limit=(0, 0), interpolation='cubic', border_mode='reflect_101', p=0.5)"
    )
    assert repr(A.RandomCrop(4, 5)) == "RandomCrop(height=4, width=5, p=1.0)"
    assert repr(A.LongestMaxSize(9)) == "LongestMaxSize(max_size=9, p=1.0)"
    assert repr(A.Compose([])) == "Compose([], p=1.0)"


def test_dicts_of_ones_own_classes():
    class Twice(A.ImageOnlyTransform):
        def apply(self, image):
            return image * 2

    description = A.to_dict(A.Compose([Twice(p=1)]))
    with pytest.raises(ValueError, match="no transform is called 'Twice'"):
        A.from_dict(description)
    with custom_object_scope({"Twice": Twice}):
        aug = A.from_dict(description)
    assert aug(image=np.ones((1, 1), np.uint8))["image"].tolist() == [[2]]
    assert repr(aug[0]) == "Twice(p=1)"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: A.Compose(A.Blur()), TypeError, r"transforms must be a list of transforms, got Blur: write \[...\]"),
        (lambda: A.Compose([len]), TypeError, r"transforms must be transforms of fastcnn.augment, got <built-in function len>; Lambda\(image=function\)"),
        (lambda: A.Compose([], bbox_params={}), NotImplementedError, "bbox_params: fastcnn.augment has no bounding boxes"),
        (lambda: A.Compose([], keypoint_params={}), NotImplementedError, "keypoint_params: fastcnn.augment has no keypoints"),
        (lambda: A.Compose([], additional_targets={"a": "picture"}), ValueError, r"additional_targets\['a'\] must be one of 'image', 'mask', got 'picture'"),
        (lambda: A.Compose([], p=2), ValueError, "p must be a number from 0 to 1, got 2"),
        (lambda: A.Compose([], seed=-1), ValueError, "seed must be an integer of at least 0, got -1"),
        (lambda: A.Compose([], mask_interpolation="liner"), ValueError, "Did you mean 'linear'"),
        (lambda: A.Compose([], sed=1), TypeError, "Compose has no argument 'sed'; it has .* Did you mean 'seed'"),
        (lambda: A.OneOf([A.Blur(p=0)]), ValueError, "OneOf cannot choose: p is 0 for all transforms in it"),
        (lambda: A.SomeOf([A.Blur()], n=2), ValueError, "n is 2, but there are 1 transforms; replace=True repeats them"),
        (lambda: A.SomeOf([A.Blur()], n=0), ValueError, "n must be an integer of at least 1, got 0"),
        (lambda: A.OneOrOther(A.Blur()), ValueError, r"OneOrOther needs first and second, or transforms=\[first, second\]"),
        (lambda: A.OneOrOther(transforms=[A.Blur()]), ValueError, "transforms must be two, got 1"),
        (lambda: A.to_dict(3), TypeError, "transform must be a transform of fastcnn.augment, got int"),
        (lambda: A.to_dict(A.Compose([add(1)])), NotImplementedError, r"Lambda\(.* holds functions, which cannot be written to a dict: make a class of them"),
        (lambda: A.from_dict(3), TypeError, "description must be a dict as to_dict makes it, got int"),
        (lambda: A.from_dict({"name": 1}), ValueError, "description has no 'class_name'; it has 'name'"),
        (lambda: A.from_dict({"class_name": "HorizontalFlp"}), ValueError, "no transform is called 'HorizontalFlp'. Did you mean 'HorizontalFlip'"),
        (lambda: A.from_dict({"class_name": "apply"}), ValueError, "no transform is called 'apply'"),
        (lambda: A.preset("x-ray"), ValueError, "name must be one of 'natural', 'medical', 'digits', 'satellite', got 'x-ray'"),
        (lambda: A.preset("natral"), ValueError, "Did you mean 'natural'"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", ["natural", "medical", "digits", "satellite"])
@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28), (33, 33, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_presets(name, shape, dtype, rng):
    image = rng.integers(0, 256, shape).astype(dtype)
    image = image / np.float32(255) if dtype == np.float32 else image
    results = [A.apply(A.preset(name), image, i) for i in range(12)]
    assert all(y.shape == shape and y.dtype == dtype for y in results)
    assert len({y.tobytes() for y in results}) > 6
    assert all(y.max() <= (1.00001 if dtype == np.float32 else 255) for y in results)
    a, b = (A.preset(name, seed=4)(image=image)["image"] for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_presets_suit_their_images():
    names = {name: repr(A.preset(name)) for name in ("natural", "medical", "digits", "satellite")}
    assert "Flip" not in names["digits"] + names["medical"]
    assert "Jitter" not in names["digits"] + names["medical"]
    assert "HorizontalFlip" in names["natural"]
    assert "D4" in names["satellite"]
