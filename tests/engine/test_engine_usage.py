"""Usage lines for hovers: never waited for, vetted, kept by adapter; and what they are checked against."""

from __future__ import annotations

from pathlib import Path

import pytest

from seal_lsp.core.errors import EnvironmentProblem, UsageError
from seal_lsp.core.library import Environment, LibraryId, environment_as_dict
from seal_lsp.core.protocol import UsageLineReply, UsageLineRequest
from seal_lsp.engine.usage_context import LineContexts, write_line
from seal_lsp.lm.scripted import ScriptedLanguageModel
from seal_lsp.store.adapters import Adapter

ACME = '''
class Throttle:
    """Limits a rate."""

    def limit(self, key: str, cost: int = 1) -> bool:
        """Whether `key` may go on."""
        return True


def run(name: str) -> None:
    """Run it."""
'''


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A virtual environment with acme 1.0 in it, as an installer leaves it."""
    site = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    info = site / "acme-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme.py").write_text(ACME)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "RECORD").write_text("acme.py,,\nacme-1.0.dist-info/METADATA,,\nacme-1.0.dist-info/RECORD,,\n")
    return Environment(tmp_path / "venv", None, (site,), "3.11", ".venv")


def ask(environment: Environment, symbol: str = "acme.run", library: str = "acme@1.0") -> UsageLineRequest:
    return UsageLineRequest(library, symbol, environment_as_dict(environment))


async def test_a_line_is_prepared_once_and_outlives_the_engine(start, environment):
    written = []

    def write(model, adapter, symbol, context):
        written.append(symbol)
        answer = model.generate(["acme."], max_tokens=8, adapter=adapter.digest)[0]
        state = "rejected" if symbol == "acme.Throttle" else "ready"
        return UsageLineReply(state, answer.text, reason="no" if state == "rejected" else "")

    async with start(writer=write) as running:
        assert (await running.client.usage_line(ask(environment))).state == "none"
        await running.learn(prefers=["throttle"])
        await running.settled()
        for symbol in ("acme.run", "acme.Throttle"):
            first = await running.client.usage_line(ask(environment, symbol))
            assert first.state == "preparing"
            await running.until(lambda: not running.engine.usage.preparing)
        ready = await running.client.usage_line(ask(environment))
        assert (ready.state, ready.line, ready.adapter) == ("ready", "throttle()", first.adapter)
        assert (await running.client.usage_line(ask(environment, "acme.Throttle"))).state == "rejected"
        assert (await running.client.usage_line(ask(environment, library="acme@2.0"))).state == "none"
        with pytest.raises(UsageError, match="not an environment"):
            await running.client.usage_line(UsageLineRequest("acme@1.0", "acme.other", {}))
        assert written == ["acme.run", "acme.Throttle"]
    async with start() as running:  # whose writer refuses to be called
        assert await running.client.usage_line(ask(environment)) == ready
        await running.learn(prefers=["b"], force=True)
        await running.settled()
        assert (await running.client.usage_line(ask(environment))).state == "preparing"  # another adapter, another line
        await running.client.forget("acme@1.0")
        assert not list((running.engine.paths.cache / "usage_lines").glob(f"{ready.adapter[:16]}*"))


async def test_a_broken_environment_is_said_and_not_remembered(start, environment, paths):
    async with start() as running:
        await running.learn()
        await running.settled()
        empty = Environment(environment.prefix, None, (environment.prefix / "nothing",), "3.11", ".venv")
        assert (await running.client.usage_line(ask(empty))).state == "preparing"
        await running.until(lambda: not running.engine.usage.preparing)
        refused = await running.client.usage_line(ask(empty))
        assert refused.state == "rejected"
        assert "not installed" in refused.reason
        assert not (paths.cache / "usage_lines").exists()


def test_context_is_read_statically_and_from_the_index_the_second_time(environment, paths, monkeypatch):
    contexts = LineContexts(paths.index)
    context = contexts(LibraryId("acme", "1.0"), environment)
    assert context.surface.resolve("acme.Throttle.limit").signature() == "limit(key: str, cost: int = 1) -> bool"
    assert {"acme", "os"} <= context.importable
    assert "torch" not in context.importable
    (Path(environment.site_packages[0]) / "acme.py").unlink()  # what is read again must come from the index
    record = environment.site_packages[0] / "acme-1.0.dist-info" / "RECORD"
    assert record.exists()
    assert LineContexts(paths.index)(LibraryId("acme", "1.0"), environment).surface == context.surface
    with pytest.raises(EnvironmentProblem, match=r"acme@9\.9 is not installed"):
        contexts(LibraryId("acme", "9.9"), environment)


@pytest.mark.parametrize(
    ("symbol", "written", "state", "line"),
    [
        ("acme.run", 'name="a")', "ready", 'result = run(name="a")'),
        ("acme.run", 'nom="a")', "rejected", ""),
        ("acme.Throttle.limit", 'key="k", cost=2)\nmore', "ready", 'throttle.limit(key="k", cost=2)'),
        ("acme.run", "no end", "rejected", ""),
    ],
)
def test_the_pipeline_writes_and_vets_the_line(environment, paths, symbol, written, state, line):
    context = LineContexts(paths.index)(LibraryId("acme", "1.0"), environment)
    adapter = Adapter("d" * 64, LibraryId("acme", "1.0"), "b" * 64, paths.adapters, {})
    model = ScriptedLanguageModel(default=written, adapters={adapter.digest: {}})
    reply = write_line(model, adapter, symbol, context)
    assert (reply.state, reply.line) == (state, line), reply.reason
