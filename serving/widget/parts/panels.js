// What opens below a card: why it is there, what to send it away for, a format to prefer.

import { h } from "./dom.js";

const REASONS = ["not_interested", "too_difficult", "not_my_work", "no_time", "already_known", "wrong_format"];

/** Return the reasons of a content as the API explains them; the words come when they come. */
export function whyPanel(card) {
  const told = h("div", { class: "panel", role: "status" }, card.t("feed.loading"));
  const { feed, item } = card;
  feed.api.explain(item.content_id, { surface: feed.surface, lang: card.lang }).then(
    ({ text, effects }) => {
      const causes = [...item.reasons, ...effects].map((cause) => h("li", {}, cause.text));
      told.replaceChildren(h("p", {}, text), h("ul", {}, ...causes));
    },
    () => told.replaceChildren(card.t("why.failed")),
  );
  return told;
}

/** Return the six reasons to send a content away for. */
export function lessPanel(card) {
  const { t } = card;
  const buttons = REASONS.map((reason) =>
    h("button", { type: "button", onclick: () => card.dismiss(reason) }, t(`less.${reason}`)));
  return h("div", { class: "panel", role: "group", "aria-label": t("less.ask") },
    h("p", { "aria-hidden": "true" }, t("less.ask")), h("div", { class: "choices" }, ...buttons));
}

/** Return the offer to prefer a format from now on: a choice that only its reader makes. */
export function preferPanel(card, name) {
  const { t, feed, rendition } = card;
  let before = null;
  const box = h("input", { type: "checkbox", onchange: async () => {
    const chosen = box.checked;
    try {
      const found = await feed.api.prefer(chosen ? rendition.format : before);
      if (chosen) before = found;
      card.say(t("as.saved"));
    } catch {
      box.checked = !chosen;
      card.say(t("as.failed"));
    }
  } });
  return h("div", { class: "panel" }, h("label", {}, box, t("as.always", { format: name })));
}
