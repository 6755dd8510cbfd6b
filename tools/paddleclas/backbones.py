"""Makes `edgekit/catalog/backbones.json`: every backbone of PaddleClas, with what is known of each.

    uv run --with pyyaml python tools/paddleclas/backbones.py CHECKOUT

Names, files and addresses come from the installed PaddleClas (read, not imported), what must be known of a network from
building it there, how a model is evaluated and what was published of it from a CHECKOUT of PaddleClas's repository
(`ppcls/configs` and `docs`, which the package leaves out), the rest from `backbones.toml`. No weights are needed.
"""

import json
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from code_tables import Backbone, backbones
from configs import evaluations, split
from pages import Figures, figures
from tasks import tasks

from edgekit.cache import cache_folder
from edgekit.catalog.catalog import documented_models
from edgekit.toolchain.environment import ready_python
from edgekit.toolchain.script import requirements_of

HERE = Path(__file__).parent
OUTPUT = HERE.parents[1] / "edgekit/catalog/backbones.json"
CONVERTERS = HERE.parents[1] / "converters"
FALLBACK = {"resize_short": 256, "crop": 224}


def main(checkout: Path) -> None:
    """Write the file, and say what could not be built."""
    python = paddle_python()
    known = tomllib.loads((HERE / "backbones.toml").read_text(encoding="utf-8"))
    documented = {model.name for model in documented_models()}
    found = [
        one
        for one in backbones(package(python))
        if one.name not in documented and one.name not in known["not_networks"]
    ]
    evaluated = evaluations(checkout)
    entries = [entry(one, known, evaluated) for one in found]
    published = figures(checkout, {known["published_as"].get(one.name, one.name): one.url for one in found})
    for one in entries:
        one |= as_published(published.get(known["published_as"].get(one["name"], one["name"]), Figures()))
    entries += tasks(checkout, known)
    for one, facts in zip(entries, networks(entries, python), strict=True):
        add_facts(one, facts, known)
    text = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in entries)
    OUTPUT.write_text(f"[\n{text}\n]\n", encoding="utf-8")
    print(f"{len(entries)} models, {OUTPUT.stat().st_size} bytes")
    for one in entries:
        if "unsupported" in one:
            print(f"{one['name']}: {one['unsupported']}")


def paddle_python() -> Path:
    """The Python of the installed toolchain."""
    python = ready_python(requirements_of(CONVERTERS / "paddle/export.py"), cache_folder())
    if python is None:
        sys.exit("PaddleClas is not installed: run `make demo` first.")
    return python


def package(python: Path) -> Path:
    """The folder of the installed PaddleClas."""
    return next(python.parents[1].glob("lib/python3*/site-packages/paddleclas"))


def entry(one: Backbone, known: dict[str, Any], evaluated: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is known of a backbone before it is built."""
    own = known["architectures"].get(one.name, {})
    prefixes = [prefix for prefix in known["preprocessing"] if one.name.startswith(prefix)]
    way = evaluated.get(known["evaluated_as"].get(one.name, one.name))
    if way is None:
        way = known["preprocessing"][max(prefixes, key=len)] if prefixes else FALLBACK
    prefixes = [prefix for prefix in known["family_by_name"] if one.name.startswith(prefix)]
    return {
        "name": one.name,
        "family": known["family_by_name"][prefixes[0]] if prefixes else known["families"][one.module],
        "module": one.module,
        **own,
        **split(way),
        **({"url": one.url} if one.url else {}),
        **({"note": known["notes"][one.name]} if one.name in known["notes"] else {}),
    }


def as_published(found: Figures) -> dict[str, Any]:
    """The figures of the pages; nothing where nothing was published."""
    latency = [[gpu, precision, batch, ms] for (gpu, precision, batch), ms in found.latency.items()]
    return {
        **({"published": found.metrics} if found.metrics else {}),
        **({"latency": latency} if latency else {}),
    }


def networks(entries: list[dict[str, Any]], python: Path) -> list[dict[str, Any]]:
    """The facts of each network, built one after another in PaddleClas's environment."""
    requests = []
    for one in entries:
        keys = ("name", "module", "factory", "arguments", "neck", "class_argument")
        option = {key: one[key] for key in keys if key in one}
        option = {"factory": one["name"], "head": None, **option}
        requests.append({"architecture": option, "size": one["size"], "classes": one.get("classes", 1000)})
    path = f"{CONVERTERS / 'lib'}:{CONVERTERS / 'paddle'}"
    answers: list[dict[str, Any]] = []
    # A process for some of them at a time: what crashes takes no other with it, and memory is given back.
    for start in range(0, len(requests), 25):
        lines = "".join(json.dumps(one) + "\n" for one in requests[start : start + 25])
        made = subprocess.run(
            [str(python), str(HERE / "networks.py")],
            input=lines,
            text=True,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": path, "GLOG_minloglevel": "3"},
            check=True,
        )
        answers += [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
        print(f"{len(answers)} of {len(requests)}", flush=True)
    return answers


def add_facts(one: dict[str, Any], facts: dict[str, Any], known: dict[str, Any]) -> None:
    """Join what building a network has shown into its entry."""
    assert one["name"] == facts["name"]
    reason = next(
        (why for pattern, why in known["unsupported"].items() if fnmatchcase(one["name"], pattern)),
        None,
    )
    one.pop("class_argument", None)
    if error := facts.get("error"):
        one["unsupported"] = reason or error
        return
    if reason:
        one["unsupported"] = reason
    one["parameters"] = facts["parameters"]
    one.setdefault("head", facts.get("head"))
    if facts["class_argument"] != "class_num":
        one["class_argument"] = facts["class_argument"]
    if one["head"] and facts.get("last", []) and facts["last"] != [one["head"].removesuffix(".weight")]:
        one["last"] = facts["last"]
    if facts["outputs"] != one.get("classes", 1000):
        one["outputs"] = facts["outputs"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
