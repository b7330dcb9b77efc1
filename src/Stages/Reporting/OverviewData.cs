using Pipelines.Domain;

namespace Pipelines.Stages.Reporting;

/// <summary>Several experiments side by side: those of a matrix, or those that a spec lists.</summary>
/// <param name="Name">Name of the spec.</param>
/// <param name="Command">The command that gives all of them again.</param>
/// <param name="Experiments">In the order of the plan.</param>
public sealed record OverviewData(string Name, string Command, IReadOnlyList<OverviewExperiment> Experiments)
{
    /// <summary>Experiments of the spec that did not come to their end, and are not shown.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>
    /// Each experiment once, by family and size: a study that two specs of a list share has one report, and counts
    /// once.
    /// </summary>
    internal IReadOnlyList<OverviewExperiment> BySize =>
        [
            .. Experiments
                .DistinctBy(e => e.Address, StringComparer.Ordinal)
                .OrderBy(e => e.Family, StringComparer.Ordinal)
                .ThenBy(e => e.Heads)
                .ThenBy(e => e.Name, StringComparer.Ordinal),
        ];

    /// <summary>A threshold in words, in the name of what it decides: one number, or that experiments differ.</summary>
    internal string Threshold(string name, string sign, Func<OverviewExperiment, double> of)
    {
        double[] values = [.. Experiments.Select(of).Distinct().Order()];
        return values.Length == 1
            ? $"{name} {sign} {Format.Tick(values[0])}"
            : $"{name} {sign} {string.Join(" or ", values.Select(Format.Tick))}, as each experiment says";
    }

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

    /// <inheritdoc cref="ReportData.IsAsThePaper"/>
    public bool IsAsThePaper { get; init; } = true;

    /// <summary>Family of the checkpoint.</summary>
    public string Family { get; init; } = "";

    /// <summary>Heads needed: the smallest k with faithfulness above this.</summary>
    public double FaithfulnessThreshold { get; init; } = PaperThresholds.Faithfulness;

    /// <summary>Heads needed: the smallest k with completeness below this.</summary>
    public double CompletenessThreshold { get; init; } = PaperThresholds.Completeness;

    /// <summary>A text token is important where its delta passes this.</summary>
    public double ImportantThreshold { get; init; } = PaperThresholds.Important;

    /// <summary>What small multiples over experiments show of it.</summary>
    internal OverviewParts Parts { get; init; } = OverviewParts.None;

    /// <summary>Name of a small multiple: the model, and the experiment where it is called otherwise.</summary>
    internal string Title =>
        Name.Contains(Model, StringComparison.Ordinal) ? $"{Model}, N = {Format.Count(Heads)}"
        : Name.Length == 0 ? Model
        : $"{Name} ({Model})";

    /// <summary>A number, or null where the report does not state it.</summary>
    public KeyNumber? Number(string quantity, string criterion = "") =>
        Numbers
            .Where(n => n.Quantity == quantity && n.Criterion == criterion)
            .Select(n => (KeyNumber?)n)
            .FirstOrDefault();
}
