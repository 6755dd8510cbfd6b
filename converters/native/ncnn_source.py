"""Which layers of ncnn a network needs when it runs: its own, and those that they make, as ncnn's source says.

A layer makes others in three ways: by `create_layer` with a type, by functions of `mat.cpp` such as
`copy_make_border` (which makes a Padding), and by `create_activation_layer` for the activation that is fused into it.
And it borrows functions of others, from namespaces that are called after them (x86's convolutions in INT8 have Gemm's).
What stands in a part that is compiled only with an option that is off does not count.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from edgeworker.refusal import Refusal

_CREATED = re.compile(r"create_layer\w*\(\s*(?:ncnn::)?LayerType::(\w+)")
_BORROWED = re.compile(r"^namespace (\w+?)_\w+_utility\b", re.MULTILINE)
_ADDED = re.compile(r"^ncnn_add_layer\((\w+)", re.MULTILINE)
_INCLUDED = re.compile(r'^\s*#\s*include\s+"([\w.]+)"', re.MULTILINE)
_FUNCTION = re.compile(r"^\w[\w\s:*&<>]*?\b(\w+)\([^;{}]*\)\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
_ACTIVATION_ID = re.compile(r"activation_type = pd\.get\((\d+), 0\)")
_ACTIVATION = re.compile(r"activation_type == (\d+)\)\s*\{[^}]*?LayerType::(\w+)")
_CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)$")

Layers = Mapping[str, Mapping[str, Iterable[int]]]
"""Type -> id of a parameter -> its values in the network."""


@dataclass(frozen=True)
class NcnnSource:
    """An unpacked source distribution. `kernels` is ncnn's name of the instruction set, such as `arm`.

    `off` are the options, such as `NCNN_INT8`, whose parts are not compiled.
    """

    folder: Path
    kernels: str
    off: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The types of all layers, in ncnn's order."""
        return tuple(_ADDED.findall(self._text("CMakeLists.txt")))

    def needed(self, network: Layers) -> tuple[str, ...]:
        """The types that the network needs when it runs, in ncnn's order. Raises Refusal for one that ncnn lacks."""
        if unknown := sorted(set(network) - set(self.known)):
            raise Refusal(f"ncnn does not know the layers {', '.join(unknown)}", kind="operators")
        found: set[str] = set()
        waiting = [*network, *self._made(self._compiled("net.cpp")), *self._activations(network)]
        while waiting:
            if (kind := waiting.pop()) not in found:
                found.add(kind)
                waiting += self._made(self._sources(kind))
        return tuple(kind for kind in self.known if kind in found)

    def _made(self, text: str) -> set[str]:
        """The types that a source makes itself and through functions."""
        calls = {name for name in self._makers if re.search(rf"\b{name}\(", text)}
        borrowed = set(_BORROWED.findall(text)).intersection(self.known)
        return {*_CREATED.findall(text), *borrowed, *(kind for name in calls for kind in self._makers[name])}

    @cached_property
    def _makers(self) -> dict[str, set[str]]:
        """Functions of mat.cpp -> the types that they make."""
        found: dict[str, set[str]] = {}
        for name, body in _FUNCTION.findall(self._compiled("mat.cpp")):
            if made := _CREATED.findall(body):
                found.setdefault(name, set()).update(made)
        if not found:
            raise Refusal("no function of ncnn's mat.cpp makes a layer: its source is written in another way")
        return found

    def _activations(self, network: Layers) -> set[str]:
        """The types of the activations that are fused into the network's layers."""
        kinds = dict(_ACTIVATION.findall(self._text("layer/fused_activation.h")))
        asked: set[str] = set()
        for kind, parameters in network.items():
            for number in _ACTIVATION_ID.findall(self._text(f"layer/{kind.lower()}.cpp")):
                asked |= {str(value) for value in parameters.get(number, ())}
        return {kinds[number] for number in asked if number in kinds}

    def _sources(self, kind: str) -> str:
        """All that is compiled of a type: for every machine, for this one, and the kernels in headers."""
        name = kind.lower()
        layers = self.folder / "src" / "layer"
        own = [*layers.glob(f"{name}.cpp"), *(layers / self.kernels).glob(f"{name}_{self.kernels}*.cpp")]
        waiting, seen, texts = [path.relative_to(layers).as_posix() for path in own], set[str](), []
        while waiting:
            path = waiting.pop()
            # What it makes depends on the network, and is looked at there.
            if path in seen or path.endswith("fused_activation.h"):
                continue
            seen.add(path)
            text = self._compiled(f"layer/{path}")
            texts.append(text)
            for included in _INCLUDED.findall(text):
                waiting += [place for place in (included, f"{self.kernels}/{included}") if (layers / place).is_file()]
        return "\n".join(texts)

    def _text(self, path: str) -> str:
        """A file below `src`. Raises Refusal where it is not there."""
        try:
            return (self.folder / "src" / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            raise Refusal(f"ncnn's source has no src/{path}: it is another one than this is written for") from None

    def _compiled(self, path: str) -> str:
        """The same without the parts that need an option that is off."""
        return compiled(self._text(path), self.off)


def compiled(text: str, off: Iterable[str]) -> str:
    """A C++ source without what stands between `#if` of an option that is off and its end.

    Only conditions that are one option, or several joined by `&&`, are understood; of others both ways are kept.
    """
    hidden = frozenset(off)
    stack: list[bool] = []
    kept: list[str] = []
    for line in text.splitlines():
        if (found := _CONDITION.match(line)) is not None:
            word, condition = found[1], found[2].partition("//")[0]
            if word in ("if", "ifdef", "ifndef"):
                stack.append(word == "if" and _is_off(condition, hidden))
            elif word == "else" and stack:
                # The other way of an option that is off is taken; that of an unknown condition was kept, and is.
                stack[-1] = False
            elif word == "elif" and stack:
                stack[-1] = _is_off(condition, hidden)
            elif word == "endif" and stack:
                stack.pop()
        if not any(stack):
            kept.append(line)
    return "\n".join(kept)


def _is_off(condition: str, off: frozenset[str]) -> bool:
    return "||" not in condition and any(part.strip() in off for part in condition.split("&&"))
