"""What a plan says, without a backend."""
