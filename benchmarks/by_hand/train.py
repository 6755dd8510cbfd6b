# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==2.6.2",
#     "paddleclas==2.6.0",
#     "numpy==1.26.4",
#     "pillow==12.3.0",
#     "setuptools==84.2.1",
#     "requests==2.34.2",
#     "six==1.17.0",
# ]
# [tool.uv]
# override-dependencies = [
#     "numpy==1.26.4",
#     "gast==0.7.0",
#     "faiss-cpu ; python_version < '3'",
#     "visualdl ; python_version < '3'",
#     "opencv-python ; python_version < '3'",
# ]
# ///
"""Train a network of PaddleClas's model zoo for some minutes on a folder of images, on one core.

python train.py MODULE:NAME IMAGES SIDE MINUTES WEIGHTS

IMAGES has a folder for each class; WEIGHTS (`.pdparams`) is written. AdamW with a rise and a cosine, batches of 64,
mirrored and moved images.
"""

import importlib
import importlib.util
import sys
import time
import zlib  # noqa: F401 -- before Paddle, or the first decompression crashes
from pathlib import Path

package = importlib.util.find_spec("paddleclas")
assert package is not None and package.submodule_search_locations
sys.path.insert(0, package.submodule_search_locations[0])

import numpy as np
import paddle
from PIL import Image
from ppcls.utils import logger

logger.init_logger()

BATCH, RATE, RISE = 64, 2e-3, 0.1
MEAN, DEVIATION = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)

architecture, images, side, minutes, weights = sys.argv[1:]
module, name = architecture.split(":")
size, seconds = int(side), 60 * float(minutes)
paddle.set_device("cpu")
paddle.seed(0)
random = np.random.default_rng(0)

files = sorted(Path(images).glob("*/*"))
classes = sorted({file.parent.name for file in files})
pixels = np.stack([np.asarray(Image.open(file).convert("RGB").resize((size, size))) for file in files])
labels = np.array([classes.index(file.parent.name) for file in files])

zoo = importlib.import_module(f"ppcls.arch.backbone.{module}")
model = getattr(zoo, name)(pretrained=False, class_num=len(classes))
optimizer = paddle.optimizer.AdamW(
    1e-4, parameters=model.parameters(), weight_decay=0.02, grad_clip=paddle.nn.ClipGradByGlobalNorm(1.0)
)
start, seen, order = time.monotonic(), 0, np.empty(0, int)
while (done := (time.monotonic() - start) / seconds) < 1:
    falling = 0.5 * (1 + np.cos(np.pi * max(0.0, (done - RISE) / (1 - RISE))))
    optimizer.set_lr(float(RATE * min(done / RISE, 1) * falling + 1e-6))
    if len(order) < BATCH:
        order = random.permutation(len(files))
    chosen, order = order[:BATCH], order[BATCH:]
    mirrored = random.random(BATCH)[:, None, None, None] < 0.5
    batch = np.where(mirrored, pixels[chosen, :, ::-1], pixels[chosen])
    batch = np.roll(batch, tuple(random.integers(-(size // 8), size // 8 + 1, 2)), (1, 2))
    values = ((batch / np.float32(255) - MEAN) / DEVIATION).astype(np.float32).transpose(0, 3, 1, 2)
    answers = model(paddle.to_tensor(np.ascontiguousarray(values)))
    loss = paddle.nn.functional.cross_entropy(answers, paddle.to_tensor(labels[chosen]))
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    seen += BATCH
    print(f"\r{seen} images, loss {float(loss):.2f}", end="", file=sys.stderr, flush=True)
print(f"\n{name}: {seen} images in {minutes} minutes", file=sys.stderr)
paddle.save(model.state_dict(), weights)
