using System.Globalization;
using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Host.Progress;
using Pipelines.Host.Running.Devices;
using Xunit;

namespace Pipelines.Host.Tests.Running.Devices;

public sealed class FleetProgressTests
{
    private readonly Recorded shown = new();

    private FleetProgress Two => field ??= new FleetProgress(shown, ["cpu 1", "cpu 2"]);

    [Fact]
    public void What_two_processes_advance_adds_up_and_what_both_found_stored_does_not()
    {
        Two.Take(0, new StageShown("forward", 100, 1000, "masks"));
        Two.Take(1, new StageShown("forward", 100, 1200, "masks"));
        Two.Take(0, new Advanced("forward", 30));
        Two.Take(1, new Advanced("forward", 50));

        shown.Done["forward"].Should().Be(180);
        shown.Lines.Should().EndWith(["forward +30", "forward +50"]);
        shown.Lines.Should().Contain("forward 100/1200 masks", "one of them knows of more");
    }

    [Fact]
    public void A_stage_is_at_work_while_any_process_is()
    {
        Two.Take(0, new StageShown("forward", 0, 10, "masks"));
        Two.Take(1, new StageShown("forward", 0, 10, "masks"));
        Two.Take(0, new AtWorkNow("forward", true));
        Two.Take(1, new AtWorkNow("forward", true));
        Two.Take(0, new AtWorkNow("forward", false));
        Two.Ended(1);

        shown
            .Lines.Where(l => l.Contains("work", StringComparison.Ordinal))
            .Should()
            .Equal("forward at work True", "forward at work False");
    }

    [Fact]
    public void A_stage_ends_when_it_does_for_all_that_go_through_it()
    {
        Two.Take(0, new StageShown("fit", 0, 10, "fits"));
        Two.Take(1, new StageShown("fit", 0, 10, "fits"));
        Two.Take(0, new StageFinished("fit", "6 computed", IsWhole: true));
        shown.Lines.Should().NotContain(l => l.Contains("computed", StringComparison.Ordinal));

        Two.Take(1, new StageFinished("fit", "4 computed", IsWhole: true));
        Two.End();

        shown.Lines.Should().ContainSingle(l => l.Contains("computed", StringComparison.Ordinal));
        shown.Lines[^1].Should().Be("fit whole True: cpu 1: 6 computed; cpu 2: 4 computed");
    }

    [Fact]
    public void What_nobody_saw_whole_is_told_when_all_have_ended()
    {
        Two.Take(0, new StageShown("fit", 0, 10, "fits"));
        Two.Take(0, new StageFinished("fit", "1 failed, 9 not started", IsWhole: false));
        Two.Ended(0);
        Two.End();

        shown.Lines[^1].Should().Be("fit whole False: cpu 1: 1 failed, 9 not started");
    }

    [Fact]
    public void Each_experiment_of_several_has_stages_of_its_own_wherever_the_processes_are()
    {
        foreach (int process in (int[])[0, 1])
        {
            Two.Take(process, new ExperimentBegun("a"));
            Two.Take(process, new StageShown("fit", 0, 10, "fits"));
        }

        Two.Take(0, new Advanced("fit", 10));
        Two.Take(0, new StageFinished("fit", "10 computed", IsWhole: true));
        Two.Take(1, new StageFinished("fit", "10 cached", IsWhole: true));
        Two.Take(0, new ExperimentBegun("b"));
        Two.Take(0, new StageShown("fit", 2, 20, "fits"));
        Two.Take(0, new Advanced("fit", 3));
        Two.Take(0, new StageFinished("fit", "3 computed", IsWhole: true));

        (shown.Done["a/fit"], shown.Done["b/fit"]).Should().Be((10, 5));
        shown
            .Lines.Where(l => l.Contains("whole", StringComparison.Ordinal))
            .Should()
            .Equal("a/fit whole True: cpu 1: 10 computed; cpu 2: 10 cached", "b/fit whole True: cpu 1: 3 computed");
    }

    [Fact]
    public void Sentences_have_their_process_and_one_that_all_say_is_said_once()
    {
        Two.Take(1, new Said("shard 7 failed"));
        Two.Say(0, "spec.yaml: nothing there");
        Two.Say(1, "spec.yaml: nothing there");

        shown.Lines.Should().Equal("says cpu 2: shard 7 failed", "says cpu 1: spec.yaml: nothing there");
    }

    [Fact]
    public void Events_of_a_stage_that_was_not_shown_do_no_harm()
    {
        Two.Take(0, new Advanced("none", 1));
        Two.Take(0, new AtWorkNow("none", true));
        Two.Take(0, new StageFinished("none", "", true));
        Two.End();

        shown.Lines.Should().BeEmpty();
    }

    [Property]
    public void Every_event_is_read_as_it_was_written(
        NonNull<string> stage,
        long a,
        long b,
        NonNull<string> text,
        bool yes
    )
    {
        ProgressEvent[] all =
        [
            new StageShown(stage.Get, a, b, text.Get),
            new Advanced(stage.Get, a),
            new AtWorkNow(stage.Get, yes),
            new StageFinished(stage.Get, text.Get, yes),
            new Said(text.Get),
        ];
        foreach (ProgressEvent told in all)
        {
            string line = told.ToLine();
            line.Should().NotContain("\n");
            // A lone surrogate, which is no text, comes back as U+FFFD
            ProgressEvent.Read(line)!.ToLine().Should().Be(line);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("WARNING: libgomp")]
    [InlineData("{\"event\":\"none\"}")]
    [InlineData("{\"event\":\"advance\"}")]
    [InlineData("{\"event\":\"advance\",\"Stage\":null,\"Work\":1}")]
    [InlineData("{\"event\":\"advance\",\"Stage\":\"a\",\"Work\":1e99}")]
    [InlineData("{\"event\":[[[[[[")]
    public void Another_line_is_no_event(string line) => ProgressEvent.Read(line).Should().BeNull();

    private sealed class Recorded : RunProgress
    {
        public List<string> Lines { get; } = [];

        public Dictionary<string, long> Done { get; } = [];

        public override T Show<T>(Func<T> body) => body();

        public override void Stage(string stage, long done, long total, string workUnit)
        {
            Done[stage] = done;
            Lines.Add(string.Create(CultureInfo.InvariantCulture, $"{stage} {done}/{total} {workUnit}"));
        }

        public override void Advance(string stage, long work)
        {
            Done[stage] += work;
            Lines.Add(string.Create(CultureInfo.InvariantCulture, $"{stage} +{work}"));
        }

        public override void AtWork(string stage, bool isAtWork) => Lines.Add($"{stage} at work {isAtWork}");

        public override void Finished(string stage, string summary, bool isWhole) =>
            Lines.Add($"{stage} whole {isWhole}: {summary}");

        public override void Message(string text) => Lines.Add($"says {text}");
    }
}
