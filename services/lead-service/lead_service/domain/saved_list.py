"""Filters that people keep under a name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.sources import LeadListDeleted, LeadListSaved
from dealwire.errors import NotFound
from dealwire.event import Decision


class SavedList(BaseModel):
    """The state of a saved list; `filter` is what a list of leads can be asked for."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    name: str
    filter: dict[str, str | bool]
    deleted: bool = False


def save_list(id: str, owner: str, name: str, filter: dict[str, str | bool]) -> Decision[SavedList]:
    """A saved list belongs to who saved it: nobody else sees it."""
    saved = SavedList(id=id, owner=owner, name=name, filter=filter)
    return saved, (LeadListSaved(list_id=id, owner=owner, name=name, filter=filter),)


def delete_list(known: SavedList, by: str) -> Decision[SavedList]:
    """Only its owner deletes a saved list."""
    if known.owner != by:
        raise NotFound("not-found", f"You have no list {known.id!r}.")
    if known.deleted:
        return known, ()
    return known.model_copy(update={"deleted": True}), (LeadListDeleted(list_id=known.id),)
