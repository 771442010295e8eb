"""What ``compile`` sets up: optimizer, losses, metrics; and how a batch's loss and metrics come of them."""

import functools
import inspect
from typing import Any

from fastcnn._arrays import INT
from fastcnn.checked import checked
from fastcnn.training.compile_config import CompileConfig
from fastcnn.training.compiled import CompileLoss, CompileMetrics, Targets
from fastcnn.training.identifiers import check_losses

__all__ = ["Compilation"]


class Compilation(CompileConfig):
    """The part of a model that ``compile`` is about."""

    stop_training = False
    run_eagerly = False
    jit_compile: Any = "auto"
    steps_per_execution = 1
    loss: Any = None
    history: Any = None
    _compile_loss: CompileLoss | None = None
    _compile_metrics: CompileMetrics | None = None
    _loss_tracker: Any = None
    _fit_state: Any = None
    _resume_state: Any = None
    _held: Any = None

    @functools.partial(checked, kinds=False)
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Says how to train: with which optimizer, on which loss, watching which metrics.

        Args:
            optimizer: a name or an object.
            loss: a name, function or object; "crossentropy" goes by the shapes. A list or dict for several outputs.
            loss_weights: numbers in the same form.
            metrics: a list of names, functions, objects; "accuracy" and "acc" go by the shapes and are logged as
                spelled. For several outputs a list of lists, or a dict by the outputs' names.
            weighted_metrics: metrics that take the sample weights into account.
            run_eagerly: whether steps always run one operation at a time.
            steps_per_execution: how many batches run between calls of the callbacks.
            jit_compile: accepted; there is no compiler.
            auto_scale_loss: accepted; it concerns float16, which there is none of.
        """
        from fastcnn import metrics as metrics_module
        from fastcnn import optimizers

        if isinstance(steps_per_execution, bool) or not isinstance(steps_per_execution, INT) or steps_per_execution < 1:
            raise ValueError(f"steps_per_execution must be a positive int, got {steps_per_execution!r}")
        arguments = {
            "optimizer": optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution, "jit_compile": jit_compile,
        }  # fmt: skip
        names = getattr(self, "output_names", None)
        check_losses(loss)
        made = {
            "optimizer": optimizers.get(optimizer),
            "_compile_loss": None if loss is None else CompileLoss(loss, loss_weights, names),
            "_compile_metrics": CompileMetrics(metrics, weighted_metrics, names)
            if metrics or weighted_metrics
            else None,
            "_loss_tracker": metrics_module.Mean(name="loss"),
            "_compile_arguments": arguments,
            "loss": loss,
            "run_eagerly": bool(run_eagerly),
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "stop_training": False,
            "compiled": True,
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)  # these are no layers, and hold no weights of the model

    def _check_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"{method} needs a compiled model: call model.compile(optimizer=..., loss=...) first")

    # ---- metrics

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean, the compiled metrics, and those that the model and its layers hold as attributes."""
        found: list[Any] = []
        if self.compiled:
            found.append(self._loss_tracker)
            if self._compile_metrics is not None:
                found.append(self._compile_metrics)
            if self._compile_loss is not None:
                found.extend(self._compile_loss.metrics)
        return found + self._held_metrics()

    def _held_metrics(self) -> list[Any]:
        # Looked for once an epoch, and where attributes were added, not in every step.
        kept = self._held
        if kept is not None and kept[0] == len(vars(self)):
            return kept[1]
        from fastcnn.metrics import Metric

        held: dict[int, Any] = {}
        for layer in self._flatten_layers() if hasattr(self, "_flatten_layers") else [self]:
            for key, value in vars(layer).items():
                if key in ("_loss_tracker", "_compile_metrics", "_compile_loss", "_compile_arguments"):
                    continue
                for one in value if isinstance(value, (list, tuple)) else [value]:
                    if isinstance(one, Metric):
                        held.setdefault(id(one), one)
        found = list(held.values())
        object.__setattr__(self, "_held", None)
        object.__setattr__(self, "_held", (len(vars(self)), found))
        return found

    @property
    def metrics_names(self) -> list[str]:
        """The names of ``metrics``."""
        return [m.name for m in self.metrics]

    @property
    def metrics_variables(self) -> list[Any]:
        """The state of the metrics, for checkpoints."""
        return [v for m in self.metrics for v in m.variables]

    def reset_metrics(self) -> None:
        """Forgets the batches so far."""
        object.__setattr__(self, "_held", None)
        self._forget_batches()

    def _forget_batches(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The names and numbers of all metrics, for the logs."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            results.update(value if isinstance(value, dict) else {metric.name: value})
        return results

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics with a batch and returns the results of all; may be overridden."""
        if self._compile_metrics is not None and y is not None:
            self._compile_metrics.update_state(self._targets(y), y_pred, sample_weight)
        return self.get_metrics_result()

    def _counts_plainly(self) -> bool:
        """Whether the metrics do what ``compile`` says, so that a program may count for them."""
        return (
            type(self).compute_metrics is Compilation.compute_metrics
            and "compute_metrics" not in vars(self)
            and (self._compile_metrics is None or self._compile_metrics.built)
        )

    def _uncounted(self, counted: frozenset[int], y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        """``compute_metrics`` where a program has counted for some of the metrics already."""
        if self._compile_metrics is not None and y is not None:
            self._compile_metrics.update_others(counted, self._targets, y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _targets(self, y: Any) -> Any:
        loss = self._compile_loss
        return Targets(loss.targets(y)) if loss is not None and loss.built else y

    # ---- loss

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: the compiled losses, and what layers and regularizers add; may be overridden."""
        total: Any = None
        if self._compile_loss is not None:
            if y is None:
                raise ValueError(
                    "y is missing: the compiled loss needs targets; give fit y, or batches (x, y), and validation_data "
                    "as (x_val, y_val)"
                )
            total = self._compile_loss(y, y_pred, sample_weight)
        for loss in self.losses:  # type: ignore[attr-defined]
            total = loss if total is None else total + loss
        if total is None:
            raise ValueError("there is no loss to train on: give compile loss=..., or call add_loss in a layer")
        return total

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        if type(self).compute_loss is Compilation.compute_loss or _takes_training(type(self)):
            return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
        return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """The numbers as a list: the loss, metrics as in ``compile``, the outputs' losses, then the rest by name."""
        names = ["loss"]
        if self._compile_metrics is not None:
            names += [m.name for m in self._compile_metrics.metrics]
        if self._compile_loss is not None:
            names += [m.name for m in self._compile_loss.metrics]
        found = [logs[name] for name in dict.fromkeys(names) if name in logs]
        found += [logs[name] for name in sorted(logs) if name not in names]
        return found[0] if len(found) == 1 else found


def _takes_training(cls: Any) -> bool:
    found = cls.__dict__.get("_loss_takes_training")
    if found is None:
        parameters = inspect.signature(cls.compute_loss).parameters
        found = "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        cls._loss_takes_training = found
    return bool(found)
