"""The server over the wire, as VS Code, Neovim and Emacs speak to it: a real process, a real analysis worker over an
environment on disk, a real engine whose model follows a script.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest
from wire_project import LIBRARY, MAIN, NO_LEARNING, engine, make_workspace, paths_of
from wire_talk import EDITORS, at, capabilities, how_it_ended, inline, labels, learned_in, model_ready, place

from seal_lsp.store.feedback import FeedbackStore
from seal_lsp.store.paths import Paths


@pytest.mark.parametrize("editor", EDITORS)
async def test_a_session(editor, workspace, home, clients):
    """Facts, the model's order, ghost text; then learning with progress, and what it changed."""
    encoding = EDITORS[editor][1]
    async with engine(home):
        client = await clients(workspace, capabilities(editor))
        offered = client.server["capabilities"]
        assert offered["positionEncoding"] == encoding
        assert offered["inlineCompletionProvider"] == {"workDoneProgress": False}
        assert offered["completionProvider"]["resolveProvider"] is True
        assert "seal.accepted" in offered["executeCommandProvider"]["commands"]

        text, cursor = at(MAIN + "s = '😋漢字'; ladder.<|>\n", encoding)
        uri = client.open(workspace / "main.py", text)
        await model_ready(client)

        # the menu: what exists, ordered by the model
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert menu["isIncomplete"] is False
        public = [item["label"] for item in menu["items"]]
        assert set(public) == {"climb", "fold", "height", "folding"}
        first = min(menu["items"], key=lambda item: item["sortText"])
        assert first["label"] == "climb"
        assert first["textEdit"]["range"] == {"start": cursor, "end": cursor}
        assert first["detail"].startswith("climb(rungs: int = 4)")
        resolved = await client.ask("completionItem/resolve", first)
        assert "Let the ladder climb." in resolved["documentation"]["value"]
        assert LIBRARY in resolved["documentation"]["value"]

        # ghost text: the best existing name, then what the model writes on
        ghost = await client.ask("textDocument/inlineCompletion", inline(uri, cursor))
        (item,) = ghost["items"]
        assert item["insertText"] == "climb(rungs=2)"
        assert item["range"] == {"start": cursor, "end": cursor}
        assert item["command"]["command"] == "seal.accepted"
        arguments = item["command"]["arguments"]
        assert (
            await client.ask("workspace/executeCommand", {"command": "seal.accepted", "arguments": arguments}) is None
        )

        # why, and what there is to learn
        why = await client.ask("workspace/executeCommand", {"command": "seal.why"})
        assert (why["text"], why["adapter"], why["library"]) == ("climb(rungs=2)", "", "")
        assert why["message"].startswith("`climb(rungs=2)`: ")
        asked = await client.until(lambda m: m["method"] == "window/showMessageRequest")
        assert asked["params"]["message"] == why["message"]
        listed = await client.ask("workspace/executeCommand", {"command": "seal.libraries"})
        (row,) = listed["libraries"]
        assert (row["library"], row["state"], row["root"]) == (LIBRARY, "", str(workspace))

        # hover, before
        hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        value = hover["contents"]["value"]
        assert "def climb(rungs: int = 4) -> float" in value
        assert "orchard.Ladder.climb" in value
        assert f"**{LIBRARY}**" in value
        assert "not learned" in value
        assert hover["range"] == {"start": {"line": 3, "character": 7}, "end": {"line": 3, "character": 12}}

        # code actions, before
        line = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}}
        ask = {"textDocument": {"uri": uri}, "range": line, "context": {"diagnostics": []}}
        actions = await client.ask("textDocument/codeAction", ask)
        assert [a["title"] for a in actions] == ["Learn orchard-tools 1.2.0"]

        # learning, with progress
        command = actions[0]["command"]
        reply = await client.ask(
            "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
        )
        assert reply["state"] in ("queued", "learning")
        await client.until(lambda m: learned_in(m, "live"))
        await client.until(how_it_ended)
        await client.until(lambda m: m["method"] == "$/progress" and m["params"]["value"]["kind"] == "end")
        progress = [m["params"]["value"] for m in client.heard if m["method"] == "$/progress"]
        assert progress[0]["kind"] == "begin"
        assert progress[0]["title"] == "Learning orchard-tools 1.2.0"
        assert [p["kind"] for p in progress].count("begin") == 1

        # after: the adapter ranks, the hover says so, the actions change
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert labels(menu)[0] == "fold"
        ghost = await client.ask("textDocument/inlineCompletion", inline(uri, cursor))
        assert ghost["items"][0]["insertText"] == "fold()"
        why = await client.ask("workspace/executeCommand", {"command": "seal.why", "arguments": [{"quiet": True}]})
        assert why["library"] == LIBRARY
        assert why["adapter"]
        listed = await client.ask("workspace/executeCommand", {"command": "seal.libraries"})
        assert [(r["library"], r["state"], r["adapter"]) for r in listed["libraries"]] == [
            (LIBRARY, "live", why["adapter"])
        ]
        hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        assert "learned (adapter `" in hover["contents"]["value"]
        assert "3 vetted snippets" in hover["contents"]["value"]
        # the model's line comes later, marked as such
        async with asyncio.timeout(60):
            while "written by the model, vetted" not in hover["contents"]["value"]:
                await asyncio.sleep(0.1)
                hover = await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        assert "ladder.climb(rungs=3)" in hover["contents"]["value"]
        actions = await client.ask("textDocument/codeAction", ask)
        assert [a["title"] for a in actions] == [
            "Show what was learned of orchard-tools 1.2.0",
            "Forget orchard-tools 1.2.0",
            "Learn orchard-tools 1.2.0 again",
        ]
        shown = await client.ask(
            "workspace/executeCommand", {"command": "seal.audit", "arguments": [{"library": LIBRARY}]}
        )
        assert shown["library"] == LIBRARY
        assert shown["adapter"]

        # forgetting
        gone = await client.ask("workspace/executeCommand", {"command": "seal.forget", "arguments": ["Orchard_Tools"]})
        assert len(gone["removed"]) == 1
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert labels(menu)[0] == "climb"


async def test_ghost_text(workspace, home, clients):
    """Grounded, extended, typed along, cut: one conversation."""
    async with engine(home):
        client = await clients(workspace, capabilities("visual_studio_code"))
        head = MAIN + "from orchard import plant_row\n"

        async def ghost(marked: str, version: int, kind: int = 2, **context):
            text, cursor = at(head + marked)
            client.change(uri, version, {"text": text})
            return await client.ask("textDocument/inlineCompletion", inline(uri, cursor, kind, **context)), cursor

        uri = client.open(workspace / "main.py", head)
        await model_ready(client)
        found, cursor = await ghost("ladder.<|>", 2)
        assert [item["insertText"] for item in found["items"]] == ["climb(rungs=2)"]
        # typed along: what is left of it, in the same place
        found, _ = await ghost("ladder.cl<|>", 3)
        assert [item["insertText"] for item in found["items"]] == ["imb(rungs=2)"]
        # Invoked: several, all different
        found, _ = await ghost("ladder.<|>", 4, kind=1)
        texts = [item["insertText"] for item in found["items"]]
        assert texts[0] == "climb(rungs=2)"
        assert len(texts) == len(set(texts)) == 3
        # the menu's selected item is extended, in its range
        selected = {"start": {**cursor, "character": 7}, "end": {**cursor, "character": 8}}
        found, _ = await ghost("ladder.f<|>", 5, selectedCompletionInfo={"range": selected, "text": "fold"})
        assert [(item["insertText"], item["range"]) for item in found["items"]] == [("fold()", selected)]
        # free text stops at the line's end
        found, _ = await ghost("cold = forecast<|>", 6)
        assert [item["insertText"] for item in found["items"]] == ["(days=3)"]
        # a keyword that does not exist in the installed version: nothing rather than that
        found, _ = await ghost("row = plant_row<|>", 7)
        assert found == {"items": []}
        # nothing to say, and the middle of a word
        found, _ = await ghost("zzz <|>", 8)
        assert found == {"items": []}
        found, _ = await ghost("ladder.<|>climb()", 9)
        assert found == {"items": []}


@pytest.mark.parametrize("counted", [True, False])
async def test_what_became_of_a_suggestion_is_counted(counted, workspace, home, clients):
    async with engine(home):
        client = await clients(
            workspace, capabilities("visual_studio_code"), settings={**NO_LEARNING, "feedback": {"enabled": counted}}
        )
        uri = client.open(workspace / "main.py", MAIN)
        await model_ready(client)
        text, cursor = at(MAIN + "ladder.cl<|>")
        client.change(uri, 2, {"text": text})
        ghost = await client.ask("textDocument/inlineCompletion", inline(uri, cursor))
        client.change(uri, 3, {"text": text.rstrip("\n") + ghost["items"][0]["insertText"] + "\n"})
        await client.ask("textDocument/hover", place(uri, {"line": 3, "character": 9}))
        assert await client.close() == 0
    file = Paths.default({"SEAL_HOME": str(home)}).feedback
    assert file.exists() is counted
    if counted:
        (counts,) = FeedbackStore(file).counts().values()
        assert (counts["shown"]["count"], counts["accepted"]["count"]) == (1, 1)


async def test_the_newest_request_wins(workspace, home, clients):
    async with engine(home, seconds_per_token=0.1):
        client = await clients(workspace, capabilities("neovim"))
        text, cursor = at(MAIN + "slow = <|>", "utf-8")
        uri = client.open(workspace / "main.py", text)
        await model_ready(client)
        _, first = client.begin("textDocument/inlineCompletion", inline(uri, cursor))
        await asyncio.sleep(0.3)
        client.change(uri, 2, {"range": {"start": cursor, "end": cursor}, "text": "o"})
        _, second = client.begin(
            "textDocument/inlineCompletion", inline(uri, {**cursor, "character": cursor["character"] + 1})
        )
        assert (await asyncio.wait_for(first, 30))["result"] is None  # superseded
        assert (await asyncio.wait_for(second, 30))["result"] is not None
        # an edit alone makes an answer to the older text worthless
        client.change(uri, 3, {"text": text})
        _, stale = client.begin("textDocument/inlineCompletion", inline(uri, cursor, kind=1))
        await asyncio.sleep(0.3)
        client.change(uri, 4, {"text": MAIN})
        assert (await asyncio.wait_for(stale, 30))["result"] is None
        # the client's own cancellation
        client.change(uri, 5, {"text": text})
        number, cancelled = client.begin("textDocument/inlineCompletion", inline(uri, cursor, kind=1))
        await asyncio.sleep(0.3)
        client.notify("$/cancelRequest", {"id": number})
        assert (await asyncio.wait_for(cancelled, 30))["error"]["code"] == -32800


async def test_a_menu_whose_order_comes_late(workspace, home, clients):
    """Past the deadline the static order is shown and the client is told to ask again; then the model's is there."""
    async with engine(home, seconds_per_token=0.12):
        settings = {**NO_LEARNING, "completion": {"rank_deadline_ms": 300}}
        client = await clients(workspace, capabilities("emacs"), settings=settings)
        text, cursor = at(MAIN + "ladder.<|>", "utf-32")
        uri = client.open(workspace / "main.py", text)
        await model_ready(client)
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert menu["isIncomplete"] is True
        assert set(labels(menu)) == {"climb", "fold", "height", "folding"}
        async with asyncio.timeout(60):
            while menu["isIncomplete"]:
                await asyncio.sleep(0.2)
                menu = await client.ask("textDocument/completion", place(uri, cursor))
        assert labels(menu)[0] == "climb"
        # typing on filters, and the order stays
        client.change(uri, 2, {"range": {"start": cursor, "end": cursor}, "text": "f"})
        menu = await client.ask("textDocument/completion", place(uri, {**cursor, "character": cursor["character"] + 1}))
        assert set(labels(menu)) == {"fold", "folding"}


async def test_an_engine_that_says_nothing_for_a_while(workspace, home, clients):
    """Stopped, as by a machine that has no time for it: names go on, nobody waits for it a second time, it is said,
    and once it answers again all is as before, with the same engine."""
    async with engine(home):
        settings = {**NO_LEARNING, "completion": {"rank_deadline_ms": 100}, "inline": {"deadline_ms": 200}}
        client = await clients(workspace, capabilities("visual_studio_code"), settings=settings)
        text, cursor = at(MAIN + "ladder.<|>")
        uri = client.open(workspace / "main.py", text)
        await model_ready(client)
        known = json.loads((paths_of(home).runtime / "engine.json").read_text())
        os.kill(known["pid"], signal.SIGSTOP)
        try:
            menu = await client.ask("textDocument/completion", place(uri, cursor))
            assert set(labels(menu)) == {"climb", "fold", "height", "folding"}
            said = await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == "Warning")
            assert "no answer from the engine" in said["params"]["message"]
            assert await client.ask("textDocument/inlineCompletion", inline(uri, cursor)) == {"items": []}
            menu = await client.ask("textDocument/completion", place(uri, cursor))
            assert set(labels(menu)) == {"climb", "fold", "height", "folding"}
        finally:
            os.kill(known["pid"], signal.SIGCONT)
        async with asyncio.timeout(60):
            while not (await client.ask("textDocument/inlineCompletion", inline(uri, cursor)))["items"]:
                await asyncio.sleep(0.2)
        assert json.loads((paths_of(home).runtime / "engine.json").read_text()) == known


async def test_notebook_cells_see_the_cells_above(workspace, home, clients):
    client = await clients(workspace, capabilities("visual_studio_code"), env={"SEAL_ENGINE": "off"})
    assert client.server["capabilities"]["notebookDocumentSync"]["notebookSelector"]
    notebook = (workspace / "note.ipynb").as_uri()
    cells = [f"vscode-notebook-cell:/note.ipynb#c{i}" for i in range(3)]
    texts = ["%pip install x\nfrom orchard import Ladder\n", "# Title", "s = '😋'; ladder = Ladder()\nladder."]
    kinds = [2, 1, 2]
    languages = ["python", "markdown", "python"]
    client.notify(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": notebook,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": kind, "document": uri} for kind, uri in zip(kinds, cells, strict=True)],
            },
            "cellTextDocuments": [
                {"uri": uri, "languageId": language, "version": 1, "text": text}
                for uri, language, text in zip(cells, languages, texts, strict=True)
            ],
        },
    )
    menu = await client.ask("textDocument/completion", place(cells[2], {"line": 1, "character": 7}))
    assert set(labels(menu)) == {"climb", "fold", "height", "folding"}
    hover = await client.ask("textDocument/hover", place(cells[2], {"line": 0, "character": 21}))
    assert hover["range"]["start"] == {"line": 0, "character": 19}
    assert "orchard.Ladder" in hover["contents"]["value"]
    # an edit in the cell above is seen below
    client.notify(
        "notebookDocument/didChange",
        {
            "notebookDocument": {"uri": notebook, "version": 2},
            "change": {
                "cells": {
                    "textContent": [
                        {
                            "document": {"uri": cells[0], "version": 2},
                            "changes": [{"text": "from orchard import Basket as Ladder\n"}],
                        }
                    ]
                }
            },
        },
    )
    menu = await client.ask("textDocument/completion", place(cells[2], {"line": 1, "character": 7}))
    assert {"put", "weigh"} <= set(labels(menu))


async def test_two_roots_with_two_versions(tmp_path, clients):
    """Each sees its own version; a folder can come and go; a file of no project still gets facts."""
    old = make_workspace(tmp_path / "old", version="1.1.0")
    new = make_workspace(tmp_path / "new", version="1.2.0")
    client = await clients(
        None,
        capabilities("visual_studio_code"),
        env={"SEAL_ENGINE": "off"},
        workspaceFolders=[{"uri": old.as_uri(), "name": "old"}],
    )
    position = {"line": 3, "character": 9}
    uri_old = client.open(old / "main.py", MAIN)
    assert (
        "orchard-tools@1.1.0" in (await client.ask("textDocument/hover", place(uri_old, position)))["contents"]["value"]
    )
    change = {"event": {"added": [{"uri": new.as_uri(), "name": "new"}], "removed": []}}
    client.notify("workspace/didChangeWorkspaceFolders", change)
    uri_new = client.open(new / "main.py", MAIN)
    assert (
        "orchard-tools@1.2.0" in (await client.ask("textDocument/hover", place(uri_new, position)))["contents"]["value"]
    )
    assert (
        "orchard-tools@1.1.0" in (await client.ask("textDocument/hover", place(uri_old, position)))["contents"]["value"]
    )
    status = await client.ask("workspace/executeCommand", {"command": "seal.status"})
    assert {w["root"] for w in status["workspaces"]} == {str(old), str(new)}
    assert status["log"].endswith("server.log")
    change = {"event": {"added": [], "removed": [{"uri": old.as_uri(), "name": "old"}]}}
    client.notify("workspace/didChangeWorkspaceFolders", change)
    status = await client.ask("workspace/executeCommand", {"command": "seal.status"})
    assert [w["root"] for w in status["workspaces"]] == [str(new)]
    loose = tmp_path / "loose" / "a.py"
    loose.parent.mkdir()
    uri = client.open(loose, "import json\njson.\n")
    menu = await client.ask("textDocument/completion", place(uri, {"line": 1, "character": 5}))
    assert "dumps" in labels(menu)
    uri = client.open("untitled:Untitled-1", "import json\njson.\n")
    menu = await client.ask("textDocument/completion", place(uri, {"line": 1, "character": 5}))
    assert "dumps" in labels(menu)
