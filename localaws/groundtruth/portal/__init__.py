"""The worker portal: an origin of its own, where the people of a work team do their tasks."""
