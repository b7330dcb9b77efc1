namespace Pipelines.Stages.Reporting;

/// <summary>Several experiments side by side: those of a matrix, or those that a spec lists.</summary>
/// <param name="Name">Name of the spec.</param>
/// <param name="Command">The command that gives all of them again.</param>
/// <param name="Experiments">In the order of the plan.</param>
public sealed record OverviewData(string Name, string Command, IReadOnlyList<OverviewExperiment> Experiments)
{
    /// <summary>
    /// Experiments that say something, one a model: a study of one model in many settings counts once, by the
    /// experiment of most samples, the first of several.
    /// </summary>
    /// <param name="says">It says what is asked.</param>
    public IEnumerable<OverviewExperiment> OncePerModel(Func<OverviewExperiment, bool> says) =>
        Experiments.Where(says).GroupBy(e => (e.Model, e.Heads)).Select(model => model.MaxBy(e => e.Samples)!);
}

/// <summary>An experiment in the overview.</summary>
/// <param name="Name">Its name; of a member of a matrix its axes alone.</param>
/// <param name="Address">Of its report, relative to the overview.</param>
/// <param name="Model">Name of the checkpoint's folder.</param>
/// <param name="Heads">N.</param>
/// <param name="Samples">Samples kept.</param>
/// <param name="Numbers">What its report states.</param>
public sealed record OverviewExperiment(
    string Name,
    string Address,
    string Model,
    int Heads,
    int Samples,
    IReadOnlyList<KeyNumber> Numbers
)
{
    /// <summary>What f is, as sentences name it.</summary>
    public string Measured { get; init; } = ReportData.AnswersLogit;

    /// <summary>A number, or null where the report does not state it.</summary>
    public KeyNumber? Number(string quantity, string criterion = "") =>
        Numbers
            .Where(n => n.Quantity == quantity && n.Criterion == criterion)
            .Select(n => (KeyNumber?)n)
            .FirstOrDefault();
}
