"""Keras's names that are left out on purpose, and what a module says when it is asked for a name that it has not."""

import sys
from typing import Any, NoReturn

__all__ = ["explain_absent"]


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
        from fastcnn.registry import suggestion

        why = suggestion(name, namespace["__all__"]) if name[:1] != "_" else ""
        message = f"module {module!r} has no attribute {name!r}.{why}".removesuffix(".")
        asking = sys._getframe(1).f_code
        if "by decision" in why and asking.co_name == "_handle_fromlist":
            raise ImportError(message, name=module)  # in place of an AttributeError, whose words the import would drop
        raise AttributeError(message)

    namespace["__getattr__"] = absent
