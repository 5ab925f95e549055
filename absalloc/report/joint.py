"""The folder of several books planned together, and its answer in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.report.files import check_folder, json_text, write_all
from absalloc.report.folder import PLAN_FILES, plan_files
from absalloc.report.words import BETWEEN, DASH, LISTED, say, shown, yuan_in_full

if TYPE_CHECKING:
    from absalloc.plan.result import Plan

JOINT_FILES = ("plans.json", "certificate.json")
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def book_folders(names: Sequence[str]) -> list[str]:
    """Return a folder name a book, fit for every file system: its mandate's name, numbered where two would be one."""
    found: list[str] = []
    for number, name in enumerate(names, 1):
        fit = _UNFIT.sub("_", name).strip(" .") or str(number)
        fit = f"_{fit}" if _DEVICE.match(fit) or fit in JOINT_FILES else fit
        taken = {other.casefold() for other in found}
        found.append(f"{fit}-{number}" if fit.casefold() in taken else fit)
    return found


def write_joint_folder(plan: Any, document: Mapping[str, Any], folder: str | Path, lang: str = "en") -> None:
    """Write ``plans.json``, the one certificate and a folder a book; ``document`` is the JSON in that language.

    ``plan`` has ``books``, as ``Plan``, and ``certificate``. Raises BadInput where the folder cannot be written.
    """
    from absalloc.plan.certificate import certificate_bytes

    top = Path(folder)
    books: Sequence[Plan] = plan.books
    names = book_folders(document["mandates"])
    # All folders before the first file: of several books none is written alone.
    for known, where in ((JOINT_FILES, top), *((PLAN_FILES, top / name) for name in names)):
        check_folder(where, known)
    for name, book, part in zip(names, books, document["books"], strict=True):
        contents = plan_files(book, part, lang)
        # The proof is of all books together, and stands once, above them.
        contents.pop("certificate.json", None)
        write_all(top / name, contents, PLAN_FILES)
    proof = {} if plan.certificate is None else {"certificate.json": certificate_bytes(plan.certificate)}
    write_all(top, {"plans.json": json_text(document), **proof}, JOINT_FILES)


def joint_answer(document: Mapping[str, Any], lang: str) -> str:
    """Return what the books earn together and what binds them; or why there is no plan."""
    names = LISTED[lang].join(document["mandates"])
    if document["objective"] is None:
        key = "joint_infeasible" if document["status"] == "infeasible" else "joint_stopped"
        rules = LISTED[lang].join(clash_words(document["conflict"], lang)) or DASH
        return say(key, lang, books=names, reason=document["reason"] or DASH, rules=rules)
    over = [item["rule"] for item in document["binding"] if len(item["books"]) > 1]
    text = say(
        "joint_found", lang, books=names, yuan=yuan_in_full(document["objective"]["carry_yuan"]),
        on_nav=shown(document["objective"]["on_nav"], "ratio", lang), shared=len(document["shared"]),
        rules=LISTED[lang].join(dict.fromkeys(over)) or DASH,
    )  # fmt: skip
    if document["status"] != "optimal":
        text += BETWEEN[lang] + say("plan_unproven", lang, reason=document["reason"] or DASH)
    return text


def clash_words(conflict: Sequence[Mapping[str, Any]], lang: str) -> list[str]:
    """Return the rules of a conflict with their books."""
    return [
        say("joint_supply", lang)
        if item["rule"] is None
        else say("joint_rule", lang, rule=item["rule"], books=LISTED[lang].join(item["books"]))
        for item in conflict
    ]
