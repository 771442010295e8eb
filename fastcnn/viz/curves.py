"""Learning curves: loss and metrics by epoch, with those of validation."""

from typing import Any

from fastcnn.viz.figures import axes_of, finish, new_figure
from fastcnn.viz.histories import Record, best_epoch, read_history

__all__ = ["plot_history"]

TRAINING, VALIDATION = "#1f77b4", "#d9541a"
_RATES = ("lr", "learning_rate")


def plot_history(
    history: Any,
    metrics: Any = None,
    *,
    monitor: str | None = None,
    mode: str = "auto",
    title: str = "",
    ax: Any = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """The loss and the metrics by epoch, those of validation beside them, the best epoch marked.

    Args:
        history: what ``fit`` or ``transfer.fine_tune`` returned (of the latter, the phases are marked), its dict, or
            the path of a file that ``CSVLogger`` has written.
        metrics: which ones, a name or a list, each with its "val_" numbers; "loss" and all metrics unless given. The
            learning rate is shown where it is asked for.
        monitor: the number that tells which epoch is best; what ``fine_tune`` went by, else "val_loss", else "loss".
        mode: whether it should grow: "max", "min" or "auto".
        title: of the figure.
        ax: axes to draw on, for a single metric.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> figure = plot_history({"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 2.5, 2.8]})
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['training', 'validation', 'best: epoch 2']
    """
    record = read_history(history)
    names = _metrics(record, metrics)
    watched, best = best_epoch(record, monitor, mode)
    if ax is not None:
        if len(names) != 1:
            raise ValueError(f"metrics must name a single metric to draw on ax, got {names}")
        figure, axes = axes_of(ax, 0, 0, figsize)[0], [ax]
    else:
        columns = min(len(names), 3)
        rows = -(-len(names) // columns)
        figure = new_figure(4.6 * columns, 3.4 * rows, figsize)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(names))]
    for one, name in zip(axes, names, strict=True):
        _draw(one, record, name, best)
    if title:
        figure.suptitle(title)
    elif best is not None and ax is None:
        value = dict(zip(*record.series.get(watched, ([], [])), strict=True)).get(best)
        what = "" if value is None else f" with {watched} {value:.4g}"
        figure.suptitle(f"best epoch {best} of {record.epochs[-1]}{what}", fontsize=10)
    return finish(figure, path)


def _metrics(record: Record, metrics: Any) -> list[str]:
    plain = [name for name in record.series if name.removeprefix("val_") == name or name[4:] not in record.series]
    if metrics is None:
        found = [name for name in plain if name not in _RATES]
        return sorted(found, key=lambda name: name.removeprefix("val_") != "loss")
    asked = [metrics] if isinstance(metrics, str) else list(metrics)
    if not asked:
        raise ValueError("metrics is empty: give names, or None for all")
    for name in asked:
        if name not in record.series and f"val_{name}" not in record.series:
            from fastcnn.registry import suggestion

            raise ValueError(
                f"metrics: the history has no {name!r}, only {', '.join(plain)}.{suggestion(str(name), plain)}"
            )
    return asked


def _draw(ax: Any, record: Record, name: str, best: int | None) -> None:
    bare = name.removeprefix("val_")
    curves = [("validation" if name != bare else "training", name)]
    if name == bare:
        curves.append(("validation", f"val_{name}"))
    for label, key in curves:
        if key in record.series:
            epochs, values = record.series[key]
            colour = VALIDATION if label == "validation" else TRAINING
            mark = "o" if len(epochs) <= 15 else None
            ax.plot(epochs, values, color=colour, label=label, marker=mark, markersize=3, linewidth=1.6)
            if best in epochs:
                ax.scatter([best], [values[epochs.index(best)]], s=50, color=colour, edgecolors="black", zorder=4)
    if best is not None:
        ax.axvline(best, color="0.35", linestyle=":", linewidth=1.2, label=f"best: epoch {best}")
    _mark_phases(ax, record)
    ax.set_title(bare.replace("_", " "), fontsize=10)
    ax.set_xlabel("epoch", fontsize=9)
    ax.tick_params(labelsize=8)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if bare in _RATES and all(v > 0 for v in record.series[name][1]):
        ax.set_yscale("log")
    ax.grid(alpha=0.25)
    # Below the axes, where it covers no curve.
    ax.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)


def _mark_phases(ax: Any, record: Record) -> None:
    """The phases' names at the bottom, a shade of grey behind every other one."""
    phases, epochs = record.phases, record.epochs
    if len(phases) != len(epochs):
        return
    starts = [i for i in range(len(phases)) if i == 0 or phases[i] != phases[i - 1]]
    for k, start in enumerate(starts):
        end = starts[k + 1] if k + 1 < len(starts) else len(phases)
        left, right = epochs[start] - 0.5, epochs[end - 1] + 0.5
        if k % 2:
            ax.axvspan(left, right, color="0.5", alpha=0.12, linewidth=0)
        ax.text(
            (left + right) / 2, 0.02, phases[start], transform=ax.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=8, color="0.35", style="italic",
        )  # fmt: skip
    ax.set_xlim(epochs[0] - 0.5, epochs[-1] + 0.5)
