"""A network that others have trained: SqueezeNet with ImageNet's weights names what is on photographs.

The notes, chapter "Pretrained model" (and "Scaling": each network wants its pixels in a range of its own). Reads
FASTCNN_DATA/onnx/squeezenet11_torchvision_fp32.onnx, the names of the classes beside it, and photographs from
FASTCNN_DATA/photos; needs Pillow: pip install "fastcnn[images]". What to see: the cat and the cup of coffee are found;
with pixels in a wrong range the same network is less sure, or wrong.
"""

import os
from pathlib import Path

import numpy as np

from fastcnn import applications
from fastcnn.applications.squeezenet import SqueezeNet, decode_predictions, preprocess_input
from fastcnn.preprocessing.image import img_to_array, load_img

DATA = Path(os.environ.get("FASTCNN_DATA", "data"))
PHOTOGRAPHS = ["chelsea.png", "coffee.png"]

print("networks:", ", ".join(applications.list_models()))
for name in ("VGG16", "SqueezeNet", "MobileNetV2"):
    print(f"{name} wants its pixels in the way of {applications.preprocess_mode(name)!r}")

model = SqueezeNet(weights=DATA / "onnx" / "squeezenet11_torchvision_fp32.onnx")
print(f"SqueezeNet: {model.count_params():,} weights, {model.input_shape} -> {model.output_shape}")

for name in PHOTOGRAPHS:
    picture = load_img(DATA / "photos" / "skimage" / name, target_size=(224, 224), interpolation="bilinear")
    batch = np.expand_dims(img_to_array(picture), axis=0)
    for scaling, pixels in (("as it wants them", preprocess_input(batch)), ("from 0 to 255", batch)):
        probabilities = model.predict(pixels, verbose=0)
        ((_, first, p), *_) = decode_predictions(probabilities, top=3, class_names=DATA / "onnx" / "synset_words.txt")[
            0
        ]
        print(f"{name}, pixels {scaling}: {first} ({p:.0%})")

# Without its top it is a base for other tasks: 512 maps that say what is where.
base = SqueezeNet(include_top=False, weights=DATA / "onnx" / "squeezenet11_torchvision_fp32.onnx")
print("without its top:", base.output_shape, "and with pooling='avg':", end=" ")
print(SqueezeNet(include_top=False, weights=None, pooling="avg").output_shape)
