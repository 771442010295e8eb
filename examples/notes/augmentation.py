"""Augmentation: every picture is changed at random, anew in each epoch; their number and the disk's use stay.

The notes, chapter "Augmentation". Reads FASTCNN_DATA/sign-language-digits, a folder of JPEGs for each digit; needs
Pillow: pip install "fastcnn[images]". What to see: two epochs of the same picture differ, the same seed gives the same
again; and of two equal networks with few pictures the one with augmentation is better on pictures it has not seen.
"""

import os
from pathlib import Path

import numpy as np

from fastcnn import augment as A
from fastcnn.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, Rescaling
from fastcnn.models import Sequential
from fastcnn.preprocessing.image import ImageDataGenerator
from fastcnn.utils import set_random_seed

SIZE, TRAINING_SHARE, EPOCHS = 28, 0.1, 40
FOLDER = Path(os.environ.get("FASTCNN_DATA", "data")) / "sign-language-digits"

# A tenth of the pictures to train on, the others to see what has been learnt.
plain = ImageDataGenerator(validation_split=1 - TRAINING_SHARE)
settings = {"target_size": (SIZE, SIZE), "color_mode": "grayscale", "class_mode": "sparse", "interpolation": "box"}
training = plain.flow_from_directory(FOLDER, subset="training", batch_size=10_000, shuffle=False, **settings)
others = plain.flow_from_directory(FOLDER, subset="validation", batch_size=10_000, shuffle=False, **settings)
x_train, y_train = training[0]
x_val, y_val = (part[::2] for part in others[0])

lively = ImageDataGenerator(rotation_range=15, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.15)
batches = lively.flow(x_train, y_train, batch_size=16, seed=0)
print(f"{batches.n} pictures in {len(batches)} batches, with augmentation as without")
again = lively.flow(x_train, y_train, batch_size=16, seed=0)
print("the same seed gives the same batch:", np.array_equal(next(batches)[0], next(again)[0]))
in_order = lively.flow(x_train, y_train, batch_size=16, shuffle=False, seed=0)
print("the next epoch gives the same batch:", np.array_equal(in_order.batch_at(0, 0)[0], in_order.batch_at(1, 0)[0]))

# The same with transforms by albumentations' names, one picture at a time.
aug = A.Compose([A.ShiftScaleRotate(rotate_limit=15, p=0.5), A.RandomBrightnessContrast(contrast_limit=0, p=0.5)])
picture = x_train[0].astype("uint8")
brightness = [f"{aug(image=picture)['image'].mean():.0f}" for _ in range(8)]
print("eight times the same picture, its brightness:", *brightness)


def network():
    """A small CNN, from grey levels to ten classes."""
    return Sequential(
        [
            Input((SIZE, SIZE, 1)),
            Rescaling(1 / 127.5, offset=-1),
            Conv2D(16, 3, activation="relu"),
            MaxPooling2D(),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.3),
            Dense(10, activation="softmax"),
        ]
    )


for name, data in (
    ("without", plain.flow(x_train, y_train, batch_size=16, seed=0)),
    ("with", lively.flow(x_train, y_train, batch_size=16, seed=0)),
):
    set_random_seed(0)
    model = network()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(data, epochs=EPOCHS, verbose=0).history
    loss, accuracy = model.evaluate(x_val, y_val, verbose=0)
    print(f"{name:7} augmentation: training {history['accuracy'][-1]:.3f}, validation {accuracy:.3f}")
