"""Isolation forest on the site's own indicators: whether the site looks unlike itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest as SklearnForest
from sklearn.tree._tree import Tree

from analytics.assessment import Evidence, Risk
from analytics.frames import Column, habitual_row
from analytics.risk_model import Moment, RiskModel
from ingest.clock import EPOCH
from ingest.figure import Figure
from ingest.text import Text

#: Design assumptions: a month shows what is usual; a week changes it little.
LEARNING_DAYS = 30
REFIT = timedelta(days=7)
TREES = 100
#: Part of the states that must know an indicator before it is learned.
KNOWN_PART = 0.8
#: Fewest indicators that make a picture of a site.
FEWEST_COLUMNS = 3
#: Part of the learned states that look less unusual than what we call unusual.
USUAL_PART = 0.995
#: The paper's section 2: a score well above 0.5 marks an anomaly.
LEAST_UNUSUAL = 0.6
#: States in a row that must be unusual: a day of the usual four a day (design assumption).
LASTING = 4
#: How many indicators are named, and the least part of the score that one must explain.
SPEAKERS = 3
LEAST_SHARE = 0.005


@dataclass(frozen=True)
class _Fitted:
    """A forest and what it was fitted on."""

    lengths: list[tuple[Tree, np.ndarray]]  # per tree: path length of every node
    base: float  # path length of an unsuccessful search in the sample, the paper's c(n)
    columns: list[Column]
    middle: np.ndarray  # (columns,) medians
    usual: float  # score above which a state is unusual

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Return the paper's score of each row, (rows,): scikit-learn's `-score_samples`.

        The same trees, walked without scikit-learn's dispatch of a job per tree, which takes
        twenty times as long for the few rows of one state.
        """
        given = np.ascontiguousarray(rows, dtype=np.float32)
        total = sum(length[tree.apply(given)] for tree, length in self.lengths)
        return 2.0 ** (-total / (len(self.lengths) * self.base))


class IsolationForest(RiskModel):
    """Anomaly score of the indicator frame.

    Liu, Ting and Zhou 2008, "Isolation forest", ICDM, eq. 2: score = 2^(-E(h(x))/c(n)) in (0, 1],
    about 0.5 for the usual; scikit-learn gives its negative. Fitted on all states of the run before
    the last whole week (weeks counted from 1970-01-01), with a fixed seed, so that a restart gives
    the same scores. An indicator that is not known is taken at its median, which can only make the
    state look more usual. What is unusual is not yet dangerous: the model never goes beyond
    advisory.

    Parameters
    ----------
    seed
        Seed of the forest.
    """

    name = "isolation_forest"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._fitted: tuple[datetime, _Fitted | Text] | None = None

    def assess(self, moment: Moment) -> list[Risk]:
        """Return the risk of the whole site looking unlike itself."""
        fitted = self._fit(moment)
        if isinstance(fitted, Text):
            moment.watch.unusual = 0
            return [self._risk(moment, None, None, [], fitted)]
        row = habitual_row(moment.indicators)
        known = [column in row for column in fitted.columns]
        if 2 * sum(known) < len(known):
            reason = Text(
                "Only {count} of {needed} learned indicators are known",
                {"count": sum(known), "needed": len(known)},
            )
            return [self._risk(moment, None, None, [], reason)]
        values = np.array(
            [
                row.get(column, usual)
                for column, usual in zip(fitted.columns, fitted.middle, strict=True)
            ]
        )
        # One row for the state, and one per indicator with that indicator at its median.
        rows = np.tile(values, (len(values) + 1, 1))
        places = np.arange(len(values))
        rows[places + 1, places] = fitted.middle
        scores = fitted.scores(rows)
        score = float(scores[0])
        unusual = score > fitted.usual
        moment.watch.unusual = moment.watch.unusual + 1 if unusual else 0
        evidence = self._speakers(moment, fitted, values, score - scores[1:]) if unusual else []
        return [self._risk(moment, score, fitted, evidence, None)]

    def _risk(
        self,
        moment: Moment,
        score: float | None,
        fitted: _Fitted | None,
        evidence: list[Evidence],
        reason: Text | None,
    ) -> Risk:
        lasting = moment.watch.unusual >= LASTING
        level = "unknown" if fitted is None else "advisory" if lasting else "normal"
        return Risk(
            name="unusual_behaviour",
            title=Text("The site looks unlike itself"),
            zone="",
            level=level,
            score=score,
            time=moment.state.time,
            model=self.name,
            version=self.version,
            reason=reason,
            evidence=evidence,
        )

    def _speakers(
        self, moment: Moment, fitted: _Fitted, values: np.ndarray, shares: np.ndarray
    ) -> list[Evidence]:
        """Return the indicators without which the state would look more usual."""
        figures = {(item.name, item.subject): item.value for item in moment.indicators}
        evidence = []
        for index in np.argsort(-shares, kind="stable")[:SPEAKERS]:
            if shares[index] < LEAST_SHARE:
                break
            name, subject = fitted.columns[index]
            figure = figures.get((name, subject)) or Figure(value=float(values[index]), unit="1")
            evidence.append(
                Evidence(
                    instrument=subject if subject in moment.site.instruments else "",
                    indicator=name,
                    value=figure,
                    limit=None,
                    statement=Text(
                        "Usually {usual} {unit}",
                        {"usual": float(f"{fitted.middle[index]:.3g}"), "unit": figure.unit},
                    ),
                )
            )
        return evidence

    def _fit(self, moment: Moment) -> _Fitted | Text:
        """Return the forest of the last whole week, or why there is none."""
        week = EPOCH + (moment.state.time - EPOCH) // REFIT * REFIT
        if self._fitted is None or self._fitted[0] != week:
            self._fitted = (week, self._fitted_on(moment.history.before(week), week))
        return self._fitted[1]

    def _fitted_on(self, frame: pd.DataFrame, week: datetime) -> _Fitted | Text:
        days = (week - frame.index[0]).days if len(frame) else 0
        if days < LEARNING_DAYS:
            return Text(
                "learning: needs {needed} days, has {count}",
                {"needed": LEARNING_DAYS, "count": days},
            )
        enough = frame.notna().mean() >= KNOWN_PART
        frame = frame.loc[:, enough & (frame.nunique() > 1)]
        if frame.shape[1] < FEWEST_COLUMNS:
            return Text(
                "Only {count} of {needed} indicators have a history",
                {"count": frame.shape[1], "needed": FEWEST_COLUMNS},
            )
        middle = frame.median()
        values = frame.fillna(middle).to_numpy()
        forest = SklearnForest(
            n_estimators=TREES, max_samples=min(256, len(values)), random_state=self._seed
        ).fit(values)
        usual = max(float(np.quantile(-forest.score_samples(values), USUAL_PART)), LEAST_UNUSUAL)
        columns = [(str(name), str(subject)) for name, subject in frame.columns]
        lengths = [(tree.tree_, _path_lengths(tree.tree_)) for tree in forest.estimators_]
        base = _unsuccessful(np.array([forest.max_samples_]))[0]
        return _Fitted(lengths, base, columns, middle.to_numpy(), usual)


def _path_lengths(tree: Tree) -> np.ndarray:
    """Return h(x) of a point that ends in each node: edges, and c(n) of what was not split on."""
    return tree.compute_node_depths() - 1.0 + _unsuccessful(tree.n_node_samples)


def _unsuccessful(count: np.ndarray) -> np.ndarray:
    """Return c(n), the average path length of an unsuccessful search (the paper's eq. 1)."""
    n = np.maximum(np.asarray(count, dtype=float), 2.0)
    length = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, length))
