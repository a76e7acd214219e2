"""`dealwire docs`: what is written, what is checked, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from support.cli import Ran, run

from dealwire.catalogue import CATALOGUE
from dealwire.stack.binaries import ROOT

OPENAPI = sorted((ROOT / "docs" / "openapi").glob("*.json"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the documents of this checkout."""
    return Path(shutil.copytree(ROOT / "docs", tmp_path / "docs"))


def docs(*arguments: str | Path) -> Ran:
    return run("docs", *arguments)


def test_the_documents_of_this_checkout_are_what_its_code_says() -> None:
    result = docs("--check")
    assert (result.status, result.out + result.err) == (0, "")


def test_what_is_missing_is_named_and_written(folder: Path) -> None:
    names = ["asyncapi.yaml", "events.md", "openapi/lead-service.json", "schemas/lead.captured.v1.json"]
    before = [(folder / name).read_text() for name in names]
    for name in names:
        (folder / name).unlink()
    result = docs("--check", "--folder", folder)
    assert (result.status, result.err) == (1, f"Out of date: {', '.join(names)}. Run `make docs`.\n")
    assert not any((folder / name).exists() for name in names)

    result = docs("--folder", folder)
    assert (result.status, result.out) == (0, "".join(f"wrote docs/{name}\n" for name in names))
    assert [(folder / name).read_text() for name in names] == before


def test_a_document_that_differs_is_named(folder: Path) -> None:
    (folder / "events.md").write_text("# Events\n")
    result = docs("--check", "--folder", folder)
    assert (result.status, result.err) == (1, "Out of date: events.md. Run `make docs`.\n")


def test_what_no_code_stands_behind_is_named_and_removed(folder: Path) -> None:
    left_over = folder / "openapi" / "fax-service.json"
    left_over.write_text("{}")
    assert "openapi/fax-service.json" in docs("--check", "--folder", folder).err
    assert docs("--folder", folder).out == "removed docs/openapi/fax-service.json\n"
    assert not left_over.exists()


@pytest.mark.parametrize("check", [["--check"], []])
def test_a_change_that_breaks_a_published_schema_is_refused(folder: Path, check: list[str]) -> None:
    """The file stands for what was published; the code has lost a field of it since."""
    file = folder / "schemas" / "lead.discarded.v1.json"
    published = json.loads(file.read_text())
    published["properties"]["data"]["properties"]["by"] = {"type": "string"}
    file.write_text(json.dumps(published))
    (folder / "events.md").unlink()
    result = docs(*check, "--folder", folder)
    assert result.status == 1
    assert "lead.discarded.v1 is published, and /data/by is gone. Declare a new version" in result.err
    assert not (folder / "events.md").exists()


def test_a_new_version_of_an_event_is_no_change_of_the_old_one(folder: Path) -> None:
    (folder / "schemas" / "lead.discarded.v1.json").unlink()
    assert docs("--folder", folder).out == "wrote docs/schemas/lead.discarded.v1.json\n"


def test_an_event_without_an_example_is_refused(folder: Path) -> None:
    (folder / "examples" / "lead.discarded.v1.json").unlink()
    result = docs("--folder", folder)
    assert result.status == 1
    assert "lead.discarded.v1 has no example" in result.err


def test_an_example_of_no_event_is_refused(folder: Path) -> None:
    shutil.copy(folder / "examples" / "lead.discarded.v1.json", folder / "examples" / "lead.faxed.v1.json")
    result = docs("--folder", folder)
    assert result.status == 1
    assert "lead.faxed.v1.json is an example of no event there is" in result.err


def test_what_is_written_does_not_depend_on_whose_environment_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALWIRE_MAX_BODY_BYTES", "7")
    monkeypatch.setenv("DEALWIRE_JWT_PUBLIC_KEY", "no key")
    shutil.rmtree(folder / "openapi")
    assert docs("--folder", folder).status == 0
    assert docs("--check", "--folder", folder).status == 0


@pytest.mark.parametrize("file", OPENAPI, ids=lambda file: file.stem)
def test_an_openapi_document_is_valid(file: Path) -> None:
    validate(json.loads(file.read_text()))


def test_every_service_has_an_openapi_document() -> None:
    assert {file.stem for file in OPENAPI} == {"lead-service", "pipeline-service", "contract-service", "kpi-service"}


def test_the_page_of_events_names_every_event_once() -> None:
    rows = [row for row in (ROOT / "docs" / "events.md").read_text().splitlines() if row.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(CATALOGUE)
    signed = next(row for row in rows if row.startswith("| `contract.signed.v1`"))
    assert "| contract-service | pipeline-service, contract-service, kpi-service |" in signed
