"""What a comparison found, for people: a table for the terminal, one in Markdown, and the machine it was on."""

import os
import platform
from pathlib import Path
from typing import Any

__all__ = ["best_peer", "machine", "markdown", "row_line", "TITLE"]

Row = dict[str, Any]

TITLE = f"{'network':<13}{'what':<17}{'unit':<5}{'fastcnn':>10}{'best peer':>11}{'times':>7}  the peer; others"
COLUMNS = {
    "train": "training step",
    "batch": "inference, batch",
    "single": "inference, one image",
    "epoch": "an epoch of `fit`",
    "memory": "memory of training steps",
}
UNITS = {"epoch": ("s", 1e-3), "memory": ("MB", 1e-6)}  # values are milliseconds, or bytes


def best_peer(row: Row) -> str | None:
    """The peer with the least; None where there was no peer."""
    peers = {name: value for name, value in row["values"].items() if name != "fastcnn"}
    return min(peers, key=peers.__getitem__) if peers else None


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def row_line(row: Row) -> str:
    """One comparison in the terminal: fastcnn, the best peer, how many times as much that takes, everybody else."""
    unit, scale = UNITS.get(row["what"], ("ms", 1.0))
    values = {name: value * scale for name, value in row["values"].items()}
    peer, ours = best_peer(row), values.get("fastcnn")
    start = f"{row['network']:<13}{row['what'] + ' b' + str(row['batch']):<17}{unit:<5}"
    start += f"{'-' if ours is None else _digits(ours):>10}"
    if peer is None:
        return f"{start}{'-':>11}{'-':>7} {_share(row)}"
    ratio = "-" if ours is None else f"{values[peer] / ours:.2f}"
    others = sorted((name for name in values if name not in ("fastcnn", peer)), key=values.__getitem__)
    tail = ", ".join(f"{name} {_digits(values[name])}" for name in others)
    return f"{start}{_digits(values[peer]):>11}{ratio:>7}  {peer}{'; ' if tail else ''}{tail}{_share(row)}"


def _share(row: Row) -> str:
    if "floor" not in row or "fastcnn" not in row["values"]:
        return ""
    return f" [{row['floor'] / row['values']['fastcnn']:.0%} of the floor]"


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    scale = UNITS.get(row["what"], ("ms", 1.0))[1]
    ours, peer = row["values"].get("fastcnn"), best_peer(row)
    if ours is None or peer is None:
        return ""
    theirs = row["values"][peer]
    return f"{_digits(ours * scale)}, {_digits(theirs * scale)} ({peer}), **{theirs / ours:.1f}**"


def markdown(report: dict[str, Any]) -> str:
    """A table for the README: the machine, a row for each network, what was compared as columns.

    Args:
        report: what ``--json`` writes.
    """
    rows = {(row["network"], row["what"]): row for row in report["rows"]}
    columns = [what for what in COLUMNS if any(what == found for _, found in rows)]
    units = {what: UNITS.get(what, ("ms", 1.0))[0] for what in columns}
    batches = {name: [row["batch"] for row in report["rows"] if row["network"] == name] for name, _ in rows}
    lines = [
        machine_words(report["machine"]),
        "",
        "| fastcnn, the best peer, times as much | " + " | ".join(f"{COLUMNS[w]}, {units[w]}" for w in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for name in dict.fromkeys(name for name, _ in rows):
        sizes = ", ".join(str(size) for size in sorted({size for size in batches[name] if size > 1}, reverse=True))
        words = report["words"].get(name, name)
        cells = " | ".join(_cell(rows.get((name, what))) for what in columns)
        lines.append(f"| {words}{f' (batch {sizes})' if sizes else ''} | {cells} |")
    lost = [f"{name}: {why}" for name, why in report["left_out"].items()]
    return "\n".join([*lines, *(["", "Not compared: " + "; ".join(lost) + "."] if lost else [])])


def machine(threads: int, rates: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    """The machine and the versions of all that was compared.

    Args:
        threads: of every library.
        rates: what fastcnn says: "isa", "peak GFLOP/s", "copy GB/s".
        versions: of the libraries.
    """
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads,
        "system": platform.platform(),
        **rates,
        "versions": versions,
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def machine_words(found: dict[str, Any]) -> str:
    """The machine in a sentence."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['isa']}, peak {found['peak GFLOP/s']:.0f} GFLOP/s, copy "
        f"{found['copy GB/s']:.0f} GB/s; {found['threads']} threads, float32; {versions}."
    )
