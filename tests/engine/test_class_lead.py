"""The loss that attacks climb."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from strates.engine.backend import tf
from strates.engine.class_lead import class_lead


def test_cross_entropy_is_a_function_of_the_soft_lead():
    z = np.random.default_rng(0).normal(scale=3, size=(50, 4))
    y = np.arange(50) % 4
    lead = class_lead(tf.constant(z), tf.constant(y), soft=True).numpy()
    np.testing.assert_allclose(np.log1p(np.exp(lead)), -log_softmax(z, axis=1)[np.arange(50), y], rtol=1e-10)


def test_hard_lead_is_the_margin():
    z = np.array([[1.0, 5.0, 2.0], [7.0, 5.0, 2.0]])
    np.testing.assert_allclose(class_lead(tf.constant(z), tf.constant([1, 2]), soft=False), [-3.0, 5.0])


@pytest.mark.parametrize("gap", [1.0, 30.0, 1000.0])
def test_direction_is_that_of_the_cross_entropy_where_float32_is_sure(gap):
    z = np.array([[gap, 0.0, -1.0]])
    with tf.GradientTape() as tape:
        x = tf.constant(z, tf.float32)
        tape.watch(x)
        lead = class_lead(x, tf.constant([0]), soft=True)
    found = tape.gradient(lead, x).numpy()[0]
    # p - y, in proportion: the rivals' shares among themselves, and what they take from the class
    rivals = softmax(z[0, 1:])
    np.testing.assert_allclose(found, [-1, *rivals], rtol=1e-5)
