"""The steps of the mixer: render, survey, cut, draw, shuffle."""
