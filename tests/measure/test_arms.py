"""Arms over a scripted model: what each asks and makes of the answers; what is remembered is not asked again."""

from __future__ import annotations

import pytest

from seal_lsp.core.errors import UsageError
from seal_lsp.lm.scripted import ScriptedLanguageModel
from seal_lsp.measure.arms import AtHand, Prompt, Question, ask, cheapest_first, chosen, prompt
from seal_lsp.measure.remembered import Memory, RememberedModel

A, B = "a" * 64, "b" * 64
SHOWN = prompt("ladder.")


def model() -> ScriptedLanguageModel:
    return ScriptedLanguageModel(
        rules={"ladder.": "jump()", "ladder.climb": "(rungs=2)", "Press(mesh=": "8)"},
        preferences={"climb": 0.4, "fold": 0.1, "mesh": 0.2},
        adapters={A: {"rules": {"ladder.": "climb(rungs=1)"}, "preferences": {"fold": 0.9}}},
    )


@pytest.mark.parametrize(
    ("words", "arms"),
    [
        ("base", ("base",)),
        ("product, base,adapter", ("base", "adapter", "product")),
        ("base,base,", ("base",)),
    ],
)
def test_arms_are_named(words, arms):
    assert chosen(words) == arms


@pytest.mark.parametrize(("words", "said"), [("base,best", "unknown arms: best"), ("", "no arm"), (" , ", "no arm")])
def test_a_wrong_arm_is_said_with_the_right_ones(words, said):
    with pytest.raises(UsageError, match=said) as error:
        chosen(words)
    assert "base+rag" in error.value.hint


def at_ladder(*names: str, masked: bool = False, text: str = "ladder.", kind: str = "member") -> Question:
    return Question(prompt(text), names, kind, masked)


def test_base_and_adapter_answer_the_same_place():
    (base,), (adapter,) = (ask(model(), [at_ladder("climb", "fold")], one) for one in (None, A))
    assert base.scores[0] > base.scores[1]
    assert adapter.scores[1] > adapter.scores[0]
    assert (base.text, adapter.text) == ("jump()", "climb(rungs=1)")
    assert not base.own


def test_masked_the_name_exists_and_then_the_model_is_free():
    (answer,) = ask(model(), [at_ladder("fold", "climb", masked=True)], None)
    assert (answer.text, answer.names, answer.own) == ("climb(rungs=2)", ("fold", "climb"), True)
    keyword = Question(prompt("Press("), ("pressure", "mesh"), "keyword", masked=True)
    assert ask(model(), [keyword], None)[0].text == "mesh=8)"


def test_where_nothing_is_known_nothing_is_offered_and_the_text_is_free():
    (answer,) = ask(model(), [at_ladder(masked=True)], None)
    assert (answer.names, answer.text, answer.own) == ((), "jump()", True)


def test_several_places_are_answered_as_each_alone_in_their_order():
    questions = [
        at_ladder("fold", "climb", masked=True),
        Question(Prompt("Press(mesh=", 768), ("8",), "member"),
        at_ladder(masked=True),
        at_ladder("climb", "fold"),
    ]
    together = ask(model(), questions, A)
    assert together == [ask(model(), [one], A)[0] for one in questions]
    assert [one.text for one in together] == ["fold", "8)", "climb(rungs=1)", "climb(rungs=1)"]


def test_arms_that_read_the_same_follow_one_another():
    at_hand = AtHand(model(), None, adapter="b", wrong="a")
    arms = ("base", "base+rag", "adapter", "adapter+rag", "wrong-adapter", "grounded")
    assert cheapest_first(arms, at_hand) == ["base", "grounded", "wrong-adapter", "adapter", "base+rag", "adapter+rag"]


class Counting(ScriptedLanguageModel):
    calls = 0

    def score(self, *args, **options):
        self.calls += 1
        return super().score(*args, **options)

    def generate(self, *args, **options):
        self.calls += 1
        return super().generate(*args, **options)


def counting() -> Counting:
    return Counting({"ladder.": "jump()"}, {"climb": 0.4}, adapters={A: {"preferences": {"climb": 0.9}, "rules": {}}})


def test_answers_are_remembered_by_weights_adapter_scale_and_question(tmp_path):
    def run(adapter: str | None = None, scale: float = 1.0, shown: Prompt = SHOWN) -> tuple[object, int]:
        memory = Memory(tmp_path / "calls.jsonl")
        inner = counting()
        wrapped = RememberedModel(inner, memory)
        wrapped.set_scale(A, scale)
        answer = ask(wrapped, [Question(shown, ("climb", "fold"), "member")], adapter)
        spans = wrapped.score([("x", "climb")], adapter=adapter)
        memory.close()
        return (answer, spans), inner.calls

    first, asked = run()
    again, asked_again = run()
    assert asked == 3
    assert asked_again == 0
    assert again == first
    assert run(A)[1] == 3
    assert run(A)[0] != first
    assert run(A)[1] == 0
    assert run(A, scale=0.5)[1] == 3
    assert run(shown=Prompt("ladder.", 128))[1] == 2, "the spans have no prompt"


def test_of_several_prompts_only_those_not_remembered_are_asked(tmp_path):
    class Noting(ScriptedLanguageModel):
        def generate(self, prompts, **options):
            self.asked = [*getattr(self, "asked", []), list(prompts)]
            return super().generate(prompts, **options)

    def run(*prompts: str) -> tuple[list[str], list[list[str]], int]:
        memory = Memory(tmp_path / "calls.jsonl")
        inner = Noting({"ladder.": "climb()", "press.": "rinse()", "x.": "y"})
        texts = [one.text for one in RememberedModel(inner, memory).generate(prompts, max_tokens=4)]
        memory.close()
        return texts, getattr(inner, "asked", []), memory.found

    assert run("press.") == (["rinse()"], [["press."]], 0)
    assert run("ladder.", "press.", "x.", "ladder.") == (
        ["climb()", "rinse()", "y", "climb()"],
        [["ladder.", "x."]],
        2,
    )
    assert run("x.", "ladder.") == (["y", "climb()"], [], 2)
    assert run() == ([], [], 0)


def test_a_line_that_was_cut_off_is_measured_again(tmp_path):
    file = tmp_path / "calls.jsonl"
    memory = Memory(file)
    assert [memory.once(["q", n], lambda n=n: n) for n in range(3)] == [0, 1, 2]
    memory.close()
    file.write_bytes(file.read_bytes()[:-8])
    memory = Memory(file)
    made = []
    values = [memory.once(["q", n], lambda n=n: made.append(n) or n) for n in range(3)]
    assert (values, made, memory.found) == ([0, 1, 2], [2], 2)
    memory.close()
    assert Memory(file).once(["q", 2], lambda: "made anew") == 2
