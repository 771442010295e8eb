"""Random arguments of the functions on images. See calls.py."""

from typing import Any

import numpy as np
from windows import Arguments, Array, Maker, Rng, pick, up_to

BORDERS = ("constant", "replicate", "reflect", "reflect_101", "wrap")


def channel_count(rng: Rng) -> int:
    return pick(rng, 1, 3, 3, 4, up_to(rng, 20))


def picture(rng: Rng, c: int | None = None, bytes_only: bool = False) -> Array:
    """An image of either type, sometimes without an axis of channels."""
    shape = (up_to(rng, 24), up_to(rng, 40), c or channel_count(rng))
    if c is None and rng.integers(5) == 0:
        shape = shape[:2]
    x = rng.integers(0, 256, shape)
    return x.astype(np.uint8) if bytes_only or rng.integers(2) else (x / 256).astype(np.float32)


def count(x: Array) -> int:
    return x.shape[2] if x.ndim == 3 else 1


def numbers(rng: Rng, c: int) -> Any:
    return pick(rng, 0.5, [0.25 + i for i in range(c)])


def around(rng: Rng, c: int) -> Arguments:
    return {"border": pick(rng, *BORDERS), "fill": numbers(rng, c)}


def matrix(rng: Rng, rows: int) -> Array:
    m = rng.normal(0, pick(rng, 0.2, 1.0, 5.0), (rows, 3)) + np.eye(rows, 3)
    if rows == 3:
        m[2] = 0.01 * m[2, 0], 0.01 * m[2, 1], 1
    return m


def warp(rng: Rng) -> Arguments:
    x = picture(rng)
    size = pick(rng, None, (up_to(rng, 30), up_to(rng, 30)))
    how = pick(rng, "nearest", "linear", "linear", "cubic")
    return dict(image=x, matrix=matrix(rng, pick(rng, 2, 3)), size=size, interpolation=how, **around(rng, count(x)))


def warps(rng: Rng) -> Arguments:
    n, c = up_to(rng, 4), channel_count(rng)
    x = rng.random((n, up_to(rng, 20), up_to(rng, 30), c)).astype(np.float32)
    m = np.stack([matrix(rng, 2) for _ in range(n)])
    return dict(images=x, matrices=m, size=pick(rng, None, (9, 17)), **around(rng, c))


RESIZINGS = ("nearest", "linear", "cubic", "area")


def resize(rng: Rng) -> Arguments:
    how = {"interpolation": pick(rng, *RESIZINGS), "antialias": bool(rng.integers(2))}
    return dict(image=picture(rng), height=up_to(rng, 40), width=up_to(rng, 40), **how)


def resizes(rng: Rng) -> Arguments:
    x = rng.random((up_to(rng, 3), up_to(rng, 20), up_to(rng, 20), channel_count(rng))).astype(np.float32)
    return {"images": x, "size": (up_to(rng, 30), up_to(rng, 30)), "interpolation": pick(rng, *RESIZINGS)}


def window(rng: Rng) -> Arguments:
    x = picture(rng)
    place = {"top": up_to(rng, 30, -30), "left": up_to(rng, 30, -30), "height": up_to(rng, 40), "width": up_to(rng, 40)}
    return dict(image=x, **place, **around(rng, count(x)))


def lookup(rng: Rng) -> Arguments:
    x = picture(rng, bytes_only=True)
    return {"image": x, "table": rng.integers(0, 256, pick(rng, (256,), (count(x), 256))).astype(np.uint8)}


def fill(rng: Rng) -> Arguments:
    x = picture(rng)
    return {"image": x, "boxes": rng.integers(-9, 40, (up_to(rng, 4), 4)), "fill": numbers(rng, count(x))}


def scale(rng: Rng) -> Arguments:
    x = picture(rng)
    c = count(x)
    return {"image": x, "alpha": numbers(rng, c), "beta": numbers(rng, c), "max_value": pick(rng, None, 1.0)}


def normalize(rng: Rng) -> Arguments:
    x = picture(rng)
    return {"image": x, "mean": numbers(rng, count(x)), "std": numbers(rng, count(x)), "max_pixel_value": 255.0}


def color(rng: Rng) -> Arguments:
    factors = {"brightness": 1.25, "contrast": 0.75, "saturation": 1.5, "hue": 0.125}
    return dict(image=picture(rng, pick(rng, 1, 3)), **factors, order=tuple(int(i) for i in rng.permutation(4)))


def clahe(rng: Rng) -> Arguments:
    return {"image": picture(rng, pick(rng, 1, 3), True), "clip_limit": pick(rng, 1.0, 4.0), "tiles": (1, 1)}


def noise(rng: Rng) -> Arguments:
    return {"image": picture(rng), "key": (3, 5), "mean": 0.5, "std": 2.0, "per_channel": bool(rng.integers(2))}


PICTURES: dict[str, Maker] = {
    "image_warp": warp,
    "images_warp": warps,
    "image_resize": resize,
    "images_resize": resizes,
    "image_flip": lambda rng: {"image": picture(rng), "horizontal": bool(rng.integers(2)), "vertical": True},
    "image_crop_pad": window,
    "image_fill": fill,
    "image_blur": lambda rng: {"image": picture(rng), "height": up_to(rng, 9), "width": up_to(rng, 9)},
    "image_gaussian_blur": lambda rng: {"image": picture(rng), "sigma_y": 1.5, "sigma_x": 0.5, "kernel_size": (3, 5)},
    "image_lookup": lookup,
    "image_scale": scale,
    "image_normalize": normalize,
    "image_color": color,
    "image_gray": lambda rng: {"image": picture(rng, pick(rng, 1, 3)), "channels": up_to(rng, 4)},
    "image_clahe": clahe,
    "image_noise": noise,
}
