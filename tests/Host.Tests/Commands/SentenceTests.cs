using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Host.Planning;
using Xunit;

namespace Pipelines.Host.Tests.Commands;

/// <summary>Sentences with counts are those of a person, for one as for many.</summary>
public sealed class SentenceTests
{
    [Theory]
    [InlineData(1, 447, true, "1 unit computed, 447 were stored (0.50 s).")]
    [InlineData(42, 1, true, "42 units computed, 1 was stored (0.50 s).")]
    [InlineData(0, 447, true, "Nothing to do: all 447 units are stored (0.50 s).")]
    [InlineData(0, 1, true, "Nothing to do: the one unit is stored (0.50 s).")]
    [InlineData(0, 3, false, "0 units computed, 3 were stored (0.50 s).")]
    public void A_run_is_described_in_the_right_number(int computed, int stored, bool isWhole, string sentence) =>
        RunCommand.Described(computed, stored, isWhole, TimeSpan.FromSeconds(0.5)).Should().Be(sentence);

    [Theory]
    [InlineData(1, "altogether: 1 unit, about")]
    [InlineData(2, "altogether: 2 units, about")]
    public void A_plan_is_added_up_in_the_right_number(int units, string line) =>
        new PlanTotals(units, 1, 1, 0, 0, null).Lines(1, null, null, 1, "/").First().Should().StartWith(line);
}
