from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.auth.canonical_url import canonical_path, canonical_query, path_and_query

RESERVED_IN_TRIPLETS = ["%2F", "%2f", "%3F", "%26", "%3d", "%2B", "%25", "%23", "%00", "%0a", "%C3%A9", "%ff"]
pieces = st.one_of(
    st.text(max_size=4), st.sampled_from([*RESERVED_IN_TRIPLETS, "%41", "%7e", "%", "%4", ".", "..", "/", "+"])
)
texts = st.lists(pieces, max_size=8).map("".join)
# What the two sides agree on must not depend on chance: the same examples on every run.
always_the_same = settings(derandomize=True, deadline=None, max_examples=300)


def respelled(text: str, choices: list[int]) -> str:
    """The same path or query, spelled as another library might: octets encoded or not, triplets in either case."""
    spelled = []
    for number, character in enumerate(text):
        choice = choices[number % len(choices)]
        literal_only = character in "%/?#&=+!$'()*,;:@"
        triplets = "".join(f"%{octet:02{'Xx'[choice % 2]}}" for octet in character.encode())
        spelled.append(character if literal_only or choice < 2 else triplets)
    return "".join(spelled)


@always_the_same
@given(texts)
def test_a_canonical_path_is_its_own_canonical_form(text):
    once = canonical_path(text)

    assert canonical_path(once) == once


@always_the_same
@given(texts)
def test_a_canonical_query_is_its_own_canonical_form(text):
    once = canonical_query(text)

    assert canonical_query(once) == once


@always_the_same
@given(texts)
def test_what_is_signed_is_visible_ascii_so_that_no_url_can_add_a_line(text):
    signed = canonical_path(text) + canonical_query(text)

    assert all("!" <= character <= "~" for character in signed)


@always_the_same
@given(st.text(max_size=20).filter(lambda text: "%" not in text), st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_spelling_a_url_otherwise_changes_nothing(text, choices):
    respelling = respelled(text, choices)

    assert canonical_path("/" + respelling) == canonical_path("/" + text)
    assert canonical_query(respelling) == canonical_query(text)


@always_the_same
@given(st.lists(st.tuples(texts, texts), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_changes_nothing(pairs, random):
    spelled = [f"{name}={value}".replace("&", "%26") for name, value in pairs]
    shuffled = random.sample(spelled, len(spelled))

    assert canonical_query("&".join(shuffled)) == canonical_query("&".join(spelled))


@always_the_same
@given(texts)
def test_normalising_changes_no_octet_of_a_value(text):
    value = text.replace("&", "%26")

    signed = canonical_query(f"a={value}").removeprefix("a=")

    assert unquote_to_bytes(signed) == unquote_to_bytes(value)


@pytest.mark.parametrize(("one", "other"), [("a/b", "a%2Fb"), ("a+b", "a%2Bb"), ("a+b", "a%20b"), ("a:b", "a%3Ab")])
def test_what_means_something_else_is_signed_otherwise(one, other):
    assert canonical_path("/" + one) != canonical_path("/" + other)
    assert canonical_query("x=" + one) != canonical_query("x=" + other)


def test_a_lone_surrogate_has_no_canonical_form():
    with pytest.raises(ValueError, match="surrogates"):
        canonical_path("/\ud800")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a?b=c", ("/a", "b=c")),
        ("https://host:1/a?b=c#d?e", ("/a", "b=c")),
        ("HTTP://host", ("", "")),
        ("https://host?x=https://other/y?z", ("", "x=https://other/y?z")),
        ("/redirect?to=https://other/y", ("/redirect", "to=https://other/y")),
        ("/a\nb?c\nd", ("/a\nb", "c\nd")),
        ("//host/a", ("//host/a", "")),
        ("https://[::1]:7071/a", ("/a", "")),
        ("", ("", "")),
    ],
)
def test_a_url_is_split_without_being_tidied(url, expected):
    assert path_and_query(url) == expected
