"""What runs beside the server: one runner per job or instance, and the container it looks after."""
