// How it looks. Pages set the properties --feed-… and the attribute theme; the rest is private.

const CSS = `
:host {
  --ink: var(--feed-ink, light-dark(#1d2326, #ecefee));
  --soft: var(--feed-soft, light-dark(#566166, #a9b4b8));
  --sheet: var(--feed-sheet, light-dark(#fff, #1d2326));
  --line: var(--feed-line, light-dark(#dfddd5, #364045));
  --tint: var(--feed-tint, light-dark(#f3f2ed, #272f33));
  --accent: var(--feed-accent, light-dark(#1f5f5b, #7fc8bf));
  --on-accent: var(--feed-on-accent, light-dark(#fff, #0e2321));
  --alert: var(--feed-alert, light-dark(#9b3a22, #f0a58c));
  --on-alert: var(--feed-on-alert, light-dark(#fff, #3a150b));
  --radius: var(--feed-radius, 14px);
  --gap: var(--feed-gap, 1rem);
  display: block; container-type: inline-size; color-scheme: light dark; color: var(--ink);
  font-family: var(--feed-font, inherit); line-height: 1.6; overflow-wrap: anywhere;
}
:host([hidden]), [hidden] { display: none !important; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }
h2, h3, p, ul { margin: 0; padding: 0; }
ul { list-style: none; }
:lang(ja) { line-break: strict; }
:is(h2, h3):lang(ja) { word-break: auto-phrase; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { width: 1.15em; height: 1.15em; flex: none; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }

header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; margin-bottom: .75rem; }
h2 { font-size: 1.375rem; line-height: 1.35; }
button { font: inherit; color: inherit; cursor: pointer; min-height: 2.25rem; padding: .2rem .75rem; border: 1px solid var(--line); border-radius: 999px; background: none; display: inline-flex; align-items: center; justify-content: center; gap: .35rem; }
button:hover { border-color: var(--accent); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; min-height: 2.75rem; padding-inline: 1.25rem; }
button.primary:hover { filter: brightness(1.1); }
button.plain { border: 0; color: var(--accent); padding-inline: 0; }
button.plain:hover { text-decoration: underline; text-underline-offset: .2em; }
.note { background: var(--tint); border-radius: 10px; padding: .6rem 1rem; margin-bottom: .75rem; font-size: .875rem; }
.waiting { color: var(--alert); font-size: .875rem; margin-bottom: .5rem; }
.waiting:empty { display: none; }
.end { text-align: center; margin-top: 1.25rem; }
.state { display: grid; justify-items: center; gap: .5rem; text-align: center; padding: 3rem 1rem; color: var(--soft); }
.state .icon { width: 2.5rem; height: 2.5rem; color: var(--accent); }
.state .what { color: var(--ink); font-weight: 600; font-size: 1.125rem; }

.cards { display: grid; gap: var(--gap); }
.cards:has(.panel, .copy:not(.folded), [controls]) { align-items: start; }
article { min-width: 0; scroll-margin-block: 1rem; }
.card, .sketch { background: var(--sheet); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
.card { display: flex; flex-direction: column; transition: border-color .15s; }
.card:hover { border-color: var(--accent); }
article:focus-visible { outline-offset: 3px; border-radius: var(--radius); }
.sketch { height: 13rem; background: linear-gradient(100deg, var(--tint) 40%, var(--line) 50%, var(--tint) 60%) 0 0 / 300% 100%; animation: shine 1.6s linear infinite; }
@keyframes shine { from { background-position: 130% 0; } to { background-position: -20% 0; } }
.gone { display: grid; place-items: center; background: var(--tint); border-radius: var(--radius); padding: 1.25rem; color: var(--soft); }
.gone p { display: flex; gap: .5rem; align-items: center; }
.gone .icon { color: var(--accent); }

.words { padding: .9rem 1.1rem .75rem; display: flex; flex-direction: column; align-items: flex-start; gap: .5rem; flex: 1; min-width: 0; }
.meta { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .75rem; color: var(--soft); font-size: .8125rem; font-variant-numeric: tabular-nums; }
.kind { display: inline-flex; align-items: center; gap: .35rem; font-weight: 600; color: var(--accent); }
.kind.video { color: light-dark(#a3481f, #eba27c); } .kind.illustration { color: light-dark(#6a4c93, #c3a8e6); } .kind.audio { color: light-dark(#7a590e, #e2c06c); }
.badge { background: var(--alert); color: var(--on-alert); border-radius: 6px; padding: 0 .5rem; }
.due { color: var(--alert); font-weight: 600; }
h3 { font-size: 1.0625rem; line-height: 1.5; font-weight: 650; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; max-width: 100%; }
h3 a.open { color: inherit; text-decoration: none; }
h3 a.open:hover { text-decoration: underline; text-underline-offset: .2em; }
.copy { font-size: .9375rem; line-height: 1.75; white-space: pre-line; max-width: 44rem; }
.folded { color: var(--soft); display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; }
.noted { display: inline-flex; gap: .35rem; align-items: center; color: var(--soft); font-size: .875rem; min-height: 2.25rem; }
.reasons { display: flex; flex-wrap: wrap; gap: .35rem; }
.reasons li { font-size: .75rem; background: var(--tint); color: var(--soft); border-radius: 999px; padding: .1rem .65rem; }
.actions { margin-top: auto; padding-top: .35rem; width: 100%; display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; font-size: .8125rem; }
.actions .primary { font-size: .9375rem; }
.formats { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem; color: var(--soft); }
.formats button { color: var(--ink); padding-inline: .65rem; }
.tools { display: flex; flex-wrap: wrap; gap: 0 1.1rem; margin-inline-start: auto; }
.tools .plain { color: var(--soft); }
.tools .plain[aria-expanded="true"] { color: var(--accent); font-weight: 600; }
.panel { width: 100%; background: var(--tint); border-radius: 10px; padding: .7rem .9rem; font-size: .875rem; display: grid; gap: .4rem; }
.panel ul { padding-inline-start: 1.1rem; list-style: disc; color: var(--soft); }
.panel label { display: flex; gap: .5rem; align-items: center; min-height: 2rem; }
.panel input { width: 1.15rem; height: 1.15rem; accent-color: var(--accent); flex: none; }
.choices { display: flex; flex-wrap: wrap; gap: .4rem; }
.choices button { background: var(--sheet); }

.media { position: relative; background: var(--tint); }
.media.video { background: light-dark(#f6e6db, #3b291f); } .media.illustration { background: light-dark(#ece5f3, #30273d); }
.media video, .media img { display: block; width: 100%; aspect-ratio: 16 / 9; object-fit: cover; }
.media.illustration img { object-fit: contain; }
.media video[controls] { object-fit: contain; background: #14181a; }
.media button { position: absolute; inset: 0; width: 100%; border: 0; border-radius: 0; padding: 0; }
.media.illustration button { position: static; display: block; }
.media :focus-visible { outline-offset: -4px; outline-color: #fff; box-shadow: inset 0 0 0 6px #14181a; border-radius: 0; }
.disc { display: grid; place-items: center; width: 3.5rem; height: 3.5rem; border-radius: 50%; background: rgb(20 24 26 / 78%); color: #fff; transition: transform .15s; }
.disc .icon { width: 1.8rem; height: 1.8rem; fill: currentcolor; stroke: none; }
.play:hover .disc { transform: scale(1.08); }
.time { position: absolute; right: .6rem; bottom: .6rem; display: inline-flex; align-items: center; gap: .3rem; background: rgb(20 24 26 / 82%); color: #fff; font-size: .75rem; line-height: 1.6; padding: 0 .5rem; border-radius: 6px; font-variant-numeric: tabular-nums; }
.media.audio { padding: 1rem; } .media audio { width: 100%; display: block; }
.unplayable { display: flex; align-items: center; justify-content: center; gap: .6rem; padding: 1.25rem; color: var(--soft); font-size: .875rem; }
a.open { color: var(--accent); text-underline-offset: .2em; }

dialog { width: min(72rem, 94vw); max-height: 94vh; border: 0; border-radius: var(--radius); padding: 1rem; background: var(--sheet); color: var(--ink); }
dialog::backdrop { background: rgb(10 12 13 / 72%); }
dialog img { display: block; max-width: 100%; max-height: 76vh; margin-inline: auto; }
dialog p { margin-top: .75rem; color: var(--soft); }
.close { margin: 0 0 .5rem auto; display: flex; width: 2.75rem; height: 2.75rem; padding: 0; }

.must { border-color: var(--alert); border-inline-start-width: 5px; }
.must:hover { border-color: var(--alert); }
@container (min-width: 34rem) {
  .card { flex-direction: row; }
  .media { flex: 0 0 40%; display: grid; }
  .media video, .media img { height: 100%; min-height: 11rem; }
  .unplayable { display: flex; }
  .card:has(.panel) .media { align-self: start; }
  .card:has([controls]) { flex-direction: column; }
}
@container (min-width: 62rem) {
  .cards { grid-template-columns: 1fr 1fr; }
  .must { grid-column: 1 / -1; }
  .must .media { flex-basis: 32%; }
}
@media (prefers-reduced-motion: reduce) { .sketch { animation: none; } .card, .disc { transition: none; } }
@media (forced-colors: active) { .badge, .time, .disc { border: 1px solid; } }
`;

export const SHEET = new CSSStyleSheet();
SHEET.replaceSync(CSS);
