from __future__ import annotations

from collections.abc import Iterable

from support.department import Department
from support.place import Servers

from dealwire.cli.client import Api
from dealwire.demo.play import hire, outcome, tell, unready
from dealwire.demo.sample import load_sample


async def test_the_sample_day_ends_as_it_should_also_when_it_is_played_twice(
    department: Department, servers: Servers | None
) -> None:
    sample = load_sample()
    async with Api.at(department.url) as services:

        def as_(subject: str, *roles: str, scopes: Iterable[str] = ()) -> Api:
            return services.as_(department.as_(subject, *roles, scopes=tuple(scopes)).token)

        so = as_("zhao.lei", "so")
        await hire(sample, so)
        for _ in range(2):
            endings = [ending async for ending in tell(sample, as_)]
            result = await outcome(sample, endings, so)
            assert result.wrong == []
            assert servers is None or await unready(so) == []
            assert len(endings) == len(sample.leads)
            assert result.cards["li.wei"]["sales_amount", "CNY"] == 1_603_000_000
