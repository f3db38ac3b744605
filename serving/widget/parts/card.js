// One content in the feed: in one rendition at a time, with what can be done about it.

import { kindOf, link, linkOf, mediaOf, textOf } from "./bodies.js";
import { h, icon, webAddress } from "./dom.js";
import { lessPanel, preferPanel, whyPanel } from "./panels.js";

let cards = 0;

export class Card {
  // Rendition ids.
  #opened = new Set();
  #panel = null;

  /** `feed` is what cards share: lang, t, clock, api, signals, `log`, `say`. */
  constructor(feed, requestId, item) {
    Object.assign(this, { feed, requestId, item, lang: feed.lang, t: feed.t });
    this.rendition = item.details.renditions[0];
    this.id = `card-${(cards += 1)}`;
    this.element = h("article", {
      tabindex: 0, "aria-posinset": item.position, "aria-setsize": -1, "aria-labelledby": this.id,
      onkeydown: (event) => event.key === "Escape" && this.#toggle(null),
    });
    this.#draw();
  }

  /** Log that this was opened, once for a rendition; return false if the page steps in. */
  open(columns) {
    const { rendition_id: id } = this.rendition;
    if (this.#opened.has(id)) return this.feed.tell("open", this);
    this.#opened.add(id);
    this.feed.signals.read(this.element);
    return this.feed.log("open", this, columns);
  }

  /** Offer to read on only where something is folded away; for use once it is laid out. */
  fit() {
    const copy = this.element.querySelector(".folded");
    if (copy && copy.scrollHeight <= copy.clientHeight + 1) copy.dispatchEvent(new Event("fits"));
  }

  /** Log that this was taken in to the end. */
  finish() {
    this.open();
    this.feed.log("complete", this);
  }

  record(type, columns) {
    if (type === "open") this.open(columns);
    else this.feed.log(type, this, columns);
  }

  say(text) {
    this.feed.say(text);
  }

  /** Show another rendition, which counts as opening it. */
  showAs(rendition) {
    const before = this.rendition;
    this.feed.signals.settle(this.element);
    this.rendition = rendition;
    this.#draw();
    this.fit();
    this.open({ reason: "chosen_format" });
    this.say(this.t("as.shown", { format: this.#name(rendition) }));
    this.element.focus({ preventScroll: true });
    if (before.format !== rendition.format) this.#show(preferPanel(this, this.#name(rendition)));
  }

  /** Send the content away for a reason. */
  dismiss(reason) {
    this.feed.log("dismiss", this, { reason });
    this.#end(this.t("less.done"));
  }

  #acknowledge() {
    this.feed.log("acknowledge", this);
    this.#end(this.t("must.done"));
  }

  #end(text) {
    this.feed.signals.leave(this.element);
    this.element.className = "gone";
    this.element.replaceChildren(h("p", { id: this.id }, icon("check"), text));
    this.say(text);
    this.element.focus({ preventScroll: true });
  }

  #name({ format }) {
    return this.t(`format.${format}`);
  }

  #draw() {
    const { item, t } = this;
    const isMust = item.slot_type === "mandatory";
    this.#panel = null;
    this.element.className = isMust ? "card must" : "card";
    const media = mediaOf(this);
    this.element.replaceChildren(...[media, h("div", { class: "words" },
      this.#meta(isMust), this.#title(), textOf(this),
      item.reasons.length > 0 && h("ul", { class: "reasons", "aria-label": t("card.reasons") },
        item.reasons.map(({ text }) => h("li", {}, text))),
      this.#actions(isMust))].filter(Boolean));
  }

  #meta(isMust) {
    const { item, rendition, t } = this;
    const due = item.details.ack_due_at;
    const isLate = due && new Date(due) < this.feed.now();
    const minutes = rendition.est_minutes && t("card.minutes", { n: Math.max(1, Math.round(rendition.est_minutes)) });
    return h("p", { class: "meta" },
      isMust && h("strong", { class: "badge" }, t("must.badge")),
      isMust && due && h("span", { class: "due" }, t(isLate ? "must.overdue" : "must.due", { day: this.feed.day(due) })),
      h("span", { class: `kind ${kindOf(rendition.format)}` }, icon(kindOf(rendition.format)), this.#name(rendition)),
      minutes && h("span", {}, minutes),
      rendition.has_captions && kindOf(rendition.format) === "video" && h("span", {}, t("card.captions")),
      item.details.published_at && h("time", { datetime: item.details.published_at }, this.feed.day(item.details.published_at)));
  }

  #title() {
    const { rendition } = this;
    const address = linkOf(this);
    const title = rendition.title || this.item.title;
    return h("h3", { id: this.id, dir: "auto", lang: rendition.language, title: title.length > 120 && title },
      address ? link(this, address, title) : title);
  }

  #actions(isMust) {
    const { item, t } = this;
    const others = item.details.renditions.filter((r) => r !== this.rendition && isShowable(r));
    return h("div", { class: "actions" },
      item.details.ack_required && h("button", { class: "primary", type: "button", onclick: () => this.#acknowledge() }, t("must.acknowledge")),
      others.length > 0 && h("div", { class: "formats", role: "group", "aria-label": t("as.title") },
        h("span", { "aria-hidden": "true" }, t("as.title")),
        others.map((r) => h("button", { type: "button", onclick: () => this.showAs(r) }, icon(kindOf(r.format)), this.#name(r)))),
      h("div", { class: "tools" },
        this.#tool("why.title", () => whyPanel(this)),
        !isMust && this.#tool("less.title", () => lessPanel(this))));
  }

  /** Return a button that shows and hides a panel below the words. */
  #tool(key, panel) {
    const button = h("button", { class: "plain", type: "button", "aria-expanded": "false", onclick: () => this.#toggle(button, panel) }, this.t(key));
    return button;
  }

  #toggle(button, panel) {
    const opener = this.#panel?.opener;
    if (this.#panel) {
      this.#panel.element.remove();
      opener?.setAttribute("aria-expanded", "false");
      this.#panel = null;
      if (!button) opener?.focus();
    }
    if (button && button !== opener) {
      button.setAttribute("aria-expanded", "true");
      this.#show(panel(), button);
    }
  }

  #show(element, opener = null) {
    this.#panel = { element, opener };
    this.element.querySelector(".words").append(element);
  }
}

/** Whether there is something to see of a rendition here. */
function isShowable(rendition) {
  return Boolean(rendition.text || rendition.summary || webAddress(rendition.url));
}
