from __future__ import annotations

import pytest

from dealwire.kit.settings import InvalidSettings, load_settings
from kpi_service.domain.policy import Policy
from kpi_service.settings import KpiSettings

pytestmark = pytest.mark.usefixtures("environment")


def test_a_deployment_changes_the_numbers_it_names_and_keeps_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", '{"pool_of_sales": 600}')
    assert load_settings(KpiSettings).policy == Policy(pool_of_sales=600)


@pytest.mark.parametrize(
    "policy",
    ['{"pool_of_sale": 600}', '{"pool_of_sales": -1}', '{"rated_days": 0}', '{"performance_weights": {"luck": 1}}'],
)
def test_a_policy_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", policy)
    with pytest.raises(InvalidSettings, match="DEALWIRE_POLICY is wrong"):
        load_settings(KpiSettings)
