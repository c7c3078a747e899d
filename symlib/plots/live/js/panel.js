/* A panel: one drawing in SVG, drawn anew whenever something changed, and handles that stay while it is.

In the colours "ink" (that of the text), "blue", "vermillion", "green", "orange", "purple", "sky", "grey". Coordinates
are those of the data once `axes` was called; before, and with `{ pixels: true }` in `axes`, they are pixels.

  panel.width, panel.height                      in pixels; height follows from `aspect` or is fixed
  panel.axes({ x, y, title })                    x and y: { range: [low, high], label, log, ticks: [[value, words], …] or a
                                                 number (about so many), grid: false }
  panel.line(points, { color, width, dash })     points: [[x, y], …]; null in between parts the line
  panel.dots(points, { color, shape, size, hollow, opacity })  shape: "circle", "triangle", "square", "diamond"
  panel.bar(from, to, { color })                 a box between two corners [x, y]
  panel.area(upper, lower, { color, opacity })   between two lines of points
  panel.rule({ x } or { y }, { color, dash, width })  across the plot
  panel.text([x, y], words, { anchor, dx, dy, color, size, weight })
  panel.legend([{ words, color, shape, hollow } or { words, color, dash }, …])   at the top right, a mark or a line with its words
  panel.add(tag, attributes, words)              any other element of SVG, in pixels; panel.at([x, y]) gives them
  panel.handle({ … }), panel.surface({ … })      what the reader moves: once, not at every drawing; see handles.js
*/
import { scale, ticks } from "./scales.js";

const SVG = "http://www.w3.org/2000/svg";

export function colour(name) {
  return name === "ink" ? "currentColor" : `var(--${name})`;
}

export function element(tag, attributes = {}, words) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  if (words !== undefined) made.textContent = words;
  return made;
}

export class Panel {
  constructor(box, { label, aspect, height = 260, margins = {} }) {
    this.box = box;
    this.shape = { aspect, height };
    this.margins = { left: 44, right: 12, top: 30, bottom: 40, ...margins };
    this.svg = element("svg", { role: "img", "aria-label": label });
    this.marks = element("g", { "aria-hidden": "true" });
    this.svg.append(this.marks);
    box.append(this.svg);
    this.handles = [];
    this.measure();
  }

  /* Takes the size that the page gives; true where that is another than before. */
  measure() {
    const width = Math.max(200, Math.floor(this.box.clientWidth || 320));
    if (width === this.width) return false;
    this.width = width;
    this.height = Math.round(this.shape.aspect ? width / this.shape.aspect : this.shape.height);
    for (const [name, value] of [["width", width], ["height", this.height], ["viewBox", `0 0 ${width} ${this.height}`]]) {
      this.svg.setAttribute(name, value);
    }
    return true;
  }

  clear() {
    this.marks.replaceChildren();
    this.x = this.y = (value) => value;
    this.x.back = this.y.back = this.x.clamped = this.y.clamped = this.x;
  }

  settle() {
    for (const handle of this.handles) handle.settle();
  }

  describe(words) {
    this.svg.setAttribute("aria-label", words);
  }

  get frame() {
    const { left, right, top, bottom } = this.margins;
    return { left, top, right: this.width - right, bottom: this.height - bottom };
  }

  at([x, y]) {
    return [this.x(x), this.y(y)];
  }

  add(tag, attributes, words) {
    const made = element(tag, attributes, words);
    this.marks.append(made);
    return made;
  }

  axes({ x, y, title }) {
    const { left, right, top, bottom } = this.frame;
    if (title) this.add("text", { x: 0, y: 12, "font-weight": 600 }, title);
    if (x) {
      this.x = scale({ ...x, pixels: [left, right] });
      for (const [value, words] of Array.isArray(x.ticks) ? x.ticks : ticks(this.x, x.ticks ?? (right - left) / 60)) {
        const place = this.x(value);
        if (x.grid !== false) this.add("line", { x1: place, x2: place, y1: top, y2: bottom, class: "grid" });
        this.add("text", { x: place, y: bottom + 15, "text-anchor": "middle", class: "tick" }, words);
      }
      this.add("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "axis" });
      if (x.label) this.add("text", { x: (left + right) / 2, y: bottom + 33, "text-anchor": "middle" }, x.label);
    }
    if (y) {
      this.y = scale({ ...y, pixels: [bottom, top] });
      for (const [value, words] of Array.isArray(y.ticks) ? y.ticks : ticks(this.y, y.ticks ?? (bottom - top) / 36)) {
        const place = this.y(value);
        if (y.grid !== false) this.add("line", { x1: left, x2: right, y1: place, y2: place, class: "grid" });
        this.add("text", { x: left - 6, y: place + 4, "text-anchor": "end", class: "tick" }, words);
      }
      // Above its axis and level, where it is read without turning the head.
      if (y.label) this.add("text", { x: 0, y: top - 9 }, y.label);
    }
  }

  line(points, { color = "ink", width = 2, dash, opacity } = {}) {
    let path = "", pen = "M";
    for (const point of points) {
      if (point === null) { pen = "M"; continue; }
      const [x, y] = this.at(point);
      path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
    }
    return this.add("path", {
      d: path, fill: "none", stroke: colour(color), "stroke-width": width, "stroke-dasharray": dash, opacity,
      "stroke-linejoin": "round", "stroke-linecap": "round",
    });
  }

  dots(points, { color = "ink", shape = "circle", size = 3.5, hollow = false, opacity } = {}) {
    for (const point of points) this.marks.append(mark(shape, this.at(point), size, { color, hollow, opacity }));
  }

  bar(from, to, { color = "blue", opacity } = {}) {
    const [x1, y1] = this.at(from), [x2, y2] = this.at(to);
    return this.add("rect", {
      x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1),
      fill: colour(color), opacity,
    });
  }

  area(upper, lower, { color = "blue", opacity = 0.2 } = {}) {
    const round = [...upper, ...[...lower].reverse()].map((point) => this.at(point).map((v) => v.toFixed(1)).join(" "));
    return this.add("path", { d: `M${round.join("L")}Z`, fill: colour(color), opacity });
  }

  rule({ x, y }, { color = "grey", dash = "5 4", width = 1.5 } = {}) {
    const { left, right, top, bottom } = this.frame;
    const place = x === undefined ? { x1: left, x2: right, y1: this.y(y), y2: this.y(y) } : { x1: this.x(x), x2: this.x(x), y1: top, y2: bottom };
    return this.add("line", { ...place, stroke: colour(color), "stroke-dasharray": dash, "stroke-width": width });
  }

  text(place, words, { anchor = "start", dx = 0, dy = 0, size, weight, halo = true } = {}) {
    const [x, y] = this.at(place);
    return this.add("text", { x: x + dx, y: y + dy, "text-anchor": anchor, "font-size": size, "font-weight": weight, class: halo ? "halo" : undefined }, words);
  }

  legend(entries, { y = 8 } = {}) {
    let end = this.frame.right;
    for (const { words, color, shape, hollow, dash, width = 2.5 } of [...entries].reverse()) {
      const text = this.add("text", { x: end, y: y + 4, "text-anchor": "end" }, words);
      const start = end - text.getComputedTextLength() - 6;
      if (shape) this.marks.append(mark(shape, [start - 5, y], 4.5, { color, hollow }));
      else this.add("line", { x1: start - 26, x2: start - 1, y1: y, y2: y, stroke: colour(color), "stroke-width": width, "stroke-dasharray": dash });
      end = start - (shape ? 10 : 26) - 12;
    }
  }
}

/* A mark about a place in pixels; shapes of one size cover about the same. */
export function mark(shape, [x, y], size, { color = "ink", hollow = false, opacity } = {}) {
  const look = { fill: hollow ? "none" : colour(color), stroke: colour(color), "stroke-width": hollow ? 2 : 0, opacity };
  if (shape === "circle") return element("circle", { cx: x, cy: y, r: size, ...look });
  const corners = {
    triangle: [[0, -1.3], [1.2, 0.9], [-1.2, 0.9]],
    square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  }[shape];
  return element("polygon", { points: corners.map(([h, v]) => `${x + h * size},${y + v * size}`).join(" "), ...look });
}
