"""States, delays and scans."""
