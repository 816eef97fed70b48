"""What a model's own code may import from the serving toolkit of AWS's images."""
