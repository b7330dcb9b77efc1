using FluentAssertions;
using Pipelines.Models.Families;
using Pipelines.Models.Vision;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

public sealed class TokenGridTests
{
    private static readonly Picture Any = new(1, 1, new byte[3]);

    [Fact]
    public void Tiles_that_follow_each_other_lie_side_by_side()
    {
        // two tiles of 2 x 2 tokens: 0 1 | 4 5
        //                            2 3 | 6 7
        TokenGrid grid = TokenGrid.OfTiles(Any, 1, 2, 2);
        (grid.Rows, grid.Columns).Should().Be((2, 4));
        grid.Order.Should().Equal(0, 1, 4, 5, 2, 3, 6, 7);
        grid.CellOf(4).Should().Be((0, 2));
        grid.CellOf(3).Should().Be((1, 1));
        grid.CellOf(8).Should().BeNull("the whole picture's tokens come last and are in no grid");
    }

    [Fact]
    public void Without_an_order_cells_are_the_first_tokens_row_by_row()
    {
        var grid = new TokenGrid(Any, 2, 3);
        grid.Order.Should().BeNull();
        grid.CellOf(4).Should().Be((1, 1));
        grid.CellOf(6).Should().BeNull();
    }
}
