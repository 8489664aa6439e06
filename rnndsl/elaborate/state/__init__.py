"""What all rooms of elaboration share: environments, values, graphs in the making."""
