"""From the columns of somebody's file to a capture (L1)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from dealwire.catalogue.common import Channel, Line, Money, Text, minor_digits
from dealwire.catalogue.sources import Preset
from dealwire.errors import Rejected
from lead_service.domain.lead import Capture

Mapping = dict[str, tuple[str, ...]]
"""Of each field of a capture the columns it is looked for in; the first that says something counts."""

NEEDED = ("company", "name")
REACHED_BY = ("phone", "email")

_NAMES = {
    "company": "company company_name account account_name organization organisation customer customer_name"
    " 公司 公司名称 公司名 单位 单位名称 企业 企业名称 客户 客户名称 机构 机构名称",
    "name": "name contact contact_name contact.name full_name person 联系人 联系人姓名 姓名 称呼 客户联系人",
    "phone": "phone mobile cell contact.phone phone_number mobile_phone tel telephone"
    " 手机 手机号 手机号码 移动电话 电话 电话号码 联系电话 联系方式 固定电话 座机",
    "email": "email e_mail mail contact.email email_address 邮箱 电子邮箱 邮件 电子邮件 邮箱地址",
    "title": "title job_title position contact.title 职位 职务 岗位 头衔",
    "channel": "channel source lead_source 来源 渠道 线索来源 获客渠道 来源渠道",
    "campaign": "campaign campaign_name event 活动 活动名称 市场活动 展会名称",
    "cost": "cost lead_cost 成本 费用 获客成本",
    "currency": "currency cost.currency 币种 货币",
    "industry": "industry sector vertical 行业 所属行业 行业类别",
    "region": "region area province state city territory 地区 区域 省份 省 所在地区 城市 所在地",
    "size": "size employees headcount company_size 规模 人数 员工人数 员工数 公司规模 企业规模",
    "product_line": "product_line product line 产品线 产品 意向产品 产品系列",
    "uscc": "uscc credit_code tax_id 统一社会信用代码 社会信用代码 信用代码 税号",
    "need": "need needs requirement requirements note notes comment comments message"
    " 需求 需求描述 备注 说明 留言 咨询内容",
}
"""What columns are called; of several that a file has, the one that is named first comes first."""

_CHANNELS = {
    Channel.WEB_FORM: "web website form 官网 网站 表单 在线咨询",
    Channel.EXPO: "exhibition fair trade_show tradeshow 展会 展览 博览会",
    Channel.EVENT: "seminar webinar conference 活动 会议 研讨会 沙龙 线下活动",
    Channel.CONTENT: "blog whitepaper 内容 内容营销 白皮书 公众号",
    Channel.SEARCH: "seo sem google baidu 搜索 搜索引擎 百度 搜索推广",
    Channel.SOCIAL: "social_media linkedin wechat 社交 社交媒体 社媒 微信 抖音",
    Channel.ADVERTISING: "ad ads advertisement 广告 广告投放 信息流",
    Channel.PARTNER: "reseller distributor 合作伙伴 伙伴 渠道商 代理商",
    Channel.REFERRAL: "recommendation word_of_mouth 转介绍 推荐 老客户推荐 介绍",
    Channel.CHAMBER: "chamber_of_commerce association 商会 协会 行业协会",
    Channel.COLD_CALL: "call phone_call telesales 电话 电销 陌生电话 电话营销 陌拜",
    Channel.COLD_EMAIL: "mailing email 邮件营销 邮件 开发信",
    Channel.MARKETING_POOL: "marketing pool 市场线索 市场公海 公海",
    Channel.REPURCHASE: "existing_customer renewal upsell 复购 老客户 续购 增购",
}

_APART = re.compile(r"[\s\-_/()\[\]:：*（）【】]+")
_NUMBER = re.compile(r"\d+")


class _Person(BaseModel):
    name: Line
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    title: Line | None = None


class _Row(BaseModel):
    """As a capture by API is: what is too long for a capture is too long in a file."""

    company: Line
    contact: _Person
    channel: Channel
    campaign: Line | None = None
    cost: Money | None = None
    industry: Line | None = None
    region: Line | None = None
    size: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    product_line: Line | None = None
    uscc: Line | None = None
    need: Text | None = None


def guess(columns: Sequence[str]) -> Mapping:
    """Which column is what, by its name in Chinese or English, whatever its case, width and punctuation."""
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(_folded(column), column)
    found = {field: tuple(folded[name] for name in names if name in folded) for field, names in _BY_FIELD.items()}
    return {field: names for field, names in found.items() if names}


def read_row(cells: Sequence[str], columns: Sequence[str], mapping: Mapping, preset: Preset) -> Capture:
    """What a row tells. Raises Rejected with the field that cannot be read."""
    there = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if cell and cell.strip()}
    told = {field: next((there[name] for name in names if name in there), None) for field, names in mapping.items()}
    row: dict[str, Any] = {
        **{field: told.get(field) for field in _PLAIN},
        "contact": {field: told.get(field) for field in ("name", "phone", "email", "title")},
        "channel": _channel(channel) if (channel := told.get("channel")) else preset.channel,
        "campaign": told.get("campaign") or preset.campaign,
        "size": _size(size) if (size := told.get("size")) else None,
        "cost": _money(told, preset) or preset.cost,
    }
    try:
        return Capture.model_validate(_Row.model_validate(row).model_dump())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        pointer = "".join(f"/{part}" for part in fault["loc"])
        if not told.get(str(fault["loc"][-1])):
            raise Rejected("missing", f"There is no {fault['loc'][-1]}.", pointer=pointer) from None
        raise Rejected("unreadable", f"{fault['msg'].removeprefix('Value error, ')}.", pointer=pointer) from None


def _folded(name: str) -> str:
    """Without case, width, punctuation and spaces, which people type as they come (X10)."""
    return _APART.sub("_", unicodedata.normalize("NFKC", name).casefold()).strip("_")


def _channel(typed: str) -> Channel:
    known = _CHANNEL_NAMES.get(_folded(typed))
    if known is None:
        raise Rejected("unknown-channel", f"{typed!r} is no channel: {', '.join(Channel)}.", pointer="/channel")
    return known


def _size(typed: str) -> int:
    """The number of employees; of a range such as 100-499人 the lower end."""
    found = _NUMBER.search(unicodedata.normalize("NFKC", typed).replace(",", ""))
    if found is None:
        raise Rejected("unreadable", f"{typed!r} is no number of employees.", pointer="/size")
    return int(found[0][:12])


def _money(told: dict[str, str | None], preset: Preset) -> Money | None:
    """An amount in major units, as people write them, in the row's currency or the one that the import is preset to."""
    typed = told.get("cost")
    if not typed:
        return None
    currency = (told.get("currency") or (preset.cost.currency if preset.cost else "CNY")).upper()
    try:
        amount = Decimal(unicodedata.normalize("NFKC", typed).replace(",", "").lstrip("¥$€£ "))
        minor = amount.scaleb(minor_digits(currency))
        if minor != int(minor):
            raise ValueError("less than the smallest coin")
        return Money.model_validate({"minor": int(minor), "currency": currency})
    except (InvalidOperation, ArithmeticError, ValueError) as error:
        raise Rejected("unreadable", f"{typed!r} {currency} is no amount of money.", pointer="/cost") from error


_BY_FIELD = {field: tuple(dict.fromkeys(map(_folded, names.split()))) for field, names in _NAMES.items()}
_PLAIN = ("company", "industry", "region", "product_line", "uscc", "need")
_CHANNEL_NAMES = {
    _folded(name): channel for channel, names in _CHANNELS.items() for name in (channel.value, *names.split())
}
