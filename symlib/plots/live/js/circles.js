/* Two circles: N, Δ, ℓ and σ² under the reader's hand; the poses, the map of errors, the spectrum, signal and noise. */
import { circleSpectra, verdict } from "./circle_spectrum.js";
import { slider } from "./controls.js";
import { handle, surface } from "./handles.js";
import { fixed, power, short } from "./numbers.js";
import { colour, mark } from "./panel.js";

const MOST = 32, [NEAREST, FARTHEST] = [0.02, 1.6];
const across = Array.from({ length: 81 }, (_, i) => NEAREST * (FARTHEST / NEAREST) ** (i / 80));
const ridges = Array.from({ length: 17 }, (_, i) => Number(`${i % 2 ? Math.sqrt(10) : 1}e${Math.floor(i / 2) - 8}`));
const scales = Array.from({ length: 19 }, (_, i) => (i + 2) / 20);
// The edges of the map's bands of error, and how strongly each is coloured; at 1 the verdict changes.
const BANDS = [[4, "vermillion", 0.85], [2, "vermillion", 0.6], [1, "vermillion", 0.32], [0.5, "blue", 0.2], [0.1, "blue", 0.42], [0, "blue", 0.68]];

export function begin(stage, data) {
  const ridgeWords = (v) => (ridges.indexOf(v) % 2 === 0 ? power(Math.round(Math.log10(v))) : short(v, 2));
  const separations = [...across.filter((v) => Math.abs(v / data.separation - 1) > 0.02), data.separation].sort((a, b) => a - b);
  const delta = slider(stage, { label: "separation Δ", values: separations, value: data.separation, words: (v) => short(v, 2) });
  const n = slider(stage, { label: "poses N", min: 2, max: MOST, value: data.poses });
  const scale = slider(stage, { label: "length scale ℓ", values: scales, value: data.length_scale, words: (v) => fixed(v, 2) });
  const ridge = slider(stage, { label: "ridge σ²", values: ridges, value: data.ridge, words: ridgeWords });

  const circles = stage.panel({ label: "The two circles and their poses", height: 280, width: 320, margins: { left: 4, right: 4, top: 22, bottom: 8 } });
  const map = stage.panel({ label: "The error over separation and number of poses", height: 280, width: 320 });
  const spectrum = stage.panel({ label: "The eigenvalues by frequency, with signal and noise", height: 260, width: 320, margins: { left: 48 } });
  const bars = stage.panel({ label: "Signal and noise, and the prediction at the pose left out", height: 260, width: 320, margins: { left: 4 } });

  // The upper circle is lifted by its centre; the mark on the map is moved. The sliders do the same from the keyboard.
  handle(stage, circles, {
    at: () => [0, delta.value / 2],
    drag: ([, height]) => delta.set(Math.max(NEAREST, 2 * height)),
    color: "ink", shape: "diamond", size: 6,
  });
  surface(stage, map, { press: ([x, y]) => { delta.set(x); n.set(y); }, touch: "manipulation" });
  handle(stage, map, {
    at: () => [delta.value, n.value],
    drag: ([x, y]) => { delta.set(x); n.set(y); },
    color: "ink", size: 7,
  });

  let spectra, cells, made;
  const renew = () => {
    if (made === `${scale.value} ${ridge.value}`) return;
    made = `${scale.value} ${ridge.value}`;
    spectra = circleSpectra(scale.value, ridge.value, MOST);
    cells = Array.from({ length: MOST - 1 }, (_, i) => across.map((d) => verdict(spectra(i + 2, d)).error));
  };

  stage.draw(() => {
    renew();
    const values = spectra(n.value, delta.value), found = verdict(values);
    drawCircles(circles, n.value, delta.value);
    drawMap(map, cells);
    drawSpectrum(spectrum, values, found);
    drawBars(bars, found);
    const right = found.error < 1 ? "the right" : "the wrong";
    stage.say(
      `${n.value} poses at separation ${short(delta.value, 2)} (ℓ = ${fixed(scale.value, 2)}, σ² = ${ridgeWords(ridge.value)}): signal ${short(found.signal)}, ` +
      `noise ${short(found.noise)}, error ε = ${short(found.error)}. The left-out pose is given ${right} label.`,
    );
    stage.table("What the figure shows", ["quantity", "value"], [
      ["poses N", [n.value, String(n.value)]],
      ["separation Δ", [delta.value, short(delta.value)]],
      ["length scale ℓ", [scale.value, fixed(scale.value, 2)]],
      ["ridge σ²", [ridge.value, ridgeWords(ridge.value)]],
      ["signal λ_N", [found.signal, short(found.signal, 4)]],
      ["noise 1/⟨λ⁻¹⟩", [found.noise, short(found.noise, 4)]],
      ["error ε", [found.error, short(found.error, 4)]],
      ["prediction 1 − ε", [found.mean, short(found.mean, 4)]],
      ["posterior standard deviation", [found.deviation, short(found.deviation, 4)]],
      ["mean of λ", [values.reduce((a, b) => a + b) / values.length, short(values.reduce((a, b) => a + b) / values.length, 4)]],
    ]);
  });
}

/* Seen from the side and a little from above: a circle becomes an ellipse. */
function drawCircles(panel, n, delta) {
  const tilt = 0.36;
  const { left, right, top, bottom } = panel.frame, unit = Math.min((right - left) / 2.3, (bottom - top) / (FARTHEST + 2 * tilt + 0.2));
  const middle = [(left + right) / 2, (top + bottom) / 2];
  panel.add("text", { x: 0, y: 12, "font-weight": 600 }, "Two orbits; the ringed pose is left out");
  panel.x = (x) => middle[0] + unit * x;
  panel.y = (height) => middle[1] - unit * height;
  panel.x.back = (pixel) => (pixel - middle[0]) / unit;
  panel.y.back = (pixel) => (middle[1] - pixel) / unit;
  // The angle grows from the front to the right.
  const place = (angle, height) => [Math.sin(angle), height - tilt * Math.cos(angle)];
  const turn = Array.from({ length: 73 }, (_, i) => (i * Math.PI) / 36);
  panel.line([[0, delta / 2], [0, -delta / 2]], { color: "grey", width: 1.2, dash: "3 3" });
  for (const [height, color, shape, shift] of [[-delta / 2, "vermillion", "triangle", 0.5], [delta / 2, "blue", "circle", 0]]) {
    panel.line(turn.map((angle) => place(angle, height)), { color, width: 1.2, opacity: 0.7 });
    for (let i = 0; i < n; i += 1) {
      const angle = (2 * Math.PI * (i + shift)) / n, size = (n > 20 ? 3.4 : 4.6) + 0.9 * Math.cos(angle), at = place(angle, height);
      if (i === 0 && shift === 0) {
        panel.marks.append(mark(shape, panel.at(at), 10, { color: "ink", hollow: true }), mark(shape, panel.at(at), 4.5, { color, hollow: true }));
      } else panel.dots([at], { color, shape, size });
    }
  }
  panel.legend([{ words: "label +1", color: "blue", shape: "circle" }, { words: "label −1", color: "vermillion", shape: "triangle" }], { y: bottom });
}

function drawMap(panel, cells) {
  panel.axes({
    x: { range: [NEAREST, FARTHEST], log: true, label: "separation Δ", grid: false, ticks: [0.02, 0.05, 0.1, 0.2, 0.5, 1].map((v) => [v, String(v)]) },
    y: { range: [1.5, MOST + 0.5], label: "poses N", grid: false, ticks: [2, 8, 16, 24, 32].map((v) => [v, String(v)]) },
  });
  const step = (across[1] / across[0]) ** 0.5, border = [];
  for (const [i, row] of cells.entries()) {
    const band = (error) => BANDS.findIndex(([edge]) => error >= edge);
    for (let from = 0, to = 1; from < row.length; from = to, to += 1) {
      while (to < row.length && band(row[to]) === band(row[from])) to += 1;
      const [, color, opacity] = BANDS[band(row[from])];
      const ends = [across[from] / step, across[to - 1] * step].map((d) => Math.min(FARTHEST, Math.max(NEAREST, d)));
      panel.bar([ends[0], i + 1.5], [ends[1], i + 2.5], { color, opacity }).setAttribute("shape-rendering", "crispEdges");
    }
    const turn = row.findIndex((error) => error < 1);
    // Where the logarithm of the error passes zero, between two separations.
    if (turn > 0) {
      const [a, b] = [Math.log(row[turn - 1]), Math.log(row[turn])];
      border.push([across[turn - 1] * (across[turn] / across[turn - 1]) ** (a / (a - b)), i + 2]);
    } else border.push(null);
  }
  panel.line(border, { width: 2 });
  for (const [words, wanted] of [["ε > 1: wrong", (e) => e > 1], ["ε < 1: right", (e) => e < 1]]) {
    const inside = cells.flatMap((row, i) => row.flatMap((error, j) => (wanted(error) ? [[j, i + 2]] : [])));
    if (inside.length < 150) continue;
    const mean = (k) => inside.reduce((sum, place) => sum + place[k], 0) / inside.length;
    panel.text([across[Math.round(mean(0))], mean(1)], words, { anchor: "middle", weight: 600 });
  }
  // What the colours mean: the edges between them, from worst to best.
  const { right, top } = panel.frame, side = 22;
  for (const [k, [edge, color, opacity]] of BANDS.entries()) {
    const x = right - (BANDS.length - k) * side;
    panel.add("rect", { x, y: 4, width: side, height: 8, fill: colour(color), opacity, "shape-rendering": "crispEdges" });
    if (edge > 0) panel.add("text", { x: x + side, y: top - 9, "text-anchor": "middle", class: "tick" }, String(edge));
  }
  panel.add("text", { x: right - BANDS.length * side - 6, y: 12, "text-anchor": "end" }, "error ε");
}

function drawSpectrum(panel, values, { signal, noise }) {
  const n = values.length / 2, low = Math.min(...values, 0.1), high = Math.max(...values);
  panel.axes({
    x: { range: [-0.5, 2 * n - 0.5], label: "frequency ω", grid: false, ticks: [0, n / 2, n, 1.5 * n].filter(Number.isInteger).map((v) => [v, v === n ? `N = ${n}` : String(v)]) },
    y: { range: [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))], log: true, label: "eigenvalue λ", ticks: 5 },
  });
  const points = [...values].map((value, omega) => [omega, value]);
  panel.line(points, { color: "blue", width: 1 });
  panel.dots(points, { color: "blue", size: n > 20 ? 2.2 : 3 });
  panel.rule({ y: noise }, { color: "purple", width: 2.5 });
  panel.dots([[n, signal]], { color: "green", size: 8, hollow: true });
  panel.legend([{ words: "signal", color: "green", shape: "circle", hollow: true }, { words: "noise", color: "purple", dash: "5 4" }]);
}

function drawBars(panel, { signal, noise, error, mean, deviation }) {
  const { left, right } = panel.frame, most = Math.max(signal, noise);
  panel.add("text", { x: 0, y: 12, "font-weight": 600 }, "Is the signal above the noise?");
  for (const [place, value, color, name] of [[0, signal, "green", "signal"], [1, noise, "purple", "noise"]]) {
    const y = 24 + place * 30;
    panel.add("text", { x: 0, y: y + 15 }, name);
    panel.add("text", { x: right, y: y + 15, "text-anchor": "end" }, short(value));
    panel.add("rect", { x: 48, y, width: Math.max(1, ((right - 110) * value) / most), height: 22, fill: colour(color), rx: 2 });
  }
  panel.add("text", { x: 0, y: 116, "font-size": 22, "font-weight": 600 }, `ε = ${short(error)}`);
  panel.add("text", { x: right, y: 115, "text-anchor": "end", "font-size": 14 }, error < 1 ? "✓ the right label" : "✗ the wrong label");
  // The prediction with its spread, beside the label that it should be.
  const low = Math.min(-1.4, mean - 2.4 * deviation, 1.1 * mean);
  panel.margins.top = 165;
  panel.axes({ x: { range: [low, Math.max(1.4, mean + 2.4 * deviation)], label: "prediction at the left-out pose", grid: false, ticks: 6 } });
  const { bottom } = panel.frame, y = bottom - 22;
  panel.add("line", { x1: panel.x(0), x2: panel.x(0), y1: y - 20, y2: bottom, stroke: "currentColor" });
  panel.add("line", { x1: panel.x(1), x2: panel.x(1), y1: y - 20, y2: bottom, stroke: colour("blue"), "stroke-width": 2, "stroke-dasharray": "5 4" });
  panel.add("text", { x: panel.x(1), y: y - 26, "text-anchor": "middle" }, "label");
  panel.add("line", { x1: panel.x(mean - 2 * deviation), x2: panel.x(mean + 2 * deviation), y1: y, y2: y, stroke: colour("purple"), "stroke-width": 8, opacity: 0.45 });
  panel.add("circle", { cx: panel.x(mean), cy: y, r: 6, fill: "currentColor" });
  panel.add("text", { x: left, y: y - 26 }, `${short(mean)} ± ${short(deviation, 2)}`);
}
