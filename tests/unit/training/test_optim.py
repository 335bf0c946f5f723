import math

import pytest
import torch
from small_training import Small, small
from torch import nn

from gnomon.core.training import TrainConfig
from gnomon.layers.head import Head
from gnomon.layers.network import Network
from gnomon.training.optim import Optimizer, orthogonalise


def scalar(value, *, steps=3):
    """The same iteration on one singular value."""
    a, b, c = 3.4445, -4.7750, 2.0315
    for _ in range(steps):
        value = a * value + b * value**3 + c * value**5
    return value


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestOrthogonalise:
    @pytest.mark.parametrize("shape", [(4, 4), (3, 10), (10, 3), (1, 5), (64, 100)])
    def test_the_singular_vectors_stay_and_the_values_come_near_one(self, shape):
        matrix = random(*shape).double()
        u, values, vh = torch.linalg.svd(matrix, full_matrices=False)
        if shape == (4, 4):  # an even spread, none close to nothing
            values = torch.tensor([4.0, 3.0, 2.0, 1.0]).double()
            matrix = u @ values.diag() @ vh
        result = orthogonalise(matrix[None])[0]
        found = (u.T @ result @ vh.T).diag()
        assert ((found > 0.5) & (found < 1.5)).all()
        torch.testing.assert_close(u @ found.diag() @ vh, result)

    def test_by_hand_on_a_diagonal(self):
        matrix = torch.diag(torch.tensor([3.0, 4.0]).double())
        expected = torch.diag(torch.tensor([scalar(0.6), scalar(0.8)]).double())
        torch.testing.assert_close(orthogonalise(matrix[None])[0], expected, atol=1e-6, rtol=0)

    def test_one_step_by_hand(self):
        value = 3.4445 - 4.7750 + 2.0315
        found = orthogonalise(torch.tensor([[[7.0]]]).double(), steps=1)
        assert found.item() == pytest.approx(value, abs=1e-5)

    def test_the_size_of_the_matrix_does_not_matter(self):
        matrix = random(5, 6).double()
        torch.testing.assert_close(orthogonalise(1e4 * matrix[None]), orthogonalise(matrix[None]), rtol=1e-5, atol=1e-6)

    def test_batched_equals_one_by_one(self):
        matrices = random(7, 4, 9)
        each = torch.stack([orthogonalise(matrix[None])[0] for matrix in matrices])
        torch.testing.assert_close(orthogonalise(matrices), each)

    def test_turning_the_matrix_turns_the_result(self):
        matrices = random(2, 4, 9)
        torch.testing.assert_close(orthogonalise(matrices.mT), orthogonalise(matrices).mT)

    def test_of_nothing_comes_nothing(self):
        assert torch.equal(orthogonalise(torch.zeros(1, 3, 4)), torch.zeros(1, 3, 4))


class Plain(Network):
    """A matrix, a head, a vector, an early vector and a frozen one."""

    def __init__(self):
        super().__init__()
        self.filters = nn.Parameter(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
        self.vector = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.early = nn.Parameter(torch.tensor([5.0]))
        self.fixed = nn.Parameter(torch.tensor([9.0]), requires_grad=False)
        self.head = Head(2, 1)
        nn.init.constant_(self.head.linear.weight, 0.5)

    def role(self, name, parameter):
        return name if name in ("early",) else "head" if name.startswith("head") else super().role(name, parameter)


def stepped(config, gradient=1.0, *, progress=0.0, batch_size=2000, times=1, lr_factor=1.0):
    network = Plain()
    optimizer = Optimizer(network, config, iterate_in=torch.float32)
    optimizer.lr_factor = lr_factor
    for _ in range(times):
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, gradient) if parameter.requires_grad else None
        network.filters.grad = torch.diag(torch.tensor([3.0, 4.0])) * gradient
        optimizer.step(progress, batch_size)
    return network


def config_of(**changed):
    plain = {"lr_matrix": 0.1, "lr_head": 0.1, "lr_vector": 1.0, "momentum_rest": 0.0, "weight_decay": 0.0}
    return TrainConfig(**{**plain, "momentum_matrix": 0.0, **changed})


class TestOptimizer:
    def test_one_step_of_every_role_by_hand(self):
        network = stepped(config_of())
        norm = math.sqrt(2) / 5  # rows keep a mean norm of one
        expected = torch.diag(torch.tensor([3 * norm - 0.1 * scalar(0.6), 4 * norm - 0.1 * scalar(0.8)]))
        torch.testing.assert_close(network.filters.data, expected, atol=1e-5, rtol=0)
        assert network.vector.tolist() == [0.0, 1.0]
        assert network.early.tolist() == [4.0]
        assert network.fixed.tolist() == [9.0]
        torch.testing.assert_close(network.head.linear.weight.data, torch.full((1, 2), 0.4))

    def test_nesterov_momentum_by_hand(self):
        # buffer 1, move 1 + 0.5; buffer 1.5, move 1 + 0.75
        network = stepped(config_of(momentum_rest=0.5), times=2)
        assert network.early.tolist() == [5.0 - 1.5 - 1.75]

    def test_decay_is_per_step_and_not_multiplied_by_the_rate(self):
        network = stepped(config_of(weight_decay=0.01), gradient=0.0)
        torch.testing.assert_close(network.vector.data, torch.tensor([0.99, 1.98]))
        torch.testing.assert_close(network.head.linear.weight.data, torch.full((1, 2), 0.5 * 0.99))

    def test_rates_of_vectors_and_head_grow_with_the_batch_those_of_matrices_do_not(self):
        small_batch, large = (stepped(config_of(), batch_size=size) for size in (200, 2000))
        assert torch.equal(small_batch.filters, large.filters)
        torch.testing.assert_close(small_batch.vector.data, torch.tensor([0.9, 1.9]))
        torch.testing.assert_close(small_batch.head.linear.weight.data, torch.full((1, 2), 0.49))

    def test_early_parameters_stop_and_the_others_land_on_zero(self):
        assert stepped(config_of(early=0.4), progress=0.2).early.tolist() == [4.5]
        late = stepped(config_of(early=0.4), progress=0.4)
        assert late.early.tolist() == [5.0]
        torch.testing.assert_close(late.vector.data, torch.tensor([0.4, 1.4]))
        landed = stepped(config_of(), progress=1.0)
        assert all(torch.equal(a, b) for a, b in zip(landed.parameters(), Plain().parameters(), strict=True))

    def test_after_a_rollback_everything_moves_half_as_far(self):
        network = stepped(config_of(), lr_factor=0.5)
        torch.testing.assert_close(network.vector.data, torch.tensor([0.5, 1.5]))
        assert network.early.tolist() == [4.5]
        torch.testing.assert_close(network.head.linear.weight.data, torch.full((1, 2), 0.45))

    def test_clipping_bounds_the_norm_of_all_but_the_matrices(self):
        # five gradients of one each have the norm sqrt(5)
        network = stepped(config_of(clip=1.0))
        torch.testing.assert_close(network.early.data, torch.tensor([5 - 1 / math.sqrt(5)]), atol=1e-5, rtol=0)
        assert torch.equal(network.filters, stepped(config_of()).filters)
        assert torch.equal(stepped(config_of(clip=100.0)).vector, stepped(config_of()).vector)

    def test_matrices_keep_their_norm_near_the_root_of_their_rows(self):
        network = stepped(config_of(), times=30)
        assert network.filters.norm().item() == pytest.approx(math.sqrt(2), rel=0.15)

    def test_convolution_filters_are_matrices_of_one_row_a_filter(self):
        class Filters(Network):
            def __init__(self, weight):
                super().__init__()
                self.weight = nn.Parameter(weight.clone())

        weight, gradient = random(6, 3, 2, 2), random(6, 3, 2, 2, seed=1)
        flat, full = Filters(weight.reshape(6, -1)), Filters(weight.contiguous(memory_format=torch.channels_last))
        for network, grad in ((flat, gradient.reshape(6, -1)), (full, gradient)):
            network.weight.grad = grad
            Optimizer(network, config_of(), iterate_in=torch.float32).step(0.0, 10)
        torch.testing.assert_close(full.weight.data.reshape(6, -1), flat.weight.data)

    def test_parameters_without_a_gradient_stay(self):
        network = Plain()
        Optimizer(network, config_of(weight_decay=0.1), iterate_in=torch.float32).step(0.0, 2000)
        assert all(torch.equal(a, b) for a, b in zip(network.parameters(), Plain().parameters(), strict=True))

    def test_the_state_is_all_that_a_copy_needs(self):
        def train(network, optimizer, steps):
            for step in steps:
                torch.manual_seed(step)
                inputs = torch.randint(0, 256, (8, 6, 6, 1), dtype=torch.uint8)
                network.zero_grad()
                network(inputs).value.square().mean().backward()
                optimizer.step(step / 10, 8)

        config = TrainConfig()
        network = small()
        optimizer = Optimizer(network, config, iterate_in=torch.float32)
        train(network, optimizer, range(4))
        copy = Small()
        copy.load_state_dict(network.state_dict())
        other = Optimizer(copy, config, iterate_in=torch.float32)
        other.load_state({name: tensor.clone() for name, tensor in optimizer.state().items()})
        train(network, optimizer, range(4, 8))
        train(copy, other, range(4, 8))
        assert all(torch.equal(a, b) for a, b in zip(network.parameters(), copy.parameters(), strict=True))
        assert set(optimizer.state()) == {"linear.weight", "norm.weight", "norm.bias", "head.linear.weight"}

    def test_a_state_that_lacks_a_tensor_is_refused(self):
        optimizer = Optimizer(Plain(), config_of(), iterate_in=torch.float32)
        state = optimizer.state()
        del state["vector"]
        with pytest.raises(KeyError, match="vector"):
            optimizer.load_state(state)

    def test_the_rate_that_is_shown_is_that_of_the_matrices(self):
        optimizer = Optimizer(Plain(), config_of(lr_matrix=0.2), iterate_in=torch.float32)
        optimizer.lr_factor = 0.5
        assert optimizer.learning_rate(0.25) == pytest.approx(0.075)


class Mixed(Network):
    """A matrix, a vector and an embedding under Adam, an orthogonalised matrix, a sparse table."""

    def __init__(self, seed=0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.embedding = nn.Parameter(torch.randn(5, 3, generator=generator))
        self.dense = nn.Parameter(torch.randn(4, 3, generator=generator))
        self.bias = nn.Parameter(torch.randn(4, generator=generator))
        self.turned = nn.Parameter(torch.randn(4, 4, generator=generator))
        self.table = nn.Embedding(100, 2, sparse=True)
        with torch.no_grad():
            self.table.weight.copy_(torch.randn(100, 2, generator=generator))

    def role(self, name, parameter):
        return {"embedding": "embedding", "turned": "orthogonal", "table.weight": "sparse"}.get(name, "adam")

    def run(self, seed):
        ids = torch.randint(0, 5, (6,), generator=torch.Generator().manual_seed(seed))
        hidden = (self.embedding[ids] @ self.dense.T + self.bias) @ self.turned
        return hidden.square().mean() + self.table(ids * 7).square().sum()


def adam_config(**more):
    return TrainConfig(**{"lr_adam": 0.01, "lr_orthogonal": 0.01, "lr_sparse": 0.1, "decay_adam": 0.1, **more})


def run_mixed(network, optimizer, steps, *, of=20):
    for step in steps:
        network.zero_grad()
        network.run(step).backward()
        optimizer.step(step / of, 6)


class TestAdam:
    def test_it_is_adamw_with_the_rate_of_the_schedule(self):
        network, twin = Mixed(), Mixed()
        config = adam_config()
        optimizer = Optimizer(network, config, iterate_in=torch.float32)
        groups = [
            {"params": [twin.dense], "weight_decay": 0.1},
            {"params": [twin.bias, twin.embedding], "weight_decay": 0.0},
        ]
        oracle = torch.optim.AdamW(groups, lr=1.0, betas=(config.beta1, config.beta2), eps=1e-8)
        for step in range(5):
            for net in (network, twin):
                net.zero_grad()
                net.run(step).backward()
            for group in oracle.param_groups:
                group["lr"] = 0.01 * (1 - step / 20)
            with torch.no_grad():  # what Adam does not own follows the other network
                optimizer.step(step / 20, 6)
                oracle.step()
                twin.turned.copy_(network.turned)
                twin.table.weight.copy_(network.table.weight)
        for name in ("dense", "bias", "embedding"):
            torch.testing.assert_close(getattr(network, name), getattr(twin, name))

    def test_the_rate_shown_is_that_of_adam_where_no_matrix_has_a_fixed_norm(self):
        optimizer = Optimizer(Mixed(), adam_config(), iterate_in=torch.float32)
        assert optimizer.learning_rate(0.5) == pytest.approx(0.005)


class TestOrthogonal:
    def test_the_update_is_as_large_as_adams(self):
        network = Mixed()
        before = network.turned.detach().clone()
        optimizer = Optimizer(network, adam_config(decay_adam=0.0), iterate_in=torch.float32)
        run_mixed(network, optimizer, [0])
        moved = (network.turned - before).square().mean().sqrt().item()
        assert moved == pytest.approx(0.2 * 0.01, rel=0.3)

    def test_decay_alone(self):
        network = Mixed()
        before = network.turned.detach().clone()
        network.turned.grad = torch.zeros_like(before)
        Optimizer(network, adam_config(), iterate_in=torch.float32).step(0.0, 6)
        torch.testing.assert_close(network.turned.detach(), before * (1 - 0.01 * 0.1))


class TestSparse:
    def test_only_the_rows_that_were_touched_move_and_by_adagrads_rule(self):
        network = Mixed()
        before = network.table.weight.detach().clone()
        optimizer = Optimizer(network, adam_config(), iterate_in=torch.float32)
        network.table(torch.tensor([7, 7, 50])).sum().backward()
        optimizer.step(0.0, 3)
        moved = (network.table.weight - before).detach()
        assert torch.nonzero(moved.abs().sum(1))[:, 0].tolist() == [7, 50]
        # the first step of Adagrad is the sign of the gradient times the rate, whatever its size
        torch.testing.assert_close(moved[[7, 50]], torch.full((2, 2), -0.1))
        network.zero_grad()
        network.table(torch.tensor([50])).sum().backward()
        optimizer.step(0.0, 3)
        again = (network.table.weight - before).detach()[50]
        torch.testing.assert_close(again, torch.full((2,), -0.1 - 0.1 / math.sqrt(2)))

    def test_it_takes_no_memory_of_the_size_of_the_table(self):
        state = Optimizer(Mixed(), adam_config(), iterate_in=torch.float32).state()
        assert state["square/table.weight"].shape == (100,)
        assert "table.weight" not in state


class TestLinear:
    def moved(self, batch_size):
        network = Mixed()
        network.role = lambda name, parameter: "linear" if name == "table.weight" else "adam"
        before = network.table.weight.detach().clone()
        optimizer = Optimizer(network, adam_config(lr_linear=0.25), iterate_in=torch.float32)
        network.table(torch.tensor([7, 7, 50])).sum().div(batch_size).backward()
        optimizer.step(0.5, batch_size)
        assert "square/table.weight" not in optimizer.state()
        return (network.table.weight - before).detach()

    def test_it_descends_by_the_sum_over_the_samples(self):
        moved = self.moved(3)
        assert torch.nonzero(moved.abs().sum(1))[:, 0].tolist() == [7, 50]
        torch.testing.assert_close(moved[[7, 50]], -0.125 * torch.tensor([[2.0, 2.0], [1.0, 1.0]]))

    def test_large_batches_count_for_64_samples(self):
        torch.testing.assert_close(self.moved(640)[50], torch.full((2,), -0.0125))


def test_the_state_of_every_role_is_all_that_a_copy_needs():
    one, two = Mixed(), Mixed(seed=3)
    first = Optimizer(one, adam_config(clip=1.0), iterate_in=torch.float32)
    run_mixed(one, first, range(4))
    second = Optimizer(two, adam_config(clip=1.0), iterate_in=torch.float32)
    with torch.no_grad():
        for mine, other in zip(two.parameters(), one.parameters(), strict=True):
            mine.copy_(other)
    second.load_state({name: tensor.clone() for name, tensor in first.state().items()})
    run_mixed(one, first, range(4, 8))
    run_mixed(two, second, range(4, 8))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
