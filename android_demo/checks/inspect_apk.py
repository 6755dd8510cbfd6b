"""What an APK holds and asks for, read by Android's own tools, and where its native libraries lie in it."""

import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from android_demo.checks.apk import PAGE
from android_demo.checks.places import MIN_SDK
from android_demo.checks.programs import run
from edgekit.errors import ConversionError

PACKAGE = "org.edgekit.demo"
PERMISSIONS = ("android.permission.CAMERA",)
MOST_CODE_BYTES = 6 << 20
"""Of all but the models: half of it is Kotlin's own library, which Gradle's release build shrinks."""
_ELF_LOAD, _ELF_AARCH64 = 1, 183


@dataclass(frozen=True)
class Contents:
    """What was found: ABIs, permissions, the schemes that it is signed by, bytes of all but the models."""

    abis: tuple[str, ...]
    permissions: tuple[str, ...]
    schemes: tuple[int, ...]
    minimal_sdk: int
    code_bytes: int
    names: tuple[str, ...]


def read_apk(apk: Path) -> Contents:
    """Ask aapt and apksigner. Raises ConversionError where the signature is not valid."""
    badging = run(["aapt", "dump", "badging", apk], "aapt")
    signature = run(["apksigner", "verify", "--verbose", apk], "apksigner")
    with zipfile.ZipFile(apk) as archive:
        entries = archive.infolist()
    return Contents(
        tuple(sorted({entry.filename.split("/")[1] for entry in entries if entry.filename.startswith("lib/")})),
        tuple(re.findall(r"^uses-permission: name='([^']+)'", badging, re.MULTILINE)),
        tuple(int(number) for number in re.findall(r"^Verified using v(\d)[^\n]*: true$", signature, re.MULTILINE)),
        int(re.findall(r"^sdkVersion:'(\d+)'", badging, re.MULTILINE)[0]),
        sum(entry.compress_size for entry in entries if not entry.filename.startswith("assets/")),
        tuple(entry.filename for entry in entries),
    )


def check_apk(apk: Path) -> str:
    """In words, what is in order. Raises ConversionError for what is not."""
    found = read_apk(apk)
    run(["zipalign", "-c", "-p", "4", apk], "zipalign")
    wrong = []
    if found.abis != ("arm64-v8a",):
        wrong.append(f"ABIs are {', '.join(found.abis)}")
    if found.permissions != PERMISSIONS:
        wrong.append(f"permissions are {', '.join(found.permissions)}")
    if not {2, 3} <= set(found.schemes):
        wrong.append(f"signed by the schemes {found.schemes}")
    if found.minimal_sdk != MIN_SDK:
        wrong.append(f"the least API level is {found.minimal_sdk}")
    if found.code_bytes > MOST_CODE_BYTES:
        wrong.append(f"{found.code_bytes} bytes beside the models")
    if absent := {"AndroidManifest.xml", "resources.arsc", "classes.dex"} - set(found.names):
        wrong.append(f"without {', '.join(sorted(absent))}")
    wrong += [f"{name}: {why}" for name, why in unaligned(apk)]
    if wrong:
        raise ConversionError(f"{apk.name} is not in order: {'; '.join(wrong)}")
    size = f"{found.code_bytes:,} bytes beside the models"
    return f"arm64-v8a, API {MIN_SDK} and up, signed (v2, v3), pages of 16 KB, {size}"


def unaligned(apk: Path) -> list[tuple[str, str]]:
    """The native libraries that a device with pages of 16 KB cannot map, each with the reason."""
    found = []
    with zipfile.ZipFile(apk) as archive, apk.open("rb") as stream:
        for entry in archive.infolist():
            if not entry.filename.endswith(".so"):
                continue
            stream.seek(entry.header_offset + 26)
            name, extra = struct.unpack("<HH", stream.read(4))
            begin = entry.header_offset + 30 + name + extra
            if entry.compress_type != zipfile.ZIP_STORED:
                found.append((entry.filename, "it is compressed"))
            if begin % PAGE:
                found.append((entry.filename, f"it begins at byte {begin}"))
            found += [(entry.filename, why) for why in elf_faults(archive.read(entry))]
    return found


def elf_faults(content: bytes) -> list[str]:
    """What keeps a library from being loaded on an ARM64 device with pages of 16 KB (ELF64 headers)."""
    if content[:5] != b"\x7fELF\x02":
        return ["it is no 64-bit ELF file"]
    faults = []
    if struct.unpack_from("<H", content, 18)[0] != _ELF_AARCH64:
        faults.append("it is for another processor")
    (offset,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    for i in range(count):
        kind, _, at, address, _, _, _, alignment = struct.unpack_from("<IIQQQQQQ", content, offset + i * size)
        if kind == _ELF_LOAD and (alignment % PAGE or (address - at) % PAGE):
            faults.append(f"a segment is aligned to {alignment} bytes")
    return faults
