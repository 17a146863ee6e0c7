"""Invented issues and letters that the tests, the benchmark and the screenshots share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from newsletter.mail.content import (
    Fact,
    IssueContent,
    ItemContent,
    LetterContent,
    Picture,
    Publisher,
    SectionContent,
)

TEMPLATES = Path(__file__).resolve().parents[3] / "templates" / "mail"
PUBLISHER = Publisher(
    name="イクレイ日本",
    legal_name="一般社団法人イクレイ日本",
    name_en="ICLEI Japan",
    postal_code="100-0000",
    postal_address="東京都見本区見本町1丁目2番3号　見本ビル4階",
    phone="00-0000-0000",
    fax="00-0000-0001",
    email="enews@example.jp",
    website="https://www.example.jp/",
    slogan="持続可能な都市と地域をめざす自治体協議会",
)


def rich_issue() -> IssueContent:
    """Twelve items of every kind: member news with and without photo, events, network news in English, the office."""
    return IssueContent(
        publisher=PUBLISHER,
        title="イクレイ日本 e-ニュース",
        month=date(2026, 11, 1),
        release_on=date(2026, 11, 30),
        number=137,
        subject="【イクレイ日本 e-ニュース】2026年11月号（第137号）汐見市で国際フォーラム／COP31報告 ほか",
        preheader="汐見市の国際フォーラム、山里市の地域新電力10周年、COP31の自治体報告など12件をお届けします。",
        lead=(
            "紅葉が里へ下りてきました。今月は、汐見市で開かれる国際フォーラムのご案内と、COP31に参加した会員自治体の報告を中心にお届けします。",
            "来年1月には年次会合を予定しています。開催概要は8番の記事をご覧ください。",
        ),
        sections=(_members(), _events(), _network(), _office()),
        why="このメールは、イクレイ日本 e-ニュースの購読を申し込まれた方にお送りしています。",
        reprint_rule="記事の転載を希望される場合は、発行元までご連絡ください。リンクと社内での転送は自由です。",
        next_issue="12月号は12月28日（月）に配信します。特集は「自治体の生物多様性地域戦略」です。",
        web_url="https://news.example.jp/archive/2026-11/",
        archive_url="https://news.example.jp/archive/",
        subscribe_url="https://news.example.jp/subscribe/",
    )


def _members() -> SectionContent:
    return SectionContent(
        "members",
        "会員自治体ニュース",
        (
            ItemContent(
                number=1,
                anchor="item-1",
                headline="【汐見市】水素で動く連節バスの運行を開始しました（11/4）",
                paragraphs=(
                    "汐見市は11月4日、汐見駅と臨海部を結ぶ路線で、水素を燃料とする連節バスの運行を始めました。1日18便、年間約1,200トンのCO₂削減を見込みます。",
                    "市長は「港の水素を、市民の足へ。」と述べました。（環境局 環境創造課）",
                ),
                url="https://www.city-shiomi.example.lg.jp/news/2026/hydrogen-bus.html",
                picture=Picture(
                    "https://news.example.jp/photos/shiomi.jpg",
                    "汐見駅前に停まる青い連節バスと、手を振る園児たち",
                    "汐見市",
                    1200,
                    800,
                ),
                pathway="ゼロ炭素の開発",
                sdgs=(
                    "7 エネルギーをみんなに そしてクリーンに",
                    "11 住み続けられるまちづくりを",
                    "13 気候変動に具体的な対策を",
                ),
            ),
            ItemContent(
                number=2,
                anchor="item-2",
                headline="【山里市・見本県】地域新電力が10周年、収益を公民館の断熱改修へ（11/12）",
                paragraphs=(
                    "山里市と見本県が支える地域新電力は設立10周年を迎え、これまでの収益で市内20か所の公民館の窓を改修したと発表しました。冬の灯油使用量は平均で38％減っています。",
                ),
                url="https://www.city-yamazato.example.lg.jp/energy/10th.html",
                pathway="ゼロ炭素の開発",
                sdgs=("7 エネルギーをみんなに そしてクリーンに",),
            ),
            ItemContent(
                number=3,
                anchor="item-3",
                headline="【北浜市】タイ・見本県と廃棄物管理の協力覚書を更新しました（11/9）",
                paragraphs=(
                    "北浜市は、2012年から続くタイの見本県との協力覚書を5年間延長しました。分別の手引きをタイ語で共同編集し、2027年度に30校で授業を行います。",
                ),
                url="https://www.city-kitahama.example.lg.jp/kankyo/thailand.html",
                picture=Picture(
                    "https://news.example.jp/photos/kitahama.jpg",
                    "調印書を手に握手する両首長",
                    "©北浜市",
                    1600,
                    1200,
                ),
                pathway="循環型の開発",
                sdgs=("12 つくる責任 つかう責任", "17 パートナーシップで目標を達成しよう"),
            ),
            ItemContent(
                number=4,
                anchor="item-4",
                headline="【イクレイ会員4自治体】生物多様性の地域戦略を公表（10月末時点）",
                paragraphs=(
                    "汐見市、山里市、北浜市、古都市が、昆明・モントリオール生物多様性枠組に沿って改定した地域戦略を公表しました。各市の指標の一覧を事務局でまとめています。",
                ),
                url="https://www.example.jp/ja/news/biodiversity-strategies",
                pathway="自然に根ざした開発",
                sdgs=("15 陸の豊かさも守ろう",),
            ),
        ),
    )


def _events() -> SectionContent:
    return SectionContent(
        "events",
        "イベント・募集",
        (
            ItemContent(
                number=5,
                anchor="item-5",
                headline="【汐見市】気候変動適応シンポジウムを開催します（12/14）",
                paragraphs=(
                    "猛暑から市民を守る都市の工夫を、国内外の7都市が持ち寄ります。会場とオンラインのどちらでも参加できます。",
                ),
                facts=(
                    Fact("日時", "2026年12月14日（月）13時30分から16時30分まで"),
                    Fact("会場", "見本国際会館 5階ホール（汐見市見本町1-1）およびオンライン"),
                    Fact("参加費", "無料（定員200名、先着順）"),
                    Fact("締切", "2026年12月4日（金）17時"),
                    Fact("問合せ", "環境局 環境創造課　電話 00-0000-0000\nkankyo@city-shiomi.example.lg.jp"),
                ),
                url="https://www.city-shiomi.example.lg.jp/events/adaptation2026.html",
                pathway="レジリエントな開発",
                sdgs=("11 住み続けられるまちづくりを", "13 気候変動に具体的な対策を"),
            ),
            ItemContent(
                number=6,
                anchor="item-6",
                headline="【古都市】脱炭素先行地域の視察会＜参加者募集＞（2027/1/21-22）",
                paragraphs=(
                    "文化遺産を生かした脱炭素先行地域を、担当職員の案内で巡ります。自治体職員の方が対象です。",
                ),
                facts=(
                    Fact("日時", "2027年1月21日（木）13時から22日（金）12時まで"),
                    Fact("会場", "古都市見本町ほか（集合：見本駅中央口）"),
                    Fact("参加費", "無料（交通費と宿泊費は自己負担）"),
                    Fact(
                        "申込",
                        "次のフォームからお申し込みください。https://www.city-koto.example.lg.jp/form/decarbon-tour",
                    ),
                ),
                url="https://www.city-koto.example.lg.jp/decarbon/tour.html",
                pathway="ゼロ炭素の開発",
            ),
            ItemContent(
                number=7,
                anchor="item-7",
                headline="ユース気候会議 in 汐見の登壇者を募集しています",
                paragraphs=(
                    "2027年3月に開くユース気候会議で、自分のまちの取組を英語で5分間発表する高校生・大学生を募集します。英語の準備は事務局が手伝います。",
                ),
                facts=(Fact("対象", "15歳から24歳まで（国籍不問）"), Fact("締切", "2027年1月15日（金）")),
                url="https://www.example.jp/ja/youth/2027",
                link_label="募集要項",
            ),
        ),
    )


def _network() -> SectionContent:
    return SectionContent(
        "network",
        "世界のイクレイから",
        (
            ItemContent(
                number=8,
                anchor="item-8",
                headline="COP31で自治体の声を、250都市が共同声明（11/16）",
                paragraphs=(
                    "ICLEIが事務局を務めるLGMA（地方自治体の代表グループ）は、各国の削減目標に都市の実績を算入するよう求める共同声明を発表しました。日本からは会員9自治体が署名しています。",
                ),
                url="https://iclei.example.org/news/cop31-joint-statement",
                link_label="詳細（英語）",
                source="ICLEI World Secretariat",
                original_title="250 cities call on Parties to count local action at COP31",
                original_language="en",
                pathway="ゼロ炭素の開発",
                sdgs=("13 気候変動に具体的な対策を",),
            ),
            ItemContent(
                number=9,
                anchor="item-9",
                headline="ノルドハムン市、街区まるごと再利用の建材市場を開設",
                paragraphs=(
                    "スウェーデンのノルドハムン市は、解体現場から出る扉や煉瓦を市民と事業者が売買できる市場を開きました。初年度に420トンの廃棄を防いだと報告しています。",
                ),
                url="https://circulars.example.org/nordhamn",
                link_label="詳細（英語）",
                source="ICLEI Europe",
                original_title="Nordhamn på Ön opens a market for reused building materials",
                original_language="en",
                picture=Picture(
                    "https://news.example.jp/photos/nordhamn.jpg",
                    "煉瓦倉庫に並ぶ再利用の扉と窓枠",
                    "City of Nordhamn på Ön",
                    1200,
                    800,
                ),
                pathway="循環型の開発",
            ),
            ItemContent(
                number=10,
                anchor="item-10",
                headline="東アジア事務局の都市間研修、8か国から62人が参加",
                paragraphs=("緑地と水辺を使った暑さ対策の研修が行われました。資料は日本語でも公開されています。",),
                url="https://eastasia.iclei.example.org/ja/training-2026",
                source="ICLEI東アジア事務局",
                pathway="自然に根ざした開発",
            ),
        ),
    )


def _office() -> SectionContent:
    return SectionContent(
        "office",
        "事務局から",
        (
            ItemContent(
                number=11,
                anchor="item-11",
                headline="見本県がイクレイに加盟しました（11/1）",
                paragraphs=(
                    "見本県が11月1日付で加盟し、国内の会員は28自治体になりました。再生可能エネルギーと森づくりの経験を、世界の会員と分かち合います。",
                ),
                url="https://www.example.jp/ja/news/new-member",
            ),
            ItemContent(
                number=12,
                anchor="item-12",
                headline="年末年始の事務局の休業について",
                paragraphs=(
                    "2026年12月29日（火）から2027年1月3日（日）まで休業します。お問い合わせへの返信は1月4日（月）以降になります。",
                ),
            ),
        ),
    )


def large_issue(items: int = 40, characters: int = 150) -> IssueContent:
    """The largest issue there may be: items with a headline, so many characters of text, a link and marks."""
    issue, sentence = rich_issue(), "自治体の取組を、市民と事業者の目線から紹介します。"
    text = (sentence * (characters // len(sentence) + 1))[:characters]
    made = [
        ItemContent(
            number=number,
            anchor=f"item-{number}",
            headline=f"【見本{number}市】気候変動適応シンポジウムを開催します（12/{number % 30 + 1}）",
            paragraphs=(text,),
            url=f"https://www.city-mihon{number}.example.lg.jp/kankyo/news/2026/{number:04}.html",
            pathway="ゼロ炭素の開発",
            sdgs=("13 気候変動に具体的な対策を",),
        )
        for number in range(1, items + 1)
    ]
    quarter = -(-items // 4)
    sections = tuple(
        SectionContent(section.key, section.title, tuple(made[place * quarter : (place + 1) * quarter]))
        for place, section in enumerate(issue.sections)
    )
    return IssueContent(
        **{name: getattr(issue, name) for name in issue.__dataclass_fields__ if name != "sections"}, sections=sections
    )


_TOKYO = ZoneInfo("Asia/Tokyo")
_ROSTER = {
    "member": "汐見市",
    "contributor": "見本 花子",
    "year": 2027,
    "people": 12,
    "deadline": date(2027, 3, 26),
    "url": "https://news.example.jp/r/abc/",
    "file": "roster-2027-shiomi.xlsx",
}
_OWN_LINKS = {
    "preferences_url": "https://news.example.jp/p/abc/",
    "unsubscribe_url": "https://news.example.jp/u/abc/",
}
LETTER_FACTS: Mapping[str, Mapping[str, object]] = {
    "confirmation": {"confirm_url": "https://news.example.jp/c/eyJrIjoiYWJjIn0/", "days": 14},
    "welcome": {
        "preferences_url": "https://news.example.jp/p/abc/",
        "unsubscribe_url": "https://news.example.jp/u/abc/",
        "archive_url": "https://news.example.jp/archive/",
    },
    "goodbye": {"subscribe_url": "https://news.example.jp/subscribe/"},
    **dict.fromkeys(("resumed", "restored"), _OWN_LINKS),
    "already_subscribed": {
        "preferences_url": "https://news.example.jp/p/abc/",
        "unsubscribe_url": "https://news.example.jp/u/abc/",
    },
    "receipt": {
        "member": "汐見市",
        "title": "気候変動適応シンポジウムを開催します",
        "received_at": datetime(2026, 11, 4, 10, 5, tzinfo=_TOKYO),
        "link": "https://news.example.jp/s/abc/",
    },
    "returned": {
        "member": "汐見市",
        "title": "気候変動適応シンポジウムを開催します",
        "reason": "開催日と曜日が合っていません。12月14日は月曜日です。\n会場の住所を書き加えてください。",
        "link": "https://news.example.jp/s/abc/",
    },
    "submission_link": {
        "member": "汐見市",
        "contributor": "見本 花子",
        "url": "https://news.example.jp/s/abc/",
        "until": date(2026, 11, 20),
        "month": date(2026, 11, 1),
    },
    "reminder": {
        "member": "汐見市",
        "contributor": "見本 花子",
        "url": "https://news.example.jp/s/abc/",
        "deadline": date(2026, 11, 20),
    },
    "approval_request": {
        "person": "見本 次郎",
        "requested_by": "見本 花子",
        "issue": "2026年11月号（第137号）",
        "release_on": date(2026, 11, 30),
        "edition_subject": "【イクレイ日本 e-ニュース】2026年11月号（第137号）汐見市で国際フォーラム／COP31報告 ほか",
        "contents": "1. 【汐見市】水素で動く連節バスの運行を開始しました（11/4）\n"
        "2. 【山里市・見本県】地域新電力が10周年、収益を公民館の断熱改修へ（11/12）\n"
        "3. 【北浜市】タイ・見本県と廃棄物管理の協力覚書を更新しました（11/9）",
        "digest": "3f9a1c0b77de",
        "url": "https://news.example.jp/staff/",
    },
    "report": {
        "person": "見本 花子",
        "issue": "2026年11月号（第137号）",
        "number": 41,
        "total": 987,
        "sent": 975,
        "doubt": 2,
        "finished_at": datetime(2026, 11, 30, 10, 12, tzinfo=_TOKYO),
        "summary": "送信済 975件\n受取拒否 10件\n不明 2件\n受取拒否の理由「宛先がありません」 8件",
        "url": "https://news.example.jp/archive/2026-11/",
    },
    "roster": _ROSTER,
    "roster_reminder": _ROSTER,
    "roster_receipt": {
        "member": "汐見市",
        "year": 2027,
        "respondent": "環境課　見本 花子",
        "received_at": datetime(2027, 3, 10, 10, 5, tzinfo=_TOKYO),
        "summary": "変わりなし 9件、外す 2件、新しい方 1件",
        "deadline": date(2027, 3, 26),
        "url": "https://news.example.jp/r/abc/",
    },
    "named": {
        "member": "汐見市",
        "preferences_url": "https://news.example.jp/p/abc/",
        "unsubscribe_url": "https://news.example.jp/u/abc/",
        "archive_url": "https://news.example.jp/archive/",
    },
    "moved": {"member": "汐見市", "subscribe_url": "https://news.example.jp/subscribe/"},
}


def letter(kind: str) -> LetterContent:
    """The letter of this kind to an invented reader or contributor."""
    return LetterContent(PUBLISHER, "イクレイ日本 e-ニュース", LETTER_FACTS[kind])
