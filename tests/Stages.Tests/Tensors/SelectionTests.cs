using FluentAssertions;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class SelectionTests
{
    [Theory]
    [InlineData(torch.ScalarType.Float32)]
    [InlineData(torch.ScalarType.Float64)]
    [InlineData(torch.ScalarType.BFloat16)]
    public void One_of_two_has_the_bits_of_where(torch.ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor one = (torch.randn(3, 5, 67, dtype: torch.ScalarType.Float64) * 1e4).to(type),
            other = torch.randn(3, 5, 67, dtype: torch.ScalarType.Float64).to(type),
            chosen = torch.randint(0, 2, [3, 5, 1]);
        torch.Tensor found = Selection.OneOf(chosen.to(type), one, other);
        found.dtype.Should().Be(type);
        found.eq(torch.where(chosen.to(torch.ScalarType.Bool), one, other)).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void Taken_rows_have_the_bits_of_index_select()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = torch.randn(4, 9, 6),
            index = torch.tensor([3L, 0, 3], dtype: torch.ScalarType.Int64);
        for (int axis = 0; axis < 3; axis++)
        {
            x.Taken(axis, index).eq(x.index_select(axis, index)).all().item<bool>().Should().BeTrue();
        }
    }
}
