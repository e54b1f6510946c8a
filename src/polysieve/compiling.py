"""The one door to Numba: `kernel` and `leaf` compile functions and keep the machine code on disk.

Numba by itself keeps the code of a function for as long as the function's own file is unchanged, beside that file.
But what it compiled in from other files, a constant or a small function, may have changed meanwhile, and every
environment would compile anew. Here machine code lies in a folder that is named after all that it depends on: Numba,
Python, the CPU, and the sources of whatever the function's module imports. So it is never stale, and whoever has equal
sources shares it, wherever they are installed:

    <cache>/<Numba, Python and CPU>/<module>-<hash of sources>/

The cache is the folder that NUMBA_CACHE_DIR names, else `polysieve/kernels` in the user's cache folder. Where it cannot
be written, as on a node of a cluster or in a container, it is read, and what it lacks is kept beside temporary files.
"""

import functools
import hashlib
import os
import platform
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
from numba import types
from numba.core.caching import InTreeCacheLocator
from numba.extending import models, register_model, typeof_impl

from polysieve.closure import PACKAGE, source_hash

config: Any = numba.config  # its attributes are made when it is imported
_door = threading.Lock()

# Numba documents neither `_nrt`, which `leaf` sets, nor the options that leave wrappers out: pyproject.toml bounds its
# version, and tests look at what is compiled.


def kernel(function: Any = None, **options: Any) -> Any:
    """Compile a function, without the GIL, and keep the result on disk. Used with or without options.

    options: those of `numba.njit`. Functions outside of this package are compiled but not kept.
    """
    if function is None:
        return lambda given: kernel(given, **options)
    if _is_ours(function.__module__):
        source_hash(
            function.__module__
        )  # now: sources may change before the function is first called
    # Numba's own inliner looks for a function of its own, and compiles nothing for it.
    return _compiled(function, **options) if "inline" in options else Kernel(function, options)


def leaf(function: Any = None, **options: Any) -> Any:
    """A kernel that allocates nothing: compiled without counting references to the arrays it is given.

    Numba counts them atomically wherever it cannot prove that it need not, which in loops of several branches
    costs more than the work itself (a factor of 2.5 in the scan for words).
    """
    return kernel(function, _nrt=False, **options)


class Kernel:
    """A function that is compiled when it is first called: by Python, or by another kernel, into whose code it goes.

    Numba gives every function two wrappers, which convert arguments from Python and from C. They cost more time to
    compile than most functions do, and a function that only kernels call needs neither.
    """

    def __init__(self, function: Any, options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._options = {"no_cfunc_wrapper": True, **options}

    def __call__(self, *arguments: Any) -> Any:
        return self.for_python(*arguments)

    @functools.cached_property
    def for_python(self) -> Any:
        """Numba's function that Python may call; it is kept on disk."""
        return _compiled(self._function, **self._options)

    @functools.cached_property
    def for_kernels(self) -> Any:
        """Numba's function that only kernels may call; it is kept with them."""
        options = {"no_cpython_wrapper": True, **self._options}
        return numba.njit(nogil=True, **options)(self._function)


@typeof_impl.register(Kernel)
def _type_of(value: Kernel, context: Any) -> types.Type:
    """What a kernel is to the kernels that call it."""
    return _Callee(value.for_kernels)


class _Callee(types.Dispatcher):
    """Takes a number that is written in a call for any number of its type: Numba would compile the function anew for
    each."""

    def get_call_type(self, context: Any, args: Any, kws: Any) -> Any:
        return super().get_call_type(context, tuple(types.unliteral(kind) for kind in args), kws)


register_model(_Callee)(models.OpaqueModel)  # as a value in a kernel it is nothing


def _compiled(function: Any, **options: Any) -> Any:
    module = function.__module__
    is_kept = _is_ours(module) and _folder(module) is not None
    # Numba asks for the folder while it decorates, by a class that NUMBA_CACHE_LOCATOR_CLASSES names. That variable is
    # set for as long as this takes, so that other users of Numba in the same process keep their own.
    with _door:
        before = config.CACHE_LOCATOR_CLASSES
        config.CACHE_LOCATOR_CLASSES = f"{__name__}.{Locator.__name__}"
        try:
            return numba.njit(cache=is_kept, nogil=True, **options)(function)
        finally:
            config.CACHE_LOCATOR_CLASSES = before


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


class Locator(InTreeCacheLocator):
    """Tells Numba where a kernel is kept and what it is made of.

    Of Numba it uses what its documentation names: cache locators, which NUMBA_CACHE_LOCATOR_CLASSES may replace
    (https://numba.readthedocs.io/en/stable/developer/caching.html).
    """

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        self._module = function.__module__

    def get_cache_path(self) -> str:
        return str(_folder(self._module))

    def get_disambiguator(self) -> str:
        return "0"  # Numba's own is the line, which a comment above moves

    def get_source_stamp(self) -> str:
        return source_hash(self._module)


@functools.cache
def _folder(module: str) -> Path | None:
    """The folder of a module's kernels, which can be written; None where there is none.

    Where the cache itself is read-only, it is a private one with links to what the cache holds: Numba replaces files
    rather than writing into them, so nothing is ever written through a link.
    """
    within = Path(_machine()) / f"{module}-{source_hash(module)}"
    shared = cache_folder() / within
    if _can_write(shared):
        return shared
    private = _private_folder()
    if private is None:
        return None
    own = private / within
    own.mkdir(parents=True, exist_ok=True)
    for file in shared.glob("*.nb?") if shared.is_dir() else ():
        if not (own / file.name).exists():
            _link(file, own / file.name)
    return own


def cache_folder() -> Path:
    """Where compiled kernels are kept and looked for, whether or not it exists or can be written."""
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR).absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path("/", caches, "polysieve", "kernels")  # "~" stays where a user has no home


@functools.cache
def _private_folder() -> Path | None:
    """This user's folder beside temporary files, which nobody else can write; None where nothing can be written."""
    try:
        folder = Path(tempfile.gettempdir()) / f"polysieve-kernels-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        is_own = folder.lstat().st_uid == os.getuid() and not folder.is_symlink()
        return folder if is_own and _can_write(folder) else None
    except OSError:
        return None


@functools.cache
def _machine() -> str:
    """Numba, Python and the CPU, as far as machine code depends on them, as a folder's name."""
    name = config.CPU_NAME or llvm.get_host_cpu_name()
    features = config.CPU_FEATURES
    if features is None:
        features = llvm.get_host_cpu_features().flatten()
    processor = hashlib.sha256(f"{platform.machine()} {name} {features}".encode()).hexdigest()
    return f"numba-{numba.__version__}-{sys.implementation.cache_tag}-{name}-{processor[:12]}"


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _link(file: Path, place: Path) -> None:
    """Make `place` a link to a file, whatever another process does there at the same time."""
    try:
        place.unlink(missing_ok=True)  # a link to a file that is gone
        place.symlink_to(file)
    except FileExistsError:
        pass
