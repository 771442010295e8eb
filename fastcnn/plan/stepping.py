"""Programs for models: one training step, or one pass of inference, per shape of the batch."""

import threading
import weakref
from typing import Any

import numpy as np

from fastcnn.autograd import GradientTape
from fastcnn.gathered import Gathered
from fastcnn.layers.nests import contents, map_tensors, tensors_of
from fastcnn.optimizers.flat import in_order_of_memory
from fastcnn.optimizers.recorded import Part, group_of
from fastcnn.plan.batch_parts import stretches
from fastcnn.plan.capture import NotCapturable, capture
from fastcnn.plan.counting import count
from fastcnn.plan.early_updates import early_updates, in_rows, may_be_early, whole
from fastcnn.plan.inference_passes import inference_passes
from fastcnn.plan.program import EFFECTS, Program
from fastcnn.plan.training_passes import training_passes
from fastcnn.seam import Node, state
from fastcnn.tensor import Changes, SymbolicTensor, Tensor, Variable

__all__ = ["Plans", "answered", "copied", "inference", "plans_of", "samples", "settle", "training_step"]

KEPT = 8  # programs of one model; of more shapes, the oldest are forgotten

_lock = threading.Lock()  # of the lists of programs, not of the programs
_plans: "weakref.WeakKeyDictionary[Any, Plans]" = weakref.WeakKeyDictionary()


class Plans:
    """The programs of one model.

    Attributes:
        eager: why batches of some shapes run eagerly. A mistake in one batch says nothing about the next.
        replayed: whether a call of the model may run a program: nobody would notice.
        forgotten: whether the programs read memory that nothing changes any more.
    """

    def __init__(self, model: Any, parts: Any, compiled: Any) -> None:
        self.model = weakref.ref(model)
        self.parts, self.compiled, self.forgotten = parts, compiled, False
        self.training: dict[Any, TrainingStep] = {}
        self.inference: dict[Any, list[Inference]] = {}
        self.eager: dict[Any, str] = {}
        self.replayed: bool | None = None  # not known yet
        self.changes = Changes.count  # when the parts were last looked at

    @property
    def reason(self) -> str | None:
        """Why the model runs eagerly, where it does for any shape."""
        return next(iter(self.eager.values()), None)


def _parts(model: Any) -> Any:
    """What programs are made for: these layers, as they are, these variables, and which of them are trained."""
    layers = [(id(layer), layer._trainable, vars(layer).get("_edits")) for layer in model._flatten_layers()]
    return layers, [(id(v), v.trainable) for v in model.variables]


def plans_of(model: Any) -> Plans:
    """The model's programs, none of which is outdated."""
    found = _plans.get(model)
    compiled = model._compile_arguments  # a new dict each time: another loss, or layers changed by hand before it
    if found is None or found.compiled is not compiled or found.changes != Changes.count:
        parts = _parts(model)
        if found is None or found.compiled is not compiled or found.parts != parts:
            found = _plans[model] = Plans(model, parts, compiled)
        found.changes = Changes.count
    return found


def _key(data: Any) -> Any:
    """What a program for a batch is kept under; None where the batch holds other things than arrays."""
    try:
        return _shapes(data)
    except TypeError:
        return None


def _shapes(data: Any) -> Any:
    if data.__class__ is Tensor:
        return (data.array.shape, data.array.dtype.kind)
    if data.__class__ is Gathered:
        return (data.shape, "f")
    if isinstance(data, (list, tuple)):
        return tuple([_shapes(d) for d in data])
    if isinstance(data, dict):
        return tuple([(k, _shapes(v)) for k, v in data.items()])
    if data is None:
        return None
    raise TypeError(f"a batch holds {type(data).__name__}")


def _symbolic(t: Tensor) -> SymbolicTensor:
    """The stand-in of a batch's array: numbers with a fraction are float32, labels int64, as the kernels want them."""
    kind = t.array.dtype.kind
    return SymbolicTensor(t.array.shape, "float32" if kind == "f" else "int64" if kind in "iu" else "bool")


def _flat(data: Any) -> list[Tensor]:
    return [t for t in contents(data if not isinstance(data, dict) else list(data.values())) if t is not None]


def _nest(data: Any, stand_ins: list[SymbolicTensor]) -> Any:
    """The stand-ins in the form of the batch."""
    rest = iter(stand_ins)
    return map_tensors(data, lambda t: next(rest))


class _Step:
    program: Program

    def feed(self, tensors: list[Tensor], first: int = 0) -> None:
        """Copies a batch into the program's memory, from one of its inputs on."""
        for array, t in zip(self.program.inputs[first:], tensors, strict=True):
            if t.__class__ is Gathered:
                t.copy_to(array)
            else:
                np.copyto(array, t.array, casting="unsafe")


class TrainingStep(_Step):
    """Forward, loss and gradients of one batch; once ``attach`` is called, counts for the logs and the update, too.

    Attributes:
        early: whether variables are updated amid the backward pass: then no ``gradients`` are left after it.
        update: the optimizer's steps; None where Python has to do what they do.
        counted: the metrics that are up to date after a run; None where the step counts nothing.
    """

    update: Any = None
    counted: frozenset[int] | None = None

    def __init__(self, model: Any, data: tuple[Any, Any, Any], arena: Any = None):
        stand_ins = [_symbolic(t) for t in _flat(data)]
        self.variables = model.trainable_variables

        def step(*inputs: SymbolicTensor) -> Any:
            x, y, sample_weight = _nest(data, list(inputs))
            with GradientTape() as tape:
                y_pred = model(x, training=True)
                loss = model._compute_loss(x, y, y_pred, sample_weight, training=True)
            return loss, y_pred, tape.gradient(loss, self.variables)

        state.observed = []
        try:
            captured = capture(step, stand_ins)
            observed = state.observed
        finally:
            state.observed = None
            for layer in model._lossy:
                layer._losses.clear()
        loss, y_pred, gradients = captured.outputs
        if not isinstance(loss, SymbolicTensor):
            raise NotCapturable("the loss does not depend on the batch")
        values = [value for _, value, _ in observed]
        captured.outputs = [loss, y_pred, values, gradients]
        self.optimizer = model.optimizer
        self.early = self.optimizer.updates_apart(self.variables) and may_be_early(captured.steps, gradients)
        self.missing = [v for v, g in zip(self.variables, gradients, strict=True) if g is None]
        if self.early:
            self.program = Program(captured, training_passes, arena, updates=self._updates(captured.outputs))
            (self.loss, self.y_pred, values), self.gradients = self.program.outputs, []
        else:
            together = [t for i in in_order_of_memory(self.variables) if isinstance(t := gradients[i], SymbolicTensor)]
            self.program = Program(captured, training_passes, arena, together)
            self.loss, self.y_pred, values, self.gradients = self.program.outputs
        self.observed = [(tracker, t, n) for (tracker, _, n), t in zip(observed, values, strict=True)]

    def _updates(self, outputs: list[Any]) -> Any:
        """What the program does with gradients amid its steps."""
        *others, gradients = outputs
        optimizer = self.optimizer

        def updates(steps: list[Node]) -> Any:
            if optimizer.clipnorm is None:
                steps, parts = in_rows(steps, gradients, [t for t in contents(others) if isinstance(t, SymbolicTensor)])
            else:
                parts = whole(gradients)
            groups = [group_of(optimizer, v) for v in self.variables]
            order = sorted(in_order_of_memory(self.variables), key=lambda i: groups[i])
            return steps, early_updates(steps, self.variables, parts, order, groups)

        return updates

    def attach(self, model: Any, data: tuple[Any, Any, Any]) -> None:
        """Makes the counts for the logs, and the optimizer's update, steps of the program."""
        core, rest = self.program._core, iter(self.program.inputs)
        x, y, _ = map_tensors(data, lambda t: Tensor(next(rest)))
        trackers = [(model._loss_tracker, self.loss, samples(x)), *self.observed]
        begin = len(core)
        self.counted = count(core, model, y, self.y_pred, trackers)
        self.counts = range(begin, len(core))
        if self.counted is not None:
            self.observed = []
        if not self.early:
            self.program.include()
        self.follow(model.optimizer)

    def follow(self, optimizer: Any) -> None:
        """Takes over another optimizer."""
        if self.update is not None:
            self.update.clear()
        self.optimizer = optimizer
        self.update = optimizer.record(list(zip(self.program.included, self._parts(), strict=True)), self.missing)

    def _parts(self) -> list[list[Part]]:
        """What each of the included programs updates."""
        variables, arrays = self.variables, self.program._arrays
        if self.early:
            return [
                [Part(variables[p.variable], arrays[id(p.gradient)], p.rows and slice(*p.rows)) for p in update.parts]
                for update in self.program.updates
            ]
        order = in_order_of_memory(variables)
        return [[Part(variables[i], self.gradients[i].array) for i in order if self.gradients[i] is not None]]

    def serves(self, optimizer: Any) -> bool:
        """Whether the step can do what the optimizer does, as it is now; else another step must be made."""
        if self.optimizer is not optimizer:
            if self.early and not optimizer.updates_apart(self.variables):
                return False
            self.follow(optimizer)
        if self.update is not None and not self.update.refresh():
            self.update.clear()
            self.update = None
        return self.update is not None or not self.early

    def run(self, tensors: list[Tensor]) -> None:
        """One step; ``loss`` and ``y_pred`` are there until the next, and so are ``gradients`` where Python updates."""
        self.feed(tensors)
        if self.update is not None:
            self.update.begin()
        self.program.run()
        Variable.changes += 1  # moving statistics
        if self.update is not None:
            self.update.after()
        for tracker, value, n in self.observed:
            tracker.update_state(value.array, sample_weight=n)


class Inference(_Step):
    """One pass of a model.

    Attributes:
        silent: the outputs are all there is to it: nothing is added to the loss, no moving statistics change.
        answers: whether its program can be asked for an answer.
    """

    def __init__(self, model: Any, x: Any):
        captured = capture(
            lambda *inputs: model(_nest(x, list(inputs)), training=False), [_symbolic(t) for t in _flat(x)]
        )
        self.silent = not any(layer._losses for layer in model._lossy)
        for layer in model._lossy:
            layer._losses.clear()
        self.program = Program(captured, inference_passes, parts=stretches)
        self.silent = self.silent and not any(step.operation.name in EFFECTS for step in self.program.steps)
        self.outputs = self.program.outputs
        self._moves = self.program.can_move()
        self.answers = self.silent and self.program.answers(self._moves)

    def run(self, tensors: list[Tensor]) -> Any:
        """The outputs, in memory that the next run overwrites."""
        x = tensors[0].array if self._moves else None
        if x is not None and x.dtype == np.float32 and x.flags.c_contiguous and x.flags.aligned:
            self.feed(tensors[1:], 1)
            self.program.run(x)
        else:
            self.feed(tensors)
            self.program.run()
        return self.outputs


def copied(outputs: Any) -> Any:
    """Outputs in memory of their own."""
    return map_tensors(outputs, lambda t: Tensor(t.array.copy()))


def _may(model: Any) -> bool:
    return model.built and not (model.run_eagerly or state.precise or state.tapes or state.steps is not None)


def _forget_all() -> None:
    """Variables have moved: programs of every model that may share them read memory that nothing changes any more."""
    with _lock:
        for plans in _plans.values():
            plans.forgotten = True
        _plans.clear()


def settle(model: Any) -> None:
    """Has the optimizer lay weights and slots flat; programs that read them elsewhere are forgotten."""
    if model.optimizer.settle(model.trainable_variables):
        _forget_all()


def samples(x: Any) -> int:
    """How many samples a batch has.

    Example:
        >>> samples([Tensor(np.zeros((3, 2)))])
        3
    """
    while not isinstance(x, Tensor):
        x = next(iter(x.values())) if isinstance(x, dict) else x[0]
    return len(x.array)


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> Any:
    """The value under a key, put there unless another thread was quicker; the oldest give way."""
    with _lock:
        while len(kept) >= KEPT and key not in kept:
            kept.pop(next(iter(kept)))
        return kept.setdefault(key, value)


def training_step(model: Any, data: tuple[Any, Any, Any]) -> TrainingStep | None:
    """The step run on a batch ``(x, y, sample_weight)``; None where the model has to run eagerly."""
    plans = plans_of(model)
    key = _key(data) if _may(model) else None
    if key is None or ("training", key) in plans.eager:
        return None
    step = plans.training.get(key)
    if step is None or not step.serves(model.optimizer):
        plans.training.pop(key, None)
        settle(model)
        plans = plans_of(model)
        others = [s.program.arena for s in plans.training.values() if s.program.arena is not None]
        try:
            step = TrainingStep(model, data, max(others, key=lambda arena: arena.nbytes, default=None))
            step.attach(model, data)
        except NotCapturable as error:
            _keep(plans.eager, ("training", key), str(error))
            return None
        _keep(plans.training, key, step)
    step.run(_flat(data))
    return step


def inference(model: Any, x: Any, collect: Any, silent: bool = False) -> Any:
    """``collect(outputs)`` of a pass over a batch; None where the model has to run eagerly.

    That includes a pass that is not ``silent`` but must be. Programs are taken from a pool: each thread has one of its
    own while it runs.
    """
    plans = plans_of(model)
    key = _key(x) if _may(model) else None
    if key is None or ("inference", key) in plans.eager:
        return None
    pool = plans.inference.get(key)
    try:
        program = pool.pop() if pool else Inference(model, x)
    except IndexError:  # another thread was quicker
        program = Inference(model, x)
    except NotCapturable as error:
        _keep(plans.eager, ("inference", key), str(error))
        return None
    if pool is None:
        pool = _keep(plans.inference, key, [])
    try:
        if silent and not program.silent:
            plans.replayed = False
            return None
        return collect(program.run(_flat(x)))
    finally:
        pool.append(program)


def answered(model: Any, x: Any) -> Any:
    """What ``model(x)`` returns, computed as ``predict`` does; None where the call has to run as it is written.

    That is where it runs Python of other people's, who may count their calls or print; where it adds to the loss or
    changes variables; and wherever ``predict`` runs eagerly.
    """
    plans = plans_of(model)
    if plans.replayed is None:
        parts = list(model._flatten_layers())
        plans.replayed = all(map(_is_ours, parts))
        if plans.replayed:
            for layer in parts:
                _notice_edits(layer)
            plans.parts = _parts(model)
    if not plans.replayed or model._graph is None:
        return None
    x = tensors_of(x)
    if all(t.dtype == "float32" for t in model.inputs):
        x = map_tensors(x, _in_floats)
    return inference(model, x, copied, silent=True)


def _in_floats(t: Any) -> Any:
    """Integers as ``predict`` gives them to a network."""
    return Tensor(t.array.astype(np.float32)) if t.__class__ is Tensor and t.array.dtype.kind in "biu" else t


def _notice_edits(layer: Any) -> None:
    """From now on, an attribute set on the layer makes programs that it is part of out of date."""
    if not hasattr(
        layer, "_compile_arguments"
    ):  # what is set on models, while they train, changes nothing they compute
        vars(layer).setdefault("_edits", 0)


def _is_ours(layer: Any) -> bool:
    """Whether all that a layer's call runs was written here: the class, and functions it was given to apply."""
    given = [v for name, v in vars(layer).items() if callable(v) and name in ("activation", "_activation", "call")]
    return all(str(f.__module__).partition(".")[0] == "fastcnn" for f in (type(layer), *given))
