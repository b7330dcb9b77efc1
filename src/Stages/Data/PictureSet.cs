using System.Globalization;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data.Questions;

namespace Pipelines.Stages.Data;

/// <summary>All pictures of an experiment, and which of them may be asked about.</summary>
public sealed class PictureSet
{
    private const string AskedPurpose = "questions";
    private const string BaselinePurpose = "baseline";

    /// <summary>A set of pictures; order does not matter.</summary>
    /// <param name="source">File or folder that the set was read from, for messages.</param>
    /// <param name="pictures">All pictures; sample ids are unique.</param>
    /// <param name="categories">All categories there may be; null = those of the pictures.</param>
    public PictureSet(string source, IReadOnlyList<DataItem> pictures, IEnumerable<string>? categories = null)
    {
        Source = source;
        Categories =
        [
            .. (categories ?? pictures.Select(p => p.Category).OfType<string>())
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
        Pictures = [.. pictures.OrderBy(p => p.File, StringComparer.Ordinal)];
        Candidates = [.. Pictures.Where(p => p.LeftOut is null)];
    }

    /// <summary>The pictures of files of questions; what may be asked about are the rows.</summary>
    /// <param name="read">The questions.</param>
    /// <param name="source">The first file, for messages.</param>
    /// <param name="missing">Share of the pictures that may be missing.</param>
    /// <exception cref="InputException">More are missing, or all are.</exception>
    internal static PictureSet Of(QuestionSet read, string source, double missing)
    {
        DataItem[] pictures =
        [
            .. read.Rows.DistinctBy(r => r.Location).Select(r => r with { SampleId = r.File, Question = null }),
        ];
        int gone = pictures.Count(p => p.Gone is not null);
        if (gone > missing * pictures.Length || (gone > 0 && gone == pictures.Length))
        {
            throw new InputException(
                source,
                Invariant.Text(
                    $"names {pictures.Length} pictures, of which {gone} are missing (data.missing allows "
                        + $"{100 * missing:0.#} %); the first is {pictures.First(p => p.Gone is not null).FullPath}."
                ),
                "Get the pictures that belong to it, name their folder in data.images, or raise data.missing."
            );
        }

        return new PictureSet(source, pictures, read.Rows.Select(r => r.Category).OfType<string>())
        {
            Questions = read,
            Candidates = read.Rows,
            UsualMatch = UsualMatchOf(read.Rows),
        };
    }

    /// <summary>File or folder that the set was read from.</summary>
    public string Source { get; }

    /// <summary>What was read of files of questions; null where all pictures are asked the same.</summary>
    internal QuestionSet? Questions { get; private init; }

    /// <summary>Pictures have questions of their own.</summary>
    public bool HasQuestions => Candidates.Count > 0 && Candidates[0].Question is not null;

    /// <summary>How answers are judged where a spec does not say.</summary>
    public AnswerMatch UsualMatch { get; private init; } = AnswerMatch.Category;

    /// <summary>The files of questions that were read.</summary>
    public IReadOnlyList<string> Sources => Questions is { } read ? [.. read.Files.Select(f => f.FullPath)] : [];

    /// <summary>All pictures, by file name: what baseline pictures are drawn from.</summary>
    public IReadOnlyList<DataItem> Pictures { get; }

    /// <summary>The pictures that may be asked about, by file name.</summary>
    public IReadOnlyList<DataItem> Candidates { get; private init; }

    /// <summary>All categories there may be, whether or not a picture shows one; ordinal order.</summary>
    public IReadOnlyList<string> Categories { get; }

    /// <summary>What lies beside the pictures and is none.</summary>
    public PassedOver PassedOver { get; init; } = PassedOver.Nothing;

    /// <summary>
    /// What a person ought to know about the set, a sentence each: listed pictures that are not there, files that are
    /// no pictures.
    /// </summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            int gone = Pictures.Count(p => p.Gone is not null);
            string missing = $"{Whole(gone)} of {Counted(Pictures.Count)} {(gone == 1 ? "is" : "are")} not on disk";
            return
            [
                .. gone > 0 ? [missing] : Array.Empty<string>(),
                .. PassedOver.InWords() is { } others ? [others] : Array.Empty<string>(),
                .. Questions is { } read ? [read.Why, .. read.Notes] : Array.Empty<string>(),
            ];
        }
    }

    /// <summary>How many pictures were left out for each reason, most frequent first.</summary>
    public IReadOnlyList<(string Reason, int Count)> LeftOut =>
        [
            .. Pictures
                .Where(p => p.LeftOut is not null)
                .GroupBy(p => p.LeftOut!)
                .Select(g => (Reason: g.Key, Count: g.Count()))
                .OrderByDescending(g => g.Count)
                .ThenBy(g => g.Reason, StringComparer.Ordinal),
        ];

    /// <summary>The pictures to ask about, in seed order (<see cref="SeedOrder"/>).</summary>
    /// <exception cref="InputException">No picture may be asked about; says why.</exception>
    public IReadOnlyList<DataItem> InQuestionOrder(int seed)
    {
        if (Candidates.Count == 0)
        {
            string why = string.Join(
                "; ",
                LeftOut.Select(l => $"{l.Count.ToString(CultureInfo.InvariantCulture)}: {l.Reason}")
            );
            throw new InputException(
                Source,
                $"none of {Counted(Pictures.Count)} can be asked about ({why}).",
                "Loosen the rule or use other pictures."
            );
        }

        if (!HasQuestions)
        {
            return SeedOrder.Of(Candidates, seed, AskedPurpose);
        }

        // Picture by picture: what the model computes of a picture serves all questions about it
        ILookup<string, DataItem> rows = Candidates.ToLookup(r => r.File, StringComparer.Ordinal);
        var pictures = rows.Select(g => g.First() with { SampleId = g.Key });
        return [.. SeedOrder.Of(pictures, seed, AskedPurpose).SelectMany(p => rows[p.File])];
    }

    /// <summary>
    /// All pictures in the order in which a baseline takes the first that can be used, so a larger one keeps the
    /// earlier pictures.
    /// </summary>
    /// <param name="count">Pictures that the baseline needs.</param>
    /// <param name="seed">The experiment's seed; the order is another than that of the questions.</param>
    /// <exception cref="InputException">The set holds fewer.</exception>
    public IReadOnlyList<DataItem> InBaselineOrder(int count, int seed)
    {
        if (count > Pictures.Count)
        {
            throw new InputException(
                Source,
                $"holds {Counted(Pictures.Count)}, fewer than the {count.ToString(CultureInfo.InvariantCulture)} "
                    + $"asked for as a baseline.",
                $"Set images: {Pictures.Count.ToString(CultureInfo.InvariantCulture)} in the collect-mean-kv stage, "
                    + $"or add pictures."
            );
        }

        return SeedOrder.Of(Pictures, seed, BaselinePurpose);
    }

    /// <summary>
    /// The pictures of a group of questions, in the order in which a baseline takes the first that can be used.
    /// </summary>
    public IReadOnlyList<DataItem> OfGroup(string group, int seed) =>
        SeedOrder.Of(
            Candidates
                .Where(r => r.Question is { } question && question.Groups.Contains(group))
                .DistinctBy(r => r.Location)
                .Select(r => r with { SampleId = r.File, Question = null }),
            seed,
            BaselinePurpose
        );

    private static AnswerMatch UsualMatchOf(IReadOnlyList<DataItem> rows) =>
        rows.Any(r => r.Question!.Options.Count > 0) ? AnswerMatch.Letter
        : rows.Any(r => r.Question!.Annotations.Count > 1) ? AnswerMatch.VqaOfficial
        : rows.All(r => r.Category is null or "yes" or "no") ? AnswerMatch.YesNo
        : AnswerMatch.Exact;

    private static string Counted(int pictures) => pictures == 1 ? "1 picture" : $"{Whole(pictures)} pictures";

    private static string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);
}
