"""The programs of models: one training step, or one pass of inference, per shape of the batch."""

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastcnn.layers.nests import map_tensors
from fastcnn.plan.batches import flat, key_of
from fastcnn.plan.capture import NotCapturable
from fastcnn.seam import state
from fastcnn.tensor import Changes, Tensor

if TYPE_CHECKING:
    from fastcnn.plan.model_steps import Inference, TrainingStep

__all__ = [
    "Plans",
    "borrowed",
    "copied",
    "inference",
    "look_at_layers",
    "may_replay",
    "parts_of",
    "plans_of",
    "settle",
    "tested",
    "training_step",
    "turn",
]

KEPT = 8  # programs of one model; of more shapes, the oldest are forgotten

_lock = threading.Lock()  # of the lists of programs, not of the programs
_plans: "weakref.WeakKeyDictionary[Any, Plans]" = weakref.WeakKeyDictionary()
_turns: "weakref.WeakKeyDictionary[Any, threading.RLock]" = weakref.WeakKeyDictionary()
os.register_at_fork(after_in_child=_turns.clear)  # nobody in the child would give back what another thread holds
_latest: Any = lambda: None  # noqa: E731 (as a weak reference to what was asked for last: looking it up takes longer)


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


def parts_of(model: Any) -> Any:
    """What programs are made for: these layers, as they are, these variables, and which of them are trained."""
    layers = [(id(layer), layer._trainable, vars(layer).get("_edits", 0)) for layer in model._flatten_layers()]
    return layers, [(id(v), v.trainable) for v in model.variables]


def plans_of(model: Any) -> Plans:
    """The model's programs, none of which is outdated."""
    global _latest
    latest: Plans | None = _latest()
    found = latest if latest is not None and latest.model() is model else _plans.get(model)
    compiled = model._compile_arguments  # a new dict each time: another loss, or layers changed by hand before it
    if found is None or found.compiled is not compiled or found.changes != Changes.count or found.forgotten:
        parts = parts_of(model)
        if found is None or found.compiled is not compiled or found.parts != parts or found.forgotten:
            found = _plans[model] = Plans(model, parts, compiled)
        found.changes = Changes.count
    if found is not latest:
        _latest = weakref.ref(found)
    return found


def look_at_layers(model: Any, plans: Plans) -> None:
    """Finds out whether calls may be replayed; if so, layers are edited with notice from now on."""
    layers = list(model._flatten_layers())
    plans.replayed = all(map(_is_ours, layers))
    if plans.replayed:
        for layer in layers:
            _notice_edits(layer)


def _notice_edits(layer: Any) -> None:
    """From now on, an attribute set on the layer makes programs that it is part of out of date.

    Not so on a model: what is set there while it trains changes nothing that it computes.
    """
    if not hasattr(layer, "_compile_arguments"):
        vars(layer).setdefault("_edits", 0)


def _is_ours(layer: Any) -> bool:
    """Whether all that a layer's call runs was written here: the class, and functions it was given to apply."""
    given = [v for name, v in vars(layer).items() if callable(v) and name in ("activation", "_activation", "call")]
    return all(str(f.__module__).partition(".")[0] == "fastcnn" for f in (type(layer), *given))


def copied(outputs: Any, logits: bool = True) -> Any:
    """Outputs in memory of their own, with what softmax or sigmoid made them of, unless nobody computes a loss."""

    def copy(t: Tensor) -> Tensor:
        of_its_own = Tensor(t.array.copy())
        if logits and hasattr(t, "logits"):
            kind, made_of = t.logits
            of_its_own.logits = kind, Tensor(made_of.array.copy())
        return of_its_own

    return map_tensors(outputs, copy)


def may_replay(model: Any) -> bool:
    """Whether nobody wants to see the model's operations as they are run."""
    return model.built and not (model.run_eagerly or state.precise or state.tapes or state.steps is not None)


def _forget_all() -> None:
    """Variables have moved: programs of every model that may share them read memory that nothing changes any more."""
    with _lock:
        for plans in _plans.values():
            plans.forgotten = True
        _plans.clear()


def turn(model: Any) -> Any:
    """A lock: threads that train one model take turns, for its program has one arena, and its weights are changed."""
    lock = _turns.get(model)
    if lock is None:
        with _lock:
            lock = _turns.setdefault(model, threading.RLock())
    return lock


def settle(model: Any) -> None:
    """Has the optimizer lay weights and slots flat; programs that read them elsewhere are forgotten."""
    if model.optimizer.settle(model.trainable_variables):
        _forget_all()


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> Any:
    """The value under a key, put there unless another thread was quicker; the oldest give way."""
    with _lock:
        while len(kept) >= KEPT and key not in kept:
            kept.pop(next(iter(kept)))
        return kept.setdefault(key, value)


def training_step(model: Any, data: tuple[Any, Any, Any]) -> "TrainingStep | None":
    """The step run on a batch ``(x, y, sample_weight)``; None where the model has to run eagerly."""
    plans = plans_of(model)
    key = key_of(data) if may_replay(model) else None
    if key is None or ("training", key) in plans.eager:
        return None
    step = plans.training.get(key)
    if step is None or not step.serves(model.optimizer):
        plans.training.pop(key, None)
        settle(model)
        plans = plans_of(model)
        others = [s.program.arena for s in plans.training.values() if s.program.arena is not None]
        from fastcnn.plan.model_steps import TrainingStep  # here: planning is much to import before the first batch

        try:
            step = TrainingStep(model, data, max(others, key=lambda arena: arena.nbytes, default=None))
            step.attach(model, data)
        except NotCapturable as error:
            _keep(plans.eager, ("training", key), str(error))
            return None
        _keep(plans.training, key, step)
    step.run(flat(data))
    return step


def _pass(model: Any, x: Any) -> "Inference":
    from fastcnn.plan.model_steps import Inference  # here: as above

    return Inference(model, x)


def inference(model: Any, x: Any, collect: Any) -> Any:
    """``collect(outputs)`` of a pass over a batch; None where the model has to run eagerly."""
    return borrowed(model, x, lambda one: collect(one.run(flat(x))))


def tested(model: Any, x: Any) -> Any:
    """The outputs for a batch whose loss is asked for next; None where layers add to it, or the model runs eagerly."""
    y = borrowed(model, x, lambda one: None if one.adds else copied(one.run(flat(x))))
    if y is not None and model._lossy:
        model._forget_losses()  # those of an earlier call
    return y


def borrowed(model: Any, x: Any, use: "Callable[[Inference], Any]") -> Any:
    """``use(program)`` of the pass over such a batch; None where the model has to run eagerly.

    Programs are taken from a pool: each thread has one of its own while it runs.
    """
    plans = plans_of(model)
    key = key_of(x) if may_replay(model) else None
    if key is None or ("inference", key) in plans.eager:
        return None
    if plans.replayed is None:
        look_at_layers(model, plans)
    pool = plans.inference.get(key)
    try:
        one = pool.pop() if pool else _pass(model, x)
    except IndexError:  # another thread was quicker
        one = _pass(model, x)
    except NotCapturable as error:
        _keep(plans.eager, ("inference", key), str(error))
        return None
    if pool is None:
        pool = _keep(plans.inference, key, [])
    try:
        return use(one)
    finally:
        pool.append(one)
