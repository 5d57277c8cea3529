"""Creep after primary consolidation, and how much of it the literature allows.

Creep in a tenfold of time over primary settlement is `(C_alpha/C_c) / log10(stress after / stress
before)`. C_alpha/C_c is 0.02 in rock fill, 0.03 in shale, 0.04 in clay, 0.05 to 0.06 in organic
clay and peat, each +-0.01 [1]_. A load that raises the stress by half (0.18 tenfolds) to tenfold
(1) gives 0.02 to 0.3. Whether creep begins with the load or only when primary consolidation has
ended has been disputed for fifty years (hypotheses B and A [2]_), so both are asked.

References
----------
.. [1] Mesri, G., Godlewski, P. M. (1977). Time- and stress-compressibility interrelationship.
   J. Geotech. Eng. Div. ASCE 103(5), 417-430; table 16.1 of Terzaghi, K., Peck, R. B., Mesri, G.
   (1996). Soil Mechanics in Engineering Practice, 3rd ed. Wiley.
.. [2] Ladd, C. C., Foott, R., Ishihara, K., Schlosser, F., Poulos, H. G. (1977). Stress-deformation
   and strength characteristics. Proc. 9th ICSMFE, Tokyo, 2, 421-494.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from twin.models._base import Array

#: Time factor at which primary consolidation is taken to have ended: U = 95 %.
PRIMARY_ENDS = 1.129

#: Creep in a tenfold of time over primary settlement [1] between whose ends 80 % lie, and what
#: that makes of it as a lognormal prior: median and standard deviation of the logarithm.
CREEP_RANGE = (0.02, 0.3)
CREEP_MEDIAN = float(np.sqrt(CREEP_RANGE[0] * CREEP_RANGE[1]))
CREEP_SPREAD = float(np.log(CREEP_RANGE[1] / CREEP_RANGE[0])) / 2 / 1.2816


def drawn(random: np.random.Generator, count: int) -> Array:
    """Return creep in a tenfold of time over primary settlement [1], `count` draws."""
    return np.asarray(CREEP_MEDIAN * np.exp(CREEP_SPREAD * random.standard_normal(count)))


def decades(ratio: ArrayLike, late: ArrayLike) -> Array:
    """Return the tenfold times that creep has run through [1].

    Parameters
    ----------
    ratio
        Time over the time at which primary consolidation ends [1].
    late
        Whether creep begins only then (hypothesis A) or with the load (B).
    """
    ratio = np.asarray(ratio)
    return np.log10(np.where(late, np.maximum(ratio, 1.0), 1.0 + ratio))
