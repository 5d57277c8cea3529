"""Turns states and readings into indicators, risks and alarms."""
