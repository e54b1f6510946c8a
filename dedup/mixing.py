"""The 64-bit mixing functions that every hash of this package is made of."""

import numpy as np

from polysieve.compiling import kernel, leaf

# Finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
# OOPSLA 2014; constants of Stafford's variant 13). A bijection: different inputs stay different.
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_S27 = np.uint64(27)
_S30 = np.uint64(30)
_S31 = np.uint64(31)


@leaf(inline="always")
def mix64(x):
    """Bijective mix of a uint64 into a uint64 in which every bit depends on every bit."""
    x = (x ^ (x >> _S30)) * _M1
    x = (x ^ (x >> _S27)) * _M2
    return x ^ (x >> _S31)


@kernel
def random_words(seed, count):
    """`count` pseudo-random uint64 values that depend on `seed` (uint64) alone."""
    out = np.empty(count, dtype=np.uint64)
    state = mix64(seed + _GOLDEN)
    for i in range(count):
        state = state + _GOLDEN
        out[i] = mix64(state)
    return out
