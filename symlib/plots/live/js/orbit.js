/* An orbit as a network sees it: the digit moves under the reader's hand; κ, its transform, and the distance to pose 0. */
import { choice, slider } from "./controls.js";
import { surface } from "./handles.js";
import { inked } from "./ink.js";
import { invariantGram } from "./invariant_gram.js";
import { fixed, power, short } from "./numbers.js";
import { colour, element, mark } from "./panel.js";
import { distances } from "./orbit_distances.js";
import { fourier, groupFormula } from "./pair_formula.js";

const OTHERS = [["vermillion", "square"], ["green", "triangle"], ["purple", "diamond"]];

export function begin(stage, data) {
  const ink = inked(stage, data.images), C = data.digits[0].length;
  for (const motion of data.motions) {
    for (const network of motion.networks) network.grams = network.kappa.map(invariantGram);
  }
  const several = (options, label) => (options.length > 1 ? choice(stage, { label, options, value: options[0][0] }) : { value: options[0][0] });
  const orbits = data.digits.flatMap((set, i) => set.map((digit, c) => [i * C + c, C === 2 ? `${digit} (with a ${set[1 - c]})` : String(digit)]));
  const digit = several(orbits, "digit");
  const network = several(data.motions[0].networks.map(({ name }, i) => [i, name]), "network");
  const motion = several(data.motions.map(({ name }, i) => [i, name]), "the digit is");
  // Sliders of both motions have as many places; what they mean is the motion's.
  const now = () => data.motions[motion.value];
  const counts = () => now().networks[0].grams.map(({ n }) => n);
  const places = Math.max(...data.motions.map(({ networks }) => networks[0].grams.length));
  const words_of_count = (i) => String(counts()[Math.min(i, counts().length - 1)]);
  const count = places > 1 ? slider(stage, { label: "poses N", max: places - 1, value: 1, words: words_of_count }) : { value: 0 };
  const ridge = data.ridges ? slider(stage, { label: "ridge σ²", values: data.ridges, value: data.ridges[0], words: (v) => power(Math.round(Math.log10(v))) }) : { value: 0 };
  const finest = () => Math.max(...counts());
  const pose_words = (g) => {
    const { unit } = now(), n = finest();
    if (g === 0) return { degrees: "upright", pixels: "in place" }[unit];
    const amount = fixed(((unit === "degrees" ? 360 : 28) * g) / n, 2).replace(/\.?0+$/, "");
    return unit === "degrees" ? `${amount}° to the left` : `${amount} pixel${amount === "1" ? "" : "s"} to the right`;
  };
  const pose = slider(stage, { label: "pose", max: Math.max(...data.motions.map(({ networks }) => Math.max(...networks[0].grams.map(({ n }) => n)))) - 1, value: 0, words: (g) => pose_words(g) });
  const fit = () => {
    pose.input.max = finest() - 1;
    pose.set(1);
    if (!count.input) return;
    count.input.max = counts().length - 1;
    count.set(Math.min(count.value, counts().length - 1));
  };
  motion.input?.addEventListener("change", fit);
  fit();

  const hand = stage.panel({ label: "The digit in its pose", aspect: 1, width: 200, margins: { left: 0, right: 0, top: 0, bottom: 0 } });
  hand.box.classList.add("small");
  hand.box.style.touchAction = "none"; // on an element inside of the drawing alone, Chromium scrolls all the same
  const far = stage.panel({ label: "The distance from pose 0 to every pose", height: 250, width: 300, margins: { top: 46 } });
  const gram = stage.panel({ label: "κ, of the digit with itself and with the others", height: 230, width: 300, margins: { top: 46, left: 56 } });
  const transform = stage.panel({ label: "The Fourier transform of κ", height: 230, width: 300, margins: { top: 46 } });
  let grip;
  surface(stage, hand, {
    press([x, y], first) {
      const turning = now().unit === "degrees", n = finest();
      const here = turning ? (Math.atan2(hand.width / 2 - x, hand.height / 2 - y) * n) / (2 * Math.PI) : (x / hand.width) * n;
      if (first) grip = pose.value - here;
      pose.set((((Math.round(grip + here) % n) + n) % n));
    },
  });

  stage.draw(() => {
    const set = Math.floor(digit.value / C), c = digit.value % C, others = data.digits[set].map((_, d) => d).filter((d) => d !== c);
    const at = Math.min(count.value, counts().length - 1), n = counts()[at], all = now().networks.map(({ name, grams }) => {
      const [chosen, fine] = [grams[at], grams[grams.length - 1]], own = (d) => fine.values(set, d, d)[0];
      const beside = (d) => distances(fine.values(set, c, d), own(c), own(d));
      return { name, kappa: [c, ...others].map((d) => chosen.values(set, c, d)), own: beside(c), others: others.map(beside), unit: Math.min(...others.flatMap((d) => [...beside(d)])) };
    });
    const seen = all[network.value], lambda = fourier(seen.kappa[0]).re.map((value) => value + ridge.value);
    const digits = [data.digits[set][c], ...others.map((d) => data.digits[set][d])], grams = now().networks[network.value].grams[at];
    const error = data.ridges && groupFormula({ aa: seen.kappa[0], bb: grams.values(set, others[0], others[0]), ab: seen.kappa[1] }, ridge.value).error[0];
    drawDigit(hand, ink, digit.value, pose.value, finest(), now().unit);
    drawFar(far, { all, seen, digits, place: pose.value, n: finest(), every: finest() / n });
    drawGram(gram, { seen, digits, n, place: (pose.value * n) / finest() });
    drawTransform(transform, { lambda, ridge: ridge.value });
    const distance = seen.own[pose.value] / seen.unit, where = pose.value ? `${now().name} ${pose_words(pose.value)}` : pose_words(0);
    stage.say(
      `${seen.name}: the ${digits[0]}, ${where}, is ${fixed(distance, 2)} times as far from pose 0 as the nearest pose of ${C === 2 ? `the ${digits[1]}` : "another digit"}.` +
      (data.ridges ? ` With ${n} poses and ridge ${power(Math.round(Math.log10(ridge.value)))} the error at a left-out pose of the ${digits[0]} is ${short(error)}: ${error < 1 ? "right" : "wrong"}.` : ""),
    );
    const rows = Array.from(seen.kappa[0], (value, u) => [value, lambda[u], seen.own[(u * finest()) / n]].map((entry, i) => [entry, short(entry, [6, 4, 4][i])]));
    const more = data.ridges ? [["poses N; ridge; error of a left-out pose", [n, String(n)], [ridge.value, short(ridge.value, 1)], [error, short(error, 4)]]] : [];
    stage.table("κ, its transform, and distances from pose 0", ["u or ω", `κ(u) of the ${digits[0]}`, "transform + σ² at ω", "distance to pose u"],
      [...rows.map((row, u) => [String(u), ...row]), ...more]);
  });
}

/* The sliding digit leaves on one side and comes in on the other. */
function drawDigit(panel, ink, i, place, n, unit) {
  const side = panel.width, middle = [side / 2, side / 2], size = unit === "degrees" ? 0.78 * side : side;
  panel.marks.append(element("rect", { x: 0.5, y: 0.5, width: side - 1, height: side - 1, rx: 6, fill: "none", stroke: colour("grey") }));
  if (unit === "degrees") {
    const angle = (360 * place) / n, radians = (angle * Math.PI) / 180;
    panel.marks.append(ink.picture(i, middle, size, { turn: angle }));
    panel.add("circle", { cx: middle[0], cy: middle[1], r: side / 2 - 10, fill: "none", stroke: colour("grey"), "stroke-dasharray": "2 4" });
    panel.marks.append(mark("circle", [middle[0] - (side / 2 - 10) * Math.sin(radians), middle[1] - (side / 2 - 10) * Math.cos(radians)], 6, { color: "orange" }));
  } else {
    const window = element("svg", { x: 0, y: 0, width: side, height: side, viewBox: `0 0 ${side} ${side}`, style: "overflow:hidden" });
    const shift = (side * place) / n;
    window.append(ink.picture(i, [side / 2 + shift, side / 2], side), ink.picture(i, [side / 2 + shift - side, side / 2], side));
    panel.marks.append(window);
    panel.marks.append(mark("circle", [shift < side / 2 ? side / 2 + shift : shift - side / 2, side - 10], 6, { color: "orange" }));
  }
}

function drawFar(panel, { all, seen, digits, place, n, every }) {
  const around = Array.from({ length: n + 1 }, (_, u) => u), relative = ({ own, unit }) => around.map((u) => [u, own[u % n] / unit]);
  const top = 1.05 * Math.max(1.25, ...all.flatMap((network) => relative(network).map(([, y]) => y)), ...seen.others.flatMap((values) => [...values].map((value) => value / seen.unit)));
  panel.axes({ title: `Distance to pose 0 (1: nearest pose of ${digits.length > 2 ? "another digit" : `the ${digits[1]}`})`, x: { range: [0, n], label: `pose, of ${n}`, grid: false, ticks: quarters(n) }, y: { range: [0, top] } });
  panel.rule({ y: 1 }, { color: "ink", dash: "2 4", width: 1 });
  for (const network of all) if (network !== seen) panel.line(relative(network), { color: "grey", width: 1, opacity: 0.7 });
  for (const [i, values] of seen.others.entries()) {
    const [color] = OTHERS[i];
    panel.line(around.map((u) => [u, values[u % n] / seen.unit]), { color, width: 1.5, dash: "4 3" });
  }
  panel.line(relative(seen), { color: "blue", width: 2.2 });
  panel.dots(relative(seen).filter(([u]) => u % every === 0), { color: "blue", size: n / every > 16 ? 2.4 : 3.6 });
  panel.rule({ x: place }, { color: "orange", dash: "none", width: 1.5 });
  panel.dots([[place, seen.own[place] / seen.unit]], { color: "orange", size: 6 });
  const others = digits.slice(1).map((digit, i) => ({ words: `the ${digit}`, color: OTHERS[i][0], dash: "4 3" }));
  const networks = all.length > 1 ? [{ words: `the ${digits[0]}, other networks`, color: "grey", width: 1 }] : [];
  panel.legend([{ words: `the ${digits[0]}`, color: "blue" }, ...others, ...networks], { y: 28 });
}

function drawGram(panel, { seen, digits, n, place }) {
  const around = Array.from({ length: n + 1 }, (_, u) => u), values = seen.kappa.flatMap((row) => [...row]);
  const low = Math.min(...values), high = Math.max(...values), room = 0.12 * (high - low);
  panel.axes({ title: "κ(u), similarity with pose 0", x: { range: [0, n], label: "u", grid: false, ticks: quarters(n) }, y: { range: [low - room, high + room], label: "κ", ticks: 4 } });
  for (const [i, row] of [...seen.kappa.entries()].reverse()) {
    const [color, shape] = i ? OTHERS[i - 1] : ["blue", "circle"], points = around.map((u) => [u, row[u % n]]);
    panel.line(points, { color, width: 1, opacity: 0.6 });
    panel.dots(points, { color, shape, size: n > 16 ? 2.4 : 3.4 });
  }
  panel.rule({ x: place }, { color: "orange", dash: "none", width: 1.5 });
}

function drawTransform(panel, { lambda, ridge }) {
  const half = Math.floor(lambda.length / 2), floor = Math.max(ridge, 1e-13 * lambda[0]);
  const points = Array.from({ length: half + 1 }, (_, w) => [w, Math.max(lambda[w], floor)]);
  const low = Math.min(...points.map(([, y]) => y), ridge || Infinity), high = Math.max(...points.map(([, y]) => y));
  panel.axes({ title: "Its Fourier transform", x: { range: [-0.4, half + 0.4], label: "frequency ω", grid: false, ticks: quarters(half) }, y: { range: [low / 3, high * 3], log: true, label: ridge ? "λ + σ²" : "λ" } });
  for (const point of points) panel.line([[point[0], low / 3], point], { color: "blue", width: 1, opacity: 0.5 });
  panel.dots(points, { color: "blue", size: 3.6 });
  if (ridge) {
    panel.rule({ y: ridge }, { color: "vermillion", width: 1.5 });
    panel.text([half + 0.4, ridge], "σ²", { anchor: "end", dy: -5 });
  }
}

const quarters = (n) => [0, 0.25, 0.5, 0.75, 1].map((part) => part * n).filter(Number.isInteger).map((v) => [v, String(v)]);
