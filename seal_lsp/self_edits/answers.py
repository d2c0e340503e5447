"""Read what a model answered: code out of fences, question/answer pairs, numbered lines; the rest is dropped and said.

Robust about form (other fences, bold markers, `Question 1:`), strict about substance: a piece must be whole and must
speak of the name that was asked about. Whether it is right is vetting's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seal_lsp.self_edits.asking import EXAMPLE, Prompt

FORMATS = {"usage": "model_usage", "qa": "model_qa", "rewrite": "model_rewrite", "list": "model_rewrite"}

_FENCE = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_MARK = re.compile(
    r"^[ \t]*(?:[-*#>]+[ \t]*|\d+[.)][ \t]*)?\**(question|answer|q|a)[ \t]*\d*\**[ \t]*[:.)]\**[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_ITEM = re.compile(r"^[ \t]*(?:\d+[.)]|[-*•])[ \t]+")
_FEWEST_WORDS = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """What becomes one self-edit: loss is taken on `completion`."""

    prompt: str
    completion: str


def read(
    prompt: Prompt, answer: str, *, whole: bool, syntax_problem: Callable[[str], str]
) -> tuple[list[Piece], list[str]]:
    """(pieces, why the others were dropped). `whole` is False when the answer ended because there was no more room."""
    text = prompt.start + answer
    if prompt.kind == "usage":
        pieces, dropped = _code(text, whole, syntax_problem)
    elif prompt.kind == "qa":
        pieces, dropped = _pairs(text, whole)
    else:
        pieces, dropped = _lines(text, whole, f"`{prompt.path}`:\n")
    kept: list[Piece] = []
    for piece in pieces:
        problem = "said twice" if piece in kept else _off_topic(piece, prompt)
        if problem:
            dropped.append(problem)
        else:
            kept.append(piece)
    return kept, dropped


def spoken(kind: str, pieces: Sequence[Piece]) -> str:
    """An answer that says exactly these pieces, as the worked examples lay it out: what a writer is trained on."""
    if kind == "usage":
        return "".join(f"```python\n{piece.completion}```\n" for piece in pieces)
    if kind == "qa":
        return "".join(f"Q: {piece.prompt}A: {piece.completion}" for piece in pieces)
    return "".join(f"{n}. {piece.completion}" for n, piece in enumerate(pieces, 1))


def _code(text: str, whole: bool, syntax_problem: Callable[[str], str]) -> tuple[list[Piece], list[str]]:
    blocks = [code for _, code in _FENCE.findall(text) if code.strip()]
    if not blocks:
        return [], ["no code"]
    dropped = ["more than one block of code"] * (len(blocks) - 1)
    lines = blocks[0].strip("\n").split("\n")
    while not whole and lines and syntax_problem("\n".join(lines)):
        lines.pop()  # the last statement has no end
    if sum(bool(line.strip()) for line in lines) < 2:
        return [], [*dropped, "nothing after the import" if whole else "cut off"]
    return [Piece("", "\n".join(lines).rstrip() + "\n")], dropped


def _pairs(text: str, whole: bool) -> tuple[list[Piece], list[str]]:
    marks = list(_MARK.finditer(text))
    if not marks:
        return [], ["no question and answer"]
    parts = []
    for n, mark in enumerate(marks):
        end = marks[n + 1].start() if n + 1 < len(marks) else len(text)
        parts.append((mark[1][0].lower(), " ".join(text[mark.end() : end].split())))
    pieces, dropped, question = [], [], ""
    for n, (who, said) in enumerate(parts):
        if who == "q":
            dropped += ["question without answer"] if question else []
            question = said
        elif not question or not said:
            dropped.append("answer without question" if said else "question without answer")
            question = ""
        else:
            if n + 1 == len(parts) and not whole:
                dropped.append("cut off")
            else:
                pieces.append(Piece(f"{question}\n", f"{said}\n"))
            question = ""
    return pieces, dropped + (["question without answer" if whole else "cut off"] if question else [])


def _lines(text: str, whole: bool, prompt: str) -> tuple[list[Piece], list[str]]:
    lines = [line for line in text.split("\n") if line.strip()]
    dropped = []
    if lines and not whole:
        lines.pop()
        dropped.append("cut off")
    pieces = []
    for line in lines:
        said = _ITEM.sub("", line).strip()
        if not _ITEM.match(line):
            dropped.append("not an item of the list")
        elif len(said.split()) < _FEWEST_WORDS:
            dropped.append("too short")
        else:
            pieces.append(Piece(prompt, f"{said}\n"))
    return pieces, dropped


def _off_topic(piece: Piece, prompt: Prompt) -> str:
    said = piece.prompt + piece.completion if prompt.kind == "qa" else piece.completion
    if re.search(rf"\b(?:{EXAMPLE}|Squirrel)\b", said) and not prompt.path.startswith(f"{EXAMPLE}."):
        return "copies the worked example"
    if prompt.kind == "usage":
        said = said.partition("\n")[2]  # the import was given
        name = re.escape(prompt.symbol.name)
        if re.search(rf"\b(?:def|class)\s+{name}\b|^\s*{name}\s*(?::[^=\n]*)?=(?!=)", said, re.MULTILINE):
            return "defines what it was asked to use"
    return "" if re.search(rf"\b{re.escape(prompt.symbol.name)}\b", said) else "does not speak of what was asked"
