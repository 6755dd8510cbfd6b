"""`edgekit models`: one JSON document, or a table in which no name and no figure is cut or folded."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

from edgekit.cli.models import models
from edgekit.errors import UsageError

app = typer.Typer()
app.command()(models)

LISTS = ((), ("--all",), ("--search", "lcnet"), ("--family", "SwinTransformer"))


@pytest.fixture(autouse=True)
def pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results go into a pipe, which says nothing of its width."""
    monkeypatch.delenv("COLUMNS", raising=False)


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


def listed(arguments: tuple[str, ...]) -> list[dict]:
    """The models that a list has, as its JSON says them."""
    return json.loads(run(*arguments, "--json"))["models"]


def table(text: str) -> tuple[list[str], list[list[str]]]:
    """The headings of a table, and the words of each row; rows lie between the rule and an empty line."""
    lines = text.splitlines()
    rule = next(index for index, line in enumerate(lines) if set(line.strip()) == {"─"})
    end = next(index for index, line in enumerate(lines) if index > rule and not line.strip())
    return lines[rule - 1].split(), [line.split() for line in lines[rule + 1 : end]]


@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_in_a_pipe_each_model_is_one_line_with_all_its_figures(arguments: tuple[str, ...]) -> None:
    text = run(*arguments)
    headings, rows = table(text)
    assert headings == ["model", "family", "input", "params", "top-1", "FLOPs", "fp32", "fp32", "fp16", "demo"]
    assert [row[:2] for row in rows] == [[model["name"], model["family"]] for model in listed(arguments)]
    assert {len(row) for row in rows} <= {9, 10}  # the tenth is a demo's "yes"
    assert "…" not in text and "Left out" not in text


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_a_terminal_has_whole_names_and_the_figures_that_fit(
    arguments: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = run(*arguments)
    headings, rows = table(text)
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    models = listed(arguments)
    assert [row[0] for row in rows] == [model["name"] for model in models]
    at = headings.index("top-1")
    accuracies = [model["published"]["top1"] for model in models]
    assert [row[at] for row in rows] == ["-" if one is None else f"{one:.1%}" for one in accuracies]
    assert "A wider terminal or --json has them." in " ".join(text.split())


def test_what_is_left_out_is_the_least_needed_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for width in (110, 80, 60, 30):
        monkeypatch.setenv("COLUMNS", str(width))
        text = run("--search", "lcnet")
        line = re.search(r"Left out for want of room: (.*?)\. A wider", " ".join(text.split()))
        said[width] = line.group(1) if line else None
    assert said == {
        110: None,
        80: "T4 fp16",
        60: "family, FLOPs, V100 fp32, T4 fp32, T4 fp16",
        30: "family, input, params, FLOPs, V100 fp32, T4 fp32, T4 fp16, demo",
    }


def test_a_name_stays_whole_where_it_alone_is_too_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    headings, rows = table(run("--family", "SwinTransformer"))
    assert headings == ["model"]
    assert ["SwinTransformer_large_patch4_window12_384"] in rows


def test_the_documented_models_fit_into_100_columns() -> None:
    text = run()
    _, rows = table(text)
    assert max(len(line.rstrip()) for line in text.splitlines() if "ResNet" in line and ":" not in line) <= 100
    row = next(row for row in rows if row[0].startswith("Fix_ResNet50"))
    assert row == ["Fix_ResNet50_vd_ssld_v2", "ResNet", "320", "25.58", "84.0%", "17.70", "-", "5.08", "3.43"]
    assert rows[0][0] == "MixNet_S" and rows[0][-1] == "yes"
    assert "published, with TensorRT" in text


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
