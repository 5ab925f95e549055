"""The REST API: the JSON of the command line, refusals in one form, jobs that end, nothing read or left outside."""

from __future__ import annotations

import base64
import json
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

import jsonschema
from starlette.testclient import TestClient

from absalloc.cli import main
from absalloc.errors import BadInput
from absalloc.report.documents_more import json_schema
from absalloc.web import Settings, create_app

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
FUND = {"mandate": "bond-fund-open.yaml", "holdings": "bond-fund-open-holdings.csv"}
HERE = {"base_url": "http://127.0.0.1:8050"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(), **HERE) as found:
        yield found


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    document = answer.json()
    jsonschema.validate(document, json_schema("error"))
    assert document["code"] == code
    return dict(document)


def beside_run(text: str) -> str:
    """Return a document without its `run`, which tells times; every other byte as it is."""
    return re.sub(r'  "run": \{\n(?:    .*\n)*  \},?\n', "", text)


BOOK = [FUND["mandate"], FUND["holdings"], "-u", "market.csv"]
BANK = ["city-bank.yaml", "-u", "market.csv"]
SAME: list[tuple[str, dict[str, Any] | None, list[str], int]] = [
    ("check?zh", FUND, ["check", *BOOK], 1),
    ("optimise?zh", {"mandate": "city-bank.yaml", "time_limit": 600}, ["optimise", *BANK, "--time-limit", "600"], 0),
    ("rebalance?en", {**FUND, "max_turnover": "5%"}, ["rebalance", *BOOK, "--max-turnover", "5%"], 0),
    ("stress?zh", {**FUND, "scenario": ["bear-2020"], "forward": 12},
     ["stress", *BOOK, "--scenario", "bear-2020", "--forward", "12"], 0),
    ("compare?en", {"mandate": ["city-bank.yaml"], "severity": 0.5}, ["compare", *BANK, "--severity", "0.5"], 0),
    ("explain?zh", {**FUND, "question": "headroom"},
     ["explain", "headroom", BOOK[0], "--holdings", *BOOK[1:]], 0),
    ("market?en", {"strict": True}, ["market", "market.csv", "--strict"], 0),
    ("rules?zh", None, ["rules", "list"], 0),
    ("rules?en&rulebook=house&only_verified=true&as_of=2025-06-30", None,
     ["rules", "list", "--rulebook", "house", "--only-verified", "--as-of", "2025-06-30"], 0),
    ("rules/house/cash-floor?zh", None, ["rules", "show", "house/cash-floor"], 2),
    ("rules-diff?zh&from=2023-12-31&to=2024-01-01", None,
     ["rules", "diff", "--from", "2023-12-31", "--to", "2024-01-01"], 0),
]  # fmt: skip


@pytest.mark.parametrize(("route", "asked", "words", "code"), SAME, ids=[route for route, *_ in SAME])
def test_the_same_document_as_the_command_line(
    client: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, route: str,
    asked: dict[str, Any] | None, words: list[str], code: int,
) -> None:  # fmt: skip
    monkeypatch.chdir(MARKET)
    path, _, query = route.partition("?")
    lang, _, query = query.partition("&")
    assert main([*words, "--json", "--lang", lang]) == code
    here = beside_run(capsys.readouterr().out)
    if asked is None:
        there = client.get(f"/api/{path}?lang={lang}&{query}")
    else:
        there = client.post(f"/api/{path}", json={**asked, "lang": lang})
    assert beside_run(there.text) == here
    assert (there.status_code, there.headers["x-exit-code"]) == (400 if code == 2 else 200, str(code))


def test_a_frontier_over_a_range(client: TestClient) -> None:
    asked = {"question": "frontier", "mandate": FUND["mandate"], "rule": "duration", "sense": "max", "lp": True}
    found = client.post("/api/explain", json={**asked, "from": "3 years", "to": "4 years", "points": 2}).json()
    jsonschema.validate(found, json_schema("frontier"))
    assert [point["limit"] for point in found["points"]] == [3.0, 3.5, 4.0]
    refused(client.post("/api/explain", json={**asked, "from": "3y"}), 400, "base.unit_unknown")


def test_every_option_of_explain_is_a_field(client: TestClient) -> None:
    """By the command line's own list: an option that is added there is asked for here."""
    from typer.main import get_command

    from absalloc.cli.explain_app import explain

    given = {"universe", "mapping", "as_of", "strict", "lang", "as_json", "quiet", "changes", "out", "help"}
    options = {
        param.opts[0].removeprefix("--")
        for command in get_command(explain).commands.values()  # type: ignore[attr-defined]
        for param in command.params
        if param.name not in given
    }
    there = client.get("/openapi.json").json()["components"]["schemas"]["Explain"]["properties"]
    assert {name.replace("-", "_") for name in options} <= set(there)


WEALTH = {"mandate": "wealth-closed-18m.yaml"}
GROUPS = {"law": ["security-share"], "house": ["minimum-term"]}
ASKED: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"question": "prices", "rule": ["security-share", "minimum-term"], "exact": True, "group": GROUPS},
        ["--rule=security-share", "--rule=minimum-term", "--exact", "--group=law=security-share",
         "--group=house=minimum-term"],
    ),
    ({"question": "headroom", "line": ["SYN100024.IB"], "rebalanced": True}, ["--line=SYN100024.IB", "--rebalanced"]),
    ({"question": "menu", "within": "1bp", "count": 2, "lang": "zh"}, ["--within=1bp", "--count=2", "--lang=zh"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), ASKED, ids=lambda x: x["question"] if isinstance(x, dict) else "")
def test_explanations_are_those_of_the_command_line(
    client: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, body: dict[str, Any],
    words: list[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(MARKET)
    assert main(["explain", body["question"], WEALTH["mandate"], "-u", "market.csv", "--json", *words]) == 0
    here = capsys.readouterr().out
    there = client.post("/api/explain", json={**WEALTH, **body})
    assert (there.status_code, there.text) == (200, here)
    jsonschema.validate(there.json(), json_schema(body["question"]))
    if body.get("group"):
        shares = {share["group"]: share["rules"] for share in there.json()["attribution"]["shares"]}
        assert set(GROUPS) < set(shares)


def test_explanations_that_cannot_be_asked_for(client: TestClient) -> None:
    def asked(**body: Any) -> Any:
        return client.post("/api/explain", json={**WEALTH, **body})

    refused(asked(question="frontier", rule=["security-share", "end-date"]), 422, "web.form_long")
    refused(asked(question="prices", rule="security-shar"), 400, "explain.unknown_rule")
    refused(asked(question="prices", exact=True, lp=True), 400, "explain.lp_or_exact")
    refused(asked(question="headroom", lp=True), 400, "cli.no_such_option")
    refused(asked(question="headroom", line=["SYN"]), 400, "explain.unknown_tranche")
    for seconds in (0, -1):
        refused(asked(question="prices", time_limit=seconds), 422, "web.form_least")


def test_files_that_are_sent_are_used(client: TestClient) -> None:
    held = "tranche_id,face\nSYN300004.IB,1000000\n"
    sent = {"持仓.csv": held, "b64.csv": "base64:" + base64.b64encode(held.encode("gb18030")).decode()}
    answers = [client.post("/api/check", json={**FUND, "holdings": name, "files": sent}).json() for name in sent]
    assert answers[0]["schema"] == "absalloc.check/1"
    assert answers[0]["findings"] == answers[1]["findings"]
    assert {line["tranche_id"] for f in answers[0]["findings"] for line in f["lines"]} == {"SYN300004.IB"}


def test_a_plan_keeps_its_schema(client: TestClient) -> None:
    document = client.post("/api/optimise", json={"mandate": "city-bank.yaml"}).json()
    jsonschema.validate(document, json_schema("plan"))
    assert document["status"] == "optimal"


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../../etc/passwd", "${HOME}/x.csv"])
def test_nothing_outside_the_folder_is_read(client: TestClient, name: str, tmp_path: Path) -> None:
    told = client.post("/api/check", json={**FUND, "holdings": name})
    assert told.status_code == 400
    assert told.json()["code"] == ("base.file_missing" if "$" in name else "base.file_outside")
    assert "root:" not in told.text
    text = (MARKET / "bond-fund-open.yaml").read_text(encoding="utf-8")
    assert "curves: curves.csv" in text
    sent = {"fund.yaml": text.replace("curves: curves.csv", f"curves: {name}")}
    found = client.post("/api/check", json={**FUND, "mandate": "fund.yaml", "files": sent})
    assert found.status_code == 400
    assert found.json()["code"] in ("base.file_outside", "base.environment_unset")


@pytest.mark.parametrize(
    "name", ["../x.csv", "a/b.csv", "c:\\x.csv", "con.csv", ".hidden.csv", "x.py", "x.csv\0", "", "x" * 200 + ".csv"]
)
def test_a_file_name_stays_in_its_folder(client: TestClient, name: str) -> None:
    refused(client.post("/api/check", json={**FUND, "files": {name: "a,b\n"}}), 400, "web.file_name")


def test_what_is_sent_is_gone_afterwards(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other tests run beside this one
    client.post("/api/check", json={**FUND, "files": {"x.csv": "a,b\n1,2\n"}})
    assert not list(tmp_path.iterdir())


def test_bad_input_is_told_as_on_the_command_line(client: TestClient) -> None:
    told = refused(
        client.post("/api/optimise", json={"mandate": "city-bank.yaml", "set": {"rwa-budgt.limit": "1%"}}), 400,
        "rulebook.unknown_rule",
    )  # fmt: skip
    assert "rwa-budget" in told["nearest"]
    told = refused(client.post("/api/check", json={"lang": "zh", "mandate": "x.yaml"}), 422, "web.form_missing")
    assert told["message"] == "缺少字段“holdings”。"
    told = refused(client.post("/api/check", json={**FUND, "befor": 3}), 422, "web.form_unknown")
    assert told["nearest"] == "before"
    told = refused(
        client.post("/api/jobs/explain", json={**FUND, "question": "prices", "att": []}), 422, "web.form_unknown"
    )
    assert told["nearest"] == "at"
    told = refused(client.post("/api/check", json={**FUND, "as_of": "yesterday"}), 422, "web.form_pattern")
    assert told["message"] == "as_of: 'yesterday' is not of the form YYYY-MM-DD."
    refused(client.post("/api/check", content=b"{", headers={"content-type": "application/json"}), 422, "web.form_json")
    told = refused(client.post("/api/check", data={"mandate": "x"}), 422, "web.form_body")
    assert "application/x-www-form-urlencoded" in told["message"]
    for word in ("\\ud800", "\\u0000"):  # as JSON writes half a character, and NUL
        sent = f'{{"mandate": "{word}.yaml", "holdings": "x.csv"}}'.encode()
        told = client.post("/api/check", content=sent, headers={"content-type": "application/json"})
        assert (told.status_code, told.json()["code"]) in ((400, "web.form"), (422, "web.form_text"))
    refused(client.get("/api/none"), 404, "web.http_404")
    told = refused(client.get("/api/check", params={"lang": "zh"}), 405, "web.http_405")
    assert "该地址不接受这种请求" in told["message"]


def test_rules_are_read(client: TestClient) -> None:
    listed = client.get("/api/rules", params={"lang": "zh"}).json()
    jsonschema.validate(listed, json_schema("rules-list"))
    shown = client.get("/api/rules/public-fund-open/originator-share").json()
    assert shown["source"]["document"] == "csrc-2006-93"
    refused(client.get("/api/rules/public-fund-open/originator-shar"), 400, "rulebook.unknown_rule")


def test_another_origin_is_refused(client: TestClient) -> None:
    refused(client.post("/api/check", json=FUND, headers={"origin": "http://evil.example"}), 403, "web.origin")
    for name in ("evil.example", "evil.example:8050", "127.0.0.1.evil.example", "localhost:80@evil.example", ""):
        refused(client.get("/api/rules", headers={"host": name}), 400, "web.host")
    for name in ("localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]:8050", "[::1]"):
        assert client.get("/openapi.json", headers={"host": name}).status_code == 200


def test_a_large_request_is_refused_however_it_is_sent() -> None:
    with TestClient(create_app(Settings(most_bytes=1000)), **HERE) as client:
        big = json.dumps({**FUND, "files": {"x.csv": "a" * 2000}}).encode()
        refused(client.post("/api/check", content=big), 413, "web.too_large")
        parts = (big[i : i + 100] for i in range(0, len(big), 100))
        refused(client.post("/api/check", content=parts), 413, "web.too_large")


def test_a_token_is_asked_for_and_a_cookie_carries_it() -> None:
    token = "a-token-of-the-desk"
    with TestClient(create_app(Settings(token=token)), **HERE) as client:
        refused(client.get("/api/rules/public-fund-open/originator-share"), 401, "web.token_wrong")
        refused(client.post(f"/api/check?token={token}", json=FUND), 401, "web.token_wrong")
        path = "/api/rules/public-fund-open/originator-share"
        assert client.get(path, headers={"authorization": f"Bearer {token}"}).status_code == 200
        opened = client.get(path, params={"token": token})
        assert "HttpOnly" in opened.headers["set-cookie"]
        assert "SameSite=Strict" in opened.headers["set-cookie"]
        assert client.get(path).status_code == 200


def test_an_open_address_needs_a_token() -> None:
    with pytest.raises(BadInput, match="ABSALLOC_TOKEN"):
        Settings(host="0.0.0.0")
    with pytest.raises(BadInput, match="too short"):
        Settings(token="short")
    assert Settings(host="0.0.0.0", token="a-token-of-the-desk").hosts == ["*"]


def test_a_request_that_takes_too_long_says_so() -> None:
    with TestClient(create_app(Settings(seconds=0.05)), **HERE) as client:
        refused(client.post("/api/check", json=FUND), 408, "web.too_long")


def test_too_much_at_once_says_so() -> None:
    with TestClient(create_app(Settings(running=1, waiting=-1)), **HERE) as client:
        refused(client.post("/api/check", json=FUND), 429, "web.busy")


def _ended(client: TestClient, name: str) -> dict[str, Any]:
    for _ in range(300):
        state = client.get(f"/api/jobs/{name}").json()
        if state["state"] not in ("queued", "running"):
            return dict(state)
        time.sleep(0.1)
    raise AssertionError(state)


def test_a_job_tells_how_far_it_is_and_gives_the_result(client: TestClient) -> None:
    asked = client.post("/api/jobs/check", json=FUND)
    assert asked.status_code == 202
    job = asked.json()
    assert (job["state"], job["result"]) == ("queued", None)
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        states = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    assert {s["state"] for s in states[:-1]} <= {"queued", "running"}
    assert states[-1]["state"] == "done"
    assert states[-1]["exit_code"] == 1
    assert states[-1]["result"] == client.post("/api/check", json=FUND).json()


def test_a_job_says_what_it_is_at_step_by_step(client: TestClient) -> None:
    job = client.post("/api/jobs/compare", json={"mandate": "city-bank.yaml", "lang": "zh"}).json()
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        states = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    said = [s["progress"] for s in states if s["progress"] is not None]
    assert {s["what"] for s in said} == {"比较板块中"}
    counted = [s["done"] for s in said]
    assert counted == sorted(counted)
    assert 0 < counted[-1] <= said[-1]["total"]
    assert (states[-1]["state"], states[-1]["progress"]) == ("done", None)


def test_jobs_wait_for_their_turn_and_are_never_refused_for_it() -> None:
    with TestClient(create_app(Settings(running=1, waiting=0)), **HERE) as client:
        jobs = [client.post("/api/jobs/check", json=FUND).json() for _ in range(3)]
        assert [job["state"] for job in jobs] == ["queued"] * 3
        client.delete(f"/api/jobs/{jobs[1]['id']}")
        assert [_ended(client, job["id"])["state"] for job in jobs] == ["done", "cancelled", "done"]


def test_a_job_can_be_ended(client: TestClient) -> None:
    job = client.post("/api/jobs/compare", json={"mandate": "city-bank.yaml", "break_even": True}).json()
    assert client.delete(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"
    assert _ended(client, job["id"])["state"] == "cancelled"
    refused(client.get("/api/jobs/nobody-knows-it"), 404, "web.no_job")
    refused(client.delete("/api/jobs/nobody-knows-it"), 404, "web.no_job")


def test_answers_carry_what_keeps_a_page_safe(client: TestClient) -> None:
    head = client.get("/openapi.json").headers
    assert "frame-ancestors 'none'" in head["content-security-policy"]
    assert "unsafe-eval" not in head["content-security-policy"]
    assert head["x-content-type-options"] == "nosniff"
    text = client.get("/openapi.json").text
    assert "http://" not in text
    assert "https://" not in text
    assert client.get("/docs").status_code == 404


def test_a_page_about_files_of_ones_own(tmp_path: Path) -> None:
    import urllib.request

    from web_pages import free_port, serving

    for name in ("city-bank.yaml", "city-bank-holdings.csv", "market.csv", "curves.csv", "city-bank-own-bank.csv"):
        (tmp_path / name).write_bytes((MARKET / name).read_bytes())
    text = (tmp_path / "city-bank.yaml").read_text(encoding="utf-8")
    (tmp_path / "自营.yaml").write_text(text.replace("name: SYN城市银行", "name: 我的账户"), encoding="utf-8")
    (tmp_path / "自营-holdings.csv").write_bytes((tmp_path / "city-bank-holdings.csv").read_bytes())
    with serving(free_port(), str(tmp_path / "自营.yaml"), "-u", str(tmp_path / "market.csv")) as address:
        body = json.dumps(
            {
                "output": "..page.children...lang.data..",
                "outputs": [{"id": "page", "property": "children"}, {"id": "lang", "property": "data"}],
                "inputs": [{"id": "address", "property": "search", "value": "?lang=zh"}],
                "changedPropIds": ["address.search"], "parsedChangedPropsIds": ["address.search"], "state": [],
            }
        ).encode()  # fmt: skip
        asked = urllib.request.Request(
            f"{address}/_dash-update-component", body, {"content-type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            shown = json.dumps(json.loads(answer.read()), ensure_ascii=False)
    assert "我的账户" in shown
    assert "合成数据" not in shown
    assert "SYN安和" not in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["fund.yaml"], "cli.universe_missing"),
        (["-u", "market.csv"], "cli.needs_option"),
        (["nobody.yaml", "-u", "market.csv"], "base.file_missing"),
    ],
)
def test_files_of_ones_own_that_cannot_be_served(words: list[str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from web_pages import free_port

    from absalloc.cli.serve import Own, run_serve
    from absalloc.cli.shell import Shell
    from absalloc.web.page import desks

    monkeypatch.chdir(MARKET)
    monkeypatch.setattr(desks, "_own", None)
    mandates = tuple(word for word in words if word.endswith(".yaml"))
    with pytest.raises(BadInput) as told:
        run_serve(Shell(), "127.0.0.1", free_port(), Own(mandates, ("market.csv",) if "-u" in words else ()))
    desks.universe.cache_clear()
    assert told.value.code == code
