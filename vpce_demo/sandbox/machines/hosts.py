"""All machines: runs those that are running according to the API, and no others."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.machines.machine import Machine
from vpce_demo.sandbox.network.wire import Wire
from vpce_demo.sandbox.store.view import View


class Hosts:
    """The machines by instance id, each with a folder of its own in ``directory``; ``install_error`` is a
    ``Machine``'s."""

    def __init__(self, wire: Wire, clock: Clock, directory: Path, install_error: Callable[[], str] = str) -> None:
        self._wire, self._clock, self._directory, self._install_error = wire, clock, directory, install_error
        self._machines: dict[str, Machine] = {}
        shutil.rmtree(directory, ignore_errors=True)  # what a killed sandbox left

    async def follow(self, view: View) -> None:
        """Power on what runs, shut down what does not run any more, remove what is terminated or forgotten."""
        for instance in view.instances.values():
            machine = self._machines.get(instance.id)
            since = instance.running_since if instance.state == "running" else None
            if machine is None:
                if since is None:
                    continue
                root = self._directory / instance.id
                machine = Machine(instance, root, self._wire, self._clock, self._install_error)
                self._machines[instance.id] = machine
            if machine.running_since != since:
                await machine.shut_down()
                if since is not None:
                    machine.power_on(since)
            if instance.state == "terminated":
                await machine.destroy()  # its boot log can still be read
        for instance_id in self._machines.keys() - view.instances.keys():
            await self._machines.pop(instance_id).destroy()

    @property
    def booting(self) -> bool:
        """True while one boots whose time to boot has passed."""
        return any(machine.booting for machine in self._machines.values())

    def not_understood(self) -> dict[str, list[str]]:
        """What the sandbox did not understand in the user data of instances that run, by id.  Any thread may ask."""
        running = [(id, each) for id, each in list(self._machines.items()) if each.running_since is not None]
        return {id: list(each.not_understood) for id, each in running if each.not_understood}

    async def stop(self) -> None:
        for machine in self._machines.values():
            await machine.destroy()
        self._machines.clear()
        with contextlib.suppress(OSError):  # a sandbox that took the place of this one may have its machines there
            self._directory.rmdir()

    def console(self, instance_id: str) -> str:
        """The boot log; empty for an instance that has not booted.  Any thread may ask."""
        machine = self._machines.get(instance_id)
        return "".join(f"{line}\r\n" for line in list(machine.console)) if machine else ""
