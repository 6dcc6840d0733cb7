"""Statistics as pure functions: tidy frames in, tidy frames out. `analytics.reports` calls them."""
