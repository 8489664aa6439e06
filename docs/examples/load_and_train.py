import numpy as np
import tensorflow as tf

model = tf.saved_model.load("build/sunspots")
_, numbers = np.loadtxt("specs/data/sunspots.csv", delimiter=",", skiprows=1, unpack=True)
scaled = (np.sqrt(numbers) / 5 - 1.25).astype("float32")
windows = np.lib.stride_tricks.sliding_window_view(scaled, 25)
x, y = tf.constant(windows[:, :24, None]), tf.constant(windows[:, 24:])
persistence = np.mean(np.square(windows[:, 23] - windows[:, 24]))
loss, steps = np.inf, 0
while loss >= persistence:
    loss, steps = model.signatures["step"](x=x, y=y)["loss"].numpy(), steps + 1
print(f"loss {loss:.4f} after {steps} steps, below persistence's {persistence:.4f}")
for name, members in model.collections.items():
    print(f"{name}: {len(members)} variables")
