/* Networks of a width of the reader's choice, drawn at random: each is a curve over angles, the arc-cosine their limit. */
import { drawNetworks, limit, scatter, summary } from "./arc_cosine.js";
import { button, slider } from "./controls.js";
import { handle } from "./handles.js";
import { fixed, short } from "./numbers.js";

// Curves that are drawn, of the networks that are counted; the angles that a curve is drawn through, in degrees.
const CURVES = 40, ANGLES = Array.from({ length: 46 }, (_, i) => 4 * i);
const TOP = 1.1, radians = (degrees) => (degrees * Math.PI) / 180;

export function begin(stage, data) {
  const count = data.networks;
  let seed = data.seed;
  const width = slider(stage, { label: "units m", values: Array.from({ length: 11 }, (_, i) => 2 ** i), value: data.width });
  const angle = slider(stage, { label: "angle θ", min: 0, max: 180, value: data.angle, words: (v) => `${v}°` });
  let shown = 1;
  button(stage, {
    label: "Draw other networks",
    press: () => {
      seed += 1;
      stage.glide((part) => { shown = part; });
    },
  });
  const curves = stage.panel({ label: "Inner products of random networks against the angle", height: 300, width: 300 });
  const counts = stage.panel({ label: "Inner products at the chosen angle, network by network", height: 300, width: 260 });
  handle(stage, curves, {
    at: () => [angle.value, limit(radians(angle.value))],
    drag: ([degrees]) => angle.set(degrees),
  });

  let networks, lines, made;
  const renew = () => {
    if (made === `${width.value} ${seed}`) return;
    made = `${width.value} ${seed}`;
    networks = drawNetworks(count, width.value, seed);
    lines = Array.from({ length: Math.min(CURVES, count) }, (_, i) => ANGLES.map((degrees) => [degrees, networks(i, radians(degrees))]));
  };

  stage.draw(() => {
    renew();
    const theta = radians(angle.value), wanted = limit(theta), spread = scatter(theta, width.value);
    const values = Float64Array.from({ length: count }, (_, i) => networks(i, theta)), found = summary(values);
    drawCurves(curves, lines.slice(0, Math.max(1, Math.round(shown * lines.length))), angle.value);
    drawCounts(counts, values.subarray(0, Math.max(2, Math.round(shown * count))), wanted, spread, found);
    const away = found.error > 0 ? Math.abs(found.mean - wanted) / found.error : 0;
    stage.say(
      `${count} networks of ${width.value} ${width.value === 1 ? "unit" : "units"} at ${angle.value}°: the mean of their inner products is ${fixed(found.mean, 4)}, ` +
      `with standard error ${fixed(found.error, 4)}; the limit is ${fixed(wanted, 4)}, ${fixed(away, 1)} standard errors away. ` +
      `They scatter by ${short(found.deviation)}, and ${short(spread)} was expected.`,
    );
    stage.table("What the figure shows", ["quantity", "value"], [
      ["networks", [count, String(count)]],
      ["units m", [width.value, String(width.value)]],
      ["angle θ", [angle.value, `${angle.value}°`]],
      ["mean inner product", [found.mean, fixed(found.mean, 5)]],
      ["its standard error", [found.error, fixed(found.error, 5)]],
      ["limit R (arc-cosine)", [wanted, fixed(wanted, 5)]],
      ["scatter of networks", [found.deviation, short(found.deviation, 4)]],
      ["scatter expected", [spread, short(spread, 4)]],
    ]);
  });
}

function drawCurves(panel, lines, degrees) {
  panel.axes({
    x: { range: [0, 180], label: "angle θ between the inputs", ticks: [0, 45, 90, 135, 180].map((v) => [v, `${v}°`]) },
    y: { range: [0, TOP], label: "inner product", ticks: 6 },
  });
  // A curve leaves the plot at its top and comes back.
  for (const line of lines) panel.line(line.map((point) => (point[1] > TOP ? null : point)), { color: "blue", width: 1, opacity: 0.4 });
  panel.line(ANGLES.map((v) => [v, limit(radians(v))]), { color: "ink", width: 2.5 });
  panel.rule({ x: degrees }, { color: "vermillion" });
  panel.legend([{ words: "one network", color: "blue", width: 1 }, { words: "limit", color: "ink" }]);
}

/* Each network a dot, stacked where they are close: what a histogram counts can be counted. */
function drawCounts(panel, values, wanted, spread, { mean, error }) {
  const high = Math.max(0.02, wanted + 4 * spread), low = Math.max(0, wanted - 4 * spread);
  panel.axes({ x: { range: [low, high], label: "inner product at θ", grid: false, ticks: 4 } });
  const { left, right, top, bottom } = panel.frame, size = Math.max(1.6, Math.min(5, Math.sqrt((0.3 * (right - left) * (bottom - top)) / values.length) / 2));
  const bins = Math.floor((right - left) / (2 * size)), heights = new Array(bins).fill(0);
  const places = [];
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((bins * (value - low)) / (high - low))));
    places.push([bin, heights[bin]]);
    heights[bin] += 1;
  }
  const step = Math.min(2 * size, (bottom - top - 26) / Math.max(1, ...heights));
  for (const [bin, height] of places) panel.add("circle", { cx: left + (bin + 0.5) * ((right - left) / bins), cy: bottom - 2 - size - height * step, r: size, fill: "var(--blue)" });
  const x = panel.x(wanted), x1 = panel.x.clamped(mean - 2 * error), x2 = panel.x.clamped(mean + 2 * error);
  panel.add("line", { x1: x, x2: x, y1: top + 4, y2: bottom, stroke: "currentColor", "stroke-width": 2.5 });
  panel.add("line", { x1, x2, y1: top + 10, y2: top + 10, stroke: "var(--vermillion)", "stroke-width": 5 });
  panel.legend([{ words: "a network", color: "blue", shape: "circle" }, { words: "limit", color: "ink" }, { words: "mean ± 2 s.e.", color: "vermillion", width: 5 }]);
}
