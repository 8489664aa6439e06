"""The statements of an optimizer, carried out in the order of the text: on the right of `<-` a slot is what was written last."""

from __future__ import annotations

from rnndsl.elaborate.evaluate import types
from rnndsl.elaborate.evaluate.lookup import is_word
from rnndsl.elaborate.layers import initializers
from rnndsl.elaborate.layers.statements import Declarer
from rnndsl.elaborate.state.environment import Env
from rnndsl.elaborate.state.session import Session
from rnndsl.elaborate.state.values import InitializerValue, Tensor
from rnndsl.plan.attributes import Shape
from rnndsl.plan.model import Initializer, Slot, TensorType
from rnndsl.records import field, mutable, replace
from rnndsl.syntax import tree
from rnndsl.text.codes import places
from rnndsl.text.codes import training as codes
from rnndsl.text.source import Span

VALUE = "value"


@mutable
class Equations(Declarer):
    """`whole` is the type of the variable, `value` what has been written to it, `slots` what has been declared, by name, with what
    has been written last."""

    whole: TensorType = TensorType("f32")
    path: str = ""
    value: Tensor | None = None
    slots: dict[str, Slot] = field(default_factory=dict[str, Slot])

    @classmethod
    def of(cls, session: Session, used: Span, whole: TensorType, path: str) -> Equations:
        """For a variable at `path`; `used` is where the optimizer is called."""
        return cls(session, _no_input, _no_state, used=used, whole=whole, path=path)

    def finished(self) -> tuple[Slot, ...]:
        return tuple(self.slots.values())

    def run(self, statements: tuple[tree.Statement, ...], env: Env) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Carries the statements out. Raises SpecError at the first fault: it would be told again for each type of variable."""
        for statement in statements:
            self._one(statement, env)

    def _one(self, statement: tree.Statement, env: Env) -> None:
        match statement:
            case tree.Equation() | tree.Const():
                Declarer._one(self, statement, env)
                self.session.force(self.declared.names[-1])
            case tree.VariableDecl(kind="var"):
                self._slot(statement, env)
            case tree.Write():
                self._write(statement, env)
            case tree.If() | tree.For() | tree.FunctionDef() | tree.Require():
                Declarer._one(self, statement, env)
            case _:
                places.of_optimizer(statement.span).throw()

    def _slot(self, statement: tree.VariableDecl, env: Env) -> None:
        name = self._name(statement.name, env)
        self._claim_name(statement.name, name, env)
        if statement.collections or statement.frozen or statement.bounds:
            places.slot_clause(statement.span, name).throw()
        t = self.whole if statement.type is None else types.full(self.session, statement.type, env, self.whole.dtype)
        if t.axes and statement.type is not None:
            places.axis_of_variable(statement.type.span).throw()
        slot = self.session.graphs.builder.input(t, name)
        self.slots[name] = Slot(name, t, self._initializer(statement, name, t, env), slot.id)
        env.frame().names[name] = slot

    def _initializer(self, statement: tree.VariableDecl, name: str, t: TensorType, env: Env) -> Initializer | None:
        """What a slot starts with: `~ value` is what the variable does."""
        if statement.initializer is None:
            return Initializer("zeros")
        if is_word(statement.initializer, VALUE) and t == self.whole:
            return None
        value = InitializerValue(statement.initializer, env)
        return initializers.recipe(self.session, value, f"{self.path}/{name}", t.dims, t.dtype, statement.span)

    def _write(self, statement: tree.Write, env: Env) -> None:
        name = self._name(statement.name, env)
        if name != VALUE and name not in self.slots:
            codes.write_target(statement.name.span, name, self.slots).throw()
        t = self.whole if name == VALUE else self.slots[name].type
        span = statement.value.span
        value = self.session.tensor(self.session.evaluate(statement.value, env), span, t.dtype)
        if not types.fits(value.type, t):
            codes.update_type(span, name, t, value.type).throw()
        if value.type != t:
            value = self.session.graphs.builder.add("broadcast", [value], span, Shape(t.dims))
        if name == VALUE:
            self.value = value
            assert env.frame().parent is not None
            env.frame().parent.names[name] = value  # pyright: ignore[reportOptionalMemberAccess]
        else:
            self.slots[name] = replace(self.slots[name], value=value.id)
            env.frame().names[name] = value


def _no_input(statement: tree.Input, name: str, env: Env) -> None:
    places.of_optimizer(statement.span).throw()


def _no_state(statement: tree.State, name: str, env: Env) -> None:
    places.of_optimizer(statement.span).throw()
