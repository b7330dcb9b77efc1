using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Running;

namespace Pipelines.Host.Commands;

/// <summary><c>reproduce</c>: run, then compare with what is expected.</summary>
internal static class ReproduceCommand
{
    /// <summary>
    /// Runs a spec and compares the tables of each experiment with <c>expected/&lt;name&gt;</c>, or writes them there.
    /// </summary>
    public static int Execute(RunOptions options, string? expectedFolder, bool write)
    {
        using var session = Session.Open(options);
        (Pipeline Pipeline, string Expected)[] runs =
        [
            .. session.Pipelines.Select(p => (p, expectedFolder ?? FolderBeside(options.Spec, p.Experiment.Name))),
        ];
        if (!write)
        {
            Array.ForEach(runs, r => ExpectedTables.RequireAny(r.Expected)); // a run may take hours
        }

        int code = RunCommand.Execute(session);
        if (code != Program.Done)
        {
            return code;
        }

        foreach (var (pipeline, expected) in runs)
        {
            string tables = Path.Combine(session.RunFolderOf(pipeline), "tables");
            if (write)
            {
                ExpectedTables.Write(expected, tables);
                Console.WriteLine($"{expected} holds what this run gave.");
                continue;
            }

            foreach (TableComparison table in ExpectedTables.Compare(expected, tables))
            {
                Console.WriteLine(
                    $"{(table.Differences.Count == 0 ? "as expected" : "DIFFERENT  ")} {table.Table}: {table.Verdict}"
                );
                foreach (string difference in table.Differences.Take(10))
                {
                    Console.WriteLine($"  {Shown.Name(difference)}");
                }

                if (table.Differences.Count > 10)
                {
                    Console.WriteLine($"  … and {table.Differences.Count - 10} more");
                }

                if (table.Differences.Count > 0)
                {
                    code = Program.Failed;
                }
            }
        }

        return code;
    }

    private static string FolderBeside(string spec, string experiment) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(spec))!, "expected", experiment);
}
