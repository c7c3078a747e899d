"""The rules of axe: its script, and what it finds serious of an element or a page, by all its rules or some."""

from importlib.resources import files

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
FLAWS = """async ([context, options]) => {
    const found = await axe.run(context ?? document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
        ...options,
    });
    return found.violations.filter(v => ['serious', 'critical'].includes(v.impact)).flatMap(
        v => v.nodes.map(node => `${v.id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 300)}`));
}"""
