import numpy as np
import tensorflow as tf

model = tf.saved_model.load("build/sunspots")
model.signatures["reset"]()
_, numbers = np.loadtxt("specs/data/sunspots.csv", delimiter=",", skiprows=1, unpack=True)
windows = np.lib.stride_tricks.sliding_window_view(numbers.astype("float32"), 25)
x, y = tf.constant(windows[:, :24, None]), tf.constant(windows[:, 24:])
persistence = np.sqrt(np.mean(np.square(windows[:, 23] - windows[:, 24])))
error, steps = np.inf, 0
while error >= persistence:
    error, steps = model.signatures["step"](x=x, y=y)["rmse"].numpy(), steps + 1
print(f"error {error:.1f} after {steps} steps, below persistence's {persistence:.1f}")
for name, members in model.collections.items():
    print(f"{name}: {len(members)} variables")
