"""Maps the folders of the repository to the one package that is installed: `filters/` becomes `polysieve.filters`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

FOLDERS = ("audit", "dedup", "filters", "language_id", "pipeline", "recipes", "translation")


class BuildPackage(build_py):
    """Copies the package, and writes what its modules import and hashes of their sources beside them; an editable
    install reads these from the sources themselves."""

    def run(self) -> None:
        # What an earlier build left in the build folder would be packed as well.
        shutil.rmtree(Path(self.build_lib, "polysieve"), ignore_errors=True)
        super().run()
        if not self.editable_mode:
            subprocess.run(
                [sys.executable, "-c", "from polysieve import closure; closure.freeze()"],
                cwd=self.build_lib,
                env={**os.environ, "PYTHONPATH": "."},
                check=True,
            )

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        frozen = [] if self.editable_mode else [f"{self.build_lib}/polysieve/closure.json"]
        return super().get_outputs(include_bytecode) + frozen


setup(
    package_dir={"polysieve": "src/polysieve", **{f"polysieve.{name}": name for name in FOLDERS}},
    packages=[
        "polysieve",
        *(f"polysieve.{name}" for name in FOLDERS),
        *(f"polysieve.{name}.{inner}" for name in FOLDERS for inner in find_packages(name)),
    ],
    cmdclass={"build_py": BuildPackage},
)
