"""Where a program's steps come from: the layer, forward or backward, and what the passes fused into one step.

The steps as captured are still there beside those that the passes made of them. What a step stands for is found
between its results and its inputs: the captured calls whose results no other step makes.
"""

from dataclasses import dataclass
from typing import Any

from fastcnn.plan.fused import BATCH_NORM_APPLY, BATCH_NORM_BACKWARD_PAIR, BATCH_NORM_SUM
from fastcnn.plan.steps import ALIASES, VIEWS
from fastcnn.seam import Node
from fastcnn.tensor import Variable

__all__ = ["Origin", "origins"]

# What the captured calls are called where another step does their work, forward and backward.
FORWARD = {
    "pad": "padding",
    "batch_norm": "batch norm",
    "batch_norm_inference": "batch norm",
    "add": "shortcut",
    "concatenate": "concatenation",
    "max_pool": "max pooling",
}
BACKWARD = {
    "activate_dx": "activation's gradient",
    "add": "sum of gradients",
    "batch_norm_backward": "batch norm's gradient",
    "max_pool_dx": "pooling's gradient",
    "pad_dx": "padding's gradient",
}
# What steps that only the passes make are called in the program as captured.
AS_CAPTURED = {
    "batch_norm_apply": "batch_norm",
    "batch_norm_backward_pair": "batch_norm_backward",
    "batch_norm_statistics": "batch_norm",
    "batch_norm_sum": "add",
    "conv2d_dw_through": "conv2d_dw",
    "conv2d_max_pool": "conv2d",
    "conv2d_max_pool_dw": "conv2d_dw",
    "conv2d_max_pool_dx": "conv2d_dx",
    "conv2d_prepared": "conv2d",
    "conv2d_through": "conv2d",
    "dense_dw_rows": "dense_dw",
    "max_pool_indices": "max_pool",
    "max_pool_scatter": "max_pool_dx",
    "max_pool_through": "max_pool",
}
BIASED = ("conv2d", "conv2d_transpose", "depthwise_conv2d", "dense")


@dataclass(frozen=True)
class Origin:
    """Where one step comes from.

    Args:
        layer: the name of the layer whose work it does, the first where it does that of several; "" where it is none's.
        layers: the names of all of them.
        stage: "forward", "backward", or "update" for what comes after the gradients.
        fused: what it does besides its operation, in words.
    """

    layer: str
    layers: tuple[str, ...]
    stage: str
    fused: tuple[str, ...]


def origins(program: Any) -> list[Origin]:
    """One for each step of a program.

    Args:
        program: a ``Program``.
    """
    captured = {id(t): call for call in program.captured.steps for t in call.outputs}
    order = {id(call): i for i, call in enumerate(program.captured.steps)}
    made = {id(t) for step in program.steps for t in step.outputs}
    taken: set[int] = set()
    found: list[Origin] = []
    started = False  # the walk back
    at_a_time = {i: s for s in program.stretches for i in range(s.first, s.end)}
    for i, step in enumerate(program.steps):
        calls = sorted(_calls(step, captured, made, taken), key=lambda call: order[id(call)])
        backward = any(call.backward for call in calls) or (not calls and _helps_backward(step, captured))
        started |= backward
        stage = "backward" if backward else "update" if started else "forward"
        layers = _layers(step, calls, captured)
        plain = (_plain(step), f"{_plain(step)}_db")
        main = [call.layer for call in calls if call.operation.name in plain and call.layer is not None]
        layer = (*main, *layers, "")[0]
        fused = _fused(step, calls, backward)
        if i in at_a_time:
            fused += (f"{at_a_time[i].samples} of {at_a_time[i].parts[-1][1]} at a time",)
        found.append(Origin(layer, layers, stage, fused))
    return found


def _calls(step: Node, captured: dict[int, Node], made: set[int], taken: set[int]) -> list[Node]:
    """The captured calls that the step does the work of."""
    found: list[Node] = []
    waiting = [captured[id(t)] for t in step.outputs if id(t) in captured]
    own = {id(t) for t in step.inputs}
    while waiting:
        call = waiting.pop()
        if id(call) in taken:
            continue
        taken.add(id(call))
        found.append(call)
        for t in call.inputs:
            source = captured.get(id(t))
            if source is not None and id(t) not in made and id(t) not in own:
                waiting.append(source)
    return found


def _helps_backward(step: Node, captured: dict[int, Node]) -> bool:
    """Of a step that only the passes know: whether it works on gradients, or for them."""
    if step.operation is BATCH_NORM_APPLY or step.backward:
        return True
    return any(id(t) in captured and captured[id(t)].backward for t in step.inputs)


def _plain(step: Node) -> str:
    """The operation's name in the program as captured."""
    name = step.operation.name.removesuffix("_fused")
    return AS_CAPTURED.get(name, name)


def _layers(step: Node, calls: list[Node], captured: dict[int, Node]) -> tuple[str, ...]:
    names = [call.layer for call in calls or [step] if call.layer is not None]
    if not names:  # the last tensor read is what a gradient's mask comes from
        sources = [captured[id(t)].layer for t in reversed(step.inputs) if id(t) in captured] if not calls else []
        names = [name for name in sources if name is not None][:1]
    if not names:
        paths = [t.path for t in step.inputs if isinstance(t, Variable)]
        names = [path.rpartition("/")[0] for path in paths if "/" in path]
    return tuple(dict.fromkeys(names))


def _fused(step: Node, calls: list[Node], backward: bool) -> tuple[str, ...]:
    main = _plain(step)
    read = step.attrs.get("read_activation")  # of a batch norm's result, which is not stored
    words = [f"reads batch norm + {read}"] if read is not None else []
    table = BACKWARD if backward else FORWARD
    if main in ("max_pool", "max_pool_dx", "activate", "activate_dx"):
        words += [table[call.operation.name] for call in calls if call.operation.name in ("pad", "pad_dx")]
        return tuple(words)  # a mask that was behind the pooling is before it now, a step of its own
    if step.operation is BATCH_NORM_APPLY:
        words.append("made again")
    if step.operation is BATCH_NORM_SUM:
        words.append("normalises both terms")
    if step.operation is BATCH_NORM_BACKWARD_PAIR:
        words.append("of both terms")
    for call in calls:
        own = call.operation.name
        if own in BIASED and call.inputs[2] is not None:
            words.append("bias")
        if own not in (main, f"{main}_db", "activate", *VIEWS, *ALIASES) and not (read and own == "batch_norm"):
            words.append(table.get(own, own))
    activation = step.attrs.get("activation")
    if activation is not None:
        words.append("activation's gradient" if backward else str(activation))
    return tuple(dict.fromkeys(words))
