"""What the `submit` benchmark needs around it: people with open pages, servers, and visitors."""
