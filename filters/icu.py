"""The ICU library that the icu4py wheel carries, callable from compiled kernels.

icu4py's own Python interface makes an object per boundary. Here the few C functions that the kernels need
are found in the wheel's shared library and made known to LLVM under names of our own, so that compiled (and
cached) code can call them with plain integers. Unicode properties come from the same library rather than
from `unicodedata`, whose tables change with the version of Python.
"""

import ctypes
import re
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
from numba import types
from numba.core.typing.templates import Signature

_PREFIX = "polysieve_"
_WORD_BREAKS = 1  # UBRK_WORD of ubrk.h


def _library() -> tuple[ctypes.CDLL, str]:
    """The wheel's libicuuc and the suffix of its symbols ("_78").

    Raises ImportError, with the cure, where the wheel is missing or laid out in an unknown way.
    """
    spec = find_spec("icu4py")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("icu4py is not installed: pip install icu4py")
    package = Path(next(iter(spec.submodule_search_locations)))
    # Importing the extension loads libicuuc and the data it depends on from the wheel's own folder.
    import icu4py.breakers  # noqa: F401

    for folder in (package.parent / "icu4py.libs", package / ".dylibs"):
        for found in sorted(folder.glob("libicuuc*")):
            version = re.search(r"\.(?:so|dylib)\.(\d+)|[.-](\d+)(?:\.\d+)*\.dylib$", found.name)
            if version:
                return ctypes.CDLL(str(found)), f"_{version.group(1) or version.group(2)}"
    raise ImportError(f"no libicuuc beside {package}: reinstall icu4py from its wheel")


_lib, _suffix = _library()


def _external(name: str, signature: Signature) -> types.ExternalFunction:
    """An ICU function as something that a compiled kernel that is kept on disk may call."""
    address = ctypes.cast(getattr(_lib, name + _suffix), ctypes.c_void_p).value
    llvm.add_symbol(_PREFIX + name, address)
    return types.ExternalFunction(_PREFIX + name, signature)


# Pointers travel as intp: `array.ctypes.data` in a kernel.
break_set_text = _external(
    "ubrk_setText", types.void(types.intp, types.intp, types.int32, types.intp)
)
break_next = _external("ubrk_next", types.int32(types.intp))
general_category = _external("u_charType", types.int8(types.int32))
simple_fold = _external("u_foldCase", types.int32(types.int32, types.uint32))
script_of = _external("uscript_getScript", types.int32(types.int32, types.intp))
combining_class = _external("u_getCombiningClass", types.uint8(types.int32))
decomposition = _external(
    "unorm2_getDecomposition",
    types.int32(types.intp, types.int32, types.intp, types.int32, types.intp),
)
raw_decomposition = _external(
    "unorm2_getRawDecomposition",
    types.int32(types.intp, types.int32, types.intp, types.int32, types.intp),
)


def _call(name: str, result: type | None, *arguments: object) -> int:
    function = getattr(_lib, name + _suffix)
    function.restype = result
    status = ctypes.c_int(0)
    value = function(*arguments, ctypes.byref(status))
    if status.value > 0:  # U_FAILURE; below zero are warnings
        raise RuntimeError(f"ICU's {name} failed with error {status.value}")
    return value


def normalizer(form: str) -> int:
    """The address of ICU's normaliser for `form`, "NFD" or "NFKC"."""
    return _call(f"unorm2_get{form}Instance", ctypes.c_void_p)


def script_code(name: str) -> int:
    """ICU's number for a script's four-letter ISO 15924 code."""
    get = getattr(_lib, "u_getPropertyValueEnum" + _suffix)
    script_property = 0x100A  # UCHAR_SCRIPT of uchar.h
    code = get(script_property, name.encode())
    if code < 0:
        raise ValueError(f"ICU knows no script {name!r}")
    return code


def cjk_trie() -> np.ndarray:
    """The units (uint16) of the dictionary of Chinese and Japanese words, a UCharsTrie; ICU's own memory."""
    name = f"icudt{_suffix[1:]}{'l' if sys.byteorder == 'little' else 'b'}-brkitr".encode()
    data = _call(
        "udata_open", ctypes.c_void_p, name, ctypes.c_char_p(b"dict"), ctypes.c_char_p(b"cjdict")
    )
    get = getattr(_lib, "udata_getMemory" + _suffix)
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    base = get(data)
    # dictionarydata.h: the offset of the trie, of what follows it, …, and the type of the trie in the fifth place.
    offset, after, *_, kind = (ctypes.c_int32 * 5).from_address(base)
    if kind & 7 != 1:
        raise RuntimeError(f"ICU's dictionary of Chinese and Japanese has the unknown type {kind}")
    units = (after - offset) // 2
    return np.ctypeslib.as_array((ctypes.c_uint16 * units).from_address(base + offset))


def version() -> str:
    """ICU's version, "78.3": words of scripts with a dictionary depend on it."""
    parts = (ctypes.c_uint8 * 4)()
    getattr(_lib, "u_getVersion" + _suffix)(parts)
    return f"{parts[0]}.{parts[1]}"


class _Iterator(threading.local):
    """One word-break iterator per thread, since kernels run without the GIL."""

    def __init__(self) -> None:
        self.address = _call(
            "ubrk_open", ctypes.c_void_p, _WORD_BREAKS, ctypes.c_char_p(b"en"), None, 0
        )


_iterator = _Iterator()


def break_iterator() -> int:
    """The address of this thread's word-break iterator, for `break_set_text` and `break_next`."""
    return _iterator.address
