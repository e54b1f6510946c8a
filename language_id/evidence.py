"""What the lexicon, CLD2 and the characters say about texts: the features that the embedded model weighs.

Both classifiers read the same bounded sample of a document. Candidates are the lexicon's best
labels and CLD2's, without those whose script the text does not have.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pycld2
from numba import njit

from language_id import lexicon
from language_id.labels import (
    NO_LANGUAGE,
    canonical_script,
    normalise_label,
    script_of,
)
from language_id.scripts import (
    BOPO,
    HAN_FORM,
    HANI,
    HIRA,
    KANA,
    KANA_SHARE,
    dominant_script,
)
from language_id.text import LOWER_TABLE, SCRIPT_NAMES, SCRIPT_TABLE, ZINH, sample, utf8_buffer

HEAD = 1200  # characters from the beginning of a text that are always read
WINDOWS = 3  # pieces from the rest
WINDOW_LENGTH = 300  # characters of each
CLD2_BYTES = 1600  # CLD2 reads the beginning and the end of the sample up to this many bytes
TOP = 8  # the lexicon's labels that become candidates
CANDIDATES = TOP + 3  # and CLD2's three
MIN_SCRIPT_SHARE = 0.2  # of a text's letters: a label of a script with less is refused

# --- labels ---------------------------------------------------------------------------------------


def _lexicon_labels() -> list[str]:
    """The canonical label of each of the lexicon's tags; the script is that of its n-grams."""
    grams = [lexicon.GRAMS[i] for i in lexicon.ENTRIES]
    bounds = lexicon.FIRST
    scripts = dominant_script(["".join(grams[a:b]) for a, b in pairwise(bounds)])
    found = []
    for tag, script in zip(lexicon.TAGS, scripts, strict=True):
        label = normalise_label(tag, "funlangid")
        if label[:4] == "cmn_" and label != "cmn_Latn":
            label = "cmn_Hani"
        elif label[:3] != "zxx":
            label = f"{label[:3]}_{canonical_script(label[:3], script)}"
        found.append(label)
    return found


def _cld2_labels() -> dict[str, str]:
    """The canonical label of each code that CLD2 can return."""
    names = set(pycld2.DETECTED_LANGUAGES)
    codes = {
        code
        for name, code in pycld2.LANGUAGES
        if name in names and not code.startswith(("xx", "zz"))
    }
    codes.add("xx-Goth")
    found = {code: normalise_label(code, "cld2") for code in sorted(codes)}
    return {code: "cmn_Hani" if label[:3] == "cmn" else label for code, label in found.items()}


_LEXICON_LABELS = _lexicon_labels()
CLD2_LABELS = _cld2_labels()
LABELS: list[str] = sorted(set(_LEXICON_LABELS) | set(CLD2_LABELS.values()) | {NO_LANGUAGE})
_NUMBER = {label: i for i, label in enumerate(LABELS)}
_NOISE = _NUMBER[NO_LANGUAGE]
TAG_LABEL = np.array([_NUMBER[x] for x in _LEXICON_LABELS], dtype=np.int32)
CLD2_NUMBER = {code: _NUMBER[label] for code, label in CLD2_LABELS.items()}

_IN_CLD2 = np.isin(np.arange(len(LABELS)), sorted(CLD2_NUMBER.values()))
_IN_LEXICON = np.isin(np.arange(len(LABELS)), TAG_LABEL)
_SCRIPT_INDEX = {"Jpan": -1, "Hans": -2, "Hant": -2, "Hani": -2} | {
    name: i for i, name in enumerate(SCRIPT_NAMES) if name != "Hani"
}
KNOWN_SCRIPTS = {script_of(label) for label in LABELS} | {"Hans", "Hant"}
_LABEL_SCRIPT = np.array([_SCRIPT_INDEX.get(script_of(x), 0) for x in LABELS], dtype=np.int32)

# Weight of an n-gram for a label: less where many labels share it, less at the end of a list.
_SHARED = np.diff(lexicon.POSTING_FIRST)
POSTING_WEIGHTS = np.log1p(600 / (lexicon.POSTING_RANKS + 60.0)) * np.sqrt(
    np.log1p(len(lexicon.TAGS) / np.repeat(_SHARED, _SHARED))
)
POSTING_WEIGHTS /= POSTING_WEIGHTS.mean()


@njit(cache=True, nogil=True)
def _shared_weight(first, tags, weights, tag_label, count):
    """The weight of n-grams that each pair of labels shares, float64[count, count]."""
    shared = np.zeros((count, count))
    for gram in range(len(first) - 1):
        for i in range(first[gram], first[gram + 1]):
            for j in range(first[gram], first[gram + 1]):
                shared[tag_label[tags[i]], tag_label[tags[j]]] += np.sqrt(weights[i] * weights[j])
    return shared


def _likeness() -> np.ndarray:
    """How alike the n-gram lists of two labels are, in [0, 1]: float32[labels, labels].

    CLD2 answers with the nearest language that it has (Bislama for Tok Pisin, Chinese for
    Cantonese). For a label that it does not have, its answer counts as far as the two are alike.
    """
    shared = _shared_weight(
        lexicon.POSTING_FIRST, lexicon.POSTING_LABELS, POSTING_WEIGHTS, TAG_LABEL, len(LABELS)
    )
    own = np.sqrt(np.maximum(np.diagonal(shared), 1e-9))
    alike = np.minimum(shared / own[:, None] / own[None, :], 1.0)
    np.fill_diagonal(alike, 1.0)
    return alike.astype(np.float32)


_ALIKE = _likeness()


def _list_shapes() -> np.ndarray:
    """What an n-gram list says about how often its own language hits it: float64[labels, 5].

    A constant, the shares of n-grams of up to two and of three characters and of those with a
    blank, the number of characters used; zeros for a label without a list.
    """
    shapes = np.zeros((len(LABELS), 5))
    for tag in range(len(lexicon.TAGS) - 1, -1, -1):
        grams = [
            lexicon.GRAMS[i] for i in lexicon.ENTRIES[lexicon.FIRST[tag] : lexicon.FIRST[tag + 1]]
        ]
        shapes[TAG_LABEL[tag]] = [
            1.0,
            sum(len(gram) <= 2 for gram in grams) / len(grams),
            sum(len(gram) == 3 for gram in grams) / len(grams),
            sum(" " in gram for gram in grams) / len(grams),
            len(set("".join(grams))) / 100,
        ]
    return shapes


LIST_SHAPES = _list_shapes()


def typical_scores(by_shape: list[float], by_label: dict[str, float]) -> np.ndarray:
    """The logarithm of the lexicon's score that text of each label typically has.

    float64[labels], NaN for a label without a list. `by_shape` are the coefficients of LIST_SHAPES,
    `by_label` overrides them where enough text was seen.
    """
    typical = LIST_SHAPES @ np.array(by_shape)
    typical[LIST_SHAPES[:, 0] == 0] = np.nan
    for label, value in by_label.items():
        typical[_NUMBER[label]] = value
    return typical


LATN, CYRL, ARAB = (SCRIPT_NAMES.index(name) for name in ("Latn", "Cyrl", "Arab"))

# --- evidence -------------------------------------------------------------------------------------

# Counts of character classes in a sample.
LETTERS, DIGITS, SYMBOLS, MARKUP, LONG_TOKENS, OTHER, CHARACTERS, INSIDE, MIXED = range(9)
CLASSES = 9


@njit(cache=True, nogil=True)
def _profile(codes, starts, table, lower, han_form, scripts, forms, classes):
    """Counts of scripts, Han forms and character classes of each sample."""
    for i in range(len(starts) - 1):
        run = 0
        previous = before = 0x20
        for at in range(starts[i], starts[i + 1] + 1):
            code = codes[at] if at < starts[i + 1] else 0x20
            if code == 0x20:
                if run > 24:  # addresses, encoded data; scripts without blanks are not counted
                    classes[i, LONG_TOKENS] += run
                run = 0
                before, previous = previous, code
                continue
            script = table[code]
            if script > ZINH and table[before] > ZINH and _odd_inside(previous, table):
                # A symbol between two letters: garbled text, addresses, code.
                classes[i, INSIDE] += 1
            if (
                lower[code] != code
                and script > ZINH
                and lower[previous] == previous
                and table[previous] > ZINH
            ):
                classes[i, MIXED] += 1  # a capital right after a small letter
            before, previous = previous, code
            if script == ZINH:  # accents that stand by themselves
                continue
            classes[i, CHARACTERS] += 1
            scripts[i, script] += 1
            forms[i] += han_form[code]
            if code < 0x250:
                run += 1
            if script > ZINH:
                classes[i, LETTERS] += 1
            elif 0x30 <= code <= 0x39:
                classes[i, DIGITS] += 1
            elif code < 0x80:
                if code in (0x2E, 0x2C, 0x21, 0x3F, 0x27, 0x22, 0x2D, 0x3A):  # . , ! ? ' " - :
                    classes[i, OTHER] += 1
                else:
                    classes[i, MARKUP] += 1
            elif code < 0x100 or code == 0xFFFD:
                classes[i, SYMBOLS] += 1
            else:
                classes[i, OTHER] += 1


@njit(cache=True, nogil=True)
def _odd_inside(code, table):
    """Whether a character between two letters is no letter, mark, blank, joiner, hyphen or apostrophe."""
    if table[code] >= ZINH or code == 0x20:
        return False
    if code in (0x27, 0x2D, 0x2E, 0x2C, 0xAD, 0xB7, 0x2BC, 0x2C8, 0x640, 0x2010, 0x2011, 0x2019):
        return False
    return not 0x3000 <= code < 0xA000 and not 0xFF00 <= code < 0xFFF0


@njit(cache=True, nogil=True)
def _encode(codes, starts, table, limit, out, bounds):
    """UTF-8 of the samples for CLD2; characters that it rejects become blanks.

    Of a sample longer than `limit` bytes, the first two thirds of `limit` and the last third.
    """
    n = 0
    for i in range(len(starts) - 1):
        bounds[i] = n
        begin, end = starts[i], starts[i + 1]
        size = 0
        for at in range(begin, end):
            size += _width(codes[at])
        skip = size - limit
        before = n + 2 * limit // 3
        for at in range(begin, end):
            code = codes[at]
            if skip > 0 and n >= before:
                skip -= _width(code)
                continue
            if code < 0x20 or 0x7F <= code < 0xA0 or table[code] == 0:
                code = 0x20
            if code < 0x80:
                out[n] = code
                n += 1
            elif code < 0x800:
                out[n] = 0xC0 | (code >> 6)
                out[n + 1] = 0x80 | (code & 0x3F)
                n += 2
            elif code < 0x10000:
                out[n] = 0xE0 | (code >> 12)
                out[n + 1] = 0x80 | ((code >> 6) & 0x3F)
                out[n + 2] = 0x80 | (code & 0x3F)
                n += 3
            else:
                out[n] = 0xF0 | (code >> 18)
                out[n + 1] = 0x80 | ((code >> 12) & 0x3F)
                out[n + 2] = 0x80 | ((code >> 6) & 0x3F)
                out[n + 3] = 0x80 | (code & 0x3F)
                n += 4
    bounds[len(starts) - 1] = n


@njit(cache=True, nogil=True)
def _width(code):
    return 1 if code < 0x80 else (2 if code < 0x800 else (3 if code < 0x10000 else 4))


@njit(cache=True, nogil=True)
def _best(
    found, ends, windows, first, tags, weights, tag_label, tag_sum, label_sum, labels, scores
):  # fmt: skip
    """The TOP labels of each text by weighted score, several tags of one label by the best of them."""
    begin = 0
    for i in range(len(ends)):
        tag_sum[:] = 0
        label_sum[:] = 0
        for at in range(begin, ends[i]):
            gram = found[at]
            for k in range(first[gram], first[gram + 1]):
                tag_sum[tags[k]] += weights[k]
        begin = ends[i]
        for t in range(len(tag_sum)):
            if tag_sum[t] > label_sum[tag_label[t]]:
                label_sum[tag_label[t]] = tag_sum[t]
        size = 0
        for label in range(len(label_sum)):
            score = label_sum[label]
            if score <= 0 or (size == labels.shape[1] and score <= scores[i, size - 1]):
                continue
            at = size if size < labels.shape[1] else size - 1
            size = max(size, at + 1)
            while at > 0 and scores[i, at - 1] < score:
                scores[i, at], labels[i, at] = scores[i, at - 1], labels[i, at - 1]
                at -= 1
            scores[i, at], labels[i, at] = score, label
        for at in range(size):
            scores[i, at] /= max(windows[i], 1)


def _cld2(
    texts: bytes, bounds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """CLD2's labels int32[n, 3] (-1:

    none), their shares, the logarithm of their scores, and whether it is reliable.
    """
    n = len(bounds) - 1
    labels = np.full((n, 3), -1, dtype=np.int32)
    shares = np.zeros((n, 3))
    strengths = np.zeros((n, 3))
    reliable = np.zeros(n)
    detect, number, error = pycld2.detect, CLD2_NUMBER, pycld2.error
    limits = bounds.tolist()
    for i in range(n):
        piece = texts[limits[i] : limits[i + 1]]
        try:
            sure, _, details = detect(piece, isPlainText=True, bestEffort=True)
        except error:  # characters that are newer than its tables
            piece = piece.decode().encode("ascii", "replace")
            sure, _, details = detect(piece, isPlainText=True, bestEffort=True)
        reliable[i] = sure
        for k in range(3):
            label = number.get(details[k][1], -1)
            if label >= 0:
                labels[i, k] = label
                shares[i, k] = details[k][2] / 100
                strengths[i, k] = details[k][3]
    return labels, shares, np.log1p(strengths / 100), reliable


# --- features -------------------------------------------------------------------------------------

LANGUAGE_FEATURES = 28
NOISE_FEATURES = 22
UNKNOWN_FEATURES = 19


@njit(cache=True, nogil=True)
def _share(scripts, letters, script):
    """The share of a text's letters that are of a label's script; -1 Japanese, -2 Chinese."""
    if letters == 0:
        return 0.0
    kana = scripts[HIRA] + scripts[KANA]
    han = scripts[HANI] + scripts[BOPO] + kana
    if script == -1:
        return han / letters if kana > 0 else 0.0
    if script == -2:
        return (han - kana) / letters if kana < KANA_SHARE * han else 0.0
    return scripts[script] / letters


@njit(cache=True, nogil=True)
def _features(
    labels, scores, windows, cld, shares, strengths, reliable, scripts, classes, label_script, alike, typical,
    in_cld2, in_lexicon, noise, candidates, language, no_language, unknown,
):  # fmt: skip
    """Candidates of each text (int32, -1: none) and the features of the three kinds of them."""
    n = len(labels)
    for i in range(n):
        letters = classes[i, LETTERS]
        length = np.log1p(windows[i] / 50.0)
        noise_score = 0.0
        size = 0
        for k in range(labels.shape[1]):
            label = labels[i, k]
            if label == noise:
                noise_score = scores[i, k]
            elif (
                label >= 0 and _share(scripts[i], letters, label_script[label]) >= MIN_SCRIPT_SHARE
            ):
                candidates[i, size] = label
                language[i, size, 0] = scores[i, k]
                size += 1
        known = size
        for k in range(3):
            label = cld[i, k]
            if label < 0 or _share(scripts[i], letters, label_script[label]) < MIN_SCRIPT_SHARE:
                continue
            new = True
            for j in range(known):
                new = new and candidates[i, j] != label
            if new:
                candidates[i, size] = label
                language[i, size, 0] = 0.0
                size += 1
        top = language[i, 0, 0] if known > 0 else 0.0
        second = language[i, 1, 0] if known > 1 else 0.0
        last = language[i, known - 1, 0] if known > 4 else 0.0
        cld_share = shares[i, 0] if cld[i, 0] >= 0 else 0.0
        sure = cld_share * reliable[i]
        first, most = 0.0, -3.0
        for j in range(size):
            label = candidates[i, j]
            score = language[i, j, 0]
            relative = np.log((score + 0.03) / (top + 0.03))
            exact = 0.0
            related = 0.0
            strength = 0.0
            for k in range(3):
                if cld[i, k] == label:
                    exact = shares[i, k]
                    strength = strengths[i, k]
                elif cld[i, k] >= 0 and not in_cld2[label]:
                    related = max(related, shares[i, k] * alike[label, cld[i, k]])
            foreign = 0.0 if in_cld2[label] else max(cld_share - related, 0.0)
            error = (top - score) / np.sqrt((top + score + 0.02) / (windows[i] + 1.0))
            vetoed = 1.0 if in_cld2[label] and exact == 0 else 0.0
            f = language[i, j]
            f[0] = relative
            f[1] = relative * length
            f[2] = np.log(score + 0.03)
            f[3] = exact
            f[4] = exact * reliable[i]
            f[5] = exact * length
            f[6] = related
            f[7] = related * reliable[i]
            f[8] = vetoed * cld_share
            f[9] = vetoed * sure
            f[10] = vetoed * sure * length
            f[11] = foreign
            f[12] = foreign * reliable[i]
            f[13] = foreign * reliable[i] * length
            f[14] = 1.0 - in_lexicon[label]
            f[15] = np.log(_share(scripts[i], letters, label_script[label]))
            f[16] = 1.0 if in_cld2[label] else 0.0
            f[17] = 1.0 if score == top and j == 0 else 0.0
            f[18] = exact * (1.0 if score == top and j == 0 else 0.0)
            f[19] = exact * sure * length
            f[20] = exact * strength
            f[21] = exact * strength * strength
            f[22] = related * length
            f[23] = related * strengths[i, 0]
            f[24] = error
            f[25] = error * exact
            excess = f[2] - typical[label] if score > 0 and not np.isnan(typical[label]) else 0.0
            f[26] = excess
            f[27] = excess * length
            if j == 0:
                first = excess
            most = max(most, excess) if j < known else most
        characters = max(classes[i, CHARACTERS], 1)
        f = no_language[i]
        f[0] = 1.0
        f[1] = classes[i, MARKUP] / characters
        f[2] = classes[i, DIGITS] / characters
        f[3] = classes[i, SYMBOLS] / characters
        f[4] = classes[i, LONG_TOKENS] / characters
        f[5] = classes[i, OTHER] / characters
        f[6] = np.log(top + 0.03)
        f[7] = np.log((noise_score + 0.03) / (top + 0.03))
        f[8] = cld_share
        f[9] = sure
        f[10] = 1.0 if letters == 0 else 0.0
        f[11] = length
        f[12] = np.log((classes[i, MARKUP] + 1.0) / (letters + 10.0))
        f[13] = np.log((classes[i, DIGITS] + 1.0) / (letters + 10.0))
        f[14] = np.log((classes[i, LONG_TOKENS] + 1.0) / (letters + 10.0))
        f[15] = np.log(top + 0.03) * length
        f[16] = (letters - scripts[i, LATN] - scripts[i, CYRL] - scripts[i, ARAB]) / characters
        f[17] = classes[i, INSIDE] / characters
        f[18] = classes[i, MIXED] / characters
        f[19] = strengths[i, 0] * cld_share
        f[20] = np.log((classes[i, INSIDE] + 0.5) / (letters + 20.0))
        f[21] = np.log((classes[i, MIXED] + 0.5) / (letters + 20.0))
        f = unknown[i]
        f[0] = 1.0
        f[1] = np.log(top + 0.03)
        f[2] = np.log(top + 0.03) * length
        f[3] = np.log((second + 0.03) / (top + 0.03))
        f[4] = np.log((second + 0.03) / (top + 0.03)) * length
        f[5] = cld_share
        f[6] = sure
        f[7] = length
        f[8] = 1.0 if known == 0 else 0.0
        f[9] = sure * length
        f[10] = np.log((last + 0.03) / (top + 0.03))
        f[11] = np.log((last + 0.03) / (top + 0.03)) * length
        f[12] = strengths[i, 0]
        f[13] = shares[i, 1]
        f[14] = strengths[i, 0] * cld_share
        f[15] = first
        f[16] = first * length
        f[17] = most
        f[18] = most * length


class Evidence:
    """What is known about a batch of texts:

    candidates int32[n, CANDIDATES] (index into LABELS, -1 none) and features.
    """

    def __init__(
        self,
        texts: pa.Array,
        head: int,
        windows: int,
        length: int,
        typical: np.ndarray,
    ) -> None:
        data, bounds = utf8_buffer(texts)
        codes, starts = sample(data, bounds, head, windows, length)
        n = len(starts) - 1
        found, ends, self.windows = lexicon.matches(codes, starts)
        labels = np.full((n, TOP), -1, dtype=np.int32)
        scores = np.zeros((n, TOP))
        _best(
            found, ends, self.windows, lexicon.POSTING_FIRST, lexicon.POSTING_LABELS, POSTING_WEIGHTS,
            TAG_LABEL, np.zeros(len(lexicon.TAGS)), np.zeros(len(LABELS)),
            labels, scores,
        )  # fmt: skip
        encoded = np.empty(4 * len(codes) + 4, dtype=np.uint8)
        pieces = np.empty(n + 1, dtype=np.int64)
        _encode(codes, starts, SCRIPT_TABLE, CLD2_BYTES, encoded, pieces)
        cld, shares, strengths, reliable = _cld2(encoded[: pieces[-1]].tobytes(), pieces)
        self.scripts = np.zeros((n, len(SCRIPT_NAMES)), dtype=np.int32)
        self.forms = np.zeros(n, dtype=np.int32)
        self.classes = np.zeros((n, CLASSES), dtype=np.int32)
        _profile(
            codes,
            starts,
            SCRIPT_TABLE,
            LOWER_TABLE,
            HAN_FORM,
            self.scripts,
            self.forms,
            self.classes,
        )
        self.candidates = np.full((n, CANDIDATES), -1, dtype=np.int32)
        self.language = np.zeros((n, CANDIDATES, LANGUAGE_FEATURES))
        self.no_language = np.zeros((n, NOISE_FEATURES))
        self.unknown = np.zeros((n, UNKNOWN_FEATURES))
        _features(
            labels, scores, self.windows, cld, shares, strengths, reliable, self.scripts, self.classes,
            _LABEL_SCRIPT, _ALIKE, typical, _IN_CLD2, _IN_LEXICON, _NOISE, self.candidates, self.language,
            self.no_language, self.unknown,
        )  # fmt: skip
        self.cld = cld
