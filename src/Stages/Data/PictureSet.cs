using System.Globalization;
using Pipelines.Domain.Errors;

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

    /// <summary>File or folder that the set was read from.</summary>
    public string Source { get; }

    /// <summary>All pictures, by file name: what baseline pictures are drawn from.</summary>
    public IReadOnlyList<DataItem> Pictures { get; }

    /// <summary>The pictures that may be asked about, by file name.</summary>
    public IReadOnlyList<DataItem> Candidates { get; }

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

        return SeedOrder.Of(Candidates, seed, AskedPurpose);
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

    private static string Counted(int pictures) => pictures == 1 ? "1 picture" : $"{Whole(pictures)} pictures";

    private static string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);
}
