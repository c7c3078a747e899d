// Slides: typesets the formulas, puts thin slides together and parts full ones, then hands all to reveal.js.
(() => {
  // Sizes of letters that are tried before a slide is parted, and the least that is still read at the back of a room.
  const SIZES = [1.15, 1.07, 1, 0.93, 0.87], LEAST = 0.55, PICTURE = 230, FOOT = 48;
  // Slides that may share one under the same heading, and how much of its size a picture or a table keeps beside lines.
  const THIN = ["text", "code", "claims", "table", "figure"], KEPT = 0.8;

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

  // A picture takes the height that its caption, and the lines around it, leave; gives the height at which it is seen.
  function picture(body) {
    const image = body.querySelector("figure img");
    if (!image) return 0;
    for (const factor of [1, 0.9, 0.8, 0.7]) {
      size(body, factor);
      image.style.height = "0px";
      const seen = Math.min(room(body) - height(body) - 4, (image.clientWidth * image.naturalHeight) / image.naturalWidth);
      image.style.height = `${Math.max(seen, PICTURE)}px`;
      if (!over(body)) return Math.max(seen, PICTURE);
    }
    return PICTURE;
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

  // The largest letters with which all fits, if there are; what a picture or a table then measures, and 1 without either.
  function largest(body, sizes = SIZES) {
    if (body.querySelector("figure")) return picture(body);
    const table = body.querySelector("table");
    for (const factor of sizes) {
      size(body, factor);
      if (!over(body)) return table ? Number.parseFloat(getComputedStyle(table).fontSize) : 1;
    }
    return 0;
  }

  const kinds = (section) => [...section.querySelector(".sheet").classList];
  const thin = (section) => THIN.some((kind) => kinds(section).includes(kind));
  const heading = (section) => section.querySelector("h2")?.textContent;

  // Puts the slide behind `section` onto it, where both are thin and what is on them stays as large; says whether.
  function join(section, next) {
    if (!next || !thin(section) || !thin(next) || heading(section) !== heading(next)) return false;
    const large = [section, next].filter((slide) => slide.querySelector("figure, table"));
    if (large.length > 1 || (section.id && next.id)) return false;
    // Behind a picture or a table stand claims only, since other lines lead on; ahead of it none, which are of the one before.
    if (large[0] === section && !kinds(next).includes("claims")) return false;
    if (large[0] === next && section.querySelector(".symlib-claim")) return false;
    const body = section.querySelector(".body"), moved = [...next.querySelector(".body").children];
    if (!body.children.length || !moved.length) return false;
    const alone = large.length ? largest(large[0].querySelector(".body")) : 1;
    const sheet = section.querySelector(".sheet"), before = sheet.className;
    sheet.className = large[0] === next ? next.querySelector(".sheet").className : "sheet text";
    if (large[0] === section) sheet.className = before;
    body.append(...moved);
    if (largest(body, SIZES.slice(0, 3)) < KEPT * alone || over(body)) {
      next.querySelector(".body").append(...moved);
      sheet.className = before;
      return false;
    }
    if (next.id) section.id = next.id;
    const notes = section.querySelector("aside.notes"), more = next.querySelector("aside.notes");
    if (notes && more) notes.append(...more.childNodes);
    else if (more) section.append(more);
    next.remove();
    return true;
  }

  function joined(stack) {
    let section = stack.firstElementChild;
    while (section) if (!join(section, section.nextElementSibling)) section = section.nextElementSibling;
  }

  function fit(section) {
    const body = section.querySelector(".body");
    if (!body.children.length || largest(body)) return;
    if (body.children.length > 1) {
      const rest = further(section), there = rest.querySelector(".body");
      const move = () => there.prepend(body.lastElementChild);
      while (over(body) && body.children.length > 1) move();
      while (body.lastElementChild.className === "lead" && body.children.length > 1) move();
      fit(rest);
      if (largest(body)) return;
    }
    for (let factor = SIZES.at(-1); over(body) && factor > LEAST; factor -= 0.04) size(body, factor);
    const table = body.querySelector(":scope > table"), rows = [...(table?.tBodies[0]?.rows ?? [])];
    if (over(body) && rows.length > 1) halve(section, table, rows);
  }

  // A table that is too long even in the smallest letters goes on two slides, each with its head and caption.
  function halve(section, table, rows) {
    const rest = further(section), copy = table.cloneNode(true), first = Math.ceil(rows.length / 2);
    [...copy.tBodies[0].rows].slice(0, first).forEach((row) => row.remove());
    rows.slice(first).forEach((row) => row.remove());
    rest.querySelector(".body").append(copy);
    fit(section);
    fit(rest);
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
    document.querySelectorAll(".slides > section").forEach(joined);
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
