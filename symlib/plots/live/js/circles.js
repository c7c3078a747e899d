/* Two circles: N, Δ, ℓ and σ² under the reader's hand; the poses, the map of errors, the spectrum, signal and noise. */
import { circleSpectra, verdict } from "./circle_spectrum.js";
import { slider } from "./controls.js";
import { handle } from "./handles.js";
import { fixed, power, short } from "./numbers.js";
import { colour, mark } from "./panel.js";

const MOST = 32, [NEAREST, FARTHEST] = [0.02, 1.6];
const separations = Array.from({ length: 81 }, (_, i) => NEAREST * (FARTHEST / NEAREST) ** (i / 80));
const ridges = Array.from({ length: 17 }, (_, i) => 10 ** (-8 + i / 2));
const scales = Array.from({ length: 19 }, (_, i) => 0.1 + i * 0.05);
// The edges of the map's bands of error, and how strongly each is coloured; at 1 the verdict changes.
const BANDS = [[4, "vermillion", 0.85], [2, "vermillion", 0.6], [1, "vermillion", 0.32], [0.5, "blue", 0.2], [0.1, "blue", 0.42], [0, "blue", 0.68]];

export function begin(stage, data) {
  const ridgeWords = (v) => (Number.isInteger(Math.round(2 * Math.log10(v)) / 2) ? power(Math.round(Math.log10(v))) : short(v, 2));
  const delta = slider(stage, { label: "separation Δ", values: separations, value: data.separation, words: (v) => short(v, 2) });
  const n = slider(stage, { label: "poses N on each circle", min: 2, max: MOST, value: data.poses });
  const scale = slider(stage, { label: "length scale ℓ", values: scales, value: data.length_scale, words: (v) => fixed(v, 2) });
  const ridge = slider(stage, { label: "ridge σ²", values: ridges, value: data.ridge, words: ridgeWords });

  const circles = stage.panel({ label: "The two circles and their poses", height: 270, margins: { left: 10, right: 10 } });
  const map = stage.panel({ label: "The error over separation and number of poses", height: 270 });
  const spectrum = stage.panel({ label: "The eigenvalues by frequency", height: 250, margins: { left: 48 } });
  const bars = stage.panel({ label: "Signal and noise", height: 250 });

  // The upper circle is lifted by its centre; the mark on the map is moved. The sliders do the same from the keyboard.
  handle(stage, circles, {
    at: () => [0, delta.value / 2],
    drag: ([, height]) => delta.set(Math.max(NEAREST, 2 * height)),
    color: "ink", shape: "diamond", size: 6,
  });
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
    cells = Array.from({ length: MOST - 1 }, (_, i) => separations.map((d) => verdict(spectra(i + 2, d)).error));
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
  const tilt = 0.34, reach = 1.25;
  const { left, right, top, bottom } = panel.frame, unit = Math.min((right - left) / (2 * reach), (bottom - top + 24) / 2.6);
  const middle = [(left + right) / 2, (top + bottom) / 2 + 6];
  panel.add("text", { x: 0, y: 12, "font-weight": 600 }, "Two orbits, one pose left out");
  panel.x = (x) => middle[0] + unit * x;
  panel.y = (height) => middle[1] - unit * height;
  panel.x.back = (pixel) => (pixel - middle[0]) / unit;
  panel.y.back = (pixel) => (middle[1] - pixel) / unit;
  const place = (angle, height) => [Math.cos(angle), height - tilt * Math.sin(angle)];
  const turn = Array.from({ length: 73 }, (_, i) => (i * Math.PI) / 36);
  panel.line([[0, delta / 2], [0, -delta / 2]], { color: "grey", width: 1.2, dash: "3 3" });
  for (const [height, color, shape, shift, name] of [[-delta / 2, "vermillion", "triangle", 0.5, "label −1"], [delta / 2, "blue", "circle", 0, "label +1"]]) {
    panel.line(turn.map((angle) => place(angle, height)), { color, width: 1, opacity: 0.7 });
    for (let i = 0; i < n; i += 1) {
      const angle = (2 * Math.PI * (i + shift)) / n + Math.PI / 2, size = 4.6 + 0.9 * Math.sin(angle);
      // The pose in front is the one left out.
      if (i === 0 && shift === 0) {
        const [x, y] = panel.at(place(angle, height));
        panel.marks.append(mark(shape, [x, y], 9, { color: "ink", hollow: true }), mark(shape, [x, y], 4, { color, hollow: true }));
      } else panel.dots([place(angle, height)], { color, shape, size });
    }
    const down = height > 0 ? -8 : 16;
    panel.add("text", { x: right, y: panel.y(height) + down, "text-anchor": "end", class: "halo" }, name);
  }
}

function drawMap(panel, cells) {
  panel.axes({
    x: { range: [NEAREST, FARTHEST], log: true, label: "separation Δ", grid: false, ticks: [0.02, 0.05, 0.1, 0.2, 0.5, 1].map((v) => [v, String(v)]) },
    y: { range: [1.5, MOST + 0.5], label: "poses N", grid: false, ticks: [2, 8, 16, 24, 32].map((v) => [v, String(v)]) },
  });
  const step = (FARTHEST / NEAREST) ** (1 / 160);
  const border = [];
  for (const [i, row] of cells.entries()) {
    const band = (error) => BANDS.findIndex(([edge]) => error >= edge);
    for (let from = 0, to = 1; from < row.length; from = to, to += 1) {
      while (to < row.length && band(row[to]) === band(row[from])) to += 1;
      const [, color, opacity] = BANDS[band(row[from])];
      const ends = [separations[from] / step, separations[to - 1] * step].map((d) => Math.min(FARTHEST, Math.max(NEAREST, d)));
      panel.bar([ends[0], i + 1.5], [ends[1], i + 2.5], { color, opacity });
    }
    const turn = row.findIndex((error) => error < 1);
    if (turn > 0) {
      // Where the logarithm of the error passes zero, between two separations.
      const [a, b] = [Math.log(row[turn - 1]), Math.log(row[turn])];
      border.push([separations[turn - 1] * (separations[turn] / separations[turn - 1]) ** (a / (a - b)), i + 2]);
    } else border.push(null);
  }
  panel.line(border, { width: 2 });
  const { left, right, top } = panel.frame;
  panel.add("text", { x: (left + right) / 2 + 30, y: top - 9, "text-anchor": "middle" }, "wrong | right: the line is ε = 1");
}

function drawSpectrum(panel, values, { noise }) {
  const n = values.length / 2, low = Math.min(...values, 0.01), high = Math.max(...values);
  panel.axes({
    x: { range: [0, 2 * n - 1], label: "frequency ω", grid: false },
    y: { range: [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))], log: true, label: "eigenvalue λ" },
  });
  panel.line([...values].map((value, omega) => [omega, value]), { color: "blue", width: 1 });
  panel.dots([...values].map((value, omega) => [omega, value]), { color: "blue", size: 3 });
  panel.rule({ y: noise }, { color: "vermillion" });
  panel.dots([[n, values[n]]], { color: "green", size: 8, hollow: true });
  panel.text([n, values[n]], "signal λ_N", { anchor: "middle", dy: -14 });
  panel.text([0, noise], "noise: harmonic mean", { dx: 4, dy: 14 });
}

function drawBars(panel, { signal, noise, error }) {
  const { left, right, top, bottom } = panel.frame, across = right - 8, most = Math.max(signal, noise);
  panel.add("text", { x: 0, y: 12, "font-weight": 600 }, "Is the signal above the noise?");
  for (const [place, value, color, name] of [[0, signal, "green", "signal λ_N"], [1, noise, "vermillion", "noise 1/⟨λ⁻¹⟩"]]) {
    const y = top + 18 + place * 56;
    panel.add("text", { x: 0, y: y - 6 }, `${name} = ${short(value)}`);
    panel.add("rect", { x: 0, y, width: Math.max(1, (across * value) / most), height: 22, fill: colour(color), rx: 2 });
  }
  panel.add("text", { x: 0, y: top + 160, "font-size": 22, "font-weight": 600 }, `ε = ${short(error)}`);
  panel.add("text", { x: 0, y: top + 182, "font-size": 14 }, `${error < 1 ? "✓ right" : "✗ wrong"}: the prediction is ${short(1 - error)}`);
}
