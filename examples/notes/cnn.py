"""A convolutional network on MNIST: Conv, pool, Conv, pool, flatten, dense, dropout; prediction of single images.

The notes, chapter "CNN". Reads MNIST where datasets.mnist finds it. What to see: accuracy above 0.94 on images that
the network has not seen, after a few seconds.
"""

import numpy as np

from fastcnn.datasets import mnist
from fastcnn.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from fastcnn.losses import CategoricalCrossentropy
from fastcnn.models import Model
from fastcnn.optimizers import Adam
from fastcnn.utils import set_random_seed, to_categorical

SAMPLES, EPOCHS = 6000, 3

set_random_seed(0)
(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, y_train = x_train[:SAMPLES, :, :, np.newaxis] / 255.0, to_categorical(y_train[:SAMPLES], 10)
x_test, y_test = x_test[:2000, :, :, np.newaxis] / 255.0, to_categorical(y_test[:2000], 10)

input_layer = Input((28, 28, 1))
x = Conv2D(32, 3, padding="same", activation="relu")(input_layer)
x = MaxPooling2D((2, 2))(x)
x = Conv2D(64, (3, 3), padding="same", activation="relu")(x)
x = MaxPooling2D((2, 2))(x)
x = Flatten()(x)
x = Dense(128, activation="relu")(x)
x = Dropout(rate=0.5)(x)
output = Dense(10, activation="softmax")(x)

model = Model(inputs=input_layer, outputs=output)
model.summary()
model.compile(optimizer=Adam(0.001), loss=CategoricalCrossentropy(), metrics=["acc"])
history = model.fit(x=x_train, y=y_train, validation_data=(x_test, y_test), batch_size=64, epochs=EPOCHS)

print("test loss and accuracy:", model.evaluate(x_test, y_test, batch_size=64, verbose=0))
for image, truth in zip(x_test[:3], y_test[:3], strict=True):
    prediction = model.predict(np.expand_dims(image, axis=0), verbose=0)
    print(f"a {np.argmax(truth)} looks like a {np.argmax(prediction)} ({prediction.max():.0%})")
