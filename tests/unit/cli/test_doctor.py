"""``asyncndis doctor``: what it says where all is well and where something lacks, and that it leaves nothing behind."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncndis.cli import checkup
from asyncndis.cli.app import app
from asyncndis.cli.checkup import Check
from asyncndis.real import PortError


class Unopened:
    """In place of a port."""

    def close(self) -> None: ...


def open_nothing(text: str) -> Unopened:
    return Unopened()


def refuse(text: str) -> Unopened:
    raise PortError(f"{text}: /dev/net/tun cannot be opened: Permission denied; run as root")


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments])


def told(status: int = 0) -> dict[str, Check]:
    """The checks by what they are about."""
    result = doctor("--json")
    assert result.exit_code == status, result.output
    found = json.loads(result.stdout)
    assert found["is_ready"] is (status == 0)
    checks = [Check(**check) for check in found["checks"]]
    assert all(bool(check.remedy) is not check.is_fine for check in checks)
    return {check.what: check for check in checks}


@pytest.fixture
def well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which all that is needed works, whatever this one allows."""
    monkeypatch.setattr(checkup, "open_port", open_nothing)
    monkeypatch.setattr(checkup, "NAMED_NAMESPACES", tmp_path)
    fine = Check("network namespaces", is_fine=True, is_needed=True, found="one was made")
    monkeypatch.setattr(checkup, "_namespaces", lambda: fine)


@pytest.mark.usefixtures("well")
def test_a_machine_that_has_all_that_is_needed() -> None:
    checks = told()
    assert checks["TAP devices"].found == "one was opened"
    assert "Python 3." in checks["system"].found
    assert checks["uvloop"].is_fine
    assert "Real traffic can begin" in doctor().stdout


@pytest.mark.usefixtures("well")
def test_what_cannot_be_opened_has_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "open_port", refuse)
    check = told(1)["TAP devices"]
    assert check == Check(
        "TAP devices",
        is_fine=False,
        is_needed=True,
        found="/dev/net/tun cannot be opened: Permission denied",
        remedy="run as root",
    )
    result = doctor()
    assert result.exit_code == 1
    assert "LACKS" in result.stdout
    assert "Real traffic lacks 1 thing: TAP devices." in result.stdout


@pytest.mark.usefixtures("well")
def test_a_system_without_tun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkup, "TUN", tmp_path / "tun")
    check = told()["features of TAP devices"]
    assert (check.is_fine, check.found) == (False, "not known: No such file or directory")


@pytest.mark.usefixtures("well")
def test_missing_tools_and_packages_are_no_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(name: str) -> None:
        return None

    def know_only_ours(name: str) -> str:
        if name == "asyncndis":
            return "0"
        raise PackageNotFoundError(name)

    monkeypatch.setattr(shutil, "which", find_nothing)
    monkeypatch.setattr(checkup, "version", know_only_ours)
    checks = told()
    assert checks["iperf3"].remedy == "apt-get install iperf3: measuring a bridge"
    assert checks["trio"].remedy == "pip install trio: runs with --loop trio"
    assert checks["pyroute2"].remedy.startswith("pip install 'asyncndis[real]': ")


@pytest.mark.usefixtures("well")
def test_namespaces_are_counted(tmp_path: Path) -> None:
    (tmp_path / "left").touch()
    assert told()["namespaces with names"].found == "1 there, more can be made"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up")
def test_without_privileges() -> None:
    command = ["setpriv", "--bounding-set=-all", sys.executable, "-m", "asyncndis.cli", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    checks: list[dict[str, Any]] = json.loads(done.stdout)["checks"]
    [namespaces] = [check for check in checks if check["what"] == "network namespaces"]
    assert namespaces["found"] == "Operation not permitted"
    assert "run as root" in namespaces["remedy"]
    [tap] = [check for check in checks if check["what"] == "TAP devices"]
    assert not tap["is_fine"]
    assert "root" in tap["remedy"] or "tun" in tap["remedy"]


def test_nothing_is_left_behind() -> None:
    def names() -> list[str]:
        return sorted(os.listdir("/sys/class/net")) if Path("/sys/class/net").exists() else []  # noqa: PTH208 - in one go

    before = names()
    doctor()
    assert [name for name in names() if name not in before and name.startswith("check")] == []
