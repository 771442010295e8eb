"""Global and adaptive pooling, forward and gradient, against the NumPy reference."""

from typing import Any

import numpy as np
from checks import assert_same, integers, normal, relative_l2

from fastcnn import kernels, reference

Array = np.ndarray[Any, Any]


def test_global_pool(isa: str, rng: np.random.Generator) -> None:
    for c in (1, 3, 16, 31, 40, 64, 100, 257, 530):
        for h, w in ((1, 1), (7, 7), (16, 16), (13, 40)):
            x = integers(rng, (2, h, w, c), -1, 9)
            assert_same(kernels.global_avg_pool2d(x), reference.global_avg_pool2d(x).astype("f4"))
            assert_same(kernels.global_max_pool2d(x, True), reference.global_max_pool2d(x, True))
            dy = integers(rng, (2, c), 1, 9)
            assert_same(
                kernels.global_avg_pool2d_dx(dy, x.shape), reference.global_avg_pool2d_dx(dy, x.shape).astype("f4")
            )
            assert_same(
                kernels.global_max_pool2d_dx(dy[:, None, None], x), reference.global_max_pool2d_dx(dy, x), False
            )
            signal = x.reshape(2, h * w, c)
            assert_same(kernels.global_avg_pool1d(signal, True), reference.global_avg_pool1d(signal, True).astype("f4"))
            assert_same(kernels.global_max_pool1d(signal), reference.global_max_pool1d(signal))
            assert_same(kernels.global_max_pool1d_dx(dy, signal), reference.global_max_pool1d_dx(dy, signal), False)
            expected = reference.global_avg_pool1d_dx(dy, signal.shape).astype("f4")
            assert_same(kernels.global_avg_pool1d_dx(dy[:, None], signal.shape), expected)


def test_adaptive_avg_pool(isa: str, rng: np.random.Generator) -> None:
    for _ in range(80):
        shape = tuple(int(d) for d in rng.integers([1, 1, 1, 1], [3, 20, 20, 41]))
        size = (int(rng.integers(1, 25)), int(rng.integers(1, 25)))  # more bins than cells, too
        x = normal(rng, shape)
        y = kernels.adaptive_avg_pool2d(x, size)
        assert relative_l2(y, reference.adaptive_avg_pool2d(x, size)) <= 5e-7
        dy = normal(rng, y.shape)
        dx = kernels.adaptive_avg_pool2d_dx(dy, shape)  # type: ignore[arg-type]
        assert relative_l2(dx, reference.adaptive_avg_pool2d_dx(dy, shape)) <= 5e-7
    x = integers(rng, (2, 12, 8, 20))
    assert_same(kernels.adaptive_avg_pool2d(x, (3, 4)), kernels.avg_pool2d(x, (4, 2)))
