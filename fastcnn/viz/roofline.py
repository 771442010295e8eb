"""The roofline: which steps the machine's peak limits, which its bandwidth, and how far below they stay."""

from typing import Any

import numpy as np

from fastcnn.viz.figures import axes_of, finish

__all__ = ["roofline"]

MARKS = {"forward": ("o", "#1f77b4"), "backward": ("s", "#d95f02"), "update": ("^", "#2ca02c")}
LABELLED = 5
TINY = 1e-3  # of the time: the picture is not stretched for steps below


def roofline(profile: Any, *, ax: Any = None, figsize: Any = None, path: Any = None) -> Any:
    """Each step of a program under the roofs of this machine: work for each byte moved against the rate reached.

    A mark's area is the step's time; the five dearest steps have numbers, and names beside the picture. The legend
    tells of steps without arithmetic, which only move bytes, and of those too small and slow for the picture.

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
    figure, axes = axes_of(ax, 11.0, 6.0, figsize)
    peak, copy = profile.limits.gflops, profile.limits.gbytes
    x = np.array([row["work"] / row["bytes"] for row in rows])
    y = np.array([row["work"] / row["ms"] * 1e-6 for row in rows])
    bottom = _bounds(axes, profile, rows, x, y)
    _roofs(axes, peak, copy)
    _points(axes, rows, x, y, profile.total_ms)
    _silent(axes, "no arithmetic", [row["ms"] for row in profile.rows if row["work"] == 0])
    _silent(axes, "below the picture", [row["ms"] for row, rate in zip(rows, y, strict=True) if rate < bottom])
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
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 0.42), fontsize=9, frameon=False, borderaxespad=0)
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([60])
    return finish(figure, path)


def _bounds(axes: Any, profile: Any, rows: list[dict[str, Any]], x: Any, y: Any) -> float:
    """Sets both scales; the lowest rate shown."""
    peak, copy = profile.limits.gflops, profile.limits.gbytes
    matters = np.array([row["ms"] >= TINY * profile.total_ms for row in rows])
    if not matters.any():
        matters[:] = True
    low, high = min(y[matters].min(), peak) / 2, max(y.max(), peak) * 2
    knee = peak / copy
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(min(x[matters].min(), knee) / 2, max(x.max(), knee) * 2.5)
    axes.set_ylim(low, high)
    return float(low)


def _roofs(axes: Any, peak: float, copy: float) -> None:
    """The bandwidth's slope up to the knee, the peak's line from there."""
    low, high = axes.get_xlim()
    left = max(low, axes.get_ylim()[0] / copy)
    knee = peak / copy
    axes.plot([low, knee, high], [low * copy, peak, peak], color="0.25", linewidth=1.6, zorder=2)
    style = {
        "textcoords": "offset points", "fontsize": 9, "color": "0.25", "zorder": 2.5,
        "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    }  # fmt: skip
    axes.annotate(f"P = {peak:.0f} GFLOP/s", (high, peak), (-6, 6), ha="right", va="bottom", **style)
    axes.annotate(f"B = {copy:.0f} GB/s", (left, left * copy), (6, 36), ha="left", va="bottom", **style)


def _points(axes: Any, rows: list[dict[str, Any]], x: Any, y: Any, total: float) -> None:
    full = max(
        max(row["ms"] for row in rows), total / 12
    )  # where many steps are alike, their marks leave each other room
    areas = np.array([16 + 360 * row["ms"] / full for row in rows])
    for stage in dict.fromkeys(row["stage"] for row in rows):
        chosen = np.array([row["stage"] == stage for row in rows])
        mark, colour = MARKS[stage]
        spent = sum(row["ms"] for row in rows if row["stage"] == stage)
        axes.scatter(
            x[chosen], y[chosen], areas[chosen], color=colour, marker=mark, alpha=0.55, edgecolor="white",
            linewidth=0.8, label=f"{stage}: {_steps(int(chosen.sum()))}, {spent:.2f} ms", zorder=3,
        )  # fmt: skip


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


def _silent(axes: Any, what: str, times: list[float]) -> None:
    if times:
        axes.plot([], [], " ", label=f"{what}: {_steps(len(times))}, {sum(times):.2f} ms")


def _names(axes: Any, rows: list[dict[str, Any]], x: Any, y: Any, total: float) -> None:
    """Numbers at the dearest steps' marks, apart from each other, and what they stand for beside the picture."""
    dearest = sorted(range(len(rows)), key=lambda i: -rows[i]["ms"])[:LABELLED]
    bottom, top = np.log(axes.get_ylim())
    place, room = np.inf, (top - bottom) / 18
    for i in sorted(dearest, key=lambda i: -y[i]):
        place = min(float(np.log(y[i])), place - room)
        spot = (float(np.exp(np.log(x[i]) + 0.035 * np.diff(np.log(axes.get_xlim()))[0])), float(np.exp(place)))
        axes.annotate(
            str(dearest.index(i) + 1), (x[i], y[i]), spot, textcoords="data", fontsize=9, fontweight="bold",
            ha="center", va="center", zorder=5,
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "0.4", "linewidth": 0.7},
            arrowprops={"arrowstyle": "-", "color": "0.4", "linewidth": 0.7},
        )  # fmt: skip
    lines = ["the dearest steps"]
    for number, i in enumerate(dearest, 1):
        row = rows[i]
        lines.append(f"{number}  {_short(row['layer'] or row['operation'])}")
        lines.append(f"    {row['operation']}, {row['algorithm']}")
        lines.append(f"    {row['ms']:.2f} ms, {row['ms'] / total:.1%} of all, {row['share']:.0%} of its floor")
    axes.text(1.01, 1.0, "\n".join(lines), transform=axes.transAxes, fontsize=9, va="top", ha="left", linespacing=1.25)


def _short(name: str, longest: int = 34) -> str:
    return name if len(name) <= longest else "…" + name[1 - longest :]
