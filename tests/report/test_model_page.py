"""The page of a model: what it shows, that it needs nothing else, and that nothing in it can break out."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as with_fields

from conftest import Converted, Edgekit
from edgekit.artifact.load import load_artifact
from edgekit.artifact.manifest import VariantVerdict
from edgekit.ledger.ledger import Ledger, Unexplained
from edgekit.parity import Tolerance
from edgekit.parity.by_value import by_value
from edgekit.parity.judge import judge
from edgekit.pipeline.target import targets
from edgekit.report.model_html import model_page
from edgekit.verification.check import Check

HOSTILE = '<script>alert(1)</script> | `rm` & "q" {{ 7*7 }} $x_{1$ <img src=http://x>'
LABELS = ("photo cat", "photo dog", "synthetic noise 0")


class Elements(HTMLParser):
    """The names of all elements, and every address that a browser would fetch or follow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        assert not [name for name, _ in attrs if name.startswith("on")]


def is_inside(address: str) -> bool:
    return address.startswith(("data:image/", "#"))


@pytest.mark.toolchain
class TestOfArtifacts:
    @pytest.fixture(scope="class")
    @staticmethod
    def page(edgekit: Edgekit, mixnet: Converted, tmp_path_factory: pytest.TempPathFactory) -> str:
        folder = tmp_path_factory.mktemp("page")
        answer = edgekit("report", "MixNet_S", "--artifacts", mixnet.out, "--out", folder / "page.html", "--json")
        assert answer.returncode == 0, answer.stderr
        document = json.loads(answer.stdout)
        assert {check["target"] for check in document["checks"]} == {"lite", "ncnn", "onnx", "openvino"}
        return Path(document["page"]).read_text(encoding="utf-8")

    def test_it_has_what_verification_found(self, page: str, mixnet: Converted) -> None:
        assert "MixNet_S · demo weights · 10 classes · 64 px" in page
        for target in ("onnx", "openvino", "ncnn"):
            figures = mixnet.check(target)["verdict"]["outputs"]["logits"]
            assert f"{figures['against_oracle']['max_relative']:.1e}" in page
            manifest = json.loads((mixnet.out / "MixNet_S" / target / "manifest.json").read_bytes())
            assert all(record["sha256"] in page for record in {**manifest["files"], **manifest["golden"]}.values())
            assert f"edgekit convert MixNet_S --target {target} --weights demo --input-size 64" in page
        assert "all 152 stored parameters accounted for" in page
        assert "lite ARM not run: needs an ARM device" in page

    def test_it_opens_without_a_network(self, page: str) -> None:
        elements = Elements(page)
        assert "script" not in elements.names
        assert len([one for one in elements.addresses if one.startswith("data:")]) == 8 + 6
        assert all(map(is_inside, elements.addresses))
        assert "Content-Security-Policy" in page

    def test_a_single_artifact_has_a_page(self, edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
        page = tmp_path / "onnx.html"
        answer = edgekit("report", mixnet.out / "MixNet_S" / "onnx", "--out", page)
        assert (answer.returncode, answer.stdout) == (0, f"{page}: 1 passed\n")
        assert "openvino" not in page.read_text(encoding="utf-8")

    def test_somebody_elses_file_stays(self, edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
        page = tmp_path / "mine.html"
        page.write_text("mine")
        answer = edgekit("report", mixnet.out / "MixNet_S" / "onnx", "--out", page)
        assert (answer.returncode, page.read_text()) == (2, "mine")
        assert "is no page of edgekit" in answer.stderr

    def test_two_models_have_no_common_page(self, edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
        other = tmp_path / "other"
        shutil.copytree(mixnet.out / "MixNet_S" / "onnx", other)
        manifest = json.loads((other / "manifest.json").read_bytes())
        manifest["model"]["name"] = "Other"
        (other / "manifest.json").write_text(json.dumps(manifest))
        answer = edgekit("report", mixnet.out / "MixNet_S" / "onnx", other, "--out", tmp_path / "page.html")
        assert answer.returncode == 2
        assert "different models" in answer.stderr

    def test_a_strangers_words_stay_words(self, mixnet: Converted) -> None:
        page = model_page([hostile_check(mixnet)], {"photo cat": np.zeros((90, 80, 3), np.uint8)})
        elements = Elements(page)
        assert not elements.names & {"script", "iframe", "object", "link", "base", "form"}
        assert all(map(is_inside, elements.addresses))
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ 7*7 }}" in page  # not 49
        assert re.search(r"1 decisions? differ", page)
        assert "is off by" in page
        assert "comes from nowhere" in page


def hostile_check(mixnet: Converted) -> Check:
    """A failed check of what a stranger has named, wrong in one class of one photo."""
    artifact = load_artifact(mixnet.out / "MixNet_S" / "onnx")
    names = tuple(f"{index} {HOSTILE}" for index in range(10))
    manifest = with_fields(
        artifact.manifest,
        model=with_fields(artifact.manifest.model, name=HOSTILE, class_names=names),
        build={"for": HOSTILE},
        verdicts=(),
    )
    oracle = np.random.default_rng(0).normal(0, 3, (3, 10))
    wrong = oracle.astype(np.float32)
    wrong[0, 3] += 20
    labels = (LABELS[0], HOSTILE, LABELS[2])
    case = (wrong, (oracle + 1e-6).astype(np.float32), oracle)
    kinds = ("photo", "photo", "synthetic")
    verdict = judge(*case, Tolerance(), "fp32", labels, judged_against=HOSTILE, kinds=kinds)
    assert verdict.status == "failed"
    lost = Unexplained(HOSTILE, HOSTILE, (3,))
    ledger = Ledger(4, {HOSTILE: 3}, (lost,), 1)
    latency = {"p50_ms": 1.0, "p95_ms": 2.0}
    found = VariantVerdict("", with_fields(verdict, warnings=(HOSTILE,)), latency, ledger=ledger, device=HOSTILE)
    target = targets()["onnx"]
    values = {"output": by_value(*case, labels, kinds, "logits", "fp32")}
    changed = replace(artifact, manifest=manifest)
    return Check(changed, target, target.description.variants[0], found, None, measure=lambda: values)
