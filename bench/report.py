"""pytest-benchmark's JSON as a readable table: python bench/report.py bench/results/latest.json"""

import json
import sys
from pathlib import Path
from typing import Any


def table(report: dict[str, Any]) -> str:
    groups: dict[str, dict[str, Any]] = {}
    for entry in report["benchmarks"]:
        groups.setdefault(entry["group"], {})[entry["extra_info"]["side"]] = entry
    if not groups:
        return "no benchmarks"
    info = report["benchmarks"][0]["extra_info"]
    width = max(map(len, groups)) + 2
    lines = [
        f"{report['machine_info']['cpu'].get('brand_raw', '?')}, {info['isa']}, {info['threads']} threads: "
        f"peak {info['peak_gflops']:.0f} GFLOP/s, copy {info['copy_gbs']:.0f} GB/s",
        "",
        f"{'':<{width}}{'ms':>10}{'GFLOP/s':>9}{'of peak':>8}{'GB/s':>8}{'of copy':>8}   times faster than",
    ]
    for name, sides in groups.items():
        ours = sides.pop("fastcnn", None)
        if not ours:
            continue
        extra, seconds = ours["extra_info"], ours["stats"]["median"]
        cells = [f"{seconds * 1e3:>10.3f}"]
        for rate, share in (("gflops", "share_of_peak"), ("gbs", "share_of_copy")):
            cells += (
                [f"{extra[rate]:>{9 if rate == 'gflops' else 8}.1f}{extra[share]:>8.0%}"]
                if rate in extra
                else [" " * (17 if rate == "gflops" else 16)]
            )
        others = [f"{side} {entry['stats']['median'] / seconds:.1f}" for side, entry in sides.items()]
        lines.append(f"{name:<{width}}{''.join(cells)}   {', '.join(others)}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text())))
