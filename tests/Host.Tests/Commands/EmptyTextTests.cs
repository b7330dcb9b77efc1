using System.CommandLine;
using FluentAssertions;
using Pipelines.Host.Commands;
using Pipelines.Host.Tests.WholeRuns;
using Xunit;

namespace Pipelines.Host.Tests.Commands;

/// <summary>An empty text on the command line is refused by the name of what it was given for.</summary>
public sealed class EmptyTextTests
{
    private static readonly string[] Paths = ["--artifacts", "--expected", "--against", "--spec", "--out", "SPEC"];

    /// <summary>Command, and an option or argument of it that takes a text; new ones come by themselves.</summary>
    public static TheoryData<string, string> Texts()
    {
        var texts = new TheoryData<string, string>();
        foreach (Command command in Commands())
        {
            foreach (
                string name in command
                    .Options.Where(o => IsText(o.ValueType))
                    .Select(o => o.Name)
                    .Concat(command.Arguments.Where(a => IsText(a.ValueType)).Select(a => a.Name))
            )
            {
                texts.Add(command is RootCommand ? "" : command.Name, name);
            }
        }

        return texts;
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void An_empty_text_is_refused_by_name(string command, string name)
    {
        foreach (string empty in (string[])["", "  "])
        {
            Errors(command, name, empty).Should().ContainSingle(e => e == $"{name} is empty.");
        }

        Errors(command, name, Some(command)).Should().BeEmpty();
    }

    /// <summary>A text that the command takes: one of some shells, or any.</summary>
    private static string Some(string command) => command == "completion" ? "bash" : "x";

    [Fact]
    public void Every_path_is_among_them() =>
        Texts().Select(t => (string)t[1]).Should().Contain(Paths).And.HaveCountGreaterThan(20);

    [Theory]
    [InlineData("plan", "nothing.yaml", "--artifacts", "")]
    [InlineData("diff", "a", "b", "--out", "")]
    [InlineData("explain", "masks", "--spec", "")]
    [InlineData("make-model", "llava-1.5-7b", "--out", "")]
    public void The_program_ends_with_2_and_without_a_stack_trace(params string[] arguments)
    {
        var (code, output, errors) = HostProcess.Run(arguments);

        code.Should().Be(2, output + errors);
        errors.Should().Contain($"{arguments[^2]} is empty.").And.NotContain("   at ");
    }

    private static IReadOnlyList<string> Errors(string command, string name, string text)
    {
        Command meant = Commands().Single(c => (c is RootCommand ? "" : c.Name) == command);
        IEnumerable<string> arguments = meant.Arguments.Select(a => a.Name == name ? text : "x");
        IEnumerable<string> options = meant
            .Options.Where(o => o.Name == name || o.Required)
            .SelectMany(o => new[] { o.Name, o.Name == name ? text : "x" });
        string[] line = [.. command.Length == 0 ? [] : new[] { command }, .. arguments, .. options];
        return [.. CommandLine.Build().Parse(line).Errors.Select(e => e.Message)];
    }

    private static IEnumerable<Command> Commands()
    {
        RootCommand root = CommandLine.Build();
        return root.Subcommands.Prepend(root);
    }

    private static bool IsText(Type type) => type == typeof(string) || type == typeof(string[]);
}
