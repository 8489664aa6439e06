"""What breaks a sentence of sections 7, 8 and 10, and the one thing that is then said."""

from __future__ import annotations

import pytest

from tests.elaborate.checking import check_text

HEAD = "input x: f32[batch, 2]\ntarget y: f32[batch, 1]\nlayer d = Dense(1)\np = d(x)\noutput p\nloss a = mean(square(p - y))\n"
SCAN = "model m {{ input x: f32[batch, time]\ninput memory: f32[batch, time]\nlayer c = C()\nlayer c2 = C()\noutput y = {} }}"


def cell(body: str, run: str = "scan(c, x)") -> str:
    return f"cell C {{ {body} }}\n{SCAN.format(run)}"


def scan(run: str) -> str:
    return cell("input x: []\nstate s: [] = zeros\ns = s[t-1] + x\noutput s", run)


def model(body: str, head: str = HEAD) -> str:
    return f"model m {{\n{head}{body}\n}}"


SECTION_7 = [
    ("a cycle is printed", cell("input x: []\na = b + x\nb = c\nc = a\noutput a"), "RNN0401", "`a` → `b` → `c` → `a`"),
    ("a state in a cycle", cell("input x: []\nstate s: [] = 0\ns = a\na = s + x\noutput s"), "RNN0401", "`s` → `a` → `s`"),
    ("each name once", cell("input x: []\nstate s: [] = 0\ns = x\ns = x\noutput s"), "RNN0102", "`s` is defined twice"),
    ("exactly one equation", cell("input x: []\nstate s: [] = 0\noutput s[t-1] + x"), "RNN0402", "`s` has no equation"),
    ("one output", cell("input x: []\noutput x\noutput x"), "RNN0118", "two outputs"),
    ("an output", cell("input x: []\na = x"), "RNN0117", "no `output`"),
    ("nothing else is delayed", cell("input x: []\na = x\noutput a[t-1]"), "RNN0403", "`a` cannot be read in the past"),
    ("the future", cell("input x: [] = 0\noutput x[t+1]"), "RNN0017", "has not been computed"),
    ("a delay of memory", cell("input x: [] = 0\noutput x[t-100000]"), "RNN0404", "at most 1000"),
    ("a list too short", cell("input x: []\nstate s: [] = [1]\ns = x\noutput s[t-2]"), "RNN0412", "has 1 item"),
    ("an initial of inputs", cell("input x: []\nstate s: [] = x\ns = x\noutput s"), "RNN0414", "before the first step"),
    ("carry and reverse", scan("scan(c, x, carry = true, reverse = true)"), "RNN0411", "cannot go with `reverse`"),
    ("carry both ways", scan("bidirectional(c, c2, x, merge = sum, carry = true)"), "RNN0411", "time runs one way between calls"),
    ("an option twice", scan("scan(c, x, reverse = true, reverse = false)"), "RNN0110", "is given `reverse` twice"),
    ("an input twice", scan("scan(c, x = x, x = x)"), "RNN0110", "is given `x` twice"),
    ("an unknown state", scan("scan(c, x, initial = (h = 0))"), "RNN0410", "no state `h`"),
    ("a state twice", scan("scan(c, x, initial = (s = 0, s = 1))"), "RNN0102", "`s` is defined twice"),
    ("an initial over time", scan("scan(c, x, initial = (s = x))"), "RNN0411", "has that axis at every step"),
    ("an unknown final", scan("scan(c, x).final.h"), "RNN0108", "has no `h`"),
    ("a step has no last", scan("step(c, scan(c2, x).last).last"), "RNN0108", "no `last`"),
    ("until", scan("scan(c, x, until = s)"), "RNN0411", "a state bool[]"),
    ("steps", scan("scan(c, x, steps = 3)"), "RNN0411", "without a scanned input"),
    (
        "a given that keeps the scan's axis",
        cell("input x: []\ngiven m: [time]\noutput x * m", "scan(c, x, given = (m = memory))"),
        "RNN0411",
        "the output of its cell",
    ),
    ("map_state of one argument", f"fn f(a) = a\n{scan('scan(map_state(c, f), x)')}", "RNN0110", "1 parameter, not 2"),
]

SECTION_8 = [
    ("others are declared", model("collect d/kernel in mine"), "RNN0501", "`mine` is not a collection"),
    ("predeclared ones are not", model("collection losses"), "RNN0513", "predeclared"),
    ("declared once", model("collection c\ncollection c"), "RNN0102", "`c` is defined twice"),
    ("a trainable param", model("param w: []\nupdate w <- w + 1"), "RNN0502", "the trainable param `w`"),
    ("the target of an update", model("update x <- x"), "RNN0502", "not a tensor"),
    ("the shape of an update", model("var w: [2]\nupdate w <- x"), "RNN0503", "f32[batch, 2]"),
    ("a loss is a scalar", model("loss b = square(p - y)"), "RNN0208", "reduce it"),
    ("none left to train", model("freeze d/**\ntrain s = sgd()"), "RNN0506", "no trainable variable"),
    ("over matches nothing", model("train s = sgd() over e/**"), "RNN0301", "selects no variable"),
    ("no loss", model("train s = sgd()", "input x: f32[batch, 2]\nlayer d = Dense(1)\noutput y = d(x)\n"), "RNN0505", "no loss"),
    ("on a metric", model("metric k = mean(p)\ntrain s = sgd() on k"), "RNN0504", "no loss `k`"),
    ("an optimizer", model("train s = adm()"), "RNN0101", "`adm`"),
    ("its arguments", model("train s = adam(beta = 1)"), "RNN0110", "no parameter `beta`"),
    ("beta", model("train s = adam(beta_1 = 1.5)"), "RNN0124", "below 1"),
    ("momentum", model("train s = sgd(momentum = -1)"), "RNN0124", "from 0 up"),
    ("lion", model("train s = lion(beta_1 = 0)"), "RNN0124", "above 0"),
    ("ftrl", model("train s = ftrl(learning_rate_power = 1)"), "RNN0124", "at most 0"),
    ("a schedule of no steps", model("train s = sgd(rate = cosine(0.1, 0))"), "RNN0124", "needs `steps` above 0"),
    ("boundaries", model("train s = sgd(rate = piecewise([2, 1], [1, 2, 3]))"), "RNN0124", "go up"),
    ("a value for each piece", model("train s = sgd(rate = piecewise([1, 2], [1, 2]))"), "RNN0124", "one value more"),
    ("a rate that is no input", model("train s = sgd(rate = p)"), "RNN0111", "a scalar input"),
    ("clip_norm", model("train s = sgd(clip_norm = 0)"), "RNN0110", "above 0"),
    ("average", model("train s = sgd(average(1.0))"), "RNN0110", "below 1"),
    ("levenberg_marquardt fits residuals", model("train s = levenberg_marquardt() on a"), "RNN0517", "no residual `a`"),
]

LOAD = 'load d from "x.npz" using k'
SECTION_9 = [
    ("load of what is not there", model('load d/** from "x.npz"'), "RNN0601", "there is no file `x.npz`"),
    ("load twice", model('load d/** from "x.npz"\nload d/bias from "x.npz"'), "RNN0604", "loaded twice"),
    ("load map", model('load d/** from "x" map { "e/(.*)" -> "e/\\1" }'), "RNN0605", "matches no variable"),
    ("using wants a layer", model('load d/** from "x.h5" at "a/b" using keras'), "RNN0608", "`d/**` is none"),
    ("no such layout", model('load d from "x" using keraz'), "RNN0608", "no layout `keraz` for `Dense`"),
    ("what a layout leaves out", f'layout k for Dense {{ "0" = kernel }}\n{model(LOAD)}', "RNN0609", "nothing of 1 variable"),
    ("what cannot be inverted", f'layout k for Dense {{ "0" = square(kernel) "1" = bias }}\n{model(LOAD)}', "RNN0609", "`square`"),
    ("a layout of a model", f"layout k for m {{ }}\n{model('')}", "RNN0608", "`m` is of the kind `model`"),
]

SECTION_10 = [
    ("reserved names of trains", model("train predict = sgd()"), "RNN0123", "`predict` is reserved"),
    ("reserved names of signatures", model("signature stream = p"), "RNN0123", "`stream` is reserved"),
    ("reserved results", model("metric damping = mean(p)"), "RNN0123", "`damping` is reserved"),
    ("a signature of outputs", model("signature g = x"), "RNN0511", "`x` is none"),
    ("a signature named as a train", model("train s = sgd()\nsignature s = p"), "RNN0102", "`s` is defined twice"),
    ("outputs are named", model("output p + 1"), "RNN0119", "without a name"),
    (
        "names that meet in the artefact",
        model("scope v { param b_c: [] }\nscope v_b { param c: [] }\noutput q = v.b_c + v_b.c"),
        "RNN0122",
        "both `v_b_c`",
    ),
    (
        "inputs of two scopes",
        model("scope v { input z: f32[] }\nscope w { input z: f32[] }\noutput q = v.z + w.z"),
        "RNN0102",
        "`z`",
    ),
    ("losses of two scopes", model("scope v { loss z = mean(p) }\nscope w { loss z = mean(p) }"), "RNN0102", "`z`"),
    ("an input that Python has", model("input class: f32[]\noutput q = class"), "RNN0123", "`class` is reserved"),
    ("an input that TensorFlow has", model("input self: f32[]\noutput q = self"), "RNN0123", "`self` is reserved"),
    ("a model computes something", "model m { input x: f32[] }", "RNN0117", "no `output`"),
]

DEEP = "".join("scope a {\n" for _ in range(60))
BOUNDED = [
    ("a value of terabytes", "model m { input x: f32[batch, 1000000]\noutput y = outer(x, x) }", "RNN0913", "3.638 TiB"),
    ("an input of terabytes", "model m { input x: f32[batch, 1000000000000]\noutput y = x }", "RNN0913", "the input `x`"),
    ("steps beyond an i32", cell("output 1.0", "scan(c, steps = 3000000000)"), "RNN0411", "at most 2147483647"),
    ("many stars in a name", model(f"freeze {'*d' * 25}*z"), "RNN0301", "selects no variable"),
    (
        "many stars in a path",
        f"model m {{\n{DEEP}param b: []\n{'}' * 60}\noutput y = 1.0\nfreeze {'**/a/' * 20}z }}",
        "RNN0301",
        "",
    ),
    ("a string of megabytes", f'model m {{ output y = "{"a" * 3_000_000}" }}', "RNN0205", "a…"),
]


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [pytest.param(*rest, id=claim) for claim, *rest in (*SECTION_7, *SECTION_8, *SECTION_9, *SECTION_10, *BOUNDED)],
)
def test_fault(tmp_path, spec, code, message):
    checked = check_text(tmp_path, f"rnn 1\n{spec}\n")
    assert checked.codes == [code], checked.text
    (said,) = [d for d in checked.diagnostics if d.code == code]
    assert message in said.message


def test_leaving_updates_out_is_a_warning_and_having_none_is_not(tmp_path):
    body = "layer n = BatchNorm()\noutput q = n(p)\ntrain s = sgd() after none"
    assert check_text(tmp_path, f"rnn 1\n{model(body)}\n").codes == ["RNN0507"]
    assert check_text(tmp_path, f"rnn 1\n{model('train s = sgd() after none')}\n").codes == []


@pytest.mark.parametrize("order", ["after", "before"])
def test_another_collection_leaves_update_ops_out_too(tmp_path, order):
    body = f"collection mine\nlayer n = BatchNorm()\noutput q = n(p)\nvar seen: [1] ~ zeros\ntrain s = sgd() {order} mine\n"
    found = check_text(tmp_path, f"rnn 1\n{model(body + 'update seen <- d.bias in {mine}')}\n")
    assert found.codes == ["RNN0507"]
    assert f"`{order} mine` leaves out 2 update ops" in found.text
    without = body.replace("layer n = BatchNorm()\noutput q = n(p)\n", "")
    assert check_text(tmp_path, f"rnn 1\n{model(without + 'update seen <- d.bias in {mine}')}\n").codes == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("run = scan(c, x)\noutput run_s = run", "`run_s` and `run/s` are both `run_s` in the artefact"),
        ("input run_s: f32[batch]\nrun = scan(c, x)\noutput y = run + run_s", "`run_s` and `run/s` are both `run_s`"),
        ("scope a { b_d = scan(c, x) }\nscope a_b { d = scan(c, x) }\noutput y = a.b_d + a_b.d", "`a/b_d/s` and `a_b/d/s` are"),
    ],
)  # fmt: skip
def test_names_that_meet_in_stream_are_told(tmp_path, body, words):
    c = "cell C { input x: []\nstate s: [] = zeros\ns = s[t-1] + x\noutput s }"
    found = check_text(tmp_path, f"rnn 1\n{c}\nmodel m {{\ninput x: f32[batch, time]\nlayer c = C()\n{body}\n}}\n")
    assert found.codes == ["RNN0122"]
    assert words in found.text


def test_an_output_that_is_the_state_may_have_its_name(tmp_path):
    c = "cell C { input x: []\nstate s: [] = zeros\ns = s[t-1] + x\noutput 2 * s }"
    body = "input x: f32[batch, time]\nlayer c = C()\nrun = scan(c, x)\noutput run_s = run.final.s\noutput run"
    assert check_text(tmp_path, f"rnn 1\n{c}\nmodel m {{\n{body}\n}}\n").codes == []
