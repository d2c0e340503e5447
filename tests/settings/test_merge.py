"""Layers of settings: what is good is kept, what is bad becomes its default or its closed value and one message."""

from __future__ import annotations

import pytest

from seal_lsp.settings.load import engine_variables, merge
from seal_lsp.settings.places import environment_layer
from seal_lsp.settings.schema import Settings

DEFAULT = Settings()


def test_an_engine_has_the_word_of_the_editor_that_starts_it():
    sent = {"model": {"id": "m", "runtime": "torch"}, "engine": {"threads": 3}, "learn": {"on_battery": True}}
    settings, _ = merge({**sent, "python": {"interpreter": "/venv"}})
    variables = engine_variables(settings)
    assert variables["SEAL_MODEL__ID"] == "m"
    assert "SEAL_PYTHON__INTERPRETER" not in variables
    heard, problems = merge(environment_layer(variables))
    assert problems == []
    assert (heard.model, heard.engine, heard.learn) == (settings.model, settings.engine, settings.learn)


def value(settings: Settings, name: str) -> object:
    group, field = name.split(".")
    return getattr(getattr(settings, group), field)


@pytest.mark.parametrize(
    ("layers", "name", "expected"),
    [
        ([], "learn.trust", "declared"),
        ([None], "learn.trust", "declared"),
        ([{}], "inline.max_tokens", 48),
        ([{"learn": {"trust": "ask"}}], "learn.trust", "ask"),
        ([{"learn.trust": "ask"}], "learn.trust", "ask"),
        ([{"seal-lsp": {"learn": {"trust": "ask"}}}], "learn.trust", "ask"),
        ([{"seal": {"learn.trust": "ask"}}], "learn.trust", "ask"),
        ([{"seal.learn.trust": "ask"}], "learn.trust", "ask"),
        ([{"inline": {"max-tokens": 7}}], "inline.max_tokens", 7),
        ([{"inline": {"max_tokens": "7"}}], "inline.max_tokens", 7),
        ([{"inline": {"max_tokens": 7}}, {"inline": {"max_tokens": 9}}], "inline.max_tokens", 9),
        ([{"inline": {"max_tokens": 7}}, {"inline": {"debounce_ms": 9}}], "inline.max_tokens", 7),
        ([{"inline": {"max_tokens": 7}}, {"inline": {"max_tokens": None}}], "inline.max_tokens", 7),
        ([{"inline": {"max_tokens": 7}}, {"inline": None}], "inline.max_tokens", 7),
        ([{"hover": {"enabled": "off"}}], "hover.enabled", False),
        ([{"engine": {"url": "http://gpu:8000"}}], "engine.url", "http://gpu:8000"),
        ([{"engine": {"url": "unix:/run/x.sock"}}], "engine.url", "unix:/run/x.sock"),
        ([{"model": {"device": "cuda:1"}}], "model.device", "cuda:1"),
        ([{"learn": {"exclude": ["a", "b"]}}], "learn.exclude", ("a", "b")),
        ([{"learn": {"exclude": "a, b,"}}], "learn.exclude", ("a", "b")),
        ([{"learn": {"exclude": '["a", "b"]'}}], "learn.exclude", ("a", "b")),
        ([{"learn": {"exclude": ["a"]}}, {"learn": {"exclude": ["b", "a"]}}], "learn.exclude", ("a", "b")),
        ([{"files": {"exclude": ["x/"]}}], "files.exclude", (*DEFAULT.files.exclude, "x/")),
    ],
)
def test_good_values(layers, name, expected):
    settings, messages = merge(*layers)
    assert value(settings, name) == expected
    assert messages == []


@pytest.mark.parametrize(
    ("layers", "expected", "said"),
    [
        # A bad value is its default, also over a lower layer's good one.
        ([{"inline": {"max_tokens": 0}}], {"inline.max_tokens": 48}, ["inline.max_tokens", "0", "48", "greater"]),
        ([{"inline": {"max_tokens": "many"}}], {"inline.max_tokens": 48}, ["'many'", "should be a valid integer"]),
        ([{"inline": {"max_tokens": 7}}, {"inline": {"max_tokens": []}}], {"inline.max_tokens": 48}, ["[]"]),
        ([{"completion": {"rank_deadline_ms": -1}}], {"completion.rank_deadline_ms": 800}, ["rank_deadline_ms"]),
        ([{"engine": {"url": "ftp://x"}}], {"engine.url": ""}, ["engine.url", "ftp://x", "http://"]),
        ([{"engine": {"threads": 99999}}], {"engine.threads": 0}, ["engine.threads", "99999"]),
        ([{"model": {"device": "toaster"}}], {"model.device": "auto"}, ["toaster", "cuda"]),
        ([{"hover": 3}], {"hover.enabled": True}, ["hover", "3", "table"]),
        # Consent is never guessed.
        ([{"learn": {"trust": "everything"}}], {"learn.trust": "none"}, ["'everything'", "'declared'", "'none'"]),
        ([{"learn": {"trust": "all"}}, {"learn": {"trust": 1}}], {"learn.trust": "none"}, ["learn.trust"]),
        ([{"learn": {"enabled": "perhaps"}}], {"learn.enabled": False}, ["learn.enabled", "perhaps", "False"]),
        ([{"collect": {"workspace": "no way"}}], {"collect.workspace": False}, ["collect.workspace"]),
        ([{"learn": False}], {"learn.enabled": False, "learn.trust": "none"}, ["learn", "False", "table"]),
        (["off"], {"learn.enabled": False, "learn.trust": "none", "collect.workspace": False}, ["'off'"]),
        ([{"seal": "off"}], {"learn.enabled": False, "learn.trust": "none"}, ["'off'"]),
        # Something should be left alone and we cannot tell what: no later word on trust counts.
        (
            [{"learn": {"exclude": [1], "trust": "all"}}, {"learn": {"trust": "all"}}],
            {"learn.trust": "none", "learn.exclude": ()},
            ["learn.exclude", "[1]", "nothing is learned"],
        ),
        ([{"files": {"exclude": '["a"'}}], {"learn.trust": "none"}, ["files.exclude"]),
        # Unknown names.
        ([{"learn": {"turst": "all"}}], {"learn.trust": "declared"}, ["learn.turst", "did you mean learn.trust?"]),
        ([{"inline": {"maxTokens": 5}}], {"inline.max_tokens": 48}, ["inline.maxTokens", "inline.max_tokens?"]),
        ([{"colour": "red"}], {}, ["no setting colour"]),
        ([{"learn": {"trust": {"deep": 1}}}], {"learn.trust": "none"}, ["learn.trust", "deep"]),
    ],
)
def test_bad_values(layers, expected, said):
    settings, messages = merge(*layers)
    assert {name: value(settings, name) for name in expected} == expected
    assert len(messages) == 1
    for words in said:
        assert words in messages[0]


def test_one_message_for_each_bad_value_and_the_rest_stays():
    settings, messages = merge({"inline": {"max_tokens": 0, "debounce_ms": 10}, "learn": {"trust": "x"}, "y": 1})
    assert settings.inline.debounce_ms == 10
    assert len(messages) == 3


def test_a_long_value_is_shown_short():
    _, messages = merge({"engine": {"url": "x" * 10_000}})
    assert len(messages[0]) < 400
