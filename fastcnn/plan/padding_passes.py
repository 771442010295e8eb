"""Passes over the zeros around images: kernels imagine them, and nobody cuts their gradient off."""

from typing import Any

from fastcnn import _core
from fastcnn.plan.costs import geometry
from fastcnn.plan.steps import made_by, node, rebuilt, users
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["imagine_padding"]

CLAMPS = ("relu", "relu6")
CLAMPING = ("activate", "batch_norm_inference_fused", "conv2d", "conv2d_fused", "dense", "depthwise_conv2d")
PRODUCTS = ("conv2d", "conv2d_dw", "conv2d_dw_db", "depthwise_conv2d", "depthwise_conv2d_dw")
GRADIENTS = ("conv2d_dx", "depthwise_conv2d_dx")


def imagine_padding(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Where all that read padded images imagine the zeros, to the same bits, they are neither written nor kept.

    Convolutions and the gradients of their weights do, and max pooling of what ReLU made: a zero outside is never more
    than what is inside, and a gradient that goes there is masked away. Gradients of convolutions leave out what would
    be cut off.
    """
    steps = _cut_gradients(steps, outputs)
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for pad in steps:
        around = _around(pad, "pad")
        if around is None or pad.attrs["constant_values"]:
            continue
        readers = read.get(id(pad.outputs[0]), [])
        found = [_without(reader, pad, around, made, read) for reader in readers]
        if found and all(found):
            dropped.add(id(pad))
            for reader, (new, cut) in zip(readers, found, strict=True):  # type: ignore[misc]
                replaced[id(reader)] = [new]
                if cut is not None:
                    dropped.add(id(cut))
    return rebuilt(steps, replaced, dropped)


def _cut_gradients(steps: list[Node], outputs: list[Any]) -> list[Node]:
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for cut in steps:
        around, conv = _around(cut, "pad_dx"), made.get(id(cut.inputs[0])) if cut.inputs else None
        if around is None or conv is None or conv.operation.name not in GRADIENTS or not _plain(conv):
            continue
        if read[id(cut.inputs[0])] != [cut]:
            continue
        attrs = conv.attrs | {"padding": around, "x_shape": cut.outputs[0].shape}
        new = node(conv.operation, conv.inputs, attrs, cut.outputs)
        if _same_sums(conv, new):
            replaced[id(conv)] = [new]
            dropped.add(id(cut))
    return rebuilt(steps, replaced, dropped)


def _around(step: Node, name: str) -> Any:
    """The widths beside rows and columns, where it pads images, or cuts them, and nothing else."""
    if step.operation.name != name or step.attrs["mode"] != "constant" or len(step.attrs["paddings"]) != 4:
        return None
    batch, rows, columns, channels = (tuple(pair) for pair in step.attrs["paddings"])
    return None if any(batch) or any(channels) else (rows, columns)


def _plain(conv: Node) -> bool:
    return conv.attrs["padding"] == "valid" and "padding_mode" not in conv.attrs


def _without(
    reader: Node | None, pad: Node, around: Any, made: dict[int, Node], read: dict[int, list[Node | None]]
) -> tuple[Node, Node | None] | None:
    """The reader of what was not padded, and the step after it that it makes needless; None: it cannot be."""
    padded, x = pad.outputs[0], pad.inputs[0]
    if reader is None or sum(t is padded for t in reader.inputs) != 1:
        return None
    name, attrs = reader.operation.name, reader.attrs | {"padding": around}
    inputs = tuple(x if t is padded else t for t in reader.inputs)
    if name in PRODUCTS and reader.inputs[0] is padded and _plain(reader):
        new = node(reader.operation, inputs, attrs, reader.outputs)
        return (new, None) if _same_sums(reader, new) else None
    if name not in ("max_pool", "max_pool_dx") or not _sees_images(reader, around) or not _clamped(x, made):
        return None
    if name == "max_pool":
        return node(reader.operation, inputs, attrs, reader.outputs), None
    cuts = read.get(id(reader.outputs[0]), [])
    cut = cuts[0] if len(cuts) == 1 else None
    if cut is None or _around(cut, "pad_dx") != around:
        return None
    return node(reader.operation, inputs, attrs, cut.outputs), cut


def _sees_images(pool: Node, around: Any) -> bool:
    """Whether every window has a pixel that is not padding: of none, the maximum would be minus infinity."""
    size = _core.pair(pool.attrs["pool_size"], "pool_size")
    return pool.attrs["padding"] == "valid" and all(max(widths) < n for widths, n in zip(around, size, strict=True))


def _clamped(x: Any, made: dict[int, Node]) -> bool:
    """Whether ReLU made it."""
    producer = made.get(id(x)) if isinstance(x, SymbolicTensor) else None
    if producer is None or producer.operation.name not in CLAMPING:
        return False
    return producer.attrs.get("activation") in CLAMPS


def _same_sums(old: Node, new: Node) -> bool:
    """Whether a convolution adds up the same way: Winograd's tiles of a gradient begin where the images do."""
    a, b = geometry(old), geometry(new)
    if a is None or b is None:
        return True
    return a.algorithm() == b.algorithm() and not (a.of == "dx" and a.algorithm() == "winograd")
