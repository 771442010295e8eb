"""Reads mutated copies of image files, watched: run as ``python image_fuzzer.py COUNT SECONDS FILE...`` in a process of its own.

Every one must become a uint8 image within the bounds or raise UnreadableImageError, in 1 GB of address space, without
running, importing or opening anything. Prints what happened as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from file_fuzzer import mutate, watch

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
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30),) * 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = {"loaded": 0, "refused": 0, "wrong": [], "slowest": 0.0}
    end = time.monotonic() + seconds
    for i in range(count):
        if time.monotonic() > end:
            break
        data = mutate(seeds[i % len(seeds)], rng)
        start = time.monotonic()
        armed.append(True)
        try:
            check(read_image(data))
            results["loaded"] += 1
        except UnreadableImageError:
            results["refused"] += 1
        except BaseException as error:
            results["wrong"].append(f"{i}: {type(error).__name__}: {str(error)[:200]}")
        armed.clear()
        results["slowest"] = max(results["slowest"], time.monotonic() - start)
    results["forbidden"] = done
    results["grown_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps(results))


if __name__ == "__main__":
    main()
