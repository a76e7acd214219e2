"""`dealwire setup secrets`: made up once, for their reader only, never told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.cli import Ran, run

from dealwire.catalogue import PUBLISHED
from dealwire.cli.console import Failure
from dealwire.cli.secret_files import account, administrator
from dealwire.kit.settings import load_settings
from dealwire.kit.urls import check_amqp_url, check_mongo_url
from dealwire.stack.keys import AUDIENCE, ISSUER
from lead_service.settings import LeadSettings

HOSTS = ("--mongo-host", "mongo:27017", "--broker-host", "rabbitmq:5672")


def secrets(folder: Path, *arguments: str) -> Ran:
    return run("setup", "secrets", folder, *HOSTS, *arguments)


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_service_starts_with_its_folder_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets(tmp_path).status == 0
    monkeypatch.setenv("DEALWIRE_SECRETS_DIR", str(tmp_path / "lead-service"))
    settings = load_settings(LeadSettings)
    assert (settings.jwt_issuer, settings.jwt_audience) == (ISSUER, AUDIENCE)
    assert settings.amqp_url.endswith("@rabbitmq:5672/%2F")
    assert settings.mongo_url.endswith("@mongo:27017/lead-service?replicaSet=rs0")
    assert settings.mongo_database == "lead-service"


def test_again_it_makes_what_is_new_and_leaves_the_rest(tmp_path: Path) -> None:
    secrets(tmp_path)
    before = contents(tmp_path)
    assert secrets(tmp_path) == Ran(0, "", "")
    assert contents(tmp_path) == before
    ran = secrets(tmp_path, "--subscriber", "warehouse")
    assert ran.out == f"made {tmp_path}/subscribers/warehouse\n"
    assert contents(tmp_path).items() > before.items()


def test_subscribers_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEALWIRE_SUBSCRIBERS", "warehouse erp")
    assert secrets(tmp_path).status == 0
    users = {account(file).user for file in (tmp_path / "subscribers").iterdir()}
    assert users == {"warehouse", "erp"}


def test_every_password_is_another_one_and_none_is_told(tmp_path: Path) -> None:
    ran = secrets(tmp_path, "--subscriber", "warehouse")
    names = ("dealwire_amqp_url", "dealwire_mongo_url", "warehouse")
    urls = [file for name in names for file in tmp_path.rglob(name)]
    passwords = [account(url).password for url in urls]
    passwords += [administrator(tmp_path / name)[1] for name in ("mongo", "rabbitmq")]
    assert len(set(passwords)) == len(passwords) == 2 * len(PUBLISHED) + 4
    assert min(map(len, passwords)) >= 32
    assert not [password for password in passwords if password in ran.out + ran.err]


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    secrets(tmp_path, "--owner", str(os.getuid()))
    modes = {file.name: file.stat().st_mode & 0o077 for file in contents(tmp_path)}
    del modes["jwt-public.pem"]  # which is none
    assert set(modes.values()) == {0}


def test_what_the_services_read_is_given_to_their_user(tmp_path: Path) -> None:
    theirs = 10001 if os.getuid() == 0 else os.getuid()  # only root gives files away
    secrets(tmp_path, "--subscriber", "warehouse", "--owner", str(theirs))
    for file in contents(tmp_path):
        is_theirs = file.relative_to(tmp_path).parts[0] not in {"mongo", "rabbitmq"}
        assert file.stat().st_uid == (theirs if is_theirs else os.getuid())


def test_the_urls_are_ones_that_services_accept(tmp_path: Path) -> None:
    secrets(tmp_path, "--vhost", "sales/eu", "--replica-set", "main")
    amqp_url = (tmp_path / "kpi-service" / "dealwire_amqp_url").read_text()
    assert check_amqp_url(amqp_url)
    assert account(tmp_path / "kpi-service" / "dealwire_amqp_url").place == "sales/eu"
    assert check_mongo_url((tmp_path / "kpi-service" / "dealwire_mongo_url").read_text()).endswith("replicaSet=main")


def test_an_administrator_may_have_another_name(tmp_path: Path) -> None:
    secrets(tmp_path)
    assert administrator(tmp_path / "rabbitmq")[0] == "admin"
    (tmp_path / "rabbitmq" / "admin-user").write_text("default_user_x\n")
    assert administrator(tmp_path / "rabbitmq")[0] == "default_user_x"


@pytest.mark.parametrize("url", ["", "amqp://rabbitmq/", "amqp://me@rabbitmq/", "amqp://me:secret@/"])
def test_a_url_without_user_password_or_host_is_refused_unquoted(tmp_path: Path, url: str) -> None:
    file = tmp_path / "dealwire_amqp_url"
    file.write_text(url)
    with pytest.raises(Failure) as refused:
        account(file)
    assert "secret" not in refused.value.detail


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    ran = run("setup", "broker", tmp_path, "--management-url", "http://localhost:1")
    assert ran.status == 1
    assert ran.err.startswith(f"{tmp_path}/lead-service/dealwire_amqp_url cannot be read: No such file or directory.")
