"""PyTorch, where it is installed: gradients travel, and what draws random numbers keeps its order."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nbformat
import pytest

from jupyter_mlflow.actions import verification

pytestmark = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: it takes several GB on Linux")

NOTEBOOKS = {
    "a gradient made in a step of its own": [
        ("setup", "import torch"),
        ("step:a", "w = torch.ones(3, requires_grad=True); x = torch.ones(3)"),
        ("step:b", "(w * x).sum().backward()"),
        ("step:c", "print(w.grad, x)"),
    ],
    "a loader's order in two steps": [
        ("setup", "import torch\nfrom torch.utils.data import DataLoader, TensorDataset\ntorch.manual_seed(0)"),
        ("step:a", "loader = DataLoader(TensorDataset(torch.arange(6.0)), batch_size=2, shuffle=True)"),
        ("step:b", "for (batch,) in loader:\n    print(batch)"),
        ("step:c", "for (batch,) in loader:\n    print(batch)\nprint(torch.rand(1))"),
    ],
    "an optimiser that goes on": [
        ("setup", "import torch\nfrom torch import nn\ntorch.manual_seed(0)"),
        ("step:a", "net = nn.Linear(2, 1)\nopt = torch.optim.Adam(net.parameters(), lr=0.1)\nx = torch.ones(4, 2)"),
        ("step:b", "for _ in range(3):\n    opt.zero_grad()\n    (net(x) ** 2).mean().backward()\n    opt.step()"),
        ("step:c", "opt.step()\nprint(net.weight.detach(), net.weight.grad, next(iter(opt.param_groups[0]['params'])) is net.weight)"),
    ],
}


@pytest.mark.parametrize("cells", NOTEBOOKS.values(), ids=NOTEBOOKS.keys())
def test_gives_what_run_all_gives(cells: list[tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    code = [nbformat.v4.new_code_cell(text, metadata={"tags": tags.split()}) for tags, text in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=code), path)
    found = verification.verify(path, home=tmp_path / "home")
    assert found.state == "done" and found.verification is not None and found.verification.same, found.verification
