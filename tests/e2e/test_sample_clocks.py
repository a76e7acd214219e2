from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from support.place import Servers, new_place

from dealwire.cli.client import Api
from dealwire.demo.clocks import FASTER, let_time_pass
from dealwire.demo.play import hire
from dealwire.demo.sample import load_sample
from dealwire.demo.twins import settle_twins
from dealwire.stack.stack import Stack


async def test_a_grab_a_lead_let_lie_and_a_merge_end_as_they_should_also_when_played_twice(
    servers: Servers | None, tmp_path: Path
) -> None:
    if servers is None:
        pytest.skip("another Dealwire counts two hours as two hours")
    sample = load_sample()
    async with (
        new_place(servers) as place,
        Stack(tmp_path, port=None, servers=place, database_prefix=place.prefix, told=FASTER) as stack,
        Api.at(stack.url) as services,
    ):

        def as_(subject: str, *roles: str, scopes: Iterable[str] = ()) -> Api:
            return services.as_(stack.keys.mint(subject, roles, scopes))

        await hire(sample, as_("zhao.lei", "so"))
        for _ in range(2):
            endings = [ending async for ending in let_time_pass(sample, as_)]
            assert [ending.wrong for ending in endings] == ["", ""]
            assert endings[1].told == "emma.smith let it lie, so noah.meyer has it"
            twins = [ending async for ending in settle_twins(sample, as_)]
            assert [ending.wrong for ending in twins] == ["", ""]
            assert "merged, and taken apart again" in twins[1].told
