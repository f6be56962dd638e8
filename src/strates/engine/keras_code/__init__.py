"""Keras and TensorFlow code for what strates does: objects, networks, objectives, loops, whole scripts.

Text goes in lines of at most 88 characters, laid out as ruff and black do it: a script needs no formatter, and none is
installed with strates.
"""
