"""Terraform, for tests that run it: where it and its AWS provider are installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.contenders import provider_mirror


def terraform_settings(directory: Path) -> Path:
    """Write Terraform's settings there, for ``TF_CLI_CONFIG_FILE``; skip the test where Terraform is not installed."""
    if shutil.which("terraform") is None:
        pytest.skip("Terraform is not installed")
    mirror = provider_mirror()
    if mirror is None:
        pytest.skip("Terraform's AWS provider is not installed in a local mirror")
    settings = directory / "terraformrc"
    settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}\n')
    return settings
