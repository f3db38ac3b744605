// <intranet-feed>: a personal feed in anybody's page, and what its reader does with it.

import { Api } from "./api.js";
import { Feed } from "./feed.js";
import { SHEET } from "./style.js";
import { spoken } from "./texts.js";

class IntranetFeed extends HTMLElement {
  static observedAttributes = ["api", "employee", "token-url", "lang", "limit", "surface", "device"];

  #feed = null;
  #isDue = false;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [SHEET];
  }

  connectedCallback() {
    this.#restart();
  }

  disconnectedCallback() {
    this.#feed?.stop();
    this.#feed = null;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#restart();
  }

  /** Ask for a new feed, which knows all that was done so far; resolves when it is shown. */
  async refresh() {
    await this.#feed?.refresh();
  }

  /** Begin anew once all attributes are there: pages set them one by one. */
  #restart() {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.disconnectedCallback();
      if (this.isConnected) this.#start();
    });
  }

  #start() {
    const asked = (name) => this.getAttribute(name);
    const employee = asked("employee");
    const tokens = this.getToken ?? asked("token-url"); // for pages where no cookie signs in
    if (!employee || !tokens) {
      console.error("intranet-feed: employee and token-url (or the property getToken) are needed");
      return;
    }
    const base = asked("api") || new URL(import.meta.url).origin;
    this.#feed = new Feed(this, new Api(base, employee, tokens), {
      employee,
      owner: `${base} ${employee}`,
      lang: spoken(asked("lang") || document.documentElement.lang || navigator.language),
      limit: asked("limit") || 10,
      surface: asked("surface") || "portal",
      device: asked("device") || device(),
    });
    this.#feed.refresh();
  }
}

/** Return what the page is read on, as far as a page can tell. */
function device() {
  if (!matchMedia("(pointer: coarse)").matches) return "desktop";
  return Math.min(screen.width, screen.height) < 600 ? "mobile" : "tablet";
}

customElements.define("intranet-feed", IntranetFeed);
