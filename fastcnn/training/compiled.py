"""The loss and the metrics of a compiled model: names, functions and objects, for one output or several."""

from typing import Any

from fastcnn._arrays import NUMBER
from fastcnn.ops import mean
from fastcnn.seam import state as seam_state
from fastcnn.training.identifiers import check_metric_names, resolve_loss, resolve_metric
from fastcnn.training.outputs import are_named, by_output, flat_outputs, output_names

__all__ = ["CompileLoss", "CompileMetrics"]


class CompileLoss:
    """The loss of a model: one, or one for each output, weighted and added.

    Args:
        loss: a name, function or object; a list or dict of them for several outputs, None where an output has none.
        loss_weights: numbers in the same form.
        output_names: of the model, None where it has none.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: list[str] | None = None):
        held = list(loss_weights.values()) if isinstance(loss_weights, dict) else loss_weights
        words = [w for w in (held if isinstance(held, (list, tuple)) else [held]) if isinstance(w, str)]
        if words or (loss_weights is not None and not isinstance(loss_weights, (list, tuple, dict, *NUMBER))):
            got = repr(loss_weights) if words and words != [loss_weights] else type(loss_weights).__name__
            hint = f"; metrics have a name of their own, metrics={words}" if words else ""
            raise TypeError(f"loss_weights must be a number, or a list or dict of numbers, got {got}{hint}")
        self.loss, self.loss_weights, self.output_names = loss, loss_weights, output_names
        self.built = False
        self.terms: list[tuple[int, Any, float | None, Any]] = []  # output, loss, weight, tracker
        self.metrics: list[Any] = []
        self.names: list[str] = []

    @property
    def variables(self) -> list[Any]:
        """The state of the outputs' losses, for checkpoints."""
        return [v for metric in self.metrics for v in metric.variables]

    def _entries(self) -> tuple[list[Any], list[Any]]:
        """Lists of losses, and their weights, for each output."""
        names, loss, weights = self.names, self.loss, self.loss_weights
        alone = len(names) == 1
        if alone and isinstance(loss, (list, tuple)) and len(loss) != 1:
            entries = [list(loss)]  # several losses on one output add up
            weights = list(weights) if isinstance(weights, (list, tuple)) else [weights] * len(loss)
            if len(weights) != len(loss):
                raise ValueError(f"loss_weights must be as many as the losses, {len(loss)}, got {len(weights)}")
            return entries, [weights]
        if isinstance(loss, (list, tuple, dict)) and not (isinstance(loss, dict) and "class_name" in loss):
            entries = by_output(loss, names, "loss")
        else:
            entries = [loss] * len(names)
        given = [None] * len(names) if weights is None else by_output(weights, names, "loss_weights")
        entries = [list(e) if isinstance(e, (list, tuple)) else [e] for e in entries]
        return entries, [[w] * len(e) for w, e in zip(given, entries, strict=True)]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Looks up what the names mean, now that the shapes are known."""
        from fastcnn import metrics

        outputs = flat_outputs(y_pred)
        self.names = output_names(y_pred, self.output_names)
        entries, weights = self._entries()
        targets = self.targets(y_true, entries)
        terms: list[tuple[int, Any, float | None, Any]] = []
        for i, (some, factors) in enumerate(zip(entries, weights, strict=True)):
            for identifier, weight in zip(some, factors, strict=True):
                if identifier is None:
                    continue
                if targets[i] is None:
                    raise ValueError(f"the output {self.names[i]!r} has a loss, but there is no y for it")
                terms.append((i, resolve_loss(identifier, targets[i], outputs[i]), weight, None))
        if isinstance(self.loss, dict) and isinstance(y_pred, dict):
            order = list(self.loss)
            terms.sort(key=lambda term: order.index(self.names[term[0]]))
        if len(terms) > 1:
            named = are_named(y_pred, self.output_names)
            labels = [f"{self.names[i] if named else t.name}_loss" for i, t, *_ in terms]
            if not named:  # Keras has one entry in the logs for losses of one name, and it is that of the last
                labels = [f"{s}_{labels[:i].count(s)}" if s in labels[:i] else s for i, s in enumerate(labels)]
            self.metrics = [metrics.Mean(name=label) for label in labels]
            terms = [(i, t, w, m) for (i, t, w, _), m in zip(terms, self.metrics, strict=True)]
        self.terms = terms
        self._wants = [any(e is not None for e in some) for some in entries]
        self.built = True

    def targets(self, y_true: Any, entries: list[Any] | None = None) -> list[Any]:
        """The targets in the order of the outputs."""
        names = self.names
        if isinstance(y_true, dict):
            return by_output(y_true, names, "y")
        if not isinstance(y_true, (list, tuple)):
            if len(names) > 1:
                wants = self._wants if self.built else [any(e is not None for e in some) for some in entries or []]
                if sum(wants) != 1:
                    raise ValueError(f"y must have an entry for each of the outputs {names}, got a single array")
                return [y_true if w else None for w in wants]
            return [y_true]
        if len(y_true) == len(names):
            return list(y_true)
        wants = self._wants if self.built else [any(e is not None for e in some) for some in entries or []]
        if len(y_true) == sum(wants):  # outputs without a loss need no targets
            rest = iter(y_true)
            return [next(rest) if w else None for w in wants]
        raise ValueError(f"y must have an entry for each of the outputs {names}, got {len(y_true)}")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if not self.built:
            self.build(y_true, y_pred)
        if len(self.terms) == 1 and y_pred.__class__ not in (list, tuple, dict):
            _, loss, weight, _ = self.terms[0]
            y_true = y_true[0] if isinstance(y_true, (list, tuple)) else self.targets(y_true)[0]
            value = loss(y_true, y_pred, sample_weight)
            return value if weight is None else value * weight
        outputs, targets = flat_outputs(y_pred), self.targets(y_true)
        samples = output_weights(sample_weight, self.names)
        total: Any = None
        for i, loss, weight, tracker in self.terms:
            value = loss(targets[i], outputs[i], samples[i])
            if tracker is not None:  # unweighted, as Keras logs it
                if seam_state.observed is not None:
                    seam_state.observed.append((tracker, mean(value) if value.shape else value, outputs[i].shape[0]))
                else:
                    tracker.update_state(value.array, sample_weight=outputs[i].shape[0])
            if weight is not None:
                value = value * weight
            total = value if total is None else total + value
        return total


def output_weights(sample_weight: Any, names: list[str]) -> list[Any]:
    """The sample weights of each output; one array is for all."""
    if isinstance(sample_weight, (list, tuple, dict)):
        return by_output(sample_weight, names, "sample_weight")
    return [sample_weight] * len(names)


class CompileMetrics:
    """The metrics of a model, for one output or several.

    Args:
        metrics: names, functions, objects; for several outputs a list of lists or a dict.
        weighted_metrics: in the same form; these take the sample weights into account.
        output_names: of the model, None where it has none.
    """

    name = "compile_metrics"

    def __init__(self, metrics: Any, weighted_metrics: Any = None, output_names: list[str] | None = None):
        for argument, value in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if value and not isinstance(value, (list, tuple, dict)):
                raise TypeError(
                    f"{argument} must be a list, tuple or dict, got {value!r}; write {argument}=[{value!r}]"
                )
            check_metric_names(value)
        self.user, self.user_weighted, self.output_names = metrics, weighted_metrics, output_names
        self.built = False
        self.names: list[str] = []
        self._prefixed = False
        self.plain: list[list[Any]] = []
        self.weighted: list[list[Any]] = []

    @property
    def metrics(self) -> list[Any]:
        """All of them."""
        return [m for some in self.plain + self.weighted for m in some]

    @property
    def variables(self) -> list[Any]:
        """Their state."""
        return [v for m in self.metrics for v in m.variables]

    def _resolve(self, given: Any, argument: str, targets: list[Any], outputs: list[Any]) -> list[list[Any]]:
        if not given:
            return [[] for _ in outputs]
        if len(outputs) == 1:
            entries = [[m for value in (given.values() if isinstance(given, dict) else given) for m in _as_list(value)]]
        else:
            entries = [_as_list(e) for e in by_output(given, self.names, argument)]
        for name, some, target in zip(self.names, entries, targets, strict=True):
            if some and target is None:
                raise ValueError(f"{argument} names the output {name!r}, but there is no y for it")
        return [[resolve_metric(m, t, p) for m in some] for some, t, p in zip(entries, targets, outputs, strict=True)]

    def build(self, targets: list[Any], y_pred: Any) -> None:
        """Looks up what the names mean, now that the shapes are known."""
        self.names = output_names(y_pred, self.output_names)
        self._prefixed = len(self.names) > 1 and are_named(y_pred, self.output_names)
        outputs = flat_outputs(y_pred)
        self.plain = self._resolve(self.user, "metrics", targets, outputs)
        self.weighted = self._resolve(self.user_weighted, "weighted_metrics", targets, outputs)
        self.built = True

    def targets(self, y_true: Any, y_pred: Any) -> list[Any]:
        """The targets in the order of the outputs."""
        names = self.names or output_names(y_pred, self.output_names)
        if isinstance(y_true, (list, tuple)) and len(y_true) != len(names):
            raise ValueError(f"y must have an entry for each of the outputs {names}, got {len(y_true)}")
        return by_output(y_true, names, "y")

    def update_others(
        self, counted: frozenset[int], targets: Any, y_true: Any, y_pred: Any, sample_weight: Any
    ) -> None:
        """Takes a batch into account where ``counted``, the ids of some metrics, have done so.

        Args:
            counted: ids.
            targets: puts the targets in the order of the outputs; not called where all have counted.
            y_true: the targets.
            y_pred: the outputs.
            sample_weight: as for ``update_state``.
        """
        if any(self.weighted) or any(id(m) not in counted for some in self.plain for m in some):
            self.update_state(targets(y_true), y_pred, sample_weight, counted)

    def update_state(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, counted: frozenset[int] = frozenset()
    ) -> None:
        """Takes a batch into account; metrics whose ids are ``counted`` have done so."""
        targets = y_true if isinstance(y_true, Targets) else self.targets(y_true, y_pred)
        if not self.built:
            self.build(targets, y_pred)
        outputs = flat_outputs(y_pred)
        for i, some in enumerate(self.plain):
            for metric in some:
                if id(metric) not in counted:
                    metric.update_state(targets[i], outputs[i])
        if any(self.weighted):
            weights = output_weights(sample_weight, self.names)
            for i, some in enumerate(self.weighted):
                for metric in some:
                    metric.update_state(targets[i], outputs[i], weights[i])

    def reset_state(self) -> None:
        """Forgets all batches."""
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """The numbers by their names in the logs: with the output's name before where there are several with names."""
        results: dict[str, Any] = {}
        counts: dict[str, int] = {}
        for weighted, groups in ((False, self.plain), (True, self.weighted)):
            for output, some in zip(self.names, groups, strict=True):
                prefix = f"{output}_" if self._prefixed else ""
                for metric in some:
                    name = prefix + metric.name
                    if weighted and name in counts:
                        name = f"{prefix}weighted_{metric.name}"
                    if name in counts:
                        counts[name] += 1
                        name = f"{name}_{counts[name] - 1}"
                    else:
                        counts[name] = 1
                    results[name] = metric.result()
        return results


class Targets(list[Any]):
    """Targets in the order of the outputs already."""


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]
