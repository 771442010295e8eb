"""ONNX files, read as data: their arrays, and which operation uses which. Nothing outside of the file is opened."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastcnn.saving.gate import Source, admit
from fastcnn.saving.protobuf import fields, integers, text

__all__ = ["OnnxGraph", "OnnxNode", "read_onnx"]

Array = np.ndarray[Any, Any]

_RAW = {
    1: "<f4", 2: "|u1", 3: "|i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "|b1", 10: "<f2", 11: "<f8", 12: "<u4",
    13: "<u8", 16: "bf16",
}  # fmt: skip
# Where a tensor's numbers lie if not in raw_data: floats, doubles and int64 as such, the small ones as int32.
_FLOATS, _INT32, _INT64, _RAW_DATA, _DOUBLES = 4, 5, 7, 9, 10
_TYPED = {_FLOATS: "<f4", _DOUBLES: "<f8"}


class OnnxNode(NamedTuple):
    """One operation: its type, the names of what goes in and comes out, its attributes that are integers."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, list[int]]


class OnnxGraph(NamedTuple):
    """Arrays by name, operations in order, names of the outputs."""

    arrays: dict[str, Array]
    nodes: list[OnnxNode]
    outputs: list[str]


def read_onnx(path: Any) -> OnnxGraph:
    """The arrays and operations of an ONNX file; nothing is run, and files that it refers to are not opened.

    Args:
        path: a ``.onnx`` file.

    Returns:
        Its initializers and constants by name (bfloat16 widened to float32), its operations, its outputs.

    Raises:
        FileFormatError: a ValueError: the file is damaged, or has its numbers in other files.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "model.onnx")
        >>> _ = path.write_bytes(b"no model")
        >>> read_onnx(path)
        Traceback (most recent call last):
        fastcnn.saving.gate.FileFormatError: ...model.onnx: field 13 is of kind 6, which ONNX does not use
    """
    with Path(path).open("rb") as file:
        source = Source(path, os.fstat(file.fileno()).st_size)
        admit(source.size, source, "the file")
        message = memoryview(file.read(source.size))
    graphs = [value for number, value in fields(message, source) if number == 7]
    if len(graphs) != 1 or isinstance(graphs[0], int):
        raise source.refuse("this is no ONNX model: it must have one graph")
    arrays: dict[str, Array] = {}
    nodes: list[OnnxNode] = []
    outputs: list[str] = []
    for number, value in fields(_bytes(graphs[0], source), source):
        if number == 1:
            _take_node(_bytes(value, source), nodes, arrays, source)
        elif number == 5:
            name, array = _tensor(_bytes(value, source), source)
            _keep(name, array, arrays, source)
        elif number == 12:
            outputs += [text(v, source) for n, v in fields(_bytes(value, source), source) if n == 1]
        elif number == 15:
            raise source.refuse("it has sparse arrays, which are not read")
    return OnnxGraph(arrays, nodes, outputs)


def _bytes(value: Any, source: Source) -> memoryview:
    if not isinstance(value, memoryview):
        raise source.refuse("there is a number where a message must be")
    return value


def _keep(name: str, array: Array, arrays: dict[str, Array], source: Source) -> None:
    if name in arrays:
        raise source.refuse(f"it has two arrays called {name[:100]!r}")
    arrays[name] = array


def _take_node(message: memoryview, nodes: list[OnnxNode], arrays: dict[str, Array], source: Source) -> None:
    op, inputs, outputs = "", [], []
    attributes: dict[str, list[int]] = {}
    value: Array | None = None
    for number, field in fields(message, source):
        if number == 1:
            inputs.append(text(field, source))
        elif number == 2:
            outputs.append(text(field, source))
        elif number == 4:
            op = text(field, source)
        elif number == 5:
            name, numbers, tensor = _attribute(_bytes(field, source), source)
            attributes[name] = numbers
            value = tensor if tensor is not None else value
    if op == "Constant" and len(outputs) == 1:
        if value is not None:
            _keep(outputs[0], value, arrays, source)
        return
    nodes.append(OnnxNode(op, tuple(inputs), tuple(outputs), attributes))


def _attribute(message: memoryview, source: Source) -> tuple[str, list[int], Array | None]:
    name, numbers = "", []
    tensor: Array | None = None
    for number, field in fields(message, source):
        if number == 1:
            name = text(field, source)
        elif number in (3, 8):
            numbers += integers(field, source)
        elif number == 5:
            tensor = _tensor(_bytes(field, source), source)[1]
    return name, numbers, tensor


def _tensor(message: memoryview, source: Source) -> tuple[str, Array]:
    """A TensorProto."""
    name, kind = "", 0
    shape: list[int] = []
    data: dict[int, list[Any]] = {}
    for number, field in fields(message, source):
        if number == 1:
            shape += integers(field, source)
        elif number == 2:
            kind = field if isinstance(field, int) else 0
        elif number == 8:
            name = text(field, source)
        elif number in (_FLOATS, _INT32, _INT64, _RAW_DATA, _DOUBLES):
            data.setdefault(number, []).append(field)
        elif number in (3, 13) or (number == 14 and field != 0):
            raise source.refuse(f"the numbers of {name[:100]!r} lie in parts or in another file; that is not read")
    label = f"array {name[:100]!r}"
    if kind not in _RAW:
        raise source.refuse(f"{label} has data type {kind}, which is not read")
    if len(shape) > 32 or not all(0 <= n < 2**40 for n in shape):
        raise source.refuse(f"{label} has the shape {str(shape)[:80]}")
    if len(data) > 1:
        raise source.refuse(f"{label} has its numbers twice")
    where, values = next(iter(data.items())) if data else (_RAW_DATA, [])
    flat = _numbers(where, values, kind, label, source)
    count = 1
    for n in shape:
        count *= n
    if flat.size != count:
        raise source.refuse(f"{label} of shape {shape} has {count} numbers, not {flat.size}")
    return name, flat.reshape(shape)


def _numbers(where: int, values: list[Any], kind: int, label: str, source: Source) -> Array:
    form = _RAW[kind]
    if where == _RAW_DATA:
        stored = "<u2" if form == "bf16" else form
        flat = _view(values, stored, label, source)
    elif where in _TYPED:
        if form != _TYPED[where]:
            raise source.refuse(f"{label} has its numbers in a field for others")
        flat = _view(values, form, label, source)
    else:
        if (where == _INT64) != (form == "<i8") or form in ("<f4", "<f8", "<u4", "<u8"):
            raise source.refuse(f"{label} has its numbers in a field for others")
        return _from_integers(values, form, label, source)
    if form == "|b1" and flat.view(np.uint8).max(initial=0) > 1:
        raise source.refuse(f"{label} holds bools that are neither 0 nor 1")
    return _widened(flat, label, source) if form == "bf16" else flat


def _view(values: list[Any], form: str, label: str, source: Source) -> Array:
    """Arrays are views of the file; only numbers that come one by one are collected."""
    blocks = [_bytes(value, source) for value in values]
    admit(sum(map(len, blocks)) if len(blocks) > 1 else 0, source, label)
    block = blocks[0] if len(blocks) == 1 else memoryview(b"".join(blocks))
    if len(block) % np.dtype(form).itemsize:
        raise source.refuse(f"{label} has {len(block)} bytes, which is no whole number of values")
    return np.frombuffer(block, form)


def _from_integers(values: list[Any], form: str, label: str, source: Source) -> Array:
    """Short lists, such as shapes; half floats are the bits of an int32."""
    numbers = [n for value in values for n in integers(value, source)]
    bits = {"<f2": "<u2", "bf16": "<u2", "|b1": "|u1"}.get(form, form)
    limits = np.iinfo(bits)
    if not all(limits.min <= n <= limits.max for n in numbers):
        raise source.refuse(f"{label} has numbers that its data type cannot hold")
    flat: Array = np.array(numbers, bits)
    if form == "|b1" and flat.max(initial=0) > 1:
        raise source.refuse(f"{label} holds bools that are neither 0 nor 1")
    return _widened(flat, label, source) if form == "bf16" else flat.view(form)


def _widened(half: Array, label: str, source: Source) -> Array:
    """bfloat16 is the upper half of a float32."""
    admit(4 * half.size, source, label)
    wide: Array = np.left_shift(half, 16, dtype=np.uint32)
    return wide.view(np.float32)
