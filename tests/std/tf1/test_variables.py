"""Paths, shapes, order, initial values and trainability of std.tf1's variables, as TensorFlow 1.15.5 printed them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rnndsl.plan.model import Plan, Variable
from tests.compiling import plan_of

LISTS: dict[str, list[tuple[str, list[int], str]]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "tf1_variables.json").read_text("utf-8")
)["lists"]


def one(name: str, constructor: str, dims: str = "3") -> str:
    return f"input x: f32[batch, time, {dims}]  layer {name} = {constructor}  y = scan({name}, x)  output y"


def scoped(scope: str, body: str) -> str:
    return f"input x: f32[batch, time, 3]  scope {scope} {{ {body} }}  output y = {scope}.y"


def both(cell: str, constructor: str) -> str:
    return f"scope fw {{ layer {cell} = {constructor} }} scope bw {{ layer {cell} = {constructor} }}"


_STACKED = f"scope bidirectional_rnn {{ {both('gru_cell', 'GRUCell(4)')} }}"

MODELS = {
    "BasicRNNCell(4)": one("basic_rnn_cell", "BasicRNNCell(4)"),
    "GRUCell(4)": one("gru_cell", "GRUCell(4)"),
    "BasicLSTMCell(4)": one("basic_lstm_cell", "BasicLSTMCell(4)"),
    "LSTMCell(4)": one("lstm_cell", "LSTMCell(4)"),
    "LSTMCell(4,use_peepholes,num_proj=2)": one("lstm_cell", "LSTMCell(4, use_peepholes = true, num_proj = 2)"),
    "LSTMCell(4,num_unit_shards=2)": one("lstm_cell", "LSTMCell(4, num_unit_shards = 2)"),
    "MultiRNNCell([GRUCell(4),GRUCell(2)])": one("multi_rnn_cell", "MultiRNNCell([GRUCell(4), GRUCell(2)])"),
    "DropoutWrapper(GRUCell)": one("gru_cell", "DropoutWrapper(GRUCell(4), 0.5, 0.5, 0.5)"),
    "ResidualWrapper(GRUCell(3))": one("gru_cell", "ResidualWrapper(GRUCell(3))"),
    "contrib LSTMBlockCell(4,use_peephole)": one("lstm_cell", "LSTMBlockCell(4, use_peephole = true)"),
    "contrib GRUBlockCellV2(4)": one("gru_cell", "GRUBlockCellV2(4)"),
    "contrib LayerNormBasicLSTMCell(4)": one("layer_norm_basic_lstm_cell", "LayerNormBasicLSTMCell(4)"),
    "contrib LayerNormLSTMCell(4,layer_norm)": one("layer_norm_lstm_cell", "LayerNormLSTMCell(4, layer_norm = true)"),
    "contrib CoupledInputForgetGateLSTMCell(4,peep)": one(
        "coupled_input_forget_gate_lstm_cell", "CoupledInputForgetGateLSTMCell(4, use_peepholes = true)"
    ),
    "contrib UGRNNCell(4)": one("ugrnn_cell", "UGRNNCell(4)"),
    "contrib IntersectionRNNCell(4,num_in_proj=4)": one("intersection_rnn_cell", "IntersectionRNNCell(4, num_in_proj = 4)"),
    "contrib NASCell(4)": one("nas_cell", "NASCell(4)"),
    "contrib NASCell(4,num_proj=2,use_biases=True)": one("nas_cell", "NASCell(4, num_proj = 2, use_bias = true)"),
    "contrib TimeFreqLSTMCell": one("time_freq_lstm_cell", "TimeFreqLSTMCell(4, use_peepholes = true, feature_size = 2)"),
    "contrib SRUCell(4)": one("sru_cell", "SRUCell(4)"),
    "contrib IndRNNCell(4)": one("ind_rnn_cell", "IndRNNCell(4)"),
    "contrib IndyGRUCell(4)": one("indy_gru_cell", "IndyGRUCell(4)"),
    "contrib IndyLSTMCell(4)": one("indy_lstm_cell", "IndyLSTMCell(4)"),
    "contrib MinimalRNNCell(4)": one("minimal_rnn_cell", "MinimalRNNCell(4)"),
    "contrib CFNCell(4)": one("cfn_cell", "CFNCell(4)"),
    "contrib GLSTMCell(4,number_of_groups=2)": one("glstm_cell", "GLSTMCell(4, number_of_groups = 2)", "4"),
    "contrib WeightNormLSTMCell(4)": one("wn_lstm_cell", "WeightNormLSTMCell(4)"),
    "contrib AttentionCellWrapper(LSTM,attn_length=2)": one(
        "attention_cell_wrapper", "AttentionCellWrapper(BasicLSTMCell(4), attn_length = 2)"
    ),
    "contrib HighwayWrapper(GRUCell(3))": one("highway", 'HighwayWrapper(GRUCell(3)) with (path = "")'),
    "contrib OutputProjectionWrapper(GRU,2)": one("output_projection_wrapper", "OutputProjectionWrapper(GRUCell(4), 2)"),
    "contrib InputProjectionWrapper(GRU,2)": one("input_projection_wrapper", "InputProjectionWrapper(GRUCell(4), 2)"),
    "contrib ConvLSTMCell(2D,[5,5,1],filters 2,kernel 3x3)": one(
        "conv_lstm_cell", "ConvLSTMCell(2, [5, 5, 1], 2, [3, 3])", "5, 5, 1"
    ),
    "contrib PhasedLSTMCell(4,peep)": "input now: f32[batch, time, 1]  input x: f32[batch, time, 3]"
    "  layer phased_lstm_cell = PhasedLSTMCell(4, use_peepholes = true)  y = scan(phased_lstm_cell, now, x)  output y",
    "contrib EmbeddingWrapper(GRU,3,2)": "input x: i32[batch, time]"
    "  layer embedding_wrapper = EmbeddingWrapper(GRUCell(4), 3, 2)  y = scan(embedding_wrapper, x)  output y",
    "dynamic_rnn(GRUCell)": scoped("rnn", "layer gru_cell = GRUCell(4)  y = scan(gru_cell, x)"),
    'dynamic_rnn(LSTMCell) in variable_scope("enc")': "input x: f32[batch, time, 3]"
    "  scope enc { scope rnn { layer lstm_cell = LSTMCell(4)  y = scan(lstm_cell, x) } }  output y = enc.rnn.y",
    'dynamic_rnn(LSTMCell, scope="enc")': scoped("enc", "layer lstm_cell = LSTMCell(4)  y = scan(lstm_cell, x)"),
    "dynamic_rnn(MultiRNNCell[2xBasicLSTM])": scoped(
        "rnn", "layer multi_rnn_cell = MultiRNNCell([BasicLSTMCell(4), BasicLSTMCell(4)])  y = scan(multi_rnn_cell, x)"
    ),
    "dynamic_rnn(DropoutWrapper(GRUCell))": scoped(
        "rnn", "layer gru_cell = DropoutWrapper(GRUCell(4), output_keep_prob = 0.5)  y = scan(gru_cell, x)"
    ),
    "bidirectional_dynamic_rnn(GRU,GRU)": scoped(
        "bidirectional_rnn", f"{both('gru_cell', 'GRUCell(4)')} y = bidirectional(fw.gru_cell, bw.gru_cell, x)"
    ),
    "static_rnn(BasicRNNCell)": scoped("rnn", "layer basic_rnn_cell = BasicRNNCell(4)  y = scan(basic_rnn_cell, x)"),
    "static_bidirectional_rnn(BasicRNN)": scoped(
        "bidirectional_rnn",
        f"{both('basic_rnn_cell', 'BasicRNNCell(4)')} y = bidirectional(fw.basic_rnn_cell, bw.basic_rnn_cell, x)",
    ),
    "two dynamic_rnn calls, same default scope, two LSTMCell objects": scoped(
        "rnn", "layer lstm_cell = LSTMCell(4)  layer second = LSTMCell(4)  y = scan(lstm_cell, x) + scan(second, x)"
    ),
    "stack_bidirectional_dynamic_rnn 2 layers": f"""
      input x: f32[batch, time, 3]
      scope stack_bidirectional_rnn {{
        layer_input[0] = x
        for k in 0..2 {{
          scope cell[k] {{ {_STACKED} }}
          layer_input[k + 1] = bidirectional(cell[k].bidirectional_rnn.fw.gru_cell, cell[k].bidirectional_rnn.bw.gru_cell,
                                             layer_input[k])
        }}
        y = layer_input[2]
      }}
      output y = stack_bidirectional_rnn.y""",
    "two bare GRUCell calls in one scope (uniquified layer names)": "input x: f32[batch, time, 3]"
    "  layer gru_cell = GRUCell(4)  layer gru_cell_1 = GRUCell(4)  output y = scan(gru_cell, x) + scan(gru_cell_1, x)",
}
OTHERS = {
    "GRUBlockCell": (
        one("gru_cell", "GRUBlockCell(4)"),
        [("gru_cell/w_ru", [7, 8]), ("gru_cell/b_ru", [8]), ("gru_cell/w_c", [7, 4]), ("gru_cell/b_c", [4])],
    ),
    "LSTMBlockFusedCell": (
        one("lstm_fused_cell", "LSTMBlockFusedCell(4, use_peephole = true)"),
        [("lstm_fused_cell/kernel", [7, 16]), ("lstm_fused_cell/bias", [16]), ("lstm_fused_cell/w_i_diag", [4]),
         ("lstm_fused_cell/w_f_diag", [4]), ("lstm_fused_cell/w_o_diag", [4])],
    ),
    "FusedRNNCellAdaptor": (
        one("rnn", "FusedRNNCellAdaptor(BasicRNNCell(4))"),
        [("rnn/basic_rnn_cell/kernel", [7, 4]), ("rnn/basic_rnn_cell/bias", [4])],
    ),
    "CompiledWrapper": (
        one("basic_rnn_cell", "CompiledWrapper(BasicRNNCell(4))"),
        [("basic_rnn_cell/kernel", [7, 4]), ("basic_rnn_cell/bias", [4])],
    ),
    # TensorFlow makes those that states start from after the kernels: the same names in another order.
    "NTMCell": (
        one("ntm_cell", "NTMCell(BasicRNNCell(4), 5, 2, 2, 1, shift_range = 2, output_dim = 6)"),
        [("ntm_cell/initial_read_vector_0", [1, 2]), ("ntm_cell/initial_read_vector_1", [1, 2]),
         ("ntm_cell/initial_address_weights_0", [1, 5]), ("ntm_cell/initial_address_weights_1", [1, 5]),
         ("ntm_cell/initial_address_weights_2", [1, 5]), ("ntm_cell/memory", [5, 2]),
         ("ntm_cell/parameters_kernel", [4, 34]), ("ntm_cell/parameters_bias", [34]),
         ("ntm_cell/output_kernel", [8, 6]), ("ntm_cell/output_bias", [6]),
         ("ntm_cell/basic_rnn_cell/kernel", [11, 4]), ("ntm_cell/basic_rnn_cell/bias", [4])],
    ),
    "a named layer keeps its own path": (
        scoped("rnn", "layer gru_cell = GRUCell(3)  layer wrapped = ResidualWrapper(gru_cell)  y = scan(wrapped, x)"),
        [("rnn/gru_cell/gates/kernel", [6, 6]), ("rnn/gru_cell/gates/bias", [6]),
         ("rnn/gru_cell/candidate/kernel", [6, 3]), ("rnn/gru_cell/candidate/bias", [3])],
    ),
    "wrappers in MultiRNNCell": (
        one(
            "multi_rnn_cell",
            "MultiRNNCell([ResidualWrapper(DropoutWrapper(BasicRNNCell(3), 0.5)), HighwayWrapper(BasicRNNCell(3))])",
        ),
        [("multi_rnn_cell/cell_0/basic_rnn_cell/kernel", [6, 3]), ("multi_rnn_cell/cell_0/basic_rnn_cell/bias", [3]),
         ("multi_rnn_cell/cell_1/basic_rnn_cell/kernel", [6, 3]), ("multi_rnn_cell/cell_1/basic_rnn_cell/bias", [3]),
         ("multi_rnn_cell/cell_1/carry_w", [3, 3]), ("multi_rnn_cell/cell_1/carry_b", [3])],
    ),
    "HighwayWrapper as a scope": (
        one("rnn", "HighwayWrapper(BasicRNNCell(3), couple_carry_transform_gates = false)"),
        [("rnn/basic_rnn_cell/kernel", [6, 3]), ("rnn/basic_rnn_cell/bias", [3]), ("rnn/carry_w", [3, 3]), ("rnn/carry_b", [3]),
         ("rnn/transform_w", [3, 3]), ("rnn/transform_b", [3])],
    ),
}  # fmt: skip


def text_of(body: str) -> str:
    """A model with the imports that it needs."""
    names = sorted(set(re.findall(r"\b([A-Z][A-Za-z0-9]*(?:Cell(?:V2)?|Wrapper|Adaptor))\(", body)))
    return f"rnn 1\nimport std.tf1 ({', '.join(names)})\nmodel m {{ {body} }}"


def constant(initializer: str, arguments: dict[str, object]) -> str | float:
    """The value that every element starts with, or `random`."""
    known = {"zeros": 0.0, "ones": 1.0, "constant": arguments.get("value")}.get(initializer)
    return "random" if known is None else float(str(known))


def own(plan: Plan) -> list[Variable]:
    """The variables of the text: the counter of calls, which dropout needs, is the compiler's."""
    return [v for v in plan.variables if v.path != "call_counter"]


def test_every_list_has_a_model() -> None:
    assert set(LISTS) == set(MODELS)


@pytest.mark.parametrize("title", LISTS)
def test_variables_are_tensorflows(title: str) -> None:
    plan = plan_of(text_of(MODELS[title]))
    found = [(v.path, list(v.shape), constant(v.initializer.name, dict(v.initializer.arguments))) for v in own(plan)]
    expected = [
        (path, shape, "random" if start == "random" else float(start.removeprefix("const "))) for path, shape, start in LISTS[title]
    ]
    assert found == expected
    assert all(v.trainable for v in own(plan))


@pytest.mark.parametrize("title", OTHERS)
def test_variables_of_others(title: str) -> None:
    body, expected = OTHERS[title]
    assert [(v.path, list(v.shape)) for v in own(plan_of(text_of(body)))] == expected


def test_initialisers_are_inherited_as_in_tensorflow() -> None:
    body = one("lstm_cell", "LSTMCell(4, use_peepholes = true, num_proj = 2) with (init = constant(0.5))")
    starts = {v.path: (v.initializer.name, v.initializer.arguments.get("value")) for v in own(plan_of(text_of(body)))}
    assert starts.pop("lstm_cell/bias") == ("zeros", None)
    assert set(starts.values()) == {("constant", 0.5)}


def test_an_initializer_given_is_taken() -> None:
    body = one("gru_cell", "GRUCell(4, kernel_initializer = ones, bias_initializer = constant(0.25))")
    starts = [(v.initializer.name, v.initializer.arguments.get("value")) for v in own(plan_of(text_of(body)))]
    assert starts == [("ones", None), ("constant", 0.25)] * 2


def test_a_phased_lstm_can_keep_its_ratio() -> None:
    body = MODELS["contrib PhasedLSTMCell(4,peep)"].replace("peepholes = true", "peepholes = false, trainable_ratio_on = false")
    assert [v.path for v in own(plan_of(text_of(body))) if not v.trainable] == ["phased_lstm_cell/ratio_on"]


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_conv_lstm_of_each_rank(dims: int) -> None:
    shape = ", ".join(["5"] * dims)
    cell = f"Conv{dims}DLSTMCell([{shape}, 2], 4, [{', '.join(['3'] * dims)}], skip_connection = true)"
    plan = plan_of(text_of(one(f"conv_{dims}d_lstm_cell", cell, f"{shape}, 2")))
    assert [list(v.shape) for v in own(plan)] == [[3] * dims + [6, 16], [16]]
