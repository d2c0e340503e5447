"""What of pygls's protocol is ours: nothing is kept of a message that was dealt with."""

from __future__ import annotations

import asyncio

import pytest

from seal_lsp.lsp.server import create_server


def plain():
    return 1


async def awaited():
    await asyncio.sleep(0)


def generator():
    yield awaited, (), {}


@pytest.mark.parametrize("handler", [plain, awaited, generator])
async def test_nothing_is_kept_of_what_is_over(handler):
    protocol = create_server().protocol
    ended = []
    for number in range(5):
        protocol._execute_handler(str(number), handler, ended.append)
    async with asyncio.timeout(5):
        while len(ended) < 5 or protocol._request_futures:
            await asyncio.sleep(0.01)
