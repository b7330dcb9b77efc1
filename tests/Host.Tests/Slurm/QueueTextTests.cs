using FluentAssertions;
using Pipelines.Host.Running.Slurm;
using Xunit;

namespace Pipelines.Host.Tests.Slurm;

/// <summary>What queue and accounting say, in words.</summary>
public sealed class QueueTextTests
{
    private static readonly Submission Submitted = new(
        DateTime.UnixEpoch,
        [new("12", "array", 5), new("13", "follow-up 1", 5), new("14", "report", null)]
    )
    {
        Folder = "/store/runs/small/slurm/20261201-120000-ab12",
    };

    [Fact]
    public void Elements_are_counted_by_state_with_their_nodes_and_reasons_and_what_nobody_knows_is_unknown() =>
        Lines(
                """
                12_0|RUNNING|n1|None
                12_1|RUNNING|n2|None
                12_2|OUT_OF_MEMORY|n2|OutOfMemory
                12_3|CANCELLED by 1000|n2|None
                13_0|PENDING||Dependency
                13_1|PENDING||Dependency
                13_2|PENDING||Dependency
                13_3|PENDING||Dependency
                13_4|PENDING||Dependency
                """
            )
            .Should()
            .Equal(
                "  12 (array, 5 jobs)        2 running on n1, n2, 1 cancelled, 1 out of memory, "
                    + "1 unknown (Slurm no longer tells)",
                "  13 (follow-up 1, 5 jobs)  5 pending (Dependency)",
                "  14 (report)               unknown (Slurm no longer tells)"
            );

    [Fact]
    public void A_job_that_waits_for_what_can_never_be_is_shown_with_what_ends_it() =>
        Lines("14|PENDING||DependencyNeverSatisfied")
            .TakeLast(2)
            .Should()
            .Equal(
                "  14 (report)               pending (DependencyNeverSatisfied)",
                "    it waits for what can never be, and would wait for ever: scancel 14"
            );

    [Fact]
    public void The_queues_word_on_an_element_comes_before_the_accountings() =>
        Lines("12_0|RUNNING|n1|None\n12_0|REQUEUED|n1|None\n12_1|COMPLETED|n1|\n")[0]
            .Should()
            .StartWith("  12 (array, 5 jobs)        1 running on n1, 1 completed, 3 unknown");

    [Theory]
    [InlineData("")]
    [InlineData("slurm_load_jobs error")]
    [InlineData("12_[0-4%2]|PENDING||Resources|/f")]
    [InlineData("x|RUNNING|n1|None|/f")]
    [InlineData("12_0|RUNNING")]
    [InlineData("12_0|RUNNING|n1|None")]
    [InlineData("12_0_1|RUNNING|n1|None|/f")]
    [InlineData("12_99999999999999999999|RUNNING|n1|None|/f")]
    public void A_line_of_another_form_says_nothing(string answer) => JobLine.Read(answer, '|').Should().BeEmpty();

    [Theory]
    [InlineData("RUNNING", true)]
    [InlineData("REQUEUE_HOLD", true)]
    [InlineData("A_STATE_OF_TOMORROW", true)]
    [InlineData("COMPLETED", false)]
    [InlineData("CANCELLED by 1000", false)]
    [InlineData("NODE_FAIL", false)]
    public void A_state_that_is_not_surely_over_is_one_to_be_cancelled(string state, bool isAlive) =>
        QueueText.IsAlive(JobLine.Read($"12|{state}||None|/f", '|').Single()).Should().Be(isAlive);

    [Fact]
    public void Jobs_that_nobody_could_be_asked_about_are_not_said_to_be_forgotten() =>
        QueueText
            .Lines(Submitted, [], haveAnswered: false)
            .Should()
            .OnlyContain(line => line.EndsWith("unknown (not known here)", StringComparison.Ordinal));

    [Fact]
    public void A_program_without_an_answer_is_ended_when_the_run_is()
    {
        using var interrupted = new CancellationTokenSource(TimeSpan.FromSeconds(0.5));
        var programs = new SlurmProcess(TimeSpan.FromMinutes(3));
        programs
            .Invoking(p => p.Run("sleep", ["600"], cancel: interrupted.Token))
            .Should()
            .Throw<SlurmException>()
            .Where(e => e.IsUnknown)
            .WithMessage("Interrupted*sleep*");
    }

    [Fact]
    public void A_number_that_the_cluster_gave_to_another_job_says_nothing_of_ours()
    {
        JobLine[] known = [.. JobLine.Read("12_0|RUNNING|n1|None|/home/else\n14|PENDING||Priority|\n", '|')];
        QueueText
            .Lines(Submitted, known)
            .Should()
            .Equal(
                "  12 (array, 5 jobs)        5 unknown (its number now belongs to another job)",
                "  13 (follow-up 1, 5 jobs)  5 unknown (Slurm no longer tells)",
                "  14 (report)               unknown (its number now belongs to another job)"
            );
        Submitted.AliveIn(known).Should().BeEmpty();
        Submitted.NumberedAnewIn(known).Select(j => j.Id).Should().Equal("12", "14");
    }

    [Fact]
    public void A_folder_that_is_reached_by_another_path_is_the_same_submissions() =>
        Submitted
            .AliveIn([.. JobLine.Read("12_0|RUNNING|n1|None|/nfs/a|b/slurm/20261201-120000-ab12\n", '|')])
            .Select(j => j.Id)
            .Should()
            .Equal("12");

    private static string[] Lines(string answer) =>
        [
            .. QueueText.Lines(
                Submitted,
                [.. answer.Split('\n').SelectMany(line => JobLine.Read($"{line}|{Submitted.Folder}", '|'))]
            ),
        ];
}
