"""What a profile found: a table to print, numbers to compute with, files to look at."""

import json
from pathlib import Path
from typing import Any

from fastcnn.plan.costs import Limits

__all__ = ["Profile"]

SUMS = ("ms", "flops", "work", "bytes", "floor_ms")
RULE = (
    "share: of the floor max(FLOPs / P, bytes / B), after Winograd, all read and written once. "
    "Above 100 %: what stays in the caches."
)


class Profile:
    """The steps of one program, measured. Prints as a table, the dearest steps first.

    Args:
        kind: "training step" or "inference".
        rows: a dict for each step, in the order of execution: ``step``, ``layer`` (a name; "" where it is none's),
            ``layers`` (of all that was fused into it), ``stage`` ("forward", "backward", "update"), ``operation``,
            ``signature`` (with its shapes), ``fused`` (a list of words), ``algorithm``, ``ms``, ``flops`` (of the
            formula), ``work`` (FLOPs after Winograd), ``bytes`` (read once and written once), ``floor_ms`` and
            ``share``.
        limits: the machine's peak and bandwidth, as measured.

    Example:
        >>> row = dict(step=0, layer="head", layers=["head"], stage="forward", operation="dense",
        ...            signature="dense", fused=[], algorithm="gemm", ms=2.0, flops=1e8, work=1e8, bytes=2e7,
        ...            floor_ms=1.0, share=0.5)
        >>> found = Profile("inference", [row], Limits(100.0, 20.0))
        >>> found.total_ms, found.floor_ms, found.network_floor_ms, found.share
        (2.0, 1.0, 1.0, 0.5)
    """

    def __init__(self, kind: str, rows: list[dict[str, Any]], limits: Limits):
        self.kind, self.rows, self.limits = kind, rows, limits

    @property
    def total_ms(self) -> float:
        """Milliseconds of all steps."""
        return float(sum(row["ms"] for row in self.rows))

    @property
    def floor_ms(self) -> float:
        """The sum of the steps' floors: what this program, step after step, could take at best."""
        return float(sum(row["floor_ms"] for row in self.rows))

    @property
    def network_floor_ms(self) -> float:
        """The floor of all FLOPs and all bytes together: what products and traffic side by side could take at best."""
        return self.limits.floor_ms(sum(r["work"] for r in self.rows), sum(r["bytes"] for r in self.rows))

    @property
    def share(self) -> float:
        """Of the sum of the steps' floors."""
        return self.floor_ms / self.total_ms if self.total_ms > 0 else 0.0

    @property
    def network_share(self) -> float:
        """Of the network's floor."""
        return self.network_floor_ms / self.total_ms if self.total_ms > 0 else 0.0

    def by_layer(self) -> list[dict[str, Any]]:
        """Sums over the steps of each layer, forward and backward apart.

        Returns:
            Dicts with ``layer``, ``stage``, ``steps``, ``algorithms``, ``ms``, ``flops``, ``work``, ``bytes``,
            ``floor_ms`` and ``share``, in the order in which the layers come first.
        """
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self.rows:
            key = (row["layer"], row["stage"])
            one = found.setdefault(
                key, {"layer": key[0], "stage": key[1], "steps": 0, "algorithms": [], **dict.fromkeys(SUMS, 0.0)}
            )
            one["steps"] += 1
            if row["algorithm"] not in one["algorithms"]:
                one["algorithms"].append(row["algorithm"])
            for name in SUMS:
                one[name] += row[name]
        for one in found.values():
            one["share"] = one["floor_ms"] / one["ms"] if one["ms"] > 0 else 0.0
        return list(found.values())

    def __str__(self) -> str:
        total = self.total_ms or 1.0
        peak, copy = self.limits.gflops, self.limits.gbytes
        lines = [
            f"{self.kind}: {self.total_ms:.2f} ms in {len(self.rows)} steps; "
            f"peak P = {peak:.0f} GFLOP/s, copy B = {copy:.0f} GB/s",
            f"floor of the steps {self.floor_ms:.2f} ms, {self.share:.0%} reached; "
            f"of the whole network {self.network_floor_ms:.2f} ms, {self.network_share:.0%} reached",
            *self._stages(),
            RULE,
            f"{'ms':>9} {'of all':>6} {'share':>6} {'GFLOP/s':>8} {'of peak':>8} {'GB/s':>7} {'of copy':>8}  "
            f"{'algorithm':<9}  step",
        ]
        for row in sorted(self.rows, key=lambda row: -row["ms"]):
            ms = max(row["ms"], 1e-9)
            rate = f"{row['work'] / ms * 1e-6:8.1f} {row['work'] / ms * 1e-6 / peak:8.0%}" if row["work"] else " " * 17
            moved = row["bytes"] / ms * 1e-6
            lines.append(
                f"{row['ms']:9.3f} {row['ms'] / total:6.1%} {row['share']:6.0%} {rate} {moved:7.1f} {moved / copy:8.0%}"
                f"  {row['algorithm']:<9}  {_title(row)}"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Profile of {self.kind}: {self.total_ms:.2f} ms, {len(self.rows)} steps>"

    def _stages(self) -> list[str]:
        stages = list(dict.fromkeys(row["stage"] for row in self.rows))
        if len(stages) < 2:
            return []
        sums = {s: [sum(r[k] for r in self.rows if r["stage"] == s) for k in ("ms", "floor_ms")] for s in stages}
        return ["; ".join(f"{s} {ms:.2f} ms ({floor / (ms or 1.0):.0%})" for s, (ms, floor) in sums.items())]

    def to_json(self, path: Any) -> None:
        """Writes everything as JSON.

        Args:
            path: the file.
        """
        totals = ("total_ms", "floor_ms", "network_floor_ms", "share", "network_share")
        report = {
            "kind": self.kind,
            "peak GFLOP/s": self.limits.gflops,
            "copy GB/s": self.limits.gbytes,
            **{name: getattr(self, name) for name in totals},
            "layers": self.by_layer(),
            "steps": self.rows,
        }
        Path(path).write_text(json.dumps(report, indent=2) + "\n")

    def save_trace(self, path: Any) -> None:
        """Writes the steps on a time line, for chrome://tracing or Perfetto; forward and backward in rows of their own.

        Args:
            path: the file.
        """
        stages = list(dict.fromkeys(row["stage"] for row in self.rows))
        events: list[dict[str, Any]] = []
        at = 0.0
        for row in self.rows:
            place = {"ts": at * 1e3, "dur": row["ms"] * 1e3, "pid": 0, "tid": stages.index(row["stage"])}
            details = {k: row[k] for k in row if k not in ("ms", "operation", "step")}
            events.append({"name": _name(row), "cat": row["stage"], "ph": "X", **place, "args": details})
            at += row["ms"]
        names = [
            {"name": "thread_name", "ph": "M", "pid": 0, "tid": i, "ts": 0, "dur": 0, "args": {"name": stage}}
            for i, stage in enumerate(stages)
        ]
        Path(path).write_text(json.dumps({"traceEvents": events + names}))

    def save_roofline(self, path: Any) -> None:
        """Draws the steps under this machine's two roofs; needs matplotlib: pip install "fastcnn[viz]".

        Args:
            path: the picture to write; the suffix decides: ``.png``, ``.svg``, ``.pdf``...
        """
        from fastcnn.viz.roofline import roofline

        roofline(self, path=path)


def _name(row: dict[str, Any]) -> str:
    return f"{row['layer']}: {row['operation']}" if row["layer"] else str(row["operation"])


def _title(row: dict[str, Any]) -> str:
    fused = f" + {', '.join(row['fused'])}" if row["fused"] else ""
    return f"{row['layer'] + ': ' if row['layer'] else ''}{row['signature']}{fused}"
