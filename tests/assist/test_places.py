"""What the analysis worker says of places in code, over a real environment on disk: `<|>` is the cursor."""

from __future__ import annotations

import orchard
import pytest

from seal_lsp.assist import tasks
from seal_lsp.assist.facts import Place
from seal_lsp.assist.hover_task import describe, hover
from seal_lsp.assist.menu import static_order, visible
from seal_lsp.assist.menu_task import completions
from seal_lsp.core.library import LibraryId

windmill = LibraryId("windmill", "0.3")
LIBRARY = "orchard-tools@1.2.0"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    root = tmp_path_factory.mktemp("workspace")
    environment = orchard.install(root / ".venv")
    site = environment.site_packages[0]
    (site / "windmill.py").write_text(
        '"""Mills."""\n\ndef grind(grain: str, *, fine: bool = False) -> str:\n    """Grind."""\n    return grain\n'
    )
    info = site / "windmill-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: windmill\nVersion: 0.3\n")
    (info / "RECORD").write_text("windmill.py,,\n")
    (root / "helpers.py").write_text(
        "def lend(tool):\n    return tool\n\nclass Shed:\n    size = 3\n    def sweep(self):\n        '''Sweep it.'''\n"
    )
    (root / "pyproject.toml").write_text('[project]\nname = "farm"\nversion = "1"\ndependencies = ["orchard-tools"]\n')
    tasks.start(str(root / "index.db"))
    return Place(str(root / "main.py"), str(root), environment)


def at(marked: str) -> tuple[str, int]:
    assert marked.count("<|>") == 1
    offset = marked.index("<|>")
    return marked.replace("<|>", ""), offset


def names(marked: str, place: Place) -> list[str]:
    found = completions(tasks.shelf, *at(marked), place)
    return [m.name for m in found.members if not m.name.startswith("_")]


HEAD = "from orchard import Basket, Ladder, Picker, forecast\nimport orchard\nimport windmill\n"
OWN = (
    HEAD
    + """class Packer(Picker):
    SIZE = 3

    def __init__(self, ladder):
        super().__init__(ladder)
        self.crate = []

    @property
    def full(self):
        return len(self.crate) == self.SIZE

    def stack(self):
"""
)
COMPLETIONS = [
    (
        "a module's names",
        HEAD + "orchard.<|>",
        {"Ladder", "Picker", "forecast", "Ripeness"},
        {"climb", "enum", "warnings"},
    ),
    (
        "an instance's members",
        HEAD + "ladder = Ladder()\nladder.<|>",
        {"climb", "fold", "height", "folding"},
        {"pick", "forecast"},
    ),
    ("a partial name keeps all", HEAD + "ladder = Ladder()\nladder.cl<|>", {"climb", "fold"}, {"pick"}),
    ("a constructor call's result", HEAD + "Picker(Ladder()).<|>", {"pick", "rest"}, {"climb"}),
    ("self of a subclass", HEAD + "class P(Picker):\n    def go(self):\n        self.<|>", {"pick", "rest"}, {"climb"}),
    ("what a subclass adds", OWN + "        self.<|>", {"pick", "rest", "crate", "stack", "full", "SIZE"}, {"climb"}),
    ("what a subclass adds, from outside", OWN + "Packer(Ladder()).<|>", {"pick", "crate", "full"}, {"climb"}),
    ("what a subclass adds, of the class", OWN + "Packer.<|>", {"pick", "stack", "SIZE"}, {"crate"}),
    ("super() has nothing of one's own", OWN + "        super().<|>", {"pick", "rest"}, {"stack", "crate"}),
    ("a name to import", "from orchard import <|>", {"Ladder", "Picker", "forecast"}, {"climb", "os"}),
    ("a second name to import", "from orchard import Ladder, <|>", {"Picker", "forecast"}, {"climb"}),
    ("names in brackets", "from orchard import (\n    Ladder,\n    <|>\n)", {"Picker"}, {"climb"}),
    ("what can be imported", "import <|>", {"orchard", "windmill", "os", "helpers"}, {"Ladder", "torch", "pytest"}),
    ("what can be imported from", "from <|>", {"orchard", "windmill", "json", "helpers"}, {"torch"}),
    ("keywords of a constructor", HEAD + "Ladder(<|>)", {"height", "folding"}, {"self", "rungs"}),
    ("keywords not given yet", HEAD + "Ladder(height=2, <|>)", {"folding"}, {"height"}),
    ("keywords given later count too", HEAD + "Ladder(<|>, height=2)", {"folding"}, {"height"}),
    ("keywords of a method", HEAD + "Picker(Ladder()).pick(3, <|>", {"gently"}, {"ladder"}),
    ("keywords in an unfinished file", HEAD + "if True:\n    windmill.grind(<|>", {"grain", "fine"}, set()),
    ("names from the workspace", "from helpers import <|>", {"lend", "Shed"}, set()),
    ("the workspace's own objects, by jedi", "from helpers import Shed\nShed().<|>", {"sweep", "size"}, set()),
    ("the standard library, by jedi", "import json\njson.<|>", {"dumps", "loads"}, set()),
    ("keywords of the standard library", "import textwrap\ntextwrap.indent(<|>)", {"prefix"}, set()),
    ("a name whose import is missing", "def f():\n    windmill.<|>", {"grind"}, set()),
    ("a class whose import is missing", "ladder = Ladder(<|>)", {"height", "folding"}, set()),
    ("the first import of a library", "from windmill import <|>", {"grind"}, {"windmill"}),
    ("a parameter called like a class", "import orchard\ndef test(ladder):\n    ladder.<|>", {"climb"}, {"pick"}),
    ("nothing is known of a parameter", "def f(x):\n    x.<|>", set(), {"__class__"}),
    ("a name that stands alone", HEAD + "lad<|>", set(), {"Ladder"}),
    ("inside a string", HEAD + "x = 'orchard.<|>'", set(), {"Ladder"}),
    ("inside a comment", HEAD + "# orchard.<|>", set(), {"Ladder"}),
    ("after a number's dot", "x = 1.<|>", set(), {"real"}),
    ("emoji and CJK before", HEAD + "s = '😋漢字'; ladder = Ladder(); ladder.<|>", {"climb"}, {"pick"}),
    ("Windows line ends", HEAD.replace("\n", "\r\n") + "ladder = Ladder()\r\nladder.<|>\r\n", {"climb"}, {"pick"}),
]


@pytest.mark.parametrize(("marked", "there", "absent"), [c[1:] for c in COMPLETIONS], ids=[c[0] for c in COMPLETIONS])
def test_completions(marked, there, absent, place):
    found = set(names(marked, place))
    assert there <= found
    assert not absent & found
    if not there:
        assert not found


def test_completion_facts_carry_signature_library_and_routing(place):
    found = completions(tasks.shelf, *at(HEAD + "windmill.grind('x')\nladder = Ladder()\nladder.cl<|>"), place)
    climb = next(m for m in found.members if m.name == "climb")
    assert (found.partial, found.kind) == ("cl", "member")
    assert climb.signature == "climb(rungs: int = 4) -> float"
    assert climb.library == LIBRARY
    assert found.libraries[0] == LIBRARY
    assert set(found.libraries) == {LIBRARY, "windmill@0.3"}
    elsewhere = completions(tasks.shelf, *at(HEAD + "Ladder()\nwindmill.grind('x')\nprint(windmill.<|>"), place)
    assert elsewhere.libraries[0] == "windmill@0.3"


@pytest.mark.parametrize(
    ("marked", "libraries"),
    [
        (HEAD + "ladder = <|>", (LIBRARY, "windmill@0.3")),
        (HEAD + "Ladder(height=2,<|>)", (LIBRARY, "windmill@0.3")),
        (HEAD + "windmill.grind('x')\nfor <|>", ("windmill@0.3", LIBRARY)),
        (HEAD + "# climb a <|>", (LIBRARY, "windmill@0.3")),
        ("import json\nx = <|>", ()),
    ],
)
def test_where_no_name_is_due_the_libraries_are_known_all_the_same(marked, libraries, place):
    """Ghost text is written under their adapter there too."""
    assert completions(tasks.shelf, *at(marked), place).libraries == libraries


def test_what_a_subclass_adds_has_its_kind_and_no_library(place):
    found = completions(
        tasks.shelf, *at(OWN + "        self.<|>"), Place(place.path, place.root, place.environment, True)
    )
    own = {m.name: m.kind for m in found.members if not m.library and not m.name.startswith("_")}
    assert own == {"SIZE": "attribute", "crate": "attribute", "full": "property", "stack": "method"}
    assert next(m for m in found.members if m.name == "pick").library == LIBRARY
    assert static_order(visible(found))[0].name in own


def test_the_library_used_nearest_before_comes_first(place):
    text = HEAD + "ladder = Ladder()\nwindmill.grind('x')\n\n"

    def nearest(text: str, offset: int) -> tuple[str, ...]:
        return completions(tasks.shelf, text, offset, place).libraries

    assert nearest(text, len(text)) == ("windmill@0.3", LIBRARY)
    assert nearest(text, text.index("windmill.grind"))[0] == LIBRARY
    assert nearest("x = 1\n", 3) == ()


HOVERS = [
    (
        "an imported class",
        "from orchard import Lad<|>der\n",
        "orchard.Ladder",
        "class Ladder(height: float = 3.0",
        LIBRARY,
    ),
    ("a method", HEAD + "Ladder().cl<|>imb()", "orchard.Ladder.climb", "def climb(rungs: int = 4) -> float", LIBRARY),
    ("a function's call", HEAD + "fore<|>cast()", "orchard.forecast", "def forecast(days: int = 1", LIBRARY),
    ("the end of a name", HEAD + "forecast<|>()", "orchard.forecast", "def forecast(days: int = 1", LIBRARY),
    ("a module in an import", "import orc<|>hard\n", "orchard", "module orchard", LIBRARY),
    ("a keyword", HEAD + "Ladder(hei<|>ght=2)", "orchard.Ladder", "(parameter) height: float = 3.0", LIBRARY),
    ("an attribute", HEAD + "Ladder().hei<|>ght", "orchard.Ladder.height", "height: float", LIBRARY),
    ("the standard library", "import json\njson.du<|>mps({})", "json.dumps", "def dumps(obj", ""),
    ("the workspace", "from helpers import lend\nle<|>nd(1)", "helpers.lend", "def lend(tool)", ""),
]


@pytest.mark.parametrize(
    ("marked", "qualname", "signature", "library"), [c[1:] for c in HOVERS], ids=[c[0] for c in HOVERS]
)
def test_hover(marked, qualname, signature, library, place):
    found = hover(tasks.shelf, *at(marked), place)
    assert found is not None
    assert (found.qualname, found.library) == (qualname, library)
    assert signature in found.signature.replace("\n    ", " ").replace("( ", "(")


@pytest.mark.parametrize("marked", ["x = <|>1 + 2", "<|>\n", "nobody_knows<|>.this", "# orchard<|>"])
def test_no_hover(marked, place):
    assert hover(tasks.shelf, *at(marked), place) is None


def test_deprecated_names_say_so(place):
    found = hover(tasks.shelf, *at("import orchard\norchard.shake<|>_tree('x')"), place)
    assert "Picker" in found.deprecated


def test_describe(place):
    found = describe(tasks.shelf, "orchard.Ladder.climb", LIBRARY, place.environment)
    assert found.doc == "Let the ladder climb."
    assert describe(tasks.shelf, "orchard.Ladder.climb", "orchard-tools@9", place.environment) is None


CUTS = [
    ("all exist", HEAD + "x = ", "forecast(days=2)", "forecast(days=2)", ""),
    ("an unknown member", HEAD + "x = ", "Ladder().jump()", "", "jump"),
    ("an unknown keyword", HEAD + "x = ", "forecast(weeks=2)", "", "weeks"),
    (
        "the good lines stay",
        HEAD + "def f():",
        "\n    a = Ladder()\n    a.climb()\n    a.jump()",
        "\n    a = Ladder()\n    a.climb()",
        "jump",
    ),
    ("an import that does not exist", "", "from orchard import Tractor", "", "Tractor"),
    ("a module that is not installed", "", "import torch", "", "torch"),
    ("modules that are there", "", "import json, helpers, windmill", "import json, helpers, windmill", ""),
    ("what stands before is not judged", HEAD + "Ladder().jump()\nx = ", "forecast()", "forecast()", ""),
    ("an unknown receiver proves nothing", HEAD + "def f(x):\n    ", "x.anything()", "x.anything()", ""),
]


@pytest.mark.parametrize(("prefix", "text", "kept", "name"), [c[1:] for c in CUTS], ids=[c[0] for c in CUTS])
def test_cut(prefix, text, kept, name, place):
    found = tasks.cut(prefix, text, place)
    assert (found.text, found.name) == (kept, name)


def test_libraries_at_a_line(place):
    text = HEAD + "ladder = Ladder()\nx = 1\n"
    found = tasks.libraries_at(text, 3, 3, place)
    assert [at.library for at in found if at.kind == "import"] == [LIBRARY] * 4
    assert tasks.libraries_at(text, text.index("x = 1"), text.index("x = 1"), place) == ()
    used = tasks.libraries_at(text, text.index("ladder"), text.index("ladder"), place)
    assert {at.library for at in used} == {LIBRARY}


def test_no_environment(place, tmp_path):
    nowhere = Place(str(tmp_path / "a.py"), str(tmp_path), None)
    assert "json" in names("import <|>", nowhere)
    assert "dumps" in names("import json\njson.<|>", nowhere)
    facts = tasks.environment(str(tmp_path), "", {})
    assert facts.environment is None
    assert "venv" in facts.problem


def test_surfaces_come_from_the_index_the_second_time(place):
    index = str(tasks.shelf.index_path)
    tasks.surfaces(HEAD, place)
    tasks.start(index, False)
    assert tasks.answer(tasks.warm, "import orchard", place) == (None, {}, {})
    assert [str(s.library) for s in tasks.surfaces("import orchard", place)] == [LIBRARY]


def test_the_worker_beside_the_typing_reads_no_library(place, tmp_path):
    index = str(tasks.shelf.index_path)
    tasks.start(str(tmp_path / "empty.db"), False)
    found, missing, _ = tasks.answer(tasks.completions, *at(HEAD + "orchard.<|>"), place)
    assert {library.id for library in missing.values()} == {orchard.LIBRARY, windmill}
    assert "Ladder" in {m.name for m in found.members}  # jedi's, meanwhile
    tasks.start(index)
