using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Host.Progress;
using Pipelines.Stages;
using Spectre.Console;
using Xunit;

namespace Pipelines.Host.Tests.Progress;

/// <summary>What a person sees on a terminal, narrow ones among them.</summary>
public sealed class LiveProgressTests
{
    private static readonly string Path =
        "/data/" + string.Join('/', Enumerable.Range(0, 12).Select(i => $"folder-{i}"));
    private static readonly string[] Stages = ["answers", "forward", "forward: half-split", "attribution"];

    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void Messages_stand_whole_above_bars_of_one_line_each(int width)
    {
        string[] messages =
        [
            $"forward-passes 0123456789ab: data.parquet has another checksum; set aside in {Path} and computed again.",
            "short",
            "answers: 3 of 3 units known so far to compute, because pictures changed 100 pictures -> 6 pictures",
        ];
        string[] lines = Shown(
            width,
            progress =>
            {
                foreach (string stage in Stages)
                {
                    progress.Stage(stage, 10, 1000, "masks");
                    progress.AtWork(stage, true);
                }

                Thread.Sleep(300);
                foreach (string message in messages)
                {
                    progress.Advance("forward", 40);
                    progress.Message(message);
                    Thread.Sleep(150); // it is drawn every tenth of a second
                }

                progress.Finished("answers", "2 computed in 3 s, 5 cached, 17 failed, 100 not started", isWhole: false);
                progress.Finished("attribution", "2 computed in 3 s", isWhole: true);
            }
        );
        string[] bars = [.. lines.Where(l => l.Contains('%', StringComparison.Ordinal))];
        string[] told = [.. lines.Where(l => l.Length > 0).SkipLast(bars.Length)];
        string.Join(' ', told).Should().Be(string.Join(' ', messages), "above the bars is nothing else");
        told.Should().OnlyContain(l => l.Length <= width || l == Path, "nothing else is longer than a line");
        bars.Should().HaveCount(Stages.Length, string.Join('\n', lines));
        bars.Should().OnlyContain(b => b.Length <= width && b.Contains('%'));
        bars.Single(b => b.StartsWith("answers", StringComparison.Ordinal)).Should().Contain(" 1%", "it is not whole");
        bars.Single(b => b.StartsWith("attribution", StringComparison.Ordinal)).Should().Contain("100%");
        string forward = bars.Single(b => b.StartsWith("forward ", StringComparison.Ordinal));
        if (width >= 60)
        {
            forward.Should().Contain("left");
        }

        if (width >= 80)
        {
            forward.Should().Contain("masks/s");
        }
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    public void A_summary_fits_the_terminal(int width)
    {
        using var text = new StringWriter();
        SummaryTable.WriteTable(
            [new SummaryRow("validation: head-attribution", "4.5 heads for faithfulness > 0.8, 27.5 for the other")],
            ConsoleOf(text, width)
        );
        text.ToString().Split('\n').Should().OnlyContain(l => l.Length <= width).And.Contain(l => l.Contains("4.5"));
    }

    private static string[] Shown(int width, Action<LiveProgress> work)
    {
        using var text = new StringWriter();
        var progress = new LiveProgress(ConsoleOf(text, width));
        progress.Show(() =>
        {
            work(progress);
            return 0;
        });
        var screen = new Screen(width);
        screen.Take(text.ToString());
        return [.. screen.Lines];
    }

    private static IAnsiConsole ConsoleOf(TextWriter output, int width)
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.Yes,
                Interactive = InteractionSupport.Yes,
                ColorSystem = ColorSystemSupport.NoColors,
                Out = new AnsiConsoleOutput(output),
            }
        );
        (console.Profile.Width, console.Profile.Height) = (width, 50);
        return console;
    }
}
