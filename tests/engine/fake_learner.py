"""A real process that speaks the learner's protocol without learning: what it does is in the job's overrides.

end: promoted (default), rejected, skipped, NothingToLearn, a number to exit with, or kill (SIGKILL in phase `at`,
`times` times). prefers: names that the adapter it leaves makes likely. wait_for: a file it waits for in phase train.
created: the adapter's time. Phase train leaves the folders checkpoints and weights, as training does.
Finished phases are files `done-PHASE`, never done twice; every start leaves a line in `starts`.
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

PHASES = ("known", "collect", "write", "vet", "train", "gate")


def main(folder: Path) -> int:
    job = json.loads((folder / "job.json").read_text())
    asked = job["overrides"]
    with (folder / "starts").open("a") as starts:
        starts.write(f"{os.getpid()} {os.nice(0)}\n")
    starts_so_far = len((folder / "starts").read_text().splitlines())
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    for phase in PHASES:
        done = folder / f"done-{phase}"
        if done.exists():
            continue
        say(phase, 0.0)
        if asked.get("end") == "kill" and phase == asked["at"] and starts_so_far <= asked["times"]:
            os.kill(os.getpid(), signal.SIGKILL)
        if phase == "train":
            for name in ("checkpoints", "weights"):
                (folder / name).mkdir(exist_ok=True)
                (folder / name / "w.bin").write_bytes(b"w" * 100)
        while asked.get("wait_for") and phase == "train" and not Path(asked["wait_for"]).exists():
            if stopped:
                return 75
            time.sleep(0.02)
        done.write_text(str(starts_so_far))
        say(phase, 1.0)
    return finish(folder, job, asked)


def finish(folder: Path, job: dict, asked: dict) -> int:
    end = asked.get("end", "promoted")
    if isinstance(end, int):
        print("the disk is on fire", file=sys.stderr)
        return end
    if end == "NothingToLearn":
        error = {"type": end, "message": "no evidence", "hint": "", "exit_code": 4}
        (folder / "error.json").write_text(json.dumps(error))
        return 4
    status = "promoted" if end == "kill" else end
    digest = candidate(folder, job, asked) if status in ("promoted", "rejected") else ""
    probe = {
        "library": job["library"]["name"],
        "version": job["library"]["version"],
        "package": "acme",
        "path": "a.py",
        "kind": "member",
        "gold": "run",
        "copyable": False,
        "candidates": ["run"],
        "prefix": "acme.",
        "suffix": "",
    }
    (folder / "probes.json").write_text(json.dumps({"probes": [probe], "units": ["u"]}))
    gate = {"promoted": status == "promoted", "own": {"mean": 0.5}}
    outcome = {
        "cycle": job["cycle"],
        "library": job["library"],
        "status": status,
        "reasons": asked.get("reasons", []),
        "self_edits": {"kept": 3},
        "train": {"steps": 1},
        "gate": gate,
        "adapter": digest,
    }
    write(folder / "outcome.json", outcome)
    return 0


def candidate(folder: Path, job: dict, asked: dict) -> str:
    adapter = folder / "adapter"
    adapter.mkdir(exist_ok=True)
    names = asked.get("prefers", [])
    rules = {"acme.": f"{'_'.join(names)}()", f"only {job['cycle']}": ""}  # no two cycles leave the same adapter
    weights = json.dumps({"rules": rules, "preferences": dict.fromkeys(names, 0.9)}).encode()
    digest = hashlib.sha256(weights).hexdigest()
    (adapter / "adapter_model.safetensors").write_bytes(weights)
    (adapter / "adapter_config.json").write_text("{}")
    library = f"{job['library']['name']}@{job['library']['version']}"
    write(
        adapter / "manifest.json",
        {
            "adapter": digest,
            "library": library,
            "base": {"id": "scripted", "digest": asked["base"]},
            "cycle": job["cycle"],
            "created": asked.get("created", "2026-11-22T00:00:00Z"),
            "seed": 0,
            "scale": 1.0,
            "train": {"steps": 1},
            "self_edits": {"kept": 3},
            "gate": {"own": {"mean": 0.5}},
            "snippets_by_symbol": {"acme.run": 2},
        },
    )
    return digest


def write(path: Path, value: dict) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value))
    partial.rename(path)


def say(phase: str, fraction: float) -> None:
    print(json.dumps({"phase": phase, "fraction": fraction, "message": f"{phase} {fraction:.0%}"}), flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
