"""The step measure: pages of inputs read once and measured."""
