"""``sandbox trace``: how the sandbox's network decided the last connections, hop by hop."""

from __future__ import annotations

from typing import Any

import click

from ..ui.style import Screen
from .app import App
from .group import command, pass_app
from .sandbox import running_sandbox


@command("trace")
@click.option("--all", "everything", is_flag=True, help="Every connection it remembers, health checks too.")
@pass_app
def sandbox_trace(app: App, everything: bool) -> None:
    """Show the path of the last connections, hop by hop.

    The last one to each address and port; health checks are left out.

    \b
    Example:
      vpce-demo sandbox trace
      vpce-demo sandbox trace --all
    """
    connections = running_sandbox(app).control("trace")["connections"]
    if not everything:
        connections = _last(connections)
    app.document.update(connections=connections)
    screen = app.screen()
    for one in connections:
        _show(screen, one)
    if not connections:
        screen.line("No connection yet.")


def _last(connections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest from each source to each address and port."""
    newest: dict[tuple[str, str, int], dict[str, Any]] = {}
    for one in connections:
        if not one["check"]:
            key = one["source"], one["destination"], one["port"]
            newest.pop(key, None)
            newest[key] = one
    return list(newest.values())


def _show(screen: Screen, one: dict[str, Any]) -> None:
    end = one["outcome"]
    if end == "delivered":
        end += f" to {one['host']} tcp/{one['host_port']}, which sees {one['seen_as']}"
    times = f"   ({one['times']} times)" if one["times"] > 1 else ""
    kind = "health check " if one["check"] else ""
    mark = "✓" if one["outcome"] == "delivered" else "✗"
    screen.line(f"{kind}tcp/{one['port']} from {one['source']} to {one['destination']}: {end}{times}", mark=mark)
    for hop in one["hops"]:
        screen.line(f"  {hop['at']}: {hop['says']}", mark="  ✓" if hop["passed"] else "  ✗")
    screen.line()
