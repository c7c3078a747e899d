"""Writes the staged book (_build/source) and the copies of the chapters that leave it."""

import shutil
from contextlib import contextmanager

import nbformat
import yaml

import symlib
from book.builder.chapters import title_of, to_colab, to_page
from book.builder.citing import bibtex_of, citations_page
from book.builder.claims import claims_table
from book.builder.copies import ENDINGS, FOLDERS
from book.builder.execute import read_executed, versions
from book.builder.gallery import gallery
from book.builder.markup import citations_of, raise_markup
from book.builder.needs import chapters_with_needs, needs_picture, needs_table
from book.builder.publishing import date_of, version_and_date, with_publication
from book.builder.references import link_mentions, targets_of
from book.builder.repository import COLAB_BRANCH, commit_of
from book.builder.teaching.notebooks import instructor, student

# Words of book/intro.md, and lines of pages that say what the build knows (status, claims, gallery, citing, changelog),
# that it replaces; the packages whose versions it lists.
_BUTTON = "BUTTON"
_CHAPTERS, _VERSIONS, _CLAIMS, _GALLERY = "CHAPTERS", "VERSIONS", "CLAIMS", "GALLERY"
_BOOK, _CHANGES, _NEEDS = "BOOK", "CHANGES", "NEEDS"
_LISTED = ("python", "numpy", "scipy", "jax", "torch", "numba", "matplotlib", "papermill", "jupyter-book")
# What of book/ is only for building it.
_NOT_STAGED = shutil.ignore_patterns("*.py", "builder", "exam", "tiers.yml", "__pycache__")


def stage(root, source, executed, tier, repository, *, pdf=False):
    """Writes a Jupyter Book to `source`: prose, executed chapters, configuration; `pdf`: it will be printed."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source / "book", ignore=_NOT_STAGED)
    (source / "notebooks").mkdir()
    # Jupyter Book takes its style sheets from _static beside the configuration; pages refer to their own.
    shutil.copytree(root / "book" / "_static", source / "_static")
    citations = citations_of(root / "book" / "references.bib")
    chapters = {
        name: read_executed(path, nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4))
        for name, path in executed.items()
    }
    targets = {}
    for name, chapter in chapters.items():
        with named(f"notebooks/{name}.ipynb"):
            targets |= targets_of(chapter, f"notebooks/{name}.html")
    for path in (source / "book").rglob("*.md"):
        text = path.read_text(encoding="utf-8").replace(_BUTTON, what_the_button_does(repository))
        address = path.relative_to(source).with_suffix(".html").as_posix()
        with named(path.relative_to(source).as_posix()):
            text = raise_markup(link_mentions(text, targets, address), citations)
        path.write_text(text, encoding="utf-8")
    for name, chapter in chapters.items():
        with named(f"notebooks/{name}.ipynb"):
            page = to_page(chapter, citations, tier, targets, name)
        nbformat.write(page, source / "notebooks" / f"{name}.ipynb")
    write_claims(source / "book" / "claims.md", chapters)
    write_status(source / "book" / "status.md", chapters)
    write_gallery(source / "book" / "gallery.md", chapters, repository)
    write_changes(source / "book" / "changelog.md", root / "CHANGELOG.md")
    write_needs(source / "book" / "teaching", chapters)
    shutil.copy(root / "_toc.yml", source)
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    titles = {f"notebooks/{name}": title_of(chapter) for name, chapter in chapters.items()}
    known = {"date": date_of(root), "commit": commit_of(root), "site": repository and repository.site}
    bibtex = bibtex_of(root, titles, version=symlib.__version__, **known)
    write_citing(source / "book" / "citing.md", bibtex, titles)
    made = version_and_date(root, symlib.__version__)
    config = with_repository(config, repository)
    config = with_publication(config, repository, pdf=pdf, made=made, bibtex=bibtex)
    (source / "_config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


@contextmanager
def named(file):
    """Says in which file a ValueError came up."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}, {error}") from None


def fill(page, found):
    """Puts into a page, where the book has it, what is found for each line that is a key of `found`."""
    if page.exists():
        text = page.read_text(encoding="utf-8")
        for line, content in found.items():
            text = text.replace(f"\n{line}\n", f"\n{content}\n")
        page.write_text(text, encoding="utf-8")


def write_claims(page, chapters):
    """Fills the page that lists what every chapter claims."""
    fill(page, {_CLAIMS: claims_table(chapters)})


def write_citing(page, bibtex, titles):
    """Fills the page that says how the book and each chapter are cited."""
    chapters = {page: entry for page, entry in bibtex.items() if page}
    fill(page, {_BOOK: f"```bibtex\n{bibtex['']}\n```", _CHAPTERS: citations_page(chapters, titles)})


def write_changes(page, changelog):
    """Fills the page of changes with all of CHANGELOG.md but its title."""
    fill(page, {_CHANGES: changelog.read_text(encoding="utf-8").partition("\n")[2].strip()})


def write_needs(folder, chapters):
    """Draws the map of what needs what, and fills its page with the same as a table."""
    found, files = chapters_with_needs(chapters), {name[:2]: name for name in chapters}

    def link(number, words=None):
        return f"[{words or number}](../../notebooks/{files[number]}.ipynb)" if number in files else number

    if (folder / "needs.md").exists():
        (folder / "needs.svg").write_text(needs_picture(found), encoding="utf-8")
        fill(folder / "needs.md", {_NEEDS: needs_table(found, link)})


def write_gallery(page, chapters, repository):
    """Fills the page of all figures."""
    fill(page, {_GALLERY: gallery(chapters, repository)})


def write_status(page, chapters):
    """Fills the page that says where each executed chapter was computed, and with which versions."""
    rows = ["| chapter | tier | computed on | seconds | date |", "|---|---|---|---|---|"]
    for name, chapter in chapters.items():
        run = chapter.metadata["computed"]
        cells = [f"[{title_of(chapter)}](../notebooks/{name}.ipynb)", f"`{run['tier']}`"]
        cells += [run["device"], f"{run['seconds']:.0f}", run["date"]]
        rows.append(f"| {' | '.join(cells)} |")
    installed = versions()
    listed = ", ".join(f"{name} {installed[name]}" for name in _LISTED if name in installed)
    fill(page, {_CHAPTERS: "\n".join(rows), _VERSIONS: f"{listed}."})


def what_the_button_does(repository):
    """A sentence that promises no more than the pages keep: Colab opens notebooks of public repositories only."""
    if repository is None:
        return (
            "The buttons at the top of its page download it, to work in or with solutions; it needs symlib installed."
        )
    return "The buttons at the top of its page open it on Colab, to work in or with solutions; there it runs as it is."


def with_repository(config, repository):
    """The book's configuration with the launch buttons of `repository`: none where it is None."""
    config = dict(config)
    buttons = config.pop("launch_buttons", {})
    config["repository"] = {"url": "", "path_to_book": "", "branch": ""}
    if repository is not None:
        config["launch_buttons"] = buttons
        config["repository"] = {"url": repository.url, "path_to_book": "", "branch": COLAB_BRANCH}
    return config


def write_colab_copies(chapters, folder, repository, source):
    """Writes the chapters' copies for Colab below `folder`, one to work in, one with solutions; {kind: {name: path}}.

    Where it is not known what they should install symlib from, the copies say what to do.
    """
    shutil.rmtree(folder, ignore_errors=True)
    site = repository.site if repository else ".."
    paths = {}
    for kind, make in (("student", student), ("instructor", instructor)):
        place = folder / FOLDERS[kind]
        place.mkdir(parents=True)
        paths[kind] = {chapter.name: place / f"{chapter.name}.ipynb" for chapter in chapters}
        for chapter in chapters:
            copied = to_colab(make(chapter.notebook), chapter.name, source, site)
            nbformat.write(copied, paths[kind][chapter.name])
    return paths


def write_downloads(copies, pages):
    """Puts the copies behind the pages' download buttons, where Sphinx left staged notebooks."""
    for staged in list((pages / "_sources" / "notebooks").glob("*.ipynb*")):
        name = staged.name.split(".")[0]
        for kind, ending in ENDINGS.items():
            shutil.copy(copies[kind][name], staged.with_name(staged.name.replace(name, f"{name}{ending}")))
