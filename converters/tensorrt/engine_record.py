"""What a converter writes down beside an engine (`model.engine.json`), and what `examine.py` checks it by."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgeworker.refusal import Refusal

FORMAT = 1


@dataclass(frozen=True)
class WeightPlace:
    """A weight of the ONNX model that stands in the engine bit for bit.

    `offset` and `size` in bytes in the file; `sha256` of those bytes; `order` of its dimensions there, None where it is
    the model's own.
    """

    name: str
    shape: list[int]
    offset: int
    size: int
    sha256: str
    order: list[int] | None = None

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
            numbers += [one.offset, one.size, *one.shape]
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise ValueError("a place in the engine is not a number")
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
            record = cls(**{**fields, "weights": [WeightPlace(**one) for one in fields["weights"]]})
            record.check()
            return record
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Refusal(
                f"{path.name} is no record of an engine: {error}", "Convert the model again", "input"
            ) from error
