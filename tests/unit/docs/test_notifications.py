"""What is sent to notify somebody says who, what and which lead (X6)."""

from __future__ import annotations

import pytest

from dealwire.catalogue import CATALOGUE
from dealwire.catalogue.notifications import NOTIFICATIONS, Kind, Notification


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda each: f"{each.kind} {each.event.type}")
def test_a_notification_is_an_event_that_says_whom_and_what_about(notification: Notification) -> None:
    fields = notification.event.model_fields
    assert CATALOGUE[notification.event.type] is notification.event
    assert notification.to is None or notification.to in fields
    assert {"lead_id", "order_id"} & set(fields)
    assert "company" in fields or "lead_id" not in fields


def test_somebody_is_notified_of_assignment_copy_reminder_return_and_escalation() -> None:
    assert {each.kind for each in NOTIFICATIONS} == set(Kind)
