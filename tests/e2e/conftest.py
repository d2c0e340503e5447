"""Servers over a workspace on disk, ended with the test."""

from __future__ import annotations

import pytest
from raw_client import RawClient
from wire_project import NO_LEARNING, environ, make_workspace


@pytest.fixture
def home(tmp_path):
    return tmp_path / "seal"


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "farm")


@pytest.fixture
async def clients(home):
    """`await clients(folder, capabilities, ...)` starts a server and shakes hands; all end with the test."""
    started: list[RawClient] = []

    async def start(folder, caps, *, settings=NO_LEARNING, env=None, root=True, **more):
        client = await RawClient.start(folder, environ(home, **(env or {})))
        started.append(client)
        client.answers["workspace/configuration"] = lambda params: [settings for _ in params["items"]]
        more.setdefault("initializationOptions", settings)
        client.server = await client.initialize(folder if root else None, caps, **more)
        return client

    yield start
    for client in started:
        if client.process.returncode is None:
            assert await client.close() == 0
        assert client.stray == []
