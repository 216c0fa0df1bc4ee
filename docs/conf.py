"""Settings of Sphinx. Build with ``sphinx-build -W docs docs/_build``."""

import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from docutils import nodes  # type: ignore[import-untyped]  # docutils ships no types
from sphinx.application import Sphinx
from sphinx.util import logging

from asyncndis.verifier import RULES

sys.path.append(str(Path(__file__).parent))  # for generated.py

_metadata = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]

project = _metadata["name"]
release = _metadata["version"]
author = _metadata["authors"][0]["name"]
copyright = f"2026, {author}"  # noqa: A001 - Sphinx asks for this name

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

toc_object_entries = False  # every page copies the whole table of contents: it holds pages and headings
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"


_GENERATED = re.compile(r"^% ([\w.]+)\.(\w+)\(\) is put here by conf\.py$", re.MULTILINE)
_RULE = re.compile(rf"\b((?:{'|'.join({rule.family for rule in RULES.values()})})-\d\d)\b")


def setup(app: Sphinx) -> None:
    """Have Sphinx tell of each page that it reads and writes."""
    app.connect("source-read", _insert_generated)
    app.connect("doctree-resolved", _link_rules)


def _insert_generated(_app: Sphinx, _page: str, text: list[str]) -> None:
    text[0] = _GENERATED.sub(lambda mark: getattr(import_module(mark[1]), mark[2])(), text[0])


def _link_rules(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Make every rule id in running text a link to the rule."""
    rules = app.builder.get_relative_uri(page, "reference/rules")
    for text in list(tree.findall(nodes.Text)):
        if not isinstance(text.parent, nodes.FixedTextElement | nodes.literal | nodes.reference | nodes.title):
            parts = _RULE.split(text)  # rule ids are the odd ones
            linked = [_link(rules, part) if index % 2 else nodes.Text(part) for index, part in enumerate(parts)]
            text.parent.replace(text, linked)


def _link(rules: str, rule: str) -> nodes.reference:
    if rule not in RULES:
        logging.getLogger(__name__).warning("there is no rule %s", rule)
    return nodes.reference("", rule, internal=True, refuri=f"{rules}#{rule.lower()}", classes=["rule"])
