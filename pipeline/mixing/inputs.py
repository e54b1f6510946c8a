"""A Parquet file of a mixture's sources."""

import hashlib
from dataclasses import dataclass

from polysieve.pipeline.storage.store import Store


@dataclass(frozen=True)
class Input:
    """A file, with the sources that take documents of it, in order."""

    root: str
    """The folder of its source, of which the store is made."""
    name: str
    """The file's, within the folder."""
    size: int
    etag: str
    """The store's entity tag, or a local file's time of modification in ns."""
    sources: tuple[str, ...]
    renderings: tuple[tuple[str, ...], ...] = ()
    """For each source, the labels among which a document's one rendering is chosen; empty where all are taken."""
    number: int = 0
    """Among all files of the mixture; decides between documents with the same id."""
    rendered: str | None = None
    """Of a file of pairs: the folder with the documents that the step render makes of it."""

    @property
    def key(self) -> str:
        """What its tasks are named by: it changes when the file does."""
        data = (
            f"{self.root}\0{self.name}\0{self.size}\0{self.etag}\0{self.sources}\0{self.renderings}"
        )
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    @property
    def raw_store(self) -> Store:
        """Where the file itself is."""
        return Store(self.root)

    @property
    def store(self) -> Store:
        """Where its documents are, under the name `file`."""
        return Store(self.rendered or self.root)

    @property
    def file(self) -> str:
        return f"{self.key}.parquet" if self.rendered else self.name

    @property
    def pair(self) -> tuple[str, str]:
        """Of a file of pairs: the labels of source and target, from its folder's name."""
        source, _, target = self.name.rpartition("/")[0].rpartition("/")[2].partition("-")
        return source, target
