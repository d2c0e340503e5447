"""The heaps of a process whose threads all allocate."""

from __future__ import annotations

import subprocess
import sys

import pytest

COUNT = """
import ctypes, sys, threading
from seal_lsp.lm.heap import few_arenas, give_back
if sys.argv[1] == "few":
    few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(7)
def take():
    together.wait()
    libc.malloc(ctypes.c_size_t(50_000))  # below what glibc maps by itself
    together.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
for thread in threads:
    thread.start()
together.wait()
together.wait()
with open("/proc/self/maps") as maps:
    starts = [int(line.split("-")[0], 16) for line in maps if len(line.split()) == 5]
give_back()
print(sum(start % 2**26 == 0 for start in starts))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has arenas")
@pytest.mark.parametrize(("how", "expected"), [("few", range(0, 2)), ("as it is", range(4, 20))])
def test_threads_share_two_heaps(how, expected):
    found = subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True)
    assert int(found.stdout) in expected
