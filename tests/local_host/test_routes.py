"""Which function answers which path."""

import pytest

from local.registered import CannotBeServed, Function, HttpFunction
from local.routes import Routes


def routes(*templates: str, prefix: str = "api/v1") -> Routes:
    functions = [
        HttpFunction(
            Function(template, print, "req", takes_context=False, is_async=False), template, frozenset({"GET"})
        )
        for template in templates
    ]
    return Routes(functions, prefix=prefix)


PAYMENTS = routes("payments/{id}", "payments", "payments/search", "payments/{id}/void", "{collection}/{id}/{what}")


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/api/v1/payments", "payments", {}),
        ("/api/v1/payments/", "payments", {}),
        ("/API/V1/Payments", "payments", {}),
        ("/api/v1/%70ayments", "payments", {}),
        ("/api/v1/payments/search", "payments/search", {}),
        ("/api/v1/payments/pay_1", "payments/{id}", {"id": "pay_1"}),
        ("/api/v1/payments/PAY_1", "payments/{id}", {"id": "PAY_1"}),
        ("/api/v1/payments/a%2Fb%20c", "payments/{id}", {"id": "a/b c"}),
        ("/api/v1/payments/pay_1/void", "payments/{id}/void", {"id": "pay_1"}),
        ("/api/v1/others/x/y", "{collection}/{id}/{what}", {"collection": "others", "id": "x", "what": "y"}),
    ],
)
def test_a_path_finds_its_function(path: str, template: str, values: dict[str, str]) -> None:
    found = PAYMENTS.find("GET", path)

    assert found is not None
    assert (found.function.name, dict(found.values)) == (template, values)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/payments",
        "/api/v1",
        "/api/v1/nothing",
        "//api/v1/payments",
        "/api/v1%2Fpayments",
        "/api/v1/payments//void",
        "/api/v1/payments/a/b/c",
        "*",
    ],
)
def test_any_other_path_finds_none(path: str) -> None:
    assert PAYMENTS.find("GET", path) is None


def test_another_method_finds_none() -> None:
    assert PAYMENTS.find("POST", "/api/v1/payments") is None


def test_without_a_prefix_routes_begin_at_the_root() -> None:
    assert routes("payments", prefix="").find("GET", "/payments") is not None


@pytest.mark.parametrize("template", ["a/{id:int}", "a/{id?}", "a/{*rest}", "a/x{id}", "a/{}"])
def test_a_template_that_is_not_understood_is_refused(template: str) -> None:
    with pytest.raises(CannotBeServed, match=r"only \{name\} is understood"):
        routes(template)


def test_one_route_for_two_functions_is_refused() -> None:
    with pytest.raises(CannotBeServed, match="registered twice"):
        routes("payments", "PAYMENTS")
