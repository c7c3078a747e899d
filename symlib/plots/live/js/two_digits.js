/* Two of ten digits, N and the ridge under the reader's hand: the group formula, class by class, and the book's pairs. */
import { slider } from "./controls.js";
import { surface } from "./handles.js";
import { imageChoice } from "./image_choice.js";
import { inked } from "./ink.js";
import { invariantGram } from "./invariant_gram.js";
import { fixed, power, short } from "./numbers.js";
import { colour, element, mark } from "./panel.js";
import { groupFormula, paperFormula, thinned } from "./pair_formula.js";

const RIDGES = [0, ...Array.from({ length: 9 }, (_, i) => 10 ** (i - 8))];
const CLASSES = [["blue", "circle"], ["vermillion", "square"]];
// Both axes of the scatter; a machine that tells no image from another has error 2N/(2N − 1), at most 4/3.
const TOP = 1.7;

export function begin(stage, data) {
  const ten = invariantGram(data.kappa), ink = inked(stage, data.images), sample = data.sample;
  const of_sample = invariantGram(sample.kappa), sample_ink = inked(stage, sample.images);
  const apart = (moved, other) => () => {
    // Two images of one digit would have one name; the other one gives way.
    if (moved.value === other.value) other.set((other.value + 1) % data.digits.length);
    pair.set(0);
  };
  const named = (label) => data.digits.map((digit) => `${digit}, label ${label}`);
  let a, b;
  a = imageChoice(stage, { label: "first digit, label +1", ink, names: named("+1"), value: data.start[0], color: "blue", change: () => apart(a, b)() });
  b = imageChoice(stage, { label: "second digit, label −1", ink, names: named("−1"), value: data.start[1], color: "vermillion", change: () => apart(b, a)() });
  const n = slider(stage, { label: "poses N of each", values: data.counts, value: data.poses, words: String });
  const ridge = slider(stage, { label: "ridge σ²", values: RIDGES, value: 0, words: (v) => (v ? power(Math.round(Math.log10(v))) : "0") });
  const pair = slider(stage, {
    label: "pair of the sample", max: sample.digits.length, value: 0,
    words: (v) => (v ? `${v}: ${sample.digits[v - 1].join(", ")}` : "none"),
  });

  const verdict = stage.panel({ label: "The error of a left-out pose of either digit", height: 270, width: 220, margins: { left: 62, right: 16, top: 46 } });
  const scatter = stage.panel({ label: "The book's pairs: exact error against the paper’s formula", height: 270, width: 220, margins: { top: 46, left: 34 } });
  const spectrum = stage.panel({ label: "What each frequency leaves to be told from the rest", height: 260, width: 400, margins: { top: 46, left: 50 } });
  surface(stage, scatter, {
    touch: "manipulation",
    press([x, y]) {
      const column = data.counts.indexOf(n.value);
      const gaps = sample.exact[column].map((e, i) => Math.hypot(e - y, sample.paper[column][i] - x));
      pair.set(1 + gaps.indexOf(Math.min(...gaps)));
    },
  });

  const chosen = () => {
    const [gram, set, c, d] = pair.value ? [of_sample, pair.value - 1, 0, 1] : [ten, 0, a.value, b.value];
    const kappa = { aa: gram.values(set, c, c), bb: gram.values(set, d, d), ab: gram.values(set, c, d) };
    for (const name of Object.keys(kappa)) kappa[name] = thinned(kappa[name], n.value);
    return {
      ...groupFormula(kappa, ridge.value),
      paper: paperFormula(kappa, ridge.value),
      digits: pair.value ? sample.digits[pair.value - 1] : [data.digits[c], data.digits[d]],
      images: pair.value ? [2 * set, 2 * set + 1].map((i) => [sample_ink, i]) : [[ink, c], [ink, d]],
    };
  };

  stage.draw(() => {
    const found = chosen(), column = data.counts.indexOf(n.value);
    a.paint(pair.value > 0);
    b.paint(pair.value > 0);
    drawVerdict(verdict, found);
    drawSpectrum(spectrum, found, n.value);
    drawScatter(scatter, found, { paper: sample.paper[column], exact: sample.exact[column], marked: pair.value - 1 });
    const says = found.digits.map((digit, c) => `the ${digit} ${short(found.error[c])}, ${found.error[c] < 1 ? "right" : "wrong"}`);
    stage.say(
      `${pair.value ? `Pair ${pair.value} of the sample, ${article(found.digits[0])}` : article(found.digits[0]).replace("a", "A")} ${found.digits[0]} and ${article(found.digits[1])} ${found.digits[1]} in ${n.value} poses each, ridge ${ridge.input.getAttribute("aria-valuetext")}. ` +
      `The error at a left-out pose: of ${says[0]}; of ${says[1]}. The paper’s formula says ${short(found.paper)} for both.`,
    );
    stage.table("Signal, noise and error of both digits", ["", ...found.digits.map((digit, c) => `the ${digit} (${["+1", "−1"][c]})`)], [
      ["digit", ...found.digits.map((digit) => [digit, String(digit)])],
      ...[["poses N", n.value], ["ridge σ²", ridge.value], ["pair of the sample (0: none)", pair.value]].map(([name, value]) => [name, ...[0, 1].map(() => [value, short(value, 1)])]),
      ...["signal", "noise", "error"].map((name) => [name, ...found[name].map((value) => [value, short(value, 4)])]),
      ["error by the paper’s formula", ...[0, 1].map(() => [found.paper, short(found.paper, 4)])],
      ...Array.from({ length: Math.floor(n.value / 2) + 1 }, (_, w) => [`1/[Â⁻¹]cc at ω = ${w}`, ...found.parts.map((part) => [part[w], short(part[w], 4)])]),
    ]);
  });
}

const article = (digit) => (digit === 8 ? "an" : "a");

function drawVerdict(panel, { error, digits, images, paper }) {
  const top = Math.max(1.5, 1.08 * Math.max(...error));
  panel.axes({ title: "Is the left-out pose right?", x: { range: [0, top], label: "error ε", ticks: 4, grid: false } });
  panel.rule({ x: 1 }, { color: "ink", dash: "2 4" });
  const { top: upper, bottom } = panel.frame, row = (bottom - upper) / 2;
  for (const c of [0, 1]) {
    const y = upper + row * c + row / 2, [ink, i] = images[c], [color] = CLASSES[c];
    panel.marks.append(ink.picture(i, [28, y], 50));
    panel.add("rect", { x: panel.x(0), y: y - 13, width: Math.max(1, panel.x(error[c]) - panel.x(0)), height: 26, fill: colour(color), rx: 2, opacity: 0.85 });
    panel.marks.append(mark("diamond", [panel.x.clamped(paper), y], 5, { color: "ink", hollow: true }));
    panel.add("text", { x: panel.x(0), y: y - 19, class: "halo" }, `the ${digits[c]}: ε = ${short(error[c])}  ${error[c] < 1 ? "✓ right" : "✗ wrong"}`);
  }
  panel.add("text", { x: panel.x(top), y: bottom - 6, "text-anchor": "end", class: "halo" }, "◇ the paper’s formula");
}

function drawSpectrum(panel, { parts, signal, noise, digits }, n) {
  const half = Math.floor(n / 2), shown = parts.map((part) => Array.from(part.subarray(0, half + 1)));
  const all = [...shown[0], ...shown[1], ...signal, ...noise];
  panel.axes({
    title: "Signal above noise?",
    x: { range: [0, half], label: "frequency ω", grid: false, ticks: half < 5 ? Array.from({ length: half + 1 }, (_, w) => [w, String(w)]) : undefined },
    y: { range: [Math.min(...all) / 1.6, Math.max(...all) * 1.6], log: true },
  });
  const label = panel.add("text", { x: 0, y: panel.frame.top - 9 }, "1/[Â(ω)⁻¹]");
  label.append(element("tspan", { dy: 3, "font-size": 9 }, "cc"));
  for (const c of [0, 1]) {
    const [color, shape] = CLASSES[c], points = shown[c].map((value, w) => [w, value]);
    panel.rule({ y: signal[c] }, { color, dash: "none", width: c ? 1.5 : 4 });
    panel.rule({ y: noise[c] }, { color, dash: "5 4", width: 2 });
    panel.line(points, { color, width: 1, opacity: 0.6 });
    panel.dots(points, { color, shape, size: n > 32 ? 2.6 : 3.6 });
  }
  const { left, right } = panel.frame, middle = (values) => panel.y(Math.sqrt(values[0] * values[1]));
  panel.add("text", { x: right - 2, y: middle(signal) - 8, "text-anchor": "end", class: "halo" }, "signal  ——");
  panel.add("text", { x: left + 4, y: middle(noise) + 18, class: "halo" }, "– – –  noise");
}

function drawScatter(panel, { error, paper }, { paper: across, exact, marked }) {
  const ends = { range: [0, TOP], ticks: [0, 0.5, 1, 1.5].map((v) => [v, String(v)]) };
  panel.axes({ title: "The book’s pairs", x: { ...ends, label: "the paper’s formula", grid: false }, y: { ...ends, label: "exact error, mean of both", grid: false } });
  panel.line([[0, 0], [TOP, TOP]], { color: "grey", width: 1 });
  panel.rule({ x: 1 }, { dash: "2 4", width: 1 });
  panel.rule({ y: 1 }, { dash: "2 4", width: 1 });
  panel.dots(exact.map((e, i) => [across[i], e]), { color: "blue", size: 2.8, opacity: 0.55 });
  if (marked >= 0) panel.dots([[across[marked], exact[marked]]], { color: "ink", size: 8, hollow: true });
  const place = [paper, (error[0] + error[1]) / 2].map((value) => Math.min(value, TOP));
  panel.dots([place], { color: "orange", shape: "diamond", size: 5 });
}
