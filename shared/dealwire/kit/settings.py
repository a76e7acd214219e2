"""What a service is told from outside, checked before it does anything.

A value comes from the environment (`DEALWIRE_MONGO_URL`) or from a file of that name in lower case in the folder
`DEALWIRE_SECRETS_DIR` (`dealwire_mongo_url`), which is how container platforms hand over secrets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from dealwire.calendar import BusinessCalendar
from dealwire.kit.tokens import read_public_key
from dealwire.kit.urls import check_amqp_url, check_mongo_url

PREFIX = "DEALWIRE_"
MIB = 1024 * 1024


class InvalidSettings(Exception):
    """Something is missing or wrong; the message has a sentence for each variable, and no value of any."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as unknown:
        raise ValueError("this is no time zone of the IANA database") from unknown
    return value


def _public_key(value: str) -> str:
    pem = value.replace("\\n", "\n").strip()  # a key in one line, as environment files have it
    if pem:
        read_public_key(pem)
    return pem


def _readable(value: Path | None) -> Path | None:
    try:
        if value is not None:
            value.read_text(encoding="ascii")
    except (OSError, ValueError) as unreadable:
        raise ValueError("there is no text to read at this path") from unreadable
    return value


def _growing(value: tuple[int, ...]) -> tuple[int, ...]:
    if list(value) != sorted(set(value)):
        raise ValueError("every wait must be longer than the one before")
    return value


class ServiceSettings(BaseSettings):
    """What every service can be told; a service's own class sets `service` and adds its policy.

    The description of a field completes "Set it to …" in what a person reads when it is missing or wrong.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="the name of the service")]

    mongo_url: Annotated[
        str,
        AfterValidator(check_mongo_url),
        Field(repr=False, description="the URL of MongoDB, such as mongodb://user:password@host:27017/?replicaSet=rs0"),
    ]
    mongo_database: Annotated[str, Field(max_length=63, description="the name of the service's own database")] = ""
    amqp_url: Annotated[
        str,
        AfterValidator(check_amqp_url),
        Field(repr=False, description="the URL of RabbitMQ, such as amqps://user:password@host:5671/vhost"),
    ]

    jwt_public_key: Annotated[
        str,
        AfterValidator(_public_key),
        Field(repr=False, description="the public key that tokens are signed against (PEM; EdDSA, ES256 or RS256)"),
    ] = ""
    jwt_public_key_file: Annotated[
        Path | None, AfterValidator(_readable), Field(description="a file with that public key")
    ] = None
    jwks_url: Annotated[
        str | None, Field(pattern="^https?://", description="the URL of the identity provider's key set (JWKS)")
    ] = None
    jwt_issuer: Annotated[str | None, Field(description="the issuer that a token must name")] = None
    jwt_audience: Annotated[str | None, Field(description="the audience that a token must name")] = None

    host: Annotated[str, Field(description="the address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="the port to listen on, from 1 to 65535")] = 8000
    trusted_proxies: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(description="the addresses or networks of gateways whose X-Forwarded headers hold, separated by commas"),
    ] = ("127.0.0.1", "::1")
    max_body_bytes: Annotated[PositiveInt, Field(description="the largest request body, in bytes")] = MIB
    ready_delay_seconds: Annotated[
        NonNegativeFloat,
        Field(description="how long to go on after SIGTERM, while /readyz says no, until a gateway has noticed"),
    ] = 0
    drain_seconds: Annotated[
        PositiveInt, Field(description="how long requests and messages in hand may take after that, in whole seconds")
    ] = 10

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="debug, info, warning or error")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        Field(description="json, console, or auto (console on a terminal, json elsewhere)"),
    ] = "auto"

    timezone: Annotated[
        str, AfterValidator(_known_zone), Field(description="the organisation's time zone, such as Asia/Shanghai")
    ] = "Asia/Shanghai"
    holidays: Annotated[
        str, Field(pattern="^[A-Z]{2}$", description="the country whose public holidays count, such as CN")
    ] = "CN"
    workday_start: Annotated[time, Field(description="when the working day begins, such as 09:00")] = time(9)
    workday_end: Annotated[time, Field(description="when the working day ends, such as 18:00")] = time(18)

    prefetch: Annotated[int, Field(ge=1, le=65535, description="how many messages to take from the broker at once")] = (
        64
    )
    relay_in_flight: Annotated[
        PositiveInt, Field(description="how many events may await the broker's confirmation")
    ] = 200
    sweep_after_seconds: Annotated[
        PositiveFloat, Field(description="how long an event may be pending before any replica announces it")
    ] = 5.0
    sweep_interval_seconds: Annotated[PositiveFloat, Field(description="how often to look for such events")] = 1.0
    clock_interval_seconds: Annotated[PositiveFloat, Field(description="how often to look for passed deadlines")] = 1.0
    retry_tiers_seconds: Annotated[
        tuple[PositiveInt, ...],
        NoDecode,
        BeforeValidator(_split),
        AfterValidator(_growing),
        Field(description="the waits before a failed message is tried again, in whole seconds, such as 5,30,120,600"),
    ] = (5, 30, 120, 600)
    topology_check_seconds: Annotated[
        PositiveFloat, Field(description="how often to check that exchange, log and queues are there")
    ] = 5.0

    @property
    def calendar(self) -> BusinessCalendar:
        """The organisation's working time."""
        return BusinessCalendar(self.timezone, self.holidays, self.workday_start, self.workday_end)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, Any]) -> dict[str, Any]:
        filled = {"mongo_database": values.get("service", cls.model_fields["service"].default), **values}
        if key_file := values.get("jwt_public_key_file"):
            with suppress(OSError, ValueError):  # the check of the path itself says what is wrong with it
                filled.setdefault("jwt_public_key", Path(key_file).read_text(encoding="ascii"))
        return filled

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if bool(self.jwt_public_key) == bool(self.jwks_url):
            raise ValueError(
                f"Set one of {PREFIX}JWT_PUBLIC_KEY, {PREFIX}JWT_PUBLIC_KEY_FILE and {PREFIX}JWKS_URL, so that tokens "
                "can be verified."
            )
        if self.workday_start >= self.workday_end:
            raise ValueError(f"{PREFIX}WORKDAY_START must be earlier than {PREFIX}WORKDAY_END.")
        return self


T = TypeVar("T", bound=BaseSettings)


def load_settings(settings_type: type[T]) -> T:
    """Reads and checks the settings. Raises InvalidSettings with all that a person has to put right."""
    secrets = os.environ.get(f"{PREFIX}SECRETS_DIR")
    if secrets and not Path(secrets).is_dir():
        raise InvalidSettings(f"{PREFIX}SECRETS_DIR names a folder that is not there.")
    try:
        return settings_type(_secrets_dir=secrets)
    except ValidationError as error:
        sentences = [_sentence(settings_type, fault["loc"], fault) for fault in error.errors(include_input=False)]
        raise InvalidSettings("\n".join(sentences)) from None
    except SettingsError as error:  # names the field; its cause would quote the value
        raise InvalidSettings(f"{error}.") from None


def _sentence(settings_type: type[BaseSettings], loc: tuple[int | str, ...], fault: Mapping[str, Any]) -> str:
    message: str = fault["msg"].removeprefix("Value error, ")
    field = settings_type.model_fields.get(str(loc[0])) if loc else None
    if field is None:
        return message
    name = f"{PREFIX}{str(loc[0]).upper()}"
    advice = f"Set it to {field.description}." if field.description else ""
    if len(loc) > 1:  # inside a value that is an object
        where = ".".join(str(part) for part in loc[1:])
        return f"{name} is wrong at {where}: {message[0].lower()}{message[1:]}. {advice}"
    if fault["type"] == "missing":
        return f"{name} is not set. {advice}"
    return f"{name} is wrong: {message[0].lower()}{message[1:]}. {advice}"
