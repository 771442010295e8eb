"""The roofline: which steps the machine's peak limits, which its bandwidth, and how far below they stay."""

from typing import Any

import numpy as np

from fastcnn.viz.figures import axes_of, finish

__all__ = ["roofline"]

MARKS = {"forward": ("o", "#1f77b4"), "backward": ("s", "#d95f02"), "update": ("^", "#2ca02c")}
LABELLED = 5


def roofline(profile: Any, *, ax: Any = None, figsize: Any = None, path: Any = None) -> Any:
    """Each step of a program under the roofs of this machine: work for each byte moved against the rate reached.

    A mark's area is the step's time; the five dearest steps are named. Steps without arithmetic, which only move
    bytes, are told in the legend.

    Args:
        profile: what ``model.profile`` gave.
        ax: axes to draw on.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> import numpy as np, fastcnn
        >>> from fastcnn import layers
        >>> model = fastcnn.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.ReLU()])
        >>> roofline(model.profile(np.zeros((2, 8, 8, 3)))).axes[0].get_xlabel()
        'FLOPs for each byte read or written'
    """
    if not hasattr(profile, "rows") or not hasattr(profile, "limits"):
        raise TypeError(f"profile must be what model.profile returned, got {type(profile).__name__}")
    rows = [row for row in profile.rows if row["work"] > 0 and row["ms"] > 0]
    if not rows:
        raise ValueError("profile has no step with arithmetic: there is nothing to draw")
    figure, axes = axes_of(ax, 10.0, 6.4, figsize)
    peak, copy = profile.limits.gflops, profile.limits.gbytes
    x = np.array([row["work"] / row["bytes"] for row in rows])
    y = np.array([row["work"] / row["ms"] * 1e-6 for row in rows])
    _bounds(axes, x, y, peak, copy)
    _roofs(axes, peak, copy)
    _points(axes, profile, rows, x, y)
    _names(axes, rows, x, y, profile.total_ms)
    axes.set_xlabel("FLOPs for each byte read or written")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(
        f"{profile.kind}: {profile.total_ms:.2f} ms, {profile.share:.0%} of the steps' floors, "
        f"{profile.network_share:.0%} of the network's",
        fontsize=11,
    )
    axes.grid(True, which="major", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", fontsize=9, framealpha=0.95)
    return finish(figure, path)


def _bounds(axes: Any, x: Any, y: Any, peak: float, copy: float) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    knee = peak / copy
    axes.set_xlim(min(x.min(), knee) / 2.2, max(x.max(), knee) * 2.5)
    axes.set_ylim(min(y.min(), peak) / 2.5, max(y.max(), peak) * 2.2)


def _roofs(axes: Any, peak: float, copy: float) -> None:
    """The bandwidth's slope up to the knee, the peak's line from there."""
    low, high = axes.get_xlim()
    knee = peak / copy
    axes.plot([low, knee, high], [low * copy, peak, peak], color="0.25", linewidth=1.6, zorder=2)
    axes.annotate(
        f"P = {peak:.0f} GFLOP/s", (high, peak), (-6, 5), textcoords="offset points", ha="right", fontsize=9, color="0.25"
    )
    bottom = axes.get_ylim()[0]
    at = float(np.sqrt(max(low, bottom / copy) * knee))
    axes.annotate(
        f"B = {copy:.0f} GB/s", (at, at * copy), (-8, 8), textcoords="offset points", ha="right", fontsize=9, color="0.25"
    )


def _points(axes: Any, profile: Any, rows: list[dict[str, Any]], x: Any, y: Any) -> None:
    longest = max(row["ms"] for row in rows)
    areas = np.array([18 + 420 * row["ms"] / longest for row in rows])
    for stage in dict.fromkeys(row["stage"] for row in rows):
        chosen = np.array([row["stage"] == stage for row in rows])
        mark, colour = MARKS[stage]
        spent = sum(row["ms"] for row in rows if row["stage"] == stage)
        label = f"{stage}: {chosen.sum()} steps, {spent:.2f} ms"
        axes.scatter(
            x[chosen], y[chosen], areas[chosen], color=colour, marker=mark, alpha=0.55, edgecolor="white",
            linewidth=0.8, label=label, zorder=3,
        )  # fmt: skip
    silent = [row["ms"] for row in profile.rows if row["work"] == 0]
    if silent:
        axes.plot([], [], " ", label=f"no arithmetic: {len(silent)} steps, {sum(silent):.2f} ms")


def _names(axes: Any, rows: list[dict[str, Any]], x: Any, y: Any, total: float) -> None:
    """The dearest steps' names in a column at the left edge, in the order of their heights, each with a line."""
    dearest = sorted(range(len(rows)), key=lambda i: -rows[i]["ms"])[:LABELLED]
    places = np.linspace(0.95, 0.95 - 0.075 * (len(dearest) - 1), len(dearest))
    for place, i in zip(places, sorted(dearest, key=lambda i: -y[i]), strict=True):
        row = rows[i]
        layer = _short(row["layer"]) + ": " if row["layer"] else ""
        text = f"{layer}{row['operation']}, {row['algorithm']}\n{row['ms']:.2f} ms ({row['ms'] / total:.0%})"
        axes.annotate(
            text, (x[i], y[i]), (0.015, place), textcoords="axes fraction", fontsize=8, va="top", zorder=5,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "0.75", "linewidth": 0.6},
            arrowprops={"arrowstyle": "-", "color": "0.45", "linewidth": 0.7, "shrinkB": 2},
        )  # fmt: skip


def _short(name: str, longest: int = 34) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"
