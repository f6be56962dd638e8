"""Write the demonstration's tables: Wisconsin's breast cancer measurements, and some patients without a diagnosis."""

from __future__ import annotations

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

N_NEW = 20


def main(folder: Path) -> None:
    """Write ``breast_cancer.csv`` (labelled) and ``new_patients.csv`` (not) in ``folder``."""
    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.assign(diagnosis=bunch.target_names[bunch.target])
    shuffled = table.sample(frac=1, random_state=0)
    new = shuffled.iloc[:N_NEW].drop(columns="diagnosis")
    new.iloc[::4, 0] = None  # a real table has gaps
    shuffled.iloc[N_NEW:].to_csv(folder / "breast_cancer.csv", index=False)
    new.to_csv(folder / "new_patients.csv", index=False)
    print(f"{folder}/breast_cancer.csv: {len(table) - N_NEW} patients; new_patients.csv: {N_NEW} without a diagnosis")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
