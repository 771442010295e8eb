"""Random arguments: the pieces of all makers, and the makers of convolution and pooling. See calls.py."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels as k

Rng = np.random.Generator
Array = np.ndarray[Any, Any]
Arguments = dict[str, Any]
Maker = Callable[[Rng], Arguments]

ACTIVATIONS = (
    "linear step relu relu6 leaky_relu elu selu sigmoid hard_sigmoid tanh softplus softsign silu hard_silu gelu"
)


def floats(rng: Rng, *shape: int, low: int = -4) -> Array:
    return rng.integers(low, 5, shape).astype(np.float32)


def pick(rng: Rng, *values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def up_to(rng: Rng, high: int, low: int = 1) -> int:
    return int(rng.integers(low, high + 1))


def channels(rng: Rng) -> int:
    return pick(rng, 1, 3, 4, 15, 16, 17, 31, 33, 40, up_to(rng, 70))


def shape(rng: Rng, low: int = 1, high: int = 4) -> tuple[int, ...]:
    """Any rank, the last axis longer than the others."""
    rank = up_to(rng, high, low)
    return (*tuple(up_to(rng, 4) for _ in range(rank - 1)), channels(rng)) if rank else ()


def some(rng: Rng, value: Any) -> Any:
    return pick(rng, None, value)


def like(x: Any, rng: Rng, low: int = -4) -> Array:
    return floats(rng, *x.shape, low=low)


# Convolution and pooling: a window of (kh, kw) that fits the image.


def window(rng: Rng) -> Arguments:
    """kernel, strides, dilation, image, padding."""
    kernel = (up_to(rng, 3), up_to(rng, 4))
    dilation = (up_to(rng, 2), up_to(rng, 2))
    reach = tuple((kernel[i] - 1) * dilation[i] + 1 for i in range(2))
    image = tuple(reach[i] + up_to(rng, 6, 0) for i in range(2))
    sides = tuple((up_to(rng, min(2, reach[i] - 1), 0), up_to(rng, min(2, reach[i] - 1), 0)) for i in range(2))
    padding = pick(rng, "valid", "same", sides, (sides[0][0], sides[1][0]))
    return {
        "kernel": kernel,
        "strides": (up_to(rng, 3), up_to(rng, 3)),
        "dilation": dilation,
        "image": image,
        "padding": padding,
    }


def conv_options(rng: Rng) -> tuple[Arguments, tuple[int, ...], tuple[int, ...]]:
    """The options of conv2d with the shapes of x and w; every third one fits Winograd."""
    v, groups = window(rng), pick(rng, 1, 1, 2, 3)
    ci, co = up_to(rng, 20), up_to(rng, 20)
    options = {"strides": v["strides"], "padding": v["padding"], "dilation": v["dilation"], "groups": groups}
    kernel, image = v["kernel"], v["image"]
    if rng.integers(3) == 0:
        groups, kernel, image, ci, co = (
            1,
            (3, 3),
            (up_to(rng, 12, 3), up_to(rng, 12, 3)),
            up_to(rng, 40),
            up_to(rng, 70),
        )
        options = {"padding": pick(rng, "valid", "same"), "algorithm": "winograd"}
    x = (up_to(rng, 3), *image, ci * groups)
    return options, x, (*kernel, ci, co * groups)


def dy_of_conv(rng: Rng, options: Arguments, x: tuple[int, ...], w: tuple[int, ...]) -> Array:
    known = {name: value for name, value in options.items() if name != "algorithm"}
    return floats(rng, *k.conv2d_output_shape(x, w, **known))


def mode(rng: Rng, options: Arguments, x: tuple[int, ...]) -> Arguments:
    """A padding mode that the padding allows."""
    if min(x[1:3]) < 3:
        return {}
    return {"padding_mode": pick(rng, "constant", "constant", "reflect", "replicate", "circular")}


def conv2d(rng: Rng) -> Arguments:
    options, x, w = conv_options(rng)
    y = dy_of_conv(rng, options, x, w)
    extra = {"activation": some(rng, "relu"), "alpha": 0.25, "padding_value": float(up_to(rng, 2, 0))}
    return dict(
        x=floats(rng, *x),
        w=floats(rng, *w),
        bias=some(rng, floats(rng, w[3])),
        residual=some(rng, y),
        **options,
        **extra,
        **mode(rng, options, x),
    )


def conv2d_dx(rng: Rng) -> Arguments:
    options, x, w = conv_options(rng)
    return dict(dy=dy_of_conv(rng, options, x, w), w=floats(rng, *w), x_shape=x, **options, **mode(rng, options, x))


def conv2d_dw(rng: Rng) -> Arguments:
    if pick(rng, True, False, False, False):  # a 1x1 filter with so many pixels that its product may be exchanged
        c, k = up_to(rng, 150), up_to(rng, 90)
        return {"x": floats(rng, 2, 21, 25, c), "dy": floats(rng, 2, 21, 25, k), "w_shape": (1, 1, c, k)}
    options, x, w = conv_options(rng)
    dy = dy_of_conv(rng, options, x, w)
    return dict(x=floats(rng, *x), dy=dy, w_shape=w, padding_value=1.0, **options, **mode(rng, options, x))


def conv2d_transpose(rng: Rng) -> Arguments:
    v, groups, n = window(rng), pick(rng, 1, 1, 2), up_to(rng, 2)
    co, ci = up_to(rng, 20) * groups, up_to(rng, 20)
    x, w = floats(rng, n, up_to(rng, 5, 3), up_to(rng, 5, 3), co), floats(rng, *v["kernel"], ci, co)
    padding = pick(rng, "valid", "same")
    bias = some(rng, floats(rng, ci * groups))
    return {
        "x": x,
        "w": w,
        "bias": bias,
        "strides": v["strides"],
        "padding": padding,
        "groups": groups,
        "activation": some(rng, "relu"),
    }


def conv_shapes(rng: Rng) -> Arguments:
    options, x, w = conv_options(rng)
    options.pop("algorithm", None)
    return dict(x_shape=x, w_shape=w, **options)


def line(rng: Rng) -> tuple[Arguments, int, int]:
    """The options of a window over a signal, the kernel's and the signal's length."""
    kernel, dilation = up_to(rng, 4), up_to(rng, 2)
    reach = (kernel - 1) * dilation + 1
    side = up_to(rng, min(2, reach - 1), 0)
    options = {"strides": up_to(rng, 3), "dilation": dilation, "padding": pick(rng, "valid", "same", side, (side, 0))}
    return options, kernel, reach + up_to(rng, 9, 0)


def conv1d(rng: Rng) -> Arguments:
    options, kernel, length = line(rng)
    groups, ci, co = pick(rng, 1, 1, 2), up_to(rng, 20), up_to(rng, 20)
    x, w = floats(rng, 2, length, ci * groups), floats(rng, kernel, ci, co * groups)
    return dict(x=x, w=w, bias=some(rng, floats(rng, co * groups)), groups=groups, activation="relu", **options)


def depthwise2d(rng: Rng, what: str) -> Arguments:
    v, c, m = window(rng), channels(rng), pick(rng, 1, 1, 2, 3)
    options = {"strides": v["strides"], "padding": v["padding"], "dilation": v["dilation"]}
    x, w = floats(rng, up_to(rng, 3), *v["image"], c), floats(rng, *v["kernel"], c, m)
    if what == "forward":
        return dict(x=x, w=w, bias=some(rng, floats(rng, c * m)), activation=some(rng, "relu"), **options)
    if what == "separable":
        pointwise = floats(rng, 1, 1, c * m, up_to(rng, 20))
        bias = some(rng, floats(rng, pointwise.shape[3]))
        return dict(x=x, depthwise_kernel=w, pointwise_kernel=pointwise, bias=bias, activation="relu", **options)
    dy = like(k.depthwise_conv2d(x, w, **options), rng)
    return (
        dict(dy=dy, w=w, x_shape=x.shape, **options) if what == "dx" else dict(x=x, dy=dy, w_shape=w.shape, **options)
    )


def depthwise1d(rng: Rng, what: str) -> Arguments:
    options, kernel, length = line(rng)
    c, m = channels(rng), pick(rng, 1, 1, 2)
    x, w = floats(rng, up_to(rng, 3), length, c), floats(rng, kernel, c, m)
    if what == "forward":
        return dict(x=x, w=w, bias=some(rng, floats(rng, c * m)), activation=some(rng, "relu"), **options)
    dy = like(k.depthwise_conv1d(x, w, **options), rng)
    return (
        dict(dy=dy, w=w, x_shape=x.shape, **options) if what == "dx" else dict(x=x, dy=dy, w_shape=w.shape, **options)
    )


def pool2d(rng: Rng, forward: Callable[..., Any], what: str) -> Arguments:
    v = window(rng)
    options = {"pool_size": v["kernel"], "strides": v["strides"], "padding": v["padding"], "dilation": v["dilation"]}
    options["ceil_mode"] = bool(rng.integers(2))
    return pool(rng, floats(rng, up_to(rng, 3), *v["image"], channels(rng)), options, forward, what)


def pool1d(rng: Rng, forward: Callable[..., Any], what: str) -> Arguments:
    options, kernel, length = line(rng)
    options.update(pool_size=kernel, ceil_mode=bool(rng.integers(2)))
    return pool(rng, floats(rng, up_to(rng, 3), length, channels(rng)), options, forward, what)


def pool(rng: Rng, x: Array, options: Arguments, forward: Callable[..., Any], what: str) -> Arguments:
    if what == "max":
        return dict(x=x, return_indices=bool(rng.integers(2)), **options)
    if what == "max_dx":
        y, indices = forward(x, return_indices=True, **options)
        return dict(dy=like(y, rng), x=x, indices=some(rng, indices), **options)
    options["count_include_pad"] = bool(rng.integers(2))
    return (
        dict(x=x, **options) if what == "avg" else dict(dy=like(forward(x, **options), rng), x_shape=x.shape, **options)
    )


def image(rng: Rng, rank: int = 4) -> Array:
    return floats(rng, *(up_to(rng, 6) for _ in range(rank - 1)), channels(rng))


def global_dx(rng: Rng, rank: int, with_x: bool) -> Arguments:
    x = image(rng, rank)
    dy = floats(rng, x.shape[0], x.shape[-1])
    return {"dy": dy, "x": x} if with_x else {"dy": dy, "x_shape": x.shape}


def sizes(rng: Rng) -> tuple[int, int]:
    return up_to(rng, 9), up_to(rng, 9)


def resize_dx(rng: Rng, **options: Any) -> Arguments:
    x = image(rng)
    return dict(dy=floats(rng, x.shape[0], *sizes(rng), x.shape[3]), x_shape=x.shape, **options)


def upsample_dx(rng: Rng) -> Arguments:
    x, (fh, fw) = image(rng), (up_to(rng, 3), up_to(rng, 3))
    dy = floats(rng, x.shape[0], x.shape[1] * fh, x.shape[2] * fw, x.shape[3])
    return {"dy": dy, "size": (fh, fw), "interpolation": pick(rng, "nearest", "bilinear")}
