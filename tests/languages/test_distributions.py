"""What is installed, by metadata alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seal_lsp.core.library import Environment, InstalledLibrary
from seal_lsp.languages.python.distributions import dist_for_import, installed, module_name
from seal_lsp.languages.python.editable import added_folders
from seal_lsp.languages.python.fingerprint import fingerprint

from .conftest import install, write


def environment(site: Path) -> Environment:
    return Environment(site.parent, None, (site,), "3.11", "setting")


def one(site: Path) -> InstalledLibrary:
    (library,) = installed(environment(site))
    return library


@pytest.mark.parametrize(
    ("files", "names", "roots"),
    [
        ({"a/__init__.py": "", "a/b.py": ""}, ["a"], ["a"]),
        ({"a.py": ""}, ["a"], ["a.py"]),
        ({"a/__init__.py": "", "b/__init__.py": ""}, ["a", "b"], ["a", "b"]),
        ({"ns/a/__init__.py": "", "ns/a/b/c.py": ""}, ["ns"], ["ns/a"]),
        ({"ns/a/x.py": "", "ns/b/__init__.py": ""}, ["ns"], ["ns/a", "ns/b"]),
        ({"a-stubs/__init__.pyi": ""}, ["a"], ["a-stubs"]),
        ({"a/__init__.py": "", "bin/tool.py": "", "a.pth": "/x"}, ["a"], ["a"]),
        ({"a/data/x-y/z.py": "", "a/__init__.py": ""}, ["a"], ["a"]),
    ],
)
def test_import_names_and_roots_from_record(tmp_path: Path, files: dict, names: list[str], roots: list[str]) -> None:
    install(tmp_path, "Dist-Name", "1.0", files)
    library = one(tmp_path)
    assert str(library.id) == "dist-name@1.0"
    assert sorted(library.import_names) == names
    assert sorted(str(root.relative_to(tmp_path)) for root in library.roots) == sorted(roots)
    assert library.problem == ""


def test_without_record_top_level_decides(tmp_path: Path) -> None:
    install(tmp_path, "dist", "1", {"other/__init__.py": "", "other/x.py": ""}, record=False, top_level_txt="other\n")
    library = one(tmp_path)
    assert library.import_names == ("other",)
    assert "no RECORD" in library.problem


def test_without_record_and_top_level_the_name_is_a_guess(tmp_path: Path) -> None:
    install(tmp_path, "some-dist", "1", {"some_dist/__init__.py": ""}, record=False)
    library = one(tmp_path)
    assert library.import_names == ("some_dist",)
    assert "guess" in library.problem


def test_without_record_and_package_it_says_so(tmp_path: Path) -> None:
    install(tmp_path, "gone", "1", {}, record=False)
    library = one(tmp_path)
    assert (library.roots, library.import_names) == ((), ())
    assert "no RECORD" in library.problem


def test_a_compiled_library_without_stubs(tmp_path: Path) -> None:
    install(tmp_path, "fast", "1", {"fast.cpython-311-x86_64-linux-gnu.so": b"\x7fELF"})
    library = one(tmp_path)
    assert library.import_names == ("fast",)
    assert "C extension" in library.problem


def test_a_compiled_library_with_stubs_can_be_read(tmp_path: Path) -> None:
    install(tmp_path, "fast", "1", {"fast/__init__.py": "", "fast/core.so": b"\x7fELF", "fast/core.pyi": ""})
    assert one(tmp_path).problem == ""


def test_egg_info(tmp_path: Path) -> None:
    info = tmp_path / "old-2.0-py3.11.egg-info"
    write(tmp_path, {"old/__init__.py": ""})
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 2.0\n")
    (info / "top_level.txt").write_text("old\n")
    assert (str(one(tmp_path).id), one(tmp_path).import_names) == ("old@2.0", ("old",))


def test_broken_metadata_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "bad-1.dist-info").mkdir()
    (tmp_path / "bad-1.dist-info" / "METADATA").write_bytes(b"\xff\xfe")
    (tmp_path / "empty-1.dist-info").mkdir()
    install(tmp_path, "good", "1", {"good.py": ""})
    assert [str(library.id) for library in installed(environment(tmp_path))] == ["good@1"]


def test_requires_without_extras(tmp_path: Path) -> None:
    metadata = 'Requires-Dist: Foo.Bar>=1\nRequires-Dist: x ; extra == "dev"\nRequires-Dist: y; python_version>"3"\n'
    install(tmp_path, "a", "1", {"a.py": ""}, metadata=metadata)
    assert one(tmp_path).requires == ("foo-bar", "y")


def editable_pth(site: Path, source: Path) -> None:
    install(site, "proj", "0.1", {"__editable__.proj-0.1.pth": f"{source / 'src'}\n"}, direct_url_json=url(source))


def editable_finder(site: Path, source: Path) -> None:
    package = str(source / "src" / "proj")
    mapping = f"import sys\nMAPPING: dict[str, str] = {{'proj': {package!r}}}\nsys.exit('never run')\n"
    files = {"__editable___proj_0_1_finder.py": mapping, "__editable__.proj-0.1.pth": "import __editable___proj\n"}
    install(site, "proj", "0.1", files, direct_url_json=url(source))


def editable_url_only(site: Path, source: Path) -> None:
    install(site, "proj", "0.1", {}, direct_url_json=url(source))


def editable_egg_link(site: Path, source: Path) -> None:
    install(site, "proj", "0.1", {}, record=False, top_level_txt="proj\n")
    (site / "proj.egg-link").write_text(f"{source / 'src'}\n.\n")


def url(source: Path) -> str:
    return json.dumps({"url": source.as_uri(), "dir_info": {"editable": True}})


@pytest.mark.parametrize("lay_out", [editable_pth, editable_finder, editable_url_only, editable_egg_link])
def test_editable_installs(tmp_path: Path, lay_out) -> None:
    source = write(tmp_path / "my project", {"src/proj/__init__.py": "x = 1\n", "tests/__init__.py": ""})
    site = tmp_path / "site"
    site.mkdir()
    lay_out(site, source)
    library = one(site)
    assert library.editable
    assert library.roots == (source / "src" / "proj",)
    assert library.import_names == ("proj",)


def test_an_editable_install_whose_source_is_gone(tmp_path: Path) -> None:
    editable_url_only(tmp_path, tmp_path / "gone")
    assert "not found" in one(tmp_path).problem


def test_added_folders(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "x.pth").write_text(f"{tmp_path / 'src'}\nimport os; os.abort()\n/does/not/exist\n")
    assert added_folders([tmp_path]) == [tmp_path / "src"]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("yaml", "pyyaml"),
        ("ns.a", "ns-a"),
        ("ns.a.deep.er", "ns-a"),
        ("ns.b", "ns-b"),
        ("typed", "typed"),
        ("typed.sub", "typed"),
        ("nobody", None),
    ],
)
def test_dist_for_import(tmp_path: Path, module: str, expected: str | None) -> None:
    install(tmp_path, "PyYAML", "1", {"yaml/__init__.py": ""})
    install(tmp_path, "ns-a", "1", {"ns/a/__init__.py": "", "ns/a/deep/__init__.py": ""})
    install(tmp_path, "ns-b", "1", {"ns/b/__init__.py": ""})
    install(tmp_path, "types-typed", "1", {"typed-stubs/__init__.pyi": ""})
    install(tmp_path, "typed", "1", {"typed/__init__.py": ""})
    found = dist_for_import(installed(environment(tmp_path)), module)
    assert (found.id.name if found else None) == expected


def test_module_name() -> None:
    assert module_name(Path("/x/site-packages/ns/a"), ("ns",)) == "ns.a"
    assert module_name(Path("/x/site-packages/a.py"), ("a",)) == "a"
    assert module_name(Path("/x/a-stubs"), ("a",)) == "a"


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    install(tmp_path, "a", "1", {"a.py": ""})
    before = fingerprint(one(tmp_path))
    assert fingerprint(one(tmp_path)) == before
    record = tmp_path / "a-1.dist-info" / "RECORD"
    record.write_text(record.read_text() + "a/new.py,,\n")
    assert fingerprint(one(tmp_path)) != before


def test_fingerprint_of_an_editable_install_follows_its_files(tmp_path: Path) -> None:
    source = write(tmp_path / "project", {"src/proj/__init__.py": "x = 1\n"})
    site = tmp_path / "site"
    site.mkdir()
    editable_pth(site, source)
    before = fingerprint(one(site))
    (source / "src/proj/__init__.py").write_text("x = 1\ny = 2\n")
    assert fingerprint(one(site)) != before
