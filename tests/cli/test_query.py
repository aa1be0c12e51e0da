"""``--query``: a part of a command's document, selected by JMESPath as in the AWS CLI."""

from __future__ import annotations

import json

import pytest

from .stage import Stage


def test_a_part_of_the_document(stage: Stage) -> None:
    code, out, _ = stage.text("status", "--query", "resources[?key=='endpoint'].outputs.private_address | [0]")
    _, document, _ = stage.run("status")
    (endpoint,) = (one for one in document["resources"] if one["key"] == "endpoint")
    wanted = endpoint["outputs"]["private_address"]
    assert (code, json.loads(out)) == (0, wanted), "the document is made without -o json too"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("resources[", "is not a valid JMESPath expression"),
        ("length(version)", "The query does not suit this document"),
    ],
)
def test_a_query_that_does_not_do(stage: Stage, query: str, words: str) -> None:
    code, _, said = stage.text("status", "--query", query)
    assert code == 2
    assert words in said


def test_an_error_is_told_whole(stage: Stage) -> None:
    code, out, _ = stage.text("logs", "19700101", "--query", "run")
    assert code == 5
    assert "There is no run 19700101" in json.loads(out)["error"]["message"]
