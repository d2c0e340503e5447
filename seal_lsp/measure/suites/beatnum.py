"""BeatNumEval (Zan et al. 2022, "When Language Model Meets Private Library", EMNLP findings): numpy tasks under
invented names, a library that no model can have seen.

Learned is what the doc lines say that stand in the prompts of the retrieval and oracle variants; every prompt, solution
and test is held out. Answers are turned back into numpy before they run: the same replacement of names, wherever they
stand, that made the benchmark (`numpy_keywords.jsonl` of its authors, MIT; the mapping file beside the tasks has the
invented names only, so the pairs are below).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import Environment, LibraryId
from seal_lsp.measure.suites.stub_library import Documented, documented, install
from seal_lsp.measure.suites.tasks import Arm, Task

LIBRARY = LibraryId("beatnum", "3")
FILES = {
    "plain": "real_beatnum_eval_v3.jsonl.gz",
    "api_n": "real_beatnum_eval_v3_api_n.jsonl.gz",
    "human_labelled": "real_beatnum_eval_v3_human_labelled.jsonl.gz",
}
ARMS = (
    Arm("base", "plain", False),
    Arm("api_n", "api_n", False),
    Arm("human_labelled", "human_labelled", False),
    Arm("adapter", "plain", True),
    Arm("adapter+api_n", "api_n", True),
)
PAIRS = (("api_n", "base"), ("human_labelled", "base"), ("adapter", "base"), ("adapter+api_n", "base"),
         ("adapter", "api_n"), ("adapter+api_n", "api_n"))  # fmt: skip
PRELOAD = ("numpy", "numpy.ma", "numpy.testing", "pandas?")
"""numpy loads libraries in ways that the sandbox refuses later; pandas, where it is, since two tasks want it."""
_RENAMED = """
    to_beatnum=to_numpy ndnumset=ndarray numset=array beatnum=numpy Beatnum=Numpy bn=np switching_places=transpose
    stack_col=column_stack connect=concatenate piece=slice total_count=sum imaginary=imag absolute=abs reality=real
    pad_diagonal=fill_diagonal total=all come_from_str=fromstring intersection1dim=in1d average=mean
    filter_condition=where standard_op=std change_shape_to=reshape come_from_arrays=fromarrays pile_operation=stack
    hist_operation=histogram cumulative_sum=cumsum seting_exclusive_or_one_dim=setxor1d add_concat=add
    masked_fill=filled remove_masked_data=compressed convert_type=astype get_argmin_value=argmin arr_range=arange
    get_argmax=argmax vertical_stack=vstack horizontal_stack=hstack sqz=squeeze asnumset=asarray duplicate=repeat
    convert_index_or_arr=unravel_index vectorisation=vectorize sep_split=split difference=diff
    logic_and_element_wise=logical_and convert_into_one_dim=flatten uniq=unique normlizattion=norm
    remove_operation=delete create_ones=ones binoccurrence=bincount apd=append any_condition=any ifnan=isnan
    perform_partition=argpartition asview=ravel split_array=array_split inverse=inv stick=insert
    find_sorted=searchsorted get_min=min get_max=max full_value_func=full
"""
_ORIGINALS = dict(pair.split("=") for pair in _RENAMED.split())
_INVENTED = re.compile("|".join(sorted(map(re.escape, _ORIGINALS), key=len, reverse=True)))
_DOC_LINE = re.compile(r"#\s*(\w+)\s*(\(.*?\)):\s*(.*)")


@dataclass(frozen=True)
class Benchmark:
    """`rows` are the plain tasks, `prompts` all variants by task; `docs` what the doc lines say, by name."""

    rows: tuple[dict, ...]
    prompts: dict[str, dict[str, str]]
    docs: tuple[Documented, ...]

    @property
    def held_out(self) -> tuple[str, ...]:
        return tuple(r["prompt"] + s for r in self.rows for s in r["canonical_solution"])


def load(folder: Path) -> Benchmark:
    """Raises UsageError when the data is not there or not what it should be."""
    try:
        variants = {variant: _read(folder / name) for variant, name in FILES.items()}
        prompts = {
            row["task_id"]: {variant: rows[row["task_id"]]["prompt"] for variant, rows in variants.items()}
            for row in variants["plain"].values()
        }
        return Benchmark(tuple(variants["plain"].values()), prompts, _docs(prompts))
    except OSError as error:
        raise UsageError(
            f"cannot read {error.filename or folder}: {error.strerror or error}",
            hint=f"give --data the folder with BeatNumEval's {', '.join(FILES.values())}; nothing is downloaded",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} does not hold BeatNumEval: {error!r}", hint="take its files as they are") from error


def write_stub(benchmark: Benchmark, site: Path) -> Environment:
    """The library as its doc lines describe it, installed."""
    return install(site, LIBRARY, {"beatnum": benchmark.docs})


def tasks_of(benchmark: Benchmark) -> list[Task]:
    known = "|".join(re.escape(one.name) for one in benchmark.docs)
    names = re.compile(rf"(?<=\.)(?:{known})\b")
    return [_task(row, benchmark.prompts[row["task_id"]], names) for row in benchmark.rows]


def restored(code: str) -> str:
    """The code with numpy's own names."""
    return _INVENTED.sub(lambda match: _ORIGINALS[match[0]], code)


def _read(path: Path) -> dict[str, dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return {row["task_id"]: row for row in rows}


def _docs(prompts: dict[str, dict[str, str]]) -> tuple[Documented, ...]:
    """What stands between `# [start]` and `# [end]` of any prompt; of a name's lines the first."""
    found: dict[str, Documented] = {}
    for variants in prompts.values():
        for variant in ("api_n", "human_labelled"):
            block, end, _ = variants[variant].partition("# [end]")
            for line in block.splitlines() if end else ():
                match = _DOC_LINE.match(line)
                if match and match[1] not in found:
                    signature = re.sub(r"\(self(?:, |(?=\)))", "(", match[1] + match[2], count=1)
                    described = documented(signature, match[3])
                    found[match[1]] = described or Documented(match[1], "*args, **kwargs", "", f"{match[2]} {match[3]}")
    return tuple(found[name] for name in sorted(found))


def _task(row: dict, prompts: dict[str, str], names: re.Pattern[str]) -> Task:
    reference = row["canonical_solution"][0]
    spans = tuple(match.span() for match in names.finditer(reference))
    return Task(row["task_id"], str(LIBRARY), prompts, reference, spans, _program(row), preload=PRELOAD)


def _program(row: dict) -> Callable[[str], str]:
    def program(answer: str) -> str:
        code = restored(row["prompt"] + answer)
        name = row["entry_point"]
        if f"def {name}(" not in code:  # it was replaced with the other names in some tasks and left alone in others
            name = restored(name)
        call = "check()" if row["entry_point"] == "none" else f"check({name})"
        return f"import numpy as np\n{code}\n{row['test']}\n{call}\n"

    return program
