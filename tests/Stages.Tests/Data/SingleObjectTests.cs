using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

public sealed class SingleObjectTests
{
    private static readonly SingleObject Rule = new(0.05, 0.02);

    [Theory]
    [InlineData("", "no instance is annotated")]
    [InlineData("5", null)]
    [InlineData("4.99", "no single instance covers 5 %")]
    [InlineData("5c", "no single instance covers 5 %")]
    [InlineData("50 1.99", null)]
    [InlineData("1.99 50 1 1 1", null)]
    [InlineData("50 2", "a second instance covers 2 %")]
    [InlineData("50 5", "several instances cover 5 %")]
    [InlineData("50 1.99c", null)]
    [InlineData("50 2c", "a crowd covers 2 %")]
    public void The_bounds_are_at_least_and_below(string areas, string? leftOut)
    {
        string? reason = Rule.LeftOut(
            Tally(
                areas
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(a => (Number(a.TrimEnd('c')), a.EndsWith('c')))
            ),
            100
        );

        (reason ?? "").Should().StartWith(leftOut ?? "");
        (reason is null).Should().Be(leftOut is null);
    }

    [Fact]
    public void The_main_object_is_the_largest_that_is_no_crowd()
    {
        var tally = new InstanceTally();
        tally.Add(90, new CocoId(1), crowd: true);
        tally.Add(10, new CocoId(2), crowd: false);
        tally.Add(20, new CocoId(3), crowd: false);
        tally.Add(20, new CocoId(4), crowd: false);

        (tally.Count, tally.Category, tally.Largest, tally.Second, tally.LargestCrowd)
            .Should()
            .Be((4, new CocoId(3), 20d, 20d, 90d));
    }

    [Property(MaxTest = 500)]
    public void The_tally_decides_as_the_rule_read_literally(
        (byte Area, bool Crowd)[] instances,
        byte least,
        byte others
    )
    {
        var rule = new SingleObject(least / 255d, others / 255d);
        (double Share, bool Crowd)[] shares = [.. instances.Select(i => (i.Area / 255d, i.Crowd))];
        bool literally =
            shares.Count(s => !s.Crowd && s.Share >= rule.MinArea) == 1
            && shares
                .Where((s, n) => n != Array.FindIndex(shares, m => !m.Crowd && m.Share >= rule.MinArea))
                .All(s => s.Share < rule.OthersBelow);

        (rule.LeftOut(Tally(instances.Select(i => ((double)i.Area, i.Crowd))), 255) is null).Should().Be(literally);
    }

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static InstanceTally Tally(IEnumerable<(double Area, bool Crowd)> instances)
    {
        var tally = new InstanceTally();
        foreach ((double area, bool crowd) in instances)
        {
            tally.Add(area, new CocoId(1), crowd);
        }

        return tally;
    }
}
