"""The scripted model obeys the Protocol, so that what works with it works with a real one."""

from __future__ import annotations

import json
import math
import threading

import pytest

from seal_lsp.core.errors import Cancelled, StoreDamaged
from seal_lsp.lm.scripted import ScriptedLanguageModel, write_scripted_adapter

A, B = "a" * 64, "b" * 64


@pytest.fixture
def model():
    return ScriptedLanguageModel(
        {"throttled.": "Throttled(key='x')\nnext line", "self.": "base"},
        {"Throttled": 0.25, "limit": 0.5},
        adapters={A: {"rules": {"self.": "learned"}, "preferences": {"limit": 0.9}}},
        default="pass",
    )


@pytest.mark.parametrize(
    ("prompt", "options", "expected"),
    [
        ("import throttled\nthrottled.", {}, ("Throttled(key='x')\nnext line", "stop")),
        ("throttled.", {"stop": ["\n"]}, ("Throttled(key='x')", "stop")),
        ("throttled.", {"max_tokens": 2}, ("Throttled(", "length")),
        ("throttled.", {"deadline_s": 0.0}, ("", "deadline")),
        ("nothing known", {}, ("pass", "stop")),
        ("self.", {}, ("base", "stop")),
        ("self.", {"adapter": A}, ("learned", "stop")),
        ("throttled.", {"adapter": A, "stop": ["("]}, ("Throttled", "stop")),
        ("throttled.", {"max_prompt_tokens": 1}, ("pass", "stop")),
    ],
)
def test_it_writes_what_the_script_says(model, prompt, options, expected):
    got = model.generate([prompt], **{"max_tokens": 50, **options})[0]
    assert (got.text, got.finish) == expected


def test_cancel(model):
    flag = threading.Event()
    flag.set()
    assert model.generate(["self."], max_tokens=9, cancel=flag)[0].finish == "cancelled"
    with pytest.raises(Cancelled):
        model.rank("self.", ["x"], cancel=flag)


def test_preferences_are_probabilities(model):
    assert model.rank("x.", ["limit", "Throttled", "xyz"]) == [math.log(0.5), math.log(0.25), -3.0]
    assert model.rank("x.", ["limit", "xyz"], adapter=A) == pytest.approx([math.log(0.9), -3.0])
    assert [s.bytes for s in model.score([("x.", "limit")])] == [5]


def test_scale(model):
    model.set_scale(A, 0.0)
    assert model.rank("x.", ["limit"], adapter=A) == [math.log(0.5)]
    model.set_scale(A, 1.0)
    assert model.rank("x.", ["limit"], adapter=A) == pytest.approx([math.log(0.9)])


def test_adapters_from_disk(model, tmp_path):
    digest = write_scripted_adapter(tmp_path / "one", {"self.": "from disk"}, {"limit": 0.7})
    model.load_adapter(tmp_path / "one", digest)
    assert model.adapters() == (A, digest)
    assert model.generate(["self."], max_tokens=9, adapter=digest)[0].text == "from disk"
    model.unload_adapter(digest)
    for call in (
        lambda: model.generate(["self."], max_tokens=9, adapter=digest),
        lambda: model.rank("self.", ["x"], adapter=digest),
        lambda: model.unload_adapter(digest),
        lambda: model.load_adapter(tmp_path / "one", B),
        lambda: model.load_adapter(tmp_path / "nowhere", B),
    ):
        with pytest.raises(StoreDamaged):
            call()


def test_it_can_be_made_from_json():
    rules = json.loads(
        '{"rules": {"a.": "b"}, "adapters": {"x": {"preferences": {"q": 0.5}}}, "id": "s", "default": ""}'
    )
    model = ScriptedLanguageModel(**rules)
    assert (model.info.id, model.adapters()) == ("s", ("x",))
    assert model.info.digest == ScriptedLanguageModel(id="s").info.digest != ScriptedLanguageModel(id="t").info.digest
