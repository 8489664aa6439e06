"""Artefacts read: the manifest, once every file that it names has the bytes that were written."""
