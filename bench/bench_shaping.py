"""Copies with a pattern: concatenation, padding, transposition, layouts. Each byte read once, written once."""

import numpy as np

from bench.measure import Case, benchmarks, normal

SHAPE = (8, 112, 112, 128)
SIZE = 4.0 * 8 * 112 * 112 * 128

CASES = [
    Case("concat channels", "concat", lambda: ([normal(*SHAPE), normal(*SHAPE)], -1), bytes=4 * SIZE),
    Case("pad 1 pixel", "pad", lambda: (normal(*SHAPE), ((0, 0), (1, 1), (1, 1), (0, 0))), bytes=2.04 * SIZE),
    Case("nhwc_to_nchw", "nhwc_to_nchw", lambda: (normal(*SHAPE),), bytes=2 * SIZE),
    Case("nchw_to_nhwc", "nchw_to_nhwc", lambda: (normal(8, 128, 112, 112),), bytes=2 * SIZE),
    Case("nchw_to_nhwc images", "nchw_to_nhwc", lambda: (normal(32, 3, 224, 224),), bytes=8.0 * 32 * 3 * 224 * 224),
    Case("transpose matrix", "transpose", lambda: (normal(4096, 4096),), bytes=8.0 * 4096**2),
    Case("flip columns", "flip", lambda: (normal(*SHAPE), 2), bytes=2 * SIZE),
    Case(
        "from_uint8",
        "from_uint8",
        lambda: (np.random.default_rng(0).integers(0, 256, (32, 224, 224, 3), dtype=np.uint8), 1 / 255),
        bytes=5.0 * 32 * 224 * 224 * 3,
    ),
]
test_shaping = benchmarks(CASES)
