"""What an sdist holds beyond the installed wheel: tests, examples and docs as evidence, its own code not."""

import json
from pathlib import Path

import pytest
from fixture_library import LIBRARY, README, environment, install, library
from orchard_checkout import write_sdist

from seal_lsp.collect.gather import gather
from seal_lsp.languages.python.support import Python

CALL = "from acme import Client\n\n\ndef test_{0}():\n    assert Client('{0}').send('x')\n"
GUIDE = "# Guide\n\n## Begin\n\n```python\nfrom acme import Client\n\nClient('doc').send('y')\n```\n"
NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": ["from acme import Retry\n", "Retry(times=9)"]}]})
FILES = {
    "tests/test_send.py": CALL.format("send"),
    "tests/broken.py": "from acme import (\n",
    "docs/guide.md": GUIDE,
    "docs/prose.rst": "Acme\n====\n\nNothing but words.\n",
    "examples/retry.ipynb": NOTEBOOK,
    "src/acme/client.py": LIBRARY["acme/client.py"],
    "src/acme/docs/make.py": CALL.format("own"),
    "tools/release.py": CALL.format("release"),
}


def archive(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "acme-1.2.0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return write_sdist(folder / "acme-1.2.0.tar.gz", folder / "acme-1.2.0", "acme-1.2.0")


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    files = {**LIBRARY, "acme/docs/__init__.py": "", "acme/docs/make.py": CALL.format("own")}
    install(environment(tmp_path).site_packages[0], "acme", "1.2.0", files, readme=README)
    return tmp_path


def collect(tmp_path: Path, sdist: Path, **options):
    env, language = environment(tmp_path), Python()
    found = library(env, "acme")
    return gather(found, language.surface(found, env), env, language=language, sdist=sdist, **options)


def test_tests_examples_and_docs_are_evidence_and_its_own_code_is_not(acme: Path) -> None:
    found = collect(acme, archive(acme, FILES))
    there = {item.unit: item for item in found.evidence if item.provenance.source == "sdist"}
    assert set(there) == {"tests/test_send.py::test_send", "docs/guide.md#Begin", "examples/retry.ipynb"}
    assert all(item.kind == "usage" and item.shown for item in there.values())
    test = there["tests/test_send.py::test_send"].provenance
    assert (test.distribution, test.version, test.file, test.line) == ("acme", "1.2.0", "tests/test_send.py", 4)
    assert there["docs/guide.md#Begin"].provenance.line == 6
    assert "acme.Client.send" in there["docs/guide.md#Begin"].symbols
    assert any(what == "tests/broken.py" and "does not parse" in why for what, why in found.skipped)


def test_what_will_be_asked_is_no_evidence_in_an_sdist_either(acme: Path) -> None:
    asked = "\n".join(f"line_{n} = {n}" for n in range(12)) + "\nfrom acme import Client\n\nClient('x').send('y')\n"
    sdist = archive(acme, {"tests/test_asked.py": f"def test_asked():\n    {asked.replace(chr(10), chr(10) + '    ')}"})
    without = collect(acme, sdist)
    assert [item.unit for item in without.evidence if item.provenance.source == "sdist"]
    held = collect(acme, sdist, held_out=(asked,))
    assert not [item for item in held.evidence if item.provenance.source == "sdist"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"src/acme/client.py": "x = 1\n"}, "no tests, examples or docs"),
        (None, "cannot unpack"),
    ],
)
def test_an_sdist_that_gives_nothing_is_said_to_and_the_rest_is_there(acme: Path, files, why: str) -> None:
    sdist = archive(acme, files) if files else acme / "acme-1.2.0.tar.gz"
    if not files:
        sdist.write_bytes(b"no archive")
    found = collect(acme, sdist)
    assert {"readme", "docstring", "library"} <= {item.provenance.source for item in found.evidence}
    assert any(what == sdist.name and why in reason for what, reason in found.skipped)
