"""Workers of Ray import this project's modules, whatever lies in the folder that a job is started from."""

import json
import subprocess
import sys
from pathlib import Path

from polysieve import filters, pipeline

JOB = """
import json, sys
from polysieve.pipeline.engines.engine import BaseTask
from polysieve.pipeline.engines.on_ray import OnRay

class Task(BaseTask):
    piece = "a"

def imports(task):
    from polysieve import filters, pipeline
    return {"path": sys.path, "files": [pipeline.__file__, filters.__file__]}

engine = OnRay(1, None)
(outcome,) = engine.run(imports, [Task()])
engine.close()
print(json.dumps(outcome.error or outcome.result))
"""


def test_folders_of_the_user_are_not_taken_for_ours(tmp_path: Path) -> None:
    for name in ("pipeline", "filters"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('the {name} of the user')")
    done = subprocess.run([sys.executable, "-c", JOB], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert str(tmp_path) in result["path"]  # where Ray's workers look for modules
    assert result["files"] == [pipeline.__file__, filters.__file__]
