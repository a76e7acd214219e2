"""Public web forms: where strangers leave their data without a token (L1)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.sources import LeadFormOpened, LeadFormRevoked, Preset
from dealwire.errors import Forbidden
from dealwire.event import Decision


class Form(BaseModel):
    """The state of a web form. Of its key only the hash is known; `origins` are the sites it may stand on, none: any."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    preset: Preset
    origins: tuple[str, ...]
    key_hash: str
    revoked: bool = False


def open_form(id: str, name: str, preset: Preset, origins: tuple[str, ...], key_hash: str) -> Decision[Form]:
    """A form has a key of its own, and says once for all its leads where they come from (L1)."""
    form = Form(id=id, name=name, preset=preset, origins=origins, key_hash=key_hash)
    return form, (LeadFormOpened(form_id=id, name=name, preset=preset, origins=origins),)


def revoke(form: Form) -> Decision[Form]:
    """A form that is revoked takes nothing any more."""
    if form.revoked:
        return form, ()
    return form.model_copy(update={"revoked": True}), (LeadFormRevoked(form_id=form.id),)


def must_stand_on(form: Form, origin: str | None) -> None:
    """A form works on the sites it was made for only. Raises Forbidden."""
    if form.origins and origin is not None and origin.rstrip("/").lower() not in form.origins:
        raise Forbidden("wrong-origin", "This form does not belong on this site.")
