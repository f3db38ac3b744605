// Elements from plain values. Text is only ever text, and addresses lead to the web or nowhere.

/** Return an element; an attribute that is null or false is left out, `on…` is a listener. */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Return an http(s) address, relative ones taken from the page's own; null for anything else. */
export function webAddress(text) {
  if (!text) return null;
  try {
    const url = new URL(text, document.baseURI);
    return /^https?:$/.test(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const PATHS = {
  video: "M4 6h11v12H4zM15 10l5-3v10l-5-3",
  illustration: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  text: "M5 6h14M5 10h14M5 14h14M5 18h8",
  audio: "M4 10v4h4l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  play: "M8 5.5v13l11-6.5z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  zoom: "M14 4h6v6M10 20H4v-6M20 4l-7 7M4 20l7-7",
  close: "M6 6l12 12M18 6L6 18",
  refresh: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  more: "M6 9l6 6 6-6",
};

/** Return a drawn sign, which says nothing that the words beside it do not. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
