"""What arguments mean, and what is said about those that are wrong."""

import numpy as np
import pytest

import fastcnn.augment as A


@pytest.mark.parametrize(
    ("transform", "name", "expected"),
    [
        (A.ShiftScaleRotate(0.1), "shift_limit", (-0.1, 0.1)),
        (A.ShiftScaleRotate(scale_limit=0.5), "scale_limit", (-0.5, 0.5)),
        (A.ShiftScaleRotate(scale_limit=(-0.2, 0.5)), "scale_limit", (-0.2, 0.5)),
        (A.ShiftScaleRotate(rotate_limit=[30, -10]), "rotate_limit", (-10, 30)),
        (A.ShiftScaleRotate(shift_limit_x=0.3), "shift_limit_x", (-0.3, 0.3)),
        (A.Rotate(20), "limit", (-20, 20)),
        (A.Rotate(np.float32(20)), "limit", (-20, 20)),
        (A.RandomBrightnessContrast(0.2, 0), "brightness_limit", (-0.2, 0.2)),
        (A.RandomBrightnessContrast(0.2, 0), "contrast_limit", (0, 0)),
        (A.ColorJitter(0.3), "brightness", (0.7, 1.3)),
        (A.ColorJitter(saturation=2), "saturation", (0, 3)),
        (A.ColorJitter(hue=0.1), "hue", (-0.1, 0.1)),
        (A.HueSaturationValue(7), "hue_shift_limit", (-7, 7)),
        (A.RandomGamma(150), "gamma_limit", (1, 150)),
        (A.CLAHE(2.0), "clip_limit", (1, 2.0)),
        (A.Blur(5), "blur_limit", (3, 5)),
        (A.GaussianBlur(5), "blur_limit", (0, 5)),
        (A.GaussianBlur(sigma_limit=2), "sigma_limit", (0, 2)),
        (A.Affine(0.5), "scale", {"x": (0.5, 0.5), "y": (0.5, 0.5)}),
        (A.Affine({"x": (0.5, 2)}), "scale", {"x": (0.5, 2), "y": (1.0, 1.0)}),
        (A.Affine(rotate=10), "rotate", (10, 10)),
        (A.Affine(translate_percent=0.1), "translate_percent", {"x": (0.1, 0.1), "y": (0.1, 0.1)}),
        (A.Affine(translate_px={"y": (1, 2)}), "translate_px", {"x": (0, 0), "y": (1, 2)}),
        (A.Affine(shear=(1, 3)), "shear", {"x": (1, 3), "y": (1, 3)}),
        (A.Resize(4, 4, interpolation=A.INTER_CUBIC), "interpolation", "cubic"),
        (A.Resize(4, 4, interpolation=6), "interpolation", "nearest_exact"),
        (A.Resize(4, 4, interpolation="INTER_AREA"), "interpolation", "area"),
        (A.Rotate(border_mode=A.BORDER_REFLECT_101), "border_mode", "reflect_101"),
        (A.Rotate(border_mode="BORDER_REFLECT101"), "border_mode", "reflect_101"),
        (A.Rotate(border_mode=np.int64(3)), "border_mode", "wrap"),
        (A.Rotate(fill=[1, 2, 3]), "fill", (1, 2, 3)),
        (A.SmallestMaxSize([3, 4]), "max_size", (3, 4)),
    ],
)
def test_forms(transform, name, expected):
    assert getattr(transform, name) == expected
    assert type(transform).from_config(transform.get_config()).get_config() == transform.get_config()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: A.HorizontalFlip(p=-0.1), ValueError, "p must be a number from 0 to 1, got -0.1"),
        (lambda: A.HorizontalFlip(p="1"), ValueError, "p must be a number from 0 to 1, got '1'"),
        (lambda: A.HorizontalFlip(p=float("nan")), ValueError, "p must be a number from 0 to 1, got nan"),
        (lambda: A.HorizontalFlip(prob=1), TypeError, "HorizontalFlip has no argument 'prob'; it has p"),
        (lambda: A.HorizontalFlip(always_apply=True), TypeError, "HorizontalFlip has no argument 'always_apply'; it has p. It is now 'p'"),
        (lambda: A.Rotate(limits=3), TypeError, "Rotate has no argument 'limits'; .* Did you mean 'limit'"),
        (lambda: A.Rotate(value=3), TypeError, "Rotate has no argument 'value'; .* It is now 'fill'"),
        (lambda: A.GaussNoise(var_limit=3), TypeError, r"no argument 'var_limit'; .* It is now 'std_range'"),
        (lambda: A.RandomResizedCrop(height=3, width=3), TypeError, r"no argument 'height'; .* It is now 'size'"),
        (lambda: A.CoarseDropout(max_holes=3), TypeError, r"no argument 'max_holes'; .* It is now 'num_holes_range'"),
        (lambda: A.RandomCrop(3), TypeError, "missing 1 required positional argument: 'width'"),
        (lambda: A.RandomCrop(3, 0), ValueError, "width must be an integer of at least 1, got 0"),
        (lambda: A.RandomCrop(3, 2.5), ValueError, "width must be an integer of at least 1, got 2.5"),
        (lambda: A.RandomCrop(3, 3, pad_if_needed=1), ValueError, "pad_if_needed must be True or False, got 1"),
        (lambda: A.RandomCrop(3, 3, pad_position="middle"), ValueError, "pad_position must be one of 'center', .*, got 'middle'"),
        (lambda: A.RandomCrop(9, 9)(image=np.zeros((5, 9), np.uint8)), ValueError, r"RandomCrop cannot cut 9 x 9 out of an image of 5 x 9 \(height x width\): pad_if_needed=True"),
        (lambda: A.RandomResizedCrop(3), ValueError, r"size must be a pair \(height, width\), got 3"),
        (lambda: A.RandomResizedCrop((3, 0)), ValueError, r"size\[1\] must be an integer of at least 1, got 0"),
        (lambda: A.RandomResizedCrop((3, 3), scale=0.5), ValueError, r"scale must be a pair \(low, high\), got 0.5"),
        (lambda: A.RandomResizedCrop((3, 3), scale=(0.5, 2)), ValueError, r"scale must have limits from 0 to 1, got \(0.5, 2\)"),
        (lambda: A.RandomResizedCrop((3, 3), ratio=(0, 2)), ValueError, "scale and ratio must be above 0"),
        (lambda: A.Resize(3, 3, interpolation=4), NotImplementedError, "interpolation: Lanczos is not available; the nearest to it is 'cubic'"),
        (lambda: A.Resize(3, 3, interpolation=9), ValueError, r"interpolation must be one of 'nearest' \(0\), 'linear' \(1\), .*, got 9"),
        (lambda: A.Resize(3, 3, interpolation="bilinear"), ValueError, "got 'bilinear'. Did you mean 'linear'"),
        (lambda: A.Resize(3, 3, mask_interpolation=None), ValueError, "mask_interpolation must be one of"),
        (lambda: A.Resize(3, 3, area_for_downscale="mask"), ValueError, "area_for_downscale must be one of None, 'image', 'image_mask', got 'mask'"),
        (lambda: A.SmallestMaxSize(), ValueError, "give max_size or max_size_hw, got None and None"),
        (lambda: A.SmallestMaxSize([]), ValueError, "max_size is empty"),
        (lambda: A.SmallestMaxSize(max_size_hw=(None, None)), ValueError, r"max_size_hw must be \(height, width\), one of which may be None"),
        (lambda: A.PadIfNeeded(3, None), ValueError, "give min_width or pad_width_divisor and set the other to None, got None and None"),
        (lambda: A.PadIfNeeded(3, 3, 4), ValueError, "give min_height or pad_height_divisor"),
        (lambda: A.PadIfNeeded(3, 3, position="up"), ValueError, "position must be one of"),
        (lambda: A.ShiftScaleRotate(2), ValueError, r"shift_limit must have limits from -1 to 1, got \(-2, 2\)"),
        (lambda: A.ShiftScaleRotate((0, 1, 2)), ValueError, r"shift_limit must be a number or a pair \(low, high\), got \(0, 1, 2\)"),
        (lambda: A.ShiftScaleRotate("0"), ValueError, r"shift_limit must be a number or a pair \(low, high\), got '0'"),
        (lambda: A.ShiftScaleRotate(border_mode=7), ValueError, r"border_mode must be one of 'constant' \(0\), .* 'reflect_101' \(4\), got 7"),
        (lambda: A.ShiftScaleRotate(border_mode="reflct"), ValueError, "Did you mean 'reflect'"),
        (lambda: A.ShiftScaleRotate(fill="black"), ValueError, "fill must be a number or a tuple with a number per channel, got 'black'"),
        (lambda: A.ShiftScaleRotate(rotate_method="box"), ValueError, "rotate_method must be one of 'largest_box', 'ellipse', got 'box'"),
        (lambda: A.ShiftScaleRotate(scale_limit=(-1, -1), p=1)(image=np.zeros((5, 9), np.uint8)), ValueError, "scale and shear leave nothing of the image: its area becomes 0"),
        (lambda: A.Rotate(fill=(1, 2), p=1)(image=np.zeros((5, 9, 3), np.uint8)), ValueError, "fill has 2 numbers, the image has 3 channels"),
        (lambda: A.Affine(translate_px=1, translate_percent=1.0), ValueError, "give translate_percent or translate_px, not both"),
        (lambda: A.Affine(translate_px=1.5), ValueError, r"translate_px\['x'\] must be a pair of integers, got \(1.5, 1.5\)"),
        (lambda: A.Affine(scale={"z": 1}), ValueError, "scale must be a number, a pair or a dict with keys 'x' and 'y', got {'z': 1}"),
        (lambda: A.Affine(scale=-1), ValueError, r"scale\['x'\] must have limits from 0 on, got \(-1, -1\)"),
        (lambda: A.RandomBrightnessContrast(brightness_by_max=None), ValueError, "brightness_by_max must be True or False, got None"),
        (lambda: A.ColorJitter(brightness=-1), ValueError, "brightness must be a number from 0 on, got -1"),
        (lambda: A.ColorJitter(hue=0.6), ValueError, r"hue must have limits from -0.5 to 0.5, got \(-0.6, 0.6\)"),
        (lambda: A.ColorJitter(p=1)(image=np.zeros((5, 9, 2), np.uint8)), ValueError, r"ColorJitter needs 1 or 3 channels, got an image of shape \(5, 9, 2\)"),
        (lambda: A.HueSaturationValue(p=1)(image=np.zeros((5, 9, 2), np.uint8)), ValueError, "HueSaturationValue needs 1 or 3 channels"),
        (lambda: A.CLAHE(p=1)(image=np.zeros((5, 9, 4), np.uint8)), ValueError, "CLAHE needs 1 or 3 channels"),
        (lambda: A.CLAHE(0.5), ValueError, r"clip_limit must have limits from 1 on, got \(1, 0.5\)"),
        (lambda: A.CLAHE(tile_grid_size=8), ValueError, "tile_grid_size must be a pair"),
        (lambda: A.RandomGamma(0), ValueError, r"gamma_limit must have limits from 1 on, got \(1, 0\)"),
        (lambda: A.Blur(4), ValueError, "blur_limit must be odd, so that windows have a middle, got 4"),
        (lambda: A.Blur(1), ValueError, r"blur_limit must have limits from 3 on, got \(3, 1\)"),
        (lambda: A.Blur(5.5), ValueError, "blur_limit must be a pair of integers, got 5.5"),
        (lambda: A.GaussianBlur((3.5, 5)), ValueError, r"blur_limit must be a pair of integers, got \(3.5, 5\)"),
        (lambda: A.GaussNoise((0.1, 2)), ValueError, r"std_range must have limits from 0 to 1, got \(0.1, 2\)"),
        (lambda: A.GaussNoise(noise_scale_factor=0), ValueError, "noise_scale_factor must be above 0, got 0"),
        (lambda: A.CoarseDropout((0, 1)), ValueError, r"num_holes_range must have limits from 1 on, got \(0, 1\)"),
        (lambda: A.CoarseDropout(fill="inpaint_ns"), NotImplementedError, "fill 'inpaint_ns': inpainting is not available; give a number or 'random'"),
        (lambda: A.CoarseDropout(fill="randm"), ValueError, "fill must be one of 'random', 'random_uniform', got 'randm'. Did you mean 'random'"),
        (lambda: A.ToGray(method="pca"), NotImplementedError, "method 'pca' is not available; 'weighted_average' is the usual one"),
        (lambda: A.ToGray(method="mean"), ValueError, "method must be one of"),
        (lambda: A.ToGray(p=1)(image=np.zeros((5, 9, 2), np.uint8)), ValueError, "ToGray needs 3 channels for 'weighted_average', got an image of shape"),
        (lambda: A.ToFloat(0), ValueError, "max_value must not be 0"),
        (lambda: A.Normalize(std=0), ValueError, "std and max_pixel_value must be above 0, got 0 and 255.0"),
        (lambda: A.Normalize(mean=None), ValueError, "mean, std and max_pixel_value must be given where normalization is 'standard'"),
        (lambda: A.Normalize(normalization="z"), ValueError, "normalization must be one of 'standard'"),
        (lambda: A.Normalize()(image=np.zeros((5, 9), np.uint8)), ValueError, r"mean has 3 numbers, the image has 1 channels: Normalize\(mean=0.449, ...\) takes one for all"),
        (lambda: A.Lambda(image=3), TypeError, "image must be a function or None, got 3"),
        (lambda: A.Lambda(bboxes=len), NotImplementedError, "bboxes: fastcnn.augment has neither keypoints nor bounding boxes"),
        (lambda: A.Lambda(image=lambda x: 3)(image=np.zeros((5, 9), np.uint8)), ValueError, r"image: the function must return an array \(h, w\) or \(h, w, c\), got int"),
        (lambda: A.Transform(p=1)(image=np.zeros((5, 9), np.uint8)), NotImplementedError, r"Transform must override apply\(self, image, \*\*parameters\)"),
        (lambda: A.Blur().set_random_seed(-1), ValueError, "seed must be an integer of at least 0, got -1"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_all_defaults_are_valid():
    needed = {
        "RandomCrop": (8, 8),
        "CenterCrop": (8, 8),
        "RandomResizedCrop": ((8, 8),),
        "Resize": (8, 8),
        "LongestMaxSize": (8,),
        "SmallestMaxSize": (8,),
    }
    pipelines = {"Compose", "OneOf", "SomeOf", "RandomOrder", "Sequential", "ReplayCompose", "OneOrOther"}
    bases = {"Transform", "DualTransform", "ImageOnlyTransform"}
    names = [
        n
        for n in A.__all__
        if isinstance(getattr(A, n), type) and issubclass(getattr(A, n), A.Transform) and n not in pipelines | bases
    ]
    assert len(names) == 32
    image = np.random.default_rng(0).integers(0, 256, (16, 20, 3), np.uint8)
    for name in names:
        transform = getattr(A, name)(*needed.get(name, ()))
        assert transform(image=image, force_apply=True)["image"].ndim == 3, name
        usual = (
            1.0
            if name in needed or name in ("PadIfNeeded", "RandomRotate90", "D4", "Normalize", "ToFloat", "Lambda")
            else 0.5
        )
        assert transform.p == usual, name
