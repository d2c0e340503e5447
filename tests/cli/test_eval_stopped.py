"""SIGTERM ends a measurement as Cancelled wherever it is, also where the shell made it ignore SIGINT (`command &`)."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[1] == "ignored" else signal.default_int_handler)
from seal_lsp.cli.eval_progress import resumable
from seal_lsp.core.errors import Cancelled

async def work():
    try:
        print("working", flush=True)
        if sys.argv[2] == "step":
            signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(0.05)  # a learner is stopped here
        print("stopped by itself", flush=True)
        raise

def wait():
    print("working", flush=True)
    time.sleep(60)

try:
    with resumable():
        wait() if sys.argv[2] == "plain" else asyncio.run(work())
except Cancelled:
    print("cancelled", flush=True)
"""


@pytest.mark.parametrize("interrupts", ["heard", "ignored"])
@pytest.mark.parametrize("where", ["loop", "step", "plain"])  # the loop waits, or is within a step of a coroutine
def test_sigterm_is_heard(interrupts, where):
    command = [sys.executable, "-c", PROGRAM, interrupts, where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "working\n"
        if where != "step":
            process.send_signal(signal.SIGTERM)
        said, told = process.communicate(timeout=30)
    assert said.splitlines() == [*(["stopped by itself"] if where != "plain" else []), "cancelled"], told
