"""Normalisation; bound by memory: statistics read x, the result reads it again and is written."""

from bench.cases import BATCHES, NORMALISED, Map
from bench.measure import Case, benchmarks, normal, uniform


def cases(layer: Map, n: int) -> list[Case]:
    size, shape, c = layer.bytes(n), (n, layer.h, layer.h, layer.c), layer.c
    name = f"{layer} b{n}"

    def affine() -> tuple[object, ...]:
        return (normal(c), normal(c))

    return [
        Case(f"batch_norm {name}", "batch_norm", lambda: (normal(*shape), *affine()), bytes=3 * size),
        Case(
            f"batch_norm relu {name}",
            "batch_norm",
            lambda: (normal(*shape), *affine()),
            {"activation": "relu"},
            bytes=3 * size,
        ),
        Case(
            f"batch_norm_inference {name}",
            "batch_norm_inference",
            lambda: (normal(*shape), normal(c), uniform(c), *affine()),
            bytes=2 * size,
        ),
        Case(
            f"batch_norm_backward {name}",
            "batch_norm_backward",
            lambda: (normal(*shape), normal(*shape), normal(c), uniform(c), normal(c)),
            bytes=5 * size,
        ),
        Case(f"layer_norm {name}", "layer_norm", lambda: (normal(*shape), *affine()), bytes=2 * size),
        Case(f"group_norm {name}", "group_norm", lambda: (normal(*shape), *affine()), bytes=3 * size),
    ]


test_norm = benchmarks([case for layer in NORMALISED for case in cases(layer, BATCHES[layer.network][-1])])
