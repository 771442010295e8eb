"""Calls the module and compares with NumPy."""

import embed_cython
import numpy as np

x = np.arange(-50, 53, dtype=np.float32)
expected = np.maximum(x, 0)
count = embed_cython.rectified(x)
assert np.array_equal(x, expected), x
assert count == 52, count

rng = np.random.default_rng(0)
image = rng.integers(-4, 5, (2, 9, 11, 3)).astype(np.float32)
filter = rng.integers(-4, 5, (3, 5, 3, 7)).astype(np.float32)
result = np.full((2, 7, 7, 7), np.nan, np.float32)
embed_cython.correlate(image, filter, result)
windows = np.lib.stride_tricks.sliding_window_view(image, (3, 5), axis=(1, 2))
assert np.array_equal(result, np.einsum("nhwcij,ijck->nhwk", windows, filter))
print("cython: correct")
