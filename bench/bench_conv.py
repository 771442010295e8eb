"""Convolution and both gradients on the layers of VGG16, ResNet-50, MNIST's and CIFAR's networks."""

from bench.cases import ALL_CONVS, BATCHES, Conv
from bench.measure import Case, benchmarks, normal


def forward(layer: Conv, n: int, algorithm: str = "auto") -> Case:
    suffix = "" if algorithm == "auto" else f" {algorithm}"
    return Case(
        f"conv2d {layer} b{n}{suffix}",
        "conv2d",
        lambda: (normal(n, layer.h, layer.h, layer.c), normal(layer.kernel, layer.kernel, layer.c, layer.k)),
        {"strides": layer.stride, "padding": layer.padding, "algorithm": algorithm},
        flops=layer.flops(n),
    )


def input_gradient(layer: Conv, n: int) -> Case:
    return Case(
        f"conv2d_dx {layer} b{n}",
        "conv2d_dx",
        lambda: (
            normal(n, layer.oh, layer.oh, layer.k),
            normal(layer.kernel, layer.kernel, layer.c, layer.k),
            (n, layer.h, layer.h, layer.c),
        ),
        {"strides": layer.stride, "padding": layer.padding},
        flops=layer.flops(n),
    )


def weight_gradient(layer: Conv, n: int) -> Case:
    return Case(
        f"conv2d_dw {layer} b{n}",
        "conv2d_dw",
        lambda: (
            normal(n, layer.h, layer.h, layer.c),
            normal(n, layer.oh, layer.oh, layer.k),
            (layer.kernel, layer.kernel, layer.c, layer.k),
        ),
        {"strides": layer.stride, "padding": layer.padding},
        flops=layer.flops(n),
    )


CASES = [
    make(layer, n)
    for layer in ALL_CONVS
    for n in BATCHES[layer.network]
    for make in (forward, input_gradient, weight_gradient)
]
CASES += [
    forward(layer, n, "direct")
    for layer in ALL_CONVS
    if layer.kernel == 3 and layer.stride == 1 and layer.c >= 64
    for n in BATCHES[layer.network]
]
test_conv = benchmarks(CASES)
