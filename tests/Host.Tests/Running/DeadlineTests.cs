using FluentAssertions;
using Pipelines.Host.Running;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Running;

/// <summary>Which units are begun when the end of the process is known.</summary>
public sealed class DeadlineTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private TimeSpan passed;

    [Fact]
    public void Without_a_limit_and_outside_of_a_job_there_is_no_end() =>
        Deadline.Of(null, null, Now, TimeSpan.Zero).Should().BeNull();

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("-5")]
    [InlineData("99999999999999")]
    public void What_is_no_time_says_no_end(string said) =>
        Deadline.Of(null, said, Now, TimeSpan.Zero).Should().BeNull();

    [Theory]
    [InlineData(1_699_999_000)]
    [InlineData(1_699_999_900)]
    public void A_job_that_ended_before_this_process_began_is_not_its_own(int end)
    {
        string said = end.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Deadline.Of(null, said, Now, TimeSpan.FromSeconds(10)).Should().BeNull("a shell outlived it");
        Deadline
            .Of(null, said, Now, TimeSpan.FromSeconds(5000))!
            .IsReached.Should()
            .BeTrue("it was still there as this process began");
    }

    [Theory]
    [InlineData(100, null, 90)] // ten of them are gone
    [InlineData(null, 1_700_000_050, 50)]
    [InlineData(100, 1_700_000_050, 50)]
    [InlineData(30, 1_700_000_050, 20)]
    public void The_earlier_end_holds(int? limit, int? end, int left)
    {
        Deadline deadline = Deadline.Of(
            limit is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            end?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Now,
            TimeSpan.FromSeconds(10)
        )!;
        deadline.Begins((_, _) => 0.8); // and a quarter more
        deadline.Allows(Unit("a", left - 5)).Should().BeTrue();
        deadline.Allows(Unit("a", left)).Should().BeFalse("something is kept free");
    }

    [Fact]
    public void A_unit_of_which_nothing_is_known_is_begun_and_then_measured()
    {
        Deadline deadline = Ends(100);
        Unit unit = Unit("a", 10);
        deadline.Allows(unit).Should().BeTrue();
        deadline.Took(unit, TimeSpan.FromSeconds(60));
        passed = TimeSpan.FromSeconds(60);
        deadline.Allows(unit).Should().BeFalse("it would take as long as the first");
        deadline.Allows(Unit("a", 4)).Should().BeTrue("less work takes less time");
        deadline.IsReached.Should().BeFalse("nothing was left for it");
        deadline.Leaves([Unit("a", 12), unit]);
        deadline.IsReached.Should().BeTrue();
        deadline
            .Words.Should()
            .Be("This job's time ends in 40 s, and the shortest of what is ready takes about 75 s: it ends here.");
        deadline.Leaves([]);
        deadline.IsReached.Should().BeFalse("another process has computed it");
    }

    [Fact]
    public void The_first_unit_waits_for_the_model_and_counts_only_until_there_is_another()
    {
        Deadline deadline = Ends(100);
        deadline.Took(Unit("a", 1), TimeSpan.FromSeconds(90));
        deadline.Allows(Unit("a", 1)).Should().BeFalse();
        deadline.Took(Unit("a", 1), TimeSpan.FromSeconds(2));
        deadline.Allows(Unit("a", 1)).Should().BeTrue();
    }

    [Fact]
    public void Of_several_measured_the_slowest_counts()
    {
        Deadline deadline = Ends(100);
        foreach (int seconds in (int[])[1, 50, 3])
        {
            deadline.Took(Unit("a", 1), TimeSpan.FromSeconds(seconds));
        }

        passed = TimeSpan.FromSeconds(40);
        deadline.Allows(Unit("a", 1)).Should().BeFalse();
    }

    [Fact]
    public void Sorts_are_measured_apart_and_what_was_measured_comes_before_a_guess()
    {
        Deadline deadline = Ends(100);
        deadline.Begins((_, _) => 1000);
        deadline.Took(Unit("a", 1), TimeSpan.FromSeconds(1));
        deadline.Allows(Unit("a", 1)).Should().BeTrue();
        deadline.Allows(Unit("b", 1)).Should().BeFalse();
    }

    [Fact]
    public void After_the_end_nothing_is_begun()
    {
        Deadline deadline = Ends(100);
        passed = TimeSpan.FromSeconds(99);
        deadline.Allows(Unit("a", 1)).Should().BeFalse();
        deadline.Words.Should().Be("This job's time ends in 1 s, and nothing more is begun: it ends here.");
    }

    private Deadline Ends(int seconds) => new(TimeSpan.FromSeconds(seconds), () => passed);

    private static Unit Unit(string kind, int work) =>
        new(kind, 1, $"{kind} {work}", [new KeyPart.Text("name", kind)], work, "things", _ => { });
}
