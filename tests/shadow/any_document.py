"""Any rollout document that would be taken."""

from hypothesis import strategies as st

from shared.shadow.document import ALL, METHODS, Document, Mode, Rule
from tests.shadow.scenes import BILLERS

ENTRIES = st.sets(st.text("aAzZ09._-", min_size=1, max_size=4) | st.sampled_from(BILLERS), max_size=4)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    mode = draw(st.sampled_from(Mode))
    allow, deny = draw(ENTRIES), draw(ENTRIES)
    return Rule(
        biller_id=draw(st.sampled_from([*BILLERS, ALL])),
        method=draw(st.sampled_from(METHODS)),
        mode=mode,
        percentage=draw(st.integers(0, 100)),
        otherwise=Mode.OFF if mode is Mode.OFF else draw(st.sampled_from([Mode.OFF, Mode.SHADOW])),
        allow=frozenset(allow - deny),
        deny=frozenset(deny),
        minimum_dwell_hours=draw(st.integers(0, 2160)),
    )


documents = st.builds(
    Document,
    st.lists(rules(), max_size=8, unique_by=lambda rule: rule.scope).map(tuple),
    st.booleans(),
    st.booleans(),
)
