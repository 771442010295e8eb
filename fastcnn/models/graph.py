"""The graph of a functional model: the layers and operations between its inputs and outputs, and how to run them."""

from typing import Any

from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.seam import Node, Primitive, apply
from fastcnn.tensor import SymbolicTensor, Valued

__all__ = ["Graph"]


class Graph:
    """Nodes in the order of execution, compiled to a list of calls on numbered values.

    Args:
        inputs: symbolic tensors made by ``Input``, or a list or dict of them.
        outputs: symbolic tensors computed from them, in any nest of lists and dicts.
    """

    def __init__(self, inputs: Any, outputs: Any):
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs: list[SymbolicTensor] = [_checked(t, "inputs") for t in contents(inputs)]
        self.flat_outputs: list[SymbolicTensor] = [_checked(t, "outputs") for t in contents(outputs)]
        if len({id(t) for t in self.flat_inputs}) < len(self.flat_inputs):
            raise ValueError("the inputs of a model must all be different tensors")
        self.nodes, self.operations = self._sort()
        self.layers = [op for op in self.operations if isinstance(op, Layer)]
        self._check_names()
        self._compile()

    def _sort(self) -> tuple[list[Node], list[Any]]:
        """Nodes by their distance from the outputs; at one distance in the order of meeting them, as in Keras."""
        given = {id(t) for t in self.flat_inputs}
        order: list[Node] = []
        met: dict[int, int] = {}
        seen: set[int] = set()
        for output in self.flat_outputs:
            stack: list[tuple[SymbolicTensor, bool]] = [(output, False)]
            while stack:
                t, done = stack.pop()
                node = t.node
                if node is None:
                    raise ValueError(f"{t} does not depend on the inputs of the model")
                if done:
                    order.append(node)
                elif id(node) not in seen:
                    seen.add(id(node))
                    met.setdefault(id(_operation(node)), len(met))
                    stack.append((t, True))
                    if id(t) not in given:
                        stack.extend((source, False) for source in reversed(_inner_sources(t, node)))
        for t in self.flat_inputs:
            if id(t.node) not in {id(n) for n in order}:
                order.insert(0, t.node)
                met.setdefault(id(_operation(t.node)), -1)  # an input that nothing uses comes first at its depth
        return _by_depth(order, met, given)

    def _check_names(self) -> None:
        seen: dict[str, Layer] = {}
        for layer in self.layers:
            if seen.setdefault(layer.name, layer) is not layer:
                raise ValueError(f"two layers are called {layer.name!r}; give one of them another name")

    def _compile(self) -> None:
        slots: dict[int, int] = {id(t): i for i, t in enumerate(self.flat_inputs)}
        self._steps: list[tuple[Any, ...]] = []
        last: dict[int, int] = {}
        for node in self.nodes:
            if all(id(t) in slots for t in node.outputs):
                continue
            for t in _sources(node):
                last[slots[id(t)]] = len(self._steps)
            for t in node.outputs:
                slots.setdefault(id(t), len(slots))
            out = [slots[id(t)] for t in node.outputs]
            single = len(node.inputs) == 1 and node.inputs[0].__class__ is SymbolicTensor and not node.attrs
            where = slots[id(node.inputs[0])] if single and not isinstance(node.operation, Primitive) else None
            self._steps.append((node, where, out[0] if len(out) == 1 else None, out))
        self._slots, self._size = slots, len(slots)
        kept = {slots[id(t)] for t in self.flat_outputs}
        self._released: list[list[int]] = [[] for _ in self._steps]
        for slot, step in last.items():
            if slot not in kept:
                self._released[step].append(slot)

    def run(self, inputs: list[Any]) -> Any:
        """The outputs for tensors in the order of ``flat_inputs``."""
        values: list[Any] = [None] * self._size
        values[: len(inputs)] = inputs
        slots = self._slots

        def fill(t: Any) -> Any:
            return values[slots[id(t)]] if t.__class__ is SymbolicTensor else t

        for (node, where, only, out), released in zip(self._steps, self._released, strict=True):
            operation = node.operation
            if where is not None:
                y = operation(values[where])
            elif isinstance(operation, Primitive):
                y = apply(operation, tuple(map(fill, node.inputs)), node.attrs)
            else:
                y = operation(*map_tensors(list(node.inputs), fill), **map_tensors(node.attrs, fill))
            if only is not None and not isinstance(y, (list, tuple, dict)):
                values[only] = y
            else:
                for slot, value in zip(out, contents(y), strict=True):
                    values[slot] = value
            for slot in released:
                values[slot] = None
        if self.outputs.__class__ is SymbolicTensor:
            return fill(self.outputs)
        return map_tensors(self.outputs, fill)

    def calls_of(self, layer: Any) -> list[Node]:
        """The nodes of a layer that belong to this graph, in the order of execution."""
        return [node for node in self.nodes if node.operation is layer]


def _checked(t: Any, what: str) -> SymbolicTensor:
    if not isinstance(t, SymbolicTensor):
        hint = "; call the model itself on arrays" if isinstance(t, Valued) else ""
        if isinstance(t, Layer):
            hint = f" {t.name!r}, which has to be called first: {t.name}(x)"
        raise ValueError(
            f"the {what} of a model must be symbolic tensors, as Input gives, got {type(t).__name__}{hint}"
        )
    return t


def _is_input(node: Node) -> bool:
    return not node.inputs


def _operation(node: Node) -> Any:
    """What is counted as one: a layer, or the single call of a primitive."""
    return node if isinstance(node.operation, Primitive) else node.operation


def _sources(node: Node) -> list[SymbolicTensor]:
    return [t for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor]


def _inner_sources(t: SymbolicTensor, node: Node) -> list[SymbolicTensor]:
    """What a tensor that is no input of the model is computed from."""
    if _is_input(node):
        raise ValueError(f"the outputs depend on {t}, which is not among the inputs of the model")
    sources = _sources(node)
    if not sources:
        raise ValueError(f"{t} does not depend on the inputs of the model")
    return sources


def _by_depth(order: list[Node], met: dict[int, int], given: set[int]) -> tuple[list[Node], list[Any]]:
    depth: dict[int, int] = {}
    of_operation: dict[int, int] = {}
    for node in reversed(order):
        key = id(_operation(node))
        d = max(depth.get(id(node), 0), of_operation.get(key, 0))
        depth[id(node)] = of_operation[key] = d
        if not any(id(t) in given for t in node.outputs):
            for t in _sources(node):
                depth[id(t.node)] = max(d + 1, depth.get(id(t.node), 0))
    nodes = sorted(order, key=lambda n: (-depth[id(n)], met[id(_operation(n))]))
    operations = {id(_operation(n)): _operation(n) for n in nodes}
    ranked = sorted(operations.values(), key=lambda op: (-of_operation[id(op)], met[id(op)]))
    return nodes, [op.operation if isinstance(op, Node) else op for op in ranked]
