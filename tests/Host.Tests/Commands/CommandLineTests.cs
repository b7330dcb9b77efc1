using System.CommandLine;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Commands;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Commands;

public sealed class CommandLineTests
{
    /// <summary>Every command, the root as "".</summary>
    public static TheoryData<string> Commands => [.. CommandLine.Build().Subcommands.Select(c => c.Name).Prepend("")];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_comes_before_what_a_command_requires(string command)
    {
        foreach (string option in (string[])["--help", "-h", "-?"])
        {
            Shown(command, option).Should().Contain("Usage:").And.Contain("--help");
        }

        Shown(command, "--help", "--nonsense").Should().Contain("Usage:", "who asks for help has not got it right yet");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Usage_is_how_the_program_is_called_and_names_the_commands_own_arguments_alone(string command)
    {
        string help = Shown(command, "--help"),
            usage = help.Split('\n').SkipWhile(l => !l.StartsWith("Usage:", StringComparison.Ordinal)).ElementAt(1);
        usage.Should().StartWith($"  {Help.Program} {command}");
        help.Should().NotContain(RootCommand.ExecutableName);
        string[] withSpec = ["", "run", "ask", "plan", "status", "cancel", "reproduce", "explain", "check", "report"];
        bool takesSpec = withSpec.Contains(command);
        help.Contains("<SPEC>  ", StringComparison.Ordinal).Should().Be(takesSpec, help);
        usage.Split("<SPEC>").Length.Should().Be(takesSpec ? 2 : 1, usage);
    }

    [Theory]
    [InlineData("--jobs 2 status SPEC", "status: '--jobs' has no place here (it is an option of run).")]
    [InlineData("--worker explain forward SPEC", "explain: '--worker' has no place here (it is an option of run).")]
    [InlineData("--stale 5min cancel SPEC", "cancel: '--stale' has no place here (it is an option of run).")]
    [InlineData("status --worker SPEC", "status: '--worker' has no place here (it is an option of run).")]
    [InlineData("cancel -k SPEC", "cancel: '-k' has no place here (it is an option of run).")]
    [InlineData("explain --jobs=2 forward SPEC", "explain: '--jobs=2' has no place here (it is an option of run).")]
    [InlineData("status SPEC --threads 2", "status: '--threads' has no place here (it is an option of run).")]
    public void An_option_that_a_command_does_not_have_is_named_wherever_it_stands(string words, string says)
    {
        var (code, _, errors) = HostProcess.Run([
            .. words.Split(' ').Select(w => w == "SPEC" ? "experiments/ci-small.yaml" : w),
        ]);
        code.Should().Be(Program.BadInput);
        errors.Should().StartWith(says).And.NotContain("ci-small", "the experiment file is where it belongs");
    }

    [Theory]
    [InlineData(
        "SPEC --count 2000",
        "command line: '--count' has no place here (a field of the spec is changed by --set"
    )]
    [InlineData("SPEC other.yaml", "command line: 'other.yaml' has no place here (one spec at a time")]
    [InlineData("SPEC --jobs two", "--jobs: 'two' is no whole number.")]
    [InlineData("make-model llava-1.5-7b-hf -o /nowhere --layers 1.5", "--layers: '1.5' is no whole number.")]
    [InlineData("--set seed=3 SPEC plan", "plan: 'experiments/ci-small.yaml' stands in front of the command; ")]
    public void What_is_wrong_with_the_command_line_is_told_with_what_would_be_right(string words, string says)
    {
        string[] typed = [.. words.Split(' ').Select(w => w == "SPEC" ? "experiments/ci-small.yaml" : w)];
        string[] lines = [.. Help.Lines(CommandLine.Build().Parse(typed))];
        lines[0].Should().StartWith(says);
        lines.Should().HaveCount(2, "and where more is to be read").And.NotContain("System.");
    }

    [Theory]
    [InlineData("--executor", "slurm", "--devices is of no use together with --executor slurm")]
    [InlineData("--worker", "--keep-going", "--devices is of no use together with --worker")]
    [InlineData("--time-limit", "99999999-0", "'99999999-0' is no time")]
    public void Options_that_cannot_be_meant_are_refused(string option, string next, string why)
    {
        var (code, _, errors) = HostProcess.Run(
            "run",
            "experiments/ci-small.yaml",
            "--devices",
            "cpu,cpu",
            option,
            next
        );
        code.Should().Be(2);
        errors.Replace("--devices: is", "--devices is", StringComparison.Ordinal).Should().Contain(why);
    }

    [Fact]
    public void Help_leaves_the_command_line_as_it_was()
    {
        RootCommand root = CommandLine.Build();
        Invoke(root, "gc", "--help");
        root.Parse(["experiments/quickstart.yaml"]).Errors.Should().BeEmpty();
        Invoke(root, "--help").Should().Contain("<SPEC>");
    }

    [Theory]
    [InlineData("--jobs", "0")]
    [InlineData("--threads", "-3")]
    [InlineData("-j", "0")]
    public void An_option_that_is_wrong_is_told_once(string option, string value)
    {
        foreach (string command in (string[])["run", "plan", "check"])
        {
            string[] lines = [.. Help.Lines(CommandLine.Build().Parse([command, "x.yaml", option, value]))];
            lines.Where(l => l.Contains("must be at least 1", StringComparison.Ordinal)).Should().ContainSingle();
        }
    }

    [Fact]
    public void Explain_takes_the_spec_behind_the_stage_or_as_an_option()
    {
        RootCommand root = CommandLine.Build();
        root.Parse(["explain", "forward", "experiments/quickstart.yaml"]).Errors.Should().BeEmpty();
        root.Parse(["explain", "forward", "--spec", "experiments/quickstart.yaml"]).Errors.Should().BeEmpty();
    }

    [Theory]
    [InlineData("explain forward", "no experiment file is named")]
    [InlineData("explain forward a.yaml --spec b.yaml", "two experiment files are named, a.yaml and b.yaml")]
    public void Explain_wants_one_spec(string line, string error) =>
        FluentActions
            .Invoking(() => Invoke(CommandLine.Build(), line.Split(' ')))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*{error}*");

    [Theory]
    [InlineData("help")]
    [InlineData("hepl")]
    public void A_word_that_asks_for_help_is_met_with_the_option(string word) =>
        Help.UnknownVerb(word, ["run", "plan"]).Should().Contain("did you mean --help?").And.EndWith("run, plan.");

    [Theory]
    [InlineData("plann x.yaml")]
    [InlineData("plann")]
    [InlineData("--keep-going plann x.yaml")]
    [InlineData("plann x.yaml --set a=b")]
    [InlineData("--artifacts plan plann x.yaml")]
    public void A_misspelled_command_is_met_with_the_one_that_was_meant(string line)
    {
        var (code, output, errors) = WholeRuns.HostProcess.Run(line.Split(' '));
        code.Should().Be(2);
        output.Should().BeEmpty();
        errors.Should().Contain("'plann' is neither a command nor an experiment file (did you mean plan?)");
    }

    [Fact]
    public void A_command_is_given_again_as_it_was_given()
    {
        RunOptions? read = null;
        var options = new SharedOptions();
        var run = new Command("run") { options.RequiredSpec };
        options.AddTo(run);
        run.SetAction(parsed => read = options.Read(parsed));
        var root = new RootCommand { run };
        root.Parse(["run", "my spec.yaml", "--jobs=2", "--set", "prompt=What's it?"]).Invoke();
        read!.Again.Should().Be($"{Help.Program} run 'my spec.yaml' --jobs 2 --set 'prompt=What'\\''s it?'");
    }

    private static string Shown(string command, params string[] options) =>
        Invoke(CommandLine.Build(), command.Length == 0 ? options : [command, .. options]);

    private static string Invoke(RootCommand root, params string[] words)
    {
        using var output = new StringWriter();
        ParseResult parsed = root.Parse(words);
        parsed.Errors.Should().BeEmpty();
        parsed.Invoke(new() { EnableDefaultExceptionHandler = false, Output = output }).Should().Be(0);
        return output.ToString();
    }
}
