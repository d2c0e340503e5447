"""Offsets and wire positions under the three encodings: emoji, CJK, combining marks, the three line ends."""

from __future__ import annotations

import pytest
from lsprotocol import types

from seal_lsp.lsp.positions import LineIndex, characters, units

TEXT = "a😋b\r\n漢字 = x\n\n\x0cform\u2028feed\rlast é̂"
CASES = [
    # (offset, utf-8, utf-16, utf-32) with (line, character)
    (0, (0, 0), (0, 0), (0, 0)),
    (1, (0, 1), (0, 1), (0, 1)),
    (2, (0, 5), (0, 3), (0, 2)),
    (3, (0, 6), (0, 4), (0, 3)),
    (5, (1, 0), (1, 0), (1, 0)),
    (6, (1, 3), (1, 1), (1, 1)),
    (7, (1, 6), (1, 2), (1, 2)),
    (11, (1, 10), (1, 6), (1, 6)),
    (12, (2, 0), (2, 0), (2, 0)),
    (13, (3, 0), (3, 0), (3, 0)),
    (18, (3, 5), (3, 5), (3, 5)),
    (19, (3, 8), (3, 6), (3, 6)),
    (24, (4, 0), (4, 0), (4, 0)),
    (len(TEXT), (4, 9), (4, 7), (4, 7)),
]


@pytest.mark.parametrize(("offset", "utf8", "utf16", "utf32"), CASES)
def test_offset_and_position_are_inverse(offset, utf8, utf16, utf32):
    for encoding, (line, character) in (("utf-8", utf8), ("utf-16", utf16), ("utf-32", utf32)):
        index = LineIndex(TEXT, encoding)
        assert index.position(offset) == types.Position(line, character), encoding
        assert index.offset(types.Position(line, character)) == offset, encoding


@pytest.mark.parametrize(
    ("encoding", "position", "offset"),
    [
        ("utf-16", (0, 2), 1),  # in the middle of a surrogate pair: before the character
        ("utf-8", (0, 3), 1),
        ("utf-16", (0, 99), 3),  # beyond the line: its end, before the line break
        ("utf-16", (99, 0), len(TEXT)),
        ("utf-32", (2, 5), 12),
    ],
)
def test_positions_off_the_text_mean_its_nearest_end(encoding, position, offset):
    assert LineIndex(TEXT, encoding).offset(types.Position(*position)) == offset


def test_lone_surrogates_are_counted_not_refused():
    assert units("\ud83d", "utf-8") == 3
    assert units("\ud83d", "utf-16") == 1
    assert characters("x\ud83dy", 2, "utf-16") == 2


def test_line_ends_exclude_their_break():
    index = LineIndex("a\r\nb\n")
    assert [(index.line_start(i), index.line_end(i)) for i in range(index.lines)] == [(0, 1), (3, 4), (5, 5)]
