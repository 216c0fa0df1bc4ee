"""Settings of Sphinx. Build with ``sphinx-build -W docs docs/_build``."""

import tomllib
from pathlib import Path

from sphinx.application import Sphinx

from asyncndis.ddi.table import render

_metadata = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

project = _metadata["name"]
release = _metadata["version"]
author = _metadata["authors"][0]["name"]
copyright = f"2026, {author}"  # noqa: A001 - Sphinx asks for this name

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"


def setup(app: Sphinx) -> None:
    """Have Sphinx tell of each page that it reads."""
    app.connect("source-read", _insert_ddi_tables)


def _insert_ddi_tables(_app: Sphinx, page: str, text: list[str]) -> None:
    if page == "reference/ddi":
        text[0] = text[0].replace("% asyncndis.ddi.table.render() is put here by conf.py\n", render())
