/* A reader commits to a guess in a Prediction box, and finds it again, and what is right, in the Answer that settles it. Kept on the reader's machine. */
document.addEventListener("DOMContentLoaded", () => {
  const boxes = [...document.querySelectorAll(".admonition.prediction, .admonition.answer")];
  // Predictions, and the answers that settle them: up to the next prediction.
  const groups = [];
  boxes.forEach((box, index) => {
    const asks = box.classList.contains("prediction");
    if (asks && (!groups.length || groups.at(-1).answers.length)) groups.push({ predictions: [], answers: [] });
    if (asks) groups.at(-1).predictions.push(prediction(box, index));
    else groups.at(-1)?.answers.push(box);
  });
  for (const { predictions, answers } of groups) {
    const paired = predictions.length === answers.length;
    answers.forEach((box, index) => {
      if (paired) settle(box, [predictions[index]], [box]);
      else settle(box, predictions, answers);
    });
  }
});

/* Storage is refused where cookies are: what is written then lasts as long as the page. */
const kept = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* see above */ } },
};

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/* What becomes of a box that asks: its questions, what is committed to ([] before), words, and whom to tell of changes. */
function prediction(box, index) {
  box.id ||= `prediction-${index + 1}`;
  const asked = box.querySelector(".symlib-questions");
  const state = { box, questions: [], given: [], words: "", changed: [] };
  state.tell = () => state.changed.forEach((update) => update());
  if (asked) questionForm(state, asked, `symlib-answers:${location.pathname}:${index}`);
  const field = element("textarea", { rows: 2, maxLength: 500 });
  const key = `symlib-guess:${location.pathname}:${index}`;
  state.words = field.value = kept.get(key) ?? "";
  field.addEventListener("input", () => {
    state.words = field.value;
    kept.set(key, field.value);
    state.tell();
  });
  box.append(element("label", {}, asked ? "Your reasons" : "Your guess", field));
  return state;
}

function questionForm(state, asked, key) {
  state.questions = JSON.parse(asked.dataset.questions);
  const fields = state.questions.map((question, number) => questionField(question, `${key}:${number}`));
  const status = element("p", { className: "status" });
  status.setAttribute("role", "status");
  const button = element("button", { className: "commit" });
  const form = element("form", { noValidate: true }, ...fields.map((field) => field.set), button, status);
  const show = (given) => {
    state.given = given;
    fields.forEach((field) => { field.set.disabled = given.length > 0; });
    button.textContent = given.length ? "Answer again" : "Commit to these answers";
    status.textContent = given.length ? "Committed. What is right is said in the answer's box, further down." : "";
    state.tell();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = state.given.length ? [] : fields.map((field) => field.value());
    const missing = given.indexOf(null);
    if (missing >= 0) {
      status.textContent = "First answer every question.";
      fields[missing].focus();
      return;
    }
    kept.set(key, JSON.stringify(given));
    show(given);
  });
  let before = [];
  try { before = JSON.parse(kept.get(key) ?? "[]"); } catch { /* not ours */ }
  // Questions may have changed since.
  if (before.length === fields.length && fields.every((field, number) => field.fits(before[number]))) {
    fields.forEach((field, number) => field.fill(before[number]));
    show(before);
  } else show([]);
  asked.replaceChildren(form);
}

/* A question with what answers it: the number of a choice, or a number; null while there is none. */
function questionField(question, name) {
  const set = element("fieldset", {}, element("legend", { textContent: question.question }));
  if (question.type === "numeric") {
    const input = element("input", { type: "number", step: "any" });
    set.append(element("label", {}, "Your number ", input));
    return {
      set,
      value: () => (input.value.trim() && Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null),
      fits: Number.isFinite,
      fill: (value) => { input.value = value; },
      focus: () => input.focus(),
    };
  }
  const inputs = question.answers.map(() => element("input", { type: "radio", name }));
  inputs.forEach((input, at) => set.append(element("label", {}, input, ` ${question.answers[at].answer}`)));
  return {
    set,
    value: () => { const at = inputs.findIndex((input) => input.checked); return at < 0 ? null : at; },
    fits: (at) => Number.isInteger(at) && at >= 0 && at < inputs.length,
    fill: (at) => { inputs[at].checked = true; },
    focus: () => inputs[0].focus(),
  };
}

/* Shows in an Answer box what the reader has said, and of questions what is right: not before there is an answer. */
function settle(box, predictions, answers) {
  const shown = element("div", { className: "your-guess" });
  const mine = predictions.map((state) => [state, state.questions.map((_, at) => at).filter((at) => settles(box, state.questions[at], answers))]);
  box.append(shown);
  const update = () => {
    const parts = mine.flatMap(([state, numbers]) => {
      if (!numbers.length || state.given.length) return numbers.map((at) => outcome(state.questions[at], state.given[at]));
      const back = element("a", { href: `#${state.box.id}` }, "Back to the prediction");
      return [element("p", {}, "You have not committed to an answer. ", back)];
    });
    const words = predictions.map((state) => state.words.trim()).filter(Boolean).join(" / ");
    if (words) parts.push(element("p", { className: "words" }, `You wrote: ${words}`));
    shown.replaceChildren(...parts);
    shown.hidden = !parts.length;
  };
  predictions.forEach((state) => state.changed.push(update));
  update();
}

/* Whether an answer is about a question: question "(b) ..." is settled where "(b)" is; any other by the first answer. */
function settles(box, question, answers) {
  const label = question.question.match(/^\([a-z]\)/)?.[0];
  const about = answers.filter((answer) => label && answer.textContent.includes(label));
  return about.length ? about.includes(box) : box === answers[0];
}

/* A line: what was chosen, whether it is right, and why. */
function outcome(question, given) {
  const label = question.question.match(/^\([a-z]\)/)?.[0];
  const line = element("p", { className: "outcome" }, label ? `${label} ` : "");
  const say = (right, words) => line.append(element("strong", { className: right ? "right" : "wrong" }, right ? "✓ " : "✗ "), words);
  if (question.type === "numeric") {
    const within = ({ type, value, range }) => (type === "range" ? range[0] <= given && given <= range[1] : type === "value" && value === given);
    const met = question.answers.find(within) ?? question.answers.at(-1);
    say(met.correct, `You said ${given}. ${met.feedback}`);
    return line;
  }
  const chosen = question.answers[given];
  say(chosen.correct, `You chose “${chosen.answer}”. ${chosen.feedback}`);
  if (!chosen.correct) {
    const right = question.answers.find((answer) => answer.correct);
    line.append(` Right is “${right.answer}”. ${right.feedback}`);
  }
  return line;
}
