"""`make audit-verify`: shared.wiring.audit_verify with a laptop's defaults for what is not set."""

import os
import sys
from collections.abc import Callable, Mapping

from local.environment import data_dir, local_environment
from local.keys import local_keys
from shared.wiring import audit_verify


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """What the process exits with; the verifier takes of a laptop's settings those that it needs."""
    directory = data_dir(environ)
    return audit_verify.main(local_environment(directory, local_keys(directory), "", "", environ), write)


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
