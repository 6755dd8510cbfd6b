"""A model for photos: JPEG or PNG files in, prepared as in training; classes out, the likeliest first."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from inference import BYTES, InferRequest, Tensor
from model import Model, TensorMetadata, chosen
from problems import Problem

PHOTO, TOP = "photo", 5
CLASS, LABEL, PROBABILITY = "class", "label", "probability"
# Pillow and numpy let go of the interpreter while they decode; two photos of 89 megapixels at once are enough.
DECODERS = ThreadPoolExecutor(2, thread_name_prefix="photos")


class PhotoModel:
    """What stands before a model. Of a model of features the outputs are its own."""

    def __init__(self, model: Model, suffix: str) -> None:
        self.model, self.name, self.version = model, model.name + suffix, model.version
        self.measures, self.platform = model.measures, model.platform
        self.first = model.manifest.outputs[0]
        self.classes = self.first.kind != "features"
        batch = 1 if model.capacity == 1 else -1
        self.inputs = (TensorMetadata(PHOTO, BYTES, (batch,)),)
        shape, kinds = (batch, -1), ((CLASS, "INT64"), (LABEL, BYTES), (PROBABILITY, "FP32"))
        self.outputs = tuple(TensorMetadata(*one, shape) for one in kinds) if self.classes else model.outputs
        self.parameters = {**model.parameters, "top": TOP} if self.classes else model.parameters

    @property
    def ready(self) -> bool:
        """Whether the model behind it is."""
        return self.model.ready

    @property
    def unready(self) -> str:
        """Why it is not."""
        return self.model.unready

    async def infer(self, request: InferRequest) -> list[Tensor]:
        """The outputs that a request asks for; its parameter `top` says how many classes. Raises Problem."""
        self.model.check_ready()
        wanted = chosen(request.outputs, [one.name for one in self.outputs])
        photos = self._photos(request)
        top = self._top(request.parameters.get("top", TOP))
        loop = asyncio.get_running_loop()
        tensors = await asyncio.gather(*(loop.run_in_executor(DECODERS, self._prepare, one) for one in photos))
        name = self.model.inputs[0].name
        answer = await self.model.run({name: np.stack(tensors)}, len(photos))
        if not self.classes:
            return self.model.tensors(answer, wanted)
        found = self._ranked(answer, top)
        return [found[name] for name in wanted]

    def _photos(self, request: InferRequest) -> list[bytes]:
        given = request.inputs
        if list(given) != [PHOTO] or given[PHOTO].datatype != BYTES:
            raise Problem(f"{self.name} takes one input, {PHOTO}, of BYTES: files of photos")
        value, most = given[PHOTO].value, self.model.capacity
        if value.ndim != 1 or not 1 <= len(value) <= most:
            raise Problem(
                f"{self.name} takes {'one photo' if most == 1 else f'1 to {most} photos'} [N], not {value.shape}"
            )
        return list(value)

    def _top(self, given: Any) -> int:
        classes = self.model.manifest.model.class_count or 1
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            raise Problem("the parameter top is a number of classes, from 1 up")
        return min(given, classes)

    def _prepare(self, content: bytes) -> np.ndarray:
        from edgekit.classes import prepared
        from edgekit.errors import EdgekitError
        from edgekit.inputs.images import decode_image

        try:
            return prepared(decode_image(content, "the photo", alpha=True), self.model.manifest)
        except EdgekitError as error:
            raise Problem(error.message) from None
        except MemoryError:
            raise Problem("the photo takes more memory than there is") from None

    def _ranked(self, answer: dict[str, np.ndarray], top: int) -> dict[str, Tensor]:
        from edgekit.classes import class_probabilities, ranked

        names = self.model.manifest.model.class_names
        rows = [ranked(row, names, top) for row in class_probabilities(answer[self.first.name], self.first)]
        labels = np.empty((len(rows), len(rows[0])), object)
        labels[:] = [[(one.name or str(one.index)).encode() for one in row] for row in rows]
        return {
            CLASS: Tensor(CLASS, "INT64", np.array([[one.index for one in row] for row in rows], np.int64)),
            LABEL: Tensor(LABEL, BYTES, labels),
            PROBABILITY: Tensor(
                PROBABILITY, "FP32", np.array([[one.probability for one in row] for row in rows], np.float32)
            ),
        }
