"""The figures of the rules; a deployment may set others."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from dealwire.catalogue.common import Value


class Policy(Value):
    """How large a deal's record may grow: it is one document with its quotes inside, and a document has an end."""

    model_config = ConfigDict(extra="forbid")

    lines_per_quote: Annotated[int, Field(ge=1, le=500)] = 200
    quotes_per_deal: Annotated[int, Field(ge=1, le=100)] = 50
