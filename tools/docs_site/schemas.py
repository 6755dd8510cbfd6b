"""JSON schemas of the documents that edgekit writes: `python -m tools.docs_site.schemas` writes them anew.

They lie in `docs/reference/schemas`, so that a change of a document is a change that is seen.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edgekit.artifact import manifest, ranges
from edgekit.evaluate.figures import Evaluation
from edgekit.evaluate.rows import SCHEMA as EVALUATION
from edgekit.inputs.size import Size
from edgekit.matrix import report
from edgekit.pipeline.target import Description
from edgekit.recipe.schema import Recipe
from edgekit.reference import description

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Document:
    """One kind of document: its type, what it is, and its version where it has one."""

    name: str
    type: type
    about: str
    version: int | None = None

    @property
    def file(self) -> str:
        """The schema's file."""
        return f"{self.name}.json" if self.version is None else f"{self.name}-{self.version}.json"


DOCUMENTS = (
    Document("manifest", manifest.Manifest, "`manifest.json` of an artifact", manifest.SCHEMA),
    Document("ranges", ranges.LayersRanges, "`ranges.json` of an FP16 or INT8 artifact", ranges.SCHEMA),
    Document("matrix", report.MatrixReport, "`matrix.json`, and `edgekit matrix --json`", report.SCHEMA),
    Document("evaluation", Evaluation, "`evaluation.json`, and `edgekit evaluate --json`", EVALUATION),
    Document("bundle", description.Description, "the description in a reference bundle", description.SCHEMA),
    Document("recipe", Recipe, "a recipe, merged with its family's"),
    Document("target", Description, "`target.toml`"),
)


def schema_text(document: Document) -> str:
    """The schema as it is written."""
    (schema,), components = msgspec.json.schema_components(
        [document.type], schema_hook=size_schema, ref_template="#/$defs/{name}"
    )
    known = {name: components[name] for name in sorted(components)}
    return json.dumps({"$schema": DIALECT, **schema, "$defs": known}, indent=1, ensure_ascii=False) + "\n"


def size_schema(kind: type) -> dict[str, Any]:
    """Of a type of edgekit's own that msgspec does not know."""
    if kind is Size:
        return {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
    raise NotImplementedError(kind)


def write_all(folder: Path) -> None:
    """Write every schema; those of earlier versions stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in DOCUMENTS:
        (folder / document.file).write_text(schema_text(document), encoding="utf-8")


if __name__ == "__main__":
    write_all(FOLDER)
