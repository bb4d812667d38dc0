import pytest

from shared.auth.caller import Caller, Role
from shared.payments.errors import Forbidden


@pytest.mark.parametrize("role", Role)
def test_a_caller_without_the_role_is_forbidden(role):
    others = frozenset(set(Role) - {role})

    with pytest.raises(Forbidden):
        Caller("ctp", others, None).require(role)


@pytest.mark.parametrize("role", Role)
def test_a_role_is_compared_by_its_text_as_a_token_has_it(role):
    Caller("ctp", frozenset({role.value}), None).require(role)


def test_a_caller_may_use_its_own_billers_only():
    caller = Caller("ctp", frozenset(), frozenset({"city-water"}))

    caller.require_biller("city-water")

    assert caller.may_use("city-water")
    assert not caller.may_use("county-tax")
    with pytest.raises(Forbidden):
        caller.require_biller("county-tax")


def test_billers_none_means_all_and_an_empty_set_means_none():
    assert Caller("ctp", frozenset(), None).may_use("county-tax")
    assert not Caller("ctp", frozenset(), frozenset()).may_use("county-tax")
