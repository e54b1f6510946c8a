"""Starting the engine that a user names."""

from polysieve.pipeline.engines.engine import Engine, Inline


def start(engine: str, workers: int | None, address: str | None) -> Engine:
    """The engine named `ray` or `inline`. Raises ValueError for another name, ConnectionError as OnRay does."""
    if engine == "inline":
        return Inline()
    if engine != "ray":
        raise ValueError(f"unknown engine {engine!r}; known: ray, inline")
    from polysieve.pipeline.engines.on_ray import OnRay  # Ray takes a second to import

    return OnRay(workers, address)
