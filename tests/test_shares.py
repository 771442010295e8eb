"""Tasks that threads take from shares of their own, then from the others': each is done, once, whoever does it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import assert_same, integers

from fastcnn import _core, kernels, reference

CASES: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ("conv2d", (2, 29, 31, 66), (1, 1, 66, 70), {}),  # pixels
    ("conv2d", (1, 40, 37, 5), (3, 3, 5, 64), {"strides": 2}),  # windows; rows of a first layer
    ("conv2d", (1, 61, 60, 32), (3, 3, 32, 32), {"padding": "same"}),  # tiles
    ("depthwise_conv2d", (3, 50, 41, 40), (3, 3, 40, 1), {}),  # bands of rows
]


@pytest.mark.parametrize("threads", [1, 2, 3, 67])
@pytest.mark.parametrize(("name", "x", "w", "options"), CASES)
def test_no_task_is_left_out(
    name: str,
    x: tuple[int, ...],
    w: tuple[int, ...],
    options: dict[str, Any],
    threads: int,
    rng: np.random.Generator,
) -> None:
    kernel: Callable[..., Any] = getattr(kernels, name)
    expected = getattr(reference, name)(image := integers(rng, x), filters := integers(rng, w), **options)
    out = np.full(expected.shape, np.nan, np.float32)
    _core.set_num_threads(threads)
    found = kernel(image, filters, out=out, **options)
    if name == "conv2d" and w[:2] == (3, 3) and not options.get("strides"):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)  # Winograd rounds
    else:
        assert_same(found, expected)
