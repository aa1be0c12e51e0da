"""Everything that can stand in a text, of a demo of which everything is there."""

from __future__ import annotations

from collections.abc import Iterator

from vpce_demo.config.model import Config
from vpce_demo.lessons.nat import from_nat_prices
from vpce_demo.lessons.placeholders import Lookup, from_demo, from_prices, from_settings
from vpce_demo.model import Live
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial

SETTINGS = not_looked_up(Config(), "7f3a9c").model_copy(
    update={
        "zone": "us-east-1a",
        "provider_zone_id": "use1-az6",
        "consumer_zone_id": "use1-az6",
        "ssh_source": "203.0.113.10/32",
    }
)
DEMO = tutorial(SETTINGS)
OUTPUTS = {
    "service": {"service_name": "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f67890"},
    "customer": {"public_address": "54.1.2.3"},
    "endpoint": {"interfaces": "eni-0123456789abcdef0"},
}
LIVE = {r.key: Live(f"id-of-{r.key}", outputs=OUTPUTS.get(r.key, {})) for r in DEMO.resources}
MORE = {
    "demo": "vpce-demo",
    "region": "us-east-1",
    "key_file": ".vpce-demo/aws/vpce-demo/key.pem",
    "ssh": "ssh -i .vpce-demo/aws/vpce-demo/key.pem",
    "endpoint.address": "10.0.1.87",
}


def _values() -> Iterator[Lookup]:
    yield MORE.get
    yield from_settings(SETTINGS, Config())
    yield from_demo(DEMO, LIVE)
    yield from_prices("us-east-1")
    yield from_nat_prices()


VALUES = list(_values())
