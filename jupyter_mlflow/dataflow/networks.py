"""PyTorch: what networks, optimisers and gradients change.

A tensor knows what it was computed from. `backward` goes that way and changes the gradients of whatever may learn: networks, parameters and
tensors that ask for a gradient. Data that only went through a network stays as it is.
"""

from __future__ import annotations

from jupyter_mlflow.dataflow import definitions
from jupyter_mlflow.dataflow.machine import Machine
from jupyter_mlflow.dataflow.values import MISSING, NONE, STR, UNKNOWN, Value, join

TENSORS = frozenset({"parameters", "buffers"})
PARTS = frozenset({"children", "modules"})
NAMED = frozenset({f"named_{name}" for name in TENSORS | PARTS})
GIVES_ITSELF = frozenset({"eval", "train", "to", "cpu", "cuda", "float", "double", "half", "bfloat16", "requires_grad_"})
GIVES_NOTHING = frozenset({"zero_grad", "step", "load_state_dict"})


def is_network(m: Machine, value: Value) -> bool:
    """Whether `value` is certainly a network or the like: torch's own, or of a class of the notebook that is a `torch.nn.Module`."""
    if not value.only("instance", "torch-object"):
        return False
    return "instance" not in value.kinds or definitions.is_network_class(m, definitions.class_of(m, value))


def call(m: Machine, network: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`network(x)`: it may keep statistics and draw random numbers; what it gives knows what it came from."""
    m.change(network)
    m.draw("torch")
    values = [*args, *keywords.values()]
    own = frozenset(region for region in network.regions if m.heap[region].cls is not None)
    forward = definitions.member_of(m, definitions.class_of(m, network), "forward")
    results = []
    if forward is not None:
        itself = Value(frozenset({"instance"}), own)
        results.append(definitions.call_codes(m, forward, [itself, *args], keywords, itself))
    if forward is None or "torch-object" in network.kinds:
        foreign = network.regions if forward is None else network.regions - own
        definitions.run_all(m, [Value(network.kinds, foreign), *values])
        results.append(computed(m, [network, *values]))
    return join(results)


def computed(m: Machine, values: list[Value]) -> Value:
    """A new tensor that shows none of `values`, and sends gradients back to them."""
    result = m.new("tensor")
    for region in result.regions:
        m.heap[region].came_from.update(*(value.regions for value in values))
    return result


def method(m: Machine, base: Value, name: str, values: list[Value]) -> Value | None:
    """A method of a network, an optimiser or a tensor that is no plain calculation; None for all others."""
    if name == "backward":
        backward(m, base)
        return NONE
    if base.only("tensor"):
        if name == "requires_grad_":
            learns(m, base)
        return None
    if name in TENSORS or name in PARTS:
        return m.new("iterator", parts=[base], element=_part(base, name))
    if name in NAMED:
        return m.new("iterator", parts=[base], element=m.pair(STR, _part(base, name.removeprefix("named_"))))
    if name == "state_dict":
        return m.new("dict", parts=[base], element=_part(base, "parameters"))
    if name in GIVES_ITSELF | GIVES_NOTHING:
        definitions.run_all(m, values)
        for region in sorted(base.regions):  # their parts too, yet nothing unknown gets in
            m.change(Value(base.kinds, frozenset(m.heap.reach([region]))))
        return base if name in GIVES_ITSELF else NONE
    return None


def _part(base: Value, name: str) -> Value:
    return Value(frozenset({"tensor" if name in TENSORS else "torch-object"}), base.regions)


def backward(m: Machine, tensor: Value) -> None:
    """Gradients of all that the tensor came from and that may learn are changed."""
    m.change(tensor)
    for region in sorted(_origins(m, tensor)):
        one = m.heap[region]
        if one.learns or one.opaque or one.blur or one.cls is not None:
            m.change(Value(frozenset({UNKNOWN}), frozenset({region})))


def _origins(m: Machine, tensor: Value) -> set[int]:
    seen: set[int] = set()
    todo = set(tensor.regions)
    while todo:
        found = m.heap.reach(todo)
        seen |= found
        todo = {origin for region in found for origin in m.heap[region].came_from} - seen
    return seen


def learns(m: Machine, value: Value) -> None:
    """A gradient is asked for."""
    for region in value.regions:
        m.heap[region].learns = True


def created(m: Machine, path: str, result: Value, keywords: dict[str, Value]) -> None:
    """Something of torch was made: does it learn?"""
    asked = keywords.get("requires_grad")
    if (asked is not None and asked.const is not False) or path.startswith(
        ("torch.nn.", "torch.jit.", "torch.hub.", "torchvision.models.")
    ):
        learns(m, result)


def batch(m: Machine, keywords: dict[str, Value]) -> Value | None:
    """What a `DataLoader` gives: copies, unless the notebook says how items are put together."""
    size = keywords.get("batch_size")
    if "collate_fn" in keywords or (size is not None and (size.const is None or (size.const is MISSING and UNKNOWN in size.kinds))):
        return None
    return m.new("tuple", element=m.new("tensor"))


def looped(m: Machine, value: Value) -> None:
    """A loop over a loader draws the order from torch's generator."""
    if "loader" in value.kinds:
        m.draw("torch")
