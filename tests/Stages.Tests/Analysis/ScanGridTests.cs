using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Stages.Analysis;
using Xunit;

namespace Pipelines.Stages.Tests.Analysis;

/// <summary>Which numbers of heads a scan on a grid measures.</summary>
public sealed class ScanGridTests
{
    [Property(MaxTest = 500)]
    public void Places_go_one_by_one_to_32_and_from_there_by_equal_steps_to_N(PositiveInt of)
    {
        int heads = of.Get * 7 % 3000;
        IReadOnlyList<int> places = ScanGrid.Places(heads);

        places.Take(33).Should().Equal(Enumerable.Range(0, Math.Min(33, heads + 1)));
        places[^1].Should().Be(heads);
        int[] gaps = [.. places.Zip(places.Skip(1), (a, b) => b - a).Skip(32)];
        gaps.SkipLast(1).All(gap => gap == ScanGrid.Step(heads)).Should().BeTrue();
        gaps.TakeLast(1).All(last => last >= 1 && last <= ScanGrid.Step(heads)).Should().BeTrue();
    }

    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(12, 1, 13)] // 4 % is less than half a head
    [InlineData(32, 1, 33)]
    [InlineData(33, 1, 34)] // 1.3
    [InlineData(37, 1, 38)] // 1.48
    [InlineData(38, 2, 36)] // 1.52: 34, 36, 38
    [InlineData(64, 3, 44)] // 35, 38, ..., 62, 64
    [InlineData(400, 16, 56)] // 48, 64, ..., 400
    [InlineData(1024, 41, 58)] // 73, 114, ..., 1016, 1024
    public void A_step_is_4_percent_of_the_heads_to_the_nearest_and_at_least_one(int heads, int step, int places)
    {
        ScanGrid.Step(heads).Should().Be(step);
        ScanGrid.Places(heads).Should().HaveCount(places);
    }
}
