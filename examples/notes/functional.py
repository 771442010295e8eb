"""The functional API: two inputs and two outputs. The upper and the lower half of a digit go in; which digit it is, and
whether it is even, come out. Both halves pass the same, shared layers.

The notes, chapter "Functional API". Reads MNIST where datasets.mnist finds it. What to see: each output has its own
loss and accuracy; both are above 0.9 on the test images.
"""

from fastcnn.datasets import mnist
from fastcnn.layers import Concatenate, Conv2D, Dense, Flatten, Input, MaxPooling2D
from fastcnn.models import Model
from fastcnn.utils import set_random_seed

SAMPLES, EPOCHS = 6000, 3

set_random_seed(0)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, y_train = x_train[:SAMPLES, ..., None] / 255.0, y_train[:SAMPLES]
x_test, y_test = x_test[:2000, ..., None] / 255.0, y_test[:2000]

convolution = Conv2D(24, 3, padding="same", activation="relu")
pooling = MaxPooling2D()

upper = Input((14, 28, 1), name="upper")
lower = Input((14, 28, 1), name="lower")
features = [Flatten()(pooling(convolution(half))) for half in (upper, lower)]
x = Dense(96, activation="relu")(Concatenate()(features))
digit = Dense(10, activation="softmax", name="digit")(x)
even = Dense(1, activation="sigmoid", name="even")(x)

model = Model(inputs=[upper, lower], outputs=[digit, even])
model.summary()
model.compile(
    optimizer="adam",
    loss={"digit": "sparse_categorical_crossentropy", "even": "binary_crossentropy"},
    loss_weights={"digit": 1.0, "even": 0.5},
    metrics={"digit": ["accuracy"], "even": ["accuracy"]},
)
model.fit(
    {"upper": x_train[:, :14], "lower": x_train[:, 14:]},
    {"digit": y_train, "even": y_train % 2 == 0},
    batch_size=64,
    epochs=EPOCHS,
    verbose=2,
)
results = model.evaluate([x_test[:, :14], x_test[:, 14:]], [y_test, y_test % 2 == 0], verbose=0, return_dict=True)
print({name: round(value, 4) for name, value in results.items()})
