# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==2.6.2",
#     "paddleclas==2.6.0",
#     "paddle2onnx==1.3.1",
#     "onnxsim==0.7.3",
#     "onnx==1.23.2",
#     "numpy==1.26.4",
#     "setuptools==84.2.1",
#     "requests==2.34.2",
#     "six==1.17.0",
#     "safetensors==0.8.0",
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
"""Export as PaddleClas and Paddle document it: import the model zoo, build, load, `paddle.jit.save`.

python export.py ARCHITECTURE WEIGHTS CLASSES SIZE PREFIX [open]

ARCHITECTURE is a name of the model zoo, or MODULE:NAME for one that it does not list. With "open", any number of
images, as PaddleClas exports; else one.
"""

import importlib
import importlib.util
import sys
import zlib  # noqa: F401 -- before Paddle, or the first decompression crashes

package = importlib.util.find_spec("paddleclas")
assert package is not None and package.submodule_search_locations
sys.path.insert(0, package.submodule_search_locations[0])

import paddle
from ppcls.utils import logger
from safetensors.numpy import load_file

logger.init_logger()
from ppcls.arch import backbone  # the logger must be there first

architecture, weights, classes, size, prefix, *batch = sys.argv[1:]
*module, name = architecture.split(":")
zoo = importlib.import_module(f"ppcls.arch.backbone.{module[0]}") if module else backbone
model = getattr(zoo, name)(pretrained=False, class_num=int(classes))
model.set_state_dict({name: value.astype("float32") for name, value in load_file(weights).items()})
if name.startswith("MixNet"):  # its 7 x 7 pool fits 224 px alone
    model.features.final_pool = paddle.nn.AdaptiveAvgPool2D(1)
model.eval()
spec = paddle.static.InputSpec([None if batch else 1, 3, int(size), int(size)], "float32", "x")
paddle.jit.save(model, prefix, input_spec=[spec])
