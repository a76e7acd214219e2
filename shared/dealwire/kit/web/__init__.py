"""The HTTP side of every service."""

from dealwire.kit.web.app import Part, create_app
from dealwire.kit.web.auth import Caller, allow, cause_of
from dealwire.kit.web.bodies import Body, body_limit
from dealwire.kit.web.edge import cross_origin
from dealwire.kit.web.health import Probe, Probes, Readiness
from dealwire.kit.web.pages import PageQuery, PageView, Paging, page_view
from dealwire.kit.web.problems import Malformed, Problem
from dealwire.kit.web.records import record_headers

__all__ = [
    "Body",
    "Caller",
    "Malformed",
    "PageQuery",
    "PageView",
    "Paging",
    "Part",
    "Probe",
    "Probes",
    "Problem",
    "Readiness",
    "allow",
    "body_limit",
    "cause_of",
    "create_app",
    "cross_origin",
    "page_view",
    "record_headers",
]
