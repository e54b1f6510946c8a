"""Characters and both classifiers' answers as numbers: the features that the embedded model weighs.

`profile` counts a text's scripts and character classes; `features` writes what speaks for each candidate, for no
language and for an unknown one. Scores go in as logarithms, and where their worth depends on how much text there is,
multiplied by `length`, the logarithm of the number of n-grams.
"""

import numpy as np

from polysieve.compiling import kernel
from polysieve.language_id.scripts import BOPO, HANI, HIRA, KANA, KANA_SHARE
from polysieve.language_id.text import SCRIPT_NAMES, ZINH

MIN_SCRIPT_SHARE = 0.2  # of a text's letters: a label of a script with less is refused
LATN, CYRL, ARAB = (SCRIPT_NAMES.index(name) for name in ("Latn", "Cyrl", "Arab"))

# Counts of character classes in a sample.
LETTERS, DIGITS, SYMBOLS, MARKUP, LONG_TOKENS, OTHER, CHARACTERS, INSIDE, MIXED = range(9)
CLASSES = 9


@kernel
def profile(codes, starts, table, lower, han_form, scripts, forms, classes):
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


@kernel
def _odd_inside(code, table):
    """Whether a character between two letters is no letter, mark, blank, joiner, hyphen or apostrophe."""
    if table[code] >= ZINH or code == 0x20:
        return False
    if code in (0x27, 0x2D, 0x2E, 0x2C, 0xAD, 0xB7, 0x2BC, 0x2C8, 0x640, 0x2010, 0x2011, 0x2019):
        return False
    return not 0x3000 <= code < 0xA000 and not 0xFF00 <= code < 0xFFF0


LANGUAGE_FEATURES = 32
NOISE_FEATURES = 22
UNKNOWN_FEATURES = 23


@kernel
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


@kernel
def features(
    labels, scores, windows, cld, shares, strengths, reliable, scripts, classes, label_script, alike, typical,
    usual_strength, in_cld2, in_lexicon, noise, candidates, language, no_language, unknown,
):  # fmt: skip
    """Candidates of each text (int32, -1: none) and the features of the three kinds of them.

    The numbers of the features are those of the weights in `assets/weights.json`. 0.03 and the like keep logarithms
    finite.
    """
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
        # CLD2's first answer: the share of the text that it is of, 0 where it is not reliable.
        cld_share = shares[i, 0] if cld[i, 0] >= 0 else 0.0
        sure = cld_share * reliable[i]
        first, most = 0.0, -3.0
        for j in range(size):
            label = candidates[i, j]
            score = language[i, j, 0]
            relative = np.log((score + 0.03) / (top + 0.03))
            # CLD2 names the label (exact), or one like it where it does not have the label (related).
            exact = 0.0
            related = 0.0
            strength = 0.0
            for k in range(3):
                if cld[i, k] == label:
                    exact = shares[i, k]
                    strength = strengths[i, k]
                elif cld[i, k] >= 0 and not in_cld2[label]:
                    related = max(related, shares[i, k] * alike[label, cld[i, k]])
            # CLD2 names another: one unlike the label (foreign), though it has the label (vetoed).
            foreign = 0.0 if in_cld2[label] else max(cld_share - related, 0.0)
            # The distance from the best score in its standard errors.
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
            # Above or below what text in the language usually gets from the lexicon and from CLD2.
            excess = f[2] - typical[label] if score > 0 and not np.isnan(typical[label]) else 0.0
            f[26] = excess
            f[27] = excess * length
            weaker = strength - usual_strength[label] if strength > 0 else 0.0
            f[28] = exact * weaker
            f[29] = exact * weaker * length
            f[30] = min(excess, 0.0) ** 2
            f[31] = min(excess, 0.0) ** 2 * length
            if j == 0:
                first = excess
            most = max(most, excess) if j < known else most
        characters = max(classes[i, CHARACTERS], 1)
        # No language: marks, digits, long tokens and odd characters, and how little both classifiers find.
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
        # A language unknown to both: low or close scores, a CLD2 that is unsure, all below what is usual.
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
        weaker = 0.0
        if cld[i, 0] >= 0:
            weaker = strengths[i, 0] - usual_strength[cld[i, 0]]
        f[19] = cld_share * weaker
        f[20] = cld_share * weaker * length
        f[21] = min(most, 0.0) ** 2
        f[22] = max(-most, 0.0) * sure
