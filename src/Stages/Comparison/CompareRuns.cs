using Pipelines.Domain.Errors;
using Pipelines.Spec.Reading;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Comparison;

namespace Pipelines.Stages;

/// <summary>Pairs the stages of two runs and compares what they gave.</summary>
public static class CompareRuns
{
    /// <summary>Compares two runs.</summary>
    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="only">Stages compared, as <c>NAME</c> or, where it has two names, <c>NAME=NAME</c>; empty: those of
    /// the same name, and the one of a kind whatever its name.</param>
    /// <exception cref="InputException">A stage or a table is missing or damaged.</exception>
    public static RunComparison Of(FinishedRun a, FinishedRun b, IReadOnlyList<string> only)
    {
        var bootstrap = new Bootstrap();
        var named = only.Select(o => Named(a, b, o)).ToList();
        var unpaired = new List<string>();
        IEnumerable<(string A, string B)> Pairs(string kind, Func<FinishedRun, IReadOnlyList<string>> stages) =>
            only.Count > 0 ? named.Where(p => stages(a).Contains(p.A)) : Paired(kind, stages(a), stages(b), unpaired);
        FitComparison[] fits =
        [
            .. Pairs("regress", r => r.FitStages).Select(p => FitComparison.Of(a.Fit(p.A), b.Fit(p.B), bootstrap)),
        ];
        ScanComparison[] scans =
        [
            .. Pairs("validate", r => r.ScanStages).Select(p => ScanComparison.Of(a.Scan(p.A), b.Scan(p.B), bootstrap)),
        ];
        TraceComparison[] traces =
        [
            .. Pairs("token-trace", r => r.TraceStages)
                .Select(p => TraceComparison.Of(a.Trace(p.A), b.Trace(p.B), bootstrap)),
        ];
        var overlap =
            a.ForwardStages.Count > 0 && b.ForwardStages.Count > 0
                ? SampleOverlap.Of(
                    a.ForwardStages.SelectMany(a.Samples).DistinctBy(s => s.SampleId),
                    b.ForwardStages.SelectMany(b.Samples).DistinctBy(s => s.SampleId)
                )
                : null;
        return new RunComparison(
            a.Card,
            b.Card,
            SettingDifferences.Of(a.Card, b.Card),
            fits,
            scans,
            traces,
            overlap,
            only.Count > 0 ? [] : [.. TablesOf(a, b), .. TablesInPartsOf(a, b, unpaired)],
            unpaired
        );
    }

    /// <summary>Compares each of several runs with the first.</summary>
    /// <param name="runs">Two or more.</param>
    /// <param name="only">As for two.</param>
    /// <exception cref="InputException">A stage or a table is missing or damaged.</exception>
    public static ManyRuns Each(IReadOnlyList<FinishedRun> runs, IReadOnlyList<string> only)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return ManyRuns.Of([.. runs.Skip(1).Select(other => Of(runs[0], other, only))]);
    }

    private static TableDifference[] TablesOf(FinishedRun a, FinishedRun b) =>
        [
            .. a
                .TableNames.Intersect(b.TableNames, StringComparer.Ordinal)
                .Select(name =>
                    TableDifference.Of(
                        name,
                        Storage.Tables.Published[Path.GetFileName(name)],
                        a.TableFile(name),
                        b.TableFile(name)
                    )
                ),
        ];

    private static List<TableDifference> TablesInPartsOf(FinishedRun a, FinishedRun b, List<string> unpaired)
    {
        var others = b.TablesInParts;
        var found = new List<TableDifference>();
        foreach (var (name, parts) in a.TablesInParts.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            if (!others.TryGetValue(name, out var other))
            {
                continue;
            }

            if (parts is null || other is null)
            {
                string run = parts is null ? "A" : "B";
                unpaired.Add(
                    $"The parts of the table {name} of {run} lie in a store that is not there: they are not compared."
                );
                continue;
            }

            found.Add(TableDifference.Of(name, Storage.Tables.PublishedInParts[Path.GetFileName(name)], parts, other));
        }

        return found;
    }

    private static IReadOnlyList<(string A, string B)> Paired(
        string kind,
        IReadOnlyList<string> a,
        IReadOnlyList<string> b,
        List<string> unpaired
    )
    {
        string[] both = [.. a.Intersect(b)];
        if (both.Length > 0)
        {
            return [.. both.Select(n => (n, n))];
        }

        if (a.Count == 1 && b.Count == 1)
        {
            return [(a[0], b[0])];
        }

        if (a.Count > 0 && b.Count > 0)
        {
            unpaired.Add(
                $"No {kind} stage has the same name in both runs: A has {string.Join(", ", a)}; B has "
                    + $"{string.Join(", ", b)}. --stage NAME=NAME pairs two of them."
            );
        }

        return [];
    }

    private static (string A, string B) Named(FinishedRun a, FinishedRun b, string only)
    {
        string[] names = only.Split('=', 2);
        (string inA, string inB) = (names[0], names[^1]);
        string kindA = KindOf(a, inA, only),
            kindB = KindOf(b, inB, only);
        return kindA == kindB
            ? (inA, inB)
            : throw new InputException(
                $"--stage {only}",
                $"'{inA}' is a {kindA} stage and '{inB}' a {kindB} stage.",
                "Two stages of the same kind can be compared."
            );
    }

    private static string KindOf(FinishedRun run, string stage, string only)
    {
        string[] comparable = [.. run.FitStages, .. run.ScanStages, .. run.TraceStages];
        if (comparable.Contains(stage))
        {
            return run.Card.Stages.First(s => s.Name == stage).Kind;
        }

        string has =
            comparable.Length > 0
                ? $"Those to compare are {string.Join(", ", comparable)}."
                : "It has no stage that can be compared (regress, validate, token-trace).";
        if (run.Card.Stages.FirstOrDefault(s => s.Name == stage) is { } other)
        {
            throw new InputException(
                $"--stage {only}",
                $"'{stage}' of {run.Card.Name} is a {other.Kind} stage, which has nothing to compare.",
                has
            );
        }

        string near = Nearest.To(stage, comparable) is { } name ? $"Did you mean {name}? " : "";
        throw new InputException($"--stage {only}", $"{run.Card.Name} has no stage '{stage}'.", near + has);
    }
}
