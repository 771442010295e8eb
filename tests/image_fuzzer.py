"""Reads mutated copies of image files, watched: run as ``python image_fuzzer.py COUNT SECONDS FILE...`` in a process of its own.

Every one must become a uint8 image within the bounds or raise UnreadableImageError, in 1 GB of address space, without
running, importing or opening anything. Prints what happened as JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
from file_fuzzer import campaign, mutate, watch

from fastcnn.data import UnreadableImageError, read_image
from fastcnn.data.reading import MAX_PIXELS


def check(image):
    assert image.dtype == np.uint8, image.dtype
    assert image.ndim == 3, image.shape
    assert image.shape[2] == 3, image.shape
    assert 0 < image.shape[0] * image.shape[1] <= MAX_PIXELS, image.shape


def main():
    count, seconds, seeds = int(sys.argv[1]), float(sys.argv[2]), [Path(name).read_bytes() for name in sys.argv[3:]]
    rng = np.random.default_rng(0)
    for data in seeds:
        check(read_image(data))
        for half in (data[: len(data) // 2], data[:20], b"\xff" * 100):
            try:
                read_image(half)
            except UnreadableImageError:
                continue
    done = []
    armed = watch(None, done)

    def attempt(i):
        data = mutate(seeds[i % len(seeds)], rng)
        return lambda: check(read_image(data))

    print(json.dumps(campaign(count, seconds, attempt, UnreadableImageError, armed, done, 1 << 30)))


if __name__ == "__main__":
    main()
