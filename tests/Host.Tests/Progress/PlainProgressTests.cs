using FluentAssertions;
using Pipelines.Host.Progress;
using Xunit;

namespace Pipelines.Host.Tests.Progress;

/// <summary>Lines of progress, also where work is taken back.</summary>
public sealed class PlainProgressTests
{
    [Fact]
    public void What_failed_is_taken_back_and_where_nothing_is_left_of_it_there_is_no_rate()
    {
        using var output = new StringWriter();
        var progress = new PlainProgress(output, TimeSpan.Zero);
        progress.Stage("forward", 5, 20_000, "masks");
        progress.AtWork("forward", true);

        progress.Advance("forward", 10);
        progress.Advance("forward", -10);

        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(2);
        lines[0].Should().MatchRegex(@"^forward: 15 of 20\u202f000 masks, .+ masks/s, .+ left\r?$");
        lines[1].TrimEnd().Should().Be("forward: 5 of 20\u202f000 masks");
    }
}
