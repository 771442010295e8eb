"""Histories of training in one form, whatever they come from: fit, fine_tune, a dict, a file of CSVLogger."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastcnn.training.progress import one_number

__all__ = ["Record", "best_epoch", "read_history"]


@dataclass
class Record:
    """Numbers by epoch.

    Attributes:
        series: name -> (epochs from 1, numbers).
        phases: for each epoch the name of its phase, or nothing.
        monitor: the number that decided which epoch was best, if the history knows.
        best: that epoch, from 1, if the history knows.
        epochs: all of them, from 1.
    """

    series: dict[str, tuple[list[int], list[float]]]
    epochs: list[int]
    phases: list[str] = field(default_factory=list)
    monitor: str = ""
    best: int | None = None


def read_history(history: Any) -> Record:
    """A ``Record`` of a ``History``, a dict of lists, or the path of a file that ``CSVLogger`` has written.

    Example:
        >>> read_history({"loss": [3.0, 2.0], "val_loss": [2.5]}).series["val_loss"]
        ([2], [2.5])
    """
    if isinstance(history, (str, Path)):
        columns = _read_csv(Path(history))
        epochs = [int(e) + 1 for e in columns.pop("epoch")]
        return _record(columns, epochs)
    lists = getattr(history, "history", history)
    if not isinstance(lists, dict):
        raise TypeError(
            f"history must be a History, a dict of lists or the path of a CSV file, got {type(history).__name__}"
        )
    columns = {str(name): _numbers(str(name), values) for name, values in lists.items()}
    count = max((len(values) for values in columns.values()), default=0)
    epochs = [int(e) + 1 for e in getattr(history, "epoch", [])]
    if len(epochs) < count:
        epochs = list(range(1, count + 1))  # fit was called again, and began its count anew
    record = _record(columns, epochs)
    record.phases = [str(p) for p in getattr(history, "phase", [])]
    record.monitor = getattr(history, "monitor", "") or ""
    best = getattr(history, "best_epoch", None)
    record.best = None if best is None else int(best) + 1
    return record


def _numbers(name: str, values: Any) -> list[float]:
    try:
        return [one_number(v) for v in values]
    except (TypeError, ValueError):
        raise TypeError(f"history[{name!r}] must be a list of numbers, one an epoch, got {values!r}") from None


def _record(columns: dict[str, list[float]], epochs: list[int]) -> Record:
    series = {name: _placed(values, epochs) for name, values in columns.items()}
    if not any(numbers for _, numbers in series.values()):
        raise ValueError("history is empty: it has no epoch to show")
    return Record(series, epochs)


def _placed(values: list[float], epochs: list[int]) -> tuple[list[int], list[float]]:
    """Numbers that some epochs lack: those of every k-th one as of ``validation_freq=k``, else the last ones."""
    every = len(epochs) // max(len(values), 1)
    if every > 1 and len(epochs) // every == len(values):
        where = epochs[every - 1 :: every]
    else:
        where = epochs[len(epochs) - len(values) :]
    kept = [(e, v) for e, v in zip(where, values, strict=True) if not math.isnan(v)]
    return [e for e, _ in kept], [v for _, v in kept]


def _read_csv(path: Path) -> dict[str, list[float]]:
    import csv

    if not path.is_file():
        raise FileNotFoundError(f"history: there is no file {str(path)!r}")
    with path.open(newline="") as file:
        head = file.readline()
        separator = next((s for s in ",;\t|" if s in head), ",")
        file.seek(0)
        rows = [row for row in csv.reader(file, delimiter=separator) if row]
    if not rows or rows[0][0] != "epoch":
        raise ValueError(f"history: {str(path)!r} is no file of CSVLogger: its first column is not 'epoch'")
    names = rows[0]
    columns: dict[str, list[float]] = {name: [] for name in names}
    for number, row in enumerate(rows[1:], 2):
        try:
            numbers = [_of_cell(cell) for cell in row]
            for name, value in zip(names, numbers, strict=True):
                columns[name].append(value)
        except ValueError:
            raise ValueError(f"history: line {number} of {str(path)!r} does not fit its columns, {names}") from None
    return columns


def _of_cell(cell: str) -> float:
    if cell.startswith("[") and cell.endswith("]"):  # a metric with a number for each class
        parts = [float(part) for part in cell[1:-1].split(",")]
        return sum(parts) / len(parts)
    return math.nan if cell in ("NA", "") else float(cell)


def best_epoch(record: Record, monitor: str | None, mode: str) -> tuple[str, int | None]:
    """The number that decides and the epoch in which it was best.

    Args:
        record: of all epochs.
        monitor: its name; unless given, what the history says, else "val_loss", "loss" or nothing.
        mode: "min", "max" or "auto".
    """
    from fastcnn.callbacks.monitor import MonitorCallback

    if monitor is None:
        if record.best is not None:
            return record.monitor, record.best
        monitor = next((name for name in ("val_loss", "loss") if name in record.series), "")
        if not monitor:
            return "", None
    elif monitor not in record.series:
        from fastcnn.registry import suggestion

        raise ValueError(f"monitor: the history has no {monitor!r}.{suggestion(monitor, record.series)}")
    rule, best, where = MonitorCallback(monitor, mode), None, None
    try:
        for epoch, value in zip(*record.series[monitor], strict=True):
            if rule._improves(value, best):
                best, where = value, epoch
    except ValueError:
        raise ValueError(f"monitor: {monitor!r} may grow or shrink: pass mode='max' or mode='min'") from None
    return monitor, where
