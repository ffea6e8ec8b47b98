"""A JVM that has ended is told from other faults."""

import socket
from collections.abc import Callable

import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JNetworkError

from outfit_pairing.storage.session import spark_has_ended


def fault_of(function: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is looked at
        function()
    return caught.value


def port_of_nobody() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_gateway_that_nobody_answers() -> None:
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port_of_nobody()))
    assert spark_has_ended(fault_of(lambda: gateway.jvm.java.lang.System.currentTimeMillis()))  # noqa: PLW0108 - finding it fails


def test_a_fault_that_follows_a_lost_jvm() -> None:
    """As when the run is to be remembered after all."""

    def remember() -> None:
        try:
            raise Py4JNetworkError("Answer from Java side is empty")
        finally:
            raise ValueError

    assert spark_has_ended(fault_of(remember))


def test_other_lost_connections_are_not_sparks() -> None:
    """Neither a server that is away, nor any other fault."""
    assert not spark_has_ended(fault_of(lambda: socket.create_connection(("127.0.0.1", port_of_nobody()))))
    assert not spark_has_ended(ValueError("a value"))
