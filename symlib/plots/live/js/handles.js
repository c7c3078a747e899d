/* What the reader moves in a panel, with finger, mouse or keyboard. A panel has them for good: add each once.

  handle(stage, panel, {
    at: () => [x, y],            where it is, in the panel's coordinates
    drag: ([x, y]) => …,         where the pointer takes it; change the state, the stage draws itself anew
    slider: {                    what the keyboard can do with it. Leave it out only where native controls do the same.
      label: "…", min, max, step, now: () => …, words: () => "…", set: (value) => …,
    },
    color, shape, size,          as of `Panel.dots`
    shown: () => true,           false hides it
    release: () => …,            the pointer has let go
  })
  surface(stage, panel, { press: ([x, y], first) => …, release: () => …, touch: "none" or "manipulation" })
                                 a press, and a drag, anywhere in the plot. `touch` is what a finger may do to the page
                                 there; with "manipulation" it scrolls, and only a tap is a press
*/
import { colour, element, mark } from "./panel.js";

// A finger covers so many pixels about the place it means.
const REACH = 20;

export function handle(stage, panel, { at, drag, slider, color = "ink", shape = "circle", size = 7, shown = () => true, release }) {
  const group = element("g", { class: "handle" });
  group.append(element("circle", { r: REACH, fill: "transparent" }), mark(shape, [0, 0], size, { color }));
  panel.svg.append(group);
  follow(stage, panel, group, (place, first, grip) => {
    if (first) {
      const [x, y] = panel.at(at());
      [grip.x, grip.y] = [x - place[0], y - place[1]];
      return;
    }
    drag([panel.x.back(place[0] + grip.x), panel.y.back(place[1] + grip.y)]);
  }, { release });
  if (slider) {
    panel.svg.setAttribute("role", "group");
    for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": slider.label, "aria-valuemin": slider.min, "aria-valuemax": slider.max })) {
      group.setAttribute(name, value);
    }
    group.addEventListener("keydown", (event) => {
      const { min, max, step, now } = slider;
      const next = {
        ArrowUp: now() + step, ArrowRight: now() + step, ArrowDown: now() - step, ArrowLeft: now() - step,
        PageUp: now() + 5 * step, PageDown: now() - 5 * step, Home: min, End: max,
      }[event.key];
      if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      slider.set(Math.min(max, Math.max(min, next)));
      stage.redraw();
    });
  } else {
    group.setAttribute("aria-hidden", "true");
  }
  panel.handles.push({
    settle() {
      const visible = shown();
      group.style.display = visible ? "" : "none";
      if (!visible) return;
      const [x, y] = panel.at(at());
      group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      if (!slider) return;
      group.setAttribute("aria-valuenow", slider.now());
      group.setAttribute("aria-valuetext", slider.words());
    },
  });
  return group;
}

export function surface(stage, panel, { press, release = () => {}, touch = "none" }) {
  const sheet = element("rect", { fill: "transparent", "aria-hidden": "true", class: "surface" });
  // On an element inside of the drawing alone, Chromium scrolls all the same.
  if (touch === "none") panel.svg.style.touchAction = touch;
  sheet.style.touchAction = touch;
  // Below the handles: those are meant where both are.
  panel.marks.after(sheet);
  follow(stage, panel, sheet, ([x, y], first) => press([panel.x.back(x), panel.y.back(y)], first), { release, taps: touch !== "none" });
  panel.handles.push({
    settle() {
      const { left, right, top, bottom } = panel.frame;
      for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) sheet.setAttribute(name, value);
    },
  });
  return sheet;
}

/* Calls `move(place in pixels, first, grip)` from a press to its end, wherever the pointer goes in between. */
function follow(stage, panel, target, move, { release = () => {}, taps = false }) {
  let pointer = null, grip = {};
  const place = (event) => {
    const box = panel.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  // Where a finger scrolls the page a press counts once it has ended as a tap.
  const scrolls = (event) => taps && event.pointerType === "touch";
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    pointer = event.pointerId;
    grip = {};
    if (scrolls(event)) return;
    target.setPointerCapture(pointer);
    move(place(event), true, grip);
    stage.redraw();
  });
  target.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer || scrolls(event)) return;
    move(place(event), false, grip);
    stage.redraw();
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    target.addEventListener(kind, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      if (scrolls(event) && kind === "pointerup") move(place(event), true, grip);
      release();
      stage.redraw();
    });
  }
}
