"""The weights that come with edgekit: small ones of its own, to try every command without a network."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "demo"


@dataclass(frozen=True)
class DemoWeights:
    """Bundled weights of one model."""

    model: str
    path: Path  # a .safetensors file
    sha256: str
    input_size: int  # pixels
    class_names: tuple[str, ...]
    data_set: str
    top1: float  # fraction of `test_images` classified right with this very file
    test_images: int


def demo_weights(model_name: str) -> DemoWeights | None:
    """Return the bundled weights of that model, or None when there are none."""
    description = FOLDER / f"{model_name}.toml"
    if not description.is_file():
        return None
    table = tomllib.loads(description.read_text(encoding="utf-8"))
    return DemoWeights(
        model=model_name,
        path=FOLDER / f"{model_name}.safetensors",
        sha256=table["sha256"],
        input_size=table["input_size"],
        class_names=tuple(table["class_names"]),
        data_set=table["data_set"],
        top1=table["top1"],
        test_images=table["test_images"],
    )
