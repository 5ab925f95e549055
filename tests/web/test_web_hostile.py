"""REST met with what nobody should send: each answer is one document with words in it, and the server goes on."""

from __future__ import annotations

import json
import re
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")

import typer.main
from starlette.testclient import TestClient
from test_web_api import FUND, HERE, refused
from web_pages import free_port, serving

from absalloc.cli.app import app
from absalloc.errors import BadInput
from absalloc.web import Settings, create_app
from absalloc.web.commands import COMMANDS

TOKEN = "a-token-of-the-desk"
JSON = {"content-type": "application/json"}
LONG = {"mandate": "city-bank.yaml", "break_even": True, "curve": True}
NOT_ASKED = {
    "json": "always", "quiet": "nobody reads along", "help": "/openapi.json is", "out": "no folder is left",
    "pdf": "of a folder", "full": "of a folder", "alone": "of several mandates",
    "list": "of scenarios, which an unknown one names",
}  # fmt: skip
"""Options that no field stands for, and why."""


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False, **HERE) as found:
        yield found


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"explain"}))
def test_every_option_of_a_command_is_a_field(name: str) -> None:
    command: Any = typer.main.get_command(app)
    options = {
        option.opts[0].removeprefix("--").replace("-", "_")
        for option in command.commands[name].params
        if option.param_type_name == "option"
    }
    fields = {field.alias or key for key, field in COMMANDS[name].model_fields.items()}
    bare = {"files", "mandate", "holdings", "universe"}
    assert fields - bare == options - set(NOT_ASKED) - bare


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b'{"mandate": "a.yaml", "mandate": "city-bank.yaml", "holdings": "h.csv"}', "web.form_twice", "“mandate”"),
        (b'{"mandate": "a", "set": {"x.limit": "1%", "x.limit": "2%"}}', "web.form_twice", "“x.limit”"),
        (b"[" * 100_000 + b"]" * 100_000, "web.form_deep", "嵌套"),
        (b'{"mandate": "a", "severity": ' + b"9" * 6000 + b"}", "web.form_deep", "数字"),
        ('{"mandate": "持仓.yaml"}'.encode("gb18030"), "web.form_encoding", "utf-8"),
        (b'{"mandate": "a",\n "holdings" "b"}', "web.form_json", "第 2 行第 13 列"),
        (b"", "web.form_object", "JSON 对象"),
        (b"null", "web.form_object", "JSON 对象"),
        (b"[]", "web.form_object", "JSON 对象"),
        (b'{"mandate": 3, "severity": NaN}', "web.form_text", "mandate：3"),
        (b'{"mandate": "a", "severity": NaN}', "web.form_number", "应为数字"),
        (b'{"mandate": "a", "severity": 1e400}', "web.form_number", "应为数字"),
        (b'{"mandate": "a", "curve": "maybe"}', "web.form_yes_no", "true 或 false"),
        (b'{"mandate": "a", "solver": "cplx"}', "web.form_choice", "highs, cvxpy, pyomo"),
        (b'{"mandate": "a", "time_limit": 0}', "web.form_least", "0.001"),
        (b'{"mandate": "a", "scenario": "bear"}', "web.form_list", "应为列表"),
        (b'{"mandate": "a", "set": []}', "web.form_names", "set"),
        (b'{"mandate": ""}', "web.form_short", "至少 1"),
        (b'{"mandate": "a", "files": {"x.csv": {"a": 1}}}', "web.form_text", "files.x.csv：dict"),
    ],
)
def test_a_body_that_cannot_be_meant(client: TestClient, body: bytes, code: str, said: str) -> None:
    command = "check" if b"holdings" in body else "compare"
    told = refused(client.post(f"/api/{command}?lang=zh", content=body, headers=JSON), 422, code)
    assert said in told["message"]
    assert re.search("[\u4e00-\u9fff]{2}", told["message"])


@pytest.mark.parametrize("origin", ["http://[", "http://a]b", "null", "file://", "http://127.0.0.1:80"])
def test_a_page_elsewhere_may_not_ask(client: TestClient, origin: str) -> None:
    refused(client.post("/api/check", json=FUND, headers={"origin": origin}), 403, "web.origin")


def test_a_page_elsewhere_may_lead_here_and_not_start_work(client: TestClient) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    refused(client.get("/api/rules", headers=elsewhere), 403, "web.origin")
    assert client.get("/", headers={**elsewhere, "sec-fetch-mode": "navigate"}).status_code == 200
    assert client.get("/openapi.json", headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"bearer {TOKEN}"},
        {"cookie": f'a@b=1; x/y=2; pref={{"a":1}}; absalloc_token={TOKEN}; z'},
    ],
)
def test_a_token_is_found_among_what_others_left_on_this_host(headers: dict[str, str]) -> None:
    with TestClient(create_app(Settings(token=TOKEN)), base_url="http://desk.example") as client:  # a proxy's name
        assert client.get("/openapi.json", headers=headers).status_code == 200
        for others in ({"cookie": "a@b=1"}, {"authorization": TOKEN}, {"authorization": "Bearer "}, {}):
            told = refused(client.get("/openapi.json?lang=zh", headers=others), 401, "web.token_wrong")
            assert "令牌" in told["message"]


@pytest.mark.parametrize("token", ["密" * 16, "words with blanks in them", "a" * 16 + ";x", "a" * 16 + "\r\nx: y"])
def test_a_token_that_no_header_carries_is_refused_at_once(token: str) -> None:
    with pytest.raises(BadInput, match="ABSALLOC_TOKEN"):
        Settings(token=token)


def test_a_name_longer_than_a_file_may_have(client: TestClient) -> None:
    name = "持" * 90 + ".csv"
    assert len(name) < 100
    refused(client.post("/api/check", json={**FUND, "files": {name: "a"}}), 400, "web.file_name")


def test_a_full_disk_is_told_and_ends_a_job(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/none")
    refused(client.post("/api/check", json=FUND), 500, "base.internal")
    job = client.post("/api/jobs/check", json=FUND).json()
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        states = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    assert (states[-1]["state"], states[-1]["exit_code"], states[-1]["result"]["code"]) == ("done", 3, "base.internal")


def test_what_nobody_foresaw_is_one_document_too(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("absalloc.web.api.told", lambda *_: 1 // 0)
    told = refused(client.get("/api/jobs/nobody-knows-it?lang=zh"), 500, "base.internal")
    assert "发生意外（ZeroDivisionError" in told["message"]


def test_what_ended_long_ago_is_forgotten() -> None:
    with TestClient(create_app(Settings(kept_seconds=0)), **HERE) as client:
        name = client.post("/api/jobs/market", json={"universe": ["none.csv"]}).json()["id"]
        states = []
        while (answer := client.get(f"/api/jobs/{name}")).status_code == 200:
            states.append(answer.json()["state"])
            time.sleep(0.05)
        assert set(states) <= {"queued", "running"}
        refused(answer, 404, "web.no_job")


def post(address: str, body: dict[str, Any]) -> int:
    asked = urllib.request.Request(address, json.dumps(body).encode(), JSON)
    try:
        with urllib.request.urlopen(asked, timeout=100) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_those_who_went_away_take_nobody_s_place(server: str) -> None:
    port = int(server.rpartition(":")[2])
    body = json.dumps(LONG).encode()
    head = f"POST /api/compare HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    settings = Settings()
    gone = [socket.create_connection(("127.0.0.1", port)) for _ in range(settings.running + settings.waiting)]
    for one in gone:
        one.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    market = {"universe": ["none.csv"]}
    for _ in range(100):  # until all of them are there
        if post(f"{server}/api/market", market) == 429:
            break
    else:
        raise AssertionError("never busy")
    for one in gone:
        one.close()
    time.sleep(0.5)
    assert post(f"{server}/api/market", market) == 400  # its turn came, and there is no such file


def test_a_server_that_is_ended_ends_with_those_who_listen() -> None:
    """Its jobs would take minutes; ``serving`` kills what has not ended after twenty seconds."""
    with serving(free_port()) as address:
        for _ in range(40):
            asked = urllib.request.Request(f"{address}/api/jobs/compare", json.dumps(LONG).encode(), JSON)
            with urllib.request.urlopen(asked, timeout=60) as answer:
                name = json.loads(answer.read())["id"]
        listening = urllib.request.urlopen(f"{address}/api/jobs/{name}/events", timeout=100)
        assert b"queued" in listening.readline()
        started = time.monotonic()
    assert time.monotonic() - started < 19
