"""Open documents as the features see them: a snapshot of text at a version, notebooks joined up to the cell.

Documents that the editor did not open are never read from disk here. Knows nothing of languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument, Workspace

from seal_lsp.lsp.positions import UTF16, LineIndex

PYTHON = "python"
SHADOW = ".virtual_documents"
_MAGIC = re.compile(r"^([ \t]*)[%!?]", re.MULTILINE)


class Document(TextDocument):
    """A text document whose edits follow LSP's line ends and code units."""

    _index: LineIndex | None = None

    @property
    def index(self) -> LineIndex:
        if self._index is None or self._index.text is not self.source:
            encoding = self.position_codec.encoding  # an enum or the client's own word
            self._index = LineIndex(self.source, str(getattr(encoding, "value", encoding) or UTF16))
        return self._index

    @property
    def source(self) -> str:
        return self._source or ""

    def _apply_incremental_change(self, change: types.TextDocumentContentChangePartial) -> None:
        start, end = self.index.offsets(change.range)
        self._source = self.source[:start] + change.text + self.source[end:]


class Documents(Workspace):
    """pygls's workspace with our documents."""

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> Document:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document at a moment. `text` may begin with the notebook cells above (`base` characters of them); offsets are
    into `text`. `path` is None for what is not a file."""

    uri: str
    version: int | None
    language: str
    path: Path | None
    text: str
    base: int
    index: LineIndex

    def offset(self, position: types.Position) -> int:
        return self.base + self.index.offset(position)

    def position(self, offset: int) -> types.Position:
        return self.index.position(offset - self.base)

    def range(self, start: int, end: int) -> types.Range:
        return self.index.range(start - self.base, end - self.base)


def snapshot(documents: Workspace, uri: str) -> Snapshot | None:
    """None when the editor has not opened it."""
    from urllib.parse import unquote

    document = documents.text_documents.get(unquote(uri))
    if not isinstance(document, Document):
        return None
    notebook = documents.get_notebook_document(cell_uri=uri)
    above = ""
    if notebook is not None:
        above = _cells_above(documents, notebook, unquote(uri))
    own = _magic_as_comments(document.source) if notebook is not None else document.source
    return Snapshot(
        uri=uri,
        version=document.version,
        language=document.language_id or _language(document.path),
        path=file_of(notebook.uri if notebook is not None else uri),
        text=encodable(above + own),
        base=len(above),
        index=document.index,
    )


def encodable(text: str) -> str:
    """The same text with lone surrogates replaced one for one: editors send them, parsers and JSON refuse them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _cells_above(documents: Workspace, notebook: types.NotebookDocument, uri: str) -> str:
    from urllib.parse import unquote

    parts: list[str] = []
    for cell in notebook.cells:
        if unquote(cell.document) == uri:
            break
        document = documents.text_documents.get(unquote(cell.document))
        if cell.kind == types.NotebookCellKind.Code and document is not None and document.language_id == PYTHON:
            parts.append(_magic_as_comments(document.source).rstrip("\n") + "\n")
    return "".join(parts)


def _magic_as_comments(source: str) -> str:
    """IPython's % ! ? lines are not Python; as comments of the same length they keep every offset."""
    return _MAGIC.sub(r"\1#", source)


def _language(path: str) -> str:
    return PYTHON if path.endswith((".py", ".pyi")) else ""


def file_of(uri: str) -> Path | None:
    """The file that a URI names; None for what is no file. Where jupyter-lsp was not told that we read nothing from
    disk, it gives the workspace and its notebooks as lying in a shadow folder: they lie beside it."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(*(part for part in Path(path).parts if part != SHADOW)) if path else None
