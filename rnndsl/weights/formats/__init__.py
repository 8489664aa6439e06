"""Formats of files of tensors, one file each."""
