"""Data: the headers and values that Wind, CNABS and ChinaBond exports use, in Chinese and English.

Names are written normalised, as ``headers.normalise`` does (NFKC, casefolded, no blanks around). The first
header of a tuple wins where a file has several of them; the others are reported as not used.
"""

from __future__ import annotations

HEADERS: dict[str, tuple[str, ...]] = {
    "tranche_id": ("证券代码", "债券代码", "代码", "交易代码", "wind代码", "证券编码", "security code", "bond code", "code", "isin"),
    "name": ("证券简称", "债券简称", "简称", "证券名称", "债券名称", "名称", "security name", "bond name", "short name", "tranche_name"),
    "deal_id": ("项目名称", "项目简称", "产品名称", "专项计划名称", "计划名称", "项目代码", "deal name", "deal_name", "deal"),
    "product": ("产品类型", "产品分类", "债券类型", "证券类型", "wind债券类型(二级)", "证券品种", "品种", "abs类型", "product type", "abs_type", "bond type"),
    "market": ("交易市场", "交易场所", "上市地点", "上市场所", "流通市场", "流通场所", "市场", "trading market", "exchange", "venue"),
    "placement": ("发行方式", "募集方式", "发行类型", "offering", "placement type"),
    "asset_type": ("基础资产类型", "基础资产类别", "基础资产", "基础资产分类", "资产类型", "underlying asset type", "asset class", "asset type"),
    "originator": ("原始权益人/发起机构", "发起机构/原始权益人", "原始权益人", "发起机构", "发起人", "发起人/原始权益人", "originator name", "sponsor"),
    "core_debtor": ("核心债务人", "核心企业", "主要债务人", "实际融资人", "融资主体", "core debtor", "obligor"),
    "support_party": ("增信主体", "增信机构", "信用增级方", "support party"),
    "support_party@guarantee": ("担保人", "担保机构", "保证人", "guarantor"),
    "support_party@shortfall_commitment": ("差额支付承诺人", "差额补足义务人", "差额补足承诺人", "差额支付人", "shortfall payer"),
    "support_party@liquidity_support": ("流动性支持机构", "流动性支持承诺人", "流动性支持方", "liquidity provider"),
    "support_type": ("增信方式", "信用增级方式", "外部增信方式", "support type"),
    "ultimate_group": ("集团", "所属集团", "集团名称", "最终控制人集团", "ultimate group"),
    "region": ("地区", "省份", "所属省份", "所在省份", "所属地区", "区域", "province"),
    "lgfv": ("城投主体", "是否城投", "是否城投债", "城投标识", "是否城投(wind)", "is_lgfv"),
    "manager": ("计划管理人", "管理人", "受托机构/管理人", "受托机构", "发行人/计划管理人", "plan manager"),
    "seniority": ("档次", "证券档次", "分档", "分层", "优先级别", "证券分层", "tranche class", "tranche_class", "class"),
    "attachment": ("起赔点", "分层起点", "attachment point"),
    "detachment": ("止赔点", "分层止点", "detachment point"),
    "issue_size": ("发行规模", "发行总额", "发行金额", "发行量", "实际发行总额", "实际发行规模", "发行额", "issue amount", "issue size", "issued amount"),
    "outstanding": ("当前余额", "债券余额", "最新余额", "剩余本金", "证券余额", "债券余额(当前)", "存续规模", "存量余额", "未偿余额", "未偿还本金", "outstanding balance", "outstanding amount"),
    "factor": ("剩余本金比例", "本金剩余比例", "剩余本金占比", "百元面值占比", "pool factor"),
    "deal_size": ("项目发行总额", "产品发行总额", "项目规模", "产品规模", "项目总规模", "专项计划规模", "deal size", "deal amount"),
    "coupon": ("当期票面利率", "最新票面利率", "票面利率(当期)", "当前票面利率", "票面利率", "票面利率(发行时)", "票息", "票面", "发行利率", "coupon rate"),
    "rate_type": ("利率类型", "利率方式", "付息利率类型", "计息方式", "interest type", "rate type"),
    "repayment": ("还本方式", "本金偿付方式", "偿还方式", "还款方式", "本金支付方式", "repay_type", "repayment type", "amortisation"),
    "issue_date": ("起息日", "起息日期", "计息起始日", "value date", "value_date"),
    "expected_maturity": ("预期到期日", "预计到期日", "到期日", "到期日期", "预期到期日期", "expected maturity", "maturity date", "maturity"),
    "legal_maturity": ("法定到期日", "法定到期日期", "法定最终到期日", "legal maturity", "legal final maturity"),
    "next_put": ("下一回售日", "回售日", "下一行权日", "下一个行权日", "下一回售日期", "next put date", "put date"),
    "call_share": ("清仓回购比例", "清仓回购触发比例", "clean-up call threshold"),
    "issuer": ("发行人", "发行主体", "发行人名称", "发行机构", "交易对手", "counterparty", "issuer name"),
    "rating_date": ("评级日期", "最新评级日期", "债项评级日期", "rating date"),
    "implied_rating": ("中债隐含评级", "中债市场隐含评级", "市场隐含评级", "隐含评级", "中债市场隐含评级-债券债项评级", "implied rating", "chinabond implied rating"),
    "quote_price": ("报价净价", "报价", "卖出净价", "offer price", "quote price"),
    "quote_basis": ("报价基准", "quote basis"),
    "quote_source": ("报价来源", "报价方", "报价商", "quote source"),
    "quote_side": ("报价方向", "买卖方向", "quote side"),
    "available_face": ("可买面额", "报价量", "可售面额", "卖出量", "券面总额", "available face", "offer size"),
    "clean_price": ("净价", "估价净价", "中债估价净价", "估值净价", "估价净价(中债)", "收盘净价", "clean price", "valuation clean price"),
    "yield": ("收益率", "估价收益率", "中债估价收益率", "估值收益率", "到期收益率", "估价收益率(中债)", "ytm", "valuation yield"),
    "yield_source": ("收益率来源", "yield source"),
    "yield_basis": ("收益率口径", "yield basis"),
    "wal": ("加权剩余期限", "加权平均剩余期限", "加权平均期限", "加权平均剩余年限", "加权期限", "weighted average life"),
    "modified_duration": ("修正久期", "估价修正久期", "中债估价修正久期", "估值修正久期", "估价修正久期(中债)", "modified duration"),
    "spread": ("利差", "点差收益率", "估价利差"),
    "risk_weight": ("风险权重", "资本风险权重", "risk weight"),
    "stc": ("简单透明可比", "是否stc", "是否简单透明可比"),
    "npl": ("不良资产", "是否不良资产", "是否不良"),
    "pledgeable": ("可质押", "是否可质押", "是否可质押回购"),
    "haircut": ("折扣率", "质押折扣率"),
    "market_restricted": ("流通受限", "是否流通受限"),
    "lot": ("交易单位", "最小变动面额", "lot size"),
    "min_ticket": ("最低交易额", "最小交易面额", "minimum ticket"),
    "rating.any": ("最新债项评级", "当前债项评级", "债项评级", "债项评级(最新)", "债券评级", "最新债券评级", "信用评级", "评级", "发行时债项评级", "债项评级(发行时)", "rating", "bond rating", "tranche rating"),
    "issuer_rating.any": ("最新主体评级", "主体评级", "主体信用评级", "发行人评级", "主体评级(最新)", "发行人最新评级", "发行时主体评级", "issuer rating", "issuer_rating"),
}  # fmt: skip
HOLDING_HEADERS: dict[str, tuple[str, ...]] = {
    "tranche_id": HEADERS["tranche_id"],
    "face": ("持仓面额", "持有面额", "持仓面值", "持有面值", "面额", "面值", "券面总额", "face amount", "holding face", "notional"),
    "market_value": ("市值", "持仓市值", "公允价值", "全价市值", "market value"),
    "book_value": ("账面价值", "摊余成本", "账面余额", "持仓成本", "book value", "amortised cost"),
    "breach_since": ("超标日期", "超限日期", "被动超标日", "breach since"),
    "weight": ("权重", "占净值比例", "占净值比", "持仓占比", "占比"),
}  # fmt: skip
TRADE_HEADERS: dict[str, tuple[str, ...]] = {
    "date": ("日期", "交易日期", "成交日期", "交易日", "trade date"),
    "tranche_id": HEADERS["tranche_id"],
    "side": ("方向", "买卖方向", "交易方向", "buy/sell"),
    "face": ("面额", "成交面额", "券面总额", "成交量", "交易面额", "face amount", "notional"),
    "price": ("净价", "成交净价", "成交价", "价格", "clean price"),
}  # fmt: skip

VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "product": {
        "credit_abs": ("信贷abs", "信贷资产支持证券", "信贷资产证券化", "银保监会主管abs", "银监会主管abs", "金融监管总局主管abs", "credit abs", "credit-abs", "clo"),
        "enterprise_abs": ("企业abs", "企业资产支持证券", "企业资产证券化", "资产支持专项计划", "证监会主管abs", "交易所abs", "enterprise abs", "corporate abs", "corporate_abs"),
        "abn": ("资产支持票据", "交易商协会abn", "交易商协会主管abn", "资产支持票据(abn)", "资产支持商业票据", "abcp"),
        "insurance_plan": ("保险资产支持计划", "保险abs", "资产支持计划", "保交所abs", "insurance plan"),
        "cash": ("现金", "活期存款", "银行活期存款"),
        "deposit": ("存款", "定期存款", "协议存款", "银行存款", "同业存款"),
        "government": ("国债", "记账式国债", "government bond", "treasury", "cgb"),
        "local_government": ("地方政府债", "地方债", "地方政府债券"),
        "central_bank_bill": ("央票", "央行票据", "中央银行票据"),
        "policy_bank": ("政金债", "政策性金融债", "政策银行债", "policy bank bond", "cdb"),
        "credit_bond": ("信用债", "公司债", "企业债", "中期票据", "短期融资券", "超短期融资券", "一般中期票据", "一般公司债", "私募债", "金融债", "credit bond", "corporate bond"),
        "repo": ("正回购", "卖出回购", "卖出回购金融资产", "repo borrowing"),
        "reverse_repo": ("逆回购", "买入返售", "买入返售金融资产", "reverse repo"),
        "fund": ("基金", "公募基金", "货币基金", "货币市场基金", "债券基金"),
    },
    "market": {
        "interbank": ("银行间", "银行间债券市场", "银行间债券", "银行间市场", "全国银行间债券市场", "nib", "ib"),
        "exchange": ("交易所", "上交所", "深交所", "上海证券交易所", "深圳证券交易所", "上海", "深圳", "北交所", "北京证券交易所", "sse", "szse", "bse", "sh", "sz"),
        "other": ("其他", "柜台", "保交所", "上海保险交易所", "机构间报价系统", "报价系统", "银登中心", "场外", "otc"),
    },
    "placement": {
        "public": ("公募", "公开", "公开发行", "公开招标", "公募发行"),
        "private": ("私募", "定向", "非公开", "非公开发行", "定向发行", "私募发行"),
    },
    "support_type": {
        "guarantee": ("担保", "保证担保", "连带责任担保", "连带责任保证担保", "不可撤销连带责任担保"),
        "shortfall_commitment": ("差额支付", "差额补足", "差额支付承诺", "差额补足承诺"),
        "liquidity_support": ("流动性支持", "流动性支持承诺"),
        "none": ("无", "没有", "无增信"),
    },
    "seniority": {
        "senior": ("优先", "优先级", "优先档", "优先a", "优先a级", "优先a档", "优先级a"),
        "mezzanine": ("中间", "中间级", "中间档", "夹层", "夹层级", "次优", "次优级", "次优先", "次优先级", "mezz"),
        "subordinated": ("次级", "次", "次级档", "劣后", "劣后级", "权益级", "次级级", "subordinate", "equity", "junior"),
    },
    "rate_type": {
        "fixed": ("固定", "固定利率", "累进利率", "fixed rate"),
        "floating": ("浮动", "浮动利率", "floating rate"),
    },
    "repayment": {
        "pass_through": ("过手摊还", "过手", "过手支付", "过手型", "过手还本", "pass-through", "pass through", "passthrough"),
        "scheduled": ("固定摊还", "计划摊还", "按计划摊还", "固定还本", "分期还本", "固定摊还型", "amortising", "amortizing"),
        "bullet": ("到期一次还本", "一次还本", "到期还本", "到期一次性还本", "一次性还本", "到期偿还", "到期一次偿还"),
    },
    "quote_basis": {
        "remaining": ("剩余本金", "剩余面额", "百元剩余本金"),
        "original": ("原始面额", "发行面额", "百元面值", "原始本金"),
    },
    "quote_side": {
        "offer": ("卖出", "卖", "ofr", "ask", "sell"),
        "bid": ("买入", "买", "buy"),
        "mid": ("中间价",),
    },
    "yield_source": {
        "valuation": ("估值", "中债估值", "中证估值"),
        "trade": ("成交",),
        "quote": ("报价",),
        "primary": ("一级", "发行"),
        "model": ("模型",),
        "coupon": ("票息",),
    },
    "yield_basis": {"put": ("行权", "回售"), "maturity": ("到期",)},
    "side": {"buy": ("买入", "买", "b", "purchase"), "sell": ("卖出", "卖", "s", "sale")},
}  # fmt: skip
TRUE = frozenset({"true", "yes", "y", "t", "1", "是", "有"})
FALSE = frozenset({"false", "no", "n", "f", "0", "否", "无"})
UNIT_SUFFIXES = {
    "pct": "%", "percent": "%", "bp": "bp", "bps": "bp", "decimal": "decimal", "yi": "yi", "wan": "wan", "mn": "mn",
    "yuan": "yuan", "cny": "yuan", "rmb": "yuan", "years": "years", "y": "years", "days": "days", "per100": "per100",
}  # fmt: skip
"""Endings of an English header after an underscore: ``coupon_pct``, ``issue_size_yi``."""
UNIT_WORDS = {
    "cny": "yuan", "rmb": "yuan", "人民币元": "yuan", "rmb yi": "yi", "亿人民币": "亿元", "%": "%", "percent": "%", "bps": "bp",
    "个基点": "bp", "百分比": "%", "小数": "decimal", "year": "years", "y": "years", "day": "days", "日": "days",
    "元/百元": "per100", "元/百元面值": "per100", "per 100": "per100", "百元": "per100", "百万": "mn",
}  # fmt: skip
"""Spellings of units in headers beside those of ``units.INPUT_UNITS``."""
