"""`dealwire setup`: what a deployment needs before its first start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from dealwire.catalogue import PUBLISHED
from dealwire.cli import secret_files
from dealwire.cli.broker import Management
from dealwire.cli.console import Failure, new_app, out
from dealwire.cli.database import prepare_database
from dealwire.cli.rights import operator_rights, service_rights, subscriber_rights
from dealwire.cli.secret_files import AMQP_URL, MONGO_URL, OPERATOR, SUBSCRIBERS
from dealwire.cli.services import services

app = new_app()

Folder = Annotated[Path, typer.Argument(help="The folder of secrets, see `dealwire setup secrets --help`.")]
ManagementUrl = Annotated[
    str, typer.Option(metavar="URL", help="RabbitMQ's management API, such as http://rabbitmq:15672, without a user.")
]
MongoHost = Annotated[
    str,
    typer.Option(metavar="HOST:PORT", help="MongoDB.", show_default="as in the services' URLs"),
]


@app.callback()
def setup() -> None:
    """Prepare a broker and a database for a deployment: every service with a user of its own and the least rights.

    For the stack on this machine (`dealwire up`) none of this is needed. All of it may be repeated: it changes nothing
    that is as it should be, and brings rights up to date after an upgrade. Secrets are never printed.

        dealwire setup secrets build/secrets --mongo-host mongo:27017 --broker-host rabbitmq:5672
        dealwire setup all build/secrets --management-url http://rabbitmq:15672
    """


@app.command("secrets")
def secrets_(
    folder: Annotated[Path, typer.Argument(help="Where to put them.")],
    mongo_host: Annotated[str, typer.Option(metavar="HOST:PORT", help="MongoDB, as the services see it.")],
    broker_host: Annotated[str, typer.Option(metavar="HOST:PORT", help="RabbitMQ, as the services see it.")],
    replica_set: Annotated[str, typer.Option(help="The name of MongoDB's replica set.")] = "rs0",
    vhost: Annotated[str, typer.Option(help="The virtual host of RabbitMQ.")] = "/",
    subscribers: Annotated[
        list[str] | None,
        typer.Option(
            "--subscriber", envvar="DEALWIRE_SUBSCRIBERS", help="Somebody who may read the log of events; repeatable."
        ),
    ] = None,
    owner: Annotated[
        int | None, typer.Option(help="The user id the services run as: gets what they read.", show_default="yours")
    ] = None,
) -> None:
    """Makes up passwords and keys, in files that only their owner may read. What is there stays as it is.

    A subfolder for each who reads it: `mongo/` and `rabbitmq/` have the administrators' passwords, `tokens/` the key
    pair of `dealwire token`, and a folder by the name of each service is that service's `DEALWIRE_SECRETS_DIR`.
    `operator/` may read dead letters and put them back; whoever has `subscribers/NAME` may read the log.

        dealwire setup secrets /secrets --mongo-host mongo:27017 --broker-host rabbitmq:5672 --owner 10001
    """
    new = secret_files.create(
        folder,
        mongo_host=mongo_host,
        replica_set=replica_set,
        broker_host=broker_host,
        vhost=vhost,
        subscribers=subscribers or (),
    )
    for file in new:
        out.print(f"made {file}")
    if owner is not None:
        for name in (*PUBLISHED, OPERATOR, SUBSCRIBERS, "tokens"):
            for file in (folder / name).rglob("*"):
                os.chown(file, owner, owner)


@app.command()
def broker(folder: Folder, management_url: ManagementUrl) -> None:
    """Makes the exchange, the log, and a RabbitMQ user for each service, the operator and the subscribers.

    A service may declare and read its own queues, announce its own events, and listen to those it reacts to. Run it
    again after an upgrade: rights follow the code.

        dealwire setup broker build/secrets --management-url http://rabbitmq:15672
    """
    accounts = [(secret_files.account(folder / each.name / AMQP_URL), service_rights(each)) for each in services()]
    if (folder / OPERATOR).exists():
        accounts.append((secret_files.account(folder / OPERATOR / AMQP_URL), operator_rights(services())))
    subscribers = sorted(file for file in (folder / SUBSCRIBERS).glob("*") if file.is_file())
    accounts += [(secret_files.account(file), subscriber_rights()) for file in subscribers]
    vhosts = {account.place or "/" for account, _ in accounts}
    if len(vhosts) > 1:
        raise Failure(f"The users' URLs name several virtual hosts: {', '.join(sorted(vhosts))}.")
    with Management(management_url, secret_files.administrator(folder / "rabbitmq"), vhosts.pop()) as management:
        for done in management.prepare():
            out.print(done)
        for account, rights in accounts:
            out.print(management.account(account, rights))


@app.command()
def database(folder: Folder, mongo_host: MongoHost = "") -> None:
    """Makes a MongoDB user for each service, who may read and write the service's own database and nothing else.

    A server that was started for a replica set and is in none yet becomes one. A password that has changed
    replaces the old one.

        dealwire setup database build/secrets --mongo-host mongo:27017
    """
    accounts = [secret_files.account(folder / service / MONGO_URL) for service in PUBLISHED]
    for done in prepare_database(
        mongo_host or accounts[0].hosts, secret_files.administrator(folder / "mongo"), accounts
    ):
        out.print(done)


@app.command("all")
def all_(folder: Folder, management_url: ManagementUrl, mongo_host: MongoHost = "") -> None:
    """Does `setup broker` and `setup database`.

    For a job that runs before the services start, at the first installation and at every upgrade:
    rights follow the code.

        dealwire setup all build/secrets --management-url http://rabbitmq:15672
    """
    broker(folder, management_url)
    database(folder, mongo_host)
