"""Invented names: every company carries the mark SYN, so that none can be taken for a real one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LGFV_CORE = ("江苏", "浙江", "山东")
PROVINCES = (
    "江苏", "浙江", "山东", "广东", "北京", "上海", "四川", "重庆", "湖北", "河南",
    "天津", "安徽", "福建", "湖南", "陕西", "江西", "贵州", "云南",
)  # fmt: skip
_FIRST = "云泽晴岚汇澄沐远景禾启棠砚屿朔川栖溪黎舟素青"
_SECOND = "禾川屿澜桥棠庭野岭汀泽舟峦石杉湖原岚月星"


@dataclass(frozen=True)
class Party:
    """A company: its name, the group behind it and where it sits."""

    name: str
    group: str
    region: str


class NameBook:
    """Hands out unique invented two-character names, in an order fixed by the seed."""

    def __init__(self, rng: np.random.Generator) -> None:
        pairs = [a + b for a in _FIRST for b in _SECOND if a != b]
        self._names: list[str] = [pairs[int(i)] for i in rng.permutation(len(pairs))]
        self._rng = rng

    def take(self) -> str:
        """Return the next unused name."""
        return self._names.pop()

    def parties(
        self, count: int, suffix: str, *, regions: tuple[str, ...] = PROVINCES, siblings: float = 0.2
    ) -> list[Party]:
        """Return ``count`` companies; a share ``siblings`` of them belongs to the group of the one before."""
        found: list[Party] = []
        for _ in range(count):
            word = self.take()
            if found and self._rng.random() < siblings:
                group, region = found[-1].group, found[-1].region
            else:
                region = regions[int(self._rng.integers(len(regions)))]
                group = f"SYN{word}集团"
            found.append(Party(f"SYN{word}{suffix}", group, region))
        return found

    def lgfvs(self, count: int) -> list[Party]:
        """Return urban-investment companies, about two thirds of them in Jiangsu, Zhejiang and Shandong."""
        found = []
        for i in range(count):
            core = i % 3 != 2
            pool = LGFV_CORE if core else PROVINCES[3:]
            region = pool[int(self._rng.integers(len(pool)))]
            word = self.take()
            kind = ("交通", "城建", "水务", "国资", "公用", "保障房")[i % 6]
            found.append(Party(f"SYN{region}{word}{kind}", f"SYN{region}{word}集团", region))
        return found


@dataclass(frozen=True)
class Cast:
    """Everybody who appears in the market."""

    banks: list[Party]
    auto: list[Party]
    consumer: list[Party]
    leasing: list[Party]
    lenders: list[Party]
    corporates: list[Party]
    property: list[Party]
    factoring: list[Party]
    trusts: list[Party]
    lgfvs: list[Party]
    managers: list[Party]
    insurers: list[Party]


def cast(rng: np.random.Generator, scale: int) -> Cast:
    """Return the companies of a market ``scale`` times the shipped one (names are added, at most three times)."""
    book, k = NameBook(rng), min(scale, 3)
    return Cast(
        banks=book.parties(12 * k, "银行", siblings=0.0),
        auto=book.parties(9 * k, "汽车金融", siblings=0.0),
        consumer=book.parties(6 * k, "消费金融", siblings=0.0),
        leasing=book.parties(18 * k, "租赁"),
        lenders=book.parties(7 * k, "小贷"),
        corporates=book.parties(18 * k, "建设"),
        property=book.parties(12 * k, "商业管理"),
        factoring=book.parties(7 * k, "保理"),
        trusts=book.parties(6 * k, "信托", siblings=0.0),
        lgfvs=book.lgfvs(22 * k),
        managers=book.parties(10, "证券资管", siblings=0.0),
        insurers=book.parties(5, "保险资管", siblings=0.0),
    )
