"""Keras's names that are left out on purpose, and what a module says when it is asked for a name that it has not."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

__all__ = ["explain_absent", "refuse"]


def explain_absent(module: str) -> None:
    """Lets a module say more of a name that it has not: the nearest one it has, or that Keras's is left out.

    Args:
        module: its ``__name__``; its ``__all__`` holds what it has.

    Example:
        >>> from fastcnn import layers
        >>> layers.LSTM
        Traceback (most recent call last):
        AttributeError: module 'fastcnn.layers' has no attribute 'LSTM'. fastcnn has no recurrent layers, by decision
        >>> layers.Conv2d
        Traceback (most recent call last):
        AttributeError: module 'fastcnn.layers' has no attribute 'Conv2d'. Did you mean 'Conv2D'?
    """
    namespace: dict[str, Any] = vars(sys.modules[module])

    def absent(name: str) -> NoReturn:
        refuse(name, module, namespace["__all__"])

    namespace["__getattr__"] = absent


def refuse(name: str, module: str, known: Any) -> NoReturn:
    """Says that a module has no such name: for its ``__getattr__`` to call.

    Args:
        name: what was asked for.
        module: its ``__name__``.
        known: the names it has.

    Example:
        >>> refuse("Conv2d", "fastcnn.layers", ["Conv2D"])
        Traceback (most recent call last):
        AttributeError: module 'fastcnn.layers' has no attribute 'Conv2d'. Did you mean 'Conv2D'?
    """
    from fastcnn.registry import suggestion

    why = suggestion(name, known) if name[:1] != "_" else ""
    if name[:1] != "_" and "by decision" not in why:
        why = _elsewhere(module, name) or why
    message = f"module {module!r} has no attribute {name!r}.{why}".removesuffix(".")
    importing = why and sys._getframe(2).f_code.co_name == "_handle_fromlist"
    if importing and ("by decision" in why or find_spec(f"{module}.{name}") is None):
        # In place of an AttributeError, whose words the import would drop.
        raise ImportError(f"cannot import name {name!r}: {message}", name=module)
    raise AttributeError(message)


def _elsewhere(module: str, name: str) -> str:
    """Where a name is that the module has not."""
    if (module, name) == ("fastcnn", "keras"):
        return " Write: import fastcnn as keras"
    for other in ("layers", "models", "utils", "losses", "metrics", "optimizers", "callbacks", "ops"):
        place = f"fastcnn.{other}"
        if place != module and name in import_module(place).__all__:
            return f" It is in {place}"
    return ""
