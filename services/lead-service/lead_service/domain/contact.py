"""Contact data in the one form in which duplicates can be seen (L3)."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from dealwire.catalogue.common import Contact
from dealwire.errors import Rejected

_EXTENSION = re.compile("转|轉|分机|分機")


def normalise(contact: Contact, phone_region: str) -> Contact:
    """Phone as E.164, e-mail in lower case. Raises Rejected for one that cannot be, and when there is neither."""
    reach = in_one_form(contact.phone, contact.email, phone_region)
    if not any(reach.values()):
        raise Rejected("no-way-to-reach", "A lead needs a phone number or an e-mail address.", pointer="/contact")
    return contact.model_copy(update=reach)


def in_one_form(phone: str | None, email: str | None, phone_region: str) -> dict[str, str | None]:
    """`phone` and `email` as they are kept, None for what was not told. Raises Rejected for what cannot be."""
    number, address = _typed(phone), _typed(email)
    return {
        "phone": e164(number, phone_region) if number else None,
        "email": mailbox(address) if address else None,
    }


def e164(phone: str, region: str) -> str:
    """The number as +CCNNNN, without extension; one without a country code is dialled within `region` (ISO 3166)."""
    try:
        number = phonenumbers.parse(_EXTENSION.sub(" ext. ", phone), region)
    except NumberParseException as error:
        raise Rejected("bad-phone", f"{phone!r} is no phone number.", pointer="/contact/phone") from error
    if not phonenumbers.is_valid_number(number):
        raise Rejected("bad-phone", f"{phone!r} is no phone number that exists.", pointer="/contact/phone")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def mailbox(email: str) -> str:
    """The address in lower case: no mail system in use tells two mailboxes apart by case."""
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Rejected("bad-email", f"{email!r} is no e-mail address: {error}", pointer="/contact/email") from error


def keys(contact: Contact) -> tuple[str, ...]:
    """What makes two leads the same person: two leads never share a key."""
    phone = (f"phone:{contact.phone}",) if contact.phone else ()
    email = (f"email:{contact.email}",) if contact.email else ()
    return phone + email


def _typed(text: str | None) -> str:
    """What somebody typed, with full-width letters, digits and signs as plain ones (X10)."""
    return unicodedata.normalize("NFKC", text or "").strip()
