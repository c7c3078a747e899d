/* A reader writes down a guess in a Prediction box and finds it again in the Answer that settles it. Kept on the reader's machine. */
document.addEventListener("DOMContentLoaded", () => {
  const boxes = [...document.querySelectorAll(".admonition.prediction, .admonition.answer")];
  let guesses = []; // of the predictions since the last answer
  let answered = false;
  boxes.forEach((box, index) => {
    if (box.classList.contains("prediction")) {
      if (answered) { guesses = []; answered = false; }
      guesses.push(guessField(box, `symlib-guess:${location.pathname}:${index}`));
      return;
    }
    answered = true;
    const shown = document.createElement("p");
    shown.className = "your-guess";
    box.append(shown);
    const fields = guesses;
    const update = () => {
      const words = fields.map((field) => field.value.trim()).filter(Boolean).join(" / ");
      shown.textContent = words ? `You wrote: ${words}` : "";
      shown.hidden = !words;
    };
    fields.forEach((field) => field.addEventListener("input", update));
    update();
  });
});

function guessField(box, key) {
  const label = document.createElement("label");
  label.textContent = "Your guess";
  const field = document.createElement("textarea");
  field.rows = 2;
  field.maxLength = 500;
  // Storage is refused where cookies are: the guess then lasts as long as the page.
  try { field.value = localStorage.getItem(key) ?? ""; } catch { /* see above */ }
  field.addEventListener("input", () => {
    try { localStorage.setItem(key, field.value); } catch { /* see above */ }
  });
  label.append(field);
  box.append(label);
  return field;
}
