"""One rule of what may be read, for watch and collect."""

from pathlib import Path

import pytest

from seal_lsp.languages.readable_files import is_within, looks_secret, read_source, readable_files


def write(root: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def listed(root: Path, **options) -> dict[str, str]:
    found = readable_files([root], **{"extensions": (".py",), **options})
    return {file.path.relative_to(root).as_posix(): file.problem for file in found}


def test_ignored_excluded_and_environment_folders_are_not_met(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            ".gitignore": "build/\n*_gen.py\n",
            "a.py": "", "b_gen.py": "", "c.txt": "", "build/x.py": "", "sub/y_gen.py": "", "sub/z.py": "",
            "keep/.gitignore": "!w_gen.py\nlocal.py\n", "keep/w_gen.py": "", "keep/local.py": "",
            "env/pyvenv.cfg": "", "env/lib/m.py": "", "node_modules/n.py": "", ".git/hook.py": "", "gone/g.py": "",
        },
    )  # fmt: skip
    assert listed(tmp_path, exclude=["gone/**"]) == {"a.py": "", "keep/w_gen.py": "", "sub/z.py": ""}


def test_the_ignore_rules_of_the_repository_around_a_root_hold(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            ".git/info/exclude": "private.py\n",
            ".gitignore": "out/\n",
            "p/a.py": "",
            "p/out/b.py": "",
            "p/private.py": "",
        },
    )
    assert listed(tmp_path / "p") == {"a.py": ""}


def test_secrets_links_and_big_files_come_with_their_problem_and_are_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("secret = 1")
    root = tmp_path / "w"
    write(root, **{"credentials.py": "", "big.py": "x" * 3000, "ok.py": "", ".ssh/a.py": ""})
    (root / "link.py").symlink_to(outside)
    (root / "folder").symlink_to(tmp_path)
    assert listed(root, max_bytes=2048) == {
        "big.py": "larger than 2 KiB",
        "credentials.py": "its name says that it holds secrets",
        "link.py": "symbolic link: not followed",
        "ok.py": "",
    }
    # An installed package is published: its credentials.py is code.
    assert listed(root, published=True)["credentials.py"] == ""


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (".env", True), (".env.local", True), ("prod.env", True), ("server.pem", True), ("id_rsa", True),
        ("id_ed25519.pub", True), ("credentials", True), ("credentials.json", True), ("Credentials_old.py", True),
        (".netrc", True), (".aws/config", True), ("secrets.yaml", True), ("secrets/x.py", True),
        ("environment.py", False), ("keyboard.py", False), ("app.py", False), ("mycredentials.py", False),
    ],
)  # fmt: skip
def test_names_that_hold_secrets(name: str, secret: bool) -> None:
    assert looks_secret(Path(name)) is secret


@pytest.mark.parametrize(
    ("data", "text", "problem"),
    [
        (b"x = 1\r\ny = 2\r", "x = 1\ny = 2\n", ""),
        (b"\xef\xbb\xbfx = 1", "x = 1", ""),
        ("# coding: latin-1\nx = 'é'".encode("latin-1"), "# coding: latin-1\nx = 'é'", ""),
        ("x = 'é'".encode("latin-1"), "", "not text in its declared encoding"),
        (b"# coding: nosuch\n", "", "not text in its declared encoding"),
        (b"x\0y", "", "binary"),
        (b"x" * 5000, "", "larger than 4 KiB"),
    ],
)
def test_reading_text(tmp_path: Path, data: bytes, text: str, problem: str) -> None:
    path = tmp_path / "f.py"
    path.write_bytes(data)
    assert read_source(path, max_bytes=4096) == (text, problem)


def test_a_missing_root_is_said_and_nested_roots_give_a_file_once(tmp_path: Path) -> None:
    write(tmp_path, **{"a/b/c.py": ""})
    found = list(readable_files([tmp_path / "a", tmp_path / "a/b", tmp_path / "no"], extensions=[".py"]))
    assert [(file.path.name, file.problem) for file in found] == [("c.py", ""), ("no", "this root does not exist")]


def test_within_follows_links(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "out.txt").write_text("")
    (tmp_path / "w/link").symlink_to(tmp_path / "out.txt")
    assert not is_within(tmp_path / "w/link", [tmp_path / "w"])
    assert is_within(tmp_path / "w/new.txt", [tmp_path / "w"])


def test_a_root_opened_below_an_ignored_folder_is_read(tmp_path: Path) -> None:
    root = tmp_path / "build" / "scratch"
    write(tmp_path, **{".git/HEAD": "", ".gitignore": "build/\n*_gen.py\n", "build/scratch/a.py": ""})
    write(root, **{".gitignore": "own.py\n", "own.py": ""})
    assert listed(root) == {"a.py": ""}
    assert listed(tmp_path) == {}
