using FluentAssertions;
using Pipelines.Host.Commands;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What the program says, whole.</summary>
public sealed class ApprovalTests(ApprovalTests.Session session) : IClassFixture<ApprovalTests.Session>
{
    private const string Errors = "errors-of-a-spec";

    private static readonly Approved Texts = new(HostProcess.RepositoryRoot, "tests/Host.Tests/Approved");

    /// <summary>Every command, the root as "".</summary>
    private static readonly string[] Names = [.. CommandLine.Build().Subcommands.Select(c => c.Name).Prepend("")];

    public static TheoryData<string> Commands => [.. Names];

    public static TheoryData<string> Steps => [.. Session.Steps.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void The_help_of_a_command_is_the_one_that_was_accepted(string command) =>
        Texts.Hold(NameOfHelp(command), Told(command.Length == 0 ? ["--help"] : [command, "--help"]));

    [Theory]
    [MemberData(nameof(Steps))]
    public void What_a_command_says_of_a_small_experiment_is_what_was_accepted(string step) =>
        Texts.Hold(step, session.Told[step]);

    [Fact]
    public void The_errors_of_a_spec_are_told_as_they_were_accepted()
    {
        using var experiment = new SmallExperiment();
        // None in a line with a path: the column of an error would be another in another folder
        string wrong = File.ReadAllText(experiment.Spec)
            .Replace("seed: 3", "sead: 3", StringComparison.Ordinal)
            .Replace("keep: 2", "keep: -2", StringComparison.Ordinal)
            .Replace("stage: regress", "stage: regres", StringComparison.Ordinal)
            .Replace("count: 60", "count: many", StringComparison.Ordinal)
            .Replace("scan: until-crossed", "scan: [all]", StringComparison.Ordinal);
        File.WriteAllText(experiment.Spec, wrong);
        Texts.Hold(Errors, Told(experiment.Arguments(), (Path.GetDirectoryName(experiment.Spec)!, "<folder>")));
    }

    [Fact]
    public void A_slow_machine_with_much_memory_says_the_same_as_this_one() =>
        SameEverywhere
            .Of(
                """
                forward: 60 of 120 masks, 0.31 masks/s, 3 min left
                forward: 8 computed in 2 h 05 min
                  altogether: 27 units, about 1 d 3 h, one at a time (12 % of it as stored units took)
                    memory: about 386 MB at most (stage forward) of the 1.5 GB that ulimit -v leaves
                    disk: about 2 MB in 165 files, of 12.3 GB free at /src/b/artifacts
                27 units computed, 0 were stored (123.45 s).

                """,
                ("/src/b", "<folder>"),
                ("/src", "<repository>")
            )
            .Should()
            .Be(
                """
                forward: 8 computed in <time>
                  altogether: 27 units, about <time>, one at a time (<source>)
                    memory: about 386 MB at most (stage forward) of the <size> that <what bounds it> leaves
                    disk: about 2 MB in 165 files, of <size> free at <folder>/artifacts
                27 units computed, 0 were stored (<time>).

                """
            );

    [Fact]
    public void Nothing_is_accepted_that_nothing_is_held_against() =>
        Texts
            .Names.Should()
            .BeEquivalentTo([.. Names.Select(NameOfHelp), .. Session.Steps.Select(s => s.Name), Errors]);

    private static string NameOfHelp(string command) => command.Length == 0 ? "help" : $"help-{command}";

    /// <summary>A command line, its exit code and both streams.</summary>
    private static string Told(string[] arguments, params (string Folder, string Token)[] folders)
    {
        var (code, output, errors) = HostProcess.Run(arguments);
        string[] parts = [$"$ {string.Join(' ', arguments)}\nexit code {code}\n", output, Marked(errors)];
        return SameEverywhere.Of(
            string.Join('\n', parts.Where(p => p.Length > 0)),
            [.. folders, (HostProcess.RepositoryRoot, "<repository>")]
        );
    }

    private static string Marked(string errors) => errors.Length == 0 ? "" : $"On the stream of errors:\n{errors}";

    /// <summary>
    /// Commands on one small experiment, one after the other as a person gives them: what one leaves, the next finds.
    /// </summary>
    public sealed class Session
    {
        /// <summary>As many workers everywhere as here: a plan tells how many.</summary>
        private static readonly string[] OneWorker = ["--jobs", "1", "--threads", "1"];

        private static readonly string[] OtherPenalty =
        [
            "--set",
            "name=sparse",
            "--set",
            "stages.attribution.alpha=0.02",
        ];

        private readonly Lazy<IReadOnlyDictionary<string, string>> told = new(RunAll);

        /// <summary>What the program said, by the step's name; all run where one is asked for.</summary>
        internal IReadOnlyDictionary<string, string> Told => told.Value;

        /// <summary>The commands in their order.</summary>
        internal static IReadOnlyList<(string Name, Func<SmallExperiment, string[]> Of)> Steps { get; } =
        [
            ("plan-of-a-first-run", e => ["plan", .. e.Arguments(OneWorker)]),
            ("explain-what-waits", e => ["explain", "attribution", .. e.Arguments()]),
            ("run-for-the-first-time", e => e.Arguments(OneWorker)),
            ("run-again", e => e.Arguments(OneWorker)),
            ("plan-of-nothing", e => ["plan", .. e.Arguments(OneWorker)]),
            ("explain-what-is-stored", e => ["explain", "forward", .. e.Arguments()]),
            ("plan-of-a-change", e => ["plan", .. e.Arguments([.. OneWorker, .. OtherPenalty])]),
            ("explain-a-change", e => ["explain", "attribution/", .. e.Arguments(OtherPenalty)]),
            ("run-with-a-change", e => e.Arguments([.. OneWorker, .. OtherPenalty])),
            ("diff", e => ["diff", "small", "sparse", "--artifacts", e.Artifacts]),
            ("diff-of-a-run-with-itself", e => ["diff", "small", "small", "--artifacts", e.Artifacts]),
        ];

        private static Dictionary<string, string> RunAll()
        {
            using var experiment = new SmallExperiment();
            string folder = Path.GetDirectoryName(experiment.Spec)!;
            return Steps.ToDictionary(
                step => step.Name,
                step => ApprovalTests.Told(step.Of(experiment), (folder, "<folder>")),
                StringComparer.Ordinal
            );
        }
    }
}
