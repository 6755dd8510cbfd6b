"""`edgekit_runner` beside edgekit itself: the same tensors, outputs and classes; damage is refused in a sentence."""

import hashlib
import json
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from safetensors.numpy import load_file, save_file

from conftest import Edgekit
from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FileRecord, Manifest
from edgekit.artifact.samples import run_options
from edgekit.artifact.write import update_manifest
from edgekit.classes import prepared
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from runtime_tests.runners import built_runner, ncnn_folder, openvino_folder, refusal, run

pytestmark = pytest.mark.toolchain

MODELS = ("labels", "one_label", "row", "features")
PHOTOS = [photo.path for photo in bundled_photos()[:3]]


@pytest.fixture(scope="session", params=["openvino", "ncnn"])
def target(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def runner(target: str, out: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if target == "ncnn":
        library = ncnn_folder([out / name / "ncnn" for name in ("MixNet_S", *MODELS)], session_cache)
    else:
        library = openvino_folder(session_cache)
    return built_runner(target, library, tmp_path_factory.mktemp(f"runner-{target}"))


@pytest.fixture(scope="session")
def out(edgekit: Edgekit, foreign_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MixNet_S with its bundled weights and small models of every kind, verified: an output folder."""
    folder = tmp_path_factory.mktemp("artifacts")
    calls: list[list[str | Path]] = [["MixNet_S", "-w", "demo"], *([foreign_models / model] for model in MODELS)]
    for call in calls:
        answer = edgekit("convert", *call, "-t", "ncnn,openvino", "--verify", "-o", folder)
        assert answer.returncode == 0, answer.stderr
    return folder


@pytest.fixture
def artifact(out: Path, target: str) -> Path:
    return out / "MixNet_S" / target


def test_it_says_what_it_is(runner: Path, target: str) -> None:
    status, document = run(runner, "--version")
    assert (status, document["backend"]) == (0, target)
    assert set(document) == {"edgekit", "backend", "backend_version", "compiler", "architecture"}


@pytest.mark.parametrize("model", ["MixNet_S", *MODELS])
def test_self_test_passes(runner: Path, target: str, out: Path, model: str) -> None:
    status, document = run(runner, "--self-test", out / model / target)
    assert status == 0, document
    assert document["passed"]
    stages = {stage["stage"]: stage for stage in document["stages"]}
    assert {stage["status"] for name, stage in stages.items() if not name.startswith("decisions")} == {"passed"}
    for name in ("decoded photo", "levels", "tensor", "run twice", "beside another model", "loaded again"):
        assert stages[name]["figure"] == 0
    (output,) = (stage for name, stage in stages.items() if name.startswith("output "))
    verdict = load_artifact(out / model / target).manifest.verdicts[0].verdict
    assert output["limit"] == next(iter(verdict.outputs.values())).max_threshold
    assert 0 <= output["figure"] <= output["limit"]


def test_another_model_is_loaded_in_between(runner: Path, target: str, out: Path, artifact: Path) -> None:
    status, document = run(runner, "--self-test", artifact, "--beside", out / "row" / target)
    assert (status, document["passed"]) == (0, True)


@pytest.mark.parametrize("model", ["MixNet_S", *MODELS])
def test_outputs_are_python_s(
    runner: Path, target: str, out: Path, model: str, run_worker: Callable[..., Any], tmp_path: Path
) -> None:
    """Within FP32's limit of what the same library computes for Python, on photos that both prepare."""
    loaded = load_artifact(out / model / target)
    name = loaded.manifest.inputs[0].name
    samples = np.stack([prepared(load_image(photo), loaded.manifest) for photo in PHOTOS])
    save_file({name: samples}, tmp_path / "inputs.safetensors")
    status, document = run(
        runner, "--run", tmp_path / "inputs.safetensors", "--outputs", tmp_path / "ours.safetensors", loaded.folder
    )
    assert (status, document["samples"], document["latency"]) == (0, 3, None)
    roles = {"model.ncnn.param": "param", "model.ncnn.bin": "bin", "model.xml": "model", "model.bin": "weights"}
    files = {roles[role]: source.path for role, source in loaded.by_role().items()}
    _, theirs = run_worker(
        f"{target}/run.py", {**files, "tensors": tmp_path / "inputs.safetensors"}, run_options(loaded)
    )
    ours, reference = load_file(tmp_path / "ours.safetensors"), load_file(theirs / "outputs.safetensors")
    assert sorted(ours) == sorted(reference)
    figures = loaded.manifest.verdicts[0].verdict.outputs
    for output, value in reference.items():
        assert ours[output].shape == value.shape
        scale = np.abs(value).reshape(len(value), -1).max(axis=1)
        error = np.abs(ours[output] - value).reshape(len(value), -1).max(axis=1) / scale
        assert error.max() <= figures[output].max_threshold


def test_the_manifest_s_settings_are_followed(
    runner: Path, target: str, artifact: Path, free_copy: Callable[[Path], Path], tmp_path: Path
) -> None:
    """What `bench --tune` found to be fastest: other kernels round otherwise, and still pass."""
    tuned = free_copy(artifact)
    settings = {"threads": 1, **({"packing": False} if target == "ncnn" else {"hint": "throughput"})}
    update_manifest(tuned, Manifest(**{**_fields(read_manifest(tuned)), "settings": settings}))
    golden = load_file(artifact / "golden.safetensors")
    save_file({"x": golden["input/x"]}, tmp_path / "in")
    outputs: list[bytes] = []
    for folder, threads in ((artifact, 2), (tuned, 1)):
        wanted = ("--threads", "2", "--run", tmp_path / "in", "--outputs", tmp_path / "out", folder)
        status, document = run(runner, *wanted)
        assert (status, document["threads"]) == (0, threads)
        outputs.append((tmp_path / "out").read_bytes())
    if target == "ncnn":
        assert outputs[0] != outputs[1]
    status, document = run(runner, "--self-test", tuned)
    assert (status, document["passed"]) == (0, True)


@pytest.mark.parametrize("model", ["MixNet_S", "labels", "one_label", "row"])
def test_classes_are_those_of_predict(runner: Path, target: str, out: Path, model: str, edgekit: Edgekit) -> None:
    answer = edgekit("predict", out / model / target, *PHOTOS, "--json", "--top", "5")
    assert answer.returncode == 0, answer.stderr
    status, document = run(runner, out / model / target, *PHOTOS, "--top", "5")
    assert status == 0
    for ours, theirs in zip(document["photos"], json.loads(answer.stdout)["photos"], strict=True):
        (expected,) = theirs["classes"].values()
        assert [one["index"] for one in ours["classes"]] == [one["index"] for one in expected]
        assert [one["label"] for one in ours["classes"]] == [one["name"] for one in expected]
        probabilities = [one["probability"] for one in ours["classes"]]
        np.testing.assert_allclose(probabilities, [one["probability"] for one in expected], rtol=1e-4, atol=1e-7)
        if model in ("labels", "one_label"):
            assert all(one["probability"] > 0.5 for one in ours["labels"])
            (given,) = theirs["labels"].values()
            assert [one["index"] for one in ours["labels"]] == [one["index"] for one in given]
    assert document["first_run_ms"] > 0 and document["load_ms"] > 0
    assert document["latency"]["p95_ms"] >= document["latency"]["p50_ms"] > 0
    assert document["cpu"]["count"] >= 1 and document["threads"] >= 1
    assert document["memory"]["peak_bytes"] > 1 << 20


def test_features_are_no_classes(runner: Path, target: str, out: Path, tmp_path: Path) -> None:
    assert "gives features, not classes" in refusal(runner, out / "features" / target, PHOTOS[0])


def test_a_call_is_timed(runner: Path, artifact: Path, tmp_path: Path) -> None:
    golden = load_file(artifact / "golden.safetensors")
    save_file({"x": golden["input/x"]}, tmp_path / "in")
    status, document = run(
        runner, "--run", tmp_path / "in", "--outputs", tmp_path / "out", artifact, "--warmup", "1", "--repeats", "5"
    )
    assert status == 0
    latency = document["latency"]
    assert latency["repeats"] == 5
    assert 0 < latency["min_ms"] <= latency["p50_ms"] <= latency["p95_ms"]


@pytest.mark.parametrize("model", ["MixNet_S", "labels", "features"])
def test_a_report_holds_the_photo_s_way(runner: Path, target: str, out: Path, model: str, tmp_path: Path) -> None:
    """The frame prepared here again gives the tensor to the bit; the tensor run again gives the outputs."""
    artifact, folder = out / model / target, tmp_path / "report"
    status, answer = run(runner, "--report", folder, artifact, PHOTOS[0], "--repeats", "4")
    assert (status, answer["self_test_passed"]) == (0, True)
    assert sorted(answer["files"]) == sorted(path.name for path in folder.iterdir())
    manifest = (folder / "manifest.json").read_bytes()
    assert manifest == (artifact / "manifest.json").read_bytes()
    report = json.loads((folder / "report.json").read_text())
    assert report["schema_version"] == 1
    assert report["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert (report["backend"], report["target"], report["frame"]) == (target, target, "frame.png")
    assert report["machine"]["abi"] == platform.machine()
    assert report["latency"]["repeats"] == 4
    assert report["self_test"]["passed"] and report["self_test"]["stages"]
    loaded = load_artifact(artifact)
    tensors = load_file(folder / "tensors.safetensors")
    (name,) = tensors
    assert name == loaded.manifest.inputs[0].name
    np.testing.assert_array_equal(tensors[name][0], prepared(load_image(folder / "frame.png"), loaded.manifest))
    ours = tmp_path / "ours.safetensors"
    assert run(runner, "--run", folder / "tensors.safetensors", "--outputs", ours, artifact)[0] == 0
    outputs, again = load_file(folder / "outputs.safetensors"), load_file(ours)
    assert sorted(outputs) == sorted(again)
    for output, value in outputs.items():
        assert value.shape == again[output].shape
        np.testing.assert_array_equal(value, again[output])
    if model == "features":
        assert report["top"] == []
    else:
        assert report["top"][0]["probability"] == max(one["probability"] for one in report["top"])


def test_a_report_is_judged_at_the_desk(
    runner: Path, target: str, out: Path, artifact: Path, edgekit: Edgekit, tmp_path: Path
) -> None:
    """What the runner did passes; another resize and other outputs are told apart."""
    folder = tmp_path / "report"
    assert run(runner, "--report", folder, artifact, PHOTOS[1])[0] == 0

    def judged(status: int) -> dict[str, Any]:
        with zipfile.ZipFile(tmp_path / "sent.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folder.iterdir():
                archive.write(path, path.name)
        answer = edgekit("verify", "--from-device", tmp_path / "sent.zip", "--out", out, "--json")
        assert answer.returncode == status, answer.stderr + answer.stdout
        return json.loads(answer.stdout)

    found = judged(0)
    assert (found["passed"], found["parted"], found["reason"]) == (True, None, "")
    assert found["artifact"] == str(artifact)
    assert {stage["status"] for stage in found["stages"]} == {"passed"}
    assert found["verdict"]["outputs"]["logits"]["samples"] == 1
    # Resized as Pillow does, and then computed rightly.
    manifest = load_artifact(artifact).manifest
    pillow = msgspec.structs.replace(manifest.preprocessing, resize_backend="pillow")
    tensor = prepared(load_image(folder / "frame.png"), msgspec.structs.replace(manifest, preprocessing=pillow))
    save_file({"x": np.ascontiguousarray(tensor[None])}, folder / "tensors.safetensors")
    outputs = folder / "outputs.safetensors"
    assert run(runner, "--run", folder / "tensors.safetensors", "--outputs", outputs, artifact)[0] == 0
    found = judged(1)
    assert found["parted"] == "tensor"
    assert "it is what another resize (bilinear as Pillow has it) gives, to the bit" in found["reason"]
    assert found["verdict"]["status"] == "passed"
    logits = load_file(outputs)["logits"]
    save_file({"logits": logits * np.float32(1.001)}, outputs)
    found = judged(1)
    failed = [stage["stage"] for stage in found["stages"] if stage["status"] == "failed"]
    assert failed[:2] == ["tensor", "output logits"]


def test_a_report_that_cannot_be_written_is_refused(runner: Path, artifact: Path, tmp_path: Path) -> None:
    def refused(folder: Path) -> str:
        return refusal(runner, "--report", folder, artifact, PHOTOS[0])

    (tmp_path / "file").write_bytes(b"")
    assert "cannot be written" in refused(tmp_path / "file")
    assert "cannot be made" in refused(tmp_path / "absent" / "report")
    folder = tmp_path / "report"
    (folder / "outputs.safetensors").mkdir(parents=True)
    (folder / "report.json").write_text("of an earlier photo")
    assert "outputs.safetensors cannot be written" in refused(folder)
    assert not (folder / "report.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no artifact is named"),
        (["--nonsense"], "there is no flag --nonsense"),
        (["a", "--top", "0"], "--top cannot be '0'"),
        (["a", "--threads"], "--threads needs a value"),
        (["a", "--precision", "int4"], "--precision cannot be 'int4'"),
        (["--run", "x", "a"], "belong together"),
        (["--report", "x", "a"], "a report is of one photo"),
        (["--report", "x", "a", "b", "c"], "a report is of one photo"),
        (["--report", "x", "--self-test", "a", "b"], "exclude each other"),
        (["--self-test", "a", "b"], "one argument too many"),
        (["--self-test", "a", "--repeats", "3"], "a self-test is not timed"),
        (["/nowhere"], "is not an artifact"),
        (["/nowhere\x1b[31m"], "is not an artifact"),
    ],
)
def test_usage_is_refused(runner: Path, arguments: list[str], said: str) -> None:
    assert said in refusal(runner, *arguments)


def test_other_inputs_are_refused(runner: Path, artifact: Path, tmp_path: Path) -> None:
    fed, answer = tmp_path / "in", tmp_path / "out"

    def refused(tensors: dict[str, np.ndarray], *flags: str) -> str:
        save_file(tensors, fed)
        return refusal(runner, "--run", fed, "--outputs", answer, artifact, *flags)

    right = np.zeros((3, 3, 64, 64), np.float32)
    assert "the model's input is x, given y" in refused({"y": right})
    assert "[1, 3, 63, 64] of float32 where the model takes" in refused({"x": right[:, :, :63]})
    assert "of 8 bits where the model takes" in refused({"x": right.astype(np.uint8)})
    assert "neither F32 nor U8" in refused({"x": right.astype(np.float64)})
    assert "samples" in refused({"x": right[:0]})
    fed.write_bytes(b"nothing of the kind")
    assert "cannot be read" in refusal(runner, "--run", fed, "--outputs", answer, artifact)
    assert not answer.exists()


def test_photos_that_are_none_are_refused(runner: Path, artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    assert "a.jpg: the photo is no JPEG and no PNG file" in refusal(runner, artifact, tmp_path / "a.jpg")
    assert "there is no image" in refusal(runner, artifact, tmp_path / "b.jpg")
    assert "is not a file" in refusal(runner, artifact, tmp_path)


def test_ctest_passes(runner: Path, artifact: Path, tmp_path: Path) -> None:
    """The C and C++ APIs; and from C the classes that the runner gives."""
    done = subprocess.run(
        ["ctest", "--test-dir", runner.parent, "--output-on-failure"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    program = runner.parent / "tests" / "edgekit_c_api_test"
    folder = tmp_path / "report"
    answer = subprocess.run([program, artifact, PHOTOS[0], folder], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    report = json.loads((folder / "report.json").read_text())
    assert report["machine"] == {"manufacturer": "nobody", "abi": 'a "quoted" one'}
    assert report["self_test"] is None
    assert not (folder / "frame.png").exists()
    _, document = run(runner, artifact, PHOTOS[0], "--top", "3", "--threads", "1")
    expected = [[str(one["index"]), one["label"]] for one in document["photos"][0]["classes"]]
    assert [line.split()[:2] for line in answer.stdout.splitlines()] == expected


# What may be changed of an artifact, and what is then said of it.


def resigned(folder: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change an artifact's files, by role, and write their new hashes into its manifest: damage that no hash shows."""
    manifest = read_manifest(folder)
    content = {record.role: (folder / name).read_bytes() for name, record in manifest.files.items()}
    change(content)
    records = {}
    for name, record in manifest.files.items():
        (folder / name).write_bytes(content[record.role])
        records[name] = FileRecord(file_sha256(folder / name), len(content[record.role]), record.role)
    update_manifest(folder, Manifest(**{**_fields(manifest), "files": records}))


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__struct_fields__}


def test_changed_files_are_noticed(runner: Path, artifact: Path, free_copy: Callable[[Path], Path]) -> None:
    folder = free_copy(artifact)
    for name in (*read_manifest(folder).files, "golden.safetensors"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-1])
        assert "is damaged: it has" in refusal(runner, folder)
        (folder / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert "has been changed: its SHA-256" in refusal(runner, folder)
        (folder / name).unlink()
        assert "the artifact is not whole: there is no file" in refusal(runner, folder)
        (folder / name).write_bytes(whole)
    assert run(runner, folder)[0] == 0


def test_a_verdict_is_needed(runner: Path, artifact: Path, free_copy: Callable[[Path], Path]) -> None:
    folder = free_copy(artifact)
    manifest = read_manifest(folder)
    update_manifest(folder, Manifest(**{**_fields(manifest), "verdicts": ()}))
    assert "has no passed verdict in fp32" in refusal(runner, "--self-test", folder)
    update_manifest(folder, Manifest(**{**_fields(manifest), "golden": {}}))
    assert "has no golden samples" in refusal(runner, "--self-test", folder)


def test_a_wrong_model_fails_its_self_test(runner: Path, artifact: Path, free_copy: Callable[[Path], Path]) -> None:
    """Weights that are one percent off, with hashes that fit."""
    folder = free_copy(artifact)

    def scale(content: dict[str, bytes]) -> None:
        role = "model.ncnn.bin" if "model.ncnn.bin" in content else "model.bin"
        values = np.frombuffer(content[role][-4096:], np.float32).copy()
        content[role] = content[role][:-4096] + (values * np.float32(1.01)).tobytes()

    resigned(folder, scale)
    status, document = run(runner, "--self-test", folder)
    assert (status, document["passed"]) == (1, False)
    failed = [stage for stage in document["stages"] if stage["status"] == "failed"]
    assert failed[0]["stage"] == "output logits"
    assert failed[0]["figure"] > failed[0]["limit"]


def test_golden_samples_of_an_older_edgekit(runner: Path, artifact: Path, free_copy: Callable[[Path], Path]) -> None:
    """Without the photo's file and levels two stages have nothing to compare, and do not pass."""
    folder = free_copy(artifact)
    tensors = load_file(folder / "golden.safetensors")
    save_file({name: tensors[name] for name in ("input/x", "oracle/logits", "photo")}, folder / "golden.safetensors")
    path = folder / "golden.safetensors"
    record = FileRecord(file_sha256(path), path.stat().st_size, "golden")
    update_manifest(folder, Manifest(**{**_fields(read_manifest(folder)), "golden": {path.name: record}}))
    status, document = run(runner, "--self-test", folder)
    assert (status, document["passed"]) == (0, True)
    told = {stage["stage"]: stage["status"] for stage in document["stages"]}
    assert (told["decoded photo"], told["levels"], told["tensor"]) == ("not compared", "not compared", "passed")


@pytest.mark.parametrize("name", ["photo_file", "photo", "levels", "input/x"])
def test_each_stage_of_the_preparation_can_fail(
    runner: Path, artifact: Path, free_copy: Callable[[Path], Path], name: str
) -> None:
    folder = free_copy(artifact)
    path = folder / "golden.safetensors"
    tensors = load_file(path)
    if name == "photo_file":
        tensors[name] = np.frombuffer(PHOTOS[1].read_bytes(), np.uint8)
    else:
        tensors[name] = tensors[name].copy()
        tensors[name].reshape(-1)[7] += 1
    save_file(tensors, path)
    record = FileRecord(file_sha256(path), path.stat().st_size, "golden")
    update_manifest(folder, Manifest(**{**_fields(read_manifest(folder)), "golden": {path.name: record}}))
    status, document = run(runner, "--self-test", folder)
    assert (status, document["passed"]) == (1, False)
    failed = {stage["stage"] for stage in document["stages"] if stage["status"] == "failed"}
    assert {"photo_file": "decoded photo", "photo": "decoded photo", "levels": "levels", "input/x": "tensor"}[
        name
    ] in failed


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "is not JSON": lambda _: None,
    "newer": lambda m: m.update(schema=3),
    "which this edgekit does not have": lambda m: m.update(target="coreml"),
    "and this program runs": lambda m: m.update(target="onnx"),
    "its batch is": lambda m: m.update(batch=4097),
    "is understood by nobody": lambda m: m["preprocessing"].update(sharpen=1),
    "outside its folder": lambda m: m["files"].update({"../x": next(iter(m["files"].values()))}),
    "two of its outputs have one name": lambda m: m["outputs"].append(m["outputs"][0]),
    "its preprocessing makes": lambda m: m["preprocessing"].update(crop=32),
    "names 9 classes and counts 10": lambda m: m["model"]["class_names"].pop(),
    "no hash and no size": lambda m: next(iter(m["files"].values())).update(sha256="x"),
    "is missing": lambda m: m.pop("inputs"),
    "has no setting turbo = true, which its manifest has": lambda m: m.update(settings={"turbo": True}),
    "its settings.turbo is neither": lambda m: m.update(settings={"turbo": [1]}),
}


@pytest.mark.parametrize("said", EDITS)
def test_an_impossible_manifest_is_refused(
    runner: Path, artifact: Path, free_copy: Callable[[Path], Path], said: str
) -> None:
    folder = free_copy(artifact)
    manifest = json.loads((folder / "manifest.json").read_text())
    EDITS[said](manifest)
    text = json.dumps(manifest)
    (folder / "manifest.json").write_text(text[:-1] if said == "is not JSON" else text)
    expected = "is not understood" if said == "is understood by nobody" else said
    assert expected in refusal(runner, folder)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(at=some.floats(0, 1), length=some.integers(0, 40), put=some.binary(max_size=6))
def test_a_changed_manifest_never_ends_the_process(
    runner: Path, artifact: Path, tmp_path_factory: pytest.TempPathFactory, at: float, length: int, put: bytes
) -> None:
    """`run` wants a status of 0 to 2 and one JSON object, whatever was changed."""
    folder = tmp_path_factory.mktemp("mutated") / "artifact"
    folder.mkdir()
    for path in artifact.iterdir():
        (folder / path.name).symlink_to(path)
    content = (artifact / "manifest.json").read_bytes()
    place = int(at * len(content))
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").write_bytes(content[:place] + put + content[place + length :])
    run(runner, folder)
    shutil.rmtree(folder)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=some.data())
def test_foreign_files_with_right_hashes_never_end_the_process(
    runner: Path, target: str, out: Path, tmp_path_factory: pytest.TempPathFactory, data: some.DataObject
) -> None:
    """Cut, lengthened, or of another model: refused, or (where only values changed) run."""
    folder = tmp_path_factory.mktemp("foreign") / "artifact"
    shutil.copytree(out / "row" / target, folder)
    role = data.draw(some.sampled_from(sorted(record.role for record in read_manifest(folder).files.values())))
    other = load_artifact(out / "labels" / target).by_role()[role].path.read_bytes()
    kind = data.draw(some.sampled_from(["cut", "longer", "other", "bytes"]))
    share = data.draw(some.floats(0, 1))
    put = data.draw(some.binary(min_size=1, max_size=4))

    def change(content: dict[str, bytes]) -> None:
        whole = content[role]
        # A description that lacks its last line's end alone is whole.
        at = int(share * (len(whole.rstrip(b"\n")) - 1))
        content[role] = {
            "cut": whole[:at],
            "longer": whole + put,
            "other": other,
            "bytes": whole[:at] + put + whole[at + len(put) :],
        }[kind]

    resigned(folder, change)
    status, document = run(runner, folder, PHOTOS[0])
    # OpenVINO takes weights that are longer than it needs.
    if kind == "cut" or (kind == "longer" and role.endswith("ncnn.bin")):
        assert status == 2, document
    shutil.rmtree(folder)


def test_a_layer_that_the_library_lacks_is_named(
    runner: Path, target: str, out: Path, free_copy: Callable[[Path], Path]
) -> None:
    folder = free_copy(out / "row" / target)

    def rename(content: dict[str, bytes]) -> None:
        role = "model.ncnn.param" if target == "ncnn" else "model.xml"
        old, new = (b"Softmax ", b"Softmin ") if target == "ncnn" else (b'type="SoftMax"', b'type="SoftMin"')
        assert old in content[role]
        content[role] = content[role].replace(old, new)

    resigned(folder, rename)
    said = refusal(runner, folder)
    assert ("this build of ncnn has no layer Softmin" if target == "ncnn" else "SoftMin") in said


def test_other_names_of_inputs_and_outputs_are_refused(
    runner: Path, artifact: Path, free_copy: Callable[[Path], Path]
) -> None:
    folder = free_copy(artifact)
    for key, said in (("inputs", "has no input nothing"), ("outputs", "has other outputs")):
        manifest = json.loads((artifact / "manifest.json").read_text())
        manifest[key][0]["target_name"] = "nothing"
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert said in refusal(runner, folder)
