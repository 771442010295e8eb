"""What this machine can do at most: multiply-adds per second on registers, and bytes copied per second.

usage: python -m bench.roofline [--seconds 1] [--json]
"""

import argparse
import json

from fastcnn import _core
from fastcnn.config import cpu_model


def measure(seconds: float) -> dict[str, object]:
    """Peaks for one thread and for all, on every instruction set; copies from the caches to far past them."""
    threads = sorted({1, _core.get_num_threads()})
    before = _core.get_isa()
    peaks = {}
    try:
        for isa in _core.available_isas():
            _core.set_isa(isa)
            peaks[isa] = {count: _core.probe_peak(count, seconds) for count in threads}
    finally:
        _core.set_isa(before)
    copies = {
        mib: {
            count: {
                kind: _core.probe_copy(count, mib << 20, kind == "streaming", seconds)
                for kind in ("plain", "streaming")
            }
            for count in threads
        }
        for mib in (1, 16, 256)
    }
    return {"cpu": cpu_model(), "isa": before, "peak GFLOP/s": peaks, "copy GB/s": copies}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure (%(default)s)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.seconds)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['cpu']}; in use: {found['isa']}\n\nfp32 multiply-adds, GFLOP/s")
    for isa, by_threads in found["peak GFLOP/s"].items():  # type: ignore[attr-defined]
        print(f"  {isa:<8}" + "".join(f"  {n} thread{'s' * (n > 1)} {rate:8.1f}" for n, rate in by_threads.items()))
    print("\ncopy, reads and writes, GB/s")
    for mib, by_threads in found["copy GB/s"].items():  # type: ignore[attr-defined]
        for n, kinds in by_threads.items():
            rates = "".join(f"   {kind} {rate:7.1f}" for kind, rate in kinds.items())
            print(f"  {mib:>4} MiB, {n} thread{'s' if n > 1 else ' '}{rates}")


if __name__ == "__main__":
    main()
