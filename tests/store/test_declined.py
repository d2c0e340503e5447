"""What was declined for good: kept, taken back, and nothing lost of a file that somebody has damaged."""

from __future__ import annotations

import json

import pytest

from seal_lsp.store.declined import Declined


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "declined.json"


def test_a_name_is_kept_once_and_taken_back(path):
    first, second = Declined(path), Declined(path)
    assert first.names() == []
    first.remove("rich")
    assert not path.exists()
    for name in ("rich", "attrs", "rich"):
        first.add(name)
    assert second.names() == ["attrs", "rich"]
    second.remove("rich")
    assert first.names() == json.loads(path.read_text()) == ["attrs"]


@pytest.mark.parametrize("damaged", ['["rich", ', '{"rich": 1}', "[1]", "", "\udcff"])
def test_a_damaged_file_is_set_aside(path, damaged, caplog):
    path.parent.mkdir()
    content = damaged.encode("utf-8", "surrogateescape")
    path.write_bytes(content)
    declined = Declined(path)
    assert declined.names() == []
    declined.remove("rich")
    assert path.read_bytes() == content
    declined.add("attrs")
    assert declined.names() == ["attrs"]
    (kept,) = path.parent.glob("declined.json.damaged-*")
    assert kept.read_bytes() == content
    assert "set aside" in caplog.text
