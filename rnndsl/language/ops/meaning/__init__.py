"""What each operation gives, in NumPy: the functions that rows of the table name, one file a family.

An elementwise operation is a function of arrays that broadcast, and of what its node is told by name. Any other is
`(frame, node, *operands) -> array`; the array is laid out as `node.type`, axes first. Numbers of half precision come as f32: an
operation is computed in f32 at least, and its result rounded once. Imported by nothing that only checks a spec.
"""
