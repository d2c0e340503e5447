"""The demo's parts without a server: the file it makes from a library, the places it asks at, the report it leaves."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from seal_lsp.cli.demo_project import example, hover_place, places
from seal_lsp.cli.demo_report import Screen, report
from seal_lsp.core.learning import CycleOutcome
from seal_lsp.core.library import LibraryId
from seal_lsp.languages.python.support import Python

SOURCE = '''
class Box:
    """A box."""

    def __init__(self, size: int, colour: str = "red"):
        """Make one."""

    def open(self, gently: bool = False) -> bool:
        """Open it."""

    def close(self) -> None:
        """Close it."""


def pack(box: Box, *, fragile: bool = False, label: str = "") -> Box:
    """Pack a box."""
    return box
'''
README_BLOCK = "```python\nfrom boxes import Box, pack\n\nbox = Box(size=3)\nbox.open()\npack(box, fragile=True)\n```\n"
FOREIGN_BLOCK = "```python\nimport absent\nfrom boxes import Box\nBox(size=1).open()\n```\n"
SHELL_BLOCK = "```sh\npip install boxes\n```\n"
DOCSTRING = '''

def make() -> Box:
    """Make.

    >>> from boxes import make
    >>> make().open(gently=True)
    """
'''


def _installed(root: Path, readme: str, source: str = SOURCE):
    site = root / ".venv/lib/python3.11/site-packages"
    (site / "boxes").mkdir(parents=True)
    (site / "boxes/__init__.py").write_text(source)
    info = site / "boxes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: boxes\nVersion: 1.0\n\n# Boxes\n\n{readme}")
    (info / "RECORD").write_text("boxes/__init__.py,,\nboxes-1.0.dist-info/METADATA,,\nboxes-1.0.dist-info/RECORD,,\n")
    (root / ".venv/pyvenv.cfg").write_text("version = 3.11.7\n")
    language = Python()
    environment = language.find_environment(root, setting="", variables={})
    installed = language.installed(environment)
    library = next(one for one in installed if one.id.name == "boxes")
    return library, language.surface(library, environment), environment, installed, language


@pytest.mark.parametrize(
    ("readme", "source", "contains", "origin"),
    [
        (SHELL_BLOCK + FOREIGN_BLOCK + README_BLOCK, SOURCE, "pack(box, fragile=True)", "METADATA"),
        (FOREIGN_BLOCK, SOURCE + DOCSTRING, "make().open(gently=True)", "__init__.py"),
        ("No code.\n", SOURCE, "boxes import", "API surface"),
    ],
    ids=["readme", "docstring", "surface"],
)
def test_the_file_is_made_from_what_the_library_says(
    tmp_path: Path, readme: str, source: str, contains: str, origin: str
) -> None:
    library, surface, environment, installed, language = _installed(tmp_path, readme, source)
    text, found = example(library, surface, environment, installed, language)
    assert contains in text
    assert origin in found
    assert "absent" not in text
    assert language.syntax_problem(text) == ""
    assert hover_place(text, surface, language) is not None
    assert places(text, surface, language)


def test_places_end_where_the_name_began(tmp_path: Path) -> None:
    _, surface, _, _, language = _installed(tmp_path, "")
    text = "from boxes import Box, pack\n\nbox = Box(3)\nicon = '📦'; box.open(gently=True)\npack(box, label='')\n"
    found = {place.kind: place for place in places(text, surface, language)}
    assert set(found) == {"member", "keyword", "import"}
    member = found["member"]
    assert (member.name, member.line, member.column) == ("open", 3, len("icon = '") + 2 + len("'; box."))
    assert member.text.splitlines()[3] == "icon = '📦'; box."
    assert found["import"].text.splitlines()[0] == "from boxes import "
    assert found["import"].text.splitlines()[1:] == text.splitlines()[1:]


GATE = {
    "promoted": True, "reasons": (), "scale": 0.5, "probes": 20, "canaries": {}, "wrong_library": None,
    "own": {"mean": 0.4, "low": 0.1, "high": 0.7, "n": 20}, "valid_share": {"base": 0.5, "adapter": 0.6},
    "drift": {"python": {"bits_per_token": 0.01, "relative_bits_per_byte": 0.002, "at_most": 0.004}},
}  # fmt: skip
LIBRARY = LibraryId("boxes", "1.0")
PROMOTED = CycleOutcome(
    "c", LIBRARY, "promoted", (), {"written": 30, "kept": 20, "rejected": {"syntax": 10}, "formats": {}},
    {"steps": 4, "tokens": 99, "seconds": 1.5, "peak_rss_mb": 700, "rank": 16}, GATE, "d" * 64,
)  # fmt: skip
REJECTED = CycleOutcome("c", LIBRARY, "rejected", ("no gain",), PROMOTED.self_edits, PROMOTED.train, GATE)
SKIPPED = CycleOutcome("c", LIBRARY, "skipped", ("known",), {}, {}, {})
ARM = {"cases": 3, "top1": 0.5, "top1_noncopyable": 0.25, "valid_share": 0.75, "top5": 1.0, "cases_noncopyable": 2}


@pytest.mark.parametrize("outcome", [PROMOTED, REJECTED, SKIPPED], ids=lambda o: o.status)
def test_the_report_has_exactly_the_keys_that_were_asked_for(outcome: CycleOutcome) -> None:
    made = report(outcome, ARM, ARM, {"before": "a", "after": "b"}, {"rows": 9, "verified": True}, 12.34)
    assert set(made) == {
        "library", "version", "self_edits", "train", "gate", "before", "after", "hover", "ledger", "seconds",
    }  # fmt: skip
    assert set(made["self_edits"]) == {"written", "kept", "rejected"}
    assert set(made["train"]) == {"steps", "tokens", "seconds", "peak_rss_mb"}
    assert set(made["gate"]) == {"own", "wrong_library", "drift", "promoted", "reasons"}
    assert set(made["before"]) == set(made["after"]) == {"cases", "top1", "top1_noncopyable", "valid_share"}
    assert made["gate"]["promoted"] is (outcome.status == "promoted")
    assert made["gate"]["reasons"] == list(outcome.reasons)


def test_a_rejection_is_shown_as_one() -> None:
    shown = io.StringIO()
    Screen(Console(file=shown, width=120)).gate(REJECTED)
    assert "REJECTED" in shown.getvalue()
    assert "reason: no gain" in shown.getvalue()
    assert "PROMOTED" not in shown.getvalue()


def test_progress_is_a_line_for_each_phase_and_tenth() -> None:
    shown = io.StringIO()
    screen = Screen(Console(file=shown, width=120))
    for percent in range(0, 40, 2):
        phase = "Training" if percent >= 10 else "Collecting"
        screen.progress({"kind": "report", "message": f"{phase}: step {percent}", "percentage": percent})
    said = [line.split(": ")[1] for line in shown.getvalue().splitlines()]
    assert said == ["step 0", "step 10", "step 20", "step 30"]
