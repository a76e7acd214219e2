from __future__ import annotations

from string import ascii_letters, digits, punctuation

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from dealwire.catalogue.common import Contact
from dealwire.errors import Rejected
from lead_service.domain.contact import e164, keys, mailbox, normalise

FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"})
"""How an input method for Chinese writes ASCII when nobody switched it."""


def phone(typed: str, region: str = "CN") -> str | None:
    return normalise(Contact(name="王芳", phone=typed), region).phone


def email(typed: str) -> str | None:
    return normalise(Contact(name="王芳", email=typed), "CN").email


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        " 138.0013.8000\n",
        "+86 138 0013 8000",
        "(+86) 138-0013-8000",
        "0086 13800138000",
        "8613800138000",
        "１３８００１３８０００",
        "＋８６　１３８　００１３　８０００",
        "tel:+8613800138000",
        "电话：13800138000",
        "138\u200b0013\u200b8000",
        "\u202d13800138000\u202c",
    ],
)
def test_a_chinese_mobile_number_is_the_same_however_it_was_typed(typed: str) -> None:
    assert phone(typed) == "+8613800138000"


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("010-6552 9988", "+861065529988"),
        ("(010) 65529988", "+861065529988"),
        ("010-65529988转801", "+861065529988"),
        ("010-65529988 分机 801", "+861065529988"),
        ("+86 10 6552 9988 ext. 801", "+861065529988"),
        ("400-800-8888", "+864008008888"),
        ("+852 2345 6789", "+85223456789"),
        ("00852 2345 6789", "+85223456789"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+49 (0)30 901820", "+4930901820"),
        ("+81 3-1234-5678", "+81312345678"),
    ],
)
def test_landlines_and_foreign_numbers_are_e164(typed: str, normal: str) -> None:
    assert phone(typed) == normal


def test_a_number_without_country_code_is_dialled_where_the_organisation_is() -> None:
    assert phone("(212) 555-0123", region="US") == "+12125550123"
    assert phone("020 7946 0958", region="GB") == "+442079460958"


@pytest.mark.parametrize(
    "typed",
    [
        "abc",
        "12345",
        "1380013800",
        "138001380001",
        "1380013800O",
        "13800138000/13900139000",
        "13800138000、13900139000",
        "+999 123 4567",
        "+86",
        "-",
    ],
)
def test_what_is_no_one_phone_number_is_rejected(typed: str) -> None:
    with pytest.raises(Rejected) as no:
        phone(typed)
    assert (no.value.slug, no.value.pointer) == ("bad-phone", "/contact/phone")


REGIONS = st.sampled_from(["CN", "HK", "TW", "US", "GB", "DE", "FR", "JP", "SG", "AU", "BR", "IN"])
WAYS = st.sampled_from([PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164])


@given(REGIONS, WAYS, st.sampled_from([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE]), st.booleans())
def test_every_way_to_write_a_number_gives_the_same(region: str, way: int, kind: int, full_width: bool) -> None:
    number = phonenumbers.example_number_for_type(region, kind)
    assert number is not None
    typed = phonenumbers.format_number(number, way)
    assert phone(typed.translate(FULL_WIDTH) if full_width else typed, region) == phonenumbers.format_number(
        number, PhoneNumberFormat.E164
    )


@given(st.text(ascii_letters + digits + punctuation + " ０９１３８転电话\u200b", max_size=40))
def test_a_normalised_number_is_normal(typed: str) -> None:
    try:
        normal = e164(typed, "CN")
    except Rejected:
        return
    assert normal.startswith("+")
    assert normal[1:].isascii()
    assert normal[1:].isdigit()
    assert e164(normal, "US") == normal


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Wang.Fang@Example.COM", "wang.fang@example.com"),
        ("  wang@example.com\t", "wang@example.com"),
        ("ｗａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", "wang@example.com"),
        ("ＷＡＮＧ@example。com", "wang@example.com"),
        ("wang@xn--fsqu00a.xn--55qx5d", "wang@例子.公司"),
        ("wang@例子.公司", "wang@例子.公司"),
        ("张伟@example.com", "张伟@example.com"),
    ],
)
def test_an_email_address_is_the_same_however_it_was_typed(typed: str, normal: str) -> None:
    assert email(typed) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "wang",
        "wang@",
        "@example.com",
        "wang@localhost",
        "wang@example",
        "wang@@example.com",
        "wang fang@example.com",
        "Wang <wang@example.com>",
        "wang@example.com;li@example.com",
        "wang\u200b@example.com",
        f"wang@{'example.' * 40}com",
    ],
)
def test_what_is_no_one_email_address_is_rejected(typed: str) -> None:
    with pytest.raises(Rejected) as no:
        email(typed)
    assert (no.value.slug, no.value.pointer) == ("bad-email", "/contact/email")


@given(st.emails())
def test_a_normalised_address_is_normal(typed: str) -> None:
    try:
        normal = mailbox(typed)
    except Rejected:
        return
    assert mailbox(normal) == normal
    assert mailbox(typed.upper()) == normal


@pytest.mark.parametrize("blank", [None, "", "  ", "\u3000"])
def test_a_lead_needs_a_phone_number_or_an_email_address(blank: str | None) -> None:
    with pytest.raises(Rejected) as no:
        normalise(Contact(name="王芳", phone=blank, email=blank), "CN")
    assert (no.value.slug, no.value.pointer) == ("no-way-to-reach", "/contact")
    reachable = normalise(Contact(name="王芳", phone=blank, email="wang@example.com"), "CN")
    assert (reachable.phone, keys(reachable)) == (None, ("email:wang@example.com",))
