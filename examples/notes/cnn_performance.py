"""What makes a CNN better: He initialisation, batch normalisation before the activation, L2, global average pooling.

The notes, chapter "CNN performance". Trains on scikit-learn's 8x8 digits. What to see: the second network is better
with fewer weights, though its first epochs look worse (the moving statistics of batch normalisation need some steps).
"""

from fastcnn.datasets import digits
from fastcnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
)
from fastcnn.models import Sequential
from fastcnn.regularizers import L2
from fastcnn.utils import set_random_seed

EPOCHS = 12

(x_train, y_train), (x_test, y_test) = digits.load_data()
x_train, x_test = x_train / 16.0, x_test / 16.0
shape = (8, 8, 1)


def plain():
    """Glorot initialisation, no normalisation, and a dense head: where the notes begin."""
    return Sequential(
        [
            Input(shape),
            Conv2D(32, 3, padding="same", activation="relu"),
            Conv2D(32, 3, padding="same", activation="relu"),
            MaxPooling2D(),
            Conv2D(64, 3, padding="same", activation="relu"),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )


def better():
    """He in the hidden layers, batch normalisation before each ReLU, L2 on the filters, GAP instead of Flatten."""
    model = Sequential([Input(shape)])
    for filters in (32, 32, None, 64):
        if filters is None:
            model.add(MaxPooling2D())
            continue
        model.add(
            Conv2D(
                filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", kernel_regularizer=L2(1e-4)
            )
        )
        model.add(BatchNormalization())
        model.add(Activation("relu"))
    model.add(GlobalAveragePooling2D())
    model.add(Dense(10, activation="softmax", kernel_initializer="glorot_uniform"))
    return model


for build in (plain, better):
    set_random_seed(0)
    model = build()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=32, epochs=EPOCHS, verbose=0, validation_data=(x_test, y_test))
    curve = " ".join(f"{a:.3f}" for a in history.history["val_accuracy"][::3])
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"{build.__name__:7} {model.count_params():7,} weights   validation accuracy {curve}   test {accuracy:.4f}")
