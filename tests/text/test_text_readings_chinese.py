"""Readings of Chinese text and of figures in other languages."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.chinese_numbers import say_integer
from pipeline.text.normalize import speak

CHINESE = [
    ("我有3只猫", "我有三只猫"),
    ("2个人", "两个人"),
    ("12个", "十二个"),
    ("22个", "二十二个"),
    ("200元", "二百元"),
    ("2000年", "二零零零年"),
    ("1999年5月12日", "一九九九年五月十二日"),
    ("1999年", "一九九九年"),
    ("90年代", "九十年代"),
    ("1990年代", "一九九零年代"),
    ("20年后", "二十年后"),
    ("2月2号", "二月二号"),
    ("10:30", "十点三十分"),
    ("10:05", "十点零五分"),
    ("10：00", "十点"),
    ("2:30", "两点三十分"),
    ("50%", "百分之五十"),
    ("5%-10%", "百分之五到百分之十"),
    ("3.14", "三点一四"),
    ("-5", "负五"),
    ("-5℃", "零下五摄氏度"),
    ("20°C", "二十摄氏度"),
    ("¥100", "一百元"),
    ("￥99.5", "九十九点五元"),
    ("$3.50", "三点五零美元"),
    ("100元", "一百元"),
    ("3/4", "四分之三"),
    ("5-6人", "五到六人"),
    ("10～20", "十到二十"),
    ("13812345678", "幺三八幺二三四五六七八"),
    ("010-12345678", "零幺零，幺二三四五六七八"),
    ("拨打110", "拨打幺幺零"),
    ("第3章", "第三章"),
    ("第12回", "第十二回"),
    ("3:2", "三比二"),
    ("10,000", "一万"),
    ("1.5万", "一点五万"),
    ("105", "一百零五"),
    ("1005", "一千零五"),
    ("10005", "一万零五"),
    ("100000", "十万"),
    ("20000", "两万"),
    ("1000000001", "十亿零一"),
    ("0", "零"),
    ("007", "零零七"),
    ("我用Python写3行", "我用Python写三行"),
    ("iPhone 15", "iPhone 十五"),
    ("A&B", "A和B"),
    ("1914-1918年", "一九一四到一九一八年"),
    ("１２３", "一百二十三"),
    ("５０％", "百分之五十"),
    ("1999-05-12", "一九九九年五月十二日"),
    ("5km", "五公里"),
    ("3kg", "三公斤"),
    ('他说："你好！"', "他说：“你好！”"),
    ("“你好”", "“你好”"),
    ("你好……", "你好……"),
    ("——不", "——不"),
    ("3年级", "三年级"),
    ("2年", "两年"),
    ("2点", "两点"),
    ("99年", "九九年"),
    ("05年", "零五年"),
    ("150斤", "一百五十斤"),
    ("2万", "两万"),
    ("2亿人", "两亿人"),
    ("上午9:05到10:30", "上午九点零五分到十点三十分"),
    ("1~3天", "一到三天"),
    ("打2个电话", "打两个电话"),
    ("+86 13812345678", "加八六，幺三八幺二三四五六七八"),
    ("101", "一百零一"),
    ("110", "一百一十"),
    ("1010", "一千零一十"),
    ("1100", "一千一百"),
    ("12345678", "一千二百三十四万五千六百七十八"),
    ("90分", "九十分"),
    ("1/2", "二分之一"),
    ("0.5", "零点五"),
    ("2.0.1", "二点零点一"),
    ("①", "一"),
    ("½杯", "二分之一杯"),
    ("II", "II"),
    ("-3℃到25°C", "零下三摄氏度到二十五摄氏度"),
    ("气温-5~-3℃", "气温零下五摄氏度到零下三摄氏度"),
    ("20-25℃", "二十到二十五摄氏度"),
    ("5km-10km", "五公里到十公里"),
    ("1月-5月", "一月到五月"),
    ("北京-5号线", "北京-五号线"),
    ("比分是3-2", "比分是三比二"),
    ("以3-1获胜", "以三比一获胜"),
    ("￥1,234.5元", "一千二百三十四点五元"),
    ("$100美元", "一百美元"),
    ("¥20元旦", "二十元元旦"),
    ("$10-$20", "十到二十美元"),
    ("10⁶和x²还有这里¹", "十的六次方和x的平方还有这里"),
    ("大约~50人，~30人", "大约五十人，大约三十人"),
    ("+25经验", "加二十五经验"),
    ("你升到了Lv.12", "你升到了十二级"),
    ("住在202室", "住在二零二室"),
    ("QQ号是12345678，验证码0571", "QQ号是一二三四五六七八，验证码零五七一"),
    ("3,000元/月", "三千元每月"),
    ("2毛钱", "两毛钱"),
    ("a@b.com", "a 艾特 b 点 com"),
]
OTHERS = [
    (
        "es",
        "Tengo 3 gatos y 1.234,5 kilos.",
        "Tengo tres gatos y mil doscientos treinta y cuatro coma cinco kilos.",
    ),
    ("es", "el 1º y la 2ª", "el primero y la segunda"),
    (
        "fr",
        "En 1999, 50 % et 2ème",
        "En mille neuf cent quatre-vingt-dix-neuf, cinquante pour cent et deuxième",
    ),
    ("it", "Ho 21 anni & -3", "Ho ventuno anni e meno tre"),
    ("pt", "São 12:30, 7%", "São doze trinta, sete por cento"),
    ("de", "Er hat 21 Katzen & 3,5 Hunde", "Er hat einundzwanzig Katzen und drei Komma fünf Hunde"),
    ("hi", "मेरे पास 3 हैं", "मेरे पास तीन हैं"),
    ("ja", "猫が3匹", "猫が三匹"),
    ("tlh", "Qapla’ 3", "Qapla' 3"),
]
_VALUES = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1000}


@pytest.mark.parametrize(("written", "said"), CHINESE)
def test_chinese_text_is_read_as_it_is_said(written: str, said: str) -> None:
    assert speak(written, "zh").text == said


@pytest.mark.parametrize(("language", "written", "said"), OTHERS)
def test_other_languages_get_their_numbers_and_never_fail(language: str, written: str, said: str) -> None:
    assert speak(written, language).text == said


def test_there_are_at_least_twenty_five_chinese_readings() -> None:
    assert len({written for written, _ in CHINESE}) >= 25


def _value(words: str) -> int:
    """The number that Chinese words stand for: an own reading in the other direction."""
    for mark, size in (("亿", 10**8), ("万", 10**4)):
        if mark in words:
            high, _, low = words.rpartition(mark)
            return _value(high) * size + _value(low)
    total = digit = 0
    for character in words:
        if character in _PLACES:
            total += (digit or 1) * _PLACES[character]
            digit = 0
        else:
            digit = _VALUES[character]
    return total + digit


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_a_chinese_number_can_be_read_back(number: int) -> None:
    words = say_integer(str(number))
    assert _value(words) == number
    assert not re.search("零零|零$|零[万亿]", words) or number == 0
