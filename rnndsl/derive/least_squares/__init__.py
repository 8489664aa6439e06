"""A training step that fits residuals: their Jacobian, the normal equations, damped steps that are attempted."""
