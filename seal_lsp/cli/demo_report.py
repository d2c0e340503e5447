"""What the demo shows and what it leaves behind: `build/demo.json` and the lines on the screen. Changes no number."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from seal_lsp.cli.output import table
from seal_lsp.core.learning import CycleOutcome

TRAIN = ("steps", "tokens", "seconds", "peak_rss_mb")
ARM = ("cases", "top1", "top1_noncopyable", "valid_share")


def report(
    outcome: CycleOutcome, before: Mapping, after: Mapping, hover: Mapping[str, str], ledger: Mapping, seconds: float
) -> dict[str, Any]:
    """Exactly the keys that the task names, in their order."""
    gate = outcome.gate or {}
    return {
        "library": outcome.library.name,
        "version": outcome.library.version,
        "self_edits": {
            "written": outcome.self_edits.get("written", 0),
            "kept": outcome.self_edits.get("kept", 0),
            "rejected": dict(outcome.self_edits.get("rejected", {})),
        },
        "train": {key: outcome.train.get(key) for key in TRAIN},
        "gate": {
            "own": gate.get("own"),
            "wrong_library": gate.get("wrong_library"),
            "drift": gate.get("drift"),
            "promoted": outcome.status == "promoted",
            "reasons": list(outcome.reasons),
        },
        "before": {key: before.get(key) for key in ARM},
        "after": {key: after.get(key) for key in ARM},
        "hover": dict(hover),
        "ledger": dict(ledger),
        "seconds": round(seconds, 1),
    }


class Screen:
    """The demo's lines, each section with the seconds since the start."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._phase = ""
        self._percent = -10

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def section(self, title: str) -> None:
        self._console.print(f"\n[{self.seconds:6.1f} s] {title}", style="bold", markup=False)

    def line(self, text: str) -> None:
        self._console.print(f"           {text}", markup=False)

    def block(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            self._console.print(f"           | {line}", markup=False)

    def progress(self, value: Mapping[str, Any]) -> None:
        """A work-done progress value as an editor gets it: a line for each phase and each tenth."""
        message, percent = value.get("message") or "", value.get("percentage")
        phase = message.partition(":")[0]
        if phase == self._phase and (percent is None or percent < self._percent + 10):
            return
        self._phase, self._percent = phase, percent if percent is not None else self._percent
        title = f"{value['title']} - " if value.get("title") else ""
        self._console.print(
            f"[{self.seconds:6.1f} s] {'' if percent is None else f'{percent:3d} % '}{title}{message}", markup=False
        )

    def menus(self, title: str, rows: Sequence[tuple[str, str, Sequence[str]]]) -> None:
        """(line being typed, name that stood there, menu) for each place."""
        self._console.print(f"           {title}", markup=False)
        for typed, gold, names in rows:
            shown = ", ".join(f"[{name}]" if name == gold else name for name in names) or "nothing"
            self._console.print(f"           {typed.lstrip()[-60:]}▏  {shown}", markup=False)

    def gate(self, outcome: CycleOutcome) -> None:
        gate = outcome.gate
        self._console.print(f"           {outcome.status.upper()}", style="bold", markup=False)
        for reason in outcome.reasons:
            self.line(f"reason: {reason}")
        if not gate:
            return
        own = gate.get("own") or {}
        self.line(f"own library: {_interval(own)} bits/byte on {gate.get('probes', 0)} held-out places")
        wrong = gate.get("wrong_library")
        self.line(f"beyond another library's adapter: {_interval(wrong) if wrong else 'no other adapter exists yet'}")
        for corpus, drift in (gate.get("drift") or {}).items():
            bits, relative = drift.get("bits_per_token", 0.0), 100 * drift.get("relative_bits_per_byte", 0.0)
            most = 100 * drift.get("at_most", 0.0)
            self.line(f"drift on {corpus}: {bits:+.4f} bits/token, {relative:+.2f} % bits/byte, at most {most:+.2f} %")
        valid = gate.get("valid_share") or {}
        self.line(f"valid answers: {_share(valid.get('base'))} before, {_share(valid.get('adapter'))} now")
        self.line(f"scale of the adapter: {gate.get('scale', 1.0)}")

    def arms(self, source: str, before: Mapping, after: Mapping) -> None:
        names = {
            "top1": "right name first", "top5": "right name in the first five",
            "top1_noncopyable": "right name first, not in the text before",
            "top5_noncopyable": "in the first five, not in the text before",
            "valid_share": f"answers whose every API exists, of {before.get('answers', 0)}",
        }  # fmt: skip
        rows = [(label, _share(before.get(key)), _share(after.get(key))) for key, label in names.items()]
        self._console.print(table((f"{before.get('cases', 0)} {source}", "before", "after"), rows))


def _interval(value: Mapping) -> str:
    return f"{value.get('mean', 0.0):+.3f} [{value.get('low', 0.0):+.3f}, {value.get('high', 0.0):+.3f}]"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
