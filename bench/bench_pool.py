"""Pooling and its gradients; bound by memory: the input once, the output once."""

from bench.cases import BATCHES, POOLED, Map
from bench.measure import Case, benchmarks, normal


def cases(layer: Map, n: int) -> list[Case]:
    size, half = layer.bytes(n), layer.h // 2
    x = (n, layer.h, layer.h, layer.c)
    name = f"{layer} b{n}"

    def image() -> tuple[object, ...]:
        return (normal(*x),)

    return [
        Case(f"max_pool2d 2x2 {name}", "max_pool2d", lambda: (*image(), 2), bytes=1.25 * size),
        Case(f"max_pool2d 3x3/2 {name}", "max_pool2d", lambda: (*image(), 3, 2, "same"), bytes=1.25 * size),
        Case(
            f"max_pool2d_dx 2x2 {name}",
            "max_pool2d_dx",
            lambda: (normal(n, half, half, layer.c), *image(), 2),
            bytes=2.25 * size,
        ),
        Case(f"avg_pool2d 2x2 {name}", "avg_pool2d", lambda: (*image(), 2), bytes=1.25 * size),
        Case(
            f"avg_pool2d_dx 2x2 {name}",
            "avg_pool2d_dx",
            lambda: (normal(n, half, half, layer.c), x, 2),
            bytes=1.25 * size,
        ),
        Case(f"global_avg_pool2d {name}", "global_avg_pool2d", image, bytes=size),
        Case(f"upsample2d nearest {name}", "upsample2d", lambda: (normal(n, half, half, layer.c),), bytes=1.25 * size),
        Case(
            f"upsample2d bilinear {name}",
            "upsample2d",
            lambda: (normal(n, half, half, layer.c), 2, "bilinear"),
            bytes=1.25 * size,
        ),
    ]


test_pool = benchmarks([case for layer in POOLED for case in cases(layer, BATCHES[layer.network][-1])])
