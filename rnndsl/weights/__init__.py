"""Values trained elsewhere: files of tensors by name, whoever wrote them."""
