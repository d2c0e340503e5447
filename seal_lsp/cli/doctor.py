"""`seal-lsp doctor`: what is wrong with this machine or workspace, and what to do. Changes nothing, starts nothing.

Each check is a function that returns findings; a check that itself fails is a finding too, never a crash. The checks of
the machine are here, those of the workspace and of what was learned in doctor_workspace.py.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from seal_lsp.cli.output import Json, show, table
from seal_lsp.core.errors import SealError

OK, NOTE, PROBLEM = "ok", "note", "problem"
TORCH = "2.13"
TORCH_RELEASE = "2.13.0"
LEAST_MEMORY_GB = 4.0
LEAST_DISK_GB = 3.0
_MARKS = {OK: ("✓", "green"), NOTE: ("·", "yellow"), PROBLEM: ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """`status`: ok, note (nothing is broken) or problem (something will not work). `do` says what to do."""

    check: str
    status: str
    message: str
    do: str = ""


def command(root: Annotated[Path, typer.Option(help="The workspace to look at.")] = Path(), json: Json = False) -> None:
    """What is wrong with this machine or workspace, and what to do. Exit 0 only when nothing is."""
    findings = examine(root.absolute())
    healthy = all(one.status != PROBLEM for one in findings)

    def human(console):
        rows = [(Text.assemble(_MARKS[f.status], f" {f.check}"), _said(f)) for f in findings]
        console.print(table(("check", "finding"), rows))
        problems = sum(one.status == PROBLEM for one in findings)
        console.print("healthy" if healthy else f"{problems} problem{'s' if problems > 1 else ''}; what to do is above")

    show({"healthy": healthy, "findings": [asdict(one) for one in findings]}, json, human)
    if not healthy:
        raise typer.Exit(1)


def examine(root: Path) -> list[Finding]:
    from seal_lsp.cli import doctor_workspace as workspace

    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", python),
        ("torch", torch),
        ("processor", processor),
        ("memory", memory),
        ("disk", disk),
        ("folders", folders),
        ("settings", lambda: workspace.settings(root)),
        ("weights", weights),
        ("model server", model_server),
        ("engine", engine),
        ("workspace", lambda: workspace.environment(root)),
        ("adapters", workspace.adapters),
        ("ledger", workspace.ledger),
    ]
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings += check()
        except SealError as error:
            findings.append(Finding(name, PROBLEM, error.message, error.hint))
        except Exception as error:
            what = f"the check itself failed: {type(error).__name__}: {error}"
            findings.append(Finding(name, PROBLEM, what, "please report this"))
    return findings


def python() -> Iterator[Finding]:
    yield Finding("python", OK, f"{platform.python_version()} at {sys.executable}")


def torch_command(gpu: bool) -> str:
    """pip cannot choose torch's build by itself: the CPU's is a version of its own, `+cpu`."""
    if gpu:
        return f"{sys.executable} -m pip install 'torch>={TORCH},<2.14'"
    return f"{sys.executable} -m pip install 'torch=={TORCH_RELEASE}+cpu'"


def torch() -> Iterator[Finding]:
    """Read from the installed metadata: importing torch takes seconds, and a broken one should not break this."""
    nvidia = has_nvidia()
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        do = f"{torch_command(nvidia)}, then {sys.executable} -m pip install 'seal-lsp[{'gpu' if nvidia else 'cpu'}]'"
        yield Finding("torch", PROBLEM, "not installed: facts are served, nothing is ranked, written or learned", do)
        return
    build = _build(version)
    text = f"{version} ({build} build)"
    if not version.startswith(TORCH + "."):
        yield Finding("torch", PROBLEM, f"{text}; seal-lsp is made for {TORCH}", torch_command(nvidia))
    elif nvidia and build == "cpu":
        yield Finding("torch", NOTE, f"{text}, but there is an NVIDIA GPU", torch_command(gpu=True))
    elif not nvidia and build != "cpu":
        yield Finding("torch", NOTE, f"{text}: it works, the CPU build is some gigabytes smaller", torch_command(False))
    else:
        yield Finding("torch", OK, text)
    missing = [name for name in ("transformers", "peft", "safetensors", "gguf") if not importlib.util.find_spec(name)]
    if missing:
        do = f"{sys.executable} -m pip install 'seal-lsp[cpu]'"
        yield Finding("torch", PROBLEM, f"without {', '.join(missing)} no model can be loaded or trained", do)


def processor() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = cpu_flags()
    text = f"{cores} cores, {platform.machine()}"
    if platform.machine().lower() in ("x86_64", "amd64") and flags and "avx2" not in flags:
        yield Finding("processor", NOTE, f"{text}, no AVX2: learning takes several times as long",
                      "use an engine elsewhere: set engine.url")  # fmt: skip
    else:
        yield Finding("processor", OK, text + (", AVX2" if "avx2" in flags else ""))
    gpu = "an NVIDIA GPU with a driver" if has_nvidia() else "no NVIDIA GPU: the processor does the work"
    yield Finding("gpu", OK, gpu)


def memory() -> Iterator[Finding]:
    import psutil

    found = psutil.virtual_memory()
    total, free = found.total / 2**30, found.available / 2**30
    text = f"{free:.1f} GB available of {total:.1f} GB"
    if free < LEAST_MEMORY_GB:
        do = f"learning with the default model wants {LEAST_MEMORY_GB:.0f} GB: close something, or set engine.url"
        yield Finding("memory", NOTE if free > LEAST_MEMORY_GB / 2 else PROBLEM, text, do)
    else:
        yield Finding("memory", OK, text)


def disk() -> Iterator[Finding]:
    from seal_lsp.store.paths import Paths

    paths = Paths.default()
    for name, folder in (("data", paths.data), ("cache", paths.cache)):
        here = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(here).free / 2**30
        text = f"{free:.1f} GB free for {name} at {folder}"
        if free < LEAST_DISK_GB:
            do = f"make room, or set SEAL_HOME to a disk with {LEAST_DISK_GB:.0f} GB"
            yield Finding("disk", PROBLEM, text, do)
        else:
            yield Finding("disk", OK, text)


def folders() -> Iterator[Finding]:
    """Can be written, and short enough for a Unix socket."""
    from seal_lsp.store.paths import Paths

    paths = Paths.default()
    for folder in (paths.data, paths.cache, paths.runtime):
        here = next(place for place in (folder, *folder.parents) if place.exists())
        if not here.is_dir() or not os.access(here, os.W_OK | os.X_OK):
            do = "change its owner, or set SEAL_HOME elsewhere"
            yield Finding("folders", PROBLEM, f"{here} cannot be written", do)
    direct = paths.runtime / "engine.sock"
    length = len(os.fsencode(paths.socket))
    if paths.socket != direct:
        moved = f"{len(os.fsencode(direct))} bytes are too long for a socket's path: it is at {paths.socket}"
        yield Finding("socket", NOTE, moved, "nothing; a shorter SEAL_HOME would keep it in place")
    else:
        yield Finding("socket", OK, f"{paths.socket} ({length} bytes)")


def weights() -> Iterator[Finding]:
    from seal_lsp.lm.registry import ModelRegistry
    from seal_lsp.settings.load import load
    from seal_lsp.store.paths import Paths

    current = ModelRegistry(Paths.default()).current()
    if current is None and load()[0].model.runtime == "remote":
        bare = "none is here: the model server's base is served as it is, nothing is learned"
        yield Finding("weights", NOTE, bare, "pull the same base: seal-lsp model pull")
    elif current is None:
        yield Finding("weights", PROBLEM, "no model is here: facts only", "seal-lsp model pull default")
    else:
        yield Finding("weights", OK, f"{current.id}, {current.parameters / 1e6:.0f}M parameters, at {current.path}")


def model_server() -> Iterator[Finding]:
    """Only where one is set. Asks it what it is; no text is sent."""
    from seal_lsp.settings.load import load

    settings = load()[0].model
    if settings.runtime != "remote":
        return
    from seal_lsp.engine.model_host import server_address
    from seal_lsp.lm.remote_connect import describe

    facts = describe(server_address(settings))
    scores = "it can score names" if facts.scores else "it cannot score names: they keep their static order"
    text = f"{facts.kind} {facts.version} at {settings.url} serves {facts.base}, {facts.context} tokens; {scores}"
    yield Finding("model server", OK if facts.scores else NOTE, f"{text}; adapters: {facts.adapters}")


def engine() -> Iterator[Finding]:
    from seal_lsp.cli.asking import ask
    from seal_lsp.core.errors import EngineUnavailable

    try:
        status = ask(lambda client: client.status(), start=False)
    except EngineUnavailable as error:
        yield Finding("engine", OK, f"none is running; the first editor starts one ({error.message})")
        return
    if status.kind == "Error":
        yield Finding("engine", PROBLEM, f"pid {status.pid}: {status.message}", "see its log, or: seal-lsp status")
    else:
        yield Finding("engine", OK, f"pid {status.pid}, {status.state}: {status.message}")


def cpu_flags() -> frozenset[str]:
    """Empty where the system does not tell."""
    try:
        found = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(found[1].split()) if found else frozenset()


def has_nvidia() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _build(version: str) -> str:
    local = version.partition("+")[2]
    if local:
        return "cpu" if local == "cpu" else local
    try:
        importlib.metadata.version("nvidia-cublas")
        return "cuda"
    except importlib.metadata.PackageNotFoundError:
        pass
    wants = importlib.metadata.requires("torch") or ()
    return "cuda" if any(one.startswith(("nvidia-", "cuda-")) for one in wants) else "cpu"


def _said(finding: Finding) -> str:
    return f"{finding.message}\n  → {finding.do}" if finding.do else finding.message
