"""Calls the module and compares with NumPy."""

import embed_cython
import numpy as np

x = np.arange(-50, 53, dtype=np.float32)
expected = np.maximum(x, 0)
count = embed_cython.rectified(x)
assert np.array_equal(x, expected), x
assert count == 52, count
print("cython: correct")
