"""``model.summary()``: the layers of a model as a table."""

from collections.abc import Callable
from typing import Any

from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor, Variable

__all__ = ["count_flops", "summarize", "to_html", "weighted_layers"]

Row = list[str]


def weighted_layers(model: Any) -> int:
    """How many layers have a matrix or filters of weights, as one counts in "VGG16": not inputs, not normalisation."""
    leaves = [layer for layer in model._flatten_layers() if not layer._children()]
    return sum(any(v._made_trainable and len(v.shape) >= 2 for v in layer._own_variables()) for layer in leaves)


def count_flops(model: Any) -> int:
    """Floating-point operations for one sample; a multiplication and an addition are two."""
    return sum(_flops(layer, node) for layer, node in _calls(model))


def _calls(model: Any) -> list[tuple[Layer, Node | None]]:
    """Each layer with each of its calls, in the order of the table."""
    graph = model._graph
    if graph is None:
        return [(layer, None) for layer in model.layers]
    pairs: list[tuple[Layer, Node | None]] = []
    for layer in model.layers:
        pairs += [(layer, node) for node in graph.calls_of(layer)]
    return pairs


def _flops(layer: Any, node: Node | None) -> int:
    if getattr(layer, "_graph", None) is not None:
        return count_flops(layer)
    counter = getattr(layer, "count_flops", None)
    if counter is None or node is None or not node.inputs:
        return 0
    shapes = [_one_sample(t.shape) for t in contents(node.inputs[0])]
    outputs = [_one_sample(t.shape) for t in node.outputs]
    if any(n is None for shape in (*shapes, *outputs) for n in shape):
        return 0
    return int(counter(shapes[0] if len(shapes) == 1 else shapes, outputs[0]))


def _one_sample(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    return (1, *shape[1:])


def _count(variables: list[Variable]) -> int:
    return sum(v.size for v in variables)


def _size(variables: list[Variable]) -> str:
    nbytes = float(sum(v.array.nbytes for v in variables))
    for unit in ("B", "KB", "MB", "GB"):
        if nbytes < 1024 or unit == "GB":
            break
        nbytes /= 1024
    return f"{nbytes:.2f} {unit}"


def _short(number: int) -> str:
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K")):
        if number >= limit:
            return f"{number / limit:.2f} {unit}"
    return str(number)


def _linear(model: Any) -> bool:
    """Whether each layer feeds the next: then the table needs no column that says so."""
    if model._graph is None:
        return True
    fed: dict[int, int] = {}
    for node in model._graph.nodes:
        sources = [t for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor]
        if len(sources) > 1:
            return False
        for t in sources:
            fed[id(t)] = fed.get(id(t), 0) + 1
    return all(n == 1 for n in fed.values())


def _rows(model: Any, linear: bool, expand: bool, trainable: bool, depth: int = 0) -> list[Row]:
    rows = []
    counted: set[int] = set()
    for layer in model.layers:
        nodes = [] if model._graph is None else model._graph.calls_of(layer)
        shapes = [str(t.shape) for node in nodes[:1] for t in node.outputs]
        weights = [v for v in layer.weights if id(v) not in counted]
        counted |= {id(v) for v in weights}
        row = [
            "  " * depth
            + f"{layer.name} ({type(layer).__name__ if layer.__class__.__name__ != 'Model' else 'Functional'})"
        ]
        row.append(", ".join(shapes) or "?")
        row.append(f"{_count(weights):,}" if layer.built else "0 (unbuilt)")
        row.append(_short(sum(_flops(layer, node) for node in nodes)))
        if not linear:
            sources = [
                t for node in nodes for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor
            ]
            row.append(", ".join(f"{t.node.operation.name}[{t.index}]" for t in sources if t.node is not None) or "-")
        if trainable:
            row.append("-" if not layer.weights else "Y" if layer.trainable and layer.trainable_weights else "N")
        rows.append(row)
        if expand and layer._children() and hasattr(layer, "layers"):
            rows += _rows(layer, linear, expand, trainable, depth + 1)
    return rows


def _table(model: Any, expand: bool, trainable: bool, layer_range: Any) -> tuple[Row, list[Row]]:
    linear = _linear(model)
    header = ["Layer (type)", "Output Shape", "Param #", "FLOPs"]
    header += [] if linear else ["Connected to"]
    header += ["Trainable"] if trainable else []
    rows = _rows(model, linear, expand, trainable)
    if layer_range is not None:
        names = [row[0].strip().split(" (")[0] for row in rows]
        if len(layer_range) != 2 or any(name not in names for name in layer_range):
            raise ValueError(f"layer_range must be the names of two layers of {names}, got {layer_range!r}")
        first, last = sorted(names.index(name) for name in layer_range)
        rows = rows[first : last + 1]
    return header, rows


def _totals(model: Any) -> list[str]:
    trainable, frozen = model.trainable_weights, model.non_trainable_weights
    lines = [
        f" Total params: {_count(model.weights):,} ({_size(model.weights)})",
        f" Trainable params: {_count(trainable):,} ({_size(trainable)})",
        f" Non-trainable params: {_count(frozen):,} ({_size(frozen)})",
    ]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        lines.append(f" Optimizer params: {_count(optimizer.variables):,} ({_size(optimizer.variables)})")
    flops = count_flops(model)
    lines.append(
        f" Layers with weights: {weighted_layers(model)}" + (f" · FLOPs per sample: {_short(flops)}" if flops else "")
    )
    return lines


def summarize(
    model: Any,
    line_length: int | None,
    positions: Any,
    print_fn: Callable[[str], Any],
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Any,
) -> None:
    """Prints the table; see ``Model.summary``."""
    header, rows = _table(model, expand_nested, show_trainable, layer_range)
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    if positions is not None:
        total = line_length or 100
        ends = [int(p * total) if p <= 1 else int(p) for p in positions]
        if len(ends) != len(header) or ends != sorted(ends):
            raise ValueError(f"positions must be {len(header)} growing numbers, one a column, got {positions!r}")
        widths = [max(b - a - 3, 4) for a, b in zip([0, *ends], ends, strict=False)]
    elif line_length is not None:
        spare = line_length - sum(widths) - 3 * len(widths) - 1
        while spare < 0 and max(widths) > 8:
            widths[widths.index(max(widths))] -= 1
            spare += 1
        widths[0] += max(spare, 0)

    def line(cells: Row) -> str:
        fitted = [c if len(c) <= w else c[: w - 1] + "…" for c, w in zip(cells, widths, strict=True)]
        aligned = [
            c.rjust(w) if header[i] in ("Param #", "FLOPs") else c.ljust(w)
            for i, (c, w) in enumerate(zip(fitted, widths, strict=True))
        ]
        return "│ " + " │ ".join(aligned) + " │"

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (w + 2) for w in widths) + right

    print_fn(f'Model: "{model.name}"')
    print_fn(rule("┌", "┬", "┐"))
    print_fn(line(header))
    print_fn(rule("├", "┼", "┤"))
    for row in rows:
        print_fn(line(row))
    print_fn(rule("└", "┴", "┘"))
    for text in _totals(model):
        print_fn(text)


def to_html(model: Any) -> str:
    """The table for notebooks."""
    import html

    header, rows = _table(model, False, False, None)
    head = "".join(f"<th>{html.escape(c)}</th>" for c in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    foot = "<br>".join(html.escape(line.strip()) for line in _totals(model))
    return f"<b>{html.escape(model.name)}</b><table><tr>{head}</tr>{body}</table><p>{foot}</p>"
