"""The URL filter: hosts and their subdomains, addresses, words."""

from pathlib import Path

import numpy as np
import pytest

from polysieve.filters.url import UrlFilter, ut1_lists


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    for name, text in {
        "ut1/adult/domains": "bad.example\n# a comment\nsub.mixed.example\nпример.рф\n10.0.0.1\n",
        "ut1/games/domains": "\nGAMES.example.\n",
        "ut1/adult/urls": "site.example/page/\n",
        "words.txt": "Casino\nказино\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def load(lists: Path, **given: list[str]) -> UrlFilter:
    paths = {kind: [str(lists / name) for name in names] for kind, names in given.items()}
    return UrlFilter.load(**paths, cache=lists / "cache")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://bad.example/x", "url_domain"),
        ("https://www.BAD.example:8080/?q#f", "url_domain"),
        ("http://user:secret@a.b.bad.example", "url_domain"),
        ("http://notbad.example/", None),
        ("http://mixed.example/", None),
        ("http://sub.mixed.example/", "url_domain"),
        ("http://xn--e1afmkfd.xn--p1ai/", "url_domain"),
        ("http://пример.рф/", "url_domain"),
        ("http://10.0.0.1/", "url_domain"),
        ("http://games.example./", "url_domain"),
        ("https://www.site.example/page#top", "url_address"),
        ("https://site.example/page/other", None),
        ("https://x.example/my-CASINO_tips.html", "url_word"),
        ("https://x.example/%D0%BA%D0%B0%D0%B7%D0%B8%D0%BD%D0%BE", "url_word"),
        ("https://x.example/casinos", None),
        ("https://[::1]:80/casino", "url_word"),
        (None, None),
        ("", None),
        ("not an address", None),
    ],
)
def test_what_is_blocked_and_why(lists: Path, url: str | None, reason: str | None) -> None:
    found = load(lists, domains=["ut1"], urls=["ut1"], words=["words.txt"])
    assert found.blocked([url, "http://fine.example/"]) == [reason, None]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://x.example/free-money/now", "url_soft_words"),
        ("http://x.example/money/money", None),
        ("http://x.example/FREE/?q=%E9%92%B1", "url_soft_words"),
        ("http://x.example/po-k_er.html", "url_subword"),
        ("http://videopokers.example", "url_subword"),
        ("http://x.example/pok", None),
    ],
)
def test_soft_words_block_together_and_pieces_anywhere(
    lists: Path, url: str, reason: str | None
) -> None:
    (lists / "soft.txt").write_text("free\nMoney\n钱\n")
    (lists / "pieces.txt").write_text("# a comment\nPoker\n")
    found = load(lists, soft_words=["soft.txt"], subwords=["pieces.txt"])
    assert found.blocked([None, url]) == [None, reason]
    assert found.blocked([url], soft_word_count=3) == [reason if reason == "url_subword" else None]


def test_reasons_come_in_their_order(lists: Path) -> None:
    (lists / "soft.txt").write_text("casino\nbad\n")
    (lists / "pieces.txt").write_text("bad\n")
    found = load(
        lists,
        domains=["ut1"],
        words=["words.txt"],
        soft_words=["soft.txt"],
        subwords=["pieces.txt"],
    )
    urls = ["http://bad.example/casino", "http://a.b/bad-casino", "http://a.b/bad"]
    assert found.blocked(urls) == ["url_domain", "url_word", "url_subword"]


def test_categories_of_ut1_are_chosen_by_name(lists: Path) -> None:
    folder = str(lists / "ut1")
    assert UrlFilter.load(**ut1_lists(folder), cache=lists / "cache").blocked(
        ["http://bad.example", "http://games.example", "http://site.example/page"]
    ) == ["url_domain", "url_domain", "url_address"]
    assert UrlFilter.load(**ut1_lists(folder, ["games"]), cache=lists / "cache").blocked(
        ["http://bad.example", "http://games.example", "http://site.example/page"]
    ) == [None, "url_domain", None]
    with pytest.raises(ValueError, match="no category 'gamse'; did you mean games"):
        ut1_lists(folder, ["gamse"])
    with pytest.raises(ValueError, match="no folder of categories"):
        ut1_lists(str(lists / "nowhere"))


def test_the_hash_knows_every_list(lists: Path) -> None:
    (lists / "pieces.txt").write_text("poker\n")
    kinds = ("words", "soft_words", "subwords")
    hashes = {load(lists, **{kind: ["pieces.txt"]}).hash for kind in kinds}
    assert len(hashes) == len(kinds)


def test_without_lists_nothing_is_blocked() -> None:
    assert UrlFilter.load().blocked(["http://bad.example", None]) == [None, None]


def test_the_second_load_maps_the_first_ones_file(lists: Path) -> None:
    first, second = load(lists, domains=["ut1"]), load(lists, domains=["ut1"])
    assert isinstance(second.domains, np.memmap)
    assert first.hash == second.hash
    assert first.domains.dtype == np.uint64 and len(first.domains) == 5


def test_a_changed_list_is_read_again(lists: Path) -> None:
    before = load(lists, words=["words.txt"])
    (lists / "words.txt").write_text("poker\n")
    after = load(lists, words=["words.txt"])
    assert before.hash != after.hash
    assert after.blocked(["http://x.example/poker"]) == ["url_word"]


def test_the_hash_depends_on_entries_alone(lists: Path) -> None:
    (lists / "again.txt").write_text("казино\n\ncasino\ncasino\n")
    assert load(lists, words=["again.txt"]).hash == load(lists, words=["words.txt"]).hash


def test_a_cache_that_cannot_be_written_is_done_without(lists: Path) -> None:
    (lists / "file").write_text("")
    found = UrlFilter.load(words=[str(lists / "words.txt")], cache=lists / "file" / "below")
    assert found.blocked(["http://x.example/casino"]) == ["url_word"]


def test_a_missing_list_is_named(lists: Path) -> None:
    with pytest.raises(ValueError, match="nowhere: no such file"):
        load(lists, domains=["nowhere"])
    (lists / "empty").mkdir()
    with pytest.raises(ValueError, match="no file named 'domains'"):
        load(lists, domains=["empty"])
