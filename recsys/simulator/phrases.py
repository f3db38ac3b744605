"""Words of the simulated intranet, in pairs (Japanese, English). Data only, no person is named."""

from typing import NamedTuple

__all__ = ["CLOSINGS", "OPENINGS", "PLACES", "TITLES", "TOPICS", "VOCABULARY", "Vocabulary"]

Pair = tuple[str, str]
"""The same phrase in Japanese and in English, the order of ``LANGUAGES``."""


class Vocabulary(NamedTuple):
    """What one topic talks about; ``details`` are sentences that may hold ``{number}``."""

    subjects: tuple[Pair, ...]
    details: tuple[Pair, ...]


TITLES: tuple[Pair, ...] = (
    ("{subject}についてのお知らせ", "News about {subject}"),
    ("{subject}の取り組みを紹介します", "How we work on {subject}"),
    ("{place}発：{subject}", "From {place}: {subject}"),
    ("なぜいま{subject}なのか", "Why {subject} matters now"),
    ("{subject}、{number}つの要点", "{subject}: {number} points to know"),
    ("現場の声：{subject}", "Voices from the floor: {subject}"),
    ("{place}で進む{subject}", "{subject} takes shape in {place}"),
    ("第{number}回 {subject}レポート", "{subject}, report no. {number}"),
    ("はじめての{subject}", "{subject} for beginners"),
    ("{subject}をもっと身近に", "Bringing {subject} closer to you"),
)

OPENINGS: tuple[Pair, ...] = (
    ("{place}では今月から{subject}が本格的に動き出しました。",
     "This month {subject} got under way in {place}."),
    ("{subject}について、よくある質問をまとめました。",
     "Here are the questions we hear most about {subject}."),
    ("{subject}に関わるメンバーに話を聞きました。",
     "We talked to the people behind {subject}."),
    ("{subject}の背景と次の一歩をお伝えします。",
     "This is the background of {subject}, and the next step."),
    ("{place}の事例から、{subject}の進め方を考えます。",
     "An example from {place} shows how {subject} can work."),
)  # fmt: skip

CLOSINGS: tuple[Pair, ...] = (
    ("ご意見はコメント欄でお待ちしています。", "Tell us what you think in the comments."),
    ("詳しくは担当部署のページをご覧ください。", "The page of the team in charge has more."),
    ("次回は{place}の様子をお届けします。", "Next time we report from {place}."),
    ("ほかの拠点でもぜひ試してみてください。", "Other sites are welcome to try it as well."),
)

PLACES: tuple[Pair, ...] = (
    ("東京本社", "Tokyo"),
    ("大阪オフィス", "Osaka"),
    ("名古屋工場", "the Nagoya plant"),
    ("シンガポール", "Singapore"),
    ("バンコク工場", "the Bangkok plant"),
    ("全拠点", "all sites"),
)

VOCABULARY: dict[str, Vocabulary] = {
    "safety": Vocabulary(
        (
            ("安全点検", "safety inspections"), ("ヒヤリハット報告", "near-miss reports"),
            ("避難訓練", "evacuation drills"), ("保護具の着用", "protective equipment"),
            ("熱中症対策", "heat stroke prevention"), ("フォークリフトの安全", "forklift safety"),
            ("指差し呼称", "pointing and calling"), ("防災備蓄", "emergency supplies"),
        ),
        (
            ("無災害記録は{number}00日を超えました。",
             "We passed {number}00 days without an accident."),
            ("転倒とはさまれの危険を減らす工夫を写真で示します。",
             "Photos show how the risk of falls and crushing was reduced."),
            ("ヘルメットと手袋の点検は始業前に行います。",
             "Helmets and gloves are checked before each shift."),
            ("危険を感じたら作業を止めて報告してください。",
             "Stop work and report whenever you sense a hazard."),
        ),
    ),
    "product": Vocabulary(
        (
            ("新製品の発売", "the new product launch"), ("製品ロードマップ", "the product roadmap"),
            ("設計レビュー", "design reviews"), ("品質改善", "quality improvement"),
            ("試作機の評価", "prototype testing"), ("次世代センサー", "next-generation sensors"),
            ("製品デザイン", "product design"), ("機能アップデート", "feature updates"),
        ),
        (
            ("試作から量産まで{number}か月で進めました。",
             "It went from prototype to mass production in {number} months."),
            ("耐久試験の結果は目標を上回りました。", "Endurance tests beat the target."),
            ("新機能は利用者の要望から生まれました。", "The feature grew out of user requests."),
            ("部品点数を減らし、組み立てやすい設計にしました。",
             "Fewer parts make the design easier to assemble."),
        ),
    ),
    "benefits": Vocabulary(
        (
            ("育児休業制度", "parental leave"), ("健康診断", "health check-ups"),
            ("在宅勤務ルール", "remote work rules"), ("住宅手当", "housing allowance"),
            ("年次有給休暇", "annual leave"), ("人事評価制度", "performance reviews"),
            ("介護支援", "support for family carers"), ("確定拠出年金", "the pension plan"),
        ),
        (
            ("申請は人事ポータルから{number}分で終わります。",
             "Applying on the HR portal takes {number} minutes."),
            ("休暇の取得率は前年より上がりました。", "More leave was taken than last year."),
            ("手当の対象が広がり、契約社員も申し込めます。",
             "The allowance now covers contract staff as well."),
            ("健康保険の窓口で相談できます。", "The health insurance desk gives advice."),
        ),
    ),
    "it": Vocabulary(
        (
            ("パスワード管理", "password management"), ("標的型メール訓練", "phishing drills"),
            ("社内チャットの移行", "the chat migration"), ("生成AIの活用", "using generative AI"),
            ("ネットワーク更新", "the network upgrade"), ("端末の入れ替え", "laptop replacement"),
            ("業務自動化ツール", "workflow automation"), ("クラウド移行", "moving to the cloud"),
        ),
        (
            ("システム停止は土曜の{number}時間を予定しています。",
             "Systems will be down for {number} hours on Saturday."),
            ("多要素認証の設定を忘れずに行ってください。",
             "Remember to set up multi-factor authentication."),
            ("データのバックアップは自動で行われます。", "Data backups run automatically."),
            ("ヘルプデスクが設定を手伝います。", "The help desk assists with the set-up."),
        ),
    ),
    "sales": Vocabulary(
        (
            ("大型受注", "a major order"), ("提案書の書き方", "writing proposals"),
            ("新規開拓", "finding new accounts"), ("商談の進め方", "running negotiations"),
            ("販売キャンペーン", "the sales campaign"), ("代理店との連携", "working with dealers"),
            ("受注目標", "order targets"), ("見積もりの標準化", "standard quotations"),
        ),
        (
            ("受注は前期比{number}0%増となりました。", "Orders grew by {number}0% on last term."),
            ("競合との違いを一枚の資料で示しました。",
             "One page showed how we differ from competitors."),
            ("商談の決め手は素早い見積もりでした。", "A quick quotation won the deal."),
            ("営業と技術が同行して提案しました。", "Sales and engineers pitched together."),
        ),
    ),
    "sustainability": Vocabulary(
        (
            ("脱炭素計画", "the carbon reduction plan"), ("再生可能エネルギー", "renewable energy"),
            ("廃棄物削減", "waste reduction"), ("水資源の保全", "saving water"),
            ("環境報告書", "the environmental report"), ("省エネ活動", "energy saving"),
            ("リサイクル包装", "recycled packaging"), ("生物多様性", "biodiversity"),
        ),
        (
            ("二酸化炭素の排出を{number}%減らしました。", "CO2 emissions fell by {number}%."),
            ("太陽光パネルが屋根に設置されました。", "Solar panels went up on the roof."),
            ("プラスチックを紙に切り替えました。", "Plastic was replaced by paper."),
            ("電力の見える化で節電が進みました。", "Visible power use led to savings."),
        ),
    ),
    "events": Vocabulary(
        (
            ("創立記念イベント", "the anniversary event"), ("家族見学会", "family day"),
            ("社内運動会", "the sports day"), ("アイデアコンテスト", "the idea contest"),
            ("タウンホール", "the town hall"), ("夏祭り", "the summer festival"),
            ("展示会への出展", "our trade fair booth"), ("懇親会", "the get-together"),
        ),
        (
            ("申し込みは{number}日までです。", "Register within {number} days."),
            ("会場とオンラインの両方で参加できます。", "You can join on site or online."),
            ("昨年は多くの応募がありました。", "Many entries came in last year."),
            ("当日のプログラムと集合場所を確認してください。",
             "Please check the programme and the meeting point."),
        ),
    ),
    "learning": Vocabulary(
        (
            ("新任管理職研修", "training for new managers"), ("語学講座", "language courses"),
            ("資格取得支援", "certification support"), ("データ分析講座", "data analysis classes"),
            ("メンター制度", "mentoring"), ("読書会", "the reading circle"),
            ("eラーニング", "e-learning"), ("社内勉強会", "study sessions"),
        ),
        (
            ("一回{number}0分の講座です。", "Each lesson takes {number}0 minutes."),
            ("受講者の満足度は高く、修了率も伸びました。",
             "Participants are satisfied and more of them finish."),
            ("教材は繰り返し視聴できます。", "The material can be watched again."),
            ("学んだことを職場で試す課題があります。",
             "An exercise brings the lesson to your workplace."),
        ),
    ),
    "facilities": Vocabulary(
        (
            ("オフィス改装", "the office refit"), ("社員食堂のメニュー", "the canteen menu"),
            ("駐車場の工事", "car park works"), ("会議室の予約", "meeting room booking"),
            ("フリーアドレス", "free seating"), ("空調設備の更新", "new air conditioning"),
            ("休憩室の改善", "better break rooms"), ("入退館ゲート", "entrance gates"),
        ),
        (
            ("工事は{number}週間続きます。", "The works last {number} weeks."),
            ("階段と通路の一部が通れません。", "Some stairs and corridors are closed."),
            ("座席は専用アプリで予約してください。", "Book a seat in the app."),
            ("騒音にご理解をお願いします。", "Please bear with the noise."),
        ),
    ),
    "finance": Vocabulary(
        (
            ("四半期決算", "the quarterly results"), ("予算編成", "budget planning"),
            ("経費精算", "expense claims"), ("原価低減", "cost reduction"),
            ("投資計画", "the investment plan"), ("請求書の電子化", "electronic invoices"),
            ("為替の影響", "exchange rate effects"), ("株主総会", "the shareholders' meeting"),
        ),
        (
            ("営業利益は{number}%伸びました。", "Operating profit rose by {number}%."),
            ("締め日は毎月末です。", "Books close at the end of each month."),
            ("売上と費用の内訳を図で説明します。", "A chart breaks down revenue and cost."),
            ("監査の指摘にも対応しました。", "Audit findings were addressed."),
        ),
    ),
    "customers": Vocabulary(
        (
            ("お客様の声", "what customers say"), ("導入事例", "a customer story"),
            ("問い合わせ対応", "answering enquiries"), ("満足度調査", "the satisfaction survey"),
            ("アフターサービス", "after-sales service"), ("カスタマーサクセス", "customer success"),
            ("お客様訪問記", "a visit to a customer"), ("苦情からの学び", "lessons of complaints"),
        ),
        (
            ("満足度は{number}ポイント改善しました。", "Satisfaction improved by {number} points."),
            ("導入の決め手はサポートの速さでした。", "Fast support was the reason to buy."),
            ("お客様の工場で使われる様子を取材しました。",
             "We saw it in use at a customer's factory."),
            ("感謝の手紙が届きました。", "A thank-you letter arrived."),
        ),
    ),
    "culture": Vocabulary(
        (
            ("企業理念", "our philosophy"), ("多様性と包摂", "diversity and inclusion"),
            ("感謝を伝える週間", "appreciation week"), ("心理的安全性", "psychological safety"),
            ("社内表彰", "the staff awards"), ("対話の場", "dialogue sessions"),
            ("部活動", "company clubs"), ("行動指針", "our code of conduct"),
        ),
        (
            ("部門を越えた対話に{number}0人が参加しました。",
             "{number}0 people joined a dialogue across departments."),
            ("失敗を話せる雰囲気が大切です。", "It helps when mistakes can be talked about."),
            ("理念を自分の言葉で語る機会になりました。",
             "Everyone put the philosophy into their own words."),
            ("互いの違いを強みに変えます。", "We turn differences into strengths."),
        ),
    ),
    "research": Vocabulary(
        (
            ("材料研究", "materials research"), ("特許出願", "patent filings"),
            ("産学連携", "work with universities"), ("画像認識技術", "image recognition"),
            ("実験の自動化", "automated experiments"), ("電池技術", "battery technology"),
            ("学会発表", "conference papers"), ("技術戦略", "technology strategy"),
        ),
        (
            ("実験の精度は{number}倍になりました。",
             "Experiments became {number} times as precise."),
            ("論文は国際学会に採択されました。", "The paper was accepted at a conference."),
            ("仮説を立て、試料を測定しました。", "A hypothesis was tested on samples."),
            ("基礎研究を事業につなげます。", "Basic research leads to business."),
        ),
    ),
    "strategy": Vocabulary(
        (
            ("中期経営計画", "the mid-term plan"), ("社長メッセージ", "the president's message"),
            ("海外展開", "going abroad"), ("組織再編", "the reorganisation"),
            ("新規事業", "new businesses"), ("業務提携", "the business alliance"),
            ("経営会議の要点", "notes from the board"), ("市場の見通し", "the market outlook"),
        ),
        (
            ("重点領域は{number}つです。", "There are {number} focus areas."),
            ("外部環境の変化に先回りして動きます。", "We act ahead of a changing market."),
            ("目標と役割を部門ごとに定めます。", "Each division sets goals and roles."),
            ("経営陣と有識者が対談しました。", "Executives talked with outside experts."),
        ),
    ),
}  # fmt: skip

TOPICS: tuple[str, ...] = tuple(VOCABULARY)
"""Topics in the order of every topic axis of the truth."""
