"""Ports that cannot be had are named with their setting."""

import pytest

from local.ports import PortNotFree, listening, require_free


def test_a_port_in_use_is_named_with_the_setting_that_chose_it() -> None:
    with listening(0, "PORT") as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortNotFree, match=f"Port {port} is already in use.*CHASE_SIMULATOR_PORT"):
            require_free(port, "CHASE_SIMULATOR_PORT")


def test_only_this_machine_is_listened_to() -> None:
    with listening(0, "PORT") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
