/* Boxes that scroll sideways are reached with the Tab key, moved with the arrows, and say what they are; others are no stops. */
(() => {
  const KINDS = [
    ["div.math", "Formula"],
    ["figure", "Figure"],
    [".symlib-scroll, .pst-scrollable-table-container, table", "Table"],
    [".cell_output .output", "Output"],
    ["pre", "Code"],
    ["p", "Text with a formula"],
  ];

  function mark(box, kind) {
    const canScroll = ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
    if (canScroll && box.scrollWidth > box.clientWidth) {
      box.dataset.reached = "";
      box.tabIndex = 0;
      box.setAttribute("aria-label", `${kind}, scrolls sideways`);
      // A table keeps its own role.
      if (box.tagName !== "TABLE") box.setAttribute("role", "group");
    } else {
      if ("reached" in box.dataset) {
        ["data-reached", "tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
      }
      // Browsers make a stop of a box that could scroll by a fraction of a pixel.
      if (canScroll) box.tabIndex = -1;
    }
  }

  function markAll() {
    for (const [selector, kind] of KINDS) {
      document.querySelectorAll(`.bd-article :is(${selector})`).forEach((box) => mark(box, kind));
    }
    document.documentElement.dataset.boxes = "marked"; // for who waits for it
  }

  let planned;
  const plan = () => {
    delete document.documentElement.dataset.boxes;
    clearTimeout(planned);
    planned = setTimeout(markAll, 300); // after the theme's own look at the boxes
  };
  addEventListener("resize", plan);
  // What is folded has no width until it is opened.
  document.addEventListener("toggle", plan, true);
  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    plan();
  });
})();
