"""Primitives that only the passes introduce: one kernel in place of two or three. Each equals what it replaces."""

from typing import Any

from fastcnn import _core, kernels, reference
from fastcnn.ops.conv import CONV as CONV2D
from fastcnn.ops.joining import CONCATENATE
from fastcnn.ops.pooling import MAX_POOL_INDICES
from fastcnn.seam import Primitive

__all__ = [
    "BATCH_NORM",
    "BATCH_NORM_APPLY",
    "BATCH_NORM_BACKWARD",
    "BATCH_NORM_BACKWARD_PAIR",
    "BATCH_NORM_INFERENCE",
    "BATCH_NORM_STATISTICS",
    "BATCH_NORM_SUM",
    "CONV",
    "CONV_DW_THROUGH",
    "CONV_DX",
    "CONV_MAX_POOL",
    "CONV_MAX_POOL_DW",
    "CONV_MAX_POOL_DX",
    "CONV_PREPARED",
    "CONV_THROUGH",
    "DENSE",
    "DENSE_DW_ROWS",
    "DENSE_DX",
    "JOINED",
    "MAX_POOL_THROUGH",
    "TURNED",
]


def _batch_norm(module: Any) -> Any:
    def run(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, residual: Any, **attrs: Any) -> Any:
        return module.batch_norm(x, gamma, beta, moving_mean=mean, moving_variance=variance, residual=residual, **attrs)

    return run


def _batch_norm_statistics(module: Any) -> Any:
    def run(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, **attrs: Any) -> Any:
        return module.batch_norm_statistics(x, gamma, beta, moving_mean=mean, moving_variance=variance, **attrs)

    return run


def _batch_norm_apply(module: Any) -> Any:
    def run(x: Any, affine: Any, residual: Any, *, activation: Any) -> Any:
        return module.batch_norm_apply(x, affine, residual=residual, activation=activation)

    return run


def _batch_norm_backward(module: Any) -> Any:
    def run(
        dy: Any, x: Any, mean: Any, inv_std: Any, gamma: Any, y: Any, affine: Any, epsilon: float, **attrs: Any
    ) -> Any:
        found = module.batch_norm_backward(dy, x, mean, inv_std, gamma, y=y, affine=affine, **attrs)
        return tuple(found) if attrs["residual"] else tuple(found[:3])

    return run


def _batch_norm_sum(module: Any) -> Any:
    def run(x: Any, affine: Any, shortcut: Any, shortcut_affine: Any, *, activation: Any) -> Any:
        options = {"residual": shortcut, "residual_affine": shortcut_affine, "activation": activation}
        return module.batch_norm_apply(x, affine, **options)

    return run


def _batch_norm_backward_each(dy: Any, *sides: Any) -> Any:
    return tuple(d for i in (0, 4) for d in reference.batch_norm_backward(dy, *sides[i : i + 4])[:3])


def _batch_norm_inference(module: Any) -> Any:
    def run(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, residual: Any, **attrs: Any) -> Any:
        return module.batch_norm_inference(x, mean, variance, gamma, beta, residual=residual, **attrs)

    return run


def _conv(module: Any) -> Any:
    def run(x: Any, w: Any, bias: Any, residual: Any, **attrs: Any) -> Any:
        return module.conv2d(x, w, bias, residual=residual, **attrs)

    return run


def _conv_through(module: Any) -> Any:
    def run(x: Any, w: Any, bias: Any, affine: Any, *, read_activation: Any, **attrs: Any) -> Any:
        return module.conv2d(x, w, bias, prologue=(affine, read_activation), **attrs)

    return run


def _conv_dw_through(module: Any) -> Any:
    def run(x: Any, dy: Any, affine: Any, *, read_activation: Any, w_shape: Any, **attrs: Any) -> Any:
        return module.conv2d_dw(x, dy, w_shape, prologue=(affine, read_activation), **attrs)

    return run


def _conv_prepared(
    x: Any, w: Any, bias: Any, residual: Any, prepared: Any, strides: Any, padding: Any, dilation: Any, groups: int,
    activation: Any = None, padding_mode: str = "constant", padding_value: float = 0.0,
) -> Any:  # fmt: skip
    rest = (activation, 0.0, residual, "auto", "high", padding_mode, padding_value, None, None, prepared)
    return _core.conv2d_prepared(x, w, bias, strides, padding, dilation, groups, *rest)


def _conv_unprepared(
    x: Any, w: Any, bias: Any, residual: Any, prepared: Any, activation: Any = None, **attrs: Any
) -> Any:
    y = reference.conv2d(x, w, bias, **attrs)
    return reference.activate(y if residual is None else y + residual, activation or "linear")


def _conv_dx(module: Any) -> Any:
    def run(dy: Any, w: Any, residual: Any, gate: Any, *, x_shape: Any, **attrs: Any) -> Any:
        return module.conv2d_dx(dy, w, (dy.shape[0], *x_shape[1:]), residual=residual, gate=gate, **attrs)

    return run


def _conv_max_pool(
    x: Any, w: Any, bias: Any, affine: Any, prepared: Any, strides: Any, padding: Any, dilation: Any, groups: int,
    noted: bool, activation: Any = None, read_activation: Any = None,
) -> Any:  # fmt: skip
    prologue = None if affine is None else (affine, read_activation)
    rest = (activation, prologue, prepared, noted)
    return _core.conv2d_max_pool(x, w, bias, strides, padding, dilation, groups, *rest)


def _conv_then_max_pool(
    x: Any, w: Any, bias: Any, affine: Any, prepared: Any, noted: bool, activation: Any = None,
    read_activation: Any = None, **attrs: Any,
) -> Any:  # fmt: skip
    prologue = None if affine is None else (affine, read_activation)
    y = reference.activate(reference.conv2d(x, w, bias, prologue=prologue, **attrs), activation or "linear")
    return reference.max_pool2d(y, 2, return_indices=noted)


def _conv_max_pool_dx(
    dy: Any, w: Any, residual: Any, gate: Any, indices: Any, x_shape: Any, strides: Any, padding: Any, dilation: Any,
    groups: int,
) -> Any:  # fmt: skip
    shape = (dy.shape[0], *x_shape[1:])
    return _core.conv2d_max_pool_dx(dy, indices, w, shape, strides, padding, dilation, groups, residual, gate)


def _conv_max_pool_dw(
    x: Any, dy: Any, affine: Any, indices: Any, w_shape: Any, strides: Any, padding: Any, dilation: Any, groups: int,
    return_db: bool, read_activation: Any = None,
) -> Any:  # fmt: skip
    prologue = None if affine is None else (affine, read_activation)
    rest = (strides, padding, dilation, groups, prologue, return_db)
    return _core.conv2d_max_pool_dw(x, dy, indices, w_shape, *rest)


def _spread(dy: Any, indices: Any, x_shape: Any, w_shape: Any, attrs: dict[str, Any]) -> Any:
    """The gradient of the map that was pooled."""
    options = (attrs[name] for name in ("strides", "padding", "dilation", "groups"))
    shape = (dy.shape[0], *_core.conv2d_output_shape(tuple(x_shape), tuple(w_shape), *options)[1:])
    return reference.max_pool2d_dx(dy, shape, 2, indices=indices)


def _max_pool_dx_then_conv_dx(
    dy: Any, w: Any, residual: Any, gate: Any, indices: Any, *, x_shape: Any, **attrs: Any
) -> Any:
    shape = (dy.shape[0], *x_shape[1:])
    dy = _spread(dy, indices, shape, w.shape, attrs)
    return reference.conv2d_dx(dy, w, shape, residual=residual, gate=gate, **attrs)


def _max_pool_dx_then_conv_dw(
    x: Any, dy: Any, affine: Any, indices: Any, *, w_shape: Any, read_activation: Any = None, **attrs: Any
) -> Any:
    prologue = None if affine is None else (affine, read_activation)
    dy = _spread(dy, indices, x.shape, w_shape, attrs)
    return reference.conv2d_dw(x, dy, w_shape, prologue=prologue, **attrs)


def _pooled_shapes(x: Any, w: Any, *others: Any, noted: bool, **attrs: Any) -> Any:
    n, h, w, k = CONV2D.shape(x, w, None, **{k: v for k, v in attrs.items() if k != "read_activation"})
    shape = (n, None if h is None else h // 2, None if w is None else w // 2, k)
    return [shape, shape] if noted else shape


def _max_pool_through(x: Any, affine: Any, *, read_activation: Any, pool_size: Any, strides: Any, padding: Any) -> Any:
    return _core.max_pool2d_through(x, affine, read_activation, pool_size, strides, padding)


def _batch_norm_then_max_pool(x: Any, affine: Any, *, read_activation: Any, **window: Any) -> Any:
    y = reference.batch_norm_apply(x, affine, activation=read_activation)
    return reference.max_pool2d(y, **window, return_indices=True)


def _dense(x: Any, w: Any, bias: Any, residual: Any, finite: Any = None, *, activation: Any) -> Any:
    return _core.dense(x, w, bias, activation, 0.0, residual, finite, None)


def _dense_reference(x: Any, w: Any, bias: Any, residual: Any, finite: Any = None, *, activation: Any) -> Any:
    y = reference.dense(x, w, bias)
    return reference.activate(y if residual is None else y + residual, activation or "linear")


def _dense_dx(module: Any) -> Any:
    def run(dy: Any, w: Any, gate: Any) -> Any:
        return module.dense_dx(dy, w, gate=gate.reshape(dy.shape[0], w.shape[0]))

    return run


def _dense_dw_rows(module: Any) -> Any:
    def run(turned: Any, dy: Any, *, rows: tuple[int, int]) -> Any:
        return module.matmul(turned[slice(*rows)], dy)

    return run


BATCH_NORM = Primitive(
    "batch_norm_fused",
    _batch_norm(kernels),
    _batch_norm(reference),
    lambda x, *others, **attrs: [x, x[-1:], x[-1:], (3, *x[-1:])][: 4 if attrs["return_affine"] else 3],
)
BATCH_NORM_STATISTICS = Primitive(
    "batch_norm_statistics",
    _batch_norm_statistics(kernels),
    _batch_norm_statistics(reference),
    lambda x, *others, **attrs: [x[-1:], x[-1:], (3, *x[-1:])],
)
BATCH_NORM_APPLY = Primitive(
    "batch_norm_apply", _batch_norm_apply(kernels), _batch_norm_apply(reference), lambda x, *others, **attrs: x
)
BATCH_NORM_BACKWARD = Primitive(
    "batch_norm_backward_fused",
    _batch_norm_backward(kernels),
    _batch_norm_backward(reference),
    lambda dy, x, *others, **attrs: [x, x[-1:], x[-1:], x][: 4 if attrs["residual"] else 3],
)
# Of two whose results were added: (dy, x, mean, inv_std, gamma, and the latter four of the other).
BATCH_NORM_BACKWARD_PAIR = Primitive(
    "batch_norm_backward_pair",
    _core.batch_norm_backward_pair,
    _batch_norm_backward_each,
    lambda dy, *others: [dy, dy[-1:], dy[-1:]] * 2,
)
# The sum of two normalised results, from what was found out about each.
BATCH_NORM_SUM = Primitive(
    "batch_norm_sum", _batch_norm_sum(kernels), _batch_norm_sum(reference), lambda x, *others, **attrs: x
)
BATCH_NORM_INFERENCE = Primitive(
    "batch_norm_inference_fused",
    _batch_norm_inference(kernels),
    _batch_norm_inference(reference),
    lambda x, *others, **attrs: x,
)
CONV = Primitive("conv2d_fused", _conv(kernels), _conv(reference), lambda *shapes, **attrs: shapes[-1])
CONV_THROUGH = Primitive(
    "conv2d_through", _conv_through(kernels), _conv_through(reference), lambda *shapes, **attrs: shapes[0]
)
CONV_DW_THROUGH = Primitive(
    "conv2d_dw_through",
    _conv_dw_through(kernels),
    _conv_dw_through(reference),
    lambda *shapes, w_shape, **attrs: w_shape,
)
CONV_PREPARED = Primitive(
    "conv2d_prepared",
    _conv_prepared,
    _conv_unprepared,
    lambda x, w, bias, residual, prepared, **attrs: CONV2D.shape(x, w, bias, **attrs),
)
CONV_DX = Primitive(
    "conv2d_dx_fused",
    _conv_dx(kernels),
    _conv_dx(reference),
    lambda dy, *others, x_shape, **attrs: (dy[0], *x_shape[1:]),
)
CONV_MAX_POOL = Primitive("conv2d_max_pool", _conv_max_pool, _conv_then_max_pool, _pooled_shapes)
CONV_MAX_POOL_DX = Primitive(
    "conv2d_max_pool_dx",
    _conv_max_pool_dx,
    _max_pool_dx_then_conv_dx,
    lambda dy, *others, x_shape, **attrs: (dy[0], *x_shape[1:]),
)
CONV_MAX_POOL_DW = Primitive(
    "conv2d_max_pool_dw",
    _conv_max_pool_dw,
    _max_pool_dx_then_conv_dw,
    lambda x, dy, *others, w_shape, return_db, **attrs: [w_shape, dy[-1:]] if return_db else w_shape,
)
MAX_POOL_THROUGH = Primitive(
    "max_pool_through",
    _max_pool_through,
    _batch_norm_then_max_pool,
    lambda x, affine, *, read_activation, **window: MAX_POOL_INDICES.shape(x, **window),
)
# finite: (1,), not 0 where w is known to be; or left out.
DENSE = Primitive("dense_fused", _dense, _dense_reference, lambda x, w, *others, **attrs: (*x[:-1], w[1]))
# The gate may have another shape than the input of the layer, which is flat.
DENSE_DX = Primitive("dense_dx_fused", _dense_dx(kernels), _dense_dx(reference), lambda dy, w, gate: (*dy[:-1], w[0]))
# Some rows of the gradient of a dense layer's weights, from the layer's input turned: (c, rows of x).
DENSE_DW_ROWS = Primitive(
    "dense_dw_rows",
    _dense_dw_rows(kernels),
    _dense_dw_rows(reference),
    lambda turned, dy, *, rows: (rows[1] - rows[0], dy[-1]),
)
TURNED = Primitive(
    "turned", lambda x: kernels.transpose(x, (1, 0)), lambda x: reference.transpose(x, (1, 0)), lambda x: x[::-1]
)
# A concatenation whose inputs were computed as slices of its result: nothing is left to do.
JOINED = Primitive("joined", CONCATENATE.kernel, CONCATENATE.reference, CONCATENATE.shape)
