"""The doctor: looks a fitted classifier over and says what ails it, in words, with a remedy that can be pasted.

:func:`~strates.inspection.doctor.diagnose.diagnose` runs every :class:`~strates.inspection.doctor.check.Check` on a
:class:`~strates.inspection.doctor.patient.Patient`, which knows everything that they ask about, and computes it once. A
file has a family of checks: thresholds with their reasons, the functions that look, and the words, English above
French.

To add a check: write in such a file a function that takes the patient and yields symptoms, make a ``Check`` of it with
its code and its words in both languages, and name it in the file's tuple, which ``diagnose.py`` lists. Then give it in
``tests/inspection/doctor`` one classifier that provokes it; that it is silent on healthy ones is tested there for all.
"""
