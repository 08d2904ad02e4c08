from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="parcel-setup-py-only",
    version="1.0",
    package_dir={"": "src"},
    packages=find_packages("src"),
    install_requires=Path("dependencies.lst").read_text().split(),
    extras_require={"test": ["pytest>=7"]},
)
