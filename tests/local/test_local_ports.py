"""Ports are held until their server takes them, and beyond."""

import socket
from contextlib import ExitStack

import pytest

from deploy.local.ports import HOST, hold_port, hold_ports, is_listening


def test_a_held_port_is_nobody_elses_until_released() -> None:
    port = hold_port()
    with pytest.raises(OSError, match="in use"):
        hold_port(port.number)
    number = port.release()
    again = hold_port(number)
    assert again.number == number
    again.release()


def test_ports_held_together_are_all_different() -> None:
    with ExitStack() as stack:
        ports = hold_ports(20)
        for port in ports:
            stack.callback(port.release)
        assert len({port.number for port in ports}) == 20


def test_a_held_port_refuses_connections_and_a_server_on_it_takes_them() -> None:
    port = hold_port()
    assert not is_listening(port.number)
    with socket.create_server((HOST, port.release())):
        assert is_listening(port.number)
    assert not is_listening(port.number)


@pytest.mark.parametrize("start", ["first", "again"])
def test_a_lent_port_is_for_its_server_alone_also_when_that_is_late_or_starts_again(start: str) -> None:
    port = hold_port()
    if start == "again":
        socket.create_server((HOST, port.lend())).close()
    number = port.lend()
    with pytest.raises(OSError, match="in use"):
        hold_port(number)
    with socket.create_server((HOST, number)):
        assert is_listening(number)
