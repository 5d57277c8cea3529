"""The ground floor: what a site is, what is measured, what a message is, where it is kept."""
