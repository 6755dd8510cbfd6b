"""The site: it builds without a dead link and without a network, and its reference is what the code says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import msgspec
import pytest
import typer

from conftest import ROOT, Converted
from edgekit.cli.app import app
from edgekit.cli.usual_command import USUAL
from edgekit.pipeline.target import targets
from edgekit.recipe.load import recipe_for
from tools.docs_site.offline import foreign_addresses, missing_files, read_pages
from tools.docs_site.reference import reference_pages
from tools.docs_site.schemas import DOCUMENTS, FOLDER, schema_text


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name.rsplit("/", 1)[-1]: text for name, text in reference_pages().items()}


def test_the_site_is_built_strictly() -> None:
    """Over a checkout as it is: nothing of it is written but the ignored folder `build`."""
    answer = subprocess.run(
        [sys.executable, "-m", "tools.docs_site"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert answer.returncode == 0, answer.stderr
    assert (ROOT / "build" / "docs" / "site" / "docs" / "guides" / "first_model.html").is_file()


def test_what_a_site_lacks_or_fetches_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text('<a href="index.html#part">x</a>')
    (tmp_path / "index.html").write_text(
        '<a href="there.html">x</a><a href="gone.html">x</a><a href="https://elsewhere.example">x</a>'
        '<img src="gone.png"><script src="https://cdn.example/x.js"></script>'
        '<link rel="stylesheet" href="//fonts.example/x.css"><link rel="canonical" href="https://self.example">'
    )
    pages = read_pages(tmp_path)
    assert missing_files(tmp_path, pages) == [("index.html", "gone.png"), ("index.html", "gone.html")]
    assert foreign_addresses(tmp_path, pages) == [
        ("index.html", "https://cdn.example/x.js"),
        ("index.html", "//fonts.example/x.css"),
    ]


def test_every_command_and_option_is_described(pages: dict[str, str]) -> None:
    page = pages["command-line.md"]
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        assert f"## edgekit {name}" in page
        for called, one in ({name: command} if inner is None else inner).items():
            usual = called in (name, USUAL)
            heading = f"## edgekit {name}" if usual else f"## edgekit {name} {called}"
            section = page.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
            for parameter in one.params:
                if parameter.param_type_name == "option":
                    assert f"`{parameter.opts[0]}`" in section, f"{heading} lacks {parameter.opts[0]}"


def test_every_target_is_described(pages: dict[str, str]) -> None:
    headings = re.findall(r"^## (\w+): ", pages["targets.md"], re.MULTILINE)
    assert headings == list(targets())
    assert all(one.description.summary in pages["targets.md"] for one in targets().values())


def test_keys_have_what_their_docstrings_say(pages: dict[str, str]) -> None:
    """A default that is said by the type, and a sentence that stands behind the field."""
    assert (
        '| `crop_origin` | "centre_floor" or "centre_round" or "top_left" | `"centre_floor"` | '
        in pages["recipe-keys.md"]
    )
    assert "Length of the shorter side after resizing, in pixels" in pages["recipe-keys.md"]
    assert "| `schema` | int | `2` |" in pages["manifest.md"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_a_changed_document_has_a_changed_schema(document) -> None:
    """Where older readers cannot follow, it gets another number, and the file of the old one stays."""
    path = FOLDER / document.file
    assert path.read_text(encoding="utf-8") == schema_text(document), (
        f"{document.name} has changed: python -m tools.docs_site.schemas, and another number if older readers cannot "
        "follow"
    )


def validator(name: str) -> jsonschema.Draft202012Validator:
    document = next(one for one in DOCUMENTS if one.name == name)
    return jsonschema.Draft202012Validator(json.loads((FOLDER / document.file).read_text(encoding="utf-8")))


def test_a_recipe_and_a_target_fit_their_schemas() -> None:
    validator("recipe").validate(json.loads(msgspec.json.encode(recipe_for("Twins"))))
    for one in targets().values():
        validator("target").validate(json.loads(msgspec.json.encode(one.description)))
    with pytest.raises(jsonschema.ValidationError):
        validator("target").validate({"title": "x", "unknown": 1})


@pytest.mark.toolchain
def test_a_manifest_fits_its_schema(mixnet: Converted) -> None:
    for target in ("lite", "ncnn", "onnx", "openvino"):
        manifest = json.loads((mixnet.out / "MixNet_S" / target / "manifest.json").read_bytes())
        validator("manifest").validate(manifest)
        del manifest["weights"]
        with pytest.raises(jsonschema.ValidationError):
            validator("manifest").validate(manifest)
