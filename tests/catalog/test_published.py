"""The published figures are the tables' own, cell by cell."""

import csv
from pathlib import Path

import pytest

from edgekit.catalog import Model, load_catalog
from edgekit.catalog.published import TABLES

SHARED = Path(__file__).parents[3] / "shared" / "catalog"
TABLE_NAMES = ["metrics.tsv", "latency_v100_tensorrt_fp32_ms.tsv", "latency_t4_tensorrt_ms.tsv"]
MODELS = {model.name: model for model in load_catalog().models}


def rows(table: str) -> list[dict[str, str]]:
    with (TABLES / table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def published(cell: str) -> float | None:
    return None if cell == "-" else float(cell)


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_tables_are_unchanged_copies(table: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared/catalog, which the tables were copied from, is not here")
    assert (TABLES / table).read_bytes() == (SHARED / table).read_bytes()


def test_every_metric_is_the_cell() -> None:
    table = rows("metrics.tsv")
    assert [row["model"] for row in table] == list(MODELS)
    for row in table:
        model = MODELS[row["model"]]
        assert model.family == row["family"]
        for column in ("top1", "top5", "reference_top1", "reference_top5", "flops_g", "params_m"):
            assert getattr(model.published, column) == published(row[column]), (model.name, column)


def compare_latencies(table: str, columns: dict[str, tuple[str, str, int]]) -> set[str]:
    for row in rows(table):
        for column, key in columns.items():
            assert MODELS[row["model"]].published.milliseconds(*key) == published(row[column]), (
                row["model"],
                column,
            )
    return {row["model"] for row in rows(table)}


def test_every_v100_latency_is_the_cell() -> None:
    listed = compare_latencies(
        "latency_v100_tensorrt_fp32_ms.tsv", {f"bs{batch}": ("V100", "fp32", batch) for batch in (1, 4, 8)}
    )
    assert len(listed) == 44
    for model in MODELS.values():
        assert (model.published.milliseconds("V100", "fp32", 1) is not None) == (model.name in listed)


def test_every_t4_latency_is_the_cell() -> None:
    columns = {f"{kind}_bs{batch}": ("T4", kind, batch) for kind in ("fp16", "fp32") for batch in (1, 4, 8)}
    listed = compare_latencies("latency_t4_tensorrt_ms.tsv", columns)
    assert len(listed) == 38
    for model in MODELS.values():
        assert (model.published.milliseconds("T4", "fp16", 8) is not None) == (model.name in listed)


def test_crop_and_resize_agree_with_the_tables() -> None:
    for table in TABLE_NAMES[1:]:
        for row in rows(table):
            model = MODELS[row["model"]]
            assert model.input_size == int(row["crop"])
            assert row["resize_short"] in ("-", str(model.resize_short))


@pytest.mark.parametrize(
    ("name", "figure", "value"),
    [
        ("MixNet_S", "top1", 0.7628),
        ("MixNet_S", "flops_g", 0.252977),
        ("DPN68", "params_m", 10.78),  # as published; 12.68 as built
        ("ResNet50_vd_ssld", "top1", 0.824),
        ("Fix_ResNet50_vd_ssld_v2", "flops_g", 17.696),
        ("SE_HRNet_W64_C_ssld", "top5", 0.973),
        ("ResNet18_vd", "reference_top1", None),
        ("MixNet_L", "reference_top5", None),
    ],
)
def test_spot_figures(name: str, figure: str, value: float | None) -> None:
    assert getattr(MODELS[name].published, figure) == value


@pytest.mark.parametrize(
    ("name", "key", "milliseconds"),
    [
        ("MixNet_S", ("V100", "fp32", 8), 5.20),
        ("MixNet_S", ("T4", "fp32", 1), None),
        ("HRNet_W48_C", ("V100", "fp32", 8), 15.53),  # faster than at batch 4: so it was published
        ("ResNet50", ("T4", "fp16", 1), 2.63824),
        ("SE_HRNet_W64_C_ssld", ("T4", "fp32", 8), 174.45766),
        ("Fix_ResNet50_vd_ssld_v2", ("V100", "fp32", 1), None),
    ],
)
def test_spot_latencies(name: str, key: tuple[str, str, int], milliseconds: float | None) -> None:
    model: Model = MODELS[name]
    assert model.published.milliseconds(*key) == milliseconds
    assert {latency.engine for latency in model.published.latency} == {"TensorRT"}
