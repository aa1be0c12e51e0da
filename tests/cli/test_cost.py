"""``cost`` on the screen and for programs: without an account, of a demo on record, and with AWS's own prices."""

from __future__ import annotations

import io
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from rich.console import Console

from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.cost import bill
from vpce_demo.cost.comparison import Comparison
from vpce_demo.cost.prices import table
from vpce_demo.model import Side
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial
from vpce_demo.ui import money
from vpce_demo.ui.style import Screen

from ..core.test_prices import ELB, MICRO, NAT, VOLUME, VPC

DEMO = tutorial(not_looked_up(load(None, {})))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run_command(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def on_record(directory: Path, ages: dict[str, int], region: str = "us-east-1") -> None:
    """A state file of a demo on AWS whose things are so many seconds old."""
    side = {"account": "111122223333", "region": region}
    state = {
        "version": 1,
        "sides": {"provider": side, "consumer": side},
        "place": "",
        "settings": not_looked_up(load(None, {})).model_dump(),
        "resources": {
            key: {"kind": "", "id": key, "token": "", "at": time.time() - age, "outputs": {}}
            for key, age in ages.items()
        },
    }
    path = directory / "aws" / "vpce-demo" / "state.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(state))


def test_without_an_account_it_says_what_it_would_cost(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "--state-dir", str(tmp_path), "cost")
    assert code == 0
    assert err == "vpce-demo cost   demo vpce-demo   us-east-1\n\n"
    assert "There is no demo on record. This is what it would cost:" in out
    rows = [line.split() for line in out.splitlines()]
    assert ["t3.micro", "instance", "2", "$0.0104", "an", "hour", "$0.0208", "$0.4992"] in rows
    assert ["interface", "endpoint", "1", "zone", "$0.01", "an", "hour", "$0.0100", "$0.2400"] in rows
    assert ["in", "all", "$0.0701", "$1.6813"] in rows
    assert ["NAT", "gateway", "$0.045", "$0.045"] in rows
    assert "The tutorial compares in Tokyo: $0.014 an hour against $0.062." in out
    assert "$0.01 for each GB through an interface endpoint" in out
    assert "Prices of 2025-11-04 to 2026-09-29" in out
    assert "* from one" in out
    assert "so far" not in out
    assert list(tmp_path.iterdir()) == []


def test_a_demo_on_record_has_cost_something(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    on_record(tmp_path, {r.key: 5400 for r in DEMO.resources})
    code, out, _ = run(capsys, "--state-dir", str(tmp_path), "cost", "-o", "json")
    document = json.loads(out)
    assert code == 0
    assert (document["billed"], document["stands"], document["region"]) == (True, True, "us-east-1")
    assert document["hourly"] == "0.070053"
    assert document["daily"] == "1.681282"
    # Two begun hours of the load balancer and of the endpoint, one and a half of the rest.
    whole = Decimal(2) * (Decimal("0.0225") + Decimal("0.01"))
    rest = Decimal("1.5") * (2 * Decimal("0.0104") + 3 * Decimal("0.005") + 16 * Decimal("0.08") / 730)
    assert abs(Decimal(document["so_far"]) - (whole + rest)) < Decimal("0.0001"), "of a second or two more"
    assert all(isinstance(part["price"], str) for part in document["parts"])
    assert document["traffic"] == {"endpoint_gb": "0.01", "capacity_unit_hour": "0.006"}
    assert document["nat_gateway"] == {"hour": "0.045", "gb": "0.045"}


def test_half_a_demo_costs_what_is_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    on_record(tmp_path, {"provider-vpc": 60, "load-balancer": 60})
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), "cost", "-o", "json")
    assert [part["part"] for part in json.loads(out)["parts"]] == ["Network Load Balancer", "public IPv4 address"]


def test_another_region_is_what_it_would_cost_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    on_record(tmp_path, {"endpoint": 60}, region="eu-west-1")
    _, out, err = run(capsys, "--state-dir", str(tmp_path), "cost")
    assert "eu-west-1" in err
    assert "so far" in out
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), "cost", "--region", "ap-northeast-1")
    assert "The demo on record is in eu-west-1. In ap-northeast-1 it would cost this:" in out
    assert "$0.014 an hour" in out
    assert "The tutorial compares in Tokyo: $0.014 an hour against $0.062." in out
    assert "so far" not in out


def test_what_is_not_known_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), "--region", "sa-east-1", "cost")
    assert "not known" in out
    assert "what is known, in all" in out
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), "--region", "sa-east-1", "cost", "-o", "json")
    assert (json.loads(out)["hourly"], json.loads(out)["daily"]) == (None, None)


def test_a_month_beside_a_nat_gateway(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """All that is printed without --gb stays, and the comparison follows it."""
    words = ("--state-dir", str(tmp_path), "--region", "us-east-1", "cost")
    _, before, _ = run(capsys, *words)
    code, out, _ = run(capsys, *words, "--gb", "500")
    assert (code, out.startswith(before)) == (0, True)
    more = out.removeprefix(before)
    assert "500 GB a month (730 hours) through one zone of us-east-1:" in more
    rows = [line.split() for line in more.splitlines()]
    assert ["gateway", "(S3,", "DynamoDB)", "$0", "$0", "$0.00", "always"] in rows
    assert ["interface,", "AWS", "service", "$0.01", "$0.01", "$12.30", "always"] in rows
    assert ["interface,", "endpoint", "service", "$0.01", "$0.01", "$12.30", "always"] in rows
    assert ["Gateway", "Load", "Balancer", "*", "$0.01", "$0.0035", "$9.05", "always"] in rows
    assert ["NAT", "gateway", "*", "$0.045", "$0.045", "$55.35"] in rows
    told = " ".join(more.split())
    assert "6 endpoints cost no more than one NAT gateway." in told
    assert "up to 4 always, 5 from 105 GB, 6 from 313 GB, 7 from 522 GB, 8 from 730 GB a month." in told
    assert "Prices of 2025-11-04 to 2026-09-29" in told

    document = json.loads(run(capsys, *words, "--gb", "500.50", "-o", "json")[1])
    compared = document["comparison"]
    assert (compared["region"], compared["gb"], compared["hours"]) == ("us-east-1", "500.5", 730)
    assert (compared["missing"], compared["most_endpoints"]) == ([], 6)
    assert compared["kinds"][1] == {
        "kind": "interface, AWS service",
        "hour": "0.01",
        "gb": "0.01",
        "month": "12.305000",
        "cheaper": "always",
        "crossing_gb": None,
    }
    assert [compared["kinds"][-1][key] for key in ("kind", "cheaper")] == ["NAT gateway", None]
    assert compared["endpoints"][4] == {"endpoints": 5, "cheaper": "from", "crossing_gb": 105}
    assert "comparison" not in json.loads(run(capsys, *words, "-o", "json")[1])


def test_a_month_where_prices_are_not_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """In the consumer's region, where the endpoint is."""
    apart = ("--provider-region", "us-east-1", "--consumer-region", "eu-central-1")
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), *apart, "cost", "--gb", "0")
    assert "0 GB a month (730 hours) through one zone of eu-central-1:" in out
    rows = [line.split() for line in out.splitlines()]
    assert ["interface,", "AWS", "service", "$0.012", "$0.01", "$8.76", "not", "known"] in rows
    assert ["NAT", "gateway", "-", "-", "-"] in rows
    assert "endpoints cost no more" not in out
    missing = "capacity-unit-hour, gwlb-endpoint-hour, gwlb-endpoint-gb, nat-gb"
    assert f"Not known for eu-central-1, and not guessed: {missing}." in " ".join(out.split())
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), *apart, "cost", "--gb", "0", "-o", "json")
    compared = json.loads(out)["comparison"]
    assert compared["missing"] == missing.split(", ")
    assert compared["most_endpoints"] is None
    assert {one["cheaper"] for one in compared["endpoints"]} == {None}
    assert compared["kinds"][-1]["hour"] is None


def test_another_instance_type_has_its_own_price(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("instance_type: t4g.nano\n")
    _, out, _ = run(capsys, "--state-dir", str(tmp_path), "-c", str(tmp_path / "demo.yaml"), "cost")
    assert "t4g.nano instance" in out
    assert "$0.0042 an hour" in out


def test_in_the_sandbox_nothing_is_billed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "--sandbox", "--state-dir", str(tmp_path), "cost")
    assert code == 0
    assert "sandbox" in err
    assert out.startswith("Nothing in the sandbox is billed. On AWS it would be this:")
    assert "--sandbox" not in out
    code, _, err = run(capsys, "--sandbox", "--state-dir", str(tmp_path), "cost", "--refresh")
    assert code == 2
    assert "has no price list" in err
    assert "Nothing was changed" in err


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-1", "ca-central-1"])
def test_the_bill_fits_the_screen(width: int, region: str) -> None:
    text = io.StringIO()
    out = Console(file=text, width=width, color_system=None)
    screen = Screen(out, out, ascii=True)
    lines = bill.bill(DEMO.resources, dict.fromkeys(Side, region), {r.key: 90_000 for r in DEMO.resources})
    money.bill(screen, lines, counts=True)
    money.comparison(screen, region)
    money.traffic(screen, lines, dict.fromkeys(Side, region))
    money.sources(screen, lines, True, "vpce-demo cost --refresh")
    money.month(screen, Comparison(table.table(), region, Decimal("123456.5")))
    shown = text.getvalue()
    assert max(map(len, shown.splitlines())) <= width
    assert shown.isascii()


# --- AWS's own prices ---------------------------------------------------------------------------


@pytest.fixture
def pricing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """AWS's Price List, which answers what the test says."""
    client: Any = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr("vpce_demo.cli.cost.price_list_client", lambda config, region: client)
    return client


def test_refresh_reads_and_keeps_aws_s_prices(capsys: pytest.CaptureFixture[str], tmp_path: Path, pricing: Any) -> None:
    words = ("--state-dir", str(tmp_path / "s"), "--region", "ap-northeast-1", "cost")
    dearer = [one.replace("0.0140000000", "0.0150000000") if "VpcEndpoint-Hours" in one else one for one in VPC]
    with Stubber(pricing) as stub:
        for products in (dearer, ELB, MICRO, VOLUME, NAT[:1]):
            stub.add_response("get_products", {"PriceList": products})
        code, out, _ = run(capsys, *words, "--refresh")
    assert code == 0
    assert f"Read 10 prices of ap-northeast-1 from AWS's Price List, kept in {table.refreshed_file()}." in out
    assert "endpoint-hour            $0.015, and $0.014 before" in out
    assert "nat-gb: AWS lists none. It stays as it was." in out
    _, out, _ = run(capsys, *words, "-o", "json")
    parts = {part["item"]: part for part in json.loads(out)["parts"]}
    assert parts["endpoint-hour"]["price"] == "0.015"
    assert parts["endpoint-hour"]["confidence"] == "AWS's price list"
    assert parts["endpoint-hour"]["date"] == time.strftime("%Y-%m-%d", time.gmtime())
    assert "one source" not in run(capsys, *words)[1]


def refused(pricing: Any, stub: Stubber) -> None:
    words = "User: arn:aws:iam::111122223333:user/me is not authorized to perform: pricing:GetProducts"
    stub.add_client_error("get_products", "AccessDeniedException", words, 400)


def unreachable(pricing: Any, stub: Stubber) -> None:
    def fail(**rest: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://api.pricing.us-east-1.amazonaws.com")

    pricing.meta.events.register("before-send.pricing.GetProducts", fail)
    stub.deactivate()


def nothing_listed(pricing: Any, stub: Stubber) -> None:
    for _ in range(5):
        stub.add_response("get_products", {"PriceList": []})


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (refused, "You may not call pricing:GetProducts."),
        (unreachable, "AWS cannot be reached."),
        (nothing_listed, "AWS's Price List has none of these prices for us-east-1."),
    ],
)
def test_a_refresh_that_fails_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pricing: Any, how: Any, says: str
) -> None:
    with Stubber(pricing) as stub:
        how(pricing, stub)
        code, _, err = run(capsys, "--state-dir", str(tmp_path), "cost", "--refresh")
    assert code == 1
    assert says in err
    assert "Nothing was changed" in err
    assert table.refreshed() == {}


def test_a_refresh_without_a_sign_in_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "--state-dir", str(tmp_path), "cost", "--refresh")
    assert code == 4
    assert "There are no AWS credentials." in err
