"""The sandbox really stops things: each program is run, with the kernel's namespaces and without them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.measure.suites import sandbox
from seal_lsp.measure.suites.sandbox import Limits, Runtime, run_program

NAMESPACES = "network namespace" in run_program("").layers
WITH = pytest.param(True, marks=pytest.mark.skipif(not NAMESPACES, reason="this kernel or user makes no namespaces"))

REFUSED = [
    ("a connection", "import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)", "refuses socket"),
    ("a bare socket", "import _socket\n_socket.socket()", "refuses socket"),
    ("a process", "import subprocess\nsubprocess.run(['true'])", "refuses subprocess"),
    ("a fork", "import os\nos.fork()", "refuses os.fork"),
    ("another program", "import os\nos.execv('/bin/true', ['true'])", "refuses os.exec"),
    ("a shell", "import os\nos.system('true')", "refuses os.system"),
    ("a signal", "import os\nos.kill(os.getppid(), 0)", "refuses os.kill"),
    ("native calls", "import ctypes\nctypes.CDLL(None)", "refuses ctypes"),
    ("a file outside", "open({outside!r}, 'w')", "refuses to write"),
    ("a file outside, appended", "open({outside!r}, 'a')", "refuses to write"),
    ("a file outside, low", "import os\nos.open({outside!r}, os.O_WRONLY | os.O_CREAT)", "refuses to write"),
    ("a file outside, by a link", "import os\nos.symlink({folder!r}, 'x')\nopen('x/f', 'w')", "refuses"),
    ("deletion", "import os\nos.remove({kept!r})", "refuses os.remove"),
    ("renaming", "import os\nopen('a', 'w').close()\nos.rename('a', {outside!r})", "refuses os.rename"),
    ("a folder outside", "import os\nos.mkdir({outside!r})", "refuses os.mkdir"),
    ("its limits", "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (9, 9))", "refuses resource"),
    ("too much memory", "x = bytearray(3 << 30)", "MemoryError"),
    ("a file too large", "open('a', 'wb').write(bytes(2 << 20))", "File too large"),
    ("too many files", "kept = [open('/dev/null') for _ in range(500)]", "Too many open files"),
    ("leaving early", "raise SystemExit(0)", "SystemExit"),
    ("leaving at once", "import os\nos._exit(0)", "without a verdict"),
    ("an error", "assert 1 + 1 == 3, 'no'", "AssertionError: no"),
    ("no Python", "def f(:", "SyntaxError"),
    ("input", "input()", "EOFError"),
]


@pytest.mark.parametrize("namespaces", [WITH, False])
@pytest.mark.parametrize(("program", "said"), [pytest.param(p, s, id=i) for i, p, s in REFUSED])
def test_what_does_not_pass(tmp_path, program, said, namespaces):
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        filled = program.format(
            port=server.getsockname()[1], outside=str(tmp_path / "new"), folder=str(tmp_path), kept=str(kept)
        )
        verdict = run_program(filled, limits=Limits(memory_mb=1024), runtime=Runtime(namespaces=namespaces))
        with pytest.raises(BlockingIOError):  # nobody has called
            server.accept()
    assert not verdict.passed
    assert said in verdict.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
    assert kept.read_text() == "as it was"


@pytest.mark.parametrize("program", ["while True: pass", "import time\ntime.sleep(60)", "x = 9 ** 9 ** 9"])
def test_time_is_limited(program):
    verdict = run_program(program, limits=Limits(seconds=0.5))
    assert (verdict.passed, verdict.error) == (False, "ran longer than 0.5 s")


@pytest.mark.parametrize("namespaces", [WITH, False])
@pytest.mark.parametrize(
    "program",
    [
        "import math, re, itertools, json, random\nassert math.sqrt(4) == 2",
        "print('x' * 100000)",
        "open('a', 'w').write('x')\nassert open('a').read() == 'x'\nimport os\nos.remove('a')",
        "import tempfile\nwith tempfile.NamedTemporaryFile('w') as f: f.write('x')",
        "import os\nassert 'SECRET' not in os.environ and os.listdir('/')",
        "class A: pass\nassert A.__module__ == '__sandbox__'",
    ],
)
def test_ordinary_programs_pass(monkeypatch, program, namespaces):
    monkeypatch.setenv("SECRET", "hush")
    verdict = run_program(program, runtime=Runtime(namespaces=namespaces))
    assert verdict.error == ""
    assert verdict.passed


@pytest.mark.parametrize(
    ("program", "passed", "said"),
    [
        ("def test_a(): assert True\ndef test_b(): assert True", True, ""),
        ("def test_a(): assert True\ndef test_b(): assert False, 'b'", False, "AssertionError: b"),
        ("def helper(): pass", False, "defines no test"),
        ("test_data = 1\ndef test_a(): assert test_data", True, ""),
    ],
)
def test_test_functions_are_called(program, passed, said):
    verdict = run_program(program, tests="test")
    assert verdict.passed is passed
    assert said in verdict.error


@pytest.mark.skipif(not NAMESPACES, reason="this kernel or user makes no namespaces")
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)", "refused|unreachable"),
        ("open({outside!r}, 'w')", "Read-only file system"),
        ("import os\nos.remove({kept!r})", "Read-only file system"),
        ("import ctypes\nassert ctypes.CDLL(None).umount2(b'/', 2) == 0, 'not mine'", "not mine"),
    ],
)
def test_the_kernel_alone_keeps_network_and_files_off(tmp_path, monkeypatch, program, said):
    """The same child without its audit hook: what native code would meet."""
    child = tmp_path / "child.py"
    child.write_text(sandbox._CHILD.read_text().replace("        hook(os.getcwd())\n", ""))
    assert "hook(os.getcwd())" not in child.read_text()
    monkeypatch.setattr(sandbox, "_CHILD", child)
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        verdict = run_program(program.format(port=port, outside=str(tmp_path / "new"), kept=str(kept)))
    assert not verdict.passed
    assert any(word in verdict.error for word in said.split("|"))
    assert kept.exists()
    assert not (tmp_path / "new").exists()


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox.tempfile, "tempdir", str(tmp_path))
    assert run_program("open('left', 'w').write('x')").passed
    assert list(tmp_path.iterdir()) == []


def test_modules_of_a_site_are_found(tmp_path):
    (tmp_path / "only_here.py").write_text("value = 3\n")
    runtime = Runtime(site=(tmp_path,), preload=("only_here", "nowhere_to_be_found?"))
    assert run_program("import only_here\nassert only_here.value == 3", runtime=runtime).passed
    missing = run_program("", runtime=Runtime(preload=("nowhere_to_be_found",)))
    assert "ModuleNotFoundError" in missing.error


def test_an_interpreter_that_is_none(tmp_path):
    with pytest.raises(EnvironmentProblem, match="cannot run the tests"):
        run_program("", runtime=Runtime(python=tmp_path / "python", namespaces=False))


def test_the_child_needs_nothing_of_ours():
    """It runs under any interpreter that --python names, so it imports the standard library alone."""
    listed = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(sandbox._CHILD)!r}, run_name='x')"],
        env={"PATH": os.defpath}, capture_output=True, text=True, cwd=Path("/"),
    )  # fmt: skip
    assert (listed.returncode, listed.stderr) == (0, "")
