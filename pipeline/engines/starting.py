"""Starting the engine that a user names."""

from polysieve.pipeline.engines.engine import Engine, Inline


def start(engine: str, workers: int | None, address: str | None) -> Engine:
    """The engine named `ray` or `inline`."""
    if engine == "inline":
        return Inline()
    from polysieve.pipeline.engines.on_ray import OnRay  # Ray takes a second to import

    return OnRay(workers, address)
