"""One whole cycle with a scripted model: every stage but the training is real, and it takes no weights."""

from __future__ import annotations

import json
from dataclasses import replace

import orchard
import pytest
from orchard_checkout import write_checkout, write_sdist

from seal_lsp.core.errors import EnvironmentProblem, NoSpaceLeft, UsageError
from seal_lsp.core.learning import Case
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.scripted import ScriptedLanguageModel, write_scripted_adapter
from seal_lsp.measure.cases import dump_cases
from seal_lsp.measure.overlap import Overlap
from seal_lsp.pipeline import cycle, records
from seal_lsp.pipeline.usage_line import usage_line
from seal_lsp.store.api_index import ApiIndex
from seal_lsp.store.ledger import Ledger
from seal_lsp.store.manifest import read_candidate

API = ("Ladder", "Basket", "Picker", "Press", "Cellar", "Grafter", "Frostguard", "Beekeeper", "Ripeness",
       "forecast", "plant_row", "ripeness_of", "climb", "pick", "squeeze", "lay_down", "cleft", "bind", "height",
       "capacity")  # fmt: skip
OVERRIDES = {"tokens": 8000, "gate.least_probes": 8}


class Parts:
    """The tools of a cycle, counting how often the heavy one is used."""

    def __init__(self, folder, *, gain: float = 0.9) -> None:
        self.fits = 0
        self.gain = gain
        self.ledger = Ledger(folder / "ledger.db")
        self.tools = cycle.Tools(
            language=Python(),
            open_model=lambda: ScriptedLanguageModel(rules={"import ": "Ladder\n"}),
            fit=self.fit,
            index=ApiIndex(folder / "index.db"),
            ledger=self.ledger,
            now=lambda: "2026-11-22T12:00:00+00:00",
            fetch_sdist=self.fetch_sdist,
        )

    def fetch_sdist(self, library):
        raise EnvironmentProblem(f"no index has {library}", hint="see pip")

    def fit(self, items, recipe, folder, *, progress, cancel):
        self.fits += 1
        assert items
        assert all(item.loss_from <= len(item.text) for item in items)
        preferences = dict.fromkeys((*API, *(f" {name}" for name in API)), self.gain)
        digest = write_scripted_adapter(folder / "weights", {"import ": "Ladder\n"}, preferences)
        base = ScriptedLanguageModel().info
        return {
            "folder": "weights", "digest": digest, "base_id": base.id, "base_digest": base.digest, "steps": 1,
            "tokens": recipe.tokens, "seconds": 0.0, "peak_rss_mb": 1, "threads": 1, "losses": [1.0], "resumed_at": 0,
        }  # fmt: skip


@pytest.fixture
def environment(tmp_path):
    return orchard.install(tmp_path / "env")


def run(parts, environment, folder, **changes):
    folder.mkdir(exist_ok=True)
    job = records.job_from(orchard.job(environment, overrides=OVERRIDES) | changes)
    phases = []
    outcome = cycle.run(job, folder, parts.tools, progress=lambda phase, *_: phases.append(phase))
    return outcome, list(dict.fromkeys(phases))


def test_a_library_is_learned_and_every_step_is_on_record(environment, tmp_path):
    parts = Parts(tmp_path)
    outcome, phases = run(parts, environment, tmp_path / "cycle")
    assert (outcome.status, outcome.reasons) == ("promoted", ())
    assert phases == ["known", "collect", "write", "vet", "gate"]
    assert outcome.self_edits["kept"] + sum(outcome.self_edits["rejected"].values()) == outcome.self_edits["written"]
    assert outcome.gate["own"]["low"] > 0
    rows = parts.ledger.rows(subject="orchard-tools@1.2.0")
    kinds = [row.kind for row in rows]
    assert kinds.count("self_edit") == kinds.count("verdict") == outcome.self_edits["written"]
    assert (kinds.count("train"), kinds.count("gate")) == (1, 1)
    assert parts.ledger.verify().ok
    candidate = read_candidate(tmp_path / "cycle" / "adapter")
    assert (candidate.digest, str(candidate.library)) == (outcome.adapter, "orchard-tools@1.2.0")
    assert candidate.manifest["snippets_by_symbol"]


def test_running_it_again_repeats_nothing(environment, tmp_path):
    parts = Parts(tmp_path)
    first, _ = run(parts, environment, tmp_path / "cycle")
    rows = len(parts.ledger.rows())
    again, phases = run(parts, environment, tmp_path / "cycle")
    assert (again, phases, parts.fits, len(parts.ledger.rows())) == (first, [], 1, rows)


def test_held_out_places_are_never_trained_on(environment, tmp_path):
    parts = Parts(tmp_path)
    run(parts, environment, tmp_path / "cycle")
    probes = json.loads((tmp_path / "cycle" / "probes.json").read_text())["probes"]
    reviews = json.loads((tmp_path / "cycle" / "reviews.json").read_text())
    kept = [r["edit"]["completion"] for r in reviews if all(v["passed"] for v in r["verdicts"])]
    assert probes
    for probe in probes:
        statement = (probe["prefix"] + probe["gold"] + probe["suffix"])[-1200:]
        assert not any(statement in text for text in kept)


def test_an_adapter_without_gain_is_rejected_with_reasons(environment, tmp_path):
    outcome, _ = run(Parts(tmp_path, gain=1e-30), environment, tmp_path / "cycle")
    assert outcome.status == "rejected"
    assert any("no certain gain" in reason for reason in outcome.reasons)


def test_another_version_than_the_installed_one_is_refused(environment, tmp_path):
    with pytest.raises(EnvironmentProblem, match=r"orchard-tools@1.2.0 is installed instead"):
        run(Parts(tmp_path), environment, tmp_path / "cycle", library={"name": "orchard-tools", "version": "9.9"})


def test_a_full_disk_while_training_leaves_a_cycle_that_goes_on(environment, tmp_path):
    parts = Parts(tmp_path)
    real = parts.tools.fit

    def full(*_args, **_options):
        raise NoSpaceLeft("no space left", hint="free some")

    object.__setattr__(parts.tools, "fit", full)
    with pytest.raises(NoSpaceLeft):
        run(parts, environment, tmp_path / "cycle")
    object.__setattr__(parts.tools, "fit", real)
    outcome, phases = run(parts, environment, tmp_path / "cycle")
    assert outcome.status == "promoted"
    assert "collect" not in phases


@pytest.mark.parametrize(
    ("symbol", "answer", "state", "part"),
    [
        ("orchard.Ladder", "height=2.5)\nprint(1)", "ready", "ladder = Ladder(height=2.5)"),
        ("orchard.Ladder.climb", "rungs=2)\n", "ready", "ladder.climb(rungs=2)"),
        ("orchard.forecast", "days=(1 + 2))", "ready", "result = forecast(days=(1 + 2))"),
        ("orchard.Ladder", "width=2.5)", "rejected", "width"),
        ("orchard.Ladder", "height=", "rejected", "no complete call"),
        ("orchard.Ladder", "'oak', width=2)", "ready", "ladder = Ladder(height='oak')"),
        ("orchard.ripeness_of", "7, depth=(1, 2))", "ready", "result = ripeness_of(variety=7, week=7)"),
        ("orchard.Ripeness.RIPE", "", "rejected", "not called"),
    ],
)
def test_a_usage_line_is_shown_only_when_vetting_passes_it(environment, symbol, answer, state, part):
    surface, _ = orchard.surface_of(environment)
    language = Python()
    importable = language.standard_modules(environment) | {"orchard"}
    reply = usage_line(ScriptedLanguageModel(default=answer), None, symbol, surface, language, importable)
    assert reply.state == state
    assert part in (reply.line or reply.reason)


def test_what_a_given_case_file_will_ask_is_neither_evidence_nor_trained_on(environment, tmp_path):
    parts = Parts(tmp_path)
    run(parts, environment, tmp_path / "free")
    evidence = json.loads((tmp_path / "free" / "evidence.json").read_text())["evidence"]
    text = max((item["text"] for item in evidence if item["kind"] == "usage"), key=lambda text: len(text.split()))
    prefix, gold = text[:-4], text[-4:]
    case = Case("orchard-tools", "1.2.0", "orchard", "t.py", "member", gold, False, (gold, "other"), prefix, "")
    asked = tmp_path / "cases.jsonl"
    asked.write_text(dump_cases([case]))
    run(parts, environment, tmp_path / "asked", held_out=(str(asked),), cycle="asked")
    kept = json.loads((tmp_path / "asked" / "evidence.json").read_text())
    assert text not in [item["text"] for item in kept["evidence"]]
    assert any(what == "held_out" for what, _ in kept["skipped"])
    shares = Overlap([text])
    reviews = json.loads((tmp_path / "asked" / "reviews.json").read_text())
    accepted = [r["edit"] for r in reviews if all(v["passed"] for v in r["verdicts"])]
    assert accepted
    assert not any(shares(edit["prompt"] + edit["completion"]) for edit in accepted)


def test_what_the_base_knows_is_not_learned_unless_it_must_be(environment, tmp_path):
    class Knows(ScriptedLanguageModel):
        def score(self, pairs, **options):
            found = super().score(pairs, **options)
            return [replace(s, logprob=0.0) if "orchard" in c else s for s, (c, _) in zip(found, pairs, strict=True)]

    parts = Parts(tmp_path)
    parts.tools = replace(parts.tools, open_model=Knows)
    outcome, phases = run(parts, environment, tmp_path / "known")
    assert (outcome.status, phases, parts.fits) == ("skipped", ["known"], 0)
    assert "bits/byte cheaper" in outcome.reasons[0]
    run(parts, environment, tmp_path / "forced", force=True, cycle="forced")
    assert parts.fits == 1


def test_an_sdist_is_evidence_where_the_job_wants_it(environment, tmp_path):
    archive = write_sdist(tmp_path / "orchard_tools-1.2.0.tar.gz", write_checkout(tmp_path / "checkout"))
    parts = Parts(tmp_path)

    def sources(name, wanted):
        run(parts, environment, tmp_path / name, overrides=OVERRIDES | {"collect.sdist": wanted}, cycle=name)
        found = json.loads((tmp_path / name / "evidence.json").read_text())
        return {e["provenance"]["source"] for e in found["evidence"]}, [why for what, why in found["skipped"]]

    assert "sdist" in sources("given", str(archive))[0]
    there, skipped = sources("unreachable", True)
    assert "sdist" not in there
    assert "no index has orchard-tools@1.2.0 (see pip)" in skipped
    parts.tools = replace(parts.tools, fetch_sdist=lambda library: archive)
    assert "sdist" in sources("fetched", True)[0]
    assert "sdist" not in sources("not wanted", False)[0]
    with pytest.raises(UsageError, match="no source distribution at"):
        sources("wrong", str(tmp_path / "nothing.tar.gz"))
