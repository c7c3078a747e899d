/* Controls beside the drawings: sliders, choices and buttons, all native, each with its name and its value in words. */

function made(tag, name, words) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (words !== undefined) element.textContent = words;
  return element;
}

/* A slider over `values`, a list, or from `min` to `max` in `step`s. `words(value)` is what it says. */
export function slider(stage, { label, values, min = 0, max, step = 1, value, words = String, change = () => {} }) {
  const all = values ?? Array.from({ length: Math.round((max - min) / step) + 1 }, (_, i) => min + i * step);
  const box = made("label", "control"), shown = made("span", "value"), input = made("input");
  shown.setAttribute("aria-hidden", "true");
  Object.assign(input, { type: "range", min: 0, max: all.length - 1, step: 1 });
  input.setAttribute("aria-label", label);
  const name = made("span", "name", label);
  name.setAttribute("aria-hidden", "true");
  box.append(name, input, shown);
  stage.controls.append(box);
  const control = {
    input,
    value,
    set(wanted) {
      const gaps = all.map((other) => Math.abs(other - wanted)), index = gaps.indexOf(Math.min(...gaps));
      control.value = all[index];
      input.value = index;
      shown.textContent = words(control.value);
      input.setAttribute("aria-valuetext", words(control.value));
      stage.redraw();
    },
  };
  input.addEventListener("input", () => {
    control.set(all[Number(input.value)]);
    change(control.value);
  });
  control.set(value);
  return control;
}

/* One of several, as a native list: `options` are [value, words]. */
export function choice(stage, { label, options, value, change = () => {} }) {
  const box = made("label", "control"), select = made("select");
  box.append(made("span", "name", label), select);
  for (const [, words] of options) select.append(made("option", "", words));
  stage.controls.append(box);
  const control = {
    input: select,
    value,
    set(wanted) {
      control.value = wanted;
      select.selectedIndex = options.findIndex(([other]) => other === wanted);
      stage.redraw();
    },
  };
  select.addEventListener("change", () => {
    control.set(options[select.selectedIndex][0]);
    change(control.value);
  });
  control.set(value);
  return control;
}

export function button(stage, { label, press }) {
  const input = made("button", "", label);
  input.type = "button";
  stage.controls.append(input);
  input.addEventListener("click", () => {
    press();
    stage.redraw();
  });
  return input;
}
