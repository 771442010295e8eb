"""Callbacks that write down what happens: a CSV file, TensorBoard, functions of the user's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastcnn._arrays import INT
from fastcnn.callbacks.callback import Callback
from fastcnn.training.progress import one_number

__all__ = ["CSVLogger", "LambdaCallback", "TensorBoard"]


class CSVLogger(Callback):
    """Writes a line of numbers for each epoch.

    Args:
        filename: of the CSV file.
        separator: between the columns.
        append: whether to continue an existing file.

    Example:
        >>> callback = CSVLogger("training.csv")
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        super().__init__()
        self.filename, self.sep, self.append = Path(filename), separator, append
        self._keys: list[str] | None = None
        self._file: Any = None
        self._size: int | None = None  # of the file, where this training continues from a checkpoint

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the file."""
        size, self._size = self._size, None
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        if size is not None and self.filename.exists():
            self._file = self.filename.open("r+", newline="")
            self._file.truncate(size)  # epochs that come again
            self._file.seek(0, 2)
            return
        self._keys = None
        if self.append and self.filename.exists():
            import csv

            with self.filename.open(newline="") as file:
                header = next(csv.reader(file, delimiter=self.sep), None)
            self._keys = header[1:] if header else None
        self._file = self.filename.open("a" if self.append else "w", newline="")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes a line."""
        import csv

        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.sep)
        if self._keys is None:
            self._keys = sorted(logs)
            # Where training stops before the first validation, its columns are there all the same.
            if self.params.get("do_validation") and not any(k.startswith("val_") for k in self._keys):
                self._keys += [f"val_{k}" for k in self._keys]
            writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(_cell(logs.get(k, "NA")) for k in self._keys)])
        self._file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the file."""
        self.close()

    def close(self) -> None:
        """Closes the file, also where something went wrong."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        size = self.filename.stat().st_size if self._file is not None else None
        return {"keys": self._keys, "size": size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self._keys, self._size = state["keys"], state["size"]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None}


def _cell(value: Any) -> Any:
    """Numbers for each class as a list: one line, which can be read again."""
    return value.tolist() if hasattr(value, "tolist") else value


class LambdaCallback(Callback):
    """Calls functions at the moments they are named after.

    Args:
        on_epoch_begin, on_epoch_end: called with ``(epoch, logs)``.
        on_train_begin, on_train_end: called with ``(logs)``.
        on_train_batch_begin, on_train_batch_end: called with ``(batch, logs)``.
        kwargs: any other hook of ``Callback``.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise TypeError(f"LambdaCallback got an unknown hook {name!r}")
            if function is not None:
                object.__setattr__(self, name, function)


class TensorBoard(Callback):
    """Writes event files for TensorBoard, through the package tensorboardX.

    Args:
        log_dir: the folder; ``train`` and ``validation`` come below it.
        histogram_freq: every how many epochs the weights' histograms are written; 0 for never.
        write_graph: accepted; fastcnn writes no graph.
        write_images: whether kernels are written as pictures, with the histograms.
        write_steps_per_second: whether the speed is logged.
        update_freq: "epoch", "batch", or a number of batches.
        profile_batch, embeddings_freq, embeddings_metadata: not supported.

    Example:
        >>> callback = TensorBoard("logs")
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ):
        super().__init__()
        for name, value in (("profile_batch", profile_batch), ("embeddings_freq", embeddings_freq)):
            if value:
                raise NotImplementedError(f"{name} is not supported by fastcnn's TensorBoard")
        if embeddings_metadata is not None:
            raise NotImplementedError("embeddings_metadata is not supported by fastcnn's TensorBoard")
        if update_freq != "epoch" and update_freq != "batch" and not (isinstance(update_freq, INT) and update_freq > 0):
            raise ValueError(f"update_freq must be 'epoch', 'batch' or a number of batches, got {update_freq!r}")
        self.log_dir, self.histogram_freq, self.write_images = Path(log_dir), histogram_freq, write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, Any] = {}
        self._step = 0
        self._began = 0.0

    def _writer(self, which: str) -> Any:
        if which not in self._writers:
            try:
                from tensorboardX import SummaryWriter
            except ImportError:
                raise ImportError('TensorBoard needs tensorboardX: pip install "fastcnn[tensorboard]"') from None
            self._writers[which] = SummaryWriter(str(self.log_dir / which))
        return self._writers[which]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the event file, so that a missing package is noticed at once."""
        self._writer("train")

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        import time

        self._began, self._first = time.perf_counter(), self._step

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the batch's numbers, every ``update_freq`` batches."""
        self._step += 1
        if self.update_freq != "epoch" and self._step % self.update_freq == 0:
            for name, value in (logs or {}).items():
                self._writer("train").add_scalar(f"batch_{name}", one_number(value), self._step)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the epoch's numbers."""
        import time

        for name, value in (logs or {}).items():
            validation = name.startswith("val_")
            self._writer("validation" if validation else "train").add_scalar(
                f"epoch_{name.removeprefix('val_')}", one_number(value), epoch
            )
        if self.write_steps_per_second:
            speed = (self._step - self._first) / max(time.perf_counter() - self._began, 1e-9)
            self._writer("train").add_scalar("epoch_steps_per_second", speed, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for v in self.model.weights:
                self._writer("train").add_histogram(v.path, v.numpy(), epoch)
                if self.write_images and len(v.shape) == 4 and v.shape[2] in (1, 3):
                    picture = (v.numpy() - v.array.min()) / max(float(v.array.max() - v.array.min()), 1e-9)
                    self._writer("train").add_images(v.path, picture.transpose(3, 2, 0, 1), epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the event files."""
        self.close()

    def close(self) -> None:
        """Closes the event files, also where something went wrong."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"step": self._step}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self._step = state["step"]
