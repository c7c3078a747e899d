"""What only a published site needs: its configuration, the date of its making, its map."""

import html
from datetime import UTC, datetime

from book.builder.repository import commit_date


def with_publication(config, repository, *, pdf, made, bibtex=None):
    """The book's configuration with all that depends on where it is published, and on what it was made from.

    `made` is the line of the footer (`version_and_date`), `bibtex` how pages are cited. Where
    `repository` is None no address is promised.
    """
    sphinx = dict(config.get("sphinx", {}))
    told = {"book_pdf": bool(pdf), "book_bibtex": bibtex or {}}
    if repository is not None:
        told |= {"book_repository": repository.url, "book_commit": repository.commit}
        told |= {"html_baseurl": f"{repository.site}/"}
    sphinx["config"] = {**sphinx.get("config", {}), **told}
    pages = dict(config.get("html", {}))
    pages["extra_footer"] = f"{pages.get('extra_footer', '')}<br>{html.escape(made)}".removeprefix("<br>")
    return {**config, "html": pages, "sphinx": sphinx}


def version_and_date(root, version):
    """The line that says which version a page shows: symlib's, and the date of the commit, or of today without one."""
    return f"Version {version}, {date_of(root)}."


def date_of(root):
    """The date of the commit, or of today where there is none ("2026-11-25")."""
    return commit_date(root) or datetime.now(UTC).date().isoformat()


def write_sitemap(pages, contents, site):
    """Writes sitemap.xml below `pages`: every page of `contents` at its address below `site`."""
    places = "".join(f"<url><loc>{html.escape(f'{site}/{name}.html')}</loc></url>\n" for name in contents)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    (pages / "sitemap.xml").write_text(f"{head}{places}</urlset>\n", encoding="utf-8")
