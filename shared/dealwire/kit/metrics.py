"""Every metric of a service, on the default Prometheus registry.

No label ever holds an id. Alert on `dealwire_outbox_oldest_pending_age_seconds` rather than on the depth of a queue:
depth reads zero while a relay is stalled.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series and answer no question here

outbox_pending = Gauge("dealwire_outbox_pending", "Records with events that the broker has not yet confirmed")
outbox_oldest_pending_age = Gauge(
    "dealwire_outbox_oldest_pending_age_seconds", "Age of the oldest event that the broker has not yet confirmed"
)
events_published = Counter("dealwire_events_published", "Events confirmed by the broker", ["event_type"])

consuming = Gauge("dealwire_consuming", "1 while the service consumes its inbox, 0 while it catches up or cannot")
consumer_handled = Counter(
    "dealwire_consumer_handled", "Messages settled, by what became of them", ["event_type", "outcome"]
)
consumer_lag = Histogram(
    "dealwire_consumer_lag_seconds",
    "From the time of an event to the end of its handling here",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900),
)
retry_scheduled = Counter("dealwire_retry_scheduled", "Messages put off for another attempt", ["tier"])
dlq_messages = Gauge("dealwire_dlq_messages", "Messages in this service's dead-letter queue")

deadlines_overdue = Gauge("dealwire_deadlines_overdue", "Records whose deadline has passed and was not acted on yet")
deadlines_fired = Counter("dealwire_deadlines_fired", "Deadlines acted on, by what had them", ["records"])

http_request_duration = Histogram(
    "http_request_duration_seconds",
    "From the first byte of a request to the last of its response; `route` is the template",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
