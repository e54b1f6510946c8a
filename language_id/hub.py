"""Models on the Hugging Face hub: which file a name means, and where it lies on this machine.

A name is `glotlid` or `openlid`, or `owner/name`, optionally with the file and a revision, as in
`owner/name:model.ftz@1a2b3c4`.
The file is downloaded once into huggingface_hub's cache (`HF_HOME`), which checks its size; a model that is there is
found without a network. A revision that is a commit pins the content; without one a model is whatever its owner
published last when it was downloaded, and the SHA-256 that a run records says which.
"""

import re
from pathlib import Path
from typing import NamedTuple

from polysieve.language_id.labels import LanguageIdError

MODELS = {
    "glotlid": "cis-lmu/glotlid:model_v3.bin",  # Kargaran et al. 2023; 2,102 labels, 1.7 GB, Apache-2.0
    "openlid": "laurievb/OpenLID:model.bin",  # Burchell et al. 2023; 201 labels, 1.2 GB, GPL-3
}
"""The names that mean a model of the hub."""

_ID = re.compile(r"([\w.-]+/[\w.-]+?)(?::([\w./-]+))?(?:@([\w./-]+))?")
_DEFAULT_FILE = "model.bin"


class HubModel(NamedTuple):
    """A file of a repository on the hub."""

    repository: str
    file: str
    revision: str | None

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return (
            f"https://huggingface.co/{self.repository}/blob/{self.revision or 'main'}/{self.file}"
        )


def is_file_name(name: str) -> bool:
    """Whether a name is a path by its form, whether or not there is such a file."""
    return Path(name).is_absolute() or (":" not in name and Path(name).suffix in (".bin", ".ftz"))


def parse(name: str) -> HubModel | None:
    """The file that a name means; None where it is a path: it has the form of one, or there is such a file."""
    full = MODELS.get(name, name)
    if is_file_name(full) or Path(full).is_file() or full.startswith("."):
        return None
    found = _ID.fullmatch(full)
    if found is None:
        return None
    return HubModel(found[1], found[2] or _DEFAULT_FILE, found[3])


def download(model: HubModel, name: str, kind: str = "language model") -> Path:
    """The model's file on this machine, downloaded where it is not there yet. `kind` and `name` stand in the error.

    Raises LanguageIdError where there is no such file or no network.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(hf_hub_download(model.repository, model.file, revision=model.revision))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise LanguageIdError(
            f"{kind} {name}: {model.repository} {cause(error, model)}; "
            f"download {model.url} and give its path"
        ) from None


def cause(error: Exception, model: HubModel) -> str:
    """Why huggingface_hub does not give a file: the rest of a sentence that begins with the repository."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    match error:
        case GatedRepoError():
            return (
                f"is given to those who accept its terms: do so at https://huggingface.co/{model.repository}, "
                "then log in: hf auth login, or HF_TOKEN"
            )
        case LocalEntryNotFoundError():
            return "is not in the cache and the hub cannot be reached"
        case RepositoryNotFoundError():
            return "does not exist on the hub, or asks for a login"
        case RevisionNotFoundError():
            return f"has no revision {model.revision}"
        case EntryNotFoundError():
            return f"has no file {model.file}"
    return f"cannot be had ({' '.join(str(error).split())[:200]})"
