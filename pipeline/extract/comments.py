"""What readers wrote below an article: the blocks of a page's comments, found by the names of their containers."""

import numpy as np

from polysieve.compiling import leaf
from polysieve.pipeline.extract import features
from polysieve.pipeline.extract.markup import PLACE_BIT, numbers
from polysieve.pipeline.extract.outline import CONTAINER, PARENT, PLACES, TAG
from polysieve.pipeline.extract.parser import Parsed

_LONG = 40  # letters of a block that is text whatever it ends in
_SHORT = 8  # letters under which a block is none, though it ends a sentence
_FEW = 100  # letters of a page's comments that are only a notice, as that they are closed
_NAMED = [features.NAMES.index(f"place_{place}") for place in ("byline", "date", "meta", "tool")]
_COMMENT, _SIDE = np.int64(PLACE_BIT["comment"]), np.int64(PLACE_BIT["side"])
_HTML, _BODY, _MAIN = numbers("html body main")
_FORM, _FIELDSET, _LABEL, _BUTTON, _NAV, _SUMMARY = numbers(
    "form fieldset label button nav summary"
)


def comments(parsed: Parsed, described: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """bool[n]: which blocks are comments, of those that are not main text (`keep`, bool[n]).

    described: float32[n, k], the blocks' features. Comments stand in a container whose class, id or role says so,
    and not that it is a sidebar or widget (of the site's newest comments), and that has no more than half of the main
    text: many a page's outermost element is named after the comments it allows. Within, a block counts if it is
    40 letters wide or ends a sentence, is not mostly links, and is no part of a form and no byline or date by its
    own container's name. A page on which that comes to fewer than 100 letters has none.
    """
    column = features.NAMES.index
    widths = np.expm1(described[:, column("log_width")])
    inside = np.zeros(len(parsed.containers), np.bool_)
    _mark(
        parsed.blocks,
        parsed.containers,
        np.where(keep, widths, 0).astype(np.float64),
        np.zeros(len(inside), np.float64),
        np.zeros(len(inside), np.int8),
        inside,
    )
    sentence = (described[:, column("ends_sentence")] > 0) & (widths >= _SHORT)
    said = ((widths >= _LONG) | sentence) & (described[:, column("link_share")] < 0.5)
    named = (described[:, _NAMED] == 0).any(axis=1)
    found = inside[parsed.blocks[:, CONTAINER]] & said & ~named & ~keep
    return found & (widths[found].sum() >= _FEW)


@leaf
def _mark(blocks, containers, text, sums, states, inside):
    """Which containers are of comments and not of the forms among them. states: 0 outside, 1 inside, 2 in a form."""
    for b in range(blocks.shape[0]):
        sums[blocks[b, CONTAINER]] += text[b]
    for c in range(containers.shape[0] - 1, 0, -1):
        sums[containers[c, PARENT]] += sums[c]
    for c in range(1, containers.shape[0]):
        tag = containers[c, TAG]
        state = states[containers[c, PARENT]]
        named = containers[c, PLACES] & _COMMENT and not containers[c, PLACES] & _SIDE
        whole_page = tag in (_HTML, _BODY, _MAIN) or 2 * sums[c] > sums[0]
        if state == 0 and named and not whole_page:
            state = 1
        if state == 1 and tag in (_FORM, _FIELDSET, _LABEL, _BUTTON, _NAV, _SUMMARY):
            state = 2
        states[c] = state
        inside[c] = state == 1
