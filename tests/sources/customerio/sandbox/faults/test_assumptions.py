"""The assumptions that the sandbox's code admits."""

import re
from collections import Counter
from pathlib import Path

from sources.customerio import sandbox
from sources.customerio.sandbox.faults.assumptions import assumptions

ROOT = Path(sandbox.__file__).parent


def test_each_word_is_listed() -> None:
    """Each `unverified` in the code is in a sentence of the list, but for those of the knobs."""
    written = {
        str(path.relative_to(ROOT)): path.read_text("utf-8").count("unverified")
        for path in ROOT.rglob("*.py")
        if path.parent.name != "faults"
    }
    listed: Counter[str] = Counter()
    for one in assumptions():
        listed[one.module] += one.says.count("unverified")

    assert {module: count for module, count in written.items() if count} == listed


def test_a_sentence_says_what_is_assumed() -> None:
    """Each has more words than the word itself."""
    assert [] == [one for one in assumptions() if len(re.findall(r"\w+", one.says)) < 5]
