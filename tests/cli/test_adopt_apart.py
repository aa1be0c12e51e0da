"""``adopt --by-hand`` of a demo that was built between two accounts or two regions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vpce_demo.model import Side
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox

from .hand_made import Account
from .stage import Stage, write_server_file
from .test_adopt_by_hand import everything, strangers, tagged, taken
from .test_check_apart import WHERE, a_key, apart

pytestmark = pytest.mark.extended


@pytest.mark.parametrize("kind", ["accounts", pytest.param("regions", marks=pytest.mark.slow)])
def test_both_sides_are_taken_and_deleted_and_nothing_beside_them(
    kind: str, sandbox: Sandbox, reached: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = apart(kind, sandbox, reached)
    consumer = replace(ours.place, clients={Side.PROVIDER: ours.place.clients[Side.CONSUMER]})
    both = [replace(ours, theirs={}), Account(sandbox, consumer, ours.theirs["their_image"])]
    others = [strangers(one) for one in both]
    key = a_key(ours, tmp_path)
    ours.by_hand(key="bob")
    ours.settled()
    write_server_file(sandbox, tmp_path)
    stage = Stage(tmp_path, ours.clients, {}, capsys)
    where = WHERE[kind]
    code, document, _ = stage.run("adopt", "--by-hand", "--yes")
    assert (code, document["error"]["code"]) == (5, "VPCE142"), "half of it"
    option = where[0] if kind == "regions" else "--consumer-profile PROFILE"
    assert f" adopt --by-hand {option}" in document["error"]["hint"]
    code, document, _ = stage.run("adopt", "--by-hand", "--key", str(key), "--yes", *where)
    assert code == 0
    assert taken(document) == {id for one in both for id in tagged(one)}
    assert not taken(document) & {id for one in others for id in one}
    code, document, _ = stage.run("status", *where)
    assert (code, document["missing"], document["differing"]) == (0, [], ["target-group"])
    assert stage.text("test", *where)[0] == 0
    code, out, _ = stage.text("down", "--yes", *where)
    assert (code, "nothing left" in out) == (0, True)
    assert [set(everything(one)) for one in both] == others
