/* A citation under the pointer or in focus shows its entry of the bibliography; Escape puts it away. */
addEventListener("DOMContentLoaded", () => {
  const links = document.querySelectorAll('.bd-article a[title][href*="bibliography.html#"]');
  if (links.length === 0) return;
  const note = document.createElement("div");
  note.id = "citation-note";
  note.setAttribute("role", "tooltip");
  note.hidden = true;
  document.body.append(note);
  let shown = null, leaving;

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
  }
  note.addEventListener("mouseenter", () => clearTimeout(leaving));
  note.addEventListener("mouseleave", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  // A link that the Tab key reaches is scrolled to after it has the focus.
  addEventListener("scroll", () => { if (shown) place(shown); }, { passive: true });
});
