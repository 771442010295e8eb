"""A multi-layer perceptron on MNIST: flatten, hidden layers, softmax; early stopping on a validation part.

The notes, chapters "MLP" and "Keras". Reads MNIST where datasets.mnist finds it. What to see: the validation accuracy
rises to about 0.95 and the test accuracy is near it.
"""

from fastcnn.callbacks import EarlyStopping
from fastcnn.datasets import mnist
from fastcnn.layers import Dense, Dropout, Flatten, Input
from fastcnn.models import Sequential
from fastcnn.utils import set_random_seed, to_categorical

SAMPLES, EPOCHS = 12000, 6

set_random_seed(0)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, y_train = x_train[:SAMPLES] / 255.0, to_categorical(y_train[:SAMPLES], 10)
x_test, y_test = x_test / 255.0, to_categorical(y_test, 10)

model = Sequential(
    [
        Input((28, 28)),
        Flatten(),
        Dense(128, activation="relu", kernel_initializer="he_normal"),
        Dropout(0.2),
        Dense(64, activation="relu", kernel_initializer="he_normal"),
        Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["acc"])
history = model.fit(
    x_train,
    y_train,
    batch_size=100,
    epochs=EPOCHS,
    validation_split=0.2,
    callbacks=[EarlyStopping(patience=3, restore_best_weights=True)],
)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"validation accuracy by epoch: {[round(a, 3) for a in history.history['val_acc']]}")
print(f"test accuracy: {accuracy:.4f}")
