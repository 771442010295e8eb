"""Depthwise convolution on MobileNetV2's layers; bound by memory from a few dozen channels on."""

from bench.measure import Case, benchmarks, normal

LAYERS = [(112, 32, 1), (112, 96, 2), (56, 144, 1), (28, 192, 1), (14, 384, 1), (14, 576, 2), (7, 960, 1)]


def cases(h: int, c: int, stride: int, n: int) -> list[Case]:
    oh = -(-h // stride)
    x, y, w = (n, h, h, c), (n, oh, oh, c), (3, 3, c, 1)
    flops, bytes = 2.0 * 9 * n * oh * oh * c, 4.0 * n * c * (h * h + oh * oh)
    name = f"3x3/{stride} {h}x{h}x{c} b{n}"
    same = {"strides": stride, "padding": "same"}
    return [
        Case(f"depthwise {name}", "depthwise_conv2d", lambda: (normal(*x), normal(*w)), same, flops, bytes),
        Case(f"depthwise dx {name}", "depthwise_conv2d_dx", lambda: (normal(*y), normal(*w), x), same, flops, bytes),
        Case(f"depthwise dw {name}", "depthwise_conv2d_dw", lambda: (normal(*x), normal(*y), w), same, flops, bytes),
    ]


test_depthwise = benchmarks([case for layer in LAYERS for n in (1, 8) for case in cases(*layer, n)])
