"""Which loss or metric a name, a function or an object means for labels and outputs of these shapes."""

from typing import Any

from fastcnn.naming import snake_case

__all__ = ["check_losses", "check_metric_names", "resolve_loss", "resolve_metric"]

_BY_SHAPE = {"accuracy": "accuracy", "acc": "accuracy", "crossentropy": "crossentropy", "ce": "crossentropy"}


def _kind(y_true: Any, y_pred: Any) -> str:
    """What sort of classification labels and outputs of these shapes are."""
    if y_pred.shape[-1] == 1:
        return "binary"
    sparse = len(y_true.shape) < len(y_pred.shape) or y_true.shape[-1] == 1
    return "sparse_categorical" if sparse else "categorical"


def resolve_loss(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The loss that a name, function, class or config means; "crossentropy" and "ce" go by the shapes."""
    from fastcnn import losses

    if identifier is None:
        return None
    name = identifier
    if str(identifier).lower() in ("crossentropy", "ce"):
        identifier = f"{_kind(y_true, y_pred)}_crossentropy"
    found = losses.get(identifier)
    if isinstance(found, losses.Loss):
        return found
    if not isinstance(name, str):
        name = getattr(found, "__name__", None) or type(found).__name__
    return losses.LossFunctionWrapper(found, name=name)


def check_losses(given: Any) -> None:
    """Refuses what is no loss, wherever in lists and dicts it is: better now than in the first batch."""
    from fastcnn import losses, metrics

    if isinstance(given, (list, tuple)) or (isinstance(given, dict) and "class_name" not in given):
        for one in given.values() if isinstance(given, dict) else given:
            check_losses(one)
    elif isinstance(given, str):
        if given.lower() not in ("crossentropy", "ce"):
            losses.get(given)
    elif given is not None and (not (callable(given) or isinstance(given, dict)) or isinstance(given, metrics.Metric)):
        raise TypeError(f"loss must be a name, a function or a Loss, got {given!r}")


def check_metric_names(given: Any) -> None:
    """Refuses a name that nobody knows, wherever in lists and dicts it is: better now than in the first batch."""
    from fastcnn import metrics

    if isinstance(given, str):
        if given.lower() not in _BY_SHAPE:
            metrics.find(given)
    elif isinstance(given, dict) and "class_name" not in given:
        check_metric_names(list(given.values()))
    elif isinstance(given, (list, tuple)):
        for one in given:
            check_metric_names(one)


def resolve_metric(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """The metric that a name, function, class or config means; "accuracy" and "acc" go by the shapes.

    It is called in the logs as it was spelled, a function as Keras calls it: RMSE is rmse.
    """
    from fastcnn import metrics

    if identifier is None:
        raise ValueError("metrics has None among its entries; leave it out")
    kind = _BY_SHAPE.get(identifier.lower()) if isinstance(identifier, str) else None
    found = metrics.get(f"{_kind(y_true, y_pred)}_{kind}" if kind else identifier)
    if isinstance(found, type):
        found = found()
    if not isinstance(found, metrics.Metric):
        name = getattr(found, "__name__", None) or getattr(found, "name", None) or type(found).__name__
        found = metrics.MeanMetricWrapper(found, name=snake_case(name))
    if isinstance(identifier, str):
        found.name = identifier
    return found
