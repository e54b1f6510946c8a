"""The steps of translation: choice, translate, admit."""
