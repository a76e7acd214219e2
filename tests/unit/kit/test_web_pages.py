from __future__ import annotations

import pytest
from unit.kit.webs import a_web_app, client_of


async def test_a_page_has_fifty_items_at_most_unless_the_caller_says_otherwise() -> None:
    async with client_of(a_web_app()) as client:
        assert (await client.get("/v1/notes")).json()["items"] == [{"id": "a", "text": "50"}, {"id": "b", "text": "50"}]
        assert (await client.get("/v1/notes?limit=200")).json()["items"][0]["text"] == "200"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=" + "x" * 501])
async def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    async with client_of(a_web_app()) as client:
        response = await client.get(f"/v1/notes?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == query.partition("=")[0]


async def test_a_page_links_to_the_next_with_everything_else_as_it_was() -> None:
    async with client_of(a_web_app()) as client:
        first = await client.get("/v1/notes?limit=2&owner=%E6%9D%8E&cursor=before")
        assert first.json()["next"] == "last"
        assert first.headers["link"] == '<?limit=2&owner=%E6%9D%8E&cursor=last>; rel="next"'
        second = await client.get(first.links["next"]["url"], headers={})
        assert second.status_code == 404  # the link is relative to the page it came with
        second = await client.get(first.url.join(first.links["next"]["url"]))
    assert second.url.path == "/v1/notes"
    assert second.json()["next"] is None
    assert "link" not in second.headers


async def test_a_record_comes_with_its_version_and_says_when_it_was_there_before() -> None:
    async with client_of(a_web_app()) as client:
        new = await client.post("/v1/notes", json={"text": "new"})
        again = await client.post("/v1/notes", json={"text": "again"})
    assert new.headers["etag"] == '"5"'
    assert "idempotent-replayed" not in new.headers
    assert again.headers["idempotent-replayed"] == "true"
