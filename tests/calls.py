"""Every function of ``fastcnn.kernels`` with a maker of valid random arguments: small shapes, odd channel counts.

A new function is one line of ``CALLS``. Arrays hold small integers as float32, so results do not depend on the dtype
that they come in.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from image_calls import PICTURES
from windows import (
    ACTIVATIONS,
    Arguments,
    Array,
    Maker,
    Rng,
    channels,
    conv1d,
    conv2d,
    conv2d_dw,
    conv2d_dx,
    conv2d_transpose,
    conv_shapes,
    depthwise1d,
    depthwise2d,
    floats,
    global_dx,
    image,
    like,
    pick,
    pool1d,
    pool2d,
    resize_dx,
    shape,
    sizes,
    some,
    up_to,
    upsample_dx,
)

from fastcnn import kernels as k

__all__ = ["Arguments", "Array", "Rng", "channels", "floats", "pick", "up_to"]

# Matrix products.


def matmul(rng: Rng) -> Arguments:
    m, n, inner, lead = up_to(rng, 20), up_to(rng, 70), up_to(rng, 40), pick(rng, (), (2,), (3, 2))
    ta, tb = bool(rng.integers(2)), bool(rng.integers(2))
    a = floats(rng, *lead, *((inner, m) if ta else (m, inner)))
    b = floats(rng, *pick(rng, (), lead), *((n, inner) if tb else (inner, n)))
    return {"a": a, "b": b, "transpose_a": ta, "transpose_b": tb}


def dense(rng: Rng, what: str = "forward") -> Arguments:
    n, inputs, units = up_to(rng, 20), up_to(rng, 70), up_to(rng, 70)
    x, w, dy = floats(rng, n, inputs), floats(rng, inputs, units), floats(rng, n, units)
    if what == "forward":
        extra = {"bias": some(rng, floats(rng, units)), "residual": some(rng, dy), "activation": some(rng, "tanh")}
        return dict(x=x, w=w, **extra)
    return {"dy": dy, "w": w, "gate": some(rng, x)} if what == "dx" else {"x": x, "dy": dy}


# Normalisation.


def per_channel(rng: Rng, c: int) -> Arguments:
    return {"gamma": some(rng, floats(rng, c)), "beta": some(rng, floats(rng, c))}


def batch_norm(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 2))
    c = x.shape[-1]
    moving = pick(rng, {}, {"moving_mean": floats(rng, c), "moving_variance": floats(rng, c, low=0)})
    return dict(
        x=x,
        residual=some(rng, like(x, rng)),
        activation=some(rng, "relu6"),
        return_affine=bool(rng.integers(2)),
        **per_channel(rng, c),
        **moving,
    )


def batch_norm_statistics(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 2))
    c = x.shape[-1]
    moving = pick(rng, {}, {"moving_mean": floats(rng, c), "moving_variance": floats(rng, c, low=0)})
    return dict(x=x, **per_channel(rng, c), **moving)


def batch_norm_apply(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 2))
    affine = floats(rng, 3, x.shape[-1])
    residual = pick(rng, {}, {"residual": like(x, rng)}, {"residual": like(x, rng), "residual_affine": affine})
    return dict(x=x, affine=affine, activation=some(rng, "relu"), **residual)


def batch_norm_inference(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 2))
    c = x.shape[-1]
    extra = {"residual": some(rng, like(x, rng)), "activation": some(rng, "relu")}
    return dict(x=x, moving_mean=floats(rng, c), moving_variance=floats(rng, c, low=0), **per_channel(rng, c), **extra)


def batch_norm_backward(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 2))
    c = x.shape[-1]
    masked = pick(
        rng, {}, {"y": like(x, rng), "activation": "relu"}, {"affine": floats(rng, 3, c), "activation": "relu6"}
    )
    extra = dict(masked, training=bool(rng.integers(2)), residual="affine" not in masked and bool(rng.integers(2)))
    saved = {"mean": floats(rng, c), "inv_std": floats(rng, c, low=0), "gamma": some(rng, floats(rng, c))}
    return dict(dy=like(x, rng), x=x, **saved, **extra)


def group_norm(rng: Rng, backward: bool = False) -> Arguments:
    groups = pick(rng, 1, 2, 3, 16, 17)
    c = groups * up_to(rng, 5)
    x = floats(rng, *shape(rng, 2, 4)[:-1], c)
    activation = some(rng, "relu")
    if not backward:
        return dict(x=x, groups=groups, residual=some(rng, like(x, rng)), activation=activation, **per_channel(rng, c))
    saved = {"mean": floats(rng, x.shape[0], groups), "inv_std": floats(rng, x.shape[0], groups, low=0)}
    extra = {"gamma": some(rng, floats(rng, c)), "residual": bool(rng.integers(2))}
    extra.update(pick(rng, {}, {"y": like(x, rng), "activation": activation}))
    return dict(dy=like(x, rng), x=x, groups=groups, **saved, **extra)


def layer_norm(rng: Rng, backward: bool = False) -> Arguments:
    x = floats(rng, *shape(rng, 2))
    axis = pick(rng, -1, (-2, -1))
    size = x.shape[-1:] if axis == -1 else x.shape[-2:]
    gamma = some(rng, floats(rng, *size))
    if not backward:
        return {"x": x, "gamma": gamma, "beta": some(rng, floats(rng, *size)), "axis": axis}
    rows = x.shape[: len(x.shape) - len(size)]
    return {
        "dy": like(x, rng),
        "x": x,
        "mean": floats(rng, *rows),
        "inv_std": floats(rng, *rows, low=0),
        "gamma": gamma,
        "axis": axis,
    }


# Elementwise, reductions, shapes.


def one(rng: Rng) -> Arguments:
    return {"x": floats(rng, *shape(rng, 0))}


def positive(rng: Rng) -> Arguments:
    return {"x": floats(rng, *shape(rng, 0), low=1)}


def two(rng: Rng) -> Arguments:
    """Shapes that broadcast."""
    full = shape(rng, 0)
    part = tuple(pick(rng, d, d, 1) for d in full)[up_to(rng, len(full), 0) if rng.integers(3) == 0 else 0 :]
    pair = [floats(rng, *full), floats(rng, *part)]
    first = int(rng.integers(2))
    return {"x1": pair[first], "x2": pair[1 - first]}


def reduction(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    axes = tuple(a for a in range(x.ndim) if rng.integers(2))
    return {"x": x, "axis": pick(rng, None, -1, axes), "keepdims": bool(rng.integers(2))}


def along(rng: Rng, **more: Any) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    return dict(x=x, axis=up_to(rng, x.ndim - 1, -x.ndim), **more)


def unbroadcast(rng: Rng) -> Arguments:
    dy = floats(rng, *shape(rng, 1))
    return {
        "dy": dy,
        "shape": tuple(pick(rng, d, 1) for d in dy.shape)[up_to(rng, dy.ndim, 0) if rng.integers(3) == 0 else 0 :],
    }


def with_dy(rng: Rng, **more: Any) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    return dict(dy=like(x, rng), x=x, **more)


def softmax_dx(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    return {"dy": like(x, rng), "y": like(x, rng), "axis": up_to(rng, x.ndim - 1, -x.ndim)}


def prelu(rng: Rng, backward: bool = False) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    more = {"dy": like(x, rng)} if backward else {}
    return dict(x=x, alpha=floats(rng, x.shape[-1]), **more)


def maxout(rng: Rng, backward: bool = False) -> Arguments:
    dims = list(shape(rng, 1))
    axis, units = up_to(rng, len(dims) - 1, 0), dims[-1] if len(dims) == 1 else up_to(rng, 17)
    dims[axis] = units * up_to(rng, 3)
    x = floats(rng, *dims)
    more = {"dy": floats(rng, *dims[:axis], units, *dims[axis + 1 :])} if backward else {}
    return dict(x=x, num_units=units, axis=axis, **more)


def arrays(rng: Rng, stack: bool) -> Arguments:
    dims = list(shape(rng, 1))
    axis = up_to(rng, len(dims) - 1, 0)
    parts = []
    for _ in range(up_to(rng, 3)):
        if not stack:
            dims[axis] = up_to(rng, 20)
        parts.append(floats(rng, *dims))
    return {"arrays": parts, "axis": axis}


def split(rng: Rng) -> Arguments:
    x = floats(rng, up_to(rng, 4), 6 * up_to(rng, 5), up_to(rng, 3))
    return {"x": x, "indices_or_sections": pick(rng, 2, 3, [2, 5]), "axis": 1}


def cut(rng: Rng, gradient: bool = False) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    begin = tuple(up_to(rng, d - 1, 0) for d in x.shape)
    strides = tuple(pick(rng, 1, 1, 2, -1, -2) for _ in x.shape)
    end = tuple(
        None if s < 0 or rng.integers(2) else up_to(rng, d, b + 1)
        for s, d, b in zip(strides, x.shape, begin, strict=False)
    )
    bounds = {"begin": begin, "end": end, "strides": strides}
    if gradient:
        return dict(dy=like(k.slice(x, **bounds), rng), x_shape=x.shape, **bounds)
    return dict(x=x, **bounds)


def pad(rng: Rng, gradient: bool = False) -> Arguments:
    x = floats(rng, *(up_to(rng, 6, 3) for _ in range(up_to(rng, 3) - 1)), max(3, channels(rng)))
    paddings = pick(rng, 2, tuple((up_to(rng, 2, 0), up_to(rng, 2, 0)) for _ in x.shape))
    how = pick(rng, "constant", "reflect", "symmetric", "edge", "wrap")
    if gradient:
        return {"dy": like(k.pad(x, paddings, how), rng), "paddings": paddings, "mode": how}
    return {"x": x, "paddings": paddings, "mode": how, "constant_values": 2.0}


def transpose(rng: Rng) -> Arguments:
    x = floats(rng, *(up_to(rng, 20) for _ in range(up_to(rng, 5))))
    return {"x": x, "axes": some(rng, tuple(int(a) for a in rng.permutation(x.ndim)))}


def take(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    return {"x": x, "indices": rng.integers(0, x.shape[0], (up_to(rng, 4), up_to(rng, 5)))}


def sequence(rng: Rng, make: Callable[[Rng], Any], x: Array) -> tuple[Any, ...]:
    return tuple(make(rng) for _ in x.shape)


def tile(rng: Rng) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    return {"x": x, "repeats": sequence(rng, lambda r: up_to(r, 3), x)}


# Losses, random numbers, optimizers.


def loss(rng: Rng, gradient: bool = False, sparse: bool = False, **more: Any) -> Arguments:
    y_pred = floats(rng, *shape(rng, 2, 3), low=0)
    rows, c = y_pred.shape[:-1], y_pred.shape[-1]
    y_true = rng.integers(0, c, rows) if sparse else rng.integers(0, 2, y_pred.shape).astype(np.float32)
    if gradient:
        more["weight"] = pick(rng, 0.5, floats(rng, *rows))
    return dict(y_true=y_true, y_pred=y_pred, **more)


def from_logits(rng: Rng) -> bool:
    return bool(rng.integers(2))


def random_array(rng: Rng, **more: Any) -> Arguments:
    return dict(shape=shape(rng, 0, 3), seed=up_to(rng, 99), stream=up_to(rng, 9), offset=up_to(rng, 9, 0), **more)


def dropout(rng: Rng, name: str) -> Arguments:
    x = floats(rng, *shape(rng, 1))
    noise = pick(rng, None, x.shape, (x.shape[0], *(1 for _ in x.shape[2:]), x.shape[-1])) if x.ndim > 1 else None
    return {name: x, "rate": 0.5, "seed": 3, "offset": up_to(rng, 9, 0), "noise_shape": noise}


def update(rng: Rng, *slots: str, **more: Any) -> Arguments:
    w = floats(rng, *shape(rng, 0, 3))
    options = {"weight_decay": pick(rng, None, 0.25), "l2": pick(rng, 0.0, 0.5), "clipvalue": some(rng, 2.0)}
    options.update(return_ratio=bool(rng.integers(2)), scale=0.5, learning_rate=0.125)
    return dict(w=w, g=like(w, rng), **{name: like(w, rng, low=0) for name in slots}, **options, **more)


CALLS: dict[str, Maker] = {
    # linear, conv
    "matmul": matmul,
    "dense": dense,
    "dense_dx": lambda rng: dense(rng, "dx"),
    "dense_dw": lambda rng: dense(rng, "dw"),
    "conv2d": conv2d,
    "conv2d_dx": conv2d_dx,
    "conv2d_dw": conv2d_dw,
    "conv2d_db": lambda rng: {"dy": image(rng)},
    "conv2d_transpose": conv2d_transpose,
    "conv2d_output_shape": conv_shapes,
    "conv2d_algorithm": conv_shapes,
    "conv1d": conv1d,
    # depthwise
    "depthwise_conv2d": lambda rng: depthwise2d(rng, "forward"),
    "depthwise_conv2d_dx": lambda rng: depthwise2d(rng, "dx"),
    "depthwise_conv2d_dw": lambda rng: depthwise2d(rng, "dw"),
    "depthwise_conv2d_db": lambda rng: {"dy": image(rng)},
    "depthwise_conv1d": lambda rng: depthwise1d(rng, "forward"),
    "depthwise_conv1d_dx": lambda rng: depthwise1d(rng, "dx"),
    "depthwise_conv1d_dw": lambda rng: depthwise1d(rng, "dw"),
    "separable_conv2d": lambda rng: depthwise2d(rng, "separable"),
    # pooling
    "max_pool2d": lambda rng: pool2d(rng, k.max_pool2d, "max"),
    "max_pool2d_dx": lambda rng: pool2d(rng, k.max_pool2d, "max_dx"),
    "avg_pool2d": lambda rng: pool2d(rng, k.avg_pool2d, "avg"),
    "avg_pool2d_dx": lambda rng: pool2d(rng, k.avg_pool2d, "avg_dx"),
    "max_pool1d": lambda rng: pool1d(rng, k.max_pool1d, "max"),
    "max_pool1d_dx": lambda rng: pool1d(rng, k.max_pool1d, "max_dx"),
    "avg_pool1d": lambda rng: pool1d(rng, k.avg_pool1d, "avg"),
    "avg_pool1d_dx": lambda rng: pool1d(rng, k.avg_pool1d, "avg_dx"),
    "global_avg_pool2d": lambda rng: {"x": image(rng), "keepdims": bool(rng.integers(2))},
    "global_avg_pool2d_dx": lambda rng: global_dx(rng, 4, False),
    "global_max_pool2d": lambda rng: {"x": image(rng), "keepdims": bool(rng.integers(2))},
    "global_max_pool2d_dx": lambda rng: global_dx(rng, 4, True),
    "global_avg_pool1d": lambda rng: {"x": image(rng, 3), "keepdims": bool(rng.integers(2))},
    "global_avg_pool1d_dx": lambda rng: global_dx(rng, 3, False),
    "global_max_pool1d": lambda rng: {"x": image(rng, 3), "keepdims": bool(rng.integers(2))},
    "global_max_pool1d_dx": lambda rng: global_dx(rng, 3, True),
    "adaptive_avg_pool2d": lambda rng: {"x": image(rng), "output_size": sizes(rng)},
    "adaptive_avg_pool2d_dx": resize_dx,
    "resize2d": lambda rng: {"x": image(rng), "size": sizes(rng), "interpolation": pick(rng, "nearest", "bilinear")},
    "resize2d_dx": lambda rng: resize_dx(rng, interpolation=pick(rng, "nearest", "bilinear")),
    "upsample2d": lambda rng: {"x": image(rng), "size": (up_to(rng, 3), up_to(rng, 3)), "interpolation": "bilinear"},
    "upsample2d_dx": upsample_dx,
    # normalisation
    "batch_norm": batch_norm,
    "batch_norm_statistics": batch_norm_statistics,
    "batch_norm_apply": batch_norm_apply,
    "batch_norm_inference": batch_norm_inference,
    "batch_norm_backward": batch_norm_backward,
    "group_norm": group_norm,
    "group_norm_backward": lambda rng: group_norm(rng, True),
    "layer_norm": layer_norm,
    "layer_norm_backward": lambda rng: layer_norm(rng, True),
    # activations
    "activate": lambda rng: {"x": image(rng), "activation": pick(rng, *ACTIVATIONS.split())},
    "activate_dx": lambda rng: with_dy(rng, activation=pick(rng, *ACTIVATIONS.split())),
    **dict.fromkeys(["step", "relu", "relu6", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign"], one),
    **dict.fromkeys(["silu", "hard_silu", "mish", "exp", "expm1"], one),
    "leaky_relu": lambda rng: dict(**one(rng), negative_slope=0.5),
    "elu": lambda rng: dict(**one(rng), alpha=0.5),
    "gelu": lambda rng: dict(**one(rng), approximate=bool(rng.integers(2))),
    "prelu": prelu,
    "prelu_backward": lambda rng: prelu(rng, True),
    "softmax": along,
    "softmax_dx": softmax_dx,
    "log_softmax": along,
    "log_softmax_dx": softmax_dx,
    "maxout": maxout,
    "maxout_dx": lambda rng: maxout(rng, True),
    # arithmetic
    **dict.fromkeys(
        ["add", "subtract", "multiply", "divide", "maximum", "minimum", "squared_difference", "power"], two
    ),
    **dict.fromkeys(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"], two),
    "add_scaled": lambda rng: dict(**two(rng), scale=0.5),
    "where": lambda rng: dict(condition=rng.integers(0, 2, (pair := two(rng))["x1"].shape) > 0, **pair),
    **dict.fromkeys(["negative", "abs", "square", "reciprocal", "sign", "floor", "ceil", "round", "all_finite"], one),
    **dict.fromkeys(["log", "log1p"], positive),
    "sqrt": positive,
    "rsqrt": positive,
    "clip": lambda rng: dict(**one(rng), x_min=some(rng, -1.0), x_max=some(rng, 2.0)),
    "unbroadcast": unbroadcast,
    **dict.fromkeys(
        ["sum", "mean", "max", "min", "prod", "sum_squares", "norm", "var", "std", "count_nonzero"], reduction
    ),
    "argmax": along,
    "argmin": along,
    # shapes
    "concat": lambda rng: arrays(rng, False),
    "stack": lambda rng: arrays(rng, True),
    "split": split,
    "slice": cut,
    "slice_dx": lambda rng: cut(rng, True),
    "pad": pad,
    "pad_dx": lambda rng: pad(rng, True),
    "transpose": transpose,
    "nchw_to_nhwc": lambda rng: {"x": floats(rng, 2, channels(rng), up_to(rng, 9), up_to(rng, 9))},
    "nhwc_to_nchw": lambda rng: {"x": image(rng)},
    "flip": lambda rng: along(rng),
    "tile": tile,
    "repeat": lambda rng: along(rng, repeats=up_to(rng, 3)),
    "take": take,
    "one_hot": lambda rng: {"x": rng.integers(0, 7, shape(rng, 0, 2)), "num_classes": 7 + up_to(rng, 20, 0)},
    "from_uint8": lambda rng: {"x": rng.integers(0, 256, shape(rng, 1)).astype(np.uint8), "scale": 0.5, "offset": 1.0},
    # losses
    "categorical_crossentropy": lambda rng: loss(rng, from_logits=from_logits(rng), label_smoothing=0.125),
    "categorical_crossentropy_dx": lambda rng: loss(rng, True, from_logits=from_logits(rng), label_smoothing=0.125),
    "sparse_categorical_crossentropy": lambda rng: loss(rng, sparse=True, from_logits=from_logits(rng)),
    "sparse_categorical_crossentropy_dx": lambda rng: loss(rng, True, sparse=True, from_logits=from_logits(rng)),
    "binary_crossentropy": lambda rng: loss(rng, from_logits=from_logits(rng), label_smoothing=0.125),
    "binary_crossentropy_dx": lambda rng: loss(rng, True, from_logits=from_logits(rng)),
    "mean_squared_error": loss,
    "mean_squared_error_dx": lambda rng: loss(rng, True),
    "mean_absolute_error": loss,
    "mean_absolute_error_dx": lambda rng: loss(rng, True),
    "huber": lambda rng: loss(rng, delta=2.0),
    "huber_dx": lambda rng: loss(rng, True, delta=2.0),
    # random numbers
    "uniform": lambda rng: random_array(rng, low=-1.0, high=2.0),
    "normal": lambda rng: random_array(rng, mean=1.0, stddev=2.0),
    "truncated_normal": lambda rng: random_array(rng, mean=1.0, stddev=2.0),
    "bernoulli": lambda rng: random_array(rng, p=0.25),
    "integers": lambda rng: random_array(rng, low=-5, high=9),
    "permutation": lambda rng: {"n": up_to(rng, 99, 0), "seed": up_to(rng, 9), "stream": 1},
    "philox": lambda rng: {"blocks": up_to(rng, 99, 0), "seed": up_to(rng, 9), "stream": 1, "first": up_to(rng, 9)},
    "dropout": lambda rng: dropout(rng, "x"),
    "dropout_dx": lambda rng: dropout(rng, "dy"),
    # optimizers
    "sgd": lambda rng: update(rng, "velocity", momentum=pick(rng, 0.0, 0.5), nesterov=bool(rng.integers(2))),
    "adagrad": lambda rng: update(rng, "accumulator"),
    "rmsprop": lambda rng: update(rng, "velocity", "momentum_slot", momentum=0.5, rho=0.5),
    "adadelta": lambda rng: update(rng, "accumulated_g", "accumulated_d"),
    "adam": lambda rng: update(rng, "m", "v", *pick(rng, (), ("v_max",)), step=3),
    "adamw": lambda rng: update(rng, "m", "v", *pick(rng, (), ("v_max",)), step=3),
    "adamax": lambda rng: update(rng, "m", "u", step=3),
    "nadam": lambda rng: update(rng, "m", "v", step=3),
    "lion": lambda rng: update(rng, "m"),
    "moving_average": lambda rng: {
        "average": (w := floats(rng, *shape(rng, 0, 3))),
        "w": like(w, rng),
        "momentum": 0.5,
    },
    "clip_by_value": lambda rng: dict(**one(rng), low=-1.0, high=2.0),
    "l2_norm": one,
    "global_norm": lambda rng: {"arrays": [floats(rng, *shape(rng, 0)) for _ in range(up_to(rng, 3))]},
    "clip_factor": lambda rng: {"norm": 3.0, "clipnorm": 2.0},
    "clip_by_norm": lambda rng: dict(**one(rng), clipnorm=2.0),
    "clip_by_global_norm": lambda rng: {"arrays": [floats(rng, *shape(rng, 0)) for _ in range(2)], "clipnorm": 2.0},
    # images
    **PICTURES,
}


def arguments(name: str, seed: int) -> Arguments:
    """The arguments of one valid call; the same for the same seed."""
    return CALLS[name](np.random.default_rng([*name.encode(), seed]))


def call(name: str, given: Arguments) -> Any:
    return getattr(k, name)(**given)


def parameters(name: str) -> tuple[str, ...]:
    return tuple(inspect.signature(getattr(k, name)).parameters)


def written(name: str) -> set[str]:
    """The arguments that a call writes to: those annotated as arrays rather than array-likes."""
    found = inspect.signature(getattr(k, name)).parameters.values()
    return {p.name for p in found if str(p.annotation).startswith(("numpy.ndarray", "typing.Optional[numpy.ndarray"))}


def map_arrays(given: Arguments, f: Callable[[str, Array], Any]) -> Arguments:
    """The arguments with f(name, array) for every array, those inside lists too."""
    done: Arguments = {}
    for name, value in given.items():
        if isinstance(value, np.ndarray):
            done[name] = f(name, value)
        elif isinstance(value, list) and value and isinstance(value[0], np.ndarray):
            done[name] = [f(name, v) for v in value]
        else:
            done[name] = value
    return done


def results(value: Any) -> Iterator[Array]:
    """The arrays of a result."""
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from results(part)
    elif value is not None:
        yield np.asarray(value)
