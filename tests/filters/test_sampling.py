"""A seeded order of documents by their ids."""

import hashlib

import numpy as np
import pytest
import xxhash

from polysieve.filters.sampling import least, ranks

IDS = ["a", "<urn:uuid:1>", "", "ሰላም", "a"]


def test_ranks_are_the_hashes_that_published_samples_were_made_with() -> None:
    digests = [hashlib.sha256(f"7\0{id}".encode()).digest() for id in IDS]
    assert ranks(IDS, 7).tolist() == [int.from_bytes(d[:8], "big") for d in digests]
    assert ranks(IDS, 7, "xxh64").tolist() == [xxhash.xxh64_intdigest(id.encode(), 7) for id in IDS]
    assert ranks(IDS, -1, "xxh3").tolist() == [
        xxhash.xxh3_64_intdigest(id.encode(), 2**64 - 1) for id in IDS
    ]
    assert ranks([], 7).tolist() == []


@pytest.mark.parametrize("by", ["sha256", "xxh64", "xxh3"])
def test_a_rank_follows_the_id_and_the_seed_alone(by) -> None:
    found = ranks(IDS, 1, by)
    assert found[0] == found[4]
    assert ranks(IDS[::-1], 1, by).tolist() == found[::-1].tolist()
    assert ranks([id.encode() for id in IDS], 1, by).tolist() == found.tolist()
    assert not np.array_equal(ranks(IDS, 2, by), found)


def test_the_least_come_first_and_of_equals_the_first_row() -> None:
    assert least(np.array([5, 1, 5, 0], np.uint64), 3).tolist() == [3, 1, 0]
    assert least(np.array([5], np.uint64), 3).tolist() == [0]
