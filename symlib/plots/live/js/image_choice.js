/* One of several images: native radio buttons that look like the images, one stop of the Tab key, arrows between them. */

/* `names` are what is read aloud. Shown in the colours of `ink.js`, so `paint` belongs into the figure's drawing. */
export function imageChoice(stage, { label, ink, first = 0, names, value, color, change = () => {} }) {
  const box = document.createElement("fieldset"), legend = document.createElement("legend"), group = `images-${Math.random()}`;
  box.className = "images";
  box.style.setProperty("--chosen", `var(--${color})`);
  legend.textContent = label;
  const row = document.createElement("div");
  box.append(legend, row);
  const canvases = [], inputs = [];
  const control = {
    value,
    set(wanted) {
      control.value = wanted;
      for (const [i, input] of inputs.entries()) input.checked = i === wanted;
      stage.redraw();
    },
    /* Pale where the figure is about something else. */
    paint(pale = false) {
      row.style.opacity = pale ? 0.4 : 1;
      for (const [i, canvas] of canvases.entries()) ink.onto(canvas, first + i);
    },
  };
  for (const [i, name] of names.entries()) {
    const choice = document.createElement("label"), input = document.createElement("input"), canvas = document.createElement("canvas");
    Object.assign(input, { type: "radio", name: group });
    input.setAttribute("aria-label", name);
    canvas.setAttribute("aria-hidden", "true");
    choice.append(input, canvas);
    row.append(choice);
    inputs.push(input);
    canvases.push(canvas);
    input.addEventListener("change", () => {
      control.set(i);
      change(i);
    });
  }
  stage.controls.append(box);
  control.set(value);
  return control;
}
