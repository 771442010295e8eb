"""Images beside albumentations on one thread: the same transforms on a 224x224x3 picture, alternating, medians.

usage: python bench/augment.py [rounds]

Where albumentations is not installed the second column stays empty; an interpreter that has it needs fastcnn on its
path: PYTHONPATH=. python bench/augment.py
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import fastcnn
from fastcnn import kernels

SIZE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ANGLE, SCALE, SHIFT = np.deg2rad(17.0), 1.07, (11.0, -6.0)


def turned() -> Any:
    """The matrix from output to input of a shift, a zoom and a turn about the centre."""
    cos, sin, centre = np.cos(ANGLE) / SCALE, np.sin(ANGLE) / SCALE, (SIZE - 1) / 2
    x, y = centre + SHIFT[0], centre + SHIFT[1]
    return np.array([[cos, -sin, centre - cos * x + sin * y], [sin, cos, centre - sin * x - cos * y]])


def ours(image: Any) -> dict[str, Callable[[], Any]]:
    matrix, table = turned(), np.clip(np.arange(256) * 1.2 + 10, 0, 255).astype(np.uint8)
    out = np.empty(image.shape, np.float32)

    def chain() -> Any:
        x = kernels.image_flip(image, horizontal=True)
        x = kernels.image_warp(x, matrix)
        x = kernels.image_scale(x, 1.2, 10.0)
        return kernels.image_normalize(x, MEAN, STD, out=out)

    return {
        "flip": lambda: kernels.image_flip(image, horizontal=True),
        "warp, linear": lambda: kernels.image_warp(image, matrix),
        "warp, linear, reflect_101": lambda: kernels.image_warp(image, matrix, border="reflect_101"),
        "warp, nearest": lambda: kernels.image_warp(image, matrix, interpolation="nearest"),
        "warp, cubic": lambda: kernels.image_warp(image, matrix, interpolation="cubic"),
        "brightness": lambda: kernels.image_scale(image, 1.2, 10.0),
        "lookup": lambda: kernels.image_lookup(image, table),
        "normalize": lambda: kernels.image_normalize(image, MEAN, STD),
        "resize to 112": lambda: kernels.image_resize(image, 112, 112),
        "resize to 300": lambda: kernels.image_resize(image, 300, 300),
        "resize to 300, cubic": lambda: kernels.image_resize(image, 300, 300, "cubic", antialias=False),
        "resize to 112, area": lambda: kernels.image_resize(image, 112, 112, "area"),
        "blur 5x5": lambda: kernels.image_blur(image, 5, 5),
        "gaussian blur 5x5": lambda: kernels.image_gaussian_blur(image, 1.1, 1.1, 5),
        "hue": lambda: kernels.image_color(image, hue=0.1),
        "saturation": lambda: kernels.image_color(image, saturation=1.3),
        "clahe": lambda: kernels.image_clahe(image, 4.0, (8, 8)),
        "noise": lambda: kernels.image_noise(image, (1, 2), 0.0, 10.0),
        "chain of kernels": chain,
    }


def theirs(image: Any) -> dict[str, Callable[[], Any]]:
    """OpenCV for the kernels, albumentations for the chain."""
    try:
        import albumentations as albu
        import cv2
    except ImportError:
        return {}
    cv2.setNumThreads(0)
    matrix, table = turned(), np.clip(np.arange(256) * 1.2 + 10, 0, 255).astype(np.uint8)
    linear, inverse, size = cv2.INTER_LINEAR, cv2.WARP_INVERSE_MAP, (SIZE, SIZE)
    normalise = albu.Normalize(MEAN, STD)
    chain = albu.Compose(
        [
            albu.HorizontalFlip(p=1),
            albu.ShiftScaleRotate(p=1, border_mode=cv2.BORDER_CONSTANT),
            albu.RandomBrightnessContrast(p=1),
            albu.Normalize(MEAN, STD),
        ]
    )
    reflect = cv2.BORDER_REFLECT_101
    clahe = albu.CLAHE((4, 4), p=1)
    noise = albu.GaussNoise(p=1)
    jitter = {"brightness": (1, 1), "contrast": (1, 1), "p": 1.0}
    hue = albu.ColorJitter(saturation=(1, 1), hue=(0.1, 0.1), **jitter)
    saturation = albu.ColorJitter(saturation=(1.3, 1.3), hue=(0, 0), **jitter)
    return {
        "flip": lambda: cv2.flip(image, 1),
        "warp, linear": lambda: cv2.warpAffine(image, matrix, size, flags=linear | inverse),
        "warp, linear, reflect_101": lambda: cv2.warpAffine(image, matrix, size, None, linear | inverse, reflect),
        "warp, nearest": lambda: cv2.warpAffine(image, matrix, size, flags=cv2.INTER_NEAREST | inverse),
        "warp, cubic": lambda: cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC | inverse),
        "brightness": lambda: cv2.convertScaleAbs(image, None, 1.2, 10.0),
        "lookup": lambda: cv2.LUT(image, table),
        "normalize": lambda: normalise(image=image)["image"],
        "resize to 112": lambda: cv2.resize(image, (112, 112)),
        "resize to 300": lambda: cv2.resize(image, (300, 300)),
        "resize to 300, cubic": lambda: cv2.resize(image, (300, 300), interpolation=cv2.INTER_CUBIC),
        "resize to 112, area": lambda: cv2.resize(image, (112, 112), interpolation=cv2.INTER_AREA),
        "blur 5x5": lambda: cv2.blur(image, (5, 5)),
        "gaussian blur 5x5": lambda: cv2.GaussianBlur(image, (5, 5), 1.1),
        "hue": lambda: hue(image=image)["image"],
        "saturation": lambda: saturation(image=image)["image"],
        "clahe": lambda: clahe(image=image)["image"],
        "noise": lambda: noise(image=image)["image"],
        "chain of kernels": lambda: chain(image=image)["image"],
        "Compose of four": lambda: chain(image=image)["image"],
    }


def composed(image: Any) -> dict[str, Callable[[], Any]]:
    """The chain in albumentations' call form, where this version of fastcnn has it."""
    try:
        from fastcnn import augment
    except ImportError:
        return {}
    transforms = [
        augment.HorizontalFlip(p=1),
        augment.ShiftScaleRotate(p=1),
        augment.RandomBrightnessContrast(p=1),
        augment.Normalize(MEAN, STD),
    ]
    chain = augment.Compose(transforms, seed=1)
    return {"Compose of four": lambda: chain(image=image)["image"]}


def seconds(call: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    fastcnn.set_num_threads(1)
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    mine, others = {**ours(image), **composed(image)}, theirs(image)
    print(f"{'microseconds':<28}{'fastcnn':>10}{'other':>10}{'ratio':>8}")
    for name, call in mine.items():
        pair = [call, *([others[name]] if name in others else [])]
        repeats = [max(1, int(0.005 / max(seconds(one, 2), 1e-7))) for one in pair]
        times: list[list[float]] = [[] for _ in pair]
        for _ in range(rounds):
            for one, repeat, found in zip(pair, repeats, times, strict=True):
                found.append(seconds(one, repeat))
        medians = [1e6 * float(np.median(found)) for found in times]
        rest = f"{medians[1]:>10.1f}{medians[1] / medians[0]:>8.2f}" if len(medians) > 1 else ""
        print(f"{name:<28}{medians[0]:>10.1f}{rest}", flush=True)


if __name__ == "__main__":
    main()
