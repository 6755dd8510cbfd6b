"""The demo app: its screens on Android's framework, its native library in an ARM64 Java, its APK (`make android`)."""

import re
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from android_demo.checks import places
from android_demo.checks.apk import PAGE, make_apk
from android_demo.checks.artifact import verified_artifact
from android_demo.checks.inspect_apk import check_apk, elf_faults, read_apk, unaligned
from android_demo.checks.jni import compare
from android_demo.checks.maven import test_screens as run_screen_tests
from android_demo.checks.native_library import Built, build
from android_demo.checks.needed import check_programs
from conftest import lacking
from edgekit.artifact.load import Artifact, load_artifact
from edgekit.cli.session import session
from edgekit.errors import AbsentError, ConversionError
from edgekit.pipeline.execute import Executor

pytestmark = pytest.mark.toolchain

LEAST_SCREEN_TESTS = 40


@pytest.fixture(scope="module", autouse=True)
def programs(session_cache: Path) -> Iterator[None]:
    try:
        check_programs()
    except AbsentError as error:
        lacking(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGEKIT_CACHE", str(session_cache))
        yield


@pytest.fixture(scope="module")
def screens(programs: None) -> int:
    return run_screen_tests()


@pytest.fixture(scope="module")
def artifact(programs: None) -> Artifact:
    return load_artifact(verified_artifact())


@pytest.fixture(scope="module")
def executor(programs: None) -> Iterator[Executor]:
    with session(offline=False, verbose=False) as executor:
        yield executor


@pytest.fixture(scope="module")
def built(artifact: Artifact, executor: Executor) -> Built:
    return build(artifact, executor)


@pytest.fixture(scope="module")
def apk(screens: int, built: Built, artifact: Artifact) -> Path:
    assets = {f"models/MixNet_S/ncnn/{path.name}": path for path in artifact.folder.iterdir() if path.is_file()}
    return make_apk({"arm64-v8a": built.library}, assets)


def test_its_screens_are_tested_on_the_real_framework(screens: int) -> None:
    assert screens >= LEAST_SCREEN_TESTS


def test_its_classes_and_library_answer_as_the_runner_does(
    screens: int, built: Built, artifact: Artifact, executor: Executor, tmp_path: Path
) -> None:
    assert compare(built, artifact, executor, tmp_path) == []


def test_another_answer_is_noticed(artifact: Artifact, tmp_path: Path) -> None:
    from android_demo.checks.jni import differences, report_faults

    good = {"passed": True, "stages": [{"stage": "tensor", "status": "passed"}]}
    app = {
        "photo": '{"classes": [{"index": 1}]}', "self-test": '{"passed": true, "stages": []}', "no photo": "{}",
        "empty photo": '{"error": "x"}', "no room": '{"error": "x"}', "report": "{}", "damaged": "x", "version": "ncnn",
    }  # fmt: skip
    runner = {"photos": [{"classes": [{"index": 2}]}]}
    found = [one.partition(":")[0] for one in differences(app, runner, good)]
    assert found == ["the photo", "the self-test", "no photo"]
    assert report_faults(tmp_path, artifact) == ["the report has no files"]


def test_the_apk_is_in_order(apk: Path, artifact: Artifact) -> None:
    assert "arm64-v8a" in check_apk(apk)
    found = read_apk(apk)
    assert found.permissions == ("android.permission.CAMERA",)
    assert {2, 3} <= set(found.schemes)
    with zipfile.ZipFile(apk) as archive:
        for name in (*artifact.manifest.files, *artifact.manifest.golden, "manifest.json"):
            assert archive.read(f"assets/models/MixNet_S/ncnn/{name}") == (artifact.folder / name).read_bytes()
        library = archive.read("lib/arm64-v8a/libedgekit_jni_ncnn.so")
    assert elf_faults(library) == []


def test_a_changed_apk_is_refused(apk: Path, tmp_path: Path) -> None:
    content = bytearray(apk.read_bytes())
    content[len(content) // 2] ^= 1
    (changed := tmp_path / "changed.apk").write_bytes(content)
    with pytest.raises(ConversionError, match="apksigner failed"):
        check_apk(changed)


def test_libraries_that_a_device_cannot_map_are_named(apk: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(apk) as archive:
        library = archive.read("lib/arm64-v8a/libedgekit_jni_ncnn.so")
    (offset,) = struct.unpack_from("<Q", library, 32)
    small = bytearray(library)
    small[offset + 48 : offset + 56] = struct.pack("<Q", 4096)
    packed = tmp_path / "packed.apk"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lib/arm64-v8a/liba.so", bytes(small), zipfile.ZIP_DEFLATED)
        archive.writestr("lib/arm64-v8a/libb.so", b"no library", zipfile.ZIP_STORED)
    said = [why for _, why in unaligned(packed)]
    assert "it is compressed" in said
    assert "it is no 64-bit ELF file" in said
    kinds = [struct.unpack_from("<I", library, offset)[0] == 1, "a segment is aligned to 4096 bytes" in said]
    assert kinds[0] == kinds[1]
    assert PAGE == 16384


def test_what_stands_twice_stands_alike() -> None:
    """Gradle's files say what the checks say."""
    gradle = (places.DEMO / "app" / "build.gradle.kts").read_text()
    pom = (places.DEMO / "checks" / "pom.xml").read_text()
    assert f"minSdk = {places.MIN_SDK}\n" in gradle
    assert f"--min-sdk-version {places.MIN_SDK} --target-sdk-version 34" in pom
    assert "targetSdk = 34\n" in gradle
    kotlin = re.findall(r"<kotlin.version>(.+)</kotlin.version>", pom)[0]
    assert f'"org.jetbrains.kotlin.android") version "{kotlin}"' in (places.DEMO / "build.gradle.kts").read_text()
    tag = re.findall(r"^edgekit.ncnn.tag=(\d+)$", (places.DEMO / "gradle.properties").read_text(), re.MULTILINE)[0]
    from edgekit.native.plan import ncnn_pin

    assert ncnn_pin().version.endswith(tag)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name in ("aapt", "mvn") else found(name))
    with pytest.raises(AbsentError, match=r"need mvn, aapt") as raised:
        check_programs()
    assert "apt-get install maven aapt" in raised.value.remedy
