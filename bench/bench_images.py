"""Pictures as loaders have them, one at a time on one thread: each byte read once, written once."""

from typing import Any

import numpy as np

from bench.measure import Case, benchmarks

SIZE = 224.0 * 224 * 3
TURN = np.array([[0.95, -0.29, 20.0], [0.29, 0.95, -18.0]])
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def picture() -> Any:
    return np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)


CASES = [
    Case("flip", "image_flip", lambda: (picture(), True), bytes=2 * SIZE),
    Case("turn, linear", "image_warp", lambda: (picture(), TURN), bytes=2 * SIZE),
    Case("brightness", "image_scale", lambda: (picture(), 1.2, 10.0), bytes=2 * SIZE),
    Case("normalize", "image_normalize", lambda: (picture(), MEAN, STD), bytes=5 * SIZE),
    Case("resize", "image_resize", lambda: (picture(), 160, 160), bytes=1.5 * SIZE),
    Case("blur 5x5", "image_blur", lambda: (picture(), 5, 5), bytes=2 * SIZE),
]
test_images = benchmarks(CASES)
