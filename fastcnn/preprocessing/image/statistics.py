"""What a generator finds in sample data: mean, deviation, whitening matrix; and how pictures are brought to it."""

import math
import warnings
from typing import Any

import numpy as np

__all__ = ["check_centring", "find_statistics", "standardized"]

Array = np.ndarray[Any, Any]
LEAST = 1e-6


def check_centring(generator: Any) -> None:
    """Switches on what the other settings need, and off what they replace; warns of both."""
    for needs, needed, replaced in (
        ("zca_whitening", "featurewise_center", "featurewise_std_normalization"),
        ("featurewise_std_normalization", "featurewise_center", None),
        ("samplewise_std_normalization", "samplewise_center", None),
    ):
        if not getattr(generator, needs):
            continue
        if not getattr(generator, needed):
            setattr(generator, needed, True)
            _warn(f"{needs}=True needs {needed}=True, which is now set; give both")
        if replaced and getattr(generator, replaced):
            setattr(generator, replaced, False)
            _warn(f"{needs}=True takes the place of {replaced}=True, which is now off; give one of them")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=5)


def find_statistics(generator: Any, x: Array) -> None:
    """Sets ``mean``, ``std`` and ``zca_whitening_matrix`` from pictures (n, ...), as far as they are asked for."""
    over = tuple(axis for axis in range(4) if axis != generator.channel_axis)
    if generator.featurewise_center:
        generator.mean = _one_less(x.mean(axis=over, keepdims=True, dtype=np.float64), x.dtype)
        x = x - generator.mean
    if generator.featurewise_std_normalization:
        generator.std = _one_less(x.std(axis=over, keepdims=True, dtype=np.float64), x.dtype)
        x = x / (generator.std + LEAST)
    if generator.zca_whitening:
        flat = x.reshape(len(x), -1).astype(np.float64)
        directions, lengths, _ = np.linalg.svd(flat.T, full_matrices=False)
        factors = math.sqrt(len(x)) / (lengths + generator.zca_epsilon)
        generator.zca_whitening_matrix = ((directions * factors) @ directions.T).astype(x.dtype, copy=False)


def _one_less(values: Array, dtype: Any) -> Array:
    return values[0].astype(dtype)


def standardized(generator: Any, x: Array) -> Array:
    """Brings a picture, or a batch of them, to the range that the generator's settings say."""
    if generator.preprocessing_function:
        x = generator.preprocessing_function(x)
    x = np.asarray(x)
    if x.dtype.kind != "f" or not x.flags.writeable:
        x = np.array(x, generator.dtype)
    if generator.rescale:
        x *= generator.rescale
    if generator.samplewise_center:
        x -= x.mean(keepdims=True)
    if generator.samplewise_std_normalization:
        x /= x.std(keepdims=True) + LEAST
    missing = [f"{name}=True" for name, found in _FROM_FIT.items() if _lacks(generator, name, found)]
    if missing:
        warnings.warn(
            f"{' and '.join(missing)} has no effect: the generator was not fitted; call its fit(x) with sample "
            "pictures first",
            UserWarning,
            stacklevel=3,
        )
    if generator.featurewise_center and generator.mean is not None:
        x -= generator.mean
    if generator.featurewise_std_normalization and generator.std is not None:
        x /= generator.std + LEAST
    if generator.zca_whitening and generator.zca_whitening_matrix is not None:
        flat = x.reshape(-1, math.prod(x.shape[-3:]))
        x = (flat @ generator.zca_whitening_matrix).reshape(x.shape)
    return x


_FROM_FIT = {
    "featurewise_center": "mean",
    "featurewise_std_normalization": "std",
    "zca_whitening": "zca_whitening_matrix",
}


def _lacks(generator: Any, setting: str, found: str) -> bool:
    return bool(getattr(generator, setting)) and getattr(generator, found) is None
