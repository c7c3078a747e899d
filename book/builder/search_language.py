r"""Search that finds the Greek letters of formulas: the index has \lambda under λ as well as under lambda."""

import re

from sphinx.search.en import SearchEnglish

_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu "
    "nu xi omicron pi rho sigmaf sigma tau upsilon phi chi psi omega"
).split()
# The letters of the alphabet, α to ω, in the order of Unicode, which has the σ of a word's end before σ.
GREEK = {name: chr(ord("α") + place) for place, name in enumerate(_NAMES)}
_LETTER = re.compile(rf"\\(?:var)?({'|'.join(GREEK)})(?![A-Za-z])", re.I)


class SearchMathematics(SearchEnglish):
    """English, and formulas in TeX."""

    def split(self, input):
        """The words of a text, and the Greek letters that it writes in TeX.

        >>> SearchMathematics({}).split(r"the error $\\varepsilon$ and $\\Lambda_N$")[-2:]
        ['ε', 'λ']
        """
        return super().split(input) + [GREEK[name.lower()] for name in _LETTER.findall(input)]


def setup(app):
    app.add_search_language(SearchMathematics)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
