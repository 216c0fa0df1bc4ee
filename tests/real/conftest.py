"""Real peers: every test makes what it needs in namespaces of its own, and skips with the reason where it cannot."""

from collections.abc import Callable, Generator

import pytest

from tests.real.bridged import Bridged, bridged
from tests.real.namespaces import Namespace, missing_for, namespace, remove_leftovers


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tools(*names): skip this test where one of these programs is missing.")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("tools"):
        if reason := missing_for(*mark.args):
            pytest.skip(reason)


@pytest.fixture(scope="session")
def kernel() -> None:
    """Whatever makes namespaces or devices asks for this first: it takes away what killed runs have left."""
    if reason := missing_for():
        pytest.skip(reason)
    remove_leftovers()


@pytest.fixture
def place(kernel: None) -> Generator[Namespace]:
    """One namespace."""
    with namespace("place") as made:
        yield made


@pytest.fixture(scope="session")
def cable(kernel: None) -> Generator[Bridged]:
    """Two hosts on a bridge that tests share; whoever changes something about it puts it back."""
    with bridged() as made:
        yield made


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say something about this test below all tests, such as how fast it was."""

    def say(sentence: str) -> None:
        request.node.user_properties.append(("told", sentence))

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to say."""
    reports = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    lines = [
        f"{report.nodeid.rpartition('/')[2]}: {sentence}"
        for report in reports
        for name, sentence in report.user_properties
        if name == "told"
    ]
    if lines:
        terminalreporter.section("real peers")
        for line in lines:
            terminalreporter.write_line(line)
