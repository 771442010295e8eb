"""Programs as a Keras course writes them, with fastcnn in the place of keras: they run, and what they return is Keras's."""

import numpy as np
import pytest

import fastcnn
from fastcnn import utils
from fastcnn.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint, ReduceLROnPlateau
from fastcnn.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    Layer,
    MaxPooling2D,
)
from fastcnn.losses import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from fastcnn.models import Model, Sequential
from fastcnn.optimizers import Adam
from fastcnn.utils import to_categorical


@pytest.fixture(autouse=True)
def _seed():
    utils.set_random_seed(2026)


def pictures(n=96, size=28, classes=10, seed=0):
    """Grey pictures 0..255 with a bright bar whose row is the class."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % classes).astype(np.uint8)
    x = rng.integers(0, 60, (n, size, size)).astype(np.uint8)
    for image, label in zip(x, labels, strict=True):
        image[2 * label + 2 : 2 * label + 5] = 230
    return x, labels


def colours(n=40, size=16, classes=2, seed=0):
    """Colour pictures; the class is the brightest channel."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    x = rng.integers(0, 100, (n, size, size, 3))
    x[np.arange(n), :, :, labels] += 120
    return x, labels


def small_cnn(size=16, classes=2):
    inputs = Input((size, size, 3))
    x = Conv2D(4, 3, activation="relu")(inputs)
    x = MaxPooling2D(2)(x)
    x = Conv2D(8, (3, 3), padding="same", activation="relu", name="last_conv")(x)
    return Model(inputs, GlobalAveragePooling2D()(x), name="base")


def test_functional_network_of_the_first_lesson():
    x, labels = pictures()
    x = x / 255.0  # float64, as NumPy divides
    y = to_categorical(labels)
    input_ = Input((28, 28))
    h = Flatten()(input_)
    h = Dense(64, activation="relu")(h)
    h = Dense(32)(h)
    h = Activation("relu")(h)
    output = Dense(10, activation="softmax")(h)
    model = Model(inputs=input_, outputs=output)
    model.summary(print_fn=lambda line: None)
    model.compile(optimizer=Adam(0.001), loss=CategoricalCrossentropy(), metrics=["acc"])
    history = model.fit(
        x=x[:64], y=y[:64], validation_data=(x[64:], y[64:]), batch_size=64, epochs=12, callbacks=[], verbose=0
    )
    assert list(history.history) == ["acc", "loss", "val_acc", "val_loss"]
    assert history.epoch == list(range(12))
    assert len(history.history["val_acc"]) == 12
    assert history.history["loss"][-1] < history.history["loss"][0]
    loss, acc = model.evaluate(x[64:], y[64:], batch_size=64, verbose=0)
    assert (loss, acc) == pytest.approx((history.history["val_loss"][-1], history.history["val_acc"][-1]), rel=1e-6)
    probabilities = model.predict(np.expand_dims(x[0], 0), verbose=0)
    assert probabilities.shape == (1, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)


def test_sequential_list_with_input_shape_in_its_first_layer():
    x, labels = pictures()
    model = Sequential(
        [
            Flatten(input_shape=(28, 28)),
            Dense(32, activation="relu"),
            Dropout(rate=0.2),
            Dense(10, activation="softmax"),
        ]
    )
    assert model.built
    assert model.count_params() == 784 * 32 + 32 + 320 + 10
    model.compile(optimizer="adam", loss=SparseCategoricalCrossentropy(), metrics=["accuracy"])
    history = model.fit(x / 255, labels, epochs=25, batch_size=16, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    assert (model.predict(x / 255, verbose=0).argmax(axis=1) == labels).mean() > 0.95


def test_sequential_add_and_a_convolutional_net():
    x, labels = pictures()
    model = Sequential()
    model.add(Input(shape=(28, 28, 1)))
    model.add(Conv2D(8, kernel_size=(3, 3), activation="relu", kernel_initializer="he_normal"))
    model.add(BatchNormalization())
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(8, 3, strides=2, padding="same", activation="relu"))
    model.add(Flatten())
    model.add(Dropout(0.3))
    model.add(Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate=0.01), metrics=["accuracy"])
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255
    history = model.fit(x, to_categorical(labels, 10), validation_split=0.25, epochs=8, batch_size=12, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    assert set(history.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}


class PictureSequence(utils.Sequence):
    """As the course writes it: no ``super().__init__``, float64 batches of np.zeros, targets of bools."""

    def __init__(self, x, y, batch_size, shuffle=False):
        self.x, self.y, self.batch_size, self.shuffle = x, y, batch_size, shuffle
        self.indexes = np.arange(len(x))
        self.rng = np.random.default_rng(0)
        self.epochs_ended = 0
        if self.shuffle:
            self.rng.shuffle(self.indexes)

    def on_epoch_end(self):
        self.epochs_ended += 1
        if self.shuffle:
            self.rng.shuffle(self.indexes)

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def __getitem__(self, index):
        chosen = self.indexes[index * self.batch_size : (index + 1) * self.batch_size]
        batch = np.zeros((len(chosen), *self.x.shape[1:]))
        for i, data_index in enumerate(chosen):
            batch[i] = self.x[data_index] / 255
        return batch, self.y[chosen]


def test_sequence_passed_to_fit_with_a_batch_size():
    pandas = pytest.importorskip("pandas")
    x, labels = colours()
    y = pandas.get_dummies(pandas.Series(labels).map({0: "cat", 1: "dog"})).values
    assert y.dtype == bool
    train = PictureSequence(x[:24], y[:24], batch_size=8, shuffle=True)
    valid = PictureSequence(x[24:], y[24:], batch_size=8)
    model = Sequential([small_cnn(), Dense(2, activation="softmax")])
    model.compile(optimizer=Adam(0.01), loss=CategoricalCrossentropy(), metrics=["acc"])
    history = model.fit(train, batch_size=8, validation_data=valid, epochs=15, callbacks=[], verbose=0)
    assert (train.epochs_ended, history.params["steps"]) == (15, 3)
    assert history.history["val_acc"][-1] == 1.0
    assert model.evaluate(valid, verbose=0)[1] == 1.0
    assert model.predict(valid, verbose=0).shape == (16, 2)


def test_one_hot_bools_of_pandas_are_numbers():
    pandas = pytest.importorskip("pandas")
    x, labels = pictures(40)
    bools = pandas.get_dummies(labels).values

    def run(y):
        utils.set_random_seed(1)
        model = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")])
        model.compile(Adam(0.001), "categorical_crossentropy", metrics=["acc"])
        return model.fit(x, y, epochs=2, verbose=0).history

    assert run(bools) == run(to_categorical(labels))


def test_float64_batches_of_zeros():
    x, labels = pictures(8)
    batch = np.zeros((8, 28, 28))
    for i in range(8):
        batch[i] = x[i] / 255
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")])
    model.compile(Adam(), SparseCategoricalCrossentropy(), metrics=["acc"])
    model.fit(batch, labels, verbose=0)
    wide, narrow = (model.predict(a, verbose=0) for a in (batch, batch.astype(np.float32)))
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide, narrow)


def test_split_by_scikit_learn():
    model_selection = pytest.importorskip("sklearn.model_selection")
    x, labels = pictures(100)
    y = to_categorical(labels)
    x_train, x_valid, y_train, y_valid = model_selection.train_test_split(
        x, y, test_size=0.2, stratify=y, random_state=0
    )
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")])
    model.compile(optimizer=Adam(0.01), loss="categorical_crossentropy", metrics=["acc"])
    h = model.fit(x_train / 255, y_train, validation_data=(x_valid / 255, y_valid), batch_size=16, epochs=20, verbose=0)
    assert h.history["val_acc"][-1] > 0.9
    predicted = model.predict(x_valid / 255, verbose=0).argmax(1)
    assert pytest.importorskip("sklearn.metrics").accuracy_score(y_valid.argmax(1), predicted) == pytest.approx(
        h.history["val_acc"][-1]
    )


def test_callbacks_of_the_course(tmp_path):
    x, labels = pictures()
    y = to_categorical(labels)
    folder = tmp_path / "checkpoints"
    path = str(folder / "weights.{epoch:03d}-{val_loss:.4f}-{acc:.4f}.weights.h5")
    pytest.importorskip("h5py")
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(32, activation="relu"), Dense(10, activation="softmax")])
    model.compile(optimizer=Adam(0.005), loss="categorical_crossentropy", metrics=["acc"])
    seen = []
    callbacks = [
        ModelCheckpoint(path, monitor="val_loss", save_best_only=False, save_weights_only=True),
        ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=2, min_lr=1e-6),
        EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True),
        LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)),
    ]
    history = model.fit(
        x[:64] / 255,
        y[:64],
        validation_data=(x[64:] / 255, y[64:]),
        batch_size=32,
        epochs=5,
        callbacks=callbacks,
        verbose=0,
    )
    assert seen == history.epoch
    log = history.history
    expected = {f"weights.{e + 1:03d}-{log['val_loss'][e]:.4f}-{log['acc'][e]:.4f}.weights.h5" for e in history.epoch}
    assert {file.name for file in folder.iterdir()} == expected
    assert "learning_rate" in log


def test_plateau_and_early_stopping_stop_a_net_that_cannot_learn():
    x, labels = pictures(32)
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax", kernel_initializer="zeros")])
    model.compile(optimizer=Adam(0.0), loss="sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(
        x / 255, labels, validation_data=(x / 255, labels), epochs=20, verbose=0, callbacks=[EarlyStopping(patience=3)]
    )
    assert history.epoch == [0, 1, 2, 3]
    model.optimizer.learning_rate = 1e-9  # too little to be an improvement
    history = model.fit(
        x / 255,
        labels,
        validation_data=(x / 255, labels),
        epochs=6,
        verbose=0,
        callbacks=[ReduceLROnPlateau(patience=2)],
    )
    assert history.history["learning_rate"] == pytest.approx([1e-9, 1e-9, 1e-9, 1e-10, 1e-10, 1e-11], rel=1e-5)


def test_load_weights_before_compile(tmp_path):
    pytest.importorskip("h5py")
    x, labels = pictures(40)

    def build():
        input_ = Input((28, 28))
        h = Flatten()(input_)
        h = Dense(16, activation="relu")(h)
        return Model(inputs=input_, outputs=Dense(10, activation="softmax")(h))

    model = build()
    model.compile(Adam(0.001), SparseCategoricalCrossentropy(), metrics=["acc"])
    model.fit(x / 255, labels, epochs=2, verbose=0)
    file = str(tmp_path / "best.weights.h5")
    model.save_weights(file)

    again = build()
    again.load_weights(file)
    np.testing.assert_array_equal(again.predict(x / 255, verbose=0), model.predict(x / 255, verbose=0))
    again.compile(Adam(0.001), SparseCategoricalCrossentropy(), metrics=["acc"])
    assert again.evaluate(x / 255, labels, verbose=0) == model.evaluate(x / 255, labels, verbose=0)


def test_the_metric_object_accuracy_compares_values():
    x, labels = pictures(20)
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")])
    model.compile(optimizer=Adam(0.001), loss="categorical_crossentropy", metrics=[fastcnn.metrics.Accuracy()])
    history = model.fit(x / 255, to_categorical(labels), verbose=0)
    assert history.history["accuracy"] == [0.0]  # probabilities between 0 and 1 never equal the targets: Keras's answer


def test_two_classes_with_one_sigmoid_unit():
    x, labels = colours()
    model = Sequential([small_cnn(), Dense(1, activation="sigmoid")])
    model.compile(optimizer=Adam(0.01), loss=BinaryCrossentropy(), metrics=["acc"])
    model.fit(x / 255, labels, epochs=20, batch_size=8, verbose=0)
    assert model.evaluate(x / 255, labels, verbose=0)[1] == 1.0
    assert ((model.predict(x / 255, verbose=0)[:, 0] > 0.5) == labels).all()


class PatchMean(Layer):
    """A layer of a student's own: ``build``, ``call``, a weight, a config."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return fastcnn.ops.matmul(fastcnn.ops.mean(inputs, axis=(1, 2)), self.w) + self.b

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_custom_layer():
    x, labels = colours(classes=3, n=42)
    model = Sequential([Input((16, 16, 3)), PatchMean(3), Activation("softmax")])
    assert model.count_params() == 12
    model.compile(Adam(0.1), "sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(x / 255, labels, epochs=20, verbose=0)
    assert history.history["acc"][-1] == 1.0
    again = Sequential.from_config(model.get_config(), custom_objects={"PatchMean": PatchMean})
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


class OwnLoop(Model):
    """A subclassed model with a ``train_step`` that uses the tape itself."""

    def __init__(self):
        super().__init__()
        self.hidden = Dense(16, activation="relu")
        self.head = Dense(10, activation="softmax")
        self.flatten = Flatten()
        self.steps = 0

    def call(self, inputs, training=False):
        return self.head(self.hidden(self.flatten(inputs)))

    def train_step(self, data):
        x, y = data
        with fastcnn.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.steps += 1
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_subclass_with_a_train_step_of_its_own():
    x, labels = pictures()
    y = to_categorical(labels)
    model = OwnLoop()
    model.compile(optimizer=Adam(0.005), loss="categorical_crossentropy", metrics=["acc"])
    history = model.fit(x / 255, y, validation_data=(x / 255, y), batch_size=32, epochs=15, verbose=0)
    assert model.steps == 45
    assert history.history["acc"][-1] > 0.9
    assert history.history["val_acc"][-1] > 0.9


def test_loop_without_fit():
    x, labels = pictures(64)
    model = Sequential([Flatten(input_shape=(28, 28)), Dense(10)])
    loss_fn = SparseCategoricalCrossentropy(from_logits=True)
    optimizer = Adam(0.01)
    accuracy = fastcnn.metrics.SparseCategoricalAccuracy()
    losses = []
    for _ in range(20):
        with fastcnn.GradientTape() as tape:
            logits = model(x / 255, training=True)
            loss = loss_fn(labels, logits)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        losses.append(float(loss))
    accuracy.update_state(labels, model(x / 255))
    assert losses[-1] < 0.2 * losses[0]
    assert float(accuracy.result()) == 1.0


def test_head_on_the_output_of_another_model():
    x, labels = colours()
    base = small_cnn()
    base.trainable = False
    frozen = base.get_weights()
    h = Dense(8, activation="relu")(base.output)
    h = Dropout(0.1)(h)
    model = Model(inputs=base.input, outputs=Dense(2, activation="softmax")(h))
    assert [layer.name for layer in model.layers[:2]] == [layer.name for layer in base.layers[:2]]
    model.compile(optimizer=Adam(0.03), loss="sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(x / 255, labels, epochs=15, batch_size=8, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    for before, after in zip(frozen, base.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    features = Model(base.input, base.get_layer("last_conv").output).predict(x / 255, verbose=0)
    assert features.shape == (40, 7, 7, 8)


def test_two_inputs_and_two_outputs():
    x, labels = colours()
    numbers = np.random.default_rng(0).normal(size=(40, 5))
    image, table = Input((16, 16, 3), name="image"), Input((5,), name="table")
    h = Concatenate()([small_cnn()(image), Dense(4, activation="relu")(table)])
    model = Model(
        inputs=[image, table], outputs=[Dense(2, activation="softmax", name="kind")(h), Dense(1, name="size")(h)]
    )
    model.compile(
        optimizer=Adam(0.01),
        loss={"kind": "sparse_categorical_crossentropy", "size": "mse"},
        metrics={"kind": ["acc"], "size": ["mae"]},
        loss_weights={"kind": 1.0, "size": 0.1},
    )
    history = model.fit([x / 255, numbers], [labels, numbers[:, :1]], epochs=3, batch_size=8, verbose=0)
    assert {"loss", "kind_acc", "size_mae", "kind_loss", "size_loss"} == set(history.history)
    kind, size = model.predict({"image": x / 255, "table": numbers}, verbose=0)
    assert (kind.shape, size.shape) == ((40, 2), (40, 1))
