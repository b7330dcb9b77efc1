using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>
/// An order of heads that <c>validate</c> scans: a criterion by its word, or heads from elsewhere: are the heads of one
/// question enough for another?
/// </summary>
[ChosenByKey]
public abstract record RankingSpec
{
    /// <summary>The order's name in tables and figures.</summary>
    public abstract string Name { get; }

    /// <summary>The order that a criterion gives.</summary>
    public static implicit operator RankingSpec(Criterion criterion) => new CriterionRanking { Criterion = criterion };
}

/// <summary>Heads ranked by a criterion, for each sample by its own passes.</summary>
[ByValue]
public sealed record CriterionRanking : RankingSpec
{
    /// <summary>The criterion.</summary>
    public Criterion Criterion { get; init; }

    /// <inheritdoc/>
    public override string Name => Spelling.Of(Criterion);
}

/// <summary>
/// Heads ranked by the mean beta over the samples of another run: one order for all samples. The model must have as
/// many layers and heads.
/// </summary>
[Named("run")]
public sealed record RunRanking : RankingSpec
{
    /// <summary>The run: its name under the artifacts folder, or its folder. It must be finished.</summary>
    public required string Run { get; init; }

    /// <summary>Its regress stage; left out, the only one.</summary>
    public string? Stage { get; init; }

    /// <inheritdoc/>
    public override string Name => Stage is null ? $"run:{Run}" : $"run:{Run}/{Stage}";
}

/// <summary>
/// Heads ranked by a file: JSON lines such as <c>{ "layer": 17, "head": 5, "score": 0.31 }</c>, both counted from 0.
/// With scores in every line they decide, without the order of the lines does. Heads that the file does not name come
/// after those it names, by layer and head.
/// </summary>
[Named("file")]
public sealed record FileRanking : RankingSpec
{
    /// <summary>The file.</summary>
    public required SpecPath File { get; init; }

    /// <inheritdoc/>
    // The reader asks before it has said that the file is missing
    public override string Name => $"file:{Path.GetFileName(File?.Full)}";
}
