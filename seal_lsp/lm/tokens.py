"""Text to tokens and back, exactly: windows, candidates after a prefix, the bytes of each token, token healing.

Works on a fast tokenizer's backend alone; knows nothing about networks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

CHARS_PER_TOKEN = 8  # more than most code reaches; where it is not enough, more text is read
_ANCHOR_LINES = (16, 4)  # the wider apart, the seldomer a window moves and is read anew
_END_OF_TEXT = ("<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "<|eot_id|>", "<end_of_turn>", "</s>", "<eos>")


class Tokens:
    """One tokenizer. `start` is what the family puts before every text (its BOS, or nothing)."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, *, ends: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer
        with_start, bare = tokenizer("a").input_ids, tokenizer("a", add_special_tokens=False).input_ids
        self.start: list[int] = with_start[: with_start.index(bare[0])] if bare[0] in with_start else []
        self.special = frozenset(i for i, t in tokenizer.added_tokens_decoder.items() if t.special)
        known = tokenizer.get_vocab()
        self.ends = frozenset(ends) | self.special | {known[t] for t in _END_OF_TEXT if t in known}
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(self.ends, default=0)
        # What stands before a text that has nothing before it, for families without BOS: the end of the last one.
        end_of_text = next((known[t] for t in _END_OF_TEXT if t in known), self.pad)
        self.origin: list[int] = self.start or [end_of_text]

    def encode(self, text: str) -> list[int]:
        return self._backend.encode(text, add_special_tokens=False).ids

    def window(self, text: str, limit: int) -> list[int]:
        """The last `limit` tokens of a text, `start` included when the text has one; never empty."""
        room = self._room(limit)
        _, encoding = self._encode_tail(text, room)
        return (self.start + encoding.ids[-room:]) or list(self.origin)

    def tail(self, text: str, limit: int) -> str:
        """The end of a text that is `limit` tokens long."""
        end, encoding = self._encode_tail(text, limit)
        return end[encoding.offsets[-limit][0] :] if len(encoding.ids) > limit else text

    def head(self, text: str, limit: int) -> str:
        """The beginning of a text that is `limit` tokens long."""
        start = text[: limit * CHARS_PER_TOKEN]
        encoding = self._backend.encode(start, add_special_tokens=False)
        return start[: encoding.offsets[limit - 1][1]] if len(encoding.ids) > limit > 0 else start

    def anchored(self, text: str, limit: int) -> str:
        """The end of a text that fits into `limit` tokens and starts at a line whose number is a multiple of 16, or of
        four where the next of those would leave less than half of the window; where that does too, all of the text.

        A window that starts exactly `limit` tokens back moves with every token typed, and no cached prefix ever fits
        again; this one stays where it is until the text has grown out of it.
        """
        room = self._room(limit)
        end, encoding = self._encode_tail(text, room)
        if len(encoding.ids) <= room:
            return text
        start = len(text) - len(end) + encoding.offsets[-room][0]
        middle = (start + len(text)) // 2
        first: dict[int, int] = {}
        at, line = start, text.count("\n", 0, start)
        while (newline := text.find("\n", at)) >= 0:
            at, line = newline + 1, line + 1
            for apart in _ANCHOR_LINES:
                if line % apart == 0:
                    first.setdefault(apart, at)
        fitting = (first[apart] for apart in _ANCHOR_LINES if first.get(apart, len(text)) <= middle)
        return text[next(fitting, 0) :]  # without one, lines are long for the window: it has to move

    def after(self, prefix: str, candidates: Sequence[str], limit: int) -> tuple[list[int], list[list[int]]]:
        """(shared, rests): tokens of prefix + candidate, split where all of them still agree with the prefix's own.

        Where a candidate's first letters would merge with the prefix's last ones, those last ones move into every
        rest: that is the only split at which the candidates can be compared. `shared` keeps its last `limit` tokens.
        """
        room = self._room(limit)
        text, encoding = self._encode_tail(prefix, room)
        ids = encoding.ids
        keep, cut = self._stable(encoding, text)
        ends = [
            e.ids for e in self._backend.encode_batch([text[cut:] + c for c in candidates], add_special_tokens=False)
        ]
        own = ids[keep:]
        shared = ids[: keep + min((agreed(own, e) for e in ends), default=len(own))]
        return (self.start + shared[-room:]) or list(self.origin), [e[len(shared) - keep :] for e in ends]

    def split(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        """(before, span) of one context and continuation, as `after` splits a single candidate."""
        shared, rests = self.after(context, [continuation], 1 << 30)
        return shared, rests[0]

    def healed(self, prompt: list[int]) -> tuple[list[int], bytes]:
        """(prompt without its last token, that token's bytes): generation then starts with a token that begins so."""
        if len(prompt) < 2 or prompt[-1] in self.special or not self.bytes_of[prompt[-1]]:
            return prompt, b""
        return prompt[:-1], self.bytes_of[prompt[-1]]

    def beginning_with(self, rest: bytes) -> list[int]:
        """Tokens that begin with `rest` or are a beginning of it, by id."""
        spelled, order = self._sorted
        low = bisect_left(spelled, rest)
        high = bisect_left(spelled, rest + b"\xff" * 8)
        found = set(order[low:high])
        for n in range(1, len(rest)):
            at = bisect_left(spelled, rest[:n])
            if at < len(spelled) and spelled[at] == rest[:n]:
                found.add(order[at])
        return sorted(found)

    @cached_property
    def bytes_of(self) -> list[bytes]:
        """The bytes that each token adds to a text; special tokens add none."""
        pieces = {i: t for t, i in self.tokenizer.get_vocab().items()}
        byte_level = "ByteLevel" in repr(self._backend.decoder)
        table = _byte_level_table()
        added = {i: t.content for i, t in self.tokenizer.added_tokens_decoder.items()}
        result = []
        for i in range(max(pieces, default=-1) + 1):
            piece = pieces.get(i, "")
            if i in self.special:
                result.append(b"")
            elif i in added:
                result.append(added[i].encode())
            elif byte_level:
                result.append(bytes(table[c] for c in piece if c in table))
            elif re.fullmatch(r"<0x[0-9A-F]{2}>", piece):
                result.append(bytes([int(piece[3:5], 16)]))
            else:
                result.append(piece.replace("\u2581", " ").encode())
        return result

    @cached_property
    def ending_a_name(self) -> list[int]:
        """Tokens after which a name that stood before them is complete: no letter, digit or underscore goes on."""
        return [i for i, b in enumerate(self.bytes_of) if i in self.ends or (b and not _in_name(b[0]))]

    def ends_a_name(self, token: int) -> bool:
        return token in self._ending

    @cached_property
    def _ending(self) -> frozenset[int]:
        return frozenset(self.ending_a_name)

    @cached_property
    def _sorted(self) -> tuple[list[bytes], list[int]]:
        order = sorted((i for i, b in enumerate(self.bytes_of) if b), key=self.bytes_of.__getitem__)
        return [self.bytes_of[i] for i in order], order

    def _room(self, limit: int) -> int:
        return max(limit - len(self.start), 1)

    def _encode_tail(self, text: str, limit: int):
        """(end of the text, its encoding) with at least `limit` tokens where the text has them: long files are not
        tokenised whole. The end starts at a line, where a tokeniser starts anew."""
        size = limit * CHARS_PER_TOKEN
        while True:
            line = text.rfind("\n", 0, max(len(text) - size, 0)) + 1
            end = text[line:]
            encoding = self._backend.encode(end, add_special_tokens=False)
            if line == 0 or len(encoding.ids) > limit:
                return end, encoding
            size *= 4

    def _stable(self, encoding, text: str) -> tuple[int, int]:
        """(tokens, characters) of a text that no continuation can change: all but its last few pre-tokens."""
        words, offsets = encoding.word_ids, encoding.offsets
        at, seen = len(words), 0
        while at > 0 and seen < 4:
            at -= 1
            if at == 0 or words[at] != words[at - 1]:
                seen += 1
        if at == 0 or self._backend.pre_tokenizer is None:
            return 0, 0
        cut = offsets[at][0]
        again = self._backend.encode(text[cut:], add_special_tokens=False).ids
        return (at, cut) if again == encoding.ids[at:] else (0, 0)


def windows(before: list[int], span: list[int], context: int) -> Iterator[tuple[list[int], int]]:
    """(ids, span length) pieces: one where it fits, else consecutive ones that each keep half a window of context."""
    ids, done = before + span, len(before)
    while done < len(ids):
        room = context if len(ids) - max(0, len(ids) - context) > len(ids) - done else context // 2
        upto = min(done + room, len(ids))
        start = max(0, upto - context)
        yield ids[start:upto], upto - done
        done = upto


def _in_name(byte: int) -> bool:
    """Bytes from 128 on are parts of letters of other scripts."""
    return byte >= 128 or chr(byte).isalnum() or byte == ord("_")


def agreed(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two beginnings share."""
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n


def _byte_level_table() -> dict[str, int]:
    """GPT-2's spelling of bytes as printable characters, inverted."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(b): b for b in plain}
    table.update({chr(256 + n): b for n, b in enumerate(b for b in range(256) if b not in plain)})
    return table
