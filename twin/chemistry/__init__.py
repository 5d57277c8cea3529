"""Water quality: acid-base account, acidity, loads, trends, limits by use."""
