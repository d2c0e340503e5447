"""Fill-in-the-middle prompts, each family in its own tokens."""

from __future__ import annotations

import pytest

from seal_lsp.lm.prompts import cursor_prompt, fim_format

QWEN = {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "a"}
STAR = {"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>"}
DEEP = {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"}
LLAMA = {"▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"}
GEMMA = {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>", "<start_of_turn>"}
GRANITE_CODE = STAR | {"<reponame>", "<empty_output>"}
GRANITE_4 = {"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|start_of_role|>"}


@pytest.mark.parametrize(
    ("vocabulary", "expected", "end"),
    [
        (QWEN, "<|fim_prefix|>BEFORE<|fim_suffix|>AFTER<|fim_middle|>", "<|file_sep|>"),
        (GEMMA, "<|fim_prefix|>BEFORE<|fim_suffix|>AFTER<|fim_middle|>", "<|file_separator|>"),
        (GRANITE_4, "<|fim_prefix|>BEFORE<|fim_suffix|>AFTER<|fim_middle|>", "<|fim_pad|>"),
        (STAR, "<fim_prefix>BEFORE<fim_suffix>AFTER<fim_middle>", "<file_sep>"),
        (GRANITE_CODE, "<fim_prefix>BEFORE<fim_suffix>AFTER<fim_middle>", "<fim_middle>"),
        (DEEP, "<｜fim▁begin｜>BEFORE<｜fim▁hole｜>AFTER<｜fim▁end｜>", "<｜fim▁hole｜>"),
        (LLAMA, "▁<PRE>BEFORE▁<SUF>AFTER▁<MID>", "▁<EOT>"),
    ],
    ids=["qwen-coder", "code-gemma", "granite-4", "starcoder2", "granite-code", "deepseek-coder", "code-llama"],
)
def test_each_family(vocabulary, expected, end):
    found = fim_format(vocabulary)
    assert found.prompt("BEFORE", "AFTER") == expected
    assert end in found.ends


@pytest.mark.parametrize("vocabulary", [set(), {"<|endoftext|>", "<|im_start|>"}, QWEN - {"<|fim_middle|>"}])
def test_a_family_without_infilling_has_no_format(vocabulary):
    assert fim_format(vocabulary) is None


@pytest.mark.parametrize("after", ["", " \n", "    return x\n" * 200])
@pytest.mark.parametrize("limit", [16, 100])
@pytest.mark.parametrize("lines", range(80, 84))
def test_a_cursor_prompt_fits_and_keeps_what_is_nearest(shared_model, text, after, limit, lines):
    text = "".join(text.splitlines(keepends=True)[:lines])
    tokens = shared_model.tokens
    plain = cursor_prompt(tokens, None, text, after, limit)
    assert text.endswith(plain)
    assert len(tokens.encode(plain)) <= limit + 1
    fim = fim_format(STAR)
    infill = cursor_prompt(tokens, fim, text, after, limit)
    if not after.strip():
        assert infill == plain
        return
    before, _, rest = infill.removeprefix("<fim_prefix>").partition("<fim_suffix>")
    kept = rest.removesuffix("<fim_middle>")
    assert text.endswith(before)
    assert after.startswith(kept)
    assert len(before) > 2 * len(kept) * 0.3 > 0
    assert len(tokens.encode(before)) + len(tokens.encode(kept)) + 3 <= limit + 2


@pytest.mark.parametrize("fim", [None, fim_format(STAR)])
def test_context_goes_first_and_is_cut_to_the_limit(shared_model, text, fim):
    tokens = shared_model.tokens
    without = cursor_prompt(tokens, fim, text, "    return x\n", 64)
    whole = cursor_prompt(tokens, fim, text, "    return x\n", 64, "# a.py\nx = 1\n\n")
    begin = fim.prefix if fim else ""
    assert whole == f"{begin}# a.py\nx = 1\n\n{without.removeprefix(begin)}"
    long = cursor_prompt(tokens, fim, text, "    return x\n", 64, "word\n" * 400)
    context = long.removeprefix(begin).removesuffix(without.removeprefix(begin))
    assert 0 < len(tokens.encode(context)) <= 65


def test_the_model_that_cannot_infill_says_so(shared_model):
    assert shared_model.info.fim is False
    assert shared_model.cursor_prompt("before", "after", 50) == "before"


def test_a_model_with_infill_tokens_says_so_and_stops_at_them(tmp_path, text):
    from seal_lsp.lm.load import load
    from seal_lsp.lm.tiny import make_tiny

    folder = make_tiny(tmp_path / "fim", text, special=sorted(STAR))
    model = load(folder, device="cpu")
    assert model.info.fim
    assert model.cursor_prompt("before", "after", 50) == "<fim_prefix>before<fim_suffix>after<fim_middle>"
    ids = model.tokens.window(model.cursor_prompt("before", "after", 50), 50)
    assert model.tokens.healed(ids) == (ids, b"")  # nothing is healed across a special token
    assert model.tokens.special >= {ids[0], ids[-1]}
    assert model.tokens.ends >= {ids[0], ids[-1]}
