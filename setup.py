"""Maps the folders of the repository to the one package that is installed: `filters/` becomes `polysieve.filters`."""

from setuptools import find_packages, setup

FOLDERS = ("audit", "dedup", "filters", "language_id", "pipeline", "recipes", "translation")

setup(
    package_dir={"polysieve": "src/polysieve", **{f"polysieve.{name}": name for name in FOLDERS}},
    packages=[
        "polysieve",
        *(f"polysieve.{name}" for name in FOLDERS),
        *(f"polysieve.{name}.{inner}" for name in FOLDERS for inner in find_packages(name)),
    ],
)
