"""History: the numbers of each epoch, which ``fit`` returns."""

from typing import Any

from fastcnn.callbacks.callback import Callback
from fastcnn.registry import suggestion
from fastcnn.training.progress import one_number

__all__ = ["History"]


class Numbers(dict[str, Any]):
    """Lists of numbers by the names of metrics; of a name that is not there it says which ones are."""

    def __missing__(self, name: Any) -> Any:
        raise KeyError(f"there is no {name!r} in the history; there are {list(self)}.{suggestion(str(name), self)}")


class History(Callback):
    """Keeps the losses and metrics of each epoch. Every ``fit`` makes one and returns it.

    ``history.history`` maps each name to a list with a number for each epoch, ``history.epoch`` lists the epochs,
    ``history.params`` holds "epochs", "steps" (in an epoch) and "verbose".

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.history
        {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = Numbers()
        self._resumed = False
        self._logs: dict[str, Any] = {}
        self._noted: set[str] = set()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins anew, unless this ``fit`` continues from a checkpoint."""
        if self._resumed:
            self._resumed = False
            return
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the epoch's numbers."""
        self.epoch.append(epoch)
        self._logs, self._noted = logs or {}, set()
        self._note()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps what other callbacks have added to the logs of the epoch before, such as the learning rate."""
        self._note()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Likewise."""
        self._note()

    def _note(self) -> None:
        for name, value in self._logs.items():
            if name not in self._noted:
                self._noted.add(name)
                self.history.setdefault(name, []).append(value)

    @property
    def steps_per_epoch(self) -> int | None:
        """How many batches an epoch has."""
        return self.params.get("steps")

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        self._note()
        return {"epoch": list(self.epoch), "history": {name: list(values) for name, values in self.history.items()}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self.epoch = list(state["epoch"])
        self.history = Numbers({name: list(values) for name, values in state["history"].items()})
        self._resumed = True

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {one_number(values[-1]):.4g}" for name, values in self.history.items() if values)
        return f"<History of {len(self.epoch)} epochs{': ' + last if last else ''}>"

    def __getstate__(self) -> dict[str, Any]:
        # A history outlives its model in files; the model itself has a format of its own.
        return self.__dict__ | {"_model": None}

    def _repr_html_(self) -> str:
        from html import escape

        names = list(self.history)
        head = "".join(f"<th>{escape(name)}</th>" for name in ["epoch", *names])
        rows = []
        for i, epoch in enumerate(self.epoch):
            # val_ numbers may be missing in epochs without validation: lists are aligned at their ends.
            cells = [_cell(self.history[name], i - len(self.epoch)) for name in names]
            rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in [str(epoch + 1), *cells]) + "</tr>")
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(values: list[float], index: int) -> str:
    return f"{one_number(values[index]):.4g}" if -index <= len(values) else ""
