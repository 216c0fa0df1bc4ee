"""The three profiles answer as the table of the reference does."""

import pytest

from asyncndis.base import Profile


@pytest.mark.parametrize(
    ("profile", "enforces_buffer_count", "dpr_needs_dispatch", "locks_raise_irql"),
    [
        (Profile.CE, True, False, False),
        (Profile.NT, False, True, True),
        (Profile.STRICT, True, True, True),
    ],
)
def test_switches(
    profile: Profile, *, enforces_buffer_count: bool, dpr_needs_dispatch: bool, locks_raise_irql: bool
) -> None:
    assert profile.enforces_buffer_count is enforces_buffer_count
    assert profile.dpr_needs_dispatch is dpr_needs_dispatch
    assert profile.locks_raise_irql is locks_raise_irql


def test_strict_is_never_milder_than_another() -> None:
    for switch in ("enforces_buffer_count", "dpr_needs_dispatch", "locks_raise_irql"):
        assert getattr(Profile.STRICT, switch) is True
