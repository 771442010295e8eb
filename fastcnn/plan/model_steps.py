"""One training step of a model, and one pass of inference, for batches of one shape."""

from typing import Any

import numpy as np

from fastcnn.autograd import GradientTape
from fastcnn.gathered import Gathered
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.ops import mean
from fastcnn.optimizers.flat import in_order_of_memory
from fastcnn.optimizers.recorded import Part, group_of
from fastcnn.plan.batch_parts import stretches
from fastcnn.plan.batches import filled, flat, samples, stand_in
from fastcnn.plan.capture import NotCapturable, capture
from fastcnn.plan.counting import count
from fastcnn.plan.early_updates import early_updates, in_rows, may_be_early, whole
from fastcnn.plan.inference_passes import inference_passes
from fastcnn.plan.program import Program
from fastcnn.plan.steps import EFFECTS
from fastcnn.plan.training_passes import training_passes
from fastcnn.seam import Node, state
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

__all__ = ["Inference", "TrainingStep"]


class _Step:
    program: Program

    def feed(self, tensors: list[Tensor], first: int = 0) -> None:
        """Copies a batch into the program's memory, from one of its inputs on."""
        for array, t in zip(self.program.inputs[first:], tensors, strict=True):
            if t.__class__ is Gathered:
                t.copy_to(array)
            else:
                np.copyto(array, t.array, casting="unsafe")


def _logits(y_pred: Any) -> tuple[list[Any], list[Any]]:
    """What softmax or sigmoid made each output of, and which of them did; None where neither did."""
    known = [getattr(t, "logits", (None, None)) for t in contents(y_pred)]
    return [kind for kind, _ in known], [logits for _, logits in known]


def _tell_logits(y_pred: Any, kinds: list[Any], made: list[Any]) -> None:
    """The same of a program's outputs, of which losses and metrics are computed after a run."""
    for t, kind, logits in zip(contents(y_pred), kinds, made, strict=True):
        if kind is not None:
            t.logits = kind, logits


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
        stand_ins = [stand_in(t) for t in flat(data)]
        self.variables = model.trainable_variables

        def step(*inputs: SymbolicTensor) -> Any:
            x, y, sample_weight = filled(data, list(inputs))
            with GradientTape() as tape:
                y_pred = model(x, training=True)
                loss = model._compute_loss(x, y, y_pred, sample_weight, training=True)
            return mean(loss) if loss.shape else loss, y_pred, tape.gradient(loss, self.variables)

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
        kinds, made = _logits(y_pred)
        captured.outputs = [loss, y_pred, [[value for _, value, _ in observed], made], gradients]
        self.optimizer = model.optimizer
        self.early = self.optimizer.updates_apart(self.variables) and may_be_early(captured.steps, gradients)
        self.missing = [v for v, g in zip(self.variables, gradients, strict=True) if g is None]
        if self.early:
            self.program = Program(captured, training_passes, arena, updates=self._updates(captured.outputs))
            (self.loss, self.y_pred, (values, made)), self.gradients = self.program.outputs, []
        else:
            together = [t for i in in_order_of_memory(self.variables) if isinstance(t := gradients[i], SymbolicTensor)]
            self.program = Program(captured, training_passes, arena, together)
            self.loss, self.y_pred, (values, made), self.gradients = self.program.outputs
        _tell_logits(self.y_pred, kinds, made)
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
        variables, arrays = self.variables, self.program.layout.arrays
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
        adds: whether layers add to the loss, which a run does not tell.
        silent: the outputs are all there is to it: nothing is added to the loss, no moving statistics change.
        answers: whether its program can be asked for an answer,
        suffices: and whether that is all that a loss needs: the outputs are no probabilities made of logits.
    """

    def __init__(self, model: Any, x: Any):
        kinds: list[Any] = []

        def function(*inputs: SymbolicTensor) -> Any:
            y = model(filled(x, list(inputs)), training=False)
            kinds[:], made = _logits(y)
            return y, made

        captured = capture(function, [stand_in(t) for t in flat(x)])
        self.adds = any(layer._losses for layer in model._lossy)
        for layer in model._lossy:
            layer._losses.clear()
        self.program = Program(captured, inference_passes, parts=stretches)
        self.silent = not self.adds and not any(step.operation.name in EFFECTS for step in self.program.steps)
        self.outputs, made = self.program.outputs
        self.program.outputs = self.outputs
        _tell_logits(self.outputs, kinds, made)
        self._moves = self.program.can_move()
        self.answers = self.silent and self.program.answers(self._moves)
        self.suffices = not any(kinds)

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
