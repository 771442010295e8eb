"""Programs with folders of pictures as a Keras course writes them; each finds ``animals/`` where it runs.

``tests/test_notes_images.py`` changes the imports, nothing else.
"""

GENERATORS = """
import numpy as np
from tensorflow.keras.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from tensorflow.keras.models import Sequential
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.preprocessing.image import ImageDataGenerator

SIZE, BATCH = 32, 6
train_generator = ImageDataGenerator(
    rescale=1.0 / 255,
    rotation_range=20,
    width_shift_range=0.1,
    height_shift_range=0.1,
    zoom_range=0.1,
    horizontal_flip=True,
    validation_split=0.25,
)
plain_generator = ImageDataGenerator(rescale=1.0 / 255, validation_split=0.25)
train = train_generator.flow_from_directory(
    "animals", target_size=(SIZE, SIZE), batch_size=BATCH, class_mode="categorical", subset="training", seed=1
)
validation = plain_generator.flow_from_directory(
    "animals", target_size=(SIZE, SIZE), batch_size=BATCH, class_mode="categorical", subset="validation", shuffle=False
)
images, targets = next(train)
assert images.shape == (BATCH, SIZE, SIZE, 3) and targets.shape == (BATCH, 3)
assert 0 <= images.min() and images.max() <= 1

model = Sequential(
    [
        Input((SIZE, SIZE, 3)),
        Conv2D(8, (3, 3), activation="relu", padding="same"),
        MaxPooling2D(2),
        Flatten(),
        Dropout(0.2),
        Dense(3, activation="softmax"),
    ]
)
model.compile(optimizer=Adam(0.01), loss="categorical_crossentropy", metrics=["acc"])
history = model.fit(train, epochs=6, validation_data=validation, steps_per_epoch=len(train), verbose=0)
print("accuracy", history.history["acc"][-1], history.history["val_acc"][-1])
loss, accuracy = model.evaluate(validation, verbose=0)
validation.reset()
predicted = np.argmax(model.predict(validation, verbose=0), axis=1)
names = {number: name for name, number in validation.class_indices.items()}
for path, number, truth in zip(validation.filenames, predicted, validation.classes):
    print(path, names[number], names[truth])
assert abs(np.mean(predicted == validation.classes) - accuracy) < 1e-6
"""

PROJECT = """
import numpy as np
import pandas as pd
import albumentations as A
from sklearn.model_selection import train_test_split
from tensorflow.keras.applications.mobilenet_v2 import preprocess_input
from tensorflow.keras.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from tensorflow.keras.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, GlobalAveragePooling2D, Input
from tensorflow.keras.losses import CategoricalCrossentropy
from tensorflow.keras.models import Model
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.preprocessing.image import ImageDataGenerator, img_to_array, load_img
from tensorflow.keras.utils import Sequence

SIZE, BATCH = 32, 8
generator = ImageDataGenerator().flow_from_directory(
    "animals", target_size=(SIZE, SIZE), batch_size=BATCH, class_mode="categorical", shuffle=True
)
names = {number: name for name, number in generator.class_indices.items()}
animals = pd.DataFrame({"file_path": generator.filepaths, "target": generator.classes})
animals["target_name"] = animals["target"].map(names)
print(animals.target_name.value_counts().to_dict())

rest, test = train_test_split(animals, stratify=animals.target, test_size=0.25, random_state=7)
train, valid = train_test_split(rest, stratify=rest.target, test_size=0.25, random_state=7)


class AnimalDataset(Sequence):
    def __init__(self, frame, batch_size=BATCH, aug=None, preprocess=None, shuffle=False):
        self.paths = frame.file_path.values
        self.targets = pd.get_dummies(frame.target).values
        self.batch_size, self.aug, self.preprocess, self.shuffle = batch_size, aug, preprocess, shuffle
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.paths) / self.batch_size))

    def __getitem__(self, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        paths, targets = self.paths[rows], self.targets[rows]
        batch = np.zeros((len(paths), SIZE, SIZE, 3))
        for i, path in enumerate(paths):
            image = img_to_array(load_img(path, target_size=(SIZE, SIZE))).astype("uint8")
            if self.aug is not None:
                image = self.aug(image=image)["image"]
            batch[i] = image if self.preprocess is None else self.preprocess(image.astype("float32"))
        return batch, targets

    def on_epoch_end(self):
        if self.shuffle:
            order = np.random.permutation(len(self.paths))
            self.paths, self.targets = self.paths[order], self.targets[order]


aug = A.Compose(
    [
        A.ShiftScaleRotate(p=0.5),
        A.HorizontalFlip(p=0.5),
        A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0, p=0.5),
    ]
)
train_data = AnimalDataset(train, aug=aug, preprocess=preprocess_input, shuffle=True)
valid_data = AnimalDataset(valid, preprocess=preprocess_input)
test_data = AnimalDataset(test, preprocess=preprocess_input)

input_tensor = Input((SIZE, SIZE, 3))
x = Conv2D(8, 3, padding="same", kernel_initializer="he_normal")(input_tensor)
x = BatchNormalization()(x)
x = Activation("relu")(x)
x = GlobalAveragePooling2D()(x)
x = Dropout(rate=0.2)(x)
x = Dense(16, activation="relu")(x)
output = Dense(3, activation="softmax")(x)
model = Model(inputs=input_tensor, outputs=output)
model.summary()
model.compile(optimizer=Adam(0.02), loss=CategoricalCrossentropy(), metrics=["acc"])
history = model.fit(
    train_data,
    batch_size=BATCH,
    epochs=8,
    validation_data=valid_data,
    callbacks=[
        ModelCheckpoint("best.weights.h5", monitor="val_loss", save_best_only=True, save_weights_only=True),
        ReduceLROnPlateau(monitor="val_loss", patience=2),
        EarlyStopping(monitor="val_loss", patience=4),
    ],
    verbose=0,
)
model.load_weights("best.weights.h5")
loss, accuracy = model.evaluate(test_data, batch_size=BATCH, verbose=0)
image = img_to_array(load_img(test.file_path.values[0], target_size=(SIZE, SIZE)))
probabilities = model.predict(np.expand_dims(preprocess_input(image), axis=0), verbose=0)
print("test", accuracy, names[int(np.argmax(probabilities))], "is", test.target_name.values[0])
"""

PRETRAINED = """
from tensorflow.keras.applications import {name}
from tensorflow.keras.applications.{module} import preprocess_input
from tensorflow.keras.layers import Dense, Dropout, GlobalAveragePooling2D, Input
from tensorflow.keras.models import Model
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.preprocessing.image import ImageDataGenerator

SIZE = {size}
data = ImageDataGenerator(preprocessing_function=preprocess_input).flow_from_directory(
    "animals", target_size=(SIZE, SIZE), batch_size=4, class_mode="categorical"
)


def create_model(model_name):
    input_tensor = Input(shape=(SIZE, SIZE, 3))
    if model_name == "{name}":
        base = {name}(input_tensor=input_tensor, include_top=False, weights={weights})
    for layer in base.layers:
        layer.trainable = False
    x = GlobalAveragePooling2D()(base.output)
    x = Dense(50, activation="relu")(x)
    x = Dropout(rate=0.5)(x)
    output = Dense(3, activation="softmax", name="output")(x)
    return Model(inputs=input_tensor, outputs=output)


model = create_model("{name}")
model.compile(optimizer=Adam(0.001), loss="categorical_crossentropy", metrics=["acc"])
before = [w.copy() for w in model.get_weights()]
model.fit(data, epochs=1, steps_per_epoch=1, verbose=0)
same = sum((a == b).all() for a, b in zip(before, model.get_weights()))
print(model.count_params(), len(model.trainable_weights), len(before) - same)
"""

FINE_TUNING = """
import numpy as np
from tensorflow.keras.applications.mobilenet_v2 import MobileNetV2, preprocess_input
from tensorflow.keras.layers import Dense, GlobalAveragePooling2D, Input
from tensorflow.keras.models import Model
from tensorflow.keras.optimizers import Adam
from tensorflow.keras.preprocessing.image import ImageDataGenerator

SIZE = 96
train = ImageDataGenerator(preprocessing_function=preprocess_input, horizontal_flip=True).flow_from_directory(
    "animals", target_size=(SIZE, SIZE), batch_size=6, class_mode="sparse", seed=0
)
input_tensor = Input((SIZE, SIZE, 3))
base = MobileNetV2(input_tensor=input_tensor, include_top=False, weights="imagenet", alpha=0.35)
output = Dense(3, activation="softmax")(GlobalAveragePooling2D()(base.output))
model = Model(inputs=input_tensor, outputs=output)

base.trainable = False
model.compile(optimizer=Adam(0.001), loss="sparse_categorical_crossentropy", metrics=["acc"])
frozen = [w.numpy().copy() for w in base.weights]
first = model.fit(train, epochs=2, steps_per_epoch=2, verbose=0)
print("unchanged", all(np.array_equal(a, b.numpy()) for a, b in zip(frozen, base.weights)))

for layer in base.layers[-20:]:
    layer.trainable = True
model.compile(optimizer=Adam(0.00001), loss="sparse_categorical_crossentropy", metrics=["acc"])
second = model.fit(train, epochs=4, steps_per_epoch=2, initial_epoch=first.epoch[-1] + 1, verbose=0)
changed = [not np.array_equal(a, b.numpy()) for a, b in zip(frozen, base.weights)]
print("epochs", first.epoch + second.epoch, "changed", any(changed), "all", all(changed))
"""

IMAGENET = """
import numpy as np
from tensorflow.keras.applications.mobilenet_v2 import MobileNetV2, decode_predictions, preprocess_input
from tensorflow.keras.preprocessing.image import ImageDataGenerator

pictures = ImageDataGenerator(preprocessing_function=preprocess_input).flow_from_directory(
    "animals", target_size=(96, 96), batch_size=4, shuffle=False, class_mode=None
)
model = MobileNetV2(input_shape=(96, 96, 3), weights=None)
predictions = model.predict(pictures, steps=1, verbose=0)
for found in decode_predictions(predictions, top=2):
    print([(name, round(float(probability), 4)) for code, name, probability in found])
"""

BOTTLENECK = """
import numpy as np
from tensorflow.keras.applications import VGG16
from tensorflow.keras.applications.vgg16 import preprocess_input
from tensorflow.keras.layers import Dense, Dropout, Input
from tensorflow.keras.models import Sequential
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from tensorflow.keras.utils import to_categorical

base = VGG16(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
pictures = ImageDataGenerator(preprocessing_function=preprocess_input).flow_from_directory(
    "animals", target_size=(32, 32), batch_size=10, class_mode=None, shuffle=False
)
features = base.predict(pictures, verbose=0)
np.save("features.npy", features)
features, targets = np.load("features.npy"), to_categorical(pictures.classes, 3)
model = Sequential([Input(features.shape[1:]), Dense(32, activation="relu"), Dropout(0.3), Dense(3, activation="softmax")])
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
history = model.fit(features, targets, epochs=5, validation_split=0.2, verbose=0)
print(features.shape, sorted(history.history))
"""

DATASETS = """
from tensorflow.keras import layers, models, utils

train, valid = (
    utils.image_dataset_from_directory(
        "animals", validation_split=0.25, subset=subset, seed=3, image_size=(32, 32), batch_size=6
    )
    for subset in ("training", "validation")
)
print(train.class_names)
for images, labels in train.take(1):
    print(images.shape, labels.shape)
normalization = layers.Rescaling(1.0 / 255)
train = train.map(lambda x, y: (normalization(x), y)).cache().prefetch(buffer_size=2)
valid = valid.map(lambda x, y: (normalization(x), y)).cache().prefetch(buffer_size=2)
model = models.Sequential(
    [layers.Input((32, 32, 3)), layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(3)]
)
from tensorflow.keras.losses import SparseCategoricalCrossentropy

model.compile(optimizer="adam", loss=SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
history = model.fit(train, validation_data=valid, epochs=2, verbose=0)
print(sorted(history.history))
"""
