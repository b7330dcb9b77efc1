namespace Pipelines.Stages.Comparison;

/// <summary>A setting that is not the same in both runs.</summary>
/// <param name="Path">Place in the spec.</param>
/// <param name="A">Its value in A; null = A has no such setting.</param>
/// <param name="B">Its value in B; null = B has no such setting.</param>
public sealed record SettingDifference(string Path, string? A, string? B);

/// <summary>What two specs do not have in common.</summary>
/// <param name="Settings">Settings that differ, in the order of A and then of B; those of stages that only one run has,
/// and inputs that such stages fill, are left out.</param>
/// <param name="Compared">Settings that were compared.</param>
/// <param name="OnlyA">Stages that only A has.</param>
/// <param name="OnlyB">Stages that only B has.</param>
public sealed record SettingDifferences(
    IReadOnlyList<SettingDifference> Settings,
    int Compared,
    IReadOnlyList<RunStage> OnlyA,
    IReadOnlyList<RunStage> OnlyB
)
{
    private const string Stages = "stages.",
        Inputs = ".inputs.",
        NoInput = "none",
        NoValue = "-";

    /// <summary>Compares path by path.</summary>
    public static SettingDifferences Of(RunCard a, RunCard b)
    {
        HashSet<string> both = [.. a.Stages.Select(s => s.Name).Intersect(b.Stages.Select(s => s.Name))];
        Dictionary<string, string> ofA = Values(a, both),
            ofB = Values(b, both);
        // Said by the stages that only one run has
        bool IsOfOneRun(string? input) => input is null or NoInput || !both.Contains(input);
        string[] paths =
        [
            .. a
                .Settings.Concat(b.Settings)
                .Select(s => s.Path)
                .Distinct()
                .Where(p => ofA.ContainsKey(p) || ofB.ContainsKey(p)),
        ];
        return new SettingDifferences(
            [
                .. paths
                    .Select(p => new SettingDifference(p, ofA.GetValueOrDefault(p), ofB.GetValueOrDefault(p)))
                    .Where(d =>
                        (d.A ?? NoValue) != (d.B ?? NoValue)
                        && !(d.Path.Contains(Inputs, StringComparison.Ordinal) && IsOfOneRun(d.A) && IsOfOneRun(d.B))
                    ),
            ],
            paths.Length,
            [.. a.Stages.Where(s => !both.Contains(s.Name))],
            [.. b.Stages.Where(s => !both.Contains(s.Name))]
        );
    }

    private static Dictionary<string, string> Values(RunCard run, HashSet<string> stages) =>
        run
            .Settings.Where(s => StageOf(s.Path) is not { } stage || stages.Contains(stage))
            .ToDictionary(s => s.Path, s => s.Value, StringComparer.Ordinal);

    /// <summary>The stage that a setting belongs to; null = none.</summary>
    private static string? StageOf(string path) =>
        path.StartsWith(Stages, StringComparison.Ordinal) ? path[Stages.Length..].Split('.')[0] : null;
}
