"""Tidy tables as pure functions: plain arrays in, Arrow tables out. `analytics.actions` calls them."""
