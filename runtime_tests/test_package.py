"""`edgekit package`: programs for devices, built, proved, and wrong where a byte of their model is."""

import json
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import PATIENCE_SECONDS, Edgekit
from edgekit.inputs.golden import bundled_photos
from runtime_tests.emulated_board import EMULATOR, END, board_files, boot, initial_disk
from runtime_tests.runners import needed

pytestmark = pytest.mark.toolchain

# What is proved of MixNet_S on ARM64: docs/package.md.
MOST_CODE = 3_000_000
BOARD_MB = 96


@pytest.fixture(scope="module")
def artifacts(mixnet_on_ncnn: Path) -> Path:
    return mixnet_on_ncnn


def needs(name: str, precision: str = "fp32") -> list[str]:
    """What starts the programs of an architecture; skips where they cannot be built or run."""
    return needed(name, precision)[1]


def made(edgekit: Edgekit, artifacts: Path, *flags: str) -> tuple[Path, dict]:
    """A package, and its document."""
    answer = edgekit("package", "MixNet_S", "--artifacts", artifacts, "--out", artifacts / "packages", *flags, "--json")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    return Path(document["package"]), document


@pytest.fixture(scope="module")
def arm(edgekit: Edgekit, artifacts: Path) -> tuple[Path, dict]:
    needs("aarch64")
    return made(edgekit, artifacts, "--arch", "aarch64")


@pytest.fixture(scope="module")
def host(edgekit: Edgekit, artifacts: Path) -> tuple[Path, dict]:
    needs(platform.machine())
    return made(edgekit, artifacts, "--arch", platform.machine())


@pytest.fixture(scope="module")
def half(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of the same in FP16."""
    out = tmp_path_factory.mktemp("half")
    precision = ("--precision", "fp16", "--verify")
    answer = edgekit("convert", "MixNet_S", "--weights", "demo", "--target", "ncnn", *precision, "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out


@pytest.fixture(scope="module", params=["armv7", "wasm"])
def other(request: pytest.FixtureRequest, edgekit: Edgekit, artifacts: Path) -> tuple[Path, dict]:
    needs(request.param)
    return made(edgekit, artifacts, "--arch", request.param)


def run(command: list[str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (program,) = folder.glob("edgekit_runner*")
    return subprocess.run(
        [*command, str(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def stages_of(document: dict) -> dict[str, str]:
    return {one["stage"]: one["status"] for one in document["stages"]}


def test_it_computes_here_what_it_must(host: tuple[Path, dict]) -> None:
    folder, document = host
    assert document["proved_on"] == "this machine"
    answer = run([], folder, "--self-test", ".")
    assert answer.returncode == 0, answer.stdout
    found = json.loads(answer.stdout)
    assert "failed" not in stages_of(found).values()
    assert stages_of(found)["output logits"] == "passed"


def test_the_program_is_small_and_has_the_layers_of_its_model(arm: tuple[Path, dict]) -> None:
    folder, document = arm
    assert document["code_bytes"] == (folder / "edgekit_runner").stat().st_size < MOST_CODE
    layers = set(document["layers"])
    assert {"Convolution", "Swish", "Padding", "Packing", "Flatten"} <= layers
    assert not {"Gemm", "LSTM", "Interp", "Softmax", "MultiHeadAttention"} & layers


def test_it_is_static_and_proved_on_the_processor(arm: tuple[Path, dict]) -> None:
    folder, document = arm
    assert document["self_test"]["passed"] is True
    start = (folder / "edgekit_runner").read_bytes()
    assert start[:4] == b"\x7fELF"
    assert b"/lib/ld-linux-aarch64.so.1" not in start
    if platform.machine() != "aarch64":
        assert document["proved_on"] == "emulated cortex-a53"
        assert run(needs("aarch64"), folder, "--self-test", ".").returncode == 0


def test_armv7_and_wasm_are_proved_too(other: tuple[Path, dict]) -> None:
    folder, document = other
    name = document["architecture"]
    assert document["code_bytes"] < MOST_CODE
    assert {"Convolution", "Swish", "Padding", "Packing", "Flatten"} <= set(document["layers"])
    assert "failed" not in stages_of(document["self_test"]).values()
    assert document["self_test"]["version"]["architecture"] == name
    command = needs(name)
    if name == "wasm":
        assert document["proved_on"] == "node"
        assert document["compiler"].startswith("emcc ")
    elif platform.machine() != name:
        assert document["proved_on"] == "emulated cortex-a7"
    again = run(command, folder, "--self-test", ".")
    assert again.returncode == 0, again.stdout + again.stderr


def test_they_name_a_photo_as_this_machine_does(other: tuple[Path, dict], host: tuple[Path, dict]) -> None:
    photo = str(bundled_photos()[1].path)
    command = needs(other[1]["architecture"])
    ours, expected = (
        json.loads(run(how, folder, ".", photo).stdout)["photos"][0]["classes"]
        for how, folder in ((command, other[0]), ([], host[0]))
    )
    assert [one["label"] for one in ours] == [one["label"] for one in expected]
    for one, beside in zip(ours, expected, strict=True):
        assert one["probability"] == pytest.approx(beside["probability"], rel=1e-4, abs=1e-7)


def test_their_damage_is_a_sentence(other: tuple[Path, dict], tmp_path: Path) -> None:
    copy = tmp_path / "package"
    shutil.copytree(other[0], copy)
    weights = copy / "MixNet_S.ncnn.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    command = needs(other[1]["architecture"])
    answer = run(command, copy, "--self-test", ".")
    assert answer.returncode == 2, answer.stderr
    assert "MixNet_S.ncnn.bin is damaged: it has" in json.loads(answer.stdout)["error"]
    (copy / "photo.png").write_text("no picture")
    shutil.copy(other[0] / weights.name, weights)
    answer = run(command, copy, ".", "photo.png")
    assert answer.returncode == 2, answer.stderr
    assert "the photo is no JPEG and no PNG file" in json.loads(answer.stdout)["error"]


def test_a_package_in_fp16(edgekit: Edgekit, half: Path, artifacts: Path) -> None:
    """With FP16's kernels, on a processor that has their arithmetic, within FP16's own limit."""
    needs("aarch64", "fp16")
    folder, document = made(edgekit, half, "--arch", "aarch64")
    assert folder.name == "ncnn-fp16-aarch64"
    assert (document["precision"], document["self_test"]["passed"]) == ("fp16", True)
    if platform.machine() != "aarch64":
        assert document["proved_on"] == "emulated cortex-a76"
    (stage,) = (one for one in document["self_test"]["stages"] if one["stage"] == "output logits")
    # FP16 has 11 bits: an error as small as FP32's would say that something else was computed.
    assert 1e-5 < stage["figure"] <= stage["limit"]
    sizes = [sum(path.stat().st_size for path in out.rglob("*.ncnn.bin")) for out in (folder, artifacts / "MixNet_S")]
    assert sizes[0] < 0.6 * sizes[1]


def test_what_is_in_it(arm: tuple[Path, dict]) -> None:
    folder, document = arm
    names = {path.name for path in folder.iterdir()}
    assert names == {*document["files"], "package.json"}
    assert {"manifest.json", "golden.safetensors", "MixNet_S.ncnn.param", "MixNet_S.ncnn.bin"} < names
    readme = (folder / "README.txt").read_text().splitlines()
    assert len(readme) == 3
    assert "./edgekit_runner --self-test ." in readme[1]
    assert "BSD 3-Clause" in (folder / "LICENSES.txt").read_text()


@pytest.mark.parametrize("name", ["MixNet_S.ncnn.bin", "MixNet_S.ncnn.param", "golden.safetensors"])
def test_a_changed_byte_is_noticed(arm: tuple[Path, dict], tmp_path: Path, name: str) -> None:
    copy = tmp_path / "package"
    shutil.copytree(arm[0], copy)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    answer = run(needs("aarch64"), copy, "--self-test", ".")
    assert answer.returncode == 2
    assert name in json.loads(answer.stdout)["error"]


def test_another_model_under_its_seal_fails_its_self_test(host: tuple[Path, dict], tmp_path: Path) -> None:
    """Hashes alone prove no answer: here they are right, and one weight is not."""
    import hashlib

    import numpy as np

    copy = tmp_path / "package"
    shutil.copytree(host[0], copy)
    values = np.fromfile(copy / "MixNet_S.ncnn.bin", "<f4")
    values[-10:] += 0.5  # the bias of the classes
    values.tofile(copy / "MixNet_S.ncnn.bin")
    manifest = json.loads((copy / "manifest.json").read_text())
    digest = hashlib.sha256((copy / "MixNet_S.ncnn.bin").read_bytes()).hexdigest()
    manifest["files"]["MixNet_S.ncnn.bin"]["sha256"] = digest
    (copy / "manifest.json").write_text(json.dumps(manifest))
    answer = run([], copy, "--self-test", ".")
    assert answer.returncode == 1, answer.stdout
    assert stages_of(json.loads(answer.stdout))["output logits"] == "failed"


def test_a_wrong_package_is_not_handed_out(edgekit: Edgekit, artifacts: Path, tmp_path: Path, host) -> None:
    """The artifact's own seal holds; its golden samples are those of another network."""
    import hashlib

    from safetensors.numpy import load_file, save

    folder = tmp_path / "wrong" / "MixNet_S" / "ncnn"
    shutil.copytree(artifacts / "MixNet_S" / "ncnn", folder)
    path = folder / "golden.safetensors"
    with path.open("rb") as stream:
        head = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    tensors = load_file(path)
    tensors["oracle/logits"] = tensors["oracle/logits"][:, ::-1].copy()
    path.write_bytes(content := save(tensors, head["__metadata__"]))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["golden"][path.name] |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    answer = edgekit("package", folder, "--arch", platform.machine(), "--out", tmp_path / "packages")
    assert answer.returncode == 1, answer.stderr
    assert "failed its self-test on this machine, and is not handed out" in answer.stderr
    assert not list((tmp_path / "packages").rglob("edgekit_runner"))


def test_one_file_with_the_model_inside(edgekit: Edgekit, artifacts: Path, tmp_path: Path, host) -> None:
    folder, document = made(edgekit, artifacts, "--arch", platform.machine(), "--single-file")
    assert set(document["files"]) == {"edgekit_runner", "README.txt", "LICENSES.txt"}
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(folder / "edgekit_runner", alone)
    answer = run([], alone, "--self-test")
    assert answer.returncode == 0, answer.stdout
    assert document["code_bytes"] < (alone / "edgekit_runner").stat().st_size - 10_000_000
    content = bytearray((alone / "edgekit_runner").read_bytes())
    weights = (artifacts / "MixNet_S" / "ncnn" / "MixNet_S.ncnn.bin").read_bytes()
    content[content.index(weights[:4096]) + len(weights) // 2] ^= 1
    (alone / "edgekit_runner").write_bytes(content)
    answer = run([], alone, "--self-test")
    assert answer.returncode == 2
    assert "MixNet_S.ncnn.bin has been changed" in json.loads(answer.stdout)["error"]


@pytest.mark.needs(EMULATOR, "apt-get")
def test_a_whole_board_tests_itself(arm: tuple[Path, dict], tmp_path: Path) -> None:
    """Linux with 96 MB on a Cortex-A53, nothing else on it: the boot test of a device."""
    kernel, shell = board_files(tmp_path / "board")
    start = f"#!/bin/busybox sh\ncd /package\n./edgekit_runner --self-test .\necho {END} $?\n/bin/busybox poweroff -f\n"
    files = {"init": start.encode(), "bin/busybox": shell.read_bytes()}
    for name in ("edgekit_runner", "manifest.json", "MixNet_S.ncnn.param", "MixNet_S.ncnn.bin", "golden.safetensors"):
        files[f"package/{name}"] = (arm[0] / name).read_bytes()
    disk = tmp_path / "disk"
    disk.write_bytes(initial_disk(files, {"init", "bin/busybox", "package/edgekit_runner"}))
    said = boot(kernel, disk, "cortex-a53", BOARD_MB, PATIENCE_SECONDS)
    assert f"{END} 0" in said, said
    found = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert found["passed"] is True
    assert stages_of(found)["output logits"] == "passed"
