"""CallbackList: all callbacks of a training, called in order."""

from collections.abc import Callable
from typing import Any

from fastcnn.callbacks.callback import Callback
from fastcnn.callbacks.history import History
from fastcnn.callbacks.progbar import ProgbarLogger

__all__ = ["CallbackList"]

# The older names, which the newer methods call.
_OLD = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def _overrides(callback: Any, hook: str) -> Callable[..., Any] | None:
    """The callback's method for a hook, or None where calling it would do nothing."""
    method = getattr(callback, hook, None)
    if method is None:
        return None
    if getattr(method, "__func__", None) is not getattr(Callback, hook):
        return method
    return method if hook in _OLD and _overrides(callback, _OLD[hook]) else None


class CallbackList(Callback):
    """Several callbacks as one: each hook calls those that override it, in order.

    Args:
        callbacks: a list of callbacks, one callback, or None.
        add_history: whether to add a ``History`` unless there is one.
        add_progbar: whether to add a ``ProgbarLogger`` unless there is one.
        model: given to all.
        params: given to all: epochs, steps, verbose.

    Example:
        >>> callbacks = CallbackList([Callback()], add_history=True, epochs=2)
        >>> [type(c).__name__ for c in callbacks.callbacks]
        ['History', 'Callback']
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ):
        super().__init__()
        given = callbacks if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
        for callback in given:
            if isinstance(callback, type) or not hasattr(callback, "set_model"):
                what = f"the class {callback.__name__}" if isinstance(callback, type) else repr(callback)
                raise TypeError(f"callbacks must be objects of classes derived from Callback, got {what}")
        self.callbacks: list[Any] = list(given)
        self.history: History | None = next((c for c in self.callbacks if isinstance(c, History)), None)
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.insert(0, self.history)  # first, so that who saves at an epoch's end finds it complete
        self.callbacks.sort(key=_is_last)
        self._rebind()
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def _rebind(self) -> None:
        # Hooks are called for each batch: those that nobody overrides cost one empty loop.
        for hook in vars(Callback):
            if hook.startswith("on_"):
                methods = [m for m in (_overrides(c, hook) for c in self.callbacks) if m is not None]
                object.__setattr__(self, hook, _caller(methods))

    def append(self, callback: Any) -> None:
        """Adds one at the end."""
        self.callbacks.append(callback)
        self.callbacks.sort(key=_is_last)
        self._rebind()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells all."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tells all."""
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        logged: set[str] | None = set()
        for callback in self.callbacks:
            callback.set_model(model)
            if hasattr(callback, "logged_before"):
                callback.logged_before = logged if logged is None else set(logged)
            logged = (
                None if logged is None or _may_log(callback) else logged | set(getattr(callback, "_logged_names", ()))
            )

    def get_state(self) -> dict[str, Any]:
        """The states of all, by class and place among those of the class."""
        pairs = ((key, c.get_state() if hasattr(c, "get_state") else {}) for key, c in self._keys())
        return {key: value for key, value in pairs if value}

    def set_state(self, state: dict[str, Any]) -> None:
        """Gives each the state that the callback of its class had; others may have come or gone."""
        for key, callback in self._keys():
            own = state.get(key)
            if own:
                callback.set_state(own)

    def _keys(self) -> list[tuple[str, Any]]:
        counts: dict[str, int] = {}
        keyed = []
        for callback in self.callbacks:
            name = type(callback).__name__
            keyed.append((f"{counts.setdefault(name, 0)}:{name}", callback))
            counts[name] += 1
        return keyed


def _is_last(callback: Any) -> bool:
    """Whether it must see what all others have done."""
    return bool(getattr(callback, "_after_others", False))


def _may_log(callback: Any) -> bool:
    """Whether it may add to the logs of an epoch names that nobody knows before."""
    own = type(callback).__module__.startswith("fastcnn.") and "on_epoch_end" not in vars(callback)
    return not own and _overrides(callback, "on_epoch_end") is not None


def _caller(methods: list[Callable[..., Any]]) -> Callable[..., None]:
    def call(*args: Any, **kwargs: Any) -> None:
        for method in methods:
            method(*args, **kwargs)

    return call
