"""Connections: delivered, refused or left hanging, and only for those who come over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import math
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.network.decide import Decision, Outcome
from vpce_demo.sandbox.network.names import OPERATOR
from vpce_demo.sandbox.network.wire import LOOPBACK, TRACED, ConnectionRefused, Server, Unanswered, Wire
from vpce_demo.sandbox.store.view import Endpoint, Health

from .world import BALANCER_ADDRESS, ENDPOINT_ADDRESS, WEB, WEB_ADDRESS, WEB_PUBLIC, World, tutorial


def a_wire(speed: float = math.inf) -> tuple[Wire, World]:
    world = World(tutorial(), Clock(speed))
    return Wire(world.look, lambda *_: Health(), world.clock), world


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @functools.wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


async def _say_who(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
    writer.write(client.encode())
    await writer.drain()


async def _ask(wire: Wire, source: str, destination: str, within: float = 5.0) -> str:
    async with wire.connect(source, destination, 80, within) as connection:
        return (await connection.reader.read()).decode()


@in_a_loop
async def test_delivered_as_decided_and_refused_once_nothing_listens() -> None:
    wire, _ = a_wire()
    server = Server(wire, WEB, 80, _say_who)
    await server.start()
    assert await _ask(wire, "eni-customer", ENDPOINT_ADDRESS) == BALANCER_ADDRESS
    assert await _ask(wire, OPERATOR, WEB_PUBLIC) == OPERATOR
    await server.stop()
    with pytest.raises(ConnectionRefused, match=r"i-web: nothing listens on tcp/80"):
        await _ask(wire, "eni-customer", ENDPOINT_ADDRESS)


@in_a_loop
async def test_a_server_that_went_a_moment_ago_refuses() -> None:
    wire, _ = a_wire()
    with socket.socket() as closed:
        closed.bind((LOOPBACK, 0))
        wire.listen(WEB, 80, closed.getsockname()[1])
        with pytest.raises(ConnectionRefused):
            await _ask(wire, OPERATOR, WEB_PUBLIC)


@in_a_loop
async def test_a_stranger_on_the_loopback_port_is_turned_away() -> None:
    wire, _ = a_wire()
    listening: list[int] = []

    def listen(host: str, port: int, loopback_port: int) -> None:
        listening.append(loopback_port)

    wire.listen = listen  # type: ignore[method-assign]
    server = Server(wire, WEB, 80, _say_who)
    await server.start()
    reader, writer = await asyncio.open_connection(LOOPBACK, listening[0])
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    await server.stop()


@in_a_loop
async def test_a_hang_lasts_as_long_as_the_client_waits_on_the_sandboxs_clock() -> None:
    wire, _ = a_wire(speed=20)
    began = wire.clock.now()
    with pytest.raises(Unanswered) as hung:
        await _ask(wire, "eni-customer", WEB_ADDRESS, within=5)
    assert wire.clock.now() - began >= 4.9
    assert not isinstance(hung.value, ConnectionRefused)


@in_a_loop
async def test_at_infinite_speed_a_hang_is_short() -> None:
    wire, _ = a_wire()
    async with asyncio.timeout(60):
        with pytest.raises(Unanswered):
            await _ask(wire, "eni-customer", WEB_ADDRESS, within=3600)


@in_a_loop
async def test_a_way_that_opens_during_a_hang_is_found() -> None:
    wire, world = a_wire()
    world.change(Endpoint, "vpce-1", state="pending")
    server = Server(wire, WEB, 80, _say_who)
    await server.start()
    asking = asyncio.create_task(_ask(wire, "eni-customer", ENDPOINT_ADDRESS, within=math.inf))
    while not wire.trace.as_dicts():
        await asyncio.sleep(0)
    world.change(Endpoint, "vpce-1", state="available")
    assert await asyncio.wait_for(asking, 10) == BALANCER_ADDRESS
    await server.stop()
    assert [each["outcome"] for each in wire.trace.as_dicts()] == ["dropped", "delivered"]


@in_a_loop
async def test_stopping_a_server_cuts_its_connections() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        writer.write(b"hello")
        await reader.read()

    wire, _ = a_wire()
    server = Server(wire, WEB, 80, hold)
    await server.start()
    async with wire.connect(OPERATOR, WEB_PUBLIC, 80, 5) as connection:
        assert await connection.reader.readexactly(5) == b"hello"
        await server.stop()
        with contextlib.suppress(ConnectionError):
            assert await connection.reader.read() == b""


@in_a_loop
async def test_the_trace_counts_repetitions_and_is_bounded() -> None:
    wire, _ = a_wire()
    for _ in range(3):
        with pytest.raises(ConnectionRefused):
            await _ask(wire, OPERATOR, WEB_PUBLIC)
    (entry,) = wire.trace.as_dicts()
    assert (entry["times"], entry["outcome"], entry["destination"]) == (3, "refused", WEB_PUBLIC)
    assert entry["hops"][-1] == {"at": WEB, "says": "nothing listens on tcp/80", "passed": False}
    for port in range(1, TRACED + 10):
        wire.trace.add(0.0, OPERATOR, WEB_PUBLIC, port, Decision(Outcome.DROPPED, ()))
    assert [each["port"] for each in wire.trace.as_dicts()] == list(range(10, TRACED + 10))
    json.dumps(wire.trace.as_dicts())
