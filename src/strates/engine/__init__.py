"""The engine: Keras networks trained by compiled loops. The only package that imports Keras and TensorFlow."""
