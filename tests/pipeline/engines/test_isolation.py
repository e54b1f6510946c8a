"""An item that kills its process is found, and costs no other item."""

import os
import signal

import pytest

from polysieve.pipeline.engines.isolation import Crashed, isolated


def double(items: list[int]) -> list[int]:
    if 13 in items:
        os.kill(os.getpid(), signal.SIGKILL)
    if 99 in items:
        raise ValueError("an ordinary error")
    return [2 * item for item in items]


def test_the_item_that_kills_is_singled_out_and_the_others_are_done() -> None:
    results = list(isolated(double, [1, 2, 13, 4, 5]))
    done = [x for r in results if not isinstance(r, Crashed) for x in r]
    crashed = [r.item for r in results if isinstance(r, Crashed)]
    assert (done, crashed) == ([2, 4, 8, 10], [13])


def test_nothing_is_started_for_no_items_and_errors_pass_through() -> None:
    assert list(isolated(double, [])) == []
    with pytest.raises(ValueError, match="ordinary"):
        list(isolated(double, [1, 99]))
