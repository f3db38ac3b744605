// The API as one employee's browser may call it: with a short-lived token, never with a key.

// A token that ends while a request is under way would be refused.
const RENEW_BEFORE_MS = 60_000;
// A new token is used that long whatever this machine's clock says.
const TRUST_MS = 30_000;
// Characters: browsers let 64 KB outlive a page, and a character may take three bytes.
const MOST_KEPT_ALIVE = 20_000;
const PATIENCE_MS = 15_000;

/** An answer that is no success; `status` 0 is no answer at all. */
export class Refused extends Error {
  constructor(status, retryAfterSeconds = 0) {
    super(status ? `the server answered ${status}` : "the server could not be reached");
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

async function ask(url, options) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    throw new Refused(0);
  }
  if (!response.ok) {
    throw new Refused(response.status, Number(response.headers.get("Retry-After")) || 0);
  }
  return response.json();
}

export class Api {
  #base;
  #employee;
  #tokens; // an address, or a function that gets the next one
  // A promise of it: who asks meanwhile waits for the same.
  #token = null;
  #until = 0;

  constructor(base, employee, tokens) {
    this.#base = base.replace(/\/+$/, "");
    this.#employee = encodeURIComponent(employee);
    this.#tokens = tokens;
  }

  feed(query) {
    const asked = Object.entries(query).filter(([, value]) => value);
    const own = new URLSearchParams([...asked, ["details", "true"]]);
    return this.#call(`/v1/employees/${this.#employee}/feed?${own}`);
  }

  explain(contentId, query) {
    const own = new URLSearchParams({ ...query, employee: decodeURIComponent(this.#employee) });
    return this.#call(`/v1/contents/${encodeURIComponent(contentId)}/explain?${own}`);
  }

  /** Store events; the request outlives the page. */
  events(events) {
    return this.#call("/v1/events", "POST", { events });
  }

  /** Declare a preferred format (null: none any more) and leave all other choices as they are. */
  async prefer(format) {
    const path = `/v1/employees/${this.#employee}/preferences`;
    const { attributes, ...chosen } = await this.#call(path);
    await this.#call(path, "PUT", { ...attributes, ...chosen, preferred_format: format });
    return chosen.preferred_format ?? null;
  }

  async #call(path, method = "GET", body, isSecondTry = false) {
    const asked = this.#fresh();
    const text = body && JSON.stringify(body);
    try {
      return await ask(this.#base + path, {
        method,
        keepalive: text?.length < MOST_KEPT_ALIVE,
        headers: {
          Authorization: `Bearer ${await asked}`,
          ...(body && { "Content-Type": "application/json" }),
        },
        body: text,
      });
    } catch (refused) {
      if (refused.status !== 401 || isSecondTry) throw refused;
      // Unless somebody else has renewed it.
      if (this.#token === asked) this.#token = null;
      return this.#call(path, method, body, true);
    }
  }

  #fresh() {
    if (!this.#token || performance.now() > this.#until) {
      this.#until = Infinity;
      const asked = this.#renewed();
      asked.catch(() => (this.#token = null));
      this.#token = asked;
    }
    return this.#token;
  }

  async #renewed() {
    const made = typeof this.#tokens === "function"
      ? await this.#tokens()
      : await ask(this.#tokens, { method: "POST", credentials: "same-origin" });
    const left = Date.parse(made.expires_at) - Date.now() - RENEW_BEFORE_MS;
    this.#until = performance.now() + Math.max(left || 0, TRUST_MS);
    return made.token;
  }
}
