"""What the tests of this folder expect of a driver's mistake."""

import pytest

from asyncndis.base import RuleViolation


def breaks(rule: str) -> pytest.RaisesExc[RuleViolation]:
    """The block breaks this rule; the sentence that says so belongs to the object, and to its tests."""
    return pytest.raises(RuleViolation, check=lambda violation: violation.rule == rule)
