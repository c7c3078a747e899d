"""The chapters' sources keep to the conventions of CONTRIBUTING.md, and the staged ones ran clean."""

import ast
import re

import nbformat
import pytest
import yaml

from book.builder.build import ROOT, chapter_names
from book.builder.chapters import parameters_of, tagged, to_colab
from book.builder.execute import cache_path, environment_digest, read_chapter
from book.builder.frame import frame_of
from book.builder.markup import citations_of, lines_of, map_links
from book.builder.new_chapter import TEMPLATE
from book.builder.references import link_mentions, targets_of
from book.builder.stderr import left_on_stderr
from book.builder.teaching.exercises import assigned, defined_before_exercises, exercises_of, used
from book.builder.teaching.questions import questions_of
from book.builder.teaching.sheets import sheet

SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
# What a chapter of one's own begins with is a chapter too, but for being listed.
ALL = [*SOURCES, ROOT / TEMPLATE]
TIERS = yaml.safe_load((ROOT / "book" / "tiers.yml").read_text())
SETUP = """\
# Installs symlib where it is missing, as on Colab; does nothing where it is already there.
import importlib.util

if importlib.util.find_spec("symlib") is None:
    %pip install --quiet "symlib[{}] @ SOURCE\""""
# Chapters that train networks install what that takes; on Colab all of it is there.
NETWORKS = re.compile(r"^from symlib\.(models|training|ensembles) import", re.M)
# Chapters whose images a reader may change by their parameter `source`.
TAKE_OTHER_IMAGES = [path.stem for path in SOURCES if path.stem[:2] in "01 02 03 07 08 09 10 11 12 13 14 15 16".split()]
# Addresses that a chapter may link to beside those of references.bib.
ALLOWED = ("https://github.com/google/neural-tangents", "http://yann.lecun.com/exdb/mnist/")
MYST = re.compile(r"^\s*(?:`{3,}|~{3,}|:{3,})\s*\{|\{[a-z][\w:.-]*\}`|^\([\w-]+\)=\s*$", re.M)


@pytest.fixture(params=ALL, ids=lambda path: path.stem)
def chapter(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture(scope="module")
def targets():
    found = {}
    for path in ALL:
        found |= targets_of(nbformat.read(path, as_version=4), f"notebooks/{path.stem}.html")
    return found


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def trains_networks(notebook):
    return any(NETWORKS.search(cell.source) for cell in notebook.cells if cell.cell_type == "code")


def test_contents_tiers_and_files_agree():
    names = [path.stem for path in SOURCES]
    assert sorted(chapter_names(ROOT)) == names
    assert sorted(TIERS) == names
    assert all(list(tiers)[:3] == ["smoke", "teach", "paper"] for tiers in TIERS.values())


def test_chapters_that_train_networks_need_a_gpu_at_the_paper_tier():
    training = [path.stem for path in SOURCES if trains_networks(nbformat.read(path, as_version=4))]
    assert {name: list(tiers.items())[3:] for name, tiers in TIERS.items()} == {
        name: [("needs_gpu", ["paper"])] if name in training else [] for name in TIERS
    }


def test_opens_with_the_setup_cell_and_the_title(chapter):
    setup, title = chapter.cells[:2]
    extras = "plots,nets,cluster" if trains_networks(chapter) else "plots"
    assert setup.cell_type == "code" and setup.source == SETUP.format(extras)
    assert tagged(chapter, "setup") == [0]
    assert title.cell_type == "markdown" and title.source.startswith("# ")
    heads = [line.text for line in lines_of(prose(chapter)) if not line.code]
    assert sum(line.startswith("# ") for line in heads) == 1


def test_holds_no_output(chapter):
    code = [cell for cell in chapter.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_cells_are_short(chapter):
    code = [cell.source for cell in chapter.cells if cell.cell_type == "code"]
    assert [source for source in code if len(source.split("\n")) > 25] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_parameters_are_those_of_the_teach_tier(path):
    chapter = nbformat.read(path, as_version=4)
    tiers = TIERS[path.stem]
    assert len(tagged(chapter, "parameters")) == (1 if tiers["teach"] else 0)
    assert parameters_of(chapter) == tiers["teach"]
    # A tier may leave out what it shares with teach, and adds nothing of its own.
    assert set(tiers["smoke"]) | set(tiers["paper"]) <= set(tiers["teach"])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_chapter_that_takes_other_images_reads_none_beside_them(path):
    """Its `source` is read by labelled_images alone, and of other images than digits its claims are only reported."""
    chapter = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in chapter.cells if cell.cell_type == "code")
    if path.stem in TAKE_OTHER_IMAGES:
        assert TIERS[path.stem]["teach"]["source"] == "digits"
        assert re.search(r"\bmnist\b|\bfashion_mnist\b|read_samples", code) is None
        assert re.findall(r"labelled_images\((\w+)", code)[0] in ("source", "smaller")
        assert code.count("claim = claims_about(digits=source)") == 1
        assert not re.search(r"^from symlib\.claims import .*\bclaim\b", code, re.M)
    else:
        assert "source" not in TIERS[path.stem]["teach"] or path.stem == "18_your_own_data"


def test_holds_no_myst(chapter):
    assert MYST.findall(prose(chapter)) == []
    assert not re.search(r"\\\(|\\\[", prose(chapter)), "write formulas as $...$ and $$...$$"


def test_colab_copy_is_plain_markdown(chapter):
    text = prose(to_colab(chapter, "name", "URL", "https://ada.github.io/symlib"))
    assert MYST.findall(text) == []
    assert not any(mark in text for mark in (".ipynb)", ".md)", "../"))


def test_links_lead_somewhere_known(chapter):
    known = {*citations_of(ROOT / "book" / "references.bib"), *ALLOWED}
    links = []
    map_links(prose(chapter), lambda _, url: links.append(url))
    web = {url for url in links if re.match("https?:", url)}
    assert web - known == set()
    files = {url.split("#")[0] for url in links} - web - {""}
    assert [file for file in files if not (ROOT / "notebooks" / file).exists()] == []


def test_exercises_are_graded_and_fold_a_hint_and_a_solution(chapter):
    heads = [(cell, cell.source.split("\n")[0]) for cell in chapter.cells if cell.cell_type == "markdown"]
    exercises = [re.match(r"### Exercise (\d+\.\d+) ★{1,3}: \S", head) for _, head in heads]
    folds = [(cell, re.match(r"#### (Hint|Solution) (\d+\.\d+)$", head)) for cell, head in heads]
    numbers = [match[1] for match in exercises if match]
    assert 3 <= len(numbers) <= 5
    expected = [(kind, number) for number in numbers for kind in ("Hint", "Solution")]
    assert [match.groups() for _, match in folds if match] == expected
    assert all(cell.metadata.get("jp-MarkdownHeadingCollapsed") for cell, match in folds if match)


def test_a_check_asks_for_what_the_solution_assigns_and_uses_what_every_reader_has(chapter):
    exercises = exercises_of(chapter)
    usable = defined_before_exercises(chapter)
    seen = set()
    for exercise in exercises:
        code = [chapter.cells[i].source for i in exercise.solution if chapter.cells[i].cell_type == "code"]
        if exercise.check is None:
            seen |= set().union(*map(assigned, code))
            continue
        solution, source = set().union(*map(assigned, code[:-1])), code[-1]
        seen |= solution
        answers = set(exercise.answers)
        assert answers - solution == set(), f"{exercise.number}: the solution does not assign these answers"
        assert answers & usable == set(), f"{exercise.number}: the chapter itself has these names"
        # What a solution has changed differs from reader to reader.
        usable |= answers
        missing = used(source) - (usable - (seen - usable_answers(exercises)))
        assert missing == set(), f"{exercise.number}: a student notebook has no {missing} for the check"
        text = "".join(chapter.cells[i].source for i in exercise.text)
        assert [name for name in answers if f"`{name}`" not in text] == [], f"{exercise.number}: name the answer"
        calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "check"]
        assert "from symlib.exercises import check\n" in source
        assert calls and {ast.literal_eval(call.args[0]) for call in calls} == {exercise.number}
        asked = {name for call in calls for name in used(ast.unparse(call.args[1]))}
        assert answers <= asked, f"{exercise.number}: pass the answers themselves to check, so that it can name them"


def test_a_check_does_nothing_with_an_answer_that_may_be_missing(chapter):
    """So that a student's copy runs to its end: an answer goes to check alone, which knows `...`, or is asked."""
    exercises = exercises_of(chapter)
    answers = usable_answers(exercises)
    for exercise in (exercise for exercise in exercises if exercise.check is not None):
        for statement in ast.parse(chapter.cells[exercise.check].source).body:
            given, later = set(), set()
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "check":
                    given |= {id(n) for n in ast.walk(node.args[1])}
                elif isinstance(node, ast.Lambda):
                    later |= {id(n) for n in ast.walk(node)}
            names = [n for n in ast.walk(statement) if isinstance(n, ast.Name) and id(n) not in given | later]
            used_at_once = [n.id for n in names if n.id in answers]
            assert used_at_once == [] or "is ..." in ast.unparse(statement), f"{exercise.number}: {used_at_once}"


def usable_answers(exercises):
    return {name for exercise in exercises for name in exercise.answers}


def test_predictions_have_questions_in_the_format(chapter):
    for cell in chapter.cells:
        questions_of(cell)


def test_has_what_a_class_needs(chapter):
    assert sum(exercise.check is not None for exercise in exercises_of(chapter)) >= 3
    predictions = [cell for cell in chapter.cells if cell.source.startswith("> **Prediction.**")]
    assert all(questions_of(cell) for cell in predictions)
    # A box that stands elsewhere in its cell could have no questions.
    assert len(predictions) == len(re.findall(r"^> \*\*Prediction\.\*\*", prose(chapter), re.M))
    notes = [chapter.cells[index] for index in tagged(chapter, "instructor")]
    assert notes and all(note.cell_type == "markdown" and note.source.strip() for note in notes)


def test_has_the_frame_of_a_chapter(chapter):
    assert frame_of(chapter)["reading"] <= 45
    text = prose(chapter)
    sections = re.findall(r"^## (.+)$", text, re.M)
    assert sections[-4:] == ["What it means", "Recap", "Exercises", "Where next"]
    recap = text.split("\n## Recap\n")[1].split("\n## ")[0]
    assert len(re.findall(r"^\* ", recap, re.M)) == 5
    boxes = [match[0] for match in re.findall(r"^> \*\*((Prediction|Answer)\b)", text, re.M)]
    assert boxes and boxes[0] == "Prediction" and boxes.count("Answer") >= boxes.count("Prediction")


def test_ends_by_saying_where_to_go(chapter):
    last = chapter.cells[-1]
    assert re.fullmatch(r"next-\d\d", last.id)
    lines = re.findall(r"^\* \*\*(.+?):\*\* (.+)", last.source, re.M)
    assert [head for head, _ in lines] == ["Next", lines[1][0], "To read", "Open"]
    slugs = re.findall(r"\(\.\./book/open_problems\.md#([\w-]+)\)", lines[3][1])
    titles = re.findall(r"^### (.+)$", (ROOT / "book" / "open_problems.md").read_text(encoding="utf-8"), re.M)
    assert slugs and set(slugs) <= {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles}


def test_what_it_means_is_claimed(chapter):
    # A figure to play with may close what was found.
    sources = [cell.source for cell in chapter.cells if not cell.id.startswith("live-")]
    meaning = next(at for at, source in enumerate(sources) if re.search(r"^## What it means", source, re.M))
    recap = next(at for at, source in enumerate(sources) if re.search(r"^## Recap", source, re.M))
    assert any("claim(" in source for source in sources[:recap])
    assert any("claim(" in source for source in sources[meaning - 2 : recap])


def test_what_is_numbered_counts_and_what_is_mentioned_exists(chapter, targets):
    for cell in chapter.cells:
        if cell.cell_type == "markdown":
            link_mentions(cell.source, targets, "notebooks/x.html")


def test_shows_tables_as_tables(chapter):
    code = [cell.source for cell in chapter.cells if cell.cell_type == "code"]
    assert [
        source for source in code if re.search(r"print\(.*:>?\d+[sd,f.].*:>?\d+[sd,f.].*:>?\d+[sd,f.]", source)
    ] == []


@pytest.mark.parametrize("name", [path.stem for path in SOURCES])
def test_executes_and_leaves_nothing_but_what_it_shows(site, name):
    """Nothing on stderr, no object that a last line was, and no figure beside those that `show` describes."""
    tier = yaml.safe_load((site.parent / "site.json").read_text())["tier"]
    chapter = read_chapter(ROOT, name, TIERS, tier)
    path = cache_path(chapter, environment_digest(ROOT), ROOT / "_build" / "cache")
    executed = nbformat.read(path, as_version=4)
    assert left_on_stderr(executed) == []
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    shown = [(cell.id, output.get("data", {})) for cell in cells for output in cell.outputs]
    assert [cell for cell, data in shown if "image/png" in data] == []
    # What pandas, NumPy or symlib say of themselves is read; where a plot's parts lie in memory is not.
    texts = [(cell, data.get("text/plain", "")) for cell, data in shown if "text/html" not in data]
    assert [(cell, text) for cell, text in texts if re.search(r" at 0x|^\[?(Text|<Figure|<matplotlib)", text)] == []


def test_a_graded_sheet_defines_what_it_uses(chapter):
    cells = [cell for cell in sheet(chapter, {}).cells if cell.cell_type == "code"]
    sources = [cell.source for cell in cells if "setup" not in cell.metadata.get("tags", [])]
    # In the chapter's own order; what a function uses may come after it.
    assert set().union(*map(used, sources)) - set().union(*map(assigned, sources)) == set()
