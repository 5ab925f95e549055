"""PDF files: A4 with page numbers, fonts inside, the numbers of the JSON, nothing fetched, refused where they must."""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader, Transformation

import absalloc as aa
from absalloc.cli import main
from absalloc.errors import BadInput
from absalloc.report import check_html
from absalloc.report.html import memo_html
from absalloc.report.memo import memo_of
from absalloc.report.pdf import check_pdf, pdf_of
from absalloc.report.view import view_of

MARKET = Path(__file__).resolve().parent.parent.parent / "examples" / "market"
PAGE_OF = {"en": "Page {} of {}", "zh": "第 {} 页，共 {} 页"}
HEADS = {"en": "Numerator", "zh": "分子"}
A4 = (595.28, 841.89)


@pytest.fixture(scope="module", autouse=True)
def pango() -> None:
    try:
        check_pdf()
    except BadInput as error:
        pytest.skip(f"no PDF can be made here: {error}")


@pytest.fixture(scope="module", params=["en", "zh"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    lang = str(request.param)
    folder = tmp_path_factory.mktemp(lang) / "计划"
    words = ["optimise", str(MARKET / "city-bank.yaml"), "-u", str(MARKET / "market.csv"), "--lang", lang, "--quiet"]
    assert main([*words, "--out", str(folder), "--pdf"]) == 0
    return lang, folder


def texts(path: Path) -> list[str]:
    return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(path).pages]


def fonts(reader: PdfReader) -> Iterator[Any]:
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            yield font.get_object()


@pytest.mark.parametrize("name", ["report", "memo"])
def test_pages_are_a4_and_numbered(made: tuple[str, Path], name: str) -> None:
    lang, folder = made
    pages = PdfReader(folder / f"{name}.pdf").pages
    assert len(pages) > 2
    for number, (page, text) in enumerate(zip(pages, texts(folder / f"{name}.pdf"), strict=True), start=1):
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(A4, abs=0.1)
        assert PAGE_OF[lang].format(number, len(pages)) in text


def test_every_font_is_in_the_file(made: tuple[str, Path]) -> None:
    for name in ("report", "memo"):
        found = list(fonts(PdfReader(made[1] / f"{name}.pdf")))
        assert found
        for font in found:
            inner = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(inner), font["/BaseFont"]


def test_the_numbers_are_those_of_the_json(made: tuple[str, Path]) -> None:
    document = json.loads((made[1] / "plan.json").read_text(encoding="utf-8"))
    report, memo = (" ".join(texts(made[1] / f"{name}.pdf")) for name in ("report", "memo"))
    assert f"{document['objective']['carry_yuan']:,.2f}" in report
    for line in document["holdings"]:
        face, worth = (f"{line[key]:,.2f}".removesuffix(".00") for key in ("face", "market_value"))
        assert re.search(rf"{re.escape(line['tranche_id'])} .{{0,120}}{face} {worth} {line['weight']:.2%}", report)
    shares = [f for f in document["findings"] if f["unit"] == "ratio" and f["value"] is not None]
    assert len(shares) > 20
    for item in shares:
        part, whole = (f"{item[key]:,.2f}".removesuffix(".00") for key in ("numerator", "denominator"))
        assert re.search(rf"(?<![\d,]){part} / {whole} = ", memo), item["rule"]


def test_nobody_signs_a_page_with_nothing_else_on_it(made: tuple[str, Path]) -> None:
    lang, folder = made
    signed, hashed = {"en": ("Prepared by", "SHA-256"), "zh": ("编制人", "SHA-256")}[lang]
    last = texts(folder / "memo.pdf")[-1]
    assert signed in last
    assert hashed in last


def test_the_header_of_a_table_stands_on_each_of_its_pages(made: tuple[str, Path]) -> None:
    lang, folder = made
    pages = texts(folder / "report.pdf")
    start = next(number for number, text in enumerate(pages) if HEADS[lang] in text)
    assert len(pages) - start > 1
    assert all(HEADS[lang] in text for text in pages[start:])


def drawings(page: Any) -> list[tuple[float, float, float, float]]:
    """Return (left, bottom, right, top) of each form that a page places, in points: every text of a chart is one."""
    forms = {
        name: [float(v) for v in form.get_object()["/BBox"]]
        for name, form in page["/Resources"].get("/XObject", {}).items()
        if form.get_object()["/Subtype"] == "/Form"
    }
    now, stack, found = Transformation(), [], []
    for operands, operator in page.get_contents().operations:
        if operator == b"q":
            stack.append(now)
        elif operator == b"Q":
            now = stack.pop()
        elif operator == b"cm":
            now = Transformation(tuple(float(v) for v in operands)).transform(now)
        elif operator == b"Do" and operands[0] in forms:
            box = forms[operands[0]]
            (a, b), (c, d) = now.apply_on(box[:2]), now.apply_on(box[2:])
            found.append((min(a, c), min(b, d), max(a, c), max(b, d)))
    return found


def test_every_text_of_a_chart_lies_within_the_margins(made: tuple[str, Path]) -> None:
    reader = PdfReader(made[1] / "report.pdf")
    boxes = [box for page in reader.pages for box in drawings(page)]
    assert len(boxes) > 20
    for left, bottom, right, top in boxes:
        assert left >= 28
        assert bottom >= 28
        assert right <= A4[0] - 28
        assert top <= A4[1] - 28


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_text_stands_beyond_the_margin(lang: str) -> None:
    import weasyprint

    universe = aa.load_universe(MARKET / "market.csv")
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    found = aa.check(universe, mandate, MARKET / "bond-fund-open-holdings.csv")
    document = found.to_json(lang)
    # One finding a rule says as much about the widths of the columns as all of them.
    document["findings"] = list({item["rule"]: item for item in document["findings"]}.values())
    view = view_of(found.states[0])
    made = {"mandate": mandate, "universe": universe, "view": view}
    pages = check_html(document, lang, holdings="h.csv", **made), memo_html(memo_of(document, lang, **made), lang)
    for page in pages:
        for sheet in weasyprint.HTML(string=page).render().pages:
            ends = [
                (box.position_x + box.width, box.text)
                for box in sheet._page_box.descendants()
                if getattr(box, "text", "") and box.width
            ]
            ends += [
                (box.position_x + box.width, box.element_tag)
                for box in sheet._page_box.descendants()
                if box.element_tag == "div" and isinstance(box.width, float)
            ]
            assert max(ends)[0] < sheet.width - 40, max(ends)


def test_the_same_page_gives_the_same_bytes(made: tuple[str, Path]) -> None:
    page = (made[1] / "memo.html").read_text(encoding="utf-8")
    assert pdf_of(page) == (made[1] / "memo.pdf").read_bytes()


def test_a_run_without_pdf_leaves_none_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "check.json").write_text('{"schema": "absalloc.check/1"}', encoding="utf-8")
    for name in ("report.pdf", "memo.pdf", "mine.pdf"):
        (tmp_path / name).write_text("of yesterday", encoding="utf-8")
    words = ["check", str(MARKET / "city-bank.yaml"), str(MARKET / "city-bank-holdings.csv")]
    main([*words, "-u", str(MARKET / "market.csv"), "--quiet", "--out", str(tmp_path)])
    assert [path.name for path in tmp_path.glob("*.pdf")] == ["mine.pdf"]
    assert (tmp_path / "memo.html").exists()


def test_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        pdf_of(
            f'<p>A</p><img src="http://127.0.0.1:{port}/x.png"><link rel="stylesheet" href="{MARKET.as_uri()}/x.css">'
        )
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_character_without_a_font_is_refused_not_boxed() -> None:
    with pytest.raises(BadInput, match="No font") as told:
        pdf_of("<p>A \U0010fffd B</p>")
    assert told.value.value == "\U0010fffd"
    assert not [h for h in logging.getLogger("weasyprint").handlers if not isinstance(h, logging.NullHandler)]
    assert PdfReader(io.BytesIO(pdf_of("<p>A B</p>"))).pages[0].extract_text().strip() == "A B"


def test_pdf_needs_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    holdings = str(MARKET / "city-bank-holdings.csv")
    for words in (["optimise", "x.yaml"], ["check", "x.yaml", holdings], ["rebalance", "x.yaml", holdings]):
        assert (
            main([words[0], str(MARKET / "city-bank.yaml"), *words[2:], "-u", str(MARKET / "market.csv"), "--pdf"]) == 2
        )
        assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fake", "code", "help_"),
    [
        ("raise ImportError", "report.pdf_no_weasyprint", "absalloc[pdf]"),
        ("raise OSError('cannot load libpango-1.0-0\\nmore')", "report.pdf_no_pango", "libpango-1.0-0"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_written(
    fake: str,
    code: str,
    help_: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "weasyprint.py").write_text(fake, encoding="utf-8")
    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["optimise", str(MARKET / "city-bank.yaml"), "-u", str(MARKET / "market.csv")]
    for lang in ("en", "zh"):
        assert main([*words, "--out", str(tmp_path / "out"), "--pdf", "--lang", lang, "--json"]) == 2
        told = json.loads(capsys.readouterr().out)
        assert told["code"] == code
        assert help_ in told["message"]
        assert ("浏览器" in told["message"]) == (lang == "zh")
    assert not (tmp_path / "out").exists()
