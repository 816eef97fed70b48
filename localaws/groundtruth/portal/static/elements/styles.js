// The look that all labeling elements share; adopted by their shadow roots.

export const THEME = sheet(`
  :host {
    --accent: #0b5cad;
    --accent-dark: #084583;
    --accent-soft: #e8f1fb;
    --ink: #16202a;
    --muted: #55626e;
    --line: #d5dce2;
    --control-line: #8593a0;
    --surface: #ffffff;
    --canvas: #e9edf0;
    --danger: #b3261e;
    --danger-soft: #fdecea;
    font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    color: var(--ink);
  }
  *, *::before, *::after { box-sizing: border-box; }
  [hidden] { display: none !important; }
  h1 { font-size: 16px; font-weight: 600; line-height: 1.3; margin: 0; }
  h2 {
    display: flex; justify-content: space-between; margin: 14px 4px 6px;
    font-size: 12px; font-weight: 600; letter-spacing: 0.02em; color: var(--muted);
  }
  h2:first-child { margin-top: 2px; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  button {
    display: inline-flex; align-items: center; justify-content: center; gap: 6px; flex: none;
    min-width: 36px; min-height: 36px; padding: 4px 10px; font: inherit; color: inherit;
    background: var(--surface); border: 1px solid var(--control-line); border-radius: 6px; cursor:
    pointer;
  }
  button:hover:not(:disabled) { background: #f1f4f6; }
  button:disabled { opacity: 0.4; cursor: default; }
  button[aria-pressed="true"], button[aria-checked="true"] {
    background: var(--accent-soft); border-color: var(--accent); box-shadow: inset 0 0 0 1px
    var(--accent);
  }
  button.primary {
    padding: 4px 22px; font-weight: 600; color: #fff; background: var(--accent); border-color:
    var(--accent);
  }
  button.primary:hover:not(:disabled) { background: var(--accent-dark); }
  button.quiet { background: none; border-color: transparent; }
  kbd {
    flex: none; min-width: 18px; padding: 0 4px; text-align: center; font: 11px/16px ui-monospace,
    monospace;
    color: var(--muted); background: #f7f9fa; border: 1px solid var(--line); border-radius: 3px;
  }
  .swatch { flex: none; width: 16px; height: 16px; border-radius: 4px; border: 1px solid #0003; }
  .message { color: var(--danger); font-weight: 500; }
  .unseen {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
    white-space: nowrap;
  }
  dialog {
    width: min(720px, 92vw); max-height: 86vh; padding: 20px 24px; overflow: auto; color: inherit;
    border: 1px solid var(--line); border-radius: 10px; box-shadow: 0 12px 40px #0004;
  }
  dialog::backdrop { background: #16202a80; }
  dialog h2 { margin: 0 0 12px; font-size: 17px; color: var(--ink); letter-spacing: 0; }
  dialog form { display: flex; justify-content: flex-end; margin-top: 16px; }
  dialog table { width: 100%; border-collapse: collapse; }
  dialog td { padding: 5px 16px 5px 0; border-top: 1px solid var(--line); vertical-align: top; }
  dialog td:first-child { white-space: nowrap; }
  ::slotted(*) { max-width: 100%; overflow-wrap: break-word; }
  @media (pointer: coarse) { button { min-width: 44px; min-height: 44px; } }
`);

export const FRAME = sheet(`
  :host {
    display: flex; flex-direction: column; height: 100vh; height: 100dvh; min-height: 420px;
    background: var(--surface);
  }
  :host([beside]) {
    height: max(420px, calc(100dvh - 140px)); border-bottom: 1px solid var(--line);
  }
  .top, .bar { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 6px 12px; }
  .top { border-bottom: 1px solid var(--line); }
  .top h1 { flex: 1; min-width: 12ch; overflow-wrap: anywhere; }
  .bar { border-top: 1px solid var(--line); }
  .bar .divider { width: 1px; height: 24px; margin: 0 4px; background: var(--line); }
  .bar .end {
    display: flex; flex-wrap: wrap; gap: 14px; align-items: center; justify-content: flex-end;
    margin-left: auto;
  }
  .middle {
    flex: 1; display: grid; grid-template-columns: 240px minmax(0, 1fr) 240px; min-height: 0;
  }
  .middle.plain { grid-template-columns: minmax(0, 1fr) 240px; }
  .middle.plain .instructions { display: none; }
  .pane { overflow: auto; padding: 12px; }
  .instructions { border-right: 1px solid var(--line); }
  .side { padding: 10px; border-left: 1px solid var(--line); }
  .stage {
    position: relative; overflow: hidden; background: var(--canvas); cursor: crosshair;
    touch-action: none; user-select: none; -webkit-user-select: none;
  }
  .stage:focus-visible { outline-offset: -2px; }
  .stage.pan { cursor: grab !important; }
  .stage.panning { cursor: grabbing !important; }
  .layer { position: absolute; left: 0; top: 0; transform-origin: 0 0; }
  .layer img {
    display: block; max-width: none; image-orientation: none; pointer-events: none;
    -webkit-user-drag: none;
  }
  .layer canvas { position: absolute; left: 0; top: 0; pointer-events: none; }
  .layer canvas.upper-canvas { width: 100%; height: 100%; }
  .layer.crisp img, .layer.crisp canvas { image-rendering: pixelated; }
  svg.overlay {
    position: absolute; inset: 0; width: 100%; height: 100%; overflow: hidden; pointer-events:
    none;
  }
  .label {
    display: flex; width: 100%; gap: 8px; justify-content: flex-start; margin-bottom: 4px;
    text-align: left;
  }
  .label span:nth-child(2) { flex: 1; overflow-wrap: anywhere; }
  .items { margin: 0; padding: 0; list-style: none; }
  .items button {
    width: 100%; justify-content: flex-start; gap: 8px; text-align: left; border-color:
    transparent;
  }
  .items button[aria-pressed="true"] { border-color: var(--accent); }
  .items span:nth-child(2) { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  .items small, h2 small {
    color: var(--muted); font-variant-numeric: tabular-nums; font-weight: 400;
  }
  .hint { margin: 4px; color: var(--muted); }
  .zoom { min-width: 5ch; text-align: center; font-variant-numeric: tabular-nums; }
  .tick { display: inline-flex; align-items: center; gap: 8px; min-height: 36px; cursor: pointer; }
  .tick input { width: 18px; height: 18px; margin: 0; accent-color: var(--accent); }
  .bar [inert], .side[inert] { opacity: 0.4; }
  .bar .message { max-width: 60ch; }
  .bar .message:empty { display: none; }
  .stage.looking { cursor: grab; }
  .layer canvas.mask { opacity: 0.6; }
  .layer img.unseen-mask { position: absolute; visibility: hidden; }
  .target { padding: 24px; font-size: 16px; }
  .categories { min-width: 0; margin: 0; padding: 0; border: 0; }
  .category {
    display: flex; align-items: center; gap: 10px; min-height: 40px; margin-bottom: 6px; padding:
    6px 10px;
    border: 1px solid var(--control-line); border-radius: 6px; cursor: pointer;
  }
  .category:hover { background: #f1f4f6; }
  .category:has(:checked) {
    background: var(--accent-soft); border-color: var(--accent); box-shadow: inset 0 0 0 1px
    var(--accent);
  }
  .category:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
  .category input {
    flex: none; width: 18px; height: 18px; margin: 0; outline: none; accent-color: var(--accent);
  }
  .category span { flex: 1; overflow-wrap: anywhere; }
  .comment { width: 100%; margin: 6px 0; color: var(--accent); text-decoration: underline; }
  .entry { display: flex; align-items: center; gap: 8px; margin: 4px; overflow-wrap: anywhere; }
  dialog textarea {
    display: block; width: 100%; margin-top: 12px; padding: 8px 10px; font: inherit; border: 1px
    solid var(--control-line); border-radius: 6px;
  }
  @media (max-width: 1100px) {
    .middle { grid-template-columns: 200px minmax(0, 1fr) 200px; }
    .middle.plain { grid-template-columns: minmax(0, 1fr) 200px; }
    .wide { display: none; }
  }
  @media (max-width: 700px) {
    .middle, .middle.plain {
      grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(240px, 1fr) auto;
    }
    .instructions { display: none; }
    .side { max-height: 30vh; border-left: 0; border-top: 1px solid var(--line); }
  }
`);

export const FORM = sheet(`
  :host { display: block; padding: 16px 24px 24px; }
  :host([filled]) { padding: 0; }
  footer {
    display: flex; flex-wrap: wrap; gap: 16px; align-items: center; justify-content: flex-end;
    margin-top: 16px;
  }
  :host([filled]) footer { display: none; }
`);

export const FIELD = sheet(`
  :host { display: block; margin: 4px 0; }
  :host([hidden]) { display: none; }
  label { display: block; }
  .caption { display: block; margin-bottom: 3px; font-weight: 500; }
  input:not([type=checkbox], [type=range]), textarea {
    width: 100%; min-height: 36px; padding: 6px 10px; font: inherit; color: inherit;
    background: var(--surface); border: 1px solid var(--control-line); border-radius: 6px;
  }
  textarea { display: block; resize: vertical; }
  input:disabled, textarea:disabled { color: var(--muted); background: #f1f4f6; }
  input:focus-visible, textarea:focus-visible { outline-offset: -1px; border-color: var(--accent); }
  .below { display: flex; justify-content: space-between; gap: 12px; font-size: 12px; }
  .counter { margin-left: auto; color: var(--muted); font-variant-numeric: tabular-nums; }
  .tick { display: inline-flex; align-items: center; gap: 8px; min-height: 36px; cursor: pointer; }
  .tick input { width: 18px; height: 18px; margin: 0; accent-color: var(--accent); }
  .slider { display: flex; align-items: center; gap: 12px; min-height: 36px; }
  .slider input[type=range] { flex: 1; min-width: 80px; accent-color: var(--accent); }
  .slider .number { flex: none; width: 90px; }
  .pin { min-width: 3ch; font-weight: 600; text-align: right; font-variant-numeric: tabular-nums; }
  @media (pointer: coarse) { .tick, .slider { min-height: 44px; } }
`);

export const BUTTON = sheet(`
  :host { display: inline-block; vertical-align: middle; }
  :host([hidden]) { display: none; }
  a {
    display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 36px;
    padding: 4px 10px; color: inherit; text-decoration: none; cursor: pointer;
    border: 1px solid var(--control-line); border-radius: 6px;
  }
  a.primary {
    padding: 4px 22px; font-weight: 600; color: #fff; background: var(--accent); border-color:
    var(--accent);
  }
  button.link, a.link { color: var(--accent); border-color: transparent; background: none; }
  button.link:hover:not(:disabled), a.link:hover { text-decoration: underline; }
  button.icon, a.icon { border-color: transparent; }
  button[aria-busy="true"] { cursor: progress; }
  img { width: 18px; height: 18px; }
`);

export const ALERT = sheet(`
  :host { display: block; margin: 8px 0; }
  :host([hidden]) { display: none; }
  div {
    display: flex; align-items: center; gap: 12px; min-height: 44px; padding: 6px 14px;
    border: 1px solid; border-left-width: 5px; border-radius: 6px;
  }
  span { flex: 1; }
  .info { border-color: var(--accent); background: var(--accent-soft); }
  .success { border-color: #1d7a3e; background: #e8f6ec; }
  .error { border-color: var(--danger); background: var(--danger-soft); }
  .warning { border-color: #a15c00; background: #fdf3e3; }
`);

export function sheet(rules) {
  const made = new CSSStyleSheet();
  made.replaceSync(rules);
  return made;
}
