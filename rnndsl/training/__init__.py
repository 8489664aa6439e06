"""`rnndsl train`: examples in batches, epochs, what is kept between them, and the record of it."""
