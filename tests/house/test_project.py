"""The project's papers agree with each other."""

import os
import re
import tomllib
from importlib.metadata import entry_points, version

from tests.house.sources import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()


def test_the_installed_version_is_this_one() -> None:
    assert version("asyncndis") == PROJECT["version"]
    assert f"## {PROJECT['version']} " in (ROOT / "CHANGELOG.md").read_text()


def test_the_entry_points_are_installed() -> None:
    found = {point.group: point.value for point in entry_points(name="asyncndis")}
    assert found == {"console_scripts": "asyncndis.cli:main", "pytest11": "asyncndis.pytest_plugin"}


def test_the_extra_all_holds_every_other() -> None:
    extras = PROJECT["optional-dependencies"]
    assert extras["all"] == [f"asyncndis[{','.join(name for name in extras if name != 'all')}]"]


def test_the_readme_has_two_commands() -> None:
    commands = re.findall(r"<!-- (\w+) -->\n```sh\n(.+)\n```\n", README)
    assert [name for name, _ in commands] == ["demo", "test"]
    assert README.count("```sh") == len(commands)


def test_the_check_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
