"""Models by their names on the Hugging Face hub, downloaded from a server of the same interface."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from polysieve.language_id import hub
from polysieve.language_id.hub import HubModel
from tests.language_id.made_models import train
from tests.language_id.sentences import SENTENCES

COMMIT = "0123456789abcdef0123456789abcdef01234567"
IDENTIFY = """
import sys
from polysieve.language_id import LanguageIdError, load_model, identify
try:
    model = load_model(sys.argv[1])
except LanguageIdError as error:
    sys.exit(f"LanguageIdError: {error}")
print(model.name, model.hash, identify([sys.argv[2]], sys.argv[1])[0]["label"])
"""


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("glotlid", HubModel("cis-lmu/glotlid", "model_v3.bin", None)),
        ("openlid", HubModel("laurievb/OpenLID", "model.bin", None)),
        ("owner/name", HubModel("owner/name", "model.bin", None)),
        ("owner/name:small/lid.ftz", HubModel("owner/name", "small/lid.ftz", None)),
        ("owner/name@v2", HubModel("owner/name", "model.bin", "v2")),
        (f"o/n:m.bin@{COMMIT}", HubModel("o/n", "m.bin", COMMIT)),
    ],
)
def test_a_name_means_a_file(name: str, model: HubModel) -> None:
    assert hub.parse(name) == model


@pytest.mark.parametrize(
    "name", ["embedded", "models/lid.bin", "/models/lid", "./lid.ftz", "lid.bin"]
)
def test_a_path_is_no_name(name: str) -> None:
    assert hub.parse(name) is None


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = {"deu_Latn": SENTENCES["deu_Latn"], "swh_Latn": SENTENCES["swh_Latn"]}
    return train(tmp_path_factory.mktemp("hub"), labels)


@pytest.fixture
def server(model: Path) -> Iterator[str]:
    """A server that has the model as `owner/name:model.bin`, and nothing else."""
    content = model.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            if self.answer():
                self.wfile.write(content)

        def answer(self) -> bool:
            found = self.path.startswith("/owner/name/resolve/") and "/model.bin" in self.path
            self.send_response(200 if found else 404)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content) if found else 0))
            if not found:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            return found

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()


def identify(
    name: str, home: Path, endpoint: str, offline: bool = False
) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        "HF_HOME": str(home),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_OFFLINE": str(int(offline)),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join([str(Path(hub.__file__).parents[1]), *sys.path]),
    }
    return subprocess.run(
        [sys.executable, "-c", IDENTIFY, name, SENTENCES["swh_Latn"]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_model_is_downloaded_once_and_found_without_a_network(
    server: str, model: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    for offline in (False, True):
        ran = identify("owner/name", tmp_path, server, offline)
        assert ran.stdout.split() == ["owner/name", digest, "swh_Latn"], ran.stderr


def test_what_the_hub_does_not_have_is_one_clear_line(server: str, tmp_path: Path) -> None:
    ran = identify("owner/name:other.bin", tmp_path, server)
    assert ran.returncode == 1
    assert "owner/name has no file other.bin; download https://" in ran.stderr


def test_without_a_network_the_cure_is_named(tmp_path: Path) -> None:
    ran = identify("glotlid", tmp_path, "https://huggingface.co", offline=True)
    message = [line for line in ran.stderr.splitlines() if line.startswith("LanguageIdError")]
    assert message == [
        "LanguageIdError: language model glotlid: cis-lmu/glotlid is not in the cache and the hub cannot be "
        "reached; download https://huggingface.co/cis-lmu/glotlid/blob/main/model_v3.bin and give its path"
    ], ran.stderr


def test_a_model_behind_terms_says_where_to_accept_them_and_to_log_in() -> None:
    from huggingface_hub.errors import GatedRepoError

    refused = GatedRepoError.__new__(GatedRepoError)  # the library makes it from a response
    said = hub.cause(refused, hub.HubModel("Unbabel/wmt22-cometkiwi-da", "hparams.yaml", None))
    assert "https://huggingface.co/Unbabel/wmt22-cometkiwi-da" in said
    assert "hf auth login" in said
