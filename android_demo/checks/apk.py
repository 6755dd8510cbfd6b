"""Makes an APK with Debian's tools and R8's dexer: what Gradle makes for users, but for the native library.

That one is for Linux (native_library.py): the APK shows that the app packs, signs and aligns, and runs on no phone.
"""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from android_demo.checks.places import APK, BUILD, GENERATED, MAVEN, MIN_SDK, TOOLS
from android_demo.checks.programs import run

PAGE = 16384
WORD = 4
# Android's alignment field: the alignment in bytes, then zeros until the data begins at a multiple of it. Signing moves
# entries, and keeps what this field says.
ALIGNMENT = 0xD935


def make_apk(libraries: Mapping[str, Path], assets: Mapping[str, Path]) -> Path:
    """Dex, pack and sign: `libraries` by ABI, `assets` by their paths below assets/."""
    dex = make_dex()
    unsigned = BUILD / "unsigned.apk"
    with zipfile.ZipFile(unsigned, "w") as apk, zipfile.ZipFile(GENERATED / "resources.ap_") as resources:
        for entry in resources.infolist():
            put(apk, entry.filename, resources.read(entry), WORD if entry.filename == "resources.arsc" else None)
        for path in dex:
            put(apk, path.name, path.read_bytes(), None)
        for abi, path in libraries.items():
            put(apk, f"lib/{abi}/{path.name}", path.read_bytes(), PAGE)
        for name, path in assets.items():
            put(apk, f"assets/{name}", path.read_bytes(), None)
    sign(unsigned)
    return APK


def put(apk: zipfile.ZipFile, name: str, content: bytes, alignment: int | None) -> None:
    """Add a file: compressed, or where it is to be mapped from the APK as it is, at a multiple of `alignment` bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED if alignment is None else zipfile.ZIP_STORED
    if alignment is not None:
        assert apk.fp is not None
        begin = apk.fp.tell() + 30 + len(name.encode()) + 6
        entry.extra = struct.pack("<HHH", ALIGNMENT, 2 + -begin % alignment, alignment) + bytes(-begin % alignment)
    apk.writestr(entry, content)


def make_dex() -> list[Path]:
    """The app's classes and Kotlin's as Android runs them."""
    jar, folder = BUILD / "app.jar", BUILD / "dex"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.dex"):
        old.unlink()
    classes = MAVEN / "classes"
    with zipfile.ZipFile(jar, "w") as output:
        for path in sorted(classes.rglob("*.class")):
            output.write(path, path.relative_to(classes))
    words = ["--release", "--min-api", str(MIN_SDK), "--lib", TOOLS / "android.jar", "--output", folder]
    run(["java", "-cp", TOOLS / "r8.jar", "com.android.tools.r8.D8", *words, jar, TOOLS / "kotlin-stdlib.jar"], "D8")
    return sorted(folder.glob("*.dex"))


def sign(unsigned: Path) -> None:
    """Sign with a key of this build folder, which nobody trusts: a user's own key is Gradle's matter."""
    keys = BUILD / "check.keystore"
    if not keys.exists():
        run(
            ["keytool", "-genkeypair", "-keystore", keys, "-storepass", "android", "-alias", "check", "-keyalg", "RSA",
             "-keysize", "2048", "-validity", "3650", "-dname", "CN=edgekit check"],
            "keytool",
        )  # fmt: skip
    run(
        ["apksigner", "sign", "--ks", keys, "--ks-pass", "pass:android", "--min-sdk-version", str(MIN_SDK),
         "--out", APK, unsigned],
        "apksigner",
    )  # fmt: skip
