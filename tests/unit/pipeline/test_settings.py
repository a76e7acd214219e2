from __future__ import annotations

import pytest

from dealwire.kit.settings import InvalidSettings, load_settings
from pipeline_service.domain.policy import Policy
from pipeline_service.settings import PipelineSettings

pytestmark = pytest.mark.usefixtures("environment")


def test_a_deployment_changes_the_numbers_it_names_and_keeps_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", '{"quotes_per_deal": 20}')
    assert load_settings(PipelineSettings).policy == Policy(quotes_per_deal=20)


@pytest.mark.parametrize("policy", ['{"quote_per_deal": 20}', '{"quotes_per_deal": 0}', '{"lines_per_quote": 501}'])
def test_a_policy_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    monkeypatch.setenv("DEALWIRE_POLICY", policy)
    with pytest.raises(InvalidSettings, match="DEALWIRE_POLICY is wrong"):
        load_settings(PipelineSettings)
