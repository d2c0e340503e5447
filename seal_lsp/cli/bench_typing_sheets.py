"""bench_typing.json as sheets, for the terminal and as Markdown. Computes nothing but ratios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seal_lsp.cli.bench_sheets import write_bench
from seal_lsp.cli.eval_sheets import Sheet

NAMES = {"runtime": "seal-lsp's runtime alone", "transformers": "plain transformers", "llama.cpp": "llama.cpp"}


def typing_sheets(found: Mapping) -> list[Sheet]:
    sheets = [_keys(found["typing"]), _same(found), _speed(found)]
    if found["swapped"]:
        sheets.append(_swapped(found["swapped"]))
    if found["while_learning"]:
        sheets.append(_learning(found["typing"], found["while_learning"]))
    return sheets


def write_markdown(found: Mapping, folder: Path) -> Path:
    """FOLDER/bench_typing.md"""
    live = ", ".join(f"{name} {digest[:12]}" for name, digest in found["adapters"].items())
    grown = ", ".join(f"{count} {what}" for what, count in found["grown"].items())
    facts = [("adapters live", live or "none"), ("registered adapters, libraries of a file, windows", grown)]
    return write_bench("typing", found, folder, facts, typing_sheets(found))


def _keys(typing: Mapping) -> Sheet:
    rows = []
    for source, words in {
        "model": "the model wrote it",
        "memory": "typed along an earlier one",
        "nothing": "nothing to suggest",
        "superseded": "the next key came first",
    }.items():
        count = typing["sources"].get(source, 0)
        times = typing["ms"].get(source, {})
        share = f"{100 * count / max(1, typing['keys']):.0f} %"
        rows.append((words, str(count), share, _ms(times.get("p50")), _ms(times.get("p95"))))
    shown, right = typing["shown"], typing["right"]
    note = (
        f"Milliseconds from the key to the answer in the client's hands, at most {typing['debounce_ms']} ms of debounce"
        f" included where the model was asked. Of {shown} shown suggestions {right}"
        f" ({100 * right / max(1, shown):.0f} %) said how the line goes on."
    )
    return Sheet("Keys", ("what came of it", "keys", "share", "p50 ms", "p95 ms"), tuple(rows), note)


def _swapped(swapped: Mapping) -> Sheet:
    rows = tuple((name, _ms(swapped[name].get("p50")), _ms(swapped[name].get("p95"))) for name in ("before", "after"))
    note = f"{swapped['swaps']} swaps; {swapped['old']} of the answers right after one were kept from before it."
    return Sheet("The adapter taken back between two keys", ("suggestion", "p50 ms", "p95 ms"), rows, note)


def _learning(idle: Mapping, beside: Mapping) -> Sheet:
    before, during, ratios = idle["ms"]["shown"], beside["keys"]["ms"]["shown"], beside["ratios"]
    rows = [
        (f"suggestion shown, {name} ms", _ms(before.get(name)), _ms(during.get(name)), _times(ratios[name]))
        for name in ("p50", "p95")
    ]
    rows.append(
        (
            "learning, s",
            f"{beside['undisturbed_s']:.0f}",
            f"{beside['typing_s']:.0f}",
            _times(ratios["learning"]),
        )
    )
    note = f"{beside['library']}, {beside['tokens']} trained tokens; {beside['keys']['keys']} keys typed meanwhile."
    return Sheet("Typing while something is learned", ("what", "by itself", "together", "times"), tuple(rows), note)


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _same(found: Mapping) -> Sheet:
    ours = found["same_prompts"]["ours"]
    rows = [("seal-lsp, over LSP, debounce included", _ms(ours.get("p50")), _ms(ours.get("p95")), "")]
    for name, one in found["contenders"].items():
        if one.get("ms"):
            ratio = one["ms"]["p50"] / ours["p50"] if ours else 0.0
            rows.append((NAMES[name], _ms(one["ms"]["p50"]), _ms(one["ms"]["p95"]), f"{ratio:.1f} times ours"))
        elif "not_run" in one:
            rows.append((NAMES[name], "", "", one["not_run"]))
    count = found["same_prompts"]["keys"]
    note = f"{count} of the keys that the model answered; each is asked the same text, to the end of its line."
    return Sheet("The same text", ("who", "p50 ms", "p95 ms", "p50"), tuple(rows), note)


def _speed(found: Mapping) -> Sheet:
    rows = []
    for name, one in found["contenders"].items():
        if "ms_per_token" in one:
            rows.append((NAMES[name], f"{one['ms_per_token']:.1f}", f"{one['prefill_tokens_per_second']:.0f}"))
    note = ""
    if "machine" in (one := found["contenders"].get("runtime", {})):
        limit, key = one["machine"], one["key_after_long_prompt"]
        decode = 100 * limit["ms_per_token_limit"] / one["ms_per_token"]
        prefill = 100 * one["prefill_tokens_per_second"] / limit["prefill_limit"]
        rows.append(("the machine's limit", f"{limit['ms_per_token_limit']:.1f}", f"{limit['prefill_limit']:.0f}"))
        rows.append(("share reached by seal-lsp", f"{decode:.0f} %", f"{prefill:.0f} %"))
        both = decode * (1 + limit["kept_bytes"] / limit["weight_bytes"])
        rows.append(("the same with the keys and values that a token reads", f"{both:.0f} %", ""))
        note = (
            f"{one['runtime']}. Limits: {limit['weight_bytes'] / 1e6:.0f} MB of weights (and"
            f" {limit['kept_bytes'] / 1e6:.0f} MB of keys and values) over {limit['gb_per_second']} GB/s;"
            f" 2 flop a weight over {limit['gflops']} Gflop/s in fp32."
            f" A key after a prompt of 2,000 tokens reads {key['tokens_read']} tokens anew, {key['ms']} ms."
        )
    return Sheet("The model alone", ("who", "ms a token", "prefill tokens/s"), tuple(rows), note)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
