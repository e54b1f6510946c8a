"""Documents that end where a page of memory ends, before a page that must not be read.

    python -m tests.filters.guarded

Runs every kernel that reads text over them; a read of one byte too many ends the process with a segmentation fault.
"""

import ctypes
import mmap
import random

import numpy as np
import pyarrow as pa

from polysieve.dedup import exact
from polysieve.dedup.minhash import MinHashParams, signatures
from polysieve.filters.signals import StopWords, measure
from polysieve.filters.words import segment

TEXTS = [
    "",
    "a",
    "The mill stands by the river. It is old... #1\n\n- and it works\nThe mill stands by the river.",
    "l'eau n'est-ce pas e-mail 3.14 http://a.b/c?d=e,",
    "é\u0301\u0323 ñ ẞ ﬁ Å",
    "Мельница стоит у реки.",
    "แม่น้ำไหลผ่านหมู่บ้าน",
    "河流经过村庄。川は村を流れるコンピューター々",
    "나는 학교에서 책을 읽는다",
    "ࠀ߿ÿĀ…！",
    "𐍈😀👩‍👩‍👧",
    "می‌خواهم \u200d",
    "བོད་སྐད་",
    "::// a:// ... --- \r\n\u2028\u0085",
    "def f(x): return {a: 1}; // c",
]


def everything(buffer: np.ndarray, start: int, end: int) -> list[object]:
    """Every measurement of the bytes buffer[start:end], UTF-8 or not, which are not copied."""
    offsets = pa.py_buffer(np.array([start, end], np.int64))
    data = pa.py_buffer(buffer)
    texts = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, data])
    words = segment(texts, ["mlt_Latn"])
    row = measure(texts, words, [StopWords.of(["는", "에서", "the"])]).to_pylist()[0]
    content = exact.content_hashes(words.folded, words.documents, words.buffer, words.text_offsets)
    minima = signatures(words.folded, words.documents, MinHashParams())
    places = [(words.starts - start).tolist(), (words.ends - start).tolist()]
    return [row, places, words.hashes.tolist(), content.tolist(), minima.tolist()]


class Guarded:
    """Memory whose last byte is followed by a page that cannot be read."""

    def __init__(self, pages: int) -> None:
        self.size = pages * mmap.PAGESIZE
        self.memory = mmap.mmap(-1, self.size + mmap.PAGESIZE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        if protect(self.address + self.size, mmap.PAGESIZE, 0):  # PROT_NONE
            raise OSError(ctypes.get_errno(), "mprotect failed")

    def ending_with(self, data: bytes) -> np.ndarray:
        """uint8: `data`, copied to the end."""
        place = self.address + self.size - len(data)
        ctypes.memmove(place, data, len(data))
        return np.ctypeslib.as_array((ctypes.c_uint8 * len(data)).from_address(place))


def main() -> None:
    guarded = Guarded(4)
    chance = random.Random(1)
    documents = 0
    for text in TEXTS:
        whole = text.encode()
        cut = [whole[:n] for n in range(len(whole) + 1)]
        damaged = [bytes(chance.choices(whole + b"\xed\xa0\xf4\xc3\xe0", k=40)) for _ in range(20)]
        for data in cut + damaged:
            buffer = guarded.ending_with(data)
            assert everything(buffer, 0, len(data)) == everything(
                np.frombuffer(data + b"\n and more", np.uint8), 0, len(data)
            ), data
            documents += 1
    print(f"{documents} documents at the end of memory")


if __name__ == "__main__":
    main()
