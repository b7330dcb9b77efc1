using System.CommandLine;
using System.Text;
using Pipelines.Stages;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Errors;

namespace Pipelines.Host.Commands;

/// <summary><c>diff</c>: two runs side by side, from what they left in their folders. Neither the cache nor the model is touched.</summary>
internal static class DiffCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Build(Option<string> artifacts)
    {
        var a = new Argument<string>("A") { Description = "A run: its name under artifacts/runs, or its folder." };
        var b = new Argument<string>("B") { Description = "The run to compare it with; differences are B - A." };
        var stage = new Option<string[]>("--stage") { Description = "Compare only this regress, validate or token-trace stage: NAME, or NAME=NAME where it has another name in B. May be repeated.", HelpName = "NAME", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--out") { Description = "Where the page goes (default: diffs/A--B/diff.html in the artifacts folder).", HelpName = "FILE" };
        var command = new Command("diff", "Compare two runs: settings, Table 2, curves, heads, beta.") { a, b, stage, output, artifacts };
        command.SetAction(parsed => Execute(parsed.GetRequiredValue(a), parsed.GetRequiredValue(b), parsed.GetValue(stage) ?? [], parsed.GetValue(output), parsed.GetValue(artifacts)!));
        return command;
    }

    /// <summary>Compares two runs, prints what differs and writes the page.</summary>
    /// <returns>Exit code.</returns>
    public static int Execute(string a, string b, IReadOnlyList<string> stages, string? output, string artifacts)
    {
        if (output is not null && Directory.Exists(output)) throw new InputException($"--out {output}", "is a folder.", "Name the file, for example " + Path.Combine(output, ComparisonPage.PageName) + ".");
        var folders = new RunFolders(artifacts);
        FinishedRun one = folders.Open(a), other = folders.Open(b);
        RunComparison runs = CompareRuns.Of(one, other, stages);
        string page = Path.GetFullPath(output ?? Path.Combine(artifacts, "diffs", $"{folders.FileNameOf(one)}--{folders.FileNameOf(other)}", ComparisonPage.PageName));
        Write(page, ComparisonPage.Html(runs));
        DiffText.Print(runs);
        Console.WriteLine($"page  {page}");
        return Program.Done;
    }

    private static void Write(string path, string html)
    {
        string temporary = $"{path}.{Environment.ProcessId}.part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(temporary, html, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(path, $"cannot be written ({e.Message.TrimEnd('.')}).", "--out FILE names another place.", e);
        }
    }
}
