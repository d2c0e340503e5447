"""The watcher over the wire: libraries are learned by themselves, on asking, or not; upgrades are noticed."""

from __future__ import annotations

import asyncio
import json
import shutil

import orchard
from wire_project import LIBRARY, MAIN, engine, make_workspace
from wire_talk import at, capabilities, how_it_ended, labels, learned_in, model_ready, place

VSCODE = capabilities("visual_studio_code")


async def test_a_declared_library_is_learned_by_itself_and_again_after_an_upgrade(workspace, home, clients):
    async with engine(home) as direct:
        client = await clients(workspace, VSCODE, settings={})
        text, cursor = at(MAIN + "ladder.<|>\n")
        uri = client.open(workspace / "main.py", text)
        await client.until(lambda m: learned_in(m, "live"))
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert labels(menu)[0] == "fold"
        # pip replaces the version: the old adapter must not answer for the new one
        since = len(client.heard)
        site = workspace / ".venv" / "lib" / "python3.11" / "site-packages"
        shutil.rmtree(site / "orchard_tools-1.2.0.dist-info")
        shutil.rmtree(site / "orchard")
        orchard.install(workspace / ".venv", version="1.3.0")
        await client.until(lambda m: learned_in(m, "live", "orchard-tools@1.3.0"), since=since)
        hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        assert "orchard-tools@1.3.0" in hover["contents"]["value"]
        adapters = {known.library: known.adapter for known in await direct.libraries()}
        assert adapters[LIBRARY] != adapters["orchard-tools@1.3.0"]


async def test_while_learning_is_paused_a_hover_says_not_learned_yet(workspace, home, clients):
    """As in the demo, which pauses learning to show what there is before it."""
    async with engine(home) as direct:
        await direct.pause()
        client = await clients(workspace, VSCODE, settings={})
        uri = client.open(workspace / "main.py", MAIN)
        await client.until(lambda m: learned_in(m, "paused"))
        hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        assert hover["contents"]["value"].endswith("not learned yet: it waits, learning is paused")


async def test_ask_asks_once_and_takes_the_answer(tmp_path, home, clients):
    workspace = make_workspace(tmp_path / "farm", declared=False)
    async with engine(home):
        client = await clients(workspace, VSCODE, settings={"learn": {"trust": "ask"}})
        client.answers["window/showMessageRequest"] = lambda params: params["actions"][0]
        client.open(workspace / "main.py", MAIN)
        await client.until(lambda m: learned_in(m, "live"))
        await client.until(how_it_ended)
        asked = [m["params"] for m in client.heard if m["method"] == "window/showMessageRequest"]
        assert len(asked) == 1
        assert "orchard-tools 1.2.0" in asked[0]["message"]
        assert [action["title"] for action in asked[0]["actions"]] == ["Learn", "Never"]


async def test_never_is_for_good_until_it_is_learned_by_name(tmp_path, home, clients):
    workspace = make_workspace(tmp_path / "farm", declared=False)
    async with engine(home):
        settings = {"learn": {"trust": "ask"}}
        client = await clients(workspace, VSCODE, settings=settings)
        client.answers["window/showMessageRequest"] = lambda params: params["actions"][1]
        client.open(workspace / "main.py", MAIN)
        kept = home / "data" / "declined.json"
        async with asyncio.timeout(60):
            while not kept.exists():
                await asyncio.sleep(0.1)
        assert json.loads(kept.read_text()) == ["orchard-tools"]
        second = await clients(workspace, VSCODE, settings=settings)
        second.open(workspace / "main.py", MAIN)
        assert [d["verdict"] for d in await decided(second)] == ["ask"]
        assert not any(m["method"] == "window/showMessageRequest" for m in second.heard)
        await second.ask("workspace/executeCommand", {"command": "seal.learn", "arguments": ["orchard-tools"]})
        assert json.loads(kept.read_text()) == []


async def decided(client) -> list[dict]:
    """What the watcher has decided about the client's workspace."""
    async with asyncio.timeout(60):
        while True:
            status = await client.ask("workspace/executeCommand", {"command": "seal.status"})
            if decisions := status["workspaces"][0]["decisions"]:
                return decisions
            await asyncio.sleep(0.1)


async def test_what_is_not_declared_excluded_or_switched_off_is_left_alone(tmp_path, home, clients):
    async with engine(home) as direct:
        for i, (declared, learn) in enumerate([
            (False, {}), (True, {"exclude": ["orchard*"]}), (True, {"auto": False}), (True, {"trust": "none"}),
            (True, {"trust": "gibberish"}),
        ]):  # fmt: skip
            workspace = make_workspace(tmp_path / f"farm{i}", declared=declared)
            client = await clients(workspace, VSCODE, settings={"learn": learn})
            uri = client.open(workspace / "main.py", MAIN)
            await model_ready(client)
            client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            decisions = await decided(client)
            assert decisions[0]["library"] == LIBRARY
            assert decisions[0]["verdict"] == ("learn" if learn.get("auto") is False else "skip")
            assert await client.close() == 0
        assert await direct.libraries() == ()


async def test_progress_of_learning_that_takes_time(workspace, home, clients, tmp_path):
    """Begun by the server, reported phase by phase, ended when the engine dies in the middle."""
    gate = tmp_path / "gate"
    home.mkdir()
    (home / "wait_for").write_text(str(gate))
    async with engine(home) as direct:
        client = await clients(workspace, VSCODE, settings={})
        client.open(workspace / "main.py", MAIN)
        created = await client.until(lambda m: m["method"] == "window/workDoneProgress/create")
        token = created["params"]["token"]
        await client.until(lambda m: m["method"] == "seal/status" and m["params"].get("busy"))
        status = await client.ask("workspace/executeCommand", {"command": "seal.status"})
        assert status["learning"]["library"] == LIBRARY
        paused = await client.ask("workspace/executeCommand", {"command": "seal.pause"})
        assert paused["paused"] is True
        resumed = await client.ask("workspace/executeCommand", {"command": "seal.resume"})
        assert resumed["paused"] is False
        gate.write_text("go")
        await client.until(lambda m: learned_in(m, "live"))
        rows = await client.ask("workspace/executeCommand", {"command": "seal.audit"})
        assert "activate" in {row["kind"] for row in rows["rows"]}
        ended = await client.until(lambda m: m["method"] == "$/progress" and m["params"]["value"]["kind"] == "end")
        assert ended["params"]["token"] == token
        await direct.shutdown()
        await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == "Warning")
