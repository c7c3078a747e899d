/* The reader draws a curve, commits to it, and only then sees the computed one and how far away it is. */
import { button } from "./controls.js";
import { course, distance } from "./distance.js";
import { handle, surface } from "./handles.js";
import { short } from "./numbers.js";

// Steps of a point from the bottom of the scale to its top.
const STEPS = 100;

export function begin(stage, data) {
  const { x, computed, points, log, range: [low, high], xlabel, ylabel, joined } = data;
  const places = joined ? x : x.map((_, i) => i), names = x.map(String);
  const bend = log ? Math.log : (v) => v, unbend = log ? Math.exp : (v) => v;
  const value = (position) => unbend(bend(low) + (position / STEPS) * (bend(high) - bend(low)));
  const position = (v) => Math.min(STEPS, Math.max(0, (STEPS * (bend(v) - bend(low))) / (bend(high) - bend(low))));
  const kept = stage.remember("drawn");

  const untouched = () => ({ drawn: points.map(() => STEPS / 2), touched: false, committed: false });
  let state = untouched(), last = null, shown = 1;
  const before = kept.read();
  if (before?.drawn?.length === points.length && before.drawn.every(Number.isFinite)) state = { ...state, ...before };
  const put = (k, where) => {
    state.drawn[k] = Math.min(STEPS, Math.max(0, where));
    state.touched = true;
  };

  const panel = stage.panel({ label: `${ylabel} against ${xlabel}`, height: 340, width: 300 });
  const commit = (committed) => {
    state.committed = committed;
    kept.write(state);
    if (committed) stage.glide((part) => { shown = part; }, 900);
  };
  const compare = button(stage, { label: "", press: () => commit(!state.committed) });
  // Where the picture comes only after the commitment, nobody has to draw in order to see it.
  const pass = data.covers ? button(stage, { label: "Show it without a drawing", press: () => commit(true) }) : null;
  const fresh = button(stage, { label: "Start afresh", press: () => { state = untouched(); kept.forget(); } });

  surface(stage, panel, {
    press: ([across, up], first) => {
      if (state.committed) return;
      // A fast finger skips points: those it passed are put on the line between.
      const here = [across, position(up)], from = first || last === null ? here : last;
      const k = nearest(points.map((i) => places[i]), across), atEnd = k === 0 || k === points.length - 1;
      // Neither do the ends ask for the very edge.
      if (first || (atEnd && Math.abs(panel.x(across) - panel.x(places[points[k]])) < 12)) put(k, here[1]);
      for (const [j, i] of points.entries()) {
        const [a, b] = [Math.min(from[0], across), Math.max(from[0], across)];
        if (places[i] < a || places[i] > b) continue;
        put(j, a === b ? here[1] : from[1] + ((places[i] - from[0]) / (across - from[0])) * (here[1] - from[1]));
      }
      last = here;
    },
    release: () => { last = null; if (state.touched) kept.write(state); },
  });
  for (const [k, i] of points.entries()) {
    handle(stage, panel, {
      at: () => [places[i], value(state.drawn[k])],
      drag: ([, up]) => put(k, position(up)),
      release: () => kept.write(state),
      color: "vermillion", shape: "circle", size: 6,
      shown: () => !state.committed,
      slider: {
        label: `Your ${ylabel} at ${xlabel} ${names[i]}`, min: 0, max: STEPS, step: 2,
        now: () => Math.round(state.drawn[k]),
        words: () => short(value(state.drawn[k]), 2),
        set: (where) => { put(k, where); kept.write(state); },
      },
    });
  }

  stage.draw(() => {
    const drawn = state.drawn.map(value), there = points.map((i) => computed[i]);
    compare.textContent = state.committed ? "Change my curve" : "Compare with the computed curve";
    compare.disabled = !state.touched && !state.committed;
    fresh.disabled = !state.touched;
    if (pass) pass.hidden = state.touched || state.committed;
    if (data.covers) stage.uncover(state.committed);
    const drew = state.touched || !state.committed;
    panel.axes({
      x: { range: joined ? [places[0], places.at(-1)] : [-0.5, x.length - 0.5], label: xlabel, grid: joined, ticks: joined ? points.map((i) => [places[i], names[i]]) : places.map((v) => [v, names[v]]) },
      y: { range: [low, high], log, label: ylabel, ticks: 7 },
    });
    for (const { at, words } of data.levels) {
      panel.rule({ y: at });
      panel.text([joined ? places.at(-1) : x.length - 0.5, at], words, { anchor: "end", dy: -5 });
    }
    const mine = points.map((i, k) => [places[i], drawn[k]]);
    if (joined && drew) panel.line(mine, { color: "vermillion", width: 2.5, dash: state.touched ? undefined : "2 6" });
    if (state.committed) {
      const until = Math.max(1, Math.round(shown * x.length)), curve = places.map((v, i) => [v, computed[i]]).slice(0, until);
      if (drew) panel.dots(mine, { color: "vermillion", shape: "circle", size: 4 });
      if (joined) panel.line(curve, { color: "blue", width: 3 });
      panel.dots(joined ? curve.filter((_, i) => points.includes(i)) : curve, { color: "blue", shape: "square", size: joined ? 4 : 6 });
      if (!joined && drew) for (const [k, i] of points.entries()) if (i < until) panel.line([[i, drawn[k]], [i, computed[i]]], { color: "grey", width: 1.2, dash: "2 3" });
    }
    const legend = [{ words: state.touched ? "yours" : "yours, not drawn", color: "vermillion", shape: "circle" }];
    panel.legend(state.committed ? [...legend, { words: "computed", color: "blue", shape: "square" }] : legend);
    stage.say(sentence());
    stage.table(
      state.committed ? "Your curve and the computed one" : "Your curve", [xlabel, "yours", ...(state.committed ? ["computed"] : [])],
      points.map((i, k) => [names[i], [drawn[k], short(drawn[k])], ...(state.committed ? [[computed[i], short(computed[i])]] : [])]),
    );

    function sentence() {
      if (!drew) return `The computed ${joined ? `curve ${course(there.map(bend), (bend(high) - bend(low)) / 30)}` : `value is highest at ${names[points[there.indexOf(Math.max(...there))]]}`}.`;
      if (!state.touched) {
        return `Draw what you expect: sweep across the plot, or go to a point with the Tab key and move it with the arrows. The computed ${joined ? "curve" : "values"} will be shown when you compare.`;
      }
      const least = (bend(high) - bend(low)) / 30;
      const highest = (values) => names[points[values.indexOf(Math.max(...values))]];
      const run = (values) => (joined ? `${course(values.map(bend), least)}` : `is highest at ${highest(values)}`);
      if (!state.committed) return `Your curve ${run(drawn)}. Compare it when you are content with it.`;
      const { typical, most, at } = distance(drawn, there, log);
      const apart = (gap) => (log ? `a factor of ${short(gap, 2)}` : short(gap, 2));
      const tail = joined ? `; the highest of its points is at ${highest(there)}, yours at ${highest(drawn)}` : "";
      return (
        `Your curve is ${apart(typical)} away on average, and most at ${xlabel} ${names[points[at]]}: ${apart(most)} (yours ${short(drawn[at], 2)}, computed ${short(there[at], 2)}). ` +
        `Yours ${run(drawn)}; the computed one ${run(there)}${tail}.`
      );
    }
  });
}

function nearest(values, wanted) {
  const gaps = values.map((value) => Math.abs(value - wanted));
  return gaps.indexOf(Math.min(...gaps));
}
