"""What one demo is made of: the settings wanted, what was found out when it was first made, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .model import Config, Consumer, Network, Part, Provider, in_front


class Settings(Part):
    """The settings of one demo: what the user set, and what was found when it was first made."""

    name: str
    demo_id: str
    zone: str
    instance_type: str
    ssh_source: str
    page: str
    health_check_seconds: int
    public_key: str = ""
    provider_zone_id: str
    consumer_zone_id: str
    provider_image: str
    consumer_image: str
    provider: Provider
    consumer: Consumer


@dataclass(frozen=True)
class Where:
    """Which demo is meant, and where its files lie."""

    config: Config
    state_directory: Path
    sandbox: bool

    @property
    def directory(self) -> Path:
        """The demo's own directory.  A demo in the sandbox and one on AWS never share it."""
        return self.state_directory / self._place / self.config.name

    @property
    def logs(self) -> Path:
        """Where the logs of the demo's runs lie; they outlive it."""
        return self.state_directory / "logs" / self._place / self.config.name

    @property
    def _place(self) -> str:
        return "sandbox" if self.sandbox else "aws"


def named(demo: str, part: Network) -> dict[str, Any]:
    """The part of the settings with every AWS name as this demo's."""
    return {
        field: in_front(demo, value) if field.endswith("_name") else value for field, value in part.model_dump().items()
    }
