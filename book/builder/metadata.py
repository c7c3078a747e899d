"""A Sphinx extension: what a page says about itself to search engines, to those it is shared with, and at its foot.

The staged configuration tells it where the book is published (`html_baseurl`), the repository (`book_repository`) and
its commit, how pages are cited, and whether PDFs are made (`book_pdf`); what is not known or not made is not promised.
"""

import html
import re
import textwrap
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx import addnodes

from book.builder.citing import citation_fold
from book.builder.printing import BOOK

# What an issue about a page begins with, so that it can be found and mended.
_REPORT = "What is wrong, missing or unclear:\n\n\n\nPage: {page}\nCommit: {commit}\n"
# Search engines cut longer ones.
_LENGTH = 200
# Pages that Sphinx makes, and names in their templates only.
_UNTITLED = {"search": "Search", "genindex": "Index", "py-modindex": "Modules"}
_LOST = """<section id="not-found"><h1>Page not found</h1>
<p>There is no page at this address. Chapters may have moved: <a href="{start}">start at the first page</a>, or
<a href="{search}">search the book</a>.</p></section>"""


def description_of(doctree, otherwise):
    """The first paragraph of running text, cut to what is shown of it; `otherwise` where a page has none."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        formulas = next(paragraph.findall(nodes.math), None)
        if isinstance(paragraph.parent, nodes.section | nodes.document) and formulas is None:
            words = " ".join(_reading(paragraph).split())
            if len(words) > 40:
                return textwrap.shorten(words, _LENGTH, placeholder=" …")
    return otherwise


def _reading(node):
    """The text of a node without what stands there for machines: raw HTML and pending references' targets."""
    hidden = (nodes.raw, addnodes.index)
    return "".join(text.astext() for text in node.findall(nodes.Text) if not isinstance(text.parent, hidden))


def describe(app, page, _template, context, doctree):
    """Adds description and preview to the head of a page."""
    title = html.unescape(re.sub(r"<[^>]*>", "", str(context.get("title", "")))) or _UNTITLED.get(page, page)
    about = description_of(doctree, f"{title}: {app.config.html_title}")
    named = {"og:type": "article", "og:site_name": app.config.html_title, "og:title": title, "og:description": about}
    tags = [f'<meta name="description" content="{html.escape(about)}" />']
    if app.config.html_baseurl:
        base = app.config.html_baseurl
        named |= {"og:url": f"{base}{page}.html", "og:image": f"{base}_static/preview.png"}
        named |= {"og:image:alt": "A digit in eight poses, one of which is missing."}
    tags += [f'<meta property="{name}" content="{html.escape(value)}" />' for name, value in named.items()]
    card = "summary_large_image" if app.config.html_baseurl else "summary"
    tags.append(f'<meta name="twitter:card" content="{card}" />')
    context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(tags) + "\n"


def link_at_the_foot(app, page, _template, context, doctree):
    """Adds what closes a page: how to cite it, and links to its PDF, the book's, and a place to say what is wrong."""
    if doctree is None or "body" not in context:
        return
    if page in app.config.book_bibtex:
        context["body"] += citation_fold(app.config.book_bibtex[page])
    links = []
    if app.config.book_pdf:
        name = page.rpartition("/")[2]
        links.append(f'<a href="{name}.pdf" download>This page as PDF</a>')
        links.append(f'<a href="{context["pathto"](BOOK, 1)}" download>The whole book as PDF</a>')
    if app.config.book_repository:
        about = f"title={quote(f'{page}: ')}&amp;body={quote(_REPORT.format(page=page, commit=app.config.book_commit))}"
        links.append(f'<a href="{app.config.book_repository}/issues/new?{about}">Say what is wrong or missing here</a>')
    if links:
        context["body"] += f'<p class="page-links">{" · ".join(links)}</p>'


def offer_pdf(app, page, _template, context, _doctree):
    """The download menu gives the finished PDF where the theme's opens the print dialog."""
    if not app.config.book_pdf:
        return
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("label") == "download-pdf-button":
                del button["javascript"]
                button |= {"type": "link", "url": f"{page.rpartition('/')[2]}.pdf", "tooltip": "Download as PDF"}


def lost_page(app):
    """The page that GitHub shows in place of one that it does not find."""
    start = app.builder.get_relative_uri("404", app.config.root_doc)
    yield "404", {"title": "Page not found", "body": _LOST.format(start=start, search="search.html")}, "page.html"


def anchor_lost_page(app, page, _template, context, _doctree):
    """It is shown at addresses of any depth, so its links start from the book's own."""
    if page == "404":
        base = urlsplit(app.config.html_baseurl).path or "/"
        context["metatags"] = f'<base href="{base}404.html" />\n' + context.get("metatags", "")


def setup(app):
    app.add_config_value("book_pdf", False, "html")
    app.add_config_value("book_repository", "", "html")
    app.add_config_value("book_commit", "", "html")
    app.add_config_value("book_bibtex", {}, "html")
    app.connect("html-collect-pages", lost_page)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", link_at_the_foot)
    app.connect("html-page-context", anchor_lost_page)
    # After the theme has made its buttons.
    app.connect("html-page-context", offer_pdf, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
