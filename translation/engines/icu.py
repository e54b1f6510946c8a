"""Transliteration by ICU's rules: the same language in another script, as `hin_Latn` of `hin_Deva`.

The rules come with the ICU library that the icu4py wheel carries, which icu4py itself gives no access to. They
are called through its C interface (utrans.h).
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path

from polysieve.filters.needs import needed
from polysieve.language_id.labels import language_of, script_of
from polysieve.translation.engines import FAILED, EngineError, Local, Segment, digest

# Labels name a few scripts otherwise than ICU.
_SCRIPTS = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Any", "Hang": "Hang"}
_FORWARD = 0
_NO_ERROR_ABOVE = 0  # codes above 0 are errors, below warnings


class Icu(Local):
    """Transliteration between two scripts, about 100,000 words a second."""

    name, batch = "icu", 4096
    words_per_second = 100_000.0

    def __init__(self, rule: str | None = None) -> None:
        """rule: ICU's name of the rules, `Devanagari-Latin` or `Any-Latin; Latin-ASCII`; None: by the labels' scripts,
        `Deva-Latn`. Raises EngineError for rules that ICU does not have."""
        self.rule = rule
        self._open: dict[str, _Rules] = {}
        if rule is not None:
            self._rules(rule)
        self.hash = digest(rule=rule, icu=_library().name)

    def describe(self) -> list[dict[str, str]]:
        return [{"engine": self.name, "model": self.rule or "", "hash": self.hash}]

    def problem(self, source: str, target: str) -> str | None:
        if self.rule is None and script_of(source) == script_of(target):
            return f"icu: {source} and {target} have one script; transliteration changes the script alone"
        if language_of(source) != language_of(target):
            return f"icu: {source} and {target} are two languages; transliteration changes the script alone"
        try:
            self._rules(self._name(source, target))
        except EngineError as error:
            return str(error)
        return None

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Segment]:
        """As Engine.translate. Raises EngineError for scripts that ICU has no rules between."""
        rules = self._rules(self._name(source, target))
        found = [rules.apply(text) for text in texts]
        return [Segment(text) if text.strip() else Segment("", FAILED) for text in found]

    def _name(self, source: str, target: str) -> str:
        if self.rule:
            return self.rule
        scripts = (_SCRIPTS.get(script_of(label), script_of(label)) for label in (source, target))
        return "-".join(scripts)

    def _rules(self, name: str) -> "_Rules":
        if name not in self._open:
            self._open[name] = _Rules(name)
        return self._open[name]


class _Rules:
    """A transliterator of ICU, open as long as the process lives."""

    def __init__(self, name: str) -> None:
        self._functions = _Functions()
        units = name.encode("utf-16-le")
        error = ctypes.c_int(0)
        self._handle = self._functions.open(
            units, len(units) // 2, _FORWARD, None, 0, None, ctypes.byref(error)
        )
        if error.value > _NO_ERROR_ABOVE or not self._handle:
            raise EngineError(
                f"icu: no rules {name!r}; see the list at https://util.unicode.org/UnicodeJsps/transform.jsp"
            )

    def apply(self, text: str) -> str:
        units = text.encode("utf-16-le", "replace")
        length = len(units) // 2
        capacity = 8 * length + 64
        while True:
            buffer = ctypes.create_string_buffer(2 * capacity)
            ctypes.memmove(buffer, units, len(units))
            size, limit, error = ctypes.c_int32(length), ctypes.c_int32(length), ctypes.c_int(0)
            self._functions.change(
                self._handle,
                buffer,
                ctypes.byref(size),
                capacity,
                0,
                ctypes.byref(limit),
                ctypes.byref(error),
            )
            if error.value <= _NO_ERROR_ABOVE:
                return buffer.raw[: 2 * size.value].decode("utf-16-le", "replace")
            if size.value <= capacity:
                return ""
            capacity = size.value + 1


class _Functions:
    """The two functions of utrans.h that are needed."""

    def __init__(self) -> None:
        path = _library()
        suffix = path.name.rsplit(".so.", 1)[-1].split(".")[0] if ".so." in path.name else ""
        library = ctypes.CDLL(str(path))
        try:
            self.open = library[f"utrans_openU_{suffix}"]
            self.change = library[f"utrans_transUChars_{suffix}"]
        except AttributeError as error:
            raise EngineError(f"icu: {path.name} has no transliteration ({error})") from None
        self.open.restype = ctypes.c_void_p
        self.open.argtypes = [
            ctypes.c_char_p, ctypes.c_int32, ctypes.c_int, ctypes.c_char_p, ctypes.c_int32,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip
        self.change.restype = None
        self.change.argtypes = [
            ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32,
            ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip


def _library() -> Path:
    """The wheel's libicui18n. Raises EngineError where it is laid out in an unknown way."""
    package = Path(str(needed("icu4py", "translate").__file__)).parent
    needed("icu4py.breakers", "translate")  # loads the libraries that it depends on
    for folder in (package.parent / "icu4py.libs", package / ".dylibs"):
        for found in sorted(folder.glob("libicui18n*")):
            return found
    raise EngineError(f"icu: no libicui18n beside {package}; reinstall icu4py from its wheel")
