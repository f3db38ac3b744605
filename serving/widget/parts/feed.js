// A reader's feed: its pages, its states, and the log of what is done in it.

import { Card } from "./card.js";
import { h, icon } from "./dom.js";
import { EventQueue } from "./queue.js";
import { Signals } from "./signals.js";
import { words } from "./texts.js";

// They change the next feed.
const AT_ONCE = new Set(["open", "complete", "dismiss", "acknowledge"]);
// The next page is fetched before its place comes into view.
const AHEAD = "600px";
// A feed that is a little behind is better than none.
const FLUSH_PATIENCE_MS = 3_000;

export class Feed {
  #host;
  #asked;
  #queue;
  #session = uuid();
  #stopping = new AbortController();
  #cursor = null;
  // An answer to an older question is thrown away.
  #run = 0;
  #isLoading = false;
  // Of the server's clock, in milliseconds.
  #ahead = 0;
  #parts;
  #observer;

  constructor(host, api, asked) {
    Object.assign(this, { api, lang: asked.lang, surface: asked.surface, t: words(asked.lang) });
    this.#host = host;
    this.#asked = asked;
    this.#queue = new EventQueue(asked.owner, (events) => api.events(events));
    this.signals = new Signals((type, card, columns) => this.log(type, card, columns));
    this.#frame();
    this.#listen();
    // What an earlier page could not send.
    this.#queue.flush();
  }

  stop() {
    this.#run += 1;
    this.signals.stop();
    this.#observer.disconnect();
    this.#stopping.abort();
    this.#queue.flush();
    this.#queue.stop();
  }

  /** Show a new feed from its first page on. */
  async refresh() {
    this.#cursor = null;
    await this.#load();
  }

  now() {
    return Date.now() + this.#ahead;
  }

  day(instant) {
    return new Intl.DateTimeFormat(this.lang, { month: "short", day: "numeric" }).format(new Date(instant));
  }

  /** Let somebody who cannot see it know what has changed. */
  say(text) {
    this.#parts.status.textContent = text;
  }

  /** Tell the page what is done with a card; return false if the page takes it from here. */
  tell(type, { item, rendition, requestId }) {
    const { content_id, position } = item;
    const { rendition_id, format, url } = rendition;
    const detail = { content_id, rendition_id, format, url, position, request_id: requestId };
    const told = new CustomEvent(`feed:${type}`, { detail, bubbles: true, composed: true, cancelable: true });
    return this.#host.dispatchEvent(told);
  }

  /** Log what is done with a card, and tell the page of it. */
  log(type, card, columns) {
    const { employee, surface, device } = this.#asked;
    this.#queue.add({
      event_id: uuid(), event_type: type, employee_id: employee,
      occurred_at: new Date(this.now()).toISOString(),
      content_id: card.item.content_id, rendition_id: card.rendition.rendition_id || null,
      surface, device, session_id: this.#session,
      request_id: card.requestId, position: card.item.position, ...columns,
    });
    if (AT_ONCE.has(type)) this.#queue.flush();
    return this.tell(type, card);
  }

  async #load() {
    const run = (this.#run += 1);
    const isFirst = this.#cursor === null;
    const focused = this.#host.shadowRoot.activeElement;
    const isByKey = this.#parts.end.contains(focused) || this.#parts.state.contains(focused);
    this.#isLoading = true;
    this.#wait(isFirst);
    try {
      await Promise.race([this.#queue.flush(), pause(FLUSH_PATIENCE_MS)]);
      const { limit, surface, device, lang } = this.#asked;
      const page = await this.api.feed({ limit, surface, device, lang, cursor: this.#cursor });
      if (run !== this.#run) return;
      performance.mark("intranet-feed:answered");
      const first = this.#show(page, isFirst);
      if (isByKey && !this.#host.shadowRoot.activeElement) first?.focus({ preventScroll: true });
      performance.mark("intranet-feed:shown");
      this.#host.dispatchEvent(new CustomEvent("feed:load", { detail: { items: page.items.length }, bubbles: true, composed: true }));
    } catch (error) {
      if (run === this.#run) this.#fail(error, isFirst);
    }
    if (run !== this.#run) return;
    this.#isLoading = false;
    this.#parts.cards.setAttribute("aria-busy", "false");
    this.#observe();
  }

  #frame() {
    const { t } = this;
    const cards = h("div", { class: "cards", role: "feed", "aria-label": t("feed.title"), onkeydown: (event) => this.#step(event) });
    const more = h("button", { class: "primary", type: "button", onclick: () => this.#load() }, t("feed.more"));
    const renew = h("button", { class: "plain", type: "button", onclick: () => this.refresh() }, icon("refresh"), t("feed.refresh"));
    this.#parts = {
      cards, more, end: h("p", { class: "end" }, more), waiting: h("p", { class: "waiting" }), status: h("p", { class: "unseen", role: "status" }),
      note: h("p", { class: "note", hidden: true }), state: h("div", { class: "state", hidden: true }),
    };
    const { status, note, waiting, state, end } = this.#parts;
    this.#host.shadowRoot.replaceChildren(h("section", { lang: this.lang, "aria-label": t("feed.title") },
      h("header", { part: "header" }, h("h2", {}, t("feed.title")), renew),
      status, note, waiting, cards, state, end));
    this.#observer = new IntersectionObserver((seen) => {
      const isNear = seen.some((entry) => entry.isIntersecting);
      if (isNear && !this.#isLoading && navigator.onLine) this.#load();
    }, { rootMargin: AHEAD });
    this.#wait(true);
  }

  #listen() {
    const { signal } = this.#stopping;
    const leave = () => {
      this.signals.pause();
      this.#queue.flush();
    };
    addEventListener("pagehide", leave, { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave(), { signal });
    // A page that comes back out of the browser's cache shows what was read since.
    addEventListener("pageshow", ({ persisted }) => persisted && this.refresh(), { signal });
    addEventListener("offline", () => this.#noteOffline(), { signal });
    addEventListener("online", () => {
      this.#noteOffline();
      this.#queue.flush();
      if (!this.#parts.state.hidden) this.#load();
      else this.#observe();
    }, { signal });
    this.#noteOffline();
  }

  #noteOffline() {
    const { note } = this.#parts;
    note.hidden = navigator.onLine;
    note.textContent = note.hidden ? "" : this.t("feed.offline");
    if (!note.hidden) this.say(note.textContent);
  }

  /** Show that something is coming: sketches of cards where there are none yet. */
  #wait(isFirst) {
    const { cards, more, state } = this.#parts;
    cards.setAttribute("aria-busy", "true");
    this.#observer.disconnect();
    state.hidden = more.hidden = true;
    cards.hidden = false;
    if (isFirst && !cards.querySelector("article")) {
      cards.replaceChildren(...Array.from({ length: 3 }, () => h("div", { class: "sketch", "aria-hidden": "true" })));
      this.say(this.t("feed.loading"));
    }
  }

  /** Show a page below what is there; return its first card. */
  #show(page, isFirst) {
    const { cards, more } = this.#parts;
    if (page.clock) this.#ahead = Date.parse(page.clock) - Date.now();
    if (isFirst) this.#clear();
    const shown = page.items.map((item) => new Card(this, page.request_id, item));
    cards.append(...shown.map((card) => card.element));
    for (const card of shown) {
      this.signals.watch(card.element, card);
      card.fit();
    }
    this.#cursor = page.next_cursor;
    more.hidden = this.#cursor === null;
    const n = cards.querySelectorAll("article").length;
    const left = page.must_reads_waiting;
    this.#parts.waiting.textContent = left ? this.t("feed.waiting", { n: left }) : "";
    cards.hidden = !n;
    if (!n) this.#state("check", "feed.empty", h("p", {}, this.t("feed.empty_hint")));
    else this.say(this.t("feed.loaded", { n }) + (this.#cursor ? "" : ` ${this.t("feed.end")}`));
    return shown[0]?.element;
  }

  #clear() {
    for (const element of this.#parts.cards.children) this.signals.leave(element);
    this.#parts.cards.replaceChildren();
  }

  #fail(error, isFirst) {
    console.warn("intranet-feed:", error);
    if (isFirst) this.#clear();
    const again = h("button", { class: "primary", type: "button", onclick: () => this.#load() }, this.t("feed.retry"));
    this.#state("refresh", "feed.error", h("p", {}, this.t("feed.error_hint")), again);
  }

  #state(sign, key, ...more) {
    const { state } = this.#parts;
    state.replaceChildren(icon(sign), h("p", { class: "what" }, this.t(key)), ...more);
    state.hidden = false;
    this.say(this.t(key));
  }

  /** Fetch the next page when its button comes near, which a keyboard reaches as well. */
  #observe() {
    this.#observer.disconnect(); // or what is near already would not be told
    if (!this.#parts.more.hidden) this.#observer.observe(this.#parts.more);
  }

  /** Page keys lead from card to card, as readers of screens expect of a feed. */
  #step(event) {
    const by = { PageDown: 1, PageUp: -1 }[event.key];
    const here = event.target.closest("article");
    if (!by || !here) return;
    const all = [...this.#parts.cards.querySelectorAll("article")];
    const next = all[all.indexOf(here) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Return a random id; plain http has the randomness, but not the function that writes it out. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
