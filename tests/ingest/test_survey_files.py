from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from ingest.survey_files import SurveyRefused, read_survey


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.xyz", "1.5 10 600\n2.5 11 601\n3.5 12 602\n"),
        ("a.csv", "x,y,z\n1.5,10,600\n2.5,11,601\n3.5,12,602\n"),
        ("a.csv", "1.5,10,600\n2.5,11,601\n3.5,12,602\n"),
        ("a.csv", "point;Z;North;East\np1;600,0;10,0;1,5\np2;601;11;2,5\np3;602;12;3,5\n"),
        ("a.txt", "# drone\n1,5 10,0 600,0\n2,5 11,0 601,0\n3,5 12,0 602,0\n"),
        ("a.txt", "1.5\t10\t600\t7\n2.5\t11\t601\t7\n3.5\t12\t602\t7\n"),
    ],
)
def test_points_in_many_spellings(tmp_path: Path, name: str, text: str) -> None:
    found = read_survey(write(tmp_path / name, text))
    assert found.x.tolist() == [1.5, 2.5, 3.5]
    assert found.y.tolist() == [10, 11, 12]
    assert found.z.tolist() == [600, 601, 602]
    assert (found.spacing, found.epsg) == (None, None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.xyz", "", "a.xyz is empty"),
        ("a.xyz", "# only a remark\n", "holds no point"),
        ("a.csv", "a,b,c\n1,2,3\n", "does not name x"),
        ("a.csv", "lon,lat,h\n90.08,52.65,600\n", "says degrees.*project the file to metres"),
        ("a.csv", "1,2\n3,4\n", "2 columns; needed are"),
        ("a.csv", "x,y,z\n1,2,3\n4,5,nan\n", "z of point 2 is nan"),
        ("a.csv", "x,y,z\n1,2,3\n4,five,6\n", "y of point 2 is 'five', not a number"),
        ("a.dat", "1 2 3\n", "give --kind"),
        ("a.asc", "ncols 2\nnrows 2\n1 2\n3 4\n", "xllcorner"),
        (
            "a.asc",
            "ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 5\n1 2\n3\n",
            "3 values for 2 rows of 2",
        ),
        (
            "a.asc",
            "ncols 1\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 5\nNODATA_value -9\n-9\n-9\n",
            "every cell is empty",
        ),
    ],
)
def test_a_text_that_is_no_survey_is_refused(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(SurveyRefused, match=message):
        read_survey(write(tmp_path / name, text))


@pytest.mark.parametrize("corner", ["corner", "center"])
def test_an_ascii_grid_begins_in_the_north_west(tmp_path: Path, corner: str) -> None:
    low = 100 if corner == "corner" else 102.5
    text = (
        f"NCOLS 3\nNROWS 2\nXLL{corner.upper()} {low}\nYLL{corner.upper()} {low}\nCELLSIZE 5\n"
        "NODATA_VALUE -9999\n600 601 -9999\n610 611 612\n"
    )
    found = read_survey(write(tmp_path / "a.asc", text))
    assert found.spacing == 5
    assert found.x.tolist() == [102.5, 107.5, 102.5, 107.5, 112.5]
    assert found.y.tolist() == [107.5, 107.5, 102.5, 102.5, 102.5]
    assert found.z.tolist() == [600, 601, 610, 611, 612]


def geotiff(
    path: Path,
    values: np.ndarray,
    *,
    keys: list[int] | None = None,
    scale: tuple[float, ...] | None = (2.0, 2.0, 0.0),
    extra: list[tuple[int, int, int, object]] | None = None,
    **options: object,
) -> Path:
    """Write a GeoTIFF whose first corner lies at 100, 220."""
    tags: list[tuple[int, int, int, object]] = list(extra or [])
    if scale is not None:
        tags += [(33550, 12, 3, scale), (33922, 12, 6, (0.0, 0.0, 0.0, 100.0, 220.0, 0.0))]
    if keys is not None:
        head = [1, 1, 0, len(keys) // 4]
        tags.append((34735, 3, 4 + len(keys), tuple(head + keys)))
    tifffile.imwrite(path, values, extratags=tags, **options)  # type: ignore[arg-type]
    return path


LEVELS = np.array([[600, 601, np.nan], [610, 611, 612]], np.float32)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_geotiff_with_its_coordinate_system(tmp_path: Path, compression: str | None) -> None:
    keys = [1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32646]
    path = geotiff(tmp_path / "a.tif", LEVELS, keys=keys, compression=compression)
    found = read_survey(path)
    assert (found.epsg, found.spacing) == (32646, 2)
    assert found.x.tolist() == [101, 103, 101, 103, 105]
    assert found.y.tolist() == [219, 219, 217, 217, 217]
    assert found.z.tolist() == [600, 601, 610, 611, 612]


def test_cells_that_are_points_lie_at_the_tiepoint(tmp_path: Path) -> None:
    path = geotiff(tmp_path / "a.tif", LEVELS, keys=[1024, 0, 1, 1, 1025, 0, 1, 2])
    found = read_survey(path)
    assert (found.x[0], found.y[0], found.epsg) == (100, 220, None)


def test_an_empty_cell_by_its_number(tmp_path: Path) -> None:
    values = np.nan_to_num(LEVELS, nan=-9999)
    path = geotiff(tmp_path / "a.tif", values, extra=[(42113, 2, 6, "-9999")])
    assert read_survey(path).z.tolist() == [600, 601, 610, 611, 612]


def test_what_is_no_surface_of_levels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with pytest.raises(SurveyRefused, match="no georeference"):
        read_survey(geotiff(path, LEVELS, scale=None))
    with pytest.raises(SurveyRefused, match="in degrees"):
        read_survey(geotiff(path, LEVELS, keys=[1024, 0, 1, 2]))
    with pytest.raises(SurveyRefused, match="linear unit 9002"):
        read_survey(geotiff(path, LEVELS, keys=[1024, 0, 1, 1, 3076, 0, 1, 9002]))
    with pytest.raises(SurveyRefused, match="3 bands"):
        read_survey(geotiff(path, np.zeros((4, 5, 3), np.uint8), photometric="rgb"))
    turned = (1.0, 0.5, 0, 0, 0.5, -1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    with pytest.raises(SurveyRefused, match="rotated"):
        read_survey(geotiff(path, LEVELS, scale=None, extra=[(34264, 12, 16, turned)]))
    with pytest.raises(SurveyRefused, match="is no GeoTIFF"):
        read_survey(write(path, "not a picture"))
    with pytest.raises(SurveyRefused, match="every cell is empty"):
        read_survey(geotiff(path, np.full((2, 2), np.nan, np.float32)))
    with pytest.raises(SurveyRefused, match="cannot be read"):
        read_survey(tmp_path / "nothing.tif")
