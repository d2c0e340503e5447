"""The engine tests' learner for jobs that a real server sends: what their overrides would say is added here."""

import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))

import fake_learner

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    base = hashlib.sha256(b"scripted").hexdigest()
    told = {"base": base, "prefers": ["fold"]}
    wait = folder.parents[2] / "wait_for"
    if wait.exists():
        told["wait_for"] = wait.read_text()
    job["overrides"] = {**told, **job["overrides"]}
    (folder / "job.json").write_text(json.dumps(job))
    sys.exit(fake_learner.main(folder))
