"""The model on a tiny network, by torch and by ONNX Runtime: batches, caches, adapters and cancellation must never
change an answer."""

from __future__ import annotations

import gc
import json
import shutil
import threading
import weakref
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from seal_lsp.core.errors import Cancelled, ModelError, StoreDamaged
from seal_lsp.lm.load import load
from seal_lsp.lm.registry import ModelFolder

PROMPTS = [
    "def resolve(self, ",
    "import os\n",
    "    return self.",
    "class Symbol:\n    ",
    "x = 12",
    "",
    "né 日本",
]
CANDIDATES = ["symbols", "resolve", "members", "x", " y", "is_open(qualname)", "", "日本", "resolve_all", "  "]


def texts(generations):
    return [(g.text, g.tokens, g.finish) for g in generations]


def reference(model, before: list[int], span: list[int]) -> float:
    """Log-probability of a span, computed plainly: one row, no cache, no packing."""
    with torch.inference_mode():
        logits = model.network(torch.tensor([before + span])).logits[0].float().log_softmax(-1)
    return sum(float(logits[len(before) - 1 + i, t]) for i, t in enumerate(span))


def test_a_batch_says_what_single_calls_say(shared_model):
    batch = shared_model.generate(PROMPTS, max_tokens=12)
    single = [shared_model.generate([p], max_tokens=12)[0] for p in PROMPTS]
    assert texts(batch) == texts(single)
    assert [g.logprob for g in batch] == pytest.approx([g.logprob for g in single], abs=1e-4)
    assert any(g.text for g in batch)


def test_greedy_is_what_a_plain_loop_writes(shared_model, text):
    prompt = text[:600]
    ids, healed = shared_model.tokens.healed(shared_model.tokens.window(prompt, 1000))
    spelled = b""
    while len(spelled) < len(healed) + 12:
        with torch.inference_mode():
            logits = shared_model.network(torch.tensor([ids])).logits[0, -1]
        if len(spelled) < len(healed):
            rest = healed[len(spelled) :]
            allowed = [
                i
                for i, b in enumerate(shared_model.tokens.bytes_of)
                if b and (b.startswith(rest) or rest.startswith(b))
            ]
            best = max(allowed, key=lambda i: float(logits[i]))
        else:
            best = int(logits.argmax())
        ids = [*ids, best]
        spelled += shared_model.tokens.bytes_of[best]
    got = shared_model.generate([prompt], max_tokens=12)[0].text
    assert got[:6] == spelled[len(healed) :].decode(errors="replace")[:6]


@pytest.mark.parametrize("prefix", [*PROMPTS, "from x import ", "foo(a, b", "    ", "obj.res"])
def test_ranking_is_exact(shared_model, prefix):
    shared, rests = shared_model.tokens.after(prefix, CANDIDATES, 900)
    scores = shared_model.rank(prefix, CANDIDATES)
    assert scores == pytest.approx([reference(shared_model, shared, r) for r in rests], abs=1e-3)
    decoded = [b"".join(shared_model.tokens.bytes_of[t] for t in shared + r).decode() for r in rests]
    assert decoded == [prefix + c for c in CANDIDATES]


def test_rank_equals_score_where_nothing_merges(shared_model):
    prefix = "    return self."
    names = ["symbols", "resolve", "members", "is_open"]
    scores = shared_model.score([(prefix, n) for n in names])
    assert shared_model.rank(prefix, names) == pytest.approx([s.logprob for s in scores], abs=1e-3)
    assert [s.bytes for s in scores] == [len(n) for n in names]
    assert all(s.tokens == len(shared_model.tokens.split(prefix, n)[1]) for s, n in zip(scores, names, strict=True))


@pytest.mark.parametrize("prefix", ["from x import ", "    return self.", ""])
def test_a_name_is_ranked_with_its_end(shared_model, prefix):
    names = ["symbol", "symbols", "resolve", "resolve_all", "日本", "x"]
    ranked = shared_model.rank_names(prefix, names)
    assert [score for score, _ in ranked] == pytest.approx(shared_model.rank(prefix, names), abs=1e-3)
    ends = [
        i
        for i, b in enumerate(shared_model.tokens.bytes_of)
        if b and not (b[:1].isalnum() or b[0] >= 128 or b[0] == 95)
    ]
    ends = sorted({*ends, *shared_model.tokens.ends})
    shared, rests = shared_model.tokens.after(prefix, names, 900)
    for (_, end), rest in zip(ranked, rests, strict=True):
        with torch.inference_mode():
            last = shared_model.network(torch.tensor([shared + rest])).logits[0, -1].float().softmax(-1)
        assert end == pytest.approx(float(last[ends].sum().log()), abs=1e-3)


def test_more_candidates_than_fit_one_pass(shared_model):
    names = [f"name_{i}" for i in range(150)]
    together = shared_model.rank("self.", names)
    assert together == pytest.approx([shared_model.rank("self.", [n])[0] for n in names], abs=1e-3)


def test_score_in_batches_of_different_lengths(shared_model, text):
    pairs = [
        (text[:n], text[n : n + 7 * k]) for n, k in [(0, 1), (10, 3), (300, 1), (900, 9), (40, 2), (1500, 30), (5, 0)]
    ]
    scores = shared_model.score(pairs)
    for (before, span), score in zip((shared_model.tokens.split(*p) for p in pairs), scores, strict=True):
        assert score.tokens == len(span)
        assert score.logprob == pytest.approx(reference(shared_model, before, span), abs=1e-2)


def test_a_span_longer_than_the_context_is_scored_whole(shared_model, text):
    long = text[:6000]
    score = shared_model.score([("", long)])[0]
    assert score.tokens == len(shared_model.tokens.encode(long)) > shared_model.info.context
    assert score.bytes == len(long.encode())
    assert 0.1 < score.bits_per_token < 40


EDITS = ["", "a", "ab", "abc.", "abc.d", "abc", "", "\n    y = self.", "xyz"]


@pytest.mark.parametrize("anchored", [False, True])
def test_a_kept_prefix_never_changes_an_answer(open_tiny, text, anchored):
    """Typing, deleting and jumping about over one model, beside a model that forgets everything after each call."""
    kept, fresh = (open_tiny(anchored=anchored) for _ in range(2))
    for start in (700, 2500, 700):
        for edit in EDITS:
            prompt = text[:start] + edit
            fresh._prefixes.clear()
            expected = fresh.generate([prompt], max_tokens=6, max_prompt_tokens=128)
            assert texts(kept.generate([prompt], max_tokens=6, max_prompt_tokens=128)) == texts(expected)
            fresh._prefixes.clear()
            expected = fresh.rank(prompt, CANDIDATES, max_prompt_tokens=128)
            assert kept.rank(prompt, CANDIDATES, max_prompt_tokens=128) == pytest.approx(expected, abs=1e-3)


def count_tokens_read(model, call) -> int:
    read, forward = 0, model.network.forward

    def counting(*args, **kwargs):
        nonlocal read
        read += kwargs["input_ids"].shape[1]
        return forward(*args, **kwargs)

    model.network.forward = counting
    try:
        call()
    finally:
        del model.network.forward
    return read


def test_typing_reads_only_what_is_new(open_tiny, text):
    model = open_tiny(anchored=True)
    prompt = text[:3000]
    first = count_tokens_read(model, lambda: model.rank(prompt, ["a", "b"], max_prompt_tokens=200))
    second = count_tokens_read(model, lambda: model.rank(prompt + " se", ["lf", "t"], max_prompt_tokens=200))
    assert first > 100
    assert second < 10
    assert (
        count_tokens_read(model, lambda: model.generate([prompt + " self"], max_tokens=3, max_prompt_tokens=200)) < 12
    )


def long_and_short(text: str) -> list[str]:
    return [text[:start] for start in (900, 3000, 40, 2000, 1500)] + ["self."]


def test_a_batch_goes_on_from_kept_prefixes(open_tiny, text):
    """Prompts of very different lengths, some read before (by ranking), some not: the batch reads little, and says what
    a model says that keeps nothing."""
    fresh, kept = open_tiny(), open_tiny(prefixes=8)
    prompts = long_and_short(text)
    options = {"max_tokens": 10, "max_prompt_tokens": 200}
    expected = []
    for prompt in prompts:
        fresh._prefixes.clear()
        expected += texts(fresh.generate([prompt], **options))
    for prompt in prompts[:3]:
        kept.rank(prompt, CANDIDATES, max_prompt_tokens=200)
    assert texts(kept.generate(prompts, **options)) == expected
    assert texts(kept.generate(prompts, **options)) == expected
    for prompt in prompts:
        kept.rank(prompt, ["a", "b"], max_prompt_tokens=200)
    assert count_tokens_read(kept, lambda: kept.generate(prompts, **options)) < 40


def test_many_prompts_go_in_several_batches(shared_model, text):
    prompts = [text[: 100 + 37 * n] for n in range(19)]
    rows = []
    forward = shared_model.network.forward

    def noting(*args, **kwargs):
        rows.append(kwargs["input_ids"].shape[0])
        return forward(*args, **kwargs)

    shared_model.network.forward = noting
    try:
        written = shared_model.generate(prompts, max_tokens=4, max_prompt_tokens=64)
    finally:
        del shared_model.network.forward
    assert max(rows) == 16
    single = [shared_model.generate([p], max_tokens=4, max_prompt_tokens=64)[0] for p in prompts]
    assert texts(written) == texts(single)


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize("limit", [1, 16, 100])
def test_a_prompt_is_its_last_tokens(open_tiny, text, limit, anchored):
    model = open_tiny(anchored=anchored)
    seen = []
    forward = model.network.forward
    model.network.forward = lambda *a, **k: seen.append(k["input_ids"].shape[1]) or forward(*a, **k)
    model.generate([text], max_tokens=1, max_prompt_tokens=limit)
    assert 1 <= seen[0] <= limit
    if not anchored:
        exact = model.tokens.encode(text)[-limit:]
        assert model.tokens.window(text, limit) == exact


def test_stop_strings_end_the_text_before_them(shared_model):
    whole = shared_model.generate(["self."], max_tokens=12)[0].text
    stop = whole[3:5]
    cut = shared_model.generate(["self."], max_tokens=12, stop=["never there", stop])[0]
    assert (cut.text, cut.finish) == (whole[: whole.index(stop)], "stop")


def test_token_limits(shared_model):
    assert texts(shared_model.generate(["self."], max_tokens=0)) == [("", 0, "length")]
    one = shared_model.generate(["self."], max_tokens=1)[0]
    assert (one.tokens, one.finish) == (1, "length")
    assert shared_model.generate([], max_tokens=4) == []
    assert shared_model.rank("self.", []) == []
    assert shared_model.score([]) == []


def test_the_end_of_text_ends_it(model):
    assert model.generate(["self.x"], max_tokens=12)[0].tokens == 12
    model.tokens.ends = frozenset(range(len(model.tokens.bytes_of)))
    stopped = model.generate(["self.x"], max_tokens=30)[0]
    assert stopped.finish == "stop"
    assert stopped.tokens <= 1  # the healed token itself may bring letters of its own


class CancelAfter:
    def __init__(self, looks: int) -> None:
        self.left = looks

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("prompts", [["self."], ["self.", "import os\n"]])
def test_cancel_stops_within_a_token(shared_model, monkeypatch, prompts):
    monkeypatch.setattr(shared_model.tokens, "ends", frozenset())  # a random model may end its text at once
    for looks in range(5):
        results = shared_model.generate(prompts, max_tokens=50, cancel=CancelAfter(looks))
        assert {r.finish for r in results} == {"cancelled"}
        assert all(r.tokens <= looks for r in results)


def test_cancel_stops_a_long_prompt_between_pieces(model, text):
    done = count_tokens_read(model, lambda: model.generate([text[:3000]], max_tokens=5, cancel=CancelAfter(2)))
    assert done == 256


def test_cancelled_ranking_and_scoring_raise(shared_model):
    flag = threading.Event()
    flag.set()
    with pytest.raises(Cancelled):
        shared_model.rank("self.", ["a"], cancel=flag)
    with pytest.raises(Cancelled):
        shared_model.score([("a", "b")], cancel=flag)


@pytest.mark.parametrize("prompts", [["self."], ["self.", "x"]])
def test_a_deadline_in_the_past_answers_at_once(shared_model, prompts):
    results = shared_model.generate(prompts, max_tokens=50, deadline_s=0.0)
    assert texts(results) == [("", 0, "deadline")] * len(prompts)


def test_after_a_failure_the_next_call_is_right(model, text):
    expected = texts(model.generate([text[:500]], max_tokens=8))
    forward, calls = model.network.forward, 0

    def failing(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError("out of memory")
        return forward(*args, **kwargs)

    model.network.forward = failing
    with pytest.raises(RuntimeError):
        model.generate([text[:501]], max_tokens=8)
    del model.network.forward
    assert texts(model.generate([text[:500]], max_tokens=8)) == expected


def test_calls_from_several_threads_do_not_mix(shared_model):
    expected = {p: texts(shared_model.generate([p], max_tokens=8)) for p in PROMPTS}
    wrong = []

    def ask(prompt: str) -> None:
        for _ in range(3):
            if texts(shared_model.generate([prompt], max_tokens=8)) != expected[prompt]:
                wrong.append(prompt)

    threads = [threading.Thread(target=ask, args=(p,)) for p in PROMPTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- adapters


@dataclass
class Answers:
    """Equal when texts are the same and likelihoods nearly: over a kept prefix, floats are added in another order."""

    texts: list
    likelihoods: list[float]

    def __eq__(self, other) -> bool:
        return self.texts == other.texts and self.likelihoods == pytest.approx(other.likelihoods, abs=1e-3)


def everything(model, adapter=None) -> Answers:
    generated = texts(model.generate(["self.", "import os\n"], max_tokens=8, adapter=adapter))
    single = texts(model.generate(["    return self."], max_tokens=8, adapter=adapter))
    ranked = model.rank("self.", CANDIDATES, adapter=adapter)
    scored = [s.logprob for s in model.score([("self.", c) for c in CANDIDATES], adapter=adapter)]
    return Answers([generated, single], [*ranked, *scored])


def test_adapters_change_answers_and_never_leak(model, make_adapter):
    base = everything(model)
    folders = {digest: folder for folder, digest in (make_adapter(1), make_adapter(2, targets=("q_proj", "v_proj")))}
    first, second = folders
    for digest, folder in folders.items():
        model.load_adapter(folder, digest)
    assert model.adapters() == (first, second)
    alone = {first: everything(model, first), second: everything(model, second)}
    assert alone[first].texts != base.texts
    assert alone[second].texts != alone[first].texts
    assert alone[first].likelihoods != pytest.approx(base.likelihoods, abs=0.1)
    assert alone[second].likelihoods != pytest.approx(base.likelihoods, abs=0.1)
    for adapter in (None, first, None, second, first, second, None):
        assert everything(model, adapter) == (base if adapter is None else alone[adapter])
    model.unload_adapter(first)
    assert everything(model) == base
    assert everything(model, second) == alone[second]
    with pytest.raises(StoreDamaged, match="not loaded"):
        model.rank("self.", ["a"], adapter=first)
    model.unload_adapter(second)
    assert model.adapters() == ()
    assert everything(model) == base
    assert not hasattr(model.network, "named_modules") or not any(
        "lora" in name for name, _ in model.network.named_modules()
    )
    model.load_adapter(folders[first], first)
    assert everything(model, first) == alone[first]


def test_an_adapter_is_what_peft_computes(model, make_adapter, tiny_folder):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder, digest = make_adapter(3)
    model.load_adapter(folder, digest)
    before, span = model.tokens.split("    return self.", "resolve(qualname)")
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_folder.path), folder).eval()
    with torch.inference_mode():
        logits = plain(torch.tensor([before + span])).logits[0].log_softmax(-1)
    expected = sum(float(logits[len(before) - 1 + i, t]) for i, t in enumerate(span))
    assert model.score([("    return self.", "resolve(qualname)")], adapter=digest)[0].logprob == pytest.approx(
        expected, abs=1e-3
    )


def test_scale_goes_from_base_to_adapter(model, make_adapter):
    folder, digest = make_adapter(4)
    base = model.rank("self.", CANDIDATES)
    model.load_adapter(folder, digest)
    full = model.rank("self.", CANDIDATES, adapter=digest)
    model.set_scale(digest, 0.0)
    assert model.rank("self.", CANDIDATES, adapter=digest) == pytest.approx(base, abs=1e-4)
    model.set_scale(digest, 0.5)
    half = model.rank("self.", CANDIDATES, adapter=digest)
    assert half != pytest.approx(base, abs=1e-3)
    assert half != pytest.approx(full, abs=1e-3)
    model.set_scale(digest, 1.0)
    assert model.rank("self.", CANDIDATES, adapter=digest) == full
    model.set_scale(digest, 0.5)
    model.unload_adapter(digest)
    model.load_adapter(folder, digest)
    assert model.rank("self.", CANDIDATES, adapter=digest) == full


def test_the_adapter_that_is_worked_with_is_folded(tiny_folder, make_adapter):
    """By ONNX Runtime, for editors: the answers stay, kept prefixes too, and of two only the one that is asked for."""
    model = load(tiny_folder, device="cpu", runtime="onnx", precision="float32", threads=1, anchored=True)
    base = everything(model)
    (one, first), (two, second) = make_adapter(1), make_adapter(2, targets=("q_proj", "v_proj"))
    alone = {}
    for folder, digest, scale in ((one, first, 1.0), (two, second, 0.5)):
        model.load_adapter(folder, digest)
        model.set_scale(digest, scale)
        alone[digest] = everything(model, digest)
    sessions = weakref.WeakSet()
    for adapter in (first, second, first):
        for _ in range(12):  # in a row; the first of these begin before it is folded, the last do not
            assert everything(model, adapter) == alone[adapter]
            model.settle()
        sessions.add(model.network.active.how[0])
        assert everything(model) == base
        assert (
            everything(model, {first: second, second: first}[adapter]) == alone[{first: second, second: first}[adapter]]
        )
    gc.collect()
    assert model.network.bare.how[0] not in sessions
    assert len(sessions) == 1  # the others are gone
    model.set_scale(first, 0.0)
    assert everything(model, first) == base
    model.unload_adapter(first)
    gc.collect()
    assert len(sessions) == 0
    assert everything(model, second) == alone[second]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("psutil.virtual_memory", lambda: SimpleNamespace(available=0), "memory is short"),
        ("folded", lambda *given: 1 / 0, "cannot be folded"),
    ],
)
def test_an_adapter_that_cannot_be_folded_is_served_as_it_is(
    name, value, said, tiny_folder, make_adapter, monkeypatch, caplog
):
    monkeypatch.setattr(f"seal_lsp.lm.onnx_fold.{name}", value)
    model = load(tiny_folder, device="cpu", runtime="onnx", precision="float32", threads=1, anchored=True)
    folder, digest = make_adapter(1)
    model.load_adapter(folder, digest)
    alone = everything(model, digest)
    with caplog.at_level("INFO"):
        for _ in range(12):
            assert everything(model, digest) == alone
            model.settle()
    assert said in caplog.text
    assert model.network.active.how[0] is model.network.bare.how[0]


def edit_config(folder, **values):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def rename_tensor(folder):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "adapter_model.safetensors")
    key = sorted(tensors)[0]
    tensors[key.replace("layers.0", "layers.7")] = tensors.pop(key)
    save_file(tensors, folder / "adapter_model.safetensors")


def drop_tensor(folder):
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "adapter_model.safetensors")
    del tensors[sorted(tensors)[0]]
    save_file(tensors, folder / "adapter_model.safetensors")


def cut_file(folder):
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (rename_tensor, "does not bind"),
        (drop_tensor, "does not bind"),
        (cut_file, "damaged"),
        (lambda f: (f / "adapter_model.safetensors").unlink(), "cannot be read"),
        (lambda f: (f / "adapter_config.json").write_text("{"), "cannot be read"),
        (lambda f: edit_config(f, peft_type="IA3"), "not plain LoRA"),
        (lambda f: edit_config(f, bias="all"), "not plain LoRA"),
        (lambda f: edit_config(f, modules_to_save=["lm_head"]), "not plain LoRA"),
        (lambda f: edit_config(f, use_dora=True), "not plain LoRA"),
        (lambda f: edit_config(f, r=7), "does not fit"),
        (lambda f: edit_config(f, target_modules=["nothing_here"]), "does not fit"),
        (lambda f: edit_config(f, target_modules=["up_proj"]), "does not bind"),
    ],
)
@pytest.mark.parametrize("others", [0, 1])
def test_an_adapter_that_is_not_right_is_refused(model, make_adapter, spoil, message, others):
    import hashlib

    base = everything(model)
    if others:
        good, good_digest = make_adapter(1)
        model.load_adapter(good, good_digest)
        under_good = everything(model, good_digest)
    folder, _ = make_adapter(5)
    spoil(folder)
    weights = folder / "adapter_model.safetensors"
    digest = hashlib.sha256(weights.read_bytes()).hexdigest() if weights.exists() else "0" * 64
    with pytest.raises(StoreDamaged, match=message) as raised:
        model.load_adapter(folder, digest)
    assert raised.value.hint
    assert len(model.adapters()) == others
    assert everything(model) == base
    if others:
        assert everything(model, good_digest) == under_good


def test_an_adapter_with_another_digest_is_refused(model, make_adapter):
    folder, digest = make_adapter(6)
    with pytest.raises(StoreDamaged, match=digest[:12]):
        model.load_adapter(folder, "f" * 64)
    assert model.adapters() == ()


def test_an_adapter_of_another_base_is_refused(model, make_adapter, tmp_path, text):
    from seal_lsp.lm.tiny import make_tiny

    wider = load(make_tiny(tmp_path / "wide" / "tiny", text, hidden=48))
    folder, digest = make_adapter(7)
    with pytest.raises(StoreDamaged, match="does not fit"):
        wider.load_adapter(folder, digest)


# --- loading


def test_a_tiny_model_is_the_same_each_time(tiny_folder, tmp_path, text):
    from seal_lsp.lm.tiny import make_tiny

    assert make_tiny(tmp_path / "m" / "tiny", text, hidden=64).digest == tiny_folder.digest
    assert make_tiny(tmp_path / "m" / "other", text, seed=1).digest != tiny_folder.digest


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_that_does_not_load(tiny_folder, tmp_path, missing):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_folder.path, broken)
    (broken / missing).unlink()
    with pytest.raises(ModelError) as raised:
        load(ModelFolder("broken", broken, "", "llama", 1))
    assert "model pull" in raised.value.hint


@pytest.mark.parametrize("device", ["nonsense", "cuda"])
def test_a_device_that_is_not_here(tiny_folder, device):
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ModelError):
        load(tiny_folder, device=device)


class CountingBackend:
    def __init__(self, backend) -> None:
        self._backend, self.characters = backend, 0

    def encode(self, text, **options):
        self.characters += len(text)
        return self._backend.encode(text, **options)

    def __getattr__(self, name):
        return getattr(self._backend, name)


def test_of_a_big_file_only_the_end_is_tokenised(model, text):
    big = text * 300
    expected = model.tokens.encode(text * 3)[-200:]
    model.tokens._backend = counting = CountingBackend(model.tokens._backend)
    assert model.tokens.window(big, 200) == expected
    assert model.tokens.after(big, ["x"], 200)[0] == expected
    assert model.tokens.encode(model.tokens.anchored(big, 200)) == expected[-len(model.tokens.encode(
        model.tokens.anchored(big, 200))):]  # fmt: skip
    assert counting.characters < 20_000 < len(big)


# --- other architectures: the same exactness, with their own norms, rotary tricks and fused projections

FAMILIES = {
    "mistral": {"sliding_window": None},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "gemma": {"head_dim": 8},
    "gemma2": {"head_dim": 8, "sliding_window": 256},
    "granite": {"logits_scaling": 2.0},
    "smollm3": {"pad_token_id": 0},
    "olmo2": {},
    "starcoder2": {},
    "phi3": {"pad_token_id": 0},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_supported_architecture(family, tiny_folder, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from seal_lsp.lm.architectures import architecture_of

    folder = tmp_path / family
    shutil.copytree(tiny_folder.path, folder)
    config = AutoConfig.for_model(
        family, vocab_size=512, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.3, bos_token_id=1, eos_token_id=2,
        **FAMILIES[family],
    )  # fmt: skip
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(config)
    network.save_pretrained(folder)
    model = load(ModelFolder(family, folder, "", family, 1), device="cpu")
    batch = model.generate(PROMPTS, max_tokens=8)
    assert texts(batch) == texts([model.generate([p], max_tokens=8)[0] for p in PROMPTS])
    shared, rests = model.tokens.after("    return self.", CANDIDATES, 400)
    expected = [reference(model, shared, r) for r in rests]
    assert model.rank("    return self.", CANDIDATES) == pytest.approx(expected, abs=1e-2)
    adapted = get_peft_model(network, LoraConfig(target_modules=list(architecture_of(family).linear)))
    for name in architecture_of(family).linear:
        assert any(f".{name}.lora_A" in p for p, _ in adapted.named_parameters()), name


def test_sliding_windows_bound_the_context(tiny_folder, tmp_path):
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = tmp_path / "gemma2"
    shutil.copytree(tiny_folder.path, folder)
    config = AutoConfig.for_model(
        "gemma2", vocab_size=512, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, sliding_window=64,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    assert load(ModelFolder("g", folder, "", "gemma2", 1), device="cpu").info.context == 64


@pytest.mark.parametrize(
    "damage",
    [
        lambda graph: graph.write_bytes(graph.read_bytes()[:500]),
        lambda graph: graph.with_name(f"{graph.name}.data").unlink(),
        lambda graph: graph.unlink(),
    ],
)
def test_a_graph_that_does_not_load_is_written_again(damage, tmp_path, text):
    from seal_lsp.lm.tiny import make_tiny

    folder = make_tiny(tmp_path / "models" / "tiny", text, hidden=64)
    said = texts(load(folder, device="cpu", runtime="onnx", threads=1).generate(["self."], max_tokens=8))
    (graph,) = (tmp_path / "models" / ".onnx").glob("*/decoder.onnx")
    damage(graph)
    assert texts(load(folder, device="cpu", runtime="onnx", threads=1).generate(["self."], max_tokens=8)) == said


def test_a_model_that_onnx_runtime_cannot_run(tmp_path, text, caplog):
    from seal_lsp.lm.tiny import make_tiny

    folder = make_tiny(tmp_path / "models" / "tiny", text)  # heads of 8
    with pytest.raises(ModelError, match="multiple of 16"):
        load(folder, device="cpu", runtime="onnx")
    with caplog.at_level("INFO"):
        assert load(folder, device="cpu", runtime="auto").info.runtime.startswith("torch")
    assert "torch runs the model" in caplog.text
