"""Standard or not, as data: each row of the reference, what is unknown, bad tables."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from absalloc.errors import BadInput
from absalloc.predicate import parse_predicate, truth
from absalloc.terms import ABS_PRODUCTS, COLUMNS, PRODUCTS
from absalloc.universe.recognition import decided, is_nonstandard
from absalloc.universe.recognition_table import read_recognition, recognition, recognition_schema
from absalloc.yamlpos import parse_yaml

FOLDER = Path(__file__).resolve().parents[2] / "constraints"
MARKETS = (*COLUMNS["market"].values, None)


@pytest.mark.parametrize(
    ("product", "market", "wanted"),
    [
        ("credit_abs", "interbank", False),
        ("credit_abs", None, False),
        ("credit_abs", "other", True),
        ("abn", "interbank", False),
        ("abn", "other", True),
        ("enterprise_abs", "exchange", False),
        ("enterprise_abs", "other", True),
        ("enterprise_abs", "interbank", None),
        ("enterprise_abs", None, None),
        ("insurance_plan", None, True),
        ("insurance_plan", "other", True),
        ("credit_bond", "exchange", False),
        ("credit_bond", "other", True),
        ("fund", None, False),
        ("deposit", "other", False),
    ],
)
def test_the_table_decides(product: str, market: str | None, wanted: bool | None) -> None:
    assert is_nonstandard(product, market) is wanted


def test_every_product_has_an_answer_and_only_unlisted_abs_have_none() -> None:
    open_ = {(p, m) for p in PRODUCTS for m in MARKETS if is_nonstandard(p, m) is None}
    assert open_ == {("enterprise_abs", "interbank"), ("enterprise_abs", None)}
    assert is_nonstandard(None, "exchange") is None


def test_every_row_decides_something() -> None:
    table = recognition()
    for row in table.rows:
        left = [(other.where, other.nonstandard) for other in table.rows if other.id != row.id]
        assert any(decided(left, p, m) is not is_nonstandard(p, m) for p in PRODUCTS for m in MARKETS), row.id


@pytest.mark.real
def test_rows_cite_the_reference_and_are_as_sure_as_it_is(shared: Path) -> None:
    text = (shared / "reference" / "regulations.md").read_text(encoding="utf-8").split("## 7.")[1].split("## 8.")[0]
    codes = {"T": "text_seen", "S": "secondary", "inference": "unverified"}
    cited = {}
    for line in text.splitlines():
        cells = [cell.strip().replace("*", "") for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4:
            cited[cells[0]] = (cells[1], cells[3])
    for row in recognition().rows:
        if row.source.ref == "definition":
            assert "Definition text (T)" in text
            continue
        treatment, confidence = cited[row.source.ref]
        assert row.nonstandard is treatment.startswith("non-standard"), row.id
        assert codes[confidence] == row.source.confidence, row.id


def test_the_committed_schema_is_current_and_accepts_the_table() -> None:
    written = json.loads((FOLDER / "standard-debt.schema.json").read_text(encoding="utf-8"))
    assert written == recognition_schema(), (
        "python -m absalloc.universe.recognition > constraints/standard-debt.schema.json"
    )
    data = yaml.safe_load((FOLDER / "standard-debt.yaml").read_text(encoding="utf-8"))
    data = json.loads(json.dumps(data, default=str))
    assert list(jsonschema.Draft202012Validator(written).iter_errors(data)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("product: insurance_plan}", "product: insurance_plans}", "insurance_plan"),
        ("market: other}", "venue: other}", "product, market"),
        ("document: pbc-2020-5", "document: pbc-2020-6", "pbc-2020-5"),
        ("    nonstandard: true\n", "", "nonstandard"),
    ],
)
def test_a_bad_table_is_one_clear_error_with_its_line(old: str, new: str, message: str) -> None:
    text = (FOLDER / "standard-debt.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadInput, match=message) as error:
        read_recognition(parse_yaml(text.replace(old, new, 1), "standard-debt.yaml"))
    assert error.value.where.line


def test_truth_of_texts() -> None:
    facts = {"product": "abn", "market": None}
    known = parse_predicate({"product": list(ABS_PRODUCTS)})
    assert truth(known, facts) is True
    assert truth(parse_predicate({"market": "other"}), facts) is None
    assert truth(parse_predicate({"product": "fund", "market": "other"}), facts) is False
    assert truth(parse_predicate({"any": [{"market": "other"}, {"product": "abn"}]}), facts) is True
    assert truth(parse_predicate({"any": [{"market": "other"}, {"product": "fund"}]}), facts) is None
    assert truth(parse_predicate({"not": {"market": "other"}}), facts) is None
    assert truth(parse_predicate({"missing": "market"}), facts) is True
    with pytest.raises(BadInput):
        truth(parse_predicate({"wal": {"max": "3"}}), facts)
