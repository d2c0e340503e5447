"""Settings by LSP's three ways: initializationOptions, workspace/didChangeConfiguration, workspace/configuration.

What the client answers to a pull wins over what it pushed, that over the options of `initialize`. A bad value becomes
its default and one message. Knows nothing of what the settings mean.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.capabilities import get_capability

if TYPE_CHECKING:
    from seal_lsp.lsp.server import SealServer
    from seal_lsp.settings.schema import Settings

log = logging.getLogger(__name__)

SECTION = "seal"
PULL_S = 5.0


class Configuration:
    """`settings` hold where no workspace folder says otherwise; `of` those of a folder, whose own files may narrow."""

    settings: Settings

    def __init__(self, server: SealServer) -> None:
        self._server = server
        self._of_root: dict[Path, Settings] = {}
        self._layers: dict[str, dict] = {}
        self._listeners: list[Callable[[], None]] = []
        self._merging = asyncio.Lock()  # of two changes at once, the later one's merge is the last

    def initialize(self, options: Any) -> None:
        self._layers["initialization"] = _section(_plain(options))

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called after every change."""
        self._listeners.append(listener)

    def of(self, root: Path) -> Settings:
        return self._of_root.get(root, self.settings)

    async def start(self) -> None:
        await self._merge()
        capabilities = self._server.client_capabilities
        if get_capability(capabilities, "workspace.did_change_configuration.dynamic_registration", False):
            self._server.desk.background(self._register())
        if get_capability(capabilities, "workspace.configuration", False):
            self._server.desk.background(self.pull())

    def push(self, pushed: Any) -> None:
        """Remembered at once, so that what a client pushes before it opens a file holds for that file, also where the
        server is still starting. Clients that can be asked often push nothing."""
        settings = _section(_plain(pushed))
        if settings:
            self._layers["pushed"] = settings

    async def changed(self) -> None:
        if get_capability(self._server.client_capabilities, "workspace.configuration", False):
            await self.pull()
        else:
            await self._apply()

    async def pull(self) -> None:
        params = types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])
        try:
            answer = await asyncio.wait_for(self._server.workspace_configuration_async(params), PULL_S)
        except Exception as error:  # a client that cannot answer its own capability keeps what it pushed
            log.warning("workspace/configuration: %s", error or type(error).__name__)
            return await self._apply()
        value = _plain(answer[0]) if answer else None
        if isinstance(value, dict):
            self._layers["pulled"] = _section(value)
        await self._apply()

    async def _apply(self) -> None:
        await self._merge()
        for listener in self._listeners:
            listener()

    async def _merge(self) -> None:
        async with self._merging:
            layers = [self._layers[name] for name in ("initialization", "pushed", "pulled") if name in self._layers]
            roots = self._server.desk.roots()
            self.settings, self._of_root, messages = await asyncio.to_thread(_load, layers, roots)
        for message in messages:
            self._server.desk.tell_once(f"seal-lsp: {message}")

    async def folders_changed(self) -> None:
        """New folders bring files of their own."""
        await self._apply()

    async def _register(self) -> None:
        registration = types.Registration(
            id="seal-configuration",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options=types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        try:
            await self._server.client_register_capability_async(types.RegistrationParams(registrations=[registration]))
        except Exception as error:
            log.warning("client/registerCapability: %s", error)


def _load(layers: list[dict], roots: tuple[Path, ...]) -> tuple[Settings, dict[Path, Settings], list[str]]:
    from seal_lsp.settings.load import load

    settings, messages = load(*layers)
    of_root: dict[Path, Settings] = {}
    for root in roots:
        of_root[root], said = load(*layers, workspace=root)
        messages += said
    return settings, of_root, list(dict.fromkeys(messages))


def _section(value: Any) -> dict:
    """Clients send the settings bare or below "seal" (or "seal-lsp")."""
    if not isinstance(value, dict):
        return {}
    for name in (SECTION, "seal-lsp", "seal_lsp"):
        if isinstance(value.get(name), dict):
            return value[name]
    return value


def _plain(value: Any) -> Any:
    """pygls hands untyped JSON on as it is, or as attribute objects: JSON again."""
    if value is None or isinstance(value, (dict, list, str, int, float, bool)):
        return value
    if hasattr(value, "_asdict"):
        return {k: _plain(v) for k, v in value._asdict().items()}
    return json.loads(json.dumps(value, default=lambda o: getattr(o, "__dict__", None)))
