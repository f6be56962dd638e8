"""Data in: toy problems, built-in sets, tables small and large, folders of images, and what a target has to be."""

from __future__ import annotations

from strates.datasets.builtin import Dataset, list_datasets, load
from strates.datasets.check_table import check_table
from strates.datasets.column_types import COLUMN_TYPES, column_types
from strates.datasets.csv_format import MISSING_MARKS
from strates.datasets.fingerprint import table_fingerprint
from strates.datasets.image_folder import ImageFolder, SkippedImage
from strates.datasets.open_stream import open_stream
from strates.datasets.read_image_folder import read_image_folder
from strates.datasets.read_table import read_table
from strates.datasets.table_stream import TableStream
from strates.datasets.target import split_target
from strates.datasets.toy import blobs, circles, disc_and_ring, moons, spiral, xor

__all__ = [
    "COLUMN_TYPES",
    "MISSING_MARKS",
    "Dataset",
    "ImageFolder",
    "SkippedImage",
    "TableStream",
    "blobs",
    "check_table",
    "circles",
    "column_types",
    "disc_and_ring",
    "list_datasets",
    "load",
    "moons",
    "open_stream",
    "read_image_folder",
    "read_table",
    "spiral",
    "split_target",
    "table_fingerprint",
    "xor",
]
