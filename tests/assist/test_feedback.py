"""What became of a suggestion, told by the text alone: a table of what a person does after one is shown."""

from __future__ import annotations

import pytest

from seal_lsp.assist.feedback import Feedback, still_there

URI = "file:///a.py"
HEAD, REST = "import acme\nx = ", "\ny = 2\n"
TEXT = "acme.send(1)"


class Watch:
    def __init__(self) -> None:
        self.said: list[tuple] = []
        self.now = 0.0
        self.text: str | None = HEAD + REST
        self.feedback = Feedback(
            lambda o: self.said.append((o.kind, o.characters, *((o.after_s, o.value) if o.kind == "kept" else ()))),
            lambda: self.now,
        )

    def show(self, text: str = TEXT, head: str = HEAD) -> None:
        self.feedback.shown(URI, "one", head, text, "a" * 64)

    def becomes(self, text: str) -> None:
        self.text = text
        self.feedback.changed(URI, text)

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.feedback.look(lambda _: self.text)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([HEAD + TEXT + REST], [("accepted", 12)]),
        ([HEAD + "a" + REST, HEAD + TEXT + REST], [("accepted", 11)]),
        ([HEAD + "acme" + REST], [("partly", 4)]),
        ([HEAD + "acme" + REST, HEAD + TEXT + REST], [("partly", 4), ("accepted", 8)]),
        ([HEAD + TEXT[:n] + REST for n in range(1, 13)], [("typed", 1)]),
        ([HEAD + "b" + REST], [("passed", 12)]),
        ([HEAD + "a" + REST, HEAD + "ab" + REST], [("passed", 11)]),
        (["import acm\nx = " + REST], [("passed", 12)]),
        ([HEAD + REST + "z"], []),
    ],
)
def test_what_the_text_tells(steps, expected):
    watch = Watch()
    watch.show()
    for text in steps:
        watch.becomes(text)
    assert watch.said == [("shown", 12), *expected]


def test_what_is_left_of_a_suggestion_does_not_pass_the_first_one_over():
    watch = Watch()
    watch.show()
    watch.becomes(HEAD + "a" + REST)
    watch.show(TEXT[1:], HEAD + "a")
    watch.show("other", HEAD + "ac")
    assert [kind for kind, *_ in watch.said] == ["shown", "shown", "passed", "shown"]


def test_the_editors_word_counts_once():
    watch = Watch()
    watch.show()
    watch.feedback.accepted("another")
    watch.feedback.accepted("one")
    watch.becomes(HEAD + TEXT + REST)
    assert watch.said == [("shown", 12), ("accepted", 12)]


def test_how_much_is_kept_is_looked_at_three_times():
    watch = Watch()
    watch.show()
    watch.becomes(HEAD + TEXT + REST)
    watch.later(29)
    assert len(watch.said) == 2
    watch.later(1)
    watch.becomes("# moved\n" + HEAD + "acme.send(22)" + REST)
    watch.later(90)
    watch.becomes("nothing of it\n")
    watch.later(180)
    watch.later(1000)
    kinds = watch.said[2:]
    assert kinds[0] == ("kept", 12, 30, 1.0)
    assert 0.7 < kinds[1][3] < 1.0
    assert kinds[1][2] == 120
    assert kinds[2] == ("kept", 12, 300, 0.0)
    assert len(kinds) == 3


def test_a_closed_document_is_not_watched():
    watch = Watch()
    watch.show()
    watch.becomes(HEAD + TEXT + REST)
    watch.feedback.closed(URI)
    watch.later(60)
    assert watch.said == [("shown", 12), ("accepted", 12)]


@pytest.mark.parametrize(
    ("document", "least", "most"),
    [
        ("x = acme.send(1)\n", 1.0, 1.0),
        ("y = 0\nresult = acme.send(1)\n", 0.6, 0.9),  # the anchor is gone, the line is nearly there
        ("x = acme.send(url, 1)\n", 0.6, 0.95),
        ("", 0.0, 0.0),
    ],
)
def test_still_there(document, least, most):
    assert least <= still_there("x = ", "acme.send(1)", document) <= most
