"""What a converter writes down beside an engine (`model.engine.json`), and what `examine.py` checks it by."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgeworker.refusal import Refusal

FORMAT = 1


@dataclass(frozen=True)
class Steps:
    """The `scales` of a weight in 8 bits along its `axis`, by the `name` that the model gives them."""

    name: str
    axis: int
    scales: list[float]

    def fit(self, shape: list[int]) -> bool:
        """Whether they can be those of a weight of that shape."""
        if not isinstance(self.name, str) or not all(isinstance(one, float) for one in self.scales):
            return False
        return self.axis < len(shape) and len(self.scales) in (1, shape[self.axis])


@dataclass(frozen=True)
class WeightPlace:
    """A weight of the ONNX model that stands in the engine bit for bit.

    `offset` and `size` in bytes in the file; `sha256` of those bytes; `order` of its dimensions there, None where it is
    the model's own. Of a weight in 8 bits `steps` says what it stands for.
    """

    name: str
    shape: list[int]
    offset: int
    size: int
    sha256: str
    order: list[int] | None = None
    steps: Steps | None = None

    def is_in(self, engine: bytes) -> bool:
        """Whether the engine still holds it in its place."""
        view = memoryview(engine)[self.offset : self.offset + self.size]
        return len(view) == self.size and hashlib.sha256(view).hexdigest() == self.sha256


@dataclass(frozen=True)
class EngineRecord:
    """`build`: what built it, for which GPUs; `inputs` and `outputs`: name, shape (-1: any) and dtype.

    `weight_bytes` are those of all weights of the model, found or not.
    """

    build: dict[str, Any]
    precision: str
    onnx_sha256: str
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    weight_bytes: int
    weights: list[WeightPlace]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1), encoding="utf-8")

    def check(self) -> None:
        """Raise ValueError where it is not what a converter writes: artifacts come from anywhere."""
        numbers = [self.weight_bytes]
        for one in self.weights:
            numbers += [one.offset, one.size, *one.shape, *(one.order or [])]
            numbers += [one.steps.axis] if one.steps else []
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise ValueError("a place in the engine is not a number")
        for one in self.weights:
            if one.order is not None and sorted(one.order) != list(range(len(one.shape))):
                raise ValueError("an order of dimensions is none")
            if one.steps is not None and not one.steps.fit(one.shape):
                raise ValueError("scales do not fit their weight")
        if not all(isinstance(self.build[key], str) for key in ("kind", "tool")):
            raise ValueError("it does not say what built the engine")
        if not all(isinstance(name, str) for name in self.build["compute_capabilities"]):
            raise ValueError("it does not say for which GPUs the engine is")

    @classmethod
    def read(cls, path: Path) -> "EngineRecord":
        """The record in a file. Raises Refusal (kind "input") where it is none."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            if fields.pop("format") != FORMAT:
                raise ValueError("it is of another edgekit")
            record = cls(**{**fields, "weights": [_place(one) for one in fields["weights"]]})
            record.check()
            return record
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refusal(
                f"{path.name} is no record of an engine: {error}", "Convert the model again", "input"
            ) from error


def _place(fields: dict[str, Any]) -> WeightPlace:
    steps = fields.get("steps")
    return WeightPlace(**{**fields, "steps": None if steps is None else Steps(**steps)})
