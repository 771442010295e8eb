"""Every claimed name has Keras's signature: tests/keras_signatures.json, written by tools/freeze_keras_signatures.py."""

import ast
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import fastcnn

TABLE = json.loads((Path(__file__).parent / "keras_signatures.json").read_text())
SIGNATURES: dict[str, list[list[Any]]] = TABLE["signatures"]

# Deliberate differences: (name, parameter) and why. "*" stands for the whole signature.
DIFFERENCES: dict[tuple[str, str], str] = {
    ("Variable", "autocast"): "everything is float32: there is nothing to cast",
    ("Variable", "aggregation"): "one machine, one copy",
    ("Variable", "synchronization"): "one machine, one copy",
    ("datasets.mnist.load_data", "path"): "None is the local cache or FASTCNN_DATA; nothing is fetched unasked",
    ("ops.max", "initial"): "not supported by the kernels",
    ("ops.min", "initial"): "not supported by the kernels",
    ("losses.Loss", "dtype"): "keyword of the base class, as in all losses",
}
POSITIONAL = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")


def find(name: str) -> Any:
    """``layers.Dense``, ``Model.fit``, ``datasets.mnist.load_data`` in fastcnn."""
    thing: Any = fastcnn
    parts = name.split(".")
    for i, part in enumerate(parts):
        if not hasattr(thing, part) and inspect.ismodule(thing):
            importlib.import_module(".".join(["fastcnn", *parts[: i + 1]]))
        thing = getattr(thing, part)
    return thing


def parameters_of(thing: Any) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(thing).parameters.values() if p.name not in ("self", "cls")]


def same_default(theirs: str | None, ours: Any) -> bool:
    if theirs is None or ours is inspect.Parameter.empty:
        return theirs is None and ours is inspect.Parameter.empty
    try:
        value = ast.literal_eval(theirs)
    except (ValueError, SyntaxError):
        return theirs == repr(ours)
    return value == ours and isinstance(value, bool) == isinstance(ours, bool)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    ours = parameters_of(find(name))
    known = {p.name: p for p in ours}
    positional = [p.name for p in ours if p.kind.name in POSITIONAL]
    wrong = []
    place = 0
    for parameter, kind, default in SIGNATURES[name]:
        if kind == "VAR_KEYWORD" and not any(p.kind.name == "VAR_KEYWORD" for p in ours) and name.startswith("layers."):
            wrong.append(f"no **{parameter}")
        if kind.startswith("VAR"):
            continue
        place += kind in POSITIONAL
        if (name, parameter) in DIFFERENCES:
            continue
        if parameter not in known:
            wrong.append(f"no {parameter}={default}")
        elif kind in POSITIONAL and positional[place - 1 : place] != [parameter]:
            wrong.append(f"{parameter} must be argument {place}, got {positional}")
        elif not same_default(default, known[parameter].default):
            wrong.append(f"{parameter} must default to {default}, got {known[parameter].default!r}")
    assert not wrong, f"{name}: " + "; ".join(wrong)


@pytest.mark.parametrize("name", SIGNATURES)
def test_own_parameters_do_not_disturb(name: str) -> None:
    """A call that Keras understands must not need more than Keras asks for."""
    theirs = {row[0] for row in SIGNATURES[name]}
    for p in parameters_of(find(name)):
        if p.name not in theirs and not p.kind.name.startswith("VAR"):
            assert p.default is not inspect.Parameter.empty, f"{name}: {p.name} must have a default"


@pytest.mark.parametrize("module", TABLE["unclaimed"])
def test_no_name_is_forgotten(module: str) -> None:
    """What exists in both must be claimed, and compared."""
    ours = set(find(module).__all__) if module else set()
    assert not ours & set(TABLE["unclaimed"][module]), "add them to CLAIMED in tools/freeze_keras_signatures.py"


def test_differences_are_real() -> None:
    """A difference that has gone must leave the list."""
    for name, parameter in DIFFERENCES:
        rows = {row[0]: row for row in SIGNATURES[name]}
        assert parameter in rows, (name, parameter)
        ours = {p.name: p for p in parameters_of(find(name))}
        assert parameter not in ours or not same_default(rows[parameter][2], ours[parameter].default), (name, parameter)
