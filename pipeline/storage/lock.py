"""One run at a time in an output folder; the lock names its holder and dies with it."""

import fcntl
import getpass
import json
import os
import socket
import time
from types import TracebackType

from polysieve.pipeline.storage.store import Store

NAME = ".lock"
STALE_SECONDS = 180  # without a sign of life from the holder of a lock on an object store


class Held(RuntimeError):
    """Another run holds the output; the message says which."""


class OutputLock:
    """Held for the length of a run. `touch` it every minute or so: on an object store that is its life."""

    def __init__(self, store: Store) -> None:
        self.name = str(store)
        self._store = store
        self._file: int | None = None

    def __enter__(self) -> "OutputLock":
        """Take the lock. Raises Held, and OSError where the output cannot be written."""
        if not self._store.local:
            self._take_remote()
            return self
        os.makedirs(self._store.root, exist_ok=True)
        self._file = os.open(self._store.path(NAME), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 4096).decode(errors="replace").strip()
            os.close(self._file)
            self._file = None
            raise Held(_message(self._store, holder)) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, _holder().encode())
        return self

    def touch(self) -> None:
        """A sign of life."""
        if not self._store.local:
            self._store.write_text(NAME, _holder())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
        elif not self._store.local:
            self._store.remove(NAME)

    def _take_remote(self) -> None:
        try:
            holder = self._store.read_json(NAME)
        except FileNotFoundError:
            holder = None
        if holder and time.time() - holder["alive"] < STALE_SECONDS:
            raise Held(_message(self._store, json.dumps(holder)))
        self.touch()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def is_held(store: Store) -> bool:
    """Whether a run holds a local output just now; True for object stores, where nobody can tell."""
    if not store.local:
        return True
    try:
        with open(store.path(NAME), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _holder() -> str:
    return json.dumps(
        {
            "user": _user(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "alive": int(time.time()),
        }
    )


def _message(store: Store, holder: str) -> str:
    try:
        who = json.loads(holder)
        name = f"{who['user']}@{who['host']}, process {who['pid']}"
    except (ValueError, KeyError):
        name = "unknown"
    return f"{store}: another run holds this output ({name}); wait for it, or stop it, or name another --output"
