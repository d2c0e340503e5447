"""What the README says of editors without a package of their own, without those editors: their settings can be read."""

from __future__ import annotations

import json
import tomllib

from client_readme import block


def test_helix_is_told_of_the_server_in_at_most_five_lines():
    text = block("Helix", "toml")
    assert len(text.splitlines()) <= 5
    told = tomllib.loads(text)
    (language,) = told["language"]
    assert language == {"name": "python", "language-servers": list(told["language-server"])}
    assert told["language-server"]["seal-lsp"] == {"command": "seal-lsp"}


def test_kate_is_told_of_the_server():
    assert json.loads(block("Kate", "json"))["servers"]["python"]["command"] == ["seal-lsp"]


def test_zed_is_told_of_the_server():
    told = json.loads(block("Zed", "json"))
    first = told["languages"]["Python"]["language_servers"][0]
    assert told["lsp"][first]["binary"]["path"].endswith("/seal-lsp")
