/* A missing arc on a clock of poses, its two ends under the reader's hand: predictions and two bands along the clock. */
import { choice } from "./controls.js";
import { handle } from "./handles.js";
import { factored, leftOut } from "./held_out.js";
import { inked } from "./ink.js";
import { invariantGram } from "./invariant_gram.js";
import { fixed } from "./numbers.js";
import { colour, mark } from "./panel.js";

const WIDER = 1.96; // a 95 % band is so many standard deviations to either side
const [LOW, HIGH] = [-2.2, 3.4];
const WHO = [["image", "this image"], ["class", "its class"], ["everyone", "everyone"]];

export function begin(stage, data) {
  const theta = invariantGram(data.theta), sigma = invariantGram(data.sigma), ink = inked(stage, data.images);
  const { n, C } = theta, step = 360 / n, most = Math.ceil(n / 2) - 1;
  const machines = new Map();
  const machine = (set) => {
    if (!machines.has(set)) machines.set(set, factored({ kappa: theta.whole(set), labels: data.labels, n, sigma: sigma.whole(set) }));
    return machines.get(set);
  };
  const pairs = data.digits.map(([a, b], set) => [set, `${a} (+1) and ${b} (−1)`]);
  const pair = choice(stage, { label: "two digits", options: pairs, value: 0 });
  const who = choice(stage, { label: "who lacks the arc", options: WHO, value: "class" });
  // The arc holds upright. Pose g is the image turned to the left by g steps; ends are in steps.
  const ends = { left: data.reach, right: -data.reach };

  const clock = stage.panel({ label: "The poses of the image on a clock, the missing arc marked", aspect: 1, width: 300 });
  const along = stage.panel({ label: "What is predicted along the clock, with two bands", height: 320, width: 340, margins: { top: 46 } });
  const middle = () => [clock.width / 2, clock.height / 2], radius = () => clock.width / 2 - 34;
  const place = (steps, distance = radius()) => {
    const angle = (2 * Math.PI * steps) / n;
    return [middle()[0] - distance * Math.sin(angle), middle()[1] - distance * Math.cos(angle)];
  };
  const steps_at = ([x, y]) => (Math.atan2(middle()[0] - x, middle()[1] - y) * n) / (2 * Math.PI);
  for (const [side, sign] of [["left", 1], ["right", -1]]) {
    const turned = () => `${fixed(step * sign * ends[side], 0)}° to the ${side}`;
    handle(stage, clock, {
      at: () => place(ends[side] + sign / 2, radius() + 22),
      drag: (point) => {
        const there = sign * steps_at(point) - 0.5;
        // Past the far side of the clock an end stays where it was.
        ends[side] = sign * (there < -n / 4 ? (sign * ends[side] > n / 4 ? most : 0) : Math.min(most, Math.max(0, Math.round(there))));
      },
      slider: {
        label: `the arc’s ${side} end, in degrees from upright`, min: 0, max: step * most, step,
        now: () => step * sign * ends[side], words: turned, set: (value) => { ends[side] = (sign * value) / step; },
      },
      color: "vermillion", shape: "circle", size: 9,
    });
  }

  stage.draw(() => {
    const missing = Array.from({ length: ends.left - ends.right + 1 }, (_, i) => ends.left - i), set = pair.value;
    const losers = { image: [0], class: data.labels.flatMap((y, c) => (y === data.labels[0] ? [c] : [])), everyone: data.labels.map((_, c) => c) }[who.value];
    const held = missing.flatMap((g) => losers.map((c) => (((g % n) + n) % n) * C + c));
    const found = leftOut(machine(set), held);
    const asked = missing.map((g, i) => {
      const at = i * losers.length; // orbit 0, the image that is shown, is the first of those that lose the pose
      const [error, process, ensemble] = ["residuals", "process", "ensemble"].map((name) => found[name][at]);
      return { g, prediction: data.labels[0] - error, error: Math.abs(error), process: WIDER * process, ensemble: WIDER * ensemble };
    });
    drawClock(clock, { n, asked, place, radius: radius(), ends, picture: (g, at, size, opacity) => ink.picture(set, at, size, { turn: g * step, opacity }) });
    drawAlong(along, { n, step, asked, most });
    stage.say(sentence(asked, n, step, data.digits[set][0], who.value));
    stage.table("At the poses that are missing", ["pose, degrees to the left", "images that lack it", "prediction", "error |e|", "95 % bar of the Gaussian process, ±", "of the ensemble, ±"],
      asked.map(({ g, prediction, error, process, ensemble }) => [String(Math.round(g * step)).replace("-", "−"), [losers.length, String(losers.length)], ...[prediction, error, process, ensemble].map((value) => [value, fixed(value, 3)])]));
  });
}

function sentence(asked, n, step, digit, who) {
  const upright = asked.find(({ g }) => g === 0), count = asked.length, all = count === 1 ? "the one pose" : `${count} poses`;
  const held = (band) => asked.filter((pose) => pose.error < pose[band]).length;
  const right = asked.filter((pose) => pose.prediction > 0).length;
  const whose = { image: `This ${digit} was not`, class: `No ${digit} was`, everyone: "No digit was" }[who];
  return (
    `${whose} seen in ${count} of ${n} poses (${fixed(count * step, 0)}°). Upright the prediction is ${fixed(upright.prediction, 2)}, the truth 1, and the 95\u00a0% bar of the ` +
    `Gaussian process ±${fixed(upright.process, 2)}. Of ${all}, ${right} ${right === 1 ? "is" : "are"} right; the Gaussian process’s bar holds the truth at ${held("process")}, the ensemble’s at ${held("ensemble")}.`
  );
}

function drawClock(panel, { n, asked, place, radius, ends, picture }) {
  const size = Math.min(46, (2 * Math.PI * radius) / n - 4), gone = new Map(asked.map((pose) => [((pose.g % n) + n) % n, pose]));
  // The arc, a little outside of the images, from half a step before its first pose to half a step behind its last.
  const from = ends.right - 0.5, to = ends.left + 0.5, rim = radius + 22;
  const points = Array.from({ length: 61 }, (_, i) => place(from + ((to - from) * i) / 60, rim));
  panel.line(Array.from({ length: 121 }, (_, i) => place((n * i) / 120, rim)), { color: "grey", width: 1, opacity: 0.5 });
  panel.line(points, { color: "vermillion", width: 5 });
  for (let g = 0; g < n; g += 1) {
    const at = place(g, radius - 8), pose = gone.get(g);
    panel.marks.append(picture(g, at, size, pose ? 0.38 : 1));
    if (!pose) continue;
    const [x, y] = place(g, radius - size / 2 - 20), right = pose.prediction > 0;
    panel.add("text", { x, y: y + 5, "text-anchor": "middle", "font-size": 15, "font-weight": 700, style: `fill:${colour(right ? "blue" : "vermillion")}` }, right ? "✓" : "✗");
  }
  const [x, y] = place(0, 0), count = asked.length, right = asked.filter((pose) => pose.prediction > 0).length;
  panel.add("text", { x, y: y - 4, "text-anchor": "middle", "font-size": 15, "font-weight": 600 }, `${count} of ${n} missing`);
  panel.add("text", { x, y: y + 15, "text-anchor": "middle" }, `${right} of ${count} right`);
}

function drawAlong(panel, { n, step, asked, most }) {
  const half = n / 2, bound = (value) => Math.min(HIGH, Math.max(LOW, value));
  panel.axes({
    title: "Prediction: is it the first digit?",
    x: { range: [180 + step / 2, -180 - step / 2], label: "pose: turned to the left, to the right", grid: false, ticks: [[180, "180°"], [90, "90° left"], [0, "upright"], [-90, "90° right"], [-180, "180°"]] },
    y: { range: [LOW, HIGH], ticks: [-2, -1, 0, 1, 2, 3].map((v) => [v, String(v).replace("-", "−")]) },
  });
  panel.rule({ y: 0 }, { color: "ink", dash: "2 4", width: 1 });
  panel.rule({ y: 1 }, { color: "green", dash: "none", width: 1.5 });
  const wide = 0.32 * step;
  for (const { g, prediction, process, ensemble } of asked) {
    const x = g * step;
    panel.bar([x - wide, bound(prediction - process)], [x + wide, bound(prediction + process)], { color: "sky", opacity: 0.45 });
    panel.bar([x - wide / 2, bound(prediction - ensemble)], [x + wide / 2, bound(prediction + ensemble)], { color: "blue", opacity: 0.45 });
  }
  const gone = new Set(asked.map(({ g }) => g)), seen = [];
  for (let g = -half; g <= half; g += 1) if (!gone.has(g)) seen.push([g * step, 1]);
  panel.dots(seen, { color: "green", size: 3.5 });
  for (const { g, prediction } of asked) panel.marks.append(mark("square", panel.at([g * step, bound(prediction)]), 4.5, { color: "vermillion" }));
  const { right } = panel.frame, text = (y, words) => panel.add("text", { x: right - 2, y, "text-anchor": "end", class: "halo" }, words);
  text(panel.y(1) - 6, "truth");
  text(panel.y(0) + 14, "below: wrong");
  panel.legend([{ words: "Gaussian process, 95 %", color: "sky", width: 9 }, { words: "ensemble, 95 %", color: "blue", width: 5 }], { y: 30 });
}
