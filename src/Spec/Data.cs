namespace Pipelines.Spec;

/// <summary>Where pictures and their categories come from; chosen by <c>kind:</c>.</summary>
[ChosenBy("kind")]
public abstract record DataSpec;

/// <summary>
/// COCO: a folder of pictures and an <c>instances_*.json</c>; pictures with one single main object are asked about.
/// </summary>
[Named("coco")]
public sealed record CocoData : DataSpec
{
    /// <summary>Folder with the pictures.</summary>
    public required SpecPath Images { get; init; }

    /// <summary>Annotations in COCO's instances format.</summary>
    public required SpecPath Annotations { get; init; }

    /// <summary>Which pictures hold one single main object.</summary>
    public SingleObjectRule SingleObject { get; init; } = new();

    /// <summary>
    /// Share of the pictures that <c>annotations</c> lists which may be missing from <c>images</c>: subsets of COCO are
    /// usual. They are left out with the reason.
    /// </summary>
    [Between(0, 1)]
    public double Missing { get; init; } = 0.5;
}

/// <summary>
/// The paper names no thresholds for "one single object": these are ours. Exactly one non-crowd instance of at least
/// <see cref="MinArea"/>, every other instance below <see cref="OthersBelow"/>.
/// </summary>
public sealed record SingleObjectRule
{
    /// <summary>Smallest share of the picture's area that the main object covers.</summary>
    [Between(0, 1)]
    public double MinArea { get; init; } = 0.05;

    /// <summary>Every other instance (crowds included) covers less than this share of the picture's area.</summary>
    [Between(0, 1)]
    public double OthersBelow { get; init; } = 0.02;
}

/// <summary>DomainNet: <c>root/domain/class/file</c>; the class is the category.</summary>
[Named("domainnet")]
public sealed record DomainNetData : DataSpec
{
    /// <summary>Folder that holds the domains.</summary>
    public required SpecPath Root { get; init; }

    /// <summary>Domains (styles) to use.</summary>
    public IReadOnlyList<string> Domains { get; init; } = ["real", "sketch", "clipart"];
}

/// <summary>
/// Any folder of pictures. With <see cref="Labels"/> (CSV with the columns file and category) answers are judged;
/// without, none is, and every answer that holds a word is used.
/// </summary>
[Named("folder")]
public sealed record FolderData : DataSpec
{
    /// <summary>Folder with the pictures (not searched in depth).</summary>
    public required SpecPath Images { get; init; }

    /// <summary>Optional CSV with a header line and the columns <c>file</c> and <c>category</c>.</summary>
    public SpecPath? Labels { get; init; }

    /// <summary>
    /// Share of the pictures that <c>labels</c> lists which may be missing from <c>images</c>. They are left out with
    /// the reason.
    /// </summary>
    [Between(0, 1)]
    public double Missing { get; init; } = 0.5;
}

/// <summary>When an answer counts as right.</summary>
public sealed record AnswerRule
{
    /// <summary>Plural forms of the category are accepted ("dogs", "buses", "knives").</summary>
    public bool Plurals { get; init; } = true;

    /// <summary>
    /// Further accepted words by category, for example <c>{ airplane: [plane, aeroplane] }</c>; case does not matter.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Synonyms { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Longest answer generated, in tokens.</summary>
    [Between(1, 256)]
    public int MaxTokens { get; init; } = 8;
}
