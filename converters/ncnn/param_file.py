"""ncnn's `.param`, read as text: which layers a network has and which blobs go in and out."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edgeworker.refusal import Refusal

_MAGIC = "7767517"


@dataclass(frozen=True)
class Layer:
    """One line: type, name, the blobs it reads and writes, and its parameters as `id=value` texts."""

    type: str
    name: str
    inputs: list[str]
    outputs: list[str]
    parameters: dict[str, str]

    @property
    def place(self) -> str:
        """For messages: where in the network the layer stands."""
        return f"{self.name}, {' '.join(self.inputs)} -> {' '.join(self.outputs)}"


@dataclass(frozen=True)
class ParamFile:
    """The layers in the order of the file, which is the order in which ncnn reads their weights."""

    layers: list[Layer]

    @classmethod
    def read(cls, path: Path) -> "ParamFile":
        """Raises Refusal where `path` is no ncnn param file or is cut short."""
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if len(lines) < 2 or lines[0].strip() != _MAGIC:
            raise Refusal(f"{path.name} is not an ncnn param file", kind="input")
        layers = [_layer(line, path.name) for line in lines[2:] if line.strip()]
        if (counts := lines[1].split()[:1]) != [str(len(layers))]:
            raise Refusal(f"{path.name} says {' '.join(counts)} layers and has {len(layers)}", kind="input")
        return cls(layers)

    def inputs(self) -> list[str]:
        """The blobs that the caller gives."""
        return [blob for layer in self.layers if layer.type == "Input" for blob in layer.outputs]

    def outputs(self) -> list[str]:
        """The blobs that no layer reads."""
        read = {blob for layer in self.layers for blob in layer.inputs}
        return [blob for layer in self.layers for blob in layer.outputs if blob not in read]

    def layer_counts(self) -> dict[str, int]:
        """Layer type -> how many."""
        return dict(Counter(layer.type for layer in self.layers))


def _layer(line: str, source: str) -> Layer:
    """`type name inputs outputs blob... id=value...`."""
    try:
        kind, name, reads, writes, *rest = line.split()
        split, end = int(reads), int(reads) + int(writes)
        parameters = dict(entry.split("=", 1) for entry in rest[end:])
    except ValueError as error:
        raise Refusal(f"{source} has a line that is no layer: {line.strip()}", kind="input") from error
    return Layer(kind, name, rest[:split], rest[split:end], parameters)
