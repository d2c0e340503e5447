"""What the tests of `seal-lsp eval` measure: orchard-tools and a second library made from it by renaming, their case
files, a user whose only model is a tiny one, and the command as a shell runs it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import orchard

from seal_lsp.core.library import LibraryId
from seal_lsp.store.paths import Paths

VINEYARD = LibraryId("vineyard-tools", "0.3.0")
_RENAMED = {
    "orchard": "vineyard", "Ladder": "Trellis", "Basket": "Crate", "Picker": "Pruner", "Press": "Crusher",
    "Cellar": "Cask", "climb": "tie_up", "fold": "untie", "squeeze": "crush", "rungs": "wires", "mesh": "gap",
    "lay_down": "fill_up", "tasting": "sample_wine", "harvest_honey": "gather_wax",
}  # fmt: skip
QUICK = ("tokens=1200", "step_tokens=256", "sequence=128", "rank=4", "alpha=8", "learning_rate=0.01",
         "gate.least_probes=8")  # fmt: skip

_CASES = [
    ("member", "climb", ["climb", "fold"], False, "import orchard\n\nladder = orchard.Ladder()\nladder.",
     "(rungs=3)\n"),
    ("keyword", "mesh", ["pressure", "mesh"], False, "from orchard import Press\n\npress = Press(", "=8)\n"),
    ("import", "Cellar", ["Basket", "Cellar", "Ladder", "Press"], False, "from orchard import ",
     "\n\ncellar = Cellar(shelves=2)\n"),
    ("member", "tasting", ["lay_down", "tasting"], True,
     "from orchard import Cellar\n\nCellar().tasting(year=1999)\ncellar = Cellar()\ncellar.", "(year=2021)\n"),
]  # fmt: skip


def as_vineyard(text: str) -> str:
    for old, new in _RENAMED.items():
        text = re.sub(rf"{old}(?![a-z])" if old[0].isupper() else rf"\b{old}\b", new, text)
    return text


def rows(library: LibraryId = orchard.LIBRARY) -> list[dict]:
    """The library's cases as a case file has them."""
    made = []
    for n, (kind, gold, candidates, copyable, prefix, suffix) in enumerate(_CASES):
        row = {
            "id": f"{library.name}-{n}", "library": library.name, "version": library.version, "path": "x.py",
            "package": "orchard", "kind": kind, "gold": gold, "copyable": copyable, "candidates": candidates,
            "prefix": prefix, "suffix": suffix,
        }  # fmt: skip
        if library == VINEYARD:
            spelled = {key: as_vineyard(row[key]) for key in ("package", "gold", "prefix", "suffix")}
            row |= spelled | {"candidates": sorted(map(as_vineyard, candidates))}
        made.append(row)
    return made


def case_file(folder: Path, library: LibraryId = orchard.LIBRARY) -> Path:
    file = folder / f"{library.name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows(library)), encoding="utf-8")
    return file


def install_vineyard(site: Path) -> Path:
    """As `pip install --target` leaves it."""
    info = site / f"vineyard_tools-{VINEYARD.version}.dist-info"
    (site / "vineyard").mkdir(parents=True)
    info.mkdir()
    (site / "vineyard" / "__init__.py").write_text(as_vineyard(orchard.source()))
    head = f"Metadata-Version: 2.1\nName: {VINEYARD.name}\nVersion: {VINEYARD.version}\n"
    (info / "METADATA").write_text(f"{head}Description-Content-Type: text/markdown\n\n{as_vineyard(orchard.readme())}")
    (info / "RECORD").write_text(f"vineyard/__init__.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return site


def tiny_user(folder: Path) -> dict[str, str]:
    """Variables of a user whose only model is a tiny one."""
    from seal_lsp.lm.tiny import make_tiny

    environ = {"SEAL_HOME": str(folder / "user"), "XDG_CONFIG_HOME": str(folder / "config"), "OMP_NUM_THREADS": "1"}
    text = orchard.source() + orchard.readme()
    make_tiny(Paths.default(environ).models / "tiny", text + as_vineyard(text))
    return environ


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "seal_lsp.cli.entry", "eval", *map(str, words)]


def seal_eval(environ: dict[str, str], *words: object, timeout: float = 500) -> subprocess.CompletedProcess[str]:
    """`seal-lsp eval ...` in a process of its own."""
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, **environ}
    )


def quick() -> list[str]:
    """A recipe that is through in seconds."""
    return [word for pair in QUICK for word in ("--set", pair)]
