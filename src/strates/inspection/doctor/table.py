"""What is suspicious in the table itself: a column that tells the answer, rows that were seen before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from strates._types import AnyArray
from strates.inspection.doctor.check import Check, Symptom
from strates.inspection.doctor.patient import Patient
from strates.inspection.doctor.remedies import drop_columns, forget_known_rows
from strates.inspection.doctor.words import Words
from strates.inspection.outcome import take_rows

#: Rows from which a perfect column is no chance, and columns that are tried, at most.
FEWEST_ROWS, MOST_COLUMNS = 50, 1_000
#: Errors of a tree on the column alone: of all rows, and of those that the commonest class would get wrong.
LEAK_ERRORS, LEAK_ERRORS_OF_MAJORITY = 0.005, 0.05
#: Accuracy of a tree on the other columns from which the task is simply easy, and no suspicion is due.
EASY = 0.97
_FOLDS, _DEEP = 3, 8

#: Share of the held-out rows from which repeated ones are told of, and from which they are grave; and what they change
#: in accuracy (in points of 1/100) that makes them more than a note.
REPEATED, REPEATED_MUCH, REPEATED_CHANGE = 0.01, 0.5, 0.01


# --- leakage ------------------------------------------------------------------------------------------


def _coded(column: Any) -> AnyArray:
    """Return a column as numbers: as they are, or the alphabetical order of texts; NaN where a value is missing."""
    series = pd.Series(column).reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    elif pd.api.types.is_datetime64_any_dtype(series):
        values = series.astype("int64").to_numpy(np.float64)
    else:
        codes, _ = pd.factorize(series.astype("str").where(series.notna()), sort=True, use_na_sentinel=True)
        values = np.where(codes < 0, np.nan, codes)
    return np.asarray(np.clip(values, -1e30, 1e30)).reshape(-1, 1)  # trees compute in float32


def _errors(columns: AnyArray, truth: AnyArray, **settings: Any) -> float:
    """Return the share of rows that a tree predicts wrong when it has not learned from them."""
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    tree = DecisionTreeClassifier(random_state=0, **settings)
    return float((cross_val_predict(tree, columns, truth, cv=folds) != truth).mean())


def _leakage(patient: Patient) -> Iterator[Symptom]:
    X = patient.X
    if patient.is_multilabel or issparse(X) or len(X.shape) != 2 or not 2 <= X.shape[1] <= MOST_COLUMNS:
        return
    rows = patient.tried
    counts = np.bincount(patient.codes[rows])
    rows = rows[counts[patient.codes[rows]] >= _FOLDS]
    truth = patient.codes[rows]
    if len(rows) < FEWEST_ROWS or len(np.unique(truth)) < 2:
        return
    majority = float(np.bincount(truth).max() / len(truth))
    allowed = min(LEAK_ERRORS, LEAK_ERRORS_OF_MAJORITY * (1 - majority))
    table = take_rows(X, rows)
    columns = [_coded(table.iloc[:, i] if hasattr(table, "iloc") else table[:, i]) for i in range(X.shape[1])]
    leaves = {"max_leaf_nodes": max(4, 2 * len(np.unique(truth)))}
    alone = DecisionTreeClassifier(random_state=0, **leaves)
    telling = [
        i
        for i, column in enumerate(columns)
        # what it cannot learn it cannot predict: cross-validation only where that went well
        if 1 - alone.fit(column, truth).score(column, truth) <= allowed and _errors(column, truth, **leaves) <= allowed
    ]
    others = [column for i, column in enumerate(columns) if i not in telling]
    if not telling:
        return
    rest = 1 - _errors(np.hstack(others), truth, max_depth=_DEEP) if others else majority
    if rest >= EASY:
        return
    names = [patient.column_names[i] for i in telling]
    values = {"names": names, "n_telling": len(telling), "n_rows": len(rows), "rest": rest}
    accuracy = 1 - _errors(columns[telling[0]], truth, **leaves)
    yield Symptom(
        "critical", accuracy, drop_columns(patient, telling, names), values, "" if len(telling) == 1 else "several"
    )


LEAKAGE = Check(
    "leakage",
    _leakage,
    english=Words(
        normal="no column that predicts 99.5 % of the rows by itself, unless the others do as well",
        message=(
            "The column “{names:list}” alone predicts {measured:percent} of {n_rows:plural|row|rows} not "
            "learned from, the others together {rest:percent}: it may tell the answer, or come to be known only "
            "with it. Ask where it comes from, and fit without it."
        ),
        variants={
            "several": (
                "The columns {names:list} each predict {measured:percent} of {n_rows:plural|row|rows} not learned "
                "from, the others together {rest:percent}: they may tell the answer, or come to be known only with "
                "it. Ask where they come from, and fit without them."
            ),
        },
    ),
    french=Words(
        normal="aucune colonne qui prédise à elle seule 99,5 % des lignes, à moins que les autres n'y suffisent aussi",
        message=(
            "La colonne « {names:list} » prédit à elle seule {measured:percent} de {n_rows:plural|ligne|lignes} "
            "non apprises, toutes les autres ensemble {rest:percent} : elle contient peut-être la réponse, ou "
            "n'est connue qu'avec elle. Demandez d'où elle vient, et apprenez sans elle."
        ),
        variants={
            "several": (
                "Les colonnes {names:list} prédisent chacune {measured:percent} de {n_rows:plural|ligne|lignes} non "
                "apprises, toutes les autres ensemble {rest:percent} : elles contiennent peut-être la réponse, ou "
                "ne sont connues qu'avec elle. Demandez d'où elles viennent, et apprenez sans elles."
            ),
        },
    ),
)


# --- duplicates ---------------------------------------------------------------------------------------


def _hashes(X: Any) -> AnyArray:
    """Return a number a row, equal for equal rows."""
    if issparse(X):
        csr = X.tocsr().copy()
        csr.sum_duplicates()
        csr.eliminate_zeros()
        parts = [(csr.indices[a:b].tobytes(), csr.data[a:b].tobytes()) for a, b in pairwise(csr.indptr)]
        return np.array([hash(part) for part in parts])
    if getattr(X, "ndim", 2) > 2:  # of images, which have very many columns; 0.0 + makes one zero of two
        return np.array([hash((0.0 + np.asarray(row, np.float64)).tobytes()) for row in X])
    if hasattr(X, "columns"):
        plain = X.apply(lambda column: column.map(str) if column.dtype == object else column)
    else:
        plain = pd.DataFrame(np.asarray(X).reshape(len(X), -1))
    return np.asarray(pd.util.hash_pandas_object(plain, index=False))


def _duplicates(patient: Patient) -> Iterator[Symptom]:
    held_out = patient.held_out
    if held_out is None:
        return
    known, asked = _hashes(patient.X), _hashes(patient.X_test)
    repeated = np.isin(asked, known)
    share, n_repeated = float(repeated.mean()), int(repeated.sum())
    if share < REPEATED or n_repeated < 2:
        return
    fresh = float(held_out.correct[~repeated].mean()) if n_repeated < len(asked) else None
    values = {"n_repeated": n_repeated, "n_rows": len(asked), "all": held_out.accuracy, "fresh": fresh}
    if fresh is None or share >= REPEATED_MUCH:
        severity = "critical"
    else:
        severity = "warning" if held_out.accuracy - fresh >= REPEATED_CHANGE else "note"
    yield Symptom(severity, share, forget_known_rows(patient), values, "all" if fresh is None else "")


DUPLICATES = Check(
    "duplicate-rows",
    _duplicates,
    english=Words(
        normal="less than 1 % of the held-out rows",
        message=(
            "{n_repeated} of {n_rows:plural|held-out row|held-out rows} ({measured:percent}) are among the rows "
            "it learned from: there they test its memory. On the others the accuracy is {fresh:percent}, on all "
            "{all:percent}."
        ),
        variants={
            "all": (
                "All of {n_rows:plural|held-out row|held-out rows} are among the rows it learned from: nothing was "
                "held out."
            )
        },
    ),
    french=Words(
        normal="moins de 1 % des lignes mises de côté",
        message=(
            "{n_repeated} des {n_rows:plural|ligne mise de côté|lignes mises de côté} ({measured:percent}) "
            "figurent parmi les lignes d'apprentissage : elles n'y testent que la mémoire. Sur les autres "
            "l'exactitude est de {fresh:percent}, sur toutes de {all:percent}."
        ),
        variants={
            "all": (
                "{n_rows:plural|ligne mise de côté|lignes mises de côté} sur {n_rows} figurent parmi les lignes "
                "d'apprentissage : rien n'a été mis de côté."
            )
        },
    ),
)

CHECKS = (LEAKAGE, DUPLICATES)
