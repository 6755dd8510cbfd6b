"""PULC's tasks and PP-ShiTu's recogniser: trained models of their own classes, from PaddleClas's configurations."""

import re
from pathlib import Path
from typing import Any

import yaml
from configs import preprocessing, split

CONFIGS, PAGES, LABELS = Path("ppcls/configs/PULC"), Path("docs/zh_CN/models/PULC"), Path("ppcls/utils")
MODEL = "PPLCNet_x1_0"
MODULE = "legendary_models.pp_lcnet"
URL = "https://paddleclas.bj.bcebos.com/models/PULC/pretrained/{}_pretrained.pdparams"
# What the note below PULC's list says of its column of accuracies; the others' is top-1.
METRICS = {
    **dict.fromkeys(("person_exists", "safety_helmet", "car_exists"), "TprAtFpr"),
    **dict.fromkeys(("person_attribute", "vehicle_attribute", "table_attribute"), "mA"),
}
# PaddleClas's post-processing steps of models whose outputs are judged one by one.
MULTI_LABEL = ("PersonAttribute", "VehicleAttribute", "TableAttribute")
LABEL_FILES = {
    "PersonAttribute": "pedestrian_attribute_label_list.txt",
    "VehicleAttribute": "vehicle_attribute_label_list.txt",
}
BUILDING = ("stride_list", "use_last_conv", "class_expand")


def tasks(checkout: Path, known: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of all tasks, as `backbones.entry` makes those of backbones."""
    found = [pulc(path, checkout) for path in sorted((checkout / CONFIGS).glob(f"*/{MODEL}.yaml"))]
    return found + [{"name": name, **fields} for name, fields in known["recognisers"].items()]


def pulc(path: Path, checkout: Path) -> dict[str, Any]:
    """A task's entry: PULC's models are all PPLCNet_x1_0."""
    task = path.parent.name
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    arguments = {key: value for key, value in config["Arch"].items() if key in BUILDING}
    after = config["Infer"]["PostProcess"]
    classes = config["Arch"]["class_num"]
    labels = class_names(after, checkout)
    assert labels is None or len(labels) == classes, task
    url = URL.format(task)
    pages = (checkout / PAGES).glob("*.md")
    figures = published((checkout / PAGES / "model_list.md").read_text(encoding="utf-8")).get(task)
    return {
        "name": f"PULC_{task}",
        "family": "PULC",
        "module": MODULE,
        "factory": MODEL,
        **({"arguments": arguments} if arguments else {}),
        **split(preprocessing(config["DataLoader"]["Eval"]["dataset"]["transform_ops"])),
        "classes": classes,
        **({"outputs_are": "labels"} if after["name"] in MULTI_LABEL else {}),
        **({"labels": labels} if labels else {}),
        **({"url": url} if any(url in page.read_text(encoding="utf-8") for page in pages) else {}),
        **({"task": figures} if figures else {}),
    }


def published(page: str) -> dict[str, list[Any]]:
    """A task -> metric, value as a fraction, milliseconds: the rows of PULC's list of models."""
    found: dict[str, list[Any]] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 7 and (time := re.fullmatch(r"([\d.]+)ms", cells[5])):
            value = round(float(cells[3]) / 100, 6)
            found[cells[0]] = [METRICS.get(cells[0], "top-1"), value, float(time[1])]
    return found


def class_names(after: dict[str, Any], checkout: Path) -> list[str] | None:
    """The classes' names that a configuration's post-processing has; None where it has none."""
    if after["name"] == "ThreshOutput":
        return [after["label_0"], after["label_1"]]
    file = after.get("class_id_map_file") or LABEL_FILES.get(after["name"])
    if file is None:
        return None
    text = (checkout / LABELS / file.removeprefix("ppcls/utils/")).read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [re.sub(r"^\d+ ", "", line) for line in lines]
