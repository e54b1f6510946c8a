"""Heads in the formats of publications, with random weights."""

from pathlib import Path
from typing import Any

import pytest

DIM, UNITS = 16, 24


def _torch() -> Any:
    return pytest.importorskip("torch", reason="needs the extra torch")


def layers(seed: int) -> tuple[Any, Any]:
    torch = _torch()
    torch.manual_seed(seed)
    return torch.nn.Linear(DIM, UNITS), torch.nn.Linear(UNITS, 1)


def jql(path: Path) -> Any:
    """Write a Lightning checkpoint of a regression head (JQL); returns the module."""
    torch = _torch()
    first, second = layers(1)
    module = torch.nn.Module()
    module.layer1, module.layer2 = first, second
    torch.save(
        {
            "epoch": 3,
            "pytorch-lightning_version": "2.5.0",
            "state_dict": module.state_dict(),
            "hyper_parameters": {"input_dim": DIM, "hidden_dim": UNITS, "train_sets": ["a"]},
        },
        path,
    )
    return torch.nn.Sequential(first, torch.nn.ReLU(), second)


def fineweb2_hq(path: Path) -> Any:
    """Write the state of a binary classifier (FineWeb2-HQ); returns the module with its logistic output."""
    torch = _torch()
    first, second = layers(2)
    module = torch.nn.Module()
    module.classifier = torch.nn.Sequential(first, torch.nn.ReLU(), torch.nn.Dropout(0.2), second)
    torch.save(module.state_dict(), path)
    return torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.Sigmoid())
