"""Matrix products: square ones, and the dense layers of VGG16, ResNet-50 and MNIST's network. NumPy's BLAS beside."""

import numpy as np

from bench.cases import DENSE
from bench.measure import Case, benchmarks, normal

BLAS = {"NumPy float32": np.matmul}

CASES = [
    Case(
        f"matmul {size}",
        "matmul",
        lambda size=size: (normal(size, size), normal(size, size)),
        flops=2.0 * size**3,
        others=BLAS,
    )
    for size in (128, 512, 1024, 2048, 4096)
]
CASES += [
    Case(
        f"dense {layer} b{n}",
        "matmul",
        lambda layer=layer, n=n: (normal(n, layer.inputs), normal(layer.inputs, layer.outputs)),
        flops=layer.flops(n),
        bytes=4.0 * (layer.inputs * layer.outputs + n * (layer.inputs + layer.outputs)),
        others=BLAS,
    )
    for layer in DENSE
    for n in (1, 8, 64, 128)
]
CASES += [
    Case(
        f"matmul 1024 {'T' if ta else 'N'}{'T' if tb else 'N'}",
        "matmul",
        lambda: (normal(1024, 1024), normal(1024, 1024)),
        {"transpose_a": ta, "transpose_b": tb},
        flops=2.0 * 1024**3,
    )
    for ta in (False, True)
    for tb in (False, True)
]
test_matmul = benchmarks(CASES)
