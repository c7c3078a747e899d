// Slides: typesets the formulas, moves what does not fit to further slides, then hands all to reveal.js.
(() => {
  // Sizes of letters that are tried before a slide is parted, and the least that is still read at the back of a room.
  const SIZES = [1.15, 1.07, 1, 0.93, 0.87], LEAST = 0.55, PICTURE = 230, FOOT = 48;

  window.MathJax = {
    options: {
      ignoreHtmlClass: "notes|code",
      menuOptions: { settings: { inTabOrder: false, assistiveMml: true } },
    },
  };

  // What screen readers are told of a formula takes no room, so the blocks themselves are measured.
  const room = (body) => body.parentElement.getBoundingClientRect().bottom - FOOT - body.getBoundingClientRect().top;
  const height = (body) => (body.lastElementChild?.getBoundingClientRect().bottom ?? 0) - body.getBoundingClientRect().top;
  const over = (body) => height(body) > room(body) + 1;
  const size = (body, factor) => { body.style.fontSize = `${factor}em`; narrow(body); };

  // Tables, code and formulas that are too wide are drawn smaller.
  function narrow(body) {
    for (const wide of body.querySelectorAll("table, pre, mjx-container[display='true']")) {
      wide.style.fontSize = "";
      const within = wide.parentElement, style = getComputedStyle(within);
      const left = within.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
      const fitting = () => left / Math.max(wide.scrollWidth, wide.getBoundingClientRect().width);
      // Entries of a table stay on one line, unless that takes letters too small to read.
      wide.classList.toggle("lines", wide.matches(".sheet:not(.words) table"));
      if (fitting() < 0.65) wide.classList.remove("lines");
      const factor = fitting();
      const share = Number.parseFloat(getComputedStyle(wide).fontSize) / Number.parseFloat(style.fontSize);
      if (factor < 0.999) wide.style.fontSize = `${0.98 * factor * share}em`;
    }
  }

  // A picture takes the height that its caption leaves.
  function picture(body) {
    const image = body.querySelector("figure img");
    if (!image) return;
    for (const factor of [1, 0.9, 0.8, 0.7]) {
      size(body, factor);
      const caption = body.querySelector("figcaption");
      const left = room(body) - (caption ? caption.offsetHeight + 16 : 0) - 4;
      image.style.height = `${Math.max(left, PICTURE)}px`;
      if (!over(body)) return;
    }
  }

  // A slide for what no longer fits, behind `section`, under the same heading.
  function further(section) {
    const next = section.cloneNode(true);
    next.removeAttribute("id");
    next.querySelector(".body").replaceChildren();
    const heading = next.querySelector("h2");
    if (heading && !heading.querySelector(".more")) heading.insertAdjacentHTML("beforeend", ' <span class="more">(continued)</span>');
    section.after(next);
    return next;
  }


  function fit(section) {
    const body = section.querySelector(".body");
    if (!body.children.length) return;
    picture(body);
    if (body.querySelector("figure")) return;
    for (const factor of SIZES) {
      size(body, factor);
      if (!over(body)) return;
    }
    if (body.children.length > 1) {
      const rest = further(section), there = rest.querySelector(".body");
      const move = () => there.prepend(body.lastElementChild);
      while (over(body) && body.children.length > 1) move();
      while (body.lastElementChild.className === "lead" && body.children.length > 1) move();
      fit(rest);
      for (const factor of SIZES) {
        size(body, factor);
        if (!over(body)) return;
      }
    }
    for (let factor = SIZES.at(-1); over(body) && factor > LEAST; factor -= 0.04) size(body, factor);
  }

  // Notes are shown in another window, which has no MathJax: their formulas become MathML, which browsers draw.
  function notes() {
    for (const math of document.querySelectorAll("aside.notes .math")) {
      const text = math.textContent.trim(), shown = text.startsWith("\\[");
      const tag = text.match(/\\tag\{([^}]*)\}/);
      const tex = text.slice(2, -2).replace(/\\tag\{[^}]*\}/, "");
      math.innerHTML = MathJax.tex2mml(tex, { display: shown }) + (tag ? ` (${tag[1]})` : "");
    }
  }

  async function start() {
    await MathJax.startup.promise;
    await document.fonts.ready;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
    document.querySelectorAll(".slides > section > section").forEach(fit);
    notes();
    document.querySelector(".reveal").classList.remove("measuring");
    await Reveal.initialize({
      width: 1280, height: 720, margin: 0.02, center: false, hash: true, slideNumber: "c/t", transition: "none",
      pdfSeparateFragments: false, plugins: [RevealNotes],
    });
    document.documentElement.dataset.ready = "true";
  }
  addEventListener("DOMContentLoaded", start);
})();
