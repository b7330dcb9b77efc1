using System.CommandLine;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Stages;
using Pipelines.Stages.Comparison;

namespace Pipelines.Host.Commands;

/// <summary>
/// <c>diff</c>: two or more runs side by side, from what they left in their folders. Neither the cache nor the model is
/// touched.
/// </summary>
internal static class DiffCommand
{
    /// <summary>The command with its options.</summary>
    public static Command Build(Option<string> artifacts)
    {
        var a = new Argument<string>("A") { Description = "A run: its name under artifacts/runs, or its folder." };
        var b = new Argument<string[]>("B")
        {
            Description =
                "The run to compare it with; differences are B - A. Several: a row a run, each less A, and how alike "
                + "all are.",
            Arity = ArgumentArity.OneOrMore,
        };
        var stage = new Option<string[]>("--stage")
        {
            Description =
                "Compare only this regress, validate or token-trace stage: NAME, or NAME=NAME where it has another "
                + "name in B. May be repeated.",
            HelpName = "NAME",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string?>("--out")
        {
            Description =
                "Write the comparison as a page, too, into this file: figures and sample by sample. Without it "
                + "nothing is written.",
            HelpName = "FILE",
        };
        var command = new Command("diff", "Compare runs: settings, fits, heads, curves, beta.")
        {
            a,
            b,
            stage,
            output,
            artifacts,
        };
        command.SetAction(parsed =>
            Execute(
                parsed.GetRequiredValue(a),
                parsed.GetRequiredValue(b),
                parsed.GetValue(stage) ?? [],
                parsed.GetValue(output),
                parsed.GetValue(artifacts)!
            )
        );
        return command;
    }

    /// <summary>Compares runs, prints what differs and, where it is asked for, writes the page.</summary>
    /// <param name="a">The first run.</param>
    /// <param name="others">Those to compare it with.</param>
    /// <param name="stages">Stages compared; empty: those of the same name, and the one of a kind.</param>
    /// <param name="output">Where the page goes; null = nowhere.</param>
    /// <param name="artifacts">Folder of the runs.</param>
    /// <returns>Exit code.</returns>
    public static int Execute(
        string a,
        IReadOnlyList<string> others,
        IReadOnlyList<string> stages,
        string? output,
        string artifacts
    )
    {
        if (output is not null && Directory.Exists(output))
        {
            throw new InputException(
                $"--out {output}",
                "is a folder.",
                "Name the file, for example " + Path.Combine(output, ComparisonPage.PageName) + "."
            );
        }

        if (others.Count >= ManyRuns.Most)
        {
            throw new InputException("diff", $"compares at most {ManyRuns.Most} runs.", "Name fewer of them.");
        }

        var folders = new RunFolders(artifacts);
        FinishedRun one = folders.Open(a);
        FinishedRun[] rest = [.. others.Select(folders.Open)];
        string? page = output is null ? null : Path.GetFullPath(output);
        if (rest.Length == 1)
        {
            RunComparison runs = CompareRuns.Of(one, rest[0], stages);
            Show(page, () => ComparisonPage.Html(runs), () => DiffText.Print(runs));
        }
        else
        {
            ManyRuns runs = CompareRuns.Each([one, .. rest], stages);
            Show(page, () => ManyRunsPage.Html(runs), () => DiffText.Print(runs));
        }

        foreach (RunCard run in new[] { one }.Concat(rest).Select(r => r.Card).Where(r => r.ClassesMeet is not null))
        {
            Console.WriteLine($"{Shown.Name(run.Name)}: {Shown.Name(run.ClassesMeet!)}");
        }

        Console.WriteLine(page is null ? "--out FILE writes a page with the figures." : $"page  {page}");
        return Program.Done;
    }

    private static void Show(string? page, Func<string> html, Action print)
    {
        if (page is not null)
        {
            Write(page, html());
        }

        print();
    }

    private static void Write(string path, string html)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, html);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                path,
                $"cannot be written ({e.Message.TrimEnd('.')}).",
                "--out FILE names another place.",
                e
            );
        }
    }
}
