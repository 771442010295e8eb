"""Every name that fastcnn has in common with Keras 3 has its signature too.

tests/keras_signatures.json, written by tools/freeze_keras_signatures.py, holds Keras's.
"""

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

# What differs on purpose, and why.
DELIBERATE: dict[str, dict[str, str]] = {
    "KerasTensor": {"kwargs": "Keras ignores unknown words there; here they are errors"},
    "Variable": {"kwargs": "Keras ignores unknown words there; here they are errors"},
    "datasets.mnist.load_data": {
        "path": "None looks in FASTCNN_DATA and the caches; 'mnist.npz' names a file in one of them"
    },
    "layers.Layer.add_weight": {"args": "Keras takes shape and initializer by position; here they have their names"},
    "layers.Layer.compute_output_shape": {
        "args": "the base takes the shape of the first input, a nest of shapes for several; subclasses take what they name",
        "kwargs": "as for args",
        "input_shape": "as for args",
    },
    "models.save_model": {
        "kwargs": "Keras's words there are include_optimizer, which has its name here, and outdated ones"
    },
    "saving.save_model": {
        "kwargs": "Keras's words there are include_optimizer, which has its name here, and outdated ones"
    },
    "ops.einsum": {"kwargs": "Keras passes them on to its backends; here unknown words are errors"},
    "saving.save_weights": {"kwargs": "passed on to nobody: unknown words are errors"},
    "saving.deserialize_keras_object": {
        "kwargs": "Keras's words there are for files of Keras 1 and 2, which load_model reads"
    },
}

# By module: what fastcnn exports and Keras has not.
OURS_ONLY: dict[str, str] = {
    "": """
        GradientTape SymbolicTensor Tensor __version__ custom_gradient get_cmake_dir get_include get_init_policy
        get_library_dir get_num_threads get_pkgconfig_dir grad gradcheck set_init_policy set_num_threads show_config
        stop_gradient
    """,
    "layers": """
        ChannelMeanSubtraction LayerScale Maxout MeanImageSubtraction PCAWhitening Standardization StochasticDepth
        ZCAWhitening ZeroCenter get
    """,
    "applications.mobilenet_v3": "MobileNetV3Large MobileNetV3Small",
    "losses": "LossFunctionWrapper check_head reduce_weighted_values squeeze_or_expand_to_same_rank",
    "metrics": """
        ConfusionMatrix accuracy classification_report confusion_matrix get_accuracy get_crossentropy
    """,
    "optimizers.schedules": "OneCycle StepDecay",
    "utils": "image_dataset_from_dataframe smart_resize",
    "initializers": """
        FanInUniform RandomInitializer XavierFanIn by_policy compute_fans get_init_policy set_init_policy with_fan_in
    """,
    "constraints": "ClipValue clip_value",
    "activations": "step",
    "datasets.cifar10": "CLASSES",
    "datasets.fashion_mnist": "CLASSES",
    "saving": "FileFormatError atomic_write read_npz read_safetensors read_torch restore write_npz write_safetensors",
    "applications": """
        AlexNet GoogLeNet LeNet5 ResNet18 ResNet34 SqueezeNet VGG11 VGG11_BN VGG13 VGG13_BN VGG16_BN VGG19_BN
        list_models preprocess_mode table
    """,
    "applications.imagenet_utils": "read_class_names",
    "preprocessing.image": """
        DataFrameIterator DirectoryIterator ImageDataGenerator Iterator NumpyArrayIterator apply_affine_transform
        apply_brightness_shift apply_channel_shift random_brightness random_channel_shift random_rotation
        random_shear random_shift random_zoom
    """,
    "random": "draw_seed set_global_seed",
    "ops": """
        add_scaled batch_norm broadcast_shapes dense dropout flatten getitem global_average_pool global_max_pool
        group_norm huber identity_primitive layer_norm maxout mean_absolute_error mean_squared_error mish prelu resize
        scatter_add squared_difference step sum_squares to_channels_first to_channels_last unbroadcast upsample
    """,
}
POSITIONAL = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")


def find(path: str) -> Any:
    """``layers.Dense``, ``Model.fit``, ``datasets.mnist.load_data`` in fastcnn."""
    thing: Any = fastcnn
    parts = path.split(".") if path else []
    for i, part in enumerate(parts):
        if not hasattr(thing, part) and inspect.ismodule(thing):
            importlib.import_module(".".join(["fastcnn", *parts[: i + 1]]))
        thing = getattr(thing, part)
    return thing


def parameters_of(thing: Any) -> list[inspect.Parameter]:
    own_init = inspect.isclass(thing) and inspect.isfunction(thing.__init__)
    found = inspect.signature(thing.__init__ if own_init else thing).parameters.values()
    return [p for p in found if p.name not in ("self", "cls")]


def same_default(theirs: str | None, ours: Any) -> bool:
    if theirs is None or ours is inspect.Parameter.empty:
        return theirs is None and ours is inspect.Parameter.empty
    try:
        value = ast.literal_eval(theirs)
    except (ValueError, SyntaxError):
        return theirs == repr(ours)
    if isinstance(value, list | tuple) and isinstance(ours, list | tuple):
        return list(value) == list(ours)
    return value == ours and isinstance(value, bool) == isinstance(ours, bool)


def faults(rows: list[list[Any]], ours: list[inspect.Parameter]) -> dict[str, str]:
    """What a call written for Keras would trip over, by parameter."""
    known = {p.name: p for p in ours}
    kinds = {p.kind.name for p in ours}
    positional = [p.name for p in ours if p.kind.name in POSITIONAL]
    names = [row[0] for row in rows]
    found = {}
    place = 0
    for name, kind, default in rows:
        if kind.startswith("VAR"):
            if kind not in kinds:
                found[name] = f"missing: {'*' if kind == 'VAR_POSITIONAL' else '**'}{name}"
            continue
        at = place
        place += kind in POSITIONAL
        if name not in known:
            found[name] = f"missing: {name}{'' if default is None else '=' + default}"
        elif kind in POSITIONAL and positional[at : at + 1] != [name]:
            found[name] = f"must be positional argument {at + 1} of {positional}"
        elif not same_default(default, known[name].default):
            got = known[name].default
            wanted = "have no default" if default is None else f"default to {default}"
            found[name] = f"must {wanted}, got {'none' if got is inspect.Parameter.empty else repr(got)}"
    for p in ours:
        if p.name not in names and not p.kind.name.startswith("VAR") and p.default is inspect.Parameter.empty:
            found[p.name] = "is ours alone, so it must have a default"
    return found


@pytest.mark.parametrize("name", SIGNATURES)
def test_signature(name: str) -> None:
    wrong = {
        k: v
        for k, v in faults(SIGNATURES[name], parameters_of(find(name))).items()
        if k not in DELIBERATE.get(name, {})
    }
    assert not wrong, f"{name}: {wrong}"


def test_deliberate_differences_are_real() -> None:
    """A difference that has gone must leave the list."""
    for name, reasons in DELIBERATE.items():
        assert set(reasons) <= set(faults(SIGNATURES[name], parameters_of(find(name)))), name
        assert all(reasons.values()), name


@pytest.mark.parametrize("module", TABLE["unclaimed"])
def test_every_export_is_compared_or_ours(module: str) -> None:
    place = find(module)
    exported = {n for n in getattr(place, "__all__", ["load_data"]) if not inspect.ismodule(getattr(place, n))}
    claimed = {name for name in exported if f"{module}.{name}".lstrip(".") in SIGNATURES}
    ours = set(OURS_ONLY.get(module, "").split())
    assert exported - claimed == ours, f"{module}: add to CLAIMED in tools/freeze_keras_signatures.py, or to OURS_ONLY"
    assert not ours & set(TABLE["unclaimed"][module]), f"{module}: Keras has them"


# For the arguments that have no default.
VALUES: dict[str, Any] = {
    "activation": "relu", "function": fastcnn.activations.relu, "layer": fastcnn.layers.Dense(2), "input_dim": 3, "output_dim": 2,
    "axes": 1, "boundaries": [1], "decay_rate": 0.5, "decay_steps": 10, "dims": (2, 1), "filters": 3,
    "first_decay_steps": 5, "initial_learning_rate": 0.1, "kernel_size": 3, "n": 2, "num_classes": 3, "output_size": 2,
    "pool_size": 2, "rate": 0.3, "scale": 2.0, "shape": (4,), "stddev": 0.3, "target_class_ids": [0], "target_shape": (2, 2), "units": 3, "values": [1.0, 2.0],
}  # fmt: skip
BASES = ("Initializer", "Layer", "LearningRateSchedule", "Loss", "Metric", "Optimizer", "Regularizer")
STRICT = [
    name
    for name, rows in SIGNATURES.items()
    if name.startswith(
        ("layers.", "losses.", "metrics.", "initializers.", "regularizers.", "constraints.", "optimizers.sch")
    )
    and hasattr(find(name), "get_config")
    and not name.endswith((*BASES, "MeanMetricWrapper"))
    and not any(kind == "VAR_KEYWORD" for _, kind, _ in rows)
]


@pytest.mark.parametrize("name", STRICT)
def test_keras_understands_configs(name: str) -> None:
    """Keras's constructor gets the config's words, so it must know them all."""
    rows = SIGNATURES[name]
    made = find(name)(**{word: VALUES[word] for word, _, default in rows if default is None})
    assert set(made.get_config()) <= {row[0] for row in rows}


def sample(first, /, a, b=1, *rest, c=(2, 2), **more):  # type: ignore[no-untyped-def]
    """What the comparison is tried on."""


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (["a", "POSITIONAL_OR_KEYWORD", None], "must be positional argument 1"),
        (["first", "POSITIONAL_OR_KEYWORD", "0"], "must default to 0, got none"),
        (["c", "KEYWORD_ONLY", "[2, 3]"], "must default to [2, 3]"),
        (["b", "KEYWORD_ONLY", "True"], "must default to True, got 1"),
        (["b", "KEYWORD_ONLY", None], "must have no default, got 1"),
        (["d", "KEYWORD_ONLY", "0"], "missing: d=0"),
    ],
)
def test_faults_are_found(row: list[Any], fault: str) -> None:
    assert fault in faults([row], parameters_of(sample))[row[0]]


def test_no_fault_where_there_is_none() -> None:
    rows = [
        ["first", "POSITIONAL_OR_KEYWORD", None],
        ["a", "POSITIONAL_OR_KEYWORD", None],
        ["b", "POSITIONAL_OR_KEYWORD", "1"],
        ["rest", "VAR_POSITIONAL", None],
        ["c", "KEYWORD_ONLY", "[2, 2]"],
        ["more", "VAR_KEYWORD", None],
    ]
    assert faults(rows, parameters_of(sample)) == {}
    assert faults(rows[:1], parameters_of(sample)) == {"a": "is ours alone, so it must have a default"}
    assert faults([["x", "VAR_KEYWORD", None]], [])["x"] == "missing: **x"
