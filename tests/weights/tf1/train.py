"""Trains three small models for a few steps in TensorFlow 1.15 and saves each: a checkpoint by `tf.train.Saver`, and, in
`NAME.npz`, inputs and what TensorFlow 1 computes of them. Run by Python 3.7: see README.md."""

import numpy as np
import tensorflow as tf

STEPS = 5


def language_model(r):
    ids = tf.placeholder(tf.int32, [None, None], "ids")
    embedding = tf.get_variable("embedding", [20, 6])
    upper = tf.nn.rnn_cell.LSTMCell(8, use_peepholes=True, num_proj=5)
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(8), upper])
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.nn.embedding_lookup(embedding, ids), dtype=tf.float32)
    with tf.variable_scope("softmax"):
        w, b = tf.get_variable("w", [5, 20]), tf.get_variable("b", [20], initializer=tf.zeros_initializer())
    logits = tf.tensordot(outputs, w, 1) + b
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids[:, 1:], logits=logits[:, :-1]))
    return {ids: r.randint(0, 20, (3, 7))}, logits, tf.train.AdamOptimizer(0.05).minimize(loss, tf.train.create_global_step())


def tagger(r):
    x = tf.placeholder(tf.float32, [None, None, 4], "x")
    lengths = tf.placeholder(tf.int32, [None], "lengths")
    fw, bw = tf.nn.rnn_cell.GRUCell(5), tf.nn.rnn_cell.GRUCell(5)
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(fw, bw, x, lengths, dtype=tf.float32)
    logits = tf.layers.dense(tf.concat(outputs, -1), 3)
    loss = tf.reduce_mean(tf.square(logits - tf.reduce_sum(x, -1, keepdims=True)))
    given = {x: r.normal(size=(3, 6, 4)), lengths: [6, 2, 4]}
    return given, logits, tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)


def normalised(r):
    x = tf.placeholder(tf.float32, [None, None, 3], "x")
    outputs, _ = tf.nn.dynamic_rnn(tf.contrib.rnn.LayerNormBasicLSTMCell(6), x, dtype=tf.float32)
    loss = tf.reduce_mean(tf.square(outputs - tf.reduce_mean(x, -1, keepdims=True)))
    return {x: r.normal(size=(2, 5, 3))}, outputs, tf.train.GradientDescentOptimizer(0.5).minimize(loss)


def main():
    versions = {"lm": tf.train.SaverDef.V2, "tagger": tf.train.SaverDef.V1, "normalised": tf.train.SaverDef.V2}
    for build, name in ((language_model, "lm"), (tagger, "tagger"), (normalised, "normalised")):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(1)
            given, outputs, step = build(np.random.RandomState(2))
            session.run(tf.global_variables_initializer())
            for _ in range(STEPS):
                session.run(step, given)
            tf.train.Saver(write_version=versions[name]).save(session, f"./{name}.ckpt", write_meta_graph=False, write_state=False)
            arrays = {placeholder.op.name: np.asarray(value) for placeholder, value in given.items()}
            np.savez(name + ".npz", outputs=session.run(outputs, given), **arrays)


if __name__ == "__main__":
    main()
