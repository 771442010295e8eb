"""Every public name says what it does, names what it takes, and shows itself at work."""

import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import fastcnn
from fastcnn.naming import snake_case

# A class of these has the arguments of the function of its name.
OF_FUNCTIONS = ("losses", "metrics")
# Where the arguments are explained that many have in common.
SHARED = {
    "applications": ("fastcnn.applications.building", "Building"),
    "initializers": ("fastcnn.initializers", "VarianceScaling"),
    "layers": ("fastcnn.layers", "Conv2D"),
    "metrics": ("fastcnn.losses", "BinaryCrossentropy"),
    "optimizers": ("fastcnn.optimizers", "Optimizer"),
}


def public_modules(module: ModuleType = fastcnn) -> Iterator[ModuleType]:
    yield module
    for name in [*module.__all__, *getattr(module, "_ON_FIRST_USE", ())]:
        found = getattr(module, name)
        if inspect.ismodule(found):
            yield from public_modules(found)


def public_things() -> Iterator[tuple[str, Any]]:
    """Functions and classes, each by the last of its names."""
    things = {}
    for module in public_modules():
        for name in module.__all__:
            thing = getattr(module, name)
            if str(getattr(thing, "__module__", "")).startswith("fastcnn.") and hasattr(thing, "__name__"):
                things[id(thing)] = (f"{module.__name__}.{name}", thing)
    return iter(things.values())


THINGS = dict(public_things())


def written(thing: Any) -> str:
    """The docstring; for the references, whose arguments are those of the kernels, with the kernel's."""
    text = thing.__doc__ or ""
    kernel = getattr(fastcnn.kernels, getattr(thing, "__name__", ""), None)
    return text + (kernel.__doc__ or "") if text and thing.__module__.startswith("fastcnn.reference") else text


def explained(thing: Any) -> str:
    """All the places where its arguments may be explained."""
    package = thing.__module__.split(".")[1]
    places = [thing, *(base for base in getattr(thing, "__mro__", ()) if base.__module__.startswith("fastcnn"))]
    if package in SHARED:
        places.append(getattr(importlib.import_module(SHARED[package][0]), SHARED[package][1]))
    others = re.findall(r"rguments as in ``(\w+)``", written(thing))
    others += [snake_case(thing.__name__)] if package in OF_FUNCTIONS else []
    functions = [getattr(getattr(fastcnn, package), name, None) for name in others]
    return "\n".join(map(written, [*places, *filter(inspect.isfunction, functions)]))


def parameters(thing: Any) -> list[str]:
    if inspect.isclass(thing) and not inspect.isfunction(thing.__init__):
        return []  # exceptions
    found = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing).parameters.values()
    return [p.name for p in found if p.name != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def unnamed(thing: Any) -> list[str]:
    text = explained(thing)
    names = {p: re.sub("^(depthwise|pointwise)_(?=init|reg|cons)", "kernel_", p) for p in parameters(thing)}
    return [p for p, name in names.items() if not re.search(rf"\b{name}\b", text)]


@pytest.mark.parametrize("module", list(public_modules()), ids=lambda m: m.__name__)
def test_modules_say_what_they_are_for(module: ModuleType) -> None:
    assert re.match(r"[A-Z\w`].+[.!]$", (module.__doc__ or "").split("\n\n")[0].strip(), re.DOTALL)


@pytest.mark.parametrize("name", THINGS)
def test_docstring(name: str) -> None:
    thing = THINGS[name]
    text = written(thing)
    first = text.strip().split("\n\n")[0]
    assert first.endswith((".", ":")), "it begins with a sentence"
    assert ">>>" in text or issubclass(thing if inspect.isclass(thing) else object, Exception), "it has an example"
    assert not unnamed(thing), "it names its arguments"


def undescribed(cls: type) -> list[str]:
    """Methods and properties that neither the class nor a base describes."""
    own = [name for name, value in vars(cls).items() if callable(value) or isinstance(value, (property, classmethod))]
    return [name for name in own if not name.startswith("_") and not inspect.getdoc(getattr(cls, name))]


@pytest.mark.parametrize("name", [name for name, thing in THINGS.items() if inspect.isclass(thing)])
def test_methods_say_what_they_do(name: str) -> None:
    assert not undescribed(THINGS[name])


def sample(first: int, second: int = 2) -> None:
    """Does nothing.

    Args:
        first: is not looked at.
    """


def test_what_is_not_named_is_found() -> None:
    sample.__module__ = "fastcnn.data"
    assert unnamed(sample) == ["second"]
    assert undescribed(type("Sample", (), {"shown": lambda self: None, "_hidden": lambda self: None})) == ["shown"]
    assert len(THINGS) > 900
