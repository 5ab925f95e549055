"""A rulebook of one's own: the template works as it is, and each usual mistake is told with line and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from absalloc.compliance.cases import run_cases
from absalloc.errors import BadInput
from absalloc.rulebook import json_schema, load_rulebook
from absalloc.rulebook.new import SCHEMA_FILE, new_rulebook
from absalloc.study.lint import lint, of_book

BOOK = """\
rulebook: mine
modelled: {from: 2024-01-01, verified_until: 2026-12-31}
sources:
  g: {title: Guideline}
rules:
  - id: one
    kind: share
    title: {en: a, zh: 甲，乙}
    source: {document: g, article: "1", ref: g, confidence: text_seen}
    where: {product: [abn, credit_abs]}
    by: originator
    of: nav
    max: 20%
"""


def test_what_is_written_to_start_from_is_complete(tmp_path: Path) -> None:
    book, cases, schema = new_rulebook("my-house", tmp_path)
    report = run_cases(book)
    assert report.ok
    assert report.missing == ()
    assert cases.name == "my-house.cases.yaml"
    assert lint(of_book(load_rulebook(book), load_rulebook(book).book.modelled.from_)).findings == ()
    # The editor's schema accepts it, and the first line of the file leads there.
    first = book.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=./{SCHEMA_FILE}"
    written = json.loads(schema.read_text(encoding="utf-8"))
    data = yaml.load(book.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    jsonschema.Draft202012Validator(written).validate(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(written).validate({**data, "rule": []})


def test_nothing_is_written_over_and_no_shipped_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "mine.cases.yaml").write_text("kept", encoding="utf-8")
    with pytest.raises(BadInput, match="is there already"):
        new_rulebook("mine", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.cases.yaml"]
    for name in ("house", "My House", "单一", "../up"):
        with pytest.raises(BadInput, match="no name for a rulebook"):
            new_rulebook(name, tmp_path)


def test_every_key_of_the_schema_says_what_it_means() -> None:
    schema = json_schema()
    models = {"Book": schema, **schema["$defs"]}
    bare = [
        f"{n}.{k}" for n, m in models.items() for k, p in m.get("properties", {}).items() if not p.get("description")
    ]
    assert bare == []


MISTAKES = [
    ("max: 20%", "max: 20", "mine.yaml:13:5: '20' needs a unit: write 20%"),
    ("max: 20%", "max: 5000万", "The nearest valid one is 'wan'"),
    ("    by: o", "\tby: o", "mine.yaml:11:1: This line is indented with a tab"),
    ("by: o", "by：o", "mine.yaml:11:7: '：' is a full-width mark. Write ':'"),
    ("max: 20%", "max： 20%", "mine.yaml:13:8: '：' is a full-width mark"),
    ("rulebook: ", "rulebook：", "mine.yaml:1:9: '：' is a full-width mark"),
    ("{document: g,", "{document: g，", "mine.yaml:9:25: '，' is a full-width mark. Write ','"),
    ('"1"', "“1”", "mine.yaml:9:36: '“1”' stands in Chinese quotation marks"),
    ("abn, credit_abs", "abn，credit_abs", "Write several as [abn, credit_abs]"),
    ("by: originator", "by: originater", "mine.yaml:11:5: Rule 'one' names the column 'originater'"),
    ("by: originator", "byy: originator", "The nearest valid one is 'by'"),
    ("credit_abs]", "credit_ab]", "The nearest valid one is 'credit_abs'"),
    ("甲，乙}", "甲", "mine.yaml:8:12: This '{' is never closed"),
    ("    of: nav", "     of: nav", "mine.yaml:12:6: This line begins after 5 spaces and the one before after 4"),
    ("  - id: one", "    id: one", "rules is a list: each entry on a line of its own"),
    ("title: {en: a, zh: 甲，乙}", "title: 甲", "rules[one].title has keys of its own: write {en: …, zh: …}"),
    ("id: one", "id: One_Rule", "'One_Rule' is no id"),
    ("document: g", "document: h", "there are: g"),
    ("kind: share", "kind: shares", "rules[one].kind: 'shares' is none of the words"),
    ("of: nav", "of: navs", "The nearest valid one is 'nav'"),
    ("by: originator", "by:", "The key 'by' has no value"),
    ("max: 20%", "max: 20%\n  - id: one\n    kind: share", "is missing"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES, ids=[wrong.strip()[:24] for _, wrong, _ in MISTAKES])
def test_a_usual_mistake_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert right in BOOK
    Path("mine.yaml").write_text(BOOK.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(BadInput) as found:
        run_cases("mine.yaml")  # the rulebook is read before its cases are looked for
    assert said in found.value.text()
    assert "mine.yaml:" in found.value.text()
    assert found.value.text("zh") != found.value.text()


def test_an_id_that_stands_twice_and_a_per_cent_sign_of_full_width(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(BOOK + BOOK[BOOK.index("  - id: one") :], encoding="utf-8")
    with pytest.raises(BadInput, match="stands twice in this rulebook \\(first on line 6\\)"):
        load_rulebook(path)
    path.write_text(BOOK.replace("20%", "20％"), encoding="utf-8")
    assert str(load_rulebook(path).rules["one"].max[0].value.text) == "20%"  # type: ignore[index,union-attr]


def test_a_rulebook_without_cases_says_which_file_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(BOOK, encoding="utf-8")
    with pytest.raises(BadInput, match=r"expected the file .*mine\.cases\.yaml.*absalloc rules new"):
        run_cases(path)


def test_marks_of_full_width_within_texts_are_let_be(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(BOOK.replace('"1"', '"“一”：（二）"'), encoding="utf-8")
    assert load_rulebook(path).rules["one"].source.article == "“一”：（二）"
