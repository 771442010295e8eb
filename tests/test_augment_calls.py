"""Calling transforms: what goes in and out, probability, seeds and keys, threads, callables of other packages."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastcnn
import fastcnn.augment as A
from fastcnn import _core


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (20, 24, 3), np.uint8)


def pipeline(**arguments):
    return A.Compose(
        [
            A.HorizontalFlip(),
            A.ShiftScaleRotate(p=0.8),
            A.OneOf([A.Blur(), A.GaussNoise(), A.ColorJitter()], p=0.7),
            A.SomeOf([A.CoarseDropout(), A.RandomGamma(), A.RandomBrightnessContrast()], n=2),
        ],
        **arguments,
    )


def test_only_through_attributes_of_the_package():
    assert fastcnn.augment.HorizontalFlip is A.HorizontalFlip
    assert A.Vertical is A.VerticalFlip
    assert A.Horizontal is A.HorizontalFlip
    assert A.ShiftScaleRotation is A.ShiftScaleRotate
    with pytest.raises(
        AttributeError,
        match="module 'fastcnn.augment' has no attribute 'HorisontalFlip'. Did you mean 'HorizontalFlip'",
    ):
        A.HorisontalFlip  # noqa: B018


def test_other_keywords_come_back(image):
    y = A.HorizontalFlip(p=1)(image=image, label=3, path="a.png")
    assert y.keys() == {"image", "label", "path"}
    assert (y["label"], y["path"]) == (3, "a.png")
    np.testing.assert_array_equal(y["image"], image[:, ::-1])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32, np.float64, np.bool_, np.uint16])
def test_masks_follow(image, dtype, rng):
    """A picture that is its own mask stays so."""
    mask = image[:, :, 0].astype(dtype) * 257 if dtype == np.uint16 else image[:, :, 0].astype(dtype)
    transform = A.Compose([A.HorizontalFlip(), A.ShiftScaleRotate(interpolation=0, p=1), A.RandomCrop(11, 9)], seed=5)
    for _ in range(5):
        y = transform(image=image, mask=mask)
        assert y["mask"].dtype == dtype
        expected = y["image"][:, :, 0].astype(dtype)
        np.testing.assert_array_equal(y["mask"], expected * 257 if dtype == np.uint16 else expected)


def test_several_masks(image):
    masks = [image[:, :, 0], image[:, :, 1:]]
    y = A.HorizontalFlip(p=1)(image=image, masks=masks, mask=None)
    assert y["mask"] is None
    np.testing.assert_array_equal(y["masks"][0], image[:, ::-1, 0])
    np.testing.assert_array_equal(y["masks"][1], image[:, ::-1, 1:])
    y = A.VerticalFlip(p=1)(image=image, masks=np.stack([image[:, :, 0]] * 2))
    np.testing.assert_array_equal(y["masks"], np.stack([image[::-1, :, 0]] * 2))


def test_colours_of_masks_stay(image):
    mask = image[:, :, 0]
    y = A.Compose([A.RandomBrightnessContrast(p=1), A.CoarseDropout(p=1), A.GaussNoise(p=1), A.Blur(p=1)])(
        image=image, mask=mask
    )
    np.testing.assert_array_equal(y["mask"], mask)
    y = A.CoarseDropout((1, 1), (0.5, 0.5), (0.5, 0.5), fill=1, fill_mask=77, p=1)(image=image, mask=mask)
    np.testing.assert_array_equal(y["mask"] == 77, (y["image"] == 1).all(axis=2) | (mask == 77))


def test_further_targets(image):
    other = 255 - image
    aug = pipeline(additional_targets={"second": "image", "depth": "mask"}, seed=3)
    aug = A.Compose(
        [A.HorizontalFlip(), A.ShiftScaleRotate(interpolation="nearest", p=1)],
        additional_targets={"second": "image", "depth": "mask"},
    )
    y = aug(image=image, second=image, depth=image[:, :, 0])
    np.testing.assert_array_equal(y["second"], y["image"])
    np.testing.assert_array_equal(y["depth"], y["image"][:, :, 0])
    assert not np.array_equal(aug(image=image, second=other)["second"], other)


def test_mask_interpolation_of_a_pipeline(image):
    inner = A.ShiftScaleRotate((0, 0), (0.3, 0.3), (20, 20), p=1)
    aug = A.Compose([A.OneOf([inner], p=1)], mask_interpolation="linear")
    assert inner.mask_interpolation == "nearest"
    mask = image[:, :, 0]
    y = aug(image=image, mask=mask)
    np.testing.assert_array_equal(y["mask"], y["image"][:, :, 0])
    assert not np.array_equal(A.Compose([inner])(image=image, mask=mask)["mask"], y["mask"])


def test_layouts(image):
    """Views, other orders of axes and read-only arrays."""
    expected = A.apply(pipeline(), image, 5)
    frozen = image.copy()
    frozen.flags.writeable = False
    large = np.zeros((40, 48, 3), np.uint8)
    large[::2, ::2] = image
    for other in (frozen, large[::2, ::2], np.asfortranarray(image)):
        np.testing.assert_array_equal(A.apply(pipeline(), other, 5), expected)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_probability(p):
    image = np.array([[1, 2]], np.uint8)
    transform = A.HorizontalFlip(p=p)
    flipped = sum(A.apply(transform, image, (1, i))[0, 0] == 2 for i in range(2000))
    assert abs(flipped - 2000 * p) <= 4 * (2000 * p * (1 - p)) ** 0.5
    assert transform(image=image, force_apply=True)["image"].tolist() == [[2, 1]]


def test_seed_makes_a_sequence(image):
    a, b = pipeline(seed=7), pipeline(seed=7)
    first = [a(image=image)["image"] for _ in range(6)]
    second = [b(image=image)["image"] for _ in range(6)]
    for x, y in zip(first, second, strict=True):
        np.testing.assert_array_equal(x, y)
    assert len({x.tobytes() for x in first}) == 6
    a.set_random_seed(7)
    np.testing.assert_array_equal(a(image=image)["image"], first[0])
    assert not np.array_equal(pipeline(seed=8)(image=image)["image"], first[0])


def test_global_seed(image):
    def results():
        fastcnn.utils.set_random_seed(11)
        aug = pipeline()
        return [aug(image=image)["image"] for _ in range(3)]

    for x, y in zip(results(), results(), strict=True):
        np.testing.assert_array_equal(x, y)


def test_key_alone_decides(image):
    """Neither what ran before nor how often counts, and every number of the key does."""
    aug, keys = pipeline(), [(3, 0, i) for i in range(8)]
    forwards = [A.apply(aug, image, key) for key in keys]
    aug(image=image)
    backwards = [A.apply(aug, image, key) for key in reversed(keys)][::-1]
    anew = [A.apply(pipeline(seed=99), image, key) for key in keys]
    for x, y, z in zip(forwards, backwards, anew, strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(x, z)
    others = [A.apply(aug, image, key) for key in ((3, 1, 0), (4, 0, 0), (3, 0), 3, (30, 0), (3, 0, 0, 0))]
    assert len({x.tobytes() for x in [*forwards, *others]}) == 14


def test_two_epochs_differ_and_the_count_stays(image):
    images = np.stack([image] * 10)
    first, second = ([A.apply(pipeline(), x, (0, epoch, i)) for i, x in enumerate(images)] for epoch in (0, 1))
    assert len(first) == len(second) == 10
    assert not np.array_equal(first, second)


def test_same_on_many_threads(image):
    aug = pipeline()
    expected = [A.apply(aug, image, (1, i)) for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: A.apply(aug, image, (1, i)), range(40)))
    np.testing.assert_array_equal(found, expected)


def test_calls_on_many_threads_share_one_sequence(image):
    expected = {aug.tobytes() for aug in (lambda a: [a(image=image)["image"] for _ in range(40)])(pipeline(seed=2))}
    aug = pipeline(seed=2)
    with ThreadPoolExecutor(8) as pool:
        found = {y.tobytes() for y in pool.map(lambda _: aug(image=image)["image"], range(40))}
    assert found == expected


def test_copies_and_pickles(image):
    aug = pipeline(seed=4)
    aug(image=image)
    others = [copy.deepcopy(aug), pickle.loads(pickle.dumps(aug))]
    expected = aug(image=image)["image"]
    for other in others:
        np.testing.assert_array_equal(other(image=image)["image"], expected)


class TakesImage:
    def __call__(self, *, image):
        return {"image": image + 1}


class TakesKeywords:
    def __call__(self, *args, force_apply=False, **data):
        assert not args
        return data | {"image": data["image"] + 1}


class Module:
    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *inputs):
        return inputs[0] + 1


@pytest.mark.parametrize(
    "function",
    [
        TakesImage(),
        TakesKeywords(),
        Module(),
        lambda x: x + 1,
        lambda x, scale=1: x + scale,
        lambda image: image + 1,
        np.ones(1, np.uint8).__add__,
    ],
)
def test_callables_of_all_kinds(function):
    image = np.zeros((2, 2, 3), np.uint8)
    np.testing.assert_array_equal(A.apply(function, image, key=0), image + 1)


def test_apply(image):
    assert A.apply(None, image, 0) is image
    x, mask = A.apply(A.HorizontalFlip(p=1), image, 0, mask=image[:, :, 0])
    np.testing.assert_array_equal(x[:, :, 0], mask)
    np.testing.assert_array_equal(A.apply(A.HorizontalFlip(p=1), image[:, :, 0], 0), image[:, ::-1, 0])
    with pytest.raises(ValueError, match="takes no keywords image and mask, so a mask cannot follow"):
        A.apply(lambda x: x, image, 0, mask=image)
    with pytest.raises(TypeError, match="transform must be a transform, a callable or None, got str"):
        A.apply("flip", image, 0)
    with pytest.raises(
        TypeError, match="key must be an integer or a sequence of integers such as .seed, epoch, index., got 'a'"
    ):
        A.apply(A.NoOp(), image, "a")


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([[1, 2]], TypeError, r"image must be a NumPy array, got list; np.asarray\(image\) makes one"),
        (type("Picture", (), {"__array_interface__": {}})(), TypeError, r"got Picture; np.asarray\(image\) makes one"),
        (None, TypeError, "image must be a NumPy array, got NoneType"),
        (
            np.zeros((2, 2, 3)),
            TypeError,
            r"image must be of dtype uint8 or float32, got float64; image.astype\(np.float32\) makes it so, with values from 0 to 1",
        ),
        (
            np.zeros((2, 2), np.int64),
            TypeError,
            r"got int64; image.astype\(np.uint8\) makes it so, with values from 0 to 255",
        ),
        (
            np.zeros((1, 2, 2, 3), np.uint8),
            ValueError,
            r"image must have shape \(h, w\) or \(h, w, c\), got \(1, 2, 2, 3\); a transform takes one image, not a batch",
        ),
        (np.zeros(3, np.uint8), ValueError, r"image must have shape \(h, w\) or \(h, w, c\), got \(3,\)"),
        (np.zeros((0, 2, 3), np.uint8), ValueError, r"image is empty: it has shape \(0, 2, 3\)"),
    ],
)
def test_wrong_images(value, error, message):
    for aug in (A.HorizontalFlip(), A.Compose([])):
        with pytest.raises(error, match=message):
            aug(image=value)


@pytest.mark.parametrize(
    "aug",
    [
        A.RandomBrightnessContrast(p=1),
        A.RandomGamma(p=1),
        A.CLAHE(p=1),
        A.ColorJitter(p=1),
        A.HueSaturationValue(p=1),
        A.GaussNoise(p=1),
        A.ToFloat(),
    ],
)
def test_floats_that_are_no_colours(image, aug):
    """Values 0..255 as floats, and numbers that are normalised already, would be cut off at 1 in silence."""
    with pytest.raises(
        ValueError,
        match=r"image must be from 0 to 1 where it is float32, got values up to 255: image.astype\(np.uint8\) or image / 255",
    ):
        aug(image=image.astype(np.float32))
    normalised = A.Normalize()(image=image)["image"]
    with pytest.raises(ValueError, match=r"got values from -2\.\d+ to 2\.\d+: augment first, then normalise"):
        aug(image=normalised)
    assert A.ToFloat(255.0)(image=image.astype(np.float32))["image"].max() == 1


def test_wrong_calls(image):
    aug = A.HorizontalFlip()
    with pytest.raises(TypeError, match=r"a transform takes its image by name: aug\(image=img\)\[\"image\"\]"):
        aug(image)
    with pytest.raises(KeyError, match=r"image is missing: call the transform as aug\(image=img\)"):
        aug(picture=image)
    for name in ("bboxes", "keypoints", "images", "volume", "volumes"):
        with pytest.raises(NotImplementedError, match=f"{name}: fastcnn.augment has no "):
            aug(image=image, **{name: []})
    with pytest.raises(TypeError, match="mask must be a NumPy array, got list"):
        aug(image=image, mask=[1])
    with pytest.raises(ValueError, match=r"masks must have shape \(h, w\) or \(h, w, c\), got \(3,\)"):
        aug(image=image, masks=[np.zeros(3)])
    with pytest.raises(TypeError, match="mask must hold numbers or truth values, got dtype <U1"):
        aug(image=image, mask=np.full((20, 24), "a"))
    with pytest.raises(ValueError, match=r"mask: labels must be within 2\*\*24, got 16777217"):
        aug(image=image, mask=np.full((20, 24), 2**24 + 1))
    with pytest.raises(
        ValueError, match=r"image and masks must be of one height and width, got \(20, 24\) and \(20, 20\)"
    ):
        A.Compose([])(image=image, mask=image[:, :20, 0])
    assert A.Compose([A.HorizontalFlip()], is_check_shapes=False)(image=image, mask=image[:, :20])["mask"].shape == (
        20,
        20,
        3,
    )
    with pytest.raises(ValueError, match="label is not a target of this pipeline; strict=False lets it pass"):
        A.Compose([], strict=True)(image=image, label=1)


def test_numbers_are_even():
    draws = A.Draws((1, 2))
    numbers = np.array([draws.random() for _ in range(20000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 50
    assert np.bincount([draws.integer(2, 5) for _ in range(4000)]).tolist()[:2] == [0, 0]
    assert abs(np.bincount([draws.integer(2, 5) for _ in range(4000)])[2:] - 1000).max() < 150
    weights = np.bincount([draws.weighted([1, 0, 3]) for _ in range(4000)])
    assert weights[1] == 0
    assert abs(weights[2] - 3000) < 150
    assert sorted(draws.subset(4, 4)) == [0, 1, 2, 3]
    assert len({draws.key() for _ in range(1000)}) == 1000
    words = A.Draws(5).words(9999)
    assert words.shape == (9999,)
    assert len(np.unique(words)) > 9990
    np.testing.assert_array_equal(A.Draws(5).words(3), words[:3])
    counts = np.bincount(words.view(np.uint8), minlength=256)
    assert ((counts - 39996 / 256) ** 2 / (39996 / 256)).sum() < 350


def test_light_to_import():
    code = "import sys, fastcnn.augment; print([m for m in ('PIL', 'difflib', 'cv2', 'multiprocessing', 'matplotlib') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert run.stdout == "[]\n", run.stdout + run.stderr


def test_same_bits_on_every_instruction_set(image):
    results = {}
    before = _core.get_isa()
    for isa in _core.available_isas():
        _core.set_isa(isa)
        results[isa] = [
            A.apply(aug, image, (2, i)) for i in range(10) for aug in (pipeline(), A.preset("satellite"), A.Normalize())
        ]
    _core.set_isa(before)
    for isa, found in results.items():
        for x, y in zip(found, results["base"], strict=True):
            np.testing.assert_array_equal(x, y, err_msg=isa)
