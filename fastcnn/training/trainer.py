"""Trainer: compile, fit, evaluate, predict. Models inherit it."""

import functools
import warnings
from typing import Any

from fastcnn import _core
from fastcnn.autograd import GradientTape
from fastcnn.checked import checked
from fastcnn.plan import stepping
from fastcnn.plan.answering import answer
from fastcnn.plan.batches import samples
from fastcnn.seam import state as seam_state
from fastcnn.tensor import Tensor
from fastcnn.training.arrays import check_class_weight, map_leaves, pack, tensors, unpack, weighted
from fastcnn.training.compilation import Compilation
from fastcnn.training.compiled import Targets
from fastcnn.training.outputs import flat_outputs
from fastcnn.training.results import plain_logs, to_array

__all__ = ["Trainer"]


_LOOKED_AT = 16  # samples of the first batch, which tell whether model, loss and labels go together


class Anything(set[str]):
    """The names that a ``train_step`` of the user's may log: nobody knows."""

    def __contains__(self, name: object) -> bool:
        return True


class _Gone:
    """A method of Keras 2 that Keras 3 has not: who asks for it is told what to write."""

    def __init__(self, instead: str):
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, owner: type) -> Any:
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}; write {self.instead}")


class Trainer(Compilation):
    """What turns layers into a model that learns: ``compile``, ``fit``, ``evaluate``, ``predict``, and their steps."""

    predict_classes = _Gone("model.predict(x).argmax(axis=-1), or (model.predict(x) > 0.5).astype(int) of one output")
    predict_proba, predict_generator = _Gone("model.predict(x)"), _Gone("model.predict(batches)")
    fit_generator, evaluate_generator = _Gone("model.fit(batches)"), _Gone("model.evaluate(batches)")

    @functools.partial(checked, kinds=False)
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Any = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: Any = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Trains.

        Args:
            x: arrays (any dtype; a list or dict for several inputs), a ``PyDataset``, a generator or iterable of
                batches ``(x, y)`` or ``(x, y, sample_weight)``.
            y: labels or targets, where x is arrays.
            batch_size: 32 unless given; "full" for all samples in one step. A ``PyDataset`` keeps its own.
            epochs: the number of the last epoch.
            verbose: 0 silent; "auto" or 1 a bar on a terminal, a line an epoch elsewhere; 2 a line an epoch.
            callbacks: a list.
            validation_split: which part of the samples, the last ones, is kept for validation.
            validation_data: ``(x, y)``, ``(x, y, sample_weight)`` or a dataset.
            shuffle: whether samples come in a new random order each epoch; "batch" shuffles batches.
            class_weight: the weight of each class in the loss.
            sample_weight: the weight of each sample in the loss.
            initial_epoch: where to begin.
            steps_per_epoch: batches in an epoch, where it is not all of them.
            validation_steps: batches of validation, where it is not all of them.
            validation_batch_size: that of training unless given.
            validation_freq: validate every so many epochs, or in these epochs (from 1).

        Returns:
            A ``History``.
        """
        arguments = {name: value for name, value in locals().items() if name != "self"}
        from fastcnn.training import fitting  # here: its callbacks bring files, dates and bars with them

        self._check_compiled("fit")
        return fitting.prepare(self, arguments)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Any = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and the metrics on test data.

        Args:
            x: as in ``fit``.
            y: likewise.
            batch_size: 32 unless given.
            verbose: as in ``fit``.
            sample_weight: as in ``fit``.
            steps: how many batches, where it is not all.
            callbacks: a list.
            return_dict: whether to return a dict of names and numbers.

        Returns:
            The loss; a list of the loss and the metrics where there are metrics; or a dict.
        """
        from fastcnn.training import evaluation

        if kwargs:
            raise TypeError(f"evaluate got an unknown argument {next(iter(kwargs))!r}")
        self._check_compiled("evaluate")
        logs = evaluation.evaluate(self, x, y, batch_size, verbose, sample_weight, steps, callbacks)
        return logs if return_dict else self._in_order(logs)

    def _evaluate(self, data: Any, class_weight: Any, callbacks: Any) -> dict[str, Any]:
        from fastcnn.training import evaluation

        return evaluation.run(self, data, callbacks)

    def predict(
        self, x: Any, batch_size: Any = None, verbose: Any = "auto", steps: int | None = None, callbacks: Any = None
    ) -> Any:
        """The outputs for x, in batches. Safe to call from several threads.

        Args:
            x: as in ``fit``; batches of a dataset may be tuples, of which only x is used.
            batch_size: 32 unless given.
            verbose: as in ``fit``; "auto" shows nothing for a single batch.
            steps: how many batches, where it is not all.
            callbacks: a list.

        Returns:
            An array, or arrays in the form of the model's outputs.
        """
        from fastcnn.training import evaluation

        return evaluation.predict(self, x, batch_size, verbose, steps, callbacks)

    # ---- one batch

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch, of which alone the loss and the metrics tell.

        Returns:
            As ``evaluate``.
        """
        self._check_compiled("train_on_batch")
        check_class_weight(class_weight)
        data = weighted(tensors(pack(x, y, sample_weight) if y is not None else x), class_weight)
        self._make_ready(data, again=False)
        self._forget_batches()
        logs = plain_logs(self.train_step(data))
        return logs if return_dict else self._in_order(logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and the metrics on one batch."""
        self._check_compiled("test_on_batch")
        data = tensors(pack(x, y, sample_weight) if y is not None else x)
        self._make_ready(data, again=False)
        self._forget_batches()
        logs = plain_logs(self.test_step(data))
        return logs if return_dict else self._in_order(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as arrays."""
        if not self._has_own_predict_step():
            y = answer(self, x)
            if y is not None:
                return y
        return map_leaves(to_array, self.predict_step((unpack(tensors((x,)))[0],)))

    def train_step(self, data: Any) -> dict[str, Any]:
        """What ``fit`` does with a batch; may be overridden. Returns names and numbers for the logs."""
        with stepping.turn(self):
            return self._train(data)

    def _train(self, data: Any) -> dict[str, Any]:
        x, y, sample_weight = unpack(data)
        variables = self.trainable_variables
        step: Any = stepping.training_step(self, (x, y, sample_weight)) if variables else None
        if step is not None:
            loss, y_pred, gradients = step.loss, step.y_pred, step.gradients
        else:
            with GradientTape() as tape:
                y_pred = self(x, training=True)  # type: ignore[operator]
                loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            gradients = tape.gradient(loss, variables) if variables else []
        counted = None if step is None else step.counted
        if counted is None:
            self._loss_tracker.update_state(loss.array, sample_weight=samples(x))
        if variables and (step is None or step.update is None):
            self.optimizer.follow(variables)
            self.optimizer.apply(gradients, variables)
        if counted is not None:
            return self._uncounted(counted, y, y_pred, sample_weight)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """What ``evaluate`` does with a batch; may be overridden."""
        x, y, sample_weight = unpack(data)
        y_pred = stepping.tested(self, x)
        if y_pred is None:
            y_pred = self(x, training=False)  # type: ignore[operator]
        loss = self._compute_loss(x, y, y_pred, sample_weight, training=False)
        self._loss_tracker.update_state(loss.array, sample_weight=samples(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """What ``predict`` does with a batch; may be overridden."""
        return self._infer(unpack(data)[0])

    # ---- what the first batch shows

    def _make_ready(self, data: Any, again: bool = True) -> None:
        """Builds what waits for a first batch, and checks that model, loss and labels go together.

        ``again``: whether to check where everything is built already.
        """
        from fastcnn import losses

        cls: Any = type(self)
        if cls.train_step is not Trainer.train_step or cls.compute_loss is not Compilation.compute_loss:
            return
        if not again and all(c is None or c.built for c in (self._compile_loss, self._compile_metrics)):
            return
        x, y, _ = unpack(data)
        x = map_leaves(lambda t: Tensor(t.array[:_LOOKED_AT]), x)
        tapes, seam_state.tapes = seam_state.tapes, ()
        root, seam_state.root = seam_state.root, self  # as a part of something: no program is made, and kept, for it
        try:
            y_pred = self(x, training=False)  # type: ignore[operator]
        finally:
            seam_state.tapes, seam_state.root = tapes, root
            _core.clear_cache()  # what this one eager pass needed, the program never asks for again
        if y is None:
            return
        y = map_leaves(lambda t: Tensor(t.array[:_LOOKED_AT]), y)
        if self._compile_loss is not None:
            if not self._compile_loss.built:
                self._compile_loss.build(y, y_pred)
            targets, outputs = self._compile_loss.targets(y), flat_outputs(y_pred)
            for i, loss, *_ in self._compile_loss.terms:
                for sentence in losses.check_head(loss, targets[i].array, outputs[i].array):
                    warnings.warn(sentence, UserWarning, stacklevel=5)
        compiled = self._compile_metrics
        if compiled is not None and not compiled.built:
            found = self._targets(y)
            compiled.build(found if isinstance(found, Targets) else compiled.targets(y, y_pred), y_pred)

    def expected_logs(self, validation: bool = False) -> set[str]:
        """The names that the logs of an epoch will have; of a ``train_step`` of your own, any."""
        cls: Any = type(self)
        if cls.train_step is not Trainer.train_step or cls.compute_metrics is not Compilation.compute_metrics:
            return Anything(self.metrics_names)
        names = set(self.get_metrics_result())
        return names | {f"val_{name}" for name in names} if validation else names

    # ---- programs

    def explain_plan(self, batch_size: int | None = None) -> str:
        """The programs that ``fit`` and ``predict`` run, step by step, or the line that keeps the model eager.

        Of each step: its layer, shapes, what was fused into it, its algorithm, and where in the arena its result lies.

        Args:
            batch_size: capture programs for batches of this size, instead of telling those that were made so far.

        Returns:
            A text to print.
        """
        from fastcnn.plan import explaining

        return explaining.explain(self, batch_size)

    def memory_report(self, batch_size: int = 32) -> dict[str, int]:
        """Bytes that a batch size will need: weights, optimizer, and arenas.

        Args:
            batch_size: of training and prediction.

        Returns:
            Names and bytes; "training total" only of a compiled model. "gradients" (the most that there are at one
            time) and "scratch" (what the kernels take while they run) are parts of the arenas.
        """
        from fastcnn.plan import footprint

        return footprint.memory(self, batch_size)

    def profile(
        self,
        x: Any,
        y: Any = None,
        training: bool = False,
        trace: Any = None,
        roofline: Any = None,
        repeats: int = 5,
    ) -> Any:
        """Where the time goes: each step's milliseconds, and its share of the floor that this machine sets.

        The floor of a step is ``max(FLOPs / P, bytes / B)``: FLOPs after Winograd, everything read once and written
        once, P and B measured here. Weights, optimizer, metrics and random generators stay as they are.

        Args:
            x: a batch.
            y: its targets, for a training step.
            training: whether to profile a training step; else inference.
            trace: a file to write for chrome://tracing.
            roofline: a picture to write; needs matplotlib: pip install "fastcnn[viz]".
            repeats: how often the program runs; the times are medians.

        Returns:
            A ``Profile``: print it, or look at its ``rows``, ``by_layer()``, ``total_ms``, ``floor_ms`` and ``share``.
        """
        from fastcnn.plan import profiling

        found = profiling.profile(self, x, y, training, repeats)
        if trace is not None:
            found.save_trace(trace)
        if roofline is not None:
            found.save_roofline(roofline)
        return found

    def _has_own_predict_step(self) -> bool:
        return type(self).predict_step is not Trainer.predict_step

    def _infer(self, x: Any) -> Any:
        """The outputs for tensors, by a program where the model can be captured."""
        y = stepping.inference(self, x, lambda outputs: stepping.copied(outputs, logits=False))
        return self(x, training=False) if y is None else y  # type: ignore[operator]
