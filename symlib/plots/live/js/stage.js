/* The frame of every live figure: where its controls, drawings, sentence and table go, and when they are drawn anew.

A figure is one module that exports `begin(stage, data)`. It adds panels and controls once, and hands over `draw`:

  export function begin(stage, data) {
    const n = slider(stage, { label: "poses N", min: 2, max: 32, value: 8, words: (v) => `${v} poses` });   // controls.js
    const panel = stage.panel({ label: "error against N", height: 240 });                                   // panel.js
    handle(stage, panel, { … });                                                                            // handles.js
    stage.draw(() => {            // whenever something changed; panels are empty, read n.value, draw all of it
      panel.axes({ x: { range: [2, 32], label: "poses N" }, y: { range: [0, 2], label: "error ε" } });
      panel.line(curve, { color: "blue" });
      stage.say(`N = ${n.value}: …`);                            // the state in one sentence, also read aloud
      stage.table("Errors", ["N", "ε"], [["8", [0.5, "0.50"]]]);  // [number, words] keeps the number in full
    });
  }

  stage.panel({ label, height or aspect, width, margins, below })  `width`: pixels below which panels go below each other
  stage.redraw()          at the next frame, once, however often it was asked for; controls and handles ask by themselves
  stage.say(sentence)     at once for who sees it; read aloud when half a second passes without another
  stage.table(caption, headers, rows)
  stage.remember(name)    { read(), write(value), forget() }: kept in the reader's browser, where that is allowed
  stage.glide(step, ms)   step(0 … 1), frame by frame; at once step(1) where less motion is asked for
  stage.uncover(whether)  the static picture and the caption below, in a figure that covers them (`covers` of assemble.py)
  stage.box, stage.controls, stage.panels   the elements, for what a figure needs beyond this

The drawings take their colours from style variables that follow the text's own colour (`live.css`), so that they are
right on a light and on a dark page, whoever made it dark.
*/
import { Panel } from "./panel.js";

function made(tag, name, words) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (words !== undefined) element.textContent = words;
  return element;
}

class Stage {
  constructor(root) {
    this.root = root;
    this.box = root.querySelector(":scope > .stage");
    this.controls = made("div", "controls");
    this.panels = made("div", "panels");
    this.sentence = made("p", "state");
    this.sentence.setAttribute("aria-hidden", "true");
    this.spoken = made("p", "spoken");
    this.spoken.setAttribute("aria-live", "polite");
    this.fold = made("details", "numbers");
    this.fold.append(made("summary", "", "The numbers as a table"), made("div", "symlib-scroll"));
    this.fold.hidden = true;
    this.box.replaceChildren(this.controls, this.panels, this.sentence, this.spoken, this.fold);
    // These keys are for what has the focus here, and no shortcut of the page around it, such as JupyterLab's.
    this.box.addEventListener("keydown", (event) => {
      if (/^(Arrow|Page|Home|End|Enter| )/.test(event.key) && !event.ctrlKey && !event.metaKey) event.stopPropagation();
    });
    this.drawn = [];
    this.drawing = () => {};
    // A panel that grows lower changes no width, so this comes to rest.
    this.sizes = new ResizeObserver(() => {
      if (this.drawn.map((panel) => panel.measure()).includes(true)) this.drawNow();
    });
  }

  panel({ width = 260, ...options }) {
    const box = made("div", "panel");
    box.style.flexBasis = `${width}px`;
    this.panels.append(box);
    const panel = new Panel(box, options);
    this.drawn.push(panel);
    return panel;
  }

  draw(drawing) {
    this.drawing = drawing;
    for (const panel of this.drawn) {
      panel.measure();
      this.sizes.observe(panel.box);
    }
    this.drawNow();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.waiting = false;
    for (const panel of this.drawn) panel.clear();
    this.drawing();
    for (const panel of this.drawn) panel.settle();
  }

  uncover(whether) {
    this.root.classList.toggle("uncovered", whether);
  }

  say(sentence) {
    if (sentence === this.sentence.textContent) return;
    this.sentence.textContent = sentence;
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => { this.spoken.textContent = sentence; }, 500);
  }

  table(caption, headers, rows) {
    const table = made("table", "symlib-table"), head = made("tr"), body = made("tbody"), top = made("thead");
    for (const words of headers) head.append(Object.assign(made("th", "", words), { scope: "col" }));
    top.append(head);
    for (const [name, ...cells] of rows) {
      const row = made("tr");
      for (const [place, cell] of [name, ...cells].entries()) {
        const [value, words] = Array.isArray(cell) ? cell : [undefined, cell];
        const entry = made(place === 0 ? "th" : "td", "", words);
        if (place === 0) entry.scope = "row";
        if (value !== undefined) entry.dataset.value = value;
        row.append(entry);
      }
      body.append(row);
    }
    table.append(made("caption", "", caption), top, body);
    this.fold.lastChild.replaceChildren(table);
    this.fold.hidden = false;
  }

  remember(name) {
    const key = `symlib-live:${location.pathname}:${this.root.id || this.root.dataset.live}:${name}`;
    // Storage is refused where cookies are: what is kept then lasts as long as the page.
    let here = null;
    return {
      read() {
        try { return JSON.parse(localStorage.getItem(key)); } catch { return here; }
      },
      write(value) {
        here = value;
        try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* see above */ }
      },
      forget() {
        here = null;
        try { localStorage.removeItem(key); } catch { /* see above */ }
      },
    };
  }

  glide(step, milliseconds = 600) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      step(1);
      this.redraw();
      return;
    }
    const start = performance.now();
    const frame = (now) => {
      const part = Math.min(1, (now - start) / milliseconds);
      step(part);
      this.drawNow();
      if (part < 1 && this.root.isConnected) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
}

/* Opens the figure `root` and lets `begin` fill it; where that fails the static picture stands. */
export function start(root, begin) {
  root.classList.add("on");
  try {
    follow(root);
    begin(new Stage(root), JSON.parse(root.querySelector(":scope > script[type='application/json']").textContent));
  } catch (error) {
    root.classList.remove("on");
    throw error;
  }
}

/* Bright text stands on a dark page, whatever made it so: the book, JupyterLab, Colab or the system. */
function follow(root) {
  const look = () => {
    const words = getComputedStyle(root).color;
    const [red, green, blue] = words.match(/[\d.]+/g).map((part) => Number(part) / (words.startsWith("rgb") ? 255 : 1));
    root.toggleAttribute("data-dark", 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5);
  };
  look();
  const watch = new MutationObserver(look);
  for (const element of [document.documentElement, document.body]) watch.observe(element, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
}
