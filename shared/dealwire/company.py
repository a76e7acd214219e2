"""Which company is meant, however its name is written (L3, X4)."""

from __future__ import annotations

import re
from functools import lru_cache

from cleanco.termdata import terms_by_country, terms_by_type  # type: ignore[import-untyped]
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from dealwire.errors import Rejected
from dealwire.text import plain, words

_LEAST = 2
"""Letters that a name keeps at least: "AG" and "公司" are names when there is nothing else."""

_CHINESE_FORM = re.compile(
    "(?:集团|总)?(?:股份|责任|有限|无限)*(?<!分)公司$|集团$|(?:有限|普通)合伙$|^(?:株式|有限|合同)会社|(?:株式|有限|合同)会社$"
)
_IN_BRACKETS = re.compile(r"[(\[【]([^()\[\]【】]*)[)\]】]")
_FORMS_IN_BRACKETS = {"集团", "控股", "股份", "有限合伙", "普通合伙", "株", "有"}
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")

_PLACES = re.compile(
    "^(中国|北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州"
    "|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|广州|深圳|杭州|南京|苏州|无锡|宁波|温州|青岛|济南|武汉"
    "|长沙|成都|西安|郑州|合肥|福州|厦门|泉州|南昌|昆明|贵阳|南宁|海口|太原|石家庄|沈阳|大连|长春|哈尔滨|兰州|银川|西宁"
    "|乌鲁木齐|呼和浩特|东莞|佛山|珠海|中山|惠州|常州|南通|扬州|嘉兴|绍兴|金华|台州|烟台|潍坊|徐州|洛阳|唐山)[市省]?"
)

_NO_FORMS = {("uk",), ("nl",), ("at",), ("ok",), ("private",)}  # what else they are weighs more
_WESTERN_FORMS = frozenset(
    form
    for terms in (*terms_by_type.values(), *terms_by_country.values())
    for term in terms
    for form in (tuple(words(plain(term))), ("".join(words(plain(term))),))
) - {(), *_NO_FORMS}
_LONGEST_FORM = max(map(len, _WESTERN_FORMS))
_BEFORE_A_FORM = {"co", "company", "pvt", "private", "pte", "pty"}
_IDLE = {"and", "the", "und", "et"}


@lru_cache(maxsize=10_000)
def fold(name: str) -> str:
    """One company has one folded name: width, case, accents, script, spaces, punctuation and legal form do not count
    (L3).

    A place in brackets is the place in front: 华为技术（深圳）有限公司 is 深圳华为技术. It is kept, since 深圳 and 北京
    are two companies; a branch (分公司) is kept apart from its company, too. A name of nothing else stays as it is.
    """
    even = plain(name)
    whole = "".join(words(even)) or " ".join(even.split()) or name.strip()
    named = _without_western_form(words(_places_first(even)))
    bare = _without_chinese_form("".join([word for word in named if word not in _IDLE] or named))
    return _PLACES.sub(r"\1", bare) if len(bare) >= _LEAST else whole


def core(folded: str) -> str:
    """A folded name without the place in front, by which likeness is looked for."""
    rest = _PLACES.sub("", folded)
    return rest if len(rest) >= _LEAST else folded


def credit_code(typed: str) -> str:
    """China's unified social credit code (GB 32100) with its check digit right, else Rejected."""
    try:
        code = str(uscc.validate(plain(typed).upper()))
    except ValidationError as error:
        raise Rejected("bad-uscc", f"{typed!r} is no unified social credit code: {error}", pointer="/uscc") from error
    if code.startswith("0"):  # no department registers under 0, but whoever knows no code types zeros, which add up
        raise Rejected("bad-uscc", f"{typed!r} is no unified social credit code.", pointer="/uscc")
    return code


def _places_first(even: str) -> str:
    places = []

    def moved(bracket: re.Match[str]) -> str:
        inside = bracket[1].strip()
        if inside in _FORMS_IN_BRACKETS:
            return ""
        if not _CHINESE.fullmatch(inside):
            return f" {inside} "
        places.append(inside)
        return ""

    rest = _IN_BRACKETS.sub(moved, even)
    return "".join(places) + rest


def _without_western_form(name: list[str]) -> list[str]:
    for length in range(min(_LONGEST_FORM, len(name) - 1), 0, -1):
        if tuple(name[-length:]) in _WESTERN_FORMS:
            name = name[:-length]
            break
    while len(name) > 1 and name[-1] in _BEFORE_A_FORM:
        name = name[:-1]
    return name


def _without_chinese_form(name: str) -> str:
    while len(bare := _CHINESE_FORM.sub("", name)) >= _LEAST and bare != name:
        name = bare
    return name
