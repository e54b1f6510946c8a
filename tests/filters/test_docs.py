"""The documentation names every metric and rule."""

from pathlib import Path

from polysieve.filters.rules import RULES
from polysieve.filters.signals import METRICS

TEXT = (Path(__file__).parents[2] / "docs" / "filters.md").read_text("utf-8")


def test_every_metric_and_rule_is_in_the_documentation() -> None:
    missing = [name for name in [*METRICS, *RULES] if f"| `{name}` |" not in TEXT]
    assert missing == []


def test_documented_defaults_are_those_of_the_table() -> None:
    for name, rule in RULES.items():
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"| {rule.default:g}" in row
