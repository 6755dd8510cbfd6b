"""`edgekit models`: one JSON document, or a table that fits 100 columns."""

import json

import pytest
import typer
from typer.testing import CliRunner

from edgekit.cli.models import models
from edgekit.errors import UsageError

app = typer.Typer()
app.command()(models)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_json_is_one_document_with_every_figure() -> None:
    document = json.loads(run("--json"))
    assert len(document["models"]) == 47
    first = document["models"][0]
    assert first["name"] == "MixNet_S"
    assert first["published"]["top1"] == 0.7628
    assert first["published"]["reference_top5"] is None
    assert first["published"]["latency"][0] == {
        "gpu": "V100", "precision": "fp32", "batch": 1, "milliseconds": 2.31, "engine": "TensorRT",
    }  # fmt: skip
    assert first["demo_weights"] is True


def test_json_of_one_family() -> None:
    document = json.loads(run("--family", "twins", "--json"))
    assert [model["family"] for model in document["models"]] == ["Twins"] * 6


def test_table_fits_100_columns_and_cuts_nothing() -> None:
    text = run()
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    row = next(line.split() for line in text.splitlines() if "Fix_ResNet50" in line)
    assert row == ["Fix_ResNet50_vd_ssld_v2", "ResNet", "320", "25.58", "84.0%", "17.70", "-", "5.08", "3.43"]
    assert next(line.split() for line in text.splitlines() if "MixNet_S" in line)[-1] == "yes"
    assert "published, with TensorRT" in " ".join(text.split())


def test_unknown_family_lists_the_families() -> None:
    with pytest.raises(UsageError, match="MixNet, DenseNet"):
        run("--family", "VGG")
