"""How long from process start to the answer of `initialize`, and the resident memory then: seal-lsp beside
jedi-language-server and a bare pygls server, in alternating runs.
`python tests/e2e/start_up.py [runs]` prints medians and ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

BARE = "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '0').start_io()"
SERVERS = {
    "seal-lsp": [sys.executable, "-m", "seal_lsp.cli.entry", "--stdio"],
    "jedi-language-server": [sys.executable, "-c", "from jedi_language_server.cli import cli; cli()"],
    "bare pygls": [sys.executable, "-c", BARE],
}


def run_once(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """(seconds to the answer of initialize, resident MB then)."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
    )
    try:
        params = {"processId": os.getpid(), "rootUri": Path(environ["HOME"]).as_uri(), "capabilities": {}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        process.stdin.flush()
        answer: dict = {}
        while answer.get("id") != 1:
            length = 0
            while (line := process.stdout.readline()).strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            answer = json.loads(process.stdout.read(length))
        seconds = time.perf_counter() - began
        assert "capabilities" in answer["result"]
        return seconds, psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        process.kill()
        process.communicate()


def measure(runs: int) -> dict[str, tuple[float, float]]:
    """Medians by server; the runs alternate, so that the machine's moods fall on all alike."""
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home, "SEAL_HOME": f"{home}/seal", "SEAL_ENGINE": "off"}
        for command in SERVERS.values():
            run_once(command, environ)  # warms the file cache, makes bytecode
        for _ in range(runs):
            for name, command in SERVERS.items():
                results[name].append(run_once(command, environ))
    return {
        name: (statistics.median(r[0] for r in found), statistics.median(r[1] for r in found))
        for name, found in results.items()
    }


if __name__ == "__main__":
    medians = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    reference = medians["jedi-language-server"]
    for name, (seconds, megabytes) in medians.items():
        times = f"{seconds * 1000:7.0f} ms {seconds / reference[0]:5.2f}x"
        print(f"{name:22} {times}   {megabytes:6.1f} MB {megabytes / reference[1]:5.2f}x")
