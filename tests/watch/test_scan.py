"""What a workspace uses: counted from files, notebooks and open documents of a real small environment."""

import json
import os
from pathlib import Path

import pytest

from seal_lsp.core.library import Environment, InstalledLibrary, LibraryId
from seal_lsp.languages.python.support import Python
from seal_lsp.watch.scan import LibraryUse, Scanner, local_modules, names_used, scan, tally


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import os\nos.getcwd()", {"os": 1, "os.getcwd": 1}),
        ("from a import B\nb = B(k=1)\nb.go()\n", {"a.B": 3, "a.B.go": 1}),
        ("import a.b as c\nc.d.e()", {"a.b": 1, "a.b.d": 1}),
        ("from a import b\nb.C(1)\nb.d()", {"a.b": 1, "a.b.C": 1, "a.b.d": 1}),
        ("from . import x\nfrom .y import z\nx.a()", {}),
        ("from a import *", {"a": 1}),
        ("def f():\n    import a\n    a.b", {"a": 1, "a.b": 1}),
        ("from a import B\nB(\n", {"a.B": 2}),
        ("text = 'import a'  # import b", {}),
        ("", {}),
    ],
)
def test_names_used(source: str, names: dict[str, int]) -> None:
    assert names_used(source, Python()) == names


def make(tmp_path: Path) -> tuple[Environment, Path]:
    site = tmp_path / "env" / "site-packages"
    for name, version, modules in (
        ("acme", "1.0", ["acme/__init__.py"]),
        ("PyThing", "2.0", ["thing/__init__.py"]),
        ("ns-one", "1.0", ["ns/one/__init__.py"]),
        ("ns-two", "1.0", ["ns/two/__init__.py"]),
    ):
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "RECORD").write_text("".join(f"{module},,\n" for module in modules))
        for module in modules:
            (site / module).parent.mkdir(parents=True, exist_ok=True)
            (site / module).write_text("raise SystemExit('imported')\n")
    root = tmp_path / "work"
    root.mkdir()
    return Environment(tmp_path / "env", None, (site,), "3.11", "venv"), root


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def counts(uses: tuple[LibraryUse, ...]) -> dict[str, tuple[int, bool]]:
    return {str(use.library): (use.files, use.declared) for use in uses}


def test_imports_are_mapped_to_distributions_and_versions(tmp_path: Path) -> None:
    env, root = make(tmp_path)
    notebook = {
        "cells": [
            {"cell_type": "code", "source": "%pip install x\nimport thing\nthing.go()"},
            {"cell_type": "code", "source": "import ("},
        ]
    }
    write(
        root,
        {
            "a.py": "import os, json\nfrom acme import Client\nimport nowhere\nClient().go()\n",
            "b.py": "from acme import Client\nfrom ns.two import x\nimport mine\nimport helper\n",
            "sub/helper.py": "",
            "mine.py": "",
            "n.ipynb": json.dumps(notebook),
            "broken.py": "from acme import Client\nClient(\n",
            "bin.py": b"import thing\0",
        },
    )
    found = Scanner(Python()).scan([root], env, declared={"pything"})
    assert counts(found.uses) == {"acme@1.0": (3, False), "pything@2.0": (1, True), "ns-two@1.0": (1, False)}
    assert found.uses[0].library.name == "acme"
    assert found.uses[0].uses > found.uses[1].uses > 0
    assert {use.library.name: use.import_names for use in found.uses}["pything"] == ("thing",)
    assert found.missing == ("nowhere",)
    assert found.skipped == ((str(root / "bin.py"), "binary"),)


USES_THING = "import thing\nthing.go()\n"


@pytest.mark.parametrize(
    ("document", "libraries"),
    [
        ("{root}/a.py", {"pything@2.0"}),
        ("file://{root}/a.py", {"pything@2.0"}),
        ("file://{root}/gone%2Fnew.py", {"acme@1.0"}),
        ("file://{root}/a%20b.py", {"acme@1.0", "pything@2.0"}),
        ("{root}/build/new.py", {"acme@1.0"}),
        ("{root}/.venv/new.py", {"acme@1.0"}),
        ("file://{root}/new.py", {"acme@1.0", "pything@2.0"}),
        ("untitled:Untitled-1", {"acme@1.0", "pything@2.0"}),
        ("vscode-notebook-cell://{root}/n.ipynb#W0", {"acme@1.0", "pything@2.0"}),
        ("{root}/notes.md", {"acme@1.0"}),
        ("{root}/ignored.py", {"acme@1.0"}),
        ("{root}/gone/new.py", {"acme@1.0"}),
        ("{root}/credentials_new.py", {"acme@1.0"}),
        ("{root}/../elsewhere.py", {"acme@1.0"}),
        ("{site}/acme/__init__.py", {"acme@1.0"}),
    ],
)
def test_open_documents_win_over_the_disk_under_its_rules(tmp_path: Path, document: str, libraries: set[str]) -> None:
    env, root = make(tmp_path)
    write(root, {"a.py": "import acme\n", ".gitignore": "ignored.py\nbuild/\n", "ignored.py": USES_THING})
    document = document.format(root=root, site=env.site_packages[0])
    uses = scan([root], env, Python(), exclude=["gone/"], open_documents={document: USES_THING})
    assert set(counts(uses)) == libraries


def test_without_a_workspace_open_documents_count_unless_they_are_the_environments(tmp_path: Path) -> None:
    env, root = make(tmp_path)
    documents = {f"{root}/loose.py": "import acme\n", f"{env.site_packages[0]}/thing/__init__.py": "import thing\n"}
    assert set(counts(scan([], env, Python(), open_documents=documents))) == {"acme@1.0"}


def test_only_changed_files_are_parsed_again(tmp_path: Path) -> None:
    env, root = make(tmp_path)
    write(root, {"a.py": "import acme\n", "b.py": "import thing\n", "c.py": "import acme\n"})
    scanner = Scanner(Python())
    first = scanner.scan([root], env)
    assert (scanner.parsed, scanner.scan([root], env), scanner.parsed) == (3, first, 3)
    (root / "c.py").unlink()
    (root / "b.py").write_text("import acme, thing\n")
    os.utime(root / "b.py", ns=(1, 1))
    assert counts(scanner.scan([root], env).uses) == {"acme@1.0": (2, False), "pything@2.0": (1, False)}
    assert scanner.parsed == 4


def test_an_upgrade_is_seen_by_the_next_scan(tmp_path: Path) -> None:
    env, root = make(tmp_path)
    write(root, {"a.py": "import acme\n"})
    scanner = Scanner(Python())
    assert set(counts(scanner.scan([root], env).uses)) == {"acme@1.0"}
    site = env.site_packages[0]
    (site / "acme-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.1\n")
    (site / "acme-1.0.dist-info").rename(site / "acme-1.1.dist-info")
    assert set(counts(scanner.scan([root], env).uses)) == {"acme@1.1"}


def test_a_workspace_with_more_files_than_allowed_is_cut_and_says_so(tmp_path: Path) -> None:
    env, root = make(tmp_path)
    write(root, {f"f{i}.py": "import acme\n" for i in range(5)})
    found = Scanner(Python(), max_files=3).scan([root], env)
    assert counts(found.uses) == {"acme@1.0": (3, False)}
    assert found.skipped == ((str(root / "f3.py"), "beyond the first 3 files"),)


def test_local_modules_are_no_libraries(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "", "pkg/__init__.py": "", "src/lib/__init__.py": "", "data/x.txt": ""})
    assert local_modules([tmp_path]) >= {"app", "pkg", "lib"}
    assert "data" not in local_modules([tmp_path])


def test_tally_orders_by_places_then_files() -> None:
    libraries = [InstalledLibrary(LibraryId(n, "1"), (n,), (Path(f"/s/{n}"),), None) for n in ("a", "b", "c")]
    uses, missing = tally(
        [{"a.x": 2, "b": 1}, {"a": 1, "b.y": 4, "c": 3, "z": 1, "os": 9}], libraries, not_libraries={"os"}
    )
    assert [(use.library.name, use.uses, use.files) for use in uses] == [("b", 5, 2), ("a", 3, 2), ("c", 3, 1)]
    assert missing == ("z",)
