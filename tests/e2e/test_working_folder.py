"""Nothing of the folder that an editor starts the server in is run: not its modules that are named like the standard
library's."""

from __future__ import annotations

import asyncio
import sys

import pytest
from raw_client import RawClient
from wire_project import NO_LEARNING, environ
from wire_talk import at, capabilities, labels, place

from seal_lsp.cli.private_home import stop_engine
from seal_lsp.store.paths import Paths

AS_A_SCRIPT = "import sys; sys.path.remove(''); from seal_lsp.cli.entry import main; main([])"  # as seal-lsp on PATH
TEXT = "from orchard import Ladder\nladder = Ladder()\nladder.<|>\n"


@pytest.mark.parametrize("command", [("-P", "-m", "seal_lsp.cli.entry"), ("-c", AS_A_SCRIPT)], ids=["jupyter", "PATH"])
async def test_modules_in_the_working_folder_are_never_imported(workspace, home, command, tmp_path):
    for name in ("types", "json", "random", "socket", "uvicorn"):
        (workspace / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'a').write('{name} ')\nexit(1)\n")
    client = await RawClient.start(workspace, environ(home), (sys.executable, *command))
    try:
        await client.initialize(workspace, capabilities("neovim"), initializationOptions=NO_LEARNING)
        text, cursor = at(TEXT)
        uri = client.open(workspace / "a.py", text)
        async with asyncio.timeout(60):  # the library is read meanwhile
            while not labels(menu := await client.ask("textDocument/completion", place(uri, cursor))):
                await asyncio.sleep(0.1)
        assert "climb" in labels(menu)
        status = await client.until(lambda m: m["method"] == "seal/status" and "no engine yet" not in str(m["params"]))
        assert "ended" not in status["params"]["message"]
        assert not (tmp_path / "imported").exists()
        assert await client.close() == 0
    finally:
        await client.kill()
        await stop_engine(Paths.default({"SEAL_HOME": str(home)}))
