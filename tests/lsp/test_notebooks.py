"""Notebooks as clients without LSP's notebooks give them: all cells in one Python document with the notebook's URI."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from seal_lsp.lsp.documents import Documents, file_of, snapshot

CELLS = "from orchard import Ladder\nladder = Ladder()\n\n\nladder."


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///work/farm", "/work/farm"),
        ("file:///work/farm/a%20%C3%A9.ipynb", "/work/farm/a é.ipynb"),
        ("file:///work/farm/.virtual_documents", "/work/farm"),
        ("file:///work/farm/.virtual_documents/a.ipynb", "/work/farm/a.ipynb"),
        ("file:///work/farm/.virtual_documents/deep/a.ipynb.python-1.py", "/work/farm/deep/a.ipynb.python-1.py"),
        ("untitled:a", None),
    ],
)
def test_the_file_of_a_uri(uri, path):
    assert file_of(uri) == (Path(path) if path else None)


def test_all_cells_in_one_document_are_python():
    uri = "file:///work/farm/the%20harvest.ipynb"
    documents = Documents("file:///work/farm", types.TextDocumentSyncKind.Incremental, [])
    documents.put_text_document(types.TextDocumentItem(uri, "python", 0, CELLS))
    found = snapshot(documents, uri)
    assert (found.language, found.path, found.text, found.base) == (
        "python", Path("/work/farm/the harvest.ipynb"), CELLS, 0,
    )  # fmt: skip
    assert found.offset(types.Position(4, 7)) == len(CELLS)


def test_jupyter_is_told_how_to_start_it():
    """By the entry point; `make test-jupyterlab` asks jupyter-lsp whether it understands."""
    import sys
    import tomllib

    from seal_lsp.lsp.jupyter import spec

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["jupyter_lsp_spec_v1"] == {"seal-lsp": f"{spec.__module__}:{spec.__name__}"}
    (said,) = spec(None).values()
    assert said["argv"] == [sys.executable, "-P", "-m", "seal_lsp.cli.entry"]
    assert not said["requires_documents_on_disk"]
