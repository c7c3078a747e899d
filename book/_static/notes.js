/* A citation shows its entry of the bibliography, a term its sentence of the glossary: under the pointer, in focus, and at the first touch, of which the second follows the link. Escape puts it away. */
addEventListener("DOMContentLoaded", () => {
  const links = document.querySelectorAll('.bd-article a[title]:is([href*="bibliography.html#"], .glossary-term)');
  if (links.length === 0) return;
  const note = document.createElement("div");
  note.id = "link-note";
  note.setAttribute("role", "tooltip");
  note.hidden = true;
  document.body.append(note);
  let shown = null, touched = null, leaving;

  function hide() {
    clearTimeout(leaving);
    shown?.removeAttribute("aria-describedby");
    note.hidden = true;
    shown = null;
  }

  function show(link) {
    hide();
    shown = link;
    note.textContent = link.dataset.entry;
    note.hidden = false;
    link.setAttribute("aria-describedby", note.id);
    place(link);
  }

  function place(link) {
    const box = link.getClientRects()[0], size = note.getBoundingClientRect(), margin = 8;
    const left = Math.min(box.left, document.documentElement.clientWidth - size.width - margin);
    const above = box.bottom + size.height + margin > innerHeight && box.top > size.height;
    note.style.left = `${Math.max(margin, left)}px`;
    note.style.top = `${above ? box.top - size.height : box.bottom}px`;
  }

  for (const link of links) {
    // A title is never shown to who has no pointer.
    link.dataset.entry = link.title;
    link.removeAttribute("title");
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("blur", hide);
    // The pointer may move on to the note, to read or to copy.
    link.addEventListener("mouseleave", () => { leaving = setTimeout(hide, 250); });
    // A finger has no way to point: it is told first, and taken there when it asks again.
    link.addEventListener("pointerdown", (event) => { touched = event.pointerType === "touch" && shown !== link ? link : null; });
    link.addEventListener("click", (event) => {
      if (touched !== link) return;
      touched = null;
      event.preventDefault();
      show(link);
    });
  }
  note.addEventListener("mouseenter", () => clearTimeout(leaving));
  note.addEventListener("mouseleave", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", (event) => { if (shown && !shown.contains(event.target) && event.target !== note) hide(); });
  // A link that the Tab key reaches is scrolled to after it has the focus.
  addEventListener("scroll", () => { if (shown) place(shown); }, { passive: true });
});
