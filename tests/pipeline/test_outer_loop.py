"""The model as a writer in a cycle, and the outer loop: scripted models decide, a tiny one is taught."""

from __future__ import annotations

import json
from dataclasses import replace

import orchard
import pytest
from test_cycle_scripted import API, Parts, run

from seal_lsp.core.errors import StoreDamaged, UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.core.progress import silent
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.load import load
from seal_lsp.lm.scripted import ScriptedLanguageModel, write_scripted_adapter
from seal_lsp.lm.tiny import make_tiny
from seal_lsp.measure.remembered import Memory
from seal_lsp.pipeline import outer_loop, records
from seal_lsp.pipeline.fit import fit_with
from seal_lsp.pipeline.writer_training import teach
from seal_lsp.pipeline.writing import MODEL_SHARE, mix_with
from seal_lsp.self_edits.write import SHARES
from seal_lsp.store.manifest import read_candidate
from seal_lsp.store.writers import Writers
from seal_lsp.train.recipe import Recipe

GOOD = {name: f"{name.lower()} = {name}()\nprint({name})\n```" for name in ("Ladder", "Basket", "Press", "Cellar")}
RULES = {"import ": "Ladder\n"} | {f"import {name}\n\n": answer for name, answer in GOOD.items()} | {
    "import Beekeeper\n\n": "keeper = Beekeeper(wings=2)\n```",  # no such keyword
    "import Frostguard\n\n": "import evilware\nguard = Frostguard()\n```",
}  # fmt: skip


def writing_model() -> ScriptedLanguageModel:
    return ScriptedLanguageModel(rules=RULES)


@pytest.fixture
def environment(tmp_path):
    return orchard.install(tmp_path / "env")


def test_what_a_model_writes_is_vetted_counted_and_on_record(environment, tmp_path):
    parts = Parts(tmp_path)
    parts.tools = replace(parts.tools, open_model=writing_model)
    overrides = {"tokens": 8000, "gate.least_probes": 8, "write.model_share": 0.3}
    outcome, _ = run(parts, environment, tmp_path / "cycle", overrides=overrides)
    counts = outcome.self_edits
    assert counts["formats"]["model_usage"] == len(GOOD)
    assert counts["rejected_formats"]["model_usage"] == {"signatures": 1, "imports": 1}
    assert counts["writers"]["model:scripted"] == {"written": len(GOOD) + 2, "kept": len(GOOD)}
    assert counts["model"]["share"] == 0.3
    assert counts["model"]["dropped"]["model_qa"]["question without answer"] >= 1
    manifest = read_candidate(tmp_path / "cycle" / "adapter").manifest
    assert manifest["self_edits"] == json.loads(json.dumps(counts))
    rows = parts.ledger.rows(subject="orchard-tools@1.2.0")
    assert [row.data["asked"] for row in rows if row.kind == "writing"] == [counts["model"]["asked"]]
    assert sum(row.kind == "self_edit" and row.data["writer"] == "model:scripted" for row in rows) == len(GOOD) + 2


@pytest.mark.parametrize(
    ("overrides", "recorded", "parameters", "share", "why"),
    [
        ({}, {}, 134_500_000, 0.0, "below 1.5B only templates write"),
        ({}, {}, 1_540_000_000, MODEL_SHARE, "writes itself"),
        ({"model_share": 0.5}, {}, 134_500_000, 0.5, "set"),
        ({}, {"model_share": 0.4, "model_seed": 2}, 134_500_000, 0.4, "measured"),
        ({"model_share": 0}, {"model_share": 0.4}, 7_000_000_000, 0.0, "set"),
    ],
)
def test_who_writes_is_decided_by_setting_then_measurement_then_size(overrides, recorded, parameters, share, why):
    model = ScriptedLanguageModel()
    model._info = replace(model.info, parameters=parameters)
    mix = mix_with(overrides, recorded, model)
    assert mix.model_share == share
    assert why in mix.why


@pytest.mark.parametrize(
    "overrides",
    [{"model_share": 2}, {"model_share": "much"}, {"shares": {"poems": 1}}, {"shares": {"usage": 0}}, {"share": 1},
     {"shares": 3}],
)  # fmt: skip
def test_a_mix_that_makes_no_sense_is_refused(overrides):
    with pytest.raises(UsageError) as error:
        mix_with(overrides, {}, ScriptedLanguageModel())
    assert error.value.hint


def test_mixes_start_with_the_default_and_are_the_same_for_a_seed():
    found = outer_loop.mixes(4, model_share=0.4, seed=0)
    assert [mix.model_share for mix in found] == [0.0, 0.4, 0.4, 0.4]
    assert found[0].shares == found[1].shares == dict(SHARES)
    assert len({tuple(mix.shares.values()) for mix in found}) == 3
    assert all(set(mix.shares) == set(SHARES) for mix in found)
    assert found == outer_loop.mixes(4, model_share=0.4, seed=0) != outer_loop.mixes(4, model_share=0.4, seed=1)
    only_shares = outer_loop.mixes(3, model_share=0.0, seed=0)
    assert len({tuple(mix.shares.values()) for mix in only_shares}) == 3


class Loop:
    """An outer loop over two copies of one library whose adapters gain by what the model wrote into them."""

    def __init__(self, folder, environment, *, paid: bool = True) -> None:
        self.paid, self.fits, self.taught = paid, 0, []
        parts = Parts(folder)
        model = writing_model()
        tools = replace(parts.tools, open_model=writing_model, fit=self.fit)
        self.memory = Memory(folder / "writers" / "trials.jsonl")
        self.bench = outer_loop.Bench(tools, model, Recipe(tokens=6000), folder / "loop", self.memory, "code", silent)
        job = records.job_from(orchard.job(environment)) if environment else None
        ground = outer_loop.prepare(replace(job, force=True), self.bench)
        held = replace(ground, job=replace(ground.job, library=LibraryId("other", "1")))
        self.grounds = [ground, held]

    def fit(self, items, recipe, folder, *, progress, cancel):
        self.fits += 1
        base = self.bench.model.info
        if any(item.loss_from and "Facts:" in item.text for item in items):
            self.taught = list(items)
            rules, preferences = {"orchard.Picker`": " in an orchard?\nA: Nothing."}, {}
        else:
            written = sum(text in item.text for item in items for text in ("print(Ladder)", "print(Press)"))
            rules, preferences = {}, dict.fromkeys(API, 0.01 + (0.2 * written if self.paid else 0.0))
        digest = write_scripted_adapter(folder / "weights", rules, preferences)
        return {
            "folder": "weights", "digest": digest, "base_id": base.id, "base_digest": base.digest, "steps": 1,
            "tokens": recipe.tokens, "seconds": 0.0, "peak_rss_mb": 1, "threads": 1, "losses": [1.0], "resumed_at": 0,
        }  # fmt: skip

    def run(self, rounds: int = 1):
        tried = outer_loop.mixes(3, model_share=0.4, seed=0)
        return outer_loop.improve(self.grounds, tried, rounds, self.bench, lambda text: None)


def test_winners_teach_the_writer_and_the_held_out_library_judges(environment, tmp_path):
    loop = Loop(tmp_path, environment)
    (one,) = loop.run()
    assert [row["library"] for row in one.rows] == ["orchard-tools@1.2.0"] * 3 + ["other@1"] * 3
    assert one.rows[0]["gain"]["mean"] < one.rows[1]["gain"]["mean"]
    assert one.taught.pairs == len(loop.taught) > 0
    assert all(any(f"print({name})" in item.text[item.loss_from :] for name in GOOD) for item in loop.taught)
    assert not any("wings" in item.text[item.loss_from :] for item in loop.taught)
    assert one.before["passed"] > 0
    assert one.after["asked"] > 0
    best, over = outer_loop.best(one.rows[:3], one.rows[0])
    assert best in one.rows[1:3]
    assert over["low"] > 0
    assert not list((tmp_path / "loop" / "trials").glob("*/weights")), "an inner adapter outlived its trial"


def test_the_same_again_measures_nothing_anew(environment, tmp_path):
    loop = Loop(tmp_path, environment)
    first = loop.run(rounds=2)
    fits = loop.fits
    loop.memory.close()
    again = Loop(tmp_path, environment)
    assert [one.rows for one in again.run(rounds=2)] == [one.rows for one in first]
    assert again.fits == 0
    assert fits > 0
    assert again.memory.found == again.memory.asked > 0


def test_without_a_trial_that_pays_nobody_is_taught(environment, tmp_path):
    (one,) = Loop(tmp_path, environment, paid=False).run()
    assert one.taught is None
    assert "no trial" in one.why


def test_mixes_and_writers_on_disk(tmp_path):
    writers = Writers(tmp_path / "writers")
    library, base = orchard.LIBRARY, "b" * 64
    assert writers.mix_for(library, base) == {}
    writers.keep_mix(library, base, {"model_share": 0.4}, {"gain": 1})
    assert writers.mix_for(library, base) == {"model_share": 0.4}
    assert writers.mix_for(library, "c" * 64) == writers.mix_for(LibraryId("other", "1"), base) == {}
    writers.keep_mix(library, base, None, {})
    assert writers.mix_for(library, base) == {}
    digest = write_scripted_adapter(tmp_path / "weights", {}, {})
    folder = writers.install(tmp_path / "weights", digest, base, {"pairs": 3})
    assert writers.current(base) is None
    writers.use(digest, base)
    assert writers.current(base) == (folder, digest)
    with pytest.raises(StoreDamaged):  # nothing that serves completions takes it
        read_candidate(folder)
    (folder / "adapter_model.safetensors").write_bytes(b"other")
    assert writers.current(base) is None


def test_a_tiny_model_learns_to_write_what_it_was_taught(tmp_path):
    folder = make_tiny(tmp_path / "models" / "tiny", orchard.source() + orchard.readme())
    pairs = [(f"Facts:\nName: orchard.{name}\n\nAnswer:\nQ:", f" What is it?\nA: {name}.<|im_end|>") for name in GOOD]
    trial = Recipe(tokens=4000, rank=4, alpha=8, learning_rate=0.02, replay_share=0.0)

    def open_model():
        return load(folder, device="cpu")

    taught = teach(pairs, fit_with(open_model, tmp_path / "rehearsals"), trial, tmp_path / "writers", silent)
    again = teach(pairs, fit_with(open_model, tmp_path / "rehearsals"), trial, tmp_path / "writers", silent)
    assert (again.digest, taught.pairs) == (taught.digest, len(pairs))
    model = open_model()
    model.load_adapter(taught.folder, taught.digest)
    before, after = (sum(s.logprob for s in model.score(pairs, adapter=a)) for a in (None, taught.digest))
    assert after > before + 10


def test_a_chat_template_frames_a_message_without_reading_it(tmp_path):
    from seal_lsp.lm.chat import chat_of

    tokenizer = load(make_tiny(tmp_path / "models" / "tiny", orchard.readme()), device="cpu").tokenizer
    assert chat_of(tokenizer) is None
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}{{ m['role'] }}:{{ m['content'] | upper }}\n{% endfor %}assistant:"
    )
    assert chat_of(tokenizer) is None, "a template that changes the message cannot be framed"
    tokenizer.chat_template = tokenizer.chat_template.replace(" | upper", "")
    chat = chat_of(tokenizer)
    assert chat("{{ 1 + 1 }}") == "<|im_start|>user:{{ 1 + 1 }}\nassistant:"
    assert chat.end == tokenizer.eos_token


def test_prose_of_a_model_may_name_only_what_exists(environment):
    from seal_lsp.core.learning import SelfEdit
    from seal_lsp.vet.review import VetContext, review

    surface, _ = orchard.surface_of(environment)
    context = VetContext((surface,), frozenset({"orchard"}), Python())
    table = {
        "A `Ladder` has a `height` and can `climb()`.": "",
        "A `Ladder` has `wings`.": "spoken",
        "The FruitMixer of a `Ladder` is old.": "spoken",
        "Call `plant_row` or harvest_honey, then print_all.": "spoken",
        "`orchard.Ladder.fly` is fast.": "symbols",
        "Pass `trees=3` to `plant_row`, it returns a `list`.": "",
    }
    for text, check in table.items():
        for writer, expected in (("model:x", check), ("template:qa", check if check == "symbols" else "")):
            edit = SelfEdit("model_rewrite", "", text, surface.library, (), (), writer)
            (found,) = review([edit], context)
            assert (found.rejection.check if found.rejection else "") == expected, (writer, text)
