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
        run("--family", "VGGG")


def test_the_other_families_are_named_below_the_documented_models() -> None:
    text = " ".join(run().split())
    assert text.index("SE_HRNet_W64_C_ssld") < text.index("348 more") < text.index("PPLCNet 9")


def test_search_looks_through_names_and_families() -> None:
    found = [model["name"] for model in json.loads(run("--search", "pp-lcnet", "--json"))["models"]]
    assert found[0] == "PPLCNet_x0_25"
    assert "PPLCNetV2_base" in found
    vd = [model["name"] for model in json.loads(run("--search", "50_vd", "--json"))["models"]]
    assert vd[0] == "ResNet50_vd"  # the documented ones first
    assert "ResNeXt50_vd_32x4d" in vd
    within = [model["name"] for model in json.loads(run("--family", "PULC", "--search", "helmet", "--json"))["models"]]
    assert within == ["PULC_safety_helmet"]
    with pytest.raises(UsageError, match='no name and no family holds "qqq"'):
        run("--search", "qqq")


def test_all_is_every_backbone() -> None:
    names = [model["name"] for model in json.loads(run("--all", "--json"))["models"]]
    assert names[0] == "MixNet_S"
    assert len(names) == len(set(names)) == 395


def test_what_paddleclas_cannot_run_is_said_once_for_all_models() -> None:
    text = " ".join(run("--family", "SwinTransformerV2").split())
    assert text.count("NameError") == 1
