"""What ``compile`` was called with, as plain data, and back: for files and for copies of models."""

from typing import Any, Self

__all__ = ["CompileConfig"]


class CompileConfig:
    """The part of a model that writes down and restores what ``compile`` set up."""

    compiled = False
    optimizer: Any = None
    compile: Any
    trainable_variables: Any
    _compile_arguments: dict[str, Any] | None = None

    def get_compile_config(self) -> dict[str, Any] | None:
        """What ``compile`` was called with, as plain data; None for a model that was not compiled."""
        if self._compile_arguments is None:
            return None
        from fastcnn import optimizers

        config = {key: _serialize(key, value) for key, value in self._compile_arguments.items()}
        config["optimizer"] = optimizers.serialize(self.optimizer)
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as ``get_compile_config`` tells, and makes the optimizer's state."""
        from fastcnn import losses, metrics, optimizers

        made = dict(config)
        made["optimizer"] = optimizers.deserialize(made["optimizer"])
        made["loss"] = _deserialize(made.get("loss"), losses.deserialize)
        for key in ("metrics", "weighted_metrics"):
            made[key] = _deserialize(made.get(key), metrics.deserialize)
        self.compile(**made)
        if getattr(self, "built", False):
            self.optimizer.build(self.trainable_variables)

    def _compiled_state(self) -> dict[str, Any] | None:
        """What copies of the model need to be compiled like it."""
        if not self.compiled or self._compile_arguments is None:
            return None
        from fastcnn import optimizers

        arguments = {key: value for key, value in self._compile_arguments.items() if key != "optimizer"}
        built = getattr(self.optimizer, "built", False)
        return {
            "arguments": arguments,
            "optimizer": optimizers.serialize(self.optimizer),
            "class": type(self.optimizer),
            "slots": [v.numpy() for v in self.optimizer.variables] if built else None,
        }

    def _restore_compiled_state(self, saved: dict[str, Any] | None) -> Self:
        if saved is None:
            return self
        from fastcnn import optimizers
        from fastcnn.registry import custom_object_scope

        with custom_object_scope({saved["class"].__name__: saved["class"]}):
            optimizer = optimizers.deserialize(saved["optimizer"])
        self.compile(optimizer, **saved["arguments"])
        if saved["slots"] is not None:
            self.optimizer.build(self.trainable_variables)
            for variable, value in zip(self.optimizer.variables, saved["slots"], strict=True):
                variable.assign(value)
        return self


def _serialize(key: str, value: Any) -> Any:
    from fastcnn import losses, metrics

    if isinstance(value, dict):
        return {k: _serialize(key, v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_serialize(key, v) for v in value]
    if callable(value) or hasattr(value, "get_config"):
        return (losses if key == "loss" else metrics if "metrics" in key else losses).serialize(value)
    return value


def _deserialize(value: Any, deserialize: Any) -> Any:
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _deserialize(v, deserialize) for k, v in value.items()}
    if isinstance(value, list):
        return [_deserialize(v, deserialize) for v in value]
    return deserialize(value) if isinstance(value, dict) else value
