"""The tests of this folder kill no machine, so the disk need not be waited for."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fsync return at once: what a power cut loses is not tested here."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
