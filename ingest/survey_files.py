"""Files of surveys: points as text, ESRI ASCII grid, GeoTIFF; coordinates as the file has them.

A reader takes a path and gives levels at places. What cannot be a survey is refused with the
reason and the cure; nothing is guessed.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ingest.errors import PostmineError

Floats = NDArray[np.float64]

#: Largest file [bytes]: what a machine of a mine office can hold in memory several times over.
LARGEST = 2_000_000_000

#: Largest raster [cells].
MOST_CELLS = 200_000_000

_NAMES = {
    "x": ("x", "e", "east", "easting", "x_m", "east_m"),
    "y": ("y", "n", "north", "northing", "y_m", "north_m"),
    "z": ("z", "h", "level", "elevation", "height", "elev", "z_m", "level_m"),
}

_DEGREES = {"lon", "long", "longitude", "lng", "lat", "latitude"}

_COORDINATES = "x (east), y (north) and z (level) in metres"


class SurveyRefused(PostmineError):
    """A file or a volume is no survey of this site; the text says why and what helps."""


@dataclass(frozen=True)
class SurveyedPoints:
    """Levels at places, in the file's coordinates.

    Parameters
    ----------
    x, y, z
        East, north and level (n,) [m].
    spacing
        Step of a raster [m], None for points.
    epsg
        Code of the coordinate system, None when the file names none.
    """

    x: Floats
    y: Floats
    z: Floats
    spacing: float | None = None
    epsg: int | None = None


def read_survey(path: Path, kind: str | None = None) -> SurveyedPoints:
    """Return the levels that a file holds.

    Parameters
    ----------
    kind
        "xyz", "ascii_grid" or "geotiff"; None: by the file's name.

    Raises
    ------
    SurveyRefused
        When the file cannot be read as a survey.
    """
    kind = kind or kind_of(path)
    if kind not in READERS:
        raise SurveyRefused(f"kind {kind!r} is not known; legal: {', '.join(READERS)}")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SurveyRefused(f"{path} cannot be read: {error.strerror}") from error
    if size == 0:
        raise SurveyRefused(f"{path.name} is empty")
    if size > LARGEST:
        raise SurveyRefused(f"{path.name} is larger than {LARGEST // 10**9} GB: thin it out first")
    found = READERS[kind](path)
    if not len(found.z):
        raise SurveyRefused(f"{path.name} holds no level: every cell is empty")
    return found


def kind_of(path: Path) -> str:
    """Return the kind that a file's name says.

    Raises
    ------
    SurveyRefused
        When it says none.
    """
    kinds = {
        ".xyz": "xyz", ".txt": "xyz", ".csv": "xyz", ".pts": "xyz",
        ".asc": "ascii_grid", ".grd": "ascii_grid",
        ".tif": "geotiff", ".tiff": "geotiff",
    }  # fmt: skip
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise SurveyRefused(
            f"the name {path.name} does not say what it holds; give --kind: {', '.join(READERS)}"
        )
    return kind


def read_xyz(path: Path) -> SurveyedPoints:
    """Return the points of a text: three columns, or a header that names them.

    Cells are divided by a semicolon, a comma, a tab or blanks; a comma is the decimal mark where
    it does not divide. Lines that begin with # are left out.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = (line for line in file if line.strip() and not line.startswith("#"))
            first = next(lines, "")
            second = next(lines, first)
    except UnicodeDecodeError as error:
        raise SurveyRefused(f"{path.name} is not text in UTF-8") from error
    if not first:
        raise SurveyRefused(f"{path.name} holds no point")
    separator = next((mark for mark in (";", "\t", ",") if mark in second), None)
    # "1,5 2,5 3,5": the commas are decimal marks, blanks divide.
    if separator == "," and len(second.split()) >= 3 and second.count(",") == len(second.split()):
        separator = None
    decimal = "," if separator != "," and "," in second else "."
    head = first.strip().split(separator)
    names = [cell.strip().strip('"').lower() for cell in head]
    named = not all(_is_number(cell, decimal) for cell in head[:3])
    columns = [0, 1, 2]
    if named:
        columns = [
            next((names.index(name) for name in _NAMES[axis] if name in names), -1)
            for axis in "xyz"
        ]
        if not _DEGREES.isdisjoint(names) and -1 in columns[:2]:
            raise SurveyRefused(
                f"{path.name}: the header {first.strip()!r:.80} says degrees of longitude and"
                f" latitude; project the file to metres first: needed are {_COORDINATES}"
            )
        if -1 in columns:
            raise SurveyRefused(
                f"{path.name}: the header {first.strip()!r:.80} does not name {_COORDINATES}"
            )
    elif len(head) < 3:
        raise SurveyRefused(f"{path.name}: {len(head)} columns; needed are {_COORDINATES}")
    try:
        frame: Any = pd.read_csv(
            path,
            sep=separator or r"\s+",
            header=0 if named else None,
            comment="#",
            dtype=str,
            skip_blank_lines=True,
            encoding="utf-8-sig",
            usecols=sorted(columns),
            quoting=csv.QUOTE_MINIMAL,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise SurveyRefused(f"{path.name} is no table of points: {error}") from error
    order = np.argsort(np.argsort(columns))
    cells = [frame.iloc[:, int(place)] for place in order]
    numbers = []
    for axis, cell in zip("xyz", cells, strict=True):
        text = cell.str.replace(",", ".", regex=False) if decimal == "," else cell
        values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise SurveyRefused(
                f"{path.name}: {axis} of point {wrong[0] + 1} is {cell.iloc[wrong[0]]!r},"
                f" not a number ({wrong.size} such points)"
            )
        numbers.append(values)
    return SurveyedPoints(*numbers)


def read_ascii_grid(path: Path) -> SurveyedPoints:
    """Return the cells of an ESRI ASCII grid that hold a level; the format names no system."""
    head: dict[str, float] = {}
    lines = 0
    try:
        with path.open(encoding="ascii") as file:
            for line in file:
                parts = line.split()
                if len(parts) != 2 or not parts[0][:1].isalpha():
                    break
                head[parts[0].lower()] = float(parts[1])
                lines += 1
    except (UnicodeDecodeError, ValueError) as error:
        raise SurveyRefused(f"{path.name} is no ESRI ASCII grid: {error}") from error
    centred = "xllcenter" in head
    corner = ("xllcenter", "yllcenter") if centred else ("xllcorner", "yllcorner")
    missing = [name for name in ("ncols", "nrows", "cellsize", *corner) if name not in head]
    if missing:
        raise SurveyRefused(f"{path.name} is no ESRI ASCII grid: {', '.join(missing)} is missing")
    columns, rows, cell = int(head["ncols"]), int(head["nrows"]), head["cellsize"]
    if columns < 1 or rows < 1 or cell <= 0 or columns * rows > MOST_CELLS:
        raise SurveyRefused(f"{path.name}: {columns} x {rows} cells of {cell} m are no grid")
    try:
        body = path.read_text(encoding="ascii").split("\n", lines)[lines]
        values = np.array(body.split(), float)
    except (UnicodeDecodeError, ValueError) as error:
        raise SurveyRefused(f"{path.name}: a cell is not a number: {error}") from error
    if values.size != columns * rows:
        raise SurveyRefused(
            f"{path.name} holds {values.size} values for {rows} rows of {columns} cells"
        )
    shift = 0.0 if centred else cell / 2
    x = head[corner[0]] + shift + cell * np.arange(columns, dtype=float)
    y = head[corner[1]] + shift + cell * np.arange(rows, dtype=float)[::-1]
    empty = values == head.get("nodata_value", math.nan)
    return _cells(x, y, np.where(empty, math.nan, values).reshape(rows, columns), cell)


def read_geotiff(path: Path) -> SurveyedPoints:
    """Return the cells of a GeoTIFF with one band of levels [m].

    Read are `ModelPixelScale` with one `ModelTiepoint`, or `ModelTransformation` without rotation
    (OGC GeoTIFF 1.1, 19-008r4, section 7.3), and the code of a projected system.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            tags, keys = page.tags, page.geotiff_tags or {}
            if len(page.shape) != 2:
                raise SurveyRefused(
                    f"{path.name} has {page.shape[-1]} bands; a surface has one: its levels"
                    " (an orthophoto is no surface)"
                )
            if page.shape[0] * page.shape[1] > MOST_CELLS:
                raise SurveyRefused(f"{path.name}: more than {MOST_CELLS} cells; thin it out first")
            origin, step = _georeference(path, tags)
            epsg = _epsg(path, keys)
            nodata = page.nodata if "GDAL_NODATA" in tags else math.nan
            values = page.asarray().astype(float)
    except (tifffile.TiffFileError, OSError, KeyError) as error:
        raise SurveyRefused(f"{path.name} is no GeoTIFF: {error}") from error
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise SurveyRefused(f"{path.name} cannot be read: {error}") from error
        raise SurveyRefused(
            f"{path.name} is packed in a way that needs the package imagecodecs"
            " (pip install imagecodecs); or save it with gdal_translate -co COMPRESS=DEFLATE"
        ) from error
    # The tiepoint is a cell's corner, or its middle where cells are points.
    shift = 0.0 if keys.get("GTRasterTypeGeoKey") == 2 else 0.5
    x = origin[0] + (np.arange(values.shape[1]) + shift) * step[0]
    y = origin[1] - (np.arange(values.shape[0]) + shift) * step[1]
    if nodata is not None and not math.isnan(nodata):
        values[np.isclose(values, nodata, rtol=1e-6)] = math.nan
    return _cells(x, y, values, max(step), epsg)


def _georeference(path: Path, tags: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return x and y of the raster's first corner, and its step to the east and the south."""
    if "ModelTransformationTag" in tags:
        matrix = np.reshape(tags["ModelTransformationTag"].value, (4, 4))
        if matrix[0, 1] or matrix[1, 0] or matrix[0, 0] <= 0 or matrix[1, 1] >= 0:
            raise SurveyRefused(f"{path.name} is rotated: warp it to the axes of its system first")
        return (matrix[0, 3], matrix[1, 3]), (matrix[0, 0], -matrix[1, 1])
    if "ModelPixelScaleTag" not in tags or "ModelTiepointTag" not in tags:
        raise SurveyRefused(
            f"{path.name} has no georeference: neither ModelPixelScale with ModelTiepoint nor"
            " ModelTransformation; export it as GeoTIFF with its coordinate system"
        )
    scale, tie = tags["ModelPixelScaleTag"].value, tags["ModelTiepointTag"].value
    if len(tie) != 6 or scale[0] <= 0 or scale[1] <= 0:
        raise SurveyRefused(f"{path.name}: one tiepoint and a scale above 0 are needed")
    return (tie[3] - tie[0] * scale[0], tie[4] + tie[1] * scale[1]), (scale[0], scale[1])


def _epsg(path: Path, keys: Any) -> int | None:
    """Return the code of the projected system, None when the file names none."""
    model = keys.get("GTModelTypeGeoKey")
    if model in (2, 3):
        raise SurveyRefused(
            f"{path.name} is in degrees or geocentric coordinates: project it to metres first"
        )
    unit = keys.get("ProjLinearUnitsGeoKey")
    if unit not in (None, 0, 9001, 32767):
        raise SurveyRefused(f"{path.name} is in the linear unit {int(unit)}, not in metres (9001)")
    code = keys.get("ProjectedCSTypeGeoKey")
    # 32767 stands for a system of the user's own, 0 for an undefined one.
    return None if code in (None, 0, 32767) else int(code)


def _cells(x: Floats, y: Floats, z: Floats, step: float, epsg: int | None = None) -> SurveyedPoints:
    """Return the cells of a raster that hold a level."""
    known = np.isfinite(z)
    rows, columns = np.nonzero(known)
    return SurveyedPoints(x[columns], y[rows], z[known], step, epsg)


def _is_number(cell: str, decimal: str) -> bool:
    try:
        float(cell.strip().replace(",", ".") if decimal == "," else cell)
    except ValueError:
        return False
    return True


READERS = {"xyz": read_xyz, "ascii_grid": read_ascii_grid, "geotiff": read_geotiff}
