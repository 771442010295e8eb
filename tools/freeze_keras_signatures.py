"""Writes tests/keras_signatures.json: the signatures of Keras 3 for every name that fastcnn claims.

Run under an interpreter that has Keras: ``KERAS_BACKEND=numpy python tools/freeze_keras_signatures.py``.
"""

import inspect
import json
import pathlib
from typing import Any

import keras

TABLE = pathlib.Path(__file__).parents[1] / "tests" / "keras_signatures.json"

# By module: the names that fastcnn has too. "Class.method" is a method.
CLAIMED = {
    "layers": """
        Input InputLayer InputSpec Layer Dense Identity Conv1D Conv2D Conv1DTranspose Conv2DTranspose DepthwiseConv1D
        DepthwiseConv2D SeparableConv1D SeparableConv2D MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D
        GlobalMaxPooling1D GlobalMaxPooling2D GlobalAveragePooling1D GlobalAveragePooling2D AdaptiveAveragePooling2D
        BatchNormalization LayerNormalization GroupNormalization UnitNormalization Activation ReLU LeakyReLU PReLU ELU
        Softmax Dropout SpatialDropout1D SpatialDropout2D GaussianNoise GaussianDropout AlphaDropout
        ActivityRegularization Flatten Reshape Permute RepeatVector ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D
        UpSampling1D UpSampling2D Add Subtract Multiply Average Maximum Minimum Concatenate Dot add subtract multiply
        average maximum minimum concatenate dot Rescaling Normalization serialize deserialize
        Layer.add_weight Layer.add_loss Layer.build Layer.call Layer.compute_output_shape Layer.count_params
        Layer.get_config Layer.from_config Layer.get_weights Layer.set_weights Layer.get_build_config
        Layer.build_from_config Layer.save_own_variables Layer.load_own_variables Normalization.adapt
    """,
    "": """
        Input Sequential Model Variable Initializer Layer Loss Metric Optimizer Regularizer
        Model.compile Model.fit Model.evaluate Model.predict Model.train_on_batch Model.test_on_batch
        Model.predict_on_batch Model.test_step Model.predict_step Model.compute_loss
        Model.compute_metrics Model.summary Model.save Model.save_weights Model.load_weights Model.get_layer
        Model.add_loss Model.to_json Model.get_config Model.from_config Model.get_metrics_result Model.reset_metrics
        Model.get_compile_config Model.compile_from_config Model.get_weights Model.set_weights Model.count_params
        Sequential.add Sequential.pop
    """,
    "models": "Model Sequential clone_model load_model model_from_json save_model",
    "losses": """
        Loss BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy
        SparseCategoricalCrossentropy MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError
        MeanSquaredLogarithmicError Huber LogCosh Hinge SquaredHinge CategoricalHinge KLDivergence Poisson
        CosineSimilarity Dice get serialize deserialize Loss.call Loss.__call__ Loss.get_config Loss.from_config
        binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy
        sparse_categorical_crossentropy mean_squared_error mean_absolute_error mean_absolute_percentage_error
        mean_squared_logarithmic_error huber log_cosh hinge squared_hinge categorical_hinge kl_divergence poisson
        cosine_similarity dice
    """,
    "metrics": """
        Metric Mean Sum MeanMetricWrapper Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy
        TopKCategoricalAccuracy SparseTopKCategoricalAccuracy Precision Recall F1Score FBetaScore AUC MeanSquaredError
        MeanAbsoluteError RootMeanSquaredError R2Score TruePositives TrueNegatives FalsePositives FalseNegatives
        BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy get serialize deserialize
        Metric.update_state Metric.result Metric.reset_state Metric.add_variable Metric.add_weight Metric.__call__
        Metric.get_config Metric.from_config
    """,
    "optimizers": """
        Optimizer SGD Adagrad RMSprop Adam AdamW Adamax Adadelta Nadam get serialize deserialize
        Optimizer.build Optimizer.apply Optimizer.apply_gradients Optimizer.get_config Optimizer.from_config
        Optimizer.save_own_variables Optimizer.load_own_variables
    """,
    "optimizers.schedules": """
        LearningRateSchedule ExponentialDecay PiecewiseConstantDecay PolynomialDecay InverseTimeDecay CosineDecay
        CosineDecayRestarts serialize deserialize
    """,
    "initializers": """
        Initializer Zeros Ones Constant Identity RandomNormal RandomUniform TruncatedNormal VarianceScaling
        GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Orthogonal get serialize deserialize
        Initializer.__call__ Initializer.get_config Initializer.from_config Initializer.clone
    """,
    "regularizers": "Regularizer L1 L2 L1L2 OrthogonalRegularizer get serialize deserialize Regularizer.get_config",
    "constraints": "Constraint MaxNorm NonNeg UnitNorm MinMaxNorm get serialize deserialize Constraint.get_config",
    "activations": """
        relu relu6 leaky_relu elu selu gelu silu sigmoid hard_sigmoid hard_silu tanh softplus softsign softmax
        log_softmax mish exponential linear get serialize deserialize
    """,
    "callbacks": """
        Callback CallbackList History ModelCheckpoint EarlyStopping ReduceLROnPlateau LearningRateScheduler CSVLogger
        TerminateOnNaN LambdaCallback ProgbarLogger TensorBoard BackupAndRestore SwapEMAWeights Callback.set_params
        Callback.set_model Callback.on_epoch_begin Callback.on_epoch_end Callback.on_train_begin Callback.on_train_end
        Callback.on_train_batch_begin Callback.on_train_batch_end Callback.on_test_begin Callback.on_test_end
        Callback.on_test_batch_begin Callback.on_test_batch_end Callback.on_predict_begin Callback.on_predict_end
        Callback.on_predict_batch_begin Callback.on_predict_batch_end Callback.on_batch_begin Callback.on_batch_end
    """,
    "utils": """
        to_categorical split_dataset set_random_seed PyDataset Sequence register_keras_serializable
        custom_object_scope get_custom_objects get_registered_name
    """,
    "saving": "load_model save_model load_weights save_weights register_keras_serializable custom_object_scope",
    "random": "SeedGenerator normal uniform truncated_normal randint dropout shuffle",
    "datasets.mnist": "load_data",
    "datasets.fashion_mnist": "load_data",
    "datasets.cifar10": "load_data",
    "datasets.cifar100": "load_data",
    "config": "floatx set_floatx",
    "ops": """
        abs absolute add all any arange argmax argmin broadcast_to cast ceil clip concatenate convert_to_tensor cos
        divide equal exp expand_dims flip floor full full_like greater greater_equal isfinite isinf isnan less
        less_equal log log1p expm1 logical_and logical_not logical_or logsumexp matmul max maximum mean min minimum
        multiply negative norm not_equal one_hot ones ones_like pad power prod reciprocal repeat reshape round rsqrt
        shape sigmoid sign sin split sqrt square squeeze stack std subtract sum take tanh tensordot tile transpose
        true_divide var where zeros zeros_like stop_gradient moments normalize
        relu relu6 leaky_relu elu selu gelu silu hard_sigmoid hard_silu softplus softsign softmax log_softmax
        conv depthwise_conv separable_conv conv_transpose max_pool average_pool binary_crossentropy
        categorical_crossentropy sparse_categorical_crossentropy
    """,
}


def signature_of(thing: Any) -> list[list[Any]]:
    """Name, kind and default of each parameter; None is no default, "None" is the default None."""
    rows = []
    for name, p in inspect.signature(thing).parameters.items():
        if name in ("self", "cls"):
            continue
        default = None if p.default is inspect.Parameter.empty else repr(p.default)
        if default is not None and " at 0x" in default:
            raise ValueError(f"{thing}: the default of {name} has no lasting repr")
        rows.append([name, p.kind.name, default])
    return rows


def main() -> None:
    """Writes the table."""
    table: dict[str, Any] = {"keras": keras.__version__, "signatures": {}, "unclaimed": {}}
    for module, names in CLAIMED.items():
        place = keras
        for part in filter(None, module.split(".")):
            place = getattr(place, part)
        claimed = names.split()
        for name in claimed:
            thing = place
            for part in name.split("."):
                if not hasattr(thing, part):
                    print(f"Keras {keras.__version__} has no {module}.{name}")
                    break
                thing = getattr(thing, part)
            else:
                table["signatures"][f"{module}.{name}".lstrip(".")] = signature_of(thing)
        public = {n for n in dir(place) if not n.startswith("_") and callable(getattr(place, n))}
        table["unclaimed"][module] = sorted(public - set(claimed)) if module else []
    rows = [f"    {json.dumps(name)}: {json.dumps(rows)}" for name, rows in sorted(table["signatures"].items())]
    others = [f"    {json.dumps(name)}: {json.dumps(names)}" for name, names in sorted(table["unclaimed"].items())]
    text = '{\n  "keras": %s,\n  "signatures": {\n%s\n  },\n  "unclaimed": {\n%s\n  }\n}\n'
    TABLE.write_text(text % (json.dumps(table["keras"]), ",\n".join(rows), ",\n".join(others)))


if __name__ == "__main__":
    main()
