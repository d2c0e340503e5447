"""Messages as JSON and back; errors as the class they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seal_lsp.client.wire import decode, encode, environment_from_dict, environment_to_dict, problem, raise_problem
from seal_lsp.core import errors, protocol
from seal_lsp.core.library import Environment, LibraryId

MESSAGES = [
    protocol.Status("learning", "Normal", "", learning=protocol.Learning("c", "acme@1", "train", 0.5, "x"),
                    libraries=(protocol.LearnedLibrary("acme@1", "live", gain=0.25, reasons=("a",)),), queue=("b@2",)),
    protocol.RankRequest("prefix", ("a", "b"), ("acme@1",), 800, "id"),
    protocol.RankReply((-1.5, -0.25), "d" * 64, "m", 1.0),
    protocol.CompleteRequest("pre", "suf", (), 8, ("\n",), 2, None, ""),
    protocol.CompleteReply(("x",), "", "m", "stop", -0.5, 2.0),
    protocol.UsageLineRequest("acme@1", "acme.run", {"prefix": "/v"}),
    protocol.LearnRequest("acme@1", {"site_packages": ["/a"]}, ("/w",), "watch", True, {"tokens": 10}),
    protocol.ChangeReply("acme@1", "", ("a", "b")),
    protocol.Event("gate", "2026-11-22T00:00:00Z", {"own": {"gain": None}}),
    protocol.LearnedDetail("acme@1", "d", "t", {"kept": 1}, {}, {}, {"acme.run": 2}, ({"prompt": "p"},)),
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_there_and_back(message):
    assert decode(type(message), encode(message)) == message
    assert decode(tuple[type(message), ...], encode([message])) == (message,)


def test_half_a_character_does_not_break_a_message():
    assert decode(protocol.RankRequest, encode(protocol.RankRequest("a\ud83d", ("b",)))).prefix == "a?"
    assert decode(protocol.RankRequest, encode(protocol.RankRequest("ü😀", ("b",)))).prefix == "ü😀"


@pytest.mark.parametrize("bad", [object(), b"bytes", {1, 2}])
def test_what_has_no_place_in_a_message_is_refused(bad):
    with pytest.raises(TypeError, match="no place"):
        encode({"x": bad})


def test_values_inside():
    value = {"library": LibraryId("A", "1"), "path": Path("/x")}
    assert encode(value) == b'{"library":{"name":"a","version":"1"},"path":"/x"}'


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"prefix": 1, "candidates": []}', b'{"prefix": "x"}'])
def test_what_does_not_read_is_a_usage_error(body):
    with pytest.raises(errors.UsageError, match="not a RankRequest"):
        decode(protocol.RankRequest, body)


@pytest.mark.parametrize(
    "error",
    [errors.UsageError("a", hint="b"), errors.ModelError("m"), errors.StoreDamaged("s"), errors.Cancelled("c")],
)
def test_errors_arrive_as_what_they_were(error):
    with pytest.raises(type(error)) as caught:
        raise_problem(encode(problem(error)), 500)
    assert type(caught.value) is type(error)
    assert (caught.value.message, caught.value.hint) == (error.message, error.hint)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"type": "os", "message": "x"}', b'{"type": 3}'])
def test_an_answer_that_is_not_ours_is_an_unavailable_engine(body):
    with pytest.raises(errors.EngineUnavailable):
        raise_problem(body, 502)


def test_environment():
    environment = Environment(Path("/v"), Path("/v/bin/python"), (Path("/v/lib"),), "3.11", ".venv")
    assert environment_from_dict(environment_to_dict(environment)) == environment


def test_importing_the_client_costs_an_editor_nothing():
    code = (
        "import sys, seal_lsp.client.engine_client, seal_lsp.client.start\n"
        "print(sorted({'httpx', 'httpx_sse', 'pydantic', 'tenacity', 'torch', 'transformers', 'starlette', 'uvicorn',"
        " 'seal_lsp.engine', 'seal_lsp.lm'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
