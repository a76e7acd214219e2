from __future__ import annotations

from pathlib import Path

import pytest

from dealwire.kit.settings import InvalidSettings, load_settings
from lead_service.domain.policy import Policy
from lead_service.settings import LeadSettings

pytestmark = pytest.mark.usefixtures("environment")


def test_a_deployment_changes_the_numbers_it_names_and_keeps_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", '{"acceptance_hours": 4, "phone_region": "GB"}')
    policy = load_settings(LeadSettings).policy
    assert policy == Policy(acceptance_hours=4, phone_region="GB")
    assert (policy.confirmed, policy.latent, policy.score_weights) == (70, 40, (30, 25, 30, 15))


def test_a_policy_may_be_a_file_among_the_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dealwire_policy").write_text('{"acceptance_hours": 4}')
    monkeypatch.setenv("DEALWIRE_SECRETS_DIR", str(tmp_path))
    assert load_settings(LeadSettings).policy == Policy(acceptance_hours=4)


@pytest.mark.parametrize(
    "policy",
    [
        '{"acceptence_hours": 4}',
        '{"acceptance_hours": 0}',
        '{"acceptance_hours": -1}',
        '{"acceptance_hours": 1e9}',
        '{"phone_region": "UK"}',
        '{"confirmed": 101}',
        '{"latent": 80}',
        '{"score_weights": 100}',
        '{"score_weights": [-10, 40, 40, 30]}',
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", policy)
    with pytest.raises(InvalidSettings, match="DEALWIRE_POLICY is wrong"):
        load_settings(LeadSettings)


def test_a_wrong_number_of_a_policy_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", '{"acceptance_hours": -1}')
    with pytest.raises(InvalidSettings, match="DEALWIRE_POLICY is wrong at acceptance_hours: "):
        load_settings(LeadSettings)
