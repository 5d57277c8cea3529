"""Acidity of mine water from its pH and metals, and the lime that would neutralise it."""

from __future__ import annotations

#: Mass of hydrated lime, Ca(OH)2, that neutralises as much as a mass of CaCO3 [1].
LIME_PER_CARBONATE = 74.09 / 100.09


def acidity_kirby_cravotta(
    ph: float,
    *,
    iron2: float = 0.0,
    iron3: float = 0.0,
    manganese: float = 0.0,
    aluminium: float = 0.0,
) -> float:
    """Return the calculated acidity [mg/L CaCO3].

    `50 (1000 * 10^-pH + (2 Fe2 + 3 Fe3) / 56 + 2 Mn / 55 + 3 Al / 27)` [1]_. Alkalinity is not
    taken off.

    Parameters
    ----------
    ph
        pH [1].
    iron2, iron3, manganese, aluminium
        Dissolved metals [mg/L].

    References
    ----------
    .. [1] Kirby, C. S., Cravotta, C. A. (2005). Net alkalinity and net acidity 1: theoretical
       considerations. Applied Geochemistry 20, 1920-1940. doi:10.1016/j.apgeochem.2005.07.002
    """
    return 50 * (
        1000 * 10**-ph + (2 * iron2 + 3 * iron3) / 56 + 2 * manganese / 55 + 3 * aluminium / 27
    )


def lime_demand(acidity: float, flow: float, efficiency: float = 1.0) -> float:
    """Return the hydrated lime that neutralises a stream of water [t/d].

    Parameters
    ----------
    acidity
        [mg/L CaCO3]
    flow
        [L/s]
    efficiency
        Share of the lime that reacts [1].
    """
    return acidity * flow * 86_400 / 1e9 * LIME_PER_CARBONATE / efficiency
