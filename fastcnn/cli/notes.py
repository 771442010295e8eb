"""Model files of the command line: one ``.fastcnn`` file, which also says what the classes are called."""

from typing import Any

__all__ = ["load", "save"]


def save(model: Any, path: Any, notes: dict[str, Any]) -> None:
    """Writes a model without its optimizer, at once or not at all.

    Args:
        model: built.
        path: that ends in ".fastcnn".
        notes: ``class_names`` and whatever else is worth knowing; plain data.
    """
    from fastcnn.saving.native import save_native

    save_native(model, path, include_optimizer=False, training_state={"notes": notes})


def load(path: Any) -> tuple[Any, dict[str, Any]]:
    """A model of any file that ``models.load_model`` reads, and its notes; none where nobody made any."""
    from fastcnn.saving.api import load_model
    from fastcnn.saving.native import read_state

    model = load_model(path, compile=False)
    if not str(path).lower().endswith(".fastcnn"):
        return model, {}
    state, _ = read_state(path)
    notes = state.get("notes") if isinstance(state, dict) else None
    return model, notes if isinstance(notes, dict) else {}
