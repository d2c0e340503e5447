"""The server when something is missing, broken or rude: no engine, no torch, no environment, bad files, bad messages,
bad settings, an editor that dies, other transports.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys

import psutil
import pytest
from raw_client import RawClient
from wire_project import LIBRARY, MAIN, NO_LEARNING, SCRIPT, environ
from wire_talk import at, capabilities, inline, labels, place

VSCODE = capabilities("visual_studio_code")
OFF = {"SEAL_ENGINE": "off"}
CLIMB = {"line": 3, "character": 9}


def messages(client: RawClient) -> list[str]:
    return [m["params"]["message"] for m in client.heard if m["method"] == "window/showMessage"]


async def facts_are_served(client: RawClient, workspace) -> None:
    text, cursor = at(MAIN + "ladder.<|>\n")
    uri = client.open(workspace / "main.py", text)
    hover = await client.ask("textDocument/hover", place(uri, CLIMB))
    assert "def climb(rungs: int = 4)" in hover["contents"]["value"]
    assert LIBRARY in hover["contents"]["value"]
    menu = await client.ask("textDocument/completion", place(uri, cursor))
    # without a model: what is called on its own line is a method
    assert sorted(labels(menu)[:2]) == ["climb", "fold"]
    assert set(labels(menu)) == {"climb", "fold", "height", "folding"}
    assert await client.ask("textDocument/inlineCompletion", inline(uri, cursor)) == {"items": []}


@pytest.mark.parametrize(
    ("env", "settings", "kind"),
    [
        (OFF, {}, "Inactive"),
        ({}, {"engine": {"url": "http://127.0.0.1:9"}}, "Warning"),
        ({}, {"engine": {"url": "unix:///nowhere/engine.sock"}}, "Warning"),
    ],
    ids=["switched off", "no such port", "no such socket"],
)
async def test_without_an_engine_facts_are_served(env, settings, kind, workspace, clients):
    client = await clients(workspace, VSCODE, env=env, settings={**NO_LEARNING, **settings})
    await facts_are_served(client, workspace)
    status = await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == kind)
    assert status["params"]["message"]
    assert status["params"]["command"]["command"] == "seal.status"
    answer = await client.ask("workspace/executeCommand", {"command": "seal.forget", "arguments": [LIBRARY]})
    assert answer["hint"]


async def test_without_torch(workspace, tmp_path, home, clients):
    """Everything on this side of the socket works where the model's runtime cannot be imported."""
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'transformers', 'peft', 'safetensors', 'numpy'):\n"
        "            raise ModuleNotFoundError(name + ' is blocked in this test')\n"
        "sys.meta_path.insert(0, Blocked())\n"
    )
    client = await clients(workspace, VSCODE, env={"PYTHONPATH": str(tmp_path / "blocked")})
    await facts_are_served(client, workspace)
    # the engine itself comes up and says what it lacks
    status = await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] in ("Error", "Warning"))
    assert status["params"]["message"]
    for process in psutil.process_iter(["cmdline", "environ"]):
        with contextlib.suppress(psutil.Error):
            ours = (process.info["environ"] or {}).get("SEAL_HOME") == str(home)
            if ours and "seal_lsp.cli.engine" in process.info["cmdline"]:
                process.terminate()


async def test_every_method_is_answered_on_bad_input(workspace, clients):
    client = await clients(workspace, VSCODE, env=OFF)
    uri = client.open(workspace / "main.py", MAIN)
    nowhere = (workspace / "closed.py").as_uri()
    far = {"line": 999, "character": 999}
    for method in ("textDocument/hover", "textDocument/completion"):
        assert await client.ask(method, place(nowhere, CLIMB)) is None
        await client.ask(method, place(uri, far))
        assert await client.ask(method, place("weird://\ud83d%zz", CLIMB)) is None
        answer = await client.begin(method, {"nonsense": 1})[1]
        assert answer["error"]["code"] == -32602
    assert await client.ask("textDocument/inlineCompletion", inline(nowhere, CLIMB)) == {"items": []}
    answer = await client.begin("textDocument/unheardOf", {})[1]
    assert answer["error"]["code"] == -32601
    answer = await client.begin("workspace/executeCommand", {"command": "seal.unheardOf"})[1]
    assert "error" in answer
    for arguments in ([], [7], ["not a library"], [{"library": "orchard-tools"}]):
        answer = await client.ask("workspace/executeCommand", {"command": "seal.learn", "arguments": arguments})
        assert answer["error"]
        assert answer["hint"]
    unknown = {"command": "seal.learn", "arguments": ["orchard-tools@9.9"]}
    assert "not installed" in (await client.ask("workspace/executeCommand", unknown))["error"]
    # what Copilot's clients say is taken without a word
    for method in ("textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion"):
        client.notify(method, {"item": {"insertText": "x", "command": {"arguments": ["1"]}}, "acceptedLength": 3})
    client.notify("textDocument/didChange", {"rubbish": True})
    client.send({"method": "workspace/didChangeConfiguration", "params": {"settings": None}})
    assert (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]


SYNTAX_ERRORS = MAIN + "def broken(:\n    pass\n\nx = = 3\nif True\n    y = 1\nladder.<|>\n"
FILES = [
    ("syntax errors", SYNTAX_ERRORS, {"climb", "fold"}),
    ("lone surrogates", MAIN + "s = '\ud83d'; ladder.<|>", {"climb", "fold"}),
    ("binary", "\x00\x01\x02\ufffd" * 50 + "<|>\n", None),
    ("nothing", "<|>", None),
    ("form feeds and odd separators", MAIN + "\x0c\nx = 'a\u2028b\x1dc'\nladder.<|>", {"climb", "fold"}),
    ("Windows line ends", MAIN.replace("\n", "\r\n") + "ladder.<|>\r\n", {"climb", "fold"}),
    ("deep nesting", MAIN + "x = " + "(" * 3000 + "\nladder.<|>", ...),
    ("one endless line", MAIN + "x = [" + "1, " * 60000 + "<|>]\n", ...),
]


async def test_files_of_every_kind(workspace, clients):
    client = await clients(workspace, VSCODE, env=OFF)
    other = client.open(workspace / "main.py", MAIN)
    for i, (name, marked, there) in enumerate(FILES):
        offset = marked.index("<|>")
        text = marked.replace("<|>", "")
        lines = text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        cursor = {"line": len(lines) - 1, "character": len(lines[-1])}
        uri = client.open(workspace / f"odd{i}.py", text)
        menu = await client.ask("textDocument/completion", place(uri, cursor))
        if there is None:
            assert menu is None, name
        elif there is not ...:
            assert there <= set(labels(menu)), name
        await client.ask("textDocument/hover", place(uri, cursor))
        # the server is as good as before
        assert (await client.ask("textDocument/hover", place(other, CLIMB)))["contents"], name


async def test_a_large_file_is_said_once_and_hinders_nobody(workspace, clients):
    """5 MB, open and on disk: no answers in it, said once; the other file is answered while it is typed in, and the
    workspace is still looked through."""
    text = MAIN + "x = 1  # filler\n" * 330_000
    assert len(text) > 5_000_000
    (workspace / "big.py").write_text(text)
    client = await clients(workspace, VSCODE, env=OFF)
    uri = client.open(workspace / "main.py", MAIN)
    big = client.open(workspace / "big.py", text)
    line = {"start": CLIMB, "end": CLIMB}
    waiting = []
    for version in range(2, 6):
        client.change(big, version, {"range": line, "text": "x"})
        waiting += [
            client.begin("textDocument/completion", place(big, CLIMB))[1],
            client.begin("textDocument/inlineCompletion", inline(big, CLIMB))[1],
            client.begin("textDocument/hover", place(big, CLIMB))[1],
        ]
        assert "def climb" in (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]["value"]
    answers = [(await asyncio.wait_for(answer, 30))["result"] for answer in waiting]
    assert all(answer in (None, {"items": []}) for answer in answers)
    actions = {"textDocument": {"uri": big}, "range": line, "context": {"diagnostics": []}}
    assert await client.ask("textDocument/codeAction", actions) is None
    client.notify("textDocument/didSave", {"textDocument": {"uri": big}})

    async def decided() -> list:
        status = await client.ask("workspace/executeCommand", {"command": "seal.status"})
        return [found["library"] for one in status["workspaces"] for found in one["decisions"]]

    async with asyncio.timeout(30):
        while LIBRARY not in await decided():
            await asyncio.sleep(0.1)
    said = "seal-lsp: big.py is larger than files.max_kb (1024 KiB): no answers there"
    assert [m for m in messages(client) if "big.py" in m] == [said]
    client.notify("textDocument/didClose", {"textDocument": {"uri": big}})
    assert (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]


async def test_a_workspace_without_an_environment(tmp_path, clients):
    (tmp_path / "bare").mkdir()
    client = await clients(tmp_path / "bare", VSCODE, env=OFF)
    uri = client.open(tmp_path / "bare" / "a.py", "import json\nimport orchard\njson.\n")
    menu = await client.ask("textDocument/completion", place(uri, {"line": 2, "character": 5}))
    assert "dumps" in labels(menu)
    assert await client.ask("textDocument/hover", place(uri, {"line": 1, "character": 9})) is None
    await client.until(lambda m: m["method"] == "window/showMessage")
    assert len([m for m in messages(client) if "environment" in m]) == 1


async def test_in_a_home_that_cannot_be_written_the_installed_library_is_still_known(
    workspace, home, clients, tmp_path
):
    home.write_text("a file")
    (tmp_path / "tmp").mkdir()
    client = await clients(workspace, VSCODE, env={"TMPDIR": str(tmp_path / "tmp")})
    uri = client.open(workspace / "main.py", MAIN)
    said = await client.until(lambda m: m["method"] == "window/showMessage")
    assert f"{home} cannot be written" in said["params"]["message"]
    assert "climb(rungs: int = 4)" in (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]["value"]
    assert "climb" in labels(await client.ask("textDocument/completion", place(uri, CLIMB)))
    assert len([m for m in messages(client) if "cannot be written" in m]) == 1
    assert home.read_text() == "a file"
    assert await client.close() == 0
    assert not list(tmp_path.glob("tmp/seal-lsp-*"))


async def test_an_interpreter_setting_that_is_wrong(workspace, clients):
    settings = {**NO_LEARNING, "python": {"interpreter": "/nowhere/bin/python"}}
    client = await clients(workspace, VSCODE, env=OFF, settings=settings)
    client.open(workspace / "main.py", MAIN)
    said = await client.until(lambda m: m["method"] == "window/showMessage")
    assert "/nowhere" in said["params"]["message"]


async def test_the_three_ways_of_configuration(workspace, clients):
    """Options of initialize, a push, a pull; a bad value is said once and becomes its default."""
    settings = {"hover": {"enabled": False}, "inline": {"max_tokens": "many"}}
    caps = {**VSCODE, "workspace": {**VSCODE["workspace"], "configuration": False}}
    client = await clients(workspace, caps, env=OFF, settings=settings)
    uri = client.open(workspace / "main.py", MAIN)
    assert await client.ask("textDocument/hover", place(uri, CLIMB)) is None
    said = await client.until(lambda m: m["method"] == "window/showMessage")
    assert "max_tokens" in said["params"]["message"]
    client.notify("workspace/didChangeConfiguration", {"settings": {"seal": {"hover": {"enabled": True}}}})
    async with asyncio.timeout(30):
        while await client.ask("textDocument/hover", place(uri, CLIMB)) is None:
            await asyncio.sleep(0.05)
    assert len([m for m in messages(client) if "max_tokens" in m]) == 1

    asking = await clients(workspace, VSCODE, env=OFF, settings={}, initializationOptions={})
    held = {"hover": {"enabled": False}}
    asking.answers["workspace/configuration"] = lambda params: [held for _ in params["items"]]
    uri = asking.open(workspace / "main.py", MAIN)
    asking.notify("workspace/didChangeConfiguration", {"settings": None})
    async with asyncio.timeout(30):
        while await asking.ask("textDocument/hover", place(uri, CLIMB)) is not None:
            await asyncio.sleep(0.05)
    asked = [m for m in asking.heard if m["method"] == "workspace/configuration"]
    assert asked[0]["params"]["items"] == [{"section": "seal"}]


async def test_secret_ignored_and_foreign_files_stay_here(workspace, tmp_path, home, clients):
    """Facts are served there too, but nothing of their text goes to an engine."""
    from wire_project import engine

    (workspace / ".git").mkdir()
    (workspace / ".gitignore").write_text("private/\n")
    (workspace / "private").mkdir()
    async with engine(home):
        client = await clients(workspace, VSCODE, settings={**NO_LEARNING, "files": {"exclude": ["hush_*.py"]}})
        text, cursor = at(MAIN + "ladder.<|>\n")
        for path in (
            workspace / "private" / "a.py",
            workspace / "hush_b.py",
            workspace / ".ssh" / "c.py",
            tmp_path / "elsewhere.py",
        ):
            uri = client.open(path, text)
            if path.is_relative_to(workspace):
                assert labels(await client.ask("textDocument/completion", place(uri, cursor)))
            assert await client.ask("textDocument/inlineCompletion", inline(uri, cursor)) == {"items": []}
        uri = client.open(workspace / "open.py", text)
        await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == "Normal")
        assert (await client.ask("textDocument/inlineCompletion", inline(uri, cursor)))["items"]
        for path in (workspace / "private" / "a.py", workspace / "hush_b.py", tmp_path / "elsewhere.py"):
            found = await client.ask("textDocument/inlineCompletion", inline(path.as_uri(), cursor))
            assert found == {"items": []}


async def test_exit_codes_and_ends(workspace, home):
    for shut_down, code in ((True, 0), (False, 1)):
        client = await RawClient.start(workspace, environ(home, **OFF))
        await client.initialize(workspace, VSCODE)
        if shut_down:
            await client.ask("shutdown")
        client.notify("exit")
        assert await client.gone() == code
    client = await RawClient.start(workspace, environ(home, **OFF))
    await client.initialize(workspace, VSCODE)
    client.process.stdin.close()
    assert await client.gone() == 1


async def test_nothing_outlives_a_server_that_is_killed(workspace, home):
    client = await RawClient.start(workspace, environ(home, **OFF))
    await client.initialize(workspace, VSCODE)
    uri = client.open(workspace / "main.py", MAIN)
    await client.ask("textDocument/hover", place(uri, CLIMB))
    workers = psutil.Process(client.process.pid).children(recursive=True)
    assert workers
    client.process.send_signal(signal.SIGKILL)
    await client.gone()
    _, alive = await asyncio.to_thread(psutil.wait_procs, workers, 20)
    assert not alive


async def test_a_server_whose_editor_died_ends(workspace, home):
    client = await RawClient.start(workspace, environ(home, **OFF))
    editor = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    await editor.wait()
    await client.initialize(workspace, VSCODE, processId=editor.pid)
    assert await client.gone() == 1


async def test_what_is_printed_never_reaches_the_protocol(workspace, tmp_path, clients):
    (tmp_path / "noisy").mkdir()
    (tmp_path / "noisy" / "sitecustomize.py").write_text(
        "import threading, os\n"
        "def shout():\n"
        "    import time\n"
        "    time.sleep(2)\n"
        "    print('noise from print', flush=True)\n"
        "    os.write(1, b'noise from C\\n')\n"
        "threading.Thread(target=shout, daemon=True).start()\n"
    )
    client = await clients(workspace, VSCODE, env={**OFF, "PYTHONPATH": str(tmp_path / "noisy")})
    uri = client.open(workspace / "main.py", MAIN)
    for _ in range(20):
        assert (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]
        await asyncio.sleep(0.2)
    assert client.stray == []


@pytest.mark.parametrize("transport", ["tcp", "ws"])
async def test_other_transports(transport, workspace, home):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (sys.executable, "-m", "seal_lsp.cli.entry", f"--{transport}", "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command, env=environ(home, **OFF), cwd=workspace)
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    if transport == "tcp":
                        reader, writer = await asyncio.open_connection("127.0.0.1", port)
                        break
                    from websockets.asyncio.client import connect

                    ws = await connect(f"ws://127.0.0.1:{port}", max_size=None)
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        if transport == "ws":
            reader, writer = asyncio.StreamReader(), WebSocketPipe(ws)
            pump = asyncio.create_task(writer.pump(reader))
        client = RawClient(reader, writer, process)
        await client.initialize(workspace, VSCODE)
        uri = client.open(workspace / "main.py", MAIN)
        assert (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]
        await client.ask("shutdown")
        client.notify("exit")
        assert await client.gone() == 0
        if transport == "ws":
            pump.cancel()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class WebSocketPipe:
    """One message is one frame, without headers."""

    def __init__(self, ws) -> None:
        self._ws = ws
        self._sends: set[asyncio.Task] = set()

    def write(self, data: bytes) -> None:
        task = asyncio.ensure_future(self._ws.send(data.partition(b"\r\n\r\n")[2].decode()))
        self._sends.add(task)

    async def pump(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(Exception):
            async for frame in self._ws:
                body = frame.encode() if isinstance(frame, str) else frame
                reader.feed_data(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        reader.feed_eof()


async def test_the_server_starts_its_own_engine_and_brings_back_one_that_died(workspace, home, clients):
    home.mkdir()
    script = home / "script.json"
    script.write_text(json.dumps({**SCRIPT, "seconds_per_token": 0.2}))
    settings = {**NO_LEARNING, "model": {"id": f"scripted:{script}"}, "engine": {"idle_exit_s": 60}}
    client = await clients(workspace, VSCODE, settings=settings)
    text, cursor = at(MAIN + "slow = <|>")
    uri = client.open(workspace / "main.py", text)
    await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == "Normal")
    found = json.loads((home / "run" / "engine.json").read_text())
    first = psutil.Process(found["pid"])
    _, waiting = client.begin("textDocument/inlineCompletion", inline(uri, cursor, kind=1))
    await asyncio.sleep(0.8)
    since = len(client.heard)
    first.kill()
    assert (await asyncio.wait_for(waiting, 30))["result"] in (None, {"items": []})
    await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] != "Normal", since=since)
    # facts meanwhile; and since somebody still wants suggestions, another engine
    assert (await client.ask("textDocument/hover", place(uri, CLIMB)))["contents"]
    since = len(client.heard)
    await client.ask("textDocument/inlineCompletion", inline(uri, cursor))
    await client.until(lambda m: m["method"] == "seal/status" and m["params"]["kind"] == "Normal", since=since)
    second = psutil.Process(json.loads((home / "run" / "engine.json").read_text())["pid"])
    assert second.pid != first.pid
    assert (await client.ask("textDocument/inlineCompletion", inline(uri, cursor, kind=1)))["items"]
    assert await client.close() == 0
    command = [sys.executable, "-m", "seal_lsp.cli.entry", "stop"]
    assert await (await asyncio.create_subprocess_exec(*command, env=environ(home))).wait() == 0
    await asyncio.to_thread(second.wait, 20)
