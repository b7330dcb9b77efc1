using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>Where pictures and their categories come from; chosen by <c>kind:</c>.</summary>
[ChosenBy("kind")]
public abstract record DataSpec
{
    /// <summary>Pictures may have questions of their own.</summary>
    public virtual bool MayHaveQuestions => false;
}

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

    /// <summary>
    /// Optional CSV with a header line and the columns <c>file</c> and <c>category</c>; with a column <c>question</c>
    /// every line asks its own.
    /// </summary>
    public SpecPath? Labels { get; init; }

    /// <summary>
    /// Share of the pictures that <c>labels</c> lists which may be missing from <c>images</c>. They are left out with
    /// the reason.
    /// </summary>
    [Between(0, 1)]
    public double Missing { get; init; } = 0.5;

    /// <inheritdoc/>
    public override bool MayHaveQuestions => Labels is not null;
}

/// <summary>
/// A question and an answer a picture, from files of the field: POPE, VQAv2, GQA and their like, or any table. A row is
/// a sample; pictures are read once for all their rows.
/// </summary>
[Named("questions")]
public sealed record QuestionsData : DataSpec, IRuled
{
    /// <summary>
    /// The file of questions, a list of files, or a pattern (<c>test-*.parquet</c>): csv, tsv, json, jsonl or parquet.
    /// </summary>
    [OneOrMore]
    public required IReadOnlyList<SpecPath> File { get; init; }

    /// <summary>
    /// Folder that the pictures' names are relative to. Left out: the folder of the file that names them, where they do
    /// not lie in the file itself.
    /// </summary>
    public SpecPath? Images { get; init; }

    /// <summary>How the files are laid out; <c>auto</c> goes by what they hold, and says so.</summary>
    public QuestionFormat Format { get; init; }

    /// <summary>With <c>format: columns</c>: which column is what.</summary>
    public QuestionColumnsSpec Columns { get; init; } = new();

    /// <summary>
    /// Text put behind every question, for example <c>"\nAnswer the question using a single word or phrase."</c>
    /// Nothing else is added to what the file says.
    /// </summary>
    public string Suffix { get; init; } = "";

    /// <summary>
    /// VQAv2: the file of annotations. Left out: the one beside the questions whose name goes with theirs.
    /// </summary>
    public SpecPath? Annotations { get; init; }

    /// <summary>VQAv2: the list of complementary pairs, which gives counter-answers and counter-pictures.</summary>
    public SpecPath? Pairs { get; init; }

    /// <summary>
    /// Whether an answer that is a number where options have letters counts them from 0 or from 1: never guessed.
    /// </summary>
    public LetterBase? Letters { get; init; }

    /// <summary>
    /// Share of the pictures that the files name which may be missing. Their rows are left out with the reason.
    /// </summary>
    [Between(0, 1)]
    public double Missing { get; init; } = 0.5;

    /// <inheritdoc/>
    public override bool MayHaveQuestions => true;

    /// <inheritdoc/>
    IEnumerable<BrokenRule> IRuled.Broken
    {
        get
        {
            if (Format == QuestionFormat.Columns && Columns.Question is null)
            {
                yield return new BrokenRule(["format"], "format: columns wants columns.question");
            }

            if (Format is not (QuestionFormat.Columns or QuestionFormat.Auto) && Columns != new QuestionColumnsSpec())
            {
                yield return new BrokenRule(["columns"], "columns are named with format: columns (or auto) only");
            }
        }
    }
}

/// <summary>Names of the columns of a file of questions; those that are left out are not there.</summary>
public sealed record QuestionColumnsSpec
{
    /// <summary>The data's own id of a row; it need not be unique over several files.</summary>
    public string? Id { get; init; }

    /// <summary>The picture: its name, or its bytes.</summary>
    public string? Image { get; init; }

    /// <summary>The question.</summary>
    public string? Question { get; init; }

    /// <summary>The right answer.</summary>
    public string? Answer { get; init; }

    /// <summary>A list of accepted answers, or of what annotators said.</summary>
    public string? Answers { get; init; }

    /// <summary>The answer that the right one is held against.</summary>
    public string? CounterAnswer { get; init; }

    /// <summary>The pair's other picture.</summary>
    public string? CounterImage { get; init; }

    /// <summary>A list of options, which get the letters A, B, C, ...</summary>
    public string? Options { get; init; }

    /// <summary>What the row belongs to; a cell may name several, with commas.</summary>
    public string? Group { get; init; }
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

    /// <summary>
    /// Longest answer generated, in tokens. Left out: 8; where pictures have questions of their own, 32.
    /// </summary>
    [Between(1, 1024)]
    public int? MaxTokens { get; init; }

    /// <summary>The longest answer, settled.</summary>
    /// <param name="hasOwnQuestions">Pictures have questions of their own.</param>
    public int MostTokens(bool hasOwnQuestions) => MaxTokens ?? (hasOwnQuestions ? 32 : 8);
}
