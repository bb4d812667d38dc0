"""How properties are tested here: the same cases each time, and no deadline, which would measure the machine."""

from hypothesis import settings

steady = settings(derandomize=True, deadline=None)
