# The bindings of fastcnn.h. Generated from the module: make stubs
import typing

import numpy

__all__: list[str] = [
    "Program",
    "abi_version",
    "activate",
    "activate_dx",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_dx",
    "add_scaled",
    "add_to_mean",
    "affinity_cpus",
    "aligned_bytes",
    "arg",
    "available_isas",
    "avg_pool",
    "avg_pool_dx",
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_backward_pair",
    "batch_norm_inference",
    "batch_norm_statistics",
    "bernoulli",
    "binary",
    "cached_bytes",
    "cgroup_cpus",
    "clear_cache",
    "clip",
    "clip_by_norm",
    "clip_by_value",
    "clip_factor",
    "clip_scale",
    "compare",
    "compiler",
    "concat",
    "conv2d",
    "conv2d_algorithm",
    "conv2d_db",
    "conv2d_dw",
    "conv2d_dx",
    "conv2d_max_pool",
    "conv2d_max_pool_dw",
    "conv2d_max_pool_dx",
    "conv2d_output_shape",
    "conv2d_prepare",
    "conv2d_prepared",
    "conv2d_workspace",
    "count",
    "count_binary",
    "count_categorical",
    "count_sparse",
    "cross_entropy",
    "dense",
    "dense_dw",
    "dense_dx",
    "depthwise_conv1d",
    "depthwise_conv1d_dw",
    "depthwise_conv1d_dx",
    "depthwise_conv2d",
    "depthwise_conv2d_dw",
    "depthwise_conv2d_dx",
    "depthwise_conv_db",
    "dropout",
    "dropout_by_key",
    "elementary",
    "flip",
    "floats",
    "from_uint8",
    "get_isa",
    "get_num_threads",
    "global_avg_pool",
    "global_avg_pool_dx",
    "global_max_pool",
    "global_max_pool_dx",
    "global_norm",
    "group_norm",
    "group_norm_backward",
    "image_blur",
    "image_clahe",
    "image_color",
    "image_crop_pad",
    "image_fill",
    "image_flip",
    "image_gaussian_blur",
    "image_gray",
    "image_lookup",
    "image_noise",
    "image_normalize",
    "image_resize",
    "image_scale",
    "image_warp",
    "images_resize",
    "images_warp",
    "integer",
    "integers",
    "isa_reason",
    "l2_norm",
    "layer_norm",
    "layer_norm_backward",
    "lion",
    "matmul",
    "max_pool",
    "max_pool2d_through",
    "max_pool_dx",
    "maxout",
    "maxout_dx",
    "moving_average",
    "nadam",
    "normal",
    "one_hot",
    "pad",
    "pad_dx",
    "padding",
    "pair",
    "permutation",
    "philox",
    "pointwise_loss",
    "prelu",
    "prelu_backward",
    "probe_copy",
    "probe_peak",
    "reduce",
    "repeat",
    "resize2d",
    "resize2d_dx",
    "rmsprop",
    "set_isa",
    "set_num_threads",
    "sgd",
    "slice",
    "slice_dx",
    "softmax",
    "softmax_dx",
    "sparse_cross_entropy",
    "take",
    "tile",
    "to_float",
    "transpose",
    "truncated_normal",
    "unary",
    "unbroadcast",
    "uniform",
    "upsample2d",
    "upsample2d_dx",
    "version",
    "where",
]

class Program:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def answer(self, given: typing.Any) -> typing.Any: ...
    def answer_with(
        self, own: numpy.ndarray[typing.Any, typing.Any], result: numpy.ndarray[typing.Any, typing.Any], moves: bool
    ) -> None: ...
    def begin(self, places: list[typing.Any]) -> None: ...
    def can_move(self, own: numpy.ndarray[typing.Any, typing.Any]) -> bool: ...
    def end(self) -> bool: ...
    def include(self, program: typing.Any) -> None: ...
    def lend(self, memory: typing.Any) -> None: ...
    def run(self) -> None: ...
    def run_on(
        self, own: numpy.ndarray[typing.Any, typing.Any], given: numpy.ndarray[typing.Any, typing.Any]
    ) -> None: ...
    def time(self) -> list[int]: ...
    def truncate(self, size: typing.SupportsInt | typing.SupportsIndex) -> None: ...

def abi_version() -> int: ...
def activate(
    x: typing.Any, activation: typing.Any, alpha: float, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def activate_dx(
    dy: typing.Any, x: typing.Any, activation: typing.Any, alpha: float, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def adadelta(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: float,
    arg5: float,
    arg6: float,
    arg7: typing.Any,
) -> typing.Any: ...
def adagrad(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: float, arg4: float, arg5: typing.Any
) -> typing.Any: ...
def adam(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: float,
    arg6: float,
    arg7: float,
    arg8: float,
    arg9: typing.Any,
    arg10: typing.Any,
) -> typing.Any: ...
def adamax(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: float,
    arg6: float,
    arg7: float,
    arg8: float,
    arg9: typing.Any,
) -> typing.Any: ...
def adaptive_avg_pool2d(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def adaptive_avg_pool2d_dx(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def add_scaled(
    x1: typing.Any, x2: typing.Any, scale: float, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def add_to_mean(value: typing.Any, count: float, total: typing.Any, sum: typing.Any) -> None: ...
def affinity_cpus() -> int: ...
def aligned_bytes(size: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def arg(largest: bool, x: typing.Any, axis: typing.Any, keepdims: bool) -> numpy.ndarray[typing.Any, typing.Any]: ...
def available_isas() -> list[typing.Any]: ...
def avg_pool(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: bool,
    arg7: bool,
    arg8: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def avg_pool_dx(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: bool,
    arg8: bool,
    arg9: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def batch_norm(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: bool,
    arg8: typing.Any,
    arg9: typing.Any,
    arg10: typing.Any,
    arg11: bool,
) -> tuple[typing.Any, ...]: ...
def batch_norm_apply(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def batch_norm_backward(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: bool,
    arg8: bool,
    arg9: typing.Any,
    arg10: typing.Any,
) -> tuple[typing.Any, ...]: ...
def batch_norm_backward_pair(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
) -> tuple[typing.Any, ...]: ...
def batch_norm_inference(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def batch_norm_statistics(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: bool,
) -> tuple[typing.Any, ...]: ...
def bernoulli(
    arg0: typing.Any, arg1: float, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def binary(
    op: typing.SupportsInt | typing.SupportsIndex, x1: typing.Any, x2: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def cached_bytes() -> int: ...
def cgroup_cpus() -> int: ...
def clear_cache() -> None: ...
def clip(x: typing.Any, x_min: float, x_max: float, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def clip_by_norm(arg0: typing.Any, arg1: float, arg2: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def clip_by_value(
    arg0: typing.Any, arg1: float, arg2: float, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def clip_factor(arg0: float, arg1: float) -> float: ...
def clip_scale(arg0: typing.Any, arg1: float, arg2: typing.Any) -> None: ...
def compare(
    op: typing.SupportsInt | typing.SupportsIndex, x1: typing.Any, x2: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def compiler() -> str: ...
def concat(
    arrays: typing.Any, axis: typing.Any, stacked: bool, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: float,
    arg9: typing.Any,
    arg10: typing.Any,
    arg11: typing.Any,
    arg12: typing.Any,
    arg13: typing.Any,
    arg14: typing.Any,
    arg15: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d_algorithm(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
) -> str: ...
def conv2d_db(arg0: typing.Any, arg1: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d_dw(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
    arg9: typing.Any,
    arg10: typing.Any,
    arg11: typing.Any,
    arg12: typing.Any,
    arg13: bool,
) -> typing.Any: ...
def conv2d_dx(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
    arg9: float,
    arg10: typing.Any,
    arg11: typing.Any,
    arg12: typing.Any,
    arg13: typing.Any,
    arg14: typing.Any,
    arg15: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d_max_pool(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
    arg9: typing.Any,
    arg10: bool,
) -> typing.Any: ...
def conv2d_max_pool_dw(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
    arg9: bool,
) -> typing.Any: ...
def conv2d_max_pool_dx(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: typing.Any,
    arg9: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d_output_shape(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> tuple[typing.Any, ...]: ...
def conv2d_prepare(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d_prepared(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: float,
    arg9: typing.Any,
    arg10: typing.Any,
    arg11: typing.Any,
    arg12: typing.Any,
    arg13: typing.Any,
    arg14: typing.Any,
    arg15: typing.Any,
    arg16: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def conv2d_workspace(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: bool,
) -> int: ...
def count(
    op: typing.SupportsInt | typing.SupportsIndex, x: typing.Any, axis: typing.Any, keepdims: bool
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def count_binary(
    y_true: typing.Any, y_pred: typing.Any, threshold: float, total: typing.Any, count: typing.Any
) -> None: ...
def count_categorical(y_true: typing.Any, y_pred: typing.Any, total: typing.Any, count: typing.Any) -> None: ...
def count_sparse(y_true: typing.Any, y_pred: typing.Any, total: typing.Any, count: typing.Any) -> None: ...
def cross_entropy(
    y_true: typing.Any,
    y_pred: typing.Any,
    weight: typing.Any,
    from_logits: bool,
    label_smoothing: float,
    gradient: bool,
) -> typing.Any: ...
def dense(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: float,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def dense_dw(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def dense_dx(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv1d(
    x: typing.Any,
    w: typing.Any,
    bias: typing.Any,
    strides: typing.Any,
    padding: typing.Any,
    dilation: typing.Any,
    activation: typing.Any,
    out: typing.Any,
    residual: typing.Any = None,
    alpha: typing.Any = None,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv1d_dw(
    x: typing.Any,
    dy: typing.Any,
    w_shape: typing.Any,
    strides: typing.Any,
    padding: typing.Any,
    dilation: typing.Any,
    out: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv1d_dx(
    dy: typing.Any,
    w: typing.Any,
    x_shape: typing.Any,
    strides: typing.Any,
    padding: typing.Any,
    dilation: typing.Any,
    out: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv2d(
    x: typing.Any,
    w: typing.Any,
    bias: typing.Any,
    strides: typing.Any,
    padding: typing.Any,
    dilation: typing.Any,
    activation: typing.Any,
    out: typing.Any,
    residual: typing.Any = None,
    alpha: typing.Any = None,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv2d_dw(
    x: typing.Any,
    dy: typing.Any,
    w_shape: typing.Any,
    strides: typing.Any,
    padding: typing.Any,
    dilation: typing.Any,
    out: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv2d_dx(
    dy: typing.Any,
    w: typing.Any,
    x_shape: typing.Any,
    strides: typing.Any,
    padding: typing.Any,
    dilation: typing.Any,
    out: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def depthwise_conv_db(dy: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def dropout(
    arg0: typing.Any,
    arg1: float,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: str,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def dropout_by_key(
    arg0: typing.Any, arg1: typing.Any, arg2: float, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def elementary(x: typing.Any, function: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def flip(x: typing.Any, axis: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def floats(arg0: typing.Any, arg1: str) -> numpy.ndarray[typing.Any, typing.Any]: ...
def from_uint8(
    x: typing.Any, scale: float, offset: float, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def get_isa() -> str: ...
def get_num_threads() -> int: ...
def global_avg_pool(
    arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def global_avg_pool_dx(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def global_max_pool(
    arg0: typing.Any, arg1: typing.SupportsInt | typing.SupportsIndex, arg2: bool, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def global_max_pool_dx(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.SupportsInt | typing.SupportsIndex, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def global_norm(arg0: typing.Any) -> float: ...
def group_norm(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
) -> tuple[typing.Any, ...]: ...
def group_norm_backward(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
    arg8: bool,
    arg9: typing.Any,
) -> tuple[typing.Any, ...]: ...
def image_blur(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_clahe(
    arg0: typing.Any, arg1: float, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_color(
    arg0: typing.Any, arg1: float, arg2: float, arg3: float, arg4: float, arg5: typing.Any, arg6: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_crop_pad(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_fill(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_flip(arg0: typing.Any, arg1: bool, arg2: bool, arg3: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_gaussian_blur(
    arg0: typing.Any, arg1: float, arg2: float, arg3: typing.Any, arg4: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_gray(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_lookup(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_noise(
    arg0: typing.Any, arg1: typing.Any, arg2: float, arg3: float, arg4: bool, arg5: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_normalize(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: float, arg4: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_resize(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: bool, arg5: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_scale(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def image_warp(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def images_resize(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: bool, arg4: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def images_warp(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def integer(arg0: typing.Any, arg1: str) -> int: ...
def integers(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def isa_reason() -> str: ...
def l2_norm(arg0: typing.Any) -> float: ...
def layer_norm(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> tuple[typing.Any, ...]: ...
def layer_norm_backward(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
) -> tuple[typing.Any, ...]: ...
def lion(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: float, arg4: float, arg5: float, arg6: typing.Any
) -> typing.Any: ...
def matmul(
    arg0: typing.Any, arg1: typing.Any, arg2: bool, arg3: bool, arg4: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def max_pool(
    arg0: typing.Any,
    arg1: typing.SupportsInt | typing.SupportsIndex,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: bool,
    arg7: bool,
    arg8: typing.Any,
) -> typing.Any: ...
def max_pool2d_through(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any
) -> tuple[typing.Any, ...]: ...
def max_pool_dx(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.SupportsInt | typing.SupportsIndex,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: typing.Any,
    arg6: typing.Any,
    arg7: bool,
    arg8: typing.Any,
    arg9: typing.Any,
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def maxout(x: typing.Any, num_units: typing.Any, axis: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def maxout_dx(
    dy: typing.Any, x: typing.Any, num_units: typing.Any, axis: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def moving_average(arg0: typing.Any, arg1: typing.Any, arg2: float) -> None: ...
def nadam(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: float,
    arg6: float,
    arg7: float,
    arg8: float,
    arg9: typing.Any,
) -> typing.Any: ...
def normal(
    arg0: typing.Any, arg1: float, arg2: float, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any, arg6: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def one_hot(x: typing.Any, num_classes: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def pad(
    x: typing.Any, paddings: typing.Any, mode: typing.Any, constant_values: float, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def pad_dx(
    dy: typing.Any, paddings: typing.Any, mode: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def padding(arg0: typing.Any) -> typing.Any: ...
def pair(arg0: typing.Any, arg1: str) -> tuple[int, int]: ...
def permutation(arg0: typing.Any, arg1: typing.Any, arg2: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def philox(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def pointwise_loss(
    y_true: typing.Any,
    y_pred: typing.Any,
    weight: typing.Any,
    kind: typing.SupportsInt | typing.SupportsIndex,
    parameter: float,
    gradient: bool,
) -> typing.Any: ...
def prelu(x: typing.Any, alpha: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def prelu_backward(dy: typing.Any, x: typing.Any, alpha: typing.Any) -> tuple[typing.Any, ...]: ...
def probe_copy(
    threads: typing.SupportsInt | typing.SupportsIndex,
    bytes: typing.SupportsInt | typing.SupportsIndex,
    streaming: bool,
    seconds: typing.SupportsFloat | typing.SupportsIndex,
) -> float: ...
def probe_peak(
    threads: typing.SupportsInt | typing.SupportsIndex, seconds: typing.SupportsFloat | typing.SupportsIndex
) -> float: ...
def reduce(
    op: typing.SupportsInt | typing.SupportsIndex, x: typing.Any, axis: typing.Any, keepdims: bool, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def repeat(
    x: typing.Any, repeats: typing.Any, axis: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def resize2d(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def resize2d_dx(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def rmsprop(
    arg0: typing.Any,
    arg1: typing.Any,
    arg2: typing.Any,
    arg3: typing.Any,
    arg4: typing.Any,
    arg5: float,
    arg6: float,
    arg7: float,
    arg8: float,
    arg9: typing.Any,
) -> typing.Any: ...
def set_isa(name: str) -> None: ...
def set_num_threads(threads: typing.Any) -> None: ...
def sgd(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: float, arg4: float, arg5: bool, arg6: typing.Any
) -> typing.Any: ...
def slice(
    x: typing.Any, begin: typing.Any, end: typing.Any, strides: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def slice_dx(
    dy: typing.Any, x_shape: typing.Any, begin: typing.Any, end: typing.Any, strides: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def softmax(
    x: typing.Any, axis: typing.Any, logarithm: bool, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def softmax_dx(
    dy: typing.Any, y: typing.Any, axis: typing.Any, logarithm: bool, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def sparse_cross_entropy(
    y_true: typing.Any,
    y_pred: typing.Any,
    weight: typing.Any,
    from_logits: bool,
    label_smoothing: float,
    gradient: bool,
) -> typing.Any: ...
def take(x: typing.Any, indices: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def tile(x: typing.Any, repeats: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def to_float(x: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def transpose(x: typing.Any, axes: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def truncated_normal(
    arg0: typing.Any, arg1: float, arg2: float, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any, arg6: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def unary(
    op: typing.SupportsInt | typing.SupportsIndex, x: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def unbroadcast(dy: typing.Any, shape: typing.Any, out: typing.Any) -> numpy.ndarray[typing.Any, typing.Any]: ...
def uniform(
    arg0: typing.Any, arg1: float, arg2: float, arg3: typing.Any, arg4: typing.Any, arg5: typing.Any, arg6: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def upsample2d(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def upsample2d_dx(
    arg0: typing.Any, arg1: typing.Any, arg2: typing.Any, arg3: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
def version() -> str: ...
def where(
    condition: typing.Any, x1: typing.Any, x2: typing.Any, out: typing.Any
) -> numpy.ndarray[typing.Any, typing.Any]: ...
