"""Writes tests/keras_signatures.json: the signatures of Keras 3 for every name that fastcnn claims.

Run under an interpreter that has Keras and a backend that can train: ``python tools/freeze_keras_signatures.py``. After
a new version of Keras, read what changed in the table: the test says what fastcnn must follow.
"""

import inspect
import json
import pathlib
from typing import Any

import keras

TABLE = pathlib.Path(__file__).parents[1] / "tests" / "keras_signatures.json"

# By module: the names that fastcnn has too. "Class.method" is a method.
CLAIMED = {
    "": """
        Initializer Input InputSpec KerasTensor Layer Loss Metric Model Optimizer Regularizer Sequential
        Variable Model.add_loss Model.build Model.compile Model.compile_from_config Model.count_params
        Model.get_weights Model.set_weights Model.compute_loss Model.compute_metrics Model.evaluate Model.fit
        Model.from_config Model.get_compile_config Model.get_config Model.get_layer Model.get_metrics_result
        Model.load_weights Model.predict Model.predict_on_batch Model.predict_step Model.reset_metrics
        Model.save Model.save_weights Model.summary Model.test_on_batch Model.test_step Model.to_json
        Model.train_on_batch Model.train_step Sequential.add Sequential.pop Variable.assign Variable.assign_add
        Variable.assign_sub Variable.numpy
    """,
    "layers": """
        Activation ActivityRegularization AdaptiveAveragePooling2D Add AlphaDropout Average AveragePooling1D
        AveragePooling2D AvgPool1D AvgPool2D BatchNormalization CenterCrop Concatenate Conv1D Conv1DTranspose
        Conv2D Conv2DTranspose Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
        Cropping1D Cropping2D CutMix Dense DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU Embedding Flatten
        GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAvgPool1D
        GlobalAvgPool2D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPooling1D GlobalMaxPooling2D GroupNormalization
        Identity Input InputLayer InputSpec Lambda Layer LayerNormalization LeakyReLU MaxPool1D MaxPool2D
        MaxPooling1D MaxPooling2D Maximum Minimum MixUp Multiply Normalization PReLU Permute RandomBrightness
        RandomContrast RandomCrop RandomErasing RandomFlip RandomRotation RandomShear RandomTranslation
        RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv1D SeparableConv2D
        SeparableConvolution1D SeparableConvolution2D Softmax SpatialDropout1D SpatialDropout2D Subtract
        TimeDistributed UnitNormalization UpSampling1D UpSampling2D Wrapper ZeroPadding1D ZeroPadding2D add
        average concatenate deserialize dot maximum minimum multiply serialize subtract Layer.__call__
        Layer.add_loss Layer.add_weight Layer.build Layer.build_from_config Layer.call
        Layer.compute_output_shape Layer.compute_output_spec Layer.count_params Layer.from_config
        Layer.get_build_config Layer.get_config Layer.get_weights Layer.load_own_variables
        Layer.save_own_variables Layer.set_weights Normalization.adapt
    """,
    "models": "Model Sequential clone_model load_model model_from_json save_model",
    "losses": """
        BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy
        CategoricalHinge CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss MeanAbsoluteError
        MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
        SparseCategoricalCrossentropy SquaredHinge Tversky binary_crossentropy binary_focal_crossentropy
        categorical_crossentropy categorical_focal_crossentropy categorical_hinge cosine_similarity deserialize
        dice get hinge huber kl_divergence log_cosh mean_absolute_error mean_absolute_percentage_error
        mean_squared_error mean_squared_logarithmic_error poisson serialize sparse_categorical_crossentropy
        squared_hinge tversky Loss.__call__ Loss.call Loss.from_config Loss.get_config
    """,
    "metrics": """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy
        CategoricalHinge CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU
        KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper
        MeanSquaredError MeanSquaredLogarithmicError Metric OneHotIoU OneHotMeanIoU Poisson Precision R2Score
        Recall RootMeanSquaredError SparseCategoricalAccuracy SparseCategoricalCrossentropy
        SparseTopKCategoricalAccuracy SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives
        binary_accuracy binary_crossentropy binary_focal_crossentropy categorical_accuracy
        categorical_crossentropy categorical_focal_crossentropy categorical_hinge deserialize get hinge huber
        kl_divergence log_cosh mean_absolute_error mean_absolute_percentage_error mean_squared_error
        mean_squared_logarithmic_error poisson serialize sparse_categorical_accuracy
        sparse_categorical_crossentropy sparse_top_k_categorical_accuracy squared_hinge
        top_k_categorical_accuracy Metric.__call__ Metric.add_variable Metric.add_weight Metric.from_config
        Metric.get_config Metric.reset_state Metric.result Metric.update_state
    """,
    "optimizers": """
        Adadelta Adagrad Adam AdamW Adamax Lion Nadam Optimizer RMSprop SGD deserialize get serialize
        Optimizer.add_optimizer_variables Optimizer.add_variable Optimizer.add_variable_from_reference
        Optimizer.apply Optimizer.apply_gradients Optimizer.assign Optimizer.assign_add Optimizer.assign_sub
        Optimizer.build Optimizer.exclude_from_weight_decay Optimizer.finalize_variable_values
        Optimizer.from_config Optimizer.get_config Optimizer.load_own_variables Optimizer.save_own_variables
        Optimizer.scale_loss Optimizer.set_weights Optimizer.update_step
    """,
    "optimizers.schedules": """
        CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule
        PiecewiseConstantDecay PolynomialDecay deserialize serialize LearningRateSchedule.__call__
        LearningRateSchedule.from_config LearningRateSchedule.get_config
    """,
    "initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal LecunUniform
        Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros constant deserialize
        get glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform ones
        orthogonal random_normal random_uniform serialize truncated_normal variance_scaling zeros
        Initializer.__call__ Initializer.clone Initializer.from_config Initializer.get_config
    """,
    "regularizers": """
        L1 L1L2 L2 OrthogonalRegularizer Regularizer deserialize get l1 l1_l2 l2 orthogonal_regularizer
        serialize Regularizer.__call__ Regularizer.from_config Regularizer.get_config
    """,
    "constraints": """
        Constraint MaxNorm MinMaxNorm NonNeg UnitNorm deserialize get max_norm min_max_norm non_neg serialize
        unit_norm Constraint.__call__ Constraint.from_config Constraint.get_config
    """,
    "activations": """
        celu deserialize elu exponential gelu get hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
        leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu serialize sigmoid silu soft_shrink
        softmax softplus softsign squareplus swish tanh tanh_shrink threshold
    """,
    "callbacks": """
        BackupAndRestore CSVLogger Callback CallbackList EarlyStopping History LambdaCallback
        LearningRateScheduler ModelCheckpoint ProgbarLogger ReduceLROnPlateau SwapEMAWeights TensorBoard
        TerminateOnNaN Callback.on_batch_begin Callback.on_batch_end Callback.on_epoch_begin
        Callback.on_epoch_end Callback.on_predict_batch_begin Callback.on_predict_batch_end
        Callback.on_predict_begin Callback.on_predict_end Callback.on_test_batch_begin
        Callback.on_test_batch_end Callback.on_test_begin Callback.on_test_end Callback.on_train_batch_begin
        Callback.on_train_batch_end Callback.on_train_begin Callback.on_train_end Callback.set_model
        Callback.set_params
    """,
    "utils": """
        CustomObjectScope PyDataset Sequence array_to_img clear_session custom_object_scope get_custom_objects
        get_registered_name image_dataset_from_directory img_to_array load_img normalize pack_x_y_sample_weight
        pad_sequences plot_model register_keras_serializable save_img set_random_seed split_dataset to_categorical
        unpack_x_y_sample_weight PyDataset.on_epoch_begin PyDataset.on_epoch_end
    """,
    "saving": """
        CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects get_registered_name
        load_model load_weights register_keras_serializable save_model save_weights serialize_keras_object
    """,
    "applications": """
        ConvNeXtBase ConvNeXtSmall ConvNeXtTiny
        DenseNet121 DenseNet169 DenseNet201 EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3
        EfficientNetB4 EfficientNetB5 EfficientNetB6 EfficientNetB7 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2
        EfficientNetV2B3 EfficientNetV2L EfficientNetV2M EfficientNetV2S InceptionV3 MobileNet MobileNetV2
        MobileNetV3Large MobileNetV3Small ResNet101 ResNet101V2 ResNet152 ResNet152V2 ResNet50 ResNet50V2 VGG16 VGG19
        Xception
    """,
    "applications.efficientnet": """
        EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6
        EfficientNetB7 decode_predictions preprocess_input
    """,
    "applications.efficientnet_v2": """
        EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2L EfficientNetV2M
        EfficientNetV2S decode_predictions preprocess_input
    """,
    "applications.convnext": "ConvNeXtBase ConvNeXtSmall ConvNeXtTiny decode_predictions preprocess_input",
    "applications.densenet": "DenseNet121 DenseNet169 DenseNet201 decode_predictions preprocess_input",
    "applications.imagenet_utils": "decode_predictions preprocess_input",
    "applications.inception_v3": "InceptionV3 decode_predictions preprocess_input",
    "applications.mobilenet": "MobileNet decode_predictions preprocess_input",
    "applications.mobilenet_v2": "MobileNetV2 decode_predictions preprocess_input",
    "applications.mobilenet_v3": "decode_predictions preprocess_input",
    "applications.resnet": "ResNet101 ResNet152 ResNet50 decode_predictions preprocess_input",
    "applications.resnet50": "ResNet50 decode_predictions preprocess_input",
    "applications.resnet_v2": "ResNet101V2 ResNet152V2 ResNet50V2 decode_predictions preprocess_input",
    "applications.vgg16": "VGG16 decode_predictions preprocess_input",
    "applications.vgg19": "VGG19 decode_predictions preprocess_input",
    "applications.xception": "Xception decode_predictions preprocess_input",
    "preprocessing.image": "array_to_img img_to_array load_img save_img smart_resize",
    "random": """
        SeedGenerator dropout normal randint shuffle truncated_normal uniform SeedGenerator.from_config
        SeedGenerator.get_config SeedGenerator.next
    """,
    "backend": """
        clear_session epsilon floatx image_data_format set_epsilon set_floatx set_image_data_format
    """,
    "datasets.mnist": "load_data",
    "datasets.fashion_mnist": "load_data",
    "datasets.cifar10": "load_data",
    "datasets.cifar100": "load_data",
    "ops": """
        abs absolute adaptive_average_pool add all amax amin any arange argmax argmin argsort array average
        average_pool binary_crossentropy broadcast_to cast categorical_crossentropy ceil clip concatenate cond conv
        conv_transpose convert_to_numpy convert_to_tensor cos count_nonzero cumsum depthwise_conv diag divide
        dot einsum elu empty equal erf exp expand_dims expm1 eye flip floor floor_divide full full_like gelu greater
        greater_equal hard_sigmoid hard_silu hard_swish hstack identity in_top_k isclose isfinite isinf isnan
        leaky_relu less less_equal linspace log log10 log1p log2 log_sigmoid log_softmax logaddexp logical_and
        logical_not logical_or logical_xor logsumexp matmul max max_pool maximum mean meshgrid min minimum mod
        moments moveaxis multiply nan_to_num ndim negative norm normalize not_equal one_hot ones ones_like outer
        pad power prod ravel reciprocal relu relu6 repeat reshape roll round rsqrt scatter scatter_update
        searchsorted selu separable_conv shape sigmoid sign silu sin size slice slice_update softmax softplus
        softsign sort sparse_categorical_crossentropy split
        sqrt square squeeze stack std stop_gradient subtract sum swapaxes swish take take_along_axis tanh
        tensordot tile top_k trace transpose tril triu true_divide unstack var vdot vstack where zeros
        zeros_like
    """,
    "ops.image": "crop_images pad_images resize rgb_to_grayscale",
}


def signature_of(thing: Any) -> list[list[Any]]:
    """Name, kind and default of each parameter; null is no default, "None" is the default None."""
    # Keras's classes have a __new__ that takes anything: what they understand is in __init__.
    own_init = inspect.isclass(thing) and inspect.isfunction(thing.__init__)
    rows = []
    for name, p in inspect.signature(thing.__init__ if own_init else thing).parameters.items():
        if name in ("self", "cls"):
            continue
        default = None if p.default is inspect.Parameter.empty else repr(p.default)
        if default is not None and " at 0x" in default:
            raise ValueError(f"{thing}: the default of {name} has no lasting repr")
        rows.append([name, p.kind.name, default])
    return rows


def find(path: str) -> Any:
    """``layers.Layer.build`` in Keras."""
    thing: Any = keras
    for part in filter(None, path.split(".")):
        thing = getattr(thing, part)
    return thing


def main() -> None:
    """Writes the table: a line per name, and per module the names that Keras has and fastcnn does not claim."""
    signatures, unclaimed = {}, {}
    for module, names in CLAIMED.items():
        claimed = names.split()
        for name in claimed:
            path = f"{module}.{name}".lstrip(".")
            signatures[path] = signature_of(find(path))
        place = find(module)
        public = {n for n in dir(place) if not n.startswith("_") and callable(getattr(place, n))}
        unclaimed[module] = sorted(public - set(claimed))
    parts = [
        f"  {json.dumps(key)}: {{\n"
        + ",\n".join(f"    {json.dumps(name)}: {json.dumps(rows)}" for name, rows in sorted(table.items()))
        + "\n  }"
        for key, table in (("signatures", signatures), ("unclaimed", unclaimed))
    ]
    TABLE.write_text("{\n" + ",\n".join([f'  "keras": "{keras.__version__}"', *parts]) + "\n}\n")


if __name__ == "__main__":
    main()
