from __future__ import annotations

import pytest

from contract_service.domain.policy import Policy
from contract_service.settings import ContractSettings
from dealwire.kit.settings import InvalidSettings, load_settings

pytestmark = pytest.mark.usefixtures("environment")


def test_a_deployment_changes_the_numbers_it_names_and_keeps_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", '{"credit_days": 45}')
    assert load_settings(ContractSettings).policy == Policy(credit_days=45)


@pytest.mark.parametrize("policy", ['{"credit_day": 45}', '{"credit_days": -1}', '{"order_acceptance_hours": 0}'])
def test_a_policy_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", policy)
    with pytest.raises(InvalidSettings, match="DEALWIRE_POLICY is wrong"):
        load_settings(ContractSettings)
