"""Lists in pages: `?limit=50&cursor=…`, answered with the items and where the next page begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)
View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page a caller wants."""

    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None
    limit: Annotated[int, Query(ge=1, le=200, description="How many items at most.")] = 50


Paging = Annotated[PageQuery, Depends()]


class PageView(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: Annotated[str | None, Field(description="The cursor of the next page; null on the last.")] = None


class _Page(Protocol[Item_co]):
    @property
    def items(self) -> Sequence[Item_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


def page_view(page: _Page[Item], view: Callable[[Item], View], request: Request, response: Response) -> PageView[View]:
    """A page of a store as callers see it; the next page also as a `Link` header (RFC 8288), relative to this one."""
    if page.next_cursor is not None:
        query = [(name, value) for name, value in parse_qsl(request.url.query) if name != "cursor"]
        response.headers["Link"] = f'<?{urlencode([*query, ("cursor", page.next_cursor)])}>; rel="next"'
    return PageView(items=[view(item) for item in page.items], next=page.next_cursor)
