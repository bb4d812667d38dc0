"""Which calls belong together: every call about one attempt is in one trace, here and in the service's logs."""

import hashlib
import os
import re
from collections.abc import Mapping
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def trace_headers(attempt_id: str) -> Mapping[str, str]:
    """W3C `traceparent`, a span of its own in the attempt's trace; and the attempt's id, where it is a plain one."""
    trace_id = hashlib.sha256(f"ic-chase-payments:{attempt_id}".encode()).hexdigest()[:32]
    headers = {"traceparent": f"00-{trace_id}-{os.urandom(8).hex()}-01"}
    return headers | ({"X-Correlation-Id": attempt_id} if _PLAIN.fullmatch(attempt_id) else {})
