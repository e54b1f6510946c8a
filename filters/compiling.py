"""`kernel` and `leaf`: Numba's `njit` with a disk cache that knows what a kernel is made of.

Numba keeps a compiled function for as long as the function's own file is unchanged. What it compiled in from
other files, a constant or a small function, may have changed meanwhile, and the stale machine code would be
used in silence. Here every cached function carries a hash of all sources of its own package, and of this one,
beside its own.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit


@cache
def _sources_hash(package: Path) -> str:
    """A hash of the sources of this package and of `package`, whose kernels may inline some of this one's."""
    digest = hashlib.sha256()
    for folder in sorted({Path(__file__).parent, package}):
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kernel(function: Any = None, **options: Any) -> Any:
    """Compile a function, without the GIL, and keep the result on disk. Used with or without options."""
    if function is None:
        return lambda given: kernel(given, **options)
    compiled = njit(cache=True, nogil=True, **options)(function)
    file = compiled._cache._cache_file
    package = Path(function.__code__.co_filename).parent
    file._source_stamp = (file._source_stamp, _sources_hash(package))
    return compiled


def leaf(function: Any = None, **options: Any) -> Any:
    """A kernel that allocates nothing: compiled without counting references to the arrays it is given.

    Numba counts them atomically wherever it cannot prove that it need not, which in loops of several branches
    costs more than the work itself (a factor of 2.5 in the scan for words).
    """
    return kernel(function, _nrt=False, **options)


def is_cached(compiled: Any) -> bool:
    """Whether this machine has compiled a kernel from the present sources before."""
    return bool(compiled._cache._cache_file._load_index())
