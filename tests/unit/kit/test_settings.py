from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from pydantic import ValidationError
from unit.kit.webs import KEY, pem

from dealwire.kit.settings import InvalidSettings, ServiceSettings, load_settings

SECRET = "s3cret"
GIVEN = {
    "MONGO_URL": f"mongodb://notes:{SECRET}@db1:27017,db2:27017/?replicaSet=rs0",
    "AMQP_URL": f"amqps://notes:{SECRET}@broker:5671/dealwire",
    "JWT_PUBLIC_KEY": pem(KEY),
}


class NotesSettings(ServiceSettings):
    service: str = "notes-service"


def load(monkeypatch: pytest.MonkeyPatch, **more: str) -> NotesSettings:
    for name, value in {**GIVEN, **more}.items():
        monkeypatch.setenv(f"DEALWIRE_{name}", value)
    return load_settings(NotesSettings)


def refusal(monkeypatch: pytest.MonkeyPatch, **more: str) -> str:
    with pytest.raises(InvalidSettings) as refused:
        load(monkeypatch, **more)
    return str(refused.value)


def test_what_is_needed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.mongo_database == "notes-service"
    assert settings.retry_tiers_seconds == (5, 30, 120, 600)
    assert (settings.workday_start, settings.workday_end) == (time(9), time(18))


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, MONGO_DATABASE="n", RETRY_TIERS_SECONDS="1, 2,3", WORKDAY_START="08:30", PORT="")
    assert settings.mongo_database == "n"
    assert settings.retry_tiers_seconds == (1, 2, 3)
    assert settings.workday_start == time(8, 30)
    assert settings.port == 8000  # an empty variable is none


def test_secrets_come_from_files_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dealwire_mongo_url").write_text(f"mongodb://from:{SECRET}@file/\n")
    (tmp_path / "key.pem").write_text(pem(KEY))
    monkeypatch.setenv("DEALWIRE_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("DEALWIRE_AMQP_URL", GIVEN["AMQP_URL"])
    monkeypatch.setenv("DEALWIRE_JWT_PUBLIC_KEY_FILE", str(tmp_path / "key.pem"))
    settings = load_settings(NotesSettings)
    assert settings.mongo_url == f"mongodb://from:{SECRET}@file/"
    assert settings.jwt_public_key == pem(KEY).strip()


def test_a_key_may_stand_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, JWT_PUBLIC_KEY=pem(KEY).replace("\n", "\\n")).jwt_public_key == pem(KEY).strip()


def test_everything_that_is_missing_is_told_at_once_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings(NotesSettings)
    mongo, amqp = str(refused.value).splitlines()
    assert mongo.startswith("DEALWIRE_MONGO_URL is not set. Set it to the URL of MongoDB, such as mongodb://user:")
    assert amqp.startswith("DEALWIRE_AMQP_URL is not set. Set it to the URL of RabbitMQ, such as amqps://user:")
    message = refusal(monkeypatch, JWT_PUBLIC_KEY="")
    assert message == (
        "Set one of DEALWIRE_JWT_PUBLIC_KEY, DEALWIRE_JWT_PUBLIC_KEY_FILE and DEALWIRE_JWKS_URL, "
        "so that tokens can be verified."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "http"),
        ("LOG_LEVEL", "loud"),
        ("TIMEZONE", "Asia/Nowhere"),
        ("TIMEZONE", "../etc/passwd"),
        ("HOLIDAYS", "China"),
        ("WORKDAY_START", "25:00"),
        ("RETRY_TIERS_SECONDS", "5,x"),
        ("RETRY_TIERS_SECONDS", "30,5"),
        ("JWT_PUBLIC_KEY", "no key"),
        ("JWT_PUBLIC_KEY_FILE", "/nowhere/key.pem"),
        ("JWKS_URL", "file:///etc/passwd"),
        ("MAX_BODY_BYTES", "-5"),
        ("MONGO_URL", "postgres://a:b@db/"),
        ("MONGO_URL", "mongodb:///notes"),
        ("MONGO_URL", "nonsense"),
        ("AMQP_URL", "http://a:b@broker/"),
        ("SECRETS_DIR", "/nowhere"),
    ],
)
def test_a_wrong_value_is_told_with_what_to_set_and_without_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    message = refusal(monkeypatch, **{name: value})
    assert message.startswith(f"DEALWIRE_{name} ")
    assert value not in message
    assert "Traceback" not in message


def test_the_working_day_begins_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, WORKDAY_START="18:00", WORKDAY_END="09:00")
    assert message == "DEALWIRE_WORKDAY_START must be earlier than DEALWIRE_WORKDAY_END."


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1:5673", "[::1]:5672", "localhost"])
def test_default_credentials_are_for_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    assert load(monkeypatch, AMQP_URL=f"amqp://guest:guest@{host}/", MONGO_URL=f"mongodb://{host}/?replicaSet=rs0")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("AMQP_URL", "amqp://guest:guest@broker/"),
        ("AMQP_URL", "amqp://broker/"),
        ("AMQP_URL", "amqp://notes@broker/"),
        ("AMQP_URL", "amqp://g%75est:guest@broker/"),
        ("AMQP_URL", "amqp://guest:guest@localhost.example.com/"),
        ("AMQP_URL", "amqp://guest:guest@127.0.0.1.example.com/"),
        ("MONGO_URL", "mongodb://db/"),
        ("MONGO_URL", "mongodb://127.0.0.1,db/"),
        ("MONGO_URL", "mongodb+srv://cluster.example.com/"),
        ("MONGO_URL", "mongodb://notes@db/"),
    ],
)
def test_default_credentials_are_not_for_other_machines(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    assert "is only for a" in refusal(monkeypatch, **{name: url})


def test_a_certificate_takes_the_place_of_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, MONGO_URL="mongodb://db/?authMechanism=MONGODB-X509&tls=true")


@pytest.mark.parametrize("url", [f"amqp://notes:{SECRET}@[broker/", f"amqp://notes:{SECRET}@bro\u2100ker/"])
def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert SECRET not in repr(load(monkeypatch)) + str(load(monkeypatch))
    assert SECRET not in refusal(monkeypatch, AMQP_URL=url)
    with pytest.raises(ValidationError) as refused:
        NotesSettings()
    assert SECRET not in str(refused.value)
    assert SECRET not in refusal(monkeypatch, AMQP_URL=f"http://notes:{SECRET}@broker/", RETRY_TIERS_SECONDS=SECRET)
