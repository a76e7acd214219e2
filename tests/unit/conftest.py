from __future__ import annotations

import pytest


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that a service has to be told."""
    monkeypatch.setenv("DEALWIRE_MONGO_URL", "mongodb://localhost")
    monkeypatch.setenv("DEALWIRE_AMQP_URL", "amqp://localhost")
    monkeypatch.setenv("DEALWIRE_JWKS_URL", "https://id.example.com/jwks")
