"""Runs a program that a model wrote, or that came with a benchmark, in a process that can do little harm.

What it keeps off, always: more than the given time, memory, open files and bytes a file (resource limits; time also
by killing the process group from outside); by an audit hook in the child also sockets, other processes, signals,
native calls through ctypes, and every change to a file outside a scratch folder that is deleted afterwards. Where the
kernel lets this user make namespaces (Linux; `Verdict.layers` says), the kernel itself leaves the child without a
network and with everything but that folder mounted read-only.

What it does not: it is made for accidents, not for attackers. The child may read what the user may read. Where no
namespaces can be made, native code (an extension module that is already loaded) is not seen by the hook; limits on
processes bind only users other than root, for root the hook alone refuses them. Do not run hostile programs with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.errors import EnvironmentProblem

_CHILD = Path(__file__).with_name("sandbox_child.py")
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of wall-clock and of processor time each; address space and largest file in MB; open files; processes."""

    seconds: float = 10.0
    memory_mb: int = 1024
    file_mb: int = 1
    files: int = 64
    processes: int = 64


@dataclass(frozen=True, slots=True)
class Runtime:
    """Which Python runs the program. `site` are folders put on its path; `preload` are modules that are imported before
    the hook is installed, because their own loading needs what it refuses (numpy loads libraries with ctypes);
    one that ends in `?` may be missing.
    Without `namespaces` none are asked for: what remains is what a kernel without them gives."""

    python: Path = Path(sys.executable)
    site: tuple[Path, ...] = ()
    preload: tuple[str, ...] = ()
    namespaces: bool = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`error` says why it did not pass: the exception, or what stopped it. `layers` are the protections in force."""

    passed: bool
    error: str
    layers: tuple[str, ...]


def run_program(
    program: str, *, tests: str = "", limits: Limits | None = None, runtime: Runtime | None = None
) -> Verdict:
    """Run `program` as a module; with `tests` also every function of it whose name begins so (there must be one).

    It passed when nothing raised and it came to its end. Raises EnvironmentProblem when `runtime.python` cannot start.
    """
    if os.name != "posix":
        raise EnvironmentProblem("tests of a suite run on Linux or macOS only", hint="resource limits are POSIX's")
    limits, runtime = limits or Limits(), runtime or Runtime()
    task = {
        "program": program,
        "tests": tests,
        "seconds": limits.seconds,
        "memory": limits.memory_mb * _MB,
        "file_bytes": limits.file_mb * _MB,
        "files": limits.files,
        "processes": limits.processes,
        "path": [str(folder.absolute()) for folder in runtime.site],
        "preload": list(runtime.preload),
    }
    with tempfile.TemporaryDirectory(prefix="seal-sandbox-") as folder:
        # absolute, not resolved: a virtual environment's python is a link, and knows by it where it belongs
        runner = [str(runtime.python.absolute()), "-I", "-B", str(_CHILD)]
        command = [*runner, "fence", folder, *runner, "run"] if runtime.namespaces else [*runner, "run"]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, text=True,
                encoding="utf-8", env=_environment(folder), start_new_session=True, close_fds=True,
            )  # fmt: skip
        except OSError as error:
            raise EnvironmentProblem(
                f"{runtime.python} cannot run the tests: {error}", hint="give --python the path of an interpreter"
            ) from error
        return _verdict(process, json.dumps(task), limits)


def _verdict(process: subprocess.Popen, task: str, limits: Limits) -> Verdict:
    try:
        answer, errors = process.communicate(task, timeout=limits.seconds + 5)  # the interpreter's own start
    except subprocess.TimeoutExpired:
        return Verdict(False, f"ran longer than {limits.seconds:g} s", ())
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if answer:
        found = json.loads(answer)
        return Verdict(found["passed"], found["error"], tuple(found["layers"]))
    if -process.returncode in (signal.SIGALRM, signal.SIGXCPU, signal.SIGKILL):
        return Verdict(False, f"ran longer than {limits.seconds:g} s", ())
    if process.returncode < 0:
        return Verdict(False, f"killed by {signal.Signals(-process.returncode).name}", ())
    return Verdict(False, (errors.strip().splitlines() or ["it ended without a verdict"])[-1][:500], ())


def _environment(folder: str) -> dict[str, str]:
    """Nothing of the user's environment, and one thread a library: threads count as processes and take memory."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    return {"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "PATH": os.defpath, "PYTHONHASHSEED": "0"} | threads
