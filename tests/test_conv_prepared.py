"""Filters prepared once for several calls, and the few tiles that have need of them."""

import numpy as np
import pytest
from checks import normal

from fastcnn import _core, kernels

PREPARED = [
    ((1, 7, 7, 40), (1, 1, 40, 70), {}),
    ((3, 9, 11, 3), (3, 3, 3, 5), {"padding": "same"}),
    ((2, 9, 11, 12), (3, 3, 4, 9), {"groups": 3, "dilation": 2}),
    ((1, 7, 7, 600), (3, 3, 600, 33), {"strides": 2}),
    ((1, 8, 8, 300), (3, 3, 300, 70), {"padding": 1}),  # Winograd, few tiles
    ((1, 28, 28, 40), (3, 3, 40, 70), {"padding": 1}),  # panel by panel
    ((2, 56, 56, 32), (3, 3, 32, 33), {"padding": 1}),  # tile by tile
]


def prepared_conv2d(x, w, prepared, strides=1, padding="valid", dilation=1, groups=1):  # type: ignore[no-untyped-def]
    rest = (None, 0.0, None, "auto", "high", "constant", 0.0, None, None, prepared)
    return _core.conv2d_prepared(x, w, None, strides, padding, dilation, groups, *rest)


@pytest.mark.parametrize(("c", "k"), [(40, 33), (300, 70), (530, 16)])
def test_few_tiles_have_the_bits_of_many(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    x, w = normal(rng, (13, 8, 8, c)), normal(rng, (3, 3, c, k))
    bias, residual = normal(rng, (k,)), normal(rng, (13, 8, 8, k))
    options = {"padding": 1, "activation": "relu", "algorithm": "winograd"}
    many = kernels.conv2d(x, w, bias, residual=residual, **options)
    for n, threads in ((1, 1), (1, 5), (3, 2), (12, 5)):
        _core.set_num_threads(threads)
        assert np.array_equal(kernels.conv2d(x[:n], w, bias, residual=residual[:n], **options), many[:n])


@pytest.mark.parametrize("case", PREPARED)
def test_a_prepared_filter_gives_the_same_bits(isa: str, case: tuple, rng: np.random.Generator) -> None:
    shape, filters, options = case
    x, w = normal(rng, shape), normal(rng, filters)
    given = ("strides", 1), ("padding", "valid"), ("dilation", 1), ("groups", 1)
    prepared = _core.conv2d_prepare(x.shape, w, *(options.get(name, value) for name, value in given))
    expected = kernels.conv2d(x, w, **options)
    assert np.array_equal(prepared_conv2d(x, w, prepared, **options), expected)
    assert np.array_equal(prepared_conv2d(x, 0 * w, prepared, **options), expected)  # it is what is used


def test_a_filter_prepared_for_others_is_not_used(rng: np.random.Generator) -> None:
    x, w = normal(rng, (1, 8, 8, 32)), normal(rng, (3, 3, 32, 32))
    before = _core.get_isa()
    prepared = {}
    try:
        for name in _core.available_isas():
            _core.set_isa(name)
            prepared[name] = _core.conv2d_prepare(x.shape, w, 1, 1, 1, 1)
        for name in _core.available_isas():
            _core.set_isa(name)
            expected = kernels.conv2d(x, w, padding=1)
            fitting = [p for p in prepared.values() if p.shape == prepared[name].shape]
            for other in fitting:
                assert np.array_equal(prepared_conv2d(x, w, other, padding=1), expected)
    finally:
        _core.set_isa(before)
    with pytest.raises(ValueError, match="prepared must have shape"):
        prepared_conv2d(x, w, prepared[before][:-1], padding=1)
    with pytest.raises(ValueError, match="w must have 4 dimensions"):
        _core.conv2d_prepare(x.shape, w[0], 1, 1, 1, 1)
