"""The schema itself: every setting explains itself, and what editors are given fits what is read."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seal_lsp.settings.layers import mark_of
from seal_lsp.settings.load import editor_properties, json_schema, merge
from seal_lsp.settings.schema import Closed, Settings, Workspace

FIELDS = [(group, field) for group, info in Settings.model_fields.items() for field in info.annotation.model_fields]


@pytest.mark.parametrize(("group", "field"), FIELDS)
def test_every_setting_has_a_sentence_and_a_valid_default(group, field):
    info = Settings.model_fields[group].annotation.model_fields[field]
    assert info.description[0].isupper()
    assert info.description.endswith(".")
    settings, messages = merge({group: {field: info.default}})
    assert messages == []
    if group != "files" or field != "exclude":
        assert settings == Settings()


@pytest.mark.parametrize(("group", "field"), FIELDS)
def test_closed_values_are_valid_and_narrow(group, field):
    closed, workspace = mark_of((group, field), Closed), mark_of((group, field), Workspace)
    if closed is None:
        return
    _, messages = merge({group: {field: closed.value}})
    assert messages == []
    assert workspace.may == "narrow"
    assert workspace.order[0] == closed.value


def test_the_names_that_other_rooms_use():
    assert {f"{group}.{field}" for group, field in FIELDS} >= {
        "python.interpreter", "learn.enabled", "learn.trust", "learn.exclude", "learn.auto", "learn.max_tokens",
        "completion.enabled", "completion.rank_deadline_ms", "inline.enabled", "inline.max_tokens",
        "inline.deadline_ms", "inline.first_ms", "inline.debounce_ms", "inline.min_confidence",
        "inline.context_tokens",
        "hover.enabled", "hover.model_line",
        "engine.url",
        "engine.idle_exit_s", "engine.threads", "model.id", "model.device", "model.runtime", "model.weights",
        "model.url", "model.served_name", "model.key_variable", "model.allow_host", "files.exclude",
        "files.max_kb",
        "collect.workspace", "collect.dependents", "collect.sdist",
    }  # fmt: skip


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().learn.trust = "all"


def test_json_schema_is_json_and_closed():
    schema = json.loads(json.dumps(json_schema()))
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert all(not group["additionalProperties"] for group in schema["$defs"].values())


def test_an_editor_that_sends_every_default_overrules_nothing():
    properties = editor_properties()
    assert set(properties) == {f"seal.{group}.{field}" for group, field in FIELDS}
    sent = {name: definition["default"] for name, definition in properties.items()}
    settings, messages = merge({"learn": {"trust": "none"}}, sent)
    assert settings.learn.trust == "none"
    assert messages == []


@pytest.mark.parametrize(
    ("name", "scope"),
    [("learn.trust", "machine"), ("engine.url", "machine"), ("python.interpreter", "machine"),
     ("model.id", "machine"), ("inline.enabled", "resource"), ("files.exclude", "resource")],
)  # fmt: skip
def test_a_workspaces_editor_settings_cannot_reach_what_is_the_users(name, scope):
    assert editor_properties()[f"seal.{name}"]["scope"] == scope


def test_importing_the_schema_imports_nothing_heavy():
    code = (
        "import sys, seal_lsp.settings.schema, seal_lsp.settings.load;"
        "print([m for m in ('torch', 'transformers', 'pygls', 'jedi', 'griffe', 'sqlite3', 'httpx', 'platformdirs')"
        " if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize(("given", "sent"), [({}, None), ({"learn": {"max_tokens": 3000}}, 3000)])
def test_a_budget_that_somebody_set_reaches_the_learner(given, sent):
    assert merge(given)[0].learn_overrides().get("tokens_at_most") == sent


@pytest.mark.parametrize(("given", "sent"), [({}, None), ({"collect": {"sdist": True}}, True)])
def test_an_sdist_is_fetched_only_where_somebody_said_so(given, sent):
    assert merge(given)[0].learn_overrides().get("collect.sdist") is sent
