// Every word of the widget, Japanese and English. What the API says in words comes from there.

export const TEXTS = {
  "feed.title": ["あなたへ", "For you"],
  "feed.refresh": ["最新にする", "Refresh"],
  "feed.more": ["もっと見る", "Show more"],
  "feed.loading": ["読み込んでいます", "Loading"],
  "feed.loaded": ["{n}件を表示しています", "{n} stories shown"],
  "feed.end": ["ここまでです", "That is all for now"],
  "feed.empty": ["すべて読み終えました", "You are all caught up"],
  "feed.empty_hint": ["新しい記事が届くと、ここに表示されます。", "New stories will appear here."],
  "feed.error": ["表示できませんでした", "Your feed could not be loaded"],
  "feed.error_hint": ["少し待ってから、もう一度お試しください。", "Wait a moment, then try again."],
  "feed.retry": ["もう一度試す", "Try again"],
  "feed.offline": ["オフラインです。操作は保存され、つながったときに送られます。", "You are offline. What you do is kept and sent once you are back."],
  "feed.waiting": ["ほかに{n}件の必読があります。", "{n} more must-reads will follow."],

  "format.video": ["動画", "Video"],
  "format.short_video": ["ショート動画", "Short video"],
  "format.illustration": ["イラスト", "Illustration"],
  "format.animation": ["アニメーション", "Animation"],
  "format.infographic": ["インフォグラフィック", "Infographic"],
  "format.text_summary": ["要約", "Summary"],
  "format.article": ["記事", "Article"],
  "format.transcript": ["書き起こし", "Transcript"],
  "format.audio": ["音声", "Audio"],

  "card.minutes": ["約{n}分", "{n} min"],
  "card.captions": ["字幕あり", "Captions"],
  "card.play": ["再生", "Play"],
  "card.enlarge": ["拡大", "Enlarge"],
  "card.close": ["閉じる", "Close"],
  "card.read": ["続きを読む", "Read more"],
  "card.finish": ["読み終えた", "Done reading"],
  "card.finished": ["読了を記録しました", "Noted as read"],
  "card.open": ["記事を開く", "Open the story"],
  "card.unplayable": ["ここでは表示できません。", "This cannot be shown here."],
  "card.reasons": ["表示の理由", "Reasons"],

  "must.badge": ["必読", "Must read"],
  "must.due": ["{day}までに確認", "Confirm by {day}"],
  "must.overdue": ["確認期限 {day}（過ぎています）", "Was due {day}"],
  "must.acknowledge": ["内容を確認しました", "I have read and understood"],
  "must.done": ["確認を記録しました。", "Your confirmation is noted."],

  "as.title": ["ほかの形式", "Also as"],
  "as.shown": ["{format}で表示しています", "Shown as: {format}"],
  "as.always": ["いつも「{format}」を優先する", "Prefer this format from now on: {format}"],
  "as.saved": ["設定を保存しました", "Your choice is saved"],
  "as.failed": ["保存できませんでした", "Your choice could not be saved"],

  "why.title": ["なぜ表示？", "Why this?"],
  "why.failed": ["いまは理由を取得できません。", "The reason is not available right now."],

  "less.title": ["表示を減らす", "Show less"],
  "less.ask": ["理由を教えてください", "What is the reason?"],
  "less.not_interested": ["興味がない", "Not interested"],
  "less.too_difficult": ["難しい", "Too difficult"],
  "less.not_my_work": ["自分の業務と関係がない", "Not my work"],
  "less.no_time": ["時間がない", "No time"],
  "less.already_known": ["もう知っている", "Already known"],
  "less.wrong_format": ["形式が合わない", "Wrong format"],
  "less.done": ["承知しました。この記事はもう表示しません。", "Understood. This story will not come back."]
};

/** Return the language that is spoken here: `ja` for `ja-JP`, English for what is neither. */
export function spoken(tag) {
  return /^ja\b/i.test(tag ?? "") ? "ja" : "en";
}

/** Return a function from key and values to words. */
export function words(lang) {
  return (key, values = {}) =>
    TEXTS[key][lang === "ja" ? 0 : 1].replace(/{(\w+)}/g, (_, name) => values[name]);
}
